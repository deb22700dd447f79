//! The network to practise on: from the first message to the answer, also after the hub was started anew.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use linecard_tests::{Client, Networks, SiteOptions, eventually};
use reqwest::Method;
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

/// What the customer sees, as who wrote and what.
async fn seen(administrator: &Client) -> Result<Vec<(bool, String)>> {
    let all = administrator.get("/api/v1/practice/messages").await?;
    let all = all.as_array().context("a list")?.iter();
    all.map(|one| {
        let text = one["text"].as_str().context("text")?.to_owned();
        Ok((one["by_customer"].as_bool().context("who")?, text))
    })
    .collect()
}

async fn write(administrator: &Client, text: &str) -> Result<Value> {
    administrator
        .post("/api/v1/practice/messages", &json!({ "text": text }))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_practice_is_answered_and_heard_again_after_a_restart() -> Result<()> {
    let networks = Networks::start().await?;
    let mut hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    // The channel keeps the network's address.
    let free = std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
    let settings = format!("practice_listen = \"{free}\"\n");
    std::fs::write(hub.folder().join("linecard.toml"), settings)?;
    hub.stop().await?;
    hub.launch().await?;
    let administrator = hub.administrator()?;

    // Without a channel nobody hears the customer, and that is said.
    let lost = json!({"text": "Is anybody there?"});
    let refused = administrator
        .ask(Method::POST, "/api/v1/practice/messages", &[], Some(&lost))
        .await?;
    ensure!(refused.status == 409, "{refused:?}");
    ensure!(
        refused.body["type"] == "/problems/practice-unavailable",
        "{refused:?}"
    );

    let mut given = administrator.post("/api/v1/practice", &json!({})).await?;
    given["config"]["queue"] = json!("support");
    let body = json!({"config": given["config"], "secrets": given["secrets"]});
    administrator
        .put("/api/v1/channels/practice", &body)
        .await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    write(&administrator, "Hello?").await?;
    let taken = agent.accept_next().await?;
    let id = taken["id"].as_str().context("id")?.to_owned();
    let path = format!("/api/v1/interactions/{id}/messages");
    agent.post(&path, &json!({"text": "Good day."})).await?;
    eventually("the answer arrives", Duration::from_secs(20), async || {
        let seen = seen(&administrator).await?;
        Ok(seen
            .contains(&(false, "Good day.".to_owned()))
            .then_some(()))
    })
    .await?;

    // It forgets what was said, and knows the channel's secrets still.
    hub.stop().await?;
    hub.launch().await?;
    ensure!(seen(&administrator).await?.is_empty(), "it remembers");
    write(&administrator, "Are you there?").await?;
    let page = agent.get(&path).await?;
    let texts: Vec<&str> = page["items"]
        .as_array()
        .context("items")?
        .iter()
        .filter_map(|message| message["content"]["text"].as_str())
        .collect();
    ensure!(texts.contains(&"Are you there?"), "{texts:?}");
    Ok(())
}
