//! Who gets what: as long as somebody could take something that waits, the best of the waiting is
//! offered to the best of those who could take it.

use linecard_model::routing::{InteractionState, RoutingEvent};
use linecard_model::{AgentId, InteractionId, OfferId, QueueId, Timestamp};

use crate::Router;
use crate::counters::later;
use crate::index::{Lane, LaneKey, Place};

/// An interaction, and the agent who should get it.
struct Pair {
    place: Place,
    agent: AgentId,
}

impl Router {
    /// Offers all work that can be offered.
    pub(crate) fn offer_work(&mut self, at: Timestamp, events: &mut Vec<RoutingEvent>) {
        while let Some(pair) = self.next_pair() {
            let interaction = pair.place.merit.id;
            let Some(decided) = self.offer_to(at, interaction, pair.agent) else {
                return;
            };
            self.record(at, decided, events);
        }
    }

    /// The next pair: of each queue the first by the queue's own order, and of these the first by
    /// score. Lanes without a pair are clean afterwards.
    fn next_pair(&mut self) -> Option<Pair> {
        let mut clean = Vec::new();
        let mut of_queue: Option<(&QueueId, Pair)> = None;
        let mut best: Option<Pair> = None;
        for key in &self.index.dirty {
            let Some(pair) = self.pair_in(key) else {
                clean.push(key.clone());
                continue;
            };
            // Lanes are ordered by queue, so a queue's lanes follow one another.
            of_queue = Some(match of_queue.take() {
                None => (&key.queue, pair),
                Some((queue, first)) if *queue == key.queue => {
                    let earlier = if pair.place < first.place {
                        pair
                    } else {
                        first
                    };
                    (queue, earlier)
                }
                Some((_, first)) => {
                    best = Some(better(best, first));
                    (&key.queue, pair)
                }
            });
        }
        if let Some((_, first)) = of_queue {
            best = Some(better(best, first));
        }
        for key in clean {
            self.index.dirty.remove(&key);
        }
        best
    }

    fn pair_in(&self, key: &LaneKey) -> Option<Pair> {
        let lane = self.index.lanes.get(key)?;
        if lane.available.is_empty() {
            return None;
        }
        lane.waiting.iter().find_map(|place| {
            self.taker(lane, place.merit.id).map(|agent| Pair {
                place: *place,
                agent: agent.clone(),
            })
        })
    }

    /// The best agent for an interaction: the first who is not excluded from it.
    fn taker<'a>(&self, lane: &'a Lane, id: InteractionId) -> Option<&'a AgentId> {
        let work = self.state.work.get(&id)?;
        lane.available
            .iter()
            .map(|(_, agent)| agent)
            .find(|agent| !work.excluded.contains_key(*agent))
    }

    fn offer_to(
        &self,
        at: Timestamp,
        interaction: InteractionId,
        agent: AgentId,
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
        }];
        if auto_answer {
            events.push(RoutingEvent::Connected {
                interaction,
                queue: queue.id.clone(),
                agent,
                offer,
            });
        }
        Some(events)
    }
}

fn better(best: Option<Pair>, other: Pair) -> Pair {
    match best {
        Some(best) if best.place.merit < other.place.merit => best,
        _ => other,
    }
}
