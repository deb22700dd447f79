//! Every kind of private message on Instagram, beside the recorded ones.

use std::collections::BTreeSet;

use linecard_simulator::graph::{Act, Incoming, MediaKind};
use serde_json::{Value, json};

use crate::hub::{keys, shared};
use crate::instagram::{ACCOUNT, ADA, Account};

/// One of each kind, with the sample whose shape it has.
fn kinds(mid: &str) -> Vec<(Incoming, Option<&'static str>)> {
    let url = "https://example.com/media".to_owned();
    let mid = mid.to_owned();
    let media = |media| Incoming::Media {
        media,
        url: url.clone(),
        text: None,
    };
    vec![
        (
            Incoming::text("plain"),
            Some("chatwoot-instagram_message_create_event"),
        ),
        (
            Incoming::Text {
                text: "reply".to_owned(),
                reply_to: Some(mid.clone()),
            },
            Some("chatwoot-instagram_message_reply_event"),
        ),
        (
            media(MediaKind::Image),
            Some("chatwoot-instagram_message_attachment_event"),
        ),
        (
            media(MediaKind::Video),
            Some("chatwoot-instagram_message_attachment_event"),
        ),
        (
            media(MediaKind::Audio),
            Some("chatwoot-instagram_message_attachment_event"),
        ),
        (
            Incoming::Share { url: url.clone() },
            Some("chatwoot-instagram_message_attachment_event"),
        ),
        (
            Incoming::StoryMention { url: url.clone() },
            Some("chatwoot-instagram_story_mention_event"),
        ),
        (
            Incoming::StoryReply {
                text: "nice".to_owned(),
                story_id: "1".to_owned(),
                url: url.clone(),
            },
            Some("chatwoot-instagram_story_reply_event"),
        ),
        (
            Incoming::Reel {
                url: url.clone(),
                title: "A reel".to_owned(),
                reel_video_id: 1234,
            },
            Some("chatwoot-instagram_shared_reel_event"),
        ),
        (
            Incoming::Unsupported,
            Some("chatwoot-instagram_message_unsupported_event"),
        ),
        (Incoming::Ephemeral, None),
        (
            Incoming::QuickReply {
                title: "Red".to_owned(),
                payload: "RED".to_owned(),
            },
            None,
        ),
        (
            Incoming::React {
                mid: mid.clone(),
                reaction: "love".to_owned(),
                emoji: "❤".to_owned(),
            },
            None,
        ),
        (Incoming::Read, Some("messaging-seen")),
        (
            Incoming::PageInbox {
                text: "from the app".to_owned(),
                app_id: None,
            },
            None,
        ),
        (
            Incoming::Unsend { mid },
            Some("chatwoot-instagram_message_unsend_event"),
        ),
    ]
}

#[tokio::test]
async fn every_kind_of_message_has_the_shape_of_recorded_ones() -> anyhow::Result<()> {
    let account = Account::start().await?;
    let first = account.say(Incoming::text("first")).await;
    assert!(!first.starts_with("m_"));
    let samples = shared();
    for (what, sample) in kinds(&first) {
        let before = account.hub.items().len();
        account.say(what.clone()).await;
        let item = account.hub.items().get(before).cloned().expect("an item");
        let (Some(samples), Some(sample)) = (&samples, sample) else {
            continue;
        };
        let path = samples.join(format!("samples/instagram/{sample}.json"));
        let recorded: Value = serde_json::from_str(&std::fs::read_to_string(path)?)?;
        let recorded = &recorded["entry"][0]["messaging"][0];
        let (mut allowed, mut ours) = (BTreeSet::new(), BTreeSet::new());
        keys(recorded, "", &mut allowed);
        keys(&item, "", &mut ours);
        assert_eq!(ours, allowed, "{sample}");
    }
    let body = account.hub.received("/webhook")[0].json();
    assert_eq!(body["object"], "instagram");
    assert_eq!(body["entry"][0]["id"], ACCOUNT);
    let view_once = account
        .hub
        .items()
        .into_iter()
        .find(|item| item["message"]["attachments"][0]["type"] == "ephemeral");
    let view_once = view_once.expect("one that can be viewed once");
    assert_eq!(
        view_once["message"]["attachments"],
        json!([{ "type": "ephemeral" }])
    );
    for foreign in [
        Incoming::Sticker { sticker_id: 1 },
        Incoming::Delivered { mids: Vec::new() },
    ] {
        let delivery = account.simulator.say(ADA, Act::Instagram(foreign)).await;
        assert_eq!(
            delivery.problem.as_deref(),
            Some("Instagram has no such event")
        );
    }
    let story = account.simulator.say("1", Incoming::Ephemeral).await;
    assert_eq!(
        story.problem.as_deref(),
        Some("Messenger has no such event")
    );
    Ok(())
}
