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
    /// Until when the interaction that begins with the message is kept from everybody: `opening`, when the
    /// opening hours that count for it open, or a time of day in their zone such as `08:30` (UTC where there
    /// are no hours). It waits in its queue, is offered to nobody, and keeps its time; whoever may pick it up
    /// there still can, and an overflow of the queue ends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<String>,
    /// An answer that is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reply: Option<RuleReply>,
    /// With what words the author is asked publicly to follow the company, so that private messages become
    /// possible. Placeholders are filled in as in a standard response.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 8000)]
    pub ask_to_follow: Option<String>,
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

impl RuleActions {
    /// What stands for the opening hours in [`RuleActions::hold`].
    pub const OPENING: &str = "opening";
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
    /// For how many seconds it is tried again when the network fails for the time being; then it has failed.
    /// What holds for all automatic messages if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 604_800)]
    pub retry_for_seconds: Option<u32>,
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
    /// What is written in its place on some channels or in some languages: the first that is for both counts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disclosures: Vec<AutomaticDisclosure>,
    /// How many messages rules like on a channel within an hour at most.
    #[schema(maximum = 1000)]
    pub likes_per_hour: u16,
    /// How many they repost on a channel within an hour at most.
    #[schema(maximum = 1000)]
    pub reposts_per_hour: u16,
    /// How many customers they ask to follow on a channel within an hour at most.
    #[schema(maximum = 1000)]
    pub follow_requests_per_hour: u16,
    /// For how many seconds an automatic message is tried again when the network fails for the time being:
    /// one that comes much later helps nobody. The channel's own time if absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(maximum = 604_800)]
    pub retry_for_seconds: Option<u32>,
}

impl Default for AutomaticConfig {
    fn default() -> Self {
        Self {
            per_contact_hour: 3,
            disclosure: None,
            disclosures: Vec::new(),
            likes_per_hour: 60,
            reposts_per_hour: 10,
            follow_requests_per_hour: 30,
            retry_for_seconds: None,
        }
    }
}

/// How it is told that nobody wrote a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AutomaticDisclosure {
    /// What is told. Empty: nothing.
    #[schema(max_length = 500)]
    pub text: String,
    /// The channels; all if empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub channels: BTreeSet<ChannelId>,
    /// The language of the customer's message, as an analyzer told it, such as `en`; any if absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Where it stands.
    #[serde(default, skip_serializing_if = "DisclosurePlace::is_usual")]
    pub place: DisclosurePlace,
}

/// Where a disclosure stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum DisclosurePlace {
    /// Below each automatic message, after a line break.
    #[default]
    Below,
    /// In a message of its own before the first automatic one of an interaction. Below it where a public
    /// message is answered privately: networks take one such answer.
    First,
}

impl DisclosurePlace {
    // serde hands a reference.
    #[allow(clippy::trivially_copy_pass_by_ref)]
    fn is_usual(&self) -> bool {
        *self == Self::default()
    }
}

impl AutomaticConfig {
    /// The longest time in which automatic messages are tried again, in seconds: a week.
    pub const LONGEST_RETRY_SECONDS: u32 = 604_800;
    /// The longest disclosure, in characters.
    pub const LONGEST_DISCLOSURE: usize = 500;
    /// How many disclosures there are at most.
    pub const MOST_DISCLOSURES: usize = 200;

    /// Whether nothing was set.
    pub fn is_usual(&self) -> bool {
        *self == Self::default()
    }

    /// What is told on a channel to somebody who writes a language, and where.
    pub fn disclosure(
        &self,
        channel: &ChannelId,
        language: Option<&str>,
    ) -> Option<(&str, DisclosurePlace)> {
        let own = self.disclosures.iter().find(|own| {
            let is_language = |own: &str| {
                // `en` is also for `en-GB`.
                let said = language.and_then(|said| said.get(..own.len()).map(|part| (said, part)));
                said.is_some_and(|(said, part)| {
                    part.eq_ignore_ascii_case(own)
                        && matches!(said.as_bytes().get(own.len()), None | Some(b'-' | b'_'))
                })
            };
            (own.channels.is_empty() || own.channels.contains(channel))
                && own.language.as_deref().is_none_or(is_language)
        });
        let (text, place) = match own {
            Some(own) => (own.text.as_str(), own.place),
            None => (self.disclosure.as_deref()?, DisclosurePlace::Below),
        };
        (!text.trim().is_empty()).then_some((text, place))
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
    /// How many more steps there were: a trace is kept with each message, so it has an end.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: u32,
    /// What took place, rules and hours together, in microseconds.
    #[serde(default)]
    pub micros: u64,
}

// serde hands a reference.
#[allow(clippy::trivially_copy_pass_by_ref)]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl RuleTrace {
    /// How many steps a trace has at most.
    pub const MOST_STEPS: usize = 100;
    /// How large its steps are at most, in bytes as they are kept.
    pub const MOST_BYTES: usize = 6_000;

    /// Leaves the last steps out that make it too large to be kept.
    pub fn shorten(&mut self) {
        let mut bytes = 0;
        let fit = self.steps.iter().take_while(|step| {
            // Texts and truths always serialize.
            bytes += serde_json::to_vec(step).map_or(0, |json| json.len());
            bytes <= Self::MOST_BYTES
        });
        let fit = fit.count();
        let mut left_out = self.steps.split_off(fit);
        // Where it went is counted with the interaction.
        let moved = left_out.iter().position(RuleStep::has_moved);
        self.steps.extend(moved.map(|place| left_out.remove(place)));
        let left_out = left_out.len();
        let left_out = u32::try_from(left_out).unwrap_or(u32::MAX);
        self.left_out = self.left_out.saturating_add(left_out);
    }
}

impl RuleTrace {
    /// Whether a rule led it to another queue.
    pub fn has_moved(&self) -> bool {
        self.steps.iter().any(RuleStep::has_moved)
    }
}

impl RuleStep {
    fn has_moved(&self) -> bool {
        let mut did = self.did.iter();
        did.any(|did| did.what.starts_with("queue ") && did.not_done.is_none())
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_disclosure_for_a_channel_and_a_language_counts() {
        let page = ChannelId::new("page").unwrap();
        let of =
            |text: &str, channels: &[&ChannelId], language: Option<&str>| AutomaticDisclosure {
                text: text.to_owned(),
                channels: channels.iter().map(|id| (*id).clone()).collect(),
                language: language.map(str::to_owned),
                place: DisclosurePlace::Below,
            };
        let config = AutomaticConfig {
            disclosure: Some("A machine wrote this.".to_owned()),
            disclosures: vec![
                of("Bot", &[&page], Some("en")),
                of("Automatisch", &[], Some("de")),
                of(" ", &[&page], Some("fr")),
            ],
            ..AutomaticConfig::default()
        };
        let told = |channel: &str, language| {
            let channel = ChannelId::new(channel).unwrap();
            config.disclosure(&channel, language).map(|(text, _)| text)
        };
        assert_eq!(told("page", Some("en-GB")), Some("Bot"));
        assert_eq!(told("page", Some("de")), Some("Automatisch"));
        assert_eq!(told("page", Some("fr")), None, "an empty one tells nothing");
        assert_eq!(told("page", Some("eng")), Some("A machine wrote this."));
        assert_eq!(told("x", Some("en")), Some("A machine wrote this."));
        assert_eq!(told("page", None), Some("A machine wrote this."));
        assert_eq!(told("page", Some("é")), Some("A machine wrote this."));
    }

    #[test]
    fn a_trace_that_is_too_large_loses_its_last_steps_and_says_how_many() {
        let step = |number: usize| RuleStep {
            rule: format!("{number} {}", "é".repeat(90)),
            undecided: None,
            did: vec![RuleDid {
                what: "x".repeat(100),
                not_done: None,
                message: None,
            }],
            stopped: false,
        };
        let mut trace = RuleTrace {
            steps: (0..RuleTrace::MOST_STEPS).map(step).collect(),
            ..RuleTrace::default()
        };
        trace.shorten();
        let kept = serde_json::to_vec(&trace.steps).unwrap().len();
        assert!(
            kept <= RuleTrace::MOST_BYTES + RuleTrace::MOST_STEPS,
            "{kept}"
        );
        assert_eq!(trace.steps.len() + trace.left_out as usize, 100);
        assert!(trace.steps[0].rule.starts_with("0 "));
        let before = trace.clone();
        trace.shorten();
        assert_eq!(trace, before);
    }
}
