//! The numbers that the router keeps.

use linecard_model::routing::{EndReason, MediaType, Presence, WrapUpPolicy};
use linecard_router::{AgentStats, Command, QueueStats};

use crate::site::{Site, agent, queue, settings, single};

fn of_queue(site: &Site) -> QueueStats {
    let mut stats = site.router.queue_stats(site.now, &queue("care"));
    assert_eq!(stats.len(), 1);
    stats.remove(0)
}

fn of_anna(site: &Site) -> AgentStats {
    site.router.agent_stats(site.now, &agent("anna")).unwrap()
}

#[track_caller]
fn assert_close(actual: Option<f64>, expected: f64) {
    assert!(
        actual.is_some_and(|actual| (actual - expected).abs() < 1e-9),
        "{actual:?} is not {expected}"
    );
}

#[test]
fn a_queues_day() {
    let mut settings = single(&["anna"]);
    settings.queues[0].service_level_seconds = 20;
    settings.queues[0].wrap_up = WrapUpPolicy::Mandatory;
    let mut site = Site::new(settings);
    // Answered after 10 s, 60 s of conversation, 20 s of wrap-up.
    site.ready("anna");
    let first = site.arrive();
    site.pass(10);
    site.accept(first);
    site.pass(60);
    site.try_end(first, "anna", None).unwrap();
    site.pass(20);
    site.try_wrap_up(first, "anna", Some("Processed")).unwrap();
    // Declined, comes back after 60 s, answered after 60 s; 30 s of conversation.
    let second = site.arrive();
    site.decline(second);
    site.run(60);
    site.accept(second);
    site.pass(30);
    site.try_end(second, "anna", Some("Processed")).unwrap();
    // Rings out after 30 s, and the customer leaves.
    let third = site.arrive();
    site.run(30);
    site.rescind(third, EndReason::CustomerLeft);
    // Nobody answered, but it is not the customer who gave up.
    let fourth = site.arrive();
    site.rescind(fourth, EndReason::Cancelled);
    site.arrive();
    site.pass(7);
    site.arrive();

    let stats = of_queue(&site);
    assert_eq!(stats.media_type, MediaType::SocialDirectMessage);
    assert_eq!(stats.waiting, 2);
    assert_eq!(stats.longest_wait_seconds, Some(7));
    assert_eq!(stats.figures.offered, 6);
    assert_eq!(stats.figures.offers, 4);
    assert_eq!(
        (stats.figures.answered, stats.figures.answered_in_target),
        (2, 1)
    );
    assert_eq!((stats.figures.abandoned, stats.figures.withdrawn), (1, 1));
    assert_eq!(
        (
            stats.figures.requeued,
            stats.figures.declined,
            stats.figures.rona
        ),
        (2, 1, 1)
    );
    assert_eq!(stats.figures.handled, 2);
    assert_close(stats.figures.service_level, 1.0 / 3.0);
    assert_close(stats.figures.average_speed_of_answer_seconds, 35.0);
    assert_close(stats.figures.average_interact_seconds, 45.0);
    assert_close(stats.figures.average_wrap_up_seconds, 10.0);
    assert_close(stats.figures.average_handle_seconds, 55.0);

    site.apply(Command::ResetStats);
    let stats = of_queue(&site);
    assert_eq!(stats.since, Some(site.now));
    assert_eq!(
        (stats.waiting, stats.figures.offered, stats.figures.answered),
        (2, 0, 0)
    );
    assert_eq!(stats.figures.service_level, None);
}

#[test]
fn short_abandonment_need_not_count() {
    let mut settings = single(&["anna"]);
    settings.queues[0].short_abandon_seconds = 5;
    let mut site = Site::new(settings);
    for wait in [4, 5] {
        let id = site.arrive();
        site.pass(wait);
        site.rescind(id, EndReason::CustomerLeft);
    }
    site.ready("anna");
    let id = site.arrive();
    site.accept(id);
    let stats = of_queue(&site);
    assert_eq!(
        (stats.figures.abandoned, stats.figures.short_abandoned),
        (2, 1)
    );
    assert_close(stats.figures.service_level, 0.5);
}

#[test]
fn an_agents_day() {
    let mut settings = settings(&["anna"]);
    settings.queues[0].wrap_up = WrapUpPolicy::Mandatory;
    let mut site = Site::new(settings);
    site.pass(100);
    site.ready("anna");
    site.pass(30);
    let first = site.arrive();
    site.accept(first);
    site.pass(20);
    let second = site.arrive();
    site.accept(second);
    site.pass(20);
    site.try_end(first, "anna", None).unwrap();
    site.try_end(second, "anna", Some("Processed")).unwrap();
    site.pass(10);
    let slots = of_anna(&site).slots[&MediaType::SocialDirectMessage];
    assert_eq!((slots.used, slots.limit), (1, Some(3)));
    site.try_wrap_up(first, "anna", Some("Processed")).unwrap();
    site.pass(20);

    // 30 s ready, 50 s busy, 20 s ready.
    let stats = of_anna(&site);
    assert_eq!(stats.presence, Presence::Ready);
    assert_eq!(stats.since, Some(site.second(100)));
    assert_eq!((stats.offers, stats.answered, stats.handled), (2, 2, 2));
    assert_eq!(stats.in_hand, 0);
    assert_close(stats.average_handle_seconds, 35.0);
    assert_close(stats.occupancy, 0.5);

    // Being away counts for neither.
    site.not_ready("anna", "Lunch");
    site.pass(3600);
    assert_close(of_anna(&site).occupancy, 0.5);
    assert!(site.router.agent_stats(site.now, &agent("zoe")).is_none());
}

#[test]
fn the_census_adds_up() {
    let mut settings = single(&["anna", "ben", "cara"]);
    settings.queues[0].wrap_up = WrapUpPolicy::Mandatory;
    let mut site = Site::new(settings);
    site.all_ready(&["anna", "ben", "cara"]);
    let ids: Vec<_> = (0..5).map(|_| site.arrive()).collect();
    site.accept(ids[0]);
    site.accept(ids[1]);
    site.try_end(ids[1], "ben", None).unwrap();
    site.rescind(ids[4], EndReason::MessageDeleted);
    let census = site.router.census();
    assert_eq!(
        [
            census.entered,
            census.queued,
            census.offered,
            census.connected,
            census.wrap_up,
            census.ended
        ],
        [5, 1, 1, 1, 1, 1]
    );
}
