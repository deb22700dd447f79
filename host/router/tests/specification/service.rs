//! Service policies: their clocks, what is told of them, and what is counted.

use std::sync::Arc;

use linecard_model::routing::{
    MediaType, QueueSettings, RoutingEvent, RoutingSettings, ServiceClock, ServicePromise,
    TransferTarget, WaitingFor,
};
use linecard_model::{InteractionId, ServicePolicyId, Timestamp};
use linecard_router::{Command, QueueFigures, Router, ServiceStanding};

use crate::site::{Site, agent, queue, single};

/// First answer in 100 s, each further one in 50 s, all over in 400 s; a warning after 80 percent.
fn gold() -> ServicePromise {
    ServicePromise {
        policy: ServicePolicyId::new("gold").unwrap(),
        first_answer_seconds: Some(100),
        next_answer_seconds: Some(50),
        resolution_seconds: Some(400),
        warn_percent: 80,
        raise_priority: 0,
    }
}

/// Two queues, `care` and `second`, with Anna in both.
fn timed() -> RoutingSettings {
    let mut settings = single(&["anna"]);
    let mut second = QueueSettings::new(queue("second"));
    second.members.insert(agent("anna"));
    settings.queues.push(second);
    settings.service_clocks = true;
    settings
}

fn promise(site: &mut Site, id: InteractionId, promise: ServicePromise) -> Vec<RoutingEvent> {
    site.apply(Command::Promise {
        interaction: id,
        promise: Some(Arc::new(promise)),
    })
}

/// A customer who is promised gold begins at second 0.
fn waiting(promised: ServicePromise) -> (Site, InteractionId) {
    let mut site = Site::new(timed());
    let id = site.arrive();
    promise(&mut site, id, promised);
    (site, id)
}

fn set_open(site: &mut Site, open: bool) {
    site.apply(Command::SetOpen {
        queue: queue("care"),
        open,
    });
}

fn standing(site: &Site, id: InteractionId) -> ServiceStanding {
    site.router.service_of(&id, site.now).unwrap()
}

/// What has passed of a clock, in seconds, and when its time is over.
fn clock(site: &Site, id: InteractionId, clock: ServiceClock) -> Option<(u64, Option<Timestamp>)> {
    let clocks = standing(site, id).clocks;
    let known = clocks.into_iter().find(|known| known.clock == clock)?;
    Some((known.elapsed_seconds, known.due))
}

/// What was told of clocks, with the second at which it was.
fn told(site: &Site) -> Vec<(i64, &'static str, ServiceClock)> {
    let start = site.second(0);
    let since = |at: &Timestamp| (at.as_millisecond() - start.as_millisecond()) / 1000;
    site.journal
        .iter()
        .filter_map(|(at, event)| match event {
            RoutingEvent::ServiceWarned { clock, .. } => Some((since(at), "warned", *clock)),
            RoutingEvent::ServiceBroken { clock, .. } => Some((since(at), "broken", *clock)),
            _ => None,
        })
        .collect()
}

fn figures(site: &Site) -> QueueFigures {
    site.router
        .queue_stats(site.now, &queue("care"))
        .remove(0)
        .figures
}

#[test]
fn each_time_is_warned_of_and_told_when_it_is_over_once() {
    let (mut site, _) = waiting(gold());
    site.run(1_000);
    assert_eq!(
        told(&site),
        [
            (80, "warned", ServiceClock::FirstAnswer),
            (100, "broken", ServiceClock::FirstAnswer),
            (320, "warned", ServiceClock::Resolution),
            (400, "broken", ServiceClock::Resolution),
        ]
    );
}

#[test]
fn an_answer_stops_its_clock_and_the_customers_next_message_starts_another() {
    let (mut site, id) = waiting(gold());
    site.run(60);
    site.apply(Command::Answered { interaction: id });
    assert_eq!(clock(&site, id, ServiceClock::FirstAnswer), None);
    assert_eq!(clock(&site, id, ServiceClock::NextAnswer), None);
    // Who answers twice answers once.
    assert_eq!(site.apply(Command::Answered { interaction: id }), []);
    site.run(60);
    site.apply(Command::CustomerWrote { interaction: id });
    site.run(20);
    // Who writes twice waits since the first time.
    assert_eq!(site.apply(Command::CustomerWrote { interaction: id }), []);
    site.run(20);
    let due = Some(site.second(170));
    assert_eq!(clock(&site, id, ServiceClock::NextAnswer), Some((40, due)));
    site.run(20);
    site.apply(Command::Answered { interaction: id });
    assert_eq!(
        told(&site),
        [
            (160, "warned", ServiceClock::NextAnswer),
            (170, "broken", ServiceClock::NextAnswer),
        ]
    );
}

#[test]
fn the_clocks_stand_still_while_the_queue_is_closed() {
    let (mut site, id) = waiting(gold());
    site.run(30);
    set_open(&mut site, false);
    assert!(standing(&site, id).paused);
    site.run(100_000);
    assert_eq!(
        clock(&site, id, ServiceClock::FirstAnswer),
        Some((30, None))
    );
    set_open(&mut site, true);
    // What comes in while it is closed is measured from the opening on.
    let due = Some(site.second(100_100));
    assert_eq!(clock(&site, id, ServiceClock::FirstAnswer), Some((30, due)));
    site.run(70);
    assert_eq!(
        told(&site),
        [
            (100_080, "warned", ServiceClock::FirstAnswer),
            (100_100, "broken", ServiceClock::FirstAnswer),
        ]
    );
}

#[test]
fn what_comes_in_at_night_is_measured_from_the_opening_on() {
    let mut site = Site::new(timed());
    set_open(&mut site, false);
    let id = site.arrive();
    promise(&mut site, id, gold());
    site.run(10_000);
    assert_eq!(clock(&site, id, ServiceClock::FirstAnswer), Some((0, None)));
    set_open(&mut site, true);
    site.run(5);
    assert_eq!(
        clock(&site, id, ServiceClock::FirstAnswer).map(|(passed, _)| passed),
        Some(5)
    );
}

#[test]
fn parking_for_the_customers_turn_stops_the_clocks_and_for_the_companys_does_not() {
    for (waiting_for, passed) in [(WaitingFor::Customer, 10), (WaitingFor::Company, 50)] {
        let (mut site, id) = waiting(gold());
        site.ready("anna");
        site.accept(id);
        site.run(10);
        site.apply(Command::Park {
            interaction: id,
            agent: agent("anna"),
            until: None,
            waiting_for,
        });
        site.run(40);
        assert_eq!(
            clock(&site, id, ServiceClock::Resolution).map(|(passed, _)| passed),
            Some(passed),
            "{waiting_for:?}"
        );
        site.apply(Command::CustomerWrote { interaction: id });
        site.run(5);
        assert_eq!(
            clock(&site, id, ServiceClock::Resolution).map(|(passed, _)| passed),
            Some(passed + 5)
        );
    }
}

#[test]
fn a_transfer_takes_the_time_along_and_goes_on_by_the_other_queues_hours() {
    let (mut site, id) = waiting(gold());
    site.run(30);
    set_open(&mut site, false);
    site.run(500);
    site.apply(Command::Transfer {
        interaction: id,
        agent: None,
        to: TransferTarget::Queue {
            queue: queue("second"),
        },
    });
    site.run(20);
    assert_eq!(
        clock(&site, id, ServiceClock::FirstAnswer).map(|(passed, _)| passed),
        Some(50)
    );
}

#[test]
fn a_warning_can_move_the_interaction_ahead() {
    let (mut site, id) = waiting(ServicePromise {
        raise_priority: 15,
        resolution_seconds: None,
        ..gold()
    });
    site.run(79);
    let newer = site.arrive_with(vec![], Some(5));
    assert_eq!(site.router.waiting(&queue("care")), [newer, id]);
    site.run(1);
    assert_eq!(site.router.waiting(&queue("care")), [id, newer]);
    assert_eq!(site.router.interaction(&id).unwrap().priority, 15);
    // Once, and not again when the time is over.
    site.run(100);
    assert_eq!(site.router.interaction(&id).unwrap().priority, 15);
}

#[test]
fn a_policy_that_holds_later_counts_from_the_beginning() {
    let mut site = Site::new(timed());
    let id = site.arrive();
    site.run(200);
    promise(&mut site, id, gold());
    // Its first answer was due: that is told at once, with the warning before it.
    assert_eq!(
        told(&site),
        [
            (200, "warned", ServiceClock::FirstAnswer),
            (200, "broken", ServiceClock::FirstAnswer),
        ]
    );
    // Another policy is told anew; the same one again is none.
    assert_eq!(promise(&mut site, id, gold()), []);
    let silver = ServicePromise {
        policy: ServicePolicyId::new("silver").unwrap(),
        first_answer_seconds: Some(300),
        ..gold()
    };
    promise(&mut site, id, silver);
    let due = Some(site.second(300));
    assert_eq!(
        clock(&site, id, ServiceClock::FirstAnswer),
        Some((200, due))
    );
}

#[test]
fn without_policies_nothing_is_measured() {
    let mut site = Site::new(single(&["anna"]));
    let id = site.arrive();
    assert_eq!(promise(&mut site, id, gold()), []);
    assert_eq!(site.apply(Command::Answered { interaction: id }), []);
    assert_eq!(site.apply(Command::CustomerWrote { interaction: id }), []);
    assert_eq!(site.router.service_of(&id, site.now), None);
}

#[test]
fn what_was_kept_and_what_was_not_is_counted() {
    let (mut site, kept) = waiting(gold());
    site.ready("anna");
    site.accept(kept);
    site.run(50);
    site.apply(Command::Answered { interaction: kept });
    site.apply(Command::CustomerWrote { interaction: kept });
    site.run(60);
    site.apply(Command::Answered { interaction: kept });
    site.try_end(kept, "anna", Some("Processed")).unwrap();
    let figures = figures(&site);
    let of = |clock| {
        let known = figures.service.iter().find(|known| known.clock == clock);
        known.map(|known| (known.kept, known.broken, known.share))
    };
    assert_eq!(of(ServiceClock::FirstAnswer), Some((1, 0, Some(1.0))));
    assert_eq!(of(ServiceClock::NextAnswer), Some((0, 1, Some(0.0))));
    assert_eq!(of(ServiceClock::Resolution), Some((1, 0, Some(1.0))));
}

#[test]
fn what_ran_out_while_the_hub_was_down_is_told_at_the_start_once_and_in_order() {
    let (mut site, _) = waiting(gold());
    site.run(50);
    let snapshot = site.router.snapshot();
    site.pass(1_000);
    site.router = Router::restore(snapshot);
    site.apply(Command::Tick);
    let clocks: Vec<_> = told(&site)
        .into_iter()
        .map(|(_, what, clock)| (what, clock))
        .collect();
    assert_eq!(
        clocks,
        [
            ("warned", ServiceClock::FirstAnswer),
            ("broken", ServiceClock::FirstAnswer),
            ("warned", ServiceClock::Resolution),
            ("broken", ServiceClock::Resolution),
        ]
    );
    assert_eq!(site.apply(Command::Tick), []);
}

#[test]
fn each_quarter_of_an_hour_is_counted_by_itself_for_a_day() {
    let mut site = Site::new(single(&["anna"]));
    site.arrive();
    site.run(14 * 60);
    site.arrive();
    // The next one begins.
    site.run(60);
    site.arrive();
    site.enqueue("care", MediaType::Call, vec![], None).unwrap();
    let entered = |site: &Site, from: u64| -> Vec<(Timestamp, MediaType, u64)> {
        let of = site.router.intervals(&queue("care"), site.second(from));
        of.map(|known| (known.start, known.media_type, known.figures.offered))
            .collect()
    };
    let (first, second) = (site.second(0), site.second(900));
    let message = MediaType::SocialDirectMessage;
    assert_eq!(
        entered(&site, 0),
        [
            (first, message, 2),
            (second, MediaType::Call, 1),
            (second, message, 1)
        ]
    );
    // From within an interval on is with it.
    assert_eq!(entered(&site, 1_000).len(), 2);
    let copy = Router::restore(site.router.snapshot());
    let known = |router: &Router| router.intervals(&queue("care"), first).collect::<Vec<_>>();
    assert_eq!(known(&copy), known(&site.router));
    site.run(86_400);
    site.arrive();
    let kept = entered(&site, 0);
    assert_eq!(kept.len(), 1, "{kept:?}");
}
