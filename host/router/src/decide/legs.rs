//! Who takes part in an interaction: consultants, observers, and how somebody becomes its owner without an
//! offer.

use std::collections::BTreeSet;
use std::sync::Arc;

use linecard_model::routing::{
    InteractionState, LegEnd, LegRole, MediaType, OfferOutcome, OwnerCause, Presence,
    RequiredSkill, RoutingEvent, TransferTarget,
};
use linecard_model::{AgentId, InteractionId, OfferId, QueueId};

use super::{Decide, Decision, end_leg, end_offer, normalize, wrong_state};
use crate::counters::later;
use crate::fault;
use crate::index::LaneKey;
use crate::refusal::Refusal;
use crate::state::Work;
use crate::steps::plan;

/// How many take part in an interaction beside its owner.
const MOST_LEGS: usize = 8;

impl Decide<'_> {
    pub(super) fn consult(
        &self,
        interaction: InteractionId,
        agent: AgentId,
        to: TransferTarget,
    ) -> Decision {
        let work = self.talking(interaction, &agent)?;
        let to = self.checked(to)?;
        has_place(interaction, work)?;
        let consultant = self.whom_to_ask(interaction, work, &to)?;
        let known = self.agent(&consultant)?;
        let queue = self.state.queues.get(&work.queue);
        let queue = queue.ok_or_else(|| Refusal::UnknownQueue(work.queue.clone()))?;
        let offer = OfferId::derived(
            u64::try_from(self.at.as_millisecond()).unwrap_or(0),
            self.state.offers,
        );
        let auto_answer = known.settings.auto_answer;
        let mut events = vec![RoutingEvent::Offered {
            interaction,
            queue: work.queue.clone(),
            agent: consultant.clone(),
            offer,
            deadline: later(self.at, queue.settings.offer_timeout_seconds.max(1)),
            auto_answer,
            role: LegRole::Consultant,
            choice: None,
        }];
        if auto_answer {
            events.push(RoutingEvent::Connected {
                interaction,
                queue: work.queue.clone(),
                agent: consultant,
                offer,
                role: LegRole::Consultant,
            });
        }
        Ok(events)
    }

    /// The one who was named, or the best of those who could.
    fn whom_to_ask(
        &self,
        interaction: InteractionId,
        work: &Work,
        to: &TransferTarget,
    ) -> Result<AgentId, Refusal> {
        let state = self.state;
        let members = |queue| state.queues.get(queue).map(|queue| &queue.members);
        let (of, candidates, skills): (String, Option<&BTreeSet<AgentId>>, &[RequiredSkill]) =
            match to {
                TransferTarget::Agent { agent } => {
                    no_part_yet(interaction, work, agent)?;
                    self.can_be_offered(interaction, work, agent)?;
                    return Ok(agent.clone());
                }
                TransferTarget::Queue { queue } => (format!("queue {queue}"), members(queue), &[]),
                TransferTarget::Group { group } => {
                    (format!("group {group}"), state.groups.get(group), &[])
                }
                TransferTarget::Skills { skills } => (
                    format!("queue {} with these skills", work.queue),
                    members(&work.queue),
                    skills,
                ),
            };
        let key = LaneKey {
            queue: work.queue.clone(),
            media_type: work.media_type,
            skills: Arc::from(skills),
            pools: Arc::default(),
        };
        candidates
            .into_iter()
            .flatten()
            .filter(|id| work.role_of(id).is_none())
            .filter_map(|id| {
                let agent = state.known_agent(id).filter(|a| a.has_skills(skills))?;
                let rank = self.index.rank(state, id, agent, &key, false)?;
                Some((rank, id))
            })
            .min()
            .map(|(_, id)| id.clone())
            .ok_or(Refusal::NobodyAvailable { interaction, of })
    }

    pub(super) fn complete_consult(
        &self,
        interaction: InteractionId,
        agent: AgentId,
        consultant: AgentId,
    ) -> Decision {
        let work = self.talking(interaction, &agent)?;
        match work.legs.get(&consultant) {
            Some(leg)
                if leg.role == LegRole::Consultant
                    && (leg.offer.is_none() || fault::is_on("who-was-asked-need-not-accept")) =>
            {
                // One whose desktop is gone may still have a part, but cannot go on with it.
                self.can_become_owner(interaction, work, &consultant, true)?;
                Ok(vec![RoutingEvent::OwnerChanged {
                    interaction,
                    queue: work.queue.clone(),
                    from: Some(agent),
                    agent: consultant,
                    cause: OwnerCause::ConsultCompleted,
                }])
            }
            _ => Err(Refusal::NoSuchLeg {
                interaction,
                agent: consultant,
                expected: "a consultant who has accepted",
            }),
        }
    }

    pub(super) fn cancel_consult(
        &self,
        interaction: InteractionId,
        agent: AgentId,
        consultant: AgentId,
    ) -> Decision {
        let work = self.talking(interaction, &agent)?;
        let is_consultant = work
            .legs
            .get(&consultant)
            .is_some_and(|leg| leg.role == LegRole::Consultant);
        if !is_consultant {
            return Err(Refusal::NoSuchLeg {
                interaction,
                agent: consultant,
                expected: "a consultant",
            });
        }
        let ended = end_offer(interaction, work, &consultant, OfferOutcome::Rescinded)
            .or_else(|| end_leg(interaction, work, &consultant, LegEnd::Cancelled));
        Ok(ended.into_iter().collect())
    }

    pub(super) fn monitor(&self, interaction: InteractionId, agent: AgentId) -> Decision {
        self.agent(&agent)?;
        let work = self.work(interaction)?;
        if work.state.talking().is_none() {
            return Err(wrong_state(interaction, work, "connected or held"));
        }
        if !fault::is_on("owners-watch-themselves") {
            no_part_yet(interaction, work, &agent)?;
        }
        has_place(interaction, work)?;
        Ok(vec![RoutingEvent::ObserverJoined {
            interaction,
            queue: work.queue.clone(),
            agent,
        }])
    }

    pub(super) fn leave(&self, interaction: InteractionId, agent: AgentId) -> Decision {
        self.agent(&agent)?;
        let work = self.work(interaction)?;
        let ended = end_leg(interaction, work, &agent, LegEnd::Left);
        match ended {
            Some(event) => Ok(vec![event]),
            None => Err(Refusal::NoSuchLeg {
                interaction,
                agent,
                expected: "a consultant or an observer",
            }),
        }
    }

    pub(super) fn take_over(&self, interaction: InteractionId, agent: AgentId) -> Decision {
        self.agent(&agent)?;
        let work = self.work(interaction)?;
        let from = match &work.state {
            InteractionState::Queued | InteractionState::Offered { .. } => None,
            InteractionState::Connected { agent: owner }
            | InteractionState::Held { agent: owner } => {
                if *owner == agent {
                    return Err(Refusal::TakesPart {
                        interaction,
                        agent,
                        role: LegRole::Owner,
                    });
                }
                Some(owner.clone())
            }
            InteractionState::Parked { agent: owner, .. } => Some(owner.clone()),
            InteractionState::WrapUp { .. } | InteractionState::Ended { .. } => {
                return Err(wrong_state(interaction, work, "not over"));
            }
        };
        self.can_become_owner(interaction, work, &agent, true)?;
        let mut events = Vec::new();
        if let InteractionState::Offered { agent: asked, .. } = &work.state {
            events.extend(end_offer(interaction, work, asked, OfferOutcome::Rescinded));
        }
        if work.legs.contains_key(&agent) {
            events.extend(end_offer(
                interaction,
                work,
                &agent,
                OfferOutcome::Rescinded,
            ));
        }
        events.push(RoutingEvent::OwnerChanged {
            interaction,
            queue: work.queue.clone(),
            from,
            agent,
            cause: OwnerCause::TakenOver,
        });
        Ok(events)
    }

    pub(super) fn pick_up(
        &self,
        interaction: InteractionId,
        agent: AgentId,
        by_right: bool,
    ) -> Decision {
        self.agent(&agent)?;
        let work = self.work(interaction)?;
        if work.state != InteractionState::Queued {
            return Err(wrong_state(interaction, work, "queued"));
        }
        if !by_right {
            if !self.state.is_member(&work.queue, &agent) {
                return Err(Refusal::NotMember {
                    queue: work.queue.clone(),
                    agent,
                });
            }
            let queue = self.state.queues.get(&work.queue);
            if !queue.is_some_and(|queue| queue.settings.pick_up) {
                return Err(Refusal::PickUpForbidden(work.queue.clone()));
            }
        }
        self.can_become_owner(interaction, work, &agent, false)?;
        Ok(vec![RoutingEvent::OwnerChanged {
            interaction,
            queue: work.queue.clone(),
            from: None,
            agent,
            cause: OwnerCause::PickedUp,
        }])
    }

    pub(super) fn begin(
        &self,
        interaction: InteractionId,
        queue: QueueId,
        agent: AgentId,
        media_type: MediaType,
        skills: Vec<RequiredSkill>,
    ) -> Decision {
        self.is_new(interaction)?;
        let known = self.queue(&queue)?;
        self.is_there(interaction, &agent)?;
        self.has_room(interaction, &queue, media_type, &agent, true)?;
        Ok(vec![RoutingEvent::Begun {
            interaction,
            agent,
            media_type,
            skills: normalize(skills)?,
            priority: known.settings.priority,
            plan: plan(self.at, known, None),
            queue,
        }])
    }

    /// Whether the router does not know an interaction yet.
    pub(super) fn is_new(&self, interaction: InteractionId) -> Result<(), Refusal> {
        match self.state.work.get(&interaction) {
            None => Ok(()),
            Some(work) => Err(Refusal::DuplicateInteraction {
                interaction,
                queue: work.queue.clone(),
            }),
        }
    }

    /// Whether an agent can be offered a part in an interaction now.
    fn can_be_offered(
        &self,
        interaction: InteractionId,
        work: &Work,
        id: &AgentId,
    ) -> Result<(), Refusal> {
        let agent = self.agent(id)?;
        if !agent.takes_work() {
            let reason = if agent.away.is_some() {
                "their desktop is gone".to_owned()
            } else {
                format!("they are {}", agent.presence)
            };
            return Err(unavailable(interaction, id, reason));
        }
        self.has_room(interaction, &work.queue, work.media_type, id, false)
    }

    /// Whether an agent can take an interaction themselves: also one who is not ready, but not one who is
    /// not there.
    pub(super) fn can_become_owner(
        &self,
        interaction: InteractionId,
        work: &Work,
        id: &AgentId,
        over_limit: bool,
    ) -> Result<(), Refusal> {
        self.is_there(interaction, id)?;
        // Who has a part that holds capacity, or is asked already, needs no more of it.
        let holds = work
            .role_of(id)
            .is_some_and(|role| role != LegRole::Observer);
        if holds {
            return Ok(());
        }
        self.has_room(interaction, &work.queue, work.media_type, id, over_limit)
    }

    /// Whether an agent is there, ready or not.
    fn is_there(&self, interaction: InteractionId, id: &AgentId) -> Result<(), Refusal> {
        let agent = self.agent(id)?;
        if agent.presence == Presence::Offline && !fault::is_on("absent-owners") {
            return Err(unavailable(interaction, id, "they are offline".to_owned()));
        }
        Ok(())
    }

    fn has_room(
        &self,
        interaction: InteractionId,
        queue: &QueueId,
        media_type: MediaType,
        id: &AgentId,
        over_limit: bool,
    ) -> Result<(), Refusal> {
        let agent = self.agent(id)?;
        if !self.state.is_entitled(agent, media_type) {
            let reason = format!("they are not entitled to {media_type}");
            return Err(unavailable(interaction, id, reason));
        }
        let load = self.index.load(id, media_type);
        if !self
            .state
            .has_room(agent, queue, media_type, load, over_limit)
            && !fault::is_on("room-for-who-helps-themself")
        {
            let reason = format!("they have as much work as they may beside a {media_type}");
            return Err(unavailable(interaction, id, reason));
        }
        Ok(())
    }
}

fn unavailable(interaction: InteractionId, agent: &AgentId, reason: String) -> Refusal {
    Refusal::Unavailable {
        interaction,
        agent: agent.clone(),
        reason,
    }
}

fn has_place(interaction: InteractionId, work: &Work) -> Result<(), Refusal> {
    if work.legs.len() < MOST_LEGS {
        Ok(())
    } else {
        Err(Refusal::TooManyLegs {
            interaction,
            most: MOST_LEGS,
        })
    }
}

fn no_part_yet(interaction: InteractionId, work: &Work, agent: &AgentId) -> Result<(), Refusal> {
    match work.role_of(agent) {
        None => Ok(()),
        Some(role) => Err(Refusal::TakesPart {
            interaction,
            agent: agent.clone(),
            role,
        }),
    }
}
