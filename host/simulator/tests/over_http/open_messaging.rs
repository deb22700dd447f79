//! The simulated middleware in both directions.

use std::time::Duration;

use linecard_simulator::open_messaging::{
    OpenMessagingOptions, OpenMessagingSimulator, Receipts, Said, problems, sign,
};
use linecard_simulator::{Direction, Fault, Profile, RetryPolicy};
use serde_json::{Value, json};

use crate::hub::{HOLD, Hub, Received, shared};

const INTEGRATION: &str = "34071108-1569-4cb0-9137-a326b8a9e815";
const ANN: &str = "ann@example.com";

async fn start() -> anyhow::Result<(Hub, OpenMessagingSimulator)> {
    let hub = Hub::start().await?;
    let simulator = OpenMessagingSimulator::start(OpenMessagingOptions {
        hub_url: Some(hub.url("/")),
        webhook_headers: vec![("x-tenant".to_owned(), "blue".to_owned())],
        ..OpenMessagingOptions::default()
    })
    .await?;
    simulator.add_customer(ANN, Profile::named("Ann", "Example"));
    Ok((hub, simulator))
}

fn notification(id: &str, text: &str) -> Value {
    json!({
        "id": id,
        "channel": {
            "id": INTEGRATION,
            "platform": "Open",
            "type": "Private",
            "messageId": id,
            "to": { "id": ANN, "idType": "Email" },
            "from": { "id": INTEGRATION, "idType": "Opaque", "nickname": "Linecard" },
            "time": "2026-01-15T08:30:00.000Z",
        },
        "type": "Text",
        "text": text,
        "originatingEntity": "Human",
        "direction": "Outbound",
    })
}

async fn notify(simulator: &OpenMessagingSimulator, body: &Value) -> anyhow::Result<u16> {
    let bytes = serde_json::to_vec(body)?;
    let signature = sign(&simulator.options().signature_secret, &bytes);
    let response = reqwest::Client::new()
        .post(simulator.webhook_url())
        .header("content-type", "application/json")
        .header("x-hub-signature-256", signature)
        .header("x-tenant", "blue")
        .timeout(Duration::from_secs(2))
        .body(bytes)
        .send()
        .await?;
    Ok(response.status().as_u16())
}

#[tokio::test]
async fn what_customers_write_is_posted_with_a_token() -> anyhow::Result<()> {
    let (hub, middleware) = start().await?;
    let delivery = middleware.say(ANN, Said::text("Grüße 😀")).await;
    assert!(delivery.acknowledged, "{delivery:?}");
    let token = &hub.received("/oauth/token")[0];
    assert!(token.header("authorization").starts_with("Basic "));
    assert_eq!(token.body, b"grant_type=client_credentials");
    let path = format!("/api/v2/conversations/messages/{INTEGRATION}/inbound/open/message");
    let message = &hub.received(&path)[0];
    assert_eq!(message.header("authorization"), "Bearer hub-token");
    let body = message.json();
    assert_eq!(body["text"], "Grüße 😀");
    assert_eq!(body["channel"]["messageId"], delivery.message_id.as_str());
    assert_eq!(body["channel"]["from"]["idType"], "Email");
    assert_eq!(body["channel"]["from"]["firstName"], "Ann");

    middleware.say(ANN, Said::Typing).await;
    assert_eq!(
        hub.received("/inbound/open/event")[0].json()["events"][0]["eventType"],
        "Typing"
    );
    let response = Said::ButtonResponse {
        kind: "QuickReply".to_owned(),
        text: "Yes".to_owned(),
        payload: "YES".to_owned(),
        originating_message_id: "out-1".to_owned(),
    };
    middleware.say(ANN, response).await;
    let response = hub.received("/inbound/open/structured/response")[0].json();
    assert_eq!(response["buttonResponse"]["payload"], "YES");
    assert_eq!(response["originatingMessageId"], "out-1");
    assert_eq!(hub.received("/oauth/token").len(), 1, "one token serves");
    let shown = serde_json::to_string(&middleware.record().entries())?;
    assert!(!shown.contains("hub-token"), "{shown}");
    Ok(())
}

#[tokio::test]
async fn the_same_message_is_repeated_on_429_and_5xx_alone() -> anyhow::Result<()> {
    let (hub, middleware) = start().await?;
    hub.answer_next(&[429, 503, 200]);
    let delivery = middleware.say(ANN, Said::text("Hello")).await;
    assert_eq!((delivery.acknowledged, delivery.attempts), (true, 3));
    let ids: Vec<Value> = hub
        .received("/inbound/open/message")
        .iter()
        .map(|one| one.json()["channel"]["messageId"].clone())
        .collect();
    assert!(
        ids.iter().all(|id| id == delivery.message_id.as_str()),
        "{ids:?}"
    );
    hub.answer_next(&[400, 200]);
    let refused = middleware.say(ANN, Said::text("Hello?")).await;
    assert_eq!(
        (refused.acknowledged, refused.attempts, refused.status),
        (false, 1, Some(400))
    );
    // The unused 200 is next; then a revoked token is replaced once.
    middleware.say(ANN, Said::text("again")).await;
    hub.answer_next(&[401, 200]);
    assert!(
        middleware
            .say(ANN, Said::text("after a restart"))
            .await
            .acknowledged
    );
    assert_eq!(hub.received("/oauth/token").len(), 2);
    Ok(())
}

#[tokio::test]
async fn a_message_without_an_answer_is_posted_again_under_its_id() -> anyhow::Result<()> {
    let hub = Hub::start().await?;
    let middleware = OpenMessagingSimulator::start(OpenMessagingOptions {
        hub_url: Some(hub.url("/channels/web")),
        retry: RetryPolicy {
            timeout: Duration::from_millis(100),
            ..RetryPolicy::fast()
        },
        duplicates: 1.0,
        ..OpenMessagingOptions::default()
    })
    .await?;
    hub.answer_next(&[HOLD]);
    let delivery = middleware.say(ANN, Said::text("Hello")).await;
    assert_eq!((delivery.acknowledged, delivery.attempts), (true, 2));
    // The second copy after the acknowledgement is the duplicate that was asked for.
    let posted = hub.received("/channels/web/api/v2/conversations/messages/");
    assert_eq!(posted.len(), 3);
    let ids: Vec<Value> = posted
        .iter()
        .map(|one| one.json()["channel"]["messageId"].clone())
        .collect();
    assert!(
        ids.iter().all(|id| id == delivery.message_id.as_str()),
        "{ids:?}"
    );
    assert_eq!(
        middleware.customer(ANN).map(|ann| ann.conversation.len()),
        Some(1)
    );
    middleware.shutdown().await;
    Ok(())
}

#[tokio::test]
async fn notifications_are_taken_once_and_receipts_go_back() -> anyhow::Result<()> {
    let (hub, middleware) = start().await?;
    middleware.set_receipts(Receipts {
        delivered: true,
        read: true,
        delay_ms: 1,
    });
    assert_eq!(
        notify(&middleware, &notification("out-1", "Hello Ann")).await?,
        200
    );
    assert_eq!(
        notify(&middleware, &notification("out-1", "Hello Ann")).await?,
        200
    );
    let customer = middleware.customer(ANN).expect("she exists");
    assert_eq!(customer.delivered().count(), 1);
    assert_eq!(customer.repeated, ["out-1"]);
    hub.until("both receipts came", |hub| {
        hub.received("/receipt").len() == 2
    })
    .await;
    let receipts: Vec<Value> = hub
        .received("/receipt")
        .iter()
        .map(Received::json)
        .collect();
    assert_eq!(receipts[0]["id"], "out-1");
    assert_eq!(
        (&receipts[0]["status"], &receipts[1]["status"]),
        (&json!("Delivered"), &json!("Read"))
    );
    assert_eq!(
        (
            &receipts[0]["isFinalReceipt"],
            &receipts[1]["isFinalReceipt"]
        ),
        (&json!(false), &json!(true))
    );

    let mut receipt = notification("in-1", "");
    receipt["type"] = json!("Receipt");
    receipt["status"] = json!("Published");
    assert_eq!(notify(&middleware, &receipt).await?, 200);
    assert_eq!(middleware.receipts_from_hub()["in-1"], ["Published"]);
    Ok(())
}

#[tokio::test]
async fn what_is_not_signed_or_not_normalized_is_refused() -> anyhow::Result<()> {
    let (_hub, middleware) = start().await?;
    let body = notification("out-1", "Hello").to_string();
    let client = reqwest::Client::new();
    let post = |signature: String| {
        client
            .post(middleware.webhook_url())
            .header("x-tenant", "blue")
            .header("x-hub-signature-256", signature)
            .body(body.clone())
            .send()
    };
    let secret = &middleware.options().signature_secret;
    let hex = linecard_simulator::signature::sha256_hex(secret, body.as_bytes());
    assert_eq!(post(hex).await?.status(), 401, "hex is Meta's way");
    assert_eq!(post(sign("other", body.as_bytes())).await?.status(), 401);
    let bare = client
        .post(middleware.webhook_url())
        .body(body.clone())
        .send()
        .await?;
    assert_eq!(bare.status(), 401);
    let changes = [
        ("/type", json!("text")),
        ("/direction", json!("Inbound")),
        ("/channel/id", json!("another")),
        ("/channel/messageId", json!("another")),
        ("/channel/time", json!("yesterday")),
        ("/channel/platform", json!("Closed")),
        ("/channel/to", json!({})),
        ("/text", json!("")),
        ("/originatingEntity", json!("Robot")),
    ];
    for (place, value) in changes {
        let mut wrong = notification("out-2", "Hello");
        *wrong.pointer_mut(place).expect("the place") = value;
        assert_eq!(notify(&middleware, &wrong).await?, 400, "{place}");
    }
    let quick = |action: &str| {
        let mut body = notification("out-3", "Choose");
        body["type"] = json!("Structured");
        body["content"] = json!([{ "contentType": "QuickReply",
            "quickReply": { "text": "Yes", "payload": "Y", "action": action } }]);
        body
    };
    assert_eq!(notify(&middleware, &quick("Link")).await?, 400);
    assert!(middleware.customers().delivered(ANN).is_empty());
    assert_eq!(notify(&middleware, &quick("Message")).await?, 200);
    let entries = middleware.record().of(Direction::FromHub, "webhook");
    assert!(
        entries
            .iter()
            .any(|entry| entry.notes.iter().any(|note| note.contains("/direction")))
    );
    Ok(())
}

#[tokio::test]
async fn faults_strike_notifications() -> anyhow::Result<()> {
    let (_hub, middleware) = start().await?;
    middleware
        .faults()
        .next_on("webhook", 1, Fault::unavailable_503());
    assert_eq!(
        notify(&middleware, &notification("out-1", "Hello")).await?,
        503
    );
    assert!(middleware.customers().delivered(ANN).is_empty());
    middleware
        .faults()
        .next_on("webhook", 1, Fault::TimeoutAfterEffect);
    assert!(
        notify(&middleware, &notification("out-1", "Hello"))
            .await
            .is_err()
    );
    assert_eq!(
        notify(&middleware, &notification("out-1", "Hello")).await?,
        200
    );
    let customer = middleware.customer(ANN).expect("she exists");
    assert_eq!(
        (customer.delivered().count(), customer.repeated.len()),
        (1, 1)
    );
    Ok(())
}

#[test]
fn recorded_notifications_are_valid() {
    let Some(shared) = shared() else { return };
    let folder = shared.join("samples/open_messaging");
    let mut seen = 0;
    for file in std::fs::read_dir(folder).expect("a folder") {
        let path = file.expect("an entry").path();
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        if !name.contains("-outbound-") {
            continue;
        }
        let text = std::fs::read_to_string(path).expect("readable");
        let body: Value = serde_json::from_str(&text).expect("JSON");
        let integration = body["channel"]["id"].as_str().unwrap_or_default();
        let found = problems(&body, integration);
        if name.contains("unknown-content") {
            assert_eq!(found.len(), 1, "{name}: {found:?}");
        } else {
            assert!(found.is_empty(), "{name}: {found:?}");
        }
        seen += 1;
    }
    assert!(seen >= 6, "{seen}");
}

#[tokio::test]
async fn a_page_shows_what_customers_see_newest_first_and_runs_its_own_script_alone()
-> anyhow::Result<()> {
    let (_hub, simulator) = start().await?;
    simulator.add_customer("bea", Profile::named("Bea", "<b>Example</b>"));
    for (who, text) in [(ANN, "first"), ("bea", "second")] {
        simulator.say(who, Said::text(text)).await;
        simulator.clock().advance(std::time::Duration::from_secs(1));
    }
    let get = async |path: &str| -> anyhow::Result<reqwest::Response> {
        let address = format!("{}/_sim/{path}", simulator.base_url());
        Ok(reqwest::get(address).await?.error_for_status()?)
    };
    for part in ["show", "show.js", "show.css"] {
        let served = get(part).await?;
        let policy = served.headers()["content-security-policy"].to_str()?;
        assert!(!policy.contains("unsafe"), "{policy}");
    }
    let latest: Value = get("latest").await?.json().await?;
    assert_eq!(latest["network"]["name"], "Web chat");
    assert_eq!(latest["all"], 2);
    let names: Vec<&str> = latest["customers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["name"].as_str())
        .collect();
    assert_eq!(names, ["Bea <b>Example</b>", "Ann Example"]);
    assert_eq!(latest["customers"][0]["last"]["text"], "second");
    let one: Value = get("latest?limit=1").await?.json().await?;
    assert_eq!(one["customers"].as_array().map(Vec::len), Some(1));
    // What the page's form sends is what the network takes.
    let mut said = latest["network"]["ways"][0]["say"].clone();
    said["text"] = json!("by the page");
    let sent = reqwest::Client::new()
        .post(format!("{}/_sim/customers/bea/say", simulator.base_url()))
        .json(&said)
        .send()
        .await?;
    let delivery: Value = sent.error_for_status()?.json().await?;
    assert_eq!(delivery["acknowledged"], true, "{delivery}");
    Ok(())
}
