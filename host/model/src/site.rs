//! How a site is set up: the declarative site file, which is also what the API reads and writes.
//!
//! Secrets are never in it: a channel names where each of its secrets comes from.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::hours::HoursConfig;
use crate::plugin::PluginTrust;
use crate::rights::{Right, Rights, RoleConfig, rights_of};
use crate::routing::{
    IdleClock, Interruptions, LostDesktopRule, MediaType, NoAnswerRule, OverflowRule, QueueOrder,
    RequiredSkill, RoutingStep, SelectionMethod, ServicePolicy, Shares, SkillMode, Slots,
    WrapUpPolicy,
};
use crate::rule::{AutomaticConfig, RuleConfig};
use crate::spend::SpendConfig;
use crate::{AgentId, ChannelId, GroupId, PluginId, QueueId, RoleId, SkillId, StationId};

/// A site's channels, queues, agents, keys and analyzers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteConfig {
    /// The name that people read.
    #[serde(default)]
    pub name: String,
    /// What holds for the whole site.
    #[serde(default)]
    pub routing: SiteRouting,
    /// How long things are kept.
    #[serde(default, skip_serializing_if = "SiteRetention::is_default")]
    pub retention: SiteRetention,
    /// Within what time which customers are to be answered; the first policy that holds counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub service_policies: Vec<ServicePolicy>,
    /// The labels that may be put on interactions; any if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeSet<String>>,
    /// The queues.
    #[serde(default)]
    pub queues: BTreeMap<QueueId, QueueConfig>,
    /// The people who sign in.
    #[serde(default)]
    pub agents: BTreeMap<AgentId, AgentConfig>,
    /// Roles beside the three that every site has.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub roles: BTreeMap<RoleId, RoleConfig>,
    /// Agents who are named together, as members of queues and in routing steps.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub groups: BTreeMap<GroupId, GroupConfig>,
    /// Places to work at that give media types to whoever sits there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub stations: BTreeMap<StationId, StationConfig>,
    /// The machines that call the API.
    #[serde(default)]
    pub keys: BTreeMap<String, KeyConfig>,
    /// The analyzers that read each customer's message, in the order of their names.
    #[serde(default)]
    pub analyzers: BTreeMap<String, AnalyzerConfig>,
    /// What is done with each customer's message before anybody sees it: gone through from the first to
    /// the last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleConfig>,
    /// When people work, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hours: BTreeMap<String, HoursConfig>,
    /// What holds for everything that rules and opening hours say.
    #[serde(default, skip_serializing_if = "AutomaticConfig::is_usual")]
    pub automatic: AutomaticConfig,
    /// Which plug-in files may serve.
    #[serde(default, skip_serializing_if = "PluginTrust::is_usual")]
    pub plugins: PluginTrust,
    /// The accounts on the networks.
    #[serde(default)]
    pub channels: BTreeMap<ChannelId, ChannelConfig>,
}

impl SiteConfig {
    /// The agents who take work from a queue, those of its groups among them.
    pub fn members<'a>(&'a self, queue: &'a QueueConfig) -> BTreeSet<&'a AgentId> {
        let groups = queue.groups.iter().filter_map(|id| self.groups.get(id));
        let of_groups = groups.flat_map(|group| &group.members);
        queue.members.iter().chain(of_groups).collect()
    }

    /// What a person may do beyond an agent's work.
    pub fn rights_of_agent(&self, agent: &AgentConfig) -> Rights {
        let rights = rights_of(&self.roles, &agent.role);
        if agent.social_media_admin {
            rights.with(Right::Channels)
        } else {
            rights
        }
    }

    /// What a machine may do beyond an agent's work.
    pub fn rights_of_key(&self, key: &KeyConfig) -> Rights {
        rights_of(&self.roles, &key.role)
    }

    /// The queues from which an agent takes work.
    pub fn queues_of<'a>(&'a self, agent: &'a AgentId) -> impl Iterator<Item = &'a QueueId> {
        let queues = self.queues.iter();
        queues
            .filter(|(_, queue)| self.members(queue).contains(agent))
            .map(|(id, _)| id)
    }
}

/// How long things are kept that are not the history.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SiteRetention {
    /// The marks by which an event is known that a network delivers twice, in days.
    #[schema(minimum = 1)]
    pub deduplication_days: u32,
    /// The answers to requests with an idempotency key, in days.
    #[schema(minimum = 1)]
    pub idempotency_days: u32,
    /// Events about a message that is not known, in hours.
    pub early_hours: u32,
    /// The networks' payloads, as they came, in days.
    pub raw_days: u32,
    /// What failed for good, in days.
    pub dead_letter_days: u32,
    /// What happened, in days: event streams resume from a cursor that is not older, and the audit log
    /// goes back so far. What people wrote and the interactions stay.
    pub journal_days: u32,
    /// Drafts of interactions that are over, in days.
    pub draft_days: u32,
}

impl Default for SiteRetention {
    fn default() -> Self {
        Self {
            deduplication_days: 14,
            idempotency_days: 3,
            early_hours: 48,
            raw_days: 30,
            dead_letter_days: 90,
            journal_days: 400,
            draft_days: 30,
        }
    }
}

impl SiteRetention {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

/// What holds for the routing of the whole site.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteRouting {
    /// How many interactions of each media type an agent may have at a time, unless the queue or
    /// the agent says otherwise.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<MediaType, u16>)]
    pub slots: Slots,
    /// How many percent of an agent's capacity an interaction of each media type takes, unless the queue
    /// or the agent says otherwise. The work in hand and a new one may take 100 together. A type with
    /// percent and no slots is limited by percent alone.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<MediaType, u8>)]
    pub percent: Shares,
    /// For each media type the types of work that may be offered to an agent as if the agent had none of
    /// it in hand, unless the queue or the agent says otherwise.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<MediaType, BTreeSet<MediaType>>)]
    pub interruptible_by: Interruptions,
    /// By how many interactions work that comes back to an agent may exceed that agent's limits. Default 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 100)]
    pub over_limit: Option<u16>,
    /// What becomes of an agent who lets an offer ring out.
    #[serde(default)]
    pub no_answer: NoAnswerRule,
    /// For how long work that is done elsewhere counts if nobody says otherwise, in seconds.
    /// Default 14400.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 86_400)]
    pub external_seconds: Option<u32>,
    /// The reasons for not being ready; the usual ones if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_ready_reasons: Option<Vec<String>>,
    /// For how long an agent's desktop may be gone before the agent is offline, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desktop_grace_seconds: Option<u32>,
    /// What then becomes of the work.
    #[serde(default)]
    pub lost_desktop: LostDesktopRule,
    /// When the idle clock restarts.
    #[serde(default)]
    pub idle_clock: IdleClock,
}

/// A queue.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QueueConfig {
    /// The name that people read.
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
    /// Who may get an interaction, one after the other; all members at once if empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<RoutingStep>,
    /// When interactions go over to another queue; the first rule that holds counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overflow: Vec<OverflowRule>,
    /// Which interaction is next.
    #[serde(default)]
    pub order: QueueOrder,
    /// How long an offer alerts, in seconds. Default 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub offer_timeout_seconds: Option<u32>,
    /// For how long an agent who declined is not offered the same again, in seconds. Default 60.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exclusion_seconds: Option<u32>,
    /// Whether interactions connect without the agent being asked.
    #[serde(default)]
    pub auto_answer: bool,
    /// What happens after the conversation.
    #[serde(default)]
    pub wrap_up: WrapUpPolicy,
    /// The disposition codes; the usual ones if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposition_codes: Option<Vec<String>>,
    /// Within how many seconds an answer is within the service level. Default 3600.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_level_seconds: Option<u32>,
    /// The same by media type, where it is another.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<MediaType, u32>)]
    pub service_levels: BTreeMap<MediaType, u32>,
    /// Interactions abandoned within this many seconds do not count against the service level; all count
    /// if 0.
    #[serde(default)]
    pub short_abandon_seconds: u32,
    /// The priority of its interactions; one point is one minute of waiting.
    #[serde(default)]
    pub priority: i32,
    /// Slots of its members by media type, in place of the site's.
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
    /// Whether members may take what waits themselves; otherwise only supervisors may.
    #[serde(default)]
    pub pick_up: bool,
    /// For how long an interaction that was transferred or comes back to one agent waits for that agent
    /// before others may get it, in seconds. Default 60.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub direct_wait_seconds: Option<u32>,
    /// For how long an interaction may be parked, and is if nobody says otherwise, in seconds.
    /// Default 86400.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1)]
    pub park_seconds: Option<u32>,
}

/// A person who signs in.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentConfig {
    /// The name that people read.
    #[serde(default)]
    pub name: String,
    /// What the person may do: `agent` (an agent's work and no more), `supervisor` (sees everything and
    /// leads the work of others), `admin` (every right), or one of the site's own roles.
    #[serde(default)]
    pub role: RoleId,
    /// Whether the person has the right `channels` beside what the role gives.
    #[serde(default)]
    pub social_media_admin: bool,
    /// The skills, each with its proficiency from 1 to 100.
    #[serde(default)]
    pub skills: BTreeMap<SkillId, u8>,
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
    /// The media types that the agent may get, beside those of the station; all if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_types: Option<BTreeSet<MediaType>>,
    /// Whether interactions connect without this agent being asked, whatever the queue says.
    #[serde(default)]
    pub auto_answer: bool,
    /// Where the password comes from: `env:NAME` or `file:PATH`. The hub keeps only its Argon2 hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretRef>,
}

/// Agents who are named together.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupConfig {
    /// The name that people read.
    #[serde(default)]
    pub name: String,
    /// The agents.
    #[serde(default)]
    pub members: BTreeSet<AgentId>,
}

/// A place to work at.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct StationConfig {
    /// The name that people read.
    #[serde(default)]
    pub name: String,
    /// The media types that whoever sits there may get, beside their own.
    #[serde(default)]
    pub media_types: BTreeSet<MediaType>,
}

/// A machine that calls the API.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyConfig {
    /// What it is for.
    #[serde(default)]
    pub name: String,
    /// What it may do, as with people.
    #[serde(default)]
    pub role: RoleId,
    /// The channels to which it may deliver by the Open Messaging API; none if empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub channels: BTreeSet<ChannelId>,
    /// Where the secret comes from: `env:NAME` or `file:PATH`. The hub keeps only its hash.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<SecretRef>,
}

/// An analyzer at work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AnalyzerConfig {
    /// The plug-in.
    pub plugin: PluginId,
    /// Its configuration, as its manifest's schema says.
    #[serde(default)]
    pub config: Value,
    /// The channels whose messages it reads; all if empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub channels: BTreeSet<ChannelId>,
}

/// One account on a network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelConfig {
    /// The connector.
    pub plugin: PluginId,
    /// The name that people read.
    #[serde(default)]
    pub name: String,
    /// Whether it neither polls nor sends anything for now. What the network delivers is still kept.
    #[serde(default)]
    pub paused: bool,
    /// A name under which several channels share one webhook address, `/webhooks/{name}`, beside their
    /// own: for networks that know one address for all accounts of an app. Each channel takes what is
    /// for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_group: Option<ChannelId>,
    /// The queue of its interactions.
    pub queue: QueueId,
    /// The queue of its public interactions, if another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_queue: Option<QueueId>,
    /// The skills that its interactions need.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<RequiredSkill>,
    /// How the comments of a public conversation become interactions.
    #[serde(default, skip_serializing_if = "CommentsConfig::is_usual")]
    pub comments: CommentsConfig,
    /// Whether a customer who writes again after the end comes back to the same agent.
    #[serde(default, skip_serializing_if = "LastAgentConfig::is_usual")]
    pub last_agent: LastAgentConfig,
    /// For how many hours after its end a customer who writes again in the same conversation opens the
    /// same interaction again; 0: what comes after the end is always a new one.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[schema(maximum = 72)]
    pub reopen_hours: u16,
    /// Whether the company keeps its customers' consent to be written to first elsewhere, so that no
    /// contact's own opt-in is asked for on this channel.
    #[serde(default)]
    pub opted_in: bool,
    /// The connector's configuration, as its manifest's schema says.
    #[serde(default)]
    pub config: Value,
    /// Where each secret comes from, by the manifest's name.
    #[serde(default)]
    pub secrets: BTreeMap<String, SecretRef>,
    /// The hosts that the connector may call, as `name` or `name:port`; those of its manifest if
    /// absent. A host with a private address, or without https, must be named here as a URL such as
    /// `http://127.0.0.1:8080`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hosts: Option<Vec<String>>,
    /// The most actions a second, over all, in place of the manifest's limits for the whole channel: for
    /// an account to which the network grants more, or less. Limits for one recipient stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(exclusive_minimum = 0.0, maximum = 1000.0)]
    pub actions_per_second: Option<f64>,
    /// For how long an action that fails for the time being is tried again, in seconds. Default as
    /// often as the network documents, else for one day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 2_592_000)]
    pub retry_for_seconds: Option<u32>,
    /// How long such an action waits after each failure, in seconds, unless the network names a time.
    /// Default what the network documents, else 1, then twice as long each time up to 300.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 0.1, maximum = 3600.0)]
    pub retry_pause_seconds: Option<f64>,
    /// How often the credentials are tried, in seconds, so that one that has expired is noticed
    /// before a customer's message suffers. Default 300.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 86_400)]
    pub probe_every_seconds: Option<u32>,
    /// How much it may cost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spend: Option<SpendConfig>,
}

/// Whether a customer who writes again after an interaction's end comes back to the agent who had it. One
/// who is not there never holds it up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LastAgentConfig {
    /// When it does.
    pub mode: LastAgentMode,
    /// For how long after the end of the previous interaction, in hours; 0 is never.
    #[schema(maximum = 72)]
    pub window_hours: u16,
    /// How long it waits for that agent before others may get it, in seconds.
    #[schema(minimum = 1, maximum = 86_400)]
    pub wait_seconds: u32,
}

impl Default for LastAgentConfig {
    fn default() -> Self {
        Self {
            mode: LastAgentMode::default(),
            window_hours: 24,
            wait_seconds: 60,
        }
    }
}

// By reference, because serde asks so.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(hours: &u16) -> bool {
    *hours == 0
}

impl LastAgentConfig {
    /// Whether nothing was set.
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// When a customer who writes again comes back to the agent who had the interaction before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LastAgentMode {
    /// Whatever the queue of either.
    #[default]
    AnyQueue,
    /// If both are of one queue.
    SameQueue,
    /// Never.
    Off,
}

/// How the comments of a public conversation become interactions. Private conversations are not
/// concerned.
///
/// Whoever takes part in an interaction that is not over writes into it, whatever is set here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct CommentsConfig {
    /// For how long after an interaction's beginning the comments of others on the same post join
    /// it, in seconds, as long as nobody has taken it; 0 joins none. Default 60: long enough for a
    /// post and its first comments to be read as one, however the network delivers them, and short
    /// beside any service level. A channel that polls less often than every minute wants its poll
    /// interval here.
    #[schema(maximum = 86_400)]
    pub gather_seconds: u32,
    /// What becomes of comments of others that come later, or once somebody has the interaction.
    pub later: LaterComments,
    /// Who gets a contact.
    pub contacts: CommentContacts,
}

impl Default for CommentsConfig {
    fn default() -> Self {
        Self {
            gather_seconds: 60,
            later: LaterComments::default(),
            contacts: CommentContacts::default(),
        }
    }
}

impl CommentsConfig {
    /// Whether nothing was set.
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// What becomes of comments that come after an interaction's gathering time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LaterComments {
    /// They make another interaction, and the agent who has the first one is told.
    #[default]
    Separate,
    /// They join it for as long as its conversation goes on.
    Join,
}

/// Who gets a contact in a public conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CommentContacts {
    /// Every author.
    #[default]
    Each,
    /// The first author: of the post, or, of a post by the company or one that the hub never saw,
    /// of the interaction. The messages of others are kept under that contact and name their
    /// author.
    First,
}

/// Where a secret comes from. Reading the value is the hub's; this is only its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum SecretRef {
    /// An environment variable of the hub's process.
    Env(String),
    /// A file, without the line break at its end.
    File(String),
    /// Kept by the hub, encrypted; it was given through the API.
    Stored,
}

/// Not a place that a secret can come from.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a secret is not written here: name its place as env:NAME or file:PATH, or stored if it was given through the API"
)]
pub struct SecretRefError;

impl TryFrom<String> for SecretRef {
    type Error = SecretRefError;

    // The text itself is not repeated in the error: it may be the secret.
    fn try_from(text: String) -> Result<Self, SecretRefError> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.to_owned())),
            None if text == "stored" => Ok(Self::Stored),
            _ => Err(SecretRefError),
        }
    }
}

impl PartialSchema for SecretRef {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some(
                "Where a secret comes from: `env:NAME`, `file:PATH`, or `stored`. Never the secret.",
            ))
            .pattern(Some("^(env:.+|file:.+|stored)$"))
            .into()
    }
}

impl ToSchema for SecretRef {}

impl From<SecretRef> for String {
    fn from(place: SecretRef) -> String {
        match place {
            SecretRef::Env(name) => format!("env:{name}"),
            SecretRef::File(path) => format!("file:{path}"),
            SecretRef::Stored => "stored".to_owned(),
        }
    }
}
