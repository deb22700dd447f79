//! How an event changes the state. Whatever it says is taken as decided; what it refers to and is
//! not there is ignored.

use std::collections::BTreeMap;
use std::sync::Arc;

use linecard_model::routing::{
    EndReason, IdleClock, InteractionState, OfferOutcome, Presence, RoutingEvent, RoutingSettings,
};
use linecard_model::{AgentId, InteractionId, OfferId, QueueId, Timestamp};

use crate::Router;
use crate::counters::{AgentCounters, QueueCounters, millis_between};
use crate::index::{Due, Index, LaneKey};
use crate::state::{Away, ClosedOffer, Exclusion, Work};

impl Router {
    /// Folds a recorded event into the state. `at` is the time that was given to the
    /// [`Router::apply`] which decided it.
    pub fn evolve(&mut self, at: Timestamp, event: &RoutingEvent) {
        let at = self.clock(at);
        self.state.latest = Some(at);
        self.state.counted_since.get_or_insert(at);
        match event {
            RoutingEvent::Configured { settings } => self.on_configured(at, settings),
            RoutingEvent::Enqueued {
                interaction,
                queue,
                media_type,
                skills,
                priority,
            } => {
                let work = Work {
                    queue: queue.clone(),
                    media_type: *media_type,
                    skills: Arc::from(skills.as_slice()),
                    priority: *priority,
                    entered: at,
                    state: InteractionState::Queued,
                    excluded: BTreeMap::new(),
                    connected_at: None,
                    wrap_up_at: None,
                    answered: false,
                    arrival: self.state.arrivals,
                };
                self.on_enqueued(*interaction, work);
            }
            RoutingEvent::Offered {
                interaction,
                agent,
                offer,
                deadline,
                ..
            } => self.on_offered(at, *interaction, agent, *offer, *deadline),
            RoutingEvent::OfferEnded {
                interaction,
                agent,
                offer,
                outcome,
                excluded_until,
                ..
            } => {
                if self.alerts(*interaction, *offer, agent) {
                    self.on_offer_ended(at, *interaction, *outcome, *excluded_until);
                }
            }
            RoutingEvent::ExclusionEnded { interaction, agent } => {
                self.lift_exclusion(*interaction, agent);
            }
            RoutingEvent::Connected {
                interaction,
                agent,
                offer,
                ..
            } => {
                if self.alerts(*interaction, *offer, agent) {
                    self.on_connected(at, *interaction, agent);
                }
            }
            RoutingEvent::Returned { interaction, .. } => self.on_returned(at, *interaction),
            RoutingEvent::WrapUpStarted {
                interaction,
                reason,
                deadline,
                ..
            } => self.on_wrap_up_started(at, *interaction, *reason, *deadline),
            RoutingEvent::Ended {
                interaction,
                reason,
                ..
            } => self.on_ended(at, *interaction, *reason),
            RoutingEvent::PresenceChanged {
                agent, presence, ..
            } => self.on_presence_changed(at, agent, presence),
            RoutingEvent::DesktopLost { agent, deadline } => {
                let away = Away {
                    since: at,
                    deadline: *deadline,
                };
                self.set_away(agent, Some(away));
            }
            RoutingEvent::DesktopBack { agent } => self.set_away(agent, None),
            RoutingEvent::StatsReset => self.on_stats_reset(at),
        }
    }

    fn on_configured(&mut self, at: Timestamp, settings: &Arc<RoutingSettings>) {
        self.state.configure(Arc::clone(settings));
        let (state, index) = (&mut self.state, &self.index);
        for (id, agent) in &mut state.agents {
            if agent.removed && agent.presence != Presence::Offline {
                agent
                    .counters
                    .account(at, &agent.presence, index.is_busy(id));
                agent.presence = Presence::Offline;
                agent.since = Some(at);
                agent.away = None;
            }
        }
        state
            .agents
            .retain(|id, agent| !agent.removed || index.work_of(id).next().is_some());
        state
            .queues
            .retain(|id, queue| !queue.retired || index.has_work_of(id));
        self.index = Index::build(state);
    }

    fn on_enqueued(&mut self, id: InteractionId, work: Work) {
        if self.state.work.contains_key(&id) || !self.state.queues.contains_key(&work.queue) {
            return;
        }
        self.state.arrivals += 1;
        self.index.open_lane(&self.state, LaneKey::of(&work));
        self.index.attach(&self.state, id, &work);
        self.state.work.insert(id, work);
        self.count(id, |counters| counters.entered += 1);
    }

    fn on_offered(
        &mut self,
        at: Timestamp,
        id: InteractionId,
        agent: &AgentId,
        offer: OfferId,
        deadline: Timestamp,
    ) {
        if !self.state.agents.contains_key(agent)
            || self.index.offers.contains_key(&offer)
            || self.state_of(id) != Some(&InteractionState::Queued)
        {
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
        self.count(id, |counters| counters.offers += 1);
        self.count_agent(agent, |counters| counters.offers += 1);
    }

    fn on_offer_ended(
        &mut self,
        at: Timestamp,
        id: InteractionId,
        outcome: OfferOutcome,
        excluded_until: Option<Timestamp>,
    ) {
        let Some(agent) = self.state_of(id).and_then(InteractionState::agent).cloned() else {
            return;
        };
        self.close_offer_of(id, Some(outcome));
        self.change(at, id, |work| {
            work.state = InteractionState::Queued;
            if let Some(until) = excluded_until {
                let exclusion = Exclusion {
                    since: at,
                    until,
                    outcome,
                };
                work.excluded.insert(agent.clone(), exclusion);
            }
        });
        self.count(id, |counters| {
            counters.requeued += u64::from(outcome != OfferOutcome::Rescinded);
            counters.declined += u64::from(outcome == OfferOutcome::Declined);
            counters.rona += u64::from(outcome == OfferOutcome::NoAnswer);
        });
        self.count_agent(&agent, |counters| {
            counters.declined += u64::from(outcome == OfferOutcome::Declined);
            counters.rona += u64::from(outcome == OfferOutcome::NoAnswer);
        });
    }

    fn on_connected(&mut self, at: Timestamp, id: InteractionId, agent: &AgentId) {
        let Some(work) = self.state.work.get(&id) else {
            return;
        };
        let wait = millis_between(work.entered, at);
        let first_time = !work.answered;
        let target = self
            .state
            .queues
            .get(&work.queue)
            .map_or(0, |queue| u64::from(queue.settings.service_level_seconds));
        self.close_offer_of(id, None);
        self.change(at, id, |work| {
            work.state = InteractionState::Connected {
                agent: agent.clone(),
            };
            work.connected_at = Some(at);
            work.answered = true;
            work.excluded.clear();
        });
        if first_time {
            self.count(id, |counters| {
                counters.answered += 1;
                counters.answer_wait += wait;
                counters.answered_in_target += u64::from(wait <= target * 1000);
            });
        }
        self.count_agent(agent, |counters| counters.answered += 1);
    }

    fn on_returned(&mut self, at: Timestamp, id: InteractionId) {
        if !matches!(self.state_of(id), Some(InteractionState::Connected { .. })) {
            return;
        }
        self.count_handling(at, id);
        self.change(at, id, |work| {
            work.state = InteractionState::Queued;
            work.connected_at = None;
        });
        self.count(id, |counters| counters.requeued += 1);
    }

    fn on_wrap_up_started(
        &mut self,
        at: Timestamp,
        id: InteractionId,
        reason: EndReason,
        deadline: Option<Timestamp>,
    ) {
        let Some(InteractionState::Connected { agent }) = self.state_of(id) else {
            return;
        };
        let agent = agent.clone();
        self.change(at, id, |work| {
            work.state = InteractionState::WrapUp {
                agent,
                deadline,
                reason,
            };
            work.wrap_up_at = Some(at);
        });
    }

    fn on_ended(&mut self, at: Timestamp, id: InteractionId, reason: EndReason) {
        let Some(work) = self.state.work.get(&id) else {
            return;
        };
        let agent = work.state.agent().cloned();
        let handled = matches!(
            work.state,
            InteractionState::Connected { .. } | InteractionState::WrapUp { .. }
        );
        let waited = millis_between(work.entered, at);
        let answered = work.answered;
        if handled {
            self.count_handling(at, id);
            self.count(id, |counters| counters.handled += 1);
        } else {
            self.close_offer_of(id, Some(OfferOutcome::Rescinded));
        }
        if !answered {
            let short = self.short_abandon(id);
            self.count(id, |counters| {
                if reason.is_abandonment() {
                    counters.abandoned += 1;
                    counters.short_abandoned += u64::from(waited < short);
                } else {
                    counters.withdrawn += 1;
                }
            });
        }
        if let Some(agent) = &agent {
            self.account(at, agent);
        }
        let Some(work) = self.state.work.remove(&id) else {
            return;
        };
        self.index.detach(&self.state, id, &work);
        self.index.close_lane(&self.state, &LaneKey::of(&work));
        self.state.ended += 1;
        if let Some(agent) = &agent {
            if handled && let Some(known) = self.state.agents.get_mut(agent) {
                known.idle_since = Some(at);
                known.counters.handled += 1;
            }
            self.index.refresh_agent(&self.state, agent);
            self.forget_agent_if_done(agent);
        }
        self.forget_queue_if_done(&work.queue);
    }

    fn on_presence_changed(&mut self, at: Timestamp, id: &AgentId, presence: &Presence) {
        self.account(at, id);
        let idle_clock = self.state.settings.idle_clock;
        let Some(agent) = self.state.agents.get_mut(id) else {
            return;
        };
        let before = std::mem::replace(&mut agent.presence, presence.clone());
        agent.since = Some(at);
        let becomes_ready = presence.is_ready() && !before.is_ready();
        if before == Presence::Offline || (becomes_ready && idle_clock == IdleClock::Presence) {
            agent.idle_since = Some(at);
        }
        if *presence == Presence::Offline {
            self.set_away(id, None);
        }
        if becomes_ready {
            // Who is back takes everything again, and need not wait for the exclusions to end.
            let excluded = self.index.excluded.get(id).cloned().unwrap_or_default();
            for interaction in excluded {
                self.lift_exclusion(interaction, id);
            }
        }
        self.index.refresh_agent(&self.state, id);
    }

    fn on_stats_reset(&mut self, at: Timestamp) {
        for queue in self.state.queues.values_mut() {
            for counters in queue.counters.values_mut() {
                counters.reset();
            }
        }
        for agent in self.state.agents.values_mut() {
            agent.counters.reset(at);
        }
        self.state.counted_since = Some(at);
    }

    fn set_away(&mut self, id: &AgentId, away: Option<Away>) {
        let Some(agent) = self.state.agents.get_mut(id) else {
            return;
        };
        let new = away.as_ref().map(|away| away.deadline);
        if let Some(old) = std::mem::replace(&mut agent.away, away) {
            self.index
                .deadlines
                .remove(&(old.deadline, Due::Desktop(id.clone())));
        }
        if let Some(deadline) = new {
            self.index
                .deadlines
                .insert((deadline, Due::Desktop(id.clone())));
        }
        self.index.refresh_agent(&self.state, id);
    }

    fn lift_exclusion(&mut self, id: InteractionId, agent: &AgentId) {
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

    /// Whether an interaction alerts at an agent under an offer.
    fn alerts(&self, id: InteractionId, this: OfferId, at_agent: &AgentId) -> bool {
        matches!(
            self.state_of(id),
            Some(InteractionState::Offered { agent, offer, .. })
                if *offer == this && agent == at_agent
        )
    }

    /// Remembers how the offer of an interaction ended, if it has one.
    fn close_offer_of(&mut self, id: InteractionId, outcome: Option<OfferOutcome>) {
        if let Some(InteractionState::Offered {
            agent,
            offer,
            deadline,
        }) = self.state_of(id)
        {
            let closed = ClosedOffer {
                agent: agent.clone(),
                deadline: *deadline,
                outcome,
            };
            let offer = *offer;
            self.state.close_offer(offer, closed);
        }
    }

    /// Changes an interaction, and keeps the index and the agents' clocks right.
    fn change(&mut self, at: Timestamp, id: InteractionId, change: impl FnOnce(&mut Work)) {
        let Some(mut work) = self.state.work.remove(&id) else {
            return;
        };
        let before = work.state.agent().cloned();
        if let Some(agent) = &before {
            self.account(at, agent);
        }
        self.index.detach(&self.state, id, &work);
        change(&mut work);
        let after = work.state.agent().cloned();
        if let Some(agent) = after
            .as_ref()
            .filter(|agent| before.as_ref() != Some(agent))
        {
            self.account(at, agent);
        }
        self.index.attach(&self.state, id, &work);
        self.state.work.insert(id, work);
        for agent in before
            .iter()
            .chain(after.iter().filter(|_| before != after))
        {
            self.index.refresh_agent(&self.state, agent);
        }
    }

    /// Brings an agent's clocks up to now, before something changes what they measure.
    fn account(&mut self, at: Timestamp, id: &AgentId) {
        let busy = self.index.is_busy(id);
        if let Some(agent) = self.state.agents.get_mut(id) {
            agent.counters.account(at, &agent.presence, busy);
        }
    }

    /// Counts the time that an agent has had an interaction in hand.
    fn count_handling(&mut self, at: Timestamp, id: InteractionId) {
        let Some(work) = self.state.work.get(&id) else {
            return;
        };
        let Some(connected_at) = work.connected_at else {
            return;
        };
        let talked_until = work.wrap_up_at.unwrap_or(at);
        let interact = millis_between(connected_at, talked_until);
        let wrap_up = millis_between(talked_until, at);
        let agent = work.state.agent().cloned();
        self.count(id, |counters| {
            counters.interact_time += interact;
            counters.wrap_up_time += wrap_up;
            counters.note_handle_time(interact + wrap_up);
        });
        if let Some(agent) = agent {
            self.count_agent(&agent, |counters| {
                counters.handle_time += interact + wrap_up;
            });
        }
    }

    /// How soon an abandonment is short in the queue of an interaction, in milliseconds.
    fn short_abandon(&self, id: InteractionId) -> u64 {
        self.state
            .work
            .get(&id)
            .and_then(|work| self.state.queues.get(&work.queue))
            .map_or(0, |queue| {
                u64::from(queue.settings.short_abandon_seconds) * 1000
            })
    }

    fn count(&mut self, id: InteractionId, count: impl FnOnce(&mut QueueCounters)) {
        let Some(work) = self.state.work.get(&id) else {
            return;
        };
        if let Some(queue) = self.state.queues.get_mut(&work.queue) {
            count(queue.counters.entry(work.media_type).or_default());
        }
    }

    fn count_agent(&mut self, agent: &AgentId, count: impl FnOnce(&mut AgentCounters)) {
        if let Some(agent) = self.state.agents.get_mut(agent) {
            count(&mut agent.counters);
        }
    }

    fn forget_agent_if_done(&mut self, id: &AgentId) {
        let done = self.state.agents.get(id).is_some_and(|agent| agent.removed)
            && self.index.work_of(id).next().is_none();
        if done {
            self.set_away(id, None);
            self.state.agents.remove(id);
        }
    }

    fn forget_queue_if_done(&mut self, id: &QueueId) {
        let done = self.state.queues.get(id).is_some_and(|queue| queue.retired)
            && !self.index.has_work_of(id);
        if done {
            self.state.queues.remove(id);
        }
    }
}
