//! Actions: messages, reactions, typing and seen marks.

use linecard_graph::{Answer, Refused};
use linecard_sdk::actions::{
    Action, ActionRequest, Budget, Failure, Outcome, ReactionTarget, Refusal, Timestamp,
};
use linecard_sdk::http::{BodyPart, Call, Request};
use linecard_sdk::time;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::compose::{self, Content, File, Part, Source};
use crate::config::Config;
use crate::events::USER_REF;

const HOUR: u64 = 3_600_000;
/// For how long after the customer's last message anything may be written, in milliseconds.
pub const STANDARD_WINDOW: u64 = 24 * HOUR;
/// For how long a person may answer if Meta has granted the app the Human Agent feature.
pub const HUMAN_AGENT_WINDOW: u64 = 7 * 24 * HOUR;

/// What Graph says after a send. A sender action gives no message id.
#[derive(Deserialize)]
struct Sent {
    #[serde(default)]
    message_id: Option<String>,
}

/// What Graph says after an upload.
#[derive(Deserialize)]
struct Uploaded {
    attachment_id: String,
}

/// By what right a message is sent.
struct Right {
    members: Vec<(&'static str, &'static str)>,
    note: Option<String>,
}

/// Does one action.
pub fn perform(config: &Config, request: &ActionRequest) -> Result<Outcome, Failure> {
    let recipient = recipient(request.recipient_id()?);
    match &request.action {
        Action::SendMessage(outgoing) => {
            let right = right(config, request)?;
            let parts = compose::parts(outgoing)?;
            send_parts(config, request, &recipient, &right, parts)
        }
        Action::Typing(on) => {
            let action = if *on { "typing_on" } else { "typing_off" };
            sender_action(
                config,
                json!({ "recipient": recipient, "sender_action": action }),
            )
        }
        Action::MarkSeen(_) => sender_action(
            config,
            json!({ "recipient": recipient, "sender_action": "mark_seen" }),
        ),
        Action::React(target) => {
            let payload = json!({ "message_id": target.message_id, "reaction": emoji(target)? });
            let body =
                json!({ "recipient": recipient, "sender_action": "react", "payload": payload });
            sender_action(config, body)
        }
        // The emoji is left out when a reaction is taken back.
        Action::Unreact(target) => {
            let payload = json!({ "message_id": target.message_id });
            let body =
                json!({ "recipient": recipient, "sender_action": "unreact", "payload": payload });
            sender_action(config, body)
        }
        other => Err(Failure::unsupported(format!(
            "Messenger has no {:?}",
            other.kind()
        ))),
    }
}

fn recipient(id: &str) -> Value {
    match id.strip_prefix(USER_REF) {
        Some(user_ref) => json!({ "user_ref": user_ref }),
        None => json!({ "id": id }),
    }
}

/// Graph takes any emoji; the webhook's words for the common ones are turned into theirs.
fn emoji(target: &ReactionTarget) -> Result<&str, Failure> {
    if let Some(emoji) = target.emoji.as_deref().filter(|emoji| !emoji.is_empty()) {
        return Ok(emoji);
    }
    Ok(match target.name.as_str() {
        "love" => "❤️",
        "like" => "👍",
        "dislike" => "👎",
        "smile" => "😆",
        "wow" => "😮",
        "sad" => "😢",
        "angry" => "😠",
        name if !name.is_empty() && !name.is_ascii() => name,
        name => {
            let text = format!("`{name}` is no Messenger reaction; give an emoji");
            return Err(Failure::rejected("reaction", text));
        }
    })
}

/// `RESPONSE` inside the standard window, the `HUMAN_AGENT` tag where it is allowed, and no call at
/// all outside. When the customer's last message is not known here, Graph decides.
fn right(config: &Config, request: &ActionRequest) -> Result<Right, Failure> {
    let response = Right {
        members: vec![("messaging_type", "RESPONSE")],
        note: None,
    };
    let Some(last_inbound) = request.last_inbound else {
        return Ok(response);
    };
    let age = time::now().saturating_sub(last_inbound);
    if age <= STANDARD_WINDOW {
        return Ok(response);
    }
    let hours = age / HOUR;
    if age > HUMAN_AGENT_WINDOW {
        return Err(Failure::WindowClosed(format!(
            "the customer last wrote {hours} hours ago; Messenger allows answers for 24 hours, and a person's for 7 days"
        )));
    }
    if !config.human_agent {
        return Err(Failure::WindowClosed(format!(
            "the customer last wrote {hours} hours ago; Messenger allows answers for 24 hours unless the app has the Human Agent feature (the channel's setting human_agent)"
        )));
    }
    if !request.by_human {
        return Err(Failure::WindowClosed(format!(
            "the customer last wrote {hours} hours ago; after 24 hours only a person may answer"
        )));
    }
    Ok(Right {
        members: vec![("messaging_type", "MESSAGE_TAG"), ("tag", "HUMAN_AGENT")],
        note: Some(format!(
            "Sent with the HUMAN_AGENT tag, {hours} hours after the customer's last message."
        )),
    })
}

/// Sends the parts in order.
///
/// Several messages are not one for Graph: the second can fail after the customer has the first.
/// What can fail early therefore does: with several parts every file is uploaded before anything is
/// sent. A part that may be sent later leaves the action unfinished, and the next attempt goes on
/// with it. If a part fails for good, the action is `uncertain`, which nobody repeats unasked, with a
/// text that says what the customer has and what not. Only the last part carries the action's id as
/// metadata, so that its echo proves that all parts arrived; the others carry the id and a number.
fn send_parts(
    config: &Config,
    request: &ActionRequest,
    recipient: &Value,
    right: &Right,
    mut parts: Vec<Part>,
) -> Result<Outcome, Failure> {
    let count = parts.len();
    let mut progress = Progress::of(request)?;
    if count > 1 {
        for part in parts.iter_mut().skip(progress.parts) {
            upload(config, part)?;
        }
    }
    let mut outcome = Outcome {
        note: right.note.clone(),
        ..Outcome::default()
    };
    for (index, part) in parts.iter().enumerate().skip(progress.parts) {
        let metadata = match index + 1 {
            last if last == count => request.id.clone(),
            number => format!("{}/{number}", request.id),
        };
        match send_part(config, recipient, right, part, &metadata) {
            Ok((id, budget)) => {
                progress.message_ids.push(id);
                outcome.budget = budget.or(outcome.budget);
            }
            Err(Refused::AlreadyDone(text)) => {
                outcome.already_done = true;
                outcome.note = Some(text);
            }
            Err(Refused::Failed(failure)) if progress.parts == 0 => return Err(failure),
            Err(Refused::Failed(Failure::Throttled(throttle))) => {
                return Err(progress.unfinished(throttle.until, throttle.reason));
            }
            Err(Refused::Failed(Failure::Transient(text))) => {
                return Err(progress.unfinished(None, Refusal::new("transient", text)));
            }
            Err(Refused::Failed(failure)) => {
                return Err(partly_sent(&parts, index, &progress.message_ids, &failure));
            }
        }
        progress.parts = index + 1;
    }
    outcome.message_ids = progress.message_ids;
    Ok(outcome)
}

/// How far the parts of an action have been sent.
#[derive(Default, Serialize, Deserialize)]
struct Progress {
    parts: usize,
    message_ids: Vec<String>,
}

impl Progress {
    fn of(request: &ActionRequest) -> Result<Self, Failure> {
        if request.progress.is_empty() {
            return Ok(Self::default());
        }
        // Without it nobody knows which parts the customer has.
        serde_json::from_slice(&request.progress).map_err(|error| {
            Failure::Uncertain(format!(
                "how far an earlier attempt came cannot be read: {error}"
            ))
        })
    }

    fn unfinished(self, resume_at: Option<Timestamp>, reason: Refusal) -> Failure {
        let progress = json!(self).to_string();
        Failure::unfinished(progress, self.message_ids, resume_at, reason)
    }
}

/// The failure of an action of which the customer has a part.
fn partly_sent(parts: &[Part], failed: usize, ids: &[String], failure: &Failure) -> Failure {
    let names = |parts: &[Part]| {
        let names: Vec<String> = parts.iter().map(Part::name).collect();
        names.join(", ")
    };
    let (sent, missing) = parts.split_at(failed.min(parts.len()));
    let verb = match failure {
        Failure::Uncertain(_) => "It is not known whether the customer has",
        _ => "The customer does not have",
    };
    Failure::Uncertain(format!(
        "{failed} of {} messages were sent: {} ({}). {verb}: {}. Send what is missing by itself. Reason: {}",
        parts.len(),
        names(sent),
        ids.join(", "),
        names(missing),
        reason(failure)
    ))
}

fn reason(failure: &Failure) -> String {
    match failure {
        Failure::Throttled(throttle) => {
            format!("{}: {}", throttle.reason.code, throttle.reason.text)
        }
        Failure::Rejected(refusal) => format!("{}: {}", refusal.code, refusal.text),
        Failure::Transient(text)
        | Failure::Unauthorized(text)
        | Failure::WindowClosed(text)
        | Failure::Gone(text)
        | Failure::Unsupported(text)
        | Failure::Uncertain(text) => text.clone(),
        Failure::Unfinished(unfinished) => unfinished.reason.text.clone(),
    }
}

fn send_part(
    config: &Config,
    recipient: &Value,
    right: &Right,
    part: &Part,
    metadata: &str,
) -> Result<(String, Option<Budget>), Refused> {
    let mut message = part.message();
    message["metadata"] = json!(metadata);
    let mut fields = vec![("recipient", recipient.clone()), ("message", message)];
    fields.extend(
        right
            .members
            .iter()
            .map(|(name, value)| (*name, json!(value))),
    );
    fields.extend(
        part.reply_to
            .iter()
            .map(|mid| ("reply_to", json!({ "mid": mid }))),
    );
    let post = Request::post(config.api().url(&[&config.page_id, "messages"], &[]));
    let request = if let Some((file, media)) = part.media() {
        let text = |value: Value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        };
        let fields = fields
            .into_iter()
            .map(|(name, value)| BodyPart::text(name, text(value)));
        post.multipart(fields.chain([filedata(file, media)]).collect())
    } else {
        let members = fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value));
        post.json(&Value::Object(members.collect()))
    };
    let answer: Answer<Sent> = config.api().call(request, Call::Once)?;
    match answer.content.message_id.filter(|id| !id.is_empty()) {
        Some(id) => Ok((id, answer.budget)),
        None => Err(Refused::Failed(Failure::Uncertain(
            "Graph accepted the message but named no message id".to_owned(),
        ))),
    }
}

/// Uploads a part's file, so that sending it cannot fail over the file any more.
fn upload(config: &Config, part: &mut Part) -> Result<(), Failure> {
    let Content::File(file) = &mut part.content else {
        return Ok(());
    };
    let url = config
        .api()
        .url(&[&config.page_id, "message_attachments"], &[]);
    let message = json!({ "message": { "attachment": file.json() } });
    let request = match &file.source {
        Source::Id(_) => return Ok(()),
        Source::Url(_) => Request::post(url).json(&message),
        Source::Media(media) => {
            let fields = vec![
                BodyPart::text("message", message["message"].to_string()),
                filedata(file, media),
            ];
            Request::post(url).multipart(fields)
        }
    };
    let answer: Answer<Uploaded> = config.api().call(request, Call::Repeatable)?;
    file.source = Source::Id(answer.content.attachment_id);
    Ok(())
}

fn filedata(file: &File, media: &str) -> BodyPart {
    BodyPart::media("filedata", media, file.name.as_str(), file.mime.clone())
}

fn sender_action(config: &Config, body: Value) -> Result<Outcome, Failure> {
    let url = config.api().url(&[&config.page_id, "messages"], &[]);
    match config
        .api()
        .call::<Sent>(Request::post(url).json(&body), Call::Repeatable)
    {
        Ok(answer) => Ok(Outcome {
            budget: answer.budget,
            ..Outcome::default()
        }),
        Err(Refused::AlreadyDone(text)) => Ok(Outcome::done().already_done().note(text)),
        Err(Refused::Failed(failure)) => Err(failure),
    }
}
