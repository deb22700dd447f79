//! Random settings.

use std::collections::{BTreeMap, BTreeSet};

use linecard_model::routing::{
    AgentSettings, GroupSettings, IdleClock, Interruptions, LostDesktopRule, NoAnswerRule,
    OverflowRule, QueueOrder, QueueSettings, RequiredSkill, RoutingSettings, RoutingStep,
    SelectionMethod, Shares, SkillLevel, SkillMode, Slots, StationSettings, WrapUpPolicy,
};
use linecard_model::{AgentId, GroupId, QueueId, StationId};

use super::super::choices::Choices;
use super::{AGENTS, GROUPS, QUEUES, SKILLS, STATIONS, media_type, skill, skills};

fn slots(choices: &mut impl Choices) -> Slots {
    let mut slots = Slots::new();
    for _ in 0..choices.below(3) {
        let limit = u16::try_from(choices.below(4)).unwrap();
        slots.insert(media_type(choices), limit);
    }
    slots
}

fn percent(choices: &mut impl Choices) -> Shares {
    let mut percent = Shares::new();
    for _ in 0..choices.below(3).saturating_sub(1) {
        let share = [0, 25, 33, 40, 50, 100][choices.index(6)];
        percent.insert(media_type(choices), share);
    }
    percent
}

fn interruptions(choices: &mut impl Choices) -> Interruptions {
    let mut interruptions = BTreeMap::new();
    if choices.one_in(3) {
        let types = BTreeSet::from([media_type(choices)]);
        interruptions.insert(media_type(choices), types);
    }
    interruptions
}

/// A step whose agents and groups there are.
fn step(choices: &mut impl Choices, settings: &RoutingSettings, lasts: bool) -> RoutingStep {
    let mut step = RoutingStep {
        seconds: lasts.then(|| 1 + choices.below(40)),
        over_limit: choices.one_in(6),
        ..RoutingStep::default()
    };
    match choices.below(4) {
        0 => {
            for _ in 0..=choices.below(2) {
                step.agents
                    .extend(choices.pick(&settings.agents).map(|agent| agent.id.clone()));
            }
        }
        1 => step.group = choices.pick(&settings.groups).map(|group| group.id.clone()),
        _ => {}
    }
    if choices.one_in(3) {
        step.skills = Some(sensible_skills(choices));
    }
    step
}

fn sensible_skills(choices: &mut impl Choices) -> Vec<RequiredSkill> {
    let mut skills = skills(choices);
    for need in &mut skills {
        need.min_proficiency = need.min_proficiency.map(|value| value.min(100));
    }
    skills
}

fn overflow(choices: &mut impl Choices, own: &QueueId, queues: &[QueueId]) -> Vec<OverflowRule> {
    let mut rules = Vec::new();
    for _ in 0..choices.below(4).saturating_sub(1) {
        let Some(to) = choices.pick(queues).filter(|to| *to != own).cloned() else {
            continue;
        };
        let kind = choices.below(3);
        let value = choices.below(90);
        rules.push(OverflowRule {
            to,
            after_seconds: (kind == 0).then_some(value),
            estimate_over_seconds: (kind == 1).then_some(value),
            service_level_below: (kind == 2).then(|| u8::try_from(value + 1).unwrap()),
        });
    }
    rules
}

pub fn settings(choices: &mut impl Choices) -> RoutingSettings {
    let mut settings = RoutingSettings {
        slots: slots(choices),
        percent: percent(choices),
        interruptible_by: interruptions(choices),
        over_limit: u16::try_from(choices.below(3)).unwrap(),
        no_answer: [
            NoAnswerRule::NotReady,
            NoAnswerRule::Offline,
            NoAnswerRule::StayReady,
        ][choices.index(3)],
        external_seconds: 1 + choices.below(600),
        idle_clock: [IdleClock::HandledWork, IdleClock::Presence][choices.index(2)],
        lost_desktop_work: [LostDesktopRule::ReturnToQueue, LostDesktopRule::Keep]
            [choices.index(2)],
        desktop_grace_seconds: choices.below(90),
        service_clocks: choices.below(3) > 0,
        ..RoutingSettings::default()
    };
    for number in 0..AGENTS {
        if choices.one_in(4) {
            continue;
        }
        let mut agent = AgentSettings::new(AgentId::new(format!("agent-{number}")).unwrap());
        agent.slots = slots(choices);
        agent.percent = percent(choices);
        agent.interruptible_by = interruptions(choices);
        if choices.one_in(5) {
            agent.media_types = Some(BTreeSet::from([media_type(choices)]));
        }
        agent.auto_answer = choices.one_in(8);
        for number in 0..SKILLS {
            if choices.below(2) == 0 {
                agent.skills.push(SkillLevel {
                    skill: skill(number),
                    proficiency: u8::try_from(choices.below(100) + 1).unwrap(),
                });
            }
        }
        settings.agents.push(agent);
    }
    for number in 0..GROUPS {
        let mut members = BTreeSet::new();
        for agent in &settings.agents {
            if choices.below(4) == 0 {
                members.insert(agent.id.clone());
            }
        }
        settings.groups.push(GroupSettings {
            id: GroupId::new(format!("group-{number}")).unwrap(),
            name: String::new(),
            members,
        });
    }
    for number in 0..STATIONS {
        settings.stations.push(StationSettings {
            id: StationId::new(format!("station-{number}")).unwrap(),
            name: String::new(),
            media_types: BTreeSet::from([media_type(choices)]),
        });
    }
    let mut ids = Vec::new();
    for number in 0..QUEUES {
        if !choices.one_in(4) {
            ids.push(QueueId::new(format!("queue-{number}")).unwrap());
        }
    }
    for id in &ids {
        let mut queue = QueueSettings::new(id.clone());
        queue.skill_mode = [
            SkillMode::All,
            SkillMode::All,
            SkillMode::BestAvailable,
            SkillMode::Disregard,
        ][choices.index(4)];
        let steps = choices.below(6).saturating_sub(2);
        for number in 0..steps {
            let lasts = number + 1 < steps || choices.below(2) == 0;
            queue.steps.push(step(choices, &settings, lasts));
        }
        queue.overflow = overflow(choices, id, &ids);
        if choices.one_in(3) {
            queue
                .groups
                .extend(choices.pick(&settings.groups).map(|group| group.id.clone()));
        }
        queue.percent = percent(choices);
        queue.interruptible_by = interruptions(choices);
        queue.pick_up = choices.below(2) == 0;
        queue.direct_wait_seconds = choices.below(40);
        queue.park_seconds = 1 + choices.below(300);
        queue.selection = [
            SelectionMethod::LongestIdle,
            SelectionMethod::BestProficiency,
            SelectionMethod::LeastLoaded,
        ][choices.index(3)];
        queue.order = [QueueOrder::Score, QueueOrder::StrictPriority][choices.index(2)];
        queue.offer_timeout_seconds = 1 + choices.below(40);
        queue.exclusion_seconds = choices.below(90);
        queue.auto_answer = choices.one_in(8);
        queue.slots = slots(choices);
        queue.priority = i32::try_from(choices.below(5)).unwrap() - 2;
        queue.wrap_up = match choices.below(4) {
            0 => WrapUpPolicy::Optional,
            1 => WrapUpPolicy::Mandatory,
            2 => WrapUpPolicy::OnRequest,
            _ => WrapUpPolicy::Timed {
                seconds: choices.below(60),
                default_code: "Processed".into(),
                early_exit: choices.below(2) == 0,
            },
        };
        for agent in &settings.agents {
            if choices.below(3) > 0 {
                queue.members.insert(agent.id.clone());
            }
        }
        settings.queues.push(queue);
    }
    settings
}
