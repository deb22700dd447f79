//! Deliveries of the Account Activity API, X's older webhooks: lists of events by kind.

use std::collections::BTreeMap;

use linecard_sdk::connector::Rejection;
use linecard_sdk::events::{
    Attachment, Deletion, Event, EventKind, Message, Reaction, Receipt, ReceiptState, Thread,
};
use linecard_sdk::time;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::activity::revoked;
use crate::config::Config;
use crate::direct;
use crate::fields::{id, list, moment, text, time_of_id};
use crate::people::{People, author};
use crate::posts::{Post, attachment, is_language, names};

/// Members that are no lists of events.
const BESIDE: [&str; 4] = ["for_user_id", "user_has_blocked", "users", "apps"];

/// The events of one delivery, in the order of its members' names and of each list.
pub fn events(config: &Config, raw: &str) -> Result<Vec<Event>, Rejection> {
    let members: BTreeMap<String, &RawValue> =
        serde_json::from_str(raw).map_err(|error| Rejection::Malformed(error.to_string()))?;
    let people = members
        .get("users")
        .and_then(|users| serde_json::from_str::<Value>(users.get()).ok());
    let people = People::by_id(people.as_ref());
    let mut told = Vec::new();
    for (name, list) in &members {
        if BESIDE.contains(&name.as_str()) {
            continue;
        }
        let elements =
            serde_json::from_str::<Vec<&RawValue>>(list.get()).unwrap_or_else(|_| vec![*list]);
        for element in elements {
            let raw = element.get();
            let value: Value = serde_json::from_str(raw).unwrap_or_default();
            let read = one(config, name, &value, &people, raw).filter(|read| !read.is_empty());
            told.extend(read.unwrap_or_else(|| vec![other(name, raw)]));
        }
    }
    Ok(told)
}

/// Something that has no kind here, under an id made of what it is.
pub fn other(word: &str, raw: &str) -> Event {
    let kind = EventKind::Other(word.to_owned());
    let value: Value = serde_json::from_str(raw).unwrap_or_default();
    let time = moment(&value, "/created_timestamp").or_else(|| moment(&value, "/timestamp_ms"));
    Event::new(derived(word, raw), time.unwrap_or_else(time::now), kind).raw(raw)
}

/// An id made of a text: FNV-1a with 128 bits, as the same delivery may come again.
pub fn derived(word: &str, raw: &str) -> String {
    let hash = raw.bytes().fold(
        0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128,
        |hash, byte| (hash ^ u128::from(byte)).wrapping_mul(0x0100_0000_0000_0000_0000_013b),
    );
    let word: String = word.chars().take(64).collect();
    format!("{word}:{hash:032x}")
}

fn one(
    config: &Config,
    name: &str,
    value: &Value,
    people: &People,
    raw: &str,
) -> Option<Vec<Event>> {
    match name {
        "tweet_create_events" => post(config, value, raw),
        "tweet_delete_events" => Some(vec![deletion(value)?.raw(raw)]),
        "favorite_events" => Some(vec![like(config, value)?.raw(raw)]),
        "follow_events" => Some(vec![follow(config, value)?.raw(raw)]),
        "direct_message_events" => Some(vec![direct::pushed(config, value, people, raw)?]),
        "direct_message_indicate_typing_events" | "direct_message_mark_read_events" => {
            Some(vec![signal(config, value, people, raw)?])
        }
        "user_event" => value
            .get("revoke")
            .map(|_| vec![Event::new(derived(name, raw), time::now(), revoked()).raw(raw)]),
        _ => None,
    }
}

/// A post in the older form.
fn post(config: &Config, value: &Value, raw: &str) -> Option<Vec<Event>> {
    let number =
        |pointer: &str| id(value, &format!("{pointer}_str")).or_else(|| id(value, pointer));
    let post_id = number("/id")?;
    let user = value.get("user")?;
    let writer = author(user)?;
    let mentions = list(value, "/extended_tweet/entities/user_mentions")
        .chain(list(value, "/entities/user_mentions"));
    let addressed = number("/in_reply_to_user_id").is_some_and(|id| config.is_own(&id))
        || mentions
            .into_iter()
            .any(|mention| names(config, mention, ["/id_str", "/screen_name"]));
    let referred = |status: &str, id: &str| {
        text(value, &format!("/{status}/id_str"))
            .or_else(|| text(value, &format!("/{status}/id")))
            .or_else(|| text(value, id))
    };
    let parent = number("/in_reply_to_status_id");
    let quoted = referred("quoted_status", "/quoted_status_id_str");
    let reposted = referred("retweeted_status", "/retweeted_status/id_str");
    let message = Message {
        text: text(value, "/extended_tweet/full_text")
            .or_else(|| text(value, "/full_text"))
            .or_else(|| text(value, "/text")),
        attachments: media(value),
        parent: parent.clone(),
        quoted: reposted.or(quoted),
        addressed: Some(addressed),
        language: text(value, "/lang").filter(|language| is_language(language)),
        ..Message::new(&post_id)
    };
    let read = Post {
        author_id: writer.identity.id.clone(),
        // The older form names no conversation: an answer goes into the one that the answered post
        // began, and any other post begins one.
        conversation: text(value, "/conversation_id_str")
            .or(parent)
            .unwrap_or_else(|| post_id.clone()),
        time: moment(value, "/timestamp_ms")
            .or_else(|| moment(value, "/created_at"))
            .or_else(|| time_of_id(&post_id))
            .unwrap_or_else(time::now),
        history: list(value, "/edit_history/initial_tweet_id")
            .chain(list(value, "/edit_history/edit_tweet_ids"))
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect(),
        id: post_id,
        message,
    };
    Some(read.events(config, &People::one(user), raw))
}

/// A long post has its media in the extended part; the extended entities hold all of them.
fn media(value: &Value) -> Vec<Attachment> {
    [
        "/extended_tweet/extended_entities/media",
        "/extended_entities/media",
        "/extended_tweet/entities/media",
        "/entities/media",
    ]
    .into_iter()
    .map(|pointer| list(value, pointer).map(attachment).collect::<Vec<_>>())
    .find(|media| !media.is_empty())
    .unwrap_or_default()
}

fn deletion(value: &Value) -> Option<Event> {
    let post = id(value, "/status/id")?;
    let time = moment(value, "/timestamp_ms").unwrap_or_else(time::now);
    let deletion = Deletion {
        message_id: post.clone(),
        by_author: true,
        hidden_only: false,
    };
    let mut event = Event::new(
        format!("delete:{post}"),
        time,
        EventKind::MessageDeleted(deletion),
    )
    .thread(Thread::public(&post));
    event.author = text(value, "/status/user_id").map(linecard_sdk::events::Author::new);
    Some(event)
}

fn like(config: &Config, value: &Value) -> Option<Event> {
    let liker = author(value.get("user")?)?;
    if config.is_own(&liker.identity.id) {
        return None;
    }
    let status = value.get("favorited_status")?;
    let post = id(status, "/id_str").or_else(|| id(status, "/id"))?;
    let time = moment(value, "/timestamp_ms").or_else(|| moment(value, "/created_at"));
    let reaction = Reaction {
        message_id: post.clone(),
        name: "like".to_owned(),
        emoji: None,
    };
    Some(
        Event::new(
            format!("like:{}", text(value, "/id")?),
            time.unwrap_or_else(time::now),
            EventKind::ReactionAdded(reaction),
        )
        .thread(Thread::public(post))
        .author(liker),
    )
}

fn follow(config: &Config, value: &Value) -> Option<Event> {
    let word = text(value, "/type")?;
    let kind = match word.as_str() {
        "follow" => EventKind::Follow,
        "unfollow" => EventKind::Unfollow,
        _ => return None,
    };
    let (source, target) = (author(value.get("source")?)?, author(value.get("target")?)?);
    if !config.is_own(&target.identity.id) {
        return None;
    }
    let time = moment(value, "/created_timestamp")?;
    let id = format!("{word}:{}:{time}", source.identity.id);
    Some(Event::new(id, time, kind).author(source))
}

/// Somebody is typing, or has read the account's messages.
pub fn signal(config: &Config, value: &Value, people: &People, raw: &str) -> Option<Event> {
    let sender = id(value, "/sender_id")?;
    if config.is_own(&sender) {
        return None;
    }
    let time = moment(value, "/created_timestamp")?;
    let (word, kind) = match text(value, "/last_read_event_id") {
        Some(last) => {
            let up_to = time_of_id(&last).unwrap_or(time).max(time);
            let receipt = Receipt::up_to(ReceiptState::Read, up_to);
            ("read", EventKind::Receipt(receipt))
        }
        None => ("typing", EventKind::Typing(true)),
    };
    Some(
        Event::new(format!("{word}:{sender}:{time}"), time, kind)
            .thread(direct::thread_with(config, &sender))
            .author(people.author(&sender))
            .raw(raw),
    )
}
