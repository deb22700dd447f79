//! People who write on WhatsApp, answered by an agent who answers every message once.

use std::sync::Arc;
use std::time::Duration;

use linecard_simulator::people::{Ending, People, PeopleOptions};
use linecard_simulator::whatsapp::{Identifiers, Statuses, WhatsAppOptions, WhatsAppSimulator};
use serde_json::{Value, json};

use crate::hub::Hub;
use crate::whatsapp::{TOKEN, answered};

async fn people_are_answered(identifiers: Identifiers) -> anyhow::Result<()> {
    let hub = Hub::start().await?;
    let network = WhatsAppSimulator::start(WhatsAppOptions {
        callback_url: Some(hub.url("/webhook")),
        identifiers,
        statuses: Statuses {
            delay_ms: 1,
            ..Statuses::default()
        },
        ..WhatsAppOptions::default()
    })
    .await?;
    let network = Arc::new(network);
    let options = PeopleOptions {
        people: Some(12),
        arrivals_per_second: 200.0,
        thinking_ms: 1..=10,
        patience: Duration::from_secs(10),
        ..PeopleOptions::default()
    };
    let people = People::start(Arc::clone(&network), options);
    let url = format!(
        "{}/v27.0/{}/messages",
        network.base_url(),
        network.options().phone_number_id
    );
    let client = reqwest::Client::new();
    let answering = async {
        let mut done = 0;
        loop {
            let messages: Vec<Value> = hub
                .changes()
                .iter()
                .filter_map(|change| change["value"]["messages"].get(0).cloned())
                .collect();
            for message in messages.iter().skip(done) {
                let mut body = json!({
                    "messaging_product": "whatsapp",
                    "text": { "body": format!("Answer {done}") },
                    "biz_opaque_callback_data": format!("answer-{done}"),
                });
                match message["from"].as_str() {
                    Some(phone) => body["to"] = json!(phone),
                    None => body["recipient"] = message["from_user_id"].clone(),
                }
                let call = client.post(&url).bearer_auth(TOKEN).json(&body);
                let (status, answer) = answered(call).await;
                assert_eq!(status, 200, "{answer}");
                done += 1;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let report = tokio::select! {
        report = people.finish() => report,
        () = answering => unreachable!("answering never ends"),
    };
    assert_eq!(report.people.len(), 12);
    assert_eq!(report.ended(Ending::GaveUp), 0);
    assert!(report.unacknowledged().is_empty());
    for person in &report.people {
        assert!(!person.answers.is_empty() && person.duplicates.is_empty());
    }
    Ok(())
}

#[tokio::test]
async fn people_with_numbers_are_answered() -> anyhow::Result<()> {
    people_are_answered(Identifiers::Both).await
}

#[tokio::test]
async fn people_without_numbers_are_answered() -> anyhow::Result<()> {
    people_are_answered(Identifiers::UserIds).await
}
