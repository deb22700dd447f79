//! What the page sends to the hub: handshake, signatures, shapes, and the ways of delivery.

use std::collections::BTreeSet;
use std::time::Duration;

use linecard_simulator::graph::{
    AfterSend, GraphOptions, GraphSimulator, Incoming, MediaKind, WebhookDelivery, webhook,
};
use linecard_simulator::{Author, Direction, RetryPolicy, SimulatorError, signature};
use serde_json::{Value, json};

use crate::hub::{Hub, keys, shared};

const PSID: &str = "1234567890123456";

async fn start(delivery: WebhookDelivery) -> anyhow::Result<(Hub, GraphSimulator)> {
    let hub = Hub::start().await?;
    let simulator = GraphSimulator::start(GraphOptions {
        callback_url: Some(hub.url("/webhook")),
        delivery,
        ..GraphOptions::default()
    })
    .await?;
    Ok((hub, simulator))
}

#[tokio::test]
async fn the_handshake_needs_the_challenge_back() -> anyhow::Result<()> {
    let (hub, page) = start(WebhookDelivery::default()).await?;
    page.subscribe().await?;
    let received = hub.received("/webhook");
    assert!(
        received[0].query.contains("hub.mode=subscribe"),
        "{received:?}"
    );
    assert_eq!(page.subscribe_with("wrong").await?, 403);
    let record = page.record().of(Direction::ToHub, "handshake");
    let statuses: Vec<_> = record.iter().map(|entry| entry.status).collect();
    assert_eq!(statuses, [Some(200), Some(403)]);
    assert!(!format!("{page:?}").contains("simulated-app-secret"));
    assert!(!format!("{page:?}").contains("simulated-page-token"));
    page.set_callback_url("http://127.0.0.1:9/webhook".parse()?);
    let Err(unreachable) = page.subscribe().await else {
        panic!("nobody listens on the discard port");
    };
    assert!(!format!("{unreachable:?}").contains("simulated-verify-token"));
    let unset = GraphSimulator::start(GraphOptions::default()).await?;
    assert!(matches!(
        unset.subscribe().await,
        Err(SimulatorError::NoHub { .. })
    ));
    Ok(())
}

#[test]
fn signatures_match_the_vectors() {
    let Some(shared) = shared() else { return };
    let text = std::fs::read_to_string(shared.join("specs/signature-vectors.json"));
    let vectors: Value = serde_json::from_str(&text.expect("readable")).expect("JSON");
    let mut compared = 0;
    for vector in vectors["vectors"].as_array().into_iter().flatten() {
        let word = |name: &str| vector[name].as_str().unwrap_or_default();
        let Some(hex) = vector["body_hex"].as_str() else {
            if word("purpose").starts_with("appsecret_proof") {
                let proof = signature::app_secret_proof(word("secret"), word("access_token"));
                assert_eq!(proof, word("expected"));
                compared += 1;
            }
            continue;
        };
        let bytes: Vec<u8> = (0..hex.len() / 2)
            .map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).expect("hex"))
            .collect();
        match word("platform") {
            "meta" => {
                assert_eq!(webhook::sign(word("secret"), &bytes), word("expected"));
                let legacy = webhook::sign_legacy(word("secret"), &bytes);
                assert_eq!(legacy, word("legacy_header_X-Hub-Signature"));
            }
            "genesys-open-messaging" => assert_eq!(
                signature::sha256_base64(word("secret"), &bytes),
                word("expected")
            ),
            _ => continue,
        }
        compared += 1;
    }
    assert!(compared >= 8, "{compared}");
}

#[tokio::test]
async fn bodies_are_escaped_and_signed_as_sent() -> anyhow::Result<()> {
    let (hub, page) = start(WebhookDelivery::default()).await?;
    let delivery = page.say(PSID, Incoming::text("Grüße 😀 a/b \"<&>")).await;
    assert!(delivery.acknowledged, "{delivery:?}");
    let received = hub.received("/webhook");
    let text = std::str::from_utf8(&received[0].body)?;
    assert!(text.is_ascii(), "{text}");
    assert!(
        text.contains(r#"Gr\u00fc\u00dfe \ud83d\ude00 a\/b \"<&>"#),
        "{text}"
    );
    let secret = &page.options().app_secret;
    assert_eq!(
        received[0].header("x-hub-signature-256"),
        webhook::sign(secret, &received[0].body)
    );
    assert_eq!(
        received[0].header("x-hub-signature"),
        webhook::sign_legacy(secret, &received[0].body)
    );
    let item = &hub.items()[0];
    assert_eq!(item["message"]["text"], "Grüße 😀 a/b \"<&>");
    assert_eq!(item["message"]["mid"], delivery.message_id.as_str());
    let built = webhook::text_message("1", "2", "m_3", 4, "ä");
    assert_eq!(
        serde_json::from_slice::<Value>(&webhook::to_bytes(&built))?,
        built
    );
    Ok(())
}

#[tokio::test]
async fn only_200_ends_the_retries() -> anyhow::Result<()> {
    let (hub, page) = start(WebhookDelivery::default()).await?;
    hub.answer_next(&[500, 503, 202, 200]);
    let delivery = page.say(PSID, Incoming::text("Hello")).await;
    assert!(delivery.acknowledged);
    assert_eq!((delivery.attempts, delivery.status), (4, Some(200)));
    let bodies: BTreeSet<_> = hub
        .received("/webhook")
        .into_iter()
        .map(|one| one.body)
        .collect();
    assert_eq!(bodies.len(), 1, "the same bytes each time");
    assert_eq!(page.record().tally(Direction::ToHub, "webhook").started, 4);

    let retry = RetryPolicy {
        attempts: 2,
        ..RetryPolicy::fast()
    };
    page.set_delivery(WebhookDelivery {
        retry,
        ..WebhookDelivery::default()
    });
    hub.answer_next(&[500, 500]);
    let delivery = page.say(PSID, Incoming::text("Hello?")).await;
    assert!(!delivery.acknowledged);
    assert_eq!(delivery.problem.as_deref(), Some("the hub answered 500"));
    Ok(())
}

#[tokio::test]
async fn events_come_twice_lost_batched_and_in_disorder() -> anyhow::Result<()> {
    let plain = WebhookDelivery::default();
    let (hub, page) = start(WebhookDelivery {
        duplicates: 1.0,
        ..plain.clone()
    })
    .await?;
    let delivery = page.say(PSID, Incoming::text("twice")).await;
    hub.until("the copy came", |hub| hub.items().len() == 2)
        .await;
    for item in hub.items() {
        assert_eq!(item["message"]["mid"], delivery.message_id.as_str());
    }
    page.set_delivery(WebhookDelivery {
        losses: 1.0,
        ..plain.clone()
    });
    let lost = page.say(PSID, Incoming::text("never")).await;
    assert_eq!((lost.acknowledged, lost.attempts), (false, 0));

    page.set_delivery(WebhookDelivery {
        batch: 5,
        items_per_entry: 2,
        disorder: true,
        gather: Duration::from_millis(200),
        ..plain
    });
    let texts: Vec<String> = (0..15).map(|n| format!("number {n}")).collect();
    let said = futures::future::join_all(
        texts
            .iter()
            .map(|text| page.say(PSID, Incoming::text(text.as_str()))),
    )
    .await;
    assert!(said.iter().all(|delivery| delivery.acknowledged));
    let items = hub.items();
    let came: Vec<&str> = items[2..]
        .iter()
        .map(|item| item["message"]["text"].as_str().unwrap_or_default())
        .collect();
    assert_ne!(came, texts.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(came.iter().collect::<BTreeSet<_>>().len(), 15);
    let largest = hub.received("/webhook").into_iter().map(|one| one.json());
    let shapes: Vec<Vec<usize>> = largest
        .map(|body| {
            let entries = body["entry"].as_array().cloned().unwrap_or_default();
            entries
                .iter()
                .map(|entry| entry["messaging"].as_array().map_or(0, Vec::len))
                .collect()
        })
        .collect();
    assert!(shapes.contains(&vec![2, 2, 1]), "{shapes:?}");
    Ok(())
}

#[tokio::test]
async fn a_send_is_followed_by_echo_and_receipts() -> anyhow::Result<()> {
    let (hub, page) = start(WebhookDelivery::default()).await?;
    page.say(PSID, Incoming::text("Hello")).await;
    let send = |metadata: &'static str| {
        reqwest::Client::new()
            .post(format!("{}/v25.0/me/messages", page.base_url()))
            .bearer_auth("simulated-page-token")
            .json(
                &json!({ "recipient": { "id": PSID }, "messaging_type": "RESPONSE",
                "message": { "text": "Hi", "metadata": metadata } }),
            )
            .send()
    };
    let answer: Value = send("our-1").await?.json().await?;
    hub.until("three events follow", |hub| hub.items().len() == 4)
        .await;
    let items = hub.items();
    let find = |kind: &str| items.iter().find(|item| item[kind].is_object()).cloned();
    let echo = items
        .iter()
        .find(|item| item["message"]["is_echo"] == true)
        .expect("an echo");
    assert_eq!(echo["message"]["mid"], answer["message_id"]);
    assert_eq!(echo["message"]["metadata"], "our-1");
    assert_eq!(echo["message"]["app_id"], 200_000_000_000_001_u64);
    assert_eq!(
        (&echo["sender"]["id"], &echo["recipient"]["id"]),
        (&json!("100000000000001"), &json!(PSID))
    );
    assert_eq!(
        find("delivery").expect("a receipt")["delivery"]["mids"][0],
        answer["message_id"]
    );
    assert!(find("read").expect("a receipt")["read"]["watermark"].is_i64());
    page.set_after_send(AfterSend {
        echo: false,
        delivered: false,
        read: false,
        delay_ms: 0,
    });
    send("our-2").await?;
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(hub.items().len(), 4);
    // A person answers in the page's inbox: an echo without the hub's app.
    page.say(
        PSID,
        Incoming::PageInbox {
            text: "From the inbox".to_owned(),
            app_id: None,
        },
    )
    .await;
    let echo = hub.items().pop().expect("an echo");
    assert_eq!(echo["message"]["is_echo"], true);
    assert!(echo["message"].get("app_id").is_none());
    let customer = page.customer(PSID).expect("she exists");
    assert_eq!(
        customer.conversation.last().map(|turn| turn.author),
        Some(Author::Inbox)
    );
    assert_eq!(customer.delivered().count(), 2);
    Ok(())
}

/// One of each kind of event, and the recorded sample of that kind where there is one.
fn kinds(mid: &str) -> Vec<(Incoming, Option<&'static str>)> {
    let mid = mid.to_owned();
    let url = "https://example.com/media".to_owned();
    let media = |media| Incoming::Media {
        media,
        url: url.clone(),
        text: None,
    };
    vec![
        (
            Incoming::text("plain"),
            Some("c-batch-two-entries-three-events"),
        ),
        (
            Incoming::Text {
                text: "reply".to_owned(),
                reply_to: Some(mid.clone()),
            },
            Some("messaging-message-reply-1"),
        ),
        (
            media(MediaKind::Image),
            Some("messaging-message-media-attachment"),
        ),
        (
            media(MediaKind::Audio),
            Some("messaging-message-media-attachment"),
        ),
        (
            media(MediaKind::Video),
            Some("messaging-message-media-attachment"),
        ),
        (
            media(MediaKind::File),
            Some("messaging-message-media-attachment"),
        ),
        (
            Incoming::Location {
                lat: 52.5,
                long: 13.4,
            },
            Some("messaging-message-location-attachment"),
        ),
        (
            Incoming::Fallback {
                title: "A page".to_owned(),
                url: url.clone(),
            },
            Some("messaging-message-fallback-attachment"),
        ),
        (
            Incoming::Template {
                payload: json!({ "product": { "elements": [] } }),
            },
            Some("messaging-message-product-template"),
        ),
        (Incoming::Share { url: url.clone() }, None),
        (
            Incoming::Reel {
                url: url.clone(),
                title: "A reel".to_owned(),
                reel_video_id: 5,
            },
            None,
        ),
        // Recorded stickers are older than the type `sticker`.
        (
            Incoming::Sticker {
                sticker_id: 369_239_263_222_822,
            },
            None,
        ),
        (
            Incoming::QuickReply {
                title: "Red".to_owned(),
                payload: "RED".to_owned(),
            },
            Some("messaging-message-quickreply"),
        ),
        (
            Incoming::Postback {
                title: "Start".to_owned(),
                payload: "START".to_owned(),
            },
            Some("c-batch-two-entries-three-events"),
        ),
        (
            Incoming::Referral {
                reference: "ad-1".to_owned(),
                source: "SHORTLINK".to_owned(),
            },
            Some("messaging-referral-basic"),
        ),
        (
            Incoming::React {
                mid: mid.clone(),
                reaction: "sad".to_owned(),
                emoji: "😢".to_owned(),
            },
            Some("messaging-reaction-1"),
        ),
        (
            Incoming::Unreact { mid: mid.clone() },
            Some("messaging-reaction-2"),
        ),
        (
            Incoming::Edit {
                mid: mid.clone(),
                text: "changed".to_owned(),
            },
            Some("messaging-message-edits"),
        ),
        (
            Incoming::Unsend { mid: mid.clone() },
            Some("messaging-message-isdeleted"),
        ),
        (Incoming::Read, Some("messaging-read-basic")),
        (
            Incoming::Delivered { mids: vec![mid] },
            Some("messaging-delivery-basic"),
        ),
        (
            Incoming::OptIn {
                reference: "r".to_owned(),
                user_ref: None,
            },
            Some("messaging-optin-basic"),
        ),
        (
            Incoming::OptIn {
                reference: "r".to_owned(),
                user_ref: Some("u".to_owned()),
            },
            Some("botman-calls_optin_event"),
        ),
        (
            Incoming::Standby {
                text: "not for us".to_owned(),
            },
            None,
        ),
        // The sample spells the member with a hyphen, the published reference does not.
        (
            Incoming::Policy {
                action: "block".to_owned(),
                reason: "spam".to_owned(),
            },
            None,
        ),
        (Incoming::Unsupported, None),
        (
            Incoming::PageInbox {
                text: "hello, world!".to_owned(),
                app_id: Some(7),
            },
            Some("messaging-message-basic-echo"),
        ),
    ]
}

#[tokio::test]
async fn every_kind_of_event_has_the_shape_of_recorded_ones() -> anyhow::Result<()> {
    let (hub, page) = start(WebhookDelivery::default()).await?;
    let first = page.say(PSID, Incoming::text("first")).await.message_id;
    let samples = shared();
    let mut compared = 0;
    for (what, sample) in kinds(&first) {
        let before = hub.items().len();
        let delivery = page.say(PSID, what.clone()).await;
        assert!(delivery.acknowledged, "{what:?}");
        let item = hub.items().get(before).cloned().expect("an item");
        let (Some(samples), Some(sample)) = (&samples, sample) else {
            continue;
        };
        let path = samples.join(format!("samples/messenger/{sample}.json"));
        let recorded: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
        let mut allowed = BTreeSet::new();
        for entry in recorded["entry"].as_array().into_iter().flatten() {
            for one in entry["messaging"].as_array().into_iter().flatten() {
                keys(one, "", &mut allowed);
            }
        }
        let mut ours = BTreeSet::new();
        keys(&item, "", &mut ours);
        let strange: Vec<_> = ours.difference(&allowed).collect();
        assert!(strange.is_empty(), "{sample} has no {strange:?}");
        compared += 1;
    }
    let standby = hub
        .received("/webhook")
        .into_iter()
        .any(|one| one.json()["entry"][0]["standby"][0]["message"]["text"] == "not for us");
    assert!(standby, "the standby list is beside the messaging list");
    if samples.is_some() {
        assert!(compared > 15, "{compared}");
    }
    let customer = page.customer(PSID).expect("she exists");
    let edited = customer
        .conversation
        .iter()
        .find(|turn| turn.message_id == first);
    let edited = edited.expect("the first message");
    assert!(edited.deleted && edited.edits == 1 && edited.reactions.is_empty());
    Ok(())
}

#[tokio::test]
async fn a_stop_ends_held_calls_and_endless_retries() -> anyhow::Result<()> {
    let (hub, page) = start(WebhookDelivery::default()).await?;
    hub.answer_next(&[500; 500]);
    let page = std::sync::Arc::new(page);
    let sayer = std::sync::Arc::clone(&page);
    let saying = tokio::spawn(async move { sayer.say(PSID, Incoming::text("?")).await });
    hub.until("the first attempt", |hub| !hub.items().is_empty())
        .await;
    saying.abort();
    let _ = saying.await;
    let page = std::sync::Arc::into_inner(page).expect("the last owner");
    page.shutdown().await;
    let after = hub.items().len();
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(
        hub.items().len() <= after + 1,
        "retries go on after the stop"
    );
    Ok(())
}
