//! Who takes part in an interaction beside its owner.

use linecard_model::routing::{
    EndReason, InteractionState, LegEnd, LegRole, LostDesktopRule, OfferOutcome, OwnerCause,
    RoutingEvent, TransferTarget,
};
use linecard_model::{InteractionId, OfferId};
use linecard_router::{Command, Refusal};

use crate::site::{Site, agent, has, needs, queue, settings, single};

/// A way in which an interaction leaves its owner.
type Ends = fn(InteractionId) -> Command;

/// Anna talks to a customer; Ben and Cara are ready.
fn talking() -> (Site, InteractionId) {
    let mut settings = settings(&["anna", "ben", "cara"]);
    settings.agents[2].skills = vec![has("refunds", 80)];
    let mut site = Site::new(settings);
    site.ready("anna");
    let id = site.arrive();
    site.accept(id);
    site.all_ready(&["ben", "cara"]);
    (site, id)
}

fn ask(
    site: &mut Site,
    id: InteractionId,
    to: TransferTarget,
) -> Result<Vec<RoutingEvent>, Refusal> {
    site.try_apply(Command::Consult {
        interaction: id,
        agent: agent("anna"),
        to,
    })
}

fn ask_ben(site: &mut Site, id: InteractionId) -> OfferId {
    let to = TransferTarget::Agent {
        agent: agent("ben"),
    };
    let events = ask(site, id, to).unwrap();
    let [
        RoutingEvent::Offered {
            offer,
            role: LegRole::Consultant,
            ..
        },
    ] = &events[..]
    else {
        panic!("{events:?}");
    };
    *offer
}

fn complete(id: InteractionId) -> Command {
    Command::CompleteConsult {
        interaction: id,
        agent: agent("anna"),
        consultant: agent("ben"),
    }
}

fn roles(site: &Site, id: InteractionId) -> Vec<(String, LegRole)> {
    let work = site.router.interaction(&id).unwrap();
    work.parts()
        .map(|(agent, role)| (agent.to_string(), role))
        .collect()
}

#[test]
fn a_consultation_that_is_completed_gives_the_interaction_to_who_was_asked() {
    let (mut site, id) = talking();
    let offer = ask_ben(&mut site, id);
    let owner = InteractionState::Connected {
        agent: agent("anna"),
    };
    assert_eq!(site.state(id), Some(&owner), "Anna keeps it meanwhile");
    let refused = site.try_apply(complete(id)).unwrap_err();
    assert_eq!(refused.name(), "no-such-leg", "Ben has not accepted yet");
    site.try_accept(offer, "ben").unwrap();
    assert_eq!(site.state(id), Some(&owner));
    assert_eq!(
        roles(&site, id),
        [
            ("anna".to_owned(), LegRole::Owner),
            ("ben".to_owned(), LegRole::Consultant)
        ]
    );
    let ends = site.try_end(id, "ben", None).unwrap_err();
    assert_eq!(ends.name(), "not-yours", "a consultant does not end it");
    site.pass(7);
    let events = site.apply(complete(id));
    assert!(matches!(
        &events[..],
        [RoutingEvent::OwnerChanged {
            cause: OwnerCause::ConsultCompleted,
            ..
        }]
    ));
    assert_eq!(roles(&site, id), [("ben".to_owned(), LegRole::Owner)]);
    assert_eq!(site.router.work_of(&agent("anna")).count(), 0);
    site.try_end(id, "ben", None).unwrap();
    let figures = |who: &str| site.router.agent_stats(site.now, &agent(who)).unwrap();
    assert_eq!(
        (figures("anna").transferred, figures("anna").handled),
        (1, 0)
    );
    assert_eq!((figures("ben").consulted, figures("ben").handled), (1, 1));
}

#[test]
fn a_consultation_that_is_cancelled_leaves_everything_as_it_was() {
    for accepted in [false, true] {
        let (mut site, id) = talking();
        let offer = ask_ben(&mut site, id);
        if accepted {
            site.try_accept(offer, "ben").unwrap();
        }
        let events = site.apply(Command::CancelConsult {
            interaction: id,
            agent: agent("anna"),
            consultant: agent("ben"),
        });
        match &events[..] {
            [
                RoutingEvent::LegEnded {
                    cause: LegEnd::Cancelled,
                    ..
                },
            ] => assert!(accepted),
            [
                RoutingEvent::OfferEnded {
                    outcome: OfferOutcome::Rescinded,
                    ..
                },
            ] => {
                assert!(!accepted);
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(roles(&site, id), [("anna".to_owned(), LegRole::Owner)]);
        assert_eq!(site.router.work_of(&agent("ben")).count(), 0);
    }
}

#[test]
fn the_offer_of_a_part_goes_through_the_same_deadline_and_refusals() {
    let (mut site, id) = talking();
    let offer = ask_ben(&mut site, id);
    let by_another = site.try_accept(offer, "cara").unwrap_err();
    assert_eq!(by_another.name(), "offer-of-another");
    site.run(30);
    assert_eq!(
        site.try_accept(offer, "ben").unwrap_err().name(),
        "offer-expired"
    );
    assert_eq!(site.presence("ben").to_string(), "not ready (RONA)");
    assert_eq!(site.state_name(id), "connected", "the conversation goes on");
    site.ready("ben");
    let offer = ask_ben(&mut site, id);
    site.apply(Command::Decline {
        offer,
        agent: agent("ben"),
    });
    assert_eq!(roles(&site, id), [("anna".to_owned(), LegRole::Owner)]);
    // Declining to advise keeps nobody from being offered the interaction itself.
    assert!(site.router.interaction(&id).unwrap().excluded.is_empty());
}

#[test]
fn of_many_the_best_is_asked() {
    let (mut site, id) = talking();
    let to = TransferTarget::Skills {
        skills: vec![needs("refunds", 70)],
    };
    ask(&mut site, id, to).unwrap();
    assert_eq!(
        roles(&site, id)[1],
        ("cara".to_owned(), LegRole::Consultant)
    );
    let to_queue = || TransferTarget::Queue {
        queue: queue("care"),
    };
    ask(&mut site, id, to_queue()).unwrap();
    assert_eq!(roles(&site, id)[1], ("ben".to_owned(), LegRole::Consultant));
    let nobody = ask(&mut site, id, to_queue()).unwrap_err();
    assert_eq!(
        nobody.to_string(),
        format!("nobody of queue care can take interaction {id} now")
    );
}

#[test]
fn who_cannot_take_it_is_not_asked() {
    let mut site = Site::new(single(&["anna", "ben"]));
    site.ready("anna");
    let id = site.arrive();
    site.accept(id);
    let to = |who: &str| TransferTarget::Agent { agent: agent(who) };
    let reason = |site: &mut Site| match ask(site, id, to("ben")).unwrap_err() {
        Refusal::Unavailable { reason, .. } => reason,
        other => panic!("{other}"),
    };
    assert_eq!(reason(&mut site), "they are offline");
    site.not_ready("ben", "Lunch");
    assert_eq!(reason(&mut site), "they are not ready (Lunch)");
    site.ready("ben");
    let other = site.arrive();
    site.accept(other);
    assert_eq!(
        reason(&mut site),
        "they have as much work as they may beside a social-direct-message"
    );
    let themself = ask(&mut site, id, to("anna")).unwrap_err();
    assert_eq!(themself.name(), "takes-part");
}

#[test]
fn a_supervisor_watches_and_takes_over() {
    let (mut site, id) = talking();
    let monitor = Command::Monitor {
        interaction: id,
        agent: agent("cara"),
    };
    site.apply(monitor.clone());
    assert_eq!(site.try_apply(monitor).unwrap_err().name(), "takes-part");
    let watched: Vec<_> = site
        .router
        .watched_by(&agent("cara"))
        .map(|(id, _)| id)
        .collect();
    assert_eq!(watched, [id]);
    let events = site.apply(Command::TakeOver {
        interaction: id,
        agent: agent("cara"),
    });
    assert!(matches!(
        &events[..],
        [RoutingEvent::OwnerChanged {
            cause: OwnerCause::TakenOver,
            from: Some(_),
            ..
        }]
    ));
    assert_eq!(roles(&site, id), [("cara".to_owned(), LegRole::Owner)]);
    assert_eq!(site.router.watched_by(&agent("cara")).count(), 0);
    // What only waits, or alerts at somebody, can be taken over as well.
    let other = site.arrive();
    let asked = site.offer(other);
    site.apply(Command::TakeOver {
        interaction: other,
        agent: agent("cara"),
    });
    assert_eq!(roles(&site, other), [("cara".to_owned(), LegRole::Owner)]);
    assert!(site.router.offer(&asked).is_none());
}

#[test]
fn the_others_leave_when_they_want_and_when_it_leaves_its_owner() {
    let (mut site, id) = talking();
    site.apply(Command::Monitor {
        interaction: id,
        agent: agent("cara"),
    });
    let leave = |who: &str| Command::Leave {
        interaction: id,
        agent: agent(who),
    };
    assert_eq!(
        site.try_apply(leave("anna")).unwrap_err().name(),
        "no-such-leg"
    );
    site.apply(leave("cara"));
    assert_eq!(roles(&site, id), [("anna".to_owned(), LegRole::Owner)]);

    let ways: [Ends; 4] = [
        |interaction| Command::End {
            interaction,
            agent: agent("anna"),
            disposition: None,
            wrap_up: false,
        },
        |interaction| Command::Requeue {
            interaction,
            agent: agent("anna"),
        },
        |interaction| Command::Rescind {
            interaction,
            reason: EndReason::ThreadEnded,
        },
        |interaction| Command::Park {
            interaction,
            agent: agent("anna"),
            until: None,
            waiting_for: linecard_model::routing::WaitingFor::Customer,
        },
    ];
    for way in ways {
        let (mut site, id) = talking();
        let offer = ask_ben(&mut site, id);
        site.apply(Command::Monitor {
            interaction: id,
            agent: agent("cara"),
        });
        let events = site.apply(way(id));
        assert!(matches!(
            events[0],
            RoutingEvent::OfferEnded {
                role: LegRole::Consultant,
                ..
            }
        ));
        assert!(matches!(
            events[1],
            RoutingEvent::LegEnded {
                role: LegRole::Observer,
                cause: LegEnd::InteractionGone,
                ..
            }
        ));
        assert_eq!(
            site.try_accept(offer, "ben").unwrap_err().name(),
            "offer-withdrawn"
        );
        assert_eq!(site.router.watched_by(&agent("cara")).count(), 0);
    }
}

#[test]
fn whose_desktop_is_lost_advises_no_longer() {
    for (rule, parts) in [
        (LostDesktopRule::ReturnToQueue, 1),
        (LostDesktopRule::Keep, 2),
    ] {
        let mut settings = settings(&["anna", "ben"]);
        settings.lost_desktop_work = rule;
        let mut site = Site::new(settings);
        site.ready("anna");
        let id = site.arrive();
        site.accept(id);
        site.ready("ben");
        let offer = ask_ben(&mut site, id);
        site.try_accept(offer, "ben").unwrap();
        site.apply(Command::DesktopLost {
            agent: agent("ben"),
        });
        site.run(60);
        assert_eq!(roles(&site, id).len(), parts, "{rule:?}");
        // Whoever is not there cannot go on with it.
        assert!(site.try_apply(complete(id)).is_err());
    }
}

#[test]
fn no_more_take_part_than_can() {
    let names: Vec<String> = (0..10).map(|number| format!("agent-{number}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut site = Site::new(settings(&names));
    site.ready("agent-0");
    let id = site.arrive();
    site.accept(id);
    let watch = |who: &str| Command::Monitor {
        interaction: id,
        agent: agent(who),
    };
    for who in &names[1..9] {
        site.apply(watch(who));
    }
    let refused = site.try_apply(watch("agent-9")).unwrap_err();
    assert_eq!(refused.name(), "too-many-legs");
}
