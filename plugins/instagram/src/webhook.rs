//! Webhook requests: direct messages in all the shapes that are seen, comments and mentions.

use linecard_graph::delivery;
use linecard_graph::ids::unreadable;
use linecard_graph::messaging::{read_item, read_standby};
use linecard_sdk::connector::{Reception, Rejection, WebhookRequest};
use linecard_sdk::events::Event;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::comments;
use crate::config::Config;

/// Answers the handshake, or verifies and reads a delivery.
pub fn receive(config: &Config, request: &WebhookRequest) -> Result<Reception, Rejection> {
    delivery::receive(
        request,
        "instagram",
        &config.account_id,
        |entry, time, raw, events| {
            for item in entry.messaging.iter().flatten() {
                events.extend(read_item(config.account(), time, item));
            }
            for item in entry.standby.iter().flatten() {
                events.push(read_standby(config.account(), time, item));
            }
            for change in entry.changes.iter().flatten() {
                events.extend(read_change(config, time, change));
            }
            // Some deliveries have the change's members in the entry itself.
            if entry.field.is_some() {
                events.extend(read_change(config, time, raw));
            }
        },
    )
}

#[derive(Deserialize)]
struct Change<'a> {
    field: String,
    #[serde(borrow)]
    value: &'a RawValue,
}

/// Reads one change. What has a sender is an item of a conversation, whatever the field is called.
fn read_change(config: &Config, time: u64, raw: &RawValue) -> Vec<Event> {
    let Ok(Change { field, value }) = serde_json::from_str::<Change<'_>>(raw.get()) else {
        return vec![unreadable("change", time, raw.get())];
    };
    let members = serde_json::from_str::<Map<String, Value>>(value.get()).unwrap_or_default();
    if members.contains_key("sender") || field == "messages" {
        return read_item(config.account(), time, value);
    }
    let event = match field.as_str() {
        "comments" | "live_comments" => comments::comment(config, time, &members, raw.get()),
        "mentions" => comments::mention(time, &members, raw.get()),
        _ => None,
    };
    vec![event.unwrap_or_else(|| unreadable(&field, time, raw.get()))]
}
