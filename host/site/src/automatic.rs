//! What rules and opening hours make of a customer's message, before anybody sees it.
//!
//! It is decided once, with the message, and written in the same durable step: what is sent because of it
//! is in the outbox as soon as the message is in the history, and a restart sends nothing twice.

mod acts;
mod earlier;
mod judge;
mod occasions;
mod rehearsal;
pub(super) mod timers;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use linecard_model::desk::{Attribute, Marks};
use linecard_model::hours::{ClosedWork, HoursConfig, HoursMessage};
use linecard_model::interaction::Interaction;
use linecard_model::routing::RoutingStep;
use linecard_model::rule::{RuleEnd, RuleTrace};
use linecard_model::site::SiteConfig;
use linecard_model::{ChannelId, QueueId, Timestamp};
use linecard_rules::{Decision, Hours, RuleSet, Standing};

use super::state::SiteState;

pub(super) use acts::act;
pub use earlier::Earlier;
pub(super) use judge::{Written, judge};
pub(super) use occasions::{Happened, follow as follow_rules, happened};
pub use rehearsal::{Recorded, Rehearsal};
pub(super) use timers::Timers;

/// The rules and opening hours in force.
#[derive(Debug, Default)]
pub(crate) struct Automatic {
    rules: RuleSet,
    hours: BTreeMap<String, Hours>,
}

impl Automatic {
    /// Those of a configuration. They were checked before it was applied; what a later version refuses
    /// all the same is left out, and said.
    pub fn of(config: &SiteConfig) -> Self {
        let rules = RuleSet::compile(&config.rules).unwrap_or_else(|faults| {
            tracing::error!(
                ?faults,
                "the site's rules are not in force: mend them and apply the site file again"
            );
            RuleSet::default()
        });
        let mut hours = BTreeMap::new();
        for (name, config) in &config.hours {
            match Hours::compile(config) {
                Ok(kept) => {
                    hours.insert(name.clone(), kept);
                }
                Err(faults) => {
                    tracing::error!(
                        hours = name,
                        ?faults,
                        "opening hours are not in force: mend them and apply the site file again"
                    );
                }
            }
        }
        Self { rules, hours }
    }

    /// The rules.
    pub(super) fn rules(&self) -> &RuleSet {
        &self.rules
    }

    /// Whether there is nothing to decide.
    fn is_nothing(&self) -> bool {
        self.rules.is_empty() && self.hours.is_empty()
    }

    /// The hours that count on a channel for a queue: the channel's, else the queue's.
    fn hours_of(&self, channel: &ChannelId, queue: &QueueId) -> Option<(&str, &Hours)> {
        self.first_hours(|config| config.channels.contains(channel))
            .or_else(|| self.hours_of_queue(queue))
    }

    /// The hours of a queue, whatever the channel: its own, else the site's.
    pub fn hours_of_queue(&self, queue: &QueueId) -> Option<(&str, &Hours)> {
        self.first_hours(|config| config.queues.contains(queue))
            .or_else(|| self.first_hours(|config| config.everywhere))
    }

    fn first_hours(&self, fits: impl Fn(&HoursConfig) -> bool) -> Option<(&str, &Hours)> {
        let found = self.hours.iter().find(|(_, hours)| fits(hours.config()));
        found.map(|(name, hours)| (name.as_str(), hours))
    }
}

impl SiteState {
    /// How each of the opening hours stands at a moment, by name.
    pub fn hours_at(&self, at: Timestamp) -> Vec<(String, Standing)> {
        let hours = self.automatic.hours.iter();
        hours
            .map(|(name, hours)| (name.clone(), hours.at(at)))
            .collect()
    }
}

/// What was decided about a message.
#[derive(Debug)]
pub(super) struct Judged {
    decision: Decision,
    closed: Option<Closed>,
    /// Until when the interaction that begins is kept from everybody.
    held: Option<Timestamp>,
    trace: RuleTrace,
}

/// What it comes to that it is closed.
#[derive(Debug)]
struct Closed {
    hours: String,
    since: Option<Timestamp>,
    /// When it opens, or why nothing is held until then; if that is asked for.
    opens: Option<Result<Timestamp, String>>,
    work: ClosedWork,
    message: Option<HoursMessage>,
}

impl Judged {
    /// Whether the message is nobody's work.
    pub fn drops(&self) -> bool {
        self.decision.drop
    }

    /// Makes of an interaction that begins what the rules say.
    pub fn shape(&self, begins: &mut Interaction) {
        if let Some(queue) = &self.decision.queue {
            begins.queue = queue.clone();
        }
        for skill in &self.decision.skills {
            if !begins.skills.contains(skill) {
                begins.skills.push(skill.clone());
            }
        }
    }

    /// What was decided, of a message about which nothing is done.
    pub fn into_trace(self) -> RuleTrace {
        let mut trace = self.trace;
        trace.shorten();
        trace
    }

    /// The step for nobody in which the interaction that begins is held. It takes the place of waiting for
    /// the last agent.
    pub fn held(&self, at: Timestamp) -> Option<RoutingStep> {
        let seconds = self.held?.duration_since(at).as_millis();
        // Not a moment too early.
        let seconds = u32::try_from(seconds.max(0).unsigned_abs().div_ceil(1_000)).ok()?;
        (seconds > 0).then(|| RoutingStep::nobody(seconds))
    }

    /// The priority that the interaction gets.
    pub fn priority(&self) -> Option<i32> {
        self.decision.priority
    }

    /// How the interaction that begins is over at once, if it is.
    pub fn ends(&self) -> Option<RuleEnd> {
        let by_hours = || {
            let closed = self.closed.as_ref()?;
            (closed.work == ClosedWork::End).then(RuleEnd::default)
        };
        self.decision.end.clone().or_else(by_hours)
    }

    /// What is put to the interaction; `None` if that is what it has.
    pub fn marks(&self, before: &Marks) -> Option<Marks> {
        let mut marks = before.clone();
        put(
            &mut marks,
            &self.decision.add_labels,
            &self.decision.attributes,
        );
        (marks != *before).then_some(marks)
    }
}

fn put(marks: &mut Marks, labels: &BTreeSet<String>, attributes: &BTreeMap<String, Attribute>) {
    for label in labels {
        if marks.labels.len() < Marks::MOST_LABELS {
            marks.labels.insert(label.clone());
        }
    }
    for (name, attribute) in attributes {
        let has_room = marks.attributes.len() < Marks::MOST_ATTRIBUTES;
        if has_room || marks.attributes.contains_key(name) {
            marks.attributes.insert(name.clone(), attribute.clone());
        }
    }
}
