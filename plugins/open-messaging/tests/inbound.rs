//! What middlewares post: who may, what it becomes, what they are answered.

use crate::common::*;
use linecard_open_messaging::OpenMessaging;
use linecard_sdk::connector::{Connector as _, Rejection, WebhookRequest};
use linecard_sdk::encode;
use linecard_sdk::events::{
    AttachmentKind, EventKind, Message, PostbackSource, Receipt, ReceiptScope, ReceiptState,
    SentMessage,
};
use linecard_sdk::secrets::Algorithm;
use linecard_sdk::testing::{TestHost, hmac_of};
use serde_json::{Value, json};

fn message(members: Value) -> Message {
    match event("/message", &from_customer(members)).0.kind {
        EventKind::MessageCreated(message) => message,
        other => panic!("no message: {other:?}"),
    }
}

#[test]
fn a_call_is_authenticated_by_the_hub_or_signed() {
    let body = from_customer(json!({ "text": "Hi" })).to_string();
    let post = || {
        let mut post = WebhookRequest::post(body.clone());
        post.path = "/message".to_owned();
        post
    };
    let refused = |request: &WebhookRequest| {
        matches!(
            OpenMessaging::receive(&channel(), request),
            Err(Rejection::BadSignature(_))
        )
    };
    {
        let _host = TestHost::new().install();
        assert!(refused(&post()), "no secret, no signature");
        assert!(refused(
            &post().with_header("linecard-authenticated", "yes")
        ));
        assert!(OpenMessaging::receive(&channel(), &api("/message", body.clone())).is_ok());
    }
    let _host = TestHost::new().secret("inbound-signature", "key").install();
    let mac = hmac_of(Algorithm::Sha256, b"key", body.as_bytes());
    let right = post().with_header(
        "X-Hub-Signature-256",
        format!("sha256={}", encode::base64(&mac)),
    );
    assert!(OpenMessaging::receive(&channel(), &right).is_ok());
    assert!(refused(&post()), "missing");
    let hex = post().with_header(
        "X-Hub-Signature-256",
        format!("sha256={}", encode::hex(&mac)),
    );
    assert!(refused(&hex), "this platform writes base64");
    let mut changed = right;
    changed.body.push(b' ');
    assert!(refused(&changed));
}

#[test]
fn other_methods_and_paths_are_not_taken() {
    let _host = TestHost::new().install();
    let mut get = api("/message", "{}");
    get.method = "GET".to_owned();
    assert!(matches!(
        OpenMessaging::receive(&channel(), &get),
        Err(Rejection::Unsupported(_))
    ));
    let elsewhere = api("/messages", "{}");
    assert!(matches!(
        OpenMessaging::receive(&channel(), &elsewhere),
        Err(Rejection::Unsupported(_))
    ));
}

#[test]
fn a_text_becomes_a_message_and_comes_back_normalized() {
    let mut body = from_customer(
        json!({ "text": "Grüße 😀", "content": null, "unknown": [1], "metadata": { "order": "7" } }),
    );
    body["channel"]["metadata"] = json!({ "customAttributes": { "tier": "gold", "visits": 3 } });
    let (event, answer) = event("/message", &body);
    assert_eq!(
        (event.id.as_str(), event.time),
        ("m-1", TIME_MS),
        "seven digits of a fraction are read"
    );
    assert_eq!(serde_json::from_str::<Value>(&event.raw).unwrap(), body);
    let thread = event.thread.unwrap();
    assert_eq!(thread.key, format!("{INTEGRATION}:{PERSON}"));
    assert_eq!(thread.customer.as_ref().unwrap().id, PERSON);
    let author = event.author.unwrap();
    assert_eq!(
        (
            author.identity.aliases[0].kind.as_str(),
            author.identity.aliases[0].value.as_str()
        ),
        ("email", PERSON)
    );
    let profile = author.profile.unwrap();
    assert_eq!(profile.display_name.as_deref(), Some("Ann Example"));
    assert_eq!(
        (profile.handle.as_deref(), profile.avatar_url.as_deref()),
        (Some("ann"), Some("https://x.example/a.png"))
    );
    let facts: Vec<(&str, &str)> = profile
        .extra
        .iter()
        .map(|fact| (fact.name.as_str(), fact.value.as_str()))
        .collect();
    assert_eq!(
        facts,
        [("tier", "gold"), ("visits", "3"), ("metadata.order", "7")]
    );
    let EventKind::MessageCreated(message) = event.kind else {
        panic!("no message")
    };
    assert_eq!(
        (message.text.as_deref(), message.addressed),
        (Some("Grüße 😀"), Some(true))
    );

    assert_eq!(answer["id"], "m-1");
    assert_eq!(
        (&answer["type"], &answer["direction"], &answer["text"]),
        (&json!("Text"), &json!("Inbound"), &json!("Grüße 😀"))
    );
    assert_eq!(answer["channel"]["platform"], "Open");
    assert_eq!(answer["channel"]["type"], "Private");
    assert_eq!(answer["channel"]["to"], json!({ "id": INTEGRATION }));
    assert_eq!(answer["channel"]["from"], body["channel"]["from"]);
    assert_eq!(answer["channel"]["messageId"], "m-1");
    assert!(answer.get("conversationId").is_none());
}

#[test]
fn a_conversation_id_is_given_when_asked_for_and_stays() {
    let ask = || {
        let _host = TestHost::new().install();
        let mut request = api(
            "/message",
            from_customer(json!({ "text": "x" })).to_string(),
        );
        request
            .query
            .push(("prefetchConversationId".to_owned(), "true".to_owned()));
        let reception = OpenMessaging::receive(&channel(), &request).unwrap();
        let answer: Value = serde_json::from_slice(&reception.response.body).unwrap();
        answer["conversationId"].as_str().unwrap().to_owned()
    };
    let id = ask();
    assert_eq!(
        (id.len(), id.matches('-').count(), id.as_bytes()[14]),
        (36, 4, b'8'),
        "{id}"
    );
    assert_eq!(id, ask());
}

#[test]
fn attachments_are_read_in_every_spelling() {
    let kinds = [
        ("Image", AttachmentKind::Image),
        ("video", AttachmentKind::Video),
        ("Audio", AttachmentKind::Audio),
        ("File", AttachmentKind::File),
        ("Link", AttachmentKind::Link),
        ("Hologram", AttachmentKind::Other),
    ];
    for (name, kind) in kinds {
        let message = message(json!({ "text": null, "content": [{ "attachment": {
            "mediaType": name, "url": "https://x.example/f", "id": "a-1", "mime": "application/pdf", "fileName": "f.pdf", "contentSizeBytes": 9, "sha256": "AB".repeat(32) } }] }));
        assert_eq!(message.text, None);
        let file = &message.attachments[0];
        assert_eq!(
            (file.kind, file.url.as_deref()),
            (kind, Some("https://x.example/f")),
            "{name}"
        );
        assert_eq!(
            (file.name.as_deref(), file.size, file.media_id.as_deref()),
            (Some("f.pdf"), Some(9), Some("a-1"))
        );
        assert_eq!(file.sha256, Some("ab".repeat(32)));
    }
    let two = message(json!({ "text": "both", "content": [
        { "contentType": "Attachment", "attachment": { "mediaType": "Image", "url": "https://x.example/1", "mime": "image/png", "filename": "1.png" } },
        { "contentType": "attachment", "attachment": { "mediaType": "Image", "url": "https://x.example/2", "mime": "image/png" } },
    ] }));
    assert_eq!(
        (two.text.as_deref(), two.attachments.len()),
        (Some("both"), 2)
    );
}

#[test]
fn structured_content_takes_the_contracts_form() {
    let of = |content: Value| {
        let structured = message(json!({ "text": "t", "content": content }))
            .structured
            .unwrap();
        (
            structured.kind,
            serde_json::from_str::<Value>(&structured.json).unwrap(),
        )
    };
    let quick = |text: &str| json!({ "contentType": "QuickReply", "quickReply": { "text": text, "payload": "p", "action": "Message" } });
    assert_eq!(
        of(json!([quick("a"), quick("b")])),
        (
            "quick-replies".into(),
            json!({ "options": [{ "text": "a", "payload": "p" }, { "text": "b", "payload": "p" }] })
        )
    );
    let card = json!({ "title": "T", "image": "https://x.example/i", "actions": [{ "type": "Link", "text": "Go", "url": "https://x.example" }] });
    let normalized = json!({ "title": "T", "image_url": "https://x.example/i", "actions": [{ "type": "link", "text": "Go", "url": "https://x.example" }] });
    assert_eq!(
        of(json!([{ "contentType": "Card", "card": card }])),
        ("card".into(), normalized.clone())
    );
    assert_eq!(
        of(json!([{ "contentType": "Carousel", "carousel": { "cards": [card] } }])),
        ("carousel".into(), json!({ "cards": [normalized] }))
    );
    let unknown = json!({ "contentType": "SomethingNew", "somethingNew": { "a": 1 } });
    assert_eq!(of(json!([unknown])), ("SomethingNew".into(), unknown));
    let place = message(json!({ "content": [{ "contentType": "Location", "location": { "latitude": 48.2, "longitude": 16.4, "text": "Here" } }] })).location.unwrap();
    assert!((place.latitude - 48.2).abs() < 1e-9);
    assert_eq!(place.name.as_deref(), Some("Here"));
    let strange = message(
        json!({ "text": "t", "content": [7, { "contentType": "Location", "location": "?" }] }),
    );
    assert!(
        strange.structured.unwrap().json.contains('7'),
        "nothing is dropped"
    );
}

#[test]
fn choices_become_postbacks() {
    let sources = [
        ("Button", PostbackSource::Button),
        ("quickreply", PostbackSource::QuickReply),
        ("DatePicker", PostbackSource::Date),
        ("ListPicker", PostbackSource::ListRow),
    ];
    for (name, source) in sources {
        let choice = json!({ "type": name, "text": "Yes", "payload": "YES" });
        let (event_read, answer) = event(
            "/structured/response",
            &from_customer(json!({ "buttonResponse": choice, "originatingMessageId": "o-1" })),
        );
        let EventKind::Postback(postback) = &event_read.kind else {
            panic!("no choice")
        };
        assert_eq!(
            (
                postback.source,
                postback.title.as_str(),
                postback.payload.as_str()
            ),
            (source, "Yes", "YES")
        );
        assert_eq!(
            (postback.in_reply_to.as_deref(), event_read.id.as_str()),
            (Some("o-1"), "m-1")
        );
        assert_eq!(
            (&answer["type"], &answer["text"]),
            (&json!("Structured"), &json!("Yes"))
        );
        assert_eq!(answer["content"][0]["buttonResponse"], choice);

        let content = json!([{ "contentType": "ButtonResponse", "buttonResponse": { "type": name, "text": "Yes", "payload": "YES", "originatingMessageId": "o-2" } }]);
        let (event, _) = event(
            "/message",
            &from_customer(json!({ "text": "Yes", "content": content })),
        );
        let EventKind::Postback(postback) = event.kind else {
            panic!("no choice")
        };
        assert_eq!(
            (postback.source, postback.in_reply_to.as_deref()),
            (source, Some("o-2"))
        );
    }
}

#[test]
fn typing_has_a_beginning_and_may_have_an_end() {
    let typing = |item: Value| {
        let mut body = from_customer(json!({ "events": [item] }));
        body["channel"].as_object_mut().unwrap().remove("messageId");
        event("/event", &body)
    };
    let (on, answer) =
        typing(json!({ "eventType": "Typing", "typing": { "type": "On", "duration": 5000 } }));
    assert_eq!(on.kind, EventKind::Typing(true));
    assert_eq!(
        (&answer["type"], &answer["events"][0]["eventType"]),
        (&json!("Event"), &json!("Typing"))
    );
    assert_eq!(
        typing(json!({ "eventType": "Typing" })).0.kind,
        EventKind::Typing(true)
    );
    assert_eq!(
        typing(json!({ "eventType": "Typing", "typing": { "type": "Off" } }))
            .0
            .kind,
        EventKind::Typing(false)
    );
    assert_eq!(
        typing(json!({ "eventType": "Presence" })).0.kind,
        EventKind::Other("Presence".to_owned())
    );
    let two = take(
        "/event",
        &from_customer(json!({ "events": [{ "eventType": "Typing" }, 7] })),
    )
    .unwrap()
    .events;
    assert_ne!(two[0].id, two[1].id);
}

fn receipt(status: &str, reasons: Value) -> (Receipt, linecard_sdk::events::Event, Value) {
    let (event, answer) = event(
        "/receipt",
        &json!({
            "id": ACTION,
            "channel": { "to": { "id": PERSON }, "from": { "id": INTEGRATION }, "time": TIME },
            "status": status, "reasons": reasons, "isFinalReceipt": true,
        }),
    );
    let EventKind::Receipt(receipt) = event.kind.clone() else {
        panic!("no receipt")
    };
    (receipt, event, answer)
}

#[test]
fn receipts_find_the_hubs_message() {
    let states = [
        ("Sent", ReceiptState::Sent),
        ("Published", ReceiptState::Sent),
        ("delivered", ReceiptState::Delivered),
        ("Read", ReceiptState::Read),
        ("Failed", ReceiptState::Failed),
        ("Removed", ReceiptState::Failed),
    ];
    for (status, state) in states {
        let (receipt, event, answer) = receipt(status, json!([]));
        assert_eq!(receipt.state, state, "{status}");
        assert_eq!(
            receipt.scope,
            ReceiptScope::ClientRef(SentMessage {
                client_ref: ACTION.to_owned(),
                id: Some(ACTION.to_owned()),
            })
        );
        let thread = event.thread.unwrap();
        assert_eq!(
            thread.key,
            format!("{INTEGRATION}:{PERSON}"),
            "the message went to the customer"
        );
        assert_eq!(
            (&answer["id"], &answer["type"], &answer["status"]),
            (&json!(ACTION), &json!("Receipt"), &json!(status))
        );
        assert_eq!(receipt.reason.is_some(), state == ReceiptState::Failed);
    }
    let (failed, failed_event, _) = receipt(
        "Failed",
        json!([{ "code": "RecipientOptedOut", "message": "no more" }]),
    );
    let reason = failed.reason.unwrap();
    assert_eq!(
        (reason.code.as_str(), reason.text.as_str()),
        ("RecipientOptedOut", "no more")
    );
    assert_ne!(failed_event.id, receipt("Read", Value::Null).1.id);
    assert_eq!(
        failed_event.id,
        receipt("Failed", Value::Null).1.id,
        "the same news again"
    );

    let (event, _) = event(
        "/receipt",
        &json!({ "id": "x", "channel": {}, "status": "Delivered" }),
    );
    let EventKind::Receipt(receipt) = event.kind else {
        panic!("no receipt")
    };
    assert_eq!(
        (receipt.scope, event.thread),
        (ReceiptScope::Messages(vec!["x".to_owned()]), None)
    );
}

#[test]
fn the_older_endpoint_takes_everything_and_names_the_integration() {
    for path in ["", "/"] {
        let mut body = from_customer(
            json!({ "id": "older", "type": "Text", "direction": "Inbound", "text": "Hi" }),
        );
        body["channel"]["to"] = json!({ "id": INTEGRATION });
        assert!(matches!(
            event(path, &body).0.kind,
            EventKind::MessageCreated(_)
        ));
        body["channel"]["to"] = json!({ "id": "another" });
        assert!(matches!(
            take(path, &body),
            Err(Rejection::NotForThisChannel(_))
        ));

        let choice = from_customer(json!({ "buttonResponse": { "text": "a", "payload": "b" } }));
        assert!(matches!(
            event(path, &choice).0.kind,
            EventKind::Postback(_)
        ));
        let typing =
            from_customer(json!({ "type": "Event", "events": [{ "eventType": "Typing" }] }));
        assert!(matches!(
            event(path, &typing).0.kind,
            EventKind::Typing(true)
        ));
        let receipt = json!({ "id": ACTION, "type": "Receipt", "status": "Delivered",
            "channel": { "to": { "id": PERSON }, "from": { "id": INTEGRATION }, "time": TIME } });
        assert!(matches!(
            event(path, &receipt).0.kind,
            EventKind::Receipt(_)
        ));
    }
}

#[test]
fn a_message_without_an_id_gets_the_same_one_each_time() {
    let mut body = from_customer(json!({ "text": "Hi" }));
    body["channel"].as_object_mut().unwrap().remove("messageId");
    let (first, answer) = event("/message", &body);
    assert_eq!(first.id, event("/message", &body).0.id);
    assert_eq!(answer["id"], json!(first.id));
    body["channel"]["time"] = json!("2026-01-20T12:00:01Z");
    assert_ne!(first.id, event("/message", &body).0.id);
    body["id"] = json!("older");
    assert_eq!(event("/message", &body).0.id, "older");
}

#[test]
fn an_invalid_body_is_answered_as_the_public_platform_does() {
    let without = |pointer: &str| {
        let mut body = from_customer(json!({ "text": "x" }));
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent)
            .unwrap()
            .as_object_mut()
            .unwrap()
            .remove(name);
        body
    };
    let timed = |time: &str| {
        let mut body = from_customer(json!({ "text": "x" }));
        body["channel"]["time"] = json!(time);
        body
    };
    let cases = [
        ("/message", without("/channel")),
        ("/message", without("/channel/from")),
        ("/message", without("/channel/from/id")),
        ("/message", without("/channel/time")),
        ("/message", timed("yesterday")),
        ("/message", from_customer(json!({}))),
        ("/message", from_customer(json!({ "text": {} }))),
        (
            "/message",
            from_customer(json!({ "text": "x", "direction": "Outbound" })),
        ),
        (
            "/message",
            from_customer(json!({ "text": "", "content": [] })),
        ),
        ("/event", from_customer(json!({ "events": [] }))),
        ("/structured/response", from_customer(json!({}))),
        (
            "/structured/response",
            from_customer(json!({ "buttonResponse": {} })),
        ),
        ("/receipt", json!({ "channel": {}, "status": "Read" })),
        (
            "/receipt",
            json!({ "id": "x", "channel": {}, "status": "Eaten" }),
        ),
        ("", json!([])),
    ];
    for (path, body) in cases {
        let reception = take(path, &body).unwrap();
        assert_eq!(reception.response.status, 400, "{path} {body}");
        assert!(reception.events.is_empty());
        let answer: Value = serde_json::from_slice(&reception.response.body).unwrap();
        assert_eq!(
            (&answer["code"], &answer["status"]),
            (&json!("invalid.value"), &json!(400))
        );
        assert_eq!(
            (&answer["details"], &answer["errors"]),
            (&json!([]), &json!([]))
        );
        assert_eq!(answer["contextId"].as_str().unwrap().len(), 36);
        assert!(!answer["message"].as_str().unwrap().is_empty());
    }
    let _host = TestHost::new().install();
    let mut trailing = from_customer(json!({ "text": "x" })).to_string();
    trailing.push_str(" {}");
    for body in [
        b"{".to_vec(),
        b"\xff".to_vec(),
        Vec::new(),
        trailing.into_bytes(),
    ] {
        let reception = OpenMessaging::receive(&channel(), &api("/message", body)).unwrap();
        assert_eq!(reception.response.status, 400);
    }
}
