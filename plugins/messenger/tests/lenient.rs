//! What networks write in other ways than their documentation says is read all the same.

use crate::common::*;
use linecard_graph::testing::check_awkward_answers;
use linecard_messenger::Messenger;
use linecard_sdk::actions::Failure;
use linecard_sdk::connector::Connector as _;
use linecard_sdk::events::{EventKind, Location, PostbackSource, ReceiptScope};
use linecard_sdk::http::Response;
use linecard_sdk::testing::TestHost;
use serde_json::json;

#[test]
fn half_an_emoji_costs_nothing_but_itself() {
    let first = from_customer(json!({ "message": { "mid": "m_1", "text": "HALF" } }));
    let second = from_customer(json!({ "message": { "mid": "m_2", "text": "whole" } }));
    let body = json!({ "object": "page", "entry": [
        { "id": PAGE, "time": THEN, "messaging": [first, second] },
    ] });
    let body = body.to_string().replace("HALF", "a \\ud83d b");
    let events = receive(body).unwrap().events;
    let texts: Vec<&str> = events
        .iter()
        .map(|event| match &event.kind {
            EventKind::MessageCreated(message) => message.text.as_deref().unwrap_or_default(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(texts, ["a \u{fffd} b", "whole"]);
    assert!(events[0].raw.contains("\\ufffd"));
}

#[test]
fn null_is_absent_and_flags_and_numbers_come_as_texts() {
    let said = message(
        json!({ "mid": "m_1", "text": "x", "is_echo": null, "is_deleted": null,
        "is_unsupported": "false", "attachments": null, "quick_reply": null, "reply_to": null,
        "referral": null, "sticker_id": null }),
    );
    assert_eq!(said.text.as_deref(), Some("x"));
    let place = message(
        json!({ "mid": "m_1", "attachments": [{ "type": "location", "title": "Here",
        "payload": { "coordinates": { "lat": "39.9", "long": "-8.5" } } }] }),
    );
    let here = Location {
        name: Some("Here".to_owned()),
        ..Location::new(39.9, -8.5)
    };
    assert_eq!(place.location, Some(here));
    let echo = json!({ "sender": { "id": PAGE }, "recipient": { "id": PSID },
        "message": { "mid": "m_1", "text": "x", "is_echo": "true", "app_id": 17 } });
    assert!(matches!(event(echo).kind, EventKind::NativeReply(_)));
    let gone = from_customer(json!({ "message": { "mid": "m_1", "is_deleted": 1 } }));
    assert!(matches!(event(gone).kind, EventKind::MessageDeleted(_)));
    let read = from_customer(json!({ "read": { "watermark": "1767225600000" } }));
    assert!(matches!(
        event(read).kind,
        EventKind::Receipt(receipt) if receipt.scope == ReceiptScope::UpTo(1_767_225_600_000)
    ));
}

#[test]
fn a_choice_that_brings_a_file_is_both() {
    let members = json!({ "message": { "mid": "m_1", "text": "This one", "quick_reply": { "payload": "ONE" },
        "attachments": [{ "type": "image", "payload": { "url": "https://cdn.example/1.png" } }] } });
    let events = events(from_customer(members));
    let [said, chosen] = events.as_slice() else {
        panic!("{events:#?}")
    };
    assert!(matches!(&said.kind, EventKind::MessageCreated(message)
        if message.attachments.len() == 1 && message.text.as_deref() == Some("This one")));
    assert!(matches!(&chosen.kind, EventKind::Postback(postback)
        if postback.payload == "ONE" && postback.source == PostbackSource::QuickReply));
    assert_ne!(said.id, chosen.id);
}

#[test]
fn content_of_a_new_kind_is_a_message_that_names_it() {
    let said = message(json!({ "mid": "m_1", "poll": { "question": "Which day?" } }));
    let placeholder = said.structured.unwrap();
    assert_eq!(placeholder.kind, "unsupported");
    assert_eq!(placeholder.json, r#"{"type":"poll"}"#);
}

#[test]
fn ids_that_are_too_long_are_the_same_wherever_they_are_named() {
    let long = "m".repeat(700);
    let said = from_customer(json!({ "message": { "mid": long, "text": "x" } }));
    let reaction = from_customer(
        json!({ "reaction": { "mid": long, "action": "react", "reaction": "love" } }),
    );
    let (EventKind::MessageCreated(said), EventKind::ReactionAdded(reaction)) =
        (event(said).kind, event(reaction).kind)
    else {
        panic!("not a message and a reaction")
    };
    assert_eq!(said.id.len(), 512);
    assert_eq!(said.id, reaction.message_id);
}

fn refusal(status: u16, error: serde_json::Value) -> Failure {
    let body = json!({ "error": error }).to_string();
    let _host = TestHost::new()
        .answer(Response::new(status, body))
        .install();
    perform(&text("x")).unwrap_err()
}

#[test]
fn codes_are_read_from_texts_and_an_error_under_200_is_a_refusal() {
    let expired = |status| {
        let error = json!({ "code": "190", "error_subcode": "463", "message": "x" });
        refusal(status, error)
    };
    for status in [400, 200] {
        assert!(
            matches!(expired(status), Failure::Unauthorized(text) if text.starts_with("The access token has expired")),
            "{status}"
        );
    }
    let limit =
        json!({ "code": 613.0, "error_subcode": null, "message": null, "is_transient": null });
    assert!(matches!(refusal(400, limit), Failure::Throttled(_)));
    let transient = json!({ "code": 9999, "is_transient": "true" });
    assert!(matches!(refusal(400, transient), Failure::Transient(_)));
    let app = json!({ "code": 101, "message": "Missing client_id parameter." });
    assert!(
        matches!(refusal(400, app), Failure::Unauthorized(text) if text.contains("app's own credentials"))
    );
    let half = r#"{"error":{"code":4,"message":"\ud83d"}}"#;
    let _host = TestHost::new().answer(Response::new(400, half)).install();
    assert!(matches!(perform(&text("x")), Err(Failure::Throttled(_))));
}

#[test]
fn awkward_values_in_the_inbox_cost_nothing_but_themselves() {
    let conversation = |id: &str, text: &str| {
        json!({ "id": id, "updated_time": "2025-12-31T23:59:00+0000",
            "participants": { "data": [{ "id": PAGE, "name": "Page" }, { "id": id, "name": "Ann" }] },
            "messages": { "data": [{ "id": format!("m_{id}"), "created_time": "2025-12-31T23:59:00+0000",
                "from": { "id": id }, "message": text, "sticker": "https://x.example/s",
                "attachments": { "data": [{ "id": "1", "mime_type": "image/png", "size": 5, "name": "a.png",
                    "image_data": { "url": "https://x.example/i" } }] } }],
                "paging": { "cursors": { "after": "x" } } } })
    };
    let answer = json!({ "data": [conversation("6001", "Hi")],
        "paging": { "cursors": { "after": "QVFI" }, "next": "https://graph.facebook.com/next" } });
    let tried = check_awkward_answers(
        &answer,
        |word| conversation("6002", word),
        |response| {
            let _host = TestHost::new().answer(response).install();
            Messenger::poll(&channel(), b"")
        },
    );
    assert!(tried > 500);
}
