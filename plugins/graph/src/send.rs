//! The Send API: messages, private replies, reactions, typing and seen marks.

use linecard_sdk::actions::{Action, ActionRequest, Failure, Outcome, Outgoing, ReactionTarget};
use linecard_sdk::http::{BodyPart, Call, Request};
use linecard_sdk::json::Lenient as _;
use linecard_sdk::manifest::{ReplyWindow, WindowDemand};
use linecard_sdk::time;
use serde_json::{Value, json};

use crate::api::Api;
use crate::call::Refused;
use crate::compose::{self, Content, File, Part, Source};
use crate::messaging::USER_REF;
use crate::network::Network;
use crate::progress::{Progress, Sent, in_order};

const HOUR: u64 = 3_600_000;
/// For how long after the customer's last message anything may be written, in milliseconds.
pub const STANDARD_WINDOW: u64 = 24 * HOUR;
/// For how long a person may answer if Meta has granted the app the Human Agent feature.
pub const HUMAN_AGENT_WINDOW: u64 = 7 * 24 * HOUR;

/// For how long after a comment it can be answered privately.
pub const PRIVATE_REPLY_WINDOW: u64 = 7 * 24 * HOUR;

/// An account that sends.
#[derive(Debug, Clone, Copy)]
pub struct Sender<'a> {
    /// The Graph API that it calls.
    pub api: Api<'a>,
    /// The node whose edges are used: the page's id, or `me` for the token's own account.
    pub node: &'a str,
    /// Where it sends.
    pub network: Network,
    /// Whether Meta granted the app the Human Agent feature, which allows an answer for seven days.
    pub human_agent: bool,
    /// Whether a message can name the one that it answers.
    pub replies: bool,
}

/// What a private reply answers.
#[derive(Debug, Clone, Copy)]
pub enum Answered<'a> {
    /// A comment, by its id.
    Comment(&'a str),
    /// A post on the page, by its id.
    Post(&'a str),
}

/// The windows of a private message, for a manifest. The second counts if the configuration's
/// `human_agent` is true.
pub fn windows() -> [ReplyWindow; 2] {
    [
        ReplyWindow {
            name: "standard".to_owned(),
            seconds: STANDARD_WINDOW / 1000,
            demands: WindowDemand::Nothing,
            enabled_by: None,
        },
        ReplyWindow {
            name: "human-agent".to_owned(),
            seconds: HUMAN_AGENT_WINDOW / 1000,
            demands: WindowDemand::HumanAgent,
            enabled_by: Some("/human_agent".to_owned()),
        },
    ]
}

/// The window of a private reply, for a manifest.
pub fn private_reply_window() -> ReplyWindow {
    ReplyWindow {
        name: "private-reply".to_owned(),
        seconds: PRIVATE_REPLY_WINDOW / 1000,
        demands: WindowDemand::Nothing,
        enabled_by: None,
    }
}

/// By what right a message is sent.
struct Right {
    members: Vec<(&'static str, &'static str)>,
    note: Option<String>,
}

/// Does one action in a private conversation.
pub fn perform(sender: &Sender<'_>, request: &ActionRequest) -> Result<Outcome, Failure> {
    let recipient = recipient(request.recipient_id()?);
    let body = match &request.action {
        Action::SendMessage(outgoing) => {
            let right = right(sender, request)?;
            let parts = compose::parts(sender.network, sender.replies, outgoing)?;
            return send_parts(sender, request, &recipient, &right, parts);
        }
        Action::Typing(on) => {
            let action = if *on { "typing_on" } else { "typing_off" };
            json!({ "recipient": recipient, "sender_action": action })
        }
        Action::MarkSeen(_) => json!({ "recipient": recipient, "sender_action": "mark_seen" }),
        Action::React(target) => {
            let reaction = reaction(sender.network, target)?;
            let payload = json!({ "message_id": target.message_id, "reaction": reaction });
            json!({ "recipient": recipient, "sender_action": "react", "payload": payload })
        }
        // The reaction is left out when it is taken back.
        Action::Unreact(target) => {
            let payload = json!({ "message_id": target.message_id });
            json!({ "recipient": recipient, "sender_action": "unreact", "payload": payload })
        }
        other => {
            return Err(Failure::unsupported(format!(
                "{} has no {:?}",
                sender.network.name(),
                other.kind()
            )));
        }
    };
    sender_action(sender, &body)
}

/// Answers a comment or post privately: one message, once, within seven days. The outcome's note
/// names the id by which its author is known in private conversations.
pub fn private_reply(
    sender: &Sender<'_>,
    request: &ActionRequest,
    outgoing: &Outgoing,
    answered: Answered<'_>,
) -> Result<Outcome, Failure> {
    // The comment is no newer than the customer's last message.
    let age = request
        .last_inbound
        .map(|last| time::now().saturating_sub(last));
    if age.is_some_and(|age| age > PRIVATE_REPLY_WINDOW) {
        return Err(Failure::WindowClosed(
            "a comment can be answered privately for 7 days only; answer it publicly".to_owned(),
        ));
    }
    let outgoing = Outgoing {
        reply_to: None,
        ..outgoing.clone()
    };
    let mut parts = compose::parts(sender.network, sender.replies, &outgoing)?;
    let (Some(part), true) = (parts.pop(), parts.is_empty()) else {
        return Err(Failure::rejected(
            "one-message",
            "a private reply is one message: send a text or one file, and the rest when the customer has answered",
        ));
    };
    let recipient = match answered {
        Answered::Comment(id) => json!({ "comment_id": id }),
        Answered::Post(id) => json!({ "post_id": id }),
    };
    let right = Right {
        members: Vec::new(),
        note: None,
    };
    match send_part(sender, &recipient, &right, &part, &request.id) {
        Ok(sent) => {
            let note = sent.recipient.map(|id| {
                format!(
                    "Sent privately. In {} the customer has the id {id}.",
                    sender.network.name()
                )
            });
            Ok(Outcome {
                note,
                budget: sent.budget,
                ..Outcome::message(sent.id)
            })
        }
        Err(refused) => {
            let remedy = "It was answered privately before, and each comment can be once: answer publicly, or wait until the customer writes privately";
            let text = refused.judged(request.uncertain_before, remedy)?;
            Ok(Outcome::done().already_done().note(text))
        }
    }
}

fn recipient(id: &str) -> Value {
    match id.strip_prefix(USER_REF) {
        Some(user_ref) => json!({ "user_ref": user_ref }),
        None => json!({ "id": id }),
    }
}

/// The reaction as Graph takes it. Instagram takes `love` alone.
fn reaction(network: Network, target: &ReactionTarget) -> Result<&str, Failure> {
    if network == Network::Messenger {
        return emoji(target);
    }
    let emoji = target.emoji.as_deref().unwrap_or_default();
    if target.name == "love" || emoji.starts_with('❤') {
        return Ok("love");
    }
    Err(Failure::rejected(
        "reaction",
        "an Instagram message can be given a heart (`love`) only",
    ))
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

/// `RESPONSE` inside the standard window (Instagram takes no such word), the `HUMAN_AGENT` tag where it is allowed, and no call at
/// all outside. When the customer's last message is not known here, Graph decides.
fn right(sender: &Sender<'_>, request: &ActionRequest) -> Result<Right, Failure> {
    let response = Right {
        members: match sender.network {
            Network::Messenger => vec![("messaging_type", "RESPONSE")],
            Network::Instagram => Vec::new(),
        },
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
    let network = sender.network.name();
    if age > HUMAN_AGENT_WINDOW {
        return Err(Failure::WindowClosed(format!(
            "the customer last wrote {hours} hours ago; {network} allows answers for 24 hours, and a person's for 7 days"
        )));
    }
    if !sender.human_agent {
        return Err(Failure::WindowClosed(format!(
            "the customer last wrote {hours} hours ago; {network} allows answers for 24 hours unless the app has the Human Agent feature (the channel's setting human_agent)"
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

/// Sends the parts in order. With several of them every file is uploaded before anything is sent: what
/// can fail early therefore does.
fn send_parts(
    sender: &Sender<'_>,
    request: &ActionRequest,
    recipient: &Value,
    right: &Right,
    mut parts: Vec<Part>,
) -> Result<Outcome, Failure> {
    let progress = Progress::of(request)?;
    if parts.len() > 1 {
        for part in parts.iter_mut().skip(progress.parts) {
            upload(sender, part)?;
        }
    }
    let send = |part: &Part, reference: &str| send_part(sender, recipient, right, part, reference);
    let outcome = in_order(request, progress, &parts, Part::name, send)?;
    Ok(Outcome {
        note: outcome.note.or_else(|| right.note.clone()),
        ..outcome
    })
}

fn send_part(
    sender: &Sender<'_>,
    recipient: &Value,
    right: &Right,
    part: &Part,
    metadata: &str,
) -> Result<Sent, Refused> {
    let mut message = part.message();
    // Instagram has no metadata: the echo is known by the message's id alone.
    if sender.network == Network::Messenger {
        message["metadata"] = json!(metadata);
    }
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
    let post = Request::post(sender.api.url(&[sender.node, "messages"], &[]));
    let request = if let Some((file, media)) = part.media() {
        let mut parts = texts(fields);
        parts.push(filedata(file, media));
        post.multipart(parts)
    } else {
        post.json(&members(fields))
    };
    let answer = sender.api.call(request, Call::Once)?;
    let taken = answer.content.value();
    match taken.text("message_id") {
        Some(id) => Ok(Sent {
            id,
            // How the author of an answered comment is known in private.
            recipient: taken.text("recipient_id"),
            budget: answer.budget,
        }),
        None => Err(Refused::Failed(Failure::Uncertain(
            "Graph accepted the message but named no message id".to_owned(),
        ))),
    }
}

/// Uploads a part's file, so that sending it cannot fail over the file any more.
fn upload(sender: &Sender<'_>, part: &mut Part) -> Result<(), Failure> {
    let Content::File(file) = &mut part.content else {
        return Ok(());
    };
    let url = sender.api.url(&[sender.node, "message_attachments"], &[]);
    let mut fields = vec![("message", json!({ "attachment": file.json() }))];
    if sender.network == Network::Instagram {
        fields.push(("platform", json!(sender.network.platform())));
    }
    let request = match &file.source {
        Source::Id(_) => return Ok(()),
        Source::Url(_) => Request::post(url).json(&members(fields)),
        Source::Media(media) => {
            let mut parts = texts(fields);
            parts.push(filedata(file, media));
            Request::post(url).multipart(parts)
        }
    };
    let answer = sender.api.call(request, Call::Repeatable)?;
    let id = answer.content.value().text("attachment_id");
    file.source = Source::Id(id.ok_or_else(|| {
        Failure::Transient("Graph took the file but named no id for it".to_owned())
    })?);
    Ok(())
}

fn members(fields: Vec<(&str, Value)>) -> Value {
    let fields = fields
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value));
    Value::Object(fields.collect())
}

/// The fields as parts of a form, in which Graph takes objects as JSON texts.
fn texts(fields: Vec<(&str, Value)>) -> Vec<BodyPart> {
    let text = |value: Value| match value {
        Value::String(text) => text,
        other => other.to_string(),
    };
    fields
        .into_iter()
        .map(|(name, value)| BodyPart::text(name, text(value)))
        .collect()
}

fn filedata(file: &File, media: &str) -> BodyPart {
    BodyPart::media("filedata", media, file.name.as_str(), file.mime.clone())
}

fn sender_action(sender: &Sender<'_>, body: &Value) -> Result<Outcome, Failure> {
    let url = sender.api.url(&[sender.node, "messages"], &[]);
    match sender
        .api
        .call(Request::post(url).json(body), Call::Repeatable)
    {
        Ok(answer) => Ok(Outcome {
            budget: answer.budget,
            ..Outcome::default()
        }),
        Err(Refused::AlreadyDone(text)) => Ok(Outcome::done().already_done().note(text)),
        Err(Refused::Failed(failure)) => Err(failure),
    }
}
