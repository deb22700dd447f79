//! Webhooks: what happened on the page, one change at a time.

use linecard_graph::delivery::{self, field_of, keep};
use linecard_graph::ids::usable;
use linecard_sdk::connector::{Reception, Rejection, WebhookRequest};
use linecard_sdk::events::{Deletion, Edit, Event, EventKind, Reaction};
use linecard_sdk::json::{Lenient as _, Part};
use serde_json::{Map, Value};

use crate::attachments;
use crate::config::Config;
use crate::events::{Place, Said, Writer, comment_event, derived, post_event, thread};
use crate::ratings;

/// What has a post's id and is one.
const POSTS: [&str; 9] = [
    "status", "post", "photo", "video", "share", "link", "album", "event", "note",
];
/// What only a page makes on its own feed: without a name it is the page's.
const OWN: [&str; 3] = ["album", "event", "note"];

/// Answers the handshake, or verifies and reads a delivery.
pub fn receive(config: &Config, request: &WebhookRequest) -> Result<Reception, Rejection> {
    delivery::receive(request, "page", &config.page_id, |entry, time, intake| {
        for change in entry.list("changes") {
            intake.read("change", change, |change, _| {
                Ok(read_change(config, time, change).into_iter().collect())
            });
        }
        // Private conversations are the Messenger connector's.
        if delivery::is_for_neighbour(request, "messenger") {
            return;
        }
        for name in ["messaging", "standby"] {
            for item in entry.list(name) {
                keep(intake, name, time, item);
            }
        }
    })
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
fn read_change(config: &Config, entry_time: u64, part: Part<'_>) -> Option<Event> {
    let raw = part.raw();
    let value = part.get("value").and_then(Part::object);
    let (Some(field), Some(value)) = (field_of(part), &value) else {
        let name = field_of(part).unwrap_or_else(|| "change".to_owned());
        return Some(Event::kept(&name, entry_time, raw));
    };
    let name = |name: &str| value.text(name).unwrap_or_default();
    let (item, verb) = (name("item"), name("verb"));
    let is_reaction = matches!(item.as_str(), "reaction" | "like");
    if is_reaction && !config.reactions {
        return None;
    }
    let change = Change {
        config,
        value,
        item: &item,
        verb: &verb,
        mentions: field == "mention",
        entry_time,
        raw,
    };
    let event = match (field.as_str(), item.as_str()) {
        ("feed" | "mention" | "ratings", "comment") => change.comment(),
        ("feed" | "mention" | "ratings", "reaction" | "like") => change.reaction(),
        ("feed" | "mention", item) if POSTS.contains(&item) => change.post(),
        ("ratings", "rating") => ratings::read(&change),
        _ => None,
    };
    Some(event.unwrap_or_else(|| {
        let parts = [field.as_str(), &item, &verb];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        Event::kept(&parts.join("/"), entry_time, raw)
    }))
}

impl Change<'_> {
    /// A member as text.
    pub fn text(&self, name: &str) -> Option<String> {
        self.value.text(name)
    }

    fn id(&self, name: &str) -> Option<String> {
        usable(self.text(name))
    }

    /// When it was made: what changes later keeps the time of its making, so that only new things
    /// have this time.
    pub fn created(&self) -> u64 {
        self.value.time("created_time").unwrap_or(self.entry_time)
    }

    /// Who did it, under the names that Facebook has used over the years.
    pub fn author(&self) -> Writer {
        Writer::of(self.value.object("from"))
            .or(Writer::new(
                self.text("sender_id"),
                self.text("sender_name"),
            ))
            .or(Writer::new(
                self.text("reviewer_id"),
                self.text("reviewer_name"),
            ))
            .or(Writer::new(self.text("user_id"), None))
    }

    fn permalink(&self) -> Option<String> {
        self.value
            .text_at(&["post", "permalink_url"])
            .or_else(|| self.text("permalink_url"))
    }

    /// The post of a comment: its id begins with its post's, without the page's.
    fn post_of(&self, comment: &str) -> Option<String> {
        let (post, _) = comment.rsplit_once('_')?;
        Some(format!("{}_{post}", self.config.page_id))
    }

    fn comment(&self) -> Option<Event> {
        let id = self.id("comment_id")?;
        let post = self.id("post_id").or_else(|| self.post_of(&id))?;
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
        if self.value.flag("published") == Some(false) {
            return None;
        }
        let mut author = self.author();
        if !author.is_known() && OWN.contains(&self.item) {
            author = Writer::new(Some(self.config.page_id.clone()), None);
        }
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
            "remove" => ("remove", deletion(self.author().is_known(), false)),
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
        Some(Event {
            author: self.author().known(),
            ..event
        })
    }

    /// A reaction to a comment or post; a like of the page itself is a follower.
    fn reaction(&self) -> Option<Event> {
        let adds = match self.verb {
            "add" | "edit" | "edited" | "update" => true,
            "remove" => false,
            _ => return None,
        };
        let author = self.author().known();
        let who = author
            .as_ref()
            .map_or("", |author| author.identity.id.as_str());
        let time = self.created().to_string();
        let comment = self.id("comment_id");
        let post = self
            .id("post_id")
            .or_else(|| comment.as_deref().and_then(|comment| self.post_of(comment)));
        if let (None, None) = (&post, &comment) {
            let verb = if adds { "follow" } else { "unfollow" };
            let kind = if adds {
                EventKind::Follow
            } else {
                EventKind::Unfollow
            };
            let event = Event::new(derived(verb, &[who, &time]), self.created(), kind);
            return Some(event.author(author?).raw(self.raw));
        }
        let target = comment.or_else(|| post.clone())?;
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
        let event = Event::new(id, self.created(), kind).raw(self.raw);
        Some(Event {
            thread: post.map(|post| thread(&post, self.permalink())),
            author,
            ..event
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
