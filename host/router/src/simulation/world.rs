//! Random settings, commands and events, of a world small enough that everything meets everything.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use linecard_model::routing::{
    AgentSettings, EndReason, GroupSettings, IdleClock, InteractionState, Interruptions, LegEnd,
    LegRole, LostDesktopRule, MediaType, NoAnswerRule, OfferOutcome, OverflowRule, OwnerCause,
    Plan, Presence, PresenceCause, QueueOrder, QueueSettings, RequiredSkill, ReturnCause,
    RoutingEvent, RoutingSettings, RoutingStep, SelectionMethod, Shares, SkillLevel, SkillMode,
    Slots, StationSettings, StepCause, TransferTarget, UnparkCause, WaitingFor, WrapUpPolicy,
};
use linecard_model::{
    AgentId, GroupId, InteractionId, OfferId, QueueId, SkillId, StationId, Timestamp,
};

use super::choices::Choices;
use super::ledger::Ledger;
use crate::{Command, Router};

const AGENTS: u32 = 10;
const QUEUES: u32 = 4;
const SKILLS: u32 = 4;
const GROUPS: u32 = 2;
const STATIONS: u32 = 2;
/// So many interactions wait at most.
const CROWD: usize = 150;

fn agent(choices: &mut impl Choices) -> AgentId {
    AgentId::new(format!("agent-{}", choices.below(AGENTS))).unwrap()
}

fn queue(choices: &mut impl Choices) -> QueueId {
    QueueId::new(format!("queue-{}", choices.below(QUEUES))).unwrap()
}

fn skill(number: u32) -> SkillId {
    SkillId::new(format!("skill-{number}")).unwrap()
}

fn media_type(choices: &mut impl Choices) -> MediaType {
    [
        MediaType::SocialDirectMessage,
        MediaType::SocialConversation,
        MediaType::Call,
    ][choices.index(3)]
}

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

/// One that there is, mostly.
fn group(choices: &mut impl Choices) -> GroupId {
    let number = choices.below(GROUPS * 10 + 1) / 10;
    GroupId::new(format!("group-{number}")).unwrap()
}

/// One that there is, mostly.
fn station(choices: &mut impl Choices) -> StationId {
    StationId::new(format!("station-{}", choices.below(STATIONS + 1))).unwrap()
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

fn presence(choices: &mut impl Choices) -> Presence {
    match choices.below(10) {
        0..6 => Presence::Ready,
        6..8 => Presence::NotReady {
            reason: ["Lunch", "Pause"][choices.index(2)].into(),
        },
        8 => Presence::Offline,
        _ => Presence::NotReady {
            reason: "Nonsense".into(),
        },
    }
}

fn end_reason(choices: &mut impl Choices) -> EndReason {
    [
        EndReason::CustomerLeft,
        EndReason::MessageDeleted,
        EndReason::ThreadEnded,
        EndReason::ReplyWindowClosed,
        EndReason::AnsweredElsewhere,
        EndReason::Cancelled,
    ][choices.index(6)]
}

fn disposition(choices: &mut impl Choices) -> Option<String> {
    match choices.below(8) {
        0..3 => None,
        3..7 => Some("Processed".into()),
        _ => Some("Nonsense".into()),
    }
}

fn skills(choices: &mut impl Choices) -> Vec<RequiredSkill> {
    (0..choices.below(5) / 2)
        .map(|_| RequiredSkill {
            skill: skill(choices.below(SKILLS)),
            min_proficiency: match choices.below(20) {
                0..10 => None,
                19 => Some(101),
                _ => Some(u8::try_from(choices.below(100) + 1).unwrap()),
            },
        })
        .collect()
}

/// Something that somebody might ask for, mostly sensible.
pub fn command(
    choices: &mut impl Choices,
    router: &Router,
    ledger: &Ledger,
    now: Timestamp,
    arrivals: &mut u64,
) -> Command {
    match choices.below(1000) {
        0..330 if ledger.waiting() < CROWD => {
            *arrivals += 1;
            // At times one that is there, or was.
            let number = if choices.one_in(30) {
                *arrivals - u64::from(choices.below(20)).min(*arrivals)
            } else {
                *arrivals
            };
            Command::Enqueue {
                interaction: InteractionId::derived(0, number),
                queue: queue(choices),
                media_type: media_type(choices),
                skills: skills(choices),
                priority: (choices.below(3) == 0)
                    .then(|| i32::try_from(choices.below(9)).unwrap() - 4),
                first: choices
                    .one_in(5)
                    .then(|| RoutingStep::agent(agent(choices), 1 + choices.below(30), true)),
            }
        }
        0..770 => work_on_something(choices, router, now),
        770..830 => reach_out(choices, router).unwrap_or(Command::Tick),
        830..900 => Command::SetPresence {
            agent: agent(choices),
            presence: presence(choices),
            forced: choices.one_in(5),
        },
        900..930 => Command::Rescind {
            interaction: InteractionId::derived(
                0,
                arrivals.saturating_sub(u64::from(choices.below(200))),
            ),
            reason: end_reason(choices),
        },
        930..945 => Command::DesktopLost {
            agent: agent(choices),
        },
        945..955 => Command::DesktopBack {
            agent: agent(choices),
        },
        955..957 => Command::PauseQueue {
            queue: queue(choices),
        },
        957..960 => Command::ResumeQueue {
            queue: queue(choices),
        },
        960..963 => Command::Configure {
            settings: Arc::new(settings(choices)),
        },
        963 => Command::ResetStats,
        964..972 => elsewhere(choices),
        972..984 => answer_an_old_offer(choices, ledger),
        _ => Command::Tick,
    }
}

/// Work elsewhere, and where somebody sits.
fn elsewhere(choices: &mut impl Choices) -> Command {
    let agent = agent(choices);
    let reference = format!("call-{}", choices.below(3));
    match choices.below(6) {
        0..3 => Command::BeginExternal {
            agent,
            reference,
            media_type: media_type(choices),
            until: None,
        },
        3..5 => Command::EndExternal { agent, reference },
        _ => Command::SetStation {
            agent,
            station: (choices.below(3) > 0).then(|| station(choices)),
        },
    }
}

fn target(choices: &mut impl Choices) -> TransferTarget {
    match choices.below(4) {
        0 => TransferTarget::Agent {
            agent: agent(choices),
        },
        1 => TransferTarget::Queue {
            queue: queue(choices),
        },
        2 => TransferTarget::Skills {
            skills: skills(choices),
        },
        _ => TransferTarget::Group {
            group: group(choices),
        },
    }
}

/// What an owner does with an interaction other than end it, and what others do with it.
fn meddle(
    choices: &mut impl Choices,
    router: &Router,
    now: Timestamp,
    interaction: InteractionId,
    owner: AgentId,
) -> Command {
    let other = agent(choices);
    let asked = router.interaction(&interaction).and_then(|work| {
        let asked: Vec<AgentId> = work.legs.keys().cloned().collect();
        choices.pick(&asked).cloned()
    });
    let advises = asked.is_some() && choices.below(4) == 0;
    let consultant = asked.unwrap_or_else(|| other.clone());
    if advises {
        return Command::CompleteConsult {
            interaction,
            agent: owner,
            consultant,
        };
    }
    match choices.below(26) {
        0..2 => Command::Hold {
            interaction,
            agent: owner,
        },
        2..4 => Command::Resume {
            interaction,
            agent: owner,
        },
        4..7 => Command::Park {
            interaction,
            agent: owner,
            until: (choices.below(2) == 0)
                .then(|| now + std::time::Duration::from_secs(u64::from(choices.below(200)))),
            waiting_for: [WaitingFor::Customer, WaitingFor::Company][choices.index(2)],
        },
        7..10 => Command::Transfer {
            interaction,
            agent: Some(owner),
            to: target(choices),
        },
        10 => Command::Transfer {
            interaction,
            agent: None,
            to: target(choices),
        },
        11 => Command::Requeue {
            interaction,
            agent: owner,
        },
        12..17 => Command::Consult {
            interaction,
            agent: owner,
            to: target(choices),
        },
        17..19 => Command::CompleteConsult {
            interaction,
            agent: owner,
            consultant,
        },
        19 => Command::CancelConsult {
            interaction,
            agent: owner,
            consultant,
        },
        20..22 => Command::Monitor {
            interaction,
            agent: other,
        },
        22 => Command::Leave {
            interaction,
            agent: consultant,
        },
        23 => Command::TakeOver {
            interaction,
            agent: consultant,
        },
        _ => Command::Prioritize {
            interaction,
            priority: i32::try_from(choices.below(9)).unwrap() - 4,
        },
    }
}

/// What is done with something that waits or is parked.
fn reach_out(choices: &mut impl Choices, router: &Router) -> Option<Command> {
    let only_parked = choices.below(2) == 0;
    let idle: Vec<InteractionId> = router
        .interactions()
        .filter(|(_, work)| match &work.state {
            InteractionState::Queued => !only_parked,
            state => matches!(state, InteractionState::Parked { .. }),
        })
        .map(|(id, _)| id)
        .collect();
    let interaction = *choices.pick(&idle)?;
    let state = &router.interaction(&interaction)?.state;
    let agent = agent(choices);
    Some(match (state, choices.below(6)) {
        (InteractionState::Parked { .. }, 0..3) => Command::CustomerWrote { interaction },
        (InteractionState::Parked { agent, .. }, 3) => Command::Resume {
            interaction,
            agent: agent.clone(),
        },
        (_, 0..3) => Command::PickUp {
            interaction,
            agent,
            by_right: choices.below(4) == 0,
        },
        (_, 3) => Command::TakeOver { interaction, agent },
        (_, 4) => Command::Transfer {
            interaction,
            agent: None,
            to: target(choices),
        },
        _ => Command::Prioritize {
            interaction,
            priority: i32::try_from(choices.below(9)).unwrap() - 4,
        },
    })
}

fn answer_an_old_offer(choices: &mut impl Choices, ledger: &Ledger) -> Command {
    let (offer, owner) = choices
        .pick(&ledger.recent_offers)
        .cloned()
        .unwrap_or_else(|| (OfferId::derived(0, 0), agent(choices)));
    let agent = if choices.below(2) == 0 {
        owner
    } else {
        agent(choices)
    };
    if choices.below(2) == 0 {
        Command::Accept { offer, agent }
    } else {
        Command::Decline { offer, agent }
    }
}

/// What an agent does next with something in hand.
fn work_on_something(choices: &mut impl Choices, router: &Router, now: Timestamp) -> Command {
    let owner = agent(choices);
    let in_hand: Vec<_> = router.work_of(&owner).collect();
    let Some((interaction, work)) = choices.pick(&in_hand) else {
        return Command::SetPresence {
            agent: owner,
            presence: Presence::Ready,
            forced: false,
        };
    };
    let interaction = *interaction;
    let agent = if choices.one_in(20) {
        agent(choices)
    } else {
        owner
    };
    if let Some(leg) = work.legs.get(&agent)
        && let Some(offer) = &leg.offer
    {
        let offer = offer.id;
        return if choices.below(4) > 0 {
            Command::Accept { offer, agent }
        } else {
            Command::Decline { offer, agent }
        };
    }
    if let Some(owner) = work.state.talking().cloned()
        && choices.below(5) > 0
    {
        return meddle(choices, router, now, interaction, owner);
    }
    match &work.state {
        InteractionState::Offered { offer, .. } if choices.below(5) < 4 => Command::Accept {
            offer: *offer,
            agent,
        },
        InteractionState::Offered { offer, .. } => Command::Decline {
            offer: *offer,
            agent,
        },
        InteractionState::Connected { .. } | InteractionState::Held { .. }
            if !choices.one_in(20) =>
        {
            Command::End {
                interaction,
                agent,
                disposition: disposition(choices),
                wrap_up: choices.below(2) == 0,
            }
        }
        _ => Command::WrapUp {
            interaction,
            agent,
            disposition: disposition(choices),
        },
    }
}

/// An event, whether it makes sense or not.
pub fn any_event(choices: &mut impl Choices, now: Timestamp) -> RoutingEvent {
    let interaction = InteractionId::derived(0, u64::from(choices.below(6)));
    let offer = OfferId::derived(0, u64::from(choices.below(4)));
    let (agent, queue) = (agent(choices), queue(choices));
    let later = |choices: &mut _| {
        now + std::time::Duration::from_secs(u64::from(Choices::below(choices, 60)))
    };
    let plan = |choices: &mut _| Plan {
        steps: (0..Choices::below(choices, 3))
            .map(|_| RoutingStep::agent(self::agent(choices), 20, false))
            .collect(),
        until: (Choices::below(choices, 2) == 0).then_some(now + std::time::Duration::from_secs(9)),
    };
    let role = [LegRole::Owner, LegRole::Owner, LegRole::Consultant][choices.index(3)];
    match choices.below(26) {
        13 => RoutingEvent::StepBegan {
            interaction,
            queue,
            step: u16::try_from(choices.below(5)).unwrap(),
            until: (choices.below(2) == 0).then(|| later(choices)),
            cause: StepCause::Expired,
        },
        14 => RoutingEvent::Held {
            interaction,
            queue,
            agent,
        },
        15 => RoutingEvent::Resumed {
            interaction,
            queue,
            agent,
        },
        16 => RoutingEvent::Parked {
            interaction,
            queue,
            agent,
            until: later(choices),
            waiting_for: WaitingFor::Customer,
        },
        17 => RoutingEvent::Unparked {
            interaction,
            queue,
            agent,
            cause: UnparkCause::Expired,
            plan: plan(choices),
        },
        18 => RoutingEvent::Transferred {
            interaction,
            from_queue: self::queue(choices),
            queue,
            from: Some(agent),
            to: target(choices),
            plan: plan(choices),
            excluded_until: (choices.below(2) == 0).then(|| later(choices)),
        },
        19 => RoutingEvent::Overflowed {
            interaction,
            from_queue: self::queue(choices),
            queue,
            rule: 1,
            plan: plan(choices),
        },
        20 => RoutingEvent::OwnerChanged {
            interaction,
            queue,
            from: None,
            agent,
            cause: OwnerCause::TakenOver,
        },
        21 => RoutingEvent::ObserverJoined {
            interaction,
            queue,
            agent,
        },
        22 => RoutingEvent::LegEnded {
            interaction,
            queue,
            agent,
            role,
            cause: LegEnd::Left,
        },
        23 => match choices.below(3) {
            0 => RoutingEvent::PriorityChanged {
                interaction,
                queue,
                priority: i32::from_ne_bytes(choices.number().to_ne_bytes()),
            },
            1 => RoutingEvent::WrapUpCoded {
                interaction,
                queue,
                agent,
                disposition: "Processed".into(),
            },
            _ => RoutingEvent::QueuePaused { queue },
        },
        24 => match choices.below(2) {
            0 => RoutingEvent::ExternalBegan {
                agent,
                reference: "call".into(),
                media_type: media_type(choices),
                until: later(choices),
            },
            _ => RoutingEvent::ExternalEnded {
                agent,
                reference: "call".into(),
            },
        },
        25 => match choices.below(2) {
            0 => RoutingEvent::QueueResumed { queue },
            _ => RoutingEvent::StationChanged {
                agent,
                station: Some(station(choices)),
            },
        },
        0..3 => RoutingEvent::Enqueued {
            interaction,
            queue,
            media_type: media_type(choices),
            skills: skills(choices),
            priority: i32::from_ne_bytes(choices.number().to_ne_bytes()),
            plan: plan(choices),
        },
        3..5 => RoutingEvent::Offered {
            interaction,
            queue,
            agent,
            offer,
            deadline: later(choices),
            auto_answer: false,
            role,
            choice: None,
        },
        5 => RoutingEvent::OfferEnded {
            interaction,
            queue,
            agent,
            offer,
            outcome: [OfferOutcome::Declined, OfferOutcome::NoAnswer][choices.index(2)],
            excluded_until: (choices.below(2) == 0).then(|| later(choices)),
            role,
        },
        6 => RoutingEvent::Connected {
            interaction,
            queue,
            agent,
            offer,
            role,
        },
        7 => RoutingEvent::WrapUpStarted {
            interaction,
            queue,
            agent,
            reason: EndReason::Completed,
            deadline: (choices.below(2) == 0).then(|| later(choices)),
        },
        8 => match choices.below(2) {
            0 => RoutingEvent::Returned {
                interaction,
                queue,
                agent,
                cause: ReturnCause::DesktopLost,
                excluded_until: None,
                step_until: None,
            },
            _ => RoutingEvent::ExclusionEnded { interaction, agent },
        },
        9 => RoutingEvent::Ended {
            interaction,
            queue,
            agent: None,
            reason: end_reason(choices),
            disposition: None,
            defaulted: false,
        },
        10 => RoutingEvent::PresenceChanged {
            agent,
            presence: presence(choices),
            cause: PresenceCause::Requested,
        },
        11 => match choices.below(3) {
            0 => RoutingEvent::DesktopLost {
                agent,
                deadline: later(choices),
            },
            1 => RoutingEvent::DesktopBack { agent },
            _ => RoutingEvent::StatsReset,
        },
        _ => RoutingEvent::Configured {
            settings: Arc::new(settings(choices)),
        },
    }
}
