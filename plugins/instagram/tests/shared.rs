//! What customers send along: several pictures at once, documents, posts.

use linecard_sdk::events::{Attachment, EventKind};
use linecard_sdk::manifest::AttachmentKind;
use serde_json::{Value, json};

use crate::common::*;

fn attached(attachments: Value) -> Vec<Attachment> {
    let item = from_customer(json!({ "mid": "m1", "attachments": attachments }));
    let body = json!({ "object": "instagram",
        "entry": [{ "id": ACCOUNT, "time": THEN, "messaging": [item] }] });
    let reception = receive(body.to_string()).unwrap();
    match &reception.events[0].kind {
        EventKind::MessageCreated(message) => message.attachments.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn all_pictures_of_one_message_are_kept() {
    let picture = |n: u8| json!({ "type": "image", "payload": { "url": format!("https://a.fbcdn.net/{n}") } });
    let found = attached(json!([picture(1), picture(2), picture(3)]));
    let urls: Vec<_> = found
        .iter()
        .map(|one| one.url.as_deref().unwrap())
        .collect();
    assert_eq!(
        urls,
        [
            "https://a.fbcdn.net/1",
            "https://a.fbcdn.net/2",
            "https://a.fbcdn.net/3"
        ]
    );
    assert!(found.iter().all(|one| one.kind == AttachmentKind::Image));
}

#[test]
fn a_document_is_a_file_and_a_post_is_shared() {
    let found = attached(json!([
        { "type": "file", "payload": { "url": "https://a.fbsbx.com/bill.pdf" } },
        { "type": "ig_post", "payload": { "ig_post_media_id": "180", "title": "New", "url": "https://a.fbcdn.net/p" } },
        { "type": "share", "payload": { "url": "https://a.fbcdn.net/q" } },
    ]));
    let kinds: Vec<_> = found.iter().map(|one| one.kind).collect();
    assert_eq!(
        kinds,
        [
            AttachmentKind::File,
            AttachmentKind::Share,
            AttachmentKind::Share
        ]
    );
    assert_eq!(found[1].media_id.as_deref(), Some("180"));
    assert_eq!(found[1].label.as_deref(), Some("ig_post"));
}
