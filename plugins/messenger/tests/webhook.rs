//! Handshake, signature and every kind of webhook event.

use crate::common::*;
use linecard_messenger::Messenger;
use linecard_sdk::connector::{Connector as _, Rejection, WebhookRequest};
use linecard_sdk::events::{
    AttachmentKind, ChannelState, EventKind, PostbackSource, ReceiptScope, ReceiptState, Visibility,
};
use linecard_sdk::secrets::Algorithm;
use linecard_sdk::testing::{TestHost, hmac_of};
use linecard_sdk::{encode, log};
use serde_json::{Value, json};

fn handshake(mode: &str, token: &str) -> (u16, String) {
    let _host = host().install();
    let query = [
        ("hub.mode", mode),
        ("hub.challenge", "007 & more"),
        ("hub.verify_token", token),
    ];
    let reception = Messenger::receive(&channel(), &WebhookRequest::get(query)).unwrap();
    assert!(reception.events.is_empty());
    (
        reception.response.status,
        String::from_utf8(reception.response.body).unwrap(),
    )
}

#[test]
fn the_challenge_goes_back_as_it_came_and_only_for_the_right_token() {
    assert_eq!(
        handshake("subscribe", "meatyhamhock"),
        (200, "007 & more".to_owned())
    );
    assert_eq!(handshake("subscribe", "meatyhamhocks").0, 403);
    assert_eq!(handshake("unsubscribe", "meatyhamhock").0, 403);
    let _host = TestHost::new().install();
    let query = [
        ("hub.mode", "subscribe"),
        ("hub.challenge", "1"),
        ("hub.verify_token", ""),
    ];
    let reception = Messenger::receive(&channel(), &WebhookRequest::get(query)).unwrap();
    assert_eq!(
        reception.response.status, 403,
        "a channel without a token takes no handshake"
    );
    let reception = Messenger::receive(&channel(), &WebhookRequest::get([("a", "b")])).unwrap();
    assert_eq!(reception.response.status, 403);
}

#[test]
fn only_the_sha256_signature_of_these_bytes_is_accepted() {
    let _host = host().install();
    let body = br#"{"object":"page","entry":[]}"#;
    assert!(Messenger::receive(&channel(), &signed(body)).is_ok());

    let refused = |request: WebhookRequest| {
        matches!(
            Messenger::receive(&channel(), &request),
            Err(Rejection::BadSignature(_))
        )
    };
    let sha1 = encode::hex(&hmac_of(Algorithm::Sha1, b"app-secret", body));
    let post = || WebhookRequest::post(body);
    assert!(refused(post()));
    assert!(refused(
        post().with_header("x-hub-signature", format!("sha1={sha1}"))
    ));
    assert!(refused(
        post().with_header("x-hub-signature-256", format!("sha1={sha1}"))
    ));
    assert!(refused(
        post().with_header("x-hub-signature-256", format!("sha256={sha1}"))
    ));
    let mut other = signed(body);
    other.body[2] ^= 1;
    assert!(refused(other));
    let wrong_key = encode::hex(&hmac_of(Algorithm::Sha256, b"another", body));
    assert!(refused(post().with_header(
        "x-hub-signature-256",
        format!("sha256={wrong_key}")
    )));
}

#[test]
fn other_methods_and_paths_are_not_taken() {
    let _host = host().install();
    let mut put = signed("{}");
    put.method = "PUT".to_owned();
    assert!(matches!(
        Messenger::receive(&channel(), &put),
        Err(Rejection::Unsupported(_))
    ));
    let mut elsewhere = signed("{}");
    elsewhere.path = "/else".to_owned();
    assert!(matches!(
        Messenger::receive(&channel(), &elsewhere),
        Err(Rejection::Unsupported(_))
    ));
}

#[test]
fn a_signed_body_that_is_no_delivery_is_malformed() {
    for body in [
        "",
        "{",
        "[]",
        r#"{"entry":[]}"#,
        r#"{"object":"page","entry":7}"#,
        "\u{feff}{}",
    ] {
        assert!(
            matches!(receive(body), Err(Rejection::Malformed(_))),
            "{body}"
        );
    }
    assert!(matches!(
        receive(b"{\"object\":\"\xff\"}".to_vec()),
        Err(Rejection::Malformed(_))
    ));
}

#[test]
fn entries_of_other_pages_are_left_to_their_channels() {
    let entry = |page: Value, mid: &str| json!({ "id": page, "time": THEN, "messaging": [from_customer(json!({ "message": { "mid": mid, "text": "x" } }))] });
    let foreign = json!({ "object": "page", "entry": [entry(json!("2"), "a")] });
    assert!(matches!(
        receive(foreign.to_string()),
        Err(Rejection::NotForThisChannel(_))
    ));
    let instagram = json!({ "object": "instagram", "entry": [entry(json!(PAGE), "a")] });
    let ignored = receive(instagram.to_string()).unwrap();
    assert_eq!(
        (ignored.response.status, ignored.events.len()),
        (200, 0),
        "Meta stops a subscription over refusals"
    );

    let number: Value = PAGE.parse::<u64>().unwrap().into();
    let mixed = json!({ "object": "page", "entry": [entry(json!("2"), "a"), entry(number, "b")] });
    let host = host().install();
    let reception = Messenger::receive(&channel(), &signed(mixed.to_string())).unwrap();
    let ids: Vec<&str> = reception
        .events
        .iter()
        .map(|event| event.id.as_str())
        .collect();
    assert_eq!(ids, ["b"], "the id may be a number");
    assert!(
        host.log()
            .iter()
            .any(|(level, line)| *level == log::Level::Warn && line.contains('2'))
    );
}

#[test]
fn one_strange_item_costs_nothing_but_itself() {
    let body = json!({ "object": "page", "unknown": 1, "entry": [
        { "id": PAGE, "time": THEN, "messaging": [
            7,
            { "sender": { "id": PSID }, "message": { "mid": 5 } },
            from_customer(json!({ "message": { "mid": "m1", "text": "one", "unknown": {} } })),
            {},
            from_customer(json!({ "brand_new": { "a": 1 } })),
        ] },
        "not an entry",
        { "id": PAGE, "time": THEN },
        { "id": PAGE, "changes": [{ "field": "feed", "value": {} }] },
    ] });
    let events = receive(body.to_string()).unwrap().events;
    let kinds: Vec<String> = events
        .iter()
        .map(|event| match &event.kind {
            EventKind::Other(name) => name.clone(),
            EventKind::MessageCreated(message) => message.id.clone(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        kinds,
        [
            "item",
            // An id may be a number.
            "5",
            "m1",
            "empty",
            "brand_new",
            "entry",
            "entry",
            "page-change"
        ]
    );
    assert_eq!(events[0].raw, "7");
    assert!(events[4].raw.contains("\"brand_new\":{\"a\":1}"));
}

#[test]
fn a_text_has_thread_author_and_time() {
    let item = from_customer(
        json!({ "message": { "mid": "m_1", "text": "Grüße 😀", "reply_to": { "mid": "m_0" } } }),
    );
    let event = event(item.clone());
    assert_eq!((event.id.as_str(), event.time), ("m_1", THEN));
    let thread = event.thread.unwrap();
    assert_eq!(thread.key, format!("{PAGE}:{PSID}"));
    assert_eq!(thread.visibility, Visibility::Private);
    assert_eq!(thread.customer.unwrap().id, PSID);
    assert_eq!(event.author.unwrap().identity.id, PSID);
    assert_eq!(serde_json::from_str::<Value>(&event.raw).unwrap(), item);
    let EventKind::MessageCreated(message) = event.kind else {
        panic!("no message")
    };
    assert_eq!(message.text.as_deref(), Some("Grüße 😀"));
    assert_eq!(message.parent.as_deref(), Some("m_0"));
    assert_eq!(message.addressed, Some(true));
}

#[test]
fn every_type_of_attachment_is_read() {
    let url = "https://cdn.fbsbx.com/a";
    let of = |kind: &str, payload: Value| {
        message(json!({ "mid": "m", "attachments": [{ "type": kind, "payload": payload }] }))
    };
    let expected = [
        ("image", AttachmentKind::Image),
        ("audio", AttachmentKind::Audio),
        ("video", AttachmentKind::Video),
        ("file", AttachmentKind::File),
        ("sticker", AttachmentKind::Sticker),
        ("share", AttachmentKind::Share),
        ("reel", AttachmentKind::Share),
        ("ig_reel", AttachmentKind::Share),
        ("hologram", AttachmentKind::Other),
    ];
    for (name, kind) in expected {
        let attachment = of(name, json!({ "url": url })).attachments.remove(0);
        assert_eq!(attachment.kind, kind, "{name}");
        assert_eq!(attachment.url.as_deref(), Some(url));
        assert_eq!(attachment.label.as_deref(), Some(name));
    }
    let place = of(
        "location",
        json!({ "coordinates": { "lat": 48.2, "long": 16.4 } }),
    )
    .location
    .unwrap();
    assert!((place.latitude - 48.2).abs() < 1e-9 && (place.longitude - 16.4).abs() < 1e-9);
    let fallback = message(json!({ "mid": "m", "attachments": [
        { "type": "fallback", "title": "A page", "url": "https://example.com/", "payload": "BLOB" }] }));
    assert_eq!(fallback.attachments[0].kind, AttachmentKind::Link);
    assert_eq!(
        fallback.attachments[0].url.as_deref(),
        Some("https://example.com/")
    );
    assert_eq!(fallback.attachments[0].name.as_deref(), Some("A page"));
    let product = of(
        "template",
        json!({ "product": { "elements": [{ "id": "1" }] } }),
    )
    .structured
    .unwrap();
    assert_eq!(
        (product.kind.as_str(), product.json.as_str()),
        ("product", r#"{"product":{"elements":[{"id":"1"}]}}"#)
    );
    let strange = message(json!({ "mid": "m", "text": "t", "attachments": [null, 3] }));
    assert_eq!(
        (strange.text.as_deref(), strange.attachments.len()),
        (Some("t"), 2)
    );
    let unsupported = message(json!({ "mid": "m", "is_unsupported": true }));
    assert_eq!(
        unsupported.attachments[0].label.as_deref(),
        Some("unsupported")
    );
}

#[test]
fn a_sticker_is_one_sticker_in_the_old_form_the_new_and_both() {
    let old = json!({ "type": "image", "payload": { "url": "https://x.example/s.png", "sticker_id": 369_239_263_222_822_u64 } });
    let new = json!({ "type": "sticker", "payload": { "url": "https://x.example/s.png", "sticker_id": 369_239_263_222_822_u64 } });
    for attachments in [json!([old]), json!([new]), json!([old, new])] {
        let message = message(
            json!({ "mid": "m", "sticker_id": 369_239_263_222_822_u64, "attachments": attachments }),
        );
        assert_eq!(message.attachments.len(), 1);
        assert_eq!(message.attachments[0].kind, AttachmentKind::Sticker);
        assert_eq!(
            message.attachments[0].media_id.as_deref(),
            Some("369239263222822")
        );
    }
}

#[test]
fn quick_replies_and_postbacks_are_choices() {
    let quick = event(from_customer(
        json!({ "message": { "mid": "m_q", "text": "Red", "quick_reply": { "payload": "R" }, "reply_to": { "mid": "m_ask" } } }),
    ));
    assert_eq!(quick.id, "m_q");
    let EventKind::Postback(choice) = quick.kind else {
        panic!("no choice")
    };
    assert_eq!(choice.source, PostbackSource::QuickReply);
    assert_eq!(
        (choice.title.as_str(), choice.payload.as_str()),
        ("Red", "R")
    );
    assert_eq!(
        (choice.message_id.as_deref(), choice.in_reply_to.as_deref()),
        (Some("m_q"), Some("m_ask"))
    );

    let button = event(from_customer(
        json!({ "postback": { "mid": "m_p", "title": "Go", "payload": "GO" } }),
    ));
    assert_eq!(button.id, "m_p");
    let EventKind::Postback(choice) = button.kind else {
        panic!("no choice")
    };
    assert_eq!(choice.source, PostbackSource::Button);

    let item = from_customer(
        json!({ "postback": { "title": "Get Started", "payload": "START",
        "referral": { "ref": "spring", "source": "SHORTLINK", "type": "OPEN_THREAD" } } }),
    );
    let started = event(item.clone());
    assert_eq!(
        started.id,
        event(item).id,
        "an item without an id gets the same one each time"
    );
    assert!(started.id.starts_with("postback:"));
    let EventKind::Postback(choice) = started.kind else {
        panic!("no choice")
    };
    assert_eq!(choice.source, PostbackSource::GetStarted);
    assert_eq!(
        choice.referral.unwrap().reference.as_deref(),
        Some("spring")
    );
}

#[test]
fn referrals_and_optins_say_how_the_customer_came_in() {
    let ad = event(from_customer(
        json!({ "referral": { "ref": "r", "source": "ADS", "type": "OPEN_THREAD", "ad_id": 6045, "ads_context_data": { "ad_title": "T" } } }),
    ));
    let EventKind::Referral(referral) = ad.kind else {
        panic!("no referral")
    };
    assert_eq!(
        (referral.source.as_str(), referral.ad_id.as_deref()),
        ("ADS", Some("6045"))
    );
    assert!(referral.extra.unwrap().contains("ad_title"));

    let checkbox = event(
        json!({ "recipient": { "id": PAGE }, "timestamp": THEN, "optin": { "ref": "o", "user_ref": "u-1" } }),
    );
    assert_eq!(checkbox.author.unwrap().identity.id, "user_ref:u-1");
    assert_eq!(checkbox.thread.unwrap().key, format!("{PAGE}:user_ref:u-1"));
    let EventKind::Referral(referral) = checkbox.kind else {
        panic!("no referral")
    };
    assert_eq!(
        (referral.source.as_str(), referral.reference.as_deref()),
        ("OPTIN", Some("o"))
    );

    let notification = event(from_customer(
        json!({ "optin": { "type": "notification_messages", "payload": "P" } }),
    ));
    assert_eq!(notification.kind, EventKind::Other("optin".to_owned()));

    let mut item = from_customer(json!({ "message": { "mid": "m", "text": "Hi" } }));
    item["prior_message"] = json!({ "source": "checkbox_plugin", "identifier": "u-1" });
    let EventKind::MessageCreated(message) = event(item).kind else {
        panic!("no message")
    };
    assert_eq!(message.referral.unwrap().source, "checkbox_plugin");
}

#[test]
fn reactions_edits_and_unsends_name_their_message() {
    let love = event(from_customer(
        json!({ "reaction": { "mid": "m_1", "action": "react", "emoji": "❤", "reaction": "love" } }),
    ));
    let EventKind::ReactionAdded(reaction) = &love.kind else {
        panic!("no reaction")
    };
    assert_eq!(
        (
            reaction.message_id.as_str(),
            reaction.name.as_str(),
            reaction.emoji.as_deref()
        ),
        ("m_1", "love", Some("❤"))
    );
    let none = event(from_customer(
        json!({ "reaction": { "mid": "m_1", "action": "unreact" } }),
    ));
    assert!(matches!(none.kind, EventKind::ReactionRemoved(_)));
    assert_ne!(love.id, none.id);

    let edit = |text: &str, number: Value| {
        event(from_customer(
            json!({ "message_edit": { "mid": "m_1", "text": text, "num_edit": number } }),
        ))
    };
    let (first, second) = (edit("a", json!("1")), edit("b", json!(2)));
    assert_ne!(first.id, second.id);
    let EventKind::MessageEdited(change) = second.kind else {
        panic!("no edit")
    };
    assert_eq!(
        (
            change.message_id.as_str(),
            change.text.as_deref(),
            change.revision
        ),
        ("m_1", Some("b"), Some(2))
    );

    let gone = event(from_customer(
        json!({ "message": { "mid": "m_1", "is_deleted": true } }),
    ));
    assert_ne!(gone.id, "m_1", "the message itself came under that id");
    let EventKind::MessageDeleted(deletion) = gone.kind else {
        panic!("no deletion")
    };
    assert_eq!(
        (deletion.message_id.as_str(), deletion.by_author),
        ("m_1", true)
    );
}

#[test]
fn receipts_name_messages_and_the_time_up_to_which_they_hold() {
    let mut item = from_customer(json!({ "delivery": { "mids": ["m_9"], "watermark": THEN - 5 } }));
    item.as_object_mut().unwrap().remove("timestamp");
    let delivered = events(item);
    let scopes: Vec<(u64, ReceiptState, ReceiptScope)> = delivered
        .iter()
        .map(|event| match &event.kind {
            EventKind::Receipt(receipt) => (event.time, receipt.state, receipt.scope.clone()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(
        scopes,
        [
            (
                THEN + 500,
                ReceiptState::Delivered,
                ReceiptScope::Messages(vec!["m_9".to_owned()])
            ),
            (
                THEN + 500,
                ReceiptState::Delivered,
                ReceiptScope::UpTo(THEN - 5)
            ),
        ]
    );
    assert_ne!(delivered[0].id, delivered[1].id);
    let read = event(from_customer(json!({ "read": { "watermark": THEN } })));
    let EventKind::Receipt(receipt) = read.kind else {
        panic!("no receipt")
    };
    assert_eq!(
        (receipt.state, receipt.scope),
        (ReceiptState::Read, ReceiptScope::UpTo(THEN))
    );
}

#[test]
fn an_echo_is_the_companys_own_and_hands_back_its_metadata() {
    let echo = event(
        json!({ "sender": { "id": PAGE }, "recipient": { "id": PSID }, "timestamp": THEN,
        "message": { "mid": "m_e", "text": "Hello", "is_echo": true, "app_id": 1_517_776_481_860_111_u64, "metadata": "action-1" } }),
    );
    assert_eq!(echo.id, "m_e");
    assert_eq!(echo.thread.as_ref().unwrap().key, format!("{PAGE}:{PSID}"));
    assert_eq!(echo.thread.unwrap().customer.unwrap().id, PSID);
    let author = echo.author.unwrap();
    assert_eq!(author.identity.id, PAGE);
    assert_eq!(author.profile.unwrap().extra[0].value, "1517776481860111");
    let EventKind::NativeReply(message) = echo.kind else {
        panic!("no echo")
    };
    assert_eq!(
        (message.client_ref.as_deref(), message.id.as_str()),
        (Some("action-1"), "m_e")
    );
    let forged = message_from_customer_with_metadata();
    assert_eq!(forged.client_ref, None, "only an echo can name an action");
}

#[test]
fn with_an_app_id_only_its_own_echoes_can_be_the_hubs() {
    let echo = |app: u64| {
        let item = json!({ "sender": { "id": PAGE }, "recipient": { "id": PSID }, "timestamp": THEN,
            "message": { "mid": "m_e", "text": "Hello", "is_echo": true, "app_id": app, "metadata": "action-1" } });
        let body = json!({ "object": "page", "entry": [{ "id": PAGE, "time": THEN, "messaging": [item] }] });
        let _host = host().install();
        let channel = channel_with(json!({ "app_id": "151" }));
        let events = Messenger::receive(&channel, &signed(body.to_string()))
            .unwrap()
            .events;
        match events.into_iter().next().unwrap().kind {
            EventKind::NativeReply(message) => message.client_ref,
            other => panic!("no echo: {other:?}"),
        }
    };
    assert_eq!(echo(151).as_deref(), Some("action-1"));
    assert_eq!(echo(152), None);
}

fn message_from_customer_with_metadata() -> linecard_sdk::events::Message {
    message(json!({ "mid": "m", "text": "x", "metadata": "action-1" }))
}

#[test]
fn sanctions_are_the_channels_state_and_have_no_sender() {
    for name in ["policy-enforcement", "policy_enforcement"] {
        let block = event(
            json!({ "recipient": { "id": PAGE }, "timestamp": THEN, name: { "action": "block", "reason": "Spam" } }),
        );
        assert!(block.thread.is_none() && block.author.is_none());
        let EventKind::ChannelStatus(status) = block.kind else {
            panic!("no status")
        };
        assert_eq!(
            (status.state, status.text.as_str()),
            (ChannelState::Stopped, "Spam")
        );
        assert!(status.remedy.is_some());
    }
    let over = event(
        json!({ "recipient": { "id": PAGE }, "timestamp": THEN, "policy_enforcement": { "action": "unblock" } }),
    );
    let EventKind::ChannelStatus(status) = over.kind else {
        panic!("no status")
    };
    assert_eq!(status.state, ChannelState::Connected);
}

#[test]
fn what_has_no_kind_is_kept_under_metas_name() {
    for name in [
        "account_linking",
        "pass_thread_control",
        "take_thread_control",
        "request_thread_control",
        "app_roles",
        "payment",
        "checkout_update",
    ] {
        let event = event(from_customer(json!({ name: { "a": "b" } })));
        assert_eq!(event.kind, EventKind::Other(name.to_owned()));
        assert!(event.thread.is_some() && event.raw.contains(name));
    }
    let item = from_customer(json!({ "message": { "mid": "m_s", "text": "for the other app" } }));
    let body =
        json!({ "object": "page", "entry": [{ "id": PAGE, "time": THEN, "standby": [item] }] });
    let events = receive(body.to_string()).unwrap().events;
    assert_eq!(events.len(), 1);
    assert_eq!(
        events[0].kind,
        EventKind::Other("standby".to_owned()),
        "nobody here is to answer"
    );
    assert_ne!(
        events[0].id, "m_s",
        "the conversation may be handed over later"
    );
}

#[test]
fn what_the_neighbour_takes_is_kept_by_it_alone() {
    let entry = json!({ "id": PAGE, "time": THEN, "changes": [{ "field": "feed", "value": { "item": "like" } }] });
    let body = json!({ "object": "page", "entry": [entry] }).to_string();
    assert_eq!(receive(body.clone()).unwrap().events.len(), 1);
    let _host = host().install();
    let took = |networks: &str| {
        let request = signed(body.clone()).with_header("linecard-neighbours", networks);
        Messenger::receive(&channel(), &request)
            .unwrap()
            .events
            .len()
    };
    assert_eq!(took("facebook, messenger"), 0);
    // Without that connector at the address nobody else keeps it.
    assert_eq!(took("instagram, messenger"), 1);
}
