//! How a site sets its routing up.

use std::collections::{BTreeMap, BTreeSet};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::state::{MediaType, SkillLevel};
use crate::{AgentId, QueueId, SkillId};

/// How many interactions of each media type an agent may have at a time (`max-assign`). Types that
/// are left out are inherited: an agent's from the queue, a queue's from the site, the site's from
/// [`RoutingSettings::builtin_slots`].
pub type Slots = BTreeMap<MediaType, u16>;

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
    },
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
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum WrapUpMode {
    Optional,
    Mandatory,
    Timed,
}

impl<'de> Deserialize<'de> for WrapUpPolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let form = WrapUpForm::deserialize(deserializer)?;
        let only_timed = |key| D::Error::custom(format!("only the mode \"timed\" has `{key}`"));
        let without = match form.mode {
            WrapUpMode::Optional => Self::Optional,
            WrapUpMode::Mandatory => Self::Mandatory,
            WrapUpMode::Timed => {
                return Ok(Self::Timed {
                    seconds: form
                        .seconds
                        .ok_or_else(|| D::Error::missing_field("seconds"))?,
                    default_code: form
                        .default_code
                        .ok_or_else(|| D::Error::missing_field("default_code"))?,
                });
            }
        };
        if form.seconds.is_some() {
            return Err(only_timed("seconds"));
        }
        if form.default_code.is_some() {
            return Err(only_timed("default_code"));
        }
        Ok(without)
    }
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
    /// Which agent gets an interaction.
    #[serde(default)]
    pub selection: SelectionMethod,
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

fn not_ready_reasons() -> Vec<String> {
    DEFAULT_NOT_READY_REASONS.map(str::to_owned).to_vec()
}

impl QueueSettings {
    /// A queue with the defaults and no members.
    pub fn new(id: QueueId) -> Self {
        Self {
            id,
            name: String::new(),
            members: BTreeSet::new(),
            selection: SelectionMethod::default(),
            order: QueueOrder::default(),
            offer_timeout_seconds: offer_timeout(),
            exclusion_seconds: exclusion(),
            auto_answer: false,
            wrap_up: WrapUpPolicy::default(),
            disposition_codes: disposition_codes(),
            service_level_seconds: service_level(),
            short_abandon_seconds: 0,
            priority: 0,
            slots: Slots::new(),
        }
    }
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
    /// Slots by media type; types that are left out have [`RoutingSettings::builtin_slots`].
    #[schema(value_type = BTreeMap<MediaType, u16>)]
    pub slots: Slots,
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
}

impl Default for RoutingSettings {
    fn default() -> Self {
        Self {
            queues: Vec::new(),
            agents: Vec::new(),
            slots: Slots::new(),
            not_ready_reasons: not_ready_reasons(),
            idle_clock: IdleClock::default(),
            desktop_grace_seconds: 60,
            lost_desktop_work: LostDesktopRule::default(),
        }
    }
}

impl RoutingSettings {
    /// The slots of a media type when nobody sets them: 3 for chats and direct messages, 2 for
    /// social conversations and e-mails, 1 for the rest.
    pub fn builtin_slots(media_type: MediaType) -> u16 {
        match media_type {
            MediaType::Chat | MediaType::SocialDirectMessage => 3,
            MediaType::SocialConversation | MediaType::Email => 2,
            MediaType::Call | MediaType::Callback | MediaType::Generic | MediaType::WorkItem => 1,
        }
    }

    /// Whether the settings make sense together. The first thing that does not is named.
    pub fn check(&self) -> Result<(), SettingsError> {
        let mut agents = BTreeSet::new();
        for agent in &self.agents {
            if !agents.insert(&agent.id) {
                return Err(SettingsError::DuplicateAgent(agent.id.clone()));
            }
            let mut skills = BTreeSet::new();
            for level in &agent.skills {
                if !skills.insert(&level.skill) {
                    return Err(SettingsError::DuplicateSkill {
                        agent: agent.id.clone(),
                        skill: level.skill.clone(),
                    });
                }
                if !(1..=100).contains(&level.proficiency) {
                    return Err(SettingsError::Proficiency {
                        agent: agent.id.clone(),
                        skill: level.skill.clone(),
                        value: level.proficiency,
                    });
                }
            }
        }
        let mut queues = BTreeSet::new();
        for queue in &self.queues {
            if !queues.insert(&queue.id) {
                return Err(SettingsError::DuplicateQueue(queue.id.clone()));
            }
            if let Some(stranger) = queue.members.iter().find(|id| !agents.contains(id)) {
                return Err(SettingsError::UnknownMember {
                    queue: queue.id.clone(),
                    agent: stranger.clone(),
                });
            }
            if queue.offer_timeout_seconds == 0 {
                return Err(SettingsError::OfferTimeout(queue.id.clone()));
            }
            match &queue.wrap_up {
                WrapUpPolicy::Timed { default_code, .. }
                    if !queue.disposition_codes.contains(default_code) =>
                {
                    return Err(SettingsError::DefaultCode {
                        queue: queue.id.clone(),
                        code: default_code.clone(),
                    });
                }
                WrapUpPolicy::Mandatory if queue.disposition_codes.is_empty() => {
                    return Err(SettingsError::NoCodes(queue.id.clone()));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// Why settings do not make sense together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// Two agents with one identifier.
    #[error("agent {0} is set up twice: remove one of them")]
    DuplicateAgent(AgentId),
    /// Two queues with one identifier.
    #[error("queue {0} is set up twice: remove one of them")]
    DuplicateQueue(QueueId),
    /// An agent has a skill twice.
    #[error("agent {agent} has skill {skill} twice: keep one proficiency")]
    DuplicateSkill {
        /// The agent.
        agent: AgentId,
        /// The skill.
        skill: SkillId,
    },
    /// A proficiency out of range.
    #[error("agent {agent}, skill {skill}: proficiency {value} is not between 1 and 100")]
    Proficiency {
        /// The agent.
        agent: AgentId,
        /// The skill.
        skill: SkillId,
        /// What was given.
        value: u8,
    },
    /// A queue's member is not an agent of the site.
    #[error(
        "queue {queue} has member {agent}, who is not among the agents: add the agent or remove the member"
    )]
    UnknownMember {
        /// The queue.
        queue: QueueId,
        /// The member.
        agent: AgentId,
    },
    /// An offer that nobody could accept.
    #[error("queue {0}: offer_timeout_seconds must be at least 1")]
    OfferTimeout(QueueId),
    /// The default code of a timed wrap-up is not one of the queue's codes.
    #[error("queue {queue}: the default code \"{code}\" is not among its disposition_codes")]
    DefaultCode {
        /// The queue.
        queue: QueueId,
        /// The code.
        code: String,
    },
    /// A code is mandatory, but there is none to choose.
    #[error("queue {0}: wrap-up is mandatory, but disposition_codes is empty")]
    NoCodes(QueueId),
}
