//! Routing steps: who may get an interaction, one pool after the other. The pools add up, so the
//! interactions that the same agents could get wait in one lane (see [`crate::index`]).

use std::collections::BTreeSet;
use std::sync::Arc;

use linecard_model::routing::{Plan, RequiredSkill, RoutingStep, SkillMode};
use linecard_model::{AgentId, GroupId, QueueId, Timestamp};

use crate::counters::later;
use crate::fault;
use crate::state::{Agent, Queue, State, Work};

/// Whom a step adds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Pool {
    pub who: Who,
    /// The skills that they must have.
    pub skills: Arc<[RequiredSkill]>,
    /// They may get it up to the hard limit.
    pub over_limit: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Who {
    Nobody,
    Members,
    Agents(BTreeSet<AgentId>),
    Group(GroupId),
}

impl Work {
    /// How many steps there are: those of the plan and, if the last of them ends, all members.
    pub fn step_count(&self) -> usize {
        match self.steps.last() {
            Some(step) if step.seconds.is_none() => self.steps.len(),
            _ => self.steps.len() + 1,
        }
    }

    /// Whether the present step is not the last.
    pub fn has_next_step(&self) -> bool {
        usize::from(self.step) + 1 < self.step_count()
    }

    /// Whether it is kept from everybody for a time.
    pub fn is_kept_back(&self) -> bool {
        let step = self.steps.get(usize::from(self.step));
        step.is_some_and(|step| step.nobody)
    }

    /// The pools up to the present step, in order. None: the members with the interaction's skills.
    pub(crate) fn pools(&self, state: &State) -> Arc<[Pool]> {
        if self.steps.is_empty() {
            return Arc::default();
        }
        let needed = state.needed(&self.queue, &self.skills);
        let mut pools: Vec<Pool> = Vec::with_capacity(usize::from(self.step) + 1);
        let first = if fault::is_on("pools-do-not-add-up") {
            usize::from(self.step)
        } else {
            0
        };
        for number in first..=usize::from(self.step) {
            let pool = match self.steps.get(number) {
                Some(step) => pool_of(step, &needed),
                None => Pool {
                    who: Who::Members,
                    skills: Arc::clone(&needed),
                    over_limit: false,
                },
            };
            // What a step adds stands last, also when an earlier one has it too.
            pools.retain(|other| *other != pool);
            pools.push(pool);
        }
        pools.into()
    }
}

fn pool_of(step: &RoutingStep, needed: &Arc<[RequiredSkill]>) -> Pool {
    let who = match (&step.group, step.agents.is_empty()) {
        _ if step.nobody => Who::Nobody,
        (Some(group), _) => Who::Group(group.clone()),
        (None, false) => Who::Agents(step.agents.clone()),
        (None, true) => Who::Members,
    };
    Pool {
        who,
        skills: step
            .skills
            .as_ref()
            .map_or_else(|| Arc::clone(needed), |skills| Arc::from(skills.as_slice())),
        over_limit: step.over_limit,
    }
}

impl Pool {
    pub fn has(&self, state: &State, queue: &QueueId, id: &AgentId, agent: &Agent) -> bool {
        let is_in = match &self.who {
            Who::Nobody => false,
            Who::Members => state.is_member(queue, id),
            Who::Agents(agents) => agents.contains(id),
            Who::Group(group) => state
                .groups
                .get(group)
                .is_some_and(|members| members.contains(id)),
        };
        is_in && (agent.has_skills(&self.skills) || fault::is_on("skills-of-steps-ignored"))
    }

    /// Everybody in it, whatever their skills.
    pub fn candidates<'a>(
        &'a self,
        state: &'a State,
        queue: &QueueId,
    ) -> Option<&'a BTreeSet<AgentId>> {
        match &self.who {
            Who::Nobody => None,
            Who::Members => state.queues.get(queue).map(|queue| &queue.members),
            Who::Agents(agents) => Some(agents),
            Who::Group(group) => state.groups.get(group),
        }
    }
}

impl State {
    pub fn is_member(&self, queue: &QueueId, agent: &AgentId) -> bool {
        self.queues
            .get(queue)
            .is_some_and(|queue| queue.members.contains(agent))
    }

    /// The skills that an agent must have for an interaction that requires these, by the queue's mode.
    pub fn needed(&self, queue: &QueueId, skills: &Arc<[RequiredSkill]>) -> Arc<[RequiredSkill]> {
        match self.skill_mode(queue) {
            _ if fault::is_on("skill-mode-ignored") => Arc::clone(skills),
            SkillMode::All => Arc::clone(skills),
            SkillMode::BestAvailable | SkillMode::Disregard => Arc::default(),
        }
    }

    pub fn skill_mode(&self, queue: &QueueId) -> SkillMode {
        self.queues
            .get(queue)
            .map_or_else(SkillMode::default, |queue| queue.settings.skill_mode)
    }
}

/// The steps of an interaction that comes to wait in a queue, after a first one of its own.
pub(crate) fn plan(at: Timestamp, queue: &Queue, first: Option<RoutingStep>) -> Plan {
    let steps: Vec<RoutingStep> = first
        .into_iter()
        .chain(queue.settings.steps.iter().cloned())
        .collect();
    Plan {
        until: steps
            .first()
            .and_then(|step| step.seconds)
            .map(|seconds| later(at, seconds)),
        steps,
    }
}

/// When a step that begins now ends.
pub(crate) fn until(at: Timestamp, work: &Work, step: u16) -> Option<Timestamp> {
    let step = work.steps.get(usize::from(step))?;
    Some(later(at, step.seconds?))
}
