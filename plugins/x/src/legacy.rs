//! The older form of posts, people and messages: that of the Account Activity API, in which the newer
//! Activity API still brings direct messages.

use linecard_sdk::connector::Intake;
use linecard_sdk::events::{
    Attachment, AttachmentKind, Author, ChannelState, ChannelStatus, Event, EventKind, Message,
    Postback, PostbackSource, Profile, Reaction, Receipt, ReceiptState, Timestamp,
};
use std::collections::BTreeMap;

use linecard_sdk::ids::{bounded, digest};
use linecard_sdk::json::{Lenient as _, Part};
use linecard_sdk::time;
use serde_json::Value;

use crate::config::Config;
use crate::payload::value;
use crate::read::{self, Includes, dialogue, place, time_of_id};

/// Everything in an Account Activity delivery.
pub fn read(config: &Config, body: &BTreeMap<String, Part<'_>>, intake: &mut Intake) {
    let users = body.get("users").copied().map(value).unwrap_or_default();
    for (name, part) in body {
        if let "for_user_id" | "user_has_blocked" | "users" | "apps" = name.as_str() {
            continue;
        }
        for part in part.each() {
            intake.read(name, part, |part, _| {
                Ok(one(config, name, &value(part), &users))
            });
        }
    }
}

/// One element of a list of an Account Activity delivery.
fn one(config: &Config, name: &str, one: &Value, users: &Value) -> Vec<Event> {
    let read = match name {
        "tweet_create_events" => post(config, one),
        "tweet_delete_events" => deleted(one),
        "favorite_events" => like(config, one),
        "follow_events" => Some(follow(config, one)),
        "direct_message_events"
        | "direct_message_indicate_typing_events"
        | "direct_message_mark_read_events" => return private(config, name, one, users),
        "user_event" if one.get("revoke").is_some() => {
            let revoke = one.object("revoke");
            let at = revoke
                .and_then(|revoke| revoke.time("date_time"))
                .unwrap_or_else(time::now);
            let id = format!("revoke:{}", digest(&[&one.to_string()]));
            Some(revoked(id, at))
        }
        _ => None,
    };
    vec![read.unwrap_or_else(|| unknown(name, one))]
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
    let at = moment(value).unwrap_or_else(time::now);
    Event::new(
        format!(
            "{}:{}",
            bounded(name, 64),
            digest(&[name, &value.to_string()])
        ),
        at,
        EventKind::Other(name.to_owned()),
    )
}

/// When something was, by the members that X has used for it: milliseconds, or the form of the older
/// API, such as `Wed Oct 10 20:19:24 +0000 2018`.
fn moment(value: &Value) -> Option<Timestamp> {
    let written = || {
        let text = value.word("created_at")?;
        time::parse("%a %b %d %H:%M:%S %z %Y", text)
    };
    value
        .time("timestamp_ms")
        .or_else(|| value.time("created_timestamp"))
        .or_else(|| value.time("created_at"))
        .or_else(written)
}

/// The id in either form: numbers lose digits, so the text comes first.
fn id_of(value: &Value) -> Option<String> {
    value.first_text(&["id_str", "id"])
}

fn profile(user: &Value) -> Profile {
    Profile {
        display_name: user.word("name").map(str::to_owned),
        handle: user.word("screen_name").map(str::to_owned),
        avatar_url: user.word("profile_image_url_https").map(str::to_owned),
        followers: user.count("followers_count"),
        verified: user.flag("verified"),
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
    let at = moment(post)
        .or_else(|| time_of_id(&id))
        .unwrap_or_else(time::now);
    let parent = post.word("in_reply_to_status_id_str");
    let own = author_id == config.user_id;
    // This form does not name the conversation: the post that is answered stands for it, unless the
    // mentions tell.
    let thread = place(parent.unwrap_or(&id), user.word("screen_name"), &id);
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
        .list("user_mentions")
        .iter()
        .any(|one| id_of(one).as_deref() == Some(config.user_id.as_str()));
    let answers = post.word("in_reply_to_user_id_str") == Some(config.user_id.as_str());
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
        quoted: post
            .word("quoted_status_id_str")
            .map(str::to_owned)
            .or_else(|| post.get("quoted_status").and_then(id_of)),
        addressed: Some(named || answers),
        language: post
            .word("lang")
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
        .or_else(|| post.word("text"))
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
    let kind = match one.word("type") {
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
        .max_by_key(|version| version.count("bitrate").unwrap_or(0));
    Attachment {
        url: best
            .and_then(|version| version.word("url"))
            .or_else(|| one.word("media_url_https"))
            .map(str::to_owned),
        media_id: id_of(one),
        label: one.word("type").map(str::to_owned),
        ..Attachment::new(kind)
    }
}

fn deleted(one: &Value) -> Option<Event> {
    let status = one.get("status")?;
    let at = moment(one).unwrap_or_else(time::now);
    Some(read::deleted(&id_of(status)?, status.word("user_id"), at))
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
    let at = moment(one).unwrap_or_else(time::now);
    Some(Event::new(format!("like:{}:{liked}", by.identity.id), at, kind).author(by))
}

fn follow(config: &Config, one: &Value) -> Event {
    let source = one.get("source").and_then(author);
    let follows = one.word("type") == Some("follow");
    match source {
        Some(source) if source.identity.id != config.user_id => {
            let at = moment(one).unwrap_or_else(time::now);
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
pub fn private(config: &Config, list: &str, one: &Value, users: &Value) -> Vec<Event> {
    let message = one.get("message_create").unwrap_or(one);
    let sender = message.word("sender_id").unwrap_or("");
    let recipient = message
        .pointer("/target/recipient_id")
        .and_then(Value::as_str)
        .unwrap_or("");
    let own = sender == config.user_id;
    let customer = if own { recipient } else { sender };
    if customer.is_empty() {
        return vec![unknown(list, one)];
    }
    let by = match users.get(sender) {
        Some(user) => match user.get("data") {
            Some(newer) => Author::new(sender).profile(read::profile(newer)),
            None => Author::new(sender).profile(profile(user)),
        },
        None => Author::new(sender),
    };
    let at = moment(one).unwrap_or_else(time::now);
    let event = |id: String, kind| {
        Event::new(id, at, kind)
            .thread(dialogue(customer))
            .author(by.clone())
    };
    let read = match list {
        "direct_message_indicate_typing_events" if !own => {
            event(format!("typing:{customer}:{at}"), EventKind::Typing(true))
        }
        "direct_message_mark_read_events" if !own => {
            // A read mark names the last message that was read.
            let receipt = Receipt::up_to(ReceiptState::Read, at);
            event(format!("read:{customer}:{at}"), EventKind::Receipt(receipt))
        }
        "direct_message_events" => {
            let Some(id) = one.word("id") else {
                return vec![unknown(list, one)];
            };
            let data = message.get("message_data").unwrap_or(&Value::Null);
            let said = Message {
                text: data.text("text"),
                attachments: data
                    .pointer("/attachment/media")
                    .filter(|media| media.is_object())
                    .map(medium)
                    .into_iter()
                    .collect(),
                addressed: Some(true),
                ..Message::new(id)
            };
            let chosen = data
                .object("quick_reply_response")
                .and_then(|response| response.text("metadata"))
                .filter(|_| !own);
            if let Some(payload) = chosen {
                return choice(&format!("dm:{id}"), said, payload, event);
            }
            let kind = if own {
                EventKind::NativeReply(said)
            } else {
                EventKind::MessageCreated(said)
            };
            event(format!("dm:{id}"), kind)
        }
        _ => unknown(list, one),
    };
    vec![read]
}

/// The answer to a message with quick replies. One that brings a file along is both: what was sent, and
/// what was chosen.
fn choice(
    id: &str,
    said: Message,
    payload: String,
    event: impl Fn(String, EventKind) -> Event,
) -> Vec<Event> {
    let is_alone = said.attachments.is_empty();
    let postback = EventKind::Postback(Postback {
        message_id: is_alone.then(|| said.id.clone()),
        source: PostbackSource::QuickReply,
        title: said.text.clone().unwrap_or_default(),
        payload,
        in_reply_to: None,
        referral: None,
    });
    if is_alone {
        return vec![event(id.to_owned(), postback)];
    }
    vec![
        event(id.to_owned(), EventKind::MessageCreated(said)),
        event(format!("{id}:choice"), postback),
    ]
}

/// What a like of the Activity API says: the liker is the user beside it who did not write the post.
pub fn activity_like(config: &Config, payload: &Value, includes: Includes<'_>) -> Event {
    let liked = payload.word("liked_tweet_id");
    let owner = payload.word("liked_tweet_author_id");
    let by = includes
        .0
        .list("users")
        .iter()
        .filter_map(|user| user.word("id"))
        .find(|id| Some(*id) != owner);
    match (liked, by) {
        (Some(liked), Some(by)) if by != config.user_id => {
            let at = moment(payload).unwrap_or_else(time::now);
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
