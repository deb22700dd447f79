//! Uploads: a picture in one call, what is larger in pieces, and videos that X works on afterwards.

use linecard_sdk::actions::{Failure, OutgoingAttachment, Refusal, Timestamp};
use linecard_sdk::events::AttachmentKind;
use linecard_sdk::http::{BodyPart, Call, Request};
use linecard_sdk::json::Lenient as _;
use linecard_sdk::time;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::api::{self, url};
use crate::config::Config;

/// The size of a piece: X takes 5 MB at most.
const PIECE: u64 = 4 * 1024 * 1024;
/// How many pieces are sent in one attempt.
const PIECES: u64 = 6;

/// How far an upload is.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Upload {
    /// X's id of the file.
    id: Option<String>,
    /// How many pieces X has.
    sent: u64,
    /// Whether X was told that it has all.
    finished: bool,
}

/// What an upload came to.
pub enum Step {
    /// X has the file, under this id.
    Ready(String),
    /// It goes on later.
    Later(Upload, Option<Timestamp>, Refusal),
}

/// What X takes a file for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Photo,
    Gif,
    Video,
}

impl Kind {
    /// The end of the name of its category.
    fn word(self) -> &'static str {
        match self {
            Self::Photo => "image",
            Self::Gif => "gif",
            Self::Video => "video",
        }
    }
}

/// The most photos of a post; of the others it takes one.
const PHOTOS: usize = 4;

/// Whether X can take the files, before any of them is uploaded. A post takes 4 photos, or one GIF, or one
/// video; of direct messages each takes one file.
pub fn check(attached: &[OutgoingAttachment], private: bool) -> Result<(), Failure> {
    let mut others = 0;
    for one in attached {
        file_of(one)?;
        if kind_of(one)? != Kind::Photo {
            size_of(one)?;
            others += 1;
        }
    }
    let photos = attached.len() - others;
    let fits = private || (others == 0 && photos <= PHOTOS) || (others == 1 && photos == 0);
    if fits {
        return Ok(());
    }
    Err(Failure::rejected(
        "attachments",
        format!(
            "A post takes {PHOTOS} photos, or one GIF, or one video; these are {photos} photos and {others} GIFs or videos. Send the others in posts of their own."
        ),
    ))
}

fn file_of(attached: &OutgoingAttachment) -> Result<&str, Failure> {
    attached.media.as_deref().ok_or_else(|| {
        Failure::rejected(
            "attachment",
            "X takes files, not addresses: upload the file to the hub and attach it by its name there",
        )
    })
}

fn size_of(attached: &OutgoingAttachment) -> Result<u64, Failure> {
    attached
        .attachment
        .size
        .ok_or_else(|| Failure::rejected("attachment", "the size of the file is not known"))
}

/// A GIF is told by its type, because it may come as a picture.
fn kind_of(attached: &OutgoingAttachment) -> Result<Kind, Failure> {
    let attachment = &attached.attachment;
    match (attachment.kind, attachment.mime.as_deref()) {
        (AttachmentKind::Image | AttachmentKind::Animation, Some("image/gif"))
        | (AttachmentKind::Animation, None) => Ok(Kind::Gif),
        (AttachmentKind::Image | AttachmentKind::Sticker, _) => Ok(Kind::Photo),
        (AttachmentKind::Video, _) => Ok(Kind::Video),
        (AttachmentKind::Animation, Some(mime)) if mime.starts_with("video/") => Ok(Kind::Video),
        (kind, mime) => Err(Failure::rejected(
            "attachment",
            format!(
                "X takes no attachment of the kind {kind:?} and the type {}",
                mime.unwrap_or("that nobody named")
            ),
        )),
    }
}

/// Goes on with an upload.
pub fn upload(
    config: &Config,
    attached: &OutgoingAttachment,
    private: bool,
    mut state: Upload,
) -> Result<Step, Failure> {
    let attachment = &attached.attachment;
    let (kind, file) = (kind_of(attached)?, file_of(attached)?);
    let category = format!("{}_{}", if private { "dm" } else { "tweet" }, kind.word());
    let mime = attachment.mime.clone().unwrap_or_else(|| {
        match kind {
            Kind::Gif => "image/gif",
            Kind::Video => "video/mp4",
            Kind::Photo => "image/jpeg",
        }
        .to_owned()
    });
    if kind == Kind::Photo {
        let name = attachment
            .name
            .clone()
            .unwrap_or_else(|| "image".to_owned());
        let parts = vec![
            BodyPart::text("media_category", category),
            BodyPart::media("media", file, name, Some(mime)),
        ];
        let request = Request::post(url(config, &["media", "upload"], &[])).multipart(parts);
        let body = api::call(request, config.user(), Call::Repeatable)?.body;
        return id_of(&body).map(Step::Ready);
    }
    let size = size_of(attached)?;
    let id = if let Some(id) = &state.id {
        id.clone()
    } else {
        let body = json!({ "media_type": mime, "total_bytes": size, "media_category": category });
        let request =
            Request::post(url(config, &["media", "upload", "initialize"], &[])).json(&body);
        let id = id_of(&api::call(request, config.user(), Call::Repeatable)?.body)?;
        state.id = Some(id.clone());
        id
    };
    let pieces = size.div_ceil(PIECE);
    let mut now = 0;
    while state.sent < pieces {
        if now == PIECES {
            let reason = Refusal::new("uploading", "the file is still being uploaded");
            return Ok(Step::Later(state, Some(time::now()), reason));
        }
        let parts = vec![
            BodyPart::text("segment_index", state.sent.to_string()),
            BodyPart::media_range("media", file, state.sent * PIECE, PIECE),
        ];
        let request =
            Request::post(url(config, &["media", "upload", &id, "append"], &[])).multipart(parts);
        api::call(request, config.user(), Call::Repeatable)?;
        state.sent += 1;
        now += 1;
    }
    let request = if state.finished {
        let query = [("command", "STATUS"), ("media_id", id.as_str())];
        Request::get(url(config, &["media", "upload"], &query))
    } else {
        Request::post(url(config, &["media", "upload", &id, "finalize"], &[]))
    };
    let body = api::call(request, config.user(), Call::Repeatable)?.body;
    state.finished = true;
    let processing = body
        .at(&["data", "processing_info"])
        .unwrap_or(&Value::Null);
    match processing.word("state") {
        None | Some("succeeded") => Ok(Step::Ready(id)),
        Some("failed") => {
            let why = processing
                .text_at(&["error", "message"])
                .unwrap_or_else(|| "X could not process the file".to_owned());
            Err(Failure::rejected("media-processing", why))
        }
        Some(_) => {
            let seconds = processing.count("check_after_secs").unwrap_or(5);
            let at = time::now().saturating_add(seconds.clamp(1, 300) * 1000);
            let reason = Refusal::new("processing", "X is still working on the file");
            Ok(Step::Later(state, Some(at), reason))
        }
    }
}

fn id_of(body: &Value) -> Result<String, Failure> {
    body.text_at(&["data", "id"])
        .ok_or_else(|| Failure::Transient("X named no id for the file".to_owned()))
}
