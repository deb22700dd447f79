//! Random sites, agents, customers and faults, checked at every step against a second, simple
//! account of what may happen ([`ledger`]).
//!
//! What happens next is drawn from a sequence of choices. A seeded generator gives long ones;
//! proptest gives short ones, which it shortens further when they find a mistake.

mod choices;
mod faults;
mod ledger;
mod world;

use std::sync::Arc;

use linecard_model::Timestamp;
use linecard_model::routing::{RoutingEvent, RoutingSettings};
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::SmallRng;

use self::choices::{Choices, Fixed};
use self::ledger::Ledger;
use crate::index::Index;
use crate::{Command, Refusal, Router, Snapshot};

/// A router, the account that is kept of it, and two others that must stay equal to it.
struct Simulation<C> {
    choices: C,
    now: Timestamp,
    /// The time of the last event, before which the router's clock does not go.
    latest: Timestamp,
    router: Router,
    ledger: Ledger,
    /// Knows only the recorded events.
    replayed: Router,
    /// Was restored from a snapshot on the way, and is given the same commands since.
    resumed: Option<Router>,
    arrivals: u64,
    /// How often everything is compared: every so many steps.
    thoroughness: u64,
    tally: Tally,
}

/// What happened, so that a test can tell that it was not all refused.
#[derive(Debug, Default)]
struct Tally {
    steps: u64,
    refusals: std::collections::BTreeMap<&'static str, u64>,
    events: u64,
    /// The kinds of events.
    seen: std::collections::BTreeSet<&'static str>,
}

impl<C: Choices> Simulation<C> {
    fn new(choices: C, thoroughness: u64) -> Self {
        let now = Timestamp::from_millisecond(1_772_442_000_000).unwrap();
        let mut simulation = Self {
            choices,
            now,
            latest: now,
            router: Router::new(RoutingSettings::default()),
            ledger: Ledger::default(),
            replayed: Router::new(RoutingSettings::default()),
            resumed: None,
            arrivals: 0,
            thoroughness,
            tally: Tally::default(),
        };
        let settings = world::settings(&mut simulation.choices);
        simulation.give(
            now,
            Command::Configure {
                settings: Arc::new(settings),
            },
        );
        simulation
    }

    fn step(&mut self) {
        self.tally.steps += 1;
        let at = self.pass_time();
        let command = world::command(
            &mut self.choices,
            &self.router,
            &self.ledger,
            at,
            &mut self.arrivals,
        );
        self.give(at, command);
        if self.tally.steps.is_multiple_of(self.thoroughness) {
            self.compare_everything();
        }
        if self.choices.one_in(2000) {
            let resumed = stored_and_restored(&self.router);
            assert_eq!(self.router.index.difference(&resumed.index), None);
            self.resumed = Some(resumed);
        }
        if self.choices.one_in(5000) {
            // A crash: what goes on is what the journal gives.
            self.router = self.replayed.clone();
        }
    }

    /// Lets time pass, and gives the time that the caller reads from its clock.
    fn pass_time(&mut self) -> Timestamp {
        let millis = match self.choices.below(100) {
            0..40 => 0,
            40..85 => self.choices.below(3_000),
            85..98 => self.choices.below(60_000),
            98 => self.choices.below(600_000),
            // To the very moment of the next deadline.
            _ => self.router.next_deadline().map_or(0, |next| {
                u32::try_from(next.as_millisecond() - self.now.as_millisecond()).unwrap_or(0)
            }),
        };
        self.now =
            Timestamp::from_millisecond(self.now.as_millisecond() + i64::from(millis)).unwrap();
        // A clock that is not set well, at times.
        let behind = if self.choices.one_in(50) {
            self.choices.below(10_000)
        } else {
            0
        };
        Timestamp::from_millisecond(self.now.as_millisecond() - i64::from(behind)).unwrap()
    }

    fn give(&mut self, at: Timestamp, command: Command) {
        let before = self.choices.one_in(200).then(|| self.router.snapshot());
        let result = self.router.apply(at, command.clone());
        if let Some(resumed) = &mut self.resumed {
            assert_eq!(resumed.apply(at, command.clone()), result, "{command:?}");
        }
        let effective = at.max(self.latest);
        match result {
            Ok(events) => self.check_events(at, effective, &command, &events),
            Err(refusal) => self.check_refusal(&refusal, before),
        }
    }

    fn check_events(
        &mut self,
        at: Timestamp,
        effective: Timestamp,
        command: &Command,
        events: &[RoutingEvent],
    ) {
        for event in events {
            self.replayed.evolve(at, event);
            self.ledger.note(effective, event);
            self.latest = effective;
        }
        self.ledger.absent_are_away(events);
        self.tally.events += events.len() as u64;
        assert!(
            self.router
                .next_deadline()
                .is_none_or(|next| next > effective),
            "something is overdue after {command:?}"
        );
    }

    fn check_refusal(&mut self, refusal: &Refusal, before: Option<Snapshot>) {
        *self.tally.refusals.entry(refusal.name()).or_default() += 1;
        if let Some(before) = before {
            assert_eq!(self.router.snapshot(), before, "changed by {refusal}");
        }
    }

    fn compare_everything(&self) {
        let snapshot = self.router.snapshot();
        assert_eq!(self.replayed.snapshot(), snapshot);
        if let Some(resumed) = &self.resumed {
            assert_eq!(resumed.snapshot(), snapshot);
        }
        assert_eq!(misindexed(&self.router), None);
        self.ledger.agrees_with(&self.router, self.latest);
        self.ledger.no_work_is_left_lying(&self.router, self.latest);
    }
}

/// The part of the index that is not what the state says, if there is one.
fn misindexed(router: &Router) -> Option<&'static str> {
    router.index.difference(&Index::build(&router.state))
}

fn stored_and_restored(router: &Router) -> Router {
    let stored = rmp_serde::to_vec_named(&router.snapshot()).unwrap();
    Router::restore(rmp_serde::from_slice(&stored).unwrap())
}

fn simulate(seed: u64, steps: u64, thoroughness: u64) -> Tally {
    let mut simulation = Simulation::new(SmallRng::seed_from_u64(seed), thoroughness);
    for _ in 0..steps {
        simulation.step();
    }
    simulation.compare_everything();
    simulation.tally.seen = simulation.ledger.seen;
    simulation.tally
}

#[test]
fn long_random_simulations_keep_every_promise() {
    let mut refusals = std::collections::BTreeSet::new();
    let mut seen = std::collections::BTreeSet::new();
    for seed in 0..12 {
        let tally = simulate(seed, 5_000, 50);
        assert!(tally.events > tally.steps / 2, "seed {seed}: {tally:?}");
        refusals.extend(tally.refusals.into_keys());
        seen.extend(tally.seen);
    }
    // Everything that can happen to an interaction has.
    for name in [
        "advises",
        "answered",
        "asked",
        "begun",
        "closed",
        "coded",
        "consult-completed",
        "customer-waits",
        "external",
        "external-ended",
        "first-answer-late",
        "first-answer-warned",
        "held",
        "leg-cancelled",
        "leg-dissolved",
        "leg-left",
        "leg-lost",
        "leg-removed",
        "next-answer-late",
        "next-answer-warned",
        "observed",
        "opened",
        "overflowed",
        "park-answered",
        "park-answered-natively",
        "park-expired",
        "park-orphaned",
        "parked",
        "paused",
        "picked-up",
        "prioritized",
        "promised",
        "queue-resumed",
        "requeued",
        "resolution-late",
        "resolution-warned",
        "resumed",
        "returned",
        "station",
        "step-expired",
        "step-for-nobody",
        "taken-over",
        "transferred-to-agent",
        "transferred-to-group",
        "transferred-to-queue",
        "transferred-to-skills",
        "unparked-by-owner",
    ] {
        assert!(seen.contains(name), "never happened: {name}");
    }
    // The paths on which the router says no were all taken.
    for name in [
        "agent-unavailable",
        "invalid-until",
        "no-such-leg",
        "nobody-available",
        "not-member",
        "pick-up-forbidden",
        "takes-part",
        "unknown-group",
        "unknown-station",
        "disposition-required",
        "duplicate-interaction",
        "invalid-proficiency",
        "not-yours",
        "offer-expired",
        "offer-of-another",
        "offer-taken",
        "offer-withdrawn",
        "unknown-agent",
        "unknown-disposition",
        "unknown-interaction",
        "unknown-queue",
        "unknown-reason",
        "wrong-state",
    ] {
        assert!(refusals.contains(name), "never refused with {name}");
    }
}

#[test]
fn a_million_steps_keep_every_promise() {
    // Half of them in each of two threads.
    let half = |from: u64| {
        move || {
            for seed in from..from + 10 {
                println!("seed {seed}");
                simulate(seed, 50_000, 500);
            }
        }
    };
    let one = std::thread::spawn(half(100));
    let other = std::thread::spawn(half(110));
    one.join().unwrap();
    other.join().unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn short_simulations_keep_every_promise(
        drawn in prop::collection::vec(any::<u32>(), 0..1500),
    ) {
        let mut simulation = Simulation::new(Fixed::new(drawn), 1);
        while !simulation.choices.is_used_up() {
            simulation.step();
        }
    }

    /// A record that is torn, doubled or of another site must not bring the router down.
    #[test]
    fn any_events_at_all_leave_a_router_that_works(
        drawn in prop::collection::vec(any::<u32>(), 0..1500),
    ) {
        let mut choices = Fixed::new(drawn);
        let mut router = Router::new(world::settings(&mut choices));
        let mut now = Timestamp::UNIX_EPOCH;
        while !choices.is_used_up() {
            now += std::time::Duration::from_millis(u64::from(choices.below(30_000)));
            router.evolve(now, &world::any_event(&mut choices, now));
        }
        prop_assert_eq!(misindexed(&router), None);
        router.apply(now, Command::Tick).unwrap();
        prop_assert!(router.next_deadline().is_none_or(|next| next > now));
        prop_assert_eq!(misindexed(&router), None);
        prop_assert_eq!(router.apply(now, Command::Tick), Ok(vec![]));
    }
}
