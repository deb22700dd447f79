//! The times of service policies, measured second by second instead of by deadlines.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use linecard_model::routing::{
    InteractionState, RoutingEvent, ServiceClock, ServicePromise, WaitingFor,
};
use linecard_model::{InteractionId, Timestamp};

use super::{Entry, Ledger};
use crate::Router;

/// What is measured of an interaction, in milliseconds.
#[derive(Debug, Default)]
pub(super) struct Timed {
    age: i64,
    turn: Option<i64>,
    pub(super) answered: bool,
    promise: Option<Arc<ServicePromise>>,
    warned: BTreeSet<ServiceClock>,
    broken: BTreeSet<ServiceClock>,
}

impl Timed {
    /// What has passed and what there is, in milliseconds, of what is under way and promised.
    fn measured(&self, clock: ServiceClock) -> Option<(i64, i64)> {
        let promise = self.promise.as_ref()?;
        let target = match clock {
            ServiceClock::FirstAnswer => promise.first_answer_seconds,
            ServiceClock::NextAnswer => promise.next_answer_seconds,
            ServiceClock::Resolution => promise.resolution_seconds,
        };
        let passed = match clock {
            ServiceClock::FirstAnswer => (!self.answered).then_some(self.age),
            ServiceClock::NextAnswer => self.turn,
            ServiceClock::Resolution => Some(self.age),
        };
        Some((passed?, i64::from(target?) * 1000))
    }

    /// How much of a time may pass without a warning.
    fn quiet(&self, target: i64) -> i64 {
        target * i64::from(self.promise.as_ref().unwrap().warn_percent) / 100
    }
}

impl Entry {
    fn is_measured(&self) -> bool {
        !matches!(
            self.state,
            InteractionState::Parked {
                waiting_for: WaitingFor::Customer,
                ..
            } | InteractionState::WrapUp { .. }
        )
    }
}

impl Ledger {
    /// Lets the time up to an event pass for everything that is measured.
    pub(super) fn let_time_pass(&mut self, at: Timestamp) {
        let last = self.last.replace(at).unwrap_or(at);
        let passed = at.as_millisecond() - last.as_millisecond();
        for entry in self.entries.values_mut() {
            if self.closed.contains(&entry.queue) || !entry.is_measured() {
                continue;
            }
            if let Some(timed) = &mut entry.timed {
                timed.age += passed;
                timed.turn = timed.turn.map(|turn| turn + passed);
            }
        }
    }

    /// Whoever is warned of may have to be ahead at once.
    pub(super) fn expect_raise(&mut self, event: &RoutingEvent) {
        if let Some((id, raised)) = self.raise.take() {
            let is_raised = matches!(event, RoutingEvent::PriorityChanged { interaction, priority, .. }
                if *interaction == id && *priority == raised);
            assert!(is_raised, "{id} is not ahead after the warning");
        }
    }

    pub(super) fn promised(&mut self, id: InteractionId, promise: Option<&Arc<ServicePromise>>) {
        let timed = self.timed(id);
        assert_ne!(timed.promise.as_ref(), promise);
        let policy = |of: Option<&Arc<ServicePromise>>| of.map(|promise| promise.policy.clone());
        let is_same = policy(timed.promise.as_ref()) == policy(promise);
        timed.promise = promise.cloned();
        for clock in ServiceClock::ALL {
            let measured = timed.measured(clock).filter(|_| is_same);
            if measured.is_none_or(|(passed, target)| passed < timed.quiet(target)) {
                timed.warned.remove(&clock);
            }
            if measured.is_none_or(|(passed, target)| passed < target) {
                timed.broken.remove(&clock);
            }
        }
    }

    pub(super) fn answered(&mut self, id: InteractionId) {
        let timed = self.timed(id);
        assert!(!timed.answered || timed.turn.is_some(), "nobody waited");
        let clock = if timed.answered {
            ServiceClock::NextAnswer
        } else {
            ServiceClock::FirstAnswer
        };
        timed.warned.remove(&clock);
        timed.broken.remove(&clock);
        timed.answered = true;
        timed.turn = None;
    }

    pub(super) fn customer_waits(&mut self, id: InteractionId) {
        let timed = self.timed(id);
        assert!(timed.answered, "the first answer is still to come");
        assert_eq!(timed.turn.replace(0), None, "the customer waited before");
    }

    pub(super) fn warned(&mut self, id: InteractionId, clock: ServiceClock) {
        let priority = self.entry(id).priority;
        let timed = self.timed(id);
        let (passed, target) = timed.measured(clock).expect("it is under way");
        assert!(passed >= timed.quiet(target), "warned too early");
        assert!(timed.warned.insert(clock), "warned twice");
        let raise = timed.promise.as_ref().unwrap().raise_priority;
        if raise != 0 {
            self.raise = Some((id, priority.saturating_add(raise)));
        }
    }

    pub(super) fn broken(&mut self, id: InteractionId, clock: ServiceClock) {
        let timed = self.timed(id);
        let (passed, target) = timed.measured(clock).expect("it is under way");
        assert!(passed >= target, "there is time left");
        assert!(timed.warned.contains(&clock), "nobody was warned");
        assert!(timed.broken.insert(clock), "broken twice");
    }

    /// The router measures the same, and has told of everything that is over.
    pub(super) fn measures_agree(&self, router: &Router, at: Timestamp) {
        let known: BTreeMap<InteractionId, _> = router.interactions().collect();
        for (id, entry) in &self.entries {
            let work = known[id];
            let Some(timed) = &entry.timed else {
                assert_eq!(work.service, None);
                continue;
            };
            let standing = router.service_of(id, at);
            assert_eq!(standing.is_some(), timed.promise.is_some());
            for clock in ServiceClock::ALL {
                let shown = standing.iter().flat_map(|standing| &standing.clocks);
                let shown = shown.clone().find(|shown| shown.clock == clock);
                let Some((passed, target)) = timed.measured(clock) else {
                    assert_eq!(shown, None);
                    continue;
                };
                let shown = shown.expect("it is under way");
                assert_eq!(shown.elapsed_seconds, u64::try_from(passed / 1000).unwrap());
                assert_eq!(shown.broken, timed.broken.contains(&clock));
                assert_eq!(shown.broken, passed >= target, "{id} {clock} {timed:?}");
                assert_eq!(shown.warned, passed >= timed.quiet(target));
                let runs = entry.is_measured() && !self.closed.contains(&entry.queue);
                if runs {
                    let left = shown.due.unwrap().as_millisecond() - at.as_millisecond();
                    assert_eq!(left, target - passed);
                } else {
                    assert!(shown.due.is_none_or(|due| due <= at));
                }
            }
        }
    }

    fn timed(&mut self, id: InteractionId) -> &mut Timed {
        let timed = &mut self.entry(id).timed;
        timed.as_mut().expect("there were policies when it entered")
    }
}
