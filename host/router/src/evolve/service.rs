//! The clocks of service policies.

use std::sync::Arc;

use linecard_model::routing::{ServiceClock, ServicePromise};
use linecard_model::{InteractionId, QueueId, Timestamp};

use crate::Router;
use crate::service::{Clock, Service};

impl Router {
    pub(super) fn on_promised(
        &mut self,
        at: Timestamp,
        id: InteractionId,
        promise: Option<&Arc<ServicePromise>>,
    ) {
        self.change_service(at, id, |service, open| service.follow(promise, open));
    }

    pub(super) fn on_answered(&mut self, at: Timestamp, id: InteractionId) {
        let clock = match self
            .state
            .work
            .get(&id)
            .and_then(|work| work.service.as_ref())
        {
            Some(service) if service.answered => ServiceClock::NextAnswer,
            _ => ServiceClock::FirstAnswer,
        };
        self.count_outcome(at, id, clock);
        self.change_service(at, id, |service, _| {
            service.answered = true;
            service.turn = None;
            service.warned.remove(&clock);
            service.broken.remove(&clock);
        });
    }

    pub(super) fn on_customer_waits(&mut self, at: Timestamp, id: InteractionId) {
        let runs = self
            .state
            .work
            .get(&id)
            .is_some_and(crate::state::Work::clocks_run);
        self.change_service(at, id, |service, open| {
            if service.answered {
                service.turn.get_or_insert(Clock::starting(open, runs));
            }
        });
    }

    pub(super) fn on_warned(&mut self, at: Timestamp, id: InteractionId, clock: ServiceClock) {
        self.change_service(at, id, |service, _| {
            service.warned.insert(clock);
        });
    }

    pub(super) fn on_broken(&mut self, at: Timestamp, id: InteractionId, clock: ServiceClock) {
        self.change_service(at, id, |service, _| {
            service.warned.insert(clock);
            service.broken.insert(clock);
        });
        self.count_time(at, id, clock, false);
    }

    pub(super) fn set_open(&mut self, at: Timestamp, id: &QueueId, open: bool) {
        if let Some(queue) = self.state.queues.get_mut(id) {
            if open {
                queue.open_time.open(at);
            } else {
                queue.open_time.close(at);
            }
        }
        self.index.time_clocks(&self.state, id);
    }

    /// Counts what has happened, if there was a time for it: that it was kept, or that it was not, unless
    /// that was counted when it was over.
    pub(super) fn count_outcome(&mut self, at: Timestamp, id: InteractionId, clock: ServiceClock) {
        let Some(work) = self.state.work.get(&id) else {
            return;
        };
        let Some(service) = work.service.as_deref() else {
            return;
        };
        let Some((target, known)) = service.target(clock).zip(service.clock(clock)) else {
            return;
        };
        if !service.broken.contains(&clock) {
            let open = self.state.open_time(&work.queue).at(at);
            self.count_time(at, id, clock, known.read(open) < target);
        }
    }

    fn count_time(&mut self, at: Timestamp, id: InteractionId, clock: ServiceClock, kept: bool) {
        self.count(at, id, |counters| {
            let times = counters.service.entry(clock).or_default();
            times.kept += u64::from(kept);
            times.broken += u64::from(!kept);
        });
    }

    fn change_service(
        &mut self,
        at: Timestamp,
        id: InteractionId,
        change: impl FnOnce(&mut Service, i64),
    ) {
        let Some(mut work) = self.state.work.remove(&id) else {
            return;
        };
        let open = self.state.open_time(&work.queue).at(at);
        self.index.forget_clocks(&self.state, id, &work);
        if let Some(service) = &mut work.service {
            change(service, open);
        }
        self.index.set_clocks(&self.state, id, &work);
        self.state.work.insert(id, work);
    }
}
