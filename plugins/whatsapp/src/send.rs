//! What an agent or a rule does on WhatsApp.

use linecard_graph::Refused;
use linecard_graph::compose::Source;
use linecard_graph::progress::{Progress, Sent, in_order};
use linecard_graph::send::STANDARD_WINDOW;
use linecard_sdk::actions::{Action, ActionRequest, Failure, Identity, Outcome};
use linecard_sdk::http::{BodyPart, Call, Request};
use linecard_sdk::json::Lenient as _;
use linecard_sdk::time;
use serde_json::{Map, Value, json};

use crate::compose::{self, Content, Part};
use crate::config::Config;
use crate::people::{PHONE, is_user_id};
use crate::refusals::call;
use crate::templates;

const HOUR: u64 = 3_600_000;
/// The refusal of a message that cannot be sent to a user id.
const NO_USER_IDS: &str = "131062";

/// Does one action.
pub fn perform(config: &Config, request: &ActionRequest) -> Result<Outcome, Failure> {
    match &request.action {
        Action::SendMessage(outgoing) => {
            window(request)?;
            send(config, request, compose::parts(outgoing)?)
        }
        Action::SendTemplate(template) => {
            let filled = templates::fill(config, template)?;
            let part = Part {
                content: Content::Template(filled.json),
                reply_to: None,
            };
            let outcome = send(config, request, vec![part])?;
            Ok(Outcome {
                note: outcome.note.or(filled.text),
                ..outcome
            })
        }
        Action::React(target) => {
            let emoji = target.emoji.as_deref().filter(|emoji| !emoji.is_empty());
            let emoji = emoji.ok_or_else(|| {
                let text = format!("`{}` is no WhatsApp reaction; give an emoji", target.name);
                Failure::rejected("reaction", text)
            })?;
            react(config, request, &target.message_id, emoji)
        }
        // An empty emoji takes the reaction back.
        Action::Unreact(target) => react(config, request, &target.message_id, ""),
        Action::MarkSeen(Some(message)) => {
            let mark =
                json!({ "messaging_product": "whatsapp", "status": "read", "message_id": message });
            let post = Request::post(messages_url(config)).json(&mark);
            let answer = call(config, post, Call::Repeatable, request.attempt)?;
            if !answer.content.value().is("success") {
                let text = "WhatsApp did not set the mark".to_owned();
                return Err(Failure::Transient(text));
            }
            Ok(Outcome::done())
        }
        Action::MarkSeen(None) => Err(Failure::rejected(
            "no-message",
            "WhatsApp marks a message as read by its id: name the last one that was read",
        )),
        other => Err(Failure::unsupported(format!(
            "WhatsApp has no {:?}",
            other.kind()
        ))),
    }
}

fn messages_url(config: &Config) -> String {
    config
        .api()
        .url(&[&config.phone_number_id, "messages"], &[])
}

/// Free messages are for 24 hours after the customer's last one. When that is not known here, Meta
/// decides.
fn window(request: &ActionRequest) -> Result<(), Failure> {
    let age = request
        .last_inbound
        .map(|last| time::now().saturating_sub(last));
    match age {
        Some(age) if age > STANDARD_WINDOW => Err(Failure::WindowClosed(format!(
            "the customer last wrote {} hours ago; after 24 hours WhatsApp takes only an approved template",
            age / HOUR
        ))),
        _ => Ok(()),
    }
}

fn send(
    config: &Config,
    request: &ActionRequest,
    mut parts: Vec<Part>,
) -> Result<Outcome, Failure> {
    let recipient = recipient(request)?;
    let progress = Progress::of(request)?;
    // What can fail early does: every file is with Meta before anything is sent.
    for part in parts.iter_mut().skip(progress.parts) {
        upload(config, part, request.attempt)?;
    }
    let send = |part: &Part, reference: &str| {
        let message = message(config, part, reference);
        send_one(config, request, recipient, message).map_err(Refused::Failed)
    };
    in_order(request, progress, &parts, Part::name, send)
}

fn recipient(request: &ActionRequest) -> Result<&Identity, Failure> {
    request.recipient_id()?;
    let missing = || Failure::rejected("no-recipient", "this action needs a recipient");
    request.recipient.as_ref().ok_or_else(missing)
}

fn message(config: &Config, part: &Part, reference: &str) -> Map<String, Value> {
    let (kind, content) = part.json(config.preview_url);
    let mut message = Map::new();
    message.insert("type".to_owned(), json!(kind));
    message.insert(kind.to_owned(), content);
    // Statuses hand it back, so that an attempt without an answer is settled by them.
    message.insert("biz_opaque_callback_data".to_owned(), json!(reference));
    if let Some(id) = &part.reply_to {
        message.insert("context".to_owned(), json!({ "message_id": id }));
    }
    message
}

/// Sends one message. Some kinds cannot go to a user id: such a refusal sends nothing, and the
/// person's number, if it is known, takes the id's place.
fn send_one(
    config: &Config,
    request: &ActionRequest,
    recipient: &Identity,
    message: Map<String, Value>,
) -> Result<Sent, Failure> {
    let phone = recipient.aliases.iter().find(|alias| alias.kind == PHONE);
    let (id, phone) = if is_user_id(&recipient.id) {
        (("recipient", recipient.id.as_str()), phone)
    } else {
        (("to", recipient.id.as_str()), None)
    };
    match (post(config, request, id, message.clone()), phone) {
        (Err(Failure::Rejected(refusal)), Some(phone)) if refusal.code == NO_USER_IDS => {
            post(config, request, ("to", &phone.value), message)
        }
        (Err(Failure::Rejected(refusal)), None) if refusal.code == NO_USER_IDS => {
            let text = "This kind of message goes to telephone numbers only, and this person's is not known; ask for it, or send another kind";
            Err(Failure::rejected(
                NO_USER_IDS,
                format!("{text} ({})", refusal.text),
            ))
        }
        (result, _) => result,
    }
}

fn post(
    config: &Config,
    request: &ActionRequest,
    (member, recipient): (&str, &str),
    mut message: Map<String, Value>,
) -> Result<Sent, Failure> {
    let common = [
        ("messaging_product", "whatsapp"),
        ("recipient_type", "individual"),
        (member, recipient),
    ];
    message.extend(common.map(|(name, value)| (name.to_owned(), json!(value))));
    let post = Request::post(messages_url(config)).json(&Value::Object(message));
    let answer = call(config, post, Call::Once, request.attempt)?;
    let taken = answer.content.value();
    match taken
        .list("messages")
        .first()
        .and_then(|taken| taken.text("id"))
    {
        Some(id) => Ok(Sent {
            id,
            recipient: None,
            budget: answer.budget,
        }),
        None => Err(Failure::Uncertain(
            "WhatsApp accepted the message but named no message id".to_owned(),
        )),
    }
}

/// Gives Meta a file of the hub's; it keeps it for 30 days.
fn upload(config: &Config, part: &mut Part, attempt: u32) -> Result<(), Failure> {
    let Content::File(file, _) = &mut part.content else {
        return Ok(());
    };
    let Source::Media(media) = &file.source else {
        return Ok(());
    };
    let Some(mime) = file.mime.clone() else {
        return Err(Failure::rejected(
            "attachment",
            format!(
                "the type of “{}” is not known; give its MIME type",
                file.name
            ),
        ));
    };
    let parts = vec![
        BodyPart::text("messaging_product", "whatsapp"),
        BodyPart::text("type", mime.as_str()),
        BodyPart::media("file", media.as_str(), file.name.as_str(), Some(mime)),
    ];
    let url = config.api().url(&[&config.phone_number_id, "media"], &[]);
    let post = Request::post(url).multipart(parts);
    let answer = call(config, post, Call::Repeatable, attempt)?;
    let id = answer.content.value().text("id");
    file.source = Source::Id(id.ok_or_else(|| {
        Failure::Transient("WhatsApp took the file but named no id for it".to_owned())
    })?);
    Ok(())
}

/// A reaction is a message to WhatsApp, but the same one again changes nothing.
fn react(
    config: &Config,
    request: &ActionRequest,
    message: &str,
    emoji: &str,
) -> Result<Outcome, Failure> {
    let recipient = recipient(request)?;
    let reaction = json!({ "message_id": message, "emoji": emoji });
    let mut body = Map::new();
    body.insert("type".to_owned(), json!("reaction"));
    body.insert("reaction".to_owned(), reaction);
    match send_one(config, request, recipient, body) {
        Ok(sent) => Ok(Outcome {
            budget: sent.budget,
            ..Outcome::done()
        }),
        // Doing it again does no harm.
        Err(Failure::Uncertain(text)) => Err(Failure::Transient(text)),
        Err(failure) => Err(failure),
    }
}
