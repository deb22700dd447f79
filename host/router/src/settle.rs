//! What moves on by itself while it waits: to the next routing step, because nobody is left to wait for, and
//! to another queue, because the wait would be too long.

use linecard_model::routing::{InteractionState, RoutingEvent, StepCause};
use linecard_model::{InteractionId, Timestamp};

use crate::Router;
use crate::fault;
use crate::index::LaneKey;
use crate::state::Work;
use crate::steps;

impl Router {
    /// Lets what comes to wait too long, and everything that waits for nobody, move on. What comes to
    /// wait stands in the events, of which the first so many have been judged: a router that was
    /// restored judges the same.
    pub(crate) fn settle(
        &mut self,
        at: Timestamp,
        events: &mut Vec<RoutingEvent>,
        judged: &mut usize,
    ) {
        loop {
            if let Some(event) = events.get(*judged) {
                *judged += 1;
                let decided = comes_to_wait(event).and_then(|id| self.judged_overflow(at, id));
                self.record(at, decided, events);
            } else if let Some(id) = self.index.unsettled.pop_first() {
                let decided = self
                    .waits_for_nobody(id)
                    .then(|| self.next_step(at, id, StepCause::NobodyAvailable))
                    .flatten();
                self.record(at, decided, events);
            } else {
                return;
            }
        }
    }

    /// Whether an interaction has a further step, and the present one adds nobody who could ever get it.
    fn waits_for_nobody(&self, id: InteractionId) -> bool {
        let Some(work) = self.state.work.get(&id) else {
            return false;
        };
        if work.state != InteractionState::Queued
            || !work.has_next_step()
            || work.is_kept_back()
            || fault::is_on("empty-steps-wait")
        {
            return false;
        }
        let lane = self.index.lanes.get(&LaneKey::of(&self.state, work));
        lane.is_some_and(|lane| {
            let mut staffed = lane.staffed.iter();
            staffed.all(|agent| work.excluded.contains_key(agent))
        })
    }

    /// The beginning of an interaction's next step, if there is one.
    pub(crate) fn next_step(
        &self,
        at: Timestamp,
        id: InteractionId,
        cause: StepCause,
    ) -> Option<RoutingEvent> {
        let work = self.state.work.get(&id)?;
        if !work.has_next_step() {
            return None;
        }
        let step = work.step + 1 + u16::from(fault::is_on("steps-are-left-out"));
        Some(RoutingEvent::StepBegan {
            interaction: id,
            queue: work.queue.clone(),
            step: step + 1,
            until: steps::until(at, work, step),
            cause,
        })
    }

    /// The overflow of an interaction that has waited long enough for it.
    pub(crate) fn overflow_in_time(
        &self,
        at: Timestamp,
        id: InteractionId,
    ) -> Option<RoutingEvent> {
        let work = self.state.work.get(&id)?;
        let (due, rule) = self.state.overflow_by_time(work)?;
        (due <= at).then(|| self.overflow(at, id, work, rule))?
    }

    /// The overflow of an interaction by the estimate or the service level of its queue.
    fn judged_overflow(&self, at: Timestamp, id: InteractionId) -> Option<RoutingEvent> {
        let work = self.state.work.get(&id)?;
        if work.state != InteractionState::Queued {
            return None;
        }
        let queue = self.state.queues.get(&work.queue)?;
        for (number, rule) in (0_u16..).zip(&queue.settings.overflow) {
            if !self.state.can_overflow(work, &rule.to) {
                continue;
            }
            let is_too_long = rule.estimate_over_seconds.is_some_and(|most| {
                let estimate = self.estimated_wait(id, work);
                estimate.is_some_and(|seconds| seconds > u64::from(most))
            });
            let is_too_low = rule.service_level_below.is_some_and(|least| {
                let level = queue.counters.get(&work.media_type);
                let level = level.and_then(|counters| counters.service_level(&queue.settings));
                level.is_some_and(|level| level * 100.0 < f64::from(least))
            });
            if is_too_long || is_too_low {
                return self.overflow(at, id, work, number);
            }
        }
        None
    }

    fn overflow(
        &self,
        at: Timestamp,
        interaction: InteractionId,
        work: &Work,
        rule: u16,
    ) -> Option<RoutingEvent> {
        let rules = &self.state.queues.get(&work.queue)?.settings.overflow;
        let to = &rules.get(usize::from(rule))?.to;
        Some(RoutingEvent::Overflowed {
            interaction,
            from_queue: work.queue.clone(),
            queue: to.clone(),
            rule: rule + 1,
            plan: steps::plan(at, self.state.queues.get(to)?, None),
        })
    }
}

/// The interaction that waits from here on, or in another way.
fn comes_to_wait(event: &RoutingEvent) -> Option<InteractionId> {
    match event {
        RoutingEvent::Enqueued { interaction, .. }
        | RoutingEvent::StepBegan { interaction, .. }
        | RoutingEvent::Unparked { interaction, .. }
        | RoutingEvent::Transferred { interaction, .. }
        | RoutingEvent::Overflowed { interaction, .. }
        | RoutingEvent::Returned { interaction, .. } => Some(*interaction),
        _ => None,
    }
}
