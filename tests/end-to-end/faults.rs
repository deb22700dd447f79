//! Bad input and faults, at each door.

#[path = "faults/stalled.rs"]
mod stalled;

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::customers::Profile;
use linecard_simulator::faults::{Fault, FaultPlan};
use linecard_simulator::graph::{GraphError, Incoming, webhook};
use linecard_tests::{Client, Hub, Networks, SOON, SiteOptions, eventually};
use reqwest::Method;
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

async fn door(
    hub: &Hub,
    channel: &str,
    signature: Option<&str>,
    body: Vec<u8>,
) -> Result<(u16, Value)> {
    let http = linecard_tests::http()?;
    let url = format!("{}/channels/{channel}/webhook", hub.base());
    let mut request = http.post(url).header("content-type", "application/json");
    if let Some(signature) = signature {
        request = request.header("x-hub-signature-256", signature);
    }
    let answer = request.body(body).send().await?;
    let status = answer.status().as_u16();
    Ok((status, answer.json().await.unwrap_or_default()))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_webhook_door_refuses_by_kind_and_stores_nothing() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let administrator = hub.administrator()?;
    let seq = async || -> Result<u64> {
        administrator.get("/api/v1/snapshot").await?["seq"]
            .as_u64()
            .context("seq")
    };
    let options = networks.graph.options().clone();
    let body = webhook::text_message(&options.page_id, "1", "m_1", 1_790_000_000_000, "hi");
    let signed = webhook::signed(&options.app_secret, &body);
    let before = seq().await?;

    let (status, problem) = door(&hub, "page", None, signed.bytes.clone()).await?;
    ensure!(status == 401, "{status} {problem}");
    let mut flipped = signed.bytes.clone();
    let last = flipped.len() - 2;
    flipped[last] ^= 1;
    let (status, _) = door(&hub, "page", Some(&signed.signature), flipped).await?;
    ensure!(status == 401, "{status}");
    let (status, problem) = door(
        &hub,
        "nothing",
        Some(&signed.signature),
        signed.bytes.clone(),
    )
    .await?;
    ensure!(status == 404, "{status} {problem}");
    let (status, _) = door(&hub, "page", Some("sha256=00"), vec![b'x'; 5 << 20]).await?;
    ensure!(status == 413, "{status}");
    tokio::time::sleep(Duration::from_millis(300)).await;
    ensure!(seq().await? == before, "something was stored");

    // Whoever asks why nothing arrives finds it with the channel, in the metrics and in the log.
    let path = "/api/v1/channels/page";
    let refused = administrator.get(path).await?["health"]["last_refused"].clone();
    ensure!(refused["reason"] == "bad-signature", "{refused}");
    ensure!(refused["count"] == 2, "{refused}");
    ensure!(refused["over"] == false, "{refused}");
    ensure!(
        refused["remedy"].is_string() && refused["detail"].is_string(),
        "{refused}"
    );
    let strange = webhook::text_message("404404", "1", "m_2", 1_790_000_000_000, "hi");
    let strange = webhook::signed(&options.app_secret, &strange);
    let (status, problem) = door(&hub, "page", Some(&strange.signature), strange.bytes).await?;
    ensure!(status == 404, "{status} {problem}");
    let refused = administrator.get(path).await?["health"]["last_refused"].clone();
    ensure!(refused["reason"] == "not-for-this-channel", "{refused}");
    let detail = refused["detail"].as_str().context("a detail")?;
    ensure!(detail.contains("404404"), "{detail}");
    let page = administrator.get("/metrics").await?;
    let page = page.as_str().context("the metrics")?;
    for line in [
        "linecard_channel_refused_deliveries_total{channel=\"page\",reason=\"bad-signature\"} 2",
        "linecard_channel_refused_deliveries_total{channel=\"page\",reason=\"not-for-this-channel\"} 1",
    ] {
        ensure!(page.contains(line), "{line}: {page}");
    }
    let warned = hub.log().matches("a delivery was refused").count();
    ensure!(warned == 1, "told {warned} times: {}", hub.log());

    // A right signature over something unreadable: kept raw, and never asked for again.
    let garbage = b"{\"object\":\"page\",".to_vec();
    let signature = webhook::sign(&options.app_secret, &garbage);
    let (status, _) = door(&hub, "page", Some(&signature), garbage).await?;
    ensure!(status == 200, "{status}");
    eventually("it is kept", SOON, async || {
        Ok((seq().await? > before).then_some(()))
    })
    .await?;
    let refused = administrator.get(path).await?["health"]["last_refused"].clone();
    ensure!(refused["over"] == true, "{refused}");
    Ok(())
}

/// Has a customer write and an agent answer; gives the agent, the interaction and the answer's id.
async fn answered(
    networks: &Networks,
    hub: &Hub,
    customer: &str,
) -> Result<(Client, String, String)> {
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    networks
        .graph
        .add_customer(customer, Profile::named("Mo", "Salah"));
    networks.graph.say(customer, Incoming::text("hello")).await;
    let offer = eventually("an offer", SOON, async || {
        let offers = agent.get("/api/v1/offers").await?;
        Ok(offers
            .pointer("/0/id")
            .and_then(Value::as_str)
            .map(str::to_owned))
    })
    .await?;
    let interaction = agent
        .post(&format!("/api/v1/offers/{offer}/accept"), &json!({}))
        .await?;
    let id = interaction["id"].as_str().context("id")?.to_owned();
    let sent = agent
        .post(
            &format!("/api/v1/interactions/{id}/messages"),
            &json!({ "text": "Good day!" }),
        )
        .await?;
    let message = sent["id"].as_str().context("id")?.to_owned();
    Ok((agent, id, message))
}

async fn until_state(
    agent: &Client,
    interaction: &str,
    message: &str,
    states: &[&str],
) -> Result<Value> {
    let path = format!("/api/v1/interactions/{interaction}/messages");
    eventually(&format!("the answer is {states:?}"), SOON, async || {
        let messages = agent.all(&path, "before").await?;
        let found = messages.into_iter().find(|m| m["id"] == message);
        Ok(found.filter(|m| m["state"].as_str().is_some_and(|s| states.contains(&s))))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transient_fault_is_tried_again_and_the_answer_arrives_once() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    networks
        .graph
        .faults()
        .next_on("send", 1, Fault::html_502());
    let (agent, id, message) = answered(&networks, &hub, "7101").await?;
    until_state(&agent, &id, &message, &["sent", "delivered", "read"]).await?;
    ensure!(networks.graph.customers().delivered("7101").len() == 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_whose_outcome_is_unknown_is_settled_by_the_echo_or_shown_as_uncertain()
-> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let plan = FaultPlan::next(1, Fault::CloseMidAnswer).on("send");
    networks.graph.faults().plan(plan);
    let (agent, id, message) = answered(&networks, &hub, "7102").await?;
    let state = until_state(
        &agent,
        &id,
        &message,
        &["uncertain", "sent", "delivered", "read"],
    )
    .await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    // Whatever it is called: it has not been sent twice.
    let times = networks.graph.customers().delivered("7102").len();
    ensure!(times <= 1, "{state}: arrived {times} times");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_stops_the_channel_and_tells_what_to_do() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    networks
        .graph
        .faults()
        .next_on("send", 1, GraphError::expired_token().fault());
    let (agent, id, message) = answered(&networks, &hub, "7103").await?;
    let administrator = hub.administrator()?;
    let channel = eventually("the channel's health", SOON, async || {
        let channel = administrator.get("/api/v1/channels/page").await?;
        Ok((channel["health"]["state"] == "credentials-refused").then_some(channel))
    })
    .await?;
    ensure!(channel["health"]["remedy"].is_string(), "{channel}");
    // The answer waits; when the operator has acted, it is sent.
    let waiting = until_state(&agent, &id, &message, &["accepted"]).await?;
    ensure!(waiting["state"] == "accepted");
    hub.apply(&networks.site(&SiteOptions::default()))?;
    until_state(&agent, &id, &message, &["sent", "delivered", "read"]).await?;
    ensure!(networks.graph.customers().delivered("7103").len() == 1);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_answer_fails_with_the_networks_reason() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    networks
        .graph
        .faults()
        .next_on("send", 1, GraphError::person_unavailable().fault());
    let (agent, id, message) = answered(&networks, &hub, "7104").await?;
    let failed = until_state(&agent, &id, &message, &["failed"]).await?;
    ensure!(failed["reason"]["code"].is_string(), "{failed}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_answers_misuse_with_problems() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let anonymous = Client::anonymous(&hub.base())?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let seen = anonymous
        .ask(Method::GET, "/api/v1/interactions", &[], None)
        .await?;
    ensure!(seen.status == 401, "{seen:?}");
    let missing = "/api/v1/interactions/01900000-0000-7000-8000-000000000000";
    let seen = agent.ask(Method::GET, missing, &[], None).await?;
    ensure!(seen.status == 404, "{seen:?}");
    let seen = agent
        .ask(
            Method::PUT,
            "/api/v1/agents/me/presence",
            &[],
            Some(&json!({ "state": "not-ready", "reason": "Beach" })),
        )
        .await?;
    ensure!(seen.status == 422, "{seen:?}");
    ensure!(seen.headers["content-type"] == "application/problem+json");
    ensure!(
        seen.body["detail"]
            .as_str()
            .is_some_and(|d| d.contains("Lunch")),
        "{seen:?}"
    );
    let seen = agent.ask(Method::GET, "/api/v1/audit", &[], None).await?;
    ensure!(seen.status == 403, "{seen:?}");
    let seen = anonymous
        .ask(
            Method::POST,
            "/api/v1/session",
            &[],
            Some(&json!({ "name": "agent-1", "password": "wrong" })),
        )
        .await?;
    ensure!(seen.status == 401, "{seen:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_after_the_window_is_refused_before_anything_is_sent() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    let options = networks.graph.options().clone();
    // Written two days ago.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    let at = i64::try_from(now.as_millis())? - 2 * 86_400_000;
    let body = webhook::text_message(&options.page_id, "7105", "m_old", at, "are you there?");
    let delivery = networks.graph.deliver_body(body).await;
    ensure!(delivery.acknowledged, "{delivery:?}");
    let offer = eventually("an offer", SOON, async || {
        let offers = agent.get("/api/v1/offers").await?;
        Ok(offers
            .pointer("/0/id")
            .and_then(Value::as_str)
            .map(str::to_owned))
    })
    .await?;
    let interaction = agent
        .post(&format!("/api/v1/offers/{offer}/accept"), &json!({}))
        .await?;
    let id = interaction["id"].as_str().context("id")?;
    let seen = agent
        .ask(
            Method::POST,
            &format!("/api/v1/interactions/{id}/messages"),
            &[],
            Some(&json!({ "text": "Yes." })),
        )
        .await?;
    ensure!(
        seen.body["type"]
            .as_str()
            .is_some_and(|t| t.ends_with("reply-window-closed")),
        "{seen:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_claims_to_be_from_the_future_happened_when_it_came() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let options = networks.graph.options().clone();
    // The last second of the year 9999.
    let body = webhook::text_message(&options.page_id, "70", "m_1", 253_402_300_799_000, "hi");
    let signed = webhook::signed(&options.app_secret, &body);
    let (status, _) = door(&hub, "page", Some(&signed.signature), signed.bytes).await?;
    ensure!(status == 200, "{status}");
    let administrator = hub.administrator()?;
    let contact = eventually("the contact is there", SOON, async || {
        let found = administrator
            .get("/api/v1/contacts?channel=page&identity=70")
            .await?;
        Ok(found["items"][0]["id"].as_str().map(str::to_owned))
    })
    .await?;
    let path = format!("/api/v1/contacts/{contact}/history?include=raw");
    let message = eventually("the message is there", SOON, async || {
        let history = administrator.get(&path).await?;
        Ok(history["items"]
            .as_array()
            .and_then(|all| all.first().cloned()))
    })
    .await?;
    let text = message.to_string();
    ensure!(
        text.contains("253402300799000"),
        "the payload is kept: {text}"
    );
    ensure!(!text.contains("\"9999-"), "{text}");
    Ok(())
}
