//! What becomes of an offer.

use linecard_model::routing::{
    EndReason, InteractionState, OfferOutcome, Presence, PresenceCause, RONA, RoutingEvent,
};
use linecard_model::{OfferId, Timestamp};
use linecard_router::{Command, Refusal};

use crate::site::{Site, agent, settings, single};

fn not_ready(reason: &str) -> Presence {
    Presence::NotReady {
        reason: reason.into(),
    }
}

#[test]
fn an_accepted_offer_connects() {
    let mut site = Site::new(settings(&["anna"]));
    site.ready("anna");
    let id = site.arrive();
    let offer = site.offer(id);
    let events = site.accept(id);
    assert!(matches!(&events[..], [RoutingEvent::Connected { offer: o, .. }] if *o == offer));
    assert_eq!(
        site.state(id),
        Some(&InteractionState::Connected {
            agent: agent("anna")
        })
    );
}

#[test]
fn an_offer_can_be_accepted_until_its_deadline_and_not_at_it() {
    let mut site = Site::new(settings(&["anna"]));
    site.ready("anna");
    let id = site.arrive();
    let offer = site.offer(id);
    let deadline = site.second(30);
    assert_eq!(site.router.next_deadline(), Some(deadline));
    site.now = deadline;
    // Nobody has acted on the deadline yet, and still it is too late.
    let before = site.router.snapshot();
    let expected = Refusal::OfferExpired { offer, deadline };
    assert_eq!(site.try_accept(offer, "anna"), Err(expected.clone()));
    let decline = Command::Decline {
        offer,
        agent: agent("anna"),
    };
    assert_eq!(site.try_apply(decline), Err(expected.clone()));
    assert_eq!(site.router.snapshot(), before);
    // The answer is the same when it has been acted on.
    site.apply(Command::Tick);
    assert_eq!(site.try_accept(offer, "anna"), Err(expected));

    site.ready("anna");
    let again = site.offer(id);
    site.now = Timestamp::from_millisecond(site.now.as_millisecond() + 29_999).unwrap();
    site.try_accept(again, "anna").unwrap();
}

#[test]
fn an_offer_is_only_for_the_one_to_whom_it_was_made() {
    let mut site = Site::new(settings(&["anna", "ben"]));
    site.all_ready(&["anna", "ben"]);
    let id = site.arrive();
    let offer = site.offer(id);
    let foreign = Err(Refusal::OfferOfAnother {
        offer,
        owner: agent("anna"),
    });
    assert_eq!(site.try_accept(offer, "ben"), foreign);
    site.accept(id);
    assert_eq!(site.try_accept(offer, "ben"), foreign);
    assert_eq!(
        site.try_accept(offer, "anna"),
        Err(Refusal::OfferTaken(offer))
    );
    assert_eq!(
        site.try_accept(offer, "zoe"),
        Err(Refusal::UnknownAgent(agent("zoe")))
    );
    let never = OfferId::derived(1, 1);
    assert_eq!(
        site.try_accept(never, "anna"),
        Err(Refusal::UnknownOffer(never))
    );
}

#[test]
fn declined_work_goes_to_the_next_agent() {
    let mut site = Site::new(settings(&["anna", "ben"]));
    site.all_ready(&["anna", "ben"]);
    let id = site.arrive();
    let offer = site.offer(id);
    site.decline(id);
    assert_eq!(site.alerting_at(id), Some(agent("ben")));
    assert_eq!(
        site.try_accept(offer, "anna"),
        Err(Refusal::OfferWithdrawn(offer))
    );
    assert_eq!(site.presence("anna"), Presence::Ready);
}

#[test]
fn with_nobody_else_declined_work_comes_back_after_the_exclusion() {
    let mut site = Site::new(settings(&["anna"]));
    site.ready("anna");
    let id = site.arrive();
    site.pass(10);
    site.decline(id);
    assert_eq!(site.state_name(id), "queued");
    // Other work is not affected.
    let other = site.arrive();
    assert_eq!(site.alerting_at(other), Some(agent("anna")));
    site.accept(other);
    assert_eq!(site.router.next_deadline(), Some(site.second(70)));
    assert!(site.run(59).is_empty());
    let events = site.run(1);
    assert!(matches!(events[0], RoutingEvent::ExclusionEnded { .. }));
    assert_eq!(site.alerting_at(id), Some(agent("anna")));
}

#[test]
fn becoming_ready_anew_ends_the_exclusion() {
    let mut site = Site::new(settings(&["anna"]));
    site.ready("anna");
    let id = site.arrive();
    site.decline(id);
    site.not_ready("anna", "Pause");
    assert_eq!(site.state_name(id), "queued");
    site.ready("anna");
    assert_eq!(site.alerting_at(id), Some(agent("anna")));
}

#[test]
fn a_queue_may_exclude_nobody() {
    let mut settings = settings(&["anna"]);
    settings.queues[0].exclusion_seconds = 0;
    let mut site = Site::new(settings);
    site.ready("anna");
    let id = site.arrive();
    let first = site.offer(id);
    site.decline(id);
    assert_eq!(site.alerting_at(id), Some(agent("anna")));
    assert_ne!(site.offer(id), first);
}

#[test]
fn time_in_queue_survives_declines_and_timeouts() {
    let mut site = Site::new(single(&["anna", "ben"]));
    site.all_ready(&["anna", "ben"]);
    let entered = site.now;
    let old = site.arrive();
    site.pass(5);
    let busy = site.arrive();
    site.accept(busy);
    let young = site.arrive();
    site.decline(old);
    // Anna, excluded from the old one, gets the young one; the old one is first for Ben.
    assert_eq!(site.alerting_at(young), Some(agent("anna")));
    site.try_end(busy, "ben", None).unwrap();
    assert_eq!(site.alerting_at(old), Some(agent("ben")));
    site.run(30);
    assert_eq!(site.router.interaction(&old).unwrap().entered, entered);
    assert_eq!(
        site.router.waiting(&crate::site::queue("care")),
        [old, young]
    );
}

#[test]
fn no_answer_makes_the_agent_not_ready() {
    let mut site = Site::new(settings(&["anna", "ben"]));
    site.all_ready(&["anna", "ben"]);
    let id = site.arrive();
    let events = site.run(30);
    let [
        RoutingEvent::OfferEnded {
            outcome: OfferOutcome::NoAnswer,
            excluded_until: Some(_),
            ..
        },
        RoutingEvent::PresenceChanged {
            presence,
            cause: PresenceCause::NoAnswer,
            ..
        },
        RoutingEvent::Offered { .. },
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    assert_eq!(*presence, not_ready(RONA));
    assert_eq!(site.presence("anna"), not_ready(RONA));
    assert_eq!(site.alerting_at(id), Some(agent("ben")));
}

#[test]
fn who_is_absent_loses_all_offers() {
    let mut site = Site::new(settings(&["anna"]));
    site.ready("anna");
    let first = site.arrive();
    site.pass(10);
    let second = site.arrive();
    let events = site.run(20);
    let outcomes: Vec<_> = events
        .iter()
        .filter_map(|event| match event {
            RoutingEvent::OfferEnded { outcome, .. } => Some(*outcome),
            _ => None,
        })
        .collect();
    assert_eq!(
        outcomes,
        [OfferOutcome::NoAnswer, OfferOutcome::AgentNotReady]
    );
    assert_eq!(site.state_name(first), "queued");
    assert_eq!(site.state_name(second), "queued");
}

#[test]
fn automatic_answer_connects_without_asking() {
    let mut by_queue = settings(&["anna"]);
    by_queue.queues[0].auto_answer = true;
    let mut by_agent = settings(&["anna"]);
    by_agent.agents[0].auto_answer = true;
    for settings in [by_queue, by_agent] {
        let mut site = Site::new(settings);
        let id = site.arrive();
        let events = site.ready("anna");
        assert!(matches!(
            &events[..],
            [
                RoutingEvent::PresenceChanged { .. },
                RoutingEvent::Offered {
                    auto_answer: true,
                    ..
                },
                RoutingEvent::Connected { .. }
            ]
        ));
        assert_eq!(site.state_name(id), "connected");
        assert_eq!(site.router.next_deadline(), None);
    }
}

#[test]
fn what_the_customer_takes_back_is_no_longer_offered() {
    let mut site = Site::new(single(&["anna"]));
    site.ready("anna");
    let alerting = site.arrive();
    let waiting = site.arrive();
    let offer = site.offer(alerting);
    let events = site.rescind(alerting, EndReason::MessageDeleted);
    assert!(matches!(
        &events[..],
        [
            RoutingEvent::OfferEnded {
                outcome: OfferOutcome::Rescinded,
                ..
            },
            RoutingEvent::Ended {
                agent: None,
                reason: EndReason::MessageDeleted,
                ..
            },
            RoutingEvent::Offered { .. }
        ]
    ));
    assert_eq!(
        site.try_accept(offer, "anna"),
        Err(Refusal::OfferWithdrawn(offer))
    );
    assert_eq!(site.alerting_at(waiting), Some(agent("anna")));
    site.rescind(waiting, EndReason::ThreadEnded);
    let gone = site.try_apply(Command::Rescind {
        interaction: waiting,
        reason: EndReason::ThreadEnded,
    });
    assert_eq!(gone, Err(Refusal::UnknownInteraction(waiting)));
}

#[test]
fn an_offer_holds_capacity() {
    let mut site = Site::new(single(&["anna"]));
    site.ready("anna");
    site.arrive();
    let second = site.arrive();
    assert_eq!(site.state_name(second), "queued");
}
