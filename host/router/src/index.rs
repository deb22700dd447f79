//! What can be computed from the state and is kept up to date so that a decision need not scan it.
//!
//! Waiting interactions that the same agents can take (same queue, media type and required skills)
//! wait in one **lane**. A lane knows its interactions in order and the agents who could take one
//! now in order of preference, so that the next pair is the first of each. Lanes whose first pair may
//! have changed are **dirty**; the router looks at each once, and then not again until work, or an
//! agent, comes to it or leaves it.

mod agents;
mod line;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use linecard_model::routing::{InteractionState, MediaType, QueueOrder, RequiredSkill};
use linecard_model::{AgentId, InteractionId, OfferId, QueueId, Timestamp};

pub(crate) use self::agents::{Hands, Rank};
pub(crate) use self::line::Line;
use crate::state::{Exclusion, State, Work};

/// What the interactions of one lane have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LaneKey {
    pub queue: QueueId,
    pub media_type: MediaType,
    pub skills: Arc<[RequiredSkill]>,
}

impl LaneKey {
    pub fn of(work: &Work) -> Self {
        Self {
            queue: work.queue.clone(),
            media_type: work.media_type,
            skills: Arc::clone(&work.skills),
        }
    }
}

/// An interaction's place among the waiting. The first is next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The priority negated where the queue's order is strict, else always 0.
    strict: i64,
    pub merit: Merit,
}

/// An interaction's place among those of several queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Merit {
    /// Milliseconds of the entry, moved forward by the priority: ordering by it is ordering by
    /// minutes in queue plus priority, whatever the time is.
    virtual_entry: i64,
    arrival: u64,
    pub id: InteractionId,
}

impl Place {
    pub fn of(state: &State, id: InteractionId, work: &Work) -> Self {
        let strict = state
            .queues
            .get(&work.queue)
            .is_some_and(|queue| queue.settings.order == QueueOrder::StrictPriority);
        let priority = i64::from(work.priority);
        Self {
            strict: if strict { -priority } else { 0 },
            merit: Merit {
                virtual_entry: work
                    .entered
                    .as_millisecond()
                    .saturating_sub(priority.saturating_mul(60_000)),
                arrival: work.arrival,
                id,
            },
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lane {
    /// How many interactions in the router belong here, waiting or not.
    live: usize,
    pub waiting: Line,
    /// The agents who are ready, have the skills and a free slot, best first.
    pub available: BTreeSet<(Rank, AgentId)>,
}

impl Lane {
    /// The first interaction that can be offered to somebody now.
    pub fn first(&mut self) -> Option<Place> {
        self.waiting
            .first_for(self.available.iter().map(|(_, agent)| agent))
    }
}

/// How many interactions are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Stages {
    pub queued: u64,
    pub offered: u64,
    pub connected: u64,
    pub wrap_up: u64,
}

impl Stages {
    /// The count of a state; none of what is over.
    fn of(&mut self, state: &InteractionState) -> Option<&mut u64> {
        match state {
            InteractionState::Queued => Some(&mut self.queued),
            InteractionState::Offered { .. } => Some(&mut self.offered),
            InteractionState::Connected { .. } => Some(&mut self.connected),
            InteractionState::WrapUp { .. } => Some(&mut self.wrap_up),
            InteractionState::Ended { .. } => None,
        }
    }
}

/// Something that has to be done at a certain time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    Offer(InteractionId),
    WrapUp(InteractionId),
    Exclusion(InteractionId, AgentId),
    Desktop(AgentId),
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    pub lanes: BTreeMap<LaneKey, Lane>,
    pub dirty: BTreeSet<LaneKey>,
    pub hands: BTreeMap<AgentId, Hands>,
    /// For each agent the lanes for which they have the skills, and their rank there when they
    /// could take work now.
    qualified: BTreeMap<AgentId, BTreeMap<LaneKey, Option<Rank>>>,
    /// For each agent the interactions from which they are excluded.
    pub excluded: BTreeMap<AgentId, BTreeSet<InteractionId>>,
    /// The offers that alert.
    pub offers: BTreeMap<OfferId, InteractionId>,
    pub deadlines: BTreeSet<(Timestamp, Due)>,
    /// For each queue and media type the waiting interactions, oldest first.
    pub ages: BTreeMap<(QueueId, MediaType), BTreeSet<(u64, InteractionId)>>,
    pub stages: Stages,
}

impl Index {
    /// The index of a state.
    pub fn build(state: &State) -> Self {
        let mut index = Self::default();
        for (id, agent) in &state.agents {
            if let Some(away) = &agent.away {
                index
                    .deadlines
                    .insert((away.deadline, Due::Desktop(id.clone())));
            }
        }
        for (id, work) in &state.work {
            index.open_lane(state, LaneKey::of(work));
            index.attach(state, *id, work);
        }
        for id in state.agents.keys() {
            index.refresh_agent(state, id);
        }
        index
    }

    /// Counts an interaction that belongs to a lane in, and makes the lane if there is none yet.
    pub fn open_lane(&mut self, state: &State, key: LaneKey) {
        if let Some(lane) = self.lanes.get_mut(&key) {
            lane.live += 1;
            return;
        }
        let mut lane = Lane {
            live: 1,
            ..Lane::default()
        };
        let members = state
            .queues
            .get(&key.queue)
            .map(|queue| &queue.settings.members)
            .into_iter()
            .flatten();
        for id in members {
            let Some(agent) = state.agents.get(id) else {
                continue;
            };
            if agent.removed || !agent.has_skills(&key.skills) {
                continue;
            }
            let rank = self.rank(state, id, agent, &key);
            if let Some(rank) = rank {
                lane.available.insert((rank, id.clone()));
            }
            self.qualified
                .entry(id.clone())
                .or_default()
                .insert(key.clone(), rank);
        }
        self.lanes.insert(key, lane);
    }

    /// Counts an interaction out of its lane, and drops the lane with its last.
    pub fn close_lane(&mut self, state: &State, key: &LaneKey) {
        let Some(lane) = self.lanes.get_mut(key) else {
            return;
        };
        lane.live = lane.live.saturating_sub(1);
        if lane.live > 0 {
            return;
        }
        self.lanes.remove(key);
        self.dirty.remove(key);
        let members = state
            .queues
            .get(&key.queue)
            .map(|queue| &queue.settings.members)
            .into_iter()
            .flatten();
        for id in members {
            if let Some(lanes) = self.qualified.get_mut(id) {
                lanes.remove(key);
                if lanes.is_empty() {
                    self.qualified.remove(id);
                }
            }
        }
    }

    /// Whether any interaction of a queue is in the router.
    pub fn has_work_of(&self, queue: &QueueId) -> bool {
        self.lanes_of(queue).next().is_some()
    }

    /// The lanes of a queue.
    pub fn lanes_of(&self, queue: &QueueId) -> impl Iterator<Item = (&LaneKey, &Lane)> {
        let first = LaneKey {
            queue: queue.clone(),
            media_type: MediaType::Call,
            skills: Arc::from([]),
        };
        let queue = queue.clone();
        self.lanes
            .range((Bound::Included(first), Bound::Unbounded))
            .take_while(move |(key, _)| key.queue == queue)
    }

    /// Enters an interaction as it is now.
    pub fn attach(&mut self, state: &State, id: InteractionId, work: &Work) {
        if let Some(count) = self.stages.of(&work.state) {
            *count += 1;
        }
        match &work.state {
            InteractionState::Queued => {
                let key = LaneKey::of(work);
                if let Some(lane) = self.lanes.get_mut(&key) {
                    let place = Place::of(state, id, work);
                    lane.waiting.insert(place, work.excluded.keys());
                    self.dirty.insert(key);
                }
                self.ages
                    .entry((work.queue.clone(), work.media_type))
                    .or_default()
                    .insert((work.arrival, id));
            }
            InteractionState::Offered {
                offer, deadline, ..
            } => {
                self.offers.insert(*offer, id);
                self.deadlines.insert((*deadline, Due::Offer(id)));
            }
            InteractionState::WrapUp {
                deadline: Some(deadline),
                ..
            } => {
                self.deadlines.insert((*deadline, Due::WrapUp(id)));
            }
            InteractionState::Connected { .. }
            | InteractionState::WrapUp { .. }
            | InteractionState::Ended { .. } => {}
        }
        if let Some(agent) = work.state.agent() {
            self.take_in_hand(state, agent, id, work);
        }
        for (agent, exclusion) in &work.excluded {
            self.excluded.entry(agent.clone()).or_default().insert(id);
            self.deadlines
                .insert((exclusion.until, Due::Exclusion(id, agent.clone())));
        }
    }

    /// Takes an interaction out as it is now: the reverse of [`Self::attach`].
    pub fn detach(&mut self, state: &State, id: InteractionId, work: &Work) {
        if let Some(count) = self.stages.of(&work.state) {
            *count = count.saturating_sub(1);
        }
        match &work.state {
            InteractionState::Queued => {
                let key = LaneKey::of(work);
                if let Some(lane) = self.lanes.get_mut(&key) {
                    let place = Place::of(state, id, work);
                    lane.waiting.remove(place, work.excluded.keys());
                    self.dirty.insert(key);
                }
                let key = (work.queue.clone(), work.media_type);
                if let Some(ages) = self.ages.get_mut(&key) {
                    ages.remove(&(work.arrival, id));
                    if ages.is_empty() {
                        self.ages.remove(&key);
                    }
                }
            }
            InteractionState::Offered {
                offer, deadline, ..
            } => {
                self.offers.remove(offer);
                self.deadlines.remove(&(*deadline, Due::Offer(id)));
            }
            InteractionState::WrapUp {
                deadline: Some(deadline),
                ..
            } => {
                self.deadlines.remove(&(*deadline, Due::WrapUp(id)));
            }
            InteractionState::Connected { .. }
            | InteractionState::WrapUp { .. }
            | InteractionState::Ended { .. } => {}
        }
        if let Some(agent) = work.state.agent() {
            self.let_go(state, agent, id, work);
        }
        for (agent, exclusion) in &work.excluded {
            self.forget_exclusion(id, agent, exclusion);
        }
    }

    /// Follows an interaction that can be offered to an agent again. Unlike taking it out and
    /// entering it anew, this costs the same however many agents are excluded: who becomes ready is
    /// readmitted to everything at once.
    pub fn readmit(
        &mut self,
        state: &State,
        id: InteractionId,
        work: &Work,
        agent: &AgentId,
        exclusion: &Exclusion,
    ) {
        self.forget_exclusion(id, agent, exclusion);
        if work.state != InteractionState::Queued {
            return;
        }
        let key = LaneKey::of(work);
        if let Some(lane) = self.lanes.get_mut(&key) {
            lane.waiting.readmit(Place::of(state, id, work), agent);
            self.dirty.insert(key);
        }
    }

    fn forget_exclusion(&mut self, id: InteractionId, agent: &AgentId, exclusion: &Exclusion) {
        if let Some(from) = self.excluded.get_mut(agent) {
            from.remove(&id);
            if from.is_empty() {
                self.excluded.remove(agent);
            }
        }
        self.deadlines
            .remove(&(exclusion.until, Due::Exclusion(id, agent.clone())));
    }
}

#[cfg(test)]
impl Index {
    /// Names the first part in which two indexes differ. Which lanes are still to be looked at is
    /// not compared.
    pub fn difference(&self, other: &Self) -> Option<&'static str> {
        [
            ("lanes", self.lanes == other.lanes),
            ("hands", self.hands == other.hands),
            ("qualified", self.qualified == other.qualified),
            ("excluded", self.excluded == other.excluded),
            ("offers", self.offers == other.offers),
            ("deadlines", self.deadlines == other.deadlines),
            ("ages", self.ages == other.ages),
            ("stages", self.stages == other.stages),
        ]
        .into_iter()
        .find_map(|(part, same)| (!same).then_some(part))
    }
}
