//! Whatever comes: no panic, and what is right beside it is not lost.

use crate::common::*;
use linecard_facebook::Facebook;
use linecard_graph::testing::{any_json, host};
use linecard_sdk::actions::{Action, Outgoing};
use linecard_sdk::connector::{Connector as _, Rejection, WebhookRequest};
use linecard_sdk::events::Event;
use linecard_sdk::http::Response;
use linecard_sdk::testing::TestHost;
use proptest::prelude::*;
use serde_json::{Value, json};

const NAMES: [&str; 36] = [
    "id",
    "item",
    "verb",
    "field",
    "value",
    "comment_id",
    "post_id",
    "parent_id",
    "from",
    "name",
    "message",
    "created_time",
    "sender_id",
    "sender_name",
    "user_id",
    "photo",
    "photos",
    "link",
    "photo_id",
    "video",
    "published",
    "reaction_type",
    "album_id",
    "photo_ids",
    "data",
    "comments",
    "attachments",
    "subattachments",
    "paging",
    "next",
    "cursors",
    "after",
    "parent",
    "entry",
    "changes",
    "error",
];
const WORDS: [&str; 16] = [
    PAGE,
    POST,
    "500_601",
    "comment",
    "post",
    "photo",
    "reaction",
    "like",
    "add",
    "edited",
    "remove",
    "hide",
    "unhide",
    "feed",
    "mention",
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
        prop_assert!(matches!(Facebook::receive(&channel(), &request), Err(Rejection::BadSignature(_))));
    }

    #[test]
    fn any_change_gives_an_event_and_costs_its_neighbours_nothing(change in json_value(), mutation in json_value(), name in prop::sample::select(NAMES.to_vec())) {
        let good = json!({ "field": "feed", "value": comment(json!({ "comment_id": "500_good" })) });
        let mut mutated = comment(json!({}));
        mutated[name] = mutation;
        let mutated = json!({ "field": "feed", "value": mutated });
        let entry = json!({ "id": PAGE, "time": THEN, "changes": [change, mutated, good] });
        let body = json!({ "object": "page", "entry": [entry] }).to_string();
        let first = receive(body.clone()).unwrap().events;
        prop_assert_eq!(first.len(), 3);
        prop_assert_eq!(first[2].id.as_str(), "comment:good");
        prop_assert!(sound(&first));
        let again = receive(body).unwrap().events;
        let ids = |events: &[Event]| events.iter().map(|event| event.id.clone()).collect::<Vec<_>>();
        prop_assert_eq!(ids(&first), ids(&again), "a delivery that comes again has the same ids");
    }

    #[test]
    fn any_delivery_is_refused_or_read(body in json_value()) {
        let _ = receive(body.to_string());
        let _ = receive(json!({ "object": "page", "entry": body }).to_string());
    }

    #[test]
    fn any_answer_of_graph_has_a_meaning(status in 100u16..600, body in json_value(), post in json_value(), cursor in ".{0,60}") {
        let list = json!({ "data": [post, { "id": POST, "created_time": "2026-01-01T00:00:00+0000", "comments": body }] });
        for body in [body.to_string(), list.to_string()] {
            let response = Response::new(status, body.clone());
            let _host = TestHost::new().answer(response.clone()).answer(response.clone()).answer(Response::new(200, body)).install();
            let reply = Outgoing { reply_to: Some("500_601".to_owned()), ..Outgoing::text("x") };
            let _ = perform(&request(Action::Reply(reply)));
            let _ = Facebook::probe(&channel());
            if let Ok(page) = Facebook::poll(&channel(), cursor.as_bytes()) {
                prop_assert!(sound(&page.events));
                prop_assert!(page.cursor.len() <= 16 * 1024);
            }
        }
    }
}
