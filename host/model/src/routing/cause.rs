//! Why what the router decides happens, and how it was chosen.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::settings::SelectionMethod;
use super::state::RequiredSkill;
use crate::{AgentId, GroupId, QueueId};

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
    /// The interaction was taken away: it ended, or somebody else has it.
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
    /// The agent put it back.
    Requeued,
}

/// Why the next routing step of an interaction began.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum StepCause {
    /// The time of the step before was over.
    Expired,
    /// The step before added nobody who was ready, present and fit.
    NobodyAvailable,
}

/// Why a parked interaction came back.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum UnparkCause {
    /// Its time was over.
    Expired,
    /// The customer wrote.
    CustomerWrote,
    /// The company wrote on the network itself, without the hub.
    CompanyWrote,
    /// The agent who parked it was taken out of the site's settings.
    AgentRemoved,
}

/// How an interaction got another owner without an offer.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum OwnerCause {
    /// A consultation was completed: who was asked has it now.
    ConsultCompleted,
    /// Somebody took it over.
    TakenOver,
    /// Somebody took it from its queue.
    PickedUp,
    /// The agent who had parked it took it back.
    Unparked,
}

/// Why the part of somebody who is not the owner ended.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum LegEnd {
    /// They left.
    Left,
    /// The owner ended it.
    Cancelled,
    /// The interaction left its owner, or is over.
    InteractionGone,
    /// The agent was taken out of the site's settings.
    AgentRemoved,
    /// The agent's desktop stayed away for the grace time.
    DesktopLost,
}

/// To whom an interaction is transferred, or whom its owner asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum TransferTarget {
    /// One agent, for a time; then the queue.
    Agent {
        /// The agent.
        agent: AgentId,
    },
    /// Another queue. Its time in queue begins there.
    Queue {
        /// The queue.
        queue: QueueId,
    },
    /// The same queue with other skills.
    Skills {
        /// What its agent must be able to do from now on.
        skills: Vec<RequiredSkill>,
    },
    /// A group, for a time; then the queue.
    Group {
        /// The group.
        group: GroupId,
    },
}

/// What decided that an agent got an offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Choice {
    /// How the queue selects.
    pub selection: SelectionMethod,
    /// The routing step; 1 is the first.
    pub step: u16,
    /// How many could take work of its kind then, the agent included.
    pub available: u32,
    /// Who would have been next, best first; three at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub next: Vec<AgentId>,
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
    /// A supervisor set it.
    Supervisor,
}
