//! Posts as they come: signs that X writes as HTML does, quotes, conversations, and the text as it came.

use linecard_sdk::connector::{Channel, Connector as _, WebhookRequest};
use linecard_sdk::encode;
use linecard_sdk::events::{AttachmentKind, Event, EventKind, Message};
use linecard_sdk::http::Response;
use linecard_sdk::secrets::{Algorithm, hmac};
use linecard_sdk::testing::TestHost;
use linecard_x::X;
use serde_json::{Value, json};

fn channel(more: &Value) -> Channel {
    let mut config = json!({ "user_id": "2244", "username": "acme", "direct_messages": false });
    for (name, value) in more.as_object().into_iter().flatten() {
        config[name] = value.clone();
    }
    Channel::new("x-1", &config)
}

fn received(channel: &Channel, body: &str) -> Vec<Event> {
    let _host = TestHost::new().secret("consumer-secret", "test").install();
    let mac = hmac("consumer-secret", Algorithm::Sha256, body.as_bytes()).unwrap();
    let request = WebhookRequest::post(body).with_header(
        "x-twitter-webhooks-signature",
        format!("sha256={}", encode::base64(&mac)),
    );
    X::receive(channel, &request).unwrap().events
}

fn message(event: &Event) -> &Message {
    match &event.kind {
        EventKind::MessageCreated(message) => message,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_quoted_post_is_shown_and_signs_are_read_and_raw_is_as_it_came() {
    // The order of members, the spaces and the number are X's own.
    let post = r#"{ "text": "a &lt; b &amp;amp; c &gt; d", "id":"905", "score": 1.50, "author_id": "77", "conversation_id": "905",
        "referenced_tweets": [{ "type": "quoted", "id": "800" }] }"#;
    let body = format!(
        r#"{{ "meta": {{ "result_count": 1 }}, "data": [{post}],
        "includes": {{ "tweets": [{{ "id": "800", "text": "Cut…", "note_tweet": {{ "text": "Sale &amp; more" }} }}] }} }}"#
    );
    let _host = TestHost::new().answer(Response::new(200, body)).install();
    let page = X::poll(&channel(&json!({})), b"").unwrap();
    let event = &page.events[0];
    assert_eq!(event.raw, post);
    let message = message(event);
    assert_eq!(message.text.as_deref(), Some("a < b &amp; c > d"));
    assert_eq!(message.quoted.as_deref(), Some("800"));
    let [quoted] = message.attachments.as_slice() else {
        panic!("{message:?}")
    };
    assert_eq!(quoted.kind, AttachmentKind::Share);
    assert_eq!(quoted.name.as_deref(), Some("Sale & more"));
    assert_eq!(quoted.url.as_deref(), Some("https://x.com/i/status/800"));
}

#[test]
fn a_webhooks_event_keeps_its_part_as_it_came() {
    let data = r#"{ "event_uuid": "1", "filter": {"user_id": "2244"}, "payload": {"text":"hi &gt; you", "id":"905","author_id":"77"},"event_type":"post.mention.create" }"#;
    let events = received(&channel(&json!({})), &format!("{{\"data\": {data}}}"));
    assert_eq!(events[0].raw, data);
    assert_eq!(message(&events[0]).text.as_deref(), Some("hi > you"));
    let unknown = r#"{ "z": 1, "a": [] }"#;
    let events = received(
        &channel(&json!({})),
        &format!(r#"{{"for_user_id": "2244", "new_events": [{unknown}]}}"#),
    );
    assert_eq!(events[0].raw, unknown);
}

fn older(parent: Option<&str>, names: bool, by: &str) -> String {
    let mentions = if names {
        json!([{ "id_str": "2244" }])
    } else {
        json!([])
    };
    json!({ "for_user_id": "2244", "tweet_create_events": [{
        "id_str": "905", "text": "cut…", "truncated": true, "user": { "id_str": by, "screen_name": "ann" },
        "extended_tweet": { "full_text": "Sale &amp; more", "entities": { "user_mentions": mentions } },
        "in_reply_to_status_id_str": parent, "in_reply_to_user_id_str": parent.map(|_| "2244"),
        "quoted_status": { "id_str": "800", "text": "&lt;old&gt;" },
    }] })
    .to_string()
}

#[test]
fn a_reply_without_its_conversation_waits_for_the_mentions() {
    let here = channel(&json!({}));
    let events = received(&here, &older(None, true, "77"));
    let root = message(&events[0]);
    assert_eq!(root.text.as_deref(), Some("Sale & more"));
    assert_eq!(root.attachments[0].name.as_deref(), Some("<old>"));

    let events = received(&here, &older(Some("901"), true, "77"));
    assert!(
        matches!(&events[0].kind, EventKind::Other(word) if word == "reply-without-conversation")
    );
    let post = json!({ "data": [{ "id": "905", "author_id": "77", "text": "x", "conversation_id": "900" }] });
    let host = TestHost::new()
        .answer(Response::new(200, post.to_string()))
        .install();
    let page = X::poll(&here, b"").unwrap();
    drop(host);
    assert_ne!(page.events[0].id, events[0].id, "the hub takes an id once");
    assert_eq!(page.events[0].thread.as_ref().unwrap().key, "900");

    // What the mentions do not bring, or not soon, comes at once: the parent stands for the thread.
    for (more, names) in [
        (json!({}), false),
        (json!({ "mentions": false }), true),
        (json!({ "poll_every_seconds": 3600 }), true),
    ] {
        let events = received(&channel(&more), &older(Some("901"), names, "77"));
        assert_eq!(message(&events[0]).parent.as_deref(), Some("901"));
        assert_eq!(events[0].thread.as_ref().unwrap().key, "901");
    }
    let own = received(&here, &older(Some("901"), true, "2244"));
    assert!(matches!(own[0].kind, EventKind::NativeReply(_)));
}
