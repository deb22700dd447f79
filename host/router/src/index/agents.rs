//! The part of the index that concerns agents: what they have in hand, and where they rank.

use std::collections::BTreeSet;

use linecard_model::routing::{MediaType, SelectionMethod, SkillMode};
use linecard_model::{AgentId, InteractionId, QueueId, Timestamp};

use super::{Due, Index, LaneKey, is_staffed};
use crate::capacity::{Load, UNLIMITED};
use crate::fault;
use crate::state::{Agent, External, State, Work};

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

/// How an agent stands to the interactions of a lane.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Standing {
    /// They may get them up to the hard limit.
    pub over_limit: bool,
    /// The latest routing step adds them.
    pub is_new: bool,
    /// They are worth waiting for, with a free slot or not.
    pub is_staffed: bool,
    /// Their rank when they could take one now.
    pub rank: Option<Rank>,
}

/// What an agent has in hand: everything that alerts at them, is theirs or asks their advice, is in
/// wrap-up, or is done elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Hands {
    pub work: BTreeSet<InteractionId>,
    /// What they watch. It takes no capacity.
    pub watched: BTreeSet<InteractionId>,
    used: [u32; MediaType::ALL.len()],
    /// For new work of each media type the percent that is in use.
    percent: [u32; MediaType::ALL.len()],
    /// How many of it are accepted.
    handling: usize,
    /// How many are done elsewhere.
    external: usize,
    /// The share of the agent's capacity that it takes, in millionths.
    load: u64,
}

/// What a piece of work takes of an agent's capacity.
struct Cost {
    media_type: MediaType,
    percent: [u32; MediaType::ALL.len()],
    load: u64,
}

impl Cost {
    fn of(state: &State, agent: &AgentId, queue: Option<&QueueId>, media_type: MediaType) -> Self {
        let mut cost = Self {
            media_type,
            percent: [0; MediaType::ALL.len()],
            load: 0,
        };
        let Some(agent) = state.agents.get(agent) else {
            return cost;
        };
        let limits = state.limits(agent, queue, media_type);
        let by_slots = if limits.slots == UNLIMITED {
            0
        } else {
            WHOLE / u64::from(limits.slots.max(1))
        };
        cost.load = by_slots.max(u64::from(limits.percent) * WHOLE / 100);
        if limits.percent > 0 {
            for new in MediaType::ALL {
                if !state.may_interrupt(agent, queue, media_type, new) {
                    cost.percent[new as usize] = u32::from(limits.percent);
                }
            }
        }
        cost
    }
}

impl Hands {
    fn add(&mut self, cost: &Cost) {
        self.used[cost.media_type as usize] += 1;
        for (sum, percent) in self.percent.iter_mut().zip(cost.percent) {
            *sum += percent;
        }
        self.load += cost.load;
    }

    fn subtract(&mut self, cost: &Cost) {
        let used = &mut self.used[cost.media_type as usize];
        *used = used.saturating_sub(1);
        for (sum, percent) in self.percent.iter_mut().zip(cost.percent) {
            *sum = sum.saturating_sub(percent);
        }
        self.load = self.load.saturating_sub(cost.load);
    }

    fn is_empty(&self) -> bool {
        self.work.is_empty() && self.watched.is_empty() && self.external == 0
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

    /// What an agent watches.
    pub fn watched_by(&self, agent: &AgentId) -> impl Iterator<Item = InteractionId> + use<'_> {
        self.hands
            .get(agent)
            .into_iter()
            .flat_map(|hands| hands.watched.iter().copied())
    }

    /// How much of an agent's capacity is in use, for new work of a media type.
    pub fn load(&self, agent: &AgentId, media_type: MediaType) -> Load {
        self.hands.get(agent).map_or(
            Load {
                used: 0,
                percent: 0,
            },
            |hands| Load {
                used: hands.used[media_type as usize],
                percent: hands.percent[media_type as usize],
            },
        )
    }

    /// Whether an agent has accepted work.
    pub fn is_busy(&self, agent: &AgentId) -> bool {
        self.hands
            .get(agent)
            .is_some_and(|hands| hands.handling > 0)
    }

    pub fn begin_external(
        &mut self,
        state: &State,
        agent: &AgentId,
        reference: &str,
        external: &External,
    ) {
        let cost = Cost::of(state, agent, None, external.media_type);
        let hands = self.hands.entry(agent.clone()).or_default();
        hands.external += 1;
        if !fault::is_on("work-elsewhere-ignored") {
            hands.add(&cost);
        }
        self.deadlines.insert((
            external.until,
            Due::External(agent.clone(), reference.to_owned()),
        ));
    }

    pub fn end_external(
        &mut self,
        state: &State,
        agent: &AgentId,
        reference: &str,
        external: &External,
    ) {
        let cost = Cost::of(state, agent, None, external.media_type);
        if let Some(hands) = self.hands.get_mut(agent) {
            hands.external = hands.external.saturating_sub(1);
            hands.subtract(&cost);
        }
        self.drop_if_empty(agent);
        self.deadlines.remove(&(
            external.until,
            Due::External(agent.clone(), reference.to_owned()),
        ));
    }

    pub(super) fn watch(&mut self, agent: &AgentId, id: InteractionId) {
        let hands = self.hands.entry(agent.clone()).or_default();
        hands.watched.insert(id);
    }

    pub(super) fn stop_watching(&mut self, agent: &AgentId, id: InteractionId) {
        if let Some(hands) = self.hands.get_mut(agent) {
            hands.watched.remove(&id);
        }
        self.drop_if_empty(agent);
    }

    pub(super) fn take_in_hand(
        &mut self,
        state: &State,
        agent: &AgentId,
        id: InteractionId,
        work: &Work,
        is_handled: bool,
    ) {
        let cost = Cost::of(state, agent, Some(&work.queue), work.media_type);
        let hands = self.hands.entry(agent.clone()).or_default();
        if hands.work.insert(id) {
            hands.handling += usize::from(is_handled);
            hands.add(&cost);
        }
    }

    pub(super) fn let_go(
        &mut self,
        state: &State,
        agent: &AgentId,
        id: InteractionId,
        work: &Work,
        is_handled: bool,
    ) {
        let cost = Cost::of(state, agent, Some(&work.queue), work.media_type);
        let Some(hands) = self.hands.get_mut(agent) else {
            return;
        };
        if hands.work.remove(&id) {
            hands.handling = hands.handling.saturating_sub(usize::from(is_handled));
            hands.subtract(&cost);
        }
        self.drop_if_empty(agent);
    }

    fn drop_if_empty(&mut self, agent: &AgentId) {
        if self.hands.get(agent).is_some_and(Hands::is_empty) {
            self.hands.remove(agent);
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
        for (key, standing) in &mut lanes {
            let is_there = standing.is_new && is_staffed(state, agent, key);
            if is_there != standing.is_staffed {
                standing.is_staffed = is_there;
                self.restaff(id, key, is_there);
            }
            let now = self.rank(state, id, agent, key, standing.over_limit);
            if now == standing.rank {
                continue;
            }
            let Some(lane) = self.lanes.get_mut(key) else {
                continue;
            };
            if standing.rank.is_some() != now.is_some() && !lane.waiting.is_empty() {
                self.dirty.insert(key.clone());
            }
            if let Some(old) = standing.rank.take() {
                lane.available.remove(&(old, id.clone()));
            }
            if let Some(new) = now {
                lane.available.insert((new, id.clone()));
            }
            standing.rank = now;
        }
        self.qualified.insert(id.clone(), lanes);
    }

    /// Keeps whom a lane's latest step adds. When one goes, what waits only for them does so no longer.
    fn restaff(&mut self, id: &AgentId, key: &LaneKey, is_there: bool) {
        let Some(lane) = self.lanes.get_mut(key) else {
            return;
        };
        if is_there {
            lane.staffed.insert(id.clone());
            return;
        }
        lane.staffed.remove(id);
        if fault::is_on("who-leaves-is-waited-for") {
            return;
        }
        match lane.staffed.first() {
            None => self.unsettled.extend(lane.stepping.iter().copied()),
            // Only what is not to be offered to anybody who is left can have nobody to wait for.
            Some(left) => {
                let from = lane.waiting.excluded_from(left);
                let from = from.map(|place| place.merit.id);
                self.unsettled
                    .extend(from.filter(|id| lane.stepping.contains(id)));
            }
        }
    }

    /// The rank of an agent who may get a lane's interactions; none if they cannot take one now.
    pub fn rank(
        &self,
        state: &State,
        id: &AgentId,
        agent: &Agent,
        key: &LaneKey,
        over_limit: bool,
    ) -> Option<Rank> {
        if !is_staffed(state, agent, key) {
            return None;
        }
        let load = self.load(id, key.media_type);
        if !state.has_room(agent, &key.queue, key.media_type, load, over_limit) {
            return None;
        }
        let hands = self.hands.get(id);
        // Somebody with work in hand is less idle than somebody without, however long ago their
        // last work ended; otherwise a burst would pile up on one agent.
        let in_hand = hands.map_or(0, |hands| (hands.work.len() + hands.external) as u64);
        let queue = &state.queues.get(&key.queue)?.settings;
        let (first, second) = match (queue.skill_mode, queue.selection) {
            (SkillMode::BestAvailable, _) | (_, SelectionMethod::BestProficiency) => {
                (mean_shortfall(agent, key), in_hand)
            }
            (_, SelectionMethod::LongestIdle) if fault::is_on("work-in-hand-ignored") => (0, 0),
            (_, SelectionMethod::LongestIdle) => (in_hand, 0),
            (_, SelectionMethod::LeastLoaded) if fault::is_on("load-ignored") => (0, 0),
            (_, SelectionMethod::LeastLoaded) => (hands.map_or(0, |hands| hands.load), 0),
        };
        Some(Rank {
            first,
            second,
            idle_since: agent
                .idle_since
                .filter(|_| !fault::is_on("idle-time-ignored")),
        })
    }
}

/// How far an agent's mean proficiency in the skills of a lane is from perfect, in thousandths.
fn mean_shortfall(agent: &Agent, key: &LaneKey) -> u64 {
    let count = key.skills.len() as u64;
    if count == 0 || fault::is_on("proficiency-ignored") {
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
