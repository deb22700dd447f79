//! What failed for good on a channel, kept until a person redelivers or deletes it.

use serde::{Deserialize, Serialize};

use crate::outbox::OutboxEntry;
use crate::platform::{Event, Refusal, WebhookRequest};
use crate::{ChannelId, ContactId, DeadLetterId, InteractionId, MessageId, Timestamp};

/// Something that failed for good.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// Its id: the message's or the action's, if it was to go out.
    pub id: DeadLetterId,
    /// The channel.
    pub channel: ChannelId,
    /// When it failed.
    pub at: Timestamp,
    /// Why.
    pub reason: Refusal,
    /// What it is.
    pub what: Undone,
}

/// What was not done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Undone {
    /// A network's request that has a right signature but could not be read. Headers that can hold
    /// a credential, and the query, are not kept.
    Webhook(WebhookRequest),
    /// A customer's message that could not become work.
    Event {
        /// When it was accepted.
        accepted_at: Timestamp,
        /// The event.
        event: Box<Event>,
    },
    /// Something that was to be done on the network.
    Action(Box<UndoneAction>),
}

/// An action that failed, or whose outcome is unknown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UndoneAction {
    /// What it does, such as `send-message`.
    pub name: String,
    /// The message that it sends; none for a like and its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// The customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// The interaction that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interaction: Option<InteractionId>,
    /// Whether the customer may have it already, whole or in part. It is only sent again if somebody
    /// says so.
    pub may_have_arrived: bool,
    /// How the last attempt left it; none if the network reported the failure after it had taken it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entry: Option<OutboxEntry>,
}
