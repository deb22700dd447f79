//! What became of sent messages, and errors that Meta reports by webhook.

use linecard_graph::ids::{bounded, digest, unreadable, usable};
use linecard_graph::lenient::{instant, text};
use linecard_sdk::events::{
    ChannelState, ChannelStatus, Event, EventKind, Receipt, ReceiptScope, ReceiptState, Refusal,
    SentMessage,
};
use serde_json::Value;

use crate::people::{Members, thread};
use crate::refusals::remedy;
use crate::webhook::Surroundings;

/// One item of `statuses[]`. Meta repeats and reorders them; message and state make the id.
pub fn status(around: &Surroundings<'_>, raw: &str) -> Event {
    read(around, raw).unwrap_or_else(|| unreadable("status", around.time, raw))
}

fn read(around: &Surroundings<'_>, raw: &str) -> Option<Event> {
    let status: Members = serde_json::from_str(raw).ok()?;
    let message = usable(text(&status, "id"))?;
    let word = text(&status, "status")?;
    let time = moment(&status, around.time);
    if text(&status, "recipient_type").as_deref() == Some("group") {
        return Some(unreadable("group-status", time, raw));
    }
    let state = match word.as_str() {
        "sent" => Some(ReceiptState::Sent),
        "delivered" => Some(ReceiptState::Delivered),
        // A voice message that was played was read.
        "read" | "played" => Some(ReceiptState::Read),
        "failed" => Some(ReceiptState::Failed),
        _ => None,
    };
    let reason = status.get("errors").and_then(first_error);
    let kind = match state {
        Some(state) => {
            // Meta hands back what the hub sent along: it finds the message even when the answer to
            // the send was lost.
            let scope = match usable(text(&status, "biz_opaque_callback_data")) {
                Some(client_ref) => ReceiptScope::ClientRef(SentMessage {
                    client_ref,
                    id: Some(message.clone()),
                }),
                None => ReceiptScope::Messages(vec![message.clone()]),
            };
            EventKind::Receipt(Receipt {
                state,
                scope,
                reason,
            })
        }
        None => EventKind::Other(format!("status-{}", bounded(&word))),
    };
    let customer = around.people.author(
        text(&status, "recipient_user_id"),
        text(&status, "recipient_id"),
        text(&status, "recipient_parent_user_id"),
    );
    let mut event = Event::new(format!("{message}:{}", bounded(&word)), time, kind).raw(raw);
    event.thread = customer
        .as_ref()
        .map(|customer| thread(around.config, &customer.identity));
    event.author = customer;
    Some(event)
}

/// One item of `value.errors[]`: it is about the number, not about a message.
pub fn error(around: &Surroundings<'_>, raw: &str) -> Event {
    let value: Value = serde_json::from_str(raw).unwrap_or_default();
    let Some(refusal) = refusal(&value) else {
        return unreadable("error", around.time, raw);
    };
    let remedy = refusal.code.parse().ok().and_then(remedy);
    let status = ChannelStatus {
        state: match remedy {
            Some(_) => ChannelState::Stopped,
            None => ChannelState::Restricted,
        },
        code: Some(refusal.code),
        text: refusal.text,
        remedy: remedy.map(str::to_owned),
    };
    // The same trouble at another time is told again, the same delivery is not.
    let time = around.is_dated.then(|| around.time.to_string());
    let id = format!("error:{}", digest(&[&time.unwrap_or_default(), raw]));
    Event::new(id, around.time, EventKind::ChannelStatus(status)).raw(raw)
}

/// The first of `errors[]`.
pub fn first_error(errors: &Value) -> Option<Refusal> {
    errors.as_array()?.iter().find_map(refusal)
}

/// Code and text of an error; the details say most, and titles will go.
fn refusal(error: &Value) -> Option<Refusal> {
    let error = error.as_object()?;
    let code = text(error, "code")?;
    let details = error
        .get("error_data")
        .and_then(Value::as_object)
        .and_then(|data| text(data, "details"))
        .or_else(|| text(error, "details"));
    let title = text(error, "message").or_else(|| text(error, "title"));
    let mut parts: Vec<String> = title.into_iter().chain(details).collect();
    parts.dedup();
    Some(Refusal::new(code, parts.join(" – ")))
}

/// An item's time, or the entry's.
pub fn moment(members: &Members, entry_time: u64) -> u64 {
    members
        .get("timestamp")
        .and_then(instant)
        .filter(|time| *time > 0)
        .unwrap_or(entry_time)
}
