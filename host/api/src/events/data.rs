//! What an event shows: the same forms as the rest of the API.

use linecard_model::Timestamp;
use linecard_model::event::{Event, Seq};
use serde::Serialize;
use serde_json::{Value, json};

use crate::participants::joined;
use crate::views::{ContactView, InteractionView, MessageView, Progress};

/// An event as the streams carry it.
#[derive(Debug, Serialize)]
pub(super) struct Envelope {
    /// Its number: the cursor to go on from.
    pub seq: Seq,
    /// When it happened.
    pub at: Timestamp,
    /// What, such as `message-received`.
    pub kind: &'static str,
    /// The details.
    pub data: Value,
}

impl Envelope {
    /// The event as JSON.
    pub fn json(&self) -> String {
        // Strings, numbers and JSON values always serialize.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// The details of an event.
pub(super) fn data(event: &Event, with_raw: bool) -> Value {
    match event {
        Event::Routing(event) => without(to_value(event), "type"),
        Event::ContactSaved(contact) => to_value(&ContactView::from(contact.clone())),
        Event::InteractionStarted(interaction) => to_value(&InteractionView::from(interaction)),
        Event::MessageReceived(message) | Event::MessageAccepted(message) => {
            to_value(&MessageView::new(message.clone(), with_raw))
        }
        Event::MessageStateChanged {
            message,
            contact,
            interaction,
            state,
            platform_ids,
            note,
        } => {
            let mut value = to_value(&Progress::from(state));
            value["message"] = json!(message);
            value["contact"] = json!(contact);
            value["interaction"] = json!(interaction);
            if !platform_ids.is_empty() {
                value["platform_ids"] = json!(platform_ids);
            }
            if let Some(note) = note {
                value["note"] = json!(note);
            }
            value
        }
        Event::ActionChanged {
            action,
            interaction,
            name,
            state,
        } => {
            let mut value = to_value(&Progress::from(state));
            value["action"] = json!(action);
            value["name"] = json!(name);
            if let Some(interaction) = interaction {
                value["interaction"] = json!(interaction);
            }
            value
        }
        Event::ParticipantJoined { .. } => joined(event).unwrap_or_default(),
        Event::PlatformEvent { .. } if !with_raw => without(inner(event), "raw"),
        _ => inner(event),
    }
}

fn to_value(value: &impl Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

fn inner(event: &Event) -> Value {
    to_value(event)
        .get_mut("data")
        .map(Value::take)
        .unwrap_or_default()
}

fn without(mut value: Value, name: &str) -> Value {
    if let Some(object) = value.as_object_mut() {
        object.remove(name);
    }
    value
}

#[cfg(test)]
mod tests;
