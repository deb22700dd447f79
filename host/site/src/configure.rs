//! What the router needs to know of a site's configuration.

use linecard_model::routing::{
    AgentSettings, GroupSettings, QueueSettings, RoutingSettings, SkillLevel, StationSettings,
};
use linecard_model::site::{AgentConfig, QueueConfig, SiteConfig};
use linecard_model::{AgentId, QueueId};

/// The routing settings that a configuration means.
pub fn routing_settings(config: &SiteConfig) -> RoutingSettings {
    let routing = &config.routing;
    let usual = RoutingSettings::default();
    RoutingSettings {
        slots: routing.slots.clone(),
        percent: routing.percent.clone(),
        interruptible_by: routing.interruptible_by.clone(),
        over_limit: routing.over_limit.unwrap_or(usual.over_limit),
        no_answer: routing.no_answer,
        external_seconds: routing.external_seconds.unwrap_or(usual.external_seconds),
        idle_clock: routing.idle_clock,
        lost_desktop_work: routing.lost_desktop,
        service_clocks: !config.service_policies.is_empty(),
        not_ready_reasons: routing
            .not_ready_reasons
            .clone()
            .unwrap_or(usual.not_ready_reasons),
        desktop_grace_seconds: routing
            .desktop_grace_seconds
            .unwrap_or(usual.desktop_grace_seconds),
        queues: config
            .queues
            .iter()
            .map(|(id, queue)| queue_settings(id, queue))
            .collect(),
        agents: config
            .agents
            .iter()
            .map(|(id, agent)| agent_settings(id, agent))
            .collect(),
        groups: config
            .groups
            .iter()
            .map(|(id, group)| GroupSettings {
                id: id.clone(),
                name: group.name.clone(),
                members: group.members.clone(),
            })
            .collect(),
        stations: config
            .stations
            .iter()
            .map(|(id, station)| StationSettings {
                id: id.clone(),
                name: station.name.clone(),
                media_types: station.media_types.clone(),
            })
            .collect(),
    }
}

fn queue_settings(id: &QueueId, queue: &QueueConfig) -> QueueSettings {
    let usual = QueueSettings::new(id.clone());
    QueueSettings {
        name: queue.name.clone(),
        members: queue.members.clone(),
        groups: queue.groups.clone(),
        selection: queue.selection,
        skill_mode: queue.skill_mode,
        steps: queue.steps.clone(),
        overflow: queue.overflow.clone(),
        order: queue.order,
        auto_answer: queue.auto_answer,
        wrap_up: queue.wrap_up.clone(),
        priority: queue.priority,
        slots: queue.slots.clone(),
        percent: queue.percent.clone(),
        interruptible_by: queue.interruptible_by.clone(),
        pick_up: queue.pick_up,
        service_levels: queue.service_levels.clone(),
        short_abandon_seconds: queue.short_abandon_seconds,
        offer_timeout_seconds: queue
            .offer_timeout_seconds
            .unwrap_or(usual.offer_timeout_seconds),
        exclusion_seconds: queue.exclusion_seconds.unwrap_or(usual.exclusion_seconds),
        service_level_seconds: queue
            .service_level_seconds
            .unwrap_or(usual.service_level_seconds),
        direct_wait_seconds: queue
            .direct_wait_seconds
            .unwrap_or(usual.direct_wait_seconds),
        park_seconds: queue.park_seconds.unwrap_or(usual.park_seconds),
        disposition_codes: queue
            .disposition_codes
            .clone()
            .unwrap_or(usual.disposition_codes),
        id: usual.id,
    }
}

fn agent_settings(id: &AgentId, agent: &AgentConfig) -> AgentSettings {
    AgentSettings {
        id: id.clone(),
        display_name: agent.name.clone(),
        skills: agent
            .skills
            .iter()
            .map(|(skill, proficiency)| SkillLevel {
                skill: skill.clone(),
                proficiency: *proficiency,
            })
            .collect(),
        slots: agent.slots.clone(),
        percent: agent.percent.clone(),
        interruptible_by: agent.interruptible_by.clone(),
        media_types: agent.media_types.clone(),
        auto_answer: agent.auto_answer,
    }
}
