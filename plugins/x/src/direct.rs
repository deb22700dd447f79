//! Direct messages as events.

use linecard_sdk::events::{Event, EventKind, Identity, Message, Thread, Timestamp};
use linecard_sdk::time;
use serde_json::Value;

use crate::config::Config;
use crate::fields::{id, is_id, moment, text, time_of_id};
use crate::people::People;
use crate::posts::{Included, attachment};

/// The key of the conversation of two. X writes the two ids in an order that its pages do not promise,
/// and its webhooks name no conversation, so the smaller id comes first here.
pub fn key(one: &str, other: &str) -> String {
    let rank = |id: &str| (id.len(), id.to_owned());
    if rank(one) <= rank(other) {
        format!("{one}-{other}")
    } else {
        format!("{other}-{one}")
    }
}

/// The other side of the account's conversation of two; `None` for a group.
pub fn partner<'a>(config: &Config, conversation: &'a str) -> Option<&'a str> {
    let (one, other) = conversation.split_once('-')?;
    match (
        is_id(one) && is_id(other),
        config.is_own(one),
        config.is_own(other),
    ) {
        (true, true, _) => Some(other),
        (true, _, true) => Some(one),
        _ => None,
    }
}

/// The thread of the conversation with somebody.
pub fn thread_with(config: &Config, customer: &str) -> Thread {
    Thread::private(key(&config.user_id, customer)).customer(Identity::new(customer))
}

fn said(
    config: &Config,
    [id, sender]: [&str; 2],
    time: Option<Timestamp>,
    message: Message,
    people: &People,
) -> Event {
    let kind = if config.is_own(sender) {
        EventKind::NativeReply(message)
    } else {
        EventKind::MessageCreated(message)
    };
    let time = time.or_else(|| time_of_id(id)).unwrap_or_else(time::now);
    Event::new(format!("dm:{id}"), time, kind).author(people.author(sender))
}

/// An element of `/2/dm_events`; `None` if it has no id or a message has no sender.
pub fn polled(config: &Config, event: &Value, included: &Included, raw: &str) -> Option<Event> {
    let id = id(event, "/id")?;
    let conversation = text(event, "/dm_conversation_id");
    let thread = |sender: Option<&str>| {
        let sender = sender.filter(|sender| !config.is_own(sender));
        let Some(conversation) = conversation.as_deref() else {
            return sender.map(|sender| thread_with(config, sender));
        };
        if let Some(partner) = partner(config, conversation) {
            return Some(thread_with(config, partner));
        }
        let group = Thread::private(conversation);
        Some(match sender {
            Some(sender) => group.customer(Identity::new(sender)),
            None => group,
        })
    };
    let sender = text(event, "/sender_id");
    let word = text(event, "/event_type").unwrap_or_default();
    let mut told = if word == "MessageCreate" {
        let message = Message {
            text: text(event, "/text"),
            attachments: included.attachments(event),
            quoted: text(event, "/referenced_tweets/0/id"),
            addressed: Some(true),
            ..Message::new(&id)
        };
        let time = moment(event, "/created_at");
        said(
            config,
            [&id, sender.as_deref()?],
            time,
            message,
            &included.people,
        )
    } else {
        let time = moment(event, "/created_at").or_else(|| time_of_id(&id));
        let kind = EventKind::Other(word);
        Event::new(format!("dm:{id}"), time.unwrap_or_else(time::now), kind)
    };
    told.thread = thread(sender.as_deref());
    Some(told.raw(raw))
}

/// An element of `direct_message_events`, which both kinds of webhook have.
pub fn pushed(config: &Config, event: &Value, people: &People, raw: &str) -> Option<Event> {
    let id = id(event, "/id")?;
    let sender = text(event, "/message_create/sender_id")?;
    let recipient = text(event, "/message_create/target/recipient_id");
    let data = event.pointer("/message_create/message_data")?;
    let customer = if config.is_own(&sender) {
        recipient?
    } else {
        sender.clone()
    };
    let message = Message {
        text: text(data, "/text"),
        attachments: data
            .pointer("/attachment/media")
            .map(attachment)
            .into_iter()
            .collect(),
        addressed: Some(true),
        ..Message::new(&id)
    };
    let time = moment(event, "/created_timestamp");
    let told = said(config, [&id, &sender], time, message, people);
    let thread = match text(event, "/dm_conversation_id") {
        Some(group) if partner(config, &group).is_none() => {
            Thread::private(group).customer(Identity::new(&customer))
        }
        _ => thread_with(config, &customer),
    };
    Some(told.thread(thread).raw(raw))
}
