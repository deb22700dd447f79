//! What goes to the Send API, and what comes of it.

use crate::common::*;
use linecard_graph::testing::sent;
use linecard_messenger::Messenger;
use linecard_sdk::actions::{Action, Failure, Outgoing, OutgoingAttachment, ReactionTarget, Rest};
use linecard_sdk::connector::Connector as _;
use linecard_sdk::events::{Attachment, AttachmentKind, Identity, Location, Structured};
use linecard_sdk::http::{Body, Error, Method, PartContent, Response};
use linecard_sdk::testing::{DEFAULT_NOW, TestHost};
use serde_json::{Value, json};

fn accepted(mid: &str) -> Response {
    Response::new(
        200,
        json!({ "recipient_id": PSID, "message_id": mid }).to_string(),
    )
}

fn uploaded(id: &str) -> Response {
    Response::new(200, json!({ "attachment_id": id }).to_string())
}

fn refused(status: u16, error: Value) -> Response {
    Response::new(status, json!({ "error": error }).to_string())
}

fn by_url(kind: AttachmentKind, url: &str) -> OutgoingAttachment {
    OutgoingAttachment {
        attachment: Attachment::at(kind, url),
        media: None,
    }
}

fn stored(name: &str) -> OutgoingAttachment {
    let attachment = Attachment {
        name: Some(name.to_owned()),
        mime: Some("application/pdf".to_owned()),
        ..Attachment::new(AttachmentKind::File)
    };
    OutgoingAttachment {
        attachment,
        media: Some("media-1".to_owned()),
    }
}

fn outgoing(change: impl FnOnce(&mut Outgoing)) -> linecard_sdk::actions::ActionRequest {
    let mut outgoing = Outgoing::default();
    change(&mut outgoing);
    request(Action::SendMessage(outgoing))
}

#[test]
fn a_text_inside_the_window_is_a_response() {
    let host = TestHost::new().answer(accepted("m_1")).install();
    let outcome = perform(&text("Hello")).unwrap();
    assert_eq!(outcome.message_ids, ["m_1"]);
    let requests = host.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!(requests[0].method, Method::Post);
    assert_eq!(
        requests[0].url,
        format!("https://graph.facebook.com/v27.0/{PAGE}/messages")
    );
    assert_eq!(requests[0].auth.as_deref(), Some("page-access-token"));
    assert_eq!(
        sent(&requests[0]),
        json!({
            "recipient": { "id": PSID },
            "messaging_type": "RESPONSE",
            "message": { "text": "Hello", "metadata": "0199a3f0-0000-7000-8000-000000000001" },
        })
    );
}

#[test]
fn the_address_and_the_version_are_configured() {
    let host = TestHost::new().answer(accepted("m_1")).install();
    let channel =
        channel_with(json!({ "base_url": "http://127.0.0.1:9/", "graph_version": "v25.0" }));
    Messenger::perform(&channel, &text("x")).unwrap();
    assert_eq!(
        host.requests()[0].url,
        format!("http://127.0.0.1:9/v25.0/{PAGE}/messages")
    );
}

#[test]
fn outside_the_window_only_a_person_with_the_feature_may_answer() {
    let cases = [
        (25, true, true, Some("HUMAN_AGENT")),
        (25, true, false, None),
        (25, false, true, None),
        (169, true, true, None),
    ];
    for (hours, feature, by_human, tag) in cases {
        let host = TestHost::new().answer(accepted("m_1")).install();
        let mut request = text("late");
        request.last_inbound = Some(DEFAULT_NOW - hours * HOUR);
        request.by_human = by_human;
        let outcome =
            Messenger::perform(&channel_with(json!({ "human_agent": feature })), &request);
        if let Some(tag) = tag {
            assert!(outcome.unwrap().note.is_some());
            let body = sent(&host.requests()[0]);
            assert_eq!(
                (&body["messaging_type"], &body["tag"]),
                (&json!("MESSAGE_TAG"), &json!(tag))
            );
        } else {
            assert!(
                matches!(outcome, Err(Failure::WindowClosed(_))),
                "{outcome:?}"
            );
            assert!(
                host.requests().is_empty(),
                "nothing is called when the window is closed"
            );
        }
    }
    let host = TestHost::new().answer(accepted("m_1")).install();
    let mut request = text("x");
    request.last_inbound = Some(DEFAULT_NOW - 24 * HOUR);
    perform(&request).unwrap();
    assert_eq!(sent(&host.requests()[0])["messaging_type"], "RESPONSE");
}

#[test]
fn limits_are_kept_before_anything_is_sent() {
    let options = |count: usize, title: &str| {
        let options: Vec<Value> = (0..count)
            .map(|_| json!({ "text": title, "payload": "P" }))
            .collect();
        Structured::new("quick-replies", &json!({ "options": options }))
    };
    let long = "ä".repeat(2001);
    let requests = [
        text(&long),
        text(""),
        outgoing(|o| o.structured = Some(options(2, "no text"))),
        outgoing(|o| {
            o.text = Some("t".into());
            o.structured = Some(options(14, "x"));
        }),
        outgoing(|o| {
            o.text = Some("t".into());
            o.structured = Some(options(1, &"x".repeat(21)));
        }),
        outgoing(|o| {
            o.text = Some("t".into());
            o.structured = Some(Structured {
                kind: "card".into(),
                json: "{".into(),
            });
        }),
        outgoing(|o| {
            o.attachments = vec![OutgoingAttachment {
                attachment: Attachment::new(AttachmentKind::Image),
                media: None,
            }];
        }),
    ];
    for request in requests {
        let host = TestHost::new().install();
        let outcome = perform(&request);
        assert!(matches!(outcome, Err(Failure::Rejected(_))), "{outcome:?}");
        assert!(host.requests().is_empty());
    }
    let place = outgoing(|o| o.location = Some(Location::new(1.0, 2.0)));
    assert!(matches!(perform(&place), Err(Failure::Unsupported(_))));
    let form = outgoing(|o| o.structured = Some(Structured::new("form", &json!({}))));
    assert!(matches!(perform(&form), Err(Failure::Unsupported(_))));
    let _host = TestHost::new().answer(accepted("m")).install();
    perform(&text(&"ä".repeat(2000))).unwrap();
}

#[test]
fn quick_replies_and_cards_are_graphs() {
    let host = TestHost::new()
        .answer(accepted("m_1"))
        .answer(accepted("m_2"))
        .install();
    perform(&outgoing(|o| {
        o.text = Some("Which?".into());
        o.reply_to = Some("m_0".into());
        o.structured = Some(Structured::new("quick-replies", &json!({ "options": [
            { "text": "Red", "payload": "R", "image_url": "https://x.example/r.png" }, { "text": "Blue" }] })));
    }))
    .unwrap();
    let body = sent(&host.requests()[0]);
    assert_eq!(
        body["message"]["quick_replies"],
        json!([
        { "content_type": "text", "title": "Red", "payload": "R", "image_url": "https://x.example/r.png" },
        { "content_type": "text", "title": "Blue", "payload": "Blue" }])
    );
    assert_eq!(body["reply_to"], json!({ "mid": "m_0" }));

    perform(&outgoing(|o| {
        o.structured = Some(Structured::new(
            "carousel",
            &json!({ "cards": [
            { "title": "T", "description": "D", "image_url": "https://x.example/i.png", "actions": [
                { "type": "link", "text": "Open", "url": "https://x.example/" },
                { "type": "postback", "text": "Buy", "payload": "BUY" }] }] }),
        ));
    }))
    .unwrap();
    assert_eq!(
        sent(&host.requests()[1])["message"]["attachment"],
        json!({ "type": "template", "payload": {
        "template_type": "generic",
        "elements": [{ "title": "T", "subtitle": "D", "image_url": "https://x.example/i.png", "buttons": [
            { "type": "web_url", "url": "https://x.example/", "title": "Open" },
            { "type": "postback", "title": "Buy", "payload": "BUY" }] }] } })
    );
}

#[test]
fn one_file_goes_by_url_or_along_with_the_message() {
    let host = TestHost::new()
        .answer(accepted("m_1"))
        .answer(accepted("m_2"))
        .answer(accepted("m_3"))
        .install();
    perform(&outgoing(|o| {
        o.attachments = vec![by_url(AttachmentKind::Image, "https://x.example/i.png")];
    }))
    .unwrap();
    assert_eq!(
        sent(&host.requests()[0])["message"]["attachment"],
        json!({ "type": "image", "payload": { "url": "https://x.example/i.png", "is_reusable": true } })
    );

    perform(&outgoing(|o| o.attachments = vec![stored("bill.pdf")])).unwrap();
    let requests = host.requests();
    let Body::Multipart(parts) = &requests[1].body else {
        panic!("no form")
    };
    let names: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!(
        names,
        ["recipient", "message", "messaging_type", "filedata"]
    );
    assert_eq!(
        parts[0].content,
        PartContent::Bytes(json!({ "id": PSID }).to_string().into_bytes())
    );
    assert_eq!(parts[2].content, PartContent::Bytes(b"RESPONSE".to_vec()));
    assert_eq!(parts[3].content, PartContent::Media("media-1".to_owned()));
    assert_eq!(parts[3].file_name.as_deref(), Some("bill.pdf"));
    assert_eq!(parts[3].content_type.as_deref(), Some("application/pdf"));

    let sticker = Attachment::with_media_id(AttachmentKind::Sticker, "369239263222822");
    perform(&outgoing(|o| {
        o.attachments = vec![OutgoingAttachment {
            attachment: sticker,
            media: None,
        }];
    }))
    .unwrap();
    assert_eq!(
        sent(&host.requests()[2])["message"]["sticker_id"],
        json!(369_239_263_222_822_u64)
    );
}

fn text_and_file() -> linecard_sdk::actions::ActionRequest {
    outgoing(|o| {
        o.text = Some("Here it is".into());
        o.attachments = vec![stored("bill.pdf")];
    })
}

#[test]
fn text_and_file_are_two_messages_and_the_file_is_uploaded_first() {
    let host = TestHost::new()
        .answer(uploaded("77"))
        .answer(accepted("m_1"))
        .answer(accepted("m_2"))
        .install();
    let request = text_and_file();
    assert_eq!(perform(&request).unwrap().message_ids, ["m_1", "m_2"]);
    let requests = host.requests();
    assert_eq!(
        requests[0].url,
        format!("https://graph.facebook.com/v27.0/{PAGE}/message_attachments")
    );
    assert!(matches!(requests[0].body, Body::Multipart(_)));
    let (first, second) = (sent(&requests[1]), sent(&requests[2]));
    assert_eq!(first["message"]["text"], "Here it is");
    assert_eq!(
        second["message"]["attachment"],
        json!({ "type": "file", "payload": { "attachment_id": "77" } })
    );
    assert_eq!(
        first["message"]["metadata"],
        json!(format!("{}/1", request.id))
    );
    assert_eq!(
        second["message"]["metadata"],
        json!(request.id),
        "the last echo proves that all arrived"
    );

    let host = TestHost::new()
        .answer(uploaded("77"))
        .answer(accepted("m_1"))
        .answer(accepted("m_2"))
        .install();
    let mut request = text_and_file();
    let Action::SendMessage(outgoing) = &mut request.action else {
        panic!()
    };
    outgoing.structured = Some(Structured::new(
        "quick-replies",
        &json!({ "options": [{ "text": "OK" }] }),
    ));
    perform(&request).unwrap();
    let last = sent(&host.requests()[2]);
    assert_eq!(
        last["message"]["text"], "Here it is",
        "quick replies go with the last message"
    );
    assert!(last["message"]["quick_replies"].is_array());
}

#[test]
fn a_refused_upload_leaves_nothing_sent() {
    let host = TestHost::new()
        .answer(refused(
            400,
            json!({ "code": 36000, "message": "too large" }),
        ))
        .install();
    assert!(matches!(
        perform(&text_and_file()),
        Err(Failure::Rejected(_))
    ));
    assert_eq!(host.requests().len(), 1);
    let _host = TestHost::new()
        .error(Error::NoAnswer("broken".into()))
        .install();
    assert!(
        matches!(perform(&text_and_file()), Err(Failure::Transient(_))),
        "an upload can be repeated"
    );
}

#[test]
fn half_an_action_is_never_told_as_if_nothing_had_happened() {
    let half_done = |answer: Result<Response, Error>| {
        let host = TestHost::new()
            .answer(uploaded("77"))
            .answer(accepted("m_1"));
        let host = match answer {
            Ok(response) => host.answer(response),
            Err(error) => host.error(error),
        };
        let _host = host.install();
        perform(&text_and_file())
    };
    for answer in [
        Ok(refused(400, json!({ "code": 100, "message": "no" }))),
        Err(Error::NoAnswer("reset".into())),
    ] {
        let Err(Failure::Partly(partly)) = half_done(answer) else {
            panic!("told otherwise")
        };
        assert_eq!(partly.message_ids, ["m_1"]);
        let Rest::Uncertain(text) = partly.rest else {
            panic!("told otherwise")
        };
        assert!(
            text.contains("1 of 2") && text.contains("the text") && text.contains("m_1"),
            "{text}"
        );
        assert!(text.contains("bill.pdf"), "{text}");
    }
    for answer in [
        Ok(refused(400, json!({ "code": 613, "message": "slow down" }))),
        Ok(refused(
            500,
            json!({ "code": 2, "message": "later", "is_transient": true }),
        )),
        Err(Error::NotSent("no route".into())),
    ] {
        let Err(Failure::Unfinished(unfinished)) = half_done(answer) else {
            panic!("told otherwise")
        };
        assert_eq!(unfinished.message_ids, ["m_1"]);
        let mut again = text_and_file();
        again.attempt = 2;
        again.progress = unfinished.progress;
        let host = TestHost::new()
            .answer(uploaded("78"))
            .answer(accepted("m_2"))
            .install();
        assert_eq!(perform(&again).unwrap().message_ids, ["m_1", "m_2"]);
        let sent: Vec<String> = host.requests().iter().map(|r| r.url.clone()).collect();
        assert_eq!(sent.len(), 2, "the text is not sent again: {sent:?}");
    }
}

#[test]
fn what_may_have_left_is_uncertain_and_what_has_not_is_tried_again() {
    let of = |error: Error| {
        let _host = TestHost::new().error(error).install();
        perform(&text("x"))
    };
    assert!(matches!(
        of(Error::NoAnswer("timeout".into())),
        Err(Failure::Uncertain(_))
    ));
    assert!(matches!(
        of(Error::Limit("time".into())),
        Err(Failure::Uncertain(_))
    ));
    assert!(matches!(
        of(Error::NotSent("dns".into())),
        Err(Failure::Transient(_))
    ));
    assert!(matches!(
        of(Error::Denied("host".into())),
        Err(Failure::Unauthorized(_))
    ));
    assert!(matches!(
        of(Error::Secret("none".into())),
        Err(Failure::Unauthorized(_))
    ));
    for body in [
        "",
        "<html>",
        "{}",
        r#"{"recipient_id":"6001"}"#,
        r#"{"message_id":""}"#,
    ] {
        let _host = TestHost::new().answer(Response::new(200, body)).install();
        assert!(
            matches!(perform(&text("x")), Err(Failure::Uncertain(_))),
            "{body}"
        );
    }
    let _host = TestHost::new()
        .answer(Response::new(504, "gateway time-out"))
        .install();
    assert!(matches!(perform(&text("x")), Err(Failure::Uncertain(_))));
}

#[test]
fn what_was_done_before_is_done_if_it_was_this() {
    let duplicate = || {
        let error = json!({ "code": 506, "error_subcode": 1_455_006, "message": "Duplicate" });
        TestHost::new().answer(refused(400, error)).install()
    };
    let host = duplicate();
    let mut again = text("x");
    // An earlier attempt broke, and may have had its effect.
    again.uncertain_before = true;
    let outcome = perform(&again).unwrap();
    assert!(outcome.already_done && outcome.message_ids.is_empty());
    drop(host);
    // Without one it was another message that was sent before.
    let _host = duplicate();
    let failure = perform(&text("x"));
    assert!(
        matches!(&failure, Err(Failure::Rejected(refusal)) if refusal.code == "already-done"),
        "{failure:?}"
    );
}

#[test]
fn signs_and_reactions_go_alone_and_can_be_repeated() {
    let target = |name: &str, emoji: Option<&str>| ReactionTarget {
        message_id: "m_1".into(),
        name: name.into(),
        emoji: emoji.map(str::to_owned),
    };
    let to = json!({ "id": PSID });
    let cases = [
        (
            Action::Typing(true),
            json!({ "recipient": to, "sender_action": "typing_on" }),
        ),
        (
            Action::Typing(false),
            json!({ "recipient": to, "sender_action": "typing_off" }),
        ),
        (
            Action::MarkSeen(None),
            json!({ "recipient": to, "sender_action": "mark_seen" }),
        ),
        (
            Action::React(target("love", None)),
            json!({ "recipient": to, "sender_action": "react", "payload": { "message_id": "m_1", "reaction": "❤️" } }),
        ),
        (
            Action::React(target("", Some("🎉"))),
            json!({ "recipient": to, "sender_action": "react", "payload": { "message_id": "m_1", "reaction": "🎉" } }),
        ),
        (
            Action::Unreact(target("love", None)),
            json!({ "recipient": to, "sender_action": "unreact", "payload": { "message_id": "m_1" } }),
        ),
    ];
    for (action, body) in cases {
        let host = TestHost::new()
            .answer(Response::new(
                200,
                json!({ "recipient_id": PSID }).to_string(),
            ))
            .error(Error::NoAnswer("reset".into()))
            .install();
        let request = request(action);
        assert!(perform(&request).unwrap().message_ids.is_empty());
        assert_eq!(sent(&host.requests()[0]), body);
        assert!(matches!(perform(&request), Err(Failure::Transient(_))));
    }
    assert!(matches!(
        perform(&request(Action::React(target("applause", None)))),
        Err(Failure::Rejected(_))
    ));
    assert!(matches!(
        perform(&request(Action::Follow)),
        Err(Failure::Unsupported(_))
    ));
}

#[test]
fn a_user_ref_is_written_to_as_one() {
    let host = TestHost::new().answer(accepted("m_1")).install();
    let mut request = text("x");
    request.recipient = Some(Identity::new("user_ref:u-1"));
    perform(&request).unwrap();
    assert_eq!(
        sent(&host.requests()[0])["recipient"],
        json!({ "user_ref": "u-1" })
    );
    request.recipient = None;
    assert!(matches!(perform(&request), Err(Failure::Rejected(_))));
}

#[test]
fn the_headers_tell_the_budget() {
    let mut answer = accepted("m_1");
    answer.headers = vec![
        ("x-app-usage".into(), r#"{"call_count":28,"total_time":25,"total_cputime":31}"#.into()),
        ("x-business-use-case-usage".into(), r#"{"1":[{"type":"messenger","call_count":90,"total_cputime":1,"total_time":1,"estimated_time_to_regain_access":5}]}"#.into()),
    ];
    let _host = TestHost::new().answer(answer).install();
    let budget = perform(&text("x")).unwrap().budget.unwrap();
    assert_eq!(
        (budget.used_percent, budget.resets_at),
        (90, Some(DEFAULT_NOW + 300_000))
    );
}
