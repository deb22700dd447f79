//! What is sent, what is refused before anything is, and what WhatsApp's refusals mean.

use crate::common::*;
use linecard_graph::testing::sent;
use linecard_sdk::actions::{
    Action, Attachment, Failure, Outgoing, OutgoingAttachment, ReactionTarget, Template,
};
use linecard_sdk::connector::Connector as _;
use linecard_sdk::events::{AttachmentKind, Location, Structured};
use linecard_sdk::http::{Body, Response};
use linecard_sdk::manifest::ThrottleScope;
use linecard_sdk::testing::{DEFAULT_NOW, TestHost};
use linecard_whatsapp::WhatsApp;
use serde_json::{Value, json};

/// What a text action sends besides its content.
fn envelope(kind: &str, content: Value) -> Value {
    let mut body = json!({ "messaging_product": "whatsapp", "recipient_type": "individual", "to": PHONE,
        "type": kind, "biz_opaque_callback_data": ACTION });
    body[kind] = content;
    body
}

#[test]
fn a_text_goes_out_with_the_hubs_reference() {
    let host = TestHost::new().answer(taken("wamid.9")).install();
    let mut request = text("Grüße");
    if let Action::SendMessage(outgoing) = &mut request.action {
        outgoing.reply_to = Some("wamid.1".to_owned());
    }
    assert_eq!(perform(&request).unwrap().message_ids, ["wamid.9"]);
    let mut expected = envelope("text", json!({ "body": "Grüße", "preview_url": false }));
    expected["context"] = json!({ "message_id": "wamid.1" });
    let requests = host.requests();
    assert_eq!(sent(&requests[0]), expected);
    assert!(
        requests[0]
            .url
            .ends_with(&format!("/v27.0/{NUMBER}/messages"))
    );
}

#[test]
fn a_user_id_is_the_recipient_and_the_number_steps_in_where_it_must() {
    let host = TestHost::new()
        .answer(refused(131_062, "not supported for this message"))
        .answer(taken("wamid.9"))
        .install();
    let mut request = text("x");
    request.recipient = Some(by_user_id());
    assert_eq!(perform(&request).unwrap().message_ids, ["wamid.9"]);
    let requests = host.requests();
    let first = sent(&requests[0]);
    assert_eq!(first["recipient"], USER_ID);
    assert!(first.get("to").is_none());
    let second = sent(&requests[1]);
    assert_eq!(second["to"], PHONE);
    assert!(second.get("recipient").is_none());
}

fn stored(kind: AttachmentKind, mime: &str) -> OutgoingAttachment {
    OutgoingAttachment {
        attachment: Attachment {
            mime: Some(mime.to_owned()),
            name: Some("a.bin".to_owned()),
            ..Attachment::new(kind)
        },
        media: Some("media-1".to_owned()),
    }
}

#[test]
fn a_file_is_uploaded_first_and_a_short_text_is_its_caption() {
    let uploaded = || Response::new(200, r#"{"id":"77"}"#);
    let host = TestHost::new()
        .answer(uploaded())
        .answer(taken("wamid.9"))
        .install();
    let outgoing = Outgoing {
        attachments: vec![stored(AttachmentKind::File, "application/pdf")],
        ..Outgoing::text("Your bill")
    };
    assert_eq!(perform(&send(outgoing)).unwrap().message_ids, ["wamid.9"]);
    let requests = host.requests();
    assert!(requests[0].url.ends_with(&format!("/{NUMBER}/media")));
    assert!(matches!(requests[0].body, Body::Multipart(_)));
    let document = json!({ "id": "77", "caption": "Your bill", "filename": "a.bin" });
    assert_eq!(sent(&requests[1]), envelope("document", document));
    drop(host);

    // A sound has no caption: two messages, of which the last carries the action's id.
    let host = TestHost::new()
        .answer(uploaded())
        .answer(taken("wamid.1"))
        .answer(taken("wamid.2"))
        .install();
    let outgoing = Outgoing {
        attachments: vec![stored(AttachmentKind::Audio, "audio/ogg")],
        ..Outgoing::text("Listen")
    };
    let ids = perform(&send(outgoing)).unwrap().message_ids;
    assert_eq!(ids, ["wamid.1", "wamid.2"]);
    let requests = host.requests();
    assert_eq!(
        sent(&requests[1])["biz_opaque_callback_data"],
        format!("{ACTION}/1")
    );
    assert_eq!(sent(&requests[2]), envelope("audio", json!({ "id": "77" })));
}

#[test]
fn the_rest_of_several_messages_is_sent_by_the_next_attempt() {
    let outgoing = || Outgoing {
        location: Some(Location::new(48.2, 16.4)),
        ..Outgoing::text("Here we are")
    };
    let host = TestHost::new()
        .answer(taken("wamid.1"))
        .answer(refused(131_056, "pair limit"))
        .install();
    let Err(Failure::Unfinished(unfinished)) = perform(&send(outgoing())) else {
        panic!("the second message was refused")
    };
    assert_eq!(unfinished.message_ids, ["wamid.1"]);
    assert_eq!(unfinished.resume_at, Some(DEFAULT_NOW + 4000));
    drop(host);
    let host = TestHost::new().answer(taken("wamid.2")).install();
    let mut again = send(outgoing());
    again.attempt = 2;
    again.progress = unfinished.progress;
    assert_eq!(perform(&again).unwrap().message_ids, ["wamid.1", "wamid.2"]);
    let place = json!({ "latitude": 48.2, "longitude": 16.4 });
    assert_eq!(sent(&host.requests()[0]), envelope("location", place));
}

fn structured(kind: &str, json: Value) -> Outgoing {
    Outgoing {
        structured: Some(Structured::new(kind, &json)),
        ..Outgoing::text("Which?")
    }
}

#[test]
fn choices_become_buttons_lists_and_links() {
    let interactive = |outgoing: Outgoing| {
        let host = TestHost::new().answer(taken("wamid.9")).install();
        perform(&send(outgoing)).unwrap();
        sent(&host.requests()[0])["interactive"].clone()
    };
    let replies = json!({ "options": [{ "text": "Red", "payload": "r" }, { "text": "Blue" }] });
    let buttons = json!([
        { "type": "reply", "reply": { "id": "r", "title": "Red" } },
        { "type": "reply", "reply": { "id": "Blue", "title": "Blue" } },
    ]);
    assert_eq!(
        interactive(structured("quick-replies", replies)),
        json!({ "type": "button", "body": { "text": "Which?" }, "action": { "buttons": buttons } })
    );
    let list = json!({ "button": "Choose", "sections": [{ "rows": [{ "id": "1", "title": "One", "description": "first" }] }] });
    assert_eq!(
        interactive(structured("list", list.clone())),
        json!({ "type": "list", "body": { "text": "Which?" }, "action": list })
    );
    let card = json!({ "title": "Shop", "image_url": "https://x.example/a.jpg",
        "actions": [{ "type": "link", "text": "Open", "url": "https://x.example" }] });
    let parameters = json!({ "display_text": "Open", "url": "https://x.example" });
    assert_eq!(
        interactive(structured("card", card)),
        json!({ "type": "cta_url", "body": { "text": "*Shop*\nWhich?" },
            "header": { "type": "image", "image": { "link": "https://x.example/a.jpg" } },
            "action": { "name": "cta_url", "parameters": parameters } })
    );
    assert_eq!(
        interactive(structured("location-request", json!({})))["action"],
        json!({ "name": "send_location" })
    );
}

#[test]
fn what_is_too_long_or_missing_is_refused_before_anything_is_sent() {
    let why = |outgoing: Outgoing| {
        let host = TestHost::new().install();
        let failure = perform(&send(outgoing)).unwrap_err();
        assert!(host.requests().is_empty());
        match failure {
            Failure::Rejected(refusal) => refusal.text,
            Failure::Unsupported(text) => text,
            other => panic!("{other:?}"),
        }
    };
    let option = |text: &str| json!({ "text": text });
    let four = json!({ "options": [option("1"), option("2"), option("3"), option("4")] });
    assert!(why(structured("quick-replies", four)).contains("at most 3"));
    let long = json!({ "options": [option(&"x".repeat(21))] });
    assert!(why(structured("quick-replies", long)).contains("at most 20"));
    let bare = Outgoing {
        text: None,
        ..structured("quick-replies", json!({ "options": [option("1")] }))
    };
    assert!(why(bare).contains("needs a text"));
    let rows: Vec<Value> = (0..11)
        .map(|n| json!({ "id": n.to_string(), "title": "r" }))
        .collect();
    let list = json!({ "button": "b", "sections": [{ "rows": rows }] });
    assert!(why(structured("list", list)).contains("at most 10"));
    assert!(why(structured("carousel", json!({}))).contains("quick-replies"));
    assert!(why(Outgoing::text("x".repeat(4097))).contains("at most 4096"));
    assert!(why(Outgoing::default()).contains("nothing to send"));
    let gif = Outgoing {
        attachments: vec![stored(AttachmentKind::Animation, "image/gif")],
        ..Outgoing::default()
    };
    assert!(why(gif).contains("video"));
}

#[test]
fn after_a_day_only_a_template_goes_out() {
    let mut late = text("x");
    late.last_inbound = Some(DEFAULT_NOW - 25 * HOUR);
    let host = TestHost::new().install();
    assert!(
        matches!(perform(&late), Err(Failure::WindowClosed(text)) if text.contains("template"))
    );
    assert!(host.requests().is_empty());
}

fn template(parameters: Value) -> linecard_sdk::actions::ActionRequest {
    let mut request = request(Action::SendTemplate(Template {
        name: "order".to_owned(),
        language: "en".to_owned(),
        parameters: parameters.to_string(),
    }));
    request.last_inbound = Some(DEFAULT_NOW - 100 * HOUR);
    request
}

fn definition(status: &str, language: &str) -> Response {
    let components = json!([
        { "type": "HEADER", "format": "IMAGE" },
        { "type": "BODY", "text": "Hi {{1}}, order {{2}} is on its way." },
        { "type": "FOOTER", "text": "The shop" },
        { "type": "BUTTONS", "buttons": [{ "type": "URL", "text": "Track", "url": "https://x.example/{{1}}" }] },
    ]);
    let similar =
        json!({ "name": "order_late", "language": "en", "status": "APPROVED", "components": [] });
    let body = json!({ "data": [similar, { "name": "order", "language": language, "status": status, "components": components }] });
    Response::new(200, body.to_string())
}

fn filled() -> Value {
    json!([
        { "type": "header", "parameters": [{ "type": "image", "image": { "link": "https://x.example/a.jpg" } }] },
        { "type": "body", "parameters": [{ "type": "text", "text": "Ann" }, { "type": "text", "text": "7" }] },
        { "type": "button", "sub_type": "url", "index": "0", "parameters": [{ "type": "text", "text": "7" }] },
    ])
}

#[test]
fn a_template_is_checked_against_its_definition() {
    let host = TestHost::new()
        .answer(definition("APPROVED", "en"))
        .answer(taken("wamid.9"))
        .install();
    let outcome = perform(&template(filled())).unwrap();
    assert_eq!(outcome.message_ids, ["wamid.9"]);
    let text = outcome.note.unwrap();
    assert!(
        text.contains("Hi Ann, order 7 is on its way.\nThe shop"),
        "{text}"
    );
    let requests = host.requests();
    assert!(
        requests[0]
            .url
            .contains(&format!("/{WABA}/message_templates?name=order&"))
    );
    let expected = json!({ "name": "order", "language": { "code": "en" }, "components": filled() });
    assert_eq!(sent(&requests[1]), envelope("template", expected));
    drop(host);

    let why = |definition: Response, parameters: Value| {
        let host = TestHost::new().answer(definition).install();
        let failure = perform(&template(parameters)).unwrap_err();
        assert!(host.requests().len() <= 1, "nothing was sent");
        match failure {
            Failure::Rejected(refusal) => refusal.text,
            other => panic!("{other:?}"),
        }
    };
    let ready = || definition("APPROVED", "en");
    let without = |index: usize| {
        let mut filled = filled();
        filled.as_array_mut().unwrap().remove(index);
        filled
    };
    assert!(why(ready(), without(0)).contains("header wants one parameter of the type image"));
    assert!(why(ready(), without(1)).contains("body wants 2 parameters (1, 2), 0 were given"));
    assert!(why(ready(), without(2)).contains("button 0 “Track”"));
    assert!(why(ready(), json!([{ "type": "limited_time_offer" }])).contains("header"));
    let mut more = filled();
    more.as_array_mut()
        .unwrap()
        .push(json!({ "type": "carousel" }));
    assert!(why(ready(), more).contains("has not"));
    assert!(why(ready(), json!({ "a": 1 })).contains("list of components"));
    assert!(why(definition("PAUSED", "en"), filled()).contains("PAUSED"));
    assert!(why(definition("APPROVED", "de"), filled()).contains("de"));
    let none = Response::new(200, r#"{"data":[]}"#);
    assert!(why(none, filled()).contains("no template `order`"));
}

#[test]
fn marks_and_reactions_are_sent() {
    let host = TestHost::new()
        .answer(Response::new(200, r#"{"success":true}"#))
        .answer(taken("wamid.9"))
        .answer(taken("wamid.10"))
        .install();
    perform(&request(Action::MarkSeen(Some("wamid.1".to_owned())))).unwrap();
    let target = |emoji: Option<&str>| ReactionTarget {
        message_id: "wamid.1".to_owned(),
        name: "love".to_owned(),
        emoji: emoji.map(str::to_owned),
    };
    perform(&request(Action::React(target(Some("❤️"))))).unwrap();
    perform(&request(Action::Unreact(target(None)))).unwrap();
    let requests = host.requests();
    assert_eq!(
        sent(&requests[0]),
        json!({ "messaging_product": "whatsapp", "status": "read", "message_id": "wamid.1" })
    );
    assert_eq!(
        sent(&requests[1])["reaction"],
        json!({ "message_id": "wamid.1", "emoji": "❤️" })
    );
    assert_eq!(
        sent(&requests[2])["reaction"],
        json!({ "message_id": "wamid.1", "emoji": "" })
    );
    assert!(matches!(
        perform(&request(Action::React(target(None)))),
        Err(Failure::Rejected(_))
    ));
    assert!(matches!(
        perform(&request(Action::MarkSeen(None))),
        Err(Failure::Rejected(_))
    ));
}

#[test]
fn every_code_has_its_meaning() {
    let class = |code: i64| {
        let _host = TestHost::new().answer(refused(code, "why")).install();
        let failure = perform(&text("x")).unwrap_err();
        let said = format!("{failure:?}");
        assert!(said.contains(&code.to_string()), "{code}: {said}");
        if !matches!(code, 1 | 2) {
            assert!(said.contains("why"), "the details say most: {said}");
        }
        let said = said.trim_start_matches("Failure::");
        said.split('(').next().unwrap_or_default().to_owned()
    };
    for (codes, expected) in [
        (
            &[
                0, 3, 10, 190, 200, 368, 131_005, 131_031, 131_042, 131_045, 131_037,
            ][..],
            "Unauthorized",
        ),
        (
            &[4, 80_007, 130_429, 131_048, 131_056, 131_064, 133_016][..],
            "Throttled",
        ),
        (&[1, 2, 131_000, 131_016, 131_057, 135_000][..], "Transient"),
        (&[131_047][..], "WindowClosed"),
        (&[131_026][..], "Gone"),
        (
            &[
                100, 130_472, 131_008, 131_009, 131_049, 131_050, 131_051, 131_053, 131_062,
                132_000, 132_001, 132_015,
            ][..],
            "Rejected",
        ),
    ] {
        for code in codes {
            assert_eq!(class(*code), expected, "{code}");
        }
    }
}

#[test]
fn the_pause_of_a_pair_grows_and_stops_nobody_else() {
    let pause = |attempt: u32| {
        let _host = TestHost::new().answer(refused(131_056, "pair")).install();
        let mut request = text("x");
        request.attempt = attempt;
        match perform(&request) {
            Err(Failure::Throttled(throttle)) => {
                assert_eq!(throttle.scope, ThrottleScope::Recipient);
                throttle.until.unwrap() - DEFAULT_NOW
            }
            other => panic!("{other:?}"),
        }
    };
    assert_eq!([pause(1), pause(2), pause(3)], [4000, 16_000, 64_000]);
    let _host = TestHost::new().answer(refused(130_429, "number")).install();
    assert!(matches!(
        perform(&text("x")),
        Err(Failure::Throttled(throttle)) if throttle.scope == ThrottleScope::Channel
    ));
}

fn media(body: &str, content: &str) -> Result<linecard_sdk::connector::StoredMedia, Failure> {
    let attachment = Attachment {
        media_id: Some("77".to_owned()),
        ..Attachment::new(AttachmentKind::Image)
    };
    let host = TestHost::new()
        .answer(Response::new(200, body))
        .answer(Response::new(200, content))
        .install();
    let result = WhatsApp::resolve_media(&channel(), &attachment);
    let requests = host.requests();
    assert!(
        requests[0]
            .url
            .contains(&format!("/77?phone_number_id={NUMBER}"))
    );
    assert_eq!(requests[1].url, "https://lookaside.fbsbx.com/a");
    assert!(requests[1].auth.is_some(), "the file wants the token too");
    result
}

#[test]
fn a_file_must_have_the_checksum_that_was_told() {
    let told = |hash: &str| {
        json!({ "url": "https://lookaside.fbsbx.com/a", "mime_type": "image/jpeg", "sha256": hash })
            .to_string()
    };
    // The SHA-256 of `abc` (FIPS 180-2, appendix B.1).
    let hash = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    assert_eq!(media(&told(hash), "abc").unwrap().size, 3);
    assert!(
        matches!(media(&told(hash), "abd"), Err(Failure::Transient(text)) if text.contains("checksum"))
    );
}

#[test]
fn the_probe_asks_for_the_number() {
    let probe = |response: Response| {
        let _host = TestHost::new().answer(response).install();
        WhatsApp::probe(&channel())
    };
    let number = |id: &str| {
        Response::new(
            200,
            json!({ "id": id, "verified_name": "Shop" }).to_string(),
        )
    };
    assert!(probe(number(NUMBER)).is_ok());
    assert!(
        matches!(probe(number("3")), Err(Failure::Unauthorized(text)) if text.contains("phone_number_id"))
    );
    assert!(matches!(
        probe(refused(190, "expired")),
        Err(Failure::Unauthorized(_))
    ));
}
