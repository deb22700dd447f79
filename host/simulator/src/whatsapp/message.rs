//! A customer's message as the webhook has it, and what it does to the conversation.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::directory::Person;
use super::incoming::{Forwarded, Happening, Incoming};
use super::media::MediaKind;
use super::{WhatsApp, errors};
use crate::customers::{Author, Customer, Turn};
use crate::graph::webhook::set;

/// Which way a message goes; message ids tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    FromCustomer,
    ToCustomer,
}

/// A message id in the network's form: `wamid.` and, in BASE64, the customer's number and a random
/// word in hexadecimal digits.
pub(crate) fn new_id(person: &Person, way: Way) -> String {
    let (mark, length) = match way {
        Way::FromCustomer => (0x12, 10),
        Way::ToCustomer => (0x11, 9),
    };
    let digits = person.digits();
    let word: String = std::iter::repeat_with(|| format!("{:02X}", fastrand::u8(..)))
        .take(length)
        .collect();
    let length_of = |text: &str| u8::try_from(text.len()).unwrap_or(u8::MAX);
    let mut bytes = vec![0x1c, 0x18, length_of(digits)];
    bytes.extend_from_slice(digits.as_bytes());
    bytes.extend_from_slice(&[0x15, 0x02, 0x00, mark, 0x18, length_of(&word)]);
    bytes.extend_from_slice(word.as_bytes());
    bytes.push(0);
    format!("wamid.{}", STANDARD.encode(bytes))
}

impl WhatsApp {
    /// The message without its sender, and what it does to the conversation.
    pub(crate) fn message(
        &self,
        said: &Incoming,
        id: &str,
        at_ms: i64,
        customer: &mut Customer,
    ) -> Value {
        let mut message = json!({ "id": id, "timestamp": self.stamp(at_ms) });
        let mut turn = Turn::new(id, Author::Customer, at_ms);
        let mut is_message = true;
        match &said.what {
            Happening::Reaction { message_id, emoji } => {
                is_message = false;
                let who = customer.id.clone();
                change_turn(customer, message_id, |turn| {
                    match emoji.as_deref().filter(|emoji| !emoji.is_empty()) {
                        Some(emoji) => turn.reactions.insert(who, emoji.to_owned()),
                        None => turn.reactions.remove(&who),
                    };
                });
                let mut reaction = json!({ "message_id": message_id });
                set(&mut reaction, "emoji", emoji.clone().map(Value::from));
                give(&mut message, "reaction", reaction);
            }
            Happening::Edit { message_id, text } => {
                is_message = false;
                let new = edited(customer, message_id, text);
                give(
                    &mut message,
                    "edit",
                    json!({ "original_message_id": message_id, "message": new }),
                );
            }
            Happening::Revoke { message_id } => {
                is_message = false;
                change_turn(customer, message_id, |turn| turn.deleted = true);
                give(
                    &mut message,
                    "revoke",
                    json!({ "original_message_id": message_id }),
                );
            }
            Happening::Unsupported { kind } => {
                give(
                    &mut message,
                    "unsupported",
                    kind.as_ref()
                        .map_or(Value::Null, |kind| json!({ "type": kind })),
                );
                set(&mut message, "errors", Some(json!([errors::unsupported()])));
            }
            Happening::Raw { message: given } => {
                for (name, value) in given.as_object().into_iter().flatten() {
                    set(&mut message, name, Some(value.clone()));
                }
            }
            other => self.content(other, &mut message, &mut turn),
        }
        let context = self.context(said);
        if !context.is_null() {
            set(&mut message, "context", Some(context));
        }
        set(&mut message, "referral", said.referral.clone());
        turn.reply_to.clone_from(&said.reply_to);
        if is_message {
            customer.conversation.push(turn);
        }
        message
    }

    /// The content of a real message.
    fn content(&self, what: &Happening, message: &mut Value, turn: &mut Turn) {
        let (kind, content) = match what {
            Happening::Text { text } => {
                turn.text.clone_from(text);
                ("text", json!({ "body": text }))
            }
            Happening::Media { media, caption, .. } => {
                turn.text = caption.clone().unwrap_or_default();
                let content = self.media_content(what);
                turn.attachments
                    .push(json!({ "type": media.as_str(), media.as_str(): content }));
                (media.as_str(), content)
            }
            Happening::Location {
                latitude,
                longitude,
                name,
                address,
                url,
            } => {
                let mut content = json!({ "latitude": latitude, "longitude": longitude });
                for (member, value) in [("name", name), ("address", address), ("url", url)] {
                    set(&mut content, member, value.clone().map(Value::from));
                }
                turn.attachments.push(content.clone());
                ("location", content)
            }
            Happening::Contacts { contacts } => {
                turn.attachments.extend(contacts.iter().cloned());
                ("contacts", json!(contacts))
            }
            Happening::Button { text, payload } => {
                turn.text.clone_from(text);
                ("button", json!({ "text": text, "payload": payload }))
            }
            Happening::ButtonReply { id, title } => {
                turn.text.clone_from(title);
                let reply = json!({ "id": id, "title": title });
                (
                    "interactive",
                    json!({ "type": "button_reply", "button_reply": reply }),
                )
            }
            Happening::ListReply {
                id,
                title,
                description,
            } => {
                turn.text.clone_from(title);
                let mut reply = json!({ "id": id, "title": title });
                let description = description.clone().map(Value::from);
                set(&mut reply, "description", description);
                (
                    "interactive",
                    json!({ "type": "list_reply", "list_reply": reply }),
                )
            }
            Happening::FlowReply { response } => {
                let reply = json!({
                    "response_json": response.to_string(),
                    "body": "Sent",
                    "name": "flow",
                });
                (
                    "interactive",
                    json!({ "type": "nfm_reply", "nfm_reply": reply }),
                )
            }
            Happening::Order {
                catalog_id,
                text,
                product_items,
            } => {
                turn.text.clone_from(text);
                turn.structured.extend(product_items.iter().cloned());
                (
                    "order",
                    json!({
                        "catalog_id": catalog_id,
                        "text": text,
                        "product_items": product_items,
                    }),
                )
            }
            // The others are no messages with content.
            _ => ("unsupported", Value::Null),
        };
        if kind == "interactive" {
            turn.structured.push(content.clone());
        }
        give(message, kind, content);
    }

    fn media_content(&self, what: &Happening) -> Value {
        let Happening::Media {
            media,
            id,
            caption,
            filename,
            voice,
            animated,
        } = what
        else {
            return Value::Null;
        };
        let mut content = json!({ "id": id });
        if let Some(medium) = self.files.get(id, self.world.clock.now_ms()) {
            set(&mut content, "sha256", Some(medium.sha256_base64().into()));
            set(&mut content, "mime_type", Some(medium.mime.into()));
        }
        set(&mut content, "caption", caption.clone().map(Value::from));
        set(&mut content, "filename", filename.clone().map(Value::from));
        let voice = (*media == MediaKind::Audio).then(|| (*voice).into());
        set(&mut content, "voice", voice);
        let animated = (*media == MediaKind::Sticker).then(|| (*animated).into());
        set(&mut content, "animated", animated);
        let url = self
            .options
            .media_urls
            .then(|| self.media_address(id, "webhook").into());
        set(&mut content, "url", url);
        content
    }

    fn context(&self, said: &Incoming) -> Value {
        let mut context = Value::Object(serde_json::Map::new());
        if let Some(message_id) = &said.reply_to {
            let number = self.options.display_phone_number.clone();
            set(&mut context, "from", Some(number.into()));
            set(&mut context, "id", Some(message_id.clone().into()));
        }
        match said.forwarded {
            Forwarded::No => {}
            Forwarded::Once => set(&mut context, "forwarded", Some(true.into())),
            Forwarded::Often => set(&mut context, "frequently_forwarded", Some(true.into())),
        }
        set(&mut context, "referred_product", said.product.clone());
        if context.as_object().is_some_and(serde_json::Map::is_empty) {
            return Value::Null;
        }
        context
    }
}

/// Gives a message its type and content.
fn give(message: &mut Value, kind: &str, content: Value) {
    set(message, "type", Some(kind.into()));
    if !content.is_null() {
        set(message, kind, Some(content));
    }
}

/// The message as it is after the change.
fn edited(customer: &mut Customer, message_id: &str, text: &str) -> Value {
    let mut new = json!({ "type": "text", "text": { "body": text } });
    change_turn(customer, message_id, |turn| {
        text.clone_into(&mut turn.text);
        turn.edits += 1;
        if let Some(attachment) = turn.attachments.first_mut()
            && let Some(kind) = attachment["type"].as_str().map(str::to_owned)
        {
            set(&mut attachment[kind.as_str()], "caption", Some(text.into()));
            new = attachment.clone();
        }
    });
    new
}

/// Changes a message of the conversation, if it is there.
pub(crate) fn change_turn(customer: &mut Customer, id: &str, change: impl FnOnce(&mut Turn)) {
    let turns = &mut customer.conversation;
    if let Some(turn) = turns.iter_mut().find(|turn| turn.message_id == id) {
        change(turn);
    }
}
