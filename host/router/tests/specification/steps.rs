//! Routing steps: last agent, preferred agents, bullseye rings and relaxed skills are all the same thing.

use std::collections::BTreeSet;

use linecard_model::routing::{
    GroupSettings, MediaType, OverflowRule, QueueSettings, RoutingEvent, RoutingSettings,
    RoutingStep, SkillMode, StepCause,
};
use linecard_model::{AgentId, GroupId, InteractionId};
use linecard_router::{Command, Obstacle};

use crate::site::{Site, agent, has, needs, queue, settings, single};

/// What somebody does.
type Does = fn(&mut Site);
/// What makes a queue's settings such as cannot be, with an agent whom there is not.
type Spoil = fn(&mut QueueSettings, BTreeSet<AgentId>);

const DM: MediaType = MediaType::SocialDirectMessage;

fn ring(minimum: u8, seconds: u32) -> RoutingStep {
    RoutingStep {
        skills: Some(vec![needs("german", minimum)]),
        seconds: Some(seconds),
        ..RoutingStep::default()
    }
}

/// One who speaks German at 90, at 60, at 30.
fn bullseye() -> RoutingSettings {
    let mut settings = single(&["anna", "ben", "cara"]);
    for (member, level) in settings.agents.iter_mut().zip([90, 60, 30]) {
        member.skills = vec![has("german", level)];
    }
    settings.queues[0].steps = vec![ring(80, 20), ring(50, 20)];
    settings
}

fn arrive_first_to(site: &mut Site, who: &str, seconds: u32) -> InteractionId {
    let interaction = InteractionId::derived(7, 7);
    site.apply(Command::Enqueue {
        interaction,
        queue: queue("care"),
        media_type: DM,
        skills: vec![],
        priority: None,
        first: Some(RoutingStep::agent(agent(who), seconds, true)),
    });
    interaction
}

/// Keeps somebody busy.
fn busy(site: &mut Site, who: &str) {
    site.ready(who);
    let id = site.arrive();
    assert_eq!(site.alerting_at(id), Some(agent(who)));
    site.accept(id);
}

fn step_of(site: &Site, id: InteractionId) -> (usize, usize) {
    let step = site.router.explain(site.now, &id).unwrap().step.unwrap();
    (step.number, step.of)
}

#[test]
fn rings_open_one_after_the_other() {
    let mut site = Site::new(bullseye());
    busy(&mut site, "anna");
    site.all_ready(&["ben", "cara"]);
    // ring 2 is worth opening only when nobody of ring 1 is there or its time is over
    let id = site.arrive_with(vec![needs("german", None)], None);
    assert_eq!(step_of(&site, id), (1, 3));
    assert_eq!(
        site.state_name(id),
        "queued",
        "cara and ben are not in the ring yet"
    );
    site.run(19);
    assert_eq!(site.state_name(id), "queued");
    let events = site.run(1);
    assert!(matches!(
        events[0],
        RoutingEvent::StepBegan {
            step: 2,
            cause: StepCause::Expired,
            ..
        }
    ));
    assert_eq!(
        site.alerting_at(id),
        Some(agent("ben")),
        "cara speaks too little"
    );
    assert_eq!(step_of(&site, id), (2, 3));
}

#[test]
fn an_empty_ring_is_passed_at_once() {
    let mut site = Site::new(bullseye());
    site.ready("cara");
    let events = site.apply(Command::Enqueue {
        interaction: InteractionId::derived(3, 3),
        queue: queue("care"),
        media_type: DM,
        skills: vec![],
        priority: None,
        first: None,
    });
    let steps: Vec<(u16, StepCause)> = events
        .iter()
        .filter_map(|event| match event {
            RoutingEvent::StepBegan { step, cause, .. } => Some((*step, *cause)),
            _ => None,
        })
        .collect();
    let nobody = StepCause::NobodyAvailable;
    assert_eq!(steps, [(2, nobody), (3, nobody)]);
    assert_eq!(
        site.alerting_at(InteractionId::derived(3, 3)),
        Some(agent("cara"))
    );
}

#[test]
fn the_pools_add_up() {
    let mut site = Site::new(bullseye());
    busy(&mut site, "ben");
    busy(&mut site, "anna");
    let id = site.arrive_with(vec![needs("german", None)], None);
    site.run(20);
    assert_eq!(step_of(&site, id), (2, 3));
    // Whoever of either ring is free first gets it; the first ring's are not forgotten.
    let of_anna = site.router.work_of(&agent("anna")).next().unwrap().0;
    site.try_end(of_anna, "anna", None).unwrap();
    assert_eq!(site.alerting_at(id), Some(agent("anna")));
}

#[test]
fn the_last_agent_is_waited_for_while_busy_and_not_while_away() {
    // what Anna does, what becomes of a returning customer's message in the first minute
    let table: [(&str, Does, Option<&str>); 5] = [
        ("ready", |site| drop(site.ready("anna")), Some("anna")),
        ("busy", |site| busy(site, "anna"), None),
        ("offline", |_| {}, Some("ben")),
        (
            "at lunch",
            |site| {
                site.ready("anna");
                site.not_ready("anna", "Lunch");
            },
            Some("ben"),
        ),
        (
            "gone",
            |site| {
                site.ready("anna");
                site.apply(Command::DesktopLost {
                    agent: agent("anna"),
                });
            },
            Some("ben"),
        ),
    ];
    for (does, make, expected) in table {
        let mut settings = single(&["anna", "ben"]);
        // No work above the limit: else a busy Anna would get it too.
        settings.over_limit = 0;
        let mut site = Site::new(settings);
        make(&mut site);
        site.ready("ben");
        let id = arrive_first_to(&mut site, "anna", 60);
        assert_eq!(site.alerting_at(id), expected.map(agent), "Anna is {does}");
        if expected.is_none() {
            site.run(60);
            assert_eq!(site.alerting_at(id), Some(agent("ben")), "Anna is {does}");
        }
    }
}

#[test]
fn a_step_for_nobody_keeps_it_from_everybody_for_its_time_and_whoever_may_can_pick_it_up() {
    let arrive = |site: &mut Site, number| {
        let interaction = InteractionId::derived(7, number);
        site.apply(Command::Enqueue {
            interaction,
            queue: queue("care"),
            media_type: DM,
            skills: vec![],
            priority: None,
            first: Some(RoutingStep::nobody(600)),
        });
        interaction
    };
    let mut site = Site::new(single(&["anna", "ben", "cleo"]));
    site.all_ready(&["anna"]);
    let kept = arrive(&mut site, 7);
    site.ready("ben");
    site.run(599);
    assert_eq!(site.state_name(kept), "queued");
    assert_eq!(step_of(&site, kept), (1, 2));
    let next = site.arrive();
    assert!(site.alerting_at(next).is_some(), "others are not held up");
    site.run(1);
    assert!(site.alerting_at(kept).is_some());
    let taken = arrive(&mut site, 8);
    site.ready("cleo");
    assert_eq!(site.state_name(taken), "queued");
    site.apply(Command::PickUp {
        interaction: taken,
        agent: agent("cleo"),
        by_right: true,
    });
    assert_eq!(site.state_name(taken), "connected");
}

#[test]
fn who_leaves_is_waited_for_no_longer() {
    let mut settings = single(&["anna", "ben"]);
    settings.over_limit = 0;
    let mut site = Site::new(settings);
    busy(&mut site, "anna");
    site.ready("ben");
    let id = arrive_first_to(&mut site, "anna", 600);
    assert_eq!(site.state_name(id), "queued");
    site.not_ready("anna", "Lunch");
    assert_eq!(site.alerting_at(id), Some(agent("ben")));
}

#[test]
fn who_declines_is_waited_for_no_longer() {
    let mut site = Site::new(single(&["anna", "ben"]));
    site.all_ready(&["anna", "ben"]);
    let id = arrive_first_to(&mut site, "anna", 600);
    assert_eq!(site.alerting_at(id), Some(agent("anna")));
    site.decline(id);
    assert_eq!(site.alerting_at(id), Some(agent("ben")));
}

#[test]
fn the_last_agent_need_not_be_a_member() {
    let mut settings = settings(&["anna", "ben"]);
    settings.queues[0].members.remove(&agent("anna"));
    let mut site = Site::new(settings);
    site.all_ready(&["anna", "ben"]);
    let id = arrive_first_to(&mut site, "anna", 60);
    assert_eq!(site.alerting_at(id), Some(agent("anna")));
    let other = site.arrive();
    assert_eq!(site.alerting_at(other), Some(agent("ben")));
}

#[test]
fn a_group_is_a_member_and_a_step() {
    let mut settings = single(&["anna", "ben", "cara"]);
    let experts = GroupId::new("experts").unwrap();
    settings.groups = vec![GroupSettings {
        id: experts.clone(),
        name: String::new(),
        members: BTreeSet::from([agent("cara")]),
    }];
    settings.queues[0].members = BTreeSet::from([agent("ben")]);
    settings.queues[0].groups = BTreeSet::from([experts.clone()]);
    settings.queues[0].steps = vec![RoutingStep {
        group: Some(experts),
        seconds: Some(30),
        ..RoutingStep::default()
    }];
    let mut site = Site::new(settings);
    site.all_ready(&["anna", "ben", "cara"]);
    let first = site.arrive();
    assert_eq!(site.alerting_at(first), Some(agent("cara")));
    site.accept(first);
    let second = site.arrive();
    assert_eq!(site.state_name(second), "queued", "cara is there, and busy");
    let why = site.router.explain(site.now, &second).unwrap();
    let ben = why
        .members
        .iter()
        .find(|m| m.agent == agent("ben"))
        .unwrap();
    assert_eq!(ben.obstacles, [Obstacle::NotInStep]);
    site.run(30);
    assert_eq!(site.alerting_at(second), Some(agent("ben")));
    let third = site.arrive();
    site.run(30);
    assert_eq!(site.state_name(third), "queued", "anna is no member");
}

#[test]
fn skills_are_needed_or_wished_for_or_nothing() {
    // the queue's mode; who gets a message that wants German at 80
    let table = [
        (SkillMode::All, None),
        (SkillMode::BestAvailable, Some("ben")),
        (SkillMode::Disregard, Some("cara")),
    ];
    for (mode, expected) in table {
        let mut settings = single(&["ben", "cara"]);
        settings.queues[0].skill_mode = mode;
        settings.agents[0].skills = vec![has("german", 60)];
        let mut site = Site::new(settings);
        // Cara has been idle longer.
        site.all_ready(&["cara", "ben"]);
        let id = site.arrive_with(vec![needs("german", 80)], None);
        assert_eq!(site.alerting_at(id), expected.map(agent), "{mode:?}");
    }
}

fn with_overflow(rule: OverflowRule) -> RoutingSettings {
    let mut settings = single(&["anna", "ben"]);
    settings.queues[0].members = BTreeSet::from([agent("anna")]);
    settings.queues[0].overflow = vec![rule];
    let mut second = QueueSettings::new(queue("second"));
    second.members = BTreeSet::from([agent("ben")]);
    // And back again, which must not become a circle.
    second.overflow = vec![OverflowRule {
        to: queue("care"),
        after_seconds: Some(1),
        estimate_over_seconds: None,
        service_level_below: None,
    }];
    settings.queues.push(second);
    settings
}

fn rule() -> OverflowRule {
    OverflowRule {
        to: queue("second"),
        after_seconds: None,
        estimate_over_seconds: None,
        service_level_below: None,
    }
}

#[test]
fn what_waits_too_long_goes_over_with_its_time_in_queue() {
    let mut site = Site::new(with_overflow(OverflowRule {
        after_seconds: Some(120),
        ..rule()
    }));
    site.pass(5);
    let id = site.arrive();
    let entered = site.now;
    site.run(119);
    assert_eq!(site.router.interaction(&id).unwrap().queue, queue("care"));
    let events = site.run(1);
    let names: Vec<_> = events.iter().filter_map(RoutingEvent::queue).collect();
    // It is overdue in the second queue at once, and has been in the first: it stays.
    assert_eq!(names, [&queue("second")]);
    assert_eq!(site.router.interaction(&id).unwrap().entered, entered);
    site.ready("ben");
    assert_eq!(site.alerting_at(id), Some(agent("ben")));
    let of = |name: &str| site.router.queue_stats(site.now, &queue(name));
    assert_eq!(
        (
            of("care")[0].figures.flowed_out,
            of("second")[0].figures.flowed_in
        ),
        (1, 1)
    );
}

#[test]
fn a_long_estimate_or_a_low_service_level_sends_it_over_at_once() {
    for (rule, why) in [
        (
            OverflowRule {
                estimate_over_seconds: Some(50),
                ..rule()
            },
            "estimate",
        ),
        (
            OverflowRule {
                service_level_below: Some(80),
                ..rule()
            },
            "service level",
        ),
    ] {
        let mut settings = with_overflow(rule);
        settings.queues[0].service_level_seconds = 10;
        let mut site = Site::new(settings);
        // Nothing is known yet, so nothing is judged.
        site.ready("anna");
        let first = site.arrive();
        let second = site.arrive();
        assert_eq!(
            site.router.interaction(&second).unwrap().queue,
            queue("care"),
            "{why}"
        );
        // Anna takes a minute and a half for one, and answers the second far too late.
        site.accept(first);
        site.run(90);
        site.try_end(first, "anna", None).unwrap();
        site.accept(second);
        let third = site.arrive();
        assert_eq!(
            site.router.interaction(&third).unwrap().queue,
            queue("second"),
            "{why}"
        );
    }
}

#[test]
fn steps_and_overflow_that_cannot_be_are_named() {
    let stranger = || BTreeSet::from([AgentId::new("nobody").unwrap()]);
    let table: [(Spoil, &str); 6] = [
        (
            |q, nobody| {
                q.steps = vec![RoutingStep {
                    agents: nobody,
                    ..RoutingStep::default()
                }];
            },
            "queue care, step 1: there is no agent nobody",
        ),
        (
            |q, _| {
                q.steps = vec![RoutingStep {
                    group: Some(GroupId::new("none").unwrap()),
                    ..RoutingStep::default()
                }];
            },
            "queue care, step 1: there is no group none",
        ),
        (
            |q, _| q.steps = vec![RoutingStep::default(), RoutingStep::default()],
            "queue care, step 1: it has no seconds, so the steps after it never begin",
        ),
        (
            |q, _| q.steps = vec![ring(101, 5)],
            "queue care, step 1: skill german: minimum proficiency 101 is not between 1 and 100",
        ),
        (
            |q, _| {
                q.overflow = vec![OverflowRule {
                    after_seconds: Some(1),
                    ..rule()
                }];
            },
            "queue care, overflow rule 1: there is no queue second",
        ),
        (
            |q, _| q.groups = BTreeSet::from([GroupId::new("none").unwrap()]),
            "queue care has the group none, which there is not: add the group or remove it",
        ),
    ];
    for (change, expected) in table {
        let mut settings = settings(&["anna"]);
        change(&mut settings.queues[0], stranger());
        assert_eq!(settings.check().unwrap_err().to_string(), expected);
    }
}
