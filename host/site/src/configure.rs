//! What the router needs to know of a site's configuration.

use linecard_model::routing::{AgentSettings, QueueSettings, RoutingSettings, SkillLevel};
use linecard_model::site::SiteConfig;

/// The routing settings that a configuration means.
pub fn routing_settings(config: &SiteConfig) -> RoutingSettings {
    let mut settings = RoutingSettings {
        slots: config.routing.slots.clone(),
        idle_clock: config.routing.idle_clock,
        lost_desktop_work: config.routing.lost_desktop,
        ..RoutingSettings::default()
    };
    if let Some(reasons) = &config.routing.not_ready_reasons {
        settings.not_ready_reasons.clone_from(reasons);
    }
    if let Some(seconds) = config.routing.desktop_grace_seconds {
        settings.desktop_grace_seconds = seconds;
    }
    settings.queues = config
        .queues
        .iter()
        .map(|(id, queue)| {
            let mut made = QueueSettings::new(id.clone());
            made.name.clone_from(&queue.name);
            made.members.clone_from(&queue.members);
            made.selection = queue.selection;
            made.order = queue.order;
            made.auto_answer = queue.auto_answer;
            made.wrap_up = queue.wrap_up.clone();
            made.priority = queue.priority;
            made.slots.clone_from(&queue.slots);
            if let Some(seconds) = queue.offer_timeout_seconds {
                made.offer_timeout_seconds = seconds;
            }
            if let Some(seconds) = queue.exclusion_seconds {
                made.exclusion_seconds = seconds;
            }
            if let Some(seconds) = queue.service_level_seconds {
                made.service_level_seconds = seconds;
            }
            if let Some(codes) = &queue.disposition_codes {
                made.disposition_codes.clone_from(codes);
            }
            made
        })
        .collect();
    settings.agents = config
        .agents
        .iter()
        .map(|(id, agent)| {
            let mut made = AgentSettings::new(id.clone());
            made.display_name.clone_from(&agent.name);
            made.skills = agent
                .skills
                .iter()
                .map(|(skill, proficiency)| SkillLevel {
                    skill: skill.clone(),
                    proficiency: *proficiency,
                })
                .collect();
            made.slots.clone_from(&agent.slots);
            made
        })
        .collect();
    settings
}
