//! What the WhatsApp number tells the hub: messages of every kind, statuses, who it names how.

use std::time::Duration;

use linecard_simulator::graph::{WebhookDelivery, webhook};
use linecard_simulator::whatsapp::{
    Forwarded, Happening, Identifiers, Incoming, MediaKind, Status, WhatsAppOptions, WhatsAppRules,
};
use linecard_simulator::{Direction, Fault, RetryPolicy};
use serde_json::{Value, json};

use crate::whatsapp::{ADA, Pair, refusal};

async fn said(pair: &Pair, what: impl Into<Incoming>) -> Value {
    let delivery = pair.network.say(ADA, what).await;
    assert!(delivery.acknowledged, "{delivery:?}");
    pair.told("messages").pop().unwrap_or_default()
}

#[tokio::test]
async fn the_handshake_and_the_signature() -> anyhow::Result<()> {
    let pair = Pair::start(WhatsAppOptions::default()).await?;
    pair.network.subscribe().await?;
    assert_eq!(pair.network.subscribe_with("wrong").await?, 403);
    said(&pair, Incoming::text("Grüße/👋")).await;
    let received = pair.hub.received("/webhook");
    let last = received.last().expect("a webhook");
    let text = String::from_utf8(last.body.clone())?;
    assert!(text.contains(r"Gr\u00fc\u00dfe\/\ud83d\udc4b"), "{text}");
    let secret = &pair.network.options().app_secret;
    let signature = last.header("x-hub-signature-256");
    assert_eq!(signature, webhook::sign(secret, &last.body));
    let body = last.json();
    assert_eq!(body["object"], "whatsapp_business_account");
    assert_eq!(body["entry"][0]["id"], "102290129340398");
    let change = &body["entry"][0]["changes"][0];
    assert_eq!(change["field"], "messages");
    assert_eq!(
        change["value"]["metadata"],
        json!({ "display_phone_number": "15550783881", "phone_number_id": "106540352242922" })
    );
    assert!(!format!("{:?}", pair.network).contains("simulated-whatsapp-token"));
    assert!(!format!("{:?}", pair.network).contains("simulated-app-secret"));
    Ok(())
}

#[tokio::test]
async fn messages_of_every_kind() -> anyhow::Result<()> {
    let pair = Pair::start(WhatsAppOptions::default()).await?;
    let ours = pair.text_to_ada("Choose").await;
    let message = said(&pair, Incoming::text("Hi").replying_to(&ours)).await;
    assert_eq!(message["type"], "text");
    assert_eq!(message["text"], json!({ "body": "Hi" }));
    assert_eq!(
        message["context"],
        json!({ "from": "15550783881", "id": ours })
    );
    assert_eq!(message["from"], ADA);
    assert!(
        message["timestamp"]
            .as_str()
            .is_some_and(|time| time.len() == 10)
    );
    let id = message["id"].as_str().unwrap_or_default().to_owned();
    assert!(id.starts_with("wamid.HBgLMTY1MDU1NTEyMzQVAgASGB"), "{id}");

    let forwarded = Incoming {
        forwarded: Forwarded::Often,
        ..Incoming::text("joke")
    };
    let message = said(&pair, forwarded).await;
    assert_eq!(message["context"], json!({ "frequently_forwarded": true }));
    let referred = Incoming {
        referral: Some(json!({ "source_type": "ad" })),
        product: Some(json!({ "catalog_id": "1" })),
        ..Incoming::text("more?")
    };
    let message = said(&pair, referred).await;
    assert_eq!(message["referral"]["source_type"], "ad");
    assert_eq!(message["context"]["referred_product"]["catalog_id"], "1");

    let picture = pair.network.add_media("image/jpeg", "a picture");
    let message = said(&pair, Incoming::media(MediaKind::Image, &picture)).await;
    let image = message["id"].as_str().unwrap_or_default().to_owned();
    assert_eq!(message["image"]["id"], picture.as_str());
    // The checksum of the content, in BASE64.
    assert_eq!(
        message["image"]["sha256"],
        "krL6WAKJWDF+QIvYTs+nD17jWxIZkdvCMsSdFmNTcIs="
    );
    assert!(message["image"].get("url").is_none());
    let voice = pair.network.add_media("audio/ogg; codecs=opus", "sound");
    let voice = Happening::Media {
        media: MediaKind::Audio,
        id: voice,
        caption: None,
        filename: None,
        voice: true,
        animated: false,
    };
    assert_eq!(said(&pair, voice).await["audio"]["voice"], true);

    let reply = Happening::ButtonReply {
        id: "a".to_owned(),
        title: "Yes".to_owned(),
    };
    let message = said(&pair, Incoming::from(reply).replying_to(&ours)).await;
    assert_eq!(
        message["interactive"],
        json!({ "type": "button_reply", "button_reply": { "id": "a", "title": "Yes" } })
    );
    let button = Happening::Button {
        text: "Stop".to_owned(),
        payload: "STOP".to_owned(),
    };
    let message = said(&pair, Incoming::from(button).replying_to(&ours)).await;
    assert_eq!(
        message["button"],
        json!({ "text": "Stop", "payload": "STOP" })
    );
    let flow = Happening::FlowReply {
        response: json!({ "a": 1 }),
    };
    let message = said(&pair, flow).await;
    assert_eq!(
        message["interactive"]["nfm_reply"]["response_json"],
        "{\"a\":1}"
    );

    let message = said(&pair, Incoming::reaction(&ours, Some("👍"))).await;
    assert_eq!(
        message["reaction"],
        json!({ "message_id": ours, "emoji": "👍" })
    );
    let seen = |id: &str| {
        let customer = pair.network.customer(ADA).expect("Ada");
        customer
            .conversation
            .into_iter()
            .find(|turn| turn.message_id == id)
            .expect("a message")
    };
    assert_eq!(seen(&ours).reactions[ADA], "👍");
    let message = said(&pair, Incoming::reaction(&ours, None)).await;
    assert_eq!(message["reaction"], json!({ "message_id": ours }));
    assert!(seen(&ours).reactions.is_empty());

    let edit = |id: &str, text: &str| Happening::Edit {
        message_id: id.to_owned(),
        text: text.to_owned(),
    };
    let message = said(&pair, edit(&id, "Hello")).await;
    assert_eq!(message["edit"]["original_message_id"], id.as_str());
    assert_eq!(
        message["edit"]["message"],
        json!({ "type": "text", "text": { "body": "Hello" } })
    );
    assert_eq!((seen(&id).text.as_str(), seen(&id).edits), ("Hello", 1));
    let message = said(&pair, edit(&image, "Below")).await;
    assert_eq!(message["edit"]["message"]["image"]["caption"], "Below");
    let message = said(
        &pair,
        Happening::Revoke {
            message_id: id.clone(),
        },
    )
    .await;
    assert_eq!(message["revoke"], json!({ "original_message_id": id }));
    assert!(seen(&id).deleted);

    let unsupported = Happening::Unsupported {
        kind: Some("poll".to_owned()),
    };
    let message = said(&pair, unsupported).await;
    assert_eq!(message["type"], "unsupported");
    assert_eq!(message["errors"][0]["code"], 131_051);
    assert_eq!(message["unsupported"], json!({ "type": "poll" }));
    let raw = Happening::Raw {
        message: json!({ "type": "request_welcome", "timestamp": "1" }),
    };
    let message = said(&pair, raw).await;
    assert_eq!(
        (&message["type"], &message["timestamp"]),
        (&json!("request_welcome"), &json!("1"))
    );
    assert_eq!(message["from"], ADA);
    Ok(())
}

#[tokio::test]
async fn errors_statuses_and_other_fields() -> anyhow::Result<()> {
    let pair = Pair::start(WhatsAppOptions::default()).await?;
    pair.network
        .say(ADA, Happening::AccountError { code: 131_031 })
        .await;
    let change = pair.hub.changes().pop().unwrap_or_default();
    assert_eq!(change["value"]["errors"][0]["code"], 131_031);
    assert!(change["value"].get("messages").is_none());
    let field = Happening::Field {
        field: "account_update".to_owned(),
        value: json!({ "event": "ACCOUNT_DELETED" }),
    };
    pair.network.say(ADA, field).await;
    let change = pair.hub.changes().pop().unwrap_or_default();
    assert_eq!(
        change,
        json!({ "field": "account_update", "value": { "event": "ACCOUNT_DELETED" } })
    );
    let stop = Happening::MarketingPreference { stop: true };
    pair.network.say(ADA, stop).await;
    let change = pair.hub.changes().pop().unwrap_or_default();
    assert_eq!(change["field"], "user_preferences");
    assert_eq!(change["value"]["user_preferences"][0]["value"], "stop");
    let mut statuses = pair.network.options().statuses;
    statuses.played = true;
    pair.network.set_statuses(statuses);
    let audio = json!({ "type": "audio", "audio": { "link": "https://example.com/a.ogg" } });
    let (_, answer) = pair.to_ada(audio).await;
    let id = answer["messages"][0]["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    assert_eq!(pair.statuses(&id, 4).await[3]["status"], "played");
    let again = Happening::Status {
        message_id: id.clone(),
        status: Status::Failed,
        code: Some(131_000),
    };
    pair.network.say(ADA, again).await;
    assert_eq!(pair.statuses(&id, 5).await[4]["errors"][0]["code"], 131_000);
    let before = pair.told("statuses")[0]["timestamp"].clone();
    pair.network.set_rules(WhatsAppRules {
        clock_skew_seconds: -3600,
        ..WhatsAppRules::default()
    });
    let late = said(&pair, Incoming::text("late")).await["timestamp"].clone();
    let seconds = |time: &Value| time.as_str().and_then(|time| time.parse::<i64>().ok());
    assert!(
        seconds(&late) < seconds(&before).map(|time| time - 3000),
        "{late}"
    );
    Ok(())
}

#[tokio::test]
async fn people_are_named_as_the_number_is_set_up() -> anyhow::Result<()> {
    let pair = Pair::start(WhatsAppOptions {
        identifiers: Identifiers::PhoneNumbers,
        parent_user_ids: true,
        media_urls: true,
        ..WhatsAppOptions::default()
    })
    .await?;
    let user_id = pair.network.user_id(ADA);
    let contact = || pair.told("contacts").pop().unwrap_or_default();
    assert_eq!(
        contact(),
        json!({ "profile": { "name": "Ada Brooks" }, "wa_id": ADA })
    );
    let ours = pair.text_to_ada("Hi").await;
    let status = pair.statuses(&ours, 1).await[0].clone();
    assert!(status.get("recipient_user_id").is_none(), "{status}");

    pair.network.set_identifiers(Identifiers::UserIds);
    let picture = pair.network.add_media("image/png", "x");
    let message = said(&pair, Incoming::media(MediaKind::Image, picture)).await;
    assert!(message.get("from").is_none());
    assert_eq!(message["from_user_id"], user_id.as_str());
    assert!(
        message["from_parent_user_id"]
            .as_str()
            .is_some_and(|id| id.starts_with("US.ENT."))
    );
    assert!(
        message["image"]["url"]
            .as_str()
            .is_some_and(|url| url.contains("source=webhook"))
    );
    assert_eq!(contact()["profile"]["username"], "@ada.brooks");
    assert!(contact().get("wa_id").is_none());
    let ours = pair.text_to_ada("Hi").await;
    let status = pair.statuses(&ours, 1).await[0].clone();
    assert!(status.get("recipient_id").is_none(), "{status}");
    assert_eq!(status["recipient_user_id"], user_id.as_str());

    pair.network.set_identifiers(Identifiers::Both);
    let hash = Happening::ChangeIdentity {
        hash: "abc".to_owned(),
    };
    let message = said(&pair, hash).await;
    assert_eq!(message["identity"]["hash"], "abc");
    assert_eq!(
        (&message["from"], &message["from_user_id"]),
        (&json!(ADA), &json!(user_id))
    );
    let number = Happening::ChangeNumber {
        phone: "+1 219 555 5358".to_owned(),
    };
    let message = said(&pair, number).await;
    assert_eq!(message["from"], ADA);
    assert_eq!(message["system"]["wa_id"], "12195555358");
    assert_eq!(message["system"]["type"], "user_changed_number");
    assert_eq!(
        message["system"]["body"],
        "User Ada Brooks changed from 16505551234 to 12195555358"
    );
    let message = said(&pair, Incoming::text("It is me")).await;
    assert_eq!(message["from"], "12195555358");
    // The old number leads nowhere, the new one to Ada.
    let to = |phone: &str| json!({ "messaging_product": "whatsapp", "to": phone, "text": { "body": "Hi" } });
    let before = pair.network.customers().delivered(ADA).len();
    let (_, answer) = pair.send(to(ADA)).await;
    let id = answer["messages"][0]["id"].as_str().unwrap_or_default();
    assert_eq!(pair.statuses(id, 1).await[0]["status"], "failed");
    pair.send(to("12195555358")).await;
    assert_eq!(pair.network.customers().delivered(ADA).len(), before + 1);

    let change = |as_update| Happening::ChangeUserId {
        user_id: format!("US.77{}", u8::from(as_update)),
        as_update,
    };
    let message = said(&pair, change(false)).await;
    assert!(message.get("from").is_none());
    assert_eq!(message["system"]["type"], "user_changed_user_id");
    assert_eq!(message["system"]["user_id"], "US.770");
    pair.network.say(ADA, change(true)).await;
    let update = pair.hub.changes().pop().unwrap_or_default();
    assert_eq!(update["field"], "user_id_update");
    assert_eq!(
        update["value"]["user_id_update"][0]["user_id"],
        json!({ "previous": "US.770", "current": "US.771" })
    );
    Ok(())
}

#[tokio::test]
async fn webhooks_come_twice_in_disorder_and_in_batches() -> anyhow::Result<()> {
    let pair = Pair::start(WhatsAppOptions::default()).await?;
    pair.network.set_delivery(WebhookDelivery {
        duplicates: 1.0,
        batch: 6,
        items_per_entry: 3,
        disorder: true,
        gather: Duration::from_millis(300),
        ..WebhookDelivery::default()
    });
    let calls = pair.hub.received("/webhook").len();
    let texts = ["1", "2", "3", "4", "5", "6"];
    let says = texts.map(|text| pair.network.say(ADA, Incoming::text(text)));
    for delivery in futures::future::join_all(says).await {
        assert!(delivery.acknowledged, "{delivery:?}");
    }
    pair.hub
        .until("the copies are there", |hub| {
            hub.received("/webhook").len() >= calls + 2
        })
        .await;
    let body = pair.hub.received("/webhook")[calls].json();
    assert_eq!(body["entry"].as_array().map(Vec::len), Some(2));
    let value = &body["entry"][0]["changes"][0]["value"];
    assert_eq!(
        value["messages"].as_array().map(Vec::len),
        Some(3),
        "{body}"
    );
    assert_eq!(value["contacts"].as_array().map(Vec::len), Some(1));
    let mut ids: Vec<String> = pair
        .told("messages")
        .iter()
        .map(|one| one["id"].to_string())
        .collect();
    assert_eq!(ids.len(), 13);
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 7);
    pair.network.set_delivery(WebhookDelivery {
        retry: RetryPolicy {
            first_pause: Duration::from_millis(1),
            ..RetryPolicy::fast()
        },
        ..WebhookDelivery::default()
    });
    pair.hub.answer_next(&[500, 201, 404]);
    let delivery = pair.network.say(ADA, Incoming::text("again")).await;
    assert_eq!((delivery.acknowledged, delivery.attempts), (true, 4));
    Ok(())
}

#[tokio::test]
async fn access_ends_and_faults_strike() -> anyhow::Result<()> {
    let pair = Pair::start(WhatsAppOptions {
        require_subscription: false,
        ..WhatsAppOptions::default()
    })
    .await?;
    let text = || json!({ "text": { "body": "x" } });
    pair.network.set_token_expired(true);
    let answer = pair.to_ada(text()).await;
    assert_eq!((answer.0, refusal(&answer).1), (401, 190));
    assert_eq!(answer.1["error"]["error_subcode"], 463);
    pair.network.set_token_expired(false);
    pair.network.set_revoked(true);
    assert_eq!(refusal(&pair.to_ada(text()).await).1, 10);
    pair.network.set_revoked(false);
    pair.network
        .faults()
        .next_on("send", 1, Fault::TimeoutAfterEffect);
    pair.network.faults().set_hold(Duration::from_millis(20));
    assert_eq!(pair.to_ada(text()).await.0, 504);
    assert_eq!(pair.network.customers().delivered(ADA).len(), 1);
    pair.network.set_access_token("another");
    assert_eq!(refusal(&pair.to_ada(text()).await).1, 190);
    let control = format!("{}/_sim/faults", pair.network.base_url());
    pair.network.set_access_token(crate::whatsapp::TOKEN);
    let plan = |fault: &str| {
        let call = reqwest::Client::new().post(&control);
        call.json(&json!({ "fault": fault, "operation": "send" }))
            .send()
    };
    for (fault, status, code) in [
        ("131056", 400, 131_056),
        ("130429", 429, 130_429),
        ("131016", 500, 131_016),
        ("rate_limited_80007", 400, 80_007),
        ("rate_limited_4", 403, 4),
        ("permission_revoked", 403, 10),
        ("transient", 500, 1),
    ] {
        assert_eq!(plan(fault).await?.status(), 204, "{fault}");
        let answer = pair.to_ada(text()).await;
        assert_eq!((answer.0, refusal(&answer).1), (status, code), "{fault}");
    }
    assert_eq!(plan("7").await?.status(), 400);
    let record = pair.network.record().of(Direction::FromHub, "send");
    assert!(
        record
            .iter()
            .all(|entry| !format!("{entry:?}").contains(crate::whatsapp::TOKEN))
    );
    Ok(())
}
