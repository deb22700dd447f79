//! What the router can be asked to do, and why it may refuse.

use std::sync::Arc;

use linecard_model::routing::{
    EndReason, MediaType, Presence, RequiredSkill, RoutingSettings, SettingsError,
};
use linecard_model::{AgentId, InteractionId, OfferId, QueueId, Timestamp};

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
    },
    /// An agent ends a conversation. With a disposition code, or when wrap-up is optional, the
    /// interaction ends; otherwise it goes to wrap-up.
    End {
        /// The interaction, connected to the agent.
        interaction: InteractionId,
        /// The agent.
        agent: AgentId,
        /// One of the queue's disposition codes.
        disposition: Option<String>,
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

/// Why a command was refused. Nothing has changed then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// No such agent.
    #[error("there is no agent {0}")]
    UnknownAgent(AgentId),
    /// No such queue, or one that was removed and only finishes its work.
    #[error("there is no queue {0}")]
    UnknownQueue(QueueId),
    /// The router never had this interaction, or it has ended.
    #[error("interaction {0} is not known to routing, or has ended")]
    UnknownInteraction(InteractionId),
    /// The router never made this offer, or it is long over.
    #[error("there is no offer {0}")]
    UnknownOffer(OfferId),
    /// The offer's deadline has come.
    #[error("offer {offer} could be answered until {deadline}")]
    OfferExpired {
        /// The offer.
        offer: OfferId,
        /// Its deadline.
        deadline: Timestamp,
    },
    /// The offer alerts, or alerted, at somebody else.
    #[error("offer {offer} was made to agent {owner}")]
    OfferOfAnother {
        /// The offer.
        offer: OfferId,
        /// The agent to whom it was made.
        owner: AgentId,
    },
    /// The offer has been accepted already.
    #[error("offer {0} has been accepted already")]
    OfferTaken(OfferId),
    /// The offer was declined or withdrawn.
    #[error("offer {0} was declined or withdrawn")]
    OfferWithdrawn(OfferId),
    /// The interaction is not in a state in which this can be done.
    #[error(
        "interaction {interaction} is {state}, which does not allow this: it must be {expected}"
    )]
    WrongState {
        /// The interaction.
        interaction: InteractionId,
        /// The state it is in, as [`linecard_model::routing::InteractionState::name`] calls it.
        state: &'static str,
        /// The state it would have to be in.
        expected: &'static str,
    },
    /// Another agent has the interaction.
    #[error("interaction {interaction} is with agent {owner}")]
    NotYours {
        /// The interaction.
        interaction: InteractionId,
        /// The agent who has it.
        owner: AgentId,
    },
    /// Not one of the queue's disposition codes.
    #[error("\"{code}\" is not a disposition code of queue {queue}: use one of {}", allowed.join(", "))]
    UnknownDisposition {
        /// The queue.
        queue: QueueId,
        /// What was given.
        code: String,
        /// What could have been.
        allowed: Vec<String>,
    },
    /// The queue's policy asks for a disposition code.
    #[error("queue {queue} requires a disposition code: use one of {}", allowed.join(", "))]
    DispositionRequired {
        /// The queue.
        queue: QueueId,
        /// The codes.
        allowed: Vec<String>,
    },
    /// Not one of the site's reasons for not being ready.
    #[error("\"{reason}\" is not a reason for not being ready: use one of {}", allowed.join(", "))]
    UnknownReason {
        /// What was given.
        reason: String,
        /// What could have been.
        allowed: Vec<String>,
    },
    /// The interaction is in the router already.
    #[error("interaction {interaction} is already in queue {queue}")]
    DuplicateInteraction {
        /// The interaction.
        interaction: InteractionId,
        /// Its queue.
        queue: QueueId,
    },
    /// A minimum proficiency that nobody can have.
    #[error("skill {skill}: minimum proficiency {value} is not between 1 and 100")]
    Proficiency {
        /// The skill.
        skill: linecard_model::SkillId,
        /// What was given.
        value: u8,
    },
    /// Settings that do not make sense together.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

impl Refusal {
    /// A stable name of the kind of refusal, such as `offer-expired`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::UnknownAgent(_) => "unknown-agent",
            Self::UnknownQueue(_) => "unknown-queue",
            Self::UnknownInteraction(_) => "unknown-interaction",
            Self::UnknownOffer(_) => "unknown-offer",
            Self::OfferExpired { .. } => "offer-expired",
            Self::OfferOfAnother { .. } => "offer-of-another",
            Self::OfferTaken(_) => "offer-taken",
            Self::OfferWithdrawn(_) => "offer-withdrawn",
            Self::WrongState { .. } => "wrong-state",
            Self::NotYours { .. } => "not-yours",
            Self::UnknownDisposition { .. } => "unknown-disposition",
            Self::DispositionRequired { .. } => "disposition-required",
            Self::UnknownReason { .. } => "unknown-reason",
            Self::DuplicateInteraction { .. } => "duplicate-interaction",
            Self::Proficiency { .. } => "invalid-proficiency",
            Self::Settings(_) => "invalid-settings",
        }
    }
}
