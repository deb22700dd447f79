//! How an event changes the state. Whatever it says is taken as decided; what it refers to and is
//! not there is ignored.
//!
//! What concerns an interaction's owner is in [`work`], the others who take part in [`legs`], people in
//! [`agents`], the clocks of service policies in [`service`], and what is counted in [`tally`].

mod agents;
mod legs;
mod service;
mod tally;
mod work;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use linecard_model::routing::{
    Choice, InteractionState, LegRole, MediaType, Plan, Presence, RequiredSkill, RoutingEvent,
    RoutingSettings,
};
use linecard_model::{AgentId, InteractionId, OfferId, QueueId, Timestamp};

use crate::Router;
use crate::decisions::Decision;
use crate::fault;
use crate::index::{Index, LaneKey};
use crate::service::Service;
use crate::state::{Away, Work};

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
                plan,
            } => {
                let work = self.new_work(at, queue, *media_type, skills, *priority, plan);
                self.on_enqueued(at, *interaction, work);
            }
            RoutingEvent::Begun {
                interaction,
                queue,
                agent,
                media_type,
                skills,
                priority,
                plan,
            } => {
                let work = self.new_work(at, queue, *media_type, skills, *priority, plan);
                self.on_begun(at, *interaction, agent, work);
            }
            RoutingEvent::Offered {
                interaction,
                agent,
                offer,
                deadline,
                role,
                choice,
                ..
            } => {
                self.note_decision(at, *interaction, agent, *offer, *role, choice.as_ref());
                self.on_offered(at, *interaction, agent, *offer, *deadline, *role);
            }
            RoutingEvent::OfferEnded {
                interaction,
                agent,
                offer,
                outcome,
                excluded_until,
                ..
            } => match self.role_at_offer(*interaction, *offer, agent) {
                Some(LegRole::Owner) => {
                    self.on_offer_ended(at, *interaction, *outcome, *excluded_until);
                }
                Some(_) => self.on_leg_offer_ended(at, *interaction, agent, *outcome),
                None => {}
            },
            RoutingEvent::ExclusionEnded { interaction, agent } => {
                self.lift_exclusion(*interaction, agent);
            }
            RoutingEvent::Connected {
                interaction,
                agent,
                offer,
                ..
            } => match self.role_at_offer(*interaction, *offer, agent) {
                Some(LegRole::Owner) => self.on_connected(at, *interaction, agent),
                Some(_) => self.on_leg_connected(at, *interaction, agent),
                None => {}
            },
            RoutingEvent::StepBegan {
                interaction,
                step,
                until,
                ..
            } => self.on_step_began(at, *interaction, *step, *until),
            RoutingEvent::Held { interaction, .. } => self.on_held(at, *interaction),
            RoutingEvent::Resumed { interaction, .. } => self.on_resumed(at, *interaction),
            RoutingEvent::Parked {
                interaction,
                agent,
                until,
                waiting_for,
                ..
            } => self.on_parked(at, *interaction, agent, *until, *waiting_for),
            RoutingEvent::Unparked {
                interaction, plan, ..
            } => self.on_unparked(at, *interaction, plan),
            RoutingEvent::Transferred {
                interaction,
                queue,
                to,
                plan,
                excluded_until,
                ..
            } => self.on_transferred(at, *interaction, queue, to, plan, *excluded_until),
            RoutingEvent::Overflowed {
                interaction,
                queue,
                plan,
                ..
            } => self.on_overflowed(at, *interaction, queue, plan),
            RoutingEvent::OwnerChanged {
                interaction,
                agent,
                cause,
                ..
            } => self.on_owner_changed(at, *interaction, agent, *cause),
            RoutingEvent::ObserverJoined {
                interaction, agent, ..
            } => self.on_observer_joined(at, *interaction, agent),
            RoutingEvent::LegEnded {
                interaction, agent, ..
            } => self.on_leg_ended(at, *interaction, agent),
            RoutingEvent::PriorityChanged {
                interaction,
                priority,
                ..
            } => self.change(at, *interaction, |work| work.priority = *priority),
            RoutingEvent::WrapUpCoded {
                interaction,
                disposition,
                ..
            } => self.change(at, *interaction, |work| {
                if matches!(work.state, InteractionState::WrapUp { .. }) {
                    work.code = Some(disposition.clone());
                }
            }),
            RoutingEvent::Returned {
                interaction,
                excluded_until,
                step_until,
                ..
            } => self.on_returned(at, *interaction, *excluded_until, *step_until),
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
                self.note_moment(at, agent);
            }
            RoutingEvent::DesktopBack { agent } => {
                self.set_away(agent, None);
                self.note_moment(at, agent);
            }
            RoutingEvent::QueuePaused { queue } => self.set_paused(queue, true),
            RoutingEvent::QueueResumed { queue } => self.set_paused(queue, false),
            RoutingEvent::ServicePromised {
                interaction,
                promise,
                ..
            } => self.on_promised(at, *interaction, promise.as_ref()),
            RoutingEvent::Answered { interaction, .. } => self.on_answered(at, *interaction),
            RoutingEvent::CustomerWaits { interaction, .. } => {
                self.on_customer_waits(at, *interaction);
            }
            RoutingEvent::ServiceWarned {
                interaction, clock, ..
            } => self.on_warned(at, *interaction, *clock),
            RoutingEvent::ServiceBroken {
                interaction, clock, ..
            } => self.on_broken(at, *interaction, *clock),
            RoutingEvent::QueueOpened { queue } => self.set_open(at, queue, true),
            RoutingEvent::QueueClosed { queue } => self.set_open(at, queue, false),
            RoutingEvent::ExternalBegan {
                agent,
                reference,
                media_type,
                until,
            } => self.on_external_began(at, agent, reference, *media_type, *until),
            RoutingEvent::ExternalEnded { agent, reference } => {
                self.on_external_ended(at, agent, reference);
            }
            RoutingEvent::StationChanged { agent, station } => {
                if let Some(known) = self.state.agents.get_mut(agent) {
                    known.station.clone_from(station);
                }
                self.index.refresh_agent(&self.state, agent);
            }
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
            if agent.removed {
                agent.external.clear();
            }
        }
        state
            .agents
            .retain(|id, agent| !agent.removed || index.work_of(id).next().is_some());
        for agent in state.agents.values_mut() {
            let stations = &settings.stations;
            agent.station = agent
                .station
                .take()
                .filter(|at| stations.iter().any(|station| station.id == *at));
        }
        state
            .queues
            .retain(|id, queue| !queue.retired || index.has_work_of(id));
        self.index = Index::build(state);
    }

    /// An interaction as it enters a queue.
    fn new_work(
        &self,
        at: Timestamp,
        queue: &QueueId,
        media_type: MediaType,
        skills: &[RequiredSkill],
        priority: i32,
        plan: &Plan,
    ) -> Work {
        let mut work = Work {
            queue: queue.clone(),
            media_type,
            skills: Arc::from(skills),
            priority,
            entered: at,
            state: InteractionState::Queued,
            legs: BTreeMap::new(),
            steps: Arc::default(),
            step: 0,
            step_until: None,
            overflowed: BTreeSet::new(),
            excluded: BTreeMap::new(),
            connected_at: None,
            held_at: None,
            held_millis: 0,
            wrap_up_at: None,
            code: None,
            answered: false,
            service: self
                .state
                .settings
                .service_clocks
                .then(|| Box::new(Service::beginning(self.state.open_time(queue).at(at)))),
            arrival: self.state.arrivals,
        };
        work.follow(plan);
        work
    }

    fn on_enqueued(&mut self, at: Timestamp, id: InteractionId, work: Work) {
        if self.enters(id, work) {
            self.count(at, id, |counters| counters.entered += 1);
        }
    }

    /// The interaction waits for nobody: nothing of it is counted as offered or answered, and no customer has
    /// a first answer to get.
    fn on_begun(&mut self, at: Timestamp, id: InteractionId, agent: &AgentId, mut work: Work) {
        if !self.state.agents.contains_key(agent) {
            return;
        }
        work.answered = true;
        if let Some(service) = &mut work.service {
            service.answered = !fault::is_on("who-was-written-to-waits");
        }
        if self.enters(id, work) {
            self.change(at, id, |work| {
                work.state = InteractionState::Connected {
                    agent: agent.clone(),
                };
                work.connected_at = Some(at);
            });
            self.count(at, id, |counters| counters.begun += 1);
            self.count_agent(agent, |counters| counters.begun += 1);
        }
    }

    /// Takes a new interaction in, if it is new and its queue is there.
    fn enters(&mut self, id: InteractionId, work: Work) -> bool {
        if self.state.work.contains_key(&id) || !self.state.queues.contains_key(&work.queue) {
            return false;
        }
        self.state.arrivals += 1;
        self.index
            .open_lane(&self.state, LaneKey::of(&self.state, &work));
        self.index.attach(&self.state, id, &work);
        self.state.work.insert(id, work);
        true
    }

    fn note_moment(&mut self, at: Timestamp, id: &AgentId) {
        if let Some(agent) = self.state.agents.get_mut(id) {
            agent.note_moment(at);
        }
    }

    /// Takes down that an offer was made, and what decided.
    fn note_decision(
        &mut self,
        at: Timestamp,
        id: InteractionId,
        agent: &AgentId,
        offer: OfferId,
        role: LegRole,
        choice: Option<&Choice>,
    ) {
        let Some(work) = self.state.work.get(&id) else {
            return;
        };
        let decision = Decision {
            at,
            interaction: id,
            queue: work.queue.clone(),
            media_type: work.media_type,
            skills: work.skills.to_vec(),
            agent: agent.clone(),
            offer,
            role,
            choice: choice.cloned(),
            excluded: work.excluded.keys().cloned().collect(),
            answer: None,
        };
        self.state.decisions.made(decision);
    }

    fn set_paused(&mut self, id: &QueueId, paused: bool) {
        if let Some(queue) = self.state.queues.get_mut(id) {
            queue.paused = paused;
        }
        self.index.stir(id);
    }

    /// Changes an interaction, and keeps the index and the agents' clocks right.
    fn change(&mut self, at: Timestamp, id: InteractionId, change: impl FnOnce(&mut Work)) {
        let Some(mut work) = self.state.work.remove(&id) else {
            return;
        };
        let lane = LaneKey::of(&self.state, &work);
        let before = holders(&work);
        for agent in &before {
            self.account(at, agent);
        }
        self.index.detach(&self.state, id, &work);
        let ran = work.clocks_run();
        change(&mut work);
        let runs = work.clocks_run();
        if (runs != ran || work.queue != lane.queue)
            && let Some(service) = &mut work.service
        {
            let from = self.state.open_time(&lane.queue).at(at);
            let to = self.state.open_time(&work.queue).at(at);
            service.carry_over(from, to, runs);
        }
        let after = holders(&work);
        for agent in after.difference(&before) {
            self.account(at, agent);
        }
        let new_lane = LaneKey::of(&self.state, &work);
        let moved = new_lane != lane;
        if moved {
            self.index.open_lane(&self.state, new_lane);
        }
        self.index.attach(&self.state, id, &work);
        if moved {
            self.index.close_lane(&self.state, &lane);
        }
        let left = (work.queue != lane.queue).then_some(lane.queue);
        self.state.work.insert(id, work);
        for agent in before.union(&after) {
            self.index.refresh_agent(&self.state, agent);
        }
        for agent in before.difference(&after) {
            self.forget_agent_if_done(agent);
        }
        if let Some(queue) = left {
            self.forget_queue_if_done(&queue);
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

/// Whose capacity an interaction holds.
fn holders(work: &Work) -> BTreeSet<AgentId> {
    work.parts()
        .filter(|(_, role)| *role != LegRole::Observer)
        .map(|(agent, _)| agent.clone())
        .collect()
}
