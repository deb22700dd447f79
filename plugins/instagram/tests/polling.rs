//! The look through inbox and posts.

use crate::common::*;
use linecard_instagram::Instagram;
use linecard_sdk::connector::{Channel, Connector as _, PollPage};
use linecard_sdk::http::Response;
use linecard_sdk::testing::{DEFAULT_NOW, TestHost};
use linecard_sdk::time::rfc3339;
use serde_json::{Value, json};

fn written(time: u64) -> String {
    rfc3339(time).replace('Z', "+0000")
}

fn poll(channel: &Channel, answer: &Value, cursor: &[u8]) -> (PollPage, String) {
    let host = TestHost::new()
        .answer(Response::new(200, answer.to_string()))
        .install();
    let page = Instagram::poll(channel, cursor).unwrap();
    assert!(page.cursor.len() <= 16 * 1024);
    (page, host.requests()[0].url.clone())
}

fn ids(page: &PollPage) -> Vec<&str> {
    page.events.iter().map(|event| event.id.as_str()).collect()
}

fn inbox(message: &str, text: &str) -> Value {
    json!({ "data": [{ "id": "t", "updated_time": written(THEN),
        "participants": { "data": [{ "id": "24", "user_id": ACCOUNT, "username": "shop" }, { "id": USER, "username": "ann" }] },
        "messages": { "data": [{ "id": message, "created_time": written(THEN), "from": { "id": USER, "username": "ann" }, "message": text }] } }] })
}

fn post(comments: Value) -> Value {
    json!({ "data": [{ "id": MEDIA, "timestamp": written(DEFAULT_NOW - 48 * HOUR), "comments": comments }] })
}

#[test]
fn first_the_inbox_then_the_posts_then_a_pause() {
    let channel = channel();
    let (page, url) = poll(&channel, &inbox("m1", "Hi"), b"");
    assert!(
        url.contains("/me/conversations?platform=instagram&"),
        "{url}"
    );
    assert_eq!(ids(&page), ["m1"]);
    assert!(page.next_in_ms < 1000);
    let comment = json!({ "data": [{ "id": "601", "text": "Price?", "timestamp": written(THEN), "from": { "id": "7001", "username": "ann" } }] });
    let (page, url) = poll(&channel, &post(comment), &page.cursor);
    assert!(url.contains(&format!("/{ACCOUNT}/media?fields=")), "{url}");
    assert_eq!(
        ids(&page),
        ["comment:601"],
        "the old post itself is no news"
    );
    assert_eq!(page.next_in_ms, 15 * 60_000);
    let (_, url) = poll(&channel, &inbox("m1", "Hi"), &page.cursor);
    assert!(url.contains("/me/conversations?"), "{url}");
}

#[test]
fn each_part_can_be_switched_off() {
    let only_comments = channel_with(json!({ "backfill": false }));
    let (page, url) = poll(&only_comments, &post(json!({ "data": [] })), b"");
    assert!(url.contains("/media?"), "{url}");
    assert_eq!(page.next_in_ms, 15 * 60_000);
    let only_inbox = channel_with(json!({ "comments": false }));
    let (page, _) = poll(&only_inbox, &inbox("m1", "Hi"), b"");
    assert_eq!(page.next_in_ms, 15 * 60_000);
    let host = TestHost::new().install();
    let none = channel_with(json!({ "backfill": false, "comments": false }));
    let page = Instagram::poll(&none, b"c").unwrap();
    assert!(page.cursor == b"c" && host.requests().is_empty());
}

#[test]
fn messages_and_comments_have_the_ids_that_webhooks_give() {
    let comment = json!({ "id": "601", "text": "Price?", "from": { "id": "7001", "username": "ann" },
        "media": { "id": MEDIA, "media_product_type": "FEED" } });
    let body = json!({ "object": "instagram", "entry": [{ "id": ACCOUNT, "time": THEN,
        "messaging": [from_customer(json!({ "mid": "m1", "text": "Hi" }))],
        "changes": [{ "field": "comments", "value": comment }] }] });
    let pushed = receive(body.to_string()).unwrap().events;
    let (page, _) = poll(&channel(), &inbox("m1", "Hi"), b"");
    let comment = json!({ "data": [{ "id": "601", "text": "Price?", "timestamp": written(THEN), "username": "ann", "from": { "id": "7001", "username": "ann" } }] });
    let (comments, _) = poll(&channel(), &post(comment), &page.cursor);
    for (pushed, polled) in pushed.iter().zip([&page.events[0], &comments.events[0]]) {
        assert_eq!(pushed.id, polled.id);
        assert_eq!(pushed.kind, polled.kind);
        let key = |event: &linecard_sdk::events::Event| event.thread.as_ref().unwrap().key.clone();
        assert_eq!(key(pushed), key(polled));
    }
}

#[test]
fn a_new_answer_under_an_old_comment_is_found() {
    let old = written(DEFAULT_NOW - 40 * HOUR);
    let reply = json!({ "id": "602", "text": "Still?", "timestamp": written(THEN), "from": { "id": "7001" } });
    let comments = json!({ "data": [{ "id": "601", "text": "Price?", "timestamp": old, "from": { "id": "7001" },
        "replies": { "data": [reply] } }] });
    let (page, _) = poll(
        &channel_with(json!({ "backfill": false })),
        &post(comments),
        b"",
    );
    assert_eq!(ids(&page), ["comment:602"]);
}
