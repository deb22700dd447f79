//! Posts, people and messages of the API v2 become events.

use linecard_sdk::events::{
    Attachment, AttachmentKind, Author, Deletion, Edit, Event, EventKind, Identity, Message,
    Profile, Reaction, Structured, Thread, Timestamp,
};
use linecard_sdk::json::Lenient as _;
use linecard_sdk::time;
use serde_json::{Value, json};

use crate::config::Config;

/// The time that a post's or message's id holds: X's ids are made of time since 2010.
pub fn time_of_id(id: &str) -> Option<Timestamp> {
    let number: u64 = id.parse().ok()?;
    Some((number >> 22) + 1_288_834_974_657)
}

/// What comes beside posts and messages.
#[derive(Clone, Copy)]
pub struct Includes<'v>(pub &'v Value);

impl<'v> Includes<'v> {
    fn find(self, list: &str, name: &str, value: &str) -> Option<&'v Value> {
        self.0
            .list(list)
            .iter()
            .find(|one| one.word(name) == Some(value))
    }

    pub fn user(self, id: &str) -> Option<&'v Value> {
        self.find("users", "id", id)
    }

    fn post(self, id: &str) -> Option<&'v Value> {
        self.find("tweets", "id", id)
    }

    fn media(self, key: &str) -> Option<&'v Value> {
        self.find("media", "media_key", key)
    }
}

/// The profile facts of a user of the API v2.
pub fn profile(user: &Value) -> Profile {
    let status: Vec<&str> = user
        .list("connection_status")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let related =
        |word: &str| (user.get("connection_status").is_some()).then(|| status.contains(&word));
    Profile {
        display_name: user.word("name").map(str::to_owned),
        handle: user.word("username").map(str::to_owned),
        avatar_url: user.word("profile_image_url").map(str::to_owned),
        followers: user
            .object("public_metrics")
            .and_then(|metrics| metrics.count("followers_count")),
        verified: user.flag("verified"),
        follows_us: related("followed_by"),
        we_follow: related("following"),
        accepts_messages: user.flag("receives_your_dm"),
        ..Profile::default()
    }
}

/// Who an id is, with what comes beside.
pub fn author(id: &str, includes: Includes<'_>) -> Author {
    let author = Author::new(id);
    match includes.user(id) {
        Some(user) => author.profile(profile(user)),
        None => author,
    }
}

fn attachment(medium: &Value) -> Attachment {
    let kind = match medium.word("type") {
        Some("photo") => AttachmentKind::Image,
        Some("video") => AttachmentKind::Video,
        Some("animated_gif") => AttachmentKind::Animation,
        _ => AttachmentKind::Other,
    };
    // A video's versions carry its addresses; the preview is only a picture of it.
    let best = medium
        .list("variants")
        .iter()
        .max_by_key(|version| version.count("bit_rate").unwrap_or(0));
    let url = best
        .and_then(|version| version.word("url"))
        .or_else(|| medium.word("url"))
        .or_else(|| medium.word("preview_image_url"));
    Attachment {
        url: url.map(str::to_owned),
        media_id: medium.word("media_key").map(str::to_owned),
        mime: best
            .and_then(|version| version.word("content_type"))
            .map(str::to_owned),
        label: medium.word("type").map(str::to_owned),
        ..Attachment::new(kind)
    }
}

fn attachments(holder: &Value, includes: Includes<'_>) -> Vec<Attachment> {
    holder
        .pointer("/attachments/media_keys")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(|key| match includes.media(key) {
            Some(medium) => attachment(medium),
            None => Attachment::with_media_id(AttachmentKind::Other, key),
        })
        .collect()
}

/// The text of a post of the API v2: a long one is cut in `text`.
pub fn whole_text(post: &Value) -> Option<&str> {
    post.pointer("/note_tweet/text")
        .and_then(Value::as_str)
        .or_else(|| post.word("text"))
}

/// The text of a post without the three signs that X writes as HTML does.
pub fn unescaped(text: &str) -> String {
    // The sign of all three comes last: what looks like one of them afterwards was written so.
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&amp;", "&")
}

/// A post that is quoted, as something that is shared: the link to it, and what it says.
pub fn shared(id: &str, text: &str) -> Option<Attachment> {
    (!text.is_empty()).then(|| Attachment {
        url: Some(format!("https://x.com/i/status/{id}")),
        media_id: Some(id.to_owned()),
        name: Some(unescaped(text)),
        label: Some("quoted".to_owned()),
        ..Attachment::new(AttachmentKind::Share)
    })
}

pub fn referenced<'v>(post: &'v Value, kind: &str) -> Option<&'v str> {
    post.list("referenced_tweets")
        .iter()
        .find(|one| one.word("type") == Some(kind))
        .and_then(|one| one.word("id"))
}

/// Whether a post names the account or answers it.
fn addressed(config: &Config, post: &Value) -> bool {
    let named = post
        .pointer("/entities/mentions")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .any(|one| {
            one.word("id") == Some(config.user_id.as_str())
                || one
                    .word("username")
                    .is_some_and(|name| name.eq_ignore_ascii_case(&config.username))
        });
    named || post.word("in_reply_to_user_id") == Some(config.user_id.as_str())
}

/// Where a post is.
pub fn place(thread: &str, handle: Option<&str>, id: &str) -> Thread {
    let handle = handle.unwrap_or("i");
    Thread::public(thread).permalink(format!("https://x.com/{handle}/status/{id}"))
}

/// The dialogue with one person. X's own id of it is written in either order, so it is not used.
pub fn dialogue(customer: &str) -> Thread {
    Thread::private(format!("with:{customer}")).customer(Identity::new(customer))
}

/// A post of the API v2: none if it cannot be one.
pub fn post(config: &Config, post: &Value, includes: Includes<'_>) -> Vec<Event> {
    let Some(id) = post.word("id") else {
        return Vec::new();
    };
    let author_id = post.word("author_id").unwrap_or("");
    let at = post
        .time("created_at")
        .or_else(|| time_of_id(id))
        .unwrap_or_else(time::now);
    let handle = includes
        .user(author_id)
        .and_then(|user| user.word("username"));
    // An edited post has an id of its own; the first is the one that answers refer to.
    let history: Vec<&str> = post
        .list("edit_history_tweet_ids")
        .iter()
        .filter_map(Value::as_str)
        .filter(|id| !id.is_empty())
        .collect();
    let first = history.first().copied().unwrap_or(id);
    let conversation = post
        .word("conversation_id")
        .or_else(|| referenced(post, "replied_to"))
        .unwrap_or(first);
    let event = |event_id: &str, kind: EventKind| {
        let event = Event::new(event_id, at, kind).thread(place(conversation, handle, id));
        if author_id.is_empty() {
            event
        } else {
            event.author(author(author_id, includes))
        }
    };
    let own = author_id == config.user_id;
    if let Some(reposted) = referenced(post, "retweeted") {
        let kind = if own {
            EventKind::Other("own-repost".to_owned())
        } else {
            EventKind::ReactionAdded(Reaction {
                message_id: reposted.to_owned(),
                name: "repost".to_owned(),
                emoji: None,
            })
        };
        return vec![event(id, kind)];
    }
    let whole = whole_text(post).map(unescaped);
    let mut attachments = attachments(post, includes);
    let quoted = referenced(post, "quoted");
    attachments.extend(
        quoted
            .and_then(|id| includes.post(id))
            .and_then(|quoted| shared(quoted.word("id")?, whole_text(quoted)?)),
    );
    let message = Message {
        text: whole.clone(),
        attachments,
        parent: referenced(post, "replied_to").map(str::to_owned),
        quoted: quoted.map(str::to_owned),
        addressed: Some(addressed(config, post)),
        language: post
            .word("lang")
            .filter(|lang| *lang != "und")
            .map(str::to_owned),
        ..Message::new(first)
    };
    let created = if own {
        EventKind::NativeReply(message)
    } else {
        EventKind::MessageCreated(message)
    };
    // A poll may see only the newest version: the first is told in any case, and taken once.
    let mut events = vec![event(first, created)];
    if first != id {
        let edit = Edit {
            message_id: first.to_owned(),
            text: whole,
            attachments: None,
            revision: u32::try_from(history.len().saturating_sub(1)).ok(),
        };
        events.push(event(id, EventKind::MessageEdited(edit)));
    }
    events
}

/// A deleted post.
pub fn deleted(id: &str, author_id: Option<&str>, at: Timestamp) -> Event {
    let deletion = Deletion {
        message_id: id.to_owned(),
        by_author: true,
        hidden_only: false,
    };
    let event = Event::new(
        format!("delete:{id}"),
        at,
        EventKind::MessageDeleted(deletion),
    );
    match author_id {
        Some(author_id) => event.author(Author::new(author_id)),
        None => event,
    }
}

/// A message of an encrypted chat: that there is one, and from whom. What it says only X's own
/// programs can read.
pub fn encrypted(config: &Config, payload: &Value, at: Timestamp, fallback: &str) -> Event {
    let id = payload.word("id").unwrap_or(fallback);
    let sender = payload.first_text(&["sender_id", "author_id"]);
    let own = sender.as_deref() == Some(config.user_id.as_str());
    let place = payload.word("conversation_id").unwrap_or("");
    let customer = place
        .split([':', '-'])
        .find(|one| !one.is_empty() && *one != config.user_id)
        .or(sender.as_deref().filter(|_| !own));
    let text = "Encrypted chat: open it in X.";
    let said = Message {
        text: Some(text.to_owned()),
        structured: Some(Structured::new("encrypted-chat", &json!({ "text": text }))),
        addressed: Some(true),
        ..Message::new(id)
    };
    let at = payload
        .time("created_at_msec")
        .or_else(|| payload.time("created_at"))
        .unwrap_or(at);
    let kind = if own {
        EventKind::NativeReply(said)
    } else {
        EventKind::MessageCreated(said)
    };
    // It is another conversation than the one in which the hub can answer.
    let thread = customer.or((!place.is_empty()).then_some(place));
    let event = Event::new(format!("chat:{id}"), at, kind);
    Event {
        thread: thread.map(|thread| {
            let thread = Thread::private(format!("chat:{thread}"));
            Thread {
                customer: customer.map(Identity::new),
                ..thread
            }
        }),
        author: sender.map(Author::new),
        ..event
    }
}

/// A direct message of the API v2.
pub fn direct_message(config: &Config, message: &Value, includes: Includes<'_>) -> Option<Event> {
    let id = message.word("id")?;
    let at = message
        .time("created_at")
        .or_else(|| time_of_id(id))
        .unwrap_or_else(time::now);
    let sender = message.word("sender_id").unwrap_or("");
    let conversation = message.word("dm_conversation_id").unwrap_or("");
    let other = conversation
        .split_once('-')
        .map(|(a, b)| if a == config.user_id { b } else { a });
    let own = sender == config.user_id;
    let thread = match other.or_else(|| (!own && !sender.is_empty()).then_some(sender)) {
        Some(other) if conversation.is_empty() || conversation.contains('-') => dialogue(other),
        // A group is answered as a whole.
        Some(member) => Thread::private(conversation).customer(Identity::new(member)),
        None => Thread::private(conversation),
    };
    if message
        .word("event_type")
        .is_some_and(|kind| kind != "MessageCreate")
    {
        let kind = message.word("event_type").unwrap_or("").to_owned();
        let event = Event::new(format!("dm:{id}"), at, EventKind::Other(kind));
        return Some(event.thread(thread));
    }
    let said = Message {
        text: message.word("text").map(str::to_owned),
        attachments: attachments(message, includes),
        addressed: Some(true),
        ..Message::new(id)
    };
    let kind = if own {
        EventKind::NativeReply(said)
    } else {
        EventKind::MessageCreated(said)
    };
    let event = Event::new(format!("dm:{id}"), at, kind).thread(thread);
    Some(if sender.is_empty() {
        event
    } else {
        event.author(author(sender, includes))
    })
}
