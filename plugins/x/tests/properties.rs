//! Whatever comes: no panic, and what comes again has the same ids.

mod common;

use common::*;
use linecard_sdk::actions::{Action, Outgoing};
use linecard_sdk::connector::{Connector as _, Rejection, WebhookRequest};
use linecard_sdk::events::Event;
use linecard_sdk::http::Response;
use linecard_sdk::testing::TestHost;
use linecard_x::X;
use proptest::prelude::*;
use serde_json::{Value, json};

const NAMES: [&str; 34] = [
    "id",
    "id_str",
    "text",
    "author_id",
    "conversation_id",
    "created_at",
    "referenced_tweets",
    "type",
    "entities",
    "mentions",
    "note_tweet",
    "attachments",
    "media_keys",
    "edit_history_tweet_ids",
    "data",
    "includes",
    "users",
    "meta",
    "next_token",
    "errors",
    "status",
    "detail",
    "sender_id",
    "target",
    "recipient_id",
    "message_create",
    "message_data",
    "created_timestamp",
    "user",
    "source",
    "dm_conversation_id",
    "event_type",
    "payload",
    "liked_tweet_id",
];
const WORDS: [&str; 14] = [
    ME,
    CUSTOMER,
    "1001-2002",
    "7",
    "MessageCreate",
    "follow",
    "replied_to",
    "2026-01-01T00:00:00Z",
    "post.create",
    "like.create",
    "photo",
    "",
    "é",
    "99999999999999999999",
];
const KINDS: [&str; 12] = [
    "post.create",
    "post.delete",
    "post.repost.create",
    "like.create",
    "follow.follow",
    "follow.unfollow",
    "dm.received",
    "dm.read",
    "dm.indicate_typing",
    "profile.update.bio",
    "chat.sent",
    "oauth.revoke",
];
const LISTS: [&str; 7] = [
    "tweet_create_events",
    "tweet_delete_events",
    "favorite_events",
    "follow_events",
    "direct_message_events",
    "direct_message_mark_read_events",
    "whatever",
];

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        prop::sample::select(WORDS.to_vec()).prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(prop::sample::select(NAMES.to_vec()), inner, 0..6)
                .prop_map(|map| json!(map)),
        ]
    })
}

fn sound(events: &[Event]) -> bool {
    events.iter().all(|event| {
        let thread = event.thread.as_ref();
        let author = event.author.as_ref();
        !event.id.is_empty()
            && event.id.len() <= 512
            && thread.is_none_or(|thread| thread.key.len() <= 512)
            && author.is_none_or(|author| author.identity.id.len() <= 256)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_refused_without_a_signature(body in prop::collection::vec(any::<u8>(), 0..400), signature in ".{0,80}") {
        let _host = host().install();
        let request = WebhookRequest::post(body).with_header(HEADER, signature);
        let answer = X::receive(&channel(ME, json!({})), &request);
        let is_refused = matches!(answer, Err(Rejection::BadSignature(_)));
        prop_assert!(is_refused);
    }

    #[test]
    fn any_activity_gives_events(kind in prop::sample::select(KINDS.to_vec()), payload in any_json(), includes in any_json()) {
        let body = json!({ "data": { "event_uuid": "-1", "filter": { "user_id": ME }, "event_type": kind, "payload": payload, "includes": includes } }).to_string();
        let first = receive(ME, &body).unwrap().events;
        prop_assert!(!first.is_empty());
        prop_assert!(sound(&first));
        let ids = |events: &[Event]| events.iter().map(|event| event.id.clone()).collect::<Vec<_>>();
        prop_assert_eq!(ids(&first), ids(&receive(ME, &body).unwrap().events));
    }

    #[test]
    fn any_element_costs_its_neighbours_nothing(name in prop::sample::select(LISTS.to_vec()), element in any_json()) {
        let good = json!({ "id_str": "77", "text": "Hi", "user": { "id_str": CUSTOMER } });
        let mut body = json!({ "for_user_id": ME, name: [element] });
        match body["tweet_create_events"].as_array_mut() {
            Some(list) => list.push(good),
            None => body["tweet_create_events"] = json!([good]),
        }
        let events = receive(ME, &body.to_string()).unwrap().events;
        prop_assert!(events.len() >= 2);
        prop_assert!(events.iter().any(|event| event.id == "post:77"));
        prop_assert!(sound(&events));
    }

    #[test]
    fn any_answer_of_x_has_a_meaning(status in 100u16..600, body in any_json(), cursor in ".{0,60}") {
        for body in [body.to_string(), json!({ "data": [body, { "id": "77", "author_id": "2" }] }).to_string()] {
            let answer = Response::new(status, body);
            let _host = TestHost::new().answer(answer.clone()).answer(answer.clone()).answer(answer).install();
            let reply = Outgoing { reply_to: Some("5".to_owned()), ..Outgoing::text("x") };
            let _ = X::perform(&channel(ME, json!({})), &request(Action::Reply(reply)));
            let _ = X::probe(&channel(ME, json!({})));
            if let Ok(page) = X::poll(&channel(ME, json!({})), cursor.as_bytes()) {
                prop_assert!(sound(&page.events));
                prop_assert!(page.cursor.len() <= 16 * 1024);
            }
        }
    }
}
