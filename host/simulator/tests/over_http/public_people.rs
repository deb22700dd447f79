//! People below a post and on Instagram, answered by an agent who answers everything once.

use std::sync::Arc;
use std::time::Duration;

use linecard_simulator::graph::AfterSend;
use linecard_simulator::graph::{
    Commenters, FeedOptions, GraphOptions, GraphSimulator, InstagramPeople,
};
use linecard_simulator::people::{Ending, Network, People, PeopleOptions, Report};
use serde_json::{Value, json};

use crate::hub::Hub;

fn options() -> PeopleOptions {
    PeopleOptions {
        people: Some(12),
        arrivals_per_second: 200.0,
        thinking_ms: 1..=10,
        patience: Duration::from_secs(10),
        ..PeopleOptions::default()
    }
}

async fn start() -> anyhow::Result<(Hub, Arc<GraphSimulator>)> {
    let hub = Hub::start().await?;
    let simulator = GraphSimulator::start(GraphOptions {
        callback_url: Some(hub.url("/webhook")),
        feed: FeedOptions {
            own_events: false,
            ..FeedOptions::default()
        },
        after_send: AfterSend {
            echo: false,
            delivered: false,
            read: false,
            delay_ms: 0,
        },
        ..GraphOptions::default()
    })
    .await?;
    Ok((hub, Arc::new(simulator)))
}

/// Lets people come, and posts an answer for each event that `answer` makes one of.
async fn answered<N: Network>(
    network: N,
    hub: &Hub,
    base: &str,
    events: impl Fn(&Hub) -> Vec<Value>,
    answer: impl Fn(&Value, usize) -> (String, Value),
) -> Report {
    let people = People::start(Arc::new(network), options());
    let client = reqwest::Client::new();
    let mut done = 0;
    let answering = async {
        loop {
            for event in events(hub).into_iter().skip(done) {
                let (path, body) = answer(&event, done);
                let sent = client
                    .post(format!("{base}/v27.0/{path}"))
                    .bearer_auth("simulated-page-token")
                    .json(&body)
                    .send();
                assert_eq!(sent.await.expect("an answer").status(), 200, "{event}");
                done += 1;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::select! {
        report = people.finish() => report,
        () = answering => unreachable!("answering never ends"),
    }
}

fn check(report: &Report) {
    assert_eq!(report.people.len(), 12);
    assert_eq!(report.ended(Ending::GaveUp), 0);
    assert!(report.unacknowledged().is_empty());
    assert!(report.answers() >= 12);
    assert!(report.duplicates().is_empty(), "{:?}", report.duplicates());
}

#[tokio::test]
async fn people_comment_and_get_answers_below() -> anyhow::Result<()> {
    let (hub, page) = start().await?;
    let post = page.publish("Ask us anything", &[]).id;
    hub.until("the post", |hub| hub.changes().len() == 1).await;
    let base = page.base_url();
    let events = |hub: &Hub| hub.changes().split_off(1);
    let report = answered(
        Commenters::new(page, post),
        &hub,
        &base,
        events,
        |event, n| {
            let id = event["value"]["comment_id"].as_str().unwrap_or_default();
            (
                format!("{id}/comments"),
                json!({ "message": format!("Answer {n}") }),
            )
        },
    )
    .await;
    check(&report);
    let mut told: Vec<String> = events(&hub)
        .iter()
        .map(|event| {
            event["value"]["comment_id"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        })
        .collect();
    told.sort_unstable();
    let mut acknowledged = report.acknowledged();
    acknowledged.sort_unstable();
    assert_eq!(
        told, acknowledged,
        "the hub has exactly what was acknowledged"
    );
    Ok(())
}

#[tokio::test]
async fn people_write_on_instagram() -> anyhow::Result<()> {
    let (hub, page) = start().await?;
    let base = page.base_url();
    let people = InstagramPeople::new(page);
    let report = answered(people, &hub, &base, Hub::items, |event, _| {
        let body = json!({
            "recipient": { "id": event["sender"]["id"] },
            "message": { "text": "Of course." },
        });
        ("17841400000000001/messages".to_owned(), body)
    })
    .await;
    check(&report);
    Ok(())
}
