//! Webhook requests: the handshake, the signature, and the batch.

use linecard_graph::webhook::Request;
use linecard_sdk::connector::{Reception, Rejection, WebhookRequest};
use linecard_sdk::events::Event;
use linecard_sdk::{log, time};
use serde_json::value::RawValue;

use crate::config::Config;
use crate::events::{read_item, read_standby, unreadable};
use crate::payload::{Body, Entry};

/// Answers the handshake, or verifies and reads a delivery.
pub fn receive(config: &Config, request: &WebhookRequest) -> Result<Reception, Rejection> {
    match linecard_graph::webhook::open(request)? {
        Request::Handshake(answer) => Ok(answer),
        Request::Delivery => Ok(Reception::events(read_body(
            config,
            &request.body,
            time::now(),
        )?)),
    }
}

/// Reads a body whose signature is right. `now` stands in for times that Meta left out.
pub fn read_body(config: &Config, body: &[u8], now: u64) -> Result<Vec<Event>, Rejection> {
    let body: Body<'_> =
        serde_json::from_slice(body).map_err(|error| Rejection::Malformed(error.to_string()))?;
    if body.object != "page" {
        return Err(Rejection::NotForThisChannel(format!(
            "the delivery is about `{}`, Messenger's are about `page`",
            body.object
        )));
    }
    let mut events = Vec::new();
    let mut others = Vec::new();
    for raw in &body.entry {
        match serde_json::from_str::<Entry<'_>>(raw.get()) {
            Ok(entry) if entry.id.as_deref() == Some(config.page_id.as_str()) => {
                read_entry(config, &entry, raw, now, &mut events);
            }
            Ok(Entry { id: Some(page), .. }) => others.push(page),
            _ => events.push(unreadable("entry", now, raw.get())),
        }
    }
    if !others.is_empty() {
        let others = others.join(", ");
        let text = format!(
            "this channel's page is {}, the delivery is for {others}",
            config.page_id
        );
        if events.is_empty() {
            return Err(Rejection::NotForThisChannel(text));
        }
        log::warn(format!("{text}: only this channel's part was taken"));
    }
    Ok(events)
}

fn read_entry(
    config: &Config,
    entry: &Entry<'_>,
    raw: &RawValue,
    now: u64,
    events: &mut Vec<Event>,
) {
    let time = entry.time.unwrap_or(now);
    let before = events.len();
    for item in entry.messaging.iter().flatten() {
        events.extend(read_item(config, time, item));
    }
    for item in entry.standby.iter().flatten() {
        events.push(read_standby(config, time, item));
    }
    for change in entry.changes.iter().flatten() {
        events.push(unreadable("page-change", time, change.get()));
    }
    if events.len() == before {
        events.push(unreadable("entry", time, raw.get()));
    }
}
