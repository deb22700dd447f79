//! What a command leads to by itself: checked against the state, which it does not change.

use linecard_model::routing::{
    EndReason, InteractionState, OfferOutcome, Presence, PresenceCause, RequiredSkill, ReturnCause,
    RoutingEvent, RoutingSettings, WrapUpPolicy,
};
use linecard_model::{AgentId, InteractionId, OfferId, QueueId, Timestamp};

use crate::command::{Command, Refusal};
use crate::counters::later;
use crate::index::Index;
use crate::state::{Agent, State, Work};

type Decision = Result<Vec<RoutingEvent>, Refusal>;

pub(crate) fn decide(state: &State, index: &Index, at: Timestamp, command: Command) -> Decision {
    let decide = Decide { state, index, at };
    match command {
        Command::Configure { settings } => {
            settings.check()?;
            Ok(if *settings == *state.settings {
                Vec::new()
            } else {
                let mut events = decide.release_removed(&settings);
                events.push(RoutingEvent::Configured { settings });
                events
            })
        }
        Command::Enqueue {
            interaction,
            queue,
            media_type,
            skills,
            priority,
        } => {
            if let Some(work) = state.work.get(&interaction) {
                return Err(Refusal::DuplicateInteraction {
                    interaction,
                    queue: work.queue.clone(),
                });
            }
            let settings = state
                .queues
                .get(&queue)
                .filter(|queue| !queue.retired)
                .map(|queue| &queue.settings)
                .ok_or_else(|| Refusal::UnknownQueue(queue.clone()))?;
            Ok(vec![RoutingEvent::Enqueued {
                interaction,
                media_type,
                skills: normalize(skills)?,
                priority: priority.unwrap_or(settings.priority),
                queue,
            }])
        }
        Command::Accept { offer, agent } => {
            let (interaction, work) = decide.open_offer(offer, &agent)?;
            Ok(vec![RoutingEvent::Connected {
                interaction,
                queue: work.queue.clone(),
                agent,
                offer,
            }])
        }
        Command::Decline { offer, agent } => {
            let (interaction, work) = decide.open_offer(offer, &agent)?;
            Ok(vec![RoutingEvent::OfferEnded {
                interaction,
                queue: work.queue.clone(),
                agent,
                offer,
                outcome: OfferOutcome::Declined,
                excluded_until: excluded_until(state, &work.queue, at),
            }])
        }
        Command::SetPresence { agent, presence } => decide.set_presence(agent, presence),
        Command::End {
            interaction,
            agent,
            disposition,
        } => decide.end(interaction, agent, disposition),
        Command::WrapUp {
            interaction,
            agent,
            disposition,
        } => decide.wrap_up(interaction, agent, disposition),
        Command::Rescind {
            interaction,
            reason,
        } => decide.rescind(interaction, reason),
        Command::DesktopLost { agent } => {
            let known = decide.agent(&agent)?;
            let stays = known.away.is_some() || known.presence == Presence::Offline;
            Ok(if stays {
                Vec::new()
            } else {
                vec![RoutingEvent::DesktopLost {
                    agent,
                    deadline: later(at, state.settings.desktop_grace_seconds),
                }]
            })
        }
        Command::DesktopBack { agent } => {
            let known = decide.agent(&agent)?;
            Ok(if known.away.is_some() {
                vec![RoutingEvent::DesktopBack { agent }]
            } else {
                Vec::new()
            })
        }
        Command::ResetStats => Ok(vec![RoutingEvent::StatsReset]),
        Command::Tick => Ok(Vec::new()),
    }
}

/// When an exclusion that begins now ends; none if the queue excludes nobody.
pub(crate) fn excluded_until(state: &State, queue: &QueueId, at: Timestamp) -> Option<Timestamp> {
    let seconds = state.queues.get(queue)?.settings.exclusion_seconds;
    (seconds > 0).then(|| later(at, seconds))
}

/// The events that take everything that alerts at an agent back to its queue.
pub(crate) fn withdraw_offers(
    state: &State,
    index: &Index,
    agent: &AgentId,
    outcome: OfferOutcome,
) -> Vec<RoutingEvent> {
    index
        .work_of(agent)
        .filter_map(|interaction| {
            let work = state.work.get(&interaction)?;
            let InteractionState::Offered { offer, .. } = work.state else {
                return None;
            };
            Some(RoutingEvent::OfferEnded {
                interaction,
                queue: work.queue.clone(),
                agent: agent.clone(),
                offer,
                outcome,
                excluded_until: None,
            })
        })
        .collect()
}

/// The events that take everything that an agent has accepted, but not ended, back to its queue.
pub(crate) fn return_work(
    state: &State,
    index: &Index,
    agent: &AgentId,
    cause: ReturnCause,
) -> Vec<RoutingEvent> {
    index
        .work_of(agent)
        .filter_map(|interaction| {
            let work = state.work.get(&interaction)?;
            matches!(work.state, InteractionState::Connected { .. }).then(|| {
                RoutingEvent::Returned {
                    interaction,
                    queue: work.queue.clone(),
                    agent: agent.clone(),
                    cause,
                }
            })
        })
        .collect()
}

/// Sorts required skills, and makes one of those that are named twice.
fn normalize(mut skills: Vec<RequiredSkill>) -> Result<Vec<RequiredSkill>, Refusal> {
    for need in &skills {
        if let Some(value) = need.min_proficiency
            && !(1..=100).contains(&value)
        {
            return Err(Refusal::Proficiency {
                skill: need.skill.clone(),
                value,
            });
        }
    }
    // Of one skill the highest minimum comes first, and is the one that is kept.
    skills.sort_by(|a, b| {
        a.skill
            .cmp(&b.skill)
            .then(b.min_proficiency.cmp(&a.min_proficiency))
    });
    skills.dedup_by(|later, kept| later.skill == kept.skill);
    Ok(skills)
}

struct Decide<'a> {
    state: &'a State,
    index: &'a Index,
    at: Timestamp,
}

impl<'a> Decide<'a> {
    fn agent(&self, id: &AgentId) -> Result<&'a Agent, Refusal> {
        self.state
            .agents
            .get(id)
            .filter(|agent| !agent.removed)
            .ok_or_else(|| Refusal::UnknownAgent(id.clone()))
    }

    fn work(&self, id: InteractionId) -> Result<&'a Work, Refusal> {
        self.state
            .work
            .get(&id)
            .ok_or(Refusal::UnknownInteraction(id))
    }

    /// The offer, if the agent can still answer it.
    fn open_offer(
        &self,
        offer: OfferId,
        agent: &AgentId,
    ) -> Result<(InteractionId, &'a Work), Refusal> {
        self.agent(agent)?;
        let open = self.index.offers.get(&offer).and_then(|id| {
            let work = self.state.work.get(id)?;
            match &work.state {
                InteractionState::Offered {
                    agent, deadline, ..
                } => Some((*id, work, agent, *deadline)),
                _ => None,
            }
        });
        if let Some((id, work, owner, deadline)) = open {
            return if owner != agent {
                Err(Refusal::OfferOfAnother {
                    offer,
                    owner: owner.clone(),
                })
            } else if deadline <= self.at {
                Err(Refusal::OfferExpired { offer, deadline })
            } else {
                Ok((id, work))
            };
        }
        Err(match self.state.closed_offers.get(&offer) {
            None => Refusal::UnknownOffer(offer),
            Some(closed) if closed.agent != *agent => Refusal::OfferOfAnother {
                offer,
                owner: closed.agent.clone(),
            },
            Some(closed) => match closed.outcome {
                None => Refusal::OfferTaken(offer),
                Some(OfferOutcome::NoAnswer) => Refusal::OfferExpired {
                    offer,
                    deadline: closed.deadline,
                },
                Some(_) => Refusal::OfferWithdrawn(offer),
            },
        })
    }

    fn set_presence(&self, agent: AgentId, presence: Presence) -> Decision {
        let known = self.agent(&agent)?;
        if let Presence::NotReady { reason } = &presence
            && !self.state.settings.not_ready_reasons.contains(reason)
        {
            return Err(Refusal::UnknownReason {
                reason: reason.clone(),
                allowed: self.state.settings.not_ready_reasons.clone(),
            });
        }
        if known.presence == presence {
            return Ok(Vec::new());
        }
        let mut events = if presence.is_ready() {
            Vec::new()
        } else {
            withdraw_offers(self.state, self.index, &agent, OfferOutcome::AgentNotReady)
        };
        events.push(RoutingEvent::PresenceChanged {
            agent,
            presence,
            cause: PresenceCause::Requested,
        });
        Ok(events)
    }

    fn end(
        &self,
        interaction: InteractionId,
        agent: AgentId,
        disposition: Option<String>,
    ) -> Decision {
        self.agent(&agent)?;
        let work = self.work(interaction)?;
        match &work.state {
            InteractionState::Connected { agent: owner } if *owner == agent => {}
            InteractionState::Connected { agent: owner } => {
                return Err(Refusal::NotYours {
                    interaction,
                    owner: owner.clone(),
                });
            }
            other => {
                return Err(Refusal::WrongState {
                    interaction,
                    state: other.name(),
                    expected: "connected",
                });
            }
        }
        if let Some(code) = &disposition {
            self.check_code(&work.queue, code)?;
            return Ok(vec![ended(
                interaction,
                work,
                Some(agent),
                EndReason::Completed,
                disposition,
            )]);
        }
        Ok(vec![self.over(
            interaction,
            work,
            agent,
            EndReason::Completed,
        )])
    }

    fn wrap_up(
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
            other => {
                return Err(Refusal::WrongState {
                    interaction,
                    state: other.name(),
                    expected: "wrap-up",
                });
            }
        };
        match (&disposition, self.state.queues.get(&work.queue)) {
            (Some(code), _) => self.check_code(&work.queue, code)?,
            (None, Some(queue)) if queue.settings.wrap_up != WrapUpPolicy::Optional => {
                return Err(Refusal::DispositionRequired {
                    queue: work.queue.clone(),
                    allowed: queue.settings.disposition_codes.clone(),
                });
            }
            (None, _) => {}
        }
        Ok(vec![ended(
            interaction,
            work,
            Some(agent),
            reason,
            disposition,
        )])
    }

    fn rescind(&self, interaction: InteractionId, reason: EndReason) -> Decision {
        let work = self.work(interaction)?;
        Ok(match &work.state {
            InteractionState::Queued => vec![ended(interaction, work, None, reason, None)],
            InteractionState::Offered { agent, offer, .. } => vec![
                RoutingEvent::OfferEnded {
                    interaction,
                    queue: work.queue.clone(),
                    agent: agent.clone(),
                    offer: *offer,
                    outcome: OfferOutcome::Rescinded,
                    excluded_until: None,
                },
                ended(interaction, work, None, reason, None),
            ],
            InteractionState::Connected { agent } => {
                vec![self.over(interaction, work, agent.clone(), reason)]
            }
            InteractionState::WrapUp { .. } | InteractionState::Ended { .. } => Vec::new(),
        })
    }

    /// What follows the end of a conversation for which no code was given.
    fn over(
        &self,
        interaction: InteractionId,
        work: &Work,
        agent: AgentId,
        reason: EndReason,
    ) -> RoutingEvent {
        let deadline = match self
            .state
            .queues
            .get(&work.queue)
            .map(|queue| &queue.settings.wrap_up)
        {
            None | Some(WrapUpPolicy::Optional) => {
                return ended(interaction, work, Some(agent), reason, None);
            }
            Some(WrapUpPolicy::Mandatory) => None,
            Some(WrapUpPolicy::Timed { seconds, .. }) => Some(later(self.at, *seconds)),
        };
        RoutingEvent::WrapUpStarted {
            interaction,
            queue: work.queue.clone(),
            agent,
            reason,
            deadline,
        }
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

    /// What happens to the work of the agents who are not in new settings.
    fn release_removed(&self, new: &RoutingSettings) -> Vec<RoutingEvent> {
        let mut events = Vec::new();
        for id in self.state.agents.keys() {
            if new.agents.iter().any(|agent| agent.id == *id) {
                continue;
            }
            events.extend(withdraw_offers(
                self.state,
                self.index,
                id,
                OfferOutcome::AgentRemoved,
            ));
            events.extend(return_work(
                self.state,
                self.index,
                id,
                ReturnCause::AgentRemoved,
            ));
            events.extend(
                self.index
                    .work_of(id)
                    .filter_map(|interaction| wrap_up_by_default(self.state, interaction)),
            );
        }
        events
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
    let disposition = state.default_code(&work.queue);
    Some(RoutingEvent::Ended {
        interaction,
        queue: work.queue.clone(),
        agent: Some(agent.clone()),
        reason: *reason,
        defaulted: disposition.is_some(),
        disposition,
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
