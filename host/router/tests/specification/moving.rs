//! What happens to an interaction between its beginning and its end: hold, park, transfer, requeue, pick up,
//! and the queue's pause.

use std::collections::BTreeSet;

use linecard_model::routing::{
    GroupSettings, InteractionState, MediaType, NoAnswerRule, Presence, PresenceCause,
    QueueSettings, RoutingEvent, RoutingSettings, TransferTarget, UnparkCause, WaitingFor,
};
use linecard_model::{GroupId, InteractionId, Timestamp};
use linecard_router::{Command, ExclusionCause, Obstacle, Refusal};

use crate::site::{Site, agent, has, needs, queue, settings, single};

/// Two queues: `care` with Anna and Ben, `second` with Cara.
fn two_queues() -> RoutingSettings {
    let mut settings = single(&["anna", "ben", "cara"]);
    settings.queues[0].members = BTreeSet::from([agent("anna"), agent("ben")]);
    let mut second = QueueSettings::new(queue("second"));
    second.members = BTreeSet::from([agent("cara")]);
    settings.queues.push(second);
    settings
}

/// Anna talks to a customer.
fn talking(settings: RoutingSettings) -> (Site, InteractionId) {
    let mut site = Site::new(settings);
    site.ready("anna");
    let id = site.arrive();
    site.accept(id);
    (site, id)
}

fn park(site: &mut Site, id: InteractionId, until: Option<Timestamp>) -> Vec<RoutingEvent> {
    site.apply(Command::Park {
        interaction: id,
        agent: agent("anna"),
        until,
        waiting_for: WaitingFor::Customer,
    })
}

fn transfer(
    site: &mut Site,
    id: InteractionId,
    by: Option<&str>,
    to: TransferTarget,
) -> Result<Vec<RoutingEvent>, Refusal> {
    site.try_apply(Command::Transfer {
        interaction: id,
        agent: by.map(agent),
        to,
    })
}

fn to_agent(who: &str) -> TransferTarget {
    TransferTarget::Agent { agent: agent(who) }
}

#[test]
fn what_is_parked_comes_back_when_the_company_answers_on_the_network_itself() {
    let (mut site, id) = talking(two_queues());
    park(&mut site, id, None);
    let events = site.apply(Command::CompanyWrote { interaction: id });
    assert!(
        matches!(
            events[0],
            RoutingEvent::Unparked {
                cause: UnparkCause::CompanyWrote,
                ..
            }
        ),
        "{events:?}"
    );
    assert_eq!(site.alerting_at(id), Some(agent("anna")));
    // What is not parked stays where it is.
    assert_eq!(site.apply(Command::CompanyWrote { interaction: id }), []);
}

#[test]
fn what_is_held_keeps_its_capacity_and_its_time_is_counted_apart() {
    let (mut site, id) = talking(single(&["anna"]));
    let next = site.arrive();
    site.pass(10);
    let hold = Command::Hold {
        interaction: id,
        agent: agent("anna"),
    };
    site.apply(hold.clone());
    assert_eq!(site.state_name(id), "held");
    assert_eq!(site.apply(hold), [], "twice is once");
    assert_eq!(site.state_name(next), "queued");
    site.pass(30);
    site.apply(Command::Resume {
        interaction: id,
        agent: agent("anna"),
    });
    site.pass(5);
    site.apply(Command::Hold {
        interaction: id,
        agent: agent("anna"),
    });
    site.pass(2);
    // What is on hold can be ended as well.
    site.try_end(id, "anna", None).unwrap();
    let stats = &site.router.queue_stats(site.now, &queue("care"))[0];
    assert_eq!(stats.figures.average_interact_seconds, Some(15.0));
    assert_eq!(stats.figures.average_hold_seconds, Some(32.0));
    assert_eq!(stats.figures.average_handle_seconds, Some(47.0));
    assert_eq!(site.state_name(next), "offered");
}

#[test]
fn what_is_parked_holds_no_capacity_and_comes_back_to_its_agent_first() {
    let (mut site, id) = talking(single(&["anna", "ben"]));
    let until = site.second(600);
    park(&mut site, id, Some(until));
    assert_eq!(
        site.state(id),
        Some(&InteractionState::Parked {
            agent: agent("anna"),
            until,
            waiting_for: WaitingFor::Customer,
        })
    );
    let parked: Vec<_> = site
        .router
        .parked_by(&agent("anna"))
        .map(|(id, _)| id)
        .collect();
    assert_eq!(parked, [id]);
    // She is free for another one.
    let other = site.arrive();
    assert_eq!(site.alerting_at(other), Some(agent("anna")));
    site.accept(other);
    site.ready("ben");
    site.run(599);
    assert_eq!(site.state_name(id), "parked");
    // It comes back to her although she has one already, and Ben is free.
    site.run(1);
    assert_eq!(site.alerting_at(id), Some(agent("anna")));
    // She does not answer; so Ben gets it, and it has not lost its place.
    site.run(30);
    assert_eq!(site.alerting_at(id), Some(agent("ben")));
}

#[test]
fn a_customer_who_writes_brings_what_is_parked_back() {
    let (mut site, id) = talking(single(&["anna"]));
    park(&mut site, id, None);
    let wrote = || Command::CustomerWrote { interaction: id };
    let events = site.apply(wrote());
    assert!(matches!(
        events[0],
        RoutingEvent::Unparked {
            cause: UnparkCause::CustomerWrote,
            ..
        }
    ));
    assert_eq!(site.alerting_at(id), Some(agent("anna")));
    assert_eq!(site.apply(wrote()), [], "what is not parked needs nothing");
}

#[test]
fn what_was_parked_goes_to_others_when_its_agent_is_away() {
    let (mut site, id) = talking(single(&["anna", "ben"]));
    park(&mut site, id, None);
    site.set("anna", Presence::Offline);
    site.ready("ben");
    site.apply(Command::CustomerWrote { interaction: id });
    assert_eq!(site.alerting_at(id), Some(agent("ben")));
}

#[test]
fn who_parked_it_takes_it_back_and_nobody_else() {
    let (mut site, id) = talking(single(&["anna", "ben"]));
    park(&mut site, id, None);
    site.ready("ben");
    let resume = |who: &str| Command::Resume {
        interaction: id,
        agent: agent(who),
    };
    let refused = site.try_apply(resume("ben")).unwrap_err();
    assert_eq!(refused.name(), "not-yours");
    site.apply(resume("anna"));
    assert_eq!(
        site.state(id),
        Some(&InteractionState::Connected {
            agent: agent("anna")
        })
    );
}

#[test]
fn nothing_is_parked_for_longer_than_the_queue_allows() {
    let mut settings = single(&["anna"]);
    settings.queues[0].park_seconds = 100;
    let (mut site, id) = talking(settings);
    let asked = |until| Command::Park {
        interaction: id,
        agent: agent("anna"),
        until: Some(until),
        waiting_for: WaitingFor::Company,
    };
    for until in [site.now, site.second(101)] {
        let refused = site.try_apply(asked(until)).unwrap_err();
        assert_eq!(
            refused,
            Refusal::Until {
                until,
                now: site.now,
                most: site.second(100),
            }
        );
    }
    park(&mut site, id, None);
    site.run(100);
    assert_eq!(site.state_name(id), "offered");
}

#[test]
fn a_transfer_to_another_queue_begins_its_time_there() {
    let (mut site, id) = talking(two_queues());
    site.ready("cara");
    site.pass(50);
    let to = TransferTarget::Queue {
        queue: queue("second"),
    };
    transfer(&mut site, id, Some("anna"), to).unwrap();
    assert_eq!(site.alerting_at(id), Some(agent("cara")));
    let work = site.router.interaction(&id).unwrap();
    assert_eq!((&work.queue, work.entered), (&queue("second"), site.now));
    assert!(work.answered, "it has been answered once");
    site.accept(id);
    let of = |name: &str| site.router.queue_stats(site.now, &queue(name))[0].clone();
    assert_eq!(
        (
            of("care").figures.transferred_out,
            of("second").figures.transferred_in
        ),
        (1, 1)
    );
    // Once answered is answered: the second queue does not count it again.
    assert_eq!(
        (of("care").figures.answered, of("second").figures.answered),
        (1, 0)
    );
    assert_eq!(
        site.router
            .agent_stats(site.now, &agent("anna"))
            .unwrap()
            .transferred,
        1
    );
}

#[test]
fn a_transfer_to_one_agent_waits_for_them_and_then_for_anybody() {
    let mut settings = two_queues();
    settings.queues[0].exclusion_seconds = 300;
    let (mut site, id) = talking(settings.clone());
    let entered = site.router.interaction(&id).unwrap().entered;
    // Cara is no member, and busy: it waits for her as long as a direct transfer waits.
    site.ready("cara");
    let hers = site
        .enqueue("second", MediaType::Chat, vec![], None)
        .unwrap();
    site.accept(hers);
    settings.slots.insert(MediaType::SocialDirectMessage, 1);
    settings.percent.insert(MediaType::Chat, 100);
    settings.percent.insert(MediaType::SocialDirectMessage, 100);
    site.configure(settings);
    transfer(&mut site, id, Some("anna"), to_agent("cara")).unwrap();
    site.ready("ben");
    assert_eq!(site.state_name(id), "queued");
    site.run(59);
    assert_eq!(site.state_name(id), "queued");
    site.run(1);
    assert_eq!(
        site.alerting_at(id),
        Some(agent("ben")),
        "not to Anna, who gave it on"
    );
    assert_eq!(site.router.interaction(&id).unwrap().entered, entered);
}

#[test]
fn a_transfer_to_skills_or_a_group_stays_in_its_queue() {
    let mut settings = single(&["anna", "ben", "cara"]);
    settings.agents[2].skills = vec![has("refunds", 50)];
    let experts = GroupId::new("experts").unwrap();
    settings.groups = vec![GroupSettings {
        id: experts.clone(),
        name: String::new(),
        members: BTreeSet::from([agent("ben")]),
    }];
    for (to, expected) in [
        (
            TransferTarget::Skills {
                skills: vec![needs("refunds", None)],
            },
            "cara",
        ),
        (TransferTarget::Group { group: experts }, "ben"),
    ] {
        let (mut site, id) = talking(settings.clone());
        site.all_ready(&["cara", "ben"]);
        transfer(&mut site, id, Some("anna"), to).unwrap();
        assert_eq!(site.alerting_at(id), Some(agent(expected)));
        assert_eq!(site.router.interaction(&id).unwrap().queue, queue("care"));
    }
}

#[test]
fn who_gave_it_on_is_not_offered_it_again_at_once() {
    let (mut site, id) = talking(two_queues());
    transfer(&mut site, id, Some("anna"), to_agent("ben")).unwrap();
    // Ben is not there, so anybody may have it, but for Anna.
    assert_eq!(site.state_name(id), "queued");
    let why = site.router.explain(site.now, &id).unwrap();
    let anna = why
        .members
        .iter()
        .find(|m| m.agent == agent("anna"))
        .unwrap();
    assert_eq!(
        anna.obstacles,
        [Obstacle::Excluded {
            cause: ExclusionCause::Transferred,
            since: site.now,
            until: site.second(60),
        }]
    );
    site.run(60);
    assert_eq!(site.alerting_at(id), Some(agent("anna")));
}

#[test]
fn only_the_owner_transfers_and_a_supervisor_whatever_it_is() {
    let (mut site, id) = talking(two_queues());
    site.ready("ben");
    let refused = transfer(&mut site, id, Some("ben"), to_agent("cara")).unwrap_err();
    assert_eq!(refused.name(), "not-yours");
    let refused = transfer(&mut site, id, Some("anna"), to_agent("anna")).unwrap_err();
    assert_eq!(refused.name(), "takes-part");
    let refused = transfer(&mut site, id, Some("anna"), to_agent("nobody")).unwrap_err();
    assert_eq!(refused.name(), "unknown-agent");
    // What alerts at Ben is given to Cara over his head.
    let other = site.arrive();
    assert_eq!(site.alerting_at(other), Some(agent("ben")));
    site.ready("cara");
    transfer(&mut site, other, None, to_agent("cara")).unwrap();
    assert_eq!(site.alerting_at(other), Some(agent("cara")));
    // What is parked, too.
    park(&mut site, id, None);
    transfer(&mut site, id, None, to_agent("ben")).unwrap();
    assert_eq!(site.alerting_at(id), Some(agent("ben")));
    // What is over is not.
    site.accept(id);
    site.try_end(id, "ben", None).unwrap();
    let refused = transfer(&mut site, id, None, to_agent("anna")).unwrap_err();
    assert_eq!(refused.name(), "unknown-interaction");
}

#[test]
fn requeued_it_keeps_its_place_and_goes_to_somebody_else() {
    let (mut site, id) = talking(single(&["anna", "ben"]));
    let waiting = site.arrive();
    site.pass(40);
    site.apply(Command::Requeue {
        interaction: id,
        agent: agent("anna"),
    });
    assert_eq!(site.alerting_at(waiting), Some(agent("anna")));
    assert_eq!(site.router.waiting(&queue("care")), [id]);
    site.ready("ben");
    assert_eq!(site.alerting_at(id), Some(agent("ben")));
}

#[test]
fn members_pick_up_where_the_queue_lets_them() {
    let mut settings = two_queues();
    for picks in [false, true] {
        settings.queues[0].pick_up = picks;
        let mut site = Site::new(settings.clone());
        site.not_ready("anna", "Admin Work");
        site.ready("cara");
        let id = site.arrive();
        let pick = |who: &str, by_right| Command::PickUp {
            interaction: id,
            agent: agent(who),
            by_right,
        };
        assert_eq!(
            site.try_apply(pick("cara", false)).unwrap_err().name(),
            "not-member"
        );
        assert_eq!(
            site.try_apply(pick("ben", true)).unwrap_err().name(),
            "agent-unavailable"
        );
        if picks {
            // One need not be ready to take something oneself.
            site.apply(pick("anna", false));
            assert_eq!(site.router.work_of(&agent("anna")).count(), 1);
        } else {
            let refused = site.try_apply(pick("anna", false)).unwrap_err();
            assert_eq!(refused, Refusal::PickUpForbidden(queue("care")));
            site.apply(pick("anna", true));
        }
        assert_eq!(site.state_name(id), "connected");
        // Capacity binds whoever helps themself as well.
        let next = site.arrive();
        let more = site.try_apply(Command::PickUp {
            interaction: next,
            agent: agent("anna"),
            by_right: true,
        });
        assert_eq!(more.unwrap_err().name(), "agent-unavailable");
    }
}

#[test]
fn a_paused_queue_offers_nothing_and_loses_nothing() {
    let (mut site, id) = talking(single(&["anna", "ben"]));
    site.ready("ben");
    site.apply(Command::PauseQueue {
        queue: queue("care"),
    });
    let waits = site.arrive();
    assert_eq!(site.state_name(waits), "queued");
    assert!(site.router.explain(site.now, &waits).unwrap().queue_paused);
    site.pass(1);
    site.try_end(id, "anna", None).unwrap();
    site.pass(10);
    site.apply(Command::ResumeQueue {
        queue: queue("care"),
    });
    assert_eq!(site.alerting_at(waits), Some(agent("ben")));
}

#[test]
fn another_priority_is_another_place() {
    let mut site = Site::new(single(&["anna"]));
    let first = site.arrive();
    let second = site.arrive();
    let of = |priority| Command::Prioritize {
        interaction: second,
        priority,
    };
    site.apply(of(1));
    assert_eq!(site.router.waiting(&queue("care")), [second, first]);
    assert_eq!(site.apply(of(1)), []);
    site.apply(of(-1));
    assert_eq!(site.router.waiting(&queue("care")), [first, second]);
}

#[test]
fn who_does_not_answer_is_what_the_site_says() {
    let not_ready = Presence::NotReady {
        reason: "RONA".into(),
    };
    for (rule, presence, other) in [
        (NoAnswerRule::NotReady, not_ready, "queued"),
        (NoAnswerRule::Offline, Presence::Offline, "queued"),
        (NoAnswerRule::StayReady, Presence::Ready, "offered"),
    ] {
        let mut settings = settings(&["anna"]);
        settings.no_answer = rule;
        let mut site = Site::new(settings);
        site.ready("anna");
        let first = site.arrive();
        site.pass(10);
        let second = site.arrive();
        site.run(20);
        // The one that rang out is not offered to her again; what of the other?
        assert_eq!(site.presence("anna"), presence);
        assert_eq!(site.state_name(first), "queued", "{rule:?}");
        assert_eq!(site.state_name(second), other, "{rule:?}");
    }
}

#[test]
fn a_presence_that_a_supervisor_sets_says_so() {
    let mut site = Site::new(single(&["anna"]));
    let events = site.apply(Command::SetPresence {
        agent: agent("anna"),
        presence: Presence::Ready,
        forced: true,
    });
    assert!(matches!(
        events[0],
        RoutingEvent::PresenceChanged {
            cause: PresenceCause::Supervisor,
            ..
        }
    ));
}
