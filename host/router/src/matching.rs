//! Who gets what: as long as somebody could take something that waits, the best of the waiting is
//! offered to the best of those who could take it.

use std::collections::BTreeMap;

use linecard_model::routing::{Choice, InteractionState, LegRole, RoutingEvent};
use linecard_model::{AgentId, InteractionId, OfferId, QueueId, Timestamp};

use crate::Router;
use crate::counters::later;
use crate::fault;
use crate::index::{Lane, LaneKey, Merit, Place};

/// How many of those who would have been next are named.
const RUNNERS_UP: usize = 3;

/// The first that can be offered, of every lane that has any. Of each queue the first by the queue's
/// own order is next, and of these the first by score.
#[derive(Default)]
struct Candidates {
    of_lane: BTreeMap<LaneKey, Place>,
    of_queue: BTreeMap<QueueId, BTreeMap<Place, LaneKey>>,
    firsts: BTreeMap<Merit, QueueId>,
}

impl Candidates {
    /// Puts a lane's first in the place of the one it had.
    fn set(&mut self, key: LaneKey, first: Option<Place>) {
        if self.of_lane.get(&key).copied() == first {
            return;
        }
        let queue = key.queue.clone();
        if let Some(next) = self.first_of(&queue) {
            self.firsts.remove(&next.merit);
        }
        if let Some(old) = self.of_lane.remove(&key)
            && let Some(places) = self.of_queue.get_mut(&queue)
        {
            places.remove(&old);
        }
        if let Some(place) = first {
            self.of_lane.insert(key.clone(), place);
            let places = self.of_queue.entry(queue.clone()).or_default();
            places.insert(place, key);
        }
        if let Some(next) = self.first_of(&queue) {
            self.firsts.insert(next.merit, queue);
        }
    }

    fn first_of(&self, queue: &QueueId) -> Option<Place> {
        let (place, _) = self.of_queue.get(queue)?.first_key_value()?;
        Some(*place)
    }

    /// Takes the next one out; its lane has none until it is set again.
    fn take_next(&mut self) -> Option<(Place, LaneKey)> {
        let (_, queue) = self.firsts.first_key_value()?;
        let (place, key) = self.of_queue.get(queue)?.first_key_value()?;
        let next = (*place, key.clone());
        self.set(next.1.clone(), None);
        Some(next)
    }
}

impl Router {
    /// Offers all work that can be offered.
    pub(crate) fn offer_work(&mut self, at: Timestamp, events: &mut Vec<RoutingEvent>) {
        let mut candidates = Candidates::default();
        loop {
            // What an offer changes is dirty again, its own lane too; of all others the first is known.
            while let Some(key) = self.index.dirty.pop_first() {
                let queue = self.state.queues.get(&key.queue);
                let first =
                    if queue.is_some_and(|queue| queue.paused) && !fault::is_on("pause-ignored") {
                        None
                    } else {
                        self.index.lanes.get_mut(&key).and_then(Lane::first)
                    };
                candidates.set(key, first);
            }
            let Some((place, key)) = candidates.take_next() else {
                return;
            };
            let interaction = place.merit.id;
            let decided = self
                .takers(&key, interaction)
                .and_then(|(agent, choice)| self.offer_to(at, interaction, agent, choice));
            self.record(at, decided.into_iter().flatten(), events);
        }
    }

    /// The best agent for an interaction: the first who is not excluded from it; and what decided.
    fn takers(&self, key: &LaneKey, id: InteractionId) -> Option<(AgentId, Choice)> {
        let work = self.state.work.get(&id)?;
        let available = &self.index.lanes.get(key)?.available;
        let mut takers = available.iter().map(|(_, agent)| agent).filter(|agent| {
            !work.excluded.contains_key(*agent) || fault::is_on("exclusions-ignored")
        });
        let mut agent = takers.next()?;
        if fault::is_on("second-best") {
            agent = takers.next().unwrap_or(agent);
        }
        let agent = agent.clone();
        let choice = Choice {
            selection: self.state.queues.get(&key.queue)?.settings.selection,
            step: work.step + 1,
            available: u32::try_from(available.len()).unwrap_or(u32::MAX),
            next: takers.take(RUNNERS_UP).cloned().collect(),
        };
        Some((agent, choice))
    }

    fn offer_to(
        &self,
        at: Timestamp,
        interaction: InteractionId,
        agent: AgentId,
        choice: Choice,
    ) -> Option<Vec<RoutingEvent>> {
        let work = self.state.work.get(&interaction)?;
        if work.state != InteractionState::Queued {
            return None;
        }
        let queue = &self.state.queues.get(&work.queue)?.settings;
        let auto_answer = queue.auto_answer || self.state.agents.get(&agent)?.settings.auto_answer;
        let offer = OfferId::derived(
            u64::try_from(at.as_millisecond()).unwrap_or(0),
            self.state.offers,
        );
        let mut events = vec![RoutingEvent::Offered {
            interaction,
            queue: queue.id.clone(),
            agent: agent.clone(),
            offer,
            deadline: later(at, queue.offer_timeout_seconds.max(1)),
            auto_answer,
            role: LegRole::Owner,
            choice: Some(choice),
        }];
        if auto_answer {
            events.push(RoutingEvent::Connected {
                interaction,
                queue: queue.id.clone(),
                agent,
                offer,
                role: LegRole::Owner,
            });
        }
        Some(events)
    }
}
