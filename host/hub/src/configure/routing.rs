//! What must hold of routing within a site's configuration: groups, steps, overflow and limits, each with its
//! place.

use std::collections::BTreeSet;

use linecard_model::desk::Attribute;
use linecard_model::routing::{RequiredSkill, RoutingStep, Shares};
use linecard_model::site::{ChannelConfig, QueueConfig, SiteConfig};
use linecard_model::{AgentId, GroupId, QueueId};

use super::check::unknown;
use super::problem::Problems;

/// More than this beyond their limits nobody works on at once.
const MOST_OVER_LIMIT: u16 = 100;
/// What is done elsewhere is told again at least once a day.
const LONGEST_EXTERNAL: u32 = 24 * 3_600;
/// A window for the last agent, and for opening an interaction again, is at most three days.
const LONGEST_WINDOW: u16 = 72;
/// Nobody waits for the last agent for more than a day.
const LONGEST_WAIT: u32 = 24 * 3_600;

/// Everything that does not hold.
pub(super) fn check(config: &SiteConfig, problems: &mut Problems) {
    let routing = &config.routing;
    if routing
        .over_limit
        .is_some_and(|over| over > MOST_OVER_LIMIT)
    {
        problems.add(
            &["routing", "over_limit"],
            format!("it is at most {MOST_OVER_LIMIT}"),
        );
    }
    if let Some(seconds) = routing.external_seconds
        && !(1..=LONGEST_EXTERNAL).contains(&seconds)
    {
        problems.add(
            &["routing", "external_seconds"],
            format!("it is between 1 and {LONGEST_EXTERNAL} (a day)"),
        );
    }
    check_percent(&["routing"], &routing.percent, problems);
    for (id, group) in &config.groups {
        for member in &group.members {
            check_agent(
                config,
                &["groups", id.as_str(), "members"],
                member,
                problems,
            );
        }
    }
    for (id, agent) in &config.agents {
        check_percent(&["agents", id.as_str()], &agent.percent, problems);
    }
    for (id, queue) in &config.queues {
        check_percent(&["queues", id.as_str()], &queue.percent, problems);
        check_queue(config, id, queue, problems);
    }
    for (id, channel) in &config.channels {
        check_last_agent(id.as_str(), channel, problems);
    }
    check_service(config, problems);
}

fn check_service(config: &SiteConfig, problems: &mut Problems) {
    let mut names = BTreeSet::new();
    for (number, policy) in config.service_policies.iter().enumerate() {
        let number = number.to_string();
        let at = ["service_policies", number.as_str()];
        let within = |key| [&at[..], &[key]].concat();
        if !names.insert(&policy.policy) {
            let text = format!("there is another policy {}", policy.policy);
            problems.add(&within("policy"), text);
        }
        for queue in &policy.queues {
            if !config.queues.contains_key(queue) {
                let known = config.queues.keys().map(QueueId::as_str);
                let text = unknown("queue", queue.as_str(), known);
                problems.add(&within("queues"), text);
            }
        }
        if let Some(known) = &config.labels {
            for label in policy.labels.difference(known) {
                let known = known.iter().map(String::as_str);
                problems.add(&within("labels"), unknown("label", label, known));
            }
        }
        for (name, value) in &policy.attributes {
            if let Err(error) = Attribute::Text(value.clone()).check(name) {
                problems.add(
                    &[&at[..], &["attributes", name]].concat(),
                    error.to_string(),
                );
            }
        }
        let times = [
            ("first_answer_seconds", policy.first_answer_seconds),
            ("next_answer_seconds", policy.next_answer_seconds),
            ("resolution_seconds", policy.resolution_seconds),
        ];
        for (key, _) in times.iter().filter(|(_, seconds)| *seconds == Some(0)) {
            problems.add(&within(key), "it must be at least 1");
        }
        if times.iter().all(|(_, seconds)| seconds.is_none()) {
            problems.add(
                &at,
                "it promises nothing: give first_answer_seconds, next_answer_seconds or \
                 resolution_seconds",
            );
        }
        if !(1..=100).contains(&policy.warn_percent) {
            problems.add(&within("warn_percent"), "it must be between 1 and 100");
        }
    }
}

fn check_queue(config: &SiteConfig, id: &QueueId, queue: &QueueConfig, problems: &mut Problems) {
    let id = id.as_str();
    for group in &queue.groups {
        check_group(config, &["queues", id, "groups"], group, problems);
    }
    for (key, seconds) in [
        ("direct_wait_seconds", queue.direct_wait_seconds),
        ("park_seconds", queue.park_seconds),
    ] {
        if seconds == Some(0) {
            problems.add(&["queues", id, key], "it must be at least 1");
        }
    }
    for (number, step) in queue.steps.iter().enumerate() {
        let is_last = number + 1 == queue.steps.len();
        let number = number.to_string();
        check_step(
            config,
            &["queues", id, "steps", &number],
            step,
            is_last,
            problems,
        );
    }
    for (number, rule) in queue.overflow.iter().enumerate() {
        let number = number.to_string();
        let at = ["queues", id, "overflow", number.as_str()];
        let within = |key| [&at[..], &[key]].concat();
        if !config.queues.contains_key(&rule.to) {
            let known = config.queues.keys().map(QueueId::as_str);
            problems.add(&within("to"), unknown("queue", rule.to.as_str(), known));
        }
        if rule.after_seconds.is_none()
            && rule.estimate_over_seconds.is_none()
            && rule.service_level_below.is_none()
        {
            problems.add(
                &at,
                "it needs a condition: after_seconds, estimate_over_seconds or service_level_below",
            );
        }
        if rule
            .service_level_below
            .is_some_and(|percent| !(1..=100).contains(&percent))
        {
            problems.add(
                &within("service_level_below"),
                "it must be between 1 and 100",
            );
        }
    }
}

/// What can be applied and never works.
pub(super) fn warn(config: &SiteConfig, warnings: &mut Problems) {
    for (id, queue) in &config.queues {
        for (number, rule) in queue.overflow.iter().enumerate() {
            if rule.to == *id {
                warnings.add(
                    &["queues", id.as_str(), "overflow", &number.to_string(), "to"],
                    "an overflow goes to another queue; to its own it does nothing",
                );
            }
        }
    }
}

fn check_step(
    config: &SiteConfig,
    at: &[&str],
    step: &RoutingStep,
    is_last: bool,
    problems: &mut Problems,
) {
    let within = |key| [at, &[key]].concat();
    if !step.agents.is_empty() && step.group.is_some() {
        problems.add(at, "give agents or a group, not both");
    }
    if step.nobody && (!step.agents.is_empty() || step.group.is_some() || step.skills.is_some()) {
        problems.add(
            &within("nobody"),
            "nobody gets it in this step: leave agents, group and skills out",
        );
    }
    if step.nobody && step.seconds.is_none() {
        problems.add(&within("nobody"), "say with `seconds` for how long");
    }
    for agent in &step.agents {
        check_agent(config, &within("agents"), agent, problems);
    }
    if let Some(group) = &step.group {
        check_group(config, &within("group"), group, problems);
    }
    for (number, needed) in step.skills.iter().flatten().enumerate() {
        let number = number.to_string();
        let at = [at, &["skills", &number]].concat();
        check_minimum(&at, needed, problems);
    }
    match step.seconds {
        Some(0) => problems.add(&within("seconds"), "it must be at least 1"),
        None if !is_last => problems.add(
            at,
            "without `seconds` it never ends, so the steps after it never begin",
        ),
        _ => {}
    }
}

/// The lowest proficiency that will do is one that somebody can have.
pub(super) fn check_minimum(at: &[&str], needed: &RequiredSkill, problems: &mut Problems) {
    if needed
        .min_proficiency
        .is_some_and(|least| !(1..=100).contains(&least))
    {
        let at = [at, &["min_proficiency"]].concat();
        problems.add(&at, "it must be between 1 and 100");
    }
}

fn check_percent(at: &[&str], shares: &Shares, problems: &mut Problems) {
    for (media_type, percent) in shares {
        if *percent > 100 {
            let at = [at, &["percent", media_type.as_str()]].concat();
            problems.add(&at, format!("{percent} percent is more than all"));
        }
    }
}

fn check_last_agent(id: &str, channel: &ChannelConfig, problems: &mut Problems) {
    let last = &channel.last_agent;
    if channel.reopen_hours > LONGEST_WINDOW {
        problems.add(
            &["channels", id, "reopen_hours"],
            format!("it is at most {LONGEST_WINDOW}"),
        );
    }
    if last.window_hours > LONGEST_WINDOW {
        problems.add(
            &["channels", id, "last_agent", "window_hours"],
            format!("it is at most {LONGEST_WINDOW}"),
        );
    }
    if !(1..=LONGEST_WAIT).contains(&last.wait_seconds) {
        problems.add(
            &["channels", id, "last_agent", "wait_seconds"],
            format!("it is between 1 and {LONGEST_WAIT} (a day)"),
        );
    }
}

fn check_agent(config: &SiteConfig, at: &[&str], agent: &AgentId, problems: &mut Problems) {
    if !config.agents.contains_key(agent) {
        let known = config.agents.keys().map(AgentId::as_str);
        problems.add(at, unknown("agent", agent.as_str(), known));
    }
}

fn check_group(config: &SiteConfig, at: &[&str], group: &GroupId, problems: &mut Problems) {
    if !config.groups.contains_key(group) {
        let known = config.groups.keys().map(GroupId::as_str);
        problems.add(at, unknown("group", group.as_str(), known));
    }
}
