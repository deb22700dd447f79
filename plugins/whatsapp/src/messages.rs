//! One item of `messages[]` or `message_echoes[]` becomes an event.

use linecard_graph::ids::{bounded, digest, unreadable, usable};
use linecard_graph::lenient::text;
use linecard_sdk::events::{
    Alias, Author, Deletion, Edit, Event, EventKind, Message, Postback, ProfileChange, Reaction,
    Structured,
};
use serde_json::json;

use crate::content;
use crate::people::{Members, PHONE, identity, thread};
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
pub fn message(around: &Surroundings<'_>, raw: &str) -> Event {
    let members: Members = serde_json::from_str(raw).unwrap_or_default();
    let Some(item) = Item::of(around, &members, raw) else {
        return unreadable("message", around.time, raw);
    };
    if item.kind == "system" {
        return item.system();
    }
    let author = around.people.author(
        text(&members, "from_user_id"),
        text(&members, "from"),
        text(&members, "from_parent_user_id"),
    );
    // What is said in a group must not be answered to one person in private.
    if members.contains_key("group_id") {
        let kind = EventKind::Other("group-message".to_owned());
        return item.event(kind, None, author);
    }
    let kind = item.what_happened(EventKind::MessageCreated);
    item.event(kind, author.clone(), author)
}

/// What a person of the company wrote in WhatsApp's own app.
pub fn echo(around: &Surroundings<'_>, raw: &str) -> Event {
    let members: Members = serde_json::from_str(raw).unwrap_or_default();
    let Some(item) = Item::of(around, &members, raw) else {
        return unreadable("message-echo", around.time, raw);
    };
    let customer = identity(
        text(&members, "to_user_id"),
        text(&members, "to"),
        text(&members, "to_parent_user_id"),
    );
    let customer = customer.map(|identity| Author {
        identity,
        profile: None,
    });
    let kind = item.what_happened(EventKind::NativeReply);
    let company = Author::new(around.config.phone_number_id.clone());
    item.event(kind, customer, Some(company))
}

/// One item of `user_id_update[]`.
pub fn user_id_update(around: &Surroundings<'_>, raw: &str) -> Event {
    let read = || {
        let update: Members = serde_json::from_str(raw).ok()?;
        let ids = update.get("user_id")?.as_object()?;
        let previous = usable(text(ids, "previous"));
        let author =
            around
                .people
                .author(usable(text(ids, "current")), text(&update, "wa_id"), None)?;
        let time = moment(&update, around.time);
        let id = format!("user-id-update:{}", digest(&[raw]));
        Some(changed(around, id, time, author, previous, raw))
    };
    read().unwrap_or_else(|| unreadable("user_id_update", around.time, raw))
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
    fn of(around: &'a Surroundings<'a>, members: &'a Members, raw: &'a str) -> Option<Self> {
        Some(Self {
            around,
            members,
            id: usable(text(members, "id"))?,
            kind: text(members, "type")?,
            raw,
        })
    }

    fn event(&self, kind: EventKind, customer: Option<Author>, author: Option<Author>) -> Event {
        let time = moment(self.members, self.around.time);
        let mut event = Event::new(self.id.clone(), time, kind).raw(self.raw);
        event.thread = customer.map(|customer| thread(self.around.config, &customer.identity));
        event.author = author;
        event
    }

    fn object(&self, name: &str) -> Option<&'a Members> {
        self.members.get(name)?.as_object()
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
        read.unwrap_or_else(|| EventKind::Other(bounded(&self.kind).to_owned()))
    }

    /// A message without content, with what goes along with any.
    fn message(&self) -> Message {
        let context = self.object("context");
        Message {
            parent: context.and_then(|context| text(context, "id")),
            addressed: Some(true),
            referral: content::referral(self.members),
            ..Message::new(self.id.clone())
        }
    }

    /// Something that the Cloud API cannot carry: what it is and why stand beside the message.
    fn unsupported(&self) -> Message {
        let reason = self.members.get("errors").and_then(first_error);
        let what = self.part().and_then(|part| text(part, "type"));
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
        said(match self.members.get(&self.kind) {
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
        let emoji = text(part, "emoji");
        let reaction = Reaction {
            message_id: usable(text(part, "message_id"))?,
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
        let new = part.get("message")?.as_object()?;
        let mut message = self.message();
        content::fill(&text(new, "type")?, new, &mut message)?;
        Some(EventKind::MessageEdited(Edit {
            message_id: usable(text(part, "original_message_id"))?,
            text: message.text,
            attachments: (!message.attachments.is_empty()).then_some(message.attachments),
            revision: None,
        }))
    }

    fn revoke(&self) -> Option<EventKind> {
        let message_id = usable(text(self.part()?, "original_message_id"))?;
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
                text(self.members, "from_user_id"),
                text(self.members, "from"),
                None,
            );
            let kind = self.part().and_then(|part| text(part, "type"));
            let kind = kind.unwrap_or_else(|| "system".to_owned());
            let kind = EventKind::Other(bounded(&kind).to_owned());
            self.event(kind, author.clone(), author)
        })
    }

    fn system_change(&self) -> Option<Event> {
        let part = self.part()?;
        let user_id = text(part, "user_id").or_else(|| text(self.members, "from_user_id"));
        let parent = text(part, "parent_user_id");
        let before = text(self.members, "from");
        let (new, previous) = match text(part, "type")?.as_str() {
            // Older versions say `new_wa_id`.
            "user_changed_number" => {
                let phone = text(part, "wa_id").or_else(|| text(part, "new_wa_id"));
                let mut new = identity(user_id, phone, parent)?;
                // Whoever is known by a user id keeps it; the old number still means them.
                let keeps = new.aliases.iter().any(|alias| alias.kind == PHONE);
                if keeps {
                    new.aliases.extend(before.clone().map(|value| Alias {
                        kind: PHONE.to_owned(),
                        value,
                    }));
                }
                (new, before.filter(|_| !keeps))
            }
            "user_changed_user_id" => {
                // Only the sentence names the old id: `... changed from OLD to NEW`.
                let body = text(part, "body").unwrap_or_default();
                let old = body.split_once(" changed from ").and_then(|(_, rest)| {
                    rest.split_once(" to ")
                        .map(|(old, _)| old.trim().to_owned())
                });
                let old = text(self.members, "from_user_id").or(old);
                let new = identity(text(part, "user_id"), before, parent)?;
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
