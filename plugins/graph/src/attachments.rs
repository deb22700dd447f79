//! What a message carries besides its text.

use linecard_sdk::events::{Attachment, Location, Structured};
use linecard_sdk::json::Lenient as _;
use linecard_sdk::manifest::AttachmentKind;
use serde_json::{Map, Value};

/// A JSON object.
type Members = Map<String, Value>;

/// What was found.
#[derive(Default)]
pub struct Content {
    pub attachments: Vec<Attachment>,
    pub location: Option<Location>,
    pub structured: Option<Structured>,
}

/// Sorts a message's attachments into files, a place and structured content.
pub fn read(message: &Members) -> Content {
    let mut content = Content::default();
    let nothing = Members::new();
    for value in message.list("attachments") {
        let part = value.as_object().unwrap_or(&nothing);
        match part.text("type").as_deref() {
            Some("location") => match place(part) {
                Some(place) => content.location = Some(place),
                None => content.attachments.push(file(part, AttachmentKind::Other)),
            },
            Some("template") => content.structured = Some(template(part)),
            _ => {
                let attachment = file(part, kind(part));
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
        .object("reply_to")
        .and_then(|reply| reply.object("story"))
    {
        let attachment = Attachment {
            url: story.text("url"),
            media_id: story.text("id"),
            ..empty(AttachmentKind::Share, "story")
        };
        content.attachments.insert(0, attachment);
    }
    if content.attachments.is_empty() {
        if let Some(sticker) = message.text("sticker_id") {
            let mut attachment = empty(AttachmentKind::Sticker, "sticker");
            attachment.media_id = Some(sticker);
            content.attachments.push(attachment);
        } else if message.is("is_unsupported") {
            content
                .attachments
                .push(empty(AttachmentKind::Other, "unsupported"));
        }
    }
    content
}

/// A text member of an attachment's payload, which is an object for most types and a text for old ones.
fn payload_text(part: &Members, name: &str) -> Option<String> {
    part.object("payload")?.text(name)
}

fn kind(part: &Members) -> AttachmentKind {
    match part.text("type").as_deref().unwrap_or_default() {
        // Before June 2026 a sticker was an image with a `sticker_id`.
        "image" if payload_text(part, "sticker_id").is_some() => AttachmentKind::Sticker,
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

fn file(part: &Members, kind: AttachmentKind) -> Attachment {
    let mut attachment = empty(kind, &part.text("type").unwrap_or_default());
    let first = |names: &[&str]| names.iter().find_map(|name| payload_text(part, name));
    attachment.url = first(&["url", "story_media_url"]).or_else(|| part.text("url"));
    attachment.media_id = first(&[
        "sticker_id",
        "attachment_id",
        "reel_video_id",
        "ig_post_media_id",
        "story_media_id",
    ]);
    attachment.name = part.text("title").or_else(|| payload_text(part, "title"));
    attachment
}

/// An attachment of which only the kind and Meta's word for it are known.
pub fn empty(kind: AttachmentKind, label: &str) -> Attachment {
    Attachment {
        label: (!label.is_empty()).then(|| label.to_owned()),
        ..Attachment::new(kind)
    }
}

fn place(part: &Members) -> Option<Location> {
    let coordinates = part.object("payload")?.object("coordinates")?;
    Some(Location {
        name: part.text("title"),
        ..Location::new(coordinates.number("lat")?, coordinates.number("long")?)
    })
}

fn template(part: &Members) -> Structured {
    let payload = part.member("payload");
    let is_product = payload.is_some_and(|payload| payload.member("product").is_some());
    let kind = if is_product { "product" } else { "template" };
    let nothing = Value::Object(Members::new());
    Structured::new(kind, payload.unwrap_or(&nothing))
}
