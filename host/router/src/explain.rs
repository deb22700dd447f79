//! Why an interaction is waiting.

use std::collections::BTreeSet;

use linecard_model::routing::{InteractionState, MediaType, Presence, RequiredSkill, RoutingStep};
use linecard_model::{AgentId, InteractionId, QueueId, SkillId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Router;
use crate::capacity::UNLIMITED;
use crate::counters::millis_between;
use crate::index::{LaneKey, Place};
use crate::state::{Agent, ExclusionCause, State, Work};

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
    /// The routing step that it has reached. Absent when it neither waits nor alerts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub step: Option<StepStanding>,
    /// Nothing of the queue is offered for now.
    pub queue_paused: bool,
    /// How many of those named here are ready, able to take this interaction or not.
    pub members_ready: usize,
    /// Every member of the queue, and whom its routing steps name beside them, and what keeps them from
    /// this interaction.
    pub members: Vec<MemberStanding>,
    /// How long it will wait from now, in seconds: the handle time lately seen in the queue, for
    /// all that is ahead of it, shared by the members who are ready and have the skills. Absent
    /// when nobody is, or nothing has been handled yet, or it does not wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_wait_seconds: Option<u64>,
}

/// How far an interaction has come in its routing steps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StepStanding {
    /// The step; 1 is the first.
    pub number: usize,
    /// How many there are.
    pub of: usize,
    /// Whom it adds. Absent: all members with the interaction's skills.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adds: Option<RoutingStep>,
    /// When the next one begins. Absent: never by time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
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
    /// The routing steps so far do not name the agent.
    NotInStep,
    /// Neither the agent nor the station has a right to this media type.
    NotEntitled {
        /// The type.
        media_type: MediaType,
    },
    /// The agent's work in hand and this interaction would take more than all of the agent's capacity.
    NoPercentLeft {
        /// Percent in use, without what this type may interrupt.
        used: u32,
        /// Percent that this interaction takes.
        needed: u32,
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
    /// The agent declined this interaction, let it ring out or gave it back.
    Excluded {
        /// Which of these.
        cause: ExclusionCause,
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
        let lane = LaneKey::of(&self.state, work);
        let named: BTreeSet<&AgentId> = lane
            .candidates(&self.state)
            .into_iter()
            .chain(self.members(&work.queue))
            .collect();
        let members: Vec<(&AgentId, &Agent)> = named
            .into_iter()
            .filter_map(|id| Some((id, self.agent(id)?)))
            .collect();
        let waits = work.state == InteractionState::Queued;
        let waiting = self.index.lanes_of(&work.queue);
        let waiting = waiting.map(|(_, lane)| lane.waiting.len()).sum();
        let has_step = waits || matches!(work.state, InteractionState::Offered { .. });
        Some(Explanation {
            interaction: *id,
            queue: work.queue.clone(),
            media_type: work.media_type,
            state: work.state.clone(),
            entered: work.entered,
            waited_seconds: millis_between(work.entered, at) / 1000,
            priority: work.priority,
            required_skills: work.skills.to_vec(),
            position: waits.then(|| self.ahead_of(*id, work) + 1),
            waiting,
            step: has_step.then(|| StepStanding {
                number: usize::from(work.step) + 1,
                of: work.step_count(),
                adds: work.steps.get(usize::from(work.step)).cloned(),
                until: work.step_until.filter(|_| work.has_next_step()),
            }),
            queue_paused: self.is_paused(&work.queue),
            members_ready: members
                .iter()
                .filter(|(_, agent)| agent.presence.is_ready())
                .count(),
            members: members
                .iter()
                .map(|(id, agent)| MemberStanding {
                    agent: (*id).clone(),
                    obstacles: self.obstacles(&lane, work, id, agent),
                })
                .collect(),
            estimated_wait_seconds: waits.then(|| self.estimated_wait(*id, work)).flatten(),
        })
    }

    /// How many wait in the queue of an interaction before it.
    fn ahead_of(&self, id: InteractionId, work: &Work) -> usize {
        let place = Place::of(&self.state, id, work);
        self.index
            .lanes_of(&work.queue)
            // Each lane is in order, so the ones ahead are at its beginning.
            .map(|(_, lane)| {
                lane.waiting
                    .iter()
                    .take_while(|other| *other < place)
                    .count()
            })
            .sum()
    }

    /// Everything that keeps an agent from an interaction.
    pub(crate) fn obstacles_of(&self, work: &Work, id: &AgentId, agent: &Agent) -> Vec<Obstacle> {
        self.obstacles(&LaneKey::of(&self.state, work), work, id, agent)
    }

    fn obstacles(&self, lane: &LaneKey, work: &Work, id: &AgentId, agent: &Agent) -> Vec<Obstacle> {
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
        let standing = lane.standing(&self.state, id, agent);
        if standing.is_none() {
            let needed = self.state.needed(&work.queue, &work.skills);
            let before = obstacles.len();
            for need in needed.iter() {
                let actual = agent.proficiency(&need.skill);
                if actual.is_none_or(|has| has < need.min_proficiency.unwrap_or(0)) {
                    obstacles.push(Obstacle::LacksSkill {
                        skill: need.skill.clone(),
                        required: need.min_proficiency,
                        actual,
                    });
                }
            }
            if !lane.pools.is_empty() || obstacles.len() == before {
                obstacles.push(Obstacle::NotInStep);
            }
        }
        let media_type = work.media_type;
        if !self.state.is_entitled(agent, media_type) {
            obstacles.push(Obstacle::NotEntitled { media_type });
        }
        let over_limit = standing.is_some_and(|standing| standing.over_limit);
        let load = self.index.load(id, media_type);
        let has_room = self
            .state
            .has_room(agent, &work.queue, media_type, load, over_limit);
        if !has_room {
            let limits = self.state.limits(agent, Some(&work.queue), media_type);
            let (slots, percent) = (u32::from(limits.slots), u32::from(limits.percent));
            if load.percent + percent > 100 {
                obstacles.push(Obstacle::NoPercentLeft {
                    used: load.percent,
                    needed: percent,
                });
            }
            if limits.slots != UNLIMITED && load.used >= slots {
                obstacles.push(Obstacle::AtCapacity {
                    media_type,
                    used: load.used,
                    limit: slots,
                });
            }
        }
        if let Some(exclusion) = work.excluded.get(id) {
            obstacles.push(Obstacle::Excluded {
                cause: exclusion.cause,
                since: exclusion.since,
                until: exclusion.until,
            });
        }
        obstacles
    }

    /// How long an interaction will wait from now, in seconds.
    pub(crate) fn estimated_wait(&self, id: InteractionId, work: &Work) -> Option<u64> {
        let lane = LaneKey::of(&self.state, work);
        let slots: u64 = lane
            .candidates(&self.state)
            .into_iter()
            .filter_map(|id| {
                let agent = self
                    .state
                    .known_agent(id)
                    .filter(|agent| agent.takes_work())?;
                lane.standing(&self.state, id, agent)?;
                Some(self.state.room_for(agent, &work.queue, work.media_type))
            })
            .sum();
        let turns = (self.ahead_of(id, work) as u64).saturating_add(1);
        self.state
            .wait_for(&work.queue, work.media_type, turns, slots)
    }
}

impl State {
    /// How long so many turns take in a queue, in seconds, when so many are handled at a time: by the handle
    /// time lately seen there. None: nobody is there, or nothing has been handled yet.
    pub(crate) fn wait_for(
        &self,
        queue: &QueueId,
        media_type: MediaType,
        turns: u64,
        at_a_time: u64,
    ) -> Option<u64> {
        let counters = self.queues.get(queue)?.counters.get(&media_type)?;
        let millis = counters.recent_handle_time?.saturating_mul(turns);
        Some(millis.checked_div(at_a_time)? / 1000)
    }
}
