//! How a conversation ends, and its wrap-up.

use linecard_model::routing::{
    EndReason, InteractionState, OfferOutcome, RoutingEvent, WrapUpPolicy,
};
use linecard_model::{AgentId, InteractionId, QueueId};

use super::{Decide, Decision, dissolve, end_offer, wrong_state};
use crate::counters::later;
use crate::refusal::Refusal;
use crate::state::{State, Work};

impl Decide<'_> {
    pub(super) fn end(
        &self,
        interaction: InteractionId,
        agent: AgentId,
        disposition: Option<String>,
        wrap_up: bool,
    ) -> Decision {
        let work = self.talking(interaction, &agent)?;
        if let Some(code) = &disposition {
            self.check_code(&work.queue, code)?;
        }
        let mut events = dissolve(interaction, work);
        let reason = EndReason::Completed;
        let started = self.wrap_up_started(interaction, work, &agent, reason, wrap_up);
        match (started, disposition) {
            (Some(started), Some(code)) if self.must_run(&work.queue) => {
                events.push(started);
                events.push(RoutingEvent::WrapUpCoded {
                    interaction,
                    queue: work.queue.clone(),
                    agent,
                    disposition: code,
                });
            }
            (Some(started), None) => events.push(started),
            (_, disposition) => {
                events.push(ended(interaction, work, Some(agent), reason, disposition));
            }
        }
        Ok(events)
    }

    pub(super) fn wrap_up(
        &self,
        interaction: InteractionId,
        agent: AgentId,
        disposition: Option<String>,
    ) -> Decision {
        self.agent(&agent)?;
        let work = self.work(interaction)?;
        let reason = match &work.state {
            InteractionState::WrapUp {
                agent: owner,
                reason,
                ..
            } if *owner == agent => *reason,
            InteractionState::WrapUp { agent: owner, .. } => {
                return Err(Refusal::NotYours {
                    interaction,
                    owner: owner.clone(),
                });
            }
            _ => return Err(wrong_state(interaction, work, "wrap-up")),
        };
        let queue = self.state.queues.get(&work.queue);
        let must_have = queue.is_some_and(|queue| {
            matches!(
                queue.settings.wrap_up,
                WrapUpPolicy::Mandatory | WrapUpPolicy::Timed { .. }
            )
        });
        match (&disposition, queue) {
            (Some(code), _) => self.check_code(&work.queue, code)?,
            (None, Some(queue)) if must_have => {
                return Err(Refusal::DispositionRequired {
                    queue: work.queue.clone(),
                    allowed: queue.settings.disposition_codes.clone(),
                });
            }
            (None, _) => {}
        }
        // A time that must run out only takes the code down. A wrap-up that began under another policy
        // may have no end of its own.
        let runs = matches!(
            work.state,
            InteractionState::WrapUp {
                deadline: Some(_),
                ..
            }
        ) && self.must_run(&work.queue);
        Ok(match disposition {
            Some(code) if runs && work.code.as_ref() == Some(&code) => Vec::new(),
            Some(disposition) if runs => vec![RoutingEvent::WrapUpCoded {
                interaction,
                queue: work.queue.clone(),
                agent,
                disposition,
            }],
            disposition => vec![ended(interaction, work, Some(agent), reason, disposition)],
        })
    }

    /// Ends it for a rule.
    pub(super) fn close(
        &self,
        interaction: InteractionId,
        disposition: Option<String>,
    ) -> Decision {
        let work = self.work(interaction)?;
        let reason = EndReason::Cancelled;
        let Some(code) = &disposition else {
            return self.rescind(interaction, reason);
        };
        self.check_code(&work.queue, code)?;
        let mut events = Vec::new();
        let agent = match &work.state {
            InteractionState::WrapUp { .. } | InteractionState::Ended { .. } => return Ok(events),
            InteractionState::Queued | InteractionState::Parked { .. } => None,
            InteractionState::Offered { agent, .. } => {
                events.extend(end_offer(interaction, work, agent, OfferOutcome::Rescinded));
                None
            }
            InteractionState::Connected { agent } | InteractionState::Held { agent } => {
                events.extend(dissolve(interaction, work));
                Some(agent.clone())
            }
        };
        events.push(ended(interaction, work, agent, reason, disposition));
        Ok(events)
    }

    pub(super) fn rescind(&self, interaction: InteractionId, reason: EndReason) -> Decision {
        let work = self.work(interaction)?;
        let mut events = Vec::new();
        match &work.state {
            InteractionState::Queued | InteractionState::Parked { .. } => {
                events.push(ended(interaction, work, None, reason, None));
            }
            InteractionState::Offered { agent, .. } => {
                events.extend(end_offer(interaction, work, agent, OfferOutcome::Rescinded));
                events.push(ended(interaction, work, None, reason, None));
            }
            InteractionState::Connected { agent } | InteractionState::Held { agent } => {
                events.extend(dissolve(interaction, work));
                events.push(
                    self.wrap_up_started(interaction, work, agent, reason, false)
                        .unwrap_or_else(|| {
                            ended(interaction, work, Some(agent.clone()), reason, None)
                        }),
                );
            }
            InteractionState::WrapUp { .. } | InteractionState::Ended { .. } => {}
        }
        Ok(events)
    }

    /// The beginning of the wrap-up that the queue's policy wants after a conversation for which no code
    /// was given.
    fn wrap_up_started(
        &self,
        interaction: InteractionId,
        work: &Work,
        agent: &AgentId,
        reason: EndReason,
        asked_for: bool,
    ) -> Option<RoutingEvent> {
        let policy = &self.state.queues.get(&work.queue)?.settings.wrap_up;
        let deadline = match policy {
            WrapUpPolicy::Optional => return None,
            WrapUpPolicy::OnRequest if !asked_for => return None,
            WrapUpPolicy::OnRequest | WrapUpPolicy::Mandatory => None,
            WrapUpPolicy::Timed { seconds, .. } => Some(later(self.at, *seconds)),
        };
        Some(RoutingEvent::WrapUpStarted {
            interaction,
            queue: work.queue.clone(),
            agent: agent.clone(),
            reason,
            deadline,
        })
    }

    /// Whether a queue's wrap-up lasts its whole time.
    fn must_run(&self, queue: &QueueId) -> bool {
        self.state.queues.get(queue).is_some_and(|queue| {
            matches!(
                queue.settings.wrap_up,
                WrapUpPolicy::Timed {
                    early_exit: false,
                    ..
                }
            )
        })
    }

    fn check_code(&self, queue: &QueueId, code: &str) -> Result<(), Refusal> {
        let allowed = self
            .state
            .queues
            .get(queue)
            .map(|queue| queue.settings.disposition_codes.as_slice())
            .unwrap_or_default();
        if allowed.iter().any(|known| known == code) {
            Ok(())
        } else {
            Err(Refusal::UnknownDisposition {
                queue: queue.clone(),
                code: code.to_owned(),
                allowed: allowed.to_vec(),
            })
        }
    }
}

/// The end of a wrap-up that the agent does not finish.
pub(crate) fn wrap_up_by_default(
    state: &State,
    interaction: InteractionId,
) -> Option<RoutingEvent> {
    let work = state.work.get(&interaction)?;
    let InteractionState::WrapUp { agent, reason, .. } = &work.state else {
        return None;
    };
    let usual = state.default_code(&work.queue);
    Some(RoutingEvent::Ended {
        interaction,
        queue: work.queue.clone(),
        agent: Some(agent.clone()),
        reason: *reason,
        defaulted: work.code.is_none() && usual.is_some(),
        disposition: work.code.clone().or(usual),
    })
}

fn ended(
    interaction: InteractionId,
    work: &Work,
    agent: Option<AgentId>,
    reason: EndReason,
    disposition: Option<String>,
) -> RoutingEvent {
    RoutingEvent::Ended {
        interaction,
        queue: work.queue.clone(),
        agent,
        reason,
        disposition,
        defaulted: false,
    }
}
