//! Interactions that wait in order, and what keeps single agents from some of them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use linecard_model::AgentId;

use super::Place;

/// Those that wait in a lane. Whoever declined many of them must not make every later decision walk
/// over all of those: for each agent who is excluded from some it is remembered how far has been
/// looked, and what can be offered to them before that.
#[derive(Debug, Clone, Default)]
pub(crate) struct Line {
    places: BTreeSet<Place>,
    excluded: BTreeMap<AgentId, Excluded>,
}

/// From what one agent is excluded.
#[derive(Debug, Clone, Default)]
struct Excluded {
    from: BTreeSet<Place>,
    /// How far has been looked. Nothing is looked at twice: what changes before it goes to `early`.
    passed: Option<Place>,
    /// What waits up to `passed` and can be offered to the agent.
    early: BTreeSet<Place>,
}

impl Line {
    pub fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    pub fn len(&self) -> usize {
        self.places.len()
    }

    /// All that wait, the next one first.
    pub fn iter(&self) -> impl Iterator<Item = Place> + '_ {
        self.places.iter().copied()
    }

    /// What waits and is not to be offered to an agent.
    pub fn excluded_from(&self, agent: &AgentId) -> impl Iterator<Item = Place> + '_ {
        self.excluded
            .get(agent)
            .into_iter()
            .flat_map(|excluded| excluded.from.iter().copied())
    }

    /// Adds what is not to be offered to some agents.
    pub fn insert<'a>(&mut self, place: Place, not_to: impl Iterator<Item = &'a AgentId>) {
        self.places.insert(place);
        for agent in not_to {
            let excluded = self.excluded.entry(agent.clone()).or_default();
            excluded.from.insert(place);
        }
        for excluded in self.excluded.values_mut() {
            excluded.may_be_early(place);
        }
    }

    /// Takes out what was added with the same agents.
    pub fn remove<'a>(&mut self, place: Place, not_to: impl Iterator<Item = &'a AgentId>) {
        self.places.remove(&place);
        for excluded in self.excluded.values_mut() {
            excluded.early.remove(&place);
        }
        for agent in not_to {
            if let Some(excluded) = self.excluded.get_mut(agent) {
                excluded.from.remove(&place);
                self.forget_if_free(agent);
            }
        }
    }

    /// What was not to be offered to an agent can be offered to them again.
    pub fn readmit(&mut self, place: Place, agent: &AgentId) {
        let Some(excluded) = self.excluded.get_mut(agent) else {
            return;
        };
        if excluded.from.remove(&place) {
            excluded.may_be_early(place);
            self.forget_if_free(agent);
        }
    }

    /// The first that can be offered to any of some agents.
    pub fn first_for<'a>(&mut self, agents: impl Iterator<Item = &'a AgentId>) -> Option<Place> {
        let next = self.places.first().copied()?;
        let mut first: Option<Place> = None;
        for agent in agents {
            let own = match self.excluded.get_mut(agent) {
                None => Some(next),
                Some(excluded) => excluded.first(&self.places),
            };
            first = match (first, own) {
                (Some(first), Some(own)) => Some(first.min(own)),
                (first, own) => first.or(own),
            };
            // Nobody gets anything earlier.
            if first == Some(next) {
                break;
            }
        }
        first
    }

    fn forget_if_free(&mut self, agent: &AgentId) {
        if self
            .excluded
            .get(agent)
            .is_some_and(|excluded| excluded.from.is_empty())
        {
            self.excluded.remove(agent);
        }
    }
}

impl Excluded {
    fn may_be_early(&mut self, place: Place) {
        if self.passed.is_some_and(|passed| place <= passed) && !self.from.contains(&place) {
            self.early.insert(place);
        }
    }

    /// The first of the waiting from which the agent is not excluded.
    fn first(&mut self, waiting: &BTreeSet<Place>) -> Option<Place> {
        if let Some(early) = self.early.first() {
            return Some(*early);
        }
        let unseen = match self.passed {
            Some(passed) => (Bound::Excluded(passed), Bound::Unbounded),
            None => (Bound::Unbounded, Bound::Unbounded),
        };
        for place in waiting.range(unseen) {
            if !self.from.contains(place) {
                return Some(*place);
            }
            self.passed = Some(*place);
        }
        None
    }
}

/// How far has been looked is no part of what a line is.
impl PartialEq for Line {
    fn eq(&self, other: &Self) -> bool {
        self.places == other.places
            && self.excluded.len() == other.excluded.len()
            && self
                .excluded
                .iter()
                .zip(&other.excluded)
                .all(|((agent, own), (of, others))| agent == of && own.from == others.from)
    }
}

impl Eq for Line {}

#[cfg(test)]
mod tests {
    use linecard_model::InteractionId;
    use proptest::prelude::*;

    use super::super::Merit;
    use super::*;

    fn place(number: u8) -> Place {
        Place {
            strict: 0,
            merit: Merit {
                virtual_entry: i64::from(number),
                arrival: 0,
                id: InteractionId::derived(0, 0),
            },
        }
    }

    fn agent(number: u8) -> AgentId {
        AgentId::new(format!("agent-{number}")).unwrap()
    }

    /// Something that is done to a line.
    #[derive(Debug, Clone)]
    enum Step {
        Insert(u8, BTreeSet<u8>),
        Remove(u8),
        Readmit(u8, u8),
        Look(BTreeSet<u8>),
    }

    fn step() -> impl Strategy<Value = Step> {
        let agents = || prop::collection::btree_set(0..4_u8, 0..4);
        prop_oneof![
            4 => (0..24_u8, agents()).prop_map(|(place, not_to)| Step::Insert(place, not_to)),
            2 => (0..24_u8).prop_map(Step::Remove),
            2 => (0..24_u8, 0..4_u8).prop_map(|(place, agent)| Step::Readmit(place, agent)),
            3 => agents().prop_map(Step::Look),
        ]
    }

    proptest! {
        #[test]
        fn the_first_is_the_one_that_is_found_by_walking(
            steps in prop::collection::vec(step(), 0..120),
        ) {
            let mut line = Line::default();
            let mut plain: BTreeMap<u8, BTreeSet<AgentId>> = BTreeMap::new();
            for step in steps {
                match step {
                    Step::Insert(number, not_to) => {
                        let not_to: BTreeSet<AgentId> = not_to.into_iter().map(agent).collect();
                        plain.entry(number).or_insert_with(|| {
                            line.insert(place(number), not_to.iter());
                            not_to
                        });
                    }
                    Step::Remove(number) => {
                        if let Some(not_to) = plain.remove(&number) {
                            line.remove(place(number), not_to.iter());
                        }
                    }
                    Step::Readmit(number, to) => {
                        if let Some(not_to) = plain.get_mut(&number) {
                            not_to.remove(&agent(to));
                            line.readmit(place(number), &agent(to));
                        }
                    }
                    Step::Look(agents) => {
                        let agents: BTreeSet<AgentId> = agents.into_iter().map(agent).collect();
                        let walked = plain
                            .iter()
                            .find(|(_, not_to)| !agents.is_subset(not_to))
                            .map(|(number, _)| place(*number));
                        prop_assert_eq!(line.first_for(agents.iter()), walked);
                    }
                }
            }
            let mut anew = Line::default();
            for (number, not_to) in &plain {
                anew.insert(place(*number), not_to.iter());
            }
            prop_assert!(line == anew);
        }
    }
}
