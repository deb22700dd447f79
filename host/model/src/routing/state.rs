//! What an interaction and an agent can be doing.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AgentId, OfferId, SkillId, Timestamp};

/// The kind of work that an interaction is. Capacity is counted by it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum MediaType {
    /// A telephone call.
    Call,
    /// A call that the customer asked to get back.
    Callback,
    /// A live chat on a web page or in an app.
    Chat,
    /// An e-mail.
    Email,
    /// Anything without a type of its own.
    Generic,
    /// A public conversation on a social network: a post with its comments, a mention.
    SocialConversation,
    /// A private dialogue on a social network or messenger.
    SocialDirectMessage,
    /// A task that no customer waits on live.
    WorkItem,
}

impl MediaType {
    /// Every media type, in order.
    pub const ALL: [Self; 8] = [
        Self::Call,
        Self::Callback,
        Self::Chat,
        Self::Email,
        Self::Generic,
        Self::SocialConversation,
        Self::SocialDirectMessage,
        Self::WorkItem,
    ];

    /// The name that files and the wire use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Call => "call",
            Self::Callback => "callback",
            Self::Chat => "chat",
            Self::Email => "email",
            Self::Generic => "generic",
            Self::SocialConversation => "social-conversation",
            Self::SocialDirectMessage => "social-direct-message",
            Self::WorkItem => "work-item",
        }
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A skill that an interaction needs its agent to have.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub struct RequiredSkill {
    /// The skill.
    pub skill: SkillId,
    /// The lowest proficiency that will do, 1 to 100. Absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 100)]
    pub min_proficiency: Option<u8>,
}

/// A skill that an agent has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SkillLevel {
    /// The skill.
    pub skill: SkillId,
    /// How good the agent is at it, 1 to 100. Default 100.
    #[serde(default = "full_proficiency")]
    pub proficiency: u8,
}

fn full_proficiency() -> u8 {
    100
}

/// Whether an agent takes work.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Presence {
    /// Takes work as far as there is capacity.
    Ready,
    /// Signed in, takes no new work.
    NotReady {
        /// Why: one of the site's reasons, such as `Lunch`.
        reason: String,
    },
    /// Not signed in.
    #[default]
    Offline,
}

impl Presence {
    /// Whether the agent takes new work.
    pub fn is_ready(&self) -> bool {
        matches!(self, Self::Ready)
    }
}

impl fmt::Display for Presence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => f.write_str("ready"),
            Self::NotReady { reason } => write!(f, "not ready ({reason})"),
            Self::Offline => f.write_str("offline"),
        }
    }
}

/// Where an interaction is on its way. It is in exactly one of these states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum InteractionState {
    /// Waits in its queue.
    Queued,
    /// Alerts at one agent, whose capacity it holds.
    Offered {
        /// The agent.
        agent: AgentId,
        /// This offer.
        offer: OfferId,
        /// From this moment on it can no longer be accepted.
        deadline: Timestamp,
    },
    /// An agent works on it.
    Connected {
        /// The agent.
        agent: AgentId,
    },
    /// An agent has it and has put it aside for a moment. It keeps its capacity.
    Held {
        /// The agent.
        agent: AgentId,
    },
    /// An agent has put it away for a time. It holds no capacity, and comes back to this agent, then to
    /// its queue, when the time is over or the customer writes.
    Parked {
        /// The agent.
        agent: AgentId,
        /// When it comes back by itself.
        until: Timestamp,
        /// Whose turn it is.
        waiting_for: WaitingFor,
    },
    /// The conversation is over; the agent still owes it a disposition code and holds capacity for it.
    WrapUp {
        /// The agent.
        agent: AgentId,
        /// When the queue's default code is given by itself. Absent: only the agent ends it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline: Option<Timestamp>,
        /// Why the conversation is over.
        reason: EndReason,
    },
    /// Over. The router forgets an interaction that has ended; views and history keep this.
    Ended {
        /// Why.
        reason: EndReason,
        /// What the agent, or the queue's default, said that became of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        disposition: Option<String>,
    },
}

impl InteractionState {
    /// The state's name, as on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Offered { .. } => "offered",
            Self::Connected { .. } => "connected",
            Self::Held { .. } => "held",
            Self::Parked { .. } => "parked",
            Self::WrapUp { .. } => "wrap-up",
            Self::Ended { .. } => "ended",
        }
    }

    /// The agent at whom it alerts or who has it in hand: whose capacity it holds.
    pub fn agent(&self) -> Option<&AgentId> {
        match self {
            Self::Offered { agent, .. }
            | Self::Connected { agent }
            | Self::Held { agent }
            | Self::WrapUp { agent, .. } => Some(agent),
            Self::Queued | Self::Parked { .. } | Self::Ended { .. } => None,
        }
    }

    /// The agent at whom it alerts, who has it, or who parked it.
    pub fn holder(&self) -> Option<&AgentId> {
        match self {
            Self::Parked { agent, .. } => Some(agent),
            state => state.agent(),
        }
    }

    /// The agent in whose conversation it is: connected or held.
    pub fn talking(&self) -> Option<&AgentId> {
        match self {
            Self::Connected { agent } | Self::Held { agent } => Some(agent),
            _ => None,
        }
    }
}

/// Whose turn it is while an interaction is parked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WaitingFor {
    /// The customer's: clocks of service levels stand still.
    #[default]
    Customer,
    /// The company's own, or a third party's.
    Company,
}

/// As what somebody takes part in an interaction.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Default,
    Hash,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum LegRole {
    /// Answers the customer, and wraps up. There is exactly one while somebody has the interaction.
    #[default]
    Owner,
    /// Was asked by the owner: sees everything, holds capacity, and answers the customer only when made
    /// owner.
    Consultant,
    /// Watches, and holds no capacity.
    Observer,
}

impl LegRole {
    /// Whether it is the owner's.
    pub fn is_owner(&self) -> bool {
        *self == Self::Owner
    }

    /// The name that files and the wire use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Consultant => "consultant",
            Self::Observer => "observer",
        }
    }
}

impl fmt::Display for LegRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The part of somebody who is not the owner in an interaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Leg {
    /// As what.
    pub role: LegRole,
    /// Since when: the offer, or the connection.
    pub since: Timestamp,
    /// The offer that alerts. Absent: connected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<LegOffer>,
}

/// An offer to take part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LegOffer {
    /// The offer.
    pub id: OfferId,
    /// From this moment on it can no longer be accepted.
    pub deadline: Timestamp,
}

/// Why an interaction is over.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum EndReason {
    /// The agent ended it.
    Completed,
    /// The customer ended the conversation.
    CustomerLeft,
    /// The customer deleted what was to be answered.
    MessageDeleted,
    /// The thread was closed or removed on the network.
    ThreadEnded,
    /// The time in which the network allows an answer ran out.
    ReplyWindowClosed,
    /// Somebody answered on the network itself. Only earlier versions have ended interactions so.
    AnsweredElsewhere,
    /// The customer turned out to be in another conversation, which goes on with what was said here.
    Joined,
    /// A supervisor or a rule took it out.
    Cancelled,
}

impl EndReason {
    /// Whether an interaction that ends for this reason before anybody answered it counts as
    /// abandoned: only when the customer took it back, or the reply window closed.
    pub fn is_abandonment(self) -> bool {
        matches!(
            self,
            Self::CustomerLeft | Self::MessageDeleted | Self::ReplyWindowClosed
        )
    }
}
