//! What Meta writes in other ways than its documentation says, or does not write yet, is read all the
//! same.

use crate::common::*;
use linecard_sdk::actions::Failure;
use linecard_sdk::events::{ChannelState, EventKind, Message, ReceiptState};
use linecard_sdk::http::Response;
use linecard_sdk::testing::TestHost;
use serde_json::{Value, json};

fn message(members: Value) -> Message {
    let event = event(json!({ "messages": [from_customer(members)] }));
    match event.kind {
        EventKind::MessageCreated(message) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn half_an_emoji_costs_nothing_but_itself() {
    let first = from_customer(json!({ "type": "text", "text": { "body": "HALF" } }));
    let mut second = from_customer(json!({ "type": "text", "text": { "body": "whole" } }));
    second["id"] = json!("wamid.2");
    let value = json!({ "messages": [first, second], "contacts": [{ "profile": { "name": "HALF" }, "wa_id": PHONE }] });
    let body = delivery(value).to_string().replace("HALF", "a\\ud83d");
    let events = receive(body).unwrap().events;
    assert_eq!(events.len(), 2);
    assert!(
        matches!(&events[0].kind, EventKind::MessageCreated(message) if message.text.as_deref() == Some("a\u{fffd}"))
    );
    let profile = events[0].author.as_ref().unwrap().profile.as_ref().unwrap();
    assert_eq!(profile.display_name.as_deref(), Some("a\u{fffd}"));
    assert!(
        matches!(&events[1].kind, EventKind::MessageCreated(message) if message.text.as_deref() == Some("whole"))
    );
}

#[test]
fn a_type_that_does_not_exist_yet_is_a_message_that_names_it() {
    for (members, named) in [
        (
            json!({ "type": "poll", "poll": { "question": "Which day?" } }),
            "poll",
        ),
        (json!({ "type": "hologram" }), "hologram"),
        (json!({ "type": "text", "text": null }), "text"),
    ] {
        let said = message(members);
        let placeholder = said.structured.unwrap();
        assert_eq!(placeholder.kind, "unsupported");
        let json: Value = serde_json::from_str(&placeholder.json).unwrap();
        assert_eq!(json["type"], named);
    }
    let without_type = message(json!({ "type": null, "text": { "body": "x" } }));
    assert_eq!(without_type.text.as_deref(), Some("x"));
}

#[test]
fn a_forwarded_mark_and_a_product_are_kept() {
    let text = |context: Value| {
        message(json!({ "type": "text", "text": { "body": "x" }, "context": context }))
    };
    let forwarded = text(json!({ "forwarded": true })).structured.unwrap();
    assert_eq!(
        (forwarded.kind.as_str(), forwarded.json.as_str()),
        ("forwarded", r#"{"frequently":false}"#)
    );
    let often = text(json!({ "frequently_forwarded": "true" }))
        .structured
        .unwrap();
    assert_eq!(often.json, r#"{"frequently":true}"#);
    let product = json!({ "catalog_id": "9", "product_retailer_id": "SKU-1" });
    let referral = text(json!({ "from": "1", "id": "wamid.0", "referred_product": product }))
        .referral
        .unwrap();
    assert_eq!(
        (referral.source.as_str(), referral.reference.as_deref()),
        ("product", Some("SKU-1"))
    );
    assert!(text(json!({ "id": "wamid.0" })).structured.is_none());
}

#[test]
fn a_failure_that_concerns_the_account_stops_the_channel() {
    let status = |code: Value, subcode: Value| {
        json!({ "statuses": [{ "id": "wamid.1", "status": "failed", "timestamp": "1767225599", "recipient_id": PHONE,
            "errors": [{ "code": code, "error_subcode": subcode, "title": "x" }] }] })
    };
    let told = events(status(json!("131031"), Value::Null));
    assert!(
        matches!(&told[0].kind, EventKind::Receipt(receipt) if receipt.state == ReceiptState::Failed)
    );
    assert!(matches!(&told[1].kind, EventKind::ChannelStatus(status)
        if status.state == ChannelState::Stopped && status.remedy.is_some()));
    let expired = events(status(json!(190), json!(463)));
    assert!(matches!(&expired[1].kind, EventKind::ChannelStatus(status)
        if status.remedy.as_deref() == Some("The access token has expired. Store a new one.")));
    assert_eq!(events(status(json!(131_026), Value::Null)).len(), 1);
}

#[test]
fn a_refused_tokens_remedy_is_that_of_its_sub_code() {
    let refusal = |status: u16, error: Value| {
        let body = json!({ "error": error }).to_string();
        let _host = TestHost::new()
            .answer(Response::new(status, body))
            .install();
        match perform(&text("x")) {
            Err(Failure::Unauthorized(text)) => text,
            other => panic!("{other:?}"),
        }
    };
    for status in [401, 200] {
        let password = refusal(status, json!({ "code": "190", "error_subcode": "460" }));
        assert!(password.contains("changed the password"), "{password}");
    }
    let generic = refusal(401, json!({ "code": 190, "error_subcode": null }));
    assert!(generic.starts_with("Meta does not accept the access token"));
    let app = refusal(400, json!({ "code": 101 }));
    assert!(app.contains("app's own credentials"), "{app}");
}
