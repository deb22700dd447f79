//! Event streams: what they show after a right was taken away or given back, how many one may have
//! open, and what many of them cost.

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::open_messaging::Said;
use linecard_tests::{Client, Events, Hub, Networks, SOON, SiteOptions, eventually};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

mod access;
mod cost;
mod viewers;

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

/// A hub with two agents in its queue.
async fn two_agents(networks: &Networks) -> Result<Hub> {
    let options = SiteOptions {
        agents: 2,
        ..SiteOptions::default()
    };
    networks.hub(BINARY, &options).await
}

async fn say(networks: &Networks, text: &str) -> Result<()> {
    let said = networks.web.say("ann@example.com", Said::text(text)).await;
    ensure!(said.acknowledged, "{said:?}");
    Ok(())
}

/// Something that the customer's network tells and that has no event of its own.
async fn platform_event(networks: &Networks) -> Result<()> {
    let said = networks.web.say("ann@example.com", Said::Typing).await;
    ensure!(said.acknowledged, "{said:?}");
    Ok(())
}

async fn contact_of(boss: &Client) -> Result<String> {
    let path = "/api/v1/contacts?channel=web&identity=ann@example.com";
    eventually("the contact", SOON, async || {
        let found = boss.get(path).await?;
        Ok(found
            .pointer("/items/0/id")
            .and_then(Value::as_str)
            .map(str::to_owned))
    })
    .await
}

async fn agree(boss: &Client, contact: &str, how: &str) -> Result<()> {
    let path = format!("/api/v1/contacts/{contact}/opt-ins/web");
    boss.put(&path, &json!({ "source": how })).await?;
    Ok(())
}

async fn members(boss: &Client, members: &[&str]) -> Result<()> {
    let config = json!({"config": {"members": members}});
    boss.put("/api/v1/queues/support", &config).await?;
    Ok(())
}

async fn role(boss: &Client, agent: &str, role: &str) -> Result<()> {
    let mut config = boss.get("/api/v1/site").await?["config"].clone();
    config["agents"][agent]["role"] = json!(role);
    let body = json!({ "config": config });
    let headers = [("if-match", "*")];
    let seen = boss
        .ask(Method::PUT, "/api/v1/site", &headers, Some(&body))
        .await?;
    ensure!(seen.status == StatusCode::OK, "{seen:?}");
    Ok(())
}

/// What a stream shows up to an agent's next change of presence, which every agent sees of their own.
async fn shown_until_presence(
    agent: &Client,
    events: &mut Events,
    reason: &str,
) -> Result<Vec<String>> {
    let presence = json!({"state": "not-ready", "reason": reason});
    agent.put("/api/v1/agents/me/presence", &presence).await?;
    tokio::time::timeout(SOON, async {
        let mut kinds = Vec::new();
        loop {
            let (_, event) = events.next().await?.context("the stream ended")?;
            if event["data"]["presence"]["reason"] == reason {
                return Ok(kinds);
            }
            kinds.push(event["kind"].as_str().unwrap_or_default().to_owned());
        }
    })
    .await
    .context("the agent's own presence is not shown")?
}

fn about_customers(kinds: &[String]) -> Vec<&String> {
    let other = [
        "presence-changed",
        "desktop-back",
        "desktop-lost",
        "channel-health-changed",
    ];
    kinds
        .iter()
        .filter(|k| !other.contains(&k.as_str()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_taken_out_of_a_queue_hears_nothing_more_of_its_customers() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = two_agents(&networks).await?;
    let boss = hub.administrator()?;
    let agent = Client::sign_in(&hub.base(), "agent-2", "agent-2").await?;
    let mut events = agent.events(None).await?;
    let mut all = boss.events(None).await?;

    // As a member, the agent hears of everything.
    say(&networks, "hello").await?;
    let contact = contact_of(&boss).await?;
    agree(&boss, &contact, "form").await?;
    events.wait_for("message-received", SOON).await?;
    let saved = events.wait_for("contact-saved", SOON).await?;
    ensure!(saved["data"]["id"] == contact.as_str(), "{saved}");

    members(&boss, &["agent-1"]).await?;
    agree(&boss, &contact, "call").await?;
    platform_event(&networks).await?;
    say(&networks, "are you there?").await?;
    all.wait_for("site-configured", SOON).await?;
    all.wait_for("contact-saved", SOON).await?;
    all.wait_for("platform-event", SOON).await?;
    all.wait_for("message-received", SOON).await?;
    let kinds = shown_until_presence(&agent, &mut events, "Lunch").await?;
    ensure!(about_customers(&kinds).is_empty(), "shown: {kinds:?}");

    // The same from the journal.
    let mut again = agent.events(Some(0)).await?;
    let kinds = shown_until_presence(&agent, &mut again, "Meeting").await?;
    ensure!(about_customers(&kinds).is_empty(), "shown: {kinds:?}");

    // And once the right is given back, the customer's news are shown again.
    members(&boss, &["agent-1", "agent-2"]).await?;
    agree(&boss, &contact, "letter").await?;
    platform_event(&networks).await?;
    let saved = events.wait_for("contact-saved", SOON).await?;
    ensure!(saved["data"]["opt_ins"][0]["source"] == "letter", "{saved}");
    events.wait_for("platform-event", SOON).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_no_supervisor_any_more_hears_what_agents_hear() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = two_agents(&networks).await?;
    let boss = hub.administrator()?;
    members(&boss, &["agent-1"]).await?;
    let agent = Client::sign_in(&hub.base(), "agent-2", "agent-2").await?;
    role(&boss, "agent-2", "supervisor").await?;
    let mut events = agent.events(None).await?;
    say(&networks, "hello").await?;
    events.wait_for("message-received", SOON).await?;
    let contact = contact_of(&boss).await?;

    let mut all = boss.events(None).await?;
    role(&boss, "agent-2", "agent").await?;
    agree(&boss, &contact, "call").await?;
    platform_event(&networks).await?;
    say(&networks, "again").await?;
    all.wait_for("contact-saved", SOON).await?;
    all.wait_for("message-received", SOON).await?;
    shown_until_presence(&agent, &mut events, "Lunch").await?;
    // What came before the change may have been under way; nothing comes afterwards.
    agree(&boss, &contact, "letter").await?;
    let kinds = shown_until_presence(&agent, &mut events, "Meeting").await?;
    ensure!(about_customers(&kinds).is_empty(), "shown: {kinds:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_taken_away_ends_its_streams() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = two_agents(&networks).await?;
    let boss = hub.administrator()?;
    let mut config = boss.get("/api/v1/site").await?["config"].clone();
    config["keys"]["reader"] = json!({"role": "supervisor", "secret": "stored"});
    let body = json!({"config": config, "secrets": {"keys": {"reader": "a-long-secret-of-a-key"}}});
    let headers = [("if-match", "*")];
    let seen = boss
        .ask(Method::PUT, "/api/v1/site", &headers, Some(&body))
        .await?;
    ensure!(seen.status == StatusCode::OK, "{seen:?}");
    let reader = Client::with_token(&hub.base(), "reader.a-long-secret-of-a-key")?;
    let mut events = reader.events(None).await?;
    say(&networks, "hello").await?;
    events.wait_for("message-received", SOON).await?;

    config["keys"]
        .as_object_mut()
        .context("keys")?
        .remove("reader");
    let body = json!({ "config": config });
    let seen = boss
        .ask(Method::PUT, "/api/v1/site", &headers, Some(&body))
        .await?;
    ensure!(seen.status == StatusCode::OK, "{seen:?}");
    say(&networks, "is anybody listening?").await?;
    tokio::time::timeout(SOON, async {
        while let Some((_, event)) = events.next().await? {
            let text = &event["data"]["content"]["text"];
            ensure!(
                text != "is anybody listening?",
                "shown to a key that is gone: {event}"
            );
        }
        Ok(())
    })
    .await
    .context("the stream of a key that is gone goes on")?
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customer_whose_interaction_is_over_is_still_ones_own() -> Result<()> {
    let networks = Networks::start().await?;
    let mut hub = two_agents(&networks).await?;
    let boss = hub.administrator()?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    say(&networks, "hello").await?;
    let interaction = agent.accept_next().await?;
    let id = interaction["id"].as_str().context("id")?;
    agent
        .post(&format!("/api/v1/interactions/{id}/end"), &json!({}))
        .await?;
    let code = json!({"disposition": "Processed"});
    agent
        .post(&format!("/api/v1/interactions/{id}/wrap-up"), &code)
        .await?;
    let contact = contact_of(&boss).await?;
    members(&boss, &[]).await?;

    // Nothing is remembered of it: what the stream shows has to be looked up.
    hub.kill()?;
    hub.launch().await?;
    let other = Client::sign_in(&hub.base(), "agent-2", "agent-2").await?;
    let mut own = agent.events(None).await?;
    let mut others = other.events(None).await?;
    agree(&boss, &contact, "call").await?;
    own.wait_for("contact-saved", SOON).await?;
    let kinds = shown_until_presence(&other, &mut others, "Lunch").await?;
    ensure!(about_customers(&kinds).is_empty(), "shown: {kinds:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_has_more_streams_than_they_may() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = two_agents(&networks).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    // Another session of the same person has no streams of its own.
    let again = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let mut open = Vec::new();
    for n in 0..16 {
        let client = if n % 2 == 0 { &agent } else { &again };
        open.push(client.events(None).await?);
    }
    let seen = again.ask(Method::GET, "/api/v1/events", &[], None).await?;
    ensure!(
        seen.status == StatusCode::TOO_MANY_REQUESTS
            && seen.body["type"] == "/problems/too-many-streams"
            && seen.body["most"] == 16
            && seen.headers.contains_key("retry-after"),
        "{seen:?}"
    );
    // Nobody else is concerned, and those that are open go on.
    let other = Client::sign_in(&hub.base(), "agent-2", "agent-2").await?;
    drop(other.events(None).await?);
    let newest = open.last_mut().context("a stream")?;
    shown_until_presence(&agent, newest, "Lunch").await?;
    open.pop();
    eventually("a place is free", SOON, async || {
        Ok(agent.events(None).await.ok())
    })
    .await
    .map(drop)
}
