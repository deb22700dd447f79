//! What is counted.

use linecard_model::{AgentId, InteractionId, Timestamp};

use crate::Router;
use crate::counters::{AgentCounters, QueueCounters, millis_between};
use crate::state::Work;

impl Router {
    pub(super) fn on_stats_reset(&mut self, at: Timestamp) {
        for queue in self.state.queues.values_mut() {
            for counters in queue.counters.values_mut() {
                counters.reset();
            }
        }
        for agent in self.state.agents.values_mut() {
            agent.counters.reset(at);
        }
        self.state.counted_since = Some(at);
    }

    /// Brings an agent's clocks up to now, before something changes what they measure.
    pub(super) fn account(&mut self, at: Timestamp, id: &AgentId) {
        let busy = self.index.is_busy(id);
        if let Some(agent) = self.state.agents.get_mut(id) {
            agent.counters.account(at, &agent.presence, busy);
        }
    }

    /// Counts the time that an agent has had an interaction in hand.
    pub(super) fn count_handling(&mut self, at: Timestamp, id: InteractionId) {
        let Some(work) = self.state.work.get(&id) else {
            return;
        };
        let Some(connected_at) = work.connected_at else {
            return;
        };
        let talked_until = work.wrap_up_at.unwrap_or(at);
        let talked = millis_between(connected_at, talked_until);
        let held = work.held_millis + work.held_at.map_or(0, |since| millis_between(since, at));
        let interact = talked.saturating_sub(held);
        let wrap_up = millis_between(talked_until, at);
        let agent = work.state.agent().cloned();
        self.count(at, id, |counters| {
            counters.interact_time += interact;
            counters.hold_time += held;
            counters.wrap_up_time += wrap_up;
            counters.note_handle_time(interact + held + wrap_up);
        });
        if let Some(agent) = agent {
            self.count_agent(&agent, |counters| {
                counters.handle_time += interact + held + wrap_up;
            });
        }
    }

    /// Within how many milliseconds an interaction is to be answered.
    pub(super) fn service_level_of(&self, work: &Work) -> u64 {
        self.state.queues.get(&work.queue).map_or(0, |queue| {
            u64::from(queue.settings.service_level(work.media_type)) * 1000
        })
    }

    /// How soon an abandonment is short in the queue of an interaction, in milliseconds.
    pub(super) fn short_abandon(&self, id: InteractionId) -> u64 {
        self.state
            .work
            .get(&id)
            .and_then(|work| self.state.queues.get(&work.queue))
            .map_or(0, |queue| {
                u64::from(queue.settings.short_abandon_seconds) * 1000
            })
    }

    /// Counts something of an interaction in its queue: in all, and in the present interval.
    pub(super) fn count(
        &mut self,
        at: Timestamp,
        id: InteractionId,
        count: impl Fn(&mut QueueCounters),
    ) {
        let Some(work) = self.state.work.get(&id) else {
            return;
        };
        if let Some(queue) = self.state.queues.get_mut(&work.queue) {
            count(queue.counters.entry(work.media_type).or_default());
            count(queue.intervals.at(at, work.media_type));
        }
    }

    pub(super) fn count_agent(&mut self, agent: &AgentId, count: impl FnOnce(&mut AgentCounters)) {
        if let Some(agent) = self.state.agents.get_mut(agent) {
            count(&mut agent.counters);
        }
    }
}
