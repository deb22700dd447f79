//! What the router decides.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::settings::RoutingSettings;
use super::state::{EndReason, MediaType, Presence, RequiredSkill};
use crate::{AgentId, InteractionId, OfferId, QueueId, Timestamp};

/// How an offer ended without being accepted. The interaction is back in its queue afterwards,
/// with its time in queue.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum OfferOutcome {
    /// The agent declined it.
    Declined,
    /// The agent let its deadline pass.
    NoAnswer,
    /// The agent stopped being ready while it alerted.
    AgentNotReady,
    /// The agent was taken out of the site's settings.
    AgentRemoved,
    /// The interaction was taken away; its end follows.
    Rescinded,
}

/// Why an interaction that an agent had accepted is back in its queue.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum ReturnCause {
    /// The agent's desktop stayed away for the grace time and the site's rule is to return work.
    DesktopLost,
    /// The agent was taken out of the site's settings.
    AgentRemoved,
}

/// Why an agent's presence changed.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum PresenceCause {
    /// It was asked for.
    Requested,
    /// An offer was not answered.
    NoAnswer,
    /// The desktop stayed away for the grace time.
    DesktopLost,
}

/// Everything that the router decides. The hub writes these to its journal together with the time
/// at which they were decided; folding them again gives the router's state again.
///
/// An event states the outcome, never what has to be recomputed: deadlines, identifiers and chosen
/// agents are in it. Later versions only add optional fields and new events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum RoutingEvent {
    /// The site's settings were replaced.
    Configured {
        /// All of the new settings.
        settings: Arc<RoutingSettings>,
    },
    /// An interaction entered a queue. Its time in queue starts here.
    Enqueued {
        /// The interaction.
        interaction: InteractionId,
        /// The queue.
        queue: QueueId,
        /// What kind of work it is.
        media_type: MediaType,
        /// What its agent must be able to do; sorted by skill, each skill once.
        #[serde(default)]
        skills: Vec<RequiredSkill>,
        /// Minutes by which it is ahead (or, negative, behind).
        #[serde(default)]
        priority: i32,
    },
    /// An interaction alerts at an agent.
    Offered {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// The agent.
        agent: AgentId,
        /// This offer.
        offer: OfferId,
        /// From this moment on it can no longer be accepted.
        deadline: Timestamp,
        /// The agent is not asked; [`RoutingEvent::Connected`] follows at once.
        #[serde(default)]
        auto_answer: bool,
    },
    /// An offer ended without being accepted; the interaction is back in its queue.
    OfferEnded {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// The agent.
        agent: AgentId,
        /// The offer.
        offer: OfferId,
        /// How it ended.
        outcome: OfferOutcome,
        /// Until then the interaction is not offered to this agent again (unless the agent becomes
        /// ready anew). Absent: no exclusion.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        excluded_until: Option<Timestamp>,
    },
    /// An agent who was excluded from an interaction may be offered it again.
    ExclusionEnded {
        /// The interaction.
        interaction: InteractionId,
        /// The agent.
        agent: AgentId,
    },
    /// An agent accepted an offer.
    Connected {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// The agent.
        agent: AgentId,
        /// The offer that was accepted.
        offer: OfferId,
    },
    /// An interaction that an agent had accepted is back in its queue, with its time in queue.
    Returned {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// The agent who had it.
        agent: AgentId,
        /// Why.
        cause: ReturnCause,
    },
    /// The conversation is over and the agent owes a disposition code.
    WrapUpStarted {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// The agent.
        agent: AgentId,
        /// Why the conversation is over.
        reason: EndReason,
        /// When the queue's default code is given by itself.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline: Option<Timestamp>,
    },
    /// An interaction is over. Nothing follows it.
    Ended {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// The agent who had it. Absent when it ended while it waited.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<AgentId>,
        /// Why.
        reason: EndReason,
        /// What became of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        disposition: Option<String>,
        /// The code is the queue's default, given because the wrap-up time ran out.
        #[serde(default)]
        defaulted: bool,
    },
    /// An agent's presence changed.
    PresenceChanged {
        /// The agent.
        agent: AgentId,
        /// The new presence.
        presence: Presence,
        /// Why.
        cause: PresenceCause,
    },
    /// An agent's desktop is gone. No new work is offered while it is away.
    DesktopLost {
        /// The agent.
        agent: AgentId,
        /// The agent goes offline then, unless the desktop is back.
        deadline: Timestamp,
    },
    /// An agent's desktop is back within the grace time.
    DesktopBack {
        /// The agent.
        agent: AgentId,
    },
    /// The counters of queues and agents start again from zero.
    StatsReset,
}

impl RoutingEvent {
    /// The interaction that the event is about.
    pub fn interaction(&self) -> Option<InteractionId> {
        match self {
            Self::Enqueued { interaction, .. }
            | Self::Offered { interaction, .. }
            | Self::OfferEnded { interaction, .. }
            | Self::ExclusionEnded { interaction, .. }
            | Self::Connected { interaction, .. }
            | Self::Returned { interaction, .. }
            | Self::WrapUpStarted { interaction, .. }
            | Self::Ended { interaction, .. } => Some(*interaction),
            Self::Configured { .. }
            | Self::PresenceChanged { .. }
            | Self::DesktopLost { .. }
            | Self::DesktopBack { .. }
            | Self::StatsReset => None,
        }
    }

    /// The agent whom the event concerns.
    pub fn agent(&self) -> Option<&AgentId> {
        match self {
            Self::Offered { agent, .. }
            | Self::OfferEnded { agent, .. }
            | Self::ExclusionEnded { agent, .. }
            | Self::Connected { agent, .. }
            | Self::Returned { agent, .. }
            | Self::WrapUpStarted { agent, .. }
            | Self::PresenceChanged { agent, .. }
            | Self::DesktopLost { agent, .. }
            | Self::DesktopBack { agent } => Some(agent),
            Self::Ended { agent, .. } => agent.as_ref(),
            Self::Configured { .. } | Self::Enqueued { .. } | Self::StatsReset => None,
        }
    }

    /// The queue that the event concerns.
    pub fn queue(&self) -> Option<&QueueId> {
        match self {
            Self::Enqueued { queue, .. }
            | Self::Offered { queue, .. }
            | Self::OfferEnded { queue, .. }
            | Self::Connected { queue, .. }
            | Self::Returned { queue, .. }
            | Self::WrapUpStarted { queue, .. }
            | Self::Ended { queue, .. } => Some(queue),
            _ => None,
        }
    }
}
