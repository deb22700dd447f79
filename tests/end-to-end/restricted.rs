//! A network restricts an account whose credentials work: a person has to look at it, and what waits goes out
//! once one has.

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::customers::Profile;
use linecard_simulator::faults::FaultPlan;
use linecard_simulator::graph::{GraphError, Incoming};
use linecard_tests::{Client, Networks, SOON, SiteOptions, eventually};
use serde_json::json;

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

#[tokio::test(flavor = "multi_thread")]
async fn a_restricted_page_waits_for_a_person() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    let admin = hub.administrator()?;
    let page = &networks.graph;
    page.add_customer("8101", Profile::named("Ana", "Silva"));
    page.say("8101", Incoming::text("Hello?")).await;
    let id = agent.accept_next().await?["id"].clone();
    let id = id.as_str().context("id")?;
    let restricted = GraphError::page_restricted().fault();
    page.faults()
        .plan(FaultPlan::next(1, restricted).on("send"));
    let messages = format!("/api/v1/interactions/{id}/messages");
    agent
        .post(&messages, &json!({ "text": "Good day" }))
        .await?;
    let health = eventually("a restricted channel", SOON, async || {
        let health = admin.get("/api/v1/channels/page").await?["health"].take();
        Ok((health["state"] == "restricted").then_some(health))
    })
    .await?;
    let remedy = health["remedy"].as_str().context("a remedy")?;
    ensure!(remedy.contains("support inbox"), "{health}");
    let waits = agent.all(&messages, "before").await?;
    ensure!(waits[0]["state"] == "accepted", "{waits:?}");
    admin
        .post("/api/v1/channels/page/resume", &json!({}))
        .await?;
    let got = page.customers().wait_delivered("8101", 1, SOON).await;
    ensure!(got.context("nothing was sent")?[0].text == "Good day");
    eventually("a channel that works", SOON, async || {
        let health = admin.get("/api/v1/channels/page").await?["health"].take();
        Ok((health["state"] == "connected").then_some(()))
    })
    .await
}
