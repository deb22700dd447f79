//! Webhook requests: direct messages in all the shapes that are seen, comments and mentions.

use linecard_graph::delivery::{self, field_of};
use linecard_graph::messaging::{read_item, read_standby};
use linecard_sdk::connector::{Reception, Rejection, WebhookRequest};
use linecard_sdk::events::Event;
use linecard_sdk::json::Part;

use crate::comments;
use crate::config::Config;

/// Answers the handshake, or verifies and reads a delivery.
pub fn receive(config: &Config, request: &WebhookRequest) -> Result<Reception, Rejection> {
    let (object, account) = ("instagram", &config.account_id);
    delivery::receive(request, object, account, |entry, time, intake| {
        for item in entry.list("messaging") {
            intake.read("item", item, |item, _| {
                Ok(read_item(config.account(), time, item))
            });
        }
        for item in entry.list("standby") {
            intake.read("standby", item, |item, _| {
                Ok(read_standby(config.account(), time, item))
            });
        }
        let mut changes = entry.list("changes");
        // Some deliveries have the change's members in the entry itself.
        changes.extend(entry.has("field").then_some(entry.part));
        for change in changes {
            intake.read("change", change, |change, _| {
                Ok(read_change(config, time, change))
            });
        }
    })
}

/// Reads one change. What has a sender is an item of a conversation, whatever the field is called.
fn read_change(config: &Config, time: u64, part: Part<'_>) -> Vec<Event> {
    let raw = part.raw();
    let value = part.get("value");
    let (Some(field), Some(value)) = (field_of(part), value) else {
        let name = field_of(part).unwrap_or_else(|| "change".to_owned());
        return vec![Event::kept(&name, time, raw)];
    };
    let members = value.object().unwrap_or_default();
    if members.contains_key("sender") || field == "messages" {
        return read_item(config.account(), time, value);
    }
    let event = match field.as_str() {
        "comments" | "live_comments" => comments::comment(config, time, &members, raw),
        "mentions" => comments::mention(time, &members, raw),
        _ => None,
    };
    vec![event.unwrap_or_else(|| Event::kept(&field, time, raw))]
}
