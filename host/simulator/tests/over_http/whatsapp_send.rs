//! What the hub may send on WhatsApp, and what the network says about it.

use std::time::Duration;

use linecard_simulator::whatsapp::{ClosedWindow, Incoming, WhatsAppOptions, WhatsAppRules};
use linecard_simulator::{Profile, Reachability};
use reqwest::Method;
use serde_json::{Value, json};

use crate::whatsapp::{ADA, Pair, answered, refusal};

#[tokio::test]
async fn a_text_is_accepted_and_read() -> anyhow::Result<()> {
    let pair = Pair::start(WhatsAppOptions::default()).await?;
    let body = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+1 (650) 555-1234",
        "type": "text",
        "text": { "body": "Hello, wörld 👋", "preview_url": false },
        "biz_opaque_callback_data": "ours-1",
    });
    let (status, answer) = pair.send(body).await;
    assert_eq!(status, 200);
    let id = answer["messages"][0]["id"].as_str().unwrap_or_default();
    assert!(id.starts_with("wamid.HBgLMTY1MDU1NTEyMzQVAgARGB"), "{id}");
    assert_eq!(
        answer["contacts"],
        json!([{ "input": "+1 (650) 555-1234", "wa_id": ADA }])
    );
    let statuses = pair.statuses(id, 3).await;
    let words: Vec<&str> = statuses
        .iter()
        .filter_map(|status| status["status"].as_str())
        .collect();
    assert_eq!(words, ["sent", "delivered", "read"]);
    assert_eq!(statuses[0]["recipient_id"], ADA);
    assert_eq!(statuses[0]["biz_opaque_callback_data"], "ours-1");
    assert_eq!(statuses[0]["pricing"]["type"], "free_customer_service");
    assert_eq!(statuses[0]["pricing"]["category"], "service");
    assert!(statuses[0]["conversation"]["expiration_timestamp"].is_string());
    assert!(statuses[2].get("pricing").is_none());
    let seen = pair.network.customers().delivered(ADA);
    assert_eq!(seen[0].text, "Hello, wörld 👋");
    assert_eq!(seen[0].reference.as_deref(), Some("ours-1"));
    Ok(())
}

#[tokio::test]
async fn every_kind_reaches_the_customer() -> anyhow::Result<()> {
    let pair = Pair::start(WhatsAppOptions::default()).await?;
    let link = "https://example.com/a.bin";
    let contact = json!({
        "name": { "formatted_name": "Ada Brooks", "first_name": "Ada" },
        "phones": [{ "phone": "+1 650 555 1234", "type": "HOME" }],
    });
    let button =
        |id: &str, title: &str| json!({ "type": "reply", "reply": { "id": id, "title": title } });
    for content in [
        json!({ "text": { "body": "without a type" } }),
        json!({ "type": "image", "image": { "link": link, "caption": "A" } }),
        json!({ "type": "video", "video": { "link": link } }),
        json!({ "type": "audio", "audio": { "link": link } }),
        json!({ "type": "document", "document": { "link": link, "filename": "a.pdf" } }),
        json!({ "type": "sticker", "sticker": { "link": link } }),
        json!({ "type": "location", "location": { "latitude": 37.4, "longitude": "-122.1", "name": "HQ" } }),
        json!({ "type": "contacts", "contacts": [contact] }),
        json!({ "type": "interactive", "interactive": {
            "type": "button", "body": { "text": "Choose" }, "footer": { "text": "F" },
            "header": { "type": "image", "image": { "link": link } },
            "action": { "buttons": [button("a", "Yes"), button("b", "No"), button("c", "Later")] },
        } }),
        json!({ "type": "interactive", "interactive": {
            "type": "list", "body": { "text": "Choose" }, "header": { "type": "text", "text": "H" },
            "action": { "button": "Open", "sections": [
                { "title": "S", "rows": [{ "id": "1", "title": "One", "description": "D" }] },
                { "title": "T", "rows": [{ "id": "2", "title": "Two" }] },
            ] },
        } }),
        json!({ "type": "interactive", "interactive": {
            "type": "cta_url", "body": { "text": "See" },
            "action": { "name": "cta_url", "parameters": { "display_text": "Go", "url": link } },
        } }),
        json!({ "type": "interactive", "interactive": {
            "type": "location_request_message", "body": { "text": "Where?" },
            "action": { "name": "send_location" },
        } }),
    ] {
        let (status, answer) = pair.to_ada(content.clone()).await;
        assert_eq!(status, 200, "{content}: {answer}");
    }
    let seen = pair.network.customers().delivered(ADA);
    assert_eq!(seen.len(), 12);
    assert_eq!(seen[1].text, "A");
    assert_eq!(seen[1].attachments[0]["type"], "image");
    assert_eq!(seen[8].structured.len(), 3);
    assert_eq!(seen[9].structured[1]["id"], "2");
    Ok(())
}

#[tokio::test]
async fn what_is_wrong_is_refused_by_name() -> anyhow::Result<()> {
    let pair = Pair::start(WhatsAppOptions::default()).await?;
    let reply =
        |id: &str, title: &str| json!({ "type": "reply", "reply": { "id": id, "title": title } });
    let buttons = |buttons: Vec<Value>| {
        json!({ "type": "interactive", "interactive": {
        "type": "button", "body": { "text": "?" }, "action": { "buttons": buttons } } })
    };
    let rows: Vec<Value> = (0..11)
        .map(|at| json!({ "id": at.to_string(), "title": "Row" }))
        .collect();
    let list = json!({ "type": "interactive", "interactive": {
        "type": "list", "body": { "text": "?" },
        "action": { "button": "Open", "sections": [{ "rows": rows }] } } });
    for (content, code, details) in [
        (
            json!({ "type": "jpeg" }),
            100,
            "Param type must be one of {AUDIO, CONTACTS",
        ),
        (
            json!({ "type": "text" }),
            100,
            "The parameter text is required.",
        ),
        (
            json!({ "type": "text", "text": { "body": "" } }),
            100,
            "text['body'] is required",
        ),
        (
            json!({ "type": "text", "text": { "body": "x".repeat(4097) } }),
            100,
            "Param text['body'] must be at most 4096 characters long.",
        ),
        (
            json!({ "type": "text", "text": { "body": 1 } }),
            100,
            "text['body'] must be a string",
        ),
        (
            json!({ "type": "text", "text": { "body": "x", "mode": "y" } }),
            100,
            "Unexpected key \"mode\" on param \"text\".",
        ),
        (
            json!({ "type": "image", "image": {} }),
            100,
            "image['id'] is required",
        ),
        (
            json!({ "type": "image", "image": { "id": "1", "link": "https://example.com" } }),
            131_009,
            "Only one",
        ),
        (
            json!({ "type": "image", "image": { "id": "404" } }),
            100,
            "Param image['id'] is not a valid whatsapp business account media attachment ID",
        ),
        (
            json!({ "type": "image", "image": { "link": "file:///etc/passwd" } }),
            100,
            "image['link']",
        ),
        (
            json!({ "type": "audio", "audio": { "link": "https://example.com", "caption": "no" } }),
            100,
            "Unexpected key \"caption\"",
        ),
        (
            json!({ "type": "image", "image": { "link": "https://example.com", "caption": "x".repeat(1025) } }),
            100,
            "at most 1024",
        ),
        (
            json!({ "type": "location", "location": { "latitude": 91, "longitude": 0 } }),
            131_009,
            "invalid",
        ),
        (
            json!({ "type": "contacts", "contacts": [] }),
            100,
            "contacts is required",
        ),
        (
            json!({ "type": "contacts", "contacts": [{ "name": {} }] }),
            100,
            "contacts[0]['name']['formatted_name'] is required",
        ),
        (
            json!({ "type": "reaction", "reaction": { "message_id": "wamid.x", "emoji": "no" } }),
            131_009,
            "emoji",
        ),
        (
            buttons(vec![]),
            131_009,
            "Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3",
        ),
        (
            buttons(vec![
                reply("a", "1"),
                reply("b", "2"),
                reply("c", "3"),
                reply("d", "4"),
            ]),
            131_009,
            "Invalid buttons count",
        ),
        (
            buttons(vec![reply("a", &"x".repeat(21))]),
            131_009,
            "Button title length invalid. Min length: 1, Max length: 20",
        ),
        (
            buttons(vec![reply("a", "1"), reply("a", "2")]),
            131_009,
            "unique",
        ),
        (
            buttons(vec![json!({ "type": "reply", "reply": { "id": "a" } })]),
            100,
            "The parameter interactive['action']['buttons'][0]['reply']['title'] is required.",
        ),
        (
            list,
            131_009,
            "Total row count exceed max allowed count: 10",
        ),
        (
            json!({ "type": "interactive", "interactive": { "type": "button", "action": {} } }),
            100,
            "interactive['body'] is required",
        ),
        (
            json!({ "to": "", "text": { "body": "x" } }),
            131_008,
            "The parameter to is required.",
        ),
        (
            json!({ "to": "nobody", "text": { "body": "x" } }),
            131_009,
            "phone number",
        ),
        (
            json!({ "to": "15550783881", "text": { "body": "x" } }),
            131_021,
            "Sender and recipient",
        ),
        (
            json!({ "messaging_product": "sms", "text": { "body": "x" } }),
            100,
            "must be one of {WHATSAPP}",
        ),
        (
            json!({ "recipient_type": "group", "text": { "body": "x" } }),
            100,
            "recipient_type",
        ),
    ] {
        let answer = pair.to_ada(content.clone()).await;
        let found = refusal(&answer);
        assert_eq!((found.0, found.1), (400, code), "{content}: {answer:?}");
        assert!(found.2.contains(details), "{content}: {answer:?}");
    }
    assert!(pair.network.customers().delivered(ADA).is_empty());
    let wrong = pair.call(Method::POST, "999/messages").json(&json!({}));
    assert_eq!(refusal(&answered(wrong).await).1, 100);
    Ok(())
}

#[tokio::test]
async fn the_window_closes_after_a_day() -> anyhow::Result<()> {
    let pair = Pair::start(WhatsAppOptions::default()).await?;
    pair.network.clock().advance(Duration::from_hours(24));
    let id = pair.text_to_ada("too late").await;
    let statuses = pair.statuses(&id, 1).await;
    assert_eq!(statuses[0]["status"], "failed");
    assert_eq!(statuses[0]["errors"][0]["code"], 131_047);
    assert_eq!(statuses[0]["errors"][0]["title"], "Re-engagement message");
    assert!(statuses[0].get("pricing").is_none());
    pair.network.set_rules(WhatsAppRules {
        closed_window: ClosedWindow::Refused,
        ..WhatsAppRules::default()
    });
    let text = json!({ "text": { "body": "too late" } });
    assert_eq!(refusal(&pair.to_ada(text.clone()).await).1, 131_047);
    let template = json!({ "type": "template", "template": {
        "name": "hello_world", "language": { "code": "en_US" } } });
    let (status, answer) = pair.to_ada(template).await;
    assert_eq!(
        (status, &answer["messages"][0]["message_status"]),
        (200, &json!("accepted"))
    );
    assert_eq!(pair.network.customers().delivered(ADA).len(), 1);
    pair.network.say(ADA, Incoming::text("Here I am")).await;
    assert_eq!(pair.to_ada(text).await.0, 200);
    Ok(())
}

#[tokio::test]
async fn strangers_and_the_unwilling_are_told_by_status() -> anyhow::Result<()> {
    let pair = Pair::start(WhatsAppOptions::default()).await?;
    let failed = async |to: &str| {
        let body = json!({ "messaging_product": "whatsapp", "to": to, "text": { "body": "x" } });
        let (status, answer) = pair.send(body).await;
        assert_eq!(status, 200, "{answer}");
        let id = answer["messages"][0]["id"].as_str().unwrap_or_default();
        pair.statuses(id, 1).await[0].clone()
    };
    assert_eq!(failed("4915100000000").await["errors"][0]["code"], 131_026);
    let customers = pair.network.customers();
    customers.set_reachability(ADA, Reachability::Unavailable);
    assert_eq!(failed(ADA).await["errors"][0]["code"], 131_026);
    customers.set_reachability(ADA, Reachability::Blocked);
    assert_eq!(failed(ADA).await["status"], "sent");
    customers.set_reachability(ADA, Reachability::Available);
    assert!(pair.network.fail_next(1, 131_049));
    assert!(!pair.network.fail_next(1, 7));
    assert_eq!(failed(ADA).await["errors"][0]["code"], 131_049);
    let gone =
        json!({ "type": "reaction", "reaction": { "message_id": "wamid.gone", "emoji": "👍" } });
    let (_, answer) = pair.to_ada(gone).await;
    let id = answer["messages"][0]["id"].as_str().unwrap_or_default();
    assert_eq!(pair.statuses(id, 1).await[0]["errors"][0]["code"], 131_009);
    assert!(customers.delivered(ADA).is_empty());
    Ok(())
}

#[tokio::test]
async fn reactions_receipts_and_answers_find_their_message() -> anyhow::Result<()> {
    let pair = Pair::start(WhatsAppOptions::default()).await?;
    let said = pair
        .network
        .say(ADA, Incoming::text("Where?"))
        .await
        .message_id;
    let number = pair.network.options().phone_number_id.clone();
    let react = |emoji: &str| json!({ "type": "reaction", "reaction": { "message_id": said, "emoji": emoji } });
    assert_eq!(pair.to_ada(react("👍")).await.0, 200);
    let turn = || {
        let customer = pair.network.customer(ADA).expect("Ada");
        let mut turns = customer.conversation.into_iter();
        turns
            .find(|turn| turn.message_id == said)
            .expect("the message")
    };
    assert_eq!(
        turn().reactions.get(&number).map(String::as_str),
        Some("👍")
    );
    assert_eq!(pair.to_ada(react("")).await.0, 200);
    assert!(turn().reactions.is_empty());
    let mark = json!({
        "messaging_product": "whatsapp", "status": "read", "message_id": said,
        "typing_indicator": { "type": "text" },
    });
    assert_eq!(pair.send(mark).await, (200, json!({ "success": true })));
    let signals = pair.network.customer(ADA).expect("Ada").signals;
    assert_eq!(signals, ["mark_seen", "typing_on"]);
    let unknown =
        json!({ "messaging_product": "whatsapp", "status": "read", "message_id": "wamid.x" });
    assert_eq!(refusal(&pair.send(unknown).await).1, 131_009);
    let answer = |to: &str| json!({ "context": { "message_id": to }, "text": { "body": "There" } });
    pair.to_ada(answer(&said)).await;
    pair.to_ada(answer("wamid.gone")).await;
    let seen = pair.network.customers().delivered(ADA);
    assert_eq!(seen[0].reply_to.as_deref(), Some(said.as_str()));
    assert_eq!(seen[1].reply_to, None);
    Ok(())
}

#[tokio::test]
async fn pairs_and_numbers_have_limits() -> anyhow::Result<()> {
    let pair = Pair::start(WhatsAppOptions::default()).await?;
    for _ in 0..45 {
        pair.text_to_ada("one of many").await;
    }
    let text = json!({ "text": { "body": "one too many" } });
    assert_eq!(refusal(&pair.to_ada(text.clone()).await).1, 131_056);
    pair.network.clock().advance(Duration::from_secs(6));
    assert_eq!(pair.to_ada(text.clone()).await.0, 200);
    pair.network.set_rules(WhatsAppRules {
        messages_per_second: 0,
        ..WhatsAppRules::default()
    });
    let hit = pair.to_ada(text).await;
    assert_eq!(
        refusal(&hit),
        (
            429,
            130_429,
            "Cloud API message throughput has been reached."
        )
    );
    assert_eq!(hit.1["error"]["message"], "(#130429) Rate limit hit");
    Ok(())
}

#[tokio::test]
async fn user_ids_serve_as_recipients() -> anyhow::Result<()> {
    let pair = Pair::start(WhatsAppOptions::default()).await?;
    let user_id = pair.network.user_id(ADA);
    let message = |to: Value| {
        let mut message = json!({ "messaging_product": "whatsapp", "text": { "body": "Hi" } });
        for (name, value) in to.as_object().into_iter().flatten() {
            message[name] = value.clone();
        }
        message
    };
    let (_, answer) = pair.send(message(json!({ "recipient": user_id }))).await;
    assert_eq!(
        answer["contacts"],
        json!([{ "input": user_id, "user_id": user_id }])
    );
    let id = answer["messages"][0]["id"].as_str().unwrap_or_default();
    let status = pair.statuses(id, 1).await[0].clone();
    assert_eq!(status["recipient_user_id"], user_id.as_str());
    assert!(status.get("recipient_id").is_none(), "{status}");
    // The number goes before the user id.
    let both = message(json!({ "to": ADA, "recipient": "US.1" }));
    assert_eq!(pair.send(both).await.1["contacts"][0]["wa_id"], ADA);
    let (_, answer) = pair.send(message(json!({ "recipient": "US.404" }))).await;
    let id = answer["messages"][0]["id"].as_str().unwrap_or_default();
    assert_eq!(pair.statuses(id, 1).await[0]["errors"][0]["code"], 131_026);
    assert_eq!(
        refusal(&pair.send(message(json!({ "recipient": "ada" }))).await).1,
        131_009
    );
    // Somebody whose number nobody knows.
    let hidden = "DE.4242424242";
    pair.network
        .add_customer(hidden, Profile::named("Grace", "Hopper"));
    pair.network.say(hidden, Incoming::text("Hello")).await;
    let wrote = pair.told("messages").pop().unwrap_or_default();
    assert_eq!(wrote["from_user_id"], hidden);
    assert!(wrote.get("from").is_none());
    pair.send(message(json!({ "recipient": hidden }))).await;
    assert_eq!(pair.network.customers().delivered(hidden).len(), 1);
    Ok(())
}
