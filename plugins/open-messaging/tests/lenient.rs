//! What middlewares write in other ways than the documentation says is read all the same.

use crate::common::*;
use linecard_open_messaging::OpenMessaging;
use linecard_sdk::connector::Connector as _;
use linecard_sdk::events::EventKind;
use linecard_sdk::testing::TestHost;
use serde_json::{Value, json};

fn kinds(members: Value) -> Vec<EventKind> {
    let reception = take("/message", &from_customer(members)).unwrap();
    assert_eq!(reception.response.status, 200);
    reception
        .events
        .into_iter()
        .map(|event| event.kind)
        .collect()
}

fn file(text: &str) -> Value {
    json!({ "contentType": "Attachment", "attachment": { "mediaType": "Image", "url": "https://x.example/1",
        "filename": "1.png", "text": text } })
}

#[test]
fn half_an_emoji_becomes_the_replacement_character() {
    let body = from_customer(json!({ "text": "HALF" })).to_string();
    let body = body.replace("HALF", "a\\ud83d");
    let _host = TestHost::new().install();
    let reception = OpenMessaging::receive(&channel(), &api("/message", body)).unwrap();
    assert!(
        matches!(&reception.events[0].kind, EventKind::MessageCreated(message)
        if message.text.as_deref() == Some("a\u{fffd}"))
    );
}

#[test]
fn captions_are_said_and_keep_the_files_names() {
    for (text, said) in [
        (Value::Null, "the receipt"),
        (json!("Look"), "Look\nthe receipt"),
        (json!("Here is the receipt"), "Here is the receipt"),
    ] {
        let kinds = kinds(json!({ "text": text, "content": [file("the receipt")] }));
        let [EventKind::MessageCreated(message)] = kinds.as_slice() else {
            panic!("{kinds:?}")
        };
        assert_eq!(message.text.as_deref(), Some(said));
        assert_eq!(message.attachments[0].name.as_deref(), Some("1.png"));
    }
}

#[test]
fn a_choice_that_brings_a_file_is_both() {
    let choice = json!({ "contentType": "ButtonResponse", "buttonResponse": { "type": "QuickReply", "text": "Yes", "payload": "yes" } });
    let kinds = kinds(json!({ "text": "Yes", "content": [choice, file("")] }));
    assert!(matches!(
        kinds.as_slice(),
        [EventKind::MessageCreated(message), EventKind::Postback(postback)]
            if message.attachments.len() == 1 && postback.payload == "yes"
    ));
}

#[test]
fn a_long_text_and_a_long_name_are_taken_and_answered() {
    let long = "x".repeat(70_000);
    let body = from_customer(json!({ "text": long, "metadata": { "k": long } }));
    let reception = take("/message", &body).unwrap();
    assert_eq!(reception.response.status, 200);
    assert!(reception.response.body.len() <= 64 << 10);
    assert!(
        matches!(&reception.events[0].kind, EventKind::MessageCreated(message)
        if message.text.as_ref().is_some_and(|text| text.len() == 70_000))
    );
    let body = from_customer(json!({ "events": [{ "eventType": long }] }));
    let events = take("/event", &body).unwrap().events;
    assert!(matches!(&events[0].kind, EventKind::Other(name) if name.len() <= 128));
}
