//! What a message carries besides its text.

use linecard_sdk::events::{Attachment, Location, Structured};
use linecard_sdk::manifest::AttachmentKind;
use serde_json::Value;

use crate::payload;

/// What was found.
#[derive(Default)]
pub struct Content {
    pub attachments: Vec<Attachment>,
    pub location: Option<Location>,
    pub structured: Option<Structured>,
}

/// Sorts a message's attachments into files, a place and structured content.
pub fn read(message: &payload::Message) -> Content {
    let mut content = Content::default();
    for value in message.attachments.iter().flatten() {
        let part: payload::Attachment = serde_json::from_value(value.clone()).unwrap_or_default();
        match part.kind.as_str() {
            "location" => match place(&part) {
                Some(place) => content.location = Some(place),
                None => content.attachments.push(file(&part, AttachmentKind::Other)),
            },
            "template" => content.structured = Some(template(&part)),
            _ => {
                let attachment = file(&part, kind(&part));
                // Until the end of August 2026 one sticker came twice, as an image and as a sticker.
                let twice = attachment.kind == AttachmentKind::Sticker
                    && content.attachments.iter().any(|other| {
                        other.kind == AttachmentKind::Sticker
                            && other.media_id == attachment.media_id
                    });
                if !twice {
                    content.attachments.push(attachment);
                }
            }
        }
    }
    // The story goes first: the text is about it.
    if let Some(story) = message
        .reply_to
        .as_ref()
        .and_then(|reply| reply.story.as_ref())
    {
        let attachment = Attachment {
            url: story.url.clone(),
            media_id: story.id.clone(),
            ..empty(AttachmentKind::Share, "story")
        };
        content.attachments.insert(0, attachment);
    }
    if content.attachments.is_empty() {
        if let Some(sticker) = &message.sticker_id {
            let mut attachment = empty(AttachmentKind::Sticker, "sticker");
            attachment.media_id = Some(sticker.clone());
            content.attachments.push(attachment);
        } else if message.is_unsupported {
            content
                .attachments
                .push(empty(AttachmentKind::Other, "unsupported"));
        }
    }
    content
}

fn kind(part: &payload::Attachment) -> AttachmentKind {
    match part.kind.as_str() {
        // Before June 2026 a sticker was an image with a `sticker_id`.
        "image" if part.payload_text("sticker_id").is_some() => AttachmentKind::Sticker,
        "image" => AttachmentKind::Image,
        "audio" => AttachmentKind::Audio,
        "video" => AttachmentKind::Video,
        "file" => AttachmentKind::File,
        "sticker" | "like_heart" => AttachmentKind::Sticker,
        "fallback" => AttachmentKind::Link,
        "share" | "post" | "reel" | "ig_reel" | "ig_post" | "ig_story" | "story_mention" => {
            AttachmentKind::Share
        }
        // Among them `ephemeral`, a picture to be seen once that nothing can fetch, and
        // `unsupported_type`.
        _ => AttachmentKind::Other,
    }
}

fn file(part: &payload::Attachment, kind: AttachmentKind) -> Attachment {
    let mut attachment = empty(kind, &part.kind);
    let first = |names: &[&str]| names.iter().find_map(|name| part.payload_text(name));
    attachment.url = first(&["url", "story_media_url"]).or_else(|| part.url.clone());
    attachment.media_id = first(&[
        "sticker_id",
        "attachment_id",
        "reel_video_id",
        "ig_post_media_id",
        "story_media_id",
    ]);
    attachment.name = part.title.clone().or_else(|| part.payload_text("title"));
    attachment
}

/// An attachment of which only the kind and Meta's word for it are known.
pub fn empty(kind: AttachmentKind, label: &str) -> Attachment {
    Attachment {
        label: (!label.is_empty()).then(|| label.to_owned()),
        ..Attachment::new(kind)
    }
}

fn place(part: &payload::Attachment) -> Option<Location> {
    let coordinates = part.payload.get("coordinates")?;
    Some(Location {
        latitude: coordinates.get("lat")?.as_f64()?,
        longitude: coordinates.get("long")?.as_f64()?,
        name: part.title.clone(),
        address: None,
    })
}

fn template(part: &payload::Attachment) -> Structured {
    let kind = if part.payload.get("product").is_some() {
        "product"
    } else {
        "template"
    };
    let json = match &part.payload {
        Value::Null => "{}".to_owned(),
        payload => payload.to_string(),
    };
    Structured {
        kind: kind.to_owned(),
        json,
    }
}
