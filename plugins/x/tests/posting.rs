//! Posts: how long they may be, what may be attached, and what an earlier attempt had posted.

use linecard_sdk::actions::{
    Action, ActionRequest, Failure, Outcome, Outgoing, OutgoingAttachment,
};
use linecard_sdk::connector::{Channel, Connector as _};
use linecard_sdk::events::{Attachment, AttachmentKind, Identity};
use linecard_sdk::http::{Body, BodyPart, PartContent, Response};
use linecard_sdk::testing::TestHost;
use linecard_x::X;
use serde_json::{Value, json};

fn channel(more: &Value) -> Channel {
    let mut config = json!({ "user_id": "2244", "username": "acme" });
    for (name, value) in more.as_object().into_iter().flatten() {
        config[name] = value.clone();
    }
    Channel::new("x-1", &config)
}

fn request(action: Action) -> ActionRequest {
    ActionRequest {
        id: "a1".to_owned(),
        attempt: 1,
        uncertain_before: false,
        thread: "900".to_owned(),
        recipient: Some(Identity::new("77")),
        last_inbound: None,
        by_human: true,
        progress: Vec::new(),
        action,
    }
}

fn reply(text: &str) -> ActionRequest {
    request(Action::Reply(Outgoing {
        reply_to: Some("901".to_owned()),
        ..Outgoing::text(text)
    }))
}

fn file(kind: AttachmentKind, mime: &str) -> OutgoingAttachment {
    OutgoingAttachment {
        attachment: Attachment {
            mime: Some(mime.to_owned()),
            size: Some(10),
            ..Attachment::new(kind)
        },
        media: Some("file".to_owned()),
    }
}

fn posted(id: &str) -> Response {
    Response::new(
        201,
        json!({ "data": { "id": id, "text": "x" } }).to_string(),
    )
}

#[test]
fn a_text_may_be_as_long_as_the_account_may_write() {
    let long = "x".repeat(281);
    let links = "https://example.com/a-very-long-path ".repeat(11);
    for (text, config, fits) in [
        (long.as_str(), json!({}), false),
        (&long, json!({ "long_posts": true }), true),
        (links.as_str(), json!({}), true),
        (&"日".repeat(141), json!({}), false),
        (&"日".repeat(12_501), json!({ "long_posts": true }), false),
    ] {
        let host = TestHost::new().answer(posted("930")).install();
        let got = X::perform(&channel(&config), &reply(text));
        assert_eq!(host.requests().len(), usize::from(fits), "{text}");
        match got {
            Ok(_) => assert!(fits),
            Err(Failure::Rejected(reason)) => {
                assert_eq!((reason.code.as_str(), fits), ("text-too-long", false));
            }
            Err(other) => panic!("{other:?}"),
        }
    }
}

#[test]
fn what_x_cannot_take_together_is_refused_before_anything_is_uploaded() {
    let photo = || file(AttachmentKind::Image, "image/png");
    let gif = || file(AttachmentKind::Image, "image/gif");
    let video = || file(AttachmentKind::Video, "video/mp4");
    let nowhere = || OutgoingAttachment {
        media: None,
        ..photo()
    };
    let unknown = || {
        let mut one = video();
        one.attachment.size = None;
        one
    };
    for files in [
        vec![photo(), photo(), photo(), photo(), photo()],
        vec![photo(), video()],
        vec![photo(), gif()],
        vec![video(), video()],
        vec![photo(), nowhere()],
        vec![photo(), file(AttachmentKind::Audio, "audio/ogg")],
        vec![unknown()],
    ] {
        let host = TestHost::new().install();
        let said = Outgoing {
            attachments: files,
            ..Outgoing::text("Look")
        };
        let got = X::perform(&channel(&json!({})), &request(Action::Publish(said)));
        assert!(matches!(got, Err(Failure::Rejected(_))), "{got:?}");
        assert!(host.requests().is_empty());
    }
}

fn texts(body: &Body) -> String {
    match body {
        Body::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        Body::Multipart(parts) => parts.iter().map(part).collect(),
        _ => String::new(),
    }
}

fn part(part: &BodyPart) -> String {
    match &part.content {
        PartContent::Bytes(bytes) => format!("{}={};", part.name, String::from_utf8_lossy(bytes)),
        _ => format!("{};", part.name),
    }
}

#[test]
fn a_gif_is_uploaded_as_one_that_moves() {
    for kind in [AttachmentKind::Image, AttachmentKind::Animation] {
        for private in [false, true] {
            let said = Outgoing {
                attachments: vec![file(kind, "image/gif")],
                ..Outgoing::text("Look")
            };
            let action = if private {
                Action::SendMessage(said)
            } else {
                Action::Publish(said)
            };
            let ready = json!({ "data": { "id": "m1" } });
            let done = if private {
                Response::new(201, json!({ "data": { "dm_event_id": "930" } }).to_string())
            } else {
                posted("930")
            };
            let host = TestHost::new()
                .answer(Response::new(200, ready.to_string()))
                .answer(Response::new(204, ""))
                .answer(Response::new(200, ready.to_string()))
                .answer(done)
                .install();
            let outcome = X::perform(&channel(&json!({})), &request(action)).unwrap();
            assert_eq!(outcome.message_ids, ["930"]);
            let begun = &host.requests()[0];
            assert!(begun.url.ends_with("/media/upload/initialize"));
            let category = if private { "dm_gif" } else { "tweet_gif" };
            assert!(texts(&begun.body).contains(category), "{begun:?}");
        }
    }
}

fn after_an_uncertain_attempt(said: Outgoing, posts: &Value, reply: bool) -> Outcome {
    let duplicate = json!({ "title": "Forbidden", "type": "about:blank", "status": 403,
        "detail": "You are not allowed to create a Tweet with duplicate content." });
    let _host = TestHost::new()
        .answer(Response::new(403, duplicate.to_string()))
        .answer(Response::new(200, json!({ "data": posts }).to_string()))
        .install();
    let action = if reply {
        Action::Reply(said)
    } else {
        Action::Publish(said)
    };
    let request = ActionRequest {
        uncertain_before: true,
        ..request(action)
    };
    X::perform(&channel(&json!({})), &request).unwrap()
}

#[test]
fn a_post_of_an_earlier_attempt_is_found_by_what_it_says() {
    let said = Outgoing {
        reply_to: Some("901".to_owned()),
        ..Outgoing::text("Ann & <Bob>, see example.com/help")
    };
    let shown = "@ann Ann &amp; &lt;Bob&gt;, see https://t.co/abcdef";
    let posts = json!([
        { "id": "920", "text": shown },
        { "id": "919", "text": shown, "referenced_tweets": [{ "type": "replied_to", "id": "901" }] },
    ]);
    let outcome = after_an_uncertain_attempt(said, &posts, true);
    assert_eq!(outcome.message_ids, ["919"]);
    assert!(outcome.already_done);
    assert_eq!(outcome.cost, 2 * 5_000);
    let long = "long ".repeat(60);
    let posts = json!([{ "id": "918", "text": "long …", "note_tweet": { "text": long.trim() } }]);
    let outcome = after_an_uncertain_attempt(Outgoing::text("long ".repeat(56)), &posts, false);
    assert!(
        outcome.message_ids.is_empty() && outcome.already_done,
        "another text"
    );
}
