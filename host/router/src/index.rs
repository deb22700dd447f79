//! What can be computed from the state and is kept up to date so that a decision need not scan it.
//!
//! Waiting interactions that the same agents can take (same queue, media type, required skills and
//! routing steps so far) wait in one **lane**. A lane knows its interactions in order and the agents who could take one
//! now in order of preference, so that the next pair is the first of each. Lanes whose first pair may
//! have changed are **dirty**; the router looks at each once, and then not again until work, or an
//! agent, comes to it or leaves it.
//!
//! An interaction is **unsettled** when its routing step may have nobody left to wait for.

mod agents;
mod clocks;
mod line;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use linecard_model::routing::{
    InteractionState, LegRole, MediaType, QueueOrder, RequiredSkill, ServiceClock, SkillMode,
};
use linecard_model::{AgentId, InteractionId, OfferId, QueueId, Timestamp};

pub(crate) use self::agents::{Hands, Rank, Standing};
pub(crate) use self::line::Line;
use crate::counters::later;
use crate::fault;
use crate::state::{Agent, Exclusion, State, Work};
use crate::steps::Pool;

/// What the interactions of one lane have in common.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LaneKey {
    pub queue: QueueId,
    pub media_type: MediaType,
    /// By these the agents are ranked; without pools they must have them, unless the queue's mode says
    /// otherwise.
    pub skills: Arc<[RequiredSkill]>,
    /// Who may get them. Empty: the queue's members.
    pub pools: Arc<[Pool]>,
}

impl LaneKey {
    pub fn of(state: &State, work: &Work) -> Self {
        Self {
            queue: work.queue.clone(),
            media_type: work.media_type,
            skills: if state.skill_mode(&work.queue) == SkillMode::Disregard {
                Arc::default()
            } else {
                Arc::clone(&work.skills)
            },
            pools: work.pools(state),
        }
    }

    /// How an agent stands to the lane's interactions. None: they may not get them.
    pub fn standing(&self, state: &State, id: &AgentId, agent: &Agent) -> Option<Standing> {
        if self.pools.is_empty() {
            let needed = state.needed(&self.queue, &self.skills);
            return (state.is_member(&self.queue, id) && agent.has_skills(&needed)).then_some(
                Standing {
                    is_new: true,
                    ..Standing::default()
                },
            );
        }
        let mut standing: Option<Standing> = None;
        for (number, pool) in self.pools.iter().enumerate() {
            if pool.has(state, &self.queue, id, agent) {
                let known = standing.get_or_insert_with(Standing::default);
                known.over_limit |= pool.over_limit;
                known.is_new = number + 1 == self.pools.len();
            }
        }
        standing
    }

    /// Everybody who may get the lane's interactions, if they have the skills.
    pub fn candidates<'a>(&'a self, state: &'a State) -> BTreeSet<&'a AgentId> {
        if self.pools.is_empty() {
            let queue = state.queues.get(&self.queue);
            return queue.into_iter().flat_map(|queue| &queue.members).collect();
        }
        self.pools
            .iter()
            .filter_map(|pool| pool.candidates(state, &self.queue))
            .flatten()
            .collect()
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
        let strict = strict && !fault::is_on("strict-order-ignored");
        let priority = if fault::is_on("priority-ignored") {
            0
        } else {
            i64::from(work.priority)
        };
        Self {
            strict: if strict { -priority } else { 0 },
            merit: Merit {
                virtual_entry: if fault::is_on("newest-first") {
                    -work.entered.as_millisecond()
                } else {
                    work.entered
                        .as_millisecond()
                        .saturating_sub(priority.saturating_mul(60_000))
                },
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
    /// Those whom the latest routing step adds and who are ready, present and fit, with a free slot or
    /// not: as long as there is one, the step is worth waiting for.
    pub staffed: BTreeSet<AgentId>,
    /// Of the interactions that wait, those that have a further step.
    pub stepping: BTreeSet<InteractionId>,
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
    pub held: u64,
    pub parked: u64,
    pub wrap_up: u64,
}

impl Stages {
    /// The count of a state; none of what is over.
    fn of(&mut self, state: &InteractionState) -> Option<&mut u64> {
        match state {
            InteractionState::Queued => Some(&mut self.queued),
            InteractionState::Offered { .. } => Some(&mut self.offered),
            InteractionState::Connected { .. } => Some(&mut self.connected),
            InteractionState::Held { .. } => Some(&mut self.held),
            InteractionState::Parked { .. } => Some(&mut self.parked),
            InteractionState::WrapUp { .. } => Some(&mut self.wrap_up),
            InteractionState::Ended { .. } => None,
        }
    }
}

/// Something that has to be done at a certain time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Due {
    Offer(InteractionId, AgentId),
    Step(InteractionId),
    Overflow(InteractionId),
    Park(InteractionId),
    WrapUp(InteractionId),
    Exclusion(InteractionId, AgentId),
    Desktop(AgentId),
    External(AgentId, String),
    /// The first of a queue's service clocks.
    Clock(QueueId),
}

/// When each of some interactions entered, and which one came first.
pub(crate) type Ages = BTreeSet<(Timestamp, u64, InteractionId)>;

#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    pub lanes: BTreeMap<LaneKey, Lane>,
    pub dirty: BTreeSet<LaneKey>,
    pub unsettled: BTreeSet<InteractionId>,
    pub hands: BTreeMap<AgentId, Hands>,
    /// For each agent the lanes whose interactions they may get, and how they stand there.
    qualified: BTreeMap<AgentId, BTreeMap<LaneKey, Standing>>,
    /// For each agent the interactions from which they are excluded.
    pub excluded: BTreeMap<AgentId, BTreeSet<InteractionId>>,
    /// The offers that alert.
    pub offers: BTreeMap<OfferId, InteractionId>,
    pub deadlines: BTreeSet<(Timestamp, Due)>,
    /// What each agent has parked.
    pub parked: BTreeMap<AgentId, BTreeSet<InteractionId>>,
    /// For each queue and media type the waiting interactions, oldest first.
    pub ages: BTreeMap<(QueueId, MediaType), Ages>,
    pub stages: Stages,
    /// For each queue what is to be told of service clocks, ordered by its open time.
    clocks: BTreeMap<QueueId, BTreeSet<(i64, InteractionId, ServiceClock)>>,
    /// When the first of them is due, of those queues where it is.
    clock_dues: BTreeMap<QueueId, Timestamp>,
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
            for (reference, external) in &agent.external {
                index.begin_external(state, id, reference, external);
            }
        }
        for (id, work) in &state.work {
            index.open_lane(state, LaneKey::of(state, work));
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
        for id in key.candidates(state) {
            let Some(agent) = state.known_agent(id) else {
                continue;
            };
            let Some(mut standing) = key.standing(state, id, agent) else {
                continue;
            };
            standing.rank = self.rank(state, id, agent, &key, standing.over_limit);
            if let Some(rank) = standing.rank {
                lane.available.insert((rank, id.clone()));
            }
            standing.is_staffed = standing.is_new && is_staffed(state, agent, &key);
            if standing.is_staffed {
                lane.staffed.insert(id.clone());
            }
            self.qualified
                .entry(id.clone())
                .or_default()
                .insert(key.clone(), standing);
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
        for id in key.candidates(state) {
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
            skills: Arc::default(),
            pools: Arc::default(),
        };
        let queue = queue.clone();
        self.lanes
            .range((Bound::Included(first), Bound::Unbounded))
            .take_while(move |(key, _)| key.queue == queue)
    }

    /// Lets a queue's interactions be looked at again.
    pub fn stir(&mut self, queue: &QueueId) {
        let keys: Vec<LaneKey> = self.lanes_of(queue).map(|(key, _)| key.clone()).collect();
        self.dirty.extend(keys);
    }

    /// Enters an interaction as it is now.
    pub fn attach(&mut self, state: &State, id: InteractionId, work: &Work) {
        if let Some(count) = self.stages.of(&work.state) {
            *count += 1;
        }
        if work.state == InteractionState::Queued {
            self.line_up(state, id, work);
        }
        for (deadline, due) in dues_of(state, id, work) {
            self.deadlines.insert((deadline, due));
        }
        match &work.state {
            InteractionState::Offered { offer, .. } => {
                self.offers.insert(*offer, id);
            }
            InteractionState::Parked { agent, .. } => {
                self.parked.entry(agent.clone()).or_default().insert(id);
            }
            _ => {}
        }
        if let Some(agent) = work.state.agent() {
            let is_handled = !matches!(work.state, InteractionState::Offered { .. });
            self.take_in_hand(state, agent, id, work, is_handled);
        }
        for (agent, leg) in &work.legs {
            if let Some(offer) = &leg.offer {
                self.offers.insert(offer.id, id);
            }
            if leg.role == LegRole::Observer {
                self.watch(agent, id);
            } else {
                self.take_in_hand(state, agent, id, work, leg.offer.is_none());
            }
        }
        for agent in work.excluded.keys() {
            self.excluded.entry(agent.clone()).or_default().insert(id);
        }
        self.set_clocks(state, id, work);
    }

    /// Takes an interaction out as it is now: the reverse of [`Self::attach`].
    pub fn detach(&mut self, state: &State, id: InteractionId, work: &Work) {
        if let Some(count) = self.stages.of(&work.state) {
            *count = count.saturating_sub(1);
        }
        if work.state == InteractionState::Queued {
            self.leave_line(state, id, work);
        }
        for (deadline, due) in dues_of(state, id, work) {
            self.deadlines.remove(&(deadline, due));
        }
        match &work.state {
            InteractionState::Offered { offer, .. } => {
                self.offers.remove(offer);
            }
            InteractionState::Parked { agent, .. } => {
                if let Some(parked) = self.parked.get_mut(agent) {
                    parked.remove(&id);
                    if parked.is_empty() {
                        self.parked.remove(agent);
                    }
                }
            }
            _ => {}
        }
        if let Some(agent) = work.state.agent() {
            let is_handled = !matches!(work.state, InteractionState::Offered { .. });
            self.let_go(state, agent, id, work, is_handled);
        }
        for (agent, leg) in &work.legs {
            if let Some(offer) = &leg.offer {
                self.offers.remove(&offer.id);
            }
            if leg.role == LegRole::Observer {
                self.stop_watching(agent, id);
            } else {
                self.let_go(state, agent, id, work, leg.offer.is_none());
            }
        }
        for agent in work.excluded.keys() {
            self.forget_exclusion(id, agent);
        }
        self.forget_clocks(state, id, work);
    }

    fn line_up(&mut self, state: &State, id: InteractionId, work: &Work) {
        let key = LaneKey::of(state, work);
        let has_next_step = work.has_next_step();
        if let Some(lane) = self.lanes.get_mut(&key) {
            let place = Place::of(state, id, work);
            lane.waiting.insert(place, work.excluded.keys());
            if has_next_step {
                lane.stepping.insert(id);
            }
            self.dirty.insert(key);
        }
        if has_next_step {
            self.unsettled.insert(id);
        }
        self.ages
            .entry((work.queue.clone(), work.media_type))
            .or_default()
            .insert((work.entered, work.arrival, id));
    }

    fn leave_line(&mut self, state: &State, id: InteractionId, work: &Work) {
        let key = LaneKey::of(state, work);
        if let Some(lane) = self.lanes.get_mut(&key) {
            let place = Place::of(state, id, work);
            lane.waiting.remove(place, work.excluded.keys());
            lane.stepping.remove(&id);
            self.dirty.insert(key);
        }
        self.unsettled.remove(&id);
        let key = (work.queue.clone(), work.media_type);
        if let Some(ages) = self.ages.get_mut(&key) {
            ages.remove(&(work.entered, work.arrival, id));
            if ages.is_empty() {
                self.ages.remove(&key);
            }
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
        self.forget_exclusion(id, agent);
        self.deadlines
            .remove(&(exclusion.until, Due::Exclusion(id, agent.clone())));
        if work.state != InteractionState::Queued {
            return;
        }
        let key = LaneKey::of(state, work);
        if let Some(lane) = self.lanes.get_mut(&key) {
            lane.waiting.readmit(Place::of(state, id, work), agent);
            self.dirty.insert(key);
        }
    }

    fn forget_exclusion(&mut self, id: InteractionId, agent: &AgentId) {
        if let Some(from) = self.excluded.get_mut(agent) {
            from.remove(&id);
            if from.is_empty() {
                self.excluded.remove(agent);
            }
        }
    }
}

/// Whether an agent whom a lane's latest step adds is worth waiting for.
pub(crate) fn is_staffed(state: &State, agent: &Agent, key: &LaneKey) -> bool {
    agent.takes_work() && state.entitles(agent, &key.queue, key.media_type)
}

/// When something has to be done about an interaction as it is now.
fn dues_of(state: &State, id: InteractionId, work: &Work) -> Vec<(Timestamp, Due)> {
    let mut dues = Vec::new();
    match &work.state {
        InteractionState::Queued => {
            let overflow = state.overflow_by_time(work);
            let overflow = overflow.filter(|_| !fault::is_on("overflow-never-due"));
            dues.extend(overflow.map(|(at, _)| (at, Due::Overflow(id))));
        }
        InteractionState::Offered {
            agent, deadline, ..
        } => dues.push((*deadline, Due::Offer(id, agent.clone()))),
        InteractionState::Parked { .. } if fault::is_on("parked-for-ever") => {}
        InteractionState::Parked { until, .. } => dues.push((*until, Due::Park(id))),
        InteractionState::WrapUp { .. } if fault::is_on("wrap-up-for-ever") => {}
        InteractionState::WrapUp {
            deadline: Some(deadline),
            ..
        } => dues.push((*deadline, Due::WrapUp(id))),
        InteractionState::Connected { .. }
        | InteractionState::Held { .. }
        | InteractionState::WrapUp { .. }
        | InteractionState::Ended { .. } => {}
    }
    let waits = matches!(
        work.state,
        InteractionState::Queued | InteractionState::Offered { .. }
    ) && !fault::is_on("steps-never-end");
    if let Some(until) = work.step_until
        && waits
        && work.has_next_step()
    {
        dues.push((until, Due::Step(id)));
    }
    for (agent, leg) in &work.legs {
        if let Some(offer) = &leg.offer {
            dues.push((offer.deadline, Due::Offer(id, agent.clone())));
        }
    }
    for (agent, exclusion) in &work.excluded {
        dues.push((exclusion.until, Due::Exclusion(id, agent.clone())));
    }
    dues
}

impl State {
    /// When a waiting interaction goes over to another queue by time, and by which rule.
    pub fn overflow_by_time(&self, work: &Work) -> Option<(Timestamp, u16)> {
        let rules = &self.queues.get(&work.queue)?.settings.overflow;
        (0_u16..)
            .zip(rules)
            .filter(|(_, rule)| self.can_overflow(work, &rule.to))
            .filter_map(|(number, rule)| Some((later(work.entered, rule.after_seconds?), number)))
            .min()
    }

    /// Whether an interaction can go over to a queue: one that there is, and where it has not been.
    pub fn can_overflow(&self, work: &Work, to: &QueueId) -> bool {
        *to != work.queue
            && !work.overflowed.contains(to)
            && self.queues.get(to).is_some_and(|queue| !queue.retired)
            || fault::is_on("overflow-in-circles")
                && *to != work.queue
                && self.queues.contains_key(to)
                && work.overflowed.len() < 2
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
            ("parked", self.parked == other.parked),
            ("ages", self.ages == other.ages),
            ("stages", self.stages == other.stages),
            ("clocks", self.clocks == other.clocks),
            ("clock dues", self.clock_dues == other.clock_dues),
        ]
        .into_iter()
        .find_map(|(part, same)| (!same).then_some(part))
    }
}
