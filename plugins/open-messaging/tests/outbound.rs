//! What goes to the middleware, and what comes of it.

use crate::common::*;
use linecard_open_messaging::OpenMessaging;
use linecard_sdk::actions::{Action, Failure, Outgoing, OutgoingAttachment};
use linecard_sdk::connector::Connector as _;
use linecard_sdk::encode;
use linecard_sdk::events::{Attachment, AttachmentKind, Identity, Location, Structured};
use linecard_sdk::http::{Error, Response, StoredBody};
use linecard_sdk::secrets::Algorithm;
use linecard_sdk::testing::{DEFAULT_NOW, hmac_of};
use serde_json::{Value, json};

/// The members of a notification beside its frame.
fn members(change: impl FnOnce(&mut Outgoing)) -> Value {
    let mut outgoing = Outgoing::default();
    change(&mut outgoing);
    let host = host().answer(Response::new(200, "")).install();
    let outcome = perform(&request(Action::SendMessage(outgoing))).unwrap();
    assert_eq!(outcome.message_ids, [ACTION]);
    let mut body: Value = serde_json::from_slice(body_of(&host.requests()[0])).unwrap();
    let frame = [
        "id",
        "channel",
        "originatingEntity",
        "direction",
        "conversationId",
    ];
    for name in frame {
        assert!(
            body.as_object_mut().unwrap().remove(name).is_some(),
            "{name}"
        );
    }
    body
}

#[test]
fn a_text_has_the_public_platforms_form_and_signature() {
    let host = host().answer(Response::new(200, "")).install();
    perform(&request(Action::SendMessage(Outgoing::text("Grüße 😀")))).unwrap();
    let requests = host.requests();
    let sent = &requests[0];
    assert_eq!(
        (sent.url.as_str(), sent.timeout_ms, &sent.auth),
        (WEBHOOK, Some(10_000), &None)
    );
    let header = |name: &str| {
        sent.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    };
    let mac = hmac_of(
        Algorithm::Sha256,
        b"a-long-enough-secret-token",
        body_of(sent),
    );
    assert_eq!(
        header("x-hub-signature-256"),
        Some(format!("sha256={}", encode::base64(&mac)).as_str())
    );
    assert_eq!(header("content-type"), Some("application/json"));
    assert_eq!(header("x-tenant"), Some("t-1"));
    let mut body: Value = serde_json::from_slice(body_of(sent)).unwrap();
    let conversation = body
        .as_object_mut()
        .unwrap()
        .remove("conversationId")
        .unwrap();
    assert_eq!(conversation.as_str().unwrap().len(), 36);
    assert_eq!(
        body,
        json!({
            "id": ACTION,
            "channel": {
                "id": INTEGRATION, "platform": "Open", "type": "Private",
                "to": { "id": PERSON, "idType": "Email" },
                "from": { "nickname": "Acme", "id": INTEGRATION, "idType": "Opaque" },
                "time": "2026-01-01T00:00:00Z",
                "messageId": ACTION,
            },
            "type": "Text",
            "text": "Grüße 😀",
            "originatingEntity": "Human",
            "direction": "Outbound",
        })
    );
    assert_eq!(DEFAULT_NOW, 1_767_225_600_000);
}

#[test]
fn a_repeated_attempt_has_the_same_id_and_a_rules_words_are_a_bots() {
    let host = host()
        .answer(Response::new(200, ""))
        .answer(Response::new(200, ""))
        .install();
    let mut request = request(Action::SendMessage(Outgoing::text("x")));
    request.by_human = false;
    request.recipient = Some(Identity::new("u-1"));
    perform(&request).unwrap();
    request.attempt = 2;
    perform(&request).unwrap();
    let bodies: Vec<Value> = host
        .requests()
        .iter()
        .map(|sent| serde_json::from_slice(body_of(sent)).unwrap())
        .collect();
    assert_eq!(bodies[0], bodies[1]);
    assert_eq!(bodies[0]["originatingEntity"], "Bot");
    assert_eq!(
        bodies[0]["channel"]["to"],
        json!({ "id": "u-1", "idType": "Opaque" })
    );
}

#[test]
fn files_choices_cards_and_places_take_the_platforms_form() {
    let file = Attachment {
        mime: Some("image/png".into()),
        name: Some("a.png".into()),
        size: Some(9),
        ..Attachment::at(AttachmentKind::Image, "https://x.example/a.png")
    };
    assert_eq!(
        members(|o| {
            o.text = Some("see".into());
            o.attachments = vec![OutgoingAttachment {
                attachment: file,
                media: None,
            }];
        }),
        json!({ "type": "Text", "text": "see", "content": [{ "contentType": "Attachment", "attachment": {
            "mediaType": "Image", "url": "https://x.example/a.png", "mime": "image/png", "filename": "a.png", "contentSizeBytes": 9 } }] })
    );
    assert_eq!(
        members(|o| {
            o.text = Some("Proceed?".into());
            o.structured = Some(Structured::new(
                "quick-replies",
                &json!({ "options": [{ "text": "Yes", "payload": "Y" }, { "text": "No" }] }),
            ));
        }),
        json!({ "type": "Structured", "text": "Proceed?", "content": [
            { "contentType": "QuickReply", "quickReply": { "text": "Yes", "payload": "Y", "action": "Message" } },
            { "contentType": "QuickReply", "quickReply": { "text": "No", "payload": "No", "action": "Message" } }] })
    );
    let card = json!({ "title": "T", "description": "D", "image_url": "https://x.example/i", "actions": [
        { "type": "link", "text": "Go", "url": "https://x.example/" }, { "type": "postback", "text": "Buy", "payload": "B" }] });
    let sent = json!({ "title": "T", "description": "D", "image": "https://x.example/i", "actions": [
        { "type": "Link", "text": "Go", "url": "https://x.example/" }, { "type": "Postback", "text": "Buy", "payload": "B" }] });
    assert_eq!(
        members(|o| o.structured = Some(Structured::new("card", &card)))["content"],
        json!([{ "contentType": "Card", "card": sent }])
    );
    assert_eq!(
        members(|o| o.structured = Some(Structured::new(
            "carousel",
            &json!({ "cards": [card, card] })
        )))["content"],
        json!([{ "contentType": "Carousel", "carousel": { "cards": [sent, sent] } }])
    );
    assert_eq!(
        members(|o| o.location = Some(Location::new(48.5, 16.25)))["content"],
        json!([{ "contentType": "Location", "location": { "latitude": 48.5, "longitude": 16.25 } }])
    );
}

#[test]
fn typing_is_an_event_that_ends_by_itself() {
    let host = host().answer(Response::new(200, "")).install();
    assert!(
        perform(&request(Action::Typing(true)))
            .unwrap()
            .message_ids
            .is_empty()
    );
    perform(&request(Action::Typing(false))).unwrap();
    assert_eq!(host.requests().len(), 1);
    let body: Value = serde_json::from_slice(body_of(&host.requests()[0])).unwrap();
    assert_eq!(body["type"], "Event");
    assert_eq!(
        body["events"],
        json!([{ "eventType": "Typing", "typing": { "type": "On", "duration": 5000 } }])
    );
}

#[test]
fn what_cannot_be_sent_is_refused_before_a_call() {
    let refused = |change: &dyn Fn(&mut Outgoing)| {
        let mut outgoing = Outgoing::default();
        change(&mut outgoing);
        let host = host().install();
        let outcome = perform(&request(Action::SendMessage(outgoing)));
        assert!(host.requests().is_empty());
        outcome.unwrap_err()
    };
    let by_url = || OutgoingAttachment {
        attachment: Attachment::at(AttachmentKind::File, "https://x.example/f"),
        media: None,
    };
    assert!(matches!(refused(&|_| ()), Failure::Rejected(_)));
    assert!(matches!(
        refused(&|o| o.text = Some(String::new())),
        Failure::Rejected(_)
    ));
    assert!(matches!(
        refused(&|o| o.attachments = vec![by_url(), by_url()]),
        Failure::Rejected(_)
    ));
    let stored = || OutgoingAttachment {
        attachment: Attachment::new(AttachmentKind::File),
        media: Some("m".into()),
    };
    assert!(matches!(
        refused(&|o| o.attachments = vec![stored()]),
        Failure::Rejected(_)
    ));
    assert!(matches!(
        refused(&|o| o.structured = Some(Structured {
            kind: "card".into(),
            json: "{".into()
        })),
        Failure::Rejected(_)
    ));
    assert!(matches!(
        refused(&|o| o.structured = Some(Structured::new("form", &json!({})))),
        Failure::Unsupported(_)
    ));
    let _host = host().install();
    assert!(matches!(
        perform(&request(Action::Follow)),
        Err(Failure::Unsupported(_))
    ));
    let mut nobody = request(Action::SendMessage(Outgoing::text("x")));
    nobody.recipient = None;
    assert!(matches!(perform(&nobody), Err(Failure::Rejected(_))));
}

#[test]
fn a_refusal_is_final_and_everything_else_is_tried_again() {
    let send = |response: Response| {
        let _host = host().answer(response).install();
        perform(&request(Action::SendMessage(Outgoing::text("x")))).unwrap_err()
    };
    for status in [500, 502, 503, 504] {
        assert!(
            matches!(send(Response::new(status, "")), Failure::Transient(_)),
            "{status}"
        );
    }
    for status in [302, 400, 401, 403, 404, 408, 410, 422] {
        let Failure::Rejected(refusal) = send(Response::new(status, "no")) else {
            panic!("{status}")
        };
        assert_eq!(refusal.code, status.to_string());
        assert!(refusal.text.contains("no"));
    }
    let mut busy = Response::new(429, "");
    busy.headers.push(("retry-after".into(), "7".into()));
    let Failure::Throttled(throttle) = send(busy) else {
        panic!("not throttled")
    };
    assert_eq!(throttle.until, Some(DEFAULT_NOW + 7000));

    let fail = |error: Error| {
        let _host = host().error(error).install();
        perform(&request(Action::SendMessage(Outgoing::text("x")))).unwrap_err()
    };
    assert!(
        matches!(
            fail(Error::NoAnswer("timeout".into())),
            Failure::Transient(_)
        ),
        "the id makes it safe"
    );
    assert!(matches!(
        fail(Error::NotSent("dns".into())),
        Failure::Transient(_)
    ));
    assert!(matches!(
        fail(Error::Denied("host".into())),
        Failure::Unauthorized(_)
    ));
    let unsigned = linecard_sdk::testing::TestHost::new().install();
    let outcome = perform(&request(Action::SendMessage(Outgoing::text("x"))));
    assert!(
        matches!(outcome, Err(Failure::Unauthorized(_))),
        "nothing goes out unsigned"
    );
    assert!(unsigned.requests().is_empty());
}

#[test]
fn attachments_are_fetched_into_the_store() {
    let mut file = Response::new(200, "");
    file.headers
        .push(("content-type".into(), "image/png".into()));
    file.stored = Some(StoredBody {
        media: "m-1".into(),
        size: 3,
        sha256: "ab".into(),
    });
    let host = host()
        .answer(file)
        .answer(Response::new(403, ""))
        .answer(Response::new(500, ""))
        .install();
    let attachment = Attachment::at(AttachmentKind::Image, "https://middleware.example/media/1");
    let stored = OpenMessaging::resolve_media(&channel(), &attachment).unwrap();
    assert_eq!(
        (stored.media.as_str(), stored.mime.as_deref(), stored.size),
        ("m-1", Some("image/png"), 3)
    );
    assert!(host.requests()[0].store_body);
    assert!(matches!(
        OpenMessaging::resolve_media(&channel(), &attachment),
        Err(Failure::Gone(_))
    ));
    assert!(matches!(
        OpenMessaging::resolve_media(&channel(), &attachment),
        Err(Failure::Transient(_))
    ));
}
