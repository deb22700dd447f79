//! What is due of service clocks: in each queue ordered by its open time, and of each queue only the first
//! among the deadlines.

use linecard_model::routing::ServiceClock;
use linecard_model::{InteractionId, QueueId};

use super::{Due, Index};
use crate::state::{State, Work};

impl Index {
    /// Enters the clocks of an interaction.
    pub fn set_clocks(&mut self, state: &State, id: InteractionId, work: &Work) {
        let Some(service) = work.service.as_deref() else {
            return;
        };
        let mut dues = service.dues().peekable();
        if dues.peek().is_none() {
            return;
        }
        let known = self.clocks.entry(work.queue.clone()).or_default();
        known.extend(dues.map(|(open, clock)| (open, id, clock)));
        self.time_clocks(state, &work.queue);
    }

    /// Takes the clocks of an interaction out: the reverse of [`Self::set_clocks`].
    pub fn forget_clocks(&mut self, state: &State, id: InteractionId, work: &Work) {
        let (Some(service), Some(known)) =
            (work.service.as_deref(), self.clocks.get_mut(&work.queue))
        else {
            return;
        };
        for (open, clock) in service.dues() {
            known.remove(&(open, id, clock));
        }
        if known.is_empty() {
            self.clocks.remove(&work.queue);
        }
        self.time_clocks(state, &work.queue);
    }

    /// Takes the first clock of a queue out, if it is due at an open time.
    pub fn take_clock(
        &mut self,
        state: &State,
        queue: &QueueId,
        open: i64,
    ) -> Option<(InteractionId, ServiceClock)> {
        let known = self.clocks.get_mut(queue)?;
        let is_due = known.first().is_some_and(|(due, ..)| *due <= open);
        let taken = is_due.then(|| known.pop_first()).flatten();
        if known.is_empty() {
            self.clocks.remove(queue);
        }
        // Its deadline was taken out by the caller.
        self.clock_dues.remove(queue);
        self.time_clocks(state, queue);
        taken.map(|(_, id, clock)| (id, clock))
    }

    /// Puts the deadline of a queue's first clock right.
    pub fn time_clocks(&mut self, state: &State, queue: &QueueId) {
        let first = self.clocks.get(queue).and_then(|known| known.first());
        let due = first.and_then(|(open, ..)| state.open_time(queue).moment_of(*open));
        if self.clock_dues.get(queue) == due.as_ref() {
            return;
        }
        let old = match due {
            Some(due) => self.clock_dues.insert(queue.clone(), due),
            None => self.clock_dues.remove(queue),
        };
        if let Some(old) = old {
            self.deadlines.remove(&(old, Due::Clock(queue.clone())));
        }
        if let Some(due) = due {
            self.deadlines.insert((due, Due::Clock(queue.clone())));
        }
    }
}
