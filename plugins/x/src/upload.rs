//! Media: pictures go in one call, animations and videos in pieces.

use linecard_sdk::actions::{Failure, Outgoing, OutgoingAttachment};
use linecard_sdk::events::{AttachmentKind, Refusal};
use linecard_sdk::http::{BodyPart, Call, Request};
use linecard_sdk::time;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::api;
use crate::config::Config;
use crate::fields::text;

/// The size of a piece; X takes up to 5 MiB.
const PIECE: u64 = 4 * 1024 * 1024;
/// How many pieces one attempt sends.
const PIECES: u64 = 4;
/// How long to wait if X does not say, in seconds.
const PAUSE_S: u64 = 5;

/// Where the media are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// A post.
    Post,
    /// A direct message.
    Direct,
}

/// How far the attachments of an action have come: what the next attempt must know.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Progress {
    /// The media that are ready, in order.
    ready: Vec<String>,
    /// The one that is on its way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    current: Option<Current>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Current {
    id: String,
    /// How many bytes X has.
    sent: u64,
    /// Whether all was sent and X works on it.
    finalized: bool,
}

/// Uploads the attachments and gives their ids. A file in pieces takes several attempts: between them
/// it is unfinished.
pub fn upload(
    config: &Config,
    target: Target,
    outgoing: &Outgoing,
    progress: &[u8],
) -> Result<Vec<String>, Failure> {
    check(target, &outgoing.attachments)?;
    let mut progress: Progress = serde_json::from_slice(progress).unwrap_or_default();
    while let Some(next) = outgoing.attachments.get(progress.ready.len()) {
        let file = File::new(config, target, next)?;
        let id = if next.attachment.kind == AttachmentKind::Image && !file.is_gif() {
            file.whole()?
        } else {
            match file.pieces(&mut progress.current)? {
                Step::Ready(id) => id,
                Step::Later(seconds) => return Err(unfinished(&progress, seconds)),
            }
        };
        progress.current = None;
        progress.ready.push(id);
    }
    Ok(progress.ready)
}

fn unfinished(progress: &Progress, seconds: u64) -> Failure {
    let resume = time::now().saturating_add(seconds.saturating_mul(1000));
    Failure::unfinished(
        // Numbers and texts always make JSON.
        serde_json::to_vec(progress).unwrap_or_default(),
        Vec::new(),
        Some(resume),
        Refusal::new("media", "a file is on its way to X"),
    )
}

/// Four pictures, or one animation or video; a direct message takes one of anything.
fn check(target: Target, attachments: &[OutgoingAttachment]) -> Result<(), Failure> {
    let moving = attachments.iter().any(|one| {
        matches!(
            one.attachment.kind,
            AttachmentKind::Animation | AttachmentKind::Video
        )
    });
    let most = if moving || target == Target::Direct {
        1
    } else {
        4
    };
    if attachments.len() <= most {
        return Ok(());
    }
    Err(Failure::rejected(
        "attachments",
        "X takes four pictures, or one animation or video; a direct message takes one attachment",
    ))
}

enum Step {
    Ready(String),
    Later(u64),
}

struct File<'a> {
    config: &'a Config,
    media: &'a str,
    outgoing: &'a OutgoingAttachment,
    category: String,
    mime: &'a str,
}

impl<'a> File<'a> {
    fn new(
        config: &'a Config,
        target: Target,
        outgoing: &'a OutgoingAttachment,
    ) -> Result<Self, Failure> {
        let Some(media) = outgoing.media.as_deref() else {
            return Err(Failure::rejected(
                "attachment",
                "X takes files, not links to files: put the link into the text",
            ));
        };
        let mime = outgoing.attachment.mime.as_deref();
        let (word, usual) = match outgoing.attachment.kind {
            AttachmentKind::Image if mime == Some("image/gif") => ("gif", "image/gif"),
            AttachmentKind::Image => ("image", "image/jpeg"),
            AttachmentKind::Animation => ("gif", "image/gif"),
            AttachmentKind::Video => ("video", "video/mp4"),
            other => {
                return Err(Failure::unsupported(format!(
                    "X takes pictures, animations and videos, no {other:?}"
                )));
            }
        };
        let place = match target {
            Target::Post => "tweet",
            Target::Direct => "dm",
        };
        Ok(Self {
            config,
            media,
            outgoing,
            category: format!("{place}_{word}"),
            mime: mime.unwrap_or(usual),
        })
    }

    fn is_gif(&self) -> bool {
        self.category.ends_with("_gif")
    }

    fn call(&self, request: Request) -> Result<Value, Failure> {
        api::call(request, self.config.secret(), Call::Repeatable)
    }

    fn post(&self, parts: Vec<BodyPart>) -> Result<Value, Failure> {
        self.call(Request::post(self.config.url(&["media", "upload"])).multipart(parts))
    }

    fn whole(&self) -> Result<String, Failure> {
        let name = self.outgoing.attachment.name.as_deref().unwrap_or("image");
        let file = BodyPart::media("media", self.media, name, Some(self.mime.to_owned()));
        id(&self.post(vec![BodyPart::text("media_category", &self.category), file])?)
    }

    /// The next pieces, and after the last the question whether X is done with the file.
    fn pieces(&self, current: &mut Option<Current>) -> Result<Step, Failure> {
        let Some(size) = self.outgoing.attachment.size else {
            return Err(Failure::rejected(
                "attachment",
                "the size of the file is not known, and X asks for it first",
            ));
        };
        let upload = match current {
            Some(upload) => upload,
            None => current.insert(self.begin(size)?),
        };
        if upload.finalized {
            let request = Request::get(self.config.url(&["media", "upload"]))
                .query([("command", "STATUS"), ("media_id", &upload.id)]);
            return state(&self.call(request)?, &upload.id);
        }
        for _ in 0..PIECES {
            if upload.sent >= size {
                break;
            }
            self.post(vec![
                BodyPart::text("command", "APPEND"),
                BodyPart::text("media_id", &upload.id),
                BodyPart::text("segment_index", (upload.sent / PIECE).to_string()),
                BodyPart::media_range("media", self.media, upload.sent, PIECE),
            ])?;
            upload.sent = upload.sent.saturating_add(PIECE);
        }
        if upload.sent < size {
            return Ok(Step::Later(0));
        }
        let answer = self.post(vec![
            BodyPart::text("command", "FINALIZE"),
            BodyPart::text("media_id", &upload.id),
        ])?;
        upload.finalized = true;
        state(&answer, &upload.id)
    }

    fn begin(&self, size: u64) -> Result<Current, Failure> {
        let answer = self.post(vec![
            BodyPart::text("command", "INIT"),
            BodyPart::text("media_type", self.mime),
            BodyPart::text("total_bytes", size.to_string()),
            BodyPart::text("media_category", &self.category),
        ])?;
        Ok(Current {
            id: id(&answer)?,
            sent: 0,
            finalized: false,
        })
    }
}

fn id(answer: &Value) -> Result<String, Failure> {
    text(answer, "/data/id")
        .ok_or_else(|| Failure::Transient("X named no id for the file".to_owned()))
}

/// What X says about its work on a file; without a word it is done.
fn state(answer: &Value, id: &str) -> Result<Step, Failure> {
    let info = "/data/processing_info";
    match text(answer, &format!("{info}/state")).as_deref() {
        None | Some("succeeded") => Ok(Step::Ready(id.to_owned())),
        Some("failed") => {
            let why = text(answer, &format!("{info}/error/message"));
            let why = why.unwrap_or_else(|| "X cannot read the file".to_owned());
            Err(Failure::rejected("media", why))
        }
        Some(_) => {
            let wait = answer
                .pointer(&format!("{info}/check_after_secs"))
                .and_then(Value::as_u64);
            Ok(Step::Later(wait.unwrap_or(PAUSE_S).max(1)))
        }
    }
}
