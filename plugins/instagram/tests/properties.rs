//! Whatever comes: no panic, and what is right beside it is not lost.

use crate::common::*;
use linecard_graph::testing::{any_json, host};
use linecard_instagram::Instagram;
use linecard_sdk::actions::{Action, Outgoing};
use linecard_sdk::connector::{Connector as _, Rejection, WebhookRequest};
use linecard_sdk::events::{Event, Identity};
use linecard_sdk::http::Response;
use linecard_sdk::testing::TestHost;
use proptest::prelude::*;
use serde_json::{Value, json};

const NAMES: [&str; 40] = [
    "id",
    "field",
    "value",
    "text",
    "from",
    "username",
    "self_ig_scoped_id",
    "media",
    "parent_id",
    "media_id",
    "comment_id",
    "sender",
    "recipient",
    "timestamp",
    "message",
    "mid",
    "attachments",
    "type",
    "payload",
    "url",
    "reply_to",
    "story",
    "quick_reply",
    "referral",
    "is_echo",
    "is_deleted",
    "is_unsupported",
    "reaction",
    "action",
    "read",
    "postback",
    "data",
    "paging",
    "next",
    "participants",
    "messages",
    "created_time",
    "comments",
    "replies",
    "shares",
];
const WORDS: [&str; 14] = [
    ACCOUNT,
    USER,
    MEDIA,
    "601",
    "m1",
    "comments",
    "mentions",
    "messages",
    "react",
    "image",
    "ephemeral",
    "story_mention",
    "template",
    "2026-01-01T00:00:00+0000",
];

fn json_value() -> impl Strategy<Value = Value> {
    any_json(&NAMES, &WORDS)
}

fn sound(events: &[Event]) -> bool {
    events.iter().all(|event| {
        !event.id.is_empty()
            && event.id.len() <= 512
            && event
                .thread
                .as_ref()
                .is_none_or(|thread| thread.key.len() <= 512)
            && event
                .author
                .as_ref()
                .is_none_or(|author| author.identity.id.len() <= 256)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_refused_or_read(body in prop::collection::vec(any::<u8>(), 0..400), signature in ".{0,80}") {
        let _ = receive(body.clone());
        let _host = host().install();
        let request = WebhookRequest::post(body).with_header("x-hub-signature-256", signature);
        prop_assert!(matches!(Instagram::receive(&channel(), &request), Err(Rejection::BadSignature(_))));
    }

    #[test]
    fn anything_gives_events_and_costs_its_neighbours_nothing(item in json_value(), mutation in json_value(), name in prop::sample::select(NAMES.to_vec())) {
        let good = from_customer(json!({ "mid": "m_good", "text": "still here" }));
        let mut mutated = from_customer(json!({ "mid": "m_1", "text": "x", "attachments": [{ "type": "image", "payload": { "url": "u" } }] }));
        mutated["message"][name] = mutation.clone();
        let mut comment = json!({ "id": "601", "text": "x", "from": { "id": "7001" }, "media": { "id": MEDIA } });
        comment[name] = mutation;
        let comment = json!({ "field": "comments", "value": comment });
        let body = json!({ "object": "instagram", "entry": [
            { "id": ACCOUNT, "time": item, "messaging": [item, mutated, good], "standby": [item], "changes": [item, comment] },
            { "id": ACCOUNT, "field": item, "value": item },
        ] }).to_string();
        let first = receive(body.clone()).unwrap().events;
        prop_assert!(first.len() >= 7);
        prop_assert!(first.iter().any(|event| event.id == "m_good"));
        prop_assert!(sound(&first));
        let again = receive(body).unwrap().events;
        let ids = |events: &[Event]| events.iter().map(|event| event.id.clone()).collect::<Vec<_>>();
        prop_assert_eq!(ids(&first), ids(&again), "a delivery that comes again has the same ids");
    }

    #[test]
    fn any_delivery_is_refused_or_read(body in json_value()) {
        let _ = receive(body.to_string());
        let _ = receive(json!({ "object": "instagram", "entry": body }).to_string());
    }

    #[test]
    fn any_answer_of_graph_has_a_meaning(status in 100u16..600, body in json_value(), item in json_value(), cursor in ".{0,60}") {
        let list = json!({ "data": [item, { "id": MEDIA, "timestamp": "2026-01-01T00:00:00+0000", "comments": body, "messages": body, "participants": { "data": [{ "id": USER }] } }] });
        for body in [body.to_string(), list.to_string()] {
            let response = Response::new(status, body.clone());
            let _host = TestHost::new().answer(response.clone()).answer(response.clone()).answer(response).answer(Response::new(200, body.clone())).answer(Response::new(200, body)).install();
            let reply = Outgoing { reply_to: Some("601".to_owned()), ..Outgoing::text("x") };
            let _ = perform(&request(Action::Reply(reply)));
            let _ = Instagram::probe(&channel());
            let _ = Instagram::resolve_profile(&channel(), &Identity::new(USER));
            for channel in [channel(), channel_with(json!({ "backfill": false }))] {
                if let Ok(page) = Instagram::poll(&channel, cursor.as_bytes()) {
                    prop_assert!(sound(&page.events));
                }
            }
        }
    }
}
