//! Changes that concern the account or the number as a whole.

use linecard_sdk::events::{ChannelState, ChannelStatus, Event, EventKind};
use linecard_sdk::ids::bounded;
use linecard_sdk::json::Lenient as _;

use crate::people::Members;

/// A change without messages. What says something about the channel's own state becomes that; all
/// other fields are kept under their name.
pub fn change(field: &str, value: &Members, time: u64, raw: &str) -> Event {
    let kept = Event::kept(field, time, raw);
    let word = value.text("event").unwrap_or_default();
    let state = match (field, word.as_str()) {
        (
            "account_update",
            "ACCOUNT_DELETED" | "DISABLED_UPDATE" | "PARTNER_REMOVED" | "PARTNER_APP_UNINSTALLED",
        ) => ChannelState::Stopped,
        ("account_update", "ACCOUNT_RESTRICTION" | "ACCOUNT_VIOLATION")
        | ("phone_number_quality_update", "FLAGGED" | "DOWNGRADE")
        | (
            "message_template_status_update",
            "REJECTED" | "FLAGGED" | "DISABLED" | "PAUSED" | "PENDING_DELETION",
        ) => ChannelState::Restricted,
        ("phone_number_quality_update", "UNFLAGGED" | "UPGRADE" | "ONBOARDING")
        | ("account_update", "VERIFIED_ACCOUNT") => ChannelState::Connected,
        _ => return kept,
    };
    let name = value.text("message_template_name");
    let mut about = format!("{field}: {}", bounded(&word, 64));
    if let Some(name) = name {
        about = format!("{about} (template {name})");
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
