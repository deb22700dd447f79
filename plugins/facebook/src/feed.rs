//! Webhooks: what happened on the page, one change at a time.

use linecard_graph::delivery;
use linecard_graph::ids::{unreadable, usable};
use linecard_graph::lenient::{instant, text};
use linecard_sdk::connector::{Reception, Rejection, WebhookRequest};
use linecard_sdk::events::{Author, Deletion, Edit, Event, EventKind, Reaction};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::attachments;
use crate::config::Config;
use crate::events::{Place, Said, author, comment_event, derived, post_event, thread};
use crate::ratings;

/// What has a post's id and is one.
const POSTS: [&str; 9] = [
    "status", "post", "photo", "video", "share", "link", "album", "event", "note",
];
/// What only a page makes on its own feed: without a name it is the page's.
const OWN: [&str; 3] = ["album", "event", "note"];

/// Answers the handshake, or verifies and reads a delivery.
pub fn receive(config: &Config, request: &WebhookRequest) -> Result<Reception, Rejection> {
    delivery::receive(
        request,
        "page",
        &config.page_id,
        |entry, time, _, events| {
            for change in entry.changes.iter().flatten() {
                events.extend(read_change(config, time, change));
            }
            // Private conversations are the Messenger connector's.
            for item in entry.messaging.iter().flatten() {
                events.push(unreadable("messaging", time, item.get()));
            }
            for item in entry.standby.iter().flatten() {
                events.push(unreadable("standby", time, item.get()));
            }
        },
    )
}

#[derive(Deserialize)]
struct Outer {
    field: String,
    value: Map<String, Value>,
}

/// A change that is being read.
pub struct Change<'a> {
    pub config: &'a Config,
    pub value: &'a Map<String, Value>,
    pub item: &'a str,
    pub verb: &'a str,
    /// Whether it is one of the field `mention`: then it addresses the page.
    mentions: bool,
    /// When Meta made the entry, in milliseconds.
    pub entry_time: u64,
    pub raw: &'a str,
}

/// Reads one change; `None` for a reaction that the operator does not want. What cannot be understood
/// becomes `other`, named `field/item/verb`.
fn read_change(config: &Config, entry_time: u64, raw: &RawValue) -> Option<Event> {
    let raw = raw.get();
    let Ok(Outer { field, value }) = serde_json::from_str::<Outer>(raw) else {
        return Some(unreadable("change", entry_time, raw));
    };
    let name = |name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default();
    let (item, verb) = (name("item"), name("verb"));
    let is_reaction = matches!(item, "reaction" | "like");
    if is_reaction && !config.reactions {
        return None;
    }
    let change = Change {
        config,
        value: &value,
        item,
        verb,
        mentions: field == "mention",
        entry_time,
        raw,
    };
    let event = match (field.as_str(), item) {
        ("feed" | "mention" | "ratings", "comment") => change.comment(),
        ("feed" | "mention" | "ratings", "reaction" | "like") => change.reaction(),
        ("feed" | "mention", item) if POSTS.contains(&item) => change.post(),
        ("ratings", "rating") => ratings::read(&change),
        _ => None,
    };
    Some(event.unwrap_or_else(|| {
        let parts = [field.as_str(), item, verb];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        unreadable(&parts.join("/"), entry_time, raw)
    }))
}

impl Change<'_> {
    /// A member as text.
    pub fn text(&self, name: &str) -> Option<String> {
        text(self.value, name)
    }

    fn id(&self, name: &str) -> Option<String> {
        usable(self.text(name))
    }

    /// When it was made: what changes later keeps the time of its making, so that only new things
    /// have this time.
    pub fn created(&self) -> u64 {
        self.value
            .get("created_time")
            .and_then(instant)
            .unwrap_or(self.entry_time)
    }

    /// Who did it, under the names that Facebook has used over the years.
    pub fn author(&self) -> Option<Author> {
        let from = self.value.get("from").and_then(Value::as_object);
        let named = from.and_then(|from| author(text(from, "id"), text(from, "name")));
        named
            .or_else(|| author(self.text("sender_id"), self.text("sender_name")))
            .or_else(|| author(self.text("reviewer_id"), self.text("reviewer_name")))
            .or_else(|| author(self.text("user_id"), None))
    }

    fn permalink(&self) -> Option<String> {
        let post = self.value.get("post").and_then(Value::as_object);
        post.and_then(|post| text(post, "permalink_url"))
            .or_else(|| self.text("permalink_url"))
    }

    fn comment(&self) -> Option<Event> {
        let id = self.id("comment_id")?;
        let post = self.id("post_id").or_else(|| {
            // The comment's id starts with its post's.
            let (post, _) = id.rsplit_once('_')?;
            Some(format!("{}_{post}", self.config.page_id))
        })?;
        if self.verb != "add" {
            return self.changed(&id, &post, &comment_event(&id));
        }
        let parent = self.id("parent_id").filter(|parent| *parent != post);
        Some(
            Said {
                id: &id,
                place: Place::Comment {
                    post: &post,
                    parent: parent.as_deref(),
                },
                text: self.text("message"),
                attachments: attachments::of_comment(self.value),
                structured: None,
                addressed: self.mentions.then_some(true),
                author: self.author(),
                time: self.created(),
                permalink: self.permalink(),
                raw: self.raw,
            }
            .event(self.config),
        )
    }

    fn post(&self) -> Option<Event> {
        let id = self.id("post_id").or_else(|| self.id("album_id"))?;
        if self.verb != "add" {
            return self.changed(&id, &id, &post_event(&id));
        }
        // What is not published yet nobody can read.
        let published = self.value.get("published");
        if published.is_some_and(|published| *published == 0 || *published == false) {
            return None;
        }
        let own = || author(Some(self.config.page_id.clone()), None);
        let author = self.author().or_else(|| {
            let is_own = OWN.contains(&self.item);
            is_own.then(own).flatten()
        });
        Some(
            Said {
                id: &id,
                place: Place::Post,
                text: self.text("message").or_else(|| self.text("story")),
                attachments: attachments::of_post(self.item, self.value),
                structured: None,
                addressed: Some(true),
                author,
                time: self.created(),
                permalink: self.permalink(),
                raw: self.raw,
            }
            .event(self.config),
        )
    }

    /// What became of a post or comment: `made` is the id of the event that brought it.
    pub fn changed(&self, id: &str, post: &str, made: &str) -> Option<Event> {
        let deletion = |by_author, hidden_only| {
            EventKind::MessageDeleted(Deletion {
                message_id: id.to_owned(),
                by_author,
                hidden_only,
            })
        };
        let message = self.text("message").or_else(|| self.text("review_text"));
        let attachments = if self.item == "comment" {
            attachments::of_comment(self.value)
        } else {
            attachments::of_post(self.item, self.value)
        };
        let edit = |text: Option<String>| {
            EventKind::MessageEdited(Edit {
                message_id: id.to_owned(),
                text,
                attachments: (!attachments.is_empty()).then(|| attachments.clone()),
                revision: None,
            })
        };
        let (verb, kind) = match self.verb {
            "edited" | "edit" | "update" => ("edited", edit(message.clone())),
            // Where Facebook names somebody, it is the author.
            "remove" => ("remove", deletion(self.author().is_some(), false)),
            "hide" => ("hide", deletion(false, true)),
            // It is there again, with the words that it has now.
            "unhide" if message.is_some() => ("unhide", edit(message.clone())),
            _ => return None,
        };
        // Facebook counts no revisions: an edit is known by what it says. Hiding can be repeated.
        let created = self.created().to_string();
        let moment = match verb {
            "remove" => String::new(),
            "edited" => created,
            _ => self.entry_time.to_string(),
        };
        let said = message.unwrap_or_default();
        let files: Vec<String> = attachments
            .iter()
            .map(|file| format!("{:?}{:?}", file.media_id, file.kind))
            .collect();
        let event_id = derived(verb, &[made, &moment, &said, &files.concat()]);
        let event = Event::new(event_id, self.entry_time, kind)
            .thread(thread(post, self.permalink()))
            .raw(self.raw);
        Some(match self.author() {
            Some(author) => event.author(author),
            None => event,
        })
    }

    /// A reaction to a comment or post; a like of the page itself is a follower.
    fn reaction(&self) -> Option<Event> {
        let adds = match self.verb {
            "add" | "edit" | "edited" | "update" => true,
            "remove" => false,
            _ => return None,
        };
        let author = self.author();
        let who = author
            .as_ref()
            .map_or("", |author| author.identity.id.as_str());
        let time = self.created().to_string();
        let Some(post) = self.id("post_id") else {
            let verb = if adds { "follow" } else { "unfollow" };
            let kind = if adds {
                EventKind::Follow
            } else {
                EventKind::Unfollow
            };
            let event = Event::new(derived(verb, &[who, &time]), self.created(), kind);
            return Some(event.author(author?).raw(self.raw));
        };
        let target = self.id("comment_id").unwrap_or_else(|| post.clone());
        let name = self
            .text("reaction_type")
            .unwrap_or_else(|| "like".to_owned());
        let id = derived("reaction", &[&target, who, self.verb, &name, &time]);
        let reaction = Reaction {
            message_id: target,
            emoji: emoji(&name).map(str::to_owned),
            name,
        };
        let kind = if adds {
            EventKind::ReactionAdded(reaction)
        } else {
            EventKind::ReactionRemoved(reaction)
        };
        let event = Event::new(id, self.created(), kind)
            .thread(thread(&post, self.permalink()))
            .raw(self.raw);
        Some(match author {
            Some(author) => event.author(author),
            None => event,
        })
    }
}

/// How Facebook shows a reaction.
fn emoji(name: &str) -> Option<&'static str> {
    Some(match name {
        "like" => "👍",
        "love" => "❤️",
        "care" => "🤗",
        "haha" => "😆",
        "wow" => "😮",
        "sad" => "😢",
        "angry" => "😠",
        _ => return None,
    })
}
