//! How a hub ends, and what is never divided: a task that breaks, a process that is told to end, a data
//! folder that goes away, and clients that hang up.

mod ending;

mod hangups;

mod starting;

mod tasks;

use std::time::Duration;

use anyhow::{Context as _, Result};
use linecard_simulator::graph::webhook;
use linecard_tests::{Client, Hub, Networks, SOON, eventually};
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

/// Delivers a customer's message as the network does. Gives the status; none if nobody answered.
async fn deliver(networks: &Networks, hub: &str, customer: &str, message: &str) -> Option<u16> {
    let options = networks.graph.options();
    let at = jiff::Timestamp::now().as_millisecond();
    let body = webhook::text_message(&options.page_id, customer, message, at, message);
    let signed = webhook::signed(&options.app_secret, &body);
    let http = linecard_tests::http_builder()
        .timeout(Duration::from_secs(5))
        .build()
        .ok()?;
    let request = http
        .post(format!("{hub}/channels/page/webhook"))
        .header("content-type", "application/json")
        .header("x-hub-signature-256", signed.signature)
        .body(signed.bytes);
    Some(request.send().await.ok()?.status().as_u16())
}

/// Waits until a process has ended by itself, and gives its exit code.
async fn ended(hub: &mut Hub) -> Result<Option<i32>> {
    let status = eventually("the process ends", SOON, async || hub.exited()).await?;
    // It has ended; this lets it be started again.
    hub.kill()?;
    Ok(status.code())
}

/// Waits until a message has one of these states.
async fn until_state(
    agent: &Client,
    interaction: &str,
    message: &str,
    states: &[&str],
) -> Result<Value> {
    let path = format!("/api/v1/interactions/{interaction}/messages");
    let what = format!("message {message} is {states:?}");
    eventually(&what, SOON, async || {
        let messages = agent.all(&path, "before").await?;
        let found = messages.into_iter().find(|m| m["id"] == message);
        Ok(found.filter(|m| m["state"].as_str().is_some_and(|s| states.contains(&s))))
    })
    .await
}

/// Answers in an interaction; gives the message's id.
async fn answer(agent: &Client, interaction: &str, text: &str) -> Result<String> {
    let path = format!("/api/v1/interactions/{interaction}/messages");
    let sent = agent
        .post(&path, &serde_json::json!({ "text": text }))
        .await?;
    Ok(sent["id"].as_str().context("id")?.to_owned())
}
