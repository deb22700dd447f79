//! Changes that concern the account or the number as a whole.

use linecard_sdk::events::{ChannelState, ChannelStatus, Event, EventKind};
use linecard_sdk::ids::bounded;
use linecard_sdk::json::Lenient as _;

use crate::people::Members;

/// A change without messages. What says something about the channel's own state becomes that; all
/// other fields are kept under their name. A template's state is not the channel's: the next message that
/// needs the template is told.
pub fn change(field: &str, value: &Members, time: u64, raw: &str) -> Event {
    let kept = Event::kept(field, time, raw);
    let word = value.text("event").unwrap_or_default();
    // A ban has states of its own: announced, begun, and taken back.
    let ban = value
        .get("ban_info")
        .and_then(serde_json::Value::as_object)
        .and_then(|ban| ban.text("waba_ban_state"))
        .unwrap_or_default();
    let state = match (field, word.as_str(), ban.as_str()) {
        ("account_update", "DISABLED_UPDATE", "REINSTATE")
        | ("phone_number_quality_update", "UNFLAGGED" | "UPGRADE" | "ONBOARDING", _)
        | (
            "account_update",
            "VERIFIED_ACCOUNT" | "ACCOUNT_RECONNECTED" | "PARTNER_ADDED" | "PARTNER_APP_INSTALLED",
            _,
        ) => ChannelState::Connected,
        ("account_update", "DISABLED_UPDATE", "SCHEDULE_FOR_DISABLE")
        | ("account_update", "ACCOUNT_RESTRICTION" | "ACCOUNT_VIOLATION", _)
        | ("phone_number_quality_update", "FLAGGED" | "DOWNGRADE", _) => ChannelState::Restricted,
        (
            "account_update",
            "ACCOUNT_DELETED"
            | "ACCOUNT_OFFBOARDED"
            | "DISABLED_UPDATE"
            | "PARTNER_REMOVED"
            | "PARTNER_APP_UNINSTALLED",
            _,
        ) => ChannelState::Stopped,
        _ => return kept,
    };
    let mut about = format!("{field}: {}", bounded(&word, 64));
    if !ban.is_empty() {
        about = format!("{about} ({})", bounded(&ban, 64));
    }
    for detail in ["reason", "current_limit"] {
        if let Some(detail) = value.text(detail) {
            about = format!("{about}, {detail}");
        }
    }
    let remedy = (state != ChannelState::Connected)
        .then(|| "Look at the account in Meta's WhatsApp Manager.".to_owned());
    let status = ChannelStatus {
        state,
        code: Some(word),
        text: about,
        remedy,
    };
    Event {
        kind: EventKind::ChannelStatus(status),
        ..kept
    }
}
