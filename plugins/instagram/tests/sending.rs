//! Windows and limits, kept before Graph is asked.

use crate::common::*;
use linecard_graph::testing::sent;
use linecard_instagram::Instagram;
use linecard_sdk::actions::{Action, ActionRequest, Failure, Outcome, Outgoing};
use linecard_sdk::connector::Connector as _;
use linecard_sdk::events::Structured;
use linecard_sdk::http::Response;
use linecard_sdk::testing::{DEFAULT_NOW, TestHost};
use serde_json::{Value, json};

/// Sends as a channel with or without the Human Agent feature; gives the body too, if there was one.
fn send(granted: bool, request: &ActionRequest) -> (Result<Outcome, Failure>, Option<Value>) {
    let answer = json!({ "recipient_id": USER, "message_id": "m1" });
    let host = TestHost::new()
        .answer(Response::new(200, answer.to_string()))
        .install();
    let channel = channel_with(json!({ "human_agent": granted }));
    let outcome = Instagram::perform(&channel, request);
    (outcome, host.requests().first().map(sent))
}

fn after(hours: u64) -> ActionRequest {
    ActionRequest {
        last_inbound: Some(DEFAULT_NOW - hours * HOUR),
        ..text("x")
    }
}

#[test]
fn within_a_day_nothing_is_said_about_the_right_to_write() {
    let (outcome, body) = send(false, &after(23));
    assert_eq!(outcome.unwrap().message_ids, ["m1"]);
    let body = body.unwrap();
    assert_eq!(
        body,
        json!({ "recipient": { "id": USER }, "message": { "text": "x" } }),
        "no messaging_type and no metadata"
    );
}

#[test]
fn for_seven_days_a_person_may_answer_if_it_is_granted() {
    let (outcome, body) = send(true, &after(48));
    assert!(outcome.unwrap().note.unwrap().contains("HUMAN_AGENT"));
    let body = body.unwrap();
    assert_eq!(
        (&body["messaging_type"], &body["tag"]),
        (&json!("MESSAGE_TAG"), &json!("HUMAN_AGENT"))
    );
    let rule = ActionRequest {
        by_human: false,
        ..after(48)
    };
    for (granted, request) in [(false, after(48)), (true, rule), (true, after(7 * 24 + 1))] {
        let (outcome, body) = send(granted, &request);
        assert!(matches!(outcome, Err(Failure::WindowClosed(_))));
        assert!(body.is_none(), "nothing was sent");
    }
}

#[test]
fn a_text_is_counted_in_bytes() {
    assert!(send(false, &text(&"ü".repeat(500))).0.is_ok());
    let (outcome, body) = send(false, &text(&format!("{}x", "ü".repeat(500))));
    assert!(matches!(outcome, Err(Failure::Rejected(refusal)) if refusal.code == "too-long"));
    assert!(body.is_none());
}

#[test]
fn a_private_reply_is_possible_for_seven_days() {
    let reply = Outgoing {
        reply_to: Some("601".to_owned()),
        ..Outgoing::text("x")
    };
    let mut request = request(Action::PrivateReply(reply));
    request.thread = MEDIA.to_owned();
    request.last_inbound = Some(DEFAULT_NOW - 6 * 24 * HOUR);
    let (outcome, body) = send(false, &request);
    assert!(outcome.is_ok());
    assert_eq!(body.unwrap()["recipient"], json!({ "comment_id": "601" }));
    request.last_inbound = Some(DEFAULT_NOW - 7 * 24 * HOUR - 1);
    assert!(matches!(
        send(false, &request).0,
        Err(Failure::WindowClosed(_))
    ));
}

#[test]
fn the_two_set_ups_call_their_own_hosts() {
    for (login, host_name) in [
        ("instagram", "https://graph.instagram.com/v27.0/"),
        ("facebook", "https://graph.facebook.com/v27.0/"),
    ] {
        let host = TestHost::new().answer(Response::new(500, "")).install();
        let channel = channel_with(json!({ "login": login }));
        assert!(Instagram::perform(&channel, &text("x")).is_err());
        assert!(host.requests()[0].url.starts_with(host_name));
    }
}

#[test]
fn what_instagram_no_longer_takes_is_refused_before_it_is_asked() {
    for kind in ["user_phone_number", "user_email", "date"] {
        let options = json!({ "options": [{ "text": "Yes" }, { "type": kind }] });
        let outgoing = Outgoing {
            structured: Some(Structured::new("quick-replies", &options)),
            ..Outgoing::text("May we call you?")
        };
        let (outcome, body) = send(false, &request(Action::SendMessage(outgoing)));
        let Err(Failure::Rejected(refusal)) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!(refusal.code, "quick-reply");
        assert!(refusal.text.contains(kind), "{refusal:?}");
        assert!(body.is_none(), "nothing was sent");
    }
}

#[test]
fn an_answer_names_what_it_answers_where_instagram_takes_that() {
    for (login, expected) in [
        ("instagram", json!({ "mid": "m0" })),
        ("facebook", Value::Null),
    ] {
        let answer = json!({ "recipient_id": USER, "message_id": "m1" });
        let host = TestHost::new()
            .answer(Response::new(200, answer.to_string()))
            .install();
        let outgoing = Outgoing {
            reply_to: Some("m0".to_owned()),
            ..Outgoing::text("Yes")
        };
        let channel = channel_with(json!({ "login": login }));
        let answered = Instagram::perform(&channel, &request(Action::SendMessage(outgoing)));
        assert!(answered.is_ok());
        assert_eq!(sent(&host.requests()[0])["reply_to"], expected, "{login}");
    }
}
