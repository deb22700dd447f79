//! A second account of a site, kept from the events alone and without any index. It knows what may
//! happen, and says so when something else does.

mod checks;
mod choice;
mod kinds;
mod service;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use linecard_model::routing::{
    IdleClock, InteractionState, LegRole, MediaType, OfferOutcome, Plan, Presence, QueueSettings,
    RequiredSkill, RoutingEvent, RoutingSettings, RoutingStep, TransferTarget, UnparkCause,
};
use linecard_model::{AgentId, InteractionId, OfferId, QueueId, StationId, Timestamp};

use self::kinds::name_of;
use self::service::Timed;

#[derive(Debug, Default)]
pub struct Ledger {
    settings: Arc<RoutingSettings>,
    /// Every queue that is set up or has work.
    queues: BTreeMap<QueueId, QueueSettings>,
    paused: BTreeSet<QueueId>,
    closed: BTreeSet<QueueId>,
    /// The time of the last event.
    last: Option<Timestamp>,
    /// The priority that the next event must give.
    raise: Option<(InteractionId, i32)>,
    agents: BTreeMap<AgentId, Person>,
    entries: BTreeMap<InteractionId, Entry>,
    entered: u64,
    ended: u64,
    /// The latest offers, with the agents to whom they were made.
    pub recent_offers: Vec<(OfferId, AgentId)>,
    /// What was seen, so that a test can tell that it was seen.
    pub seen: BTreeSet<&'static str>,
}

#[derive(Debug)]
struct Person {
    presence: Presence,
    desktop: bool,
    idle_since: Option<Timestamp>,
    station: Option<StationId>,
    external: BTreeMap<String, (MediaType, Timestamp)>,
}

#[derive(Debug)]
struct Entry {
    queue: QueueId,
    media_type: MediaType,
    skills: Vec<RequiredSkill>,
    priority: i32,
    entered: Timestamp,
    number: u64,
    state: InteractionState,
    legs: BTreeMap<AgentId, (LegRole, Option<OfferId>)>,
    steps: Vec<RoutingStep>,
    step: usize,
    step_until: Option<Timestamp>,
    overflowed: BTreeSet<QueueId>,
    excluded: BTreeMap<AgentId, Timestamp>,
    timed: Option<Timed>,
}

impl Ledger {
    pub fn waiting(&self) -> usize {
        self.entries
            .values()
            .filter(|entry| entry.state == InteractionState::Queued)
            .count()
    }

    /// Takes an event down, after checking that it may happen.
    pub fn note(&mut self, at: Timestamp, event: &RoutingEvent) {
        self.seen.insert(name_of(event));
        self.let_time_pass(at);
        self.expect_raise(event);
        match event {
            RoutingEvent::Configured { settings } => self.configure(settings),
            RoutingEvent::Enqueued {
                interaction,
                queue,
                media_type,
                skills,
                priority,
                plan,
            } => {
                let entry = self.new_entry(at, queue, *media_type, skills, *priority, plan);
                self.enter(*interaction, entry);
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
                let mut entry = self.new_entry(at, queue, *media_type, skills, *priority, plan);
                assert_ne!(self.agents[agent].presence, Presence::Offline);
                assert!(
                    self.has_room(&self.held(), agent, &entry, true),
                    "{agent} has more than the hard limit"
                );
                if let Some(timed) = &mut entry.timed {
                    timed.answered = true;
                }
                entry.own(agent);
                self.enter(*interaction, entry);
            }
            RoutingEvent::Offered {
                interaction,
                agent,
                offer,
                deadline,
                role,
                ..
            } => {
                assert!(*deadline > at, "an offer that nobody can accept");
                self.offered(*interaction, agent, *offer, *deadline, *role);
            }
            RoutingEvent::OfferEnded {
                interaction,
                agent,
                offer,
                outcome,
                excluded_until,
                role,
                ..
            } => {
                let entry = self.entry(*interaction);
                if *role == LegRole::Owner {
                    entry.assert_alerts(agent, *offer);
                    entry.state = InteractionState::Queued;
                } else {
                    let leg = entry.legs.remove(agent);
                    assert_eq!(leg, Some((*role, Some(*offer))));
                    assert_eq!(*excluded_until, None);
                }
                if let Some(until) = excluded_until {
                    entry.excluded.insert(agent.clone(), *until);
                }
                let gave_up = matches!(outcome, OfferOutcome::Declined | OfferOutcome::NoAnswer);
                if role.is_owner() && gave_up {
                    self.check_exclusion(at, *interaction, *excluded_until);
                }
            }
            RoutingEvent::ExclusionEnded { interaction, agent } => {
                let until = self.entry(*interaction).excluded.remove(agent);
                assert!(until.is_some_and(|until| until <= at));
            }
            RoutingEvent::Connected {
                interaction,
                agent,
                offer,
                role,
                ..
            } => {
                let entry = self.entry(*interaction);
                if *role == LegRole::Owner {
                    let deadline = entry.assert_alerts(agent, *offer);
                    assert!(at < deadline, "accepted too late");
                    entry.own(agent);
                } else {
                    let leg = entry.legs.insert(agent.clone(), (*role, None));
                    assert_eq!(leg, Some((*role, Some(*offer))));
                }
            }
            RoutingEvent::StepBegan {
                interaction,
                step,
                until,
                ..
            } => {
                let entry = self.entry(*interaction);
                assert!(matches!(
                    entry.state,
                    InteractionState::Queued | InteractionState::Offered { .. }
                ));
                assert_eq!(usize::from(*step), entry.step + 2, "a step was left out");
                entry.step += 1;
                entry.step_until = *until;
                assert!(entry.step < entry.step_count());
            }
            RoutingEvent::Held {
                interaction, agent, ..
            } => {
                let entry = self.entry(*interaction);
                assert_eq!(entry.state.name(), "connected");
                entry.assert_talking(agent);
                entry.state = InteractionState::Held {
                    agent: agent.clone(),
                };
            }
            RoutingEvent::Resumed {
                interaction, agent, ..
            } => {
                let entry = self.entry(*interaction);
                assert_eq!(entry.state.name(), "held");
                entry.assert_talking(agent);
                entry.state = InteractionState::Connected {
                    agent: agent.clone(),
                };
            }
            RoutingEvent::Parked {
                interaction,
                agent,
                until,
                waiting_for,
                ..
            } => {
                assert!(*until > at);
                self.let_go(at, *interaction, agent);
                self.entry(*interaction).state = InteractionState::Parked {
                    agent: agent.clone(),
                    until: *until,
                    waiting_for: *waiting_for,
                };
            }
            RoutingEvent::Unparked {
                interaction,
                agent,
                cause,
                plan,
                ..
            } => {
                if *cause != UnparkCause::AgentRemoved {
                    let first = &plan.steps[0];
                    assert!(first.agents.contains(agent) && first.over_limit);
                }
                let entry = self.entry(*interaction);
                assert!(
                    matches!(&entry.state, InteractionState::Parked { agent: by, .. } if by == agent)
                );
                entry.state = InteractionState::Queued;
                entry.follow(plan);
            }
            RoutingEvent::Transferred {
                interaction,
                from_queue,
                queue,
                from,
                to,
                plan,
                excluded_until,
            } => {
                let entry = self.entry(*interaction);
                assert_eq!(entry.queue, *from_queue);
                if entry.state.talking().is_some() {
                    let owner = from.as_ref().expect("whose it was");
                    self.let_go(at, *interaction, owner);
                } else {
                    assert!(matches!(
                        entry.state,
                        InteractionState::Queued | InteractionState::Parked { .. }
                    ));
                }
                let entry = self.entry(*interaction);
                entry.state = InteractionState::Queued;
                match to {
                    TransferTarget::Queue { .. } => {
                        entry.queue = queue.clone();
                        entry.entered = at;
                        entry.overflowed.clear();
                    }
                    TransferTarget::Skills { skills } => entry.skills.clone_from(skills),
                    TransferTarget::Agent { .. } | TransferTarget::Group { .. } => {}
                }
                entry.excluded.clear();
                if let (Some(from), Some(until)) = (from, excluded_until) {
                    entry.excluded.insert(from.clone(), *until);
                }
                entry.follow(plan);
                self.forget_queue(from_queue);
            }
            RoutingEvent::Overflowed {
                interaction,
                from_queue,
                queue,
                plan,
                ..
            } => {
                let entry = self.entry(*interaction);
                assert_eq!(entry.state, InteractionState::Queued);
                assert_eq!(entry.queue, *from_queue);
                assert!(entry.overflowed.insert(from_queue.clone()));
                assert!(!entry.overflowed.contains(queue), "it has been there");
                entry.queue = queue.clone();
                entry.follow(plan);
                self.forget_queue(from_queue);
            }
            RoutingEvent::OwnerChanged {
                interaction,
                from,
                agent,
                ..
            } => self.owner_changed(at, *interaction, from.as_ref(), agent),
            RoutingEvent::ObserverJoined {
                interaction, agent, ..
            } => {
                let entry = self.entry(*interaction);
                assert!(entry.state.talking().is_some());
                let leg = entry.legs.insert(agent.clone(), (LegRole::Observer, None));
                assert_eq!(leg, None);
                assert_ne!(entry.state.agent(), Some(agent));
            }
            RoutingEvent::LegEnded {
                interaction,
                agent,
                role,
                ..
            } => {
                let leg = self.entry(*interaction).legs.remove(agent);
                assert_eq!(leg, Some((*role, None)));
            }
            RoutingEvent::PriorityChanged {
                interaction,
                priority,
                ..
            } => self.entry(*interaction).priority = *priority,
            RoutingEvent::ServicePromised {
                interaction,
                promise,
                ..
            } => self.promised(*interaction, promise.as_ref()),
            RoutingEvent::Answered { interaction, .. } => self.answered(*interaction),
            RoutingEvent::CustomerWaits { interaction, .. } => self.customer_waits(*interaction),
            RoutingEvent::ServiceWarned {
                interaction, clock, ..
            } => self.warned(*interaction, *clock),
            RoutingEvent::ServiceBroken {
                interaction, clock, ..
            } => self.broken(*interaction, *clock),
            RoutingEvent::QueueOpened { queue } => assert!(self.closed.remove(queue)),
            RoutingEvent::QueueClosed { queue } => assert!(self.closed.insert(queue.clone())),
            RoutingEvent::WrapUpCoded {
                interaction, agent, ..
            } => {
                let entry = self.entry(*interaction);
                assert!(
                    matches!(&entry.state, InteractionState::WrapUp { agent: of, deadline: Some(_), .. } if of == agent)
                );
            }
            RoutingEvent::Returned {
                interaction,
                agent,
                excluded_until,
                step_until,
                ..
            } => {
                self.let_go(at, *interaction, agent);
                let entry = self.entry(*interaction);
                entry.state = InteractionState::Queued;
                entry.step_until = *step_until;
                if let Some(until) = excluded_until {
                    entry.excluded.insert(agent.clone(), *until);
                }
            }
            RoutingEvent::WrapUpStarted {
                interaction,
                agent,
                deadline,
                reason,
                ..
            } => {
                let entry = self.entry(*interaction);
                entry.assert_talking(agent);
                assert!(entry.legs.is_empty(), "a part outlives the conversation");
                entry.state = InteractionState::WrapUp {
                    agent: agent.clone(),
                    deadline: *deadline,
                    reason: *reason,
                };
            }
            RoutingEvent::Ended {
                interaction, agent, ..
            } => self.end(at, *interaction, agent.as_ref()),
            RoutingEvent::PresenceChanged {
                agent, presence, ..
            } => self.change_presence(at, agent, presence),
            RoutingEvent::DesktopLost { agent, .. } => self.person(agent).desktop = false,
            RoutingEvent::DesktopBack { agent } => self.person(agent).desktop = true,
            RoutingEvent::QueuePaused { queue } => assert!(self.paused.insert(queue.clone())),
            RoutingEvent::QueueResumed { queue } => assert!(self.paused.remove(queue)),
            RoutingEvent::ExternalBegan {
                agent,
                reference,
                media_type,
                until,
            } => {
                assert!(*until > at);
                let work = (*media_type, *until);
                let old = self.person(agent).external.insert(reference.clone(), work);
                assert_eq!(old, None);
            }
            RoutingEvent::ExternalEnded { agent, reference } => {
                let person = self.person(agent);
                assert!(person.external.remove(reference).is_some());
                person.idle_since = Some(at);
            }
            RoutingEvent::StationChanged { agent, station } => {
                self.person(agent).station.clone_from(station);
            }
            RoutingEvent::StatsReset => {}
        }
    }

    fn new_entry(
        &self,
        at: Timestamp,
        queue: &QueueId,
        media_type: MediaType,
        skills: &[RequiredSkill],
        priority: i32,
        plan: &Plan,
    ) -> Entry {
        Entry {
            queue: queue.clone(),
            media_type,
            skills: skills.to_vec(),
            priority,
            entered: at,
            number: self.entered,
            state: InteractionState::Queued,
            legs: BTreeMap::new(),
            steps: plan.steps.clone(),
            step: 0,
            step_until: plan.until,
            overflowed: BTreeSet::new(),
            excluded: BTreeMap::new(),
            timed: self.settings.service_clocks.then(Timed::default),
        }
    }

    fn enter(&mut self, id: InteractionId, entry: Entry) {
        self.entered += 1;
        let old = self.entries.insert(id, entry);
        assert!(old.is_none(), "{id} entered twice");
    }

    fn offered(
        &mut self,
        id: InteractionId,
        agent: &AgentId,
        offer: OfferId,
        deadline: Timestamp,
        role: LegRole,
    ) {
        if role == LegRole::Owner {
            self.check_choice(id, agent);
        } else {
            let entry = &self.entries[&id];
            assert_eq!(role, LegRole::Consultant);
            assert!(entry.state.talking().is_some());
            assert_ne!(entry.state.talking(), Some(agent), "asks themself");
            let person = &self.agents[agent];
            assert!(person.presence.is_ready() && person.desktop);
            assert!(self.has_room(&self.held(), agent, entry, false));
        }
        self.recent_offers.push((offer, agent.clone()));
        if self.recent_offers.len() > 20 {
            self.recent_offers.remove(0);
        }
        let entry = self.entry(id);
        if role == LegRole::Owner {
            entry.state = InteractionState::Offered {
                agent: agent.clone(),
                offer,
                deadline,
            };
        } else {
            let leg = entry.legs.insert(agent.clone(), (role, Some(offer)));
            assert_eq!(leg, None);
        }
    }

    fn owner_changed(
        &mut self,
        at: Timestamp,
        id: InteractionId,
        from: Option<&AgentId>,
        agent: &AgentId,
    ) {
        let entry = &self.entries[&id];
        assert_ne!(self.agents[agent].presence, Presence::Offline);
        let alerts = matches!(entry.legs.get(agent), Some((_, Some(_))));
        assert!(!alerts, "{agent} has not accepted");
        let holds = entry
            .legs
            .get(agent)
            .is_some_and(|(role, _)| *role == LegRole::Consultant);
        assert!(
            holds || self.has_room(&self.held(), agent, entry, true),
            "{agent} has more than the hard limit"
        );
        match &entry.state {
            InteractionState::Queued => assert_eq!(from, None),
            InteractionState::Parked { agent: by, .. } => assert_eq!(from, Some(by)),
            state => {
                assert_eq!(state.talking(), from);
                assert_ne!(from, Some(agent));
                let from = from.expect("whose it was");
                self.person(from).idle_since = Some(at);
            }
        }
        let entry = self.entry(id);
        entry.legs.remove(agent);
        entry.own(agent);
    }

    /// Whoever gave an interaction up is not offered it for as long as its queue says.
    fn check_exclusion(&self, at: Timestamp, id: InteractionId, until: Option<Timestamp>) {
        let seconds = self.queues[&self.entries[&id].queue].exclusion_seconds;
        let expected = (seconds > 0).then(|| at + Duration::from_secs(u64::from(seconds)));
        assert_eq!(until, expected, "who gave it up may get it again");
    }

    /// An owner has an interaction no longer.
    fn let_go(&mut self, at: Timestamp, id: InteractionId, agent: &AgentId) {
        let entry = self.entry(id);
        entry.assert_talking(agent);
        assert!(entry.legs.is_empty(), "a part outlives its owner's");
        self.person(agent).idle_since = Some(at);
    }

    fn configure(&mut self, settings: &Arc<RoutingSettings>) {
        for queue in &settings.queues {
            self.queues.insert(queue.id.clone(), queue.clone());
        }
        for agent in &settings.agents {
            self.agents
                .entry(agent.id.clone())
                .or_insert_with(|| Person {
                    presence: Presence::Offline,
                    desktop: true,
                    idle_since: None,
                    station: None,
                    external: BTreeMap::new(),
                });
        }
        self.agents
            .retain(|id, _| settings.agents.iter().any(|agent| agent.id == *id));
        for person in self.agents.values_mut() {
            let mut stations = settings.stations.iter();
            if !stations.any(|station| Some(&station.id) == person.station.as_ref()) {
                person.station = None;
            }
        }
        for entry in self.entries.values() {
            for agent in entry.state.agent().into_iter().chain(entry.legs.keys()) {
                assert!(self.agents.contains_key(agent), "{agent} left with work");
            }
        }
        // A queue that was removed and has no work is forgotten, and is not paused when it comes back.
        let is_kept = |id: &QueueId| {
            settings.queues.iter().any(|queue| queue.id == *id)
                || self.entries.values().any(|entry| entry.queue == *id)
        };
        self.paused.retain(&is_kept);
        self.closed.retain(&is_kept);
        self.settings = Arc::clone(settings);
    }

    fn end(&mut self, at: Timestamp, id: InteractionId, agent: Option<&AgentId>) {
        let entry = self.entries.remove(&id).expect("ended but not there");
        assert!(
            !matches!(entry.state, InteractionState::Offered { .. }),
            "{id} ended with its offer open"
        );
        assert!(entry.legs.is_empty(), "a part outlives the interaction");
        assert_eq!(entry.state.agent(), agent);
        if let Some(agent) = agent {
            self.person(agent).idle_since = Some(at);
        }
        self.ended += 1;
        self.forget_queue(&entry.queue);
    }

    /// A queue that was removed is forgotten with its last interaction: it is neither paused nor closed when
    /// it comes back.
    fn forget_queue(&mut self, queue: &QueueId) {
        let is_set_up = self.settings.queues.iter().any(|known| known.id == *queue);
        if !is_set_up && !self.entries.values().any(|entry| entry.queue == *queue) {
            self.paused.remove(queue);
            self.closed.remove(queue);
        }
    }

    fn change_presence(&mut self, at: Timestamp, id: &AgentId, presence: &Presence) {
        let clock = self.settings.idle_clock;
        let person = self.person(id);
        assert_ne!(person.presence, *presence);
        let back = presence.is_ready();
        if person.presence == Presence::Offline || (back && clock == IdleClock::Presence) {
            person.idle_since = Some(at);
        }
        if *presence == Presence::Offline {
            person.desktop = true;
        }
        person.presence = presence.clone();
        for entry in self.entries.values_mut() {
            if back {
                entry.excluded.remove(id);
                continue;
            }
            if let InteractionState::Offered { agent, .. } = &entry.state {
                assert_ne!(agent, id, "an offer is left with who is not ready");
            }
            let leg = entry.legs.get(id);
            assert!(
                !matches!(leg, Some((_, Some(_)))),
                "an offer is left with who is not ready"
            );
        }
    }

    fn entry(&mut self, id: InteractionId) -> &mut Entry {
        self.entries.get_mut(&id).expect("not in the ledger")
    }

    fn person(&mut self, id: &AgentId) -> &mut Person {
        self.agents.get_mut(id).expect("no such person")
    }
}

impl Entry {
    fn assert_alerts(&self, at_agent: &AgentId, this: OfferId) -> Timestamp {
        match &self.state {
            InteractionState::Offered {
                agent,
                offer,
                deadline,
            } if agent == at_agent && *offer == this => *deadline,
            other => panic!("{other:?} is not offer {this} at {at_agent}"),
        }
    }

    fn assert_talking(&self, with: &AgentId) {
        assert_eq!(self.state.talking(), Some(with));
    }

    fn own(&mut self, agent: &AgentId) {
        self.state = InteractionState::Connected {
            agent: agent.clone(),
        };
        self.excluded.clear();
    }

    fn follow(&mut self, plan: &Plan) {
        self.steps.clone_from(&plan.steps);
        self.step = 0;
        self.step_until = plan.until;
    }

    fn step_count(&self) -> usize {
        let is_for_good = self.steps.last().is_some_and(|step| step.seconds.is_none());
        self.steps.len() + usize::from(!is_for_good)
    }
}
