//! Polling, uploads, and whatever else may come.

use crate::common::signed;
use linecard_graph::testing::{any_json, kind_name};
use linecard_sdk::actions::{Action, ActionRequest, Failure, Outgoing, OutgoingAttachment};
use linecard_sdk::connector::{Channel, Connector as _, WebhookRequest};
use linecard_sdk::events::{Attachment, AttachmentKind, EventKind, Identity};
use linecard_sdk::http::Response;
use linecard_sdk::testing::TestHost;

use linecard_x::X;
use proptest::prelude::*;
use serde_json::{Value, json};

fn channel(user: &str, more: &Value) -> Channel {
    let mut config = json!({ "user_id": user, "username": "acme" });
    for (name, value) in more.as_object().into_iter().flatten() {
        config[name] = value.clone();
    }
    Channel::new("x-1", &config)
}

fn answer(body: &Value) -> Response {
    Response::new(200, body.to_string())
}

fn post(id: u64, author: &str, text: &str) -> Value {
    json!({ "id": id.to_string(), "author_id": author, "text": text,
        "conversation_id": "900", "created_at": "2026-01-01T00:00:00.000Z",
        "edit_history_tweet_ids": [id.to_string()] })
}

fn kinds(page: &linecard_sdk::connector::PollPage) -> Vec<String> {
    page.events
        .iter()
        .map(|event| kind_name(&event.kind))
        .collect()
}

#[test]
fn a_look_goes_on_page_by_page_and_the_next_starts_where_it_ended() {
    let channel = channel("2244", &json!({ "direct_messages": false }));
    let first = json!({ "data": [post(905, "77", "five"), post(904, "77", "four")],
        "includes": { "users": [{ "id": "77", "name": "Ann", "username": "ann" }] },
        "meta": { "result_count": 2, "next_token": "p2" } });
    let host = TestHost::new().answer(answer(&first)).install();
    let page = X::poll(&channel, b"").unwrap();
    assert_eq!(page.next_in_ms, 0);
    assert_eq!(page.cost, 2 * 1_000 + 10_000);
    let texts: Vec<_> = page.events.iter().map(|e| e.id.as_str()).collect();
    assert_eq!(texts, ["904", "905"], "oldest first");
    assert!(host.requests()[0].url.contains("start_time="));
    drop(host);

    let second = json!({ "data": [post(903, "2244", "ours")], "meta": { "result_count": 1 } });
    let host = TestHost::new().answer(answer(&second)).install();
    let page = X::poll(&channel, &page.cursor).unwrap();
    assert_eq!(kinds(&page), ["NativeReply"]);
    assert!(host.requests()[0].url.contains("pagination_token=p2"));
    drop(host);

    // The look is over; the next asks for what is newer than all of it.
    let _host = TestHost::new().install();
    let rest = X::poll(&channel, &page.cursor).unwrap();
    assert_eq!(rest.next_in_ms, 60_000);
    let nothing = json!({ "meta": { "result_count": 0 } });
    let host = TestHost::new().answer(answer(&nothing)).install();
    let page = X::poll(&channel, &rest.cursor).unwrap();
    assert!(page.events.is_empty());
    // 905 is of 2010 and older than X searches: the time stands for it.
    assert!(host.requests()[0].url.contains("start_time="));
}

#[test]
fn direct_messages_end_where_the_last_look_began() {
    let channel = channel("2244", &json!({ "mentions": false, "first_hours": 1 }));
    let now = linecard_sdk::testing::DEFAULT_NOW;
    let id =
        |seconds_ago: u64| (((now - seconds_ago * 1000) - 1_288_834_974_657) << 22).to_string();
    let message = |id: &str, sender: &str| {
        json!({ "id": id, "event_type": "MessageCreate", "text": "hi", "sender_id": sender,
            "dm_conversation_id": "77-2244", "created_at": "2026-01-01T00:00:00.000Z" })
    };
    let (old, known, new) = (id(7_200), id(100), id(10));
    let first = json!({ "data": [message(&known, "77"), message(&old, "77")],
        "meta": { "result_count": 2, "next_token": "more" } });
    let host = TestHost::new().answer(answer(&first)).install();
    let page = X::poll(&channel, b"").unwrap();
    assert_eq!(
        page.events.len(),
        1,
        "what is older than the first look is left"
    );
    let thread = page.events[0].thread.clone().unwrap();
    assert_eq!(
        (thread.key.as_str(), thread.customer.unwrap().id.as_str()),
        ("with:77", "77")
    );
    drop(host);
    let host = TestHost::new().at(now + 61_000).install();
    let rest = X::poll(&channel, &page.cursor).unwrap();
    drop(host);
    let second = json!({ "data": [message(&new, "2244"), message(&known, "77")],
        "meta": { "result_count": 2, "next_token": "more" } });
    let _host = TestHost::new()
        .at(now + 130_000)
        .answer(answer(&second))
        .install();
    let page = X::poll(&channel, &rest.cursor).unwrap();
    assert_eq!(kinds(&page), ["NativeReply"]);
}

#[test]
fn an_edited_post_that_was_never_seen_is_told_as_a_whole() {
    let channel = channel("2244", &json!({ "direct_messages": false }));
    let mut edited = post(911, "77", "second words");
    edited["edit_history_tweet_ids"] = json!(["910", "911"]);
    let body = json!({ "data": [edited], "meta": { "result_count": 1 } });
    let _host = TestHost::new().answer(answer(&body)).install();
    let page = X::poll(&channel, b"").unwrap();
    assert_eq!(kinds(&page), ["MessageCreated", "MessageEdited"]);
    assert_eq!(page.events[0].id, "910");
    assert_eq!(page.events[1].id, "911");
}

#[test]
fn a_daily_limit_waits_for_the_next_day() {
    let channel = channel(
        "2244",
        &json!({ "direct_messages": false, "posts_per_day": 10 }),
    );
    let posts: Vec<Value> = (0..10).map(|n| post(920 + n, "77", "x")).collect();
    let body = json!({ "data": posts, "meta": { "result_count": 10 } });
    let _host = TestHost::new().answer(answer(&body)).install();
    let page = X::poll(&channel, b"").unwrap();
    let page = X::poll(&channel, &page.cursor).unwrap();
    assert!(page.events.is_empty() && page.next_in_ms > 3_600_000);
}

fn video(progress: Vec<u8>) -> ActionRequest {
    let attachment = Attachment {
        mime: Some("video/mp4".to_owned()),
        size: Some(9 * 1024 * 1024),
        ..Attachment::new(AttachmentKind::Video)
    };
    ActionRequest {
        id: "a1".to_owned(),
        attempt: 1,
        uncertain_before: false,
        thread: "900".to_owned(),
        recipient: Some(Identity::new("77")),
        last_inbound: None,
        by_human: true,
        progress,
        action: Action::Reply(Outgoing {
            attachments: vec![OutgoingAttachment {
                attachment,
                media: Some("file".to_owned()),
            }],
            reply_to: Some("901".to_owned()),
            ..Outgoing::text("Look")
        }),
    }
}

#[test]
fn a_video_is_uploaded_in_pieces_and_waited_for_without_being_sent_twice() {
    let channel = channel("2244", &json!({}));
    let busy = json!({ "data": { "id": "m1", "processing_info": { "state": "in_progress", "check_after_secs": 7 } } });
    let host = TestHost::new()
        .answer(answer(&json!({ "data": { "id": "m1" } })))
        .answer(Response::new(204, ""))
        .answer(Response::new(204, ""))
        .answer(Response::new(204, ""))
        .answer(answer(&busy))
        .install();
    let Err(Failure::Unfinished(unfinished)) = X::perform(&channel, &video(Vec::new())) else {
        panic!("it is not finished")
    };
    assert_eq!(
        host.requests().len(),
        5,
        "initialize, three pieces, finalize"
    );
    assert_eq!(
        unfinished.resume_at,
        Some(linecard_sdk::testing::DEFAULT_NOW + 7_000)
    );
    drop(host);
    let ready = json!({ "data": { "id": "m1", "processing_info": { "state": "succeeded" } } });
    let host = TestHost::new()
        .answer(answer(&ready))
        .answer(answer(&json!({ "data": { "id": "930" } })))
        .install();
    let outcome = X::perform(&channel, &video(unfinished.progress)).unwrap();
    assert_eq!(outcome.message_ids, ["930"]);
    let urls: Vec<String> = host.requests().iter().map(|r| r.url.clone()).collect();
    assert!(urls[0].contains("command=STATUS"), "{urls:?}");
}

const NAMES: [&str; 24] = [
    "id",
    "id_str",
    "text",
    "author_id",
    "data",
    "includes",
    "users",
    "payload",
    "event_type",
    "event_uuid",
    "tweet_create_events",
    "direct_message_events",
    "favorite_events",
    "follow_events",
    "tweet_delete_events",
    "message_create",
    "sender_id",
    "target",
    "recipient_id",
    "message_data",
    "user",
    "referenced_tweets",
    "type",
    "for_user_id",
];
const WORDS: [&str; 10] = [
    "2244",
    "77",
    "replied_to",
    "retweeted",
    "post.create",
    "dm.received",
    "like.create",
    "follow.follow",
    "message_create",
    "post.delete",
];

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_body_makes_it_panic(body in any_json(&NAMES, &WORDS)) {
        let _host = TestHost::new().secret("consumer-secret", "test").install();
        let channel = channel("2244", &json!({}));
        if let Ok(reception) = X::receive(&channel, &signed(&body.to_string())) {
            for event in reception.events {
                prop_assert!(!event.id.is_empty() && event.id.len() <= 512);
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _host = TestHost::new().secret("consumer-secret", "test").install();
        let channel = channel("2244", &json!({}));
        let _ = X::receive(&channel, &WebhookRequest::post(body.clone()));
        let _ = X::poll(&channel, &body);
    }

    #[test]
    fn no_answer_makes_it_panic(body in any_json(&NAMES, &WORDS), status in 200_u16..600) {
        let _host = TestHost::new().answer(Response::new(status, body.to_string())).install();
        let _ = X::poll(&channel("2244", &json!({})), b"");
    }
}

#[test]
fn an_element_that_cannot_be_read_is_told_beside_the_others() {
    for name in [
        "tweet_create_events",
        "tweet_delete_events",
        "favorite_events",
    ] {
        let good = json!({ "id_str": "77", "text": "Hi", "user": { "id_str": "2002" } });
        let mut body = json!({ "for_user_id": "1001", "tweet_create_events": [good] });
        let unreadable = json!({ "note": "no id" });
        if let Some(list) = body[name].as_array_mut() {
            list.push(unreadable);
        } else {
            body[name] = json!([unreadable]);
        }
        let _host = TestHost::new().secret("consumer-secret", "test").install();
        let reception =
            X::receive(&channel("1001", &json!({})), &signed(&body.to_string())).unwrap();
        let kinds: Vec<_> = reception.events.iter().map(|event| &event.kind).collect();
        assert_eq!(kinds.len(), 2, "{kinds:?}");
        assert!(
            kinds
                .iter()
                .any(|kind| matches!(kind, EventKind::Other(word) if word == name))
        );
        assert!(
            kinds
                .iter()
                .any(|kind| matches!(kind, EventKind::MessageCreated(_)))
        );
    }
}
