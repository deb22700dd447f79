//! People on a simulated page, answered by an agent who answers everything once.

use std::sync::Arc;
use std::time::Duration;

use linecard_simulator::graph::{AfterSend, GraphOptions, GraphSimulator};
use linecard_simulator::people::{Ending, People, PeopleOptions, Stage};
use serde_json::json;

use crate::hub::Hub;

#[tokio::test]
async fn people_write_get_answers_and_can_be_reconciled() -> anyhow::Result<()> {
    let hub = Hub::start().await?;
    let page = GraphSimulator::start(GraphOptions {
        callback_url: Some(hub.url("/webhook")),
        after_send: AfterSend {
            echo: false,
            delivered: false,
            read: false,
            delay_ms: 0,
        },
        ..GraphOptions::default()
    })
    .await?;
    let page = Arc::new(page);
    let people = People::start(
        Arc::clone(&page),
        PeopleOptions {
            people: Some(20),
            arrivals_per_second: 200.0,
            thinking_ms: 1..=10,
            patience: Duration::from_secs(10),
            ..PeopleOptions::default()
        },
    );
    let client = reqwest::Client::new();
    let url = format!("{}/v27.0/me/messages", page.base_url());
    let mut answered = 0;
    let answering = async {
        loop {
            for item in hub.items().into_iter().skip(answered) {
                let body = json!({
                    "recipient": { "id": item["sender"]["id"] },
                    "messaging_type": "RESPONSE",
                    "message": { "text": "Of course.", "metadata": format!("answer-{answered}") },
                });
                let sent = client
                    .post(&url)
                    .bearer_auth("simulated-page-token")
                    .json(&body);
                assert_eq!(sent.send().await.expect("the page answers").status(), 200);
                answered += 1;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let report = tokio::select! {
        report = people.finish() => report,
        () = answering => unreachable!("answering never ends"),
    };
    assert_eq!(report.people.len(), 20);
    assert_eq!(report.ended(Ending::GaveUp), 0);
    assert_eq!(
        report.ended(Ending::Thanked) + report.ended(Ending::Silent),
        20
    );
    assert!(report.unacknowledged().is_empty());
    let mut ids = report.acknowledged();
    let written = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), written, "every message has an id of its own");
    let mut came: Vec<String> = hub
        .items()
        .iter()
        .map(|item| {
            item["message"]["mid"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    came.sort_unstable();
    assert_eq!(ids, came, "the hub has exactly what was acknowledged");
    assert!(report.duplicates().is_empty());
    assert!(report.answers() >= 20);
    assert!(
        report
            .messages
            .iter()
            .any(|message| message.stage == Stage::Thanks)
    );
    Ok(())
}

#[tokio::test]
async fn people_give_up_and_duplicates_are_noticed() -> anyhow::Result<()> {
    let hub = Hub::start().await?;
    let page = Arc::new(
        GraphSimulator::start(GraphOptions {
            callback_url: Some(hub.url("/webhook")),
            ..GraphOptions::default()
        })
        .await?,
    );
    let options = PeopleOptions {
        people: None,
        arrivals_per_second: 100.0,
        patience: Duration::from_millis(300),
        ..PeopleOptions::default()
    };
    let people = People::start(Arc::clone(&page), options);
    hub.until("somebody came", |hub| !hub.items().is_empty())
        .await;
    people.close_doors();
    let psid = hub.items()[0]["sender"]["id"].clone();
    let client = reqwest::Client::new();
    for _ in 0..2 {
        let sent = client
            .post(format!("{}/v27.0/me/messages", page.base_url()))
            .bearer_auth("simulated-page-token")
            .json(&json!({ "recipient": { "id": psid }, "message": { "text": "A", "metadata": "x" } }))
            .send()
            .await?;
        assert_eq!(sent.status(), 200);
    }
    let report = people.finish().await;
    assert_eq!(
        report.duplicates(),
        [(psid.as_str().unwrap_or_default(), "x")]
    );
    assert!(report.people.len() >= report.ended(Ending::GaveUp));
    assert_eq!(report.ended(Ending::StillThere), 0);
    Ok(())
}
