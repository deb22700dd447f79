//! Why the router may refuse a command.

use linecard_model::routing::{LegRole, SettingsError};
use linecard_model::{AgentId, GroupId, InteractionId, OfferId, QueueId, StationId, Timestamp};

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
    /// Somebody takes part in the interaction already.
    #[error("agent {agent} takes part in interaction {interaction} as {role} already")]
    TakesPart {
        /// The interaction.
        interaction: InteractionId,
        /// The agent.
        agent: AgentId,
        /// As what.
        role: LegRole,
    },
    /// Somebody does not take part in the interaction as they would have to.
    #[error("agent {agent} is not {expected} of interaction {interaction}")]
    NoSuchLeg {
        /// The interaction.
        interaction: InteractionId,
        /// The agent.
        agent: AgentId,
        /// What they would have to be.
        expected: &'static str,
    },
    /// As many take part as can.
    #[error(
        "{most} already take part in interaction {interaction} beside its owner: one must leave"
    )]
    TooManyLegs {
        /// The interaction.
        interaction: InteractionId,
        /// The most.
        most: usize,
    },
    /// The agent cannot take it now.
    #[error("agent {agent} cannot take interaction {interaction} now: {reason}")]
    Unavailable {
        /// The interaction.
        interaction: InteractionId,
        /// The agent.
        agent: AgentId,
        /// Why not.
        reason: String,
    },
    /// None of those who were asked for can take it now.
    #[error("nobody of {of} can take interaction {interaction} now")]
    NobodyAvailable {
        /// The interaction.
        interaction: InteractionId,
        /// Of whom.
        of: String,
    },
    /// Members may not take work themselves.
    #[error(
        "members of queue {0} may not pick interactions up: let them with `pick_up`, or ask a supervisor"
    )]
    PickUpForbidden(QueueId),
    /// The agent is no member of the queue.
    #[error("agent {agent} is not a member of queue {queue}")]
    NotMember {
        /// The queue.
        queue: QueueId,
        /// The agent.
        agent: AgentId,
    },
    /// No such group.
    #[error("there is no group {0}")]
    UnknownGroup(GroupId),
    /// No such station.
    #[error("there is no station {0}")]
    UnknownStation(StationId),
    /// A time that is over, or too far away.
    #[error("until {until} is not after {now} and at most {most}")]
    Until {
        /// What was given.
        until: Timestamp,
        /// It must be later than this.
        now: Timestamp,
        /// It must not be later than this.
        most: Timestamp,
    },
    /// More work elsewhere than can be.
    #[error("agent {agent} has {most} pieces of work elsewhere already: end those that are over")]
    TooMuchExternal {
        /// The agent.
        agent: AgentId,
        /// The most.
        most: usize,
    },
    /// A name that is empty or too long.
    #[error("a reference has 1 to {most} characters")]
    Reference {
        /// The most.
        most: usize,
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
            Self::TakesPart { .. } => "takes-part",
            Self::NoSuchLeg { .. } => "no-such-leg",
            Self::TooManyLegs { .. } => "too-many-legs",
            Self::Unavailable { .. } => "agent-unavailable",
            Self::NobodyAvailable { .. } => "nobody-available",
            Self::PickUpForbidden(_) => "pick-up-forbidden",
            Self::NotMember { .. } => "not-member",
            Self::UnknownGroup(_) => "unknown-group",
            Self::UnknownStation(_) => "unknown-station",
            Self::Until { .. } => "invalid-until",
            Self::TooMuchExternal { .. } => "too-much-external",
            Self::Reference { .. } => "invalid-reference",
            Self::UnknownDisposition { .. } => "unknown-disposition",
            Self::DispositionRequired { .. } => "disposition-required",
            Self::UnknownReason { .. } => "unknown-reason",
            Self::DuplicateInteraction { .. } => "duplicate-interaction",
            Self::Proficiency { .. } => "invalid-proficiency",
            Self::Settings(_) => "invalid-settings",
        }
    }
}
