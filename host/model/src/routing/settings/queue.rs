//! How a queue is set up.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::{DEFAULT_DISPOSITION_CODES, Interruptions, Shares, Slots};
use crate::routing::{MediaType, RequiredSkill};
use crate::{AgentId, GroupId, QueueId, Timestamp};

/// Which of the agents who could take an interaction gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SelectionMethod {
    /// The one with the least work in hand and, among those, the one whose idle clock has run
    /// longest.
    #[default]
    LongestIdle,
    /// The one with the highest mean proficiency in the required skills; then as longest idle.
    BestProficiency,
    /// The one with the smallest share of capacity in use (each interaction takes one over the
    /// number of slots for its type); then the one idle longest.
    LeastLoaded,
}

/// What required skills mean in a queue.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum SkillMode {
    /// An agent must have them all, each with its minimum.
    #[default]
    All,
    /// Nobody must have any; of those who could take an interaction the one with the highest mean
    /// proficiency in its skills gets it (a skill that is missing counts 0), whatever the selection.
    BestAvailable,
    /// They are kept, and have no part in the choice.
    Disregard,
}

/// One step of a queue's routing: who may get an interaction from here on, beside those of the steps
/// before, and when the next step begins. Neither `agents` nor `group`: all members.
///
/// A step that adds nobody who is ready, present and fit is passed at once. After the last step, if it
/// ends, all members with the interaction's skills may get it.
#[derive(
    Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize, ToSchema,
)]
#[serde(deny_unknown_fields)]
pub struct RoutingStep {
    /// These agents, whether they are members or not.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub agents: BTreeSet<AgentId>,
    /// Nobody, for as long as the step lasts: it waits and keeps its time. It may still be picked up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nobody: bool,
    /// The agents of this group, whether they are members or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupId>,
    /// The skills that they must have, in place of the interaction's own. Absent: the interaction's;
    /// empty: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub skills: Option<Vec<RequiredSkill>>,
    /// How long the step lasts, in seconds. Absent: for good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub seconds: Option<u32>,
    /// They may get it up to the hard limit of their capacity.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub over_limit: bool,
}

impl RoutingStep {
    /// Nobody for a time.
    pub fn nobody(seconds: u32) -> Self {
        Self {
            nobody: true,
            seconds: Some(seconds),
            ..Self::default()
        }
    }

    /// One agent for a time.
    pub fn agent(agent: AgentId, seconds: u32, over_limit: bool) -> Self {
        Self {
            agents: BTreeSet::from([agent]),
            seconds: Some(seconds),
            over_limit,
            ..Self::default()
        }
    }
}

/// The steps of an interaction that begin with an event, and when the first of them ends.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct Plan {
    /// The steps. Empty: all members at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<RoutingStep>,
    /// When the first one ends. Absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

impl Plan {
    /// Whether all members may get it at once.
    pub fn is_plain(&self) -> bool {
        self.steps.is_empty() && self.until.is_none()
    }
}

/// When an interaction goes over to another queue: as soon as one of the conditions that are given holds.
/// It keeps its time in queue, and comes to each queue once.
///
/// The estimate and the service level are judged when an interaction comes to wait and whenever one of
/// its routing steps ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OverflowRule {
    /// The other queue.
    pub to: QueueId,
    /// After so many seconds in queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after_seconds: Option<u32>,
    /// When the estimated wait is longer than so many seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate_over_seconds: Option<u32>,
    /// When the service level of its media type is below so many percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 100)]
    pub service_level_below: Option<u8>,
}

/// Which of the waiting interactions of a queue is next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum QueueOrder {
    /// The highest score: minutes in queue plus priority. Nothing starves.
    #[default]
    Score,
    /// The highest priority; then the longest in queue. Work of low priority can starve.
    StrictPriority,
}

/// What happens between the end of a conversation and the end of the interaction.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, ToSchema)]
#[serde(tag = "mode", rename_all = "kebab-case")]
pub enum WrapUpPolicy {
    /// The agent may give a disposition code when ending; without one the interaction ends at once.
    #[default]
    Optional,
    /// The agent must give a disposition code and holds capacity until then.
    Mandatory,
    /// As mandatory, but after a time the default code is given.
    Timed {
        /// The time for it, in seconds.
        seconds: u32,
        /// The code then given: one of the queue's.
        default_code: String,
        /// Whether the agent may finish before. Otherwise a code that is given early counts when the
        /// time is over, and the capacity is held until then. Default true.
        early_exit: bool,
    },
    /// As optional, but the agent may ask for wrap-up when ending.
    OnRequest,
}

/// How a wrap-up policy is written. What serde makes of an enum with a tag would let through keys that
/// there are not, and could not say where in the file a mistake is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrapUpForm {
    mode: WrapUpMode,
    #[serde(default)]
    seconds: Option<u32>,
    #[serde(default)]
    default_code: Option<String>,
    #[serde(default)]
    early_exit: Option<bool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum WrapUpMode {
    Optional,
    Mandatory,
    Timed,
    OnRequest,
}

impl<'de> Deserialize<'de> for WrapUpPolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = WrapUpForm::deserialize(deserializer)?;
        let only_timed = |key| D::Error::custom(format!("only the mode \"timed\" has `{key}`"));
        let without = match form.mode {
            WrapUpMode::Optional => Self::Optional,
            WrapUpMode::Mandatory => Self::Mandatory,
            WrapUpMode::OnRequest => Self::OnRequest,
            WrapUpMode::Timed => {
                return Ok(Self::Timed {
                    seconds: form
                        .seconds
                        .ok_or_else(|| D::Error::missing_field("seconds"))?,
                    default_code: form
                        .default_code
                        .ok_or_else(|| D::Error::missing_field("default_code"))?,
                    early_exit: form.early_exit.unwrap_or(true),
                });
            }
        };
        if form.seconds.is_some() {
            return Err(only_timed("seconds"));
        }
        if form.default_code.is_some() {
            return Err(only_timed("default_code"));
        }
        if form.early_exit.is_some() {
            return Err(only_timed("early_exit"));
        }
        Ok(without)
    }
}

/// A queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueueSettings {
    /// The queue's name in addresses and in other settings.
    pub id: QueueId,
    /// The name that people read. Default: empty, and the identifier is shown.
    #[serde(default)]
    pub name: String,
    /// The agents who take work from it.
    #[serde(default)]
    pub members: BTreeSet<AgentId>,
    /// The groups whose agents take work from it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub groups: BTreeSet<GroupId>,
    /// Which agent gets an interaction.
    #[serde(default)]
    pub selection: SelectionMethod,
    /// What required skills mean.
    #[serde(default)]
    pub skill_mode: SkillMode,
    /// Who may get an interaction, one after the other. Empty: all members at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<RoutingStep>,
    /// When interactions go over to another queue; the first rule that holds counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overflow: Vec<OverflowRule>,
    /// Which interaction is next.
    #[serde(default)]
    pub order: QueueOrder,
    /// How long an offer alerts, in seconds; at least 1. Default 30.
    #[serde(default = "offer_timeout")]
    pub offer_timeout_seconds: u32,
    /// For how long an agent who declined an interaction, or let it ring out, is not offered it
    /// again, in seconds. It ends early when the agent becomes ready anew. Default 60; 0 is no
    /// exclusion.
    #[serde(default = "exclusion")]
    pub exclusion_seconds: u32,
    /// Interactions connect without the agent being asked. Default false.
    #[serde(default)]
    pub auto_answer: bool,
    /// What happens after the conversation. Default optional.
    #[serde(default)]
    pub wrap_up: WrapUpPolicy,
    /// The disposition codes to choose from. Default [`DEFAULT_DISPOSITION_CODES`].
    #[serde(default = "disposition_codes")]
    pub disposition_codes: Vec<String>,
    /// An interaction answered within this many seconds is within the service level. Default 3600.
    #[serde(default = "service_level")]
    pub service_level_seconds: u32,
    /// The same by media type, where it is another.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<MediaType, u32>)]
    pub service_levels: BTreeMap<MediaType, u32>,
    /// Interactions abandoned within this many seconds do not count against the service level.
    /// Default 0: all count.
    #[serde(default)]
    pub short_abandon_seconds: u32,
    /// The priority of an interaction that is enqueued without one; one point is one minute of
    /// waiting. Default 0.
    #[serde(default)]
    pub priority: i32,
    /// Slots of the queue's members by media type, in place of the site's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<MediaType, u16>)]
    pub slots: Slots,
    /// Percent of its members' capacity by media type, in place of the site's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<MediaType, u8>)]
    pub percent: Shares,
    /// What may interrupt work of a media type, in place of the site's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<MediaType, BTreeSet<MediaType>>)]
    pub interruptible_by: Interruptions,
    /// Members may take what waits themselves. Default false: only supervisors may.
    #[serde(default)]
    pub pick_up: bool,
    /// For how long an interaction that was transferred or comes back to one agent waits for that agent
    /// before others may get it, in seconds. Default 60.
    #[serde(default = "direct_wait")]
    pub direct_wait_seconds: u32,
    /// For how long an interaction may be parked, and is if nobody says otherwise, in seconds.
    /// Default 86400.
    #[serde(default = "park")]
    pub park_seconds: u32,
}

fn direct_wait() -> u32 {
    60
}

fn park() -> u32 {
    86_400
}

fn offer_timeout() -> u32 {
    30
}

fn exclusion() -> u32 {
    60
}

fn service_level() -> u32 {
    3600
}

fn disposition_codes() -> Vec<String> {
    DEFAULT_DISPOSITION_CODES.map(str::to_owned).to_vec()
}

impl QueueSettings {
    /// A queue with the defaults and no members.
    pub fn new(id: QueueId) -> Self {
        Self {
            id,
            name: String::new(),
            members: BTreeSet::new(),
            groups: BTreeSet::new(),
            selection: SelectionMethod::default(),
            skill_mode: SkillMode::default(),
            steps: Vec::new(),
            overflow: Vec::new(),
            order: QueueOrder::default(),
            offer_timeout_seconds: offer_timeout(),
            exclusion_seconds: exclusion(),
            auto_answer: false,
            wrap_up: WrapUpPolicy::default(),
            disposition_codes: disposition_codes(),
            service_level_seconds: service_level(),
            service_levels: BTreeMap::new(),
            short_abandon_seconds: 0,
            priority: 0,
            slots: Slots::new(),
            percent: Shares::new(),
            interruptible_by: Interruptions::new(),
            pick_up: false,
            direct_wait_seconds: direct_wait(),
            park_seconds: park(),
        }
    }
}

impl QueueSettings {
    /// Within how many seconds an interaction of a media type is to be answered.
    pub fn service_level(&self, media_type: MediaType) -> u32 {
        let own = self.service_levels.get(&media_type);
        own.copied().unwrap_or(self.service_level_seconds)
    }
}
