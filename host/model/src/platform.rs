//! What the hub and a network say to each other: the `events`, `actions`, `connector-api` and
//! `analyzer-api` interfaces of the plug-in contract, as plain types.
//!
//! Names are the contract's names. Times are [`Timestamp`]s to the millisecond. An absent option
//! means that the network did not say, never an empty value. In serialized form fields, enum values
//! and variants are `snake_case`, variants with a payload are externally tagged
//! (`{"message_created": {…}}`), and absent options and empty lists may be left out.

mod action;
mod analysis;
mod event;
mod failure;
mod finding;
mod message;
mod template;
mod webhook;

pub use action::{
    Action, ActionRequest, Budget, EditTarget, Outcome, Outgoing, OutgoingAttachment,
    ReactionTarget, Template,
};
pub use analysis::{Analysis, ConfigProblem, Label, Score, Subject};
pub use event::{
    Alias, Author, CONSENT, CONSENT_GIVEN, CONSENT_MARKETING_WITHDRAWN, CONSENT_SOURCE,
    CONSENT_WITHDRAWN, ChannelState, ChannelStatus, Deletion, Edit, Event, EventKind, Fact,
    Identity, Postback, PostbackSource, Profile, ProfileChange, Reaction, Receipt, ReceiptScope,
    ReceiptState, Referral, SentMessage, Thread,
};
pub use failure::{Failure, Partly, RECIPIENT_REFUSES, Refusal, Rest, Throttle, Unfinished};
pub use finding::{Finding, Severity};
pub use message::{Attachment, Location, Message, SharedContact, Structured};
pub use template::{
    TemplateCategory, TemplateDefinition, TemplateList, TemplateParameter, TemplatePart,
    TemplatePartKind, TemplateState,
};
pub use webhook::{
    PollPage, Reception, Rejection, Step, StoredMedia, Wait, WebhookRequest, WebhookResponse,
};

use crate::Timestamp;

/// The moment that many milliseconds after the Unix epoch. A value beyond what can be represented
/// (the year 9999), which only a faulty or hostile plug-in gives, becomes the latest whole second.
pub fn timestamp_from_millis(millis: u64) -> Timestamp {
    let latest = Timestamp::MAX.as_second() * 1_000;
    let millis = i64::try_from(millis).map_or(latest, |millis| millis.min(latest));
    // The bound makes the conversion succeed; the fallback is there so that nothing can panic.
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::MAX)
}

/// The whole milliseconds since the Unix epoch; 0 for a moment before it.
pub fn timestamp_to_millis(time: Timestamp) -> u64 {
    u64::try_from(time.as_millisecond()).unwrap_or(0)
}

#[cfg(test)]
mod tests;
