//! Random events.

use std::sync::Arc;

use linecard_model::routing::{
    EndReason, LegEnd, LegRole, OfferOutcome, OwnerCause, Plan, PresenceCause, ReturnCause,
    RoutingEvent, RoutingStep, ServiceClock, StepCause, UnparkCause, WaitingFor,
};
use linecard_model::{InteractionId, OfferId, ServicePolicyId, Timestamp};

use super::super::choices::Choices;
use super::{
    agent, end_reason, media_type, presence, promise, queue, settings, skills, station, target,
};

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
    match choices.below(30) {
        26 => RoutingEvent::ServicePromised {
            interaction,
            queue,
            promise: promise(choices),
        },
        27 if choices.below(2) == 0 => RoutingEvent::Answered { interaction, queue },
        27 => RoutingEvent::CustomerWaits { interaction, queue },
        28 => {
            let clock = ServiceClock::ALL[choices.index(3)];
            let policy = ServicePolicyId::new("vip").unwrap();
            if choices.below(2) == 0 {
                RoutingEvent::ServiceWarned {
                    interaction,
                    queue,
                    policy,
                    clock,
                }
            } else {
                RoutingEvent::ServiceBroken {
                    interaction,
                    queue,
                    policy,
                    clock,
                }
            }
        }
        29 if choices.below(2) == 0 => RoutingEvent::QueueOpened { queue },
        29 => RoutingEvent::QueueClosed { queue },
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
        0..3 if choices.one_in(4) => RoutingEvent::Begun {
            interaction,
            queue,
            agent,
            media_type: media_type(choices),
            skills: skills(choices),
            priority: i32::from_ne_bytes(choices.number().to_ne_bytes()),
            plan: plan(choices),
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
