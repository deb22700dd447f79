//! What a command leads to by itself: checked against the state, which it does not change.
//!
//! One file for each family of commands: [`offers`], [`ending`], [`moving`] (what leaves its owner for a
//! time or for good), [`legs`] (who takes part beside the owner), [`agents`] and [`service`] (policies and
//! opening hours).

mod agents;
mod ending;
mod legs;
mod moving;
mod offers;
mod service;

use std::collections::BTreeSet;

use linecard_model::routing::{
    InteractionState, LegEnd, OfferOutcome, Presence, RequiredSkill, ReturnCause, RoutingEvent,
    RoutingSettings, RoutingStep, UnparkCause,
};
use linecard_model::{AgentId, GroupId, InteractionId, QueueId, Timestamp};

pub(crate) use self::ending::wrap_up_by_default;
use crate::command::Command;
use crate::counters::later;
use crate::fault;
use crate::index::Index;
use crate::refusal::Refusal;
use crate::state::{Agent, Queue, State, Work};
use crate::steps::plan;

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
            first,
        } => {
            decide.is_new(interaction)?;
            let known = decide.queue(&queue)?;
            Ok(vec![RoutingEvent::Enqueued {
                interaction,
                media_type,
                skills: normalize(skills)?,
                priority: priority.unwrap_or(known.settings.priority),
                plan: plan(at, known, first),
                queue,
            }])
        }
        Command::Begin {
            interaction,
            queue,
            agent,
            media_type,
            skills,
        } => decide.begin(interaction, queue, agent, media_type, skills),
        Command::Accept { offer, agent } => decide.accept(offer, agent),
        Command::Decline { offer, agent } => decide.decline(offer, agent),
        Command::SetPresence {
            agent,
            presence,
            forced,
        } => decide.set_presence(agent, presence, forced),
        Command::End {
            interaction,
            agent,
            disposition,
            wrap_up,
        } => decide.end(interaction, agent, disposition, wrap_up),
        Command::WrapUp {
            interaction,
            agent,
            disposition,
        } => decide.wrap_up(interaction, agent, disposition),
        Command::Rescind {
            interaction,
            reason,
        } => decide.rescind(interaction, reason),
        Command::Close {
            interaction,
            disposition,
        } => decide.close(interaction, disposition),
        Command::Hold { interaction, agent } => decide.hold(interaction, agent),
        Command::Resume { interaction, agent } => decide.resume(interaction, agent),
        Command::Park {
            interaction,
            agent,
            until,
            waiting_for,
        } => decide.park(interaction, agent, until, waiting_for),
        Command::CustomerWrote { interaction } => decide.customer_wrote(interaction),
        Command::CompanyWrote { interaction } => {
            decide.work(interaction)?;
            let unparked = unpark(state, at, interaction, UnparkCause::CompanyWrote);
            Ok(unparked.into_iter().collect())
        }
        Command::Answered { interaction } => decide.answered(interaction),
        Command::Promise {
            interaction,
            promise,
        } => decide.promise(interaction, promise),
        Command::SetOpen { queue, open } => decide.set_open(queue, open),
        Command::Transfer {
            interaction,
            agent,
            to,
        } => decide.transfer(interaction, agent, to),
        Command::Requeue { interaction, agent } => decide.requeue(interaction, agent),
        Command::Prioritize {
            interaction,
            priority,
        } => {
            let work = decide.work(interaction)?;
            Ok(if work.priority == priority {
                Vec::new()
            } else {
                vec![RoutingEvent::PriorityChanged {
                    interaction,
                    queue: work.queue.clone(),
                    priority,
                }]
            })
        }
        Command::Consult {
            interaction,
            agent,
            to,
        } => decide.consult(interaction, agent, to),
        Command::CompleteConsult {
            interaction,
            agent,
            consultant,
        } => decide.complete_consult(interaction, agent, consultant),
        Command::CancelConsult {
            interaction,
            agent,
            consultant,
        } => decide.cancel_consult(interaction, agent, consultant),
        Command::Monitor { interaction, agent } => decide.monitor(interaction, agent),
        Command::Leave { interaction, agent } => decide.leave(interaction, agent),
        Command::TakeOver { interaction, agent } => decide.take_over(interaction, agent),
        Command::PickUp {
            interaction,
            agent,
            by_right,
        } => decide.pick_up(interaction, agent, by_right),
        Command::PauseQueue { queue } => Ok(if decide.queue(&queue)?.paused {
            Vec::new()
        } else {
            vec![RoutingEvent::QueuePaused { queue }]
        }),
        Command::ResumeQueue { queue } => Ok(if decide.queue(&queue)?.paused {
            vec![RoutingEvent::QueueResumed { queue }]
        } else {
            Vec::new()
        }),
        Command::BeginExternal {
            agent,
            reference,
            media_type,
            until,
        } => decide.begin_external(agent, reference, media_type, until),
        Command::EndExternal { agent, reference } => decide.end_external(agent, reference),
        Command::SetStation { agent, station } => decide.set_station(agent, station),
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
    if fault::is_on("nobody-is-excluded") {
        return None;
    }
    (seconds > 0).then(|| later(at, seconds))
}

/// The events that take everything that alerts at an agent away again.
pub(crate) fn withdraw_offers(
    state: &State,
    index: &Index,
    agent: &AgentId,
    outcome: OfferOutcome,
) -> Vec<RoutingEvent> {
    index
        .work_of(agent)
        .filter_map(|id| end_offer(id, state.work.get(&id)?, agent, outcome))
        .collect()
}

/// The end of what alerts at an agent of an interaction, if anything does.
pub(crate) fn end_offer(
    interaction: InteractionId,
    work: &Work,
    agent: &AgentId,
    outcome: OfferOutcome,
) -> Option<RoutingEvent> {
    let (offer, _, role) = work.offer_at(agent)?;
    Some(RoutingEvent::OfferEnded {
        interaction,
        queue: work.queue.clone(),
        agent: agent.clone(),
        offer,
        outcome,
        excluded_until: None,
        role,
    })
}

/// The events that take everything from an agent that they have accepted, but not ended: conversations go
/// back to their queues, parts in those of others and watching end.
pub(crate) fn return_work(
    state: &State,
    index: &Index,
    at: Timestamp,
    agent: &AgentId,
    cause: ReturnCause,
) -> Vec<RoutingEvent> {
    let end = match cause {
        ReturnCause::AgentRemoved => LegEnd::AgentRemoved,
        ReturnCause::DesktopLost | ReturnCause::Requeued => LegEnd::DesktopLost,
    };
    let mut events = Vec::new();
    for id in index.work_of(agent).chain(index.watched_by(agent)) {
        let Some(work) = state.work.get(&id) else {
            continue;
        };
        if work.state.talking() == Some(agent) {
            events.extend(dissolve(id, work));
            events.push(returned(id, work, at, agent, cause, None));
        } else {
            events.extend(end_leg(id, work, agent, end));
        }
    }
    events
}

fn returned(
    interaction: InteractionId,
    work: &Work,
    at: Timestamp,
    agent: &AgentId,
    cause: ReturnCause,
    excluded_until: Option<Timestamp>,
) -> RoutingEvent {
    RoutingEvent::Returned {
        interaction,
        queue: work.queue.clone(),
        agent: agent.clone(),
        cause,
        excluded_until,
        step_until: crate::steps::until(at, work, work.step),
    }
}

/// The end of the accepted part of somebody who is not the owner.
fn end_leg(
    interaction: InteractionId,
    work: &Work,
    agent: &AgentId,
    cause: LegEnd,
) -> Option<RoutingEvent> {
    let leg = work.legs.get(agent)?;
    leg.offer.is_none().then(|| RoutingEvent::LegEnded {
        interaction,
        queue: work.queue.clone(),
        agent: agent.clone(),
        role: leg.role,
        cause,
    })
}

/// The events that end the parts of all who are not the owner, because it leaves the owner or is over.
fn dissolve(interaction: InteractionId, work: &Work) -> Vec<RoutingEvent> {
    let legs = work.legs.keys();
    let legs = legs.filter(|_| !fault::is_on("parts-outlive-the-owners"));
    legs.filter_map(|agent| {
        end_offer(interaction, work, agent, OfferOutcome::Rescinded)
            .or_else(|| end_leg(interaction, work, agent, LegEnd::InteractionGone))
    })
    .collect()
}

/// The return of a parked interaction: to the agent who parked it, then to anybody.
pub(crate) fn unpark(
    state: &State,
    at: Timestamp,
    interaction: InteractionId,
    cause: UnparkCause,
) -> Option<RoutingEvent> {
    let work = state.work.get(&interaction)?;
    let InteractionState::Parked { agent, .. } = &work.state else {
        return None;
    };
    let queue = state.queues.get(&work.queue)?;
    let first = (cause != UnparkCause::AgentRemoved).then(|| {
        let wait = queue.settings.direct_wait_seconds.max(1);
        RoutingStep::agent(agent.clone(), wait, true)
    });
    Some(RoutingEvent::Unparked {
        interaction,
        queue: work.queue.clone(),
        agent: agent.clone(),
        cause,
        plan: plan(
            at,
            queue,
            first.filter(|_| !fault::is_on("parked-comes-to-anybody")),
        ),
    })
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
            .known_agent(id)
            .ok_or_else(|| Refusal::UnknownAgent(id.clone()))
    }

    fn queue(&self, id: &QueueId) -> Result<&'a Queue, Refusal> {
        self.state
            .queues
            .get(id)
            .filter(|queue| !queue.retired)
            .ok_or_else(|| Refusal::UnknownQueue(id.clone()))
    }

    fn group(&self, id: &GroupId) -> Result<(), Refusal> {
        if self.state.groups.contains_key(id) {
            Ok(())
        } else {
            Err(Refusal::UnknownGroup(id.clone()))
        }
    }

    fn work(&self, id: InteractionId) -> Result<&'a Work, Refusal> {
        self.state
            .work
            .get(&id)
            .ok_or(Refusal::UnknownInteraction(id))
    }

    /// The interaction, if it is this agent's and they are talking: connected or held.
    fn talking(&self, id: InteractionId, agent: &AgentId) -> Result<&'a Work, Refusal> {
        self.agent(agent)?;
        let work = self.work(id)?;
        match work.state.talking() {
            Some(owner) if owner == agent => Ok(work),
            Some(owner) => Err(Refusal::NotYours {
                interaction: id,
                owner: owner.clone(),
            }),
            None => Err(wrong_state(id, work, "connected or held")),
        }
    }

    /// What happens to the work of the agents who are not in new settings.
    fn release_removed(&self, new: &RoutingSettings) -> Vec<RoutingEvent> {
        let kept: BTreeSet<&AgentId> = new.agents.iter().map(|agent| &agent.id).collect();
        let mut events = Vec::new();
        if fault::is_on("removed-agents-keep-work") {
            return events;
        }
        let gone = self.state.agents.keys().filter(|id| !kept.contains(id));
        for id in gone {
            events.extend(withdraw_offers(
                self.state,
                self.index,
                id,
                OfferOutcome::AgentRemoved,
            ));
        }
        let gone = self.state.agents.keys().filter(|id| !kept.contains(id));
        for id in gone {
            events.extend(return_work(
                self.state,
                self.index,
                self.at,
                id,
                ReturnCause::AgentRemoved,
            ));
            events.extend(
                self.index
                    .work_of(id)
                    .filter_map(|interaction| wrap_up_by_default(self.state, interaction)),
            );
            let parked = self.index.parked.get(id).into_iter().flatten();
            events.extend(parked.filter_map(|interaction| {
                unpark(self.state, self.at, *interaction, UnparkCause::AgentRemoved)
            }));
            if let Some(agent) = self.state.agents.get(id) {
                events.extend(
                    agent
                        .external
                        .keys()
                        .map(|reference| RoutingEvent::ExternalEnded {
                            agent: id.clone(),
                            reference: reference.clone(),
                        }),
                );
            }
        }
        // Several who leave may have had a part in one interaction: each part ends once.
        let mut seen = BTreeSet::new();
        events.retain(|event| match event {
            RoutingEvent::LegEnded {
                interaction, agent, ..
            }
            | RoutingEvent::OfferEnded {
                interaction, agent, ..
            } => seen.insert((*interaction, agent.clone())),
            _ => true,
        });
        events
    }
}

fn wrong_state(interaction: InteractionId, work: &Work, expected: &'static str) -> Refusal {
    Refusal::WrongState {
        interaction,
        state: work.state.name(),
        expected,
    }
}
