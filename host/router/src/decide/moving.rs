//! What an owner, or a supervisor, does with an interaction that does not end it: put it aside, away, back,
//! or give it on.

use linecard_model::routing::{
    InteractionState, LegRole, OfferOutcome, OwnerCause, ReturnCause, RoutingEvent, RoutingStep,
    TransferTarget, WaitingFor,
};
use linecard_model::{AgentId, InteractionId, Timestamp};

use super::{
    Decide, Decision, dissolve, end_offer, excluded_until, normalize, returned, wrong_state,
};
use crate::refusal::Refusal;
use crate::steps::plan;

impl Decide<'_> {
    pub(super) fn hold(&self, interaction: InteractionId, agent: AgentId) -> Decision {
        let work = self.talking(interaction, &agent)?;
        Ok(match &work.state {
            InteractionState::Held { .. } => Vec::new(),
            _ => vec![RoutingEvent::Held {
                interaction,
                queue: work.queue.clone(),
                agent,
            }],
        })
    }

    pub(super) fn resume(&self, interaction: InteractionId, agent: AgentId) -> Decision {
        self.agent(&agent)?;
        let work = self.work(interaction)?;
        match &work.state {
            InteractionState::Connected { agent: owner } if *owner == agent => Ok(Vec::new()),
            InteractionState::Held { agent: owner } if *owner == agent => {
                Ok(vec![RoutingEvent::Resumed {
                    interaction,
                    queue: work.queue.clone(),
                    agent,
                }])
            }
            InteractionState::Parked { agent: owner, .. } if *owner == agent => {
                self.can_become_owner(interaction, work, &agent, true)?;
                Ok(vec![RoutingEvent::OwnerChanged {
                    interaction,
                    queue: work.queue.clone(),
                    from: Some(owner.clone()),
                    agent,
                    cause: OwnerCause::Unparked,
                }])
            }
            InteractionState::Connected { agent: owner }
            | InteractionState::Held { agent: owner }
            | InteractionState::Parked { agent: owner, .. } => Err(Refusal::NotYours {
                interaction,
                owner: owner.clone(),
            }),
            _ => Err(wrong_state(interaction, work, "held or parked")),
        }
    }

    pub(super) fn park(
        &self,
        interaction: InteractionId,
        agent: AgentId,
        until: Option<Timestamp>,
        waiting_for: WaitingFor,
    ) -> Decision {
        let work = self.talking(interaction, &agent)?;
        let longest = self
            .state
            .queues
            .get(&work.queue)
            .map_or(1, |queue| queue.settings.park_seconds);
        let until = self.until(until, longest, longest)?;
        let mut events = dissolve(interaction, work);
        events.push(RoutingEvent::Parked {
            interaction,
            queue: work.queue.clone(),
            agent,
            until,
            waiting_for,
        });
        Ok(events)
    }

    pub(super) fn requeue(&self, interaction: InteractionId, agent: AgentId) -> Decision {
        let work = self.talking(interaction, &agent)?;
        let until = excluded_until(self.state, &work.queue, self.at);
        let mut events = dissolve(interaction, work);
        events.push(returned(
            interaction,
            work,
            self.at,
            &agent,
            ReturnCause::Requeued,
            until,
        ));
        Ok(events)
    }

    pub(super) fn transfer(
        &self,
        interaction: InteractionId,
        agent: Option<AgentId>,
        to: TransferTarget,
    ) -> Decision {
        let work = match &agent {
            Some(agent) => self.talking(interaction, agent)?,
            None => self.work(interaction)?,
        };
        let from = match &work.state {
            InteractionState::Queued | InteractionState::Offered { .. } => None,
            InteractionState::Connected { agent }
            | InteractionState::Held { agent }
            | InteractionState::Parked { agent, .. } => Some(agent.clone()),
            InteractionState::WrapUp { .. } | InteractionState::Ended { .. } => {
                return Err(wrong_state(interaction, work, "not over"));
            }
        };
        let to = self.checked(to)?;
        let queue = match &to {
            TransferTarget::Queue { queue } => queue,
            _ => &work.queue,
        };
        let known = self
            .state
            .queues
            .get(queue)
            .ok_or_else(|| Refusal::UnknownQueue(queue.clone()))?;
        let wait = known.settings.direct_wait_seconds.max(1);
        let first = match &to {
            TransferTarget::Agent { agent } => {
                if from.as_ref() == Some(agent) {
                    return Err(Refusal::TakesPart {
                        interaction,
                        agent: agent.clone(),
                        role: LegRole::Owner,
                    });
                }
                Some(RoutingStep::agent(agent.clone(), wait, false))
            }
            TransferTarget::Group { group } => Some(RoutingStep {
                group: Some(group.clone()),
                seconds: Some(wait),
                ..RoutingStep::default()
            }),
            TransferTarget::Queue { .. } | TransferTarget::Skills { .. } => None,
        };
        let mut events = dissolve(interaction, work);
        if let InteractionState::Offered { agent, .. } = &work.state {
            events.extend(end_offer(interaction, work, agent, OfferOutcome::Rescinded));
        }
        events.push(RoutingEvent::Transferred {
            interaction,
            from_queue: work.queue.clone(),
            queue: queue.clone(),
            excluded_until: from
                .as_ref()
                .and_then(|_| excluded_until(self.state, queue, self.at)),
            from,
            plan: plan(self.at, known, first),
            to,
        });
        Ok(events)
    }

    /// A target that there is, with its skills sorted.
    pub(super) fn checked(&self, to: TransferTarget) -> Result<TransferTarget, Refusal> {
        match &to {
            TransferTarget::Agent { agent } => {
                self.agent(agent)?;
            }
            TransferTarget::Queue { queue } => {
                self.queue(queue)?;
            }
            TransferTarget::Group { group } => self.group(group)?,
            TransferTarget::Skills { .. } => {}
        }
        Ok(match to {
            TransferTarget::Skills { skills } => TransferTarget::Skills {
                skills: normalize(skills)?,
            },
            other => other,
        })
    }
}
