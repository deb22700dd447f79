//! What is told afterwards: why an agent got an offer, and why another one got nothing.

use std::time::Duration;

use linecard_model::routing::{OfferOutcome, SelectionMethod, TransferTarget};
use linecard_model::{AgentId, QueueId};
use linecard_router::{Command, Obstacle, PassedReason};

use crate::site::{Site, agent, has, needs, queue, single};

fn passed(site: &Site, who: &str) -> Vec<PassedReason> {
    let since = site.now - Duration::from_secs(3_600);
    let why = site.router.explain_agent(&agent(who), since).unwrap();
    why.passed_over
        .into_iter()
        .map(|passed| passed.reason)
        .collect()
}

#[test]
fn every_offer_says_who_else_could_have_had_it_and_what_became_of_it() {
    let mut site = Site::new(single(&["anna", "ben", "cara", "dora", "emil"]));
    site.all_ready(&["anna", "ben", "cara", "dora", "emil"]);
    let id = site.arrive();
    site.pass(3);
    site.decline(id);
    site.accept(id);
    let made = site.router.decisions(&id);
    assert_eq!(made.len(), 2);
    let choice = made[0].choice.as_ref().unwrap();
    assert_eq!(choice.selection, SelectionMethod::LongestIdle);
    assert_eq!((choice.step, choice.available), (1, 5));
    let names = |names: &[&str]| names.iter().map(|id| agent(id)).collect::<Vec<AgentId>>();
    assert_eq!(choice.next, names(&["ben", "cara", "dora"]));
    assert_eq!(made[0].agent, agent("anna"));
    let answer = made[0].answer.as_ref().unwrap();
    assert_eq!(answer.outcome, Some(OfferOutcome::Declined));
    assert_eq!(made[1].agent, agent("ben"));
    assert_eq!(made[1].excluded, names(&["anna"]));
    assert_eq!(made[1].answer.as_ref().unwrap().outcome, None, "accepted");
    // Also when it has ended, and after a restart.
    site.try_end(id, "ben", None).unwrap();
    let restored = linecard_router::Router::restore(site.router.snapshot());
    assert_eq!(restored.decisions(&id), made);
}

#[test]
fn whoever_got_nothing_is_told_why_for_each_that_others_got() {
    let mut settings = single(&["anna", "ben", "cara", "dora"]);
    settings.agents[0].skills = vec![has("german", 90)];
    settings.agents[1].skills = vec![has("german", 90)];
    settings.queues[0].exclusion_seconds = 600;
    let mut site = Site::new(settings);
    site.ready("anna");
    let german = site.arrive_with(vec![needs("german", 50)], None);
    site.accept(german);
    assert_eq!(
        passed(&site, "ben"),
        [PassedReason::NotReady {
            presence: linecard_model::routing::Presence::Offline
        }]
    );
    site.all_ready(&["ben", "cara", "dora"]);
    let second = site.arrive_with(vec![needs("german", 50)], None);
    assert_eq!(site.alerting_at(second), Some(agent("ben")));
    assert_eq!(
        passed(&site, "cara")[1],
        PassedReason::LacksSkill {
            skill: needs("german", None).skill
        }
    );
    assert_eq!(passed(&site, "anna"), [PassedReason::NoRoom]);
    site.accept(second);
    let third = site.arrive();
    assert_eq!(site.alerting_at(third), Some(agent("cara")));
    assert_eq!(
        passed(&site, "dora")[2],
        PassedReason::Outranked { place: 2 }
    );
    site.decline(third);
    assert_eq!(site.alerting_at(third), Some(agent("dora")));
    assert_eq!(passed(&site, "cara")[2], PassedReason::Excluded);
    site.accept(third);
    // Whoever is named gets it past the others.
    site.apply(Command::DesktopLost {
        agent: agent("cara"),
    });
    site.try_end(german, "anna", None).unwrap();
    site.apply(Command::Consult {
        interaction: third,
        agent: agent("dora"),
        to: TransferTarget::Agent {
            agent: agent("anna"),
        },
    });
    assert_eq!(
        *passed(&site, "cara").last().unwrap(),
        PassedReason::DesktopLost
    );
    assert_eq!(*passed(&site, "ben").last().unwrap(), PassedReason::Named);
}

#[test]
fn what_is_in_the_way_now_is_told_for_each_queue() {
    let mut site = Site::new(single(&["anna"]));
    site.ready("anna");
    let first = site.arrive();
    site.accept(first);
    let next = site.arrive();
    site.pass(60);
    let why = site
        .router
        .explain_agent(&agent("anna"), site.second(0))
        .unwrap();
    assert_eq!(why.presence.len(), 1);
    assert_eq!(why.offers.len(), 1);
    let now = &why.queues[0];
    assert_eq!(
        (&now.queue, now.waiting, now.next),
        (&queue("care"), 1, Some(next))
    );
    assert!(matches!(
        now.obstacles[..],
        [Obstacle::AtCapacity {
            used: 1,
            limit: 1,
            ..
        }]
    ));
    assert!(
        site.router
            .explain_agent(&agent("nobody"), site.now)
            .is_none()
    );
}

#[test]
fn decisions_are_forgotten_after_a_day_and_bounded() {
    let mut site = Site::new(single(&["anna"]));
    site.ready("anna");
    let first = site.arrive();
    site.accept(first);
    site.try_end(first, "anna", None).unwrap();
    site.run(24 * 3_600 - 1);
    let second = site.arrive();
    assert_eq!(site.router.decisions(&first).len(), 1);
    site.accept(second);
    site.try_end(second, "anna", None).unwrap();
    site.run(10);
    let third = site.arrive();
    assert_eq!(
        site.router.decisions(&first).len(),
        0,
        "it is over a day old"
    );
    assert_eq!(site.router.decisions(&second).len(), 1);
    site.accept(third);
    site.try_end(third, "anna", None).unwrap();
    for _ in 0..4_096 {
        let id = site.arrive();
        site.accept(id);
        site.try_end(id, "anna", None).unwrap();
    }
    assert_eq!(site.router.decisions(&third).len(), 0);
    let of_queue: QueueId = queue("care");
    assert_eq!(site.router.waiting(&of_queue), []);
}
