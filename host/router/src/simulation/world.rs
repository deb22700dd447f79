//! Random settings, commands and events, of a world small enough that everything meets everything.

mod events;
mod settings;

use std::sync::Arc;

use linecard_model::routing::{
    EndReason, InteractionState, MediaType, Presence, RequiredSkill, RoutingStep, ServicePromise,
    TransferTarget, WaitingFor,
};
use linecard_model::{
    AgentId, GroupId, InteractionId, OfferId, QueueId, ServicePolicyId, SkillId, StationId,
    Timestamp,
};

pub use self::events::any_event;
pub use self::settings::settings;
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

/// One that there is, mostly.
fn group(choices: &mut impl Choices) -> GroupId {
    let number = choices.below(GROUPS * 10 + 1) / 10;
    GroupId::new(format!("group-{number}")).unwrap()
}

/// One that there is, mostly.
fn station(choices: &mut impl Choices) -> StationId {
    StationId::new(format!("station-{}", choices.below(STATIONS + 1))).unwrap()
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
            let interaction = InteractionId::derived(0, number);
            if choices.one_in(15) {
                return Command::Begin {
                    interaction,
                    queue: queue(choices),
                    agent: agent(choices),
                    media_type: media_type(choices),
                    skills: skills(choices),
                };
            }
            Command::Enqueue {
                interaction,
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
        0..730 => work_on_something(choices, router, now),
        730..770 => serve(choices, router).unwrap_or(Command::Tick),
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
        957..959 => Command::ResumeQueue {
            queue: queue(choices),
        },
        959 => Command::SetOpen {
            queue: queue(choices),
            open: choices.below(3) > 0,
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

/// The times that a customer is promised, whether they make sense or not.
fn promise(choices: &mut impl Choices) -> Option<Arc<ServicePromise>> {
    let mut seconds = |longest| (choices.below(3) > 0).then(|| 1 + choices.below(longest));
    let (first_answer_seconds, next_answer_seconds) = (seconds(120), seconds(60));
    let resolution_seconds = seconds(400);
    (choices.below(5) > 0).then(|| {
        let policy = ["gold", "silver"][choices.index(2)];
        Arc::new(ServicePromise {
            policy: ServicePolicyId::new(policy).unwrap(),
            first_answer_seconds,
            next_answer_seconds,
            resolution_seconds,
            warn_percent: [1, 50, 80, 100][choices.index(4)],
            raise_priority: [0, 0, 10, -3][choices.index(4)],
        })
    })
}

/// What makes the clocks of service policies go and stop.
fn serve(choices: &mut impl Choices, router: &Router) -> Option<Command> {
    let all: Vec<InteractionId> = router.interactions().map(|(id, _)| id).collect();
    let interaction = *choices.pick(&all)?;
    Some(match choices.below(7) {
        0..3 => Command::Promise {
            interaction,
            promise: promise(choices),
        },
        3..5 => Command::Answered { interaction },
        _ => Command::CustomerWrote { interaction },
    })
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
        (InteractionState::Parked { .. }, 0..2) => Command::CustomerWrote { interaction },
        (InteractionState::Parked { .. }, 2) => Command::CompanyWrote { interaction },
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
