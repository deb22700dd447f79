//! An inbound body becomes events.

use linecard_sdk::connector::Intake;
use linecard_sdk::events::{
    Author, Event, EventKind, Identity, Message, Postback, PostbackSource, Profile, Receipt,
    ReceiptScope, ReceiptState, Refusal, SentMessage, Thread,
};
use linecard_sdk::ids::{ID_MAX, PERSON_MAX, digest, fitted};
use linecard_sdk::json::{Lenient as _, Part, as_time};
use serde_json::{Map, Value};

use crate::content;
use crate::wire::{ButtonResponse, Inbound, Party};

/// What an inbound call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    Message,
    Event,
    Receipt,
    Response,
}

impl Call {
    /// What a body of the older single endpoint is about.
    pub fn of(body: &Inbound) -> Self {
        match body.kind.as_deref().map(str::to_ascii_lowercase).as_deref() {
            Some("receipt") => Self::Receipt,
            Some("event") => Self::Event,
            _ if body.button_response.is_some() => Self::Response,
            _ if body.has_events && body.content.is_empty() && body.text.is_none() => Self::Event,
            _ => Self::Message,
        }
    }
}

/// What was read besides the events: the id that the answer names.
#[derive(Debug)]
pub struct Read {
    pub id: String,
    /// The key of the thread, if the body names the customer.
    pub thread: Option<String>,
}

/// What is wrong with a body, in words for the middleware's author.
#[derive(Debug)]
pub struct Invalid(pub String);

/// The key of the conversation between an integration and a person.
pub fn thread_key(integration: &str, person: &str) -> String {
    fitted(&format!("{integration}:{person}"), ID_MAX).into_owned()
}

/// Reads a body; its events go into `intake`.
pub fn read(
    integration: &str,
    call: Call,
    body: Inbound,
    whole: Part<'_>,
    intake: &mut Intake,
) -> Result<Read, Invalid> {
    if call == Call::Receipt {
        return receipt(integration, body, whole, intake);
    }
    let from = body
        .channel
        .from
        .as_ref()
        .ok_or_else(|| missing("channel.from"))?;
    let person = from.id.clone().ok_or_else(|| missing("channel.from.id"))?;
    let direction = body.direction.as_deref().unwrap_or_default();
    if direction.eq_ignore_ascii_case("outbound") || person == integration {
        let text = "only what a customer says comes in here, not the integration's own messages";
        return Err(Invalid(text.to_owned()));
    }
    let time = moment(&body)?.ok_or_else(|| missing("channel.time"))?;
    let author = author(from, &person, &body);
    let key = thread_key(integration, &person);
    let thread = Thread::private(&key).customer(author.identity.clone());
    let id = event_id(&body, &person, whole.raw());
    let event = |id: String, kind: EventKind| {
        Event::new(id, time, kind)
            .thread(thread.clone())
            .author(author.clone())
    };
    match call {
        Call::Message => {
            let kinds = message(body, &id)?.into_iter();
            for (number, kind) in kinds.enumerate() {
                let id = match number {
                    0 => id.clone(),
                    _ => format!("{id}:choice"),
                };
                intake.push(event(id, kind).raw(whole.raw()));
            }
        }
        Call::Response => {
            let originating = body.originating_message_id.clone();
            let choice = body
                .button_response
                .ok_or_else(|| missing("buttonResponse"))?;
            let kind = EventKind::Postback(postback(choice, originating, &id)?);
            intake.push(event(id.clone(), kind).raw(whole.raw()));
        }
        Call::Event | Call::Receipt => {
            let items = whole.list("events");
            match items.as_slice() {
                [] => return Err(missing("events")),
                [only] => {
                    let kind = happening(&only.value());
                    intake.push(event(format!("event:{id}:0"), kind).raw(whole.raw()));
                }
                several => {
                    for (number, item) in several.iter().enumerate() {
                        intake.read("event", *item, |item, _| {
                            let kind = happening(&item.value());
                            Ok(vec![event(format!("event:{id}:{number}"), kind)])
                        });
                    }
                }
            }
        }
    }
    Ok(Read {
        id,
        thread: Some(key),
    })
}

/// What a message says, and what was chosen by it: one that brings something else along with a choice is
/// both.
fn message(body: Inbound, id: &str) -> Result<Vec<EventKind>, Invalid> {
    if body.text.is_none() && body.content.is_empty() {
        return Err(Invalid("a message has a text or a content".to_owned()));
    }
    let found = content::read(&body.content);
    let choice = match found.choice {
        Some(choice) => Some(postback(choice, body.originating_message_id, id)?),
        None => None,
    };
    let has_more =
        !found.attachments.is_empty() || found.location.is_some() || found.structured.is_some();
    if let (Some(choice), false) = (&choice, has_more) {
        return Ok(vec![EventKind::Postback(choice.clone())]);
    }
    // What stands below a picture is said as much as what stands beside it.
    let mut text = body.text.or(found.text);
    for caption in found.captions {
        match &mut text {
            None => text = Some(caption),
            Some(said) if said.contains(&caption) => {}
            Some(said) => {
                said.push('\n');
                said.push_str(&caption);
            }
        }
    }
    let message = Message {
        text,
        attachments: found.attachments,
        location: found.location,
        structured: found.structured,
        parent: found.parent,
        addressed: Some(true),
        ..Message::new(id)
    };
    let choice = choice.map(|choice| {
        EventKind::Postback(Postback {
            message_id: None,
            ..choice
        })
    });
    let message = EventKind::MessageCreated(message);
    Ok(std::iter::once(message).chain(choice).collect())
}

fn postback(
    choice: ButtonResponse,
    originating: Option<String>,
    id: &str,
) -> Result<Postback, Invalid> {
    let source = match choice
        .kind
        .as_deref()
        .unwrap_or_default()
        .to_ascii_lowercase()
        .as_str()
    {
        "quickreply" => PostbackSource::QuickReply,
        "datepicker" => PostbackSource::Date,
        "listpicker" => PostbackSource::ListRow,
        _ => PostbackSource::Button,
    };
    let payload = choice.payload.or_else(|| choice.text.clone());
    Ok(Postback {
        message_id: Some(id.to_owned()),
        source,
        title: choice.text.unwrap_or_default(),
        payload: payload.ok_or_else(|| missing("buttonResponse.payload"))?,
        in_reply_to: choice.originating_message_id.or(originating),
        referral: None,
    })
}

fn happening(item: &Value) -> EventKind {
    let kind = item.text("eventType").unwrap_or_else(|| "event".to_owned());
    if !kind.eq_ignore_ascii_case("typing") {
        return EventKind::Other(kind);
    }
    let off = item
        .text_at(&["typing", "type"])
        .is_some_and(|kind| kind.eq_ignore_ascii_case("off"));
    EventKind::Typing(!off)
}

/// A receipt is about the message whose id it has: the action's id, which the hub gave it. It names
/// the customer as `channel.to`, because the message went there.
fn receipt(
    integration: &str,
    body: Inbound,
    whole: Part<'_>,
    intake: &mut Intake,
) -> Result<Read, Invalid> {
    let time = moment(&body)?.unwrap_or(intake.now());
    let id = body.id.ok_or_else(|| missing("id"))?;
    let status = body.status.ok_or_else(|| missing("status"))?;
    let (state, removed) = match status.to_ascii_lowercase().as_str() {
        // A post that was published is one that the network has.
        "sent" | "published" => (ReceiptState::Sent, false),
        "delivered" => (ReceiptState::Delivered, false),
        "read" => (ReceiptState::Read, false),
        "failed" => (ReceiptState::Failed, false),
        "removed" => (ReceiptState::Failed, true),
        _ => {
            return Err(Invalid(format!(
                "status is `{status}`, not one of Sent, Delivered, Read, Failed, Published, Removed"
            )));
        }
    };
    let mut reason = None;
    if state == ReceiptState::Failed {
        let reasons = body.reasons;
        let code = reasons.iter().find_map(|reason| reason.code.clone());
        let code = if removed {
            Some("Removed".to_owned())
        } else {
            code
        };
        let texts = reasons.into_iter().filter_map(|reason| reason.message);
        let texts: Vec<String> = texts.filter(|text| !text.is_empty()).collect();
        reason = Some(Refusal::new(
            code.unwrap_or_else(|| "GeneralError".to_owned()),
            texts.join("; "),
        ));
    }
    let status = status.to_ascii_lowercase();
    let event_id = format!("receipt:{status}:{id}");
    let to = body
        .channel
        .to
        .as_ref()
        .and_then(|to| Some((to, to.id.clone()?)));
    let to = to.filter(|(_, person)| person != integration);
    // The reference finds the message even before the answer to the send is recorded, but only in a
    // known thread; the message has the same id, so that it is found without one, too.
    let scope = match &to {
        Some(_) => ReceiptScope::ClientRef(SentMessage {
            client_ref: id.clone(),
            id: Some(id.clone()),
        }),
        None => ReceiptScope::Messages(vec![id.clone()]),
    };
    let receipt = Receipt {
        state,
        scope,
        reason,
    };
    let mut event = Event::new(event_id, time, EventKind::Receipt(receipt)).raw(whole.raw());
    let mut key = None;
    if let Some((party, person)) = to {
        let thread = thread_key(integration, &person);
        event = event.thread(Thread::private(&thread).customer(identity(party, &person)));
        key = Some(thread);
    }
    intake.push(event);
    Ok(Read { id, thread: key })
}

/// The time of a body; up to nine digits of a second's fraction are read.
fn moment(body: &Inbound) -> Result<Option<u64>, Invalid> {
    let Some(written) = &body.channel.time else {
        return Ok(None);
    };
    as_time(written).map(Some).ok_or_else(|| {
        Invalid(format!(
            "channel.time is {written}, not an ISO 8601 time with an offset"
        ))
    })
}

fn identity(party: &Party, person: &str) -> Identity {
    let mut author = Author::new(fitted(person, PERSON_MAX));
    match party
        .id_type
        .as_deref()
        .unwrap_or_default()
        .to_ascii_lowercase()
        .as_str()
    {
        "email" => author = author.alias("email", person),
        "phone" => author = author.alias("phone", person),
        _ => {}
    }
    if let Some(email) = party
        .email
        .as_deref()
        .filter(|email| !email.is_empty() && *email != person)
    {
        author = author.alias("email", email);
    }
    author.identity
}

fn author(from: &Party, person: &str, body: &Inbound) -> Author {
    let names: Vec<&str> = [&from.first_name, &from.last_name]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .filter(|name| !name.is_empty())
        .collect();
    let nickname = from.nickname.clone().filter(|name| !name.is_empty());
    let mut profile = Profile {
        display_name: if names.is_empty() {
            nickname.clone()
        } else {
            Some(names.join(" "))
        },
        handle: nickname,
        avatar_url: from.image.clone().filter(|url| !url.is_empty()),
        ..Profile::default()
    };
    let custom = body.channel.metadata.object("customAttributes");
    for (name, value) in custom.into_iter().flat_map(facts) {
        profile = profile.fact(name, value);
    }
    for (name, value) in facts(&body.metadata) {
        profile = profile.fact(format!("metadata.{name}"), value);
    }
    let author = Author {
        identity: identity(from, person),
        profile: None,
    };
    if profile == Profile::default() {
        author
    } else {
        author.profile(profile)
    }
}

fn facts(members: &Map<String, Value>) -> impl Iterator<Item = (String, String)> {
    members
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            (name.clone(), text)
        })
}

/// `channel.messageId`, or what else names the message: the `id` that older clients give, or what
/// makes the body unique. A body that is delivered again gets the same id.
fn event_id(body: &Inbound, person: &str, raw: &str) -> String {
    let named = body.channel.message_id.as_ref().or(body.id.as_ref());
    match named {
        Some(id) => fitted(id, 480).into_owned(),
        None => digest(&[person, raw]),
    }
}

fn missing(member: &str) -> Invalid {
    Invalid(format!("{member} is missing"))
}
