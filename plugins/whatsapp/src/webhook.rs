//! Webhook requests: the handshake, the signature, and which changes are this channel's.

use linecard_graph::delivery::{self, Entry, Opened, field_of, keep, others_told};
use linecard_sdk::connector::{Intake, Reception, Rejection, WebhookRequest};
use linecard_sdk::events::Event;
use linecard_sdk::json::{Lenient as _, Part};

use crate::config::Config;
use crate::people::People;
use crate::{account, messages, statuses};

/// What the items of a value have in common.
pub struct Surroundings<'a> {
    /// The channel.
    pub config: &'a Config,
    /// The people whom the value tells about.
    pub people: People,
    /// When Meta made the entry, in milliseconds; now if it does not say.
    pub time: u64,
    /// Whether Meta said when.
    pub is_dated: bool,
}

/// The fields whose values are lists of messages, statuses and news about people. The rest, such as
/// `calls`, has lists of these names that mean something else.
const CONVERSATIONS: [&str; 4] = [
    "messages",
    "smb_message_echoes",
    "user_id_update",
    "user_preferences",
];

/// Reads one item of a list.
type Reader = fn(&Surroundings<'_>, Part<'_>) -> Vec<Event>;

/// The lists of a value whose items are read one by one, in the order in which they are taken.
const LISTS: [(&str, Reader); 6] = [
    ("messages", messages::message),
    ("message_echoes", messages::echo),
    ("statuses", statuses::status),
    ("errors", statuses::error),
    ("user_id_update", messages::user_id_update),
    ("user_preferences", messages::preference),
];

/// Answers the handshake, or verifies and reads a delivery. What names a number goes by the number's
/// id; what concerns the whole account goes by the account's.
pub fn receive(config: &Config, request: &WebhookRequest) -> Result<Reception, Rejection> {
    let body = match delivery::open(request, "whatsapp_business_account")? {
        Opened::Answered(answer) => return Ok(answer),
        Opened::Delivery(body) => body,
    };
    let mut intake = Intake::new();
    let now = intake.now();
    let mut others = Vec::new();
    let mut is_ours = false;
    for part in body.part().list("entry") {
        let Some(entry) = Entry::of(part) else {
            is_ours = true;
            keep(&mut intake, "entry", now, part);
            continue;
        };
        let time = entry.time.unwrap_or(now);
        let changes = entry.list("changes");
        if changes.is_empty() {
            match &entry.id {
                Some(id) if *id != config.waba_id => others.push(id.clone()),
                _ => {
                    is_ours = true;
                    keep(&mut intake, "entry", time, part);
                }
            }
        }
        for change in changes {
            match owner(&entry, change) {
                Some(Owner::Number(id)) if id != config.phone_number_id => others.push(id),
                Some(Owner::Account(id)) if id != config.waba_id => others.push(id),
                _ => {
                    is_ours = true;
                    read_change(config, &entry, time, change, &mut intake);
                }
            }
        }
    }
    let own = format!("number is {}", config.phone_number_id);
    others_told(others, &own, is_ours)?;
    Ok(intake.reception())
}

enum Owner {
    Number(String),
    Account(String),
}

/// Whom a change is for.
fn owner(entry: &Entry<'_>, change: Part<'_>) -> Option<Owner> {
    let metadata = change
        .get("value")
        .and_then(|value| value.get("metadata"))
        .and_then(Part::object);
    metadata
        .and_then(|metadata| metadata.text("phone_number_id"))
        .map(Owner::Number)
        .or_else(|| entry.id.clone().map(Owner::Account))
}

fn read_change(
    config: &Config,
    entry: &Entry<'_>,
    time: u64,
    change: Part<'_>,
    intake: &mut Intake,
) {
    let field = field_of(change).unwrap_or_else(|| "change".to_owned());
    let Some(value) = change.get("value").filter(|value| value.is_object()) else {
        return keep(intake, &field, time, change);
    };
    if !CONVERSATIONS.contains(&field.as_str()) {
        return intake.read(&field, change, |change, _| {
            let members = value.object().ok_or("its value is no object")?;
            Ok(vec![account::change(&field, &members, time, change.raw())])
        });
    }
    let members = value.members();
    let contacts = members.get("contacts").map(|list| list.each());
    let contacts = contacts.unwrap_or_default();
    let around = Surroundings {
        config,
        people: People(contacts.into_iter().filter_map(Part::object).collect()),
        time,
        is_dated: entry.time.is_some(),
    };
    let mut is_read = false;
    for (name, read) in LISTS {
        for item in members
            .get(name)
            .map(|list| list.each())
            .unwrap_or_default()
        {
            is_read = true;
            intake.read(name, item, |item, _| Ok(read(&around, item)));
        }
    }
    if !is_read {
        keep(intake, &field, time, change);
    }
}
