//! What must hold within a site's configuration, whatever plug-ins there are.

use std::collections::BTreeMap;

use linecard_model::rights::{Right, built_in_roles};
use linecard_model::routing::{DEFAULT_DISPOSITION_CODES, WrapUpPolicy};
use linecard_model::site::{ChannelConfig, QueueConfig, SiteConfig};
use linecard_model::{AgentId, ChannelId, QueueId, RoleId};
use linecard_site::routing_settings;

use super::problem::{Problem, Problems};
use super::{automatic, routing};

/// More actions a second than these no network allows.
const MOST_ACTIONS: f64 = 1_000.0;
/// Longer than this nothing is tried again: 30 days.
const LONGEST_RETRY: u32 = 30 * 24 * 3_600;
/// The pauses between attempts that make sense, in seconds.
const RETRY_PAUSES: std::ops::RangeInclusive<f64> = 0.1..=3_600.0;
/// Credentials are tried at least every day.
const LONGEST_PROBE: u32 = 24 * 3_600;
/// What is written more than a day apart is not read as one.
const LONGEST_GATHERING: u32 = 24 * 3_600;

/// Everything that does not hold.
pub(super) fn check(config: &SiteConfig) -> Problems {
    let mut problems = Problems::default();
    if config.retention.deduplication_days == 0 {
        problems.add(
            &["retention", "deduplication_days"],
            "it must be at least 1, or what a network delivers twice would count twice",
        );
    }
    if config.retention.idempotency_days == 0 {
        problems.add(
            &["retention", "idempotency_days"],
            "it must be at least 1, or a request that is repeated would be done twice",
        );
    }
    for hash in &config.plugins.listed {
        let is_hash =
            hash.len() == 64 && hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !is_hash {
            problems.add(
                &["plugins", "listed"],
                format!("\"{hash}\" is no SHA-256 of a file: 64 digits and lower-case letters, as `linecard plugin inspect FILE` shows it"),
            );
        }
    }
    for (id, queue) in &config.queues {
        check_queue(config, id, queue, &mut problems);
    }
    for (id, agent) in &config.agents {
        for (skill, proficiency) in &agent.skills {
            if !(1..=100).contains(proficiency) {
                problems.add(
                    &["agents", id.as_str(), "skills", skill.as_str()],
                    format!("proficiency {proficiency} is not between 1 and 100"),
                );
            }
        }
    }
    for (name, key) in &config.keys {
        if name.is_empty() || name.chars().any(|c| c.is_control() || c == '/') {
            problems.add(
                &["keys", name],
                "a key's name is not empty and has no control characters and no \"/\"",
            );
        }
        for channel in &key.channels {
            if !config.channels.contains_key(channel) {
                problems.add(
                    &["keys", name, "channels"],
                    unknown(
                        "channel",
                        channel.as_str(),
                        config.channels.keys().map(ChannelId::as_str),
                    ),
                );
            }
        }
    }
    for (name, analyzer) in &config.analyzers {
        for channel in &analyzer.channels {
            if !config.channels.contains_key(channel) {
                problems.add(
                    &["analyzers", name, "channels"],
                    unknown(
                        "channel",
                        channel.as_str(),
                        config.channels.keys().map(ChannelId::as_str),
                    ),
                );
            }
        }
    }
    for (id, channel) in &config.channels {
        check_channel(config, id.as_str(), channel, &mut problems);
    }
    check_integrations(config, &mut problems);
    check_roles(config, &mut problems);
    routing::check(config, &mut problems);
    automatic::check(config, &mut problems);
    if problems.0.is_empty()
        && let Err(error) = routing_settings(config).check()
    {
        problems
            .0
            .push(Problem::new::<&str>(&[], error.to_string()));
    }
    problems
}

/// Whether somebody may change the configuration: a person who can sign in, or a machine.
pub fn has_administrator(config: &SiteConfig) -> bool {
    let people = config.agents.values().any(|agent| {
        agent.password.is_some() && config.rights_of_agent(agent).has(Right::Configure)
    });
    let machines = config
        .keys
        .values()
        .any(|key| key.secret.is_some() && config.rights_of_key(key).has(Right::Configure));
    people || machines
}

fn check_roles(config: &SiteConfig, problems: &mut Problems) {
    for id in config.roles.keys().filter(|id| id.is_built_in()) {
        problems.add(
            &["roles", id.as_str()],
            format!("\"{id}\" is a role that every site has; give yours another name"),
        );
    }
    let people = config.agents.iter();
    let people = people.map(|(id, agent)| ("agents", id.as_str(), &agent.role));
    let keys = config.keys.iter();
    let keys = keys.map(|(id, key)| ("keys", id.as_str(), &key.role));
    for (kind, id, role) in people.chain(keys) {
        if !role.is_built_in() && !config.roles.contains_key(role) {
            let own = config.roles.keys().filter(|id| !id.is_built_in());
            let own = own.map(RoleId::as_str);
            let built_in = built_in_roles().map(|name| -> &str { name });
            let known = built_in.chain(own);
            problems.add(&[kind, id, "role"], unknown("role", role.as_str(), known));
        }
    }
}

/// A configuration that takes the last administrator away: nobody could undo it.
pub(super) fn check_administrators(
    present: &SiteConfig,
    wanted: &SiteConfig,
    problems: &mut Problems,
) {
    if has_administrator(present) && !has_administrator(wanted) {
        problems.add(
            &["agents"],
            "nobody would administer the site any more: keep an agent with `role = \"admin\"` (or \
             another that gives the right `configure`) and a `password`, or such a key with a `secret`",
        );
    }
}

fn check_queue(config: &SiteConfig, id: &QueueId, queue: &QueueConfig, problems: &mut Problems) {
    let at = |key: &'static str| ["queues".to_owned(), id.to_string(), key.to_owned()];
    for member in &queue.members {
        if !config.agents.contains_key(member) {
            problems.add(
                &at("members"),
                unknown(
                    "agent",
                    member.as_str(),
                    config.agents.keys().map(AgentId::as_str),
                ),
            );
        }
    }
    if queue.offer_timeout_seconds == Some(0) {
        problems.add(
            &at("offer_timeout_seconds"),
            "an offer must alert for at least 1 second",
        );
    }
    let own = queue.disposition_codes.as_deref();
    let codes: Vec<&str> = match own {
        Some(codes) => codes.iter().map(String::as_str).collect(),
        None => DEFAULT_DISPOSITION_CODES.to_vec(),
    };
    match &queue.wrap_up {
        WrapUpPolicy::Timed { default_code, .. } if !codes.contains(&default_code.as_str()) => {
            let mut path = at("wrap_up").to_vec();
            path.push("default_code".to_owned());
            problems.add(
                &path,
                format!(
                    "\"{default_code}\" is not among the queue's disposition codes: {}",
                    quoted(codes.iter().copied())
                ),
            );
        }
        WrapUpPolicy::Mandatory if codes.is_empty() => problems.add(
            &at("disposition_codes"),
            "wrap-up is mandatory, so there must be at least one code",
        ),
        _ => {}
    }
}

fn check_channel(config: &SiteConfig, id: &str, channel: &ChannelConfig, problems: &mut Problems) {
    let queues = [
        ("queue", Some(&channel.queue)),
        ("public_queue", channel.public_queue.as_ref()),
    ];
    for (key, queue) in queues {
        if let Some(queue) = queue
            && !config.queues.contains_key(queue)
        {
            problems.add(
                &["channels", id, key],
                unknown(
                    "queue",
                    queue.as_str(),
                    config.queues.keys().map(QueueId::as_str),
                ),
            );
        }
    }
    for (index, skill) in channel.skills.iter().enumerate() {
        let index = index.to_string();
        routing::check_minimum(&["channels", id, "skills", &index], skill, problems);
    }
    if let Some(rate) = channel.actions_per_second
        && !(rate > 0.0 && rate <= MOST_ACTIONS)
    {
        problems.add(
            &["channels", id, "actions_per_second"],
            format!("{rate} is not possible: use more than 0 and at most {MOST_ACTIONS}; `paused = true` stops a channel"),
        );
    }
    if channel.retry_for_seconds.is_some_and(|s| s > LONGEST_RETRY) {
        problems.add(
            &["channels", id, "retry_for_seconds"],
            format!("nothing is tried again for longer than {LONGEST_RETRY} seconds (30 days)"),
        );
    }
    if let Some(pause) = channel.retry_pause_seconds
        && !RETRY_PAUSES.contains(&pause)
    {
        let (least, most) = (RETRY_PAUSES.start(), RETRY_PAUSES.end());
        problems.add(
            &["channels", id, "retry_pause_seconds"],
            format!("{pause} is not possible: use {least} to {most}"),
        );
    }
    if let Some(seconds) = channel.probe_every_seconds
        && !(1..=LONGEST_PROBE).contains(&seconds)
    {
        problems.add(
            &["channels", id, "probe_every_seconds"],
            format!("credentials are tried every 1 to {LONGEST_PROBE} seconds (a day)"),
        );
    }
    check_spend(id, channel, problems);
    if channel.comments.gather_seconds > LONGEST_GATHERING {
        problems.add(
            &["channels", id, "comments", "gather_seconds"],
            format!("comments are gathered for at most {LONGEST_GATHERING} seconds (a day)"),
        );
    }
}

fn check_spend(id: &str, channel: &ChannelConfig, problems: &mut Problems) {
    let Some(spend) = &channel.spend else { return };
    let budgets = [("per_day", spend.per_day), ("per_month", spend.per_month)];
    for (key, budget) in budgets {
        if budget == Some(0) {
            problems.add(
                &["channels", id, "spend", key],
                "a budget is more than 0, in millionths of the network's unit; `paused = true` stops a channel",
            );
        }
    }
    if budgets.iter().all(|(_, budget)| budget.is_none()) {
        problems.add(
            &["channels", id, "spend"],
            "give `per_day`, `per_month` or both, in millionths of the network's unit",
        );
    }
    if let (Some(day), Some(month)) = (spend.per_day, spend.per_month)
        && day > month
    {
        problems.add(
            &["channels", id, "spend", "per_day"],
            format!("a day's budget of {day} is more than the month's of {month}"),
        );
    }
}

/// Open Messaging calls name their channel by the integration's id, so no two channels may share one.
fn check_integrations(config: &SiteConfig, problems: &mut Problems) {
    let mut owners = BTreeMap::new();
    for (id, channel) in &config.channels {
        let Some(integration) = channel
            .config
            .get("integration_id")
            .and_then(|i| i.as_str())
        else {
            continue;
        };
        if let Some(other) = owners.insert((&channel.plugin, integration), id) {
            problems.add(
                &["channels", id.as_str(), "config", "integration_id"],
                format!(
                    "channel {other} has the same integration_id: calls could not tell them apart"
                ),
            );
        }
    }
}

/// A sentence about a name that is not there.
pub(super) fn unknown<'n>(
    what: &str,
    name: &str,
    known: impl Iterator<Item = &'n str> + Clone,
) -> String {
    let nearest = known
        .clone()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= 1 + name.len() / 4)
        .min();
    match nearest {
        Some((_, near)) => format!("there is no {what} \"{name}\"; did you mean \"{near}\"?"),
        None if known.clone().next().is_none() => {
            format!("there is no {what} \"{name}\"; there are none at all")
        }
        None => format!("there is no {what} \"{name}\"; there are {}", quoted(known)),
    }
}

fn quoted<'n>(names: impl Iterator<Item = &'n str>) -> String {
    let names: Vec<String> = names.map(|name| format!("\"{name}\"")).collect();
    names.join(", ")
}
