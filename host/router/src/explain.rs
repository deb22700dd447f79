//! Why an interaction is waiting.

use linecard_model::routing::{InteractionState, MediaType, OfferOutcome, Presence, RequiredSkill};
use linecard_model::{AgentId, InteractionId, QueueId, SkillId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Router;
use crate::counters::millis_between;
use crate::index::Place;
use crate::state::{Agent, Work};

/// Where an interaction stands, and why nobody has it yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Explanation {
    /// The interaction.
    pub interaction: InteractionId,
    /// Its queue.
    pub queue: QueueId,
    /// What kind of work it is.
    pub media_type: MediaType,
    /// Where it is on its way.
    pub state: InteractionState,
    /// When its time in queue began.
    pub entered: Timestamp,
    /// Its time in queue, in seconds.
    pub waited_seconds: u64,
    /// Minutes by which it is ahead.
    pub priority: i32,
    /// What its agent must be able to do.
    pub required_skills: Vec<RequiredSkill>,
    /// Its position among those that wait in the queue; 1 is next. Absent when it does not wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub position: Option<usize>,
    /// How many wait in the queue.
    pub waiting: usize,
    /// How many of the queue's members are ready, able to take this interaction or not.
    pub members_ready: usize,
    /// Every member of the queue, and what keeps them from this interaction.
    pub members: Vec<MemberStanding>,
    /// How long it will wait from now, in seconds: the handle time lately seen in the queue, for
    /// all that is ahead of it, shared by the members who are ready and have the skills. Absent
    /// when nobody is, or nothing has been handled yet, or it does not wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_wait_seconds: Option<u64>,
}

/// A member of the queue, and what keeps them from an interaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct MemberStanding {
    /// The member.
    pub agent: AgentId,
    /// Everything that is in the way. Empty: nothing.
    pub obstacles: Vec<Obstacle>,
}

/// Something that keeps an agent from an interaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum Obstacle {
    /// The agent is not ready.
    NotReady {
        /// What the agent is instead.
        presence: Presence,
        /// Since when. Absent: always so far.
        #[serde(skip_serializing_if = "Option::is_none")]
        since: Option<Timestamp>,
    },
    /// The agent's desktop is gone.
    DesktopLost {
        /// Since when.
        since: Timestamp,
    },
    /// The agent lacks a skill, or is not good enough at it.
    LacksSkill {
        /// The skill.
        skill: SkillId,
        /// The proficiency that is required. Absent: any.
        #[serde(skip_serializing_if = "Option::is_none")]
        required: Option<u8>,
        /// The agent's proficiency. Absent: none.
        #[serde(skip_serializing_if = "Option::is_none")]
        actual: Option<u8>,
    },
    /// The agent has as much work of this type as allowed.
    AtCapacity {
        /// The type.
        media_type: MediaType,
        /// Slots in use, including offers and wrap-up.
        used: u32,
        /// Slots there are.
        limit: u32,
    },
    /// The agent declined this interaction or let it ring out.
    Excluded {
        /// Which of the two.
        outcome: OfferOutcome,
        /// When.
        since: Timestamp,
        /// Until when at the latest.
        until: Timestamp,
    },
}

impl Router {
    /// Where an interaction stands and why nobody has it yet. None: it is unknown or has ended.
    pub fn explain(&self, at: Timestamp, id: &InteractionId) -> Option<Explanation> {
        let work = self.state.work.get(id)?;
        let at = self.clock(at);
        let members: Vec<(&AgentId, &Agent)> = self
            .state
            .queues
            .get(&work.queue)
            .map(|queue| &queue.settings.members)
            .into_iter()
            .flatten()
            .filter_map(|id| Some((id, self.agent(id)?)))
            .collect();
        let waits = work.state == InteractionState::Queued;
        let place = Place::of(&self.state, *id, work);
        let (mut waiting, mut ahead) = (0, 0);
        for (_, lane) in self.index.lanes_of(&work.queue) {
            waiting += lane.waiting.len();
            // Each lane is in order, so the ones ahead are at its beginning.
            ahead += lane
                .waiting
                .iter()
                .take_while(|other| *other < place)
                .count();
        }
        Some(Explanation {
            interaction: *id,
            queue: work.queue.clone(),
            media_type: work.media_type,
            state: work.state.clone(),
            entered: work.entered,
            waited_seconds: millis_between(work.entered, at) / 1000,
            priority: work.priority,
            required_skills: work.skills.to_vec(),
            position: waits.then_some(ahead + 1),
            waiting,
            members_ready: members
                .iter()
                .filter(|(_, agent)| agent.presence.is_ready())
                .count(),
            members: members
                .iter()
                .map(|(id, agent)| MemberStanding {
                    agent: (*id).clone(),
                    obstacles: self.obstacles(work, id, agent),
                })
                .collect(),
            estimated_wait_seconds: waits
                .then(|| self.estimated_wait(work, &members, ahead))
                .flatten(),
        })
    }

    fn obstacles(&self, work: &Work, id: &AgentId, agent: &Agent) -> Vec<Obstacle> {
        let mut obstacles = Vec::new();
        if !agent.presence.is_ready() {
            obstacles.push(Obstacle::NotReady {
                presence: agent.presence.clone(),
                since: agent.since,
            });
        }
        if let Some(away) = &agent.away {
            obstacles.push(Obstacle::DesktopLost { since: away.since });
        }
        for need in work.skills.iter() {
            let actual = agent.proficiency(&need.skill);
            if actual.is_none_or(|has| has < need.min_proficiency.unwrap_or(0)) {
                obstacles.push(Obstacle::LacksSkill {
                    skill: need.skill.clone(),
                    required: need.min_proficiency,
                    actual,
                });
            }
        }
        let used = self.index.used(id, work.media_type);
        let limit = u32::from(self.state.limit(agent, &work.queue, work.media_type));
        if used >= limit {
            obstacles.push(Obstacle::AtCapacity {
                media_type: work.media_type,
                used,
                limit,
            });
        }
        if let Some(exclusion) = work.excluded.get(id) {
            obstacles.push(Obstacle::Excluded {
                outcome: exclusion.outcome,
                since: exclusion.since,
                until: exclusion.until,
            });
        }
        obstacles
    }

    fn estimated_wait(
        &self,
        work: &Work,
        members: &[(&AgentId, &Agent)],
        ahead: usize,
    ) -> Option<u64> {
        let slots: u64 = members
            .iter()
            .filter(|(_, agent)| {
                agent.presence.is_ready() && agent.away.is_none() && agent.has_skills(&work.skills)
            })
            .map(|(_, agent)| u64::from(self.state.limit(agent, &work.queue, work.media_type)))
            .sum();
        if slots == 0 {
            return None;
        }
        let handle_time = self
            .state
            .queues
            .get(&work.queue)?
            .counters
            .get(&work.media_type)?
            .recent_handle_time?;
        let turns = (ahead as u64).saturating_add(1);
        Some(handle_time.saturating_mul(turns) / slots / 1000)
    }
}
