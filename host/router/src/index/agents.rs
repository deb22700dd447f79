//! The part of the index that concerns agents: what they have in hand, and where they rank.

use std::collections::{BTreeMap, BTreeSet};

use linecard_model::routing::{InteractionState, MediaType, SelectionMethod};
use linecard_model::{AgentId, InteractionId, Timestamp};

use super::{Index, LaneKey};
use crate::state::{Agent, State, Work};

/// The capacity of an agent, in the unit in which load is measured.
const WHOLE: u64 = 1_000_000;

/// An agent's place among those who could take an interaction. The first gets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank {
    /// What the queue's selection method looks at first.
    first: u64,
    /// What it looks at next.
    second: u64,
    idle_since: Option<Timestamp>,
}

/// What an agent has in hand: everything that alerts at them, is connected or in wrap-up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Hands {
    pub work: BTreeSet<InteractionId>,
    used: BTreeMap<MediaType, u32>,
    /// How many of it are connected or in wrap-up.
    handling: usize,
    /// The share of the agent's capacity that it takes, in millionths.
    load: u64,
}

impl Hands {
    pub fn used(&self, media_type: MediaType) -> u32 {
        self.used.get(&media_type).copied().unwrap_or(0)
    }
}

impl Index {
    /// What an agent has in hand.
    pub fn work_of(&self, agent: &AgentId) -> impl Iterator<Item = InteractionId> + use<'_> {
        self.hands
            .get(agent)
            .into_iter()
            .flat_map(|hands| hands.work.iter().copied())
    }

    /// How many slots of a media type an agent uses.
    pub fn used(&self, agent: &AgentId, media_type: MediaType) -> u32 {
        self.hands
            .get(agent)
            .map_or(0, |hands| hands.used(media_type))
    }

    /// Whether an agent has accepted work.
    pub fn is_busy(&self, agent: &AgentId) -> bool {
        self.hands
            .get(agent)
            .is_some_and(|hands| hands.handling > 0)
    }

    pub(super) fn take_in_hand(
        &mut self,
        state: &State,
        agent: &AgentId,
        id: InteractionId,
        work: &Work,
    ) {
        let load = load_of(state, agent, work);
        let hands = self.hands.entry(agent.clone()).or_default();
        if hands.work.insert(id) {
            *hands.used.entry(work.media_type).or_default() += 1;
            hands.handling += usize::from(is_handled(&work.state));
            hands.load += load;
        }
    }

    pub(super) fn let_go(
        &mut self,
        state: &State,
        agent: &AgentId,
        id: InteractionId,
        work: &Work,
    ) {
        let load = load_of(state, agent, work);
        let Some(hands) = self.hands.get_mut(agent) else {
            return;
        };
        if hands.work.remove(&id) {
            if let Some(used) = hands.used.get_mut(&work.media_type) {
                *used = used.saturating_sub(1);
                if *used == 0 {
                    hands.used.remove(&work.media_type);
                }
            }
            hands.handling = hands
                .handling
                .saturating_sub(usize::from(is_handled(&work.state)));
            hands.load = hands.load.saturating_sub(load);
            if hands.work.is_empty() {
                self.hands.remove(agent);
            }
        }
    }

    /// Puts an agent in their place in every lane, after something about them has changed.
    pub fn refresh_agent(&mut self, state: &State, id: &AgentId) {
        let Some(agent) = state.agents.get(id) else {
            return;
        };
        let Some(mut lanes) = self.qualified.remove(id) else {
            return;
        };
        for (key, rank) in &mut lanes {
            let now = self.rank(state, id, agent, key);
            if now == *rank {
                continue;
            }
            let Some(lane) = self.lanes.get_mut(key) else {
                continue;
            };
            if rank.is_some() != now.is_some() && !lane.waiting.is_empty() {
                self.dirty.insert(key.clone());
            }
            if let Some(old) = rank.take() {
                lane.available.remove(&(old, id.clone()));
            }
            if let Some(new) = now {
                lane.available.insert((new, id.clone()));
            }
            *rank = now;
        }
        self.qualified.insert(id.clone(), lanes);
    }

    /// The rank in a lane of an agent who has its skills; none if they cannot take work now.
    pub(super) fn rank(
        &self,
        state: &State,
        id: &AgentId,
        agent: &Agent,
        key: &LaneKey,
    ) -> Option<Rank> {
        if agent.removed || !agent.presence.is_ready() || agent.away.is_some() {
            return None;
        }
        if self.used(id, key.media_type)
            >= u32::from(state.limit(agent, &key.queue, key.media_type))
        {
            return None;
        }
        let hands = self.hands.get(id);
        // Somebody with work in hand is less idle than somebody without, however long ago their
        // last work ended; otherwise a burst would pile up on one agent.
        let in_hand = hands.map_or(0, |hands| hands.work.len() as u64);
        let (first, second) = match state.queues.get(&key.queue)?.settings.selection {
            SelectionMethod::LongestIdle => (in_hand, 0),
            SelectionMethod::BestProficiency => (mean_shortfall(agent, key), in_hand),
            SelectionMethod::LeastLoaded => (hands.map_or(0, |hands| hands.load), 0),
        };
        Some(Rank {
            first,
            second,
            idle_since: agent.idle_since,
        })
    }
}

fn is_handled(state: &InteractionState) -> bool {
    matches!(
        state,
        InteractionState::Connected { .. } | InteractionState::WrapUp { .. }
    )
}

/// The share of an agent's capacity that an interaction takes.
fn load_of(state: &State, agent: &AgentId, work: &Work) -> u64 {
    let limit = state
        .agents
        .get(agent)
        .map_or(1, |agent| state.limit(agent, &work.queue, work.media_type));
    WHOLE / u64::from(limit.max(1))
}

/// How far an agent's mean proficiency in the skills of a lane is from perfect, in thousandths.
fn mean_shortfall(agent: &Agent, key: &LaneKey) -> u64 {
    let count = key.skills.len() as u64;
    if count == 0 {
        return 0;
    }
    let sum: u64 = key
        .skills
        .iter()
        .filter_map(|need| agent.proficiency(&need.skill))
        .map(u64::from)
        .sum();
    100_000_u64.saturating_sub(sum * 1000 / count)
}
