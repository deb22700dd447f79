//! To whom an interaction could be given, before somebody gives it.

use std::sync::Arc;

use linecard_model::routing::Presence;
use linecard_model::{AgentId, InteractionId, QueueId};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Router;
use crate::index::LaneKey;

/// An agent to whom an interaction can be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = AgentTarget)]
pub struct Target {
    /// The agent.
    pub agent: AgentId,
    /// The name that people read.
    pub name: String,
    /// Whether the agent takes work.
    pub presence: Presence,
    /// Whether the agent is ready, entitled and has room for it now.
    pub available: bool,
    /// Interactions that the agent has in hand.
    pub in_hand: usize,
}

/// What an interaction would find in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outlook {
    /// How many of the members could take it now.
    pub available: usize,
    /// How long it would wait there, in seconds. None: unknown.
    pub estimated_wait_seconds: Option<u64>,
}

impl Router {
    /// The agents to whom an interaction can be given, by name. None: it is unknown or has ended.
    pub fn targets(&self, id: &InteractionId) -> Option<Vec<Target>> {
        let work = self.state.work.get(id)?;
        let key = LaneKey {
            queue: work.queue.clone(),
            media_type: work.media_type,
            skills: Arc::default(),
            pools: Arc::default(),
        };
        let agents = self.state.agents.iter();
        let targets = agents
            .filter(|(agent, known)| !known.removed && work.role_of(agent).is_none())
            .map(|(agent, known)| Target {
                agent: agent.clone(),
                name: known.settings.display_name.clone(),
                presence: known.presence.clone(),
                available: self
                    .index
                    .rank(&self.state, agent, known, &key, false)
                    .is_some(),
                in_hand: self.index.work_of(agent).count(),
            });
        Some(targets.collect())
    }

    /// What an interaction would find in a queue, as its newest. None: there is no such interaction or
    /// queue.
    pub fn outlook(&self, id: &InteractionId, queue: &QueueId) -> Option<Outlook> {
        let mut there = self.state.work.get(id)?.clone();
        let known = self.state.queues.get(queue)?;
        there.queue = queue.clone();
        there.steps = Arc::default();
        there.step = 0;
        let key = LaneKey::of(&self.state, &there);
        let (mut available, mut room) = (0, 0_u64);
        for id in &known.members {
            let Some(agent) = self.state.known_agent(id) else {
                continue;
            };
            if key.standing(&self.state, id, agent).is_none() {
                continue;
            }
            if agent.takes_work() {
                room += self.state.room_for(agent, queue, there.media_type);
            }
            let rank = self.index.rank(&self.state, id, agent, &key, false);
            available += usize::from(rank.is_some());
        }
        let waiting: usize = self
            .index
            .lanes_of(queue)
            .map(|(_, lane)| lane.waiting.len())
            .sum();
        Some(Outlook {
            available,
            estimated_wait_seconds: self.state.wait_for(
                queue,
                there.media_type,
                waiting as u64 + 1,
                room,
            ),
        })
    }
}
