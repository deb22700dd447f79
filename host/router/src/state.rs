//! The router's state: nothing but what the recorded events say. It is what a snapshot holds;
//! whatever can be computed from it is in [`crate::index`].

use std::collections::BTreeMap;
use std::sync::Arc;

use linecard_model::routing::{
    AgentSettings, InteractionState, MediaType, OfferOutcome, Presence, QueueSettings,
    RequiredSkill, RoutingSettings, WrapUpPolicy,
};
use linecard_model::{AgentId, InteractionId, OfferId, QueueId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::counters::{AgentCounters, QueueCounters};

/// How many closed offers are remembered, so that a late answer can be told what happened.
const REMEMBERED_OFFERS: usize = 1024;

/// An interaction in the router.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Work {
    /// Its queue.
    pub queue: QueueId,
    /// What kind of work it is.
    pub media_type: MediaType,
    /// What its agent must be able to do; sorted, each skill once.
    pub skills: Arc<[RequiredSkill]>,
    /// Minutes by which it is ahead (or, negative, behind).
    pub priority: i32,
    /// When its time in queue began. Offers, returns and restarts do not change it.
    pub entered: Timestamp,
    /// Where it is on its way.
    pub state: InteractionState,
    /// Agents to whom it is not offered for now.
    #[serde(default)]
    pub excluded: BTreeMap<AgentId, Exclusion>,
    /// When the agent who has it accepted it.
    #[serde(default)]
    pub connected_at: Option<Timestamp>,
    /// When its wrap-up began.
    #[serde(default)]
    pub wrap_up_at: Option<Timestamp>,
    /// An agent has accepted it at least once.
    #[serde(default)]
    pub answered: bool,
    /// The how manieth interaction it is; breaks ties between equal times.
    pub(crate) arrival: u64,
}

/// Why an interaction is not offered to an agent for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exclusion {
    /// Since when.
    pub since: Timestamp,
    /// Until when at the latest.
    pub until: Timestamp,
    /// How the offer to the agent ended.
    pub outcome: OfferOutcome,
}

/// An agent in the router.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// How the agent is set up.
    pub settings: AgentSettings,
    /// Whether the agent takes work.
    pub presence: Presence,
    /// Since when. Absent until the first change.
    #[serde(default)]
    pub since: Option<Timestamp>,
    /// When the idle clock last restarted.
    #[serde(default)]
    pub idle_since: Option<Timestamp>,
    /// The desktop is gone.
    #[serde(default)]
    pub away: Option<Away>,
    /// Taken out of the settings while still having work.
    #[serde(default)]
    pub(crate) removed: bool,
    #[serde(default)]
    pub(crate) counters: AgentCounters,
}

/// An agent's desktop is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Away {
    /// Since when.
    pub since: Timestamp,
    /// When the agent goes offline.
    pub deadline: Timestamp,
}

impl Agent {
    pub(crate) fn new(settings: AgentSettings) -> Self {
        Self {
            settings,
            presence: Presence::Offline,
            since: None,
            idle_since: None,
            away: None,
            removed: false,
            counters: AgentCounters::default(),
        }
    }

    /// The agent's proficiency in a skill.
    pub(crate) fn proficiency(&self, skill: &linecard_model::SkillId) -> Option<u8> {
        self.settings
            .skills
            .iter()
            .find(|level| level.skill == *skill)
            .map(|level| level.proficiency)
    }

    pub(crate) fn has_skills(&self, required: &[RequiredSkill]) -> bool {
        required.iter().all(|need| {
            self.proficiency(&need.skill)
                .is_some_and(|has| has >= need.min_proficiency.unwrap_or(0))
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Queue {
    pub settings: QueueSettings,
    /// Taken out of the settings while still having work.
    #[serde(default)]
    pub retired: bool,
    #[serde(default)]
    pub counters: BTreeMap<MediaType, QueueCounters>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ClosedOffer {
    pub agent: AgentId,
    pub deadline: Timestamp,
    /// Absent: it was accepted.
    #[serde(default)]
    pub outcome: Option<OfferOutcome>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct State {
    pub settings: Arc<RoutingSettings>,
    /// The time of the last event. Time never runs backwards from here.
    #[serde(default)]
    pub latest: Option<Timestamp>,
    /// Since when the counters count.
    #[serde(default)]
    pub counted_since: Option<Timestamp>,
    /// How many interactions have entered.
    pub arrivals: u64,
    /// How many interactions have ended.
    pub ended: u64,
    /// How many offers have been made.
    pub offers: u64,
    pub queues: BTreeMap<QueueId, Queue>,
    pub agents: BTreeMap<AgentId, Agent>,
    pub work: BTreeMap<InteractionId, Work>,
    pub closed_offers: BTreeMap<OfferId, ClosedOffer>,
}

impl State {
    pub fn new(settings: Arc<RoutingSettings>) -> Self {
        let mut state = Self {
            settings: Arc::default(),
            latest: None,
            counted_since: None,
            arrivals: 0,
            ended: 0,
            offers: 0,
            queues: BTreeMap::new(),
            agents: BTreeMap::new(),
            work: BTreeMap::new(),
            closed_offers: BTreeMap::new(),
        };
        state.configure(settings);
        state
    }

    /// Takes over new settings. What is no longer in them is only marked; see [`Self::sweep`].
    pub fn configure(&mut self, settings: Arc<RoutingSettings>) {
        for queue in self.queues.values_mut() {
            queue.retired = true;
        }
        for new in &settings.queues {
            self.queues
                .entry(new.id.clone())
                .and_modify(|queue| {
                    queue.settings = new.clone();
                    queue.retired = false;
                })
                .or_insert_with(|| Queue {
                    settings: new.clone(),
                    retired: false,
                    counters: BTreeMap::new(),
                });
        }
        for agent in self.agents.values_mut() {
            agent.removed = true;
        }
        for new in &settings.agents {
            self.agents
                .entry(new.id.clone())
                .and_modify(|agent| {
                    agent.settings = new.clone();
                    agent.removed = false;
                })
                .or_insert_with(|| Agent::new(new.clone()));
        }
        self.settings = settings;
    }

    /// How many interactions of a type an agent may have from a queue: as set for the agent, else
    /// for the queue, else for the site.
    pub fn limit(&self, agent: &Agent, queue: &QueueId, media_type: MediaType) -> u16 {
        agent
            .settings
            .slots
            .get(&media_type)
            .or_else(|| self.queues.get(queue)?.settings.slots.get(&media_type))
            .or_else(|| self.settings.slots.get(&media_type))
            .copied()
            .unwrap_or_else(|| RoutingSettings::builtin_slots(media_type))
    }

    /// The code that a queue gives by itself, if its policy has one.
    pub fn default_code(&self, queue: &QueueId) -> Option<String> {
        match &self.queues.get(queue)?.settings.wrap_up {
            WrapUpPolicy::Timed { default_code, .. } => Some(default_code.clone()),
            WrapUpPolicy::Optional | WrapUpPolicy::Mandatory => None,
        }
    }

    pub fn close_offer(&mut self, offer: OfferId, closed: ClosedOffer) {
        self.closed_offers.insert(offer, closed);
        // Offer identifiers are ordered by the time at which they were made.
        while self.closed_offers.len() > REMEMBERED_OFFERS {
            self.closed_offers.pop_first();
        }
    }
}
