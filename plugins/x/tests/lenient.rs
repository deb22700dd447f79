//! What X writes in other ways than its documentation says is read all the same.

use crate::common::signed;
use linecard_graph::testing::check_awkward_answers;
use linecard_sdk::actions::{Action, ActionRequest, Failure, Outgoing};
use linecard_sdk::connector::{Channel, Connector as _};
use linecard_sdk::events::{Event, EventKind, Identity, PostbackSource};
use linecard_sdk::http::Response;
use linecard_sdk::testing::TestHost;
use linecard_x::X;
use serde_json::{Value, json};

fn channel() -> Channel {
    let config = json!({ "user_id": "2244", "username": "acme", "mentions": false });
    Channel::new("x-1", &config)
}

fn received(body: &str) -> Vec<Event> {
    let _host = TestHost::new().secret("consumer-secret", "test").install();
    X::receive(&channel(), &signed(body)).unwrap().events
}

#[test]
fn half_an_emoji_costs_nothing_but_itself_and_ids_come_as_numbers() {
    let body = r#"{"for_user_id":2244,"tweet_create_events":[
        {"id":1795000000000000001,"text":"a\ud83d @acme","user":{"id":77,"screen_name":"ann","name":"\ude00"},"created_at":"Thu Jan 01 00:00:07 +0000 2026"},
        {"id_str":"1795000000000000002","text":"whole","user":{"id_str":"78"}}, 17]}"#;
    let events = received(body);
    assert_eq!(events.len(), 3);
    let EventKind::MessageCreated(first) = &events[0].kind else {
        panic!("{events:#?}")
    };
    assert_eq!(
        (first.id.as_str(), first.text.as_deref()),
        ("1795000000000000001", Some("a\u{fffd} @acme"))
    );
    assert_eq!(
        events[0].time, 1_767_225_607_000,
        "`created_at` stands in for `timestamp_ms`"
    );
    assert_eq!(events[0].author.as_ref().unwrap().identity.id, "77");
    assert!(matches!(&events[1].kind, EventKind::MessageCreated(_)));
    assert_eq!(events[2].raw, "17");
}

#[test]
fn ids_and_names_of_any_length_are_taken() {
    for length in [0, 257, 513, 70_000] {
        let long = "9".repeat(length);
        let body = json!({ "for_user_id": "2244", "tweet_create_events": [
            { "id_str": long, "text": "x", "user": { "id_str": long, "screen_name": long } },
            { "id_str": "1795000000000000002", "text": "whole", "user": { "id_str": "78" } },
        ], "direct_message_events": [{ "id": long, "message_create": { "sender_id": long } }], (format!("new{long}")): [{}] });
        let events = received(&body.to_string());
        assert!(events.len() >= 4, "{length}");
        for event in &events {
            assert!(
                !event.id.is_empty() && event.id.len() <= 512,
                "{length}: {}",
                event.id
            );
            assert!(
                event
                    .author
                    .as_ref()
                    .is_none_or(|by| by.identity.id.len() <= 256)
            );
            assert!(
                event
                    .thread
                    .as_ref()
                    .is_none_or(|thread| thread.key.len() <= 512)
            );
        }
    }
}

#[test]
fn the_answer_to_quick_replies_is_a_choice() {
    let body = |data: Value| {
        json!({ "for_user_id": "2244", "direct_message_events": [{ "type": "message_create", "id": "5",
            "created_timestamp": "1767225600000", "message_create": { "sender_id": "77",
            "target": { "recipient_id": "2244" }, "message_data": data } }] })
        .to_string()
    };
    let response = json!({ "type": "options", "metadata": "order_status" });
    let alone = received(&body(
        json!({ "text": "My order", "quick_reply_response": response }),
    ));
    assert!(matches!(&alone[0].kind, EventKind::Postback(postback)
        if postback.payload == "order_status" && postback.title == "My order" && postback.source == PostbackSource::QuickReply));
    let media = json!({ "type": "media", "media": { "id_str": "9", "type": "photo" } });
    let both = received(&body(
        json!({ "text": "My order", "quick_reply_response": response, "attachment": media }),
    ));
    assert!(
        matches!(&both[0].kind, EventKind::MessageCreated(message) if message.attachments.len() == 1)
    );
    assert!(matches!(&both[1].kind, EventKind::Postback(_)));
}

#[test]
fn an_encrypted_chat_is_shown_as_one() {
    let chat = |kind: &str, sender: &str| {
        let payload = json!({ "id": "9", "conversation_id": "77:2244", "sender_id": sender,
            "created_at_msec": "1767225600000", "encoded_event": "AAAA" });
        let data = json!({ "event_uuid": "1", "filter": { "user_id": "2244" }, "event_type": kind, "payload": payload });
        received(&json!({ "data": data }).to_string()).remove(0)
    };
    let written = chat("chat.received", "77");
    let EventKind::MessageCreated(message) = &written.kind else {
        panic!("{written:#?}")
    };
    assert_eq!(
        message.text.as_deref(),
        Some("Encrypted chat: open it in X.")
    );
    assert_eq!(message.structured.as_ref().unwrap().kind, "encrypted-chat");
    assert_eq!(written.author.unwrap().identity.id, "77");
    assert_eq!(written.time, 1_767_225_600_000);
    let own = chat("chat.sent", "2244");
    assert!(matches!(own.kind, EventKind::NativeReply(_)));
    assert_eq!(own.thread.unwrap().customer.unwrap().id, "77");
    let bare = json!({ "data": { "event_type": "chat.received", "payload": { "encoded_event": "AAAA" } } });
    assert!(matches!(
        received(&bare.to_string())[0].kind,
        EventKind::MessageCreated(_)
    ));
}

fn answered(action: Action, uncertain: bool, answers: Vec<(u16, String)>) -> Result<bool, Failure> {
    let mut host = TestHost::new();
    for (status, body) in answers {
        host = host.answer(Response::new(status, body));
    }
    let _host = host.install();
    let request = ActionRequest {
        id: "a1".to_owned(),
        attempt: 1,
        uncertain_before: uncertain,
        thread: "with:77".to_owned(),
        recipient: Some(Identity::new("77")),
        last_inbound: None,
        by_human: true,
        progress: Vec::new(),
        action,
    };
    X::perform(&channel(), &request).map(|outcome| outcome.already_done)
}

fn reply() -> Action {
    Action::Reply(Outgoing {
        reply_to: Some("901".to_owned()),
        ..Outgoing::text("Thank you!")
    })
}

#[test]
fn a_duplicate_is_known_in_every_form() {
    for body in [
        json!({ "errors": "Status is a duplicate." }),
        json!({ "errors": [{ "code": 187, "message": "x" }] }),
        json!({ "errors": [{ "code": "187", "message": "x" }] }),
        json!({ "detail": "You are not allowed to create a Tweet with duplicate content.", "status": 403 }),
    ] {
        let answers = vec![(403, body.to_string()), (200, "{}".to_owned())];
        assert_eq!(answered(reply(), true, answers), Ok(true), "{body}");
        let refused = answered(reply(), false, vec![(403, body.to_string())]);
        assert!(matches!(refused, Err(Failure::Rejected(_))), "{body}");
    }
}

#[test]
fn refusals_tell_old_codes_parameters_and_what_to_do() {
    let refused = |status: u16, body: Value| {
        answered(reply(), false, vec![(status, body.to_string())]).unwrap_err()
    };
    let Failure::Rejected(bad) = refused(
        400,
        json!({ "title": "Invalid Request", "type": "https://api.twitter.com/2/problems/invalid-request",
        "detail": "One or more parameters to your request was invalid.",
        "errors": [{ "parameters": { "reply.in_reply_to_tweet_id": ["x"] }, "message": "must be a number" }] }),
    ) else {
        panic!("not rejected")
    };
    assert_eq!(bad.code, "400/invalid-request");
    assert!(
        bad.text.contains("must be a number") && bad.text.contains("reply.in_reply_to_tweet_id"),
        "{}",
        bad.text
    );
    let Failure::Rejected(old) = refused(
        403,
        json!({ "errors": [{ "code": 433, "message": "The Tweet is restricted" }] }),
    ) else {
        panic!("not rejected")
    };
    assert_eq!(old.code, "403/433");
    let locked = refused(
        403,
        json!({ "errors": [{ "code": 326, "message": "To protect our users…" }] }),
    );
    assert!(
        matches!(&locked, Failure::Unauthorized(text) if text.contains("Log in to X")),
        "{locked:?}"
    );
    let plan = refused(
        403,
        json!({ "reason": "client-not-enrolled", "title": "Client Forbidden" }),
    );
    assert!(
        matches!(&plan, Failure::Unsupported(text) if text.contains("likes, follows and quote posts")),
        "{plan:?}"
    );
}

#[test]
fn a_503_with_a_page_did_nothing() {
    let page = || vec![(503, "<html>over capacity</html>".to_owned())];
    for action in [reply(), Action::SendMessage(Outgoing::text("x"))] {
        assert!(matches!(
            answered(action, false, page()),
            Err(Failure::Transient(_))
        ));
    }
}

#[test]
fn awkward_values_in_a_page_of_posts_cost_nothing_but_themselves() {
    let post = |id: &str, text: &str| {
        json!({ "id": id, "author_id": "77", "text": text, "created_at": "2025-12-31T23:59:00.000Z", "lang": "en",
            "conversation_id": id, "edit_history_tweet_ids": [id], "in_reply_to_user_id": "2244",
            "referenced_tweets": [{ "type": "replied_to", "id": "5" }, { "type": "quoted", "id": "6" }],
            "attachments": { "media_keys": ["3_1"] }, "note_tweet": { "text": text },
            "entities": { "mentions": [{ "id": "2244", "username": "acme" }] } })
    };
    let answer = json!({ "data": [post("1795000000000000001", "hi")],
        "includes": { "users": [{ "id": "77", "name": "Ann", "username": "ann", "verified": true,
                "public_metrics": { "followers_count": 5 }, "connection_status": ["followed_by"] }],
            "tweets": [{ "id": "6", "text": "quoted" }],
            "media": [{ "media_key": "3_1", "type": "video", "variants": [{ "bit_rate": 5, "url": "https://x.example/v" }] }] },
        "meta": { "result_count": 1, "next_token": "p2" } });
    let config = json!({ "user_id": "2244", "username": "acme", "direct_messages": false });
    let channel = Channel::new("x-1", &config);
    let tried = check_awkward_answers(
        &answer,
        |word| post("1795000000000000002", word),
        |response| {
            let _host = TestHost::new().answer(response).install();
            X::poll(&channel, b"")
        },
    );
    assert!(tried > 500);
}
