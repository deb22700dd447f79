//! Who gets what, found by looking at everything that waits and at everybody.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use linecard_model::routing::{
    AgentSettings, InteractionState, LegRole, MediaType, QueueOrder, RequiredSkill,
    RoutingSettings, SelectionMethod, SkillMode,
};
use linecard_model::{AgentId, GroupId, InteractionId, QueueId, Timestamp};

use super::{Entry, Ledger};

/// Something that an agent has in hand: of which queue, and of which type.
type Piece<'a> = (Option<&'a QueueId>, MediaType);
pub(super) type Held<'a> = BTreeMap<&'a AgentId, Vec<Piece<'a>>>;

impl Ledger {
    /// Whether the choice of this agent for this interaction was the right one: the one that is found
    /// by looking at everything that waits and at everybody.
    pub(super) fn check_choice(&self, id: InteractionId, agent: &AgentId) {
        let entry = &self.entries[&id];
        assert_eq!(entry.state, InteractionState::Queued, "{id} offered twice");
        assert!(!self.paused.contains(&entry.queue), "the queue is paused");
        let held = self.held();
        assert!(
            self.can_take(&held, agent, entry),
            "{agent} cannot take {id}"
        );
        assert_eq!(self.next(&held), Some(id), "offered before its turn");
        // Nobody who could take it is before this agent.
        let rank = self.rank(&held, agent, entry);
        for other in self.agents.keys() {
            if self.can_take(&held, other, entry) {
                assert!(
                    rank <= self.rank(&held, other, entry),
                    "{other} before {agent}"
                );
            }
        }
    }

    /// What is to be offered next: of each queue the first by the queue's own order that anybody can
    /// take, and of these the first by score.
    fn next(&self, held: &Held<'_>) -> Option<InteractionId> {
        let mut of_queue: BTreeMap<&QueueId, (InteractionId, &Entry)> = BTreeMap::new();
        let there: Vec<&AgentId> = self.agents.keys().filter(|id| self.is_there(id)).collect();
        for (id, entry) in &self.entries {
            let is_later = of_queue
                .get(&entry.queue)
                .is_some_and(|first| self.line(first.1) < self.line(entry));
            if is_later
                || entry.state != InteractionState::Queued
                || self.paused.contains(&entry.queue)
                || !there.iter().any(|agent| self.can_take(held, agent, entry))
            {
                continue;
            }
            of_queue.insert(&entry.queue, (*id, entry));
        }
        of_queue
            .into_values()
            .min_by_key(|(_, entry)| {
                let (_, score, number) = self.line(entry);
                (score, number)
            })
            .map(|(id, _)| id)
    }

    /// An interaction's place in its queue.
    pub(super) fn line(&self, entry: &Entry) -> (Reverse<i32>, i64, u64) {
        let strict = self.queues[&entry.queue].order == QueueOrder::StrictPriority;
        let moved = i64::from(entry.priority) * 60_000;
        (
            Reverse(if strict { entry.priority } else { 0 }),
            entry.entered.as_millisecond() - moved,
            entry.number,
        )
    }

    /// An agent's place among those who could take an interaction.
    fn rank<'a>(
        &'a self,
        held: &Held<'_>,
        agent: &'a AgentId,
        entry: &Entry,
    ) -> (u64, u64, Option<Timestamp>, &'a AgentId) {
        let idle_since = self.agents[agent].idle_since;
        let in_hand = in_hand(held, agent);
        let busy = in_hand.len() as u64;
        let queue = &self.queues[&entry.queue];
        let by_skill = queue.skill_mode == SkillMode::BestAvailable
            || queue.selection == SelectionMethod::BestProficiency;
        let (first, second) = if by_skill {
            let ranked: &[RequiredSkill] = if queue.skill_mode == SkillMode::Disregard {
                &[]
            } else {
                &entry.skills
            };
            let levels = ranked
                .iter()
                .map(|need| u64::from(self.proficiency(agent, need).unwrap_or(0)));
            let mean = levels.sum::<u64>() * 1000 / (ranked.len().max(1) as u64);
            (u64::MAX - mean, busy)
        } else if queue.selection == SelectionMethod::LeastLoaded {
            let load = in_hand.iter().map(|(of, media_type)| {
                let by_slots = match self.slots(agent, *of, *media_type) {
                    None => 0,
                    Some(slots) => 1_000_000 / u64::from(slots.max(1)),
                };
                by_slots.max(u64::from(self.percent(agent, *of, *media_type)) * 10_000)
            });
            (load.sum(), 0)
        } else {
            (busy, 0)
        };
        (first, second, idle_since, agent)
    }

    pub(super) fn can_take(&self, held: &Held<'_>, agent: &AgentId, entry: &Entry) -> bool {
        self.is_there(agent)
            && !entry.excluded.contains_key(agent)
            && self
                .eligible(agent, entry)
                .is_some_and(|over_limit| self.has_room(held, agent, entry, over_limit))
    }

    pub(super) fn is_there(&self, agent: &AgentId) -> bool {
        let person = &self.agents[agent];
        person.presence.is_ready() && person.desktop
    }

    /// Whether the steps so far name an agent who has the skills, and then whether up to the hard limit.
    fn eligible(&self, agent: &AgentId, entry: &Entry) -> Option<bool> {
        (0..=entry.step)
            .filter(|number| self.names(agent, entry, *number))
            .map(|number| entry.steps.get(number).is_some_and(|step| step.over_limit))
            .reduce(|one, other| one || other)
    }

    /// Whether one step names an agent who has the skills for it.
    pub(super) fn names(&self, agent: &AgentId, entry: &Entry, number: usize) -> bool {
        let queue = &self.queues[&entry.queue];
        let usual: &[RequiredSkill] = if queue.skill_mode == SkillMode::All {
            &entry.skills
        } else {
            &[]
        };
        let group_has = |group: &GroupId| {
            let mut groups = self.settings.groups.iter();
            groups.any(|known| known.id == *group && known.members.contains(agent))
        };
        let is_member = || queue.members.contains(agent) || queue.groups.iter().any(group_has);
        let (is_in, skills) = match entry.steps.get(number) {
            None => (is_member(), usual),
            Some(step) => {
                let is_in = if let Some(group) = &step.group {
                    group_has(group)
                } else if step.agents.is_empty() {
                    is_member()
                } else {
                    step.agents.contains(agent)
                };
                (is_in, step.skills.as_deref().unwrap_or(usual))
            }
        };
        is_in
            && skills.iter().all(|need| {
                self.proficiency(agent, need)
                    .is_some_and(|has| has >= need.min_proficiency.unwrap_or(1))
            })
    }

    pub(super) fn is_entitled(&self, agent: &AgentId, media_type: MediaType) -> bool {
        let own = self.set_up(agent).media_types.as_ref();
        let mut stations = self.settings.stations.iter();
        own.is_none_or(|types| types.contains(&media_type))
            || stations.any(|station| {
                Some(&station.id) == self.agents[agent].station.as_ref()
                    && station.media_types.contains(&media_type)
            })
    }

    /// Whether both models of capacity allow one more.
    pub(super) fn has_room(
        &self,
        held: &Held<'_>,
        agent: &AgentId,
        entry: &Entry,
        over_limit: bool,
    ) -> bool {
        let media_type = entry.media_type;
        let in_hand = in_hand(held, agent);
        let used = in_hand.iter().filter(|(_, of)| *of == media_type).count();
        let over = usize::from(if over_limit {
            self.settings.over_limit
        } else {
            0
        });
        let slots = self.slots(agent, Some(&entry.queue), media_type);
        let percent = usize::from(self.percent(agent, Some(&entry.queue), media_type));
        let in_use: usize = in_hand
            .iter()
            .filter(|(queue, of)| !self.interrupts(agent, *queue, *of, media_type))
            .map(|(queue, of)| usize::from(self.percent(agent, *queue, *of)))
            .sum();
        self.is_entitled(agent, media_type)
            && slots != Some(0)
            && slots.is_none_or(|slots| used < usize::from(slots) + over)
            && in_use + percent <= 100 + over * percent
    }

    /// What everybody has in hand.
    pub(super) fn held(&self) -> Held<'_> {
        let mut held = Held::new();
        for entry in self.entries.values() {
            let asked = entry
                .legs
                .iter()
                .filter(|(_, (role, _))| *role == LegRole::Consultant)
                .map(|(agent, _)| agent);
            for agent in entry.state.agent().into_iter().chain(asked) {
                let piece = (Some(&entry.queue), entry.media_type);
                held.entry(agent).or_default().push(piece);
            }
        }
        for (agent, person) in &self.agents {
            for (media_type, _) in person.external.values() {
                held.entry(agent).or_default().push((None, *media_type));
            }
        }
        held
    }

    fn set_up(&self, agent: &AgentId) -> &AgentSettings {
        self.settings
            .agents
            .iter()
            .find(|known| known.id == *agent)
            .unwrap()
    }

    fn proficiency(&self, agent: &AgentId, need: &RequiredSkill) -> Option<u8> {
        self.set_up(agent)
            .skills
            .iter()
            .find(|level| level.skill == need.skill)
            .map(|level| level.proficiency)
    }

    /// Slots; none where only percent count.
    pub(super) fn slots(
        &self,
        agent: &AgentId,
        queue: Option<&QueueId>,
        of: MediaType,
    ) -> Option<u16> {
        let of_queue = queue.and_then(|id| self.queues[id].slots.get(&of));
        let set = self
            .set_up(agent)
            .slots
            .get(&of)
            .or(of_queue)
            .or(self.settings.slots.get(&of));
        match set {
            Some(slots) => Some(*slots),
            None if self.percent_set(agent, queue, of).is_some() => None,
            None => Some(RoutingSettings::builtin_slots(of)),
        }
    }

    fn percent(&self, agent: &AgentId, queue: Option<&QueueId>, of: MediaType) -> u8 {
        self.percent_set(agent, queue, of).unwrap_or(0)
    }

    fn percent_set(&self, agent: &AgentId, queue: Option<&QueueId>, of: MediaType) -> Option<u8> {
        let of_queue = queue.and_then(|id| self.queues[id].percent.get(&of));
        self.set_up(agent)
            .percent
            .get(&of)
            .or(of_queue)
            .or(self.settings.percent.get(&of))
            .copied()
    }

    fn interrupts(
        &self,
        agent: &AgentId,
        queue: Option<&QueueId>,
        in_hand: MediaType,
        new: MediaType,
    ) -> bool {
        let of_queue = queue.and_then(|id| self.queues[id].interruptible_by.get(&in_hand));
        self.set_up(agent)
            .interruptible_by
            .get(&in_hand)
            .or(of_queue)
            .or(self.settings.interruptible_by.get(&in_hand))
            .is_some_and(|types| types.contains(&new))
    }
}

fn in_hand<'a>(held: &'a Held<'_>, agent: &AgentId) -> &'a [Piece<'a>] {
    held.get(agent).map_or(&[], Vec::as_slice)
}
