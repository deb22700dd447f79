//! What must hold of rules, opening hours and automatic messages within a site's configuration, and of
//! what they do on the networks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use linecard_model::manifest::{ActionKind, Visibility};
use linecard_model::response::{Piece, pieces};
use linecard_model::routing::DEFAULT_DISPOSITION_CODES;
use linecard_model::rule::{AutomaticConfig, RuleActions, RuleConfig};
use linecard_model::site::SiteConfig;
use linecard_model::{AgentId, ChannelId, GroupId, QueueId};
use linecard_rules::{Hours, RuleSet};
use linecard_site::capabilities::{count, in_force};
use linecard_site::channels::ChannelRuntime;

use super::check::unknown;
use super::problem::Problems;
use super::routing::check_minimum;

/// More than this within an hour is no service.
const MOST_IN_AN_HOUR: u16 = 60;
/// More than this within an hour no network takes for the work of people.
const MOST_ACTIONS: u16 = 1_000;
/// The longest disclosure, in characters.
const LONGEST_DISCLOSURE: usize = AutomaticConfig::LONGEST_DISCLOSURE;
/// The most opening hours of a site.
const MOST_HOURS: usize = 100;

/// Everything that does not hold, whatever plug-ins there are.
pub(super) fn check(config: &SiteConfig, problems: &mut Problems) {
    if let Err(faults) = RuleSet::compile(&config.rules) {
        for fault in faults {
            let index = fault.rule.to_string();
            let mut path = vec!["rules", &index];
            path.extend(fault.field.iter().map(String::as_str));
            problems.add(&path, fault.text);
        }
    }
    for (index, rule) in config.rules.iter().enumerate() {
        check_names(config, &index.to_string(), rule, problems);
    }
    check_hours(config, problems);
    let automatic = &config.automatic;
    if automatic.per_contact_hour > MOST_IN_AN_HOUR {
        problems.add(
            &["automatic", "per_contact_hour"],
            format!("a contact gets at most {MOST_IN_AN_HOUR} automatic messages within an hour"),
        );
    }
    for (key, most) in [
        ("likes_per_hour", automatic.likes_per_hour),
        ("reposts_per_hour", automatic.reposts_per_hour),
        (
            "follow_requests_per_hour",
            automatic.follow_requests_per_hour,
        ),
    ] {
        if most > MOST_ACTIONS {
            let text = format!("rules do that at most {MOST_ACTIONS} times within an hour");
            problems.add(&["automatic", key], text);
        }
    }
    let longest = AutomaticConfig::LONGEST_RETRY_SECONDS;
    if automatic.retry_for_seconds.is_some_and(|t| t > longest) {
        problems.add(
            &["automatic", "retry_for_seconds"],
            format!("it is at most {longest}, which is a week"),
        );
    }
    if let Some(text) = &automatic.disclosure {
        let length = text.chars().count();
        if text.trim().is_empty() || length > LONGEST_DISCLOSURE {
            problems.add(
                &["automatic", "disclosure"],
                format!("it has 1 to {LONGEST_DISCLOSURE} characters, not {length}"),
            );
        }
    }
    check_disclosures(config, problems);
}

fn check_disclosures(config: &SiteConfig, problems: &mut Problems) {
    let disclosures = &config.automatic.disclosures;
    let most = AutomaticConfig::MOST_DISCLOSURES;
    if disclosures.len() > most {
        problems.add(
            &["automatic", "disclosures"],
            format!("there are up to {most}, not {}", disclosures.len()),
        );
    }
    for (index, told) in disclosures.iter().take(most).enumerate() {
        let index = index.to_string();
        let within = |key| ["automatic", "disclosures", index.as_str(), key];
        let length = told.text.chars().count();
        if length > LONGEST_DISCLOSURE {
            problems.add(
                &within("text"),
                format!("it has up to {LONGEST_DISCLOSURE} characters, not {length}"),
            );
        }
        for channel in &told.channels {
            check_channel(config, &within("channels"), channel, problems);
        }
        let is_tag = |language: &str| {
            (2..=35).contains(&language.len())
                && language
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-')
        };
        if told.language.as_deref().is_some_and(|own| !is_tag(own)) {
            problems.add(
                &within("language"),
                "it is a language such as `en` or `pt-BR`",
            );
        }
    }
}

fn check_names(config: &SiteConfig, index: &str, rule: &RuleConfig, problems: &mut Problems) {
    let then = &rule.then;
    for channel in &rule.channels {
        check_channel(config, &["rules", index, "channels"], channel, problems);
    }
    for (key, queue) in [("queue", &then.queue), ("public_queue", &then.public_queue)] {
        if let Some(queue) = queue {
            check_queue(config, &["rules", index, "then", key], queue, problems);
        }
    }
    for (place, skill) in then.skills.iter().enumerate() {
        let place = place.to_string();
        check_minimum(&["rules", index, "then", "skills", &place], skill, problems);
    }
    if let Some(known) = &config.labels {
        for label in then.add_labels.difference(known) {
            problems.add(
                &["rules", index, "then", "add_labels"],
                unknown("label", label, known.iter().map(String::as_str)),
            );
        }
    }
    if let Some(notice) = &then.notify {
        let path = ["rules", index, "then", "notify", "agents"];
        for agent in notice
            .agents
            .iter()
            .filter(|a| !config.agents.contains_key(*a))
        {
            let known = config.agents.keys().map(AgentId::as_str);
            problems.add(&path, unknown("agent", agent.as_str(), known));
        }
        let path = ["rules", index, "then", "notify", "groups"];
        for group in notice
            .groups
            .iter()
            .filter(|g| !config.groups.contains_key(*g))
        {
            let known = config.groups.keys().map(GroupId::as_str);
            problems.add(&path, unknown("group", group.as_str(), known));
        }
    }
    let disposition = then.end.as_ref().and_then(|end| end.disposition.as_deref());
    if let Some(disposition) = disposition {
        check_disposition(config, index, rule, disposition, problems);
    }
}

/// A code must be one of the queues that the interaction can be in.
fn check_disposition(
    config: &SiteConfig,
    index: &str,
    rule: &RuleConfig,
    disposition: &str,
    problems: &mut Problems,
) {
    let named = [&rule.then.queue, &rule.then.public_queue];
    let mut queues: BTreeSet<&QueueId> = named.into_iter().flatten().collect();
    if queues.is_empty() {
        let channels = config.channels.iter();
        let channels =
            channels.filter(|(id, _)| rule.channels.is_empty() || rule.channels.contains(*id));
        for (_, channel) in channels {
            queues.insert(&channel.queue);
            queues.extend(&channel.public_queue);
        }
    }
    for queue in queues {
        let Some(known) = config.queues.get(queue) else {
            continue;
        };
        let codes: Vec<&str> = match &known.disposition_codes {
            Some(codes) => codes.iter().map(String::as_str).collect(),
            None => DEFAULT_DISPOSITION_CODES.to_vec(),
        };
        if !codes.contains(&disposition) {
            problems.add(
                &["rules", index, "then", "end", "disposition"],
                unknown(
                    &format!("disposition code of queue {queue}"),
                    disposition,
                    codes.into_iter(),
                ),
            );
        }
    }
}

fn check_channel(config: &SiteConfig, path: &[&str], channel: &ChannelId, problems: &mut Problems) {
    if !config.channels.contains_key(channel) {
        let known = config.channels.keys().map(ChannelId::as_str);
        problems.add(path, unknown("channel", channel.as_str(), known));
    }
}

fn check_queue(config: &SiteConfig, path: &[&str], queue: &QueueId, problems: &mut Problems) {
    if !config.queues.contains_key(queue) {
        let known = config.queues.keys().map(QueueId::as_str);
        problems.add(path, unknown("queue", queue.as_str(), known));
    }
}

fn check_hours(config: &SiteConfig, problems: &mut Problems) {
    if config.hours.len() > MOST_HOURS {
        problems.add(
            &["hours"],
            format!("a site has up to {MOST_HOURS} opening hours"),
        );
    }
    let mut of_channel: BTreeMap<&ChannelId, &str> = BTreeMap::new();
    let mut of_queue: BTreeMap<&QueueId, &str> = BTreeMap::new();
    let mut everywhere: Option<&str> = None;
    for (name, hours) in &config.hours {
        // The rule is the one of names that people choose.
        if QueueId::new(name.as_str()).is_err() {
            problems.add(
                &["hours", name],
                "the name of opening hours has 1 to 64 of the characters a-z, 0-9, '-', '_' and '.', and begins with a letter or digit",
            );
        }
        if let Err(faults) = Hours::compile(hours) {
            for fault in faults {
                let mut path = vec!["hours", name];
                path.extend(fault.field.iter().map(String::as_str));
                problems.add(&path, fault.text);
            }
        }
        for channel in &hours.channels {
            check_channel(config, &["hours", name, "channels"], channel, problems);
            if let Some(other) = of_channel.insert(channel, name) {
                problems.add(
                    &["hours", name, "channels"],
                    format!("channel {channel} has the hours \"{other}\" already"),
                );
            }
        }
        for queue in &hours.queues {
            check_queue(config, &["hours", name, "queues"], queue, problems);
            if let Some(other) = of_queue.insert(queue, name) {
                problems.add(
                    &["hours", name, "queues"],
                    format!("queue {queue} has the hours \"{other}\" already"),
                );
            }
        }
        if hours.everywhere
            && let Some(other) = everywhere.replace(name)
        {
            problems.add(
                &["hours", name, "everywhere"],
                format!("the hours \"{other}\" are everywhere already"),
            );
        }
        let states = [
            ("closed", Some(&hours.closed)),
            ("special_day", hours.special_day.as_ref()),
            ("emergency", hours.emergency.as_ref()),
        ];
        for (key, state) in states {
            let messages = state.iter().flat_map(|state| &state.messages);
            for (index, message) in messages.enumerate() {
                let index = index.to_string();
                let path = ["hours", name, key, "messages", &index, "channels"];
                for channel in &message.channels {
                    check_channel(config, &path, channel, problems);
                }
            }
        }
    }
}

/// What rules and hours do that a channel's connector cannot do, or that is longer than its network takes.
pub(super) fn check_abilities(
    config: &SiteConfig,
    channels: &BTreeMap<ChannelId, Arc<ChannelRuntime>>,
    problems: &mut Problems,
) {
    for (index, rule) in config.rules.iter().enumerate() {
        let index = index.to_string();
        let of_rule = || {
            let all = channels.values();
            all.filter(|channel| rule.channels.is_empty() || rule.channels.contains(&channel.id))
        };
        for (key, kinds) in wanted(&rule.then) {
            let able = |channel: &ChannelRuntime| kinds.iter().any(|kind| can(channel, *kind));
            let path = ["rules", &index, "then", key];
            let unable: Vec<&str> = of_rule()
                .filter(|channel| !able(channel))
                .map(|channel| channel.id.as_str())
                .collect();
            // One for all channels does what it can where it can.
            let is_possible = rule.channels.is_empty() && of_rule().any(|channel| able(channel));
            if !unable.is_empty() && !is_possible {
                let text = format!(
                    "{} cannot do that: {}",
                    plural(unable.len()),
                    unable.join(", ")
                );
                problems.add(&path, text);
            }
        }
        let reply = rule.then.reply.as_ref();
        if let Some((text, reply)) = reply.and_then(|r| r.text.as_ref().map(|text| (text, r))) {
            let path = ["rules", &index, "then", "reply", "text"];
            let kinds = kinds_of(reply.private);
            check_length(config, &path, text, &kinds, of_rule(), problems);
        }
        if let Some(ask) = &rule.then.ask_to_follow {
            let path = ["rules", &index, "then", "ask_to_follow"];
            let kinds = [(ActionKind::RequestFollow, Visibility::Public)];
            check_length(config, &path, ask, &kinds, of_rule(), problems);
        }
    }
    for (name, hours) in &config.hours {
        let states = [
            ("closed", Some(&hours.closed)),
            ("special_day", hours.special_day.as_ref()),
            ("emergency", hours.emergency.as_ref()),
        ];
        for (key, state) in states {
            let messages = state.iter().flat_map(|state| &state.messages);
            for (index, message) in messages.enumerate() {
                let index = index.to_string();
                let path = ["hours", name, key, "messages", &index, "text"];
                let of_message = channels.values().filter(|channel| {
                    let named = &message.channels;
                    let of_hours = hours.everywhere || !hours.queues.is_empty();
                    (named.is_empty() || named.contains(&channel.id))
                        && (of_hours || hours.channels.contains(&channel.id))
                });
                check_length(
                    config,
                    &path,
                    &message.text,
                    &kinds_of(message.private),
                    of_message,
                    problems,
                );
            }
        }
    }
}

/// The kinds of action of which a rule needs one, by the key that asks for them.
fn wanted(then: &RuleActions) -> Vec<(&'static str, &'static [ActionKind])> {
    let mut wanted: Vec<(&'static str, &'static [ActionKind])> = Vec::new();
    if let Some(reply) = &then.reply {
        wanted.push(if reply.private {
            (
                "reply",
                &[ActionKind::PrivateReply, ActionKind::SendMessage],
            )
        } else {
            ("reply", &[ActionKind::Reply, ActionKind::SendMessage])
        });
    }
    for (is_wanted, key, kinds) in [
        (
            then.ask_to_follow.is_some(),
            "ask_to_follow",
            &[ActionKind::RequestFollow] as &[ActionKind],
        ),
        (then.like, "like", &[ActionKind::React] as &[ActionKind]),
        (then.repost, "repost", &[ActionKind::Repost]),
        (then.hide, "hide", &[ActionKind::Hide]),
    ] {
        if is_wanted {
            wanted.push((key, kinds));
        }
    }
    wanted
}

fn can(channel: &ChannelRuntime, kind: ActionKind) -> bool {
    let both = [Visibility::Public, Visibility::Private];
    both.into_iter()
        .any(|visibility| channel.ability(kind, visibility).is_some())
}

fn plural(count: usize) -> &'static str {
    if count == 1 {
        "the connector of channel"
    } else {
        "the connectors of channels"
    }
}

/// How a text is said.
fn kinds_of(private: bool) -> [(ActionKind, Visibility); 2] {
    let public = if private {
        ActionKind::PrivateReply
    } else {
        ActionKind::Reply
    };
    [
        (public, Visibility::Public),
        (ActionKind::SendMessage, Visibility::Private),
    ]
}

/// The disclosures that may stand below an automatic message on a channel.
fn disclosures<'c>(
    config: &'c SiteConfig,
    channel: &ChannelId,
) -> impl Iterator<Item = &'c str> + use<'c> {
    let automatic = &config.automatic;
    let of_channel = automatic
        .disclosures
        .iter()
        .filter(|told| told.channels.is_empty() || told.channels.contains(channel));
    let of_channel: Vec<&str> = of_channel.map(|told| told.text.as_str()).collect();
    let usual = automatic.disclosure.as_deref();
    of_channel
        .into_iter()
        .chain(usual)
        .filter(|text| !text.trim().is_empty())
}

/// A text that is too long whatever is filled in, in the language in which most is told below it.
fn check_length<'c>(
    config: &SiteConfig,
    path: &[&str],
    text: &str,
    kinds: &[(ActionKind, Visibility)],
    channels: impl Iterator<Item = &'c Arc<ChannelRuntime>>,
    problems: &mut Problems,
) {
    // What cannot be filled in was told before.
    let Ok(pieces) = pieces(text) else { return };
    let least: String = pieces
        .into_iter()
        .filter_map(|piece| match piece {
            Piece::Text(text) => Some(text),
            Piece::Fill { .. } => None,
        })
        .collect();
    for channel in channels {
        let told = disclosures(config, &channel.id).max_by_key(|told| told.chars().count());
        let least = match told {
            Some(told) => format!("{least}\n{told}"),
            None => least.clone(),
        };
        let abilities = kinds
            .iter()
            .filter_map(|(kind, visibility)| channel.ability(*kind, *visibility));
        let limits =
            abilities.filter_map(|ability| in_force(&channel.settings, ability.text.as_ref()));
        let exceeded = limits
            .filter(|limit| count(&least, limit.unit) > limit.max)
            .min_by_key(|limit| limit.max);
        if let Some(limit) = exceeded {
            let text = format!(
                "channel {} takes {} {}, and this has {} before anything is filled in: shorten it, or name the channels that take it",
                channel.id,
                limit.max,
                limit.unit,
                count(&least, limit.unit)
            );
            problems.add(path, text);
            return;
        }
    }
}
