//! An interaction on its way with its owner.

use linecard_model::routing::{
    EndReason, InteractionState, LegOffer, LegRole, OfferOutcome, OwnerCause, Plan, ServiceClock,
    TransferTarget, WaitingFor,
};
use linecard_model::{AgentId, InteractionId, OfferId, QueueId, Timestamp};

use crate::Router;
use crate::counters::millis_between;
use crate::decisions::Answer;
use crate::fault;
use crate::index::LaneKey;
use crate::state::{ClosedOffer, Exclusion, ExclusionCause, Work};

impl Router {
    pub(super) fn on_offered(
        &mut self,
        at: Timestamp,
        id: InteractionId,
        agent: &AgentId,
        offer: OfferId,
        deadline: Timestamp,
        role: LegRole,
    ) {
        if !self.state.agents.contains_key(agent) || self.index.offers.contains_key(&offer) {
            return;
        }
        if !role.is_owner() {
            let offer = LegOffer {
                id: offer,
                deadline,
            };
            self.on_leg_offered(at, id, agent, role, offer);
            return;
        }
        if self.state_of(id) != Some(&InteractionState::Queued) {
            return;
        }
        self.state.offers += 1;
        self.change(at, id, |work| {
            work.state = InteractionState::Offered {
                agent: agent.clone(),
                offer,
                deadline,
            };
        });
        self.count(at, id, |counters| counters.offers += 1);
        self.count_agent(agent, |counters| counters.offers += 1);
    }

    pub(super) fn on_offer_ended(
        &mut self,
        at: Timestamp,
        id: InteractionId,
        outcome: OfferOutcome,
        excluded_until: Option<Timestamp>,
    ) {
        let Some(agent) = self.state_of(id).and_then(InteractionState::agent).cloned() else {
            return;
        };
        self.close_offer_of(at, id, &agent, Some(outcome));
        self.change(at, id, |work| {
            work.state = InteractionState::Queued;
            if fault::is_on("declined-loses-its-place") {
                work.entered = at;
            }
            if let Some(until) = excluded_until {
                let exclusion = Exclusion {
                    since: at,
                    until,
                    cause: if outcome == OfferOutcome::Declined {
                        ExclusionCause::Declined
                    } else {
                        ExclusionCause::NoAnswer
                    },
                };
                work.excluded.insert(agent.clone(), exclusion);
            }
        });
        self.count(at, id, |counters| {
            counters.requeued += u64::from(outcome != OfferOutcome::Rescinded);
            counters.declined += u64::from(outcome == OfferOutcome::Declined);
            counters.rona += u64::from(outcome == OfferOutcome::NoAnswer);
        });
        self.count_agent(&agent, |counters| {
            counters.declined += u64::from(outcome == OfferOutcome::Declined);
            counters.rona += u64::from(outcome == OfferOutcome::NoAnswer);
        });
    }

    pub(super) fn on_connected(&mut self, at: Timestamp, id: InteractionId, agent: &AgentId) {
        self.close_offer_of(at, id, agent, None);
        self.owned(at, id, agent);
    }

    /// Somebody has an interaction from here on.
    fn owned(&mut self, at: Timestamp, id: InteractionId, agent: &AgentId) {
        let Some(work) = self.state.work.get(&id) else {
            return;
        };
        let wait = millis_between(work.entered, at);
        let first_time = !work.answered;
        let target = self.service_level_of(work);
        self.change(at, id, |work| {
            work.state = InteractionState::Connected {
                agent: agent.clone(),
            };
            work.legs.remove(agent);
            work.connected_at = Some(at);
            work.answered = true;
            if !fault::is_on("exclusions-outlive-acceptance") {
                work.excluded.clear();
            }
        });
        if first_time {
            self.count(at, id, |counters| {
                counters.answered += 1;
                counters.answer_wait += wait;
                counters.answered_in_target += u64::from(wait <= target);
            });
        }
        self.count_agent(agent, |counters| counters.answered += 1);
    }

    /// Whoever has an interaction has it no longer; what they did is counted. Whose it was, if they were
    /// talking.
    fn disowned(&mut self, at: Timestamp, id: InteractionId) -> Option<AgentId> {
        let owner = self.state_of(id)?.talking()?.clone();
        self.count_handling(at, id);
        if let Some(known) = self.state.agents.get_mut(&owner)
            && !fault::is_on("giving-on-is-no-work")
        {
            known.idle_since = Some(at);
        }
        Some(owner)
    }

    pub(super) fn on_step_began(
        &mut self,
        at: Timestamp,
        id: InteractionId,
        step: u16,
        until: Option<Timestamp>,
    ) {
        let step = step.saturating_sub(1);
        let is_one = |work: &Work| usize::from(step) < work.step_count();
        if self.state.work.get(&id).is_some_and(is_one) {
            self.change(at, id, |work| {
                work.step = step;
                work.step_until = until;
            });
        }
    }

    pub(super) fn on_held(&mut self, at: Timestamp, id: InteractionId) {
        self.change(at, id, |work| {
            if let InteractionState::Connected { agent } = &work.state {
                work.state = InteractionState::Held {
                    agent: agent.clone(),
                };
                work.held_at = Some(at);
            }
        });
    }

    pub(super) fn on_resumed(&mut self, at: Timestamp, id: InteractionId) {
        self.change(at, id, |work| {
            if let InteractionState::Held { agent } = &work.state {
                work.state = InteractionState::Connected {
                    agent: agent.clone(),
                };
                end_hold(at, work);
            }
        });
    }

    pub(super) fn on_parked(
        &mut self,
        at: Timestamp,
        id: InteractionId,
        agent: &AgentId,
        until: Timestamp,
        waiting_for: WaitingFor,
    ) {
        if self.state_of(id).and_then(InteractionState::talking) != Some(agent) {
            return;
        }
        self.disowned(at, id);
        self.change(at, id, |work| {
            let_go(work);
            work.state = InteractionState::Parked {
                agent: agent.clone(),
                until,
                waiting_for,
            };
        });
        self.count(at, id, |counters| counters.parked += 1);
    }

    pub(super) fn on_unparked(&mut self, at: Timestamp, id: InteractionId, plan: &Plan) {
        if !matches!(self.state_of(id), Some(InteractionState::Parked { .. })) {
            return;
        }
        self.change(at, id, |work| {
            work.state = InteractionState::Queued;
            work.follow(plan);
        });
        self.count(at, id, |counters| counters.requeued += 1);
    }

    pub(super) fn on_transferred(
        &mut self,
        at: Timestamp,
        id: InteractionId,
        queue: &QueueId,
        to: &TransferTarget,
        plan: &Plan,
        excluded_until: Option<Timestamp>,
    ) {
        let can = self.state_of(id).is_some_and(|state| {
            state.talking().is_some()
                || matches!(
                    state,
                    InteractionState::Queued | InteractionState::Parked { .. }
                )
        });
        if !can || !self.state.queues.contains_key(queue) {
            return;
        }
        let parked_by = match self.state_of(id) {
            Some(InteractionState::Parked { agent, .. }) => Some(agent.clone()),
            _ => None,
        };
        let from = self.disowned(at, id);
        if let Some(from) = &from {
            self.count_agent(from, |counters| counters.transferred += 1);
        }
        self.count(at, id, |counters| counters.transferred_out += 1);
        self.change(at, id, |work| {
            let_go(work);
            work.state = InteractionState::Queued;
            if let TransferTarget::Skills { skills } = to {
                work.skills = skills.as_slice().into();
            }
            if matches!(to, TransferTarget::Queue { .. }) {
                work.queue = queue.clone();
                if !fault::is_on("transfers-keep-their-time") {
                    work.entered = at;
                }
                work.overflowed.clear();
            }
            work.excluded.clear();
            if let (Some(agent), Some(until)) = (from.or(parked_by), excluded_until) {
                let exclusion = Exclusion {
                    since: at,
                    until,
                    cause: ExclusionCause::Transferred,
                };
                work.excluded.insert(agent, exclusion);
            }
            work.follow(plan);
        });
        self.count(at, id, |counters| counters.transferred_in += 1);
    }

    pub(super) fn on_overflowed(
        &mut self,
        at: Timestamp,
        id: InteractionId,
        queue: &QueueId,
        plan: &Plan,
    ) {
        if self.state_of(id) != Some(&InteractionState::Queued)
            || !self.state.queues.contains_key(queue)
        {
            return;
        }
        self.count(at, id, |counters| counters.flowed_out += 1);
        self.change(at, id, |work| {
            let left = std::mem::replace(&mut work.queue, queue.clone());
            work.overflowed.insert(left);
            work.follow(plan);
        });
        self.count(at, id, |counters| counters.flowed_in += 1);
    }

    pub(super) fn on_owner_changed(
        &mut self,
        at: Timestamp,
        id: InteractionId,
        agent: &AgentId,
        cause: OwnerCause,
    ) {
        let can = self.state_of(id).is_some_and(|state| {
            (state.talking().is_some() && state.talking() != Some(agent))
                || matches!(
                    state,
                    InteractionState::Queued | InteractionState::Parked { .. }
                )
        });
        if !can || !self.state.agents.contains_key(agent) {
            return;
        }
        if let Some(from) = self.disowned(at, id) {
            self.count_agent(&from, |counters| counters.transferred += 1);
        }
        if cause == OwnerCause::ConsultCompleted || cause == OwnerCause::TakenOver {
            self.count(at, id, |counters| counters.taken_over += 1);
        }
        self.change(at, id, end_handling);
        self.owned(at, id, agent);
    }

    pub(super) fn on_returned(
        &mut self,
        at: Timestamp,
        id: InteractionId,
        excluded_until: Option<Timestamp>,
        step_until: Option<Timestamp>,
    ) {
        let Some(agent) = self.disowned(at, id) else {
            return;
        };
        self.change(at, id, |work| {
            let_go(work);
            work.state = InteractionState::Queued;
            if fault::is_on("returned-loses-its-place") {
                work.entered = at;
            }
            work.step_until = step_until;
            if let Some(until) = excluded_until {
                let exclusion = Exclusion {
                    since: at,
                    until,
                    cause: ExclusionCause::Requeued,
                };
                work.excluded.insert(agent, exclusion);
            }
        });
        self.count(at, id, |counters| counters.requeued += 1);
    }

    pub(super) fn on_wrap_up_started(
        &mut self,
        at: Timestamp,
        id: InteractionId,
        reason: EndReason,
        deadline: Option<Timestamp>,
    ) {
        let Some(agent) = self.state_of(id).and_then(InteractionState::talking) else {
            return;
        };
        let agent = agent.clone();
        self.change(at, id, |work| {
            end_hold(at, work);
            work.legs.clear();
            work.state = InteractionState::WrapUp {
                agent,
                deadline,
                reason,
            };
            work.wrap_up_at = Some(at);
        });
    }

    pub(super) fn on_ended(&mut self, at: Timestamp, id: InteractionId, reason: EndReason) {
        let Some(work) = self.state.work.get(&id) else {
            return;
        };
        let involved: Vec<AgentId> = work.parts().map(|(agent, _)| agent.clone()).collect();
        let owner = work.state.agent().cloned();
        let handled =
            work.state.talking().is_some() || matches!(work.state, InteractionState::WrapUp { .. });
        let waited = millis_between(work.entered, at);
        let answered = work.answered;
        if handled {
            self.count_handling(at, id);
            self.count(at, id, |counters| counters.handled += 1);
        }
        for agent in &involved {
            self.close_offer_of(at, id, agent, Some(OfferOutcome::Rescinded));
        }
        self.count_outcome(at, id, ServiceClock::Resolution);
        if !answered {
            let short = self.short_abandon(id);
            self.count(at, id, |counters| {
                if reason.is_abandonment() {
                    counters.abandoned += 1;
                    counters.short_abandoned += u64::from(waited < short);
                } else {
                    counters.withdrawn += 1;
                }
            });
        }
        for agent in &involved {
            self.account(at, agent);
        }
        let Some(work) = self.state.work.remove(&id) else {
            return;
        };
        let lane = LaneKey::of(&self.state, &work);
        self.index.detach(&self.state, id, &work);
        self.index.close_lane(&self.state, &lane);
        self.state.ended += u64::from(!fault::is_on("ends-are-not-counted"));
        if let Some(owner) = owner.filter(|_| handled)
            && let Some(known) = self.state.agents.get_mut(&owner)
        {
            known.idle_since = Some(at);
            known.counters.handled += 1;
        }
        for agent in &involved {
            self.index.refresh_agent(&self.state, agent);
            self.forget_agent_if_done(agent);
        }
        self.forget_queue_if_done(&work.queue);
    }

    pub(super) fn lift_exclusion(&mut self, id: InteractionId, agent: &AgentId) {
        let Some(work) = self.state.work.get_mut(&id) else {
            return;
        };
        let Some(exclusion) = work.excluded.remove(agent) else {
            return;
        };
        if let Some(work) = self.state.work.get(&id) {
            self.index.readmit(&self.state, id, work, agent, &exclusion);
        }
    }

    /// Remembers how the offer of an interaction to an agent ended, if there is one.
    pub(super) fn close_offer_of(
        &mut self,
        at: Timestamp,
        id: InteractionId,
        agent: &AgentId,
        outcome: Option<OfferOutcome>,
    ) {
        let open = self
            .state
            .work
            .get(&id)
            .and_then(|work| work.offer_at(agent));
        if let Some((offer, deadline, _)) = open {
            self.state.decisions.answered(offer, Answer { at, outcome });
            let closed = ClosedOffer {
                agent: agent.clone(),
                deadline,
                outcome,
            };
            self.state.close_offer(offer, closed);
        }
    }
}

/// Nobody has an interaction any more, so nobody takes part beside its owner either.
fn let_go(work: &mut Work) {
    work.legs.clear();
    end_handling(work);
}

/// Whoever had an interaction has it no longer.
fn end_handling(work: &mut Work) {
    work.connected_at = None;
    work.held_at = None;
    work.held_millis = 0;
}

fn end_hold(at: Timestamp, work: &mut Work) {
    if let Some(since) = work.held_at.take() {
        work.held_millis += millis_between(since, at);
    }
}
