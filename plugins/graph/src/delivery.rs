//! A webhook's body: one part for each account and moment.

use linecard_sdk::connector::{Reception, Rejection, WebhookRequest};
use linecard_sdk::events::Event;
use linecard_sdk::{log, time};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::ids::unreadable;
use crate::lenient::{instant, text_or_number};
use crate::webhook;

#[derive(Deserialize)]
struct Body<'a> {
    object: String,
    #[serde(borrow, default)]
    entry: Vec<&'a RawValue>,
}

/// One account's part of a delivery. Every list may be missing.
#[derive(Deserialize)]
pub struct Entry<'a> {
    /// The account.
    #[serde(default, deserialize_with = "text_or_number")]
    pub id: Option<String>,
    /// When Meta made the entry: in milliseconds for messages, in seconds or as a text elsewhere.
    #[serde(default)]
    pub time: Value,
    /// What happened in the conversations that this app has.
    #[serde(borrow, default)]
    pub messaging: Option<Vec<&'a RawValue>>,
    /// What happened in conversations that another app has.
    #[serde(borrow, default)]
    pub standby: Option<Vec<&'a RawValue>>,
    /// What happened elsewhere, each with its `field` and `value`.
    #[serde(borrow, default)]
    pub changes: Option<Vec<&'a RawValue>>,
    /// The field of a change that stands in the entry itself.
    #[serde(borrow, default)]
    pub field: Option<&'a RawValue>,
}

/// A webhook request whose signature is right.
pub enum Opened<'a> {
    /// The handshake; this is the answer.
    Handshake(Reception),
    /// A delivery; these are its entries, as they came.
    Entries(Vec<&'a RawValue>),
}

/// Answers the handshake, or verifies a delivery and takes its body apart. `object` is what the
/// delivery must be about, such as `page`.
pub fn open<'a>(request: &'a WebhookRequest, object: &str) -> Result<Opened<'a>, Rejection> {
    if let webhook::Request::Handshake(answer) = webhook::open(request)? {
        return Ok(Opened::Handshake(answer));
    }
    let body: Body<'_> = serde_json::from_slice(&request.body)
        .map_err(|error| Rejection::Malformed(error.to_string()))?;
    if body.object != object {
        return Err(Rejection::NotForThisChannel(format!(
            "the delivery is about `{}`, this connector's are about `{object}`",
            body.object
        )));
    }
    Ok(Opened::Entries(body.entry))
}

/// Answers the handshake, or verifies a delivery and reads the entries of one account.
///
/// `object` is what the delivery must be about, such as `page`; `read` gets each entry with its time
/// in milliseconds and its text, and puts the events in the payload's order. An entry that gives no
/// event and is not understood is kept as it is.
pub fn receive(
    request: &WebhookRequest,
    object: &str,
    account: &str,
    read: impl Fn(&Entry<'_>, u64, &RawValue, &mut Vec<Event>),
) -> Result<Reception, Rejection> {
    let entries = match open(request, object)? {
        Opened::Handshake(answer) => return Ok(answer),
        Opened::Entries(entries) => entries,
    };
    let now = time::now();
    let mut events = Vec::new();
    let mut others = Vec::new();
    let mut is_ours = false;
    for raw in entries {
        match serde_json::from_str::<Entry<'_>>(raw.get()) {
            Ok(entry) if entry.id.as_deref() == Some(account) => {
                is_ours = true;
                let time = instant(&entry.time).unwrap_or(now);
                let before = events.len();
                read(&entry, time, raw, &mut events);
                if events.len() == before && !entry.is_understood() {
                    events.push(unreadable("entry", time, raw.get()));
                }
            }
            Ok(Entry {
                id: Some(other), ..
            }) => others.push(other),
            _ => {
                is_ours = true;
                events.push(unreadable("entry", now, raw.get()));
            }
        }
    }
    if !others.is_empty() {
        let others = others.join(", ");
        let text = format!("this channel's account is {account}, the delivery is for {others}");
        if !is_ours {
            return Err(Rejection::NotForThisChannel(text));
        }
        log::warn(format!("{text}: only this channel's part was taken"));
    }
    Ok(Reception::events(events))
}

impl Entry<'_> {
    /// Whether there was something to read, so that no event means that the operator wants none.
    fn is_understood(&self) -> bool {
        self.changes.as_ref().is_some_and(|list| !list.is_empty())
    }
}
