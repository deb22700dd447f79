//! The router's state: nothing but what the recorded events say. It is what a snapshot holds;
//! whatever can be computed from it is in [`crate::index`].

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use linecard_model::routing::{
    AgentSettings, InteractionState, Leg, LegRole, MediaType, OfferOutcome, Plan, Presence,
    QueueSettings, RequiredSkill, RoutingSettings, RoutingStep, WrapUpPolicy,
};
use linecard_model::{AgentId, GroupId, InteractionId, OfferId, QueueId, StationId, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::counters::{AgentCounters, QueueCounters};
use crate::decisions::{Decisions, Moment};
use crate::fault;
use crate::intervals::Intervals;
use crate::service::{OpenTime, Service};

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
    /// Where it is on its way. The owner's leg is part of it, so that there is never more than one.
    pub state: InteractionState,
    /// Who takes part beside the owner.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub legs: BTreeMap<AgentId, Leg>,
    /// Who may get it, one after the other.
    #[serde(default)]
    pub steps: Arc<[RoutingStep]>,
    /// The present one of these steps, counted from 0; the one after the last is all members.
    #[serde(default)]
    pub step: u16,
    /// When it ends, if it does.
    #[serde(default)]
    pub step_until: Option<Timestamp>,
    /// The queues that it has left by overflow.
    #[serde(default)]
    pub overflowed: BTreeSet<QueueId>,
    /// Agents to whom it is not offered for now.
    #[serde(default)]
    pub excluded: BTreeMap<AgentId, Exclusion>,
    /// When the agent who has it accepted it.
    #[serde(default)]
    pub connected_at: Option<Timestamp>,
    /// When it was put aside, if it is.
    #[serde(default)]
    pub held_at: Option<Timestamp>,
    /// For how many milliseconds it was put aside before that, since the agent has it.
    #[serde(default)]
    pub held_millis: u64,
    /// When its wrap-up began.
    #[serde(default)]
    pub wrap_up_at: Option<Timestamp>,
    /// The disposition code that counts when the wrap-up time is over.
    #[serde(default)]
    pub code: Option<String>,
    /// An agent has accepted it at least once.
    #[serde(default)]
    pub answered: bool,
    /// The clocks of its service policy. Absent: there were none when it entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) service: Option<Box<Service>>,
    /// The how manieth interaction it is; breaks ties between equal times.
    pub(crate) arrival: u64,
}

impl Work {
    /// Everybody who takes part, and as what.
    pub fn parts(&self) -> impl Iterator<Item = (&AgentId, LegRole)> {
        let owner = self.state.agent().map(|agent| (agent, LegRole::Owner));
        let others = self.legs.iter().map(|(agent, leg)| (agent, leg.role));
        owner.into_iter().chain(others)
    }

    /// As what somebody takes part.
    pub fn role_of(&self, agent: &AgentId) -> Option<LegRole> {
        self.parts()
            .find_map(|(id, role)| (id == agent).then_some(role))
    }

    /// What alerts at an agent: the offer, its deadline, and as what.
    pub fn offer_at(&self, at_agent: &AgentId) -> Option<(OfferId, Timestamp, LegRole)> {
        if let InteractionState::Offered {
            agent,
            offer,
            deadline,
        } = &self.state
            && agent == at_agent
        {
            return Some((*offer, *deadline, LegRole::Owner));
        }
        let leg = self.legs.get(at_agent)?;
        let offer = leg.offer.as_ref()?;
        Some((offer.id, offer.deadline, leg.role))
    }

    /// At whom an offer alerts, its deadline, and as what.
    pub fn find_offer(&self, offer: OfferId) -> Option<(&AgentId, Timestamp, LegRole)> {
        self.parts().find_map(|(agent, _)| {
            let (known, deadline, role) = self.offer_at(agent)?;
            (known == offer).then_some((agent, deadline, role))
        })
    }

    pub(crate) fn follow(&mut self, plan: &Plan) {
        self.steps = Arc::from(plan.steps.as_slice());
        self.step = 0;
        self.step_until = plan.until;
    }
}

/// Why an interaction is not offered to an agent for now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exclusion {
    /// Since when.
    pub since: Timestamp,
    /// Until when at the latest.
    pub until: Timestamp,
    /// What the agent did.
    pub cause: ExclusionCause,
}

/// What an agent did to be excluded from an interaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExclusionCause {
    /// Declined it.
    Declined,
    /// Let it ring out.
    NoAnswer,
    /// Put it back into its queue.
    Requeued,
    /// Gave it on.
    Transferred,
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
    /// Where the agent works, if anybody said so.
    #[serde(default)]
    pub station: Option<StationId>,
    /// Work that is done elsewhere, by the other system's name for it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub external: BTreeMap<String, External>,
    /// Taken out of the settings while still having work.
    /// The latest changes of presence, oldest first.
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub(crate) moments: VecDeque<Moment>,
    #[serde(default)]
    pub(crate) removed: bool,
    #[serde(default)]
    pub(crate) counters: AgentCounters,
}

/// Work that is done elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct External {
    /// What kind of work it is.
    pub media_type: MediaType,
    /// Since when.
    pub since: Timestamp,
    /// When it counts no longer.
    pub until: Timestamp,
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
            station: None,
            external: BTreeMap::new(),
            moments: VecDeque::new(),
            removed: false,
            counters: AgentCounters::default(),
        }
    }

    /// Whether the agent is there and ready for work, with room for it or not.
    pub(crate) fn takes_work(&self) -> bool {
        !self.removed
            && self.presence.is_ready()
            && (self.away.is_none() || fault::is_on("lost-desktops-ignored"))
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
    /// Nothing of it is offered for now.
    #[serde(default)]
    pub paused: bool,
    #[serde(default)]
    pub counters: BTreeMap<MediaType, QueueCounters>,
    /// Its members, those of its groups among them.
    #[serde(default)]
    pub members: BTreeSet<AgentId>,
    /// How much of its time was within its opening hours.
    #[serde(default)]
    pub open_time: OpenTime,
    /// What was counted in each quarter of an hour, oldest first.
    #[serde(default, skip_serializing_if = "Intervals::is_empty")]
    pub intervals: Intervals,
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
    #[serde(default)]
    pub groups: BTreeMap<GroupId, BTreeSet<AgentId>>,
    pub agents: BTreeMap<AgentId, Agent>,
    pub work: BTreeMap<InteractionId, Work>,
    pub closed_offers: BTreeMap<OfferId, ClosedOffer>,
    #[serde(default)]
    pub decisions: Decisions,
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
            groups: BTreeMap::new(),
            agents: BTreeMap::new(),
            work: BTreeMap::new(),
            closed_offers: BTreeMap::new(),
            decisions: Decisions::default(),
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
                    paused: false,
                    counters: BTreeMap::new(),
                    members: BTreeSet::new(),
                    open_time: OpenTime::default(),
                    intervals: Intervals::default(),
                });
        }
        self.groups = settings
            .groups
            .iter()
            .map(|group| (group.id.clone(), group.members.clone()))
            .collect();
        for queue in self.queues.values_mut() {
            let of_groups = queue.settings.groups.iter();
            let of_groups = of_groups.filter_map(|id| self.groups.get(id)).flatten();
            queue.members = queue
                .settings
                .members
                .iter()
                .chain(of_groups)
                .cloned()
                .collect();
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

    /// The code that a queue gives by itself, if its policy has one.
    pub fn default_code(&self, queue: &QueueId) -> Option<String> {
        match &self.queues.get(queue)?.settings.wrap_up {
            WrapUpPolicy::Timed { default_code, .. } => Some(default_code.clone()),
            WrapUpPolicy::Optional | WrapUpPolicy::Mandatory | WrapUpPolicy::OnRequest => None,
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
