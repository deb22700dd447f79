//! How a site sets its routing up.

mod check;
mod queue;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::check::SettingsError;
pub use self::queue::{
    OverflowRule, Plan, QueueOrder, QueueSettings, RoutingStep, SelectionMethod, SkillMode,
    WrapUpPolicy,
};
use super::state::{MediaType, SkillLevel};
use crate::{AgentId, GroupId, StationId};

/// How many interactions of each media type an agent may have at a time (`max-assign`). Types that
/// are left out are inherited: an agent's from the queue, a queue's from the site, the site's from
/// [`RoutingSettings::builtin_slots`].
pub type Slots = BTreeMap<MediaType, u16>;

/// How many percent of an agent's capacity an interaction of each media type takes; the work in hand and
/// the new one may take 100 together. Types that are left out are inherited as [`Slots`] are; one that
/// nobody sets takes none, and only its slots count.
pub type Shares = BTreeMap<MediaType, u8>;

/// For each media type the types of work that may be offered to an agent as if the agent had none of
/// it in hand. Inherited as [`Slots`] are.
pub type Interruptions = BTreeMap<MediaType, BTreeSet<MediaType>>;

/// The reason that the router gives to an agent who let an offer ring out (redirect on no answer).
pub const RONA: &str = "RONA";

/// The disposition codes of a queue that names none of its own.
pub const DEFAULT_DISPOSITION_CODES: [&str; 7] = [
    "Cross Sell",
    "Need Follow Up",
    "Not Right Skill",
    "Processed",
    "Terminated",
    "Transferred",
    "Up Sell",
];

/// The reasons for not being ready of a site that names none of its own.
pub const DEFAULT_NOT_READY_REASONS: [&str; 6] =
    ["Admin Work", "Lunch", "Meeting", "Pause", RONA, "Training"];

/// What becomes of an agent who lets an offer ring out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum NoAnswerRule {
    /// Not ready, with the reason [`RONA`].
    #[default]
    NotReady,
    /// Offline.
    Offline,
    /// Nothing: the agent stays ready, and is only excluded from what rang out.
    StayReady,
}

/// When an agent's idle clock restarts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IdleClock {
    /// When handled work ends, and when an agent who was offline signs in.
    #[default]
    HandledWork,
    /// Also whenever the agent becomes ready.
    Presence,
}

/// What becomes of the accepted work of an agent whose desktop stays away for the grace time.
/// Offers go back to their queue in either case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LostDesktopRule {
    /// It goes back to its queue, keeping its time in queue. Work in wrap-up stays.
    #[default]
    ReturnToQueue,
    /// It stays with the agent.
    Keep,
}

/// Agents who are set up together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupSettings {
    /// The group's name in other settings.
    pub id: GroupId,
    /// The name that people read. Default: empty, and the identifier is shown.
    #[serde(default)]
    pub name: String,
    /// The agents.
    #[serde(default)]
    pub members: BTreeSet<AgentId>,
}

/// A place to work at that gives whoever sits there media types that the agent alone does not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StationSettings {
    /// The station's name in addresses.
    pub id: StationId,
    /// The name that people read. Default: empty, and the identifier is shown.
    #[serde(default)]
    pub name: String,
    /// The media types.
    #[serde(default)]
    pub media_types: BTreeSet<MediaType>,
}

/// An agent, as far as routing is concerned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AgentSettings {
    /// The agent's name in addresses and in other settings.
    pub id: AgentId,
    /// The name that people read. Default: empty, and the identifier is shown.
    #[serde(default)]
    pub display_name: String,
    /// What the agent can do.
    #[serde(default)]
    pub skills: Vec<SkillLevel>,
    /// Slots by media type, in place of the queue's and the site's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<MediaType, u16>)]
    pub slots: Slots,
    /// Percent of the agent's capacity by media type, in place of the queue's and the site's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<MediaType, u8>)]
    pub percent: Shares,
    /// What may interrupt work of a media type, in place of the queue's and the site's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<MediaType, BTreeSet<MediaType>>)]
    pub interruptible_by: Interruptions,
    /// The media types that the agent may get, beside those of the station. Absent: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_types: Option<BTreeSet<MediaType>>,
    /// Interactions connect without this agent being asked, whatever the queue says. Default false.
    #[serde(default)]
    pub auto_answer: bool,
}

impl AgentSettings {
    /// An agent with the defaults and no skills.
    pub fn new(id: AgentId) -> Self {
        Self {
            id,
            display_name: String::new(),
            skills: Vec::new(),
            slots: Slots::new(),
            percent: Shares::new(),
            interruptible_by: Interruptions::new(),
            media_types: None,
            auto_answer: false,
        }
    }
}

/// Everything that the router needs to know of a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct RoutingSettings {
    /// The queues.
    pub queues: Vec<QueueSettings>,
    /// The agents.
    pub agents: Vec<AgentSettings>,
    /// The groups.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub groups: Vec<GroupSettings>,
    /// The stations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stations: Vec<StationSettings>,
    /// Slots by media type; types that are left out have [`RoutingSettings::builtin_slots`].
    #[schema(value_type = BTreeMap<MediaType, u16>)]
    pub slots: Slots,
    /// Percent of an agent's capacity by media type.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<MediaType, u8>)]
    pub percent: Shares,
    /// What may interrupt work of a media type.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<MediaType, BTreeSet<MediaType>>)]
    pub interruptible_by: Interruptions,
    /// By how many interactions work that comes back to an agent, or to the last agent, may exceed that
    /// agent's limits. Default 1.
    pub over_limit: u16,
    /// What becomes of an agent who lets an offer ring out.
    pub no_answer: NoAnswerRule,
    /// For how long work that is done elsewhere counts if nobody says otherwise, in seconds.
    /// Default 14400.
    pub external_seconds: u32,
    /// The reasons that an agent may give for not being ready. Default
    /// [`DEFAULT_NOT_READY_REASONS`].
    pub not_ready_reasons: Vec<String>,
    /// When an agent's idle clock restarts.
    pub idle_clock: IdleClock,
    /// How long an agent's desktop may be gone before the agent goes offline, in seconds.
    /// Default 60.
    pub desktop_grace_seconds: u32,
    /// What becomes of the work of an agent whose desktop stays away.
    pub lost_desktop_work: LostDesktopRule,
    /// Whether the answers to interactions that come in are timed, because there are service policies.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub service_clocks: bool,
}

impl Default for RoutingSettings {
    fn default() -> Self {
        Self {
            queues: Vec::new(),
            agents: Vec::new(),
            groups: Vec::new(),
            stations: Vec::new(),
            slots: Slots::new(),
            percent: Shares::new(),
            interruptible_by: Interruptions::new(),
            over_limit: over_limit(),
            no_answer: NoAnswerRule::default(),
            external_seconds: external(),
            not_ready_reasons: not_ready_reasons(),
            idle_clock: IdleClock::default(),
            desktop_grace_seconds: 60,
            lost_desktop_work: LostDesktopRule::default(),
            service_clocks: false,
        }
    }
}

impl RoutingSettings {
    /// The slots of a media type when nobody sets them, nor percent: 3 for chats and direct messages, 2 for
    /// social conversations and e-mails, 1 for the rest.
    pub fn builtin_slots(media_type: MediaType) -> u16 {
        match media_type {
            MediaType::Chat | MediaType::SocialDirectMessage => 3,
            MediaType::SocialConversation | MediaType::Email => 2,
            MediaType::Call | MediaType::Callback | MediaType::Generic | MediaType::WorkItem => 1,
        }
    }
}

fn not_ready_reasons() -> Vec<String> {
    DEFAULT_NOT_READY_REASONS.map(str::to_owned).to_vec()
}

fn over_limit() -> u16 {
    1
}

fn external() -> u32 {
    14_400
}
