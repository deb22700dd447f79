//! What once lost messages, stopped a channel or told the wrong thing.

use linecard_sdk::actions::{Action, ActionRequest, Failure, Outgoing};
use linecard_sdk::connector::{Channel, Connector as _, WebhookRequest};
use linecard_sdk::encode;
use linecard_sdk::events::{EventKind, Identity};
use linecard_sdk::http::Response;
use linecard_sdk::testing::{DEFAULT_NOW, TestHost};
use linecard_x::X;
use serde_json::{Value, json};

fn channel(more: &Value) -> Channel {
    let mut config = json!({ "user_id": "2244", "username": "acme" });
    for (n, v) in more.as_object().unwrap() {
        config[n] = v.clone();
    }
    Channel::new("x-1", &config)
}
fn snow(ago_s: u64, n: u64) -> String {
    ((((DEFAULT_NOW - ago_s * 1000) - 1_288_834_974_657) << 22) + n).to_string()
}
fn signed(body: &Value) -> WebhookRequest {
    let _h = TestHost::new().secret("consumer-secret", "test").install();
    let mac = linecard_sdk::secrets::hmac(
        "consumer-secret",
        linecard_sdk::secrets::Algorithm::Sha256,
        body.to_string().as_bytes(),
    )
    .unwrap();
    WebhookRequest::post(body.to_string()).with_header(
        "x-twitter-webhooks-signature",
        format!("sha256={}", encode::base64(&mac)),
    )
}
fn dms(n: u64) -> Value {
    let list: Vec<Value> = (0..n).map(|i| json!({ "id": snow(600 + i, 0), "event_type": "MessageCreate", "text": "hi", "sender_id": "77", "dm_conversation_id": "77-2244" })).collect();
    json!({ "data": list, "meta": { "result_count": n } })
}

/// the same 50 DMs read again cost nothing and do not use the day's limit up
#[test]
fn dm_reread() {
    let ch = channel(&json!({ "mentions": false, "posts_per_day": 120 }));
    let mut cursor = Vec::new();
    let mut cost = 0;
    let mut longest = 0;
    let mut now = DEFAULT_NOW;
    for _ in 0..8 {
        let host = TestHost::new()
            .at(now)
            .answer(Response::new(200, dms(50).to_string()))
            .install();
        let page = X::poll(&ch, &cursor).unwrap();
        drop(host);
        cost += page.cost;
        longest = longest.max(page.next_in_ms);
        cursor = page.cursor;
        now += page.next_in_ms.min(120_000) + 1;
    }
    assert!(cost <= 50 * 10_000 && longest <= 3_600_000);
}

/// a search that X refuses does not keep mentions from being fetched
#[test]
fn bad_search_blocks() {
    let ch = channel(&json!({ "direct_messages": false, "searches": ["(oops"] }));
    let empty = json!({ "meta": { "result_count": 0 } });
    let host = TestHost::new()
        .answer(Response::new(200, empty.to_string()))
        .install();
    let page = X::poll(&ch, b"").unwrap();
    drop(host);
    let bad = json!({ "title": "Invalid Request", "detail": "One or more parameters to your request was invalid.", "type": "https://api.twitter.com/2/problems/invalid-request", "errors": [] });
    let mut cursor = page.cursor;
    let mut seen = Vec::new();
    for _ in 0..4 {
        let host = TestHost::new()
            .answer(Response::new(400, bad.to_string()))
            .install();
        let got = X::poll(&ch, &cursor);
        seen.push(host.requests().first().map_or(String::from("-"), |r| {
            if r.url.contains("/mentions") {
                "mentions".into()
            } else {
                "search".into()
            }
        }));
        if let Ok(p) = got {
            cursor = p.cursor;
        }
    }
    assert!(seen.iter().any(|s| s == "mentions"));
}

/// a page token that X no longer takes does not stop the stream
#[test]
fn stale_token() {
    let ch = channel(&json!({ "direct_messages": false }));
    let first = json!({ "data": [{ "id": snow(50, 0), "author_id": "77", "text": "a" }], "meta": { "result_count": 1, "next_token": "p2" } });
    let host = TestHost::new()
        .answer(Response::new(200, first.to_string()))
        .install();
    let page = X::poll(&ch, b"").unwrap();
    drop(host);
    let bad = json!({ "title": "Invalid Request", "type": "https://api.twitter.com/2/problems/invalid-request", "detail": "pagination_token" });
    let _h = TestHost::new()
        .answer(Response::new(400, bad.to_string()))
        .install();
    let got = X::poll(&ch, &page.cursor);
    assert!(got.is_ok());
}

fn reply(attempt: u32) -> ActionRequest {
    ActionRequest {
        id: "a1".into(),
        attempt,
        uncertain_before: false,
        thread: "900".into(),
        recipient: Some(Identity::new("77")),
        last_inbound: None,
        by_human: true,
        progress: Vec::new(),
        action: Action::Reply(Outgoing {
            reply_to: Some("901".into()),
            ..Outgoing::text("Thank you!")
        }),
    }
}

/// after a 429 (nothing was posted) a duplicate refusal is a refusal
#[test]
fn duplicate_after_throttle() {
    let dup = json!({ "title": "Forbidden", "detail": "You are not allowed to create a Tweet with duplicate content.", "type": "about:blank", "status": 403 });
    let _h = TestHost::new()
        .answer(Response::new(403, dup.to_string()))
        .install();
    let got = X::perform(&channel(&json!({})), &reply(2));
    assert!(got.is_err());
}

#[test]
fn quote_is_addressed() {
    let body = json!({ "data": { "event_uuid": "1", "filter": { "user_id": "2244" }, "event_type": "post.quote.create", "payload": { "id": snow(5, 0), "author_id": "77", "text": "look at this", "referenced_tweets": [{ "type": "quoted", "id": "1" }] } } });
    let req = signed(&body);
    let _h = TestHost::new().secret("consumer-secret", "test").install();
    let got = X::receive(&channel(&json!({})), &req).unwrap();
    let EventKind::MessageCreated(m) = &got.events[0].kind else {
        panic!("{got:?}")
    };
    assert_eq!(m.addressed, Some(true));
}

#[test]
fn revoke_is_a_channel_status() {
    let body = json!({ "user_event": { "revoke": { "date_time": "2026-01-01T00:00:00.000Z", "target": { "app_id": "1" }, "source": { "user_id": "2244" } } } });
    let req = signed(&body);
    let _h = TestHost::new().secret("consumer-secret", "test").install();
    let got = X::receive(&channel(&json!({})), &req).unwrap();
    assert!(
        matches!(got.events[0].kind, EventKind::ChannelStatus(_)),
        "{:?}",
        got.events[0].kind
    );
}

#[test]
fn activity_of_another_account() {
    let body = json!({ "data": { "event_uuid": "1", "filter": { "user_id": "999" }, "event_type": "post.mention.create", "payload": { "id": snow(5, 0), "author_id": "77", "text": "hi @other" } } });
    let req = signed(&body);
    let _h = TestHost::new().secret("consumer-secret", "test").install();
    let got = X::receive(&channel(&json!({})), &req);
    assert!(got.is_err(), "{got:?}");
}

#[test]
fn cursor_size() {
    let searches: Vec<String> = (0..10)
        .map(|i| format!("{i}{}", "\u{98a8}".repeat(511)))
        .collect();
    let ch = channel(&json!({ "direct_messages": false, "mentions": false, "searches": searches }));
    let mut cursor = Vec::new();
    for _ in 0..10 {
        let first = json!({ "data": [{ "id": snow(50, 0), "author_id": "77", "text": "a" }], "meta": { "result_count": 1 } });
        let _h = TestHost::new()
            .answer(Response::new(200, first.to_string()))
            .install();
        cursor = X::poll(&ch, &cursor).unwrap().cursor;
    }
    assert!(cursor.len() <= 16 << 10);
}

#[test]
fn not_enrolled() {
    let body = json!({ "client_id": "1", "detail": "x", "registration_url": "y", "title": "Client Forbidden", "required_enrollment": "Standard Basic", "reason": "client-not-enrolled", "type": "https://api.twitter.com/2/problems/client-forbidden" });
    let _h = TestHost::new()
        .answer(Response::new(403, body.to_string()))
        .install();
    let mut r = reply(1);
    r.action = Action::Follow;
    let got = X::perform(&channel(&json!({})), &r);
    assert!(matches!(got, Err(Failure::Unsupported(_))), "{got:?}");
}
