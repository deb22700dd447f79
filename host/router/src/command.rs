//! What the router can be asked to do.

use std::sync::Arc;

use linecard_model::routing::{
    EndReason, MediaType, Presence, RequiredSkill, RoutingSettings, RoutingStep, ServicePromise,
    TransferTarget, WaitingFor,
};
use linecard_model::{AgentId, InteractionId, OfferId, QueueId, StationId, Timestamp};

/// Something to do. Whatever the command, [`crate::Router::apply`] also acts on the deadlines that
/// have passed and shares out the work that can be shared out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// Replace the site's settings while it runs. Work of a queue that is removed goes on under the
    /// queue's old settings until it ends. An agent who is removed loses offers and accepted work
    /// back to the queues; work in wrap-up ends.
    Configure {
        /// All of the new settings.
        settings: Arc<RoutingSettings>,
    },
    /// Put an interaction into a queue.
    Enqueue {
        /// The interaction; new to the router.
        interaction: InteractionId,
        /// The queue.
        queue: QueueId,
        /// What kind of work it is.
        media_type: MediaType,
        /// What its agent must be able to do. A skill named twice counts with the higher minimum.
        skills: Vec<RequiredSkill>,
        /// Minutes by which it is ahead (or, negative, behind). Absent: the queue's.
        priority: Option<i32>,
        /// Who may get it before the queue's own routing steps begin, such as the last agent.
        first: Option<RoutingStep>,
    },
    /// An agent writes to a customer first: the interaction begins as theirs, up to the hard limit of their
    /// capacity. It counts as begun, not as offered or answered.
    Begin {
        /// The interaction; new to the router.
        interaction: InteractionId,
        /// The queue to which it belongs.
        queue: QueueId,
        /// Its owner, who is not offline.
        agent: AgentId,
        /// What kind of work it is.
        media_type: MediaType,
        /// What another agent must be able to do, should it come to one.
        skills: Vec<RequiredSkill>,
    },
    /// An agent takes an offer.
    Accept {
        /// The offer.
        offer: OfferId,
        /// The agent.
        agent: AgentId,
    },
    /// An agent does not take an offer: the interaction goes back to its queue with its time in
    /// queue, and is not offered to this agent again for the queue's `exclusion_seconds`, or until
    /// the agent becomes ready anew.
    Decline {
        /// The offer.
        offer: OfferId,
        /// The agent.
        agent: AgentId,
    },
    /// An agent becomes ready, not ready, or goes offline. Offers that alert at an agent who stops
    /// being ready go back to their queues; accepted work stays.
    SetPresence {
        /// The agent.
        agent: AgentId,
        /// The new presence.
        presence: Presence,
        /// A supervisor sets it, not the agent.
        forced: bool,
    },
    /// An agent ends a conversation. With a disposition code, or when wrap-up is optional, the
    /// interaction ends; otherwise it goes to wrap-up.
    End {
        /// The interaction, connected to the agent or held.
        interaction: InteractionId,
        /// The agent.
        agent: AgentId,
        /// One of the queue's disposition codes.
        disposition: Option<String>,
        /// The agent asks for wrap-up where it is on request.
        wrap_up: bool,
    },
    /// An agent puts a connected interaction aside for a moment; it keeps its capacity.
    Hold {
        /// The interaction.
        interaction: InteractionId,
        /// Its owner.
        agent: AgentId,
    },
    /// An agent goes on with an interaction that is held, or takes back one that they parked: then up to
    /// the hard limit of their capacity.
    Resume {
        /// The interaction.
        interaction: InteractionId,
        /// Who held or parked it.
        agent: AgentId,
    },
    /// An agent puts an interaction away for a time; it holds no capacity meanwhile.
    Park {
        /// The interaction, connected to the agent or held.
        interaction: InteractionId,
        /// Its owner.
        agent: AgentId,
        /// When it comes back by itself. Absent: after the queue's `park_seconds`, which is also the
        /// longest.
        until: Option<Timestamp>,
        /// Whose turn it is.
        waiting_for: WaitingFor,
    },
    /// The customer wrote to an interaction: a parked one comes back, and the clock of the next answer
    /// starts.
    CustomerWrote {
        /// The interaction.
        interaction: InteractionId,
    },
    /// The company wrote to an interaction's customer on the network itself: a parked one comes back, so
    /// that its agent sees what was said.
    CompanyWrote {
        /// The interaction.
        interaction: InteractionId,
    },
    /// Somebody answered the customer: the clock of the answer stops.
    Answered {
        /// The interaction.
        interaction: InteractionId,
    },
    /// Another service policy holds for an interaction, or none. Without effect on one that entered when
    /// the site had no policies.
    Promise {
        /// The interaction.
        interaction: InteractionId,
        /// What its customer is promised.
        promise: Option<Arc<ServicePromise>>,
    },
    /// A queue's opening hours begin or end. It is offered all the same; the clocks of service policies
    /// run while it is open.
    SetOpen {
        /// The queue.
        queue: QueueId,
        /// Whether they begin.
        open: bool,
    },
    /// An interaction is given on.
    Transfer {
        /// The interaction.
        interaction: InteractionId,
        /// Its owner. Absent: a supervisor gives it, whoever has it.
        agent: Option<AgentId>,
        /// To whom.
        to: TransferTarget,
    },
    /// An agent puts an interaction back into its queue, with its time in queue.
    Requeue {
        /// The interaction, connected to the agent or held.
        interaction: InteractionId,
        /// Its owner.
        agent: AgentId,
    },
    /// The owner asks somebody, who gets an offer at once. Of a queue, a group or a set of skills the
    /// best who could take it.
    Consult {
        /// The interaction, connected to the agent or held.
        interaction: InteractionId,
        /// Its owner.
        agent: AgentId,
        /// Whom.
        to: TransferTarget,
    },
    /// The owner gives the interaction to a consultant who has accepted.
    CompleteConsult {
        /// The interaction.
        interaction: InteractionId,
        /// Its owner.
        agent: AgentId,
        /// The consultant.
        consultant: AgentId,
    },
    /// The owner sends a consultant away, or takes the offer back.
    CancelConsult {
        /// The interaction.
        interaction: InteractionId,
        /// Its owner.
        agent: AgentId,
        /// The consultant.
        consultant: AgentId,
    },
    /// Somebody watches an interaction. Whether they may is the caller's to know.
    Monitor {
        /// The interaction, with an owner who is talking.
        interaction: InteractionId,
        /// Who.
        agent: AgentId,
    },
    /// A consultant or an observer leaves.
    Leave {
        /// The interaction.
        interaction: InteractionId,
        /// Who.
        agent: AgentId,
    },
    /// Somebody makes themself the owner, whoever has it, up to the hard limit of their capacity.
    /// Whether they may is the caller's to know.
    TakeOver {
        /// The interaction.
        interaction: InteractionId,
        /// Who.
        agent: AgentId,
    },
    /// A member takes something that waits in the queue.
    PickUp {
        /// The interaction.
        interaction: InteractionId,
        /// The member.
        agent: AgentId,
        /// Whether they may although the queue does not let its members.
        by_right: bool,
    },
    /// Change an interaction's priority.
    Prioritize {
        /// The interaction, not ended.
        interaction: InteractionId,
        /// Minutes by which it is ahead (or, negative, behind).
        priority: i32,
    },
    /// Offer nothing of a queue for now. What is offered or accepted goes on.
    PauseQueue {
        /// The queue.
        queue: QueueId,
    },
    /// Offer a queue's interactions again.
    ResumeQueue {
        /// The queue.
        queue: QueueId,
    },
    /// An agent has work in another system, or still has it. It counts until it is told to be over, or
    /// its time has passed.
    BeginExternal {
        /// The agent.
        agent: AgentId,
        /// The other system's name for it.
        reference: String,
        /// What kind of work it is.
        media_type: MediaType,
        /// When it counts no longer. Absent: after the site's `external_seconds`.
        until: Option<Timestamp>,
    },
    /// Work in another system is over. Without effect if it is not known.
    EndExternal {
        /// The agent.
        agent: AgentId,
        /// The other system's name for it.
        reference: String,
    },
    /// An agent sits down at a station, or leaves it.
    SetStation {
        /// The agent.
        agent: AgentId,
        /// The station.
        station: Option<StationId>,
    },
    /// An agent finishes the wrap-up of an interaction.
    WrapUp {
        /// The interaction, in wrap-up with the agent.
        interaction: InteractionId,
        /// The agent.
        agent: AgentId,
        /// One of the queue's disposition codes.
        disposition: Option<String>,
    },
    /// The interaction is taken away from outside: the customer left or deleted the message, the
    /// thread ended, the reply window closed. An interaction that an agent has accepted goes to
    /// wrap-up as the queue's policy says; one in wrap-up stays there.
    Rescind {
        /// The interaction.
        interaction: InteractionId,
        /// Why.
        reason: EndReason,
    },
    /// A rule ends an interaction, whoever has it. With a disposition code it is over; without one, an
    /// interaction that an agent has accepted goes to wrap-up as the queue's policy says. One in wrap-up
    /// stays there.
    Close {
        /// The interaction.
        interaction: InteractionId,
        /// One of its queue's disposition codes.
        disposition: Option<String>,
    },
    /// An agent's desktop is gone. For the site's grace time the agent gets no new work; then the
    /// agent goes offline. Without effect on an agent who is offline.
    DesktopLost {
        /// The agent.
        agent: AgentId,
    },
    /// An agent's desktop is back.
    DesktopBack {
        /// The agent.
        agent: AgentId,
    },
    /// Start the counters of queues and agents again from zero.
    ResetStats,
    /// Nothing but to act on the deadlines that have passed.
    Tick,
}
