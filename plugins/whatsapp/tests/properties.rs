//! Whatever comes: no panic, and what is right beside it is not lost.

use crate::common::*;
use linecard_graph::testing::{self, host};
use linecard_sdk::actions::{Action, Template};
use linecard_sdk::connector::{Connector as _, Rejection, WebhookRequest};
use linecard_sdk::events::{Event, EventKind};
use linecard_sdk::http::Response;
use linecard_sdk::testing::TestHost;
use linecard_whatsapp::WhatsApp;
use proptest::prelude::*;
use serde_json::{Value, json};

const NAMES: &[&str] = &[
    "id",
    "type",
    "from",
    "from_user_id",
    "to",
    "timestamp",
    "text",
    "body",
    "image",
    "caption",
    "sha256",
    "audio",
    "location",
    "latitude",
    "longitude",
    "contacts",
    "wa_id",
    "user_id",
    "profile",
    "name",
    "button",
    "payload",
    "interactive",
    "button_reply",
    "list_reply",
    "title",
    "order",
    "reaction",
    "message_id",
    "emoji",
    "system",
    "edit",
    "message",
    "original_message_id",
    "revoke",
    "context",
    "referral",
    "errors",
    "code",
    "status",
    "recipient_id",
    "statuses",
    "messages",
    "message_echoes",
    "metadata",
    "phone_number_id",
    "field",
    "value",
    "changes",
    "entry",
    "data",
    "components",
];
const WORDS: &[&str] = &[
    NUMBER,
    PHONE,
    USER_ID,
    "text",
    "image",
    "audio",
    "location",
    "contacts",
    "button",
    "interactive",
    "order",
    "reaction",
    "system",
    "edit",
    "revoke",
    "unsupported",
    "sent",
    "failed",
    "BODY",
    "order",
];

fn any_json() -> impl Strategy<Value = Value> {
    testing::any_json(NAMES, WORDS)
}

fn ids(events: &[Event]) -> Vec<String> {
    events.iter().map(|event| event.id.clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_refused_or_read(body in prop::collection::vec(any::<u8>(), 0..400), signature in ".{0,80}") {
        let _ = receive(body.clone());
        let _host = host().install();
        let request = WebhookRequest::post(body).with_header("x-hub-signature-256", signature);
        prop_assert!(matches!(WhatsApp::receive(&channel(), &request), Err(Rejection::BadSignature(_))));
    }

    #[test]
    fn any_item_gives_events_and_costs_its_neighbours_nothing(item in any_json(), value in any_json()) {
        let good = json!({ "from": PHONE, "id": "wamid.good", "timestamp": "1767225600", "type": "text", "text": { "body": "still here" } });
        let mut body = delivery(json!({ "messages": [item, good], "statuses": [item], "errors": [item], "message_echoes": [item] }));
        body["entry"].as_array_mut().unwrap().push(json!({ "id": WABA, "changes": [value, { "field": "account_update", "value": value }] }));
        let first = receive(body.to_string()).unwrap().events;
        prop_assert!(first.len() >= 5);
        prop_assert!(first.iter().any(|event| matches!(&event.kind, EventKind::MessageCreated(message) if message.id == "wamid.good")));
        for event in &first {
            prop_assert!(!event.id.is_empty() && event.id.len() <= 512);
            prop_assert!(event.thread.as_ref().is_none_or(|thread| thread.key.len() <= 512));
            prop_assert!(event.author.as_ref().is_none_or(|author| author.identity.id.len() <= 256));
        }
        let again = receive(body.to_string()).unwrap().events;
        prop_assert_eq!(ids(&first), ids(&again), "a delivery that comes again has the same ids");
    }

    #[test]
    fn any_delivery_is_refused_or_read(body in any_json()) {
        let _ = receive(body.to_string());
        let _ = receive(json!({ "object": "whatsapp_business_account", "entry": body }).to_string());
    }

    #[test]
    fn any_answer_has_a_meaning(status in 100u16..600, body in any_json(), parameters in any_json(), code in any::<i64>()) {
        let template = |parameters: &Value| request(Action::SendTemplate(Template {
            name: "order".to_owned(), language: "en".to_owned(), parameters: parameters.to_string(),
        }));
        let found = json!({ "data": [{ "name": "order", "language": "en", "status": "APPROVED", "components": [parameters, body] }] });
        for body in [body, json!({ "error": { "code": code, "message": "m", "error_data": parameters } }), found] {
            let response = Response::new(status, body.to_string());
            let _host = TestHost::new().answer(response.clone()).answer(response.clone()).answer(response.clone()).answer(response).install();
            let _ = perform(&text("x"));
            let _ = perform(&template(&parameters));
            let _ = perform(&template(&json!([parameters])));
            let _ = WhatsApp::probe(&channel());
            let _ = WhatsApp::templates(&channel());
        }
    }
}
