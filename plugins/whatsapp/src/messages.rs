//! One item of `messages[]` or `message_echoes[]` becomes an event.

use linecard_graph::ids::usable;
use linecard_sdk::events::{
    Author, CONSENT, CONSENT_GIVEN, CONSENT_MARKETING_WITHDRAWN, CONSENT_SOURCE, Deletion, Edit,
    Event, EventKind, Fact, Message, Postback, ProfileChange, Reaction, Structured,
};
use linecard_sdk::ids::{bounded, digest};
use linecard_sdk::json::{Lenient as _, Part};
use serde_json::json;

use crate::content;
use crate::people::{Members, identity, thread};
use crate::statuses::{first_error, moment};
use crate::webhook::Surroundings;

/// An item that is being read.
struct Item<'a> {
    around: &'a Surroundings<'a>,
    members: &'a Members,
    id: String,
    kind: String,
    raw: &'a str,
}

/// What a customer did.
pub fn message(around: &Surroundings<'_>, part: Part<'_>) -> Vec<Event> {
    let Some(members) = part.object() else {
        return vec![Event::kept("message", around.time, part.raw())];
    };
    let item = Item::of(around, &members, part.raw());
    if item.kind == "system" {
        return vec![item.system()];
    }
    let author = around.people.author(
        members.text("from_user_id"),
        members.text("from"),
        members.text("from_parent_user_id"),
    );
    // What is said in a group must not be answered to one person in private.
    if members.contains_key("group_id") {
        let kind = EventKind::Other("group-message".to_owned());
        return vec![item.event(kind, None, author)];
    }
    // Somebody opened the conversation and has not written yet.
    let kind = if item.kind == "request_welcome" {
        EventKind::Other("request-welcome".to_owned())
    } else {
        item.what_happened(EventKind::MessageCreated)
    };
    vec![item.event(kind, author.clone(), author)]
}

/// What a person of the company wrote in WhatsApp's own app.
pub fn echo(around: &Surroundings<'_>, part: Part<'_>) -> Vec<Event> {
    let Some(members) = part.object() else {
        return vec![Event::kept("message-echo", around.time, part.raw())];
    };
    let item = Item::of(around, &members, part.raw());
    let customer = identity(
        members.text("to_user_id"),
        members.text("to"),
        members.text("to_parent_user_id"),
    );
    let customer = customer.map(|identity| Author {
        identity,
        profile: None,
    });
    let kind = item.what_happened(EventKind::NativeReply);
    let company = Author::new(around.config.phone_number_id.clone());
    vec![item.event(kind, customer, Some(company))]
}

/// One item of `user_preferences[]`: somebody stopped or resumed the company's marketing messages.
pub fn preference(around: &Surroundings<'_>, part: Part<'_>) -> Vec<Event> {
    let raw = part.raw();
    let read = || {
        let told = part.object()?;
        if told.text("category").as_deref() != Some("marketing_messages") {
            return None;
        }
        let consent = match told.text("value")?.as_str() {
            "stop" => CONSENT_MARKETING_WITHDRAWN,
            "resume" => CONSENT_GIVEN,
            _ => return None,
        };
        let mut author = around.people.author(
            told.text("user_id"),
            told.text("wa_id"),
            told.text("parent_user_id"),
        )?;
        let source = told.text("detail").map_or_else(
            || "WhatsApp".to_owned(),
            |detail| format!("WhatsApp: {}", bounded(&detail, 400)),
        );
        let profile = author.profile.get_or_insert_default();
        profile.extra = [(CONSENT, consent), (CONSENT_SOURCE, &source)]
            .map(|(name, value)| Fact {
                name: name.to_owned(),
                value: value.to_owned(),
            })
            .to_vec();
        let time = moment(&told, around.time);
        let id = format!("preference:{}", digest(&[raw]));
        Some(changed(around, id, time, author, None, raw))
    };
    vec![read().unwrap_or_else(|| Event::kept("user_preferences", around.time, raw))]
}

/// One item of `user_id_update[]`.
pub fn user_id_update(around: &Surroundings<'_>, part: Part<'_>) -> Vec<Event> {
    let raw = part.raw();
    let read = || {
        let update = part.object()?;
        let ids = update.object("user_id")?;
        let previous = usable(ids.text("previous"));
        let author =
            around
                .people
                .author(usable(ids.text("current")), update.text("wa_id"), None)?;
        let time = moment(&update, around.time);
        let id = format!("user-id-update:{}", digest(&[raw]));
        Some(changed(around, id, time, author, previous, raw))
    };
    vec![read().unwrap_or_else(|| Event::kept("user_id_update", around.time, raw))]
}

fn changed(
    around: &Surroundings<'_>,
    id: String,
    time: u64,
    author: Author,
    previous_id: Option<String>,
    raw: &str,
) -> Event {
    let kind = EventKind::ProfileChanged(ProfileChange { previous_id });
    let thread = thread(around.config, &author.identity);
    Event::new(id, time, kind)
        .thread(thread)
        .author(author)
        .raw(raw)
}

impl<'a> Item<'a> {
    /// An item without an id gets one that is the same whenever it is delivered; one without a type is
    /// known by the member that has the name of one.
    fn of(around: &'a Surroundings<'a>, members: &'a Members, raw: &'a str) -> Self {
        let id = usable(members.text("id"));
        let kind = members.text("type").or_else(|| {
            let known = |name: &&String| content::TYPES.contains(&name.as_str());
            members.keys().find(known).cloned()
        });
        Self {
            around,
            members,
            id: id.unwrap_or_else(|| format!("message:{}", digest(&[raw]))),
            kind: kind.unwrap_or_else(|| "unknown".to_owned()),
            raw,
        }
    }

    fn event(&self, kind: EventKind, customer: Option<Author>, author: Option<Author>) -> Event {
        let time = moment(self.members, self.around.time);
        let mut event = Event::new(self.id.clone(), time, kind).raw(self.raw);
        event.thread = customer.map(|customer| thread(self.around.config, &customer.identity));
        event.author = author;
        event
    }

    fn object(&self, name: &str) -> Option<&'a Members> {
        self.members.object(name)
    }

    /// The part that has the type's name.
    fn part(&self) -> Option<&'a Members> {
        self.object(&self.kind)
    }

    /// What a message or an echo says, whoever wrote it.
    fn what_happened(&self, said: impl Fn(Message) -> EventKind) -> EventKind {
        let read = match self.kind.as_str() {
            "button" | "interactive" => Some(self.postback(&said)),
            "reaction" => self.reaction(),
            "edit" => self.edit(),
            "revoke" => self.revoke(),
            "unsupported" | "unknown" => Some(said(self.unsupported())),
            kind => {
                let mut message = self.message();
                content::fill(kind, self.members, &mut message).map(|()| said(message))
            }
        };
        read.unwrap_or_else(|| match self.kind.as_str() {
            // About another message that it does not name.
            "reaction" | "edit" | "revoke" => EventKind::Other(self.kind.clone()),
            // Whoever wrote wants an answer, also by something that nobody here can read yet.
            _ => said(self.unsupported()),
        })
    }

    /// A message without content, with what goes along with any.
    fn message(&self) -> Message {
        let context = self.object("context");
        Message {
            parent: context.and_then(|context| context.text("id")),
            addressed: Some(true),
            referral: content::referral(self.members),
            structured: content::forwarded(self.members),
            ..Message::new(self.id.clone())
        }
    }

    /// Something that the Cloud API cannot carry, or that is of a kind without a reading here: what it is
    /// and why stand beside the message.
    fn unsupported(&self) -> Message {
        let reason = first_error(self.members);
        let what = self.part().and_then(|part| part.text("type"));
        let is_named = !matches!(self.kind.as_str(), "unsupported" | "unknown");
        let what = what.or_else(|| is_named.then(|| bounded(&self.kind, 64).to_owned()));
        let json = json!({
            "type": what,
            "code": reason.as_ref().map(|reason| &reason.code),
            "text": reason.as_ref().map(|reason| &reason.text),
        });
        Message {
            structured: Some(Structured::new("unsupported", &json)),
            ..self.message()
        }
    }

    fn postback(&self, said: &impl Fn(Message) -> EventKind) -> EventKind {
        let message = self.message();
        if let Some((source, title, payload)) = content::choice(&self.kind, self.members) {
            return EventKind::Postback(Postback {
                message_id: Some(message.id),
                source,
                title,
                payload,
                in_reply_to: message.parent,
                referral: message.referral,
            });
        }
        // An offer that a person of the company made, or a choice of a new kind; if there is nothing,
        // something was chosen that Meta could not pass on.
        said(match self.members.member(&self.kind) {
            Some(whole) => Message {
                structured: Some(Structured::new(self.kind.as_str(), whole)),
                ..message
            },
            None => self.unsupported(),
        })
    }

    /// An emoji that is absent or empty takes the reaction back.
    fn reaction(&self) -> Option<EventKind> {
        let part = self.part()?;
        let emoji = part.text("emoji");
        let reaction = Reaction {
            message_id: usable(part.text("message_id"))?,
            name: emoji.clone().unwrap_or_default(),
            emoji,
        };
        Some(if reaction.emoji.is_some() {
            EventKind::ReactionAdded(reaction)
        } else {
            EventKind::ReactionRemoved(reaction)
        })
    }

    fn edit(&self) -> Option<EventKind> {
        let part = self.part()?;
        let new = part.object("message")?;
        let mut message = self.message();
        content::fill(&new.text("type")?, new, &mut message)?;
        Some(EventKind::MessageEdited(Edit {
            message_id: usable(part.text("original_message_id"))?,
            text: message.text,
            attachments: (!message.attachments.is_empty()).then_some(message.attachments),
            revision: None,
        }))
    }

    fn revoke(&self) -> Option<EventKind> {
        let message_id = usable(self.part()?.text("original_message_id"))?;
        Some(EventKind::MessageDeleted(Deletion {
            message_id,
            by_author: true,
            hidden_only: false,
        }))
    }

    /// News about a person: another number, another user id, or another device.
    fn system(&self) -> Event {
        self.system_change().unwrap_or_else(|| {
            let author = self.around.people.author(
                self.members.text("from_user_id"),
                self.members.text("from"),
                None,
            );
            let kind = self.part().and_then(|part| part.text("type"));
            let kind = kind.unwrap_or_else(|| "system".to_owned());
            let kind = EventKind::Other(kind);
            self.event(kind, author.clone(), author)
        })
    }

    fn system_change(&self) -> Option<Event> {
        let part = self.part()?;
        let user_id = part
            .text("user_id")
            .or_else(|| self.members.text("from_user_id"));
        let parent = part.text("parent_user_id");
        let before = self.members.text("from");
        let (new, previous) = match part.text("type")?.as_str() {
            // Older versions say `new_wa_id`.
            "user_changed_number" => {
                let phone = part.text("wa_id").or_else(|| part.text("new_wa_id"));
                // Whoever is known by a user id keeps it; the former number is theirs no longer.
                (identity(user_id, phone, parent)?, before)
            }
            "user_changed_user_id" => {
                // Only the sentence names the old id: `... changed from OLD to NEW`.
                let body = part.text("body").unwrap_or_default();
                let old = body.split_once(" changed from ").and_then(|(_, rest)| {
                    rest.split_once(" to ")
                        .map(|(old, _)| old.trim().to_owned())
                });
                let old = self.members.text("from_user_id").or(old);
                let new = identity(part.text("user_id"), before, parent)?;
                (new, usable(old).filter(|old| !old.contains(' ')))
            }
            _ => return None,
        };
        let time = moment(self.members, self.around.time);
        let author = Author {
            identity: new,
            profile: None,
        };
        Some(changed(
            self.around,
            self.id.clone(),
            time,
            author,
            previous,
            self.raw,
        ))
    }
}
