//! Rules: what a site does with a message before anybody sees it, and what it did.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::routing::RequiredSkill;
use crate::{AgentId, ChannelId, GroupId, MessageId, QueueId, ResponseId, Timestamp};

/// The most rules of a site.
pub const MOST_RULES: usize = 1_000;
/// The longest name of a rule, in characters.
pub const LONGEST_NAME: usize = 100;

/// One rule of the ordered list that is gone through on an occasion: for every message of a customer's if
/// nothing else is said.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleConfig {
    /// Its name: traces and the messages that it sends name it. No other rule has it.
    #[schema(max_length = 100)]
    pub name: String,
    /// The channels whose messages it looks at; all if empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub channels: BTreeSet<ChannelId>,
    /// On what occasion it is looked at.
    #[serde(default, skip_serializing_if = "RuleOccasion::is_usual")]
    pub on: RuleOccasion,
    /// After how many seconds: of `waited` and `idle`, and of nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(minimum = 1, maximum = 2_592_000)]
    pub after_seconds: Option<u32>,
    /// The condition, an expression in CEL over the facts of the message; always if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub when: Option<String>,
    /// What is done if it holds.
    #[serde(default)]
    pub then: RuleActions,
    /// Whether the rules after it are not looked at then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stop: bool,
}

/// On what occasion a rule is looked at. What rules do is no occasion for others, but that an interaction
/// ends.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Default,
    Serialize,
    Deserialize,
    ToSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum RuleOccasion {
    /// A customer wrote.
    #[default]
    Message,
    /// An interaction came into a queue: its first, or by a transfer.
    Enqueued,
    /// It has waited for an agent for `after_seconds` since it came into its queue.
    Waited,
    /// An agent, or somebody on the network itself, answered the customer.
    Answered,
    /// For `after_seconds` nobody has written in an interaction that is not over.
    Idle,
    /// It is over.
    Ended,
    /// A customer changed a message.
    Edited,
    /// A customer took a message back.
    Deleted,
    /// A person corrected what analyzers found in a message.
    ScoreChanged,
}

impl RuleOccasion {
    // serde hands a reference.
    #[allow(clippy::trivially_copy_pass_by_ref)]
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// Its name in the site file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Enqueued => "enqueued",
            Self::Waited => "waited",
            Self::Answered => "answered",
            Self::Idle => "idle",
            Self::Ended => "ended",
            Self::Edited => "edited",
            Self::Deleted => "deleted",
            Self::ScoreChanged => "score-changed",
        }
    }

    /// Whether it comes after a time.
    pub fn is_timed(self) -> bool {
        matches!(self, Self::Waited | Self::Idle)
    }
}

/// When rules are to be looked at that ask for a time. It is kept with its interaction, set, moved and
/// fired through the journal.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
pub struct RuleTimer {
    /// The occasion: `waited` or `idle`.
    pub on: RuleOccasion,
    /// After how many seconds.
    pub after_seconds: u32,
    /// When that is.
    pub due: Timestamp,
}

impl RuleTimer {
    /// How many occasions with a time the rules of a site have at most, which is how many timers an
    /// interaction has at most.
    pub const MOST: usize = 20;
    /// The longest time, in seconds: 30 days.
    pub const LONGEST_SECONDS: u32 = 2_592_000;
}

/// What a rule does. Of two rules that both name a queue, a priority, an answer or an end, the first one
/// counts; skills, labels and attributes add up.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RuleActions {
    /// The queue of the interaction that begins with the message, or of one that waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<QueueId>,
    /// The queue of one in public, if another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_queue: Option<QueueId>,
    /// Skills that it needs beside those that it has, if it begins with the message or waits.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<RequiredSkill>,
    /// Its priority, in minutes by which it is ahead.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub priority: Option<i32>,
    /// Labels that are put on it.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub add_labels: BTreeSet<String>,
    /// Attributes that it gets, as texts by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, String>,
    /// An answer that is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<RuleReply>,
    /// Whether the message is liked.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub like: bool,
    /// Whether it is reposted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub repost: bool,
    /// Whether it is hidden from the public.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub hide: bool,
    /// Whether the message is nobody's work: it is kept in the history, and no interaction begins with it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub drop: bool,
    /// Whether the interaction is over: one that begins with the message at once, kept with what the rules
    /// put to it, and nobody is asked. One that an agent has goes to the wrap-up of its queue unless a
    /// disposition is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<RuleEnd>,
    /// Who is told of it: an event for their desktops.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notify: Option<RuleNotice>,
}

/// What people are told by a rule.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RuleNotice {
    /// The agents.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub agents: BTreeSet<AgentId>,
    /// The groups of which every member is told.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub groups: BTreeSet<GroupId>,
    /// What they are told. It is no place for what a customer wrote: the interaction is named with it.
    #[schema(max_length = 500)]
    pub text: String,
}

impl RuleNotice {
    /// The longest text, in characters.
    pub const LONGEST_TEXT: usize = 500;
    /// How many agents and groups it names at most.
    pub const MOST_NAMES: usize = 50;
}

/// How an interaction ends by a rule.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RuleEnd {
    /// What became of it: one of its queue's disposition codes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disposition: Option<String>,
}

/// An answer that a rule sends.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RuleReply {
    /// Its text, in which placeholders are filled in as in a standard response; where one is named, what is
    /// said if there is none of that name any more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 8000)]
    pub text: Option<String>,
    /// The standard response that is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response: Option<ResponseId>,
    /// Whether a public message is answered privately.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
    /// Whether it is sent although an agent has taken the conversation over.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub after_agent: bool,
}

/// What holds for everything that rules and opening hours say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AutomaticConfig {
    /// How many automatic messages a contact gets within an hour at most; 0 sends none.
    #[schema(maximum = 60)]
    pub per_contact_hour: u16,
    /// What is written below each, after a line break, such as "This is an automatic answer."
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 500)]
    pub disclosure: Option<String>,
}

impl Default for AutomaticConfig {
    fn default() -> Self {
        Self {
            per_contact_hour: 3,
            disclosure: None,
        }
    }
}

impl AutomaticConfig {
    /// Whether nothing was set.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

/// What the rules did with a message, and why.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
pub struct RuleTrace {
    /// How many rules were looked at.
    pub looked_at: u32,
    /// Those that matched, or could not be decided, in their order. At most [`RuleTrace::MOST_STEPS`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<RuleStep>,
    /// How it stood with the opening hours, if there are some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<HoursSeen>,
    /// What took place, rules and hours together, in microseconds.
    #[serde(default)]
    pub micros: u64,
}

impl RuleTrace {
    /// How many steps a trace has at most.
    pub const MOST_STEPS: usize = 100;
}

/// One rule that had something to say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleStep {
    /// The rule.
    pub rule: String,
    /// Why it could not be decided; absent if it matched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undecided: Option<String>,
    /// What it did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub did: Vec<RuleDid>,
    /// Whether the rules after it were not looked at.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stopped: bool,
}

/// Something that a rule, or the opening hours, did or wanted to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RuleDid {
    /// What, such as `queue care` or `reply`.
    pub what: String,
    /// Why it was not done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_done: Option<String>,
    /// The message that was sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
}

/// How it stood with the opening hours when a message came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HoursSeen {
    /// Which.
    pub hours: String,
    /// Whether they were open.
    pub open: bool,
    /// Why not, or why: `emergency`, `special-day` or `hours`.
    pub reason: HoursReason,
    /// The special day's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub special_day: Option<String>,
    /// Until when it stays so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// What was done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub did: Vec<RuleDid>,
}

/// What decides whether it is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HoursReason {
    /// The emergency switch.
    Emergency,
    /// A special day.
    SpecialDay,
    /// The weekly hours.
    Hours,
}

impl HoursReason {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Emergency => "emergency",
            Self::SpecialDay => "special-day",
            Self::Hours => "hours",
        }
    }
}
