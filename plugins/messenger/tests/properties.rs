//! Whatever comes: no panic, and what is right beside it is not lost.

use crate::common::*;
use linecard_graph::testing;
use linecard_messenger::Messenger;
use linecard_sdk::connector::{Connector as _, Rejection, WebhookRequest};
use linecard_sdk::events::EventKind;
use linecard_sdk::http::Response;
use linecard_sdk::testing::TestHost;
use proptest::prelude::*;
use serde_json::{Value, json};

const NAMES: &[&str] = &[
    "id",
    "sender",
    "recipient",
    "timestamp",
    "message",
    "mid",
    "text",
    "attachments",
    "type",
    "payload",
    "url",
    "sticker_id",
    "coordinates",
    "lat",
    "long",
    "quick_reply",
    "reply_to",
    "referral",
    "ref",
    "source",
    "is_echo",
    "is_deleted",
    "metadata",
    "app_id",
    "postback",
    "title",
    "reaction",
    "action",
    "emoji",
    "read",
    "delivery",
    "mids",
    "watermark",
    "message_edit",
    "num_edit",
    "optin",
    "user_ref",
    "policy_enforcement",
    "reason",
    "prior_message",
    "entry",
    "messaging",
    "standby",
    "changes",
    "object",
    "time",
    "x",
];

fn any_json() -> impl Strategy<Value = Value> {
    testing::any_json(NAMES, &[PAGE, PSID])
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_refused_or_read(body in prop::collection::vec(any::<u8>(), 0..400), signature in ".{0,80}") {
        let _ = receive(body.clone());
        let _host = host().install();
        let request = WebhookRequest::post(body).with_header("x-hub-signature-256", signature);
        prop_assert!(matches!(Messenger::receive(&channel(), &request), Err(Rejection::BadSignature(_))));
    }

    #[test]
    fn any_item_gives_events_and_costs_its_neighbours_nothing(item in any_json()) {
        let good = from_customer(json!({ "message": { "mid": "m_good", "text": "still here" } }));
        let body = json!({ "object": "page", "entry": [
            { "id": PAGE, "time": THEN, "messaging": [item, good], "standby": [item] },
        ] });
        let first = receive(body.to_string()).unwrap().events;
        prop_assert!(first.len() >= 3);
        prop_assert!(first.iter().any(|event| matches!(&event.kind, EventKind::MessageCreated(message) if message.id == "m_good")));
        for event in &first {
            prop_assert!(!event.id.is_empty() && event.id.len() <= 512);
            prop_assert!(event.thread.as_ref().is_none_or(|thread| thread.key.len() <= 512));
            prop_assert!(event.author.as_ref().is_none_or(|author| author.identity.id.len() <= 256));
        }
        let again = receive(body.to_string()).unwrap().events;
        let ids = |events: &[linecard_sdk::events::Event]| events.iter().map(|event| event.id.clone()).collect::<Vec<_>>();
        prop_assert_eq!(ids(&first), ids(&again), "a delivery that comes again has the same ids");
    }

    #[test]
    fn any_delivery_is_refused_or_read(body in any_json()) {
        let _ = receive(body.to_string());
        let _ = receive(json!({ "object": "page", "entry": body }).to_string());
    }

    #[test]
    fn any_answer_of_graph_has_a_meaning(status in 100u16..600, body in any_json(), header in ".{0,60}", code in any::<i64>()) {
        for body in [body.to_string(), json!({ "error": { "code": code, "message": "m" } }).to_string()] {
            let mut response = Response::new(status, body);
            for name in ["x-app-usage", "x-business-use-case-usage", "retry-after"] {
                response.headers.push((name.to_owned(), header.clone()));
            }
            let _host = TestHost::new().answer(response.clone()).answer(response.clone()).answer(response).install();
            let _ = perform(&text("x"));
            let _ = Messenger::poll(&channel(), header.as_bytes());
            let _ = Messenger::probe(&channel());
        }
    }
}
