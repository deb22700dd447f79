//! Random settings, commands and events, of a world small enough that everything meets everything.

use std::sync::Arc;

use linecard_model::routing::{
    AgentSettings, EndReason, IdleClock, InteractionState, LostDesktopRule, MediaType,
    OfferOutcome, Presence, PresenceCause, QueueOrder, QueueSettings, RequiredSkill, ReturnCause,
    RoutingEvent, RoutingSettings, SelectionMethod, SkillLevel, Slots, WrapUpPolicy,
};
use linecard_model::{AgentId, InteractionId, OfferId, QueueId, SkillId, Timestamp};

use super::choices::Choices;
use super::ledger::Ledger;
use crate::{Command, Router};

const AGENTS: u32 = 10;
const QUEUES: u32 = 4;
const SKILLS: u32 = 4;
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

pub fn settings(choices: &mut impl Choices) -> RoutingSettings {
    let mut settings = RoutingSettings {
        slots: slots(choices),
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
    for number in 0..QUEUES {
        if choices.one_in(4) {
            continue;
        }
        let mut queue = QueueSettings::new(QueueId::new(format!("queue-{number}")).unwrap());
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
        queue.wrap_up = match choices.below(3) {
            0 => WrapUpPolicy::Optional,
            1 => WrapUpPolicy::Mandatory,
            _ => WrapUpPolicy::Timed {
                seconds: choices.below(60),
                default_code: "Processed".into(),
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
            }
        }
        0..830 => work_on_something(choices, router),
        830..900 => Command::SetPresence {
            agent: agent(choices),
            presence: presence(choices),
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
        945..960 => Command::DesktopBack {
            agent: agent(choices),
        },
        960..963 => Command::Configure {
            settings: Arc::new(settings(choices)),
        },
        963 => Command::ResetStats,
        964..984 => answer_an_old_offer(choices, ledger),
        _ => Command::Tick,
    }
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
fn work_on_something(choices: &mut impl Choices, router: &Router) -> Command {
    let owner = agent(choices);
    let in_hand: Vec<_> = router.work_of(&owner).collect();
    let Some((interaction, work)) = choices.pick(&in_hand) else {
        return Command::SetPresence {
            agent: owner,
            presence: Presence::Ready,
        };
    };
    let interaction = *interaction;
    let agent = if choices.one_in(20) {
        agent(choices)
    } else {
        owner
    };
    match &work.state {
        InteractionState::Offered { offer, .. } if choices.below(5) < 4 => Command::Accept {
            offer: *offer,
            agent,
        },
        InteractionState::Offered { offer, .. } => Command::Decline {
            offer: *offer,
            agent,
        },
        InteractionState::Connected { .. } if !choices.one_in(20) => Command::End {
            interaction,
            agent,
            disposition: disposition(choices),
        },
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
    match choices.below(13) {
        0..3 => RoutingEvent::Enqueued {
            interaction,
            queue,
            media_type: media_type(choices),
            skills: skills(choices),
            priority: i32::from_ne_bytes(choices.number().to_ne_bytes()),
        },
        3..5 => RoutingEvent::Offered {
            interaction,
            queue,
            agent,
            offer,
            deadline: later(choices),
            auto_answer: false,
        },
        5 => RoutingEvent::OfferEnded {
            interaction,
            queue,
            agent,
            offer,
            outcome: [OfferOutcome::Declined, OfferOutcome::NoAnswer][choices.index(2)],
            excluded_until: (choices.below(2) == 0).then(|| later(choices)),
        },
        6 => RoutingEvent::Connected {
            interaction,
            queue,
            agent,
            offer,
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
