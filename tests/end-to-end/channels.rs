//! What an operator has to know of channels, and can do about them: how each fares, what it costs, what
//! failed for good, and how it keeps to the pace that its network sets. The network is a board that
//! these tests play.

#[path = "channels/health.rs"]
mod health;
#[path = "channels/letters.rs"]
mod letters;
#[path = "channels/pacing.rs"]
mod pacing;
#[path = "channels/spend.rs"]
mod spend;
#[path = "channels/stopping.rs"]
mod stopping;

use anyhow::{Context as _, Result};
use linecard_tests::{Board, Client};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

/// Somebody writes privately.
fn private(board: &Board, who: &str, message: &str) -> Value {
    board.event(
        &format!("dialogue-{who}"),
        json!({
            "kind": "comment",
            "message": message,
            "text": format!("text {message}"),
            "with": who,
            "author": { "id": who, "name": format!("Name {who}") },
        }),
    )
}

/// Has customers write to a channel, and an agent take what they wrote: gives the agent and the
/// interactions in the customers' order.
async fn taken(board: &Board, channel: &str, who: &[&str]) -> Result<(Client, Vec<String>)> {
    let agent = board.agent("agent-1").await?;
    agent.go_ready().await?;
    let mut interactions = Vec::new();
    for who in who {
        let event = private(board, who, &format!("hello-{who}"));
        board.deliver(channel, &[event]).await?;
        let interaction = agent.accept_next().await?;
        interactions.push(interaction["id"].as_str().context("an id")?.to_owned());
    }
    Ok((agent, interactions))
}

/// Answers; gives the message's id.
async fn answer(agent: &Client, interaction: &str, text: &str) -> Result<String> {
    let path = format!("/api/v1/interactions/{interaction}/messages");
    let message = agent.post(&path, &json!({ "text": text })).await?;
    Ok(message["id"].as_str().context("an id")?.to_owned())
}

/// The state of one of an interaction's messages.
async fn state(agent: &Client, interaction: &str, message: &str) -> Result<String> {
    let path = format!("/api/v1/interactions/{interaction}/messages");
    let messages = agent.all(&path, "before").await?;
    let found = messages.iter().find(|m| m["id"] == message);
    let state = found.and_then(|m| m["state"].as_str());
    Ok(state.context("the message")?.to_owned())
}

/// The texts of the actions, in order.
fn said(actions: &[Value]) -> Vec<&str> {
    actions.iter().filter_map(|a| a["text"].as_str()).collect()
}

/// Whether the metrics have a line.
async fn has_metric(board: &Board, line: &str) -> Result<bool> {
    let page = board.admin.get("/metrics").await?;
    let page = page.as_str().context("the metrics")?;
    Ok(page.lines().any(|found| found == line))
}
