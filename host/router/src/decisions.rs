//! What was decided lately: why an agent got an offer, who would have been next, and why another agent got
//! nothing.
//!
//! It is part of the state, so that it outlives a restart; it is kept for a day, and not more than so many
//! decisions, however busy the day was.

use std::collections::VecDeque;
use std::time::Duration;

use linecard_model::routing::{Choice, LegRole, MediaType, OfferOutcome, Presence, RequiredSkill};
use linecard_model::{AgentId, InteractionId, OfferId, QueueId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Router;
use crate::explain::Obstacle;
use crate::state::{Agent, Work};

/// How long a decision is kept.
const KEPT: Duration = Duration::from_secs(24 * 3_600);
/// How many are kept at most.
const MOST: usize = 4_096;
/// How many changes of presence are kept of an agent.
const MOST_MOMENTS: usize = 64;

/// An offer that was made, and what decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Decision {
    /// When.
    pub at: Timestamp,
    /// The interaction.
    pub interaction: InteractionId,
    /// Its queue.
    pub queue: QueueId,
    /// What kind of work it is.
    pub media_type: MediaType,
    /// The skills that it required.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<RequiredSkill>,
    /// The agent who got the offer.
    pub agent: AgentId,
    /// The offer.
    pub offer: OfferId,
    /// As what.
    #[serde(default)]
    pub role: LegRole,
    /// How the agent was chosen. Absent: somebody named the agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub choice: Option<Choice>,
    /// To whom it was not to be offered then, because they had declined it, let it ring out or given it
    /// back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub excluded: Vec<AgentId>,
    /// What became of the offer. Absent: it still alerts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
}

/// What became of an offer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Answer {
    /// When.
    pub at: Timestamp,
    /// How it ended. Absent: it was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<OfferOutcome>,
}

/// An agent's presence from a moment on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Moment {
    /// Since when.
    pub at: Timestamp,
    /// The presence.
    pub presence: Presence,
    /// Whether the desktop was gone.
    #[serde(default)]
    pub desktop_lost: bool,
}

/// Why an agent got what they got, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct AgentExplanation {
    /// The agent.
    pub agent: AgentId,
    /// From when on. Not before what is kept: a day, and the latest 4,096 decisions of the site.
    pub since: Timestamp,
    /// The agent's presence in that time, oldest first.
    pub presence: Vec<Moment>,
    /// The offers that the agent got, oldest first.
    pub offers: Vec<Decision>,
    /// What others got from the agent's queues, oldest first, and why the agent did not.
    pub passed_over: Vec<PassedOver>,
    /// What is in the way of the agent's queues now.
    pub queues: Vec<QueueNow>,
}

/// An offer that another agent got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct PassedOver {
    /// When.
    pub at: Timestamp,
    /// The interaction.
    pub interaction: InteractionId,
    /// Its queue.
    pub queue: QueueId,
    /// Who got it.
    pub agent: AgentId,
    /// Why not this agent.
    pub reason: PassedReason,
}

/// Why an agent was not offered an interaction that another one got.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum PassedReason {
    /// The agent was not ready.
    NotReady {
        /// What the agent was instead.
        presence: Presence,
    },
    /// The agent's desktop was gone.
    DesktopLost,
    /// The agent lacks a skill, or is not good enough at it, by today's settings.
    LacksSkill {
        /// The skill.
        skill: linecard_model::SkillId,
    },
    /// The agent had declined it, let it ring out or given it back.
    Excluded,
    /// Others were before the agent by the queue's selection.
    Outranked {
        /// The agent's place among those who could take it; 2 is the next.
        place: usize,
    },
    /// Somebody named the other agent: a step for one agent, a transfer or a consultation.
    Named,
    /// The agent could take no more of it, or, where more than the named ones could, was behind those.
    NoRoomOrOutranked,
    /// The agent had as much work as they may have, or no right to this kind of it.
    NoRoom,
}

/// What is in the way of one of an agent's queues.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct QueueNow {
    /// The queue.
    pub queue: QueueId,
    /// How many wait in it.
    pub waiting: usize,
    /// Nothing of it is offered for now.
    pub paused: bool,
    /// The interaction that is next. Absent: none waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<InteractionId>,
    /// What keeps the agent from it. Empty if none waits.
    pub obstacles: Vec<Obstacle>,
}

/// The decisions that are kept, oldest first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Decisions(VecDeque<Decision>);

impl Decisions {
    pub fn made(&mut self, decision: Decision) {
        // A record in disorder must not make what is found wrong.
        if self
            .0
            .back()
            .is_some_and(|last| last.offer >= decision.offer)
        {
            return;
        }
        while self.0.len() >= MOST
            || self
                .0
                .front()
                .is_some_and(|first| first.at + KEPT < decision.at)
        {
            self.0.pop_front();
        }
        self.0.push_back(decision);
    }

    pub fn answered(&mut self, offer: OfferId, answer: Answer) {
        // Offers are numbered in the order in which they are made.
        if let Ok(place) = self.0.binary_search_by(|known| known.offer.cmp(&offer))
            && let Some(decision) = self.0.get_mut(place)
        {
            decision.answer.get_or_insert(answer);
        }
    }

    fn since(&self, since: Timestamp) -> impl Iterator<Item = &Decision> {
        self.0.iter().filter(move |decision| decision.at >= since)
    }
}

impl Agent {
    /// Takes the present presence down.
    pub(crate) fn note_moment(&mut self, at: Timestamp) {
        if self.moments.len() >= MOST_MOMENTS {
            self.moments.pop_front();
        }
        self.moments.push_back(Moment {
            at,
            presence: self.presence.clone(),
            desktop_lost: self.away.is_some(),
        });
    }

    /// How the agent was at a moment, as far as it is known.
    fn at(&self, at: Timestamp) -> Option<&Moment> {
        self.moments.iter().rev().find(|moment| moment.at <= at)
    }
}

impl Router {
    /// The offers of an interaction that are still kept, oldest first, whether it has ended or not.
    pub fn decisions(&self, interaction: &InteractionId) -> Vec<Decision> {
        let all = self.state.decisions.0.iter();
        all.filter(|decision| decision.interaction == *interaction)
            .cloned()
            .collect()
    }

    /// Why an agent got what they got since a moment, and nothing else. None: there is no such agent.
    pub fn explain_agent(&self, id: &AgentId, since: Timestamp) -> Option<AgentExplanation> {
        let agent = self.agent(id)?;
        let queues: Vec<&QueueId> = self
            .state
            .queues
            .iter()
            .filter(|(_, queue)| queue.members.contains(id))
            .map(|(queue, _)| queue)
            .collect();
        let made: Vec<&Decision> = self.state.decisions.since(since).collect();
        let before = agent.moments.iter().rposition(|moment| moment.at <= since);
        Some(AgentExplanation {
            agent: id.clone(),
            since,
            presence: agent
                .moments
                .iter()
                .skip(before.unwrap_or(0))
                .cloned()
                .collect(),
            offers: made
                .iter()
                .filter(|decision| decision.agent == *id)
                .map(|decision| (*decision).clone())
                .collect(),
            passed_over: made
                .iter()
                .filter(|decision| decision.agent != *id && queues.contains(&&decision.queue))
                .map(|decision| PassedOver {
                    at: decision.at,
                    interaction: decision.interaction,
                    queue: decision.queue.clone(),
                    agent: decision.agent.clone(),
                    reason: passed(id, agent, decision),
                })
                .collect(),
            queues: queues
                .into_iter()
                .map(|queue| self.queue_now(id, agent, queue))
                .collect(),
        })
    }

    fn queue_now(&self, id: &AgentId, agent: &Agent, queue: &QueueId) -> QueueNow {
        let lanes = self.index.lanes_of(queue);
        let (mut waiting, mut next) = (0, None);
        for (_, lane) in lanes {
            waiting += lane.waiting.len();
            next = next.into_iter().chain(lane.waiting.iter().next()).min();
        }
        let next = next.map(|place| place.merit.id);
        let work: Option<&Work> = next.and_then(|next| self.state.work.get(&next));
        QueueNow {
            queue: queue.clone(),
            waiting,
            paused: self.is_paused(queue),
            next,
            obstacles: work
                .map(|work| self.obstacles_of(work, id, agent))
                .unwrap_or_default(),
        }
    }
}

/// Why an agent was not offered what another one got.
fn passed(id: &AgentId, agent: &Agent, decision: &Decision) -> PassedReason {
    let moment = agent.at(decision.at);
    if moment.is_none() && agent.moments.len() < MOST_MOMENTS {
        // Nobody is there before they sign in for the first time.
        return PassedReason::NotReady {
            presence: Presence::Offline,
        };
    }
    if let Some(moment) = moment {
        if !moment.presence.is_ready() {
            return PassedReason::NotReady {
                presence: moment.presence.clone(),
            };
        }
        if moment.desktop_lost {
            return PassedReason::DesktopLost;
        }
    }
    if decision.excluded.contains(id) {
        return PassedReason::Excluded;
    }
    let Some(choice) = &decision.choice else {
        return PassedReason::Named;
    };
    if let Some(place) = choice.next.iter().position(|next| next == id) {
        return PassedReason::Outranked { place: place + 2 };
    }
    let lacking = decision.skills.iter().find(|need| {
        agent
            .proficiency(&need.skill)
            .is_none_or(|has| has < need.min_proficiency.unwrap_or(0))
    });
    if let Some(need) = lacking {
        return PassedReason::LacksSkill {
            skill: need.skill.clone(),
        };
    }
    // All who could take it are named: the agent was not among them.
    if (choice.available as usize) <= choice.next.len() + 1 {
        PassedReason::NoRoom
    } else {
        PassedReason::NoRoomOrOutranked
    }
}
