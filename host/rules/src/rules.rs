//! The ordered list of rules: checked as a whole, and gone through for each message.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use linecard_model::desk::Attribute;
use linecard_model::routing::RequiredSkill;
use linecard_model::rule::{
    MOST_RULES, RuleConfig, RuleDid, RuleEnd, RuleNotice, RuleOccasion, RuleReply, RuleStep,
    RuleTimer, RuleTrace,
};
use linecard_model::{ChannelId, QueueId, Timestamp};
use regex::Regex;

use crate::actions::{check_actions, unfit_name};
use crate::check::Fault;
use crate::expression::{Expression, Verdict, scene};
use crate::facts::Facts;

/// Something that is wrong with a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFault {
    /// Which, counted from 0.
    pub rule: usize,
    /// The field, from the rule on.
    pub field: Vec<String>,
    /// What is wrong; of a condition with its line and column.
    pub text: String,
}

/// A list of rules that was accepted.
#[derive(Debug, Default)]
pub struct RuleSet {
    rules: Vec<Compiled>,
    patterns: Arc<BTreeMap<String, Regex>>,
}

#[derive(Debug)]
struct Compiled {
    config: RuleConfig,
    when: Option<Expression>,
}

/// What the rules are gone through for.
#[derive(Debug, Clone, Copy)]
pub struct Occasion<'o> {
    /// The kind of occasion: only the rules for it are looked at.
    pub on: RuleOccasion,
    /// After how many seconds, if it comes after a time.
    pub after_seconds: Option<u32>,
    /// What is known.
    pub facts: &'o Facts,
    /// The channel.
    pub channel: &'o ChannelId,
    /// Whether the message is public.
    pub public: bool,
    /// Whether an interaction begins with it.
    pub begins: bool,
    /// Whether it can still be led to another queue: it begins, or nobody has taken it.
    pub moves: bool,
    /// Whether it can be ended.
    pub ends: bool,
}

/// Something to do on the network.
#[derive(Debug, Clone, PartialEq)]
pub enum Act {
    /// To answer.
    Reply(RuleReply),
    /// To like the message.
    Like,
    /// To repost it.
    Repost,
    /// To hide it from the public.
    Hide,
    /// To ask its author publicly to follow.
    AskToFollow(String),
}

/// Something to do on the network, and where in the trace it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// The step.
    pub step: usize,
    /// The place among what the step did.
    pub did: usize,
    /// The rule.
    pub rule: String,
    /// What.
    pub act: Act,
}

/// That an interaction is kept from everybody.
#[derive(Debug, Clone, PartialEq)]
pub struct Held {
    /// What the rule says.
    pub hold: String,
    /// The step of the trace.
    pub step: usize,
    /// The place among what the step did.
    pub did: usize,
    /// The moment, once somebody who knows the hours has found it out.
    pub until: Option<Timestamp>,
}

/// What the rules say.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Decision {
    /// The queue of the interaction that begins.
    pub queue: Option<QueueId>,
    /// The skills that it needs beside the channel's.
    pub skills: Vec<RequiredSkill>,
    /// The interaction's priority.
    pub priority: Option<i32>,
    /// Until when the interaction that begins is kept from everybody.
    pub hold: Option<Held>,
    /// The labels that it gets.
    pub add_labels: BTreeSet<String>,
    /// The attributes that it gets.
    pub attributes: BTreeMap<String, Attribute>,
    /// Whether the message is nobody's work.
    pub drop: bool,
    /// Whether the interaction that begins is over at once.
    pub end: Option<RuleEnd>,
    /// What is to be done on the network, in order.
    pub acts: Vec<Wanted>,
    /// Who is told of it, by the rule that says so.
    pub notices: Vec<(String, RuleNotice)>,
    /// How many rules were looked at.
    pub looked_at: u32,
    /// Those that matched or could not be decided.
    pub steps: Vec<RuleStep>,
}

/// How many undecided rules a trace shows.
const MOST_UNDECIDED: usize = 20;

impl RuleSet {
    /// Checks and keeps a list of rules. Everything that is wrong is told at once.
    pub fn compile(configs: &[RuleConfig]) -> Result<Self, Vec<RuleFault>> {
        let mut faults = Vec::new();
        let mut fault = |rule: usize, field: &[&str], text: String| {
            faults.push(RuleFault {
                rule,
                field: field.iter().map(|part| (*part).to_owned()).collect(),
                text,
            });
        };
        if configs.len() > MOST_RULES {
            let text = format!("a site has up to {MOST_RULES} rules, not {}", configs.len());
            fault(MOST_RULES, &[], text);
        }
        let timed = configs.iter().filter(|rule| rule.on.is_timed());
        let times: BTreeSet<_> = timed.map(|rule| (rule.on, rule.after_seconds)).collect();
        if times.len() > RuleTimer::MOST {
            let text = format!(
                "the rules of a site look at interactions after up to {} different times, not {}",
                RuleTimer::MOST,
                times.len()
            );
            fault(0, &["after_seconds"], text);
        }
        let mut names = BTreeSet::new();
        let mut rules: Vec<Compiled> = Vec::new();
        let mut patterns = BTreeMap::new();
        for (index, config) in configs.iter().take(MOST_RULES).enumerate() {
            for text in unfit_name(&config.name) {
                fault(index, &["name"], text);
            }
            if !names.insert(config.name.as_str()) {
                let text = format!("there is another rule \"{}\" before it", config.name);
                fault(index, &["name"], text);
            }
            check_actions(config, &mut |field: &[&str], text| {
                fault(index, field, text);
            });
            let when = match config.when.as_deref().map(Expression::parse) {
                None => None,
                Some(Ok(when)) => Some(when),
                Some(Err(found)) => {
                    for Fault { line, column, text } in found {
                        let text = format!("line {line}, column {column}: {text}");
                        fault(index, &["when"], text);
                    }
                    continue;
                }
            };
            let constant = when
                .as_ref()
                .filter(|when| when.is_constant())
                .map(|when| when.holds(&Facts::default()));
            if constant
                .as_ref()
                .is_some_and(|verdict| *verdict != Verdict::Holds)
            {
                let text = "it never holds: it asks for no fact of the message".to_owned();
                fault(index, &["when"], text);
            }
            let compiled = Compiled {
                config: config.clone(),
                when: when.filter(|_| constant.is_none()),
            };
            if let Some(before) = rules.iter().find(|before| before.covers(&compiled)) {
                let text = format!(
                    "it is never reached: rule \"{}\" stops before it; move it up, or let that one go on",
                    before.config.name
                );
                fault(index, &[], text);
            }
            if let Some(when) = &compiled.when {
                let own = when.patterns().iter();
                patterns.extend(own.map(|(text, regex)| (text.clone(), regex.clone())));
            }
            rules.push(compiled);
        }
        if faults.is_empty() {
            let patterns = Arc::new(patterns);
            Ok(Self { rules, patterns })
        } else {
            Err(faults)
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Whether there are some for an occasion.
    pub fn has(&self, on: RuleOccasion) -> bool {
        self.rules.iter().any(|rule| rule.config.on == on)
    }

    /// Whether a condition of an occasion's rules names a fact, by its group and its name. What is costly to
    /// find out is found out only then.
    pub fn names(&self, on: RuleOccasion, group: &str, fact: &str) -> bool {
        let own = self.rules.iter().filter(|rule| rule.config.on == on);
        own.filter_map(|rule| rule.when.as_ref())
            .any(|when| when.names(group, fact))
    }

    /// After how many seconds rules for an occasion are looked at, each once.
    pub fn times(&self, on: RuleOccasion) -> BTreeSet<u32> {
        let rules = self.rules.iter().map(|rule| &rule.config);
        rules
            .filter(|rule| rule.on == on)
            .filter_map(|rule| rule.after_seconds)
            .collect()
    }

    /// Goes through the rules.
    pub fn decide(&self, occasion: Occasion<'_>) -> Decision {
        let mut decision = Decision::default();
        if self.rules.is_empty() {
            return decision;
        }
        let scene = scene(occasion.facts, &self.patterns);
        let mut undecided = 0;
        for rule in &self.rules {
            if !rule.is_for(&occasion) {
                continue;
            }
            decision.looked_at += 1;
            let verdict = rule
                .when
                .as_ref()
                .map_or(Verdict::Holds, |when| when.holds_in(&scene));
            match verdict {
                Verdict::HoldsNot => continue,
                Verdict::Undecided(why) => {
                    undecided += 1;
                    if undecided <= MOST_UNDECIDED {
                        decision.steps.push(RuleStep {
                            rule: rule.config.name.clone(),
                            undecided: Some(why),
                            did: Vec::new(),
                            stopped: false,
                        });
                    }
                    continue;
                }
                Verdict::Holds => {}
            }
            let did = decision.follow(&rule.config, occasion);
            // A trace is kept with each message, so it has an end.
            let stopped = rule.config.stop || decision.steps.len() + 1 >= RuleTrace::MOST_STEPS;
            decision.steps.push(RuleStep {
                rule: rule.config.name.clone(),
                undecided: None,
                did,
                stopped,
            });
            if stopped {
                break;
            }
        }
        decision
    }
}

impl Compiled {
    fn is_for(&self, occasion: &Occasion<'_>) -> bool {
        let channels = &self.config.channels;
        self.config.on == occasion.on
            && self.config.after_seconds == occasion.after_seconds
            && (channels.is_empty() || channels.contains(occasion.channel))
    }

    /// Whether a later rule is never reached because of this one.
    fn covers(&self, later: &Self) -> bool {
        let occasion = |rule: &Self| (rule.config.on, rule.config.after_seconds);
        if occasion(self) != occasion(later) {
            return false;
        }
        let own = &self.config.channels;
        let theirs = &later.config.channels;
        let of_channels = own.is_empty() || (!theirs.is_empty() && theirs.is_subset(own));
        let holds = match (&self.when, &later.when) {
            (None, _) => true,
            (Some(own), Some(theirs)) => own.source().trim() == theirs.source().trim(),
            (Some(_), None) => false,
        };
        self.config.stop && of_channels && holds
    }
}

impl Decision {
    /// Whether another one comes to the same, whichever rules say so.
    pub fn does_the_same(&self, other: &Self) -> bool {
        let acts = |decision: &Self| -> Vec<Act> {
            let acts = decision.acts.iter();
            acts.map(|wanted| wanted.act.clone()).collect()
        };
        let notices = |decision: &Self| -> Vec<RuleNotice> {
            let notices = decision.notices.iter();
            notices.map(|(_, notice)| notice.clone()).collect()
        };
        (&self.queue, &self.skills, self.priority) == (&other.queue, &other.skills, other.priority)
            && (&self.add_labels, &self.attributes) == (&other.add_labels, &other.attributes)
            && (self.drop, &self.end) == (other.drop, &other.end)
            && self.hold.as_ref().map(|held| &held.hold)
                == other.hold.as_ref().map(|held| &held.hold)
            && acts(self) == acts(other)
            && notices(self) == notices(other)
    }

    /// Does what a rule says, and tells what that was.
    fn follow(&mut self, rule: &RuleConfig, occasion: Occasion<'_>) -> Vec<RuleDid> {
        let then = &rule.then;
        let mut did = Vec::new();
        let late = || {
            Some(match occasion.on {
                RuleOccasion::Message => "the interaction had begun before".to_owned(),
                _ => "an agent has taken the interaction, or it is over".to_owned(),
            })
        };
        let taken = |what: &str| Some(format!("a rule before it has {what}"));
        let public_queue = then.public_queue.as_ref().filter(|_| occasion.public);
        if let Some(queue) = public_queue.or(then.queue.as_ref()) {
            let not_done = match &self.queue {
                _ if !occasion.moves => late(),
                Some(_) => taken("named a queue"),
                None => {
                    self.queue = Some(queue.clone());
                    None
                }
            };
            did.push(done(format!("queue {queue}"), not_done));
        }
        for skill in &then.skills {
            let not_done = if occasion.moves {
                self.skills.push(skill.clone());
                None
            } else {
                late()
            };
            did.push(done(format!("skill {}", skill.skill), not_done));
        }
        if let Some(priority) = then.priority {
            let not_done = if self.priority.is_some() {
                taken("set the priority")
            } else {
                self.priority = Some(priority);
                None
            };
            did.push(done(format!("priority {priority}"), not_done));
        }
        for label in &then.add_labels {
            self.add_labels.insert(label.clone());
            did.push(done(format!("label {label}"), None));
        }
        for (name, attribute) in &then.attributes {
            self.attributes
                .entry(name.clone())
                .or_insert_with(|| Attribute::Text(attribute.clone()));
            did.push(done(format!("attribute {name}"), None));
        }
        let step = self.steps.len();
        if let Some(reply) = &then.reply {
            let answered = self
                .acts
                .iter()
                .any(|wanted| matches!(wanted.act, Act::Reply(_)));
            let not_done = answered.then(|| taken("answered")).flatten();
            if not_done.is_none() {
                self.acts.push(Wanted {
                    step,
                    did: did.len(),
                    rule: rule.name.clone(),
                    act: Act::Reply(reply.clone()),
                });
            }
            did.push(done("reply".to_owned(), not_done));
        }
        let ask = then.ask_to_follow.clone();
        for (act, what) in [
            (then.like.then_some(Act::Like), "like"),
            (then.repost.then_some(Act::Repost), "repost"),
            (then.hide.then_some(Act::Hide), "hide"),
            (ask.map(Act::AskToFollow), "ask to follow"),
        ] {
            let Some(act) = act else { continue };
            let kind = std::mem::discriminant(&act);
            let mut asked = self.acts.iter();
            let is_asked = asked.any(|wanted| std::mem::discriminant(&wanted.act) == kind);
            let not_done = is_asked.then(|| taken("done that")).flatten();
            if not_done.is_none() {
                self.acts.push(Wanted {
                    step,
                    did: did.len(),
                    rule: rule.name.clone(),
                    act,
                });
            }
            did.push(done(what.to_owned(), not_done));
        }
        if let Some(hold) = &then.hold {
            let not_done = match (&self.hold, occasion.begins) {
                (_, false) => late(),
                (Some(_), _) => taken("held it"),
                (None, true) => {
                    self.hold = Some(Held {
                        hold: hold.clone(),
                        step,
                        did: did.len(),
                        until: None,
                    });
                    None
                }
            };
            did.push(done("hold".to_owned(), not_done));
        }
        if then.drop {
            let not_done = match (&self.end, occasion.begins) {
                (_, false) => late(),
                (Some(_), _) => taken("ended it"),
                (None, true) if !self.acts.is_empty() || !self.notices.is_empty() => {
                    taken("something to do about it")
                }
                (None, true) => {
                    self.drop = true;
                    None
                }
            };
            did.push(done("drop".to_owned(), not_done));
        }
        if let Some(end) = &then.end {
            let not_done = match (&self.end, occasion.ends) {
                (_, false) => late(),
                (Some(_), _) => taken("ended it"),
                (None, true) if self.drop => taken("dropped it"),
                (None, true) => {
                    self.end = Some(end.clone());
                    None
                }
            };
            did.push(done("end".to_owned(), not_done));
        }
        if let Some(notice) = &then.notify {
            let not_done = self.drop.then(|| taken("dropped it")).flatten();
            if not_done.is_none() {
                self.notices.push((rule.name.clone(), notice.clone()));
            }
            did.push(done("notify".to_owned(), not_done));
        }
        did
    }
}

fn done(what: String, not_done: Option<String>) -> RuleDid {
    RuleDid {
        what,
        not_done,
        message: None,
    }
}

#[cfg(test)]
mod tests {
    use linecard_model::rule::RuleActions;

    use super::*;

    fn rules(text: &str) -> Vec<RuleConfig> {
        #[derive(serde::Deserialize)]
        struct File {
            rules: Vec<RuleConfig>,
        }
        toml::from_str::<File>(text).unwrap().rules
    }

    fn channel(name: &str) -> ChannelId {
        ChannelId::new(name).unwrap()
    }

    fn decide(rules: &RuleSet, text: &str, begins: bool) -> Decision {
        let mut facts = Facts::default();
        assert!(facts.set("message.text", text));
        rules.decide(Occasion {
            on: RuleOccasion::Message,
            after_seconds: None,
            facts: &facts,
            channel: &channel("shop"),
            public: true,
            begins,
            moves: begins,
            ends: begins,
        })
    }

    #[test]
    fn the_first_to_name_a_queue_counts_and_labels_add_up() {
        let rules = rules(
            r#"
            [[rules]]
            name = "refunds"
            when = "message.text.mentions('refund')"
            then = { queue = "refunds", public_queue = "refunds-public", priority = 20, add_labels = ["refund"] }
            [[rules]]
            name = "anger"
            when = "scores.anger > 0.5"
            then = { queue = "care" }
            [[rules]]
            name = "elsewhere"
            channels = ["other"]
            then = { add_labels = ["other"] }
            [[rules]]
            name = "all"
            then = { queue = "care", priority = 1, add_labels = ["seen"], reply = { text = "Hello {{contact.name|there}}" } }
            stop = true
            "#,
        );
        let rules = RuleSet::compile(&rules).unwrap();
        let decision = decide(&rules, "I want a refund", true);
        assert_eq!(decision.queue.unwrap().as_str(), "refunds-public");
        assert_eq!(decision.priority, Some(20));
        assert_eq!(decision.looked_at, 3);
        let labels: Vec<&str> = decision.add_labels.iter().map(String::as_str).collect();
        assert_eq!(labels, ["refund", "seen"]);
        let steps: Vec<&str> = decision.steps.iter().map(|s| s.rule.as_str()).collect();
        assert_eq!(steps, ["refunds", "anger", "all"]);
        assert_eq!(
            decision.steps[1].undecided.as_deref(),
            Some("`anger` is absent")
        );
        let all = &decision.steps[2];
        assert!(all.stopped);
        assert_eq!(all.did[0].what, "queue care");
        assert!(all.did[0].not_done.is_some());
        let [wanted] = decision.acts.as_slice() else {
            panic!("{:?}", decision.acts)
        };
        assert_eq!(
            (wanted.step, all.did[wanted.did].what.as_str()),
            (2, "reply")
        );

        let later = decide(&rules, "I want a refund", false);
        assert_eq!(later.queue, None);
        assert_eq!(
            later.priority,
            Some(20),
            "priority can be changed at any time"
        );
        assert!(later.steps[0].did[0].not_done.is_some());
        assert_eq!(
            decide(&rules, "hello", true).queue.unwrap().as_str(),
            "care"
        );
    }

    #[test]
    fn what_is_wrong_with_rules_is_told_with_its_place() {
        let wrong = rules(
            r#"
            [[rules]]
            name = ""
            when = "message.txt == 'a' && netwrk == 'x'"
            [[rules]]
            name = "stops"
            when = "network == 'x'"
            then = { drop = true, like = true }
            stop = true
            [[rules]]
            name = "stops"
            channels = ["a"]
            when = " network == 'x' "
            then = { reply = { text = "Hi {{contact.name}}" } }
            [[rules]]
            name = "never"
            when = "1 > 2"
            then = { add_labels = [" x"] }
            [[rules]]
            name = "rest"
            then = { reply = { } }
            stop = true
            [[rules]]
            name = "hours:x"
            then = { end = {}, drop = true }
            "#,
        );
        let faults = RuleSet::compile(&wrong).unwrap_err();
        let told: Vec<String> = faults
            .iter()
            .map(|f| format!("{} {}: {}", f.rule, f.field.join("."), f.text))
            .collect();
        for (expected, count) in [
            ("0 name: a rule's name has", 1),
            ("0 then: it does nothing", 1),
            (
                "0 when: line 1, column 8: there is no fact of `message` `txt`",
                1,
            ),
            (
                "0 when: line 1, column 23: there is no fact `netwrk`; did you mean `network`?",
                1,
            ),
            ("1 then.drop: a message that is dropped", 1),
            ("2 name: there is another rule", 1),
            ("2 : it is never reached: rule \"stops\"", 1),
            ("2 then.reply.text: `{{contact.name}}` needs", 1),
            ("3 when: it never holds", 1),
            ("3 then.add_labels:", 1),
            ("4 then.reply: give a `text`", 1),
            ("5 : it is never reached: rule \"rest\"", 1),
            ("5 name: names that begin", 1),
            ("5 then.drop: a message is dropped, or", 1),
        ] {
            let found = told
                .iter()
                .filter(|text| text.starts_with(expected))
                .count();
            assert_eq!(found, count, "{expected}: {told:#?}");
        }
        assert_eq!(told.len(), 14, "{told:#?}");
    }

    #[test]
    fn rules_are_for_one_occasion_and_one_time() {
        let rules = rules(
            r#"
            [[rules]]
            name = "first"
            on = "waited"
            after_seconds = 60
            then = { queue = "care", end = {}, notify = { groups = ["leads"], text = "A minute" } }
            stop = true
            [[rules]]
            name = "second"
            on = "waited"
            after_seconds = 120
            then = { queue = "leads", priority = 5 }
            [[rules]]
            name = "written"
            then = { priority = 1 }
            "#,
        );
        let rules = RuleSet::compile(&rules).unwrap();
        let times = rules.times(RuleOccasion::Waited);
        assert_eq!(times.into_iter().collect::<Vec<_>>(), [60, 120]);
        assert!(rules.has(RuleOccasion::Message) && !rules.has(RuleOccasion::Ended));
        let decide = |after, moves, ends| {
            rules.decide(Occasion {
                on: RuleOccasion::Waited,
                after_seconds: Some(after),
                facts: &Facts::default(),
                channel: &channel("shop"),
                public: false,
                begins: false,
                moves,
                ends,
            })
        };
        let first = decide(60, true, true);
        assert_eq!((first.looked_at, first.steps.len()), (1, 1));
        assert_eq!(first.queue.unwrap().as_str(), "care");
        assert!(first.end.is_some());
        assert_eq!(first.notices[0].1.text, "A minute");
        let late = decide(120, false, false);
        assert_eq!((late.queue, late.priority), (None, Some(5)));
        assert!(
            late.steps[0].did[0]
                .not_done
                .as_ref()
                .unwrap()
                .contains("taken")
        );
    }

    #[test]
    fn what_an_occasion_has_no_use_for_is_refused() {
        let wrong = rules(
            r#"
            [[rules]]
            name = "no time"
            on = "idle"
            then = { end = {} }
            [[rules]]
            name = "a time"
            on = "answered"
            after_seconds = 5
            then = { drop = true, skills = [{ skill = "a" }], queue = "care" }
            [[rules]]
            name = "never"
            on = "waited"
            after_seconds = 0
            then = { priority = 1 }
            [[rules]]
            name = "over"
            on = "ended"
            then = { end = {}, notify = { text = "" } }
            [[rules]]
            name = "gone"
            on = "deleted"
            then = { like = true }
            "#,
        );
        let faults = RuleSet::compile(&wrong).unwrap_err();
        let told: Vec<String> = faults
            .iter()
            .map(|f| format!("{} {}: {}", f.rule, f.field.join("."), f.text))
            .collect();
        for expected in [
            "0 after_seconds: say after how many seconds",
            "1 after_seconds: `answered` comes at once",
            "1 then.drop: ",
            "1 then.skills: ",
            "1 then.queue: ",
            "2 after_seconds: it is 1 to 2592000",
            "3 then.end: ",
            "3 then.notify: name the agents or the groups",
            "3 then.notify.text: ",
            "4 then.like: ",
        ] {
            let count = told
                .iter()
                .filter(|text| text.starts_with(expected))
                .count();
            assert_eq!(count, 1, "{expected}: {told:#?}");
        }
        assert_eq!(told.len(), 10, "{told:#?}");
    }

    #[test]
    fn the_times_of_a_site_are_counted() {
        let timed = |after: u32| RuleConfig {
            name: format!("after {after}"),
            on: RuleOccasion::Idle,
            after_seconds: Some(after),
            then: RuleActions {
                priority: Some(1),
                ..RuleActions::default()
            },
            ..RuleConfig::default()
        };
        let most: Vec<RuleConfig> = (1..=20).map(timed).collect();
        assert!(RuleSet::compile(&most).is_ok());
        let more: Vec<RuleConfig> = (1..=21).map(timed).collect();
        let faults = RuleSet::compile(&more).unwrap_err();
        assert!(
            faults[0].text.contains("up to 20 different times"),
            "{faults:?}"
        );
    }

    #[test]
    fn a_trace_has_an_end() {
        let many: Vec<RuleConfig> = (0..MOST_RULES)
            .map(|n| RuleConfig {
                name: format!("rule {n}"),
                when: (n % 2 == 0).then(|| "scores.none > 1.0".to_owned()),
                then: RuleActions {
                    priority: Some(1),
                    ..RuleActions::default()
                },
                ..RuleConfig::default()
            })
            .collect();
        let rules = RuleSet::compile(&many).unwrap();
        let decision = decide(&rules, "x", true);
        assert_eq!(decision.steps.len(), RuleTrace::MOST_STEPS);
        assert!(decision.steps.last().unwrap().stopped);
        let too_many = [many.as_slice(), &[many[0].clone()]].concat();
        assert!(RuleSet::compile(&too_many).is_err());
    }
}
