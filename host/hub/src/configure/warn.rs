//! What can be applied but can never work: told, and not refused, because the rest of it may still be on
//! its way.

use linecard_model::routing::{MediaType, RequiredSkill, RoutingSettings};
use linecard_model::site::{AgentConfig, QueueConfig, SiteConfig};

use super::problem::Problems;
use super::routing;

/// The kinds of work that channels make.
const OF_CHANNELS: [MediaType; 2] = [
    MediaType::SocialConversation,
    MediaType::SocialDirectMessage,
];

/// Everything in a configuration that can never work.
pub fn warnings(config: &SiteConfig) -> Problems {
    let mut warnings = Problems::default();
    for (id, agent) in &config.agents {
        if agent.password.is_none() {
            warnings.add(
                &["agents", id.as_str()],
                "without a `password` nobody can sign in as this agent",
            );
        }
    }
    for (name, key) in &config.keys {
        if key.secret.is_none() {
            warnings.add(
                &["keys", name],
                "without a `secret` nothing can use this key",
            );
        }
    }
    for (id, channel) in &config.channels {
        let queues = [
            ("queue", Some(&channel.queue)),
            ("public_queue", channel.public_queue.as_ref()),
        ];
        for (key, queue_id) in queues {
            let Some(queue_id) = queue_id else { continue };
            // A queue that is not there is refused anyway.
            let Some(queue) = config.queues.get(queue_id) else {
                continue;
            };
            if config.members(queue).is_empty() {
                warnings.add(
                    &["channels", id.as_str(), key],
                    format!("queue {queue_id} has no members: what this channel brings would wait for ever"),
                );
                continue;
            }
            for (index, needed) in channel.skills.iter().enumerate() {
                if !members(config, queue).any(|agent| has(agent, needed)) {
                    warnings.add(
                        &["channels", id.as_str(), "skills", &index.to_string()],
                        nobody_has(needed, queue_id.as_str()),
                    );
                }
            }
            let can_take = |agent: &AgentConfig| {
                let mut kinds = OF_CHANNELS.into_iter();
                kinds.any(|kind| slots(config, queue, agent, kind) > 0)
            };
            if !members(config, queue).any(can_take) {
                warnings.add(
                    &["queues", queue_id.as_str()],
                    "no member has a slot for what channels bring: it would wait for ever",
                );
            }
        }
    }
    routing::warn(config, &mut warnings);
    warnings.0.dedup();
    warnings
}

fn members<'c>(
    config: &'c SiteConfig,
    queue: &'c QueueConfig,
) -> impl Iterator<Item = &'c AgentConfig> {
    let members = config.members(queue).into_iter();
    members.filter_map(|member| config.agents.get(member))
}

fn has(agent: &AgentConfig, needed: &RequiredSkill) -> bool {
    let has = agent.skills.get(&needed.skill);
    has.is_some_and(|has| *has >= needed.min_proficiency.unwrap_or(0))
}

fn nobody_has(needed: &RequiredSkill, queue: &str) -> String {
    let skill = &needed.skill;
    let how_well = match needed.min_proficiency {
        Some(least) => format!(" at {least} or better"),
        None => String::new(),
    };
    format!(
        "no member of queue {queue} has the skill {skill}{how_well}: what this channel brings would \
         wait for ever"
    )
}

fn slots(config: &SiteConfig, queue: &QueueConfig, agent: &AgentConfig, kind: MediaType) -> u16 {
    let set = [&agent.slots, &queue.slots, &config.routing.slots];
    set.into_iter()
        .find_map(|slots| slots.get(&kind).copied())
        .unwrap_or_else(|| RoutingSettings::builtin_slots(kind))
}
