//! What each of the product's users does, from end to end: real binary, real plug-ins, simulated
//! networks.

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::customers::Profile;
use linecard_simulator::graph::Incoming;
use linecard_simulator::open_messaging::Said;
use linecard_tests::{Client, Networks, SOON, SiteOptions, eventually};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

async fn message_state(agent: &Client, interaction: &str, message: &str) -> Result<String> {
    let path = format!("/api/v1/interactions/{interaction}/messages");
    let messages = agent.all(&path, "before").await?;
    let found = messages.iter().find(|m| m["id"] == message);
    Ok(found
        .and_then(|m| m["state"].as_str())
        .unwrap_or("missing")
        .to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_messenger_customer_is_answered_and_the_answer_is_read() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let mut events = agent.events(None).await?;
    agent.go_ready().await?;

    networks
        .graph
        .add_customer("7001", Profile::named("Zoë", "Müller"));
    let said = networks
        .graph
        .say("7001", Incoming::text("Where is my parcel? 📦"))
        .await;
    ensure!(said.acknowledged, "{said:?}");
    events.wait_for("interaction-offered", SOON).await?;

    let interaction = agent.accept_next().await?;
    let id = interaction["id"].as_str().context("id")?;
    ensure!(interaction["state"] == "connected", "{interaction}");
    ensure!(interaction["media_type"] == "social-direct-message");

    let history = agent.history("page", "7001").await?;
    ensure!(history.len() == 1, "{history:?}");
    ensure!(history[0]["content"]["text"] == "Where is my parcel? 📦");

    // The name comes from the network, on its own.
    eventually("the customer's name", SOON, async || {
        let found = agent
            .get("/api/v1/contacts?channel=page&identity=7001")
            .await?;
        let name = found
            .pointer("/items/0/display_name")
            .and_then(Value::as_str);
        Ok((name == Some("Zoë Müller")).then_some(()))
    })
    .await?;

    let path = format!("/api/v1/interactions/{id}/messages");
    let sent = agent
        .post(&path, &json!({ "text": "It arrives tomorrow." }))
        .await?;
    let message = sent["id"].as_str().context("message id")?;
    ensure!(sent["state"] == "accepted", "{sent}");
    let got = networks
        .graph
        .customers()
        .wait_delivered("7001", 1, SOON)
        .await
        .context("the customer got nothing")?;
    ensure!(got[0].text == "It arrives tomorrow.");
    eventually("the answer is read", SOON, async || {
        let state = message_state(&agent, id, message).await?;
        Ok((state == "read").then_some(()))
    })
    .await?;

    // The queue's wrap-up is mandatory: ending without a code leads to wrap-up.
    let ended = agent
        .post(&format!("/api/v1/interactions/{id}/end"), &json!({}))
        .await?;
    ensure!(ended["state"] == "wrap-up", "{ended}");
    let wrong = agent
        .ask(
            reqwest::Method::POST,
            &format!("/api/v1/interactions/{id}/wrap-up"),
            &[],
            Some(&json!({ "disposition": "Nonsense" })),
        )
        .await?;
    ensure!(wrong.status == 422, "{wrong:?}");
    ensure!(
        wrong.headers["content-type"] == "application/problem+json",
        "{wrong:?}"
    );
    let done = agent
        .post(
            &format!("/api/v1/interactions/{id}/wrap-up"),
            &json!({ "disposition": "Processed" }),
        )
        .await?;
    ensure!(
        done["state"] == "ended" && done["disposition"] == "Processed",
        "{done}"
    );

    // A message after that is a new interaction of the same contact.
    networks
        .graph
        .say("7001", Incoming::text("Thank you!"))
        .await;
    let next = agent.accept_next().await?;
    ensure!(
        next["id"] != id && next["contact"] == interaction["contact"],
        "{next}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_messaging_customer_is_answered_and_the_receipt_comes_back() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    networks
        .web
        .add_customer("ada@example.com", Profile::named("Ada", "Lovelace"));
    let said = networks
        .web
        .say("ada@example.com", Said::text("Does it compute?"))
        .await;
    ensure!(said.acknowledged, "{said:?}");
    // The same message again has no second effect.
    let again = networks
        .web
        .say_again(
            "ada@example.com",
            &said.message_id,
            Said::text("Does it compute?"),
        )
        .await;
    ensure!(again.acknowledged, "{again:?}");

    let interaction = agent.accept_next().await?;
    let id = interaction["id"].as_str().context("id")?;
    ensure!(agent.history("web", "ada@example.com").await?.len() == 1);
    let path = format!("/api/v1/interactions/{id}/messages");
    let sent = agent.post(&path, &json!({ "text": "It does." })).await?;
    let message = sent["id"].as_str().context("message id")?;
    let got = networks
        .web
        .customers()
        .wait_delivered("ada@example.com", 1, SOON)
        .await
        .context("the customer got nothing")?;
    ensure!(got[0].text == "It does.");
    eventually("the receipt", SOON, async || {
        let state = message_state(&agent, id, message).await?;
        Ok((state == "delivered").then_some(()))
    })
    .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn edits_deletions_and_native_replies_are_reflected() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    networks
        .graph
        .add_customer("7002", Profile::named("Kim", "Ito"));
    let first = networks.graph.say("7002", Incoming::text("helo")).await;
    networks
        .graph
        .say(
            "7002",
            Incoming::Edit {
                mid: first.message_id.clone(),
                text: "hello".to_owned(),
            },
        )
        .await;
    eventually("the edit", SOON, async || {
        let history = agent.history("page", "7002").await?;
        Ok(history
            .first()
            .is_some_and(|m| m["content"]["text"] == "hello" && m["revisions"][0]["text"] == "helo")
            .then_some(()))
    })
    .await?;
    networks
        .graph
        .say(
            "7002",
            Incoming::Unsend {
                mid: first.message_id.clone(),
            },
        )
        .await;
    // All that was to be answered is gone: nobody is offered it any more.
    eventually("the deletion", SOON, async || {
        let history = agent.history("page", "7002").await?;
        let Some(message) = history.first().filter(|m| m["deleted_at"].is_string()) else {
            return Ok(None);
        };
        let id = message["interaction"].as_str().context("interaction")?;
        let interaction = agent.get(&format!("/api/v1/interactions/{id}")).await?;
        Ok(
            (interaction["state"] == "ended" && interaction["end_reason"] == "message-deleted")
                .then_some(()),
        )
    })
    .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_declined_offer_goes_to_another_agent_and_an_unanswered_one_makes_not_ready() -> Result<()>
{
    let networks = Networks::start().await?;
    let options = SiteOptions {
        agents: 2,
        offer_timeout: 1,
        ..SiteOptions::default()
    };
    let hub = networks.hub(BINARY, &options).await?;
    let first = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let second = Client::sign_in(&hub.base(), "agent-2", "agent-2").await?;
    first.go_ready().await?;
    networks
        .graph
        .add_customer("7003", Profile::named("Lu", "Wei"));
    networks
        .graph
        .say("7003", Incoming::text("anybody there?"))
        .await;
    // Nobody answers in time: the first agent is not ready, with the reason RONA.
    eventually("RONA", SOON, async || {
        let me = first.get("/api/v1/agents/me").await?;
        Ok((me["presence"]["reason"] == "RONA").then_some(()))
    })
    .await?;
    second.go_ready().await?;
    let interaction = second.accept_next().await?;
    ensure!(interaction["agent"] == "agent-2", "{interaction}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hub_explains_why_an_interaction_waits() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    networks
        .graph
        .add_customer("7004", Profile::named("Noa", "Levi"));
    networks.graph.say("7004", Incoming::text("hi")).await;
    let id = eventually("the interaction", SOON, async || {
        let open = agent.get("/api/v1/interactions?state=queued").await?;
        Ok(open
            .pointer("/items/0/id")
            .and_then(Value::as_str)
            .map(str::to_owned))
    })
    .await?;
    let why = agent
        .get(&format!("/api/v1/interactions/{id}/explain"))
        .await?;
    let text = why.to_string();
    ensure!(text.contains("agent-1"), "{why}");
    ensure!(
        text.contains("not-ready") || text.contains("offline"),
        "{why}"
    );
    Ok(())
}
