//! The types survive the formats in which they are kept and shown.

use serde::{Serialize, de::DeserializeOwned};

use super::*;
use crate::manifest::{AttachmentKind, Manifest, ThrottleScope, Visibility};

fn survives<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    let json = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&json).unwrap(), value, "{json}");
    let packed = rmp_serde::to_vec_named(value).unwrap();
    assert_eq!(&rmp_serde::from_slice::<T>(&packed).unwrap(), value);
}

fn event(kind: EventKind) -> Event {
    Event {
        id: "e1".into(),
        time: timestamp_from_millis(1_700_000_000_123),
        thread: Some(Thread {
            key: "t1".into(),
            visibility: Visibility::Private,
            permalink: None,
            customer: None,
        }),
        author: Some(Author {
            identity: Identity {
                id: "u1".into(),
                aliases: vec![Alias {
                    kind: "phone".into(),
                    value: "+15550100".into(),
                }],
            },
            profile: Some(Profile {
                followers: Some(7),
                utc_offset_minutes: Some(-90),
                ..Profile::default()
            }),
        }),
        kind,
        raw: "{}".into(),
    }
}

fn message() -> Message {
    Message {
        id: "m1".into(),
        text: Some("Hello".into()),
        attachments: vec![Attachment {
            kind: AttachmentKind::Image,
            url: Some("https://example.com/a.png".into()),
            media_id: None,
            mime: None,
            size: Some(u64::MAX),
            name: None,
            sha256: None,
            label: None,
        }],
        location: Some(Location {
            latitude: 52.1,
            longitude: 4.9,
            name: None,
            address: None,
        }),
        contacts: vec![],
        structured: None,
        parent: None,
        quoted: None,
        addressed: Some(true),
        referral: None,
        client_ref: None,
        language: None,
    }
}

#[test]
fn events_survive_json_and_message_pack() {
    for kind in [
        EventKind::MessageCreated(message()),
        EventKind::MessageEdited(Edit {
            message_id: "m1".into(),
            text: None,
            attachments: Some(vec![]),
            revision: Some(1),
        }),
        EventKind::Receipt(Receipt {
            state: ReceiptState::Failed,
            scope: ReceiptScope::UpTo(timestamp_from_millis(5)),
            reason: Some(Refusal {
                code: "100/33".into(),
                text: "no".into(),
            }),
        }),
        EventKind::Typing(true),
        EventKind::Follow,
        EventKind::Other("poke".into()),
    ] {
        survives(&event(kind));
    }
}

#[test]
fn actions_and_failures_survive_json_and_message_pack() {
    for action in [
        Action::SendMessage(Outgoing {
            text: Some("Hi".into()),
            ..Outgoing::default()
        }),
        Action::MarkSeen(None),
        Action::MarkSeen(Some("m1".into())),
        Action::Follow,
    ] {
        survives(&ActionRequest {
            id: "a1".into(),
            attempt: 1,
            uncertain_before: false,
            thread: "t1".into(),
            recipient: None,
            last_inbound: None,
            by_human: true,
            progress: Vec::new(),
            action,
        });
    }
    survives(&Failure::Throttled(Throttle {
        until: None,
        scope: ThrottleScope::Recipient,
        reason: Refusal {
            code: "4".into(),
            text: "slow".into(),
        },
    }));
    survives(&Failure::Partly(Partly {
        message_ids: vec!["m1".into()],
        progress: vec![0, 255],
        rest: Rest::Uncertain("the line broke".into()),
        cost: 1,
    }));
    survives(&WebhookRequest {
        method: "POST".into(),
        path: String::new(),
        url: Some("https://hub.example.com/channels/a/webhook?a=b".into()),
        query: vec![("a".into(), "b".into())],
        headers: vec![],
        body: vec![0, 255, 10],
    });
}

#[test]
fn serialized_names_are_snake_case_and_absent_values_are_left_out() {
    let json = serde_json::to_value(event(EventKind::MessageCreated(Message {
        attachments: vec![],
        location: None,
        ..message()
    })))
    .unwrap();
    assert_eq!(
        json["kind"],
        serde_json::json!({"message_created": {"id": "m1", "text": "Hello", "addressed": true}})
    );
    assert_eq!(json["time"], "2023-11-14T22:13:20.123Z");
}

#[test]
fn a_manifest_may_leave_lists_out() {
    let manifest: Manifest = serde_json::from_value(serde_json::json!({
        "id": "messenger", "version": "1.0.0", "display_name": "Messenger", "description": "",
        "contract": "0.1.0", "config_schema": {"type": "object"},
        "connector": {
            "networks": ["messenger"], "receives": true, "polls": false,
            "resolves_profiles": false, "resolves_media": false, "probes": false,
            "hosts": [{"exact": "graph.facebook.com"}]
        }
    }))
    .unwrap();
    survives(&manifest);
}

#[test]
fn a_time_out_of_range_becomes_the_nearest_moment() {
    let latest = timestamp_from_millis(u64::MAX);
    assert_eq!(latest.as_second(), crate::Timestamp::MAX.as_second());
    assert_eq!(latest.subsec_nanosecond(), 0);
    assert_eq!(timestamp_to_millis(crate::Timestamp::MIN), 0);
    assert_eq!(timestamp_to_millis(timestamp_from_millis(1_234)), 1_234);
}
