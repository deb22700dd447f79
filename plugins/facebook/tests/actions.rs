//! What is refused before Graph is asked, and what a delivery that comes again means.

use crate::common::*;
use linecard_graph::testing::host;
use linecard_sdk::actions::{Action, Failure, Outgoing, OutgoingAttachment};
use linecard_sdk::events::{Attachment, AttachmentKind, EventKind};
use linecard_sdk::http::{Error, Response};
use linecard_sdk::testing::{DEFAULT_NOW, TestHost};
use serde_json::json;

fn reply(text: &str) -> Outgoing {
    Outgoing {
        reply_to: Some("500_601".to_owned()),
        ..Outgoing::text(text)
    }
}

fn image() -> OutgoingAttachment {
    OutgoingAttachment {
        attachment: Attachment::at(AttachmentKind::Image, "https://files.example/i.png"),
        media: None,
    }
}

#[test]
fn an_edit_has_an_id_of_its_own_that_a_second_delivery_shares() {
    let made = event(comment(json!({})));
    let edit = |verb: &str, text: &str| event(comment(json!({ "verb": verb, "message": text })));
    let first = edit("edited", "a");
    assert_ne!(first.id, made.id);
    assert_eq!(first.id, edit("edited", "a").id);
    assert_eq!(
        first.id,
        edit("edit", "a").id,
        "Facebook has two words for it"
    );
    assert_ne!(first.id, edit("edited", "b").id);
    let EventKind::MessageEdited(change) = first.kind else {
        panic!("no edit")
    };
    assert_eq!(
        (change.message_id.as_str(), change.text.as_deref()),
        ("500_601", Some("a"))
    );
}

#[test]
fn the_prefix_of_a_comments_id_makes_no_second_comment() {
    let by_photo = event(comment(json!({ "comment_id": "900_601" })));
    assert_eq!(by_photo.id, event(comment(json!({}))).id);
}

#[test]
fn a_private_reply_is_one_message_within_seven_days() {
    let _host = TestHost::new().install();
    let mut late = request(Action::PrivateReply(reply("x")));
    late.last_inbound = Some(DEFAULT_NOW - 7 * 24 * HOUR - 1);
    assert!(matches!(perform(&late), Err(Failure::WindowClosed(_))));
    let mut two = reply("x");
    two.attachments = vec![image()];
    let two = perform(&request(Action::PrivateReply(two)));
    assert!(matches!(two, Err(Failure::Rejected(refusal)) if refusal.code == "one-message"));
}

#[test]
fn limits_are_kept_before_anything_is_sent() {
    let host = TestHost::new().install();
    let long = perform(&request(Action::Reply(reply(&"ä".repeat(8001)))));
    assert!(matches!(long, Err(Failure::Rejected(refusal)) if refusal.code == "too-long"));
    let mut two = reply("x");
    two.attachments = vec![image(), image()];
    assert!(matches!(
        perform(&request(Action::Reply(two))),
        Err(Failure::Rejected(_))
    ));
    let mut file = reply("x");
    file.attachments = vec![OutgoingAttachment {
        attachment: Attachment::at(AttachmentKind::File, "https://files.example/a.pdf"),
        media: None,
    }];
    assert!(matches!(
        perform(&request(Action::Reply(file))),
        Err(Failure::Unsupported(_))
    ));
    assert!(matches!(
        perform(&request(Action::Publish(Outgoing::default()))),
        Err(Failure::Rejected(_))
    ));
    assert!(
        matches!(
            perform(&request(Action::Hide(POST.to_owned()))),
            Err(Failure::Unsupported(_))
        ),
        "a post cannot be hidden"
    );
    assert!(matches!(
        perform(&request(Action::Follow)),
        Err(Failure::Unsupported(_))
    ));
    assert!(host.requests().is_empty());
}

#[test]
fn a_lost_answer_is_uncertain_only_where_repeating_does_harm() {
    let lost = || {
        TestHost::new()
            .error(Error::NoAnswer("broke".to_owned()))
            .install()
    };
    let host = lost();
    assert!(matches!(
        perform(&request(Action::Reply(reply("x")))),
        Err(Failure::Uncertain(_))
    ));
    drop(host);
    let host = lost();
    assert!(matches!(
        perform(&request(Action::Hide("500_601".to_owned()))),
        Err(Failure::Transient(_))
    ));
    drop(host);
    let gone = json!({ "error": { "code": 100, "error_subcode": 33, "message": "m" } });
    let _host = TestHost::new()
        .answer(Response::new(400, gone.to_string()))
        .install();
    assert!(
        matches!(
            perform(&request(Action::Delete("500_601".to_owned()))),
            Err(Failure::Gone(_))
        ),
        "a first attempt has deleted nothing"
    );
}

#[test]
fn a_signature_alone_is_no_permission() {
    let _host = host().install();
    let body = json!({ "object": "page", "entry": [{ "id": "2", "time": THEN }, { "id": PAGE, "time": THEN, "changes": [
        { "field": "feed", "value": comment(json!({})) } ] }] });
    let events = receive(body.to_string()).unwrap().events;
    assert_eq!(events.len(), 1, "only this page's part is taken");
}
