//! Whatever comes: no panic, an answer, and the same ids for the same body.

use crate::common::*;
use linecard_open_messaging::OpenMessaging;
use linecard_sdk::actions::{Action, Outgoing};
use linecard_sdk::connector::{Connector as _, Rejection, WebhookRequest};
use linecard_sdk::events::Structured;
use linecard_sdk::http::Response;
use linecard_sdk::testing::TestHost;
use proptest::prelude::*;
use serde_json::{Value, json};

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        ".{0,12}".prop_map(Value::from),
        Just(json!(TIME)),
        Just(json!(INTEGRATION)),
    ];
    let names = prop::sample::select(vec![
        "id",
        "channel",
        "messageId",
        "from",
        "to",
        "idType",
        "nickname",
        "firstName",
        "image",
        "email",
        "time",
        "metadata",
        "customAttributes",
        "type",
        "text",
        "content",
        "contentType",
        "attachment",
        "mediaType",
        "url",
        "quickReply",
        "quickReplyV2",
        "actions",
        "card",
        "carousel",
        "cards",
        "listPicker",
        "sections",
        "items",
        "location",
        "latitude",
        "longitude",
        "story",
        "buttonResponse",
        "payload",
        "events",
        "eventType",
        "typing",
        "status",
        "reasons",
        "code",
        "message",
        "body",
        "title",
        "x",
    ]);
    leaf.prop_recursive(5, 64, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(names.clone().prop_map(str::to_owned), inner, 0..7)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

const PATHS: [&str; 5] = ["/message", "/event", "/receipt", "/structured/response", ""];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_answered(body in prop::collection::vec(any::<u8>(), 0..300), path in ".{0,20}") {
        let _host = TestHost::new().install();
        for path in PATHS.into_iter().chain([path.as_str()]) {
            let _ = OpenMessaging::receive(&channel(), &api(path, body.clone()));
            let open = WebhookRequest::post(body.clone());
            prop_assert!(matches!(OpenMessaging::receive(&channel(), &open), Err(Rejection::BadSignature(_))));
        }
    }

    #[test]
    fn any_content_of_a_message_is_kept(content in prop::collection::vec(any_json(), 1..4), text in proptest::option::of(".{1,20}")) {
        let body = from_customer(json!({ "text": text, "content": content }));
        let reception = take("/message", &body).unwrap();
        // Only a choice without a payload and text is refused.
        prop_assert!(reception.response.status == 200 || reception.events.is_empty());
        for event in &reception.events {
            prop_assert!(!event.id.is_empty() && event.id.len() <= 512);
            prop_assert_eq!(&serde_json::from_str::<Value>(&event.raw).unwrap(), &serde_json::from_str::<Value>(&body.to_string()).unwrap());
        }
    }

    #[test]
    fn any_call_is_answered_and_has_the_same_ids_each_time(body in any_json(), members in any_json()) {
        let mut mixed = from_customer(json!({ "text": "x", "status": "Read" }));
        if let (Some(mixed), Value::Object(members)) = (mixed.as_object_mut(), members) {
            mixed.extend(members);
        }
        for path in PATHS {
            for body in [&body, &mixed] {
                let ids = || take(path, body).map(|reception| reception.events.into_iter().map(|event| event.id).collect::<Vec<_>>()).ok();
                prop_assert_eq!(ids(), ids());
            }
        }
    }

    #[test]
    fn any_structured_content_is_sent_or_refused(json in any_json(), status in 100u16..600) {
        for kind in ["quick-replies", "card", "carousel", "other"] {
            let _host = host().answer(Response::new(status, json.to_string())).install();
            let outgoing = Outgoing { structured: Some(Structured::new(kind, &json)), ..Outgoing::text("t") };
            let _ = perform(&request(Action::SendMessage(outgoing)));
        }
    }
}
