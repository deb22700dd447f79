//! What the router decides.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::cause::{
    Choice, LegEnd, OfferOutcome, OwnerCause, PresenceCause, ReturnCause, StepCause,
    TransferTarget, UnparkCause,
};
use super::service::{ServiceClock, ServicePromise};
use super::settings::{Plan, RoutingSettings};
use super::state::{EndReason, LegRole, MediaType, Presence, RequiredSkill, WaitingFor};
use crate::{AgentId, InteractionId, OfferId, QueueId, ServicePolicyId, StationId, Timestamp};

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
        /// Who may get it, one after the other.
        #[serde(default, skip_serializing_if = "Plan::is_plain")]
        plan: Plan,
    },
    /// The company writes first: an interaction begins with its owner, and waited for nobody.
    Begun {
        /// The interaction.
        interaction: InteractionId,
        /// The queue to which it belongs.
        queue: QueueId,
        /// Its owner.
        agent: AgentId,
        /// What kind of work it is.
        media_type: MediaType,
        /// What another agent must be able to do, should it come to one; sorted by skill, each skill once.
        #[serde(default)]
        skills: Vec<RequiredSkill>,
        /// Minutes by which it is ahead (or, negative, behind), should it come to wait.
        #[serde(default)]
        priority: i32,
        /// Who may get it, one after the other, should it come to wait.
        #[serde(default, skip_serializing_if = "Plan::is_plain")]
        plan: Plan,
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
        /// As what.
        #[serde(default, skip_serializing_if = "LegRole::is_owner")]
        role: LegRole,
        /// What decided. Absent: somebody named the agent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        choice: Option<Choice>,
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
        /// As what.
        #[serde(default, skip_serializing_if = "LegRole::is_owner")]
        role: LegRole,
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
        /// As what.
        #[serde(default, skip_serializing_if = "LegRole::is_owner")]
        role: LegRole,
    },
    /// The next routing step of an interaction began.
    StepBegan {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// The step; 1 is the first.
        step: u16,
        /// When it ends. Absent: never.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        /// Why.
        cause: StepCause,
    },
    /// The agent put an interaction aside for a moment.
    Held {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// The agent.
        agent: AgentId,
    },
    /// The agent went on with an interaction.
    Resumed {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// The agent.
        agent: AgentId,
    },
    /// The agent put an interaction away for a time.
    Parked {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// The agent.
        agent: AgentId,
        /// When it comes back by itself.
        until: Timestamp,
        /// Whose turn it is.
        waiting_for: WaitingFor,
    },
    /// A parked interaction waits again: for its agent, then for anybody in its queue.
    Unparked {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// The agent who had parked it.
        agent: AgentId,
        /// Why.
        cause: UnparkCause,
        /// Who may get it, one after the other.
        #[serde(default, skip_serializing_if = "Plan::is_plain")]
        plan: Plan,
    },
    /// An interaction was given on, and waits.
    Transferred {
        /// The interaction.
        interaction: InteractionId,
        /// The queue in which it was.
        from_queue: QueueId,
        /// Its queue now.
        queue: QueueId,
        /// The agent who had it, or had parked it. Absent: nobody.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<AgentId>,
        /// To whom.
        to: TransferTarget,
        /// Who may get it, one after the other.
        #[serde(default, skip_serializing_if = "Plan::is_plain")]
        plan: Plan,
        /// Until then it is not offered to the agent who had it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        excluded_until: Option<Timestamp>,
    },
    /// A waiting interaction went over to another queue, with its time in queue.
    Overflowed {
        /// The interaction.
        interaction: InteractionId,
        /// The queue in which it was.
        from_queue: QueueId,
        /// Its queue now.
        queue: QueueId,
        /// Which of the former queue's rules; 1 is the first.
        rule: u16,
        /// Who may get it, one after the other.
        #[serde(default, skip_serializing_if = "Plan::is_plain")]
        plan: Plan,
    },
    /// An interaction has another owner, without an offer.
    OwnerChanged {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// The owner before, or who had parked it. Absent: nobody.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        from: Option<AgentId>,
        /// The owner now.
        agent: AgentId,
        /// How.
        cause: OwnerCause,
    },
    /// Somebody began to watch an interaction.
    ObserverJoined {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// Who.
        agent: AgentId,
    },
    /// The part of somebody who was not the owner ended.
    LegEnded {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// Who.
        agent: AgentId,
        /// As what they took part.
        role: LegRole,
        /// Why.
        cause: LegEnd,
    },
    /// An interaction has another priority.
    PriorityChanged {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// Minutes by which it is ahead (or, negative, behind).
        priority: i32,
    },
    /// Another service policy holds for an interaction, or none.
    ServicePromised {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// Its times. Absent: there is no policy for it any more.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        promise: Option<Arc<ServicePromise>>,
    },
    /// The customer has got an answer: the clock that ran for it stops.
    Answered {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
    },
    /// The customer has written after an answer: the clock of the next one starts.
    CustomerWaits {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
    },
    /// Most of the time that a service policy gives is over.
    ServiceWarned {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// The policy.
        policy: ServicePolicyId,
        /// What is to happen in time.
        clock: ServiceClock,
    },
    /// The time that a service policy gives is over.
    ServiceBroken {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// The policy.
        policy: ServicePolicyId,
        /// What has not happened in time.
        clock: ServiceClock,
    },
    /// A queue's opening hours began: the clocks of its interactions go on.
    QueueOpened {
        /// The queue.
        queue: QueueId,
    },
    /// A queue's opening hours ended: the clocks of its interactions stand still.
    QueueClosed {
        /// The queue.
        queue: QueueId,
    },
    /// A disposition code was given before the wrap-up time is over; it counts then.
    WrapUpCoded {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
        /// The agent.
        agent: AgentId,
        /// The code.
        disposition: String,
    },
    /// Nothing of a queue is offered from here on.
    QueuePaused {
        /// The queue.
        queue: QueueId,
    },
    /// A queue's interactions are offered again.
    QueueResumed {
        /// The queue.
        queue: QueueId,
    },
    /// An agent has work that is done elsewhere, and counts.
    ExternalBegan {
        /// The agent.
        agent: AgentId,
        /// The other system's name for it.
        reference: String,
        /// What kind of work it is.
        media_type: MediaType,
        /// When it counts no longer, unless it is told again.
        until: Timestamp,
    },
    /// Work that was done elsewhere is over, or was not told again.
    ExternalEnded {
        /// The agent.
        agent: AgentId,
        /// The other system's name for it.
        reference: String,
    },
    /// An agent works at another station, or at none.
    StationChanged {
        /// The agent.
        agent: AgentId,
        /// The station.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        station: Option<StationId>,
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
        /// Until then it is not offered to this agent again. Absent: no exclusion.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        excluded_until: Option<Timestamp>,
        /// When the routing step that it had reached ends. Absent: never.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        step_until: Option<Timestamp>,
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
            | Self::Begun { interaction, .. }
            | Self::Offered { interaction, .. }
            | Self::OfferEnded { interaction, .. }
            | Self::ExclusionEnded { interaction, .. }
            | Self::Connected { interaction, .. }
            | Self::StepBegan { interaction, .. }
            | Self::Held { interaction, .. }
            | Self::Resumed { interaction, .. }
            | Self::Parked { interaction, .. }
            | Self::Unparked { interaction, .. }
            | Self::Transferred { interaction, .. }
            | Self::Overflowed { interaction, .. }
            | Self::OwnerChanged { interaction, .. }
            | Self::ObserverJoined { interaction, .. }
            | Self::LegEnded { interaction, .. }
            | Self::PriorityChanged { interaction, .. }
            | Self::ServicePromised { interaction, .. }
            | Self::Answered { interaction, .. }
            | Self::CustomerWaits { interaction, .. }
            | Self::ServiceWarned { interaction, .. }
            | Self::ServiceBroken { interaction, .. }
            | Self::WrapUpCoded { interaction, .. }
            | Self::Returned { interaction, .. }
            | Self::WrapUpStarted { interaction, .. }
            | Self::Ended { interaction, .. } => Some(*interaction),
            Self::Configured { .. }
            | Self::PresenceChanged { .. }
            | Self::DesktopLost { .. }
            | Self::DesktopBack { .. }
            | Self::QueuePaused { .. }
            | Self::QueueResumed { .. }
            | Self::QueueOpened { .. }
            | Self::QueueClosed { .. }
            | Self::ExternalBegan { .. }
            | Self::ExternalEnded { .. }
            | Self::StationChanged { .. }
            | Self::StatsReset => None,
        }
    }

    /// The agent whom the event concerns.
    pub fn agent(&self) -> Option<&AgentId> {
        match self {
            Self::Begun { agent, .. }
            | Self::Offered { agent, .. }
            | Self::OfferEnded { agent, .. }
            | Self::ExclusionEnded { agent, .. }
            | Self::Connected { agent, .. }
            | Self::Held { agent, .. }
            | Self::Resumed { agent, .. }
            | Self::Parked { agent, .. }
            | Self::Unparked { agent, .. }
            | Self::OwnerChanged { agent, .. }
            | Self::ObserverJoined { agent, .. }
            | Self::LegEnded { agent, .. }
            | Self::WrapUpCoded { agent, .. }
            | Self::Returned { agent, .. }
            | Self::WrapUpStarted { agent, .. }
            | Self::PresenceChanged { agent, .. }
            | Self::DesktopLost { agent, .. }
            | Self::ExternalBegan { agent, .. }
            | Self::ExternalEnded { agent, .. }
            | Self::StationChanged { agent, .. }
            | Self::DesktopBack { agent } => Some(agent),
            Self::Ended { agent, .. } => agent.as_ref(),
            Self::Transferred { from, .. } => from.as_ref(),
            Self::Configured { .. }
            | Self::Enqueued { .. }
            | Self::StepBegan { .. }
            | Self::Overflowed { .. }
            | Self::PriorityChanged { .. }
            | Self::ServicePromised { .. }
            | Self::Answered { .. }
            | Self::CustomerWaits { .. }
            | Self::ServiceWarned { .. }
            | Self::ServiceBroken { .. }
            | Self::QueuePaused { .. }
            | Self::QueueResumed { .. }
            | Self::QueueOpened { .. }
            | Self::QueueClosed { .. }
            | Self::StatsReset => None,
        }
    }

    /// The queue that the event concerns.
    pub fn queue(&self) -> Option<&QueueId> {
        match self {
            Self::Enqueued { queue, .. }
            | Self::Begun { queue, .. }
            | Self::Offered { queue, .. }
            | Self::OfferEnded { queue, .. }
            | Self::Connected { queue, .. }
            | Self::StepBegan { queue, .. }
            | Self::Held { queue, .. }
            | Self::Resumed { queue, .. }
            | Self::Parked { queue, .. }
            | Self::Unparked { queue, .. }
            | Self::Transferred { queue, .. }
            | Self::Overflowed { queue, .. }
            | Self::OwnerChanged { queue, .. }
            | Self::ObserverJoined { queue, .. }
            | Self::LegEnded { queue, .. }
            | Self::PriorityChanged { queue, .. }
            | Self::ServicePromised { queue, .. }
            | Self::Answered { queue, .. }
            | Self::CustomerWaits { queue, .. }
            | Self::ServiceWarned { queue, .. }
            | Self::ServiceBroken { queue, .. }
            | Self::QueueOpened { queue }
            | Self::QueueClosed { queue }
            | Self::WrapUpCoded { queue, .. }
            | Self::QueuePaused { queue }
            | Self::QueueResumed { queue }
            | Self::Returned { queue, .. }
            | Self::WrapUpStarted { queue, .. }
            | Self::Ended { queue, .. } => Some(queue),
            _ => None,
        }
    }
}
