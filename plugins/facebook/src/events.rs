//! Posts and comments as events: the same ones, whether a webhook or a poll brings them.

use linecard_graph::ids::{UNNAMED, usable};
use linecard_sdk::events::{
    Attachment, Author, Event, EventKind, Message, Profile, Structured, Thread,
};
use linecard_sdk::ids::digest;
use linecard_sdk::json::Lenient as _;
use serde_json::{Map, Value};

use crate::config::Config;

/// A post or a comment.
pub struct Said<'a> {
    /// Facebook's id.
    pub id: &'a str,
    /// Whether it is a post or a comment.
    pub place: Place<'a>,
    /// What it says.
    pub text: Option<String>,
    /// What is attached.
    pub attachments: Vec<Attachment>,
    /// A rating.
    pub structured: Option<Structured>,
    /// Whether it addresses the page.
    pub addressed: Option<bool>,
    /// Who wrote it.
    pub author: Writer,
    /// When it was written, in milliseconds since the Unix epoch.
    pub time: u64,
    /// A link to the post.
    pub permalink: Option<String>,
    /// The payload's part.
    pub raw: &'a str,
}

/// Where something was said.
#[derive(Debug, Clone, Copy)]
pub enum Place<'a> {
    /// It is a post of its own.
    Post,
    /// It is a comment under a post, as an answer to a comment or to the post.
    Comment {
        /// The post.
        post: &'a str,
        /// The comment that it answers; `None` for the post itself.
        parent: Option<&'a str>,
    },
}

impl Said<'_> {
    /// The event: the page's own words are a native reply, others' a message.
    pub fn event(self, config: &Config) -> Event {
        let (event_id, post, parent) = match self.place {
            Place::Post => (post_event(self.id), self.id, None),
            Place::Comment { post, parent } => {
                (comment_event(self.id), post, Some(parent.unwrap_or(post)))
            }
        };
        let author = self.author.author(&event_id);
        let is_own = author.identity.id == config.page_id;
        let message = Message {
            text: self.text.filter(|text| !text.is_empty()),
            attachments: self.attachments,
            structured: self.structured,
            parent: parent.map(str::to_owned),
            addressed: self.addressed.filter(|_| !is_own),
            ..Message::new(self.id)
        };
        let kind = if is_own {
            EventKind::NativeReply(message)
        } else {
            EventKind::MessageCreated(message)
        };
        Event::new(event_id, self.time, kind)
            .thread(thread(post, self.permalink))
            .author(author)
            .raw(self.raw)
    }
}

/// The id of the event that a post was made.
pub fn post_event(id: &str) -> String {
    format!("post:{id}")
}

/// The id of the event that a comment was written. Webhooks and the API do not always agree on what
/// stands before the underscore (the post's or the photo's id); the comment's own id comes last.
pub fn comment_event(id: &str) -> String {
    format!("comment:{}", id.rsplit('_').next().unwrap_or(id))
}

/// A post with its comments.
pub fn thread(post: &str, permalink: Option<String>) -> Thread {
    let thread = Thread::public(post);
    match permalink.or_else(|| permalink_of(post)) {
        Some(url) => thread.permalink(url),
        None => thread,
    }
}

/// The address of a post on the site, which its id holds.
fn permalink_of(post: &str) -> Option<String> {
    let (page, post) = post.split_once('_')?;
    let is_number = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
    (is_number(page) && is_number(post))
        .then(|| format!("https://www.facebook.com/{page}/posts/{post}"))
}

/// Who wrote something, as far as Facebook says: people can hide, and an app may lack the permission
/// to see their ids.
#[derive(Debug, Clone, Default)]
pub struct Writer {
    id: Option<String>,
    name: Option<String>,
}

impl Writer {
    /// Somebody by these members.
    pub fn new(id: Option<String>, name: Option<String>) -> Self {
        Self {
            id: usable(id),
            name,
        }
    }

    /// The `from` of something.
    pub fn of(from: Option<&Map<String, Value>>) -> Self {
        from.map(|from| Self::new(from.text("id"), from.text("name")))
            .unwrap_or_default()
    }

    /// The first of the two that has an id; else what is known of either.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (&self.id, &other.id) {
            (None, Some(_)) => Self {
                name: other.name.or(self.name),
                ..other
            },
            _ => Self {
                name: self
                    .name
                    .or_else(|| other.name.filter(|_| self.id.is_none())),
                ..self
            },
        }
    }

    /// Whether Facebook names an id.
    pub fn is_known(&self) -> bool {
        self.id.is_some()
    }

    /// The person or page, if Facebook names an id.
    pub fn known(&self) -> Option<Author> {
        self.id.as_ref().map(|id| self.named(id))
    }

    /// The person or page, or somebody of its own for this one event.
    pub fn author(&self, event_id: &str) -> Author {
        self.known()
            .unwrap_or_else(|| self.named(&format!("{UNNAMED}{event_id}")))
    }

    fn named(&self, id: &str) -> Author {
        let author = Author::new(id);
        match &self.name {
            Some(name) => author.profile(Profile::named(name)),
            None => author,
        }
    }
}

/// The id of something that Facebook gives none, made of what makes it unique.
pub fn derived(prefix: &str, parts: &[&str]) -> String {
    format!("{prefix}:{}", digest(parts))
}
