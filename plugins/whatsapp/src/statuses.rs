//! What became of sent messages, and errors that Meta reports by webhook.

use linecard_graph::ids::usable;
use linecard_sdk::events::{
    ChannelState, ChannelStatus, Event, EventKind, Receipt, ReceiptScope, ReceiptState, Refusal,
    SentMessage,
};
use linecard_sdk::ids::{bounded, digest};
use linecard_sdk::json::{Lenient as _, Part};
use serde_json::Value;

use crate::people::{Members, thread};
use crate::refusals::remedy;
use crate::webhook::Surroundings;

/// One item of `statuses[]`. Meta repeats and reorders them; message and state make the id.
pub fn status(around: &Surroundings<'_>, part: Part<'_>) -> Vec<Event> {
    read(around, part).unwrap_or_else(|| vec![Event::kept("status", around.time, part.raw())])
}

fn read(around: &Surroundings<'_>, part: Part<'_>) -> Option<Vec<Event>> {
    let raw = part.raw();
    let status = part.object()?;
    let message = usable(status.text("id"))?;
    let word = status.text("status")?;
    let time = moment(&status, around.time);
    if status.text("recipient_type").as_deref() == Some("group") {
        return Some(vec![Event::kept("group-status", time, raw)]);
    }
    let state = match word.as_str() {
        "sent" => Some(ReceiptState::Sent),
        "delivered" => Some(ReceiptState::Delivered),
        // A voice message that was played was read.
        "read" | "played" => Some(ReceiptState::Read),
        "failed" => Some(ReceiptState::Failed),
        _ => None,
    };
    let reason = first_error(&status);
    let stopped = reason
        .as_ref()
        .filter(|_| state == Some(ReceiptState::Failed))
        .and_then(|reason| stopped(reason, &message, time, raw));
    let kind = match state {
        Some(state) => {
            // Meta hands back what the hub sent along: it finds the message even when the answer to
            // the send was lost.
            let scope = match usable(status.text("biz_opaque_callback_data")) {
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
        None => EventKind::Other(format!("status-{}", bounded(&word, 64))),
    };
    let customer = around.people.author(
        status.text("recipient_user_id"),
        status.text("recipient_id"),
        status.text("recipient_parent_user_id"),
    );
    let mut event = Event::new(format!("{message}:{}", bounded(&word, 64)), time, kind).raw(raw);
    event.thread = customer
        .as_ref()
        .map(|customer| thread(around.config, &customer.identity));
    event.author = customer;
    Some(std::iter::once(event).chain(stopped).collect())
}

/// A message that failed because of the account or its token says that nothing can be sent: the channel
/// is told, as if the refusal had come at once.
fn stopped(reason: &Refusal, message: &str, time: u64, raw: &str) -> Option<Event> {
    let remedy = remedy_of(reason)?;
    let status = ChannelStatus {
        state: ChannelState::Stopped,
        code: Some(reason.code.clone()),
        text: reason.text.clone(),
        remedy: Some(remedy.to_owned()),
    };
    let id = format!("{message}:failed:channel");
    Some(Event::new(id, time, EventKind::ChannelStatus(status)).raw(raw))
}

/// What a person must do about a code, with its sub-code after a slash.
fn remedy_of(reason: &Refusal) -> Option<&'static str> {
    let (code, subcode) = reason.code.split_once('/').unwrap_or((&reason.code, "0"));
    remedy(code.parse().ok()?, subcode.parse().unwrap_or_default())
}

/// One item of `value.errors[]`: it is about the number, not about a message. What a person must mend stops
/// the channel; what passes by itself, such as a rate limit, is kept and changes nothing: no news would
/// ever say that it is over.
pub fn error(around: &Surroundings<'_>, part: Part<'_>) -> Vec<Event> {
    let raw = part.raw();
    let Some(refusal) = refusal(&part.value()) else {
        return vec![Event::kept("error", around.time, raw)];
    };
    let kind = match remedy_of(&refusal) {
        Some(remedy) => EventKind::ChannelStatus(ChannelStatus {
            state: ChannelState::Stopped,
            code: Some(refusal.code),
            text: refusal.text,
            remedy: Some(remedy.to_owned()),
        }),
        None => EventKind::Other(format!("error-{}", bounded(&refusal.code, 64))),
    };
    // The same trouble at another time is told again, the same delivery is not.
    let time = around.is_dated.then(|| around.time.to_string());
    let id = format!("error:{}", digest(&[&time.unwrap_or_default(), raw]));
    vec![Event::new(id, around.time, kind).raw(raw)]
}

/// The first of `errors[]` that has a code.
pub fn first_error(members: &Members) -> Option<Refusal> {
    members.list("errors").iter().find_map(refusal)
}

/// Code and text of an error; the details say most, and titles will go.
fn refusal(error: &Value) -> Option<Refusal> {
    let code = error.text("code")?;
    let code = match error.text("error_subcode") {
        Some(subcode) => format!("{code}/{subcode}"),
        None => code,
    };
    let details = error
        .text_at(&["error_data", "details"])
        .or_else(|| error.text("details"));
    let title = error.first_text(&["message", "title"]);
    let mut parts: Vec<String> = title.into_iter().chain(details).collect();
    parts.dedup();
    Some(Refusal::new(code, parts.join(" – ")))
}

/// An item's time, or the entry's.
pub fn moment(members: &Members, entry_time: u64) -> u64 {
    members.time("timestamp").unwrap_or(entry_time)
}
