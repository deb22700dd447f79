//! Webhook requests: the handshake, the signature, and which changes are this channel's.

use linecard_graph::delivery::{self, Entry, Opened};
use linecard_graph::ids::unreadable;
use linecard_graph::lenient::{instant, text};
use linecard_sdk::connector::{Reception, Rejection, WebhookRequest};
use linecard_sdk::events::Event;
use linecard_sdk::{log, time};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::config::Config;
use crate::people::{Members, People};
use crate::{account, messages, statuses};

#[derive(Deserialize)]
struct Change<'a> {
    field: String,
    #[serde(borrow)]
    value: &'a RawValue,
}

/// The lists of a value whose items are read one by one.
#[derive(Deserialize)]
struct Lists<'a> {
    #[serde(borrow, default)]
    messages: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    message_echoes: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    statuses: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    errors: Option<Vec<&'a RawValue>>,
    #[serde(borrow, default)]
    user_id_update: Option<Vec<&'a RawValue>>,
}

/// What the items of a value have in common.
pub struct Surroundings<'a> {
    /// The channel.
    pub config: &'a Config,
    /// The people whom the value tells about.
    pub people: People<'a>,
    /// When Meta made the entry, in milliseconds; now if it does not say.
    pub time: u64,
    /// Whether Meta said when.
    pub is_dated: bool,
}

/// The fields whose values are lists of messages, statuses and news about people. The rest, such as
/// `calls`, has lists of these names that mean something else.
const CONVERSATIONS: [&str; 3] = ["messages", "smb_message_echoes", "user_id_update"];

/// Answers the handshake, or verifies and reads a delivery. What names a number goes by the number's
/// id; what concerns the whole account goes by the account's.
pub fn receive(config: &Config, request: &WebhookRequest) -> Result<Reception, Rejection> {
    let entries = match delivery::open(request, "whatsapp_business_account")? {
        Opened::Handshake(answer) => return Ok(answer),
        Opened::Entries(entries) => entries,
    };
    let now = time::now();
    let mut events = Vec::new();
    let mut others = Vec::new();
    for raw in entries {
        let Ok(entry) = serde_json::from_str::<Entry<'_>>(raw.get()) else {
            events.push(unreadable("entry", now, raw.get()));
            continue;
        };
        let dated = instant(&entry.time).filter(|time| *time > 0);
        let time = dated.unwrap_or(now);
        let changes = entry.changes.as_deref().unwrap_or_default();
        if changes.is_empty() {
            match &entry.id {
                Some(id) if *id != config.waba_id => others.push(id.clone()),
                _ => events.push(unreadable("entry", time, raw.get())),
            }
        }
        for change in changes {
            match owner(&entry, change) {
                Some(Owner::Number(id)) if id != config.phone_number_id => others.push(id),
                Some(Owner::Account(id)) if id != config.waba_id => others.push(id),
                _ => events.extend(read_change(config, time, dated.is_some(), change)),
            }
        }
    }
    if !others.is_empty() {
        let text = format!(
            "this channel's number is {}, the delivery is for {}",
            config.phone_number_id,
            others.join(", ")
        );
        if events.is_empty() {
            return Err(Rejection::NotForThisChannel(text));
        }
        log::warn(format!("{text}: only this channel's part was taken"));
    }
    Ok(Reception::events(events))
}

enum Owner {
    Number(String),
    Account(String),
}

/// Whom a change is for.
fn owner(entry: &Entry<'_>, raw: &RawValue) -> Option<Owner> {
    let change: Members = serde_json::from_str(raw.get()).unwrap_or_default();
    let metadata = change
        .get("value")
        .and_then(|value| value.get("metadata"))
        .and_then(|metadata| metadata.as_object());
    metadata
        .and_then(|metadata| text(metadata, "phone_number_id"))
        .map(Owner::Number)
        .or_else(|| entry.id.clone().map(Owner::Account))
}

fn read_change(config: &Config, time: u64, is_dated: bool, raw: &RawValue) -> Vec<Event> {
    let whole = raw.get();
    let Ok(Change { field, value }) = serde_json::from_str::<Change<'_>>(whole) else {
        return vec![unreadable("change", time, whole)];
    };
    let (Ok(members), Ok(lists)) = (
        serde_json::from_str::<Members>(value.get()),
        serde_json::from_str::<Lists<'_>>(value.get()),
    ) else {
        return vec![unreadable(&field, time, whole)];
    };
    let around = Surroundings {
        config,
        people: People::of(&members),
        time,
        is_dated,
    };
    if !CONVERSATIONS.contains(&field.as_str()) {
        return vec![account::change(&field, &members, time, whole)];
    }
    let mut events = Vec::new();
    for item in lists.messages.iter().flatten() {
        events.push(messages::message(&around, item.get()));
    }
    for item in lists.message_echoes.iter().flatten() {
        events.push(messages::echo(&around, item.get()));
    }
    for item in lists.statuses.iter().flatten() {
        events.push(statuses::status(&around, item.get()));
    }
    for item in lists.errors.iter().flatten() {
        events.push(statuses::error(&around, item.get()));
    }
    for item in lists.user_id_update.iter().flatten() {
        events.push(messages::user_id_update(&around, item.get()));
    }
    if events.is_empty() {
        events.push(account::change(&field, &members, time, whole));
    }
    events
}
