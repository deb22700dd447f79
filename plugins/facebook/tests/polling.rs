//! The look through the page's posts: nothing is missed, nothing has two ids.

use crate::common::*;
use linecard_facebook::Facebook;
use linecard_sdk::connector::{Connector as _, PollPage};
use linecard_sdk::events::EventKind;
use linecard_sdk::http::Response;
use linecard_sdk::testing::{DEFAULT_NOW, TestHost};
use linecard_sdk::time::rfc3339;
use serde_json::{Value, json};

const MINUTE: u64 = 60_000;

fn written(time: u64) -> String {
    rfc3339(time).replace('Z', "+0000")
}

fn stored(id: &str, time: u64) -> Value {
    json!({ "id": id, "created_time": written(time), "message": "Hi", "from": { "id": "7001", "name": "Ann" } })
}

fn post(id: &str, time: u64, comments: Vec<Value>, more: bool) -> Value {
    let mut post = json!({ "id": id, "created_time": written(time), "message": "News",
        "from": { "id": PAGE }, "comments": { "data": comments } });
    if more {
        post["comments"]["paging"] =
            json!({ "cursors": { "after": "deep" }, "next": "https://graph.facebook.com/deep" });
    }
    post
}

fn poll_at(now: u64, answer: &Value, cursor: &[u8]) -> (PollPage, String) {
    let host = TestHost::new()
        .at(now)
        .answer(Response::new(200, answer.to_string()))
        .install();
    let page = Facebook::poll(&channel(), cursor).unwrap();
    assert!(page.cursor.len() <= 16 * 1024);
    (page, host.requests()[0].url.clone())
}

fn ids(page: &PollPage) -> Vec<&str> {
    page.events.iter().map(|event| event.id.as_str()).collect()
}

#[test]
fn a_comment_has_the_same_ids_by_webhook_and_by_poll() {
    let pushed = event(comment(json!({})));
    let page = post(
        POST,
        THEN * 1000,
        vec![stored("500_601", THEN * 1000)],
        false,
    );
    let (polled, _) = poll_at(DEFAULT_NOW, &json!({ "data": [page] }), b"");
    let polled = polled
        .events
        .iter()
        .find(|event| event.id == pushed.id)
        .unwrap();
    assert_eq!(polled.kind, pushed.kind);
    assert_eq!(polled.time, pushed.time);
    assert_eq!(
        polled.thread.as_ref().unwrap().key,
        pushed.thread.as_ref().unwrap().key
    );
    assert_eq!(polled.author, pushed.author);

    let pushed = event(json!({ "item": "status", "verb": "add", "post_id": POST,
        "from": { "id": PAGE }, "message": "News", "created_time": THEN }));
    let page = post(POST, THEN * 1000, Vec::new(), false);
    let (polled, _) = poll_at(DEFAULT_NOW, &json!({ "data": [page] }), b"");
    assert_eq!(polled.events[0].id, pushed.id);
    assert_eq!(polled.events[0].kind, pushed.kind);
}

#[test]
fn a_comment_on_an_old_post_is_found_and_what_is_known_is_not_told_again() {
    let old = DEFAULT_NOW - 10 * 24 * HOUR;
    let first = json!({ "data": [post("1_400", old, vec![stored("400_1", old + MINUTE)], false)] });
    let (page, url) = poll_at(DEFAULT_NOW, &first, b"");
    assert!(page.events.is_empty(), "{:?}", ids(&page));
    let reach = (DEFAULT_NOW - 14 * 24 * HOUR) / 1000;
    assert!(url.contains(&format!("/feed?since={reach}&")), "{url}");
    assert_eq!(page.next_in_ms, 5 * MINUTE);

    let late = DEFAULT_NOW + 3 * MINUTE;
    let comments = vec![stored("400_2", late), stored("400_1", old + MINUTE)];
    let second = json!({ "data": [post("1_400", old, comments, false)] });
    let (page, _) = poll_at(DEFAULT_NOW + 5 * MINUTE, &second, &page.cursor);
    assert_eq!(ids(&page), ["comment:2"]);

    // An hour later the comment lies before the overlap.
    let quiet = json!({ "data": [post("1_400", old, vec![stored("400_3", late + HOUR), stored("400_2", late)], false)] });
    let (page, _) = poll_at(DEFAULT_NOW + 2 * HOUR, &quiet, &page.cursor);
    let (page, _) = poll_at(DEFAULT_NOW + 2 * HOUR, &quiet, &page.cursor);
    assert_eq!(ids(&page), ["comment:3"]);
}

#[test]
fn a_post_with_many_new_comments_is_read_to_the_known_ones() {
    let newest = DEFAULT_NOW - MINUTE;
    let first = json!({ "data": [
        post(POST, DEFAULT_NOW - 2 * HOUR, vec![stored("500_9", newest)], true),
        post("1_400", DEFAULT_NOW - 3 * HOUR, Vec::new(), false),
    ], "paging": { "next": "https://graph.facebook.com/v27.0/1/feed?access_token=SECRET&until=17&__paging_token=enc" } });
    let (page, _) = poll_at(DEFAULT_NOW, &first, b"");
    assert_eq!(
        ids(&page),
        ["post:1_400", "post:100000000000001_500", "comment:9"]
    );
    assert!(page.next_in_ms < 1000);
    assert!(
        !String::from_utf8_lossy(&page.cursor).contains("SECRET"),
        "the token that Graph repeats in its links is not kept"
    );

    let mut more = json!({ "data": [stored("500_8", newest - MINUTE)] });
    more["paging"] =
        json!({ "cursors": { "after": "deeper" }, "next": "https://graph.facebook.com/deeper" });
    let (page, url) = poll_at(DEFAULT_NOW, &more, &page.cursor);
    assert!(
        url.contains(&format!("/{POST}/comments?filter=stream")),
        "{url}"
    );
    assert_eq!(ids(&page), ["comment:8"]);

    let mut known = json!({ "data": [stored("500_7", newest - 2 * MINUTE), stored("500_1", DEFAULT_NOW - 48 * HOUR)] });
    known["paging"] = more["paging"].clone();
    let (page, url) = poll_at(DEFAULT_NOW, &known, &page.cursor);
    assert!(url.ends_with("&after=deeper"), "{url}");
    assert_eq!(ids(&page), ["comment:7"]);

    let (page, url) = poll_at(DEFAULT_NOW, &json!({ "data": [] }), &page.cursor);
    assert!(
        url.contains("/feed?") && url.contains("&until=17&__paging_token=enc"),
        "{url}"
    );
    assert_eq!(page.next_in_ms, 5 * MINUTE, "the look is over");
}

#[test]
fn what_is_written_during_a_look_is_found_by_the_next() {
    let first = json!({ "data": [post(POST, DEFAULT_NOW - HOUR, Vec::new(), false)],
        "paging": { "cursors": { "after": "p2" }, "next": "https://graph.facebook.com/p2" } });
    let (page, _) = poll_at(DEFAULT_NOW, &first, b"");
    // Twenty minutes later the second page shows a comment from just now.
    let later = DEFAULT_NOW + 20 * MINUTE;
    let second = json!({ "data": [post("1_400", DEFAULT_NOW - 2 * HOUR, vec![stored("400_2", later)], false)] });
    let (page, _) = poll_at(later, &second, &page.cursor);
    // Meanwhile somebody had written under the first.
    let between = DEFAULT_NOW + MINUTE;
    let next =
        json!({ "data": [post(POST, DEFAULT_NOW - HOUR, vec![stored("500_1", between)], false)] });
    let (page, _) = poll_at(later + MINUTE, &next, &page.cursor);
    assert!(ids(&page).contains(&"comment:1"), "{:?}", ids(&page));
}

#[test]
fn a_look_ends_at_its_limits() {
    let posts: Vec<Value> = (0..30)
        .map(|number| {
            post(
                &format!("1_{number}"),
                DEFAULT_NOW - HOUR,
                Vec::new(),
                false,
            )
        })
        .collect();
    let answer = json!({ "data": posts, "paging": { "cursors": { "after": "x" }, "next": "https://graph.facebook.com/x" } });
    let _host = TestHost::new()
        .answer(Response::new(200, answer.to_string()))
        .install();
    let page = Facebook::poll(&channel_with(json!({ "poll_posts": 10 })), b"").unwrap();
    assert_eq!(page.events.len(), 10);
    assert_eq!(page.next_in_ms, 5 * MINUTE);
}

#[test]
fn a_failed_call_keeps_the_cursor_with_the_host() {
    let _host = TestHost::new().answer(Response::new(500, "")).install();
    assert!(Facebook::poll(&channel(), b"").is_err());
}

#[test]
fn the_pages_own_comment_is_a_native_reply_by_poll_too() {
    let mut own = stored("500_2", THEN * 1000);
    own["from"] = json!({ "id": PAGE });
    own["parent"] = json!({ "id": "500_1" });
    let page = post(POST, DEFAULT_NOW - 48 * HOUR, vec![own], false);
    let (page, _) = poll_at(DEFAULT_NOW, &json!({ "data": [page] }), b"");
    let EventKind::NativeReply(message) = &page.events[0].kind else {
        panic!("no native reply: {:?}", page.events[0].kind)
    };
    assert_eq!(message.parent.as_deref(), Some("500_1"));
}
