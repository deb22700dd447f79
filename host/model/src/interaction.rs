//! The unit that is routed.

use serde::{Deserialize, Serialize};

use crate::manifest::Visibility;
use crate::routing::{InteractionState, MediaType, RequiredSkill};
use crate::{ChannelId, ContactId, InteractionId, QueueId, Timestamp};

/// What a customer wants of the company, from the first message until a disposition code closes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interaction {
    /// The interaction.
    pub id: InteractionId,
    /// The customer.
    pub contact: ContactId,
    /// The channel.
    pub channel: ChannelId,
    /// The network's key of the conversation.
    pub thread: String,
    /// Who can read it.
    pub visibility: Visibility,
    /// The kind of work that it is.
    pub media_type: MediaType,
    /// The queue.
    pub queue: QueueId,
    /// The skills that it needs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<RequiredSkill>,
    /// Where it is on its way.
    pub state: InteractionState,
    /// When it began.
    pub created_at: Timestamp,
    /// When an agent first accepted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answered_at: Option<Timestamp>,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Who had it last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_agent: Option<crate::AgentId>,
    /// When the customer last wrote, by the network's clock: reply windows count from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_inbound_at: Option<Timestamp>,
    /// When the company last wrote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_outbound_at: Option<Timestamp>,
    /// How many messages the customer wrote.
    #[serde(default)]
    pub inbound_count: u32,
    /// How many messages the company wrote.
    #[serde(default)]
    pub outbound_count: u32,
}

impl Interaction {
    /// Whether it is not over.
    pub fn is_open(&self) -> bool {
        !matches!(self.state, InteractionState::Ended { .. })
    }
}
