//! What the company does: messages, edits, reactions, and fetching customers' files.

use linecard_sdk::actions::{
    Action, ActionRequest, Failure, Outcome, Outgoing, OutgoingAttachment,
};
use linecard_sdk::connector::StoredMedia;
use linecard_sdk::events::{Attachment, AttachmentKind};
use linecard_sdk::http::{BodyPart, Call, Request};
use linecard_sdk::ids::bounded;
use linecard_sdk::json::Lenient as _;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::config::Config;
use crate::{api, ids};

/// What may be behind a button, in bytes.
const PAYLOAD: usize = 64;
/// How long sending a file may take, in milliseconds.
const UPLOAD: u32 = 60_000;

/// Does one action.
pub fn perform(config: &Config, request: &ActionRequest) -> Result<Outcome, Failure> {
    let said = |method: &str, body: Value, call: Call| {
        api::call(&Request::post(config.method(method)).json(&body), call)
    };
    let reaction = |id: &str, reactions: Value| {
        let (chat, message) = ids::parts(id)?;
        let body = json!({"chat_id": chat, "message_id": message, "reaction": reactions});
        said("setMessageReaction", body, Call::Repeatable).map(|_| Outcome::done())
    };
    match &request.action {
        Action::SendMessage(outgoing) => send(config, request, outgoing),
        Action::React(target) => {
            let emoji = target.emoji.as_ref().unwrap_or(&target.name);
            reaction(
                &target.message_id,
                json!([{"type": "emoji", "emoji": emoji}]),
            )
        }
        Action::Unreact(target) => reaction(&target.message_id, json!([])),
        Action::Edit(target) => {
            let (chat, message) = ids::parts(&target.message_id)?;
            let body = json!({"chat_id": chat, "message_id": message, "text": target.text});
            match said("editMessageText", body, Call::Repeatable) {
                Err(Failure::Rejected(reason)) if reason.text.contains("is not modified") => {
                    Ok(Outcome::done().already_done())
                }
                done => done.map(|_| Outcome::done()),
            }
        }
        Action::Delete(id) => {
            let (chat, message) = ids::parts(id)?;
            let body = json!({"chat_id": chat, "message_id": message});
            match said("deleteMessage", body, Call::Repeatable) {
                Err(Failure::Gone(_)) if request.uncertain_before => {
                    Ok(Outcome::done().already_done())
                }
                done => done.map(|_| Outcome::done()),
            }
        }
        Action::Typing(true) => {
            let body = json!({"chat_id": chat(request)?, "action": "typing"});
            said("sendChatAction", body, Call::Repeatable).map(|_| Outcome::done())
        }
        // It ends by itself.
        Action::Typing(false) => Ok(Outcome::done()),
        other => Err(Failure::unsupported(format!(
            "Telegram has no {:?} for bots",
            other.kind()
        ))),
    }
}

fn chat(request: &ActionRequest) -> Result<Value, Failure> {
    let chat = request.thread.parse::<i64>().map_err(|_| {
        let text = format!("\"{}\" is no chat of this network", request.thread);
        Failure::rejected("thread", text)
    })?;
    Ok(json!(chat))
}

/// How far an attempt has come.
#[derive(Default, Serialize, Deserialize)]
struct Progress {
    /// The messages that were made, one for each part.
    made: Vec<String>,
}

/// One message of those that an action makes.
struct Piece<'a> {
    method: &'static str,
    body: Value,
    /// The field of the file, and the file.
    file: Option<(&'static str, &'a OutgoingAttachment)>,
}

fn send(config: &Config, request: &ActionRequest, outgoing: &Outgoing) -> Result<Outcome, Failure> {
    let pieces = pieces(request, outgoing)?;
    let mut progress: Progress = if request.progress.is_empty() {
        Progress::default()
    } else {
        serde_json::from_slice(&request.progress).map_err(|error| {
            Failure::Uncertain(format!(
                "how far an earlier attempt came cannot be read: {error}"
            ))
        })?
    };
    for piece in pieces.iter().skip(progress.made.len()) {
        match one(config, piece) {
            Ok(made) => {
                let id = ids::made(&request.thread, &made).ok_or_else(|| {
                    Failure::Uncertain("Telegram's answer names no message".to_owned())
                });
                match id {
                    Ok(id) => progress.made.push(id),
                    Err(failure) => return Err(so_far(&progress, failure)),
                }
            }
            Err(failure) => return Err(so_far(&progress, failure)),
        }
    }
    Ok(Outcome::messages(progress.made))
}

fn so_far(progress: &Progress, failure: Failure) -> Failure {
    failure.after(progress.made.clone(), json!(progress).to_string())
}

fn one(config: &Config, piece: &Piece<'_>) -> Result<Value, Failure> {
    let url = config.method(piece.method);
    let Some((field, given)) = piece.file else {
        return api::call(&Request::post(url).json(&piece.body), Call::Once);
    };
    let Some(media) = &given.media else {
        let mut body = piece.body.clone();
        // A file that Telegram has, or that it can fetch.
        let attachment = &given.attachment;
        body[field] = json!(attachment.media_id.as_ref().or(attachment.url.as_ref()));
        return api::call(&Request::post(url).json(&body), Call::Once);
    };
    let members = piece.body.as_object().into_iter().flatten();
    let mut parts: Vec<BodyPart> = members
        .map(|(name, value)| {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            BodyPart::text(name, text)
        })
        .collect();
    let name = given.attachment.name.clone();
    let name = name.unwrap_or_else(|| field.to_owned());
    let mime = given.attachment.mime.clone();
    parts.push(BodyPart::media(field, media, name, mime));
    let request = Request::post(url).multipart(parts).timeout_ms(UPLOAD);
    api::call(&request, Call::Once)
}

/// The messages: each file is one, with the text below the first; a place is one.
fn pieces<'a>(request: &ActionRequest, outgoing: &'a Outgoing) -> Result<Vec<Piece<'a>>, Failure> {
    let chat = chat(request)?;
    let mut pieces = Vec::new();
    let mut text = outgoing.text.as_ref().filter(|text| !text.is_empty());
    for given in &outgoing.attachments {
        let (method, field) = match given.attachment.kind {
            AttachmentKind::Image => ("sendPhoto", "photo"),
            AttachmentKind::Audio => ("sendAudio", "audio"),
            AttachmentKind::Video => ("sendVideo", "video"),
            _ => ("sendDocument", "document"),
        };
        let mut body = json!({ "chat_id": chat });
        if let Some(text) = text.take() {
            body["caption"] = json!(text);
        }
        pieces.push(Piece {
            method,
            body,
            file: Some((field, given)),
        });
    }
    if let Some(place) = &outgoing.location {
        let mut body =
            json!({"chat_id": chat, "latitude": place.latitude, "longitude": place.longitude});
        let method = match (&place.name, &place.address) {
            (Some(name), address) => {
                body["title"] = json!(name);
                body["address"] = json!(address.as_ref().unwrap_or(name));
                "sendVenue"
            }
            (None, _) => "sendLocation",
        };
        pieces.push(Piece {
            method,
            body,
            file: None,
        });
    }
    if let Some(text) = text {
        let piece = Piece {
            method: "sendMessage",
            body: json!({"chat_id": chat, "text": text}),
            file: None,
        };
        pieces.insert(0, piece);
    }
    if let (Some(first), Some(parent)) = (pieces.first_mut(), &outgoing.reply_to) {
        let (_, message) = ids::parts(parent)?;
        first.body["reply_parameters"] =
            json!({"message_id": message, "allow_sending_without_reply": true});
    }
    if let Some(structured) = &outgoing.structured {
        let keyboard = keyboard(&structured.kind, &structured.json)?;
        let last = pieces.last_mut().ok_or_else(|| {
            Failure::rejected(
                "text-required",
                "Telegram shows buttons below a text or a file",
            )
        })?;
        last.body["reply_markup"] = json!({ "inline_keyboard": keyboard });
    }
    if pieces.is_empty() {
        return Err(Failure::rejected("empty", "there is nothing to send"));
    }
    Ok(pieces)
}

/// Buttons below a message, one in each row.
fn keyboard(kind: &str, content: &str) -> Result<Vec<Value>, Failure> {
    if kind != "quick-replies" {
        let text = format!("Telegram has no structured content of the kind {kind}");
        return Err(Failure::unsupported(text));
    }
    let content: Value = serde_json::from_str(content)
        .map_err(|error| Failure::rejected("structured", error.to_string()))?;
    let options = content.list("options").iter();
    Ok(options
        .filter_map(|option| {
            let text = option.text("text")?;
            let payload = option.text("payload").unwrap_or_else(|| text.clone());
            let payload = bounded(&payload, PAYLOAD);
            Some(json!([{"text": text, "callback_data": payload}]))
        })
        .collect())
}

/// Fetches a customer's file.
pub fn fetch(config: &Config, attachment: &Attachment) -> Result<StoredMedia, Failure> {
    let Some(id) = &attachment.media_id else {
        return Err(Failure::unsupported("Telegram gave no id for this file"));
    };
    let asked = Request::get(config.method("getFile")).query([("file_id", id)]);
    let found = api::call(&asked, Call::Repeatable)?;
    let Some(path) = found.text("file_path").filter(|path| is_plain(path)) else {
        return Err(Failure::Gone("Telegram does not give this file".to_owned()));
    };
    let response = Request::get(config.file(&path))
        .store_body()
        .send(Call::Repeatable)?;
    if !response.is_success() {
        return Err(response.failure(Call::Repeatable));
    }
    let stored = StoredMedia::from_response(&response)
        .ok_or_else(|| Failure::Transient("the host stored no file".to_owned()))?;
    // Telegram calls every file a stream of bytes.
    Ok(StoredMedia {
        mime: attachment.mime.clone().or(stored.mime),
        ..stored
    })
}

/// Whether a path leads below the files, and nowhere else.
fn is_plain(path: &str) -> bool {
    !path.is_empty()
        && path.split('/').all(|step| !matches!(step, "" | "." | ".."))
        && path
            .chars()
            .all(|c| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_'))
}
