//! The clocks of service policies. They run in a queue's open time, so that closing a queue stops the clocks
//! of a million interactions by one change: what is due is ordered in each queue by open time, and only the
//! first of it stands among the router's deadlines.

use std::collections::BTreeSet;
use std::sync::Arc;

use linecard_model::routing::{
    InteractionState, RoutingEvent, ServiceClock, ServicePromise, WaitingFor,
};
use linecard_model::{InteractionId, QueueId, ServicePolicyId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Router;
use crate::fault;
use crate::state::{State, Work};

/// How much of a queue's time was open.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OpenTime {
    /// When it closed, if it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_since: Option<Timestamp>,
    /// For how many milliseconds it was closed before that.
    #[serde(default)]
    pub closed_millis: i64,
}

impl OpenTime {
    /// The open time at a moment: milliseconds that stand still while the queue is closed.
    pub fn at(&self, at: Timestamp) -> i64 {
        let at = match self.closed_since {
            Some(since) if !fault::is_on("clocks-run-while-closed") => since.min(at),
            _ => at,
        };
        at.as_millisecond().saturating_sub(self.closed_millis)
    }

    /// The moment of an open time, if nothing changes. None: never.
    pub fn moment_of(&self, open: i64) -> Option<Timestamp> {
        match self.closed_since {
            Some(since) if !fault::is_on("clocks-run-while-closed") => {
                (open <= self.at(since)).then_some(since)
            }
            _ => {
                let moment = Timestamp::from_millisecond(open.saturating_add(self.closed_millis));
                Some(moment.unwrap_or(if open < 0 {
                    Timestamp::MIN
                } else {
                    Timestamp::MAX
                }))
            }
        }
    }

    pub fn close(&mut self, at: Timestamp) {
        self.closed_since.get_or_insert(at);
    }

    pub fn open(&mut self, at: Timestamp) {
        if let Some(since) = self.closed_since.take() {
            self.closed_millis += at.as_millisecond() - since.as_millisecond();
        }
    }
}

/// A clock that can stand still. Times are open times of the interaction's queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Clock {
    /// The milliseconds before `since`.
    pub millis: i64,
    /// Since when it runs. None: it stands still.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
}

impl Clock {
    pub fn starting(open: i64, runs: bool) -> Self {
        Self {
            millis: 0,
            since: runs.then_some(open),
        }
    }

    pub fn read(&self, open: i64) -> i64 {
        self.millis + self.since.map_or(0, |since| (open - since).max(0))
    }

    /// The open time at which it shows so many milliseconds. None: it stands still before that.
    fn shows_at(&self, millis: i64) -> Option<i64> {
        match self.since {
            Some(since) => Some(since.saturating_add(millis - self.millis)),
            None => (self.millis >= millis).then_some(i64::MIN),
        }
    }
}

/// What is measured of an interaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Service {
    /// Since the interaction began.
    pub age: Clock,
    /// Since the customer waits for a further answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub turn: Option<Clock>,
    /// Whether the customer has got an answer.
    #[serde(default)]
    pub answered: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promise: Option<Arc<ServicePromise>>,
    /// The times of which most is over.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub warned: BTreeSet<ServiceClock>,
    /// The times that are over.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub broken: BTreeSet<ServiceClock>,
}

impl Service {
    /// That of an interaction that begins.
    pub fn beginning(open: i64) -> Self {
        Self {
            age: Clock::starting(open, true),
            turn: None,
            answered: false,
            promise: None,
            warned: BTreeSet::new(),
            broken: BTreeSet::new(),
        }
    }

    /// A clock, if what it measures is under way.
    pub fn clock(&self, clock: ServiceClock) -> Option<Clock> {
        match clock {
            ServiceClock::FirstAnswer if self.answered => None,
            ServiceClock::FirstAnswer | ServiceClock::Resolution => Some(self.age),
            ServiceClock::NextAnswer => self.turn,
        }
    }

    /// The milliseconds that are promised for what is under way.
    pub fn target(&self, clock: ServiceClock) -> Option<i64> {
        let seconds = self.promise.as_ref()?.target(clock)?;
        self.clock(clock).map(|_| i64::from(seconds) * 1000)
    }

    /// When something is to be told of each clock that runs, as open time.
    pub fn dues(&self) -> impl Iterator<Item = (i64, ServiceClock)> + '_ {
        ServiceClock::ALL.into_iter().filter_map(|clock| {
            let target = self.target(clock)?;
            let millis = if !self.warned.contains(&clock) {
                self.warning(target)
            } else if self.broken.contains(&clock) {
                return None;
            } else {
                target
            };
            Some((self.clock(clock)?.shows_at(millis)?, clock))
        })
    }

    fn warning(&self, target: i64) -> i64 {
        let percent = self.promise.as_ref().map_or(100, |promise| {
            if fault::is_on("warnings-are-late") {
                100
            } else {
                i64::from(promise.warn_percent)
            }
        });
        target * percent / 100
    }

    fn each_clock(&mut self) -> impl Iterator<Item = &mut Clock> {
        std::iter::once(&mut self.age).chain(&mut self.turn)
    }

    /// Takes other times over. Another policy's are told anew; of the same policy's what has been told
    /// stays told, as far as it still holds.
    pub fn follow(&mut self, promise: Option<&Arc<ServicePromise>>, open: i64) {
        let policy = |of: Option<&Arc<ServicePromise>>| of.map(|promise| promise.policy.clone());
        let is_same = policy(self.promise.as_ref()) == policy(promise);
        self.promise = promise.cloned();
        let passed = |clock: &ServiceClock| {
            let known = self.clock(*clock).zip(self.target(*clock));
            known.map(|(known, target)| (known.read(open), target))
        };
        let mut warned = self.warned.clone();
        warned.retain(|clock| {
            is_same && passed(clock).is_some_and(|(passed, target)| passed >= self.warning(target))
        });
        let mut broken = self.broken.clone();
        broken.retain(|clock| {
            is_same && passed(clock).is_some_and(|(passed, target)| passed >= target)
        });
        (self.warned, self.broken) = (warned, broken);
    }

    /// Lets its clocks go on by another queue's time, or stand still.
    pub fn carry_over(&mut self, from: i64, to: i64, runs: bool) {
        for clock in self.each_clock() {
            clock.millis = clock.read(from);
            clock.since = runs.then_some(to);
        }
    }
}

impl Work {
    /// Whether the clocks of its service policy run, as long as its queue is open.
    pub(crate) fn clocks_run(&self) -> bool {
        match &self.state {
            InteractionState::Parked {
                waiting_for: WaitingFor::Customer,
                ..
            } => fault::is_on("clocks-run-while-parked"),
            InteractionState::WrapUp { .. } | InteractionState::Ended { .. } => false,
            _ => true,
        }
    }
}

impl State {
    pub fn open_time(&self, queue: &QueueId) -> OpenTime {
        let queue = self.queues.get(queue);
        queue
            .map(|queue| queue.open_time.clone())
            .unwrap_or_default()
    }
}

/// How an interaction stands to its service policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ServiceStanding {
    /// The policy.
    pub policy: ServicePolicyId,
    /// Whether the clocks stand still.
    pub paused: bool,
    /// What is under way and has a time; what is due first comes first.
    pub clocks: Vec<ClockStanding>,
}

/// How one clock of a service policy stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct ClockStanding {
    /// What is to happen.
    pub clock: ServiceClock,
    /// Within how many seconds.
    pub target_seconds: u32,
    /// How many of them are over.
    pub elapsed_seconds: u64,
    /// When the time is over, if the queue stays open. Absent: the clocks stand still.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// Most of the time is over.
    pub warned: bool,
    /// The time is over.
    pub broken: bool,
}

impl Router {
    /// How an interaction stands to its service policy at a moment. None: it has none.
    pub fn service_of(&self, id: &InteractionId, at: Timestamp) -> Option<ServiceStanding> {
        let work = self.state.work.get(id)?;
        let service = work.service.as_deref()?;
        let promise = service.promise.as_ref()?;
        let time = self.state.open_time(&work.queue);
        let open = time.at(self.clock(at));
        let mut clocks: Vec<ClockStanding> = ServiceClock::ALL
            .into_iter()
            .filter_map(|clock| {
                let target = service.target(clock)?;
                let known = service.clock(clock)?;
                Some(ClockStanding {
                    clock,
                    target_seconds: promise.target(clock)?,
                    elapsed_seconds: u64::try_from(known.read(open) / 1000).unwrap_or(0),
                    due: known
                        .since
                        .and_then(|_| time.moment_of(known.shows_at(target)?)),
                    warned: service.warned.contains(&clock),
                    broken: service.broken.contains(&clock),
                })
            })
            .collect();
        clocks.sort_by_key(|known| {
            let left = u64::from(known.target_seconds).saturating_sub(known.elapsed_seconds);
            (known.due.is_none(), known.due, left)
        });
        Some(ServiceStanding {
            policy: promise.policy.clone(),
            paused: !work.clocks_run() || time.closed_since.is_some(),
            clocks,
        })
    }

    /// What an interaction's customer is promised.
    pub fn promise(&self, id: &InteractionId) -> Option<&Arc<ServicePromise>> {
        self.state.work.get(id)?.service.as_ref()?.promise.as_ref()
    }

    /// Whether a queue's opening hours are over for now.
    pub fn is_closed(&self, queue: &QueueId) -> bool {
        self.state.open_time(queue).closed_since.is_some()
    }

    /// What is to be told of the clock of a queue that is due first.
    pub(crate) fn clock_due(&mut self, at: Timestamp, queue: &QueueId) -> Vec<RoutingEvent> {
        let open = self.state.open_time(queue).at(at);
        let Some((id, clock)) = self.index.take_clock(&self.state, queue, open) else {
            return Vec::new();
        };
        let Some(work) = self.state.work.get(&id) else {
            return Vec::new();
        };
        let Some(service) = work.service.as_deref() else {
            return Vec::new();
        };
        let (Some(promise), Some(target), Some(known)) = (
            &service.promise,
            service.target(clock),
            service.clock(clock),
        ) else {
            return Vec::new();
        };
        let (policy, queue) = (promise.policy.clone(), work.queue.clone());
        let mut events = Vec::new();
        if !service.warned.contains(&clock) {
            events.push(RoutingEvent::ServiceWarned {
                interaction: id,
                queue: queue.clone(),
                policy: policy.clone(),
                clock,
            });
            if promise.raise_priority != 0 && !fault::is_on("warnings-raise-nothing") {
                events.push(RoutingEvent::PriorityChanged {
                    interaction: id,
                    queue: queue.clone(),
                    priority: work.priority.saturating_add(promise.raise_priority),
                });
            }
        }
        if known.read(open) >= target {
            events.push(RoutingEvent::ServiceBroken {
                interaction: id,
                queue,
                policy,
                clock,
            });
        }
        events
    }
}
