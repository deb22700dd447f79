//! New posts: a text, a link, photos or a video.

use linecard_graph::objects;
use linecard_sdk::actions::{Failure, Outcome, Outgoing, OutgoingAttachment};
use linecard_sdk::events::AttachmentKind;
use linecard_sdk::http::{BodyPart, Call, Request};
use linecard_sdk::json::Lenient as _;
use serde_json::json;

use crate::actions::at_most;
use crate::config::Config;

/// The most characters of a post.
pub const POST_MAX: u32 = 63_206;
/// The most photos of a post.
pub const PHOTOS_MAX: u32 = 10;

/// Makes a new post.
pub fn publish(
    config: &Config,
    outgoing: &Outgoing,
    uncertain_before: bool,
) -> Result<Outcome, Failure> {
    if outgoing.structured.is_some() || outgoing.location.is_some() {
        return Err(Failure::unsupported(
            "a Facebook post is a text with a link, photos or a video",
        ));
    }
    let text = outgoing.text.as_deref().unwrap_or_default();
    at_most(text, POST_MAX)?;
    match outgoing.attachments.as_slice() {
        [] if text.is_empty() => Err(Failure::rejected(
            "empty",
            "there is nothing to publish: no text and no attachment",
        )),
        [] => feed(config, json!({ "message": text }), uncertain_before),
        [link] if is(link, &[AttachmentKind::Link, AttachmentKind::Share]) => {
            let Some(url) = &link.attachment.url else {
                return Err(Failure::rejected("attachment", "the link has no URL"));
            };
            let body = json!({ "message": text, "link": url });
            feed(config, body, uncertain_before)
        }
        [video] if is(video, &[AttachmentKind::Video]) => file(
            config,
            video,
            ["videos", "file_url", "description", "video"],
            text,
            uncertain_before,
        ),
        [photo] if is_picture(photo) => {
            let names = ["photos", "url", "caption", "photo"];
            file(config, photo, names, text, uncertain_before)
        }
        photos if photos.iter().all(is_picture) => album(config, photos, text, uncertain_before),
        _ => Err(Failure::rejected(
            "attachments",
            "a Facebook post takes one link, one video or photos, not a mix",
        )),
    }
}

fn is(outgoing: &OutgoingAttachment, kinds: &[AttachmentKind]) -> bool {
    kinds.contains(&outgoing.attachment.kind)
}

/// Whether it is a picture.
pub fn is_picture(outgoing: &OutgoingAttachment) -> bool {
    is(
        outgoing,
        &[AttachmentKind::Image, AttachmentKind::Animation],
    )
}

fn feed(
    config: &Config,
    body: serde_json::Value,
    uncertain_before: bool,
) -> Result<Outcome, Failure> {
    let url = config.api().url(&[&config.page_id, "feed"], &[]);
    let post = Request::post(url).json(&body);
    objects::make(config.api(), post, uncertain_before)
}

/// One photo or video with its text: the edge, and what it calls the URL, the text and the file.
fn file(
    config: &Config,
    outgoing: &OutgoingAttachment,
    [edge, at, caption, name]: [&str; 4],
    text: &str,
    uncertain_before: bool,
) -> Result<Outcome, Failure> {
    let post = Request::post(config.api().url(&[&config.page_id, edge], &[]));
    let request = match (&outgoing.media, &outgoing.attachment.url) {
        (None, Some(url)) => post.json(&json!({ (at): url, (caption): text })),
        _ => post.multipart(vec![BodyPart::text(caption, text), source(outgoing, name)?]),
    };
    // A photo's answer names the post too; a video becomes one when Facebook has worked on it.
    objects::make(config.api(), request, uncertain_before)
}

/// The file as the part of a form, or its URL.
fn source(outgoing: &OutgoingAttachment, name: &str) -> Result<BodyPart, Failure> {
    let attachment = &outgoing.attachment;
    let name = attachment.name.as_deref().unwrap_or(name);
    match &outgoing.media {
        Some(media) => Ok(BodyPart::media(
            "source",
            media,
            name,
            attachment.mime.clone(),
        )),
        None => Err(Failure::rejected(
            "attachment",
            "the attachment has neither a file nor a URL",
        )),
    }
}

/// Several photos: each is uploaded without being published, then the post names them all.
fn album(
    config: &Config,
    photos: &[OutgoingAttachment],
    text: &str,
    uncertain_before: bool,
) -> Result<Outcome, Failure> {
    if photos.len() > PHOTOS_MAX as usize {
        let text = format!(
            "the post has {} photos, at most {PHOTOS_MAX} are sent",
            photos.len()
        );
        return Err(Failure::rejected("attachments", text));
    }
    let mut attached = Vec::new();
    for photo in photos {
        attached.push(json!({ "media_fbid": unpublished(config, photo)? }));
    }
    let body = json!({ "message": text, "attached_media": attached });
    feed(config, body, uncertain_before)
}

/// Uploads a photo that nobody sees until a post or comment names it.
pub fn unpublished(config: &Config, photo: &OutgoingAttachment) -> Result<String, Failure> {
    let post = Request::post(config.api().url(&[&config.page_id, "photos"], &[]));
    let request = match (&photo.media, &photo.attachment.url) {
        (None, Some(url)) => post.json(&json!({ "url": url, "published": false })),
        _ => post.multipart(vec![
            BodyPart::text("published", "false"),
            source(photo, "photo")?,
        ]),
    };
    let answer = config.api().call(request, Call::Repeatable)?;
    let id = answer.content.value().text("id");
    id.ok_or_else(|| Failure::Transient("Facebook named no id for the photo".to_owned()))
}
