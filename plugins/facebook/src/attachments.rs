//! What posts and comments carry besides their text: in webhooks, and as the API describes it.

use linecard_sdk::events::{Attachment, AttachmentKind};
use linecard_sdk::json::Lenient as _;
use serde_json::{Map, Value};

/// The attachments that a webhook names for a comment: a photo or a video by its address.
pub fn of_comment(value: &Map<String, Value>) -> Vec<Attachment> {
    let kinds = [
        ("photo", AttachmentKind::Image),
        ("video", AttachmentKind::Video),
        ("link", AttachmentKind::Link),
    ];
    kinds
        .into_iter()
        .map(|(name, kind)| labelled(kind, name, value.text(name), None))
        .filter(|file| file.url.is_some())
        .collect()
}

/// The attachments that a webhook names for a post.
pub fn of_post(item: &str, value: &Map<String, Value>) -> Vec<Attachment> {
    let link = value.text("link");
    let mut files: Vec<Attachment> = Vec::new();
    match item {
        "photo" => {
            let id = value.text("photo_id");
            files.push(labelled(AttachmentKind::Image, item, link, id));
        }
        "video" => {
            let id = value.text("video_id");
            files.push(labelled(AttachmentKind::Video, item, link, id));
        }
        "share" => {
            let id = value.text("share_id");
            files.push(labelled(AttachmentKind::Share, item, link, id));
        }
        _ => {
            files.extend(link.map(|url| labelled(AttachmentKind::Link, "link", Some(url), None)));
        }
    }
    let image =
        |url: Option<String>, id: Option<String>| labelled(AttachmentKind::Image, "photo", url, id);
    files.extend(
        value
            .texts("photos")
            .into_iter()
            .map(|url| image(Some(url), None)),
    );
    files.extend(
        value
            .texts("photo_ids")
            .into_iter()
            .map(|id| image(None, Some(id))),
    );
    files.retain(|file| file.url.is_some() || file.media_id.is_some());
    files
}

/// An attachment as the API describes it, or the several that it groups.
pub fn of_api(value: &Value) -> Vec<Attachment> {
    let inner = value.object("subattachments").map(|page| page.list("data"));
    if let Some(inner) = inner.filter(|inner| !inner.is_empty()) {
        return inner.iter().map(api_file).collect();
    }
    if value.is_object() {
        vec![api_file(value)]
    } else {
        Vec::new()
    }
}

fn api_file(value: &Value) -> Attachment {
    let label = value.first_text(&["type", "media_type"]);
    let image = value.text_at(&["media", "image", "src"]);
    let source = || value.text_at(&["media", "source"]);
    let url = || value.text("url");
    let (kind, address) = match label.as_deref().unwrap_or_default() {
        "photo" | "cover_photo" | "profile_media" => (AttachmentKind::Image, image),
        name if name.starts_with("video") => (AttachmentKind::Video, source().or_else(url)),
        "sticker" => (AttachmentKind::Sticker, image),
        name if name.starts_with("animated_image") => {
            (AttachmentKind::Animation, source().or(image))
        }
        "share" | "link" => (AttachmentKind::Link, url()),
        _ => (AttachmentKind::Other, url().or(image)),
    };
    Attachment {
        name: value.text("title"),
        ..labelled(
            kind,
            &label.unwrap_or_default(),
            address,
            value.text_at(&["target", "id"]),
        )
    }
}

fn labelled(
    kind: AttachmentKind,
    label: &str,
    url: Option<String>,
    media_id: Option<String>,
) -> Attachment {
    Attachment {
        url,
        media_id,
        label: (!label.is_empty()).then(|| label.to_owned()),
        ..Attachment::new(kind)
    }
}
