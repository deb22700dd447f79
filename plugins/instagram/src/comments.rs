//! Comments and mentions as events: the same ones, whether a webhook or a poll brings them.

use linecard_graph::ids::{UNNAMED, usable};
use linecard_sdk::events::{
    Attachment, AttachmentKind, Author, Event, EventKind, Message, Profile, Thread,
};
use linecard_sdk::json::Lenient as _;
use serde_json::{Map, Value};

use crate::config::Config;

/// The label of a post of somebody else's that names the account.
pub const MENTIONED_MEDIA: &str = "mentioned_media";

/// A comment on one of the account's posts.
pub struct Comment<'a> {
    /// Instagram's id.
    pub id: &'a str,
    /// The post.
    pub media: &'a str,
    /// The comment that it answers; `None` for the post itself.
    pub parent: Option<&'a str>,
    /// What it says.
    pub text: Option<String>,
    /// Who wrote it.
    pub author: Option<Author>,
    /// When, in milliseconds since the Unix epoch.
    pub time: u64,
    /// A link to the post.
    pub permalink: Option<&'a str>,
    /// The payload's part.
    pub raw: &'a str,
}

impl Comment<'_> {
    /// The event: the account's own words are a native reply, others' a message.
    pub fn event(self, config: &Config) -> Event {
        let event_id = format!("comment:{}", self.id);
        let author = self
            .author
            .unwrap_or_else(|| Author::new(format!("{UNNAMED}{event_id}")));
        let message = Message {
            text: self.text.filter(|text| !text.is_empty()),
            parent: (self.media != self.id).then(|| self.parent.unwrap_or(self.media).to_owned()),
            ..Message::new(self.id)
        };
        let kind = if author.identity.id == config.account_id {
            EventKind::NativeReply(message)
        } else {
            EventKind::MessageCreated(message)
        };
        let mut thread = Thread::public(self.media);
        thread.permalink = self.permalink.map(str::to_owned);
        Event::new(event_id, self.time, kind)
            .thread(thread)
            .author(author)
            .raw(self.raw)
    }
}

/// Reads a comment of a webhook, which names no time but the entry's.
pub fn comment(config: &Config, time: u64, value: &Map<String, Value>, raw: &str) -> Option<Event> {
    let id = usable(value.first_text(&["id", "comment_id"]))?;
    let parent = usable(value.text("parent_id"));
    let media = value.object("media");
    let media = media.and_then(|media| usable(media.text("id")));
    // Old deliveries name no post: the comments below one comment are then the conversation.
    let media = media
        .or_else(|| parent.clone())
        .unwrap_or_else(|| id.clone());
    Some(
        Comment {
            id: &id,
            media: &media,
            parent: parent.as_deref(),
            text: value.text("text"),
            author: value
                .object("from")
                .and_then(|from| author(config, from, &id)),
            time,
            permalink: None,
            raw,
        }
        .event(config),
    )
}

/// Reads a mention of the account on somebody else's post. It names ids alone: what the comment says
/// is seen on Instagram.
pub fn mention(time: u64, value: &Map<String, Value>, raw: &str) -> Option<Event> {
    let media = usable(value.text("media_id"))?;
    let id = usable(value.text("comment_id")).unwrap_or_else(|| media.clone());
    let event_id = format!("mention:{media}:{id}");
    let post = Attachment {
        label: Some(MENTIONED_MEDIA.to_owned()),
        ..Attachment::with_media_id(AttachmentKind::Share, &media)
    };
    let message = Message {
        attachments: vec![post],
        parent: (id != media).then(|| media.clone()),
        addressed: Some(true),
        ..Message::new(id)
    };
    let author = Author::new(format!("{UNNAMED}{event_id}"));
    Some(
        Event::new(event_id, time, EventKind::MessageCreated(message))
            .thread(Thread::public(media))
            .author(author)
            .raw(raw),
    )
}

/// Who wrote a comment. Instagram marks the account's own by `self_ig_scoped_id`. Of somebody who has no
/// id the name alone is known, which is not the same person's for certain.
pub fn author(config: &Config, from: &Map<String, Value>, comment: &str) -> Option<Author> {
    if from.text("self_ig_scoped_id").is_some() {
        return Some(Author::new(&config.account_id));
    }
    let id = usable(from.text("id"));
    let handle = from.text("username");
    if id.is_none() && handle.is_none() {
        return None;
    }
    let author = Author::new(id.unwrap_or_else(|| format!("{UNNAMED}comment:{comment}")));
    Some(match handle {
        Some(handle) => author.profile(Profile {
            handle: Some(handle),
            ..Profile::default()
        }),
        None => author,
    })
}
