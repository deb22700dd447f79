//! The older form of posts, people and messages: that of the Account Activity API, in which the newer
//! Activity API still brings direct messages.

use linecard_sdk::events::{
    Attachment, AttachmentKind, Author, ChannelState, ChannelStatus, Event, EventKind, Message,
    Profile, Reaction, Receipt, ReceiptState, Timestamp,
};
use std::collections::BTreeMap;

use linecard_sdk::time;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::config::Config;
use crate::payload::Part;
use crate::read::{self, Includes, dialogue, place, text, time_of_id};

/// Everything in an Account Activity delivery.
pub fn read(config: &Config, body: &BTreeMap<String, &RawValue>) -> Vec<Event> {
    let users = body
        .get("users")
        .map_or(Value::Null, |users| Part::new(users).value());
    let mut events = Vec::new();
    for (name, value) in body {
        if let "for_user_id" | "user_has_blocked" | "users" | "apps" = name.as_str() {
            continue;
        }
        for part in Part::new(value).each() {
            let event = one(config, name, &part.value(), &users);
            events.push(part.mark(event));
        }
    }
    events
}

/// One element of a list of an Account Activity delivery.
fn one(config: &Config, name: &str, one: &Value, users: &Value) -> Event {
    let read = match name {
        "tweet_create_events" => post(config, one),
        "tweet_delete_events" => deleted(one),
        "favorite_events" => like(config, one),
        "follow_events" => Some(follow(config, one)),
        "direct_message_events"
        | "direct_message_indicate_typing_events"
        | "direct_message_mark_read_events" => Some(private(config, name, one, users)),
        "user_event" if one.get("revoke").is_some() => {
            let at = one
                .pointer("/revoke/date_time")
                .and_then(Value::as_str)
                .and_then(time::from_rfc3339)
                .unwrap_or_else(time::now);
            let id = format!("revoke:{}", digest(&one.to_string()));
            Some(revoked(id, at))
        }
        _ => None,
    };
    read.unwrap_or_else(|| unknown(name, one))
}

/// The account took the app's permission away.
pub fn revoked(id: String, at: Timestamp) -> Event {
    let status = ChannelStatus {
        state: ChannelState::CredentialsRefused,
        code: Some("revoked".to_owned()),
        text: "The account took the app's permission away.".to_owned(),
        remedy: Some(
            "Authorize the app for the account again and store the new tokens.".to_owned(),
        ),
    };
    Event::new(id, at, EventKind::ChannelStatus(status))
}

/// What has no event of its own, with an id made of what it says.
pub fn unknown(name: &str, value: &Value) -> Event {
    let at = milliseconds(value, "timestamp_ms")
        .or_else(|| milliseconds(value, "created_timestamp"))
        .unwrap_or_else(time::now);
    Event::new(
        format!("{name}:{}", digest(&value.to_string())),
        at,
        EventKind::Other(name.to_owned()),
    )
}

/// A short id of a text: FNV-1a, because it only has to tell one delivery's events apart.
pub fn digest(raw: &str) -> String {
    let hash = raw.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

fn milliseconds(value: &Value, name: &str) -> Option<Timestamp> {
    match value.get(name)? {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    }
}

/// The id in either form: numbers lose digits, so the text comes first.
fn id_of(value: &Value) -> Option<String> {
    text(value, "id_str")
        .or_else(|| text(value, "id"))
        .map(str::to_owned)
        .or_else(|| value.get("id")?.as_u64().map(|id| id.to_string()))
}

fn profile(user: &Value) -> Profile {
    Profile {
        display_name: text(user, "name").map(str::to_owned),
        handle: text(user, "screen_name").map(str::to_owned),
        avatar_url: text(user, "profile_image_url_https").map(str::to_owned),
        followers: user.get("followers_count").and_then(Value::as_u64),
        verified: user.get("verified").and_then(Value::as_bool),
        ..Profile::default()
    }
}

fn author(user: &Value) -> Option<Author> {
    Some(Author::new(id_of(user)?).profile(profile(user)))
}

fn post(config: &Config, post: &Value) -> Option<Event> {
    let id = id_of(post)?;
    let user = post.get("user").unwrap_or(&Value::Null);
    let author_id = id_of(user).unwrap_or_default();
    let at = milliseconds(post, "timestamp_ms")
        .or_else(|| time_of_id(&id))
        .unwrap_or_else(time::now);
    let parent = text(post, "in_reply_to_status_id_str");
    let own = author_id == config.user_id;
    // This form does not name the conversation: the post that is answered stands for it, unless the
    // mentions tell.
    let thread = place(parent.unwrap_or(&id), text(user, "screen_name"), &id);
    let event = |kind| {
        let event = Event::new(&id, at, kind).thread(thread.clone());
        match author(user) {
            Some(author) => event.author(author),
            None => event,
        }
    };
    if let Some(original) = post.get("retweeted_status").and_then(id_of) {
        return Some(event(if own {
            EventKind::Other("own-repost".to_owned())
        } else {
            EventKind::ReactionAdded(Reaction {
                message_id: original,
                name: "repost".to_owned(),
                emoji: None,
            })
        }));
    }
    let entities = post
        .pointer("/extended_tweet/entities")
        .or_else(|| post.get("entities"))
        .unwrap_or(&Value::Null);
    let named = entities
        .get("user_mentions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .any(|one| id_of(one).as_deref() == Some(config.user_id.as_str()));
    let answers = text(post, "in_reply_to_user_id_str") == Some(config.user_id.as_str());
    // A reply that names the account comes with the mentions, too, and there with its conversation.
    if let (Some(_), true, false) = (parent, named && config.is_told_soon(), own) {
        let kind = EventKind::Other("reply-without-conversation".to_owned());
        return Some(Event {
            id: format!("reply:{id}"),
            ..event(kind)
        });
    }
    let mut attachments = media(post);
    attachments.extend(
        post.get("quoted_status")
            .and_then(|quoted| read::shared(&id_of(quoted)?, whole_text(quoted)?)),
    );
    let message = Message {
        text: whole_text(post).map(read::unescaped),
        attachments,
        parent: parent.map(str::to_owned),
        quoted: text(post, "quoted_status_id_str")
            .map(str::to_owned)
            .or_else(|| post.get("quoted_status").and_then(id_of)),
        addressed: Some(named || answers),
        language: text(post, "lang")
            .filter(|lang| *lang != "und")
            .map(str::to_owned),
        ..Message::new(&id)
    };
    Some(event(if own {
        EventKind::NativeReply(message)
    } else {
        EventKind::MessageCreated(message)
    }))
}

/// The text of a post of the older form: a long one is cut in `text`.
fn whole_text(post: &Value) -> Option<&str> {
    post.pointer("/extended_tweet/full_text")
        .and_then(Value::as_str)
        .or_else(|| text(post, "text"))
}

fn media(post: &Value) -> Vec<Attachment> {
    let lists = [
        "/extended_tweet/extended_entities/media",
        "/extended_entities/media",
        "/entities/media",
    ];
    lists
        .iter()
        .find_map(|list| post.pointer(list)?.as_array())
        .into_iter()
        .flatten()
        .map(medium)
        .collect()
}

fn medium(one: &Value) -> Attachment {
    let kind = match text(one, "type") {
        Some("photo") => AttachmentKind::Image,
        Some("video") => AttachmentKind::Video,
        Some("animated_gif") => AttachmentKind::Animation,
        _ => AttachmentKind::Other,
    };
    let best = one
        .pointer("/video_info/variants")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .max_by_key(|version| version.get("bitrate").and_then(Value::as_u64).unwrap_or(0));
    Attachment {
        url: best
            .and_then(|version| text(version, "url"))
            .or_else(|| text(one, "media_url_https"))
            .map(str::to_owned),
        media_id: id_of(one),
        label: text(one, "type").map(str::to_owned),
        ..Attachment::new(kind)
    }
}

fn deleted(one: &Value) -> Option<Event> {
    let status = one.get("status")?;
    let at = milliseconds(one, "timestamp_ms").unwrap_or_else(time::now);
    Some(read::deleted(&id_of(status)?, text(status, "user_id"), at))
}

fn like(config: &Config, one: &Value) -> Option<Event> {
    let post = one.get("favorited_status")?;
    let liked = id_of(post)?;
    let by = author(one.get("user")?)?;
    if by.identity.id == config.user_id {
        return Some(unknown("own-like", one));
    }
    let kind = EventKind::ReactionAdded(Reaction {
        message_id: liked.clone(),
        name: "like".to_owned(),
        emoji: None,
    });
    let at = milliseconds(one, "timestamp_ms").unwrap_or_else(time::now);
    Some(Event::new(format!("like:{}:{liked}", by.identity.id), at, kind).author(by))
}

fn follow(config: &Config, one: &Value) -> Event {
    let source = one.get("source").and_then(author);
    let follows = text(one, "type") == Some("follow");
    match source {
        Some(source) if source.identity.id != config.user_id => {
            let at = milliseconds(one, "created_timestamp").unwrap_or_else(time::now);
            let kind = if follows {
                EventKind::Follow
            } else {
                EventKind::Unfollow
            };
            let word = if follows { "follow" } else { "unfollow" };
            Event::new(format!("{word}:{}:{at}", source.identity.id), at, kind).author(source)
        }
        _ => unknown("own-follow", one),
    }
}

/// A direct message, a typing sign or a read mark; `users` are in the older or the newer form.
pub fn private(config: &Config, list: &str, one: &Value, users: &Value) -> Event {
    let message = one.get("message_create").unwrap_or(one);
    let sender = text(message, "sender_id").unwrap_or("");
    let recipient = message
        .pointer("/target/recipient_id")
        .and_then(Value::as_str)
        .unwrap_or("");
    let own = sender == config.user_id;
    let customer = if own { recipient } else { sender };
    if customer.is_empty() {
        return unknown(list, one);
    }
    let by = match users.get(sender) {
        Some(user) => match user.get("data") {
            Some(newer) => Author::new(sender).profile(read::profile(newer)),
            None => Author::new(sender).profile(profile(user)),
        },
        None => Author::new(sender),
    };
    let at = milliseconds(one, "created_timestamp").unwrap_or_else(time::now);
    let event = |id: String, kind| {
        Event::new(id, at, kind)
            .thread(dialogue(customer))
            .author(by.clone())
    };
    match list {
        "direct_message_indicate_typing_events" if !own => {
            event(format!("typing:{customer}:{at}"), EventKind::Typing(true))
        }
        "direct_message_mark_read_events" if !own => {
            // A read mark names the last message that was read.
            let receipt = Receipt::up_to(ReceiptState::Read, at);
            event(format!("read:{customer}:{at}"), EventKind::Receipt(receipt))
        }
        "direct_message_events" => {
            let Some(id) = text(one, "id") else {
                return unknown(list, one);
            };
            let data = message.get("message_data").unwrap_or(&Value::Null);
            let said = Message {
                text: text(data, "text").map(str::to_owned),
                attachments: data
                    .pointer("/attachment/media")
                    .map(medium)
                    .into_iter()
                    .collect(),
                addressed: Some(true),
                ..Message::new(id)
            };
            let kind = if own {
                EventKind::NativeReply(said)
            } else {
                EventKind::MessageCreated(said)
            };
            event(format!("dm:{id}"), kind)
        }
        _ => unknown(list, one),
    }
}

/// What a like of the Activity API says: the liker is the user beside it who did not write the post.
pub fn activity_like(config: &Config, payload: &Value, includes: Includes<'_>) -> Event {
    let liked = text(payload, "liked_tweet_id");
    let owner = text(payload, "liked_tweet_author_id");
    let by = includes
        .0
        .get("users")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|user| text(user, "id"))
        .find(|id| Some(*id) != owner);
    match (liked, by) {
        (Some(liked), Some(by)) if by != config.user_id => {
            let at = milliseconds(payload, "timestamp_ms").unwrap_or_else(time::now);
            let kind = EventKind::ReactionAdded(Reaction {
                message_id: liked.to_owned(),
                name: "like".to_owned(),
                emoji: None,
            });
            Event::new(format!("like:{by}:{liked}"), at, kind).author(read::author(by, includes))
        }
        _ => unknown("like", payload),
    }
}
