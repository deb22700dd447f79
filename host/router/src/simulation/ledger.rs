//! A second account of a site, kept from the events alone and without any index. It knows what may
//! happen, and says so when something else does.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use linecard_model::routing::{
    AgentSettings, IdleClock, InteractionState, LegEnd, LegRole, MediaType, NoAnswerRule,
    OfferOutcome, OwnerCause, Plan, Presence, QueueOrder, QueueSettings, RequiredSkill,
    ReturnCause, RoutingEvent, RoutingSettings, RoutingStep, SelectionMethod, SkillMode, StepCause,
    TransferTarget, UnparkCause,
};
use linecard_model::{AgentId, GroupId, InteractionId, OfferId, QueueId, StationId, Timestamp};

use crate::{Census, Router};

#[derive(Debug, Default)]
pub struct Ledger {
    settings: Arc<RoutingSettings>,
    /// Every queue that is set up or has work.
    queues: BTreeMap<QueueId, QueueSettings>,
    paused: BTreeSet<QueueId>,
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
}

/// Something that an agent has in hand: of which queue, and of which type.
type Piece<'a> = (Option<&'a QueueId>, MediaType);
type Held<'a> = BTreeMap<&'a AgentId, Vec<Piece<'a>>>;

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
                let entry = Entry {
                    queue: queue.clone(),
                    media_type: *media_type,
                    skills: skills.clone(),
                    priority: *priority,
                    entered: at,
                    number: self.entered,
                    state: InteractionState::Queued,
                    legs: BTreeMap::new(),
                    steps: plan.steps.clone(),
                    step: 0,
                    step_until: plan.until,
                    overflowed: BTreeSet::new(),
                    excluded: BTreeMap::new(),
                };
                self.entered += 1;
                let old = self.entries.insert(*interaction, entry);
                assert!(old.is_none(), "{interaction} entered twice");
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
                self.forget_paused(from_queue);
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
                self.forget_paused(from_queue);
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
        self.paused.retain(|id| {
            settings.queues.iter().any(|queue| queue.id == *id)
                || self.entries.values().any(|entry| entry.queue == *id)
        });
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
        self.forget_paused(&entry.queue);
    }

    /// A queue that was removed is forgotten with its last interaction, and is not paused when it comes back.
    fn forget_paused(&mut self, queue: &QueueId) {
        let is_set_up = self.settings.queues.iter().any(|known| known.id == *queue);
        if !is_set_up && !self.entries.values().any(|entry| entry.queue == *queue) {
            self.paused.remove(queue);
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

    /// Whether the choice of this agent for this interaction was the right one: the one that is found
    /// by looking at everything that waits and at everybody.
    fn check_choice(&self, id: InteractionId, agent: &AgentId) {
        let entry = &self.entries[&id];
        assert_eq!(entry.state, InteractionState::Queued, "{id} offered twice");
        assert!(!self.paused.contains(&entry.queue), "the queue is paused");
        let held = self.held();
        assert!(
            self.can_take(&held, agent, entry),
            "{agent} cannot take {id}"
        );
        assert_eq!(self.next(&held), Some(id), "offered before its turn");
        // Nobody who could take it is before this agent.
        let rank = self.rank(&held, agent, entry);
        for other in self.agents.keys() {
            if self.can_take(&held, other, entry) {
                assert!(
                    rank <= self.rank(&held, other, entry),
                    "{other} before {agent}"
                );
            }
        }
    }

    /// What is to be offered next: of each queue the first by the queue's own order that anybody can
    /// take, and of these the first by score.
    fn next(&self, held: &Held<'_>) -> Option<InteractionId> {
        let mut of_queue: BTreeMap<&QueueId, (InteractionId, &Entry)> = BTreeMap::new();
        let there: Vec<&AgentId> = self.agents.keys().filter(|id| self.is_there(id)).collect();
        for (id, entry) in &self.entries {
            let is_later = of_queue
                .get(&entry.queue)
                .is_some_and(|first| self.line(first.1) < self.line(entry));
            if is_later
                || entry.state != InteractionState::Queued
                || self.paused.contains(&entry.queue)
                || !there.iter().any(|agent| self.can_take(held, agent, entry))
            {
                continue;
            }
            of_queue.insert(&entry.queue, (*id, entry));
        }
        of_queue
            .into_values()
            .min_by_key(|(_, entry)| {
                let (_, score, number) = self.line(entry);
                (score, number)
            })
            .map(|(id, _)| id)
    }

    /// An interaction's place in its queue.
    fn line(&self, entry: &Entry) -> (Reverse<i32>, i64, u64) {
        let strict = self.queues[&entry.queue].order == QueueOrder::StrictPriority;
        let moved = i64::from(entry.priority) * 60_000;
        (
            Reverse(if strict { entry.priority } else { 0 }),
            entry.entered.as_millisecond() - moved,
            entry.number,
        )
    }

    /// An agent's place among those who could take an interaction.
    fn rank<'a>(
        &'a self,
        held: &Held<'_>,
        agent: &'a AgentId,
        entry: &Entry,
    ) -> (u64, u64, Option<Timestamp>, &'a AgentId) {
        let idle_since = self.agents[agent].idle_since;
        let in_hand = in_hand(held, agent);
        let busy = in_hand.len() as u64;
        let queue = &self.queues[&entry.queue];
        let by_skill = queue.skill_mode == SkillMode::BestAvailable
            || queue.selection == SelectionMethod::BestProficiency;
        let (first, second) = if by_skill {
            let ranked: &[RequiredSkill] = if queue.skill_mode == SkillMode::Disregard {
                &[]
            } else {
                &entry.skills
            };
            let levels = ranked
                .iter()
                .map(|need| u64::from(self.proficiency(agent, need).unwrap_or(0)));
            let mean = levels.sum::<u64>() * 1000 / (ranked.len().max(1) as u64);
            (u64::MAX - mean, busy)
        } else if queue.selection == SelectionMethod::LeastLoaded {
            let load = in_hand.iter().map(|(of, media_type)| {
                let by_slots = match self.slots(agent, *of, *media_type) {
                    None => 0,
                    Some(slots) => 1_000_000 / u64::from(slots.max(1)),
                };
                by_slots.max(u64::from(self.percent(agent, *of, *media_type)) * 10_000)
            });
            (load.sum(), 0)
        } else {
            (busy, 0)
        };
        (first, second, idle_since, agent)
    }

    fn can_take(&self, held: &Held<'_>, agent: &AgentId, entry: &Entry) -> bool {
        self.is_there(agent)
            && !entry.excluded.contains_key(agent)
            && self
                .eligible(agent, entry)
                .is_some_and(|over_limit| self.has_room(held, agent, entry, over_limit))
    }

    fn is_there(&self, agent: &AgentId) -> bool {
        let person = &self.agents[agent];
        person.presence.is_ready() && person.desktop
    }

    /// Whether the steps so far name an agent who has the skills, and then whether up to the hard limit.
    fn eligible(&self, agent: &AgentId, entry: &Entry) -> Option<bool> {
        (0..=entry.step)
            .filter(|number| self.names(agent, entry, *number))
            .map(|number| entry.steps.get(number).is_some_and(|step| step.over_limit))
            .reduce(|one, other| one || other)
    }

    /// Whether one step names an agent who has the skills for it.
    fn names(&self, agent: &AgentId, entry: &Entry, number: usize) -> bool {
        let queue = &self.queues[&entry.queue];
        let usual: &[RequiredSkill] = if queue.skill_mode == SkillMode::All {
            &entry.skills
        } else {
            &[]
        };
        let group_has = |group: &GroupId| {
            let mut groups = self.settings.groups.iter();
            groups.any(|known| known.id == *group && known.members.contains(agent))
        };
        let is_member = || queue.members.contains(agent) || queue.groups.iter().any(group_has);
        let (is_in, skills) = match entry.steps.get(number) {
            None => (is_member(), usual),
            Some(step) => {
                let is_in = if let Some(group) = &step.group {
                    group_has(group)
                } else if step.agents.is_empty() {
                    is_member()
                } else {
                    step.agents.contains(agent)
                };
                (is_in, step.skills.as_deref().unwrap_or(usual))
            }
        };
        is_in
            && skills.iter().all(|need| {
                self.proficiency(agent, need)
                    .is_some_and(|has| has >= need.min_proficiency.unwrap_or(1))
            })
    }

    fn is_entitled(&self, agent: &AgentId, media_type: MediaType) -> bool {
        let own = self.set_up(agent).media_types.as_ref();
        let mut stations = self.settings.stations.iter();
        own.is_none_or(|types| types.contains(&media_type))
            || stations.any(|station| {
                Some(&station.id) == self.agents[agent].station.as_ref()
                    && station.media_types.contains(&media_type)
            })
    }

    /// Whether both models of capacity allow one more.
    fn has_room(&self, held: &Held<'_>, agent: &AgentId, entry: &Entry, over_limit: bool) -> bool {
        let media_type = entry.media_type;
        let in_hand = in_hand(held, agent);
        let used = in_hand.iter().filter(|(_, of)| *of == media_type).count();
        let over = usize::from(if over_limit {
            self.settings.over_limit
        } else {
            0
        });
        let slots = self.slots(agent, Some(&entry.queue), media_type);
        let percent = usize::from(self.percent(agent, Some(&entry.queue), media_type));
        let in_use: usize = in_hand
            .iter()
            .filter(|(queue, of)| !self.interrupts(agent, *queue, *of, media_type))
            .map(|(queue, of)| usize::from(self.percent(agent, *queue, *of)))
            .sum();
        self.is_entitled(agent, media_type)
            && slots != Some(0)
            && slots.is_none_or(|slots| used < usize::from(slots) + over)
            && in_use + percent <= 100 + over * percent
    }

    /// What everybody has in hand.
    fn held(&self) -> Held<'_> {
        let mut held = Held::new();
        for entry in self.entries.values() {
            let asked = entry
                .legs
                .iter()
                .filter(|(_, (role, _))| *role == LegRole::Consultant)
                .map(|(agent, _)| agent);
            for agent in entry.state.agent().into_iter().chain(asked) {
                let piece = (Some(&entry.queue), entry.media_type);
                held.entry(agent).or_default().push(piece);
            }
        }
        for (agent, person) in &self.agents {
            for (media_type, _) in person.external.values() {
                held.entry(agent).or_default().push((None, *media_type));
            }
        }
        held
    }

    fn set_up(&self, agent: &AgentId) -> &AgentSettings {
        self.settings
            .agents
            .iter()
            .find(|known| known.id == *agent)
            .unwrap()
    }

    fn proficiency(&self, agent: &AgentId, need: &RequiredSkill) -> Option<u8> {
        self.set_up(agent)
            .skills
            .iter()
            .find(|level| level.skill == need.skill)
            .map(|level| level.proficiency)
    }

    /// Slots; none where only percent count.
    fn slots(&self, agent: &AgentId, queue: Option<&QueueId>, of: MediaType) -> Option<u16> {
        let of_queue = queue.and_then(|id| self.queues[id].slots.get(&of));
        let set = self
            .set_up(agent)
            .slots
            .get(&of)
            .or(of_queue)
            .or(self.settings.slots.get(&of));
        match set {
            Some(slots) => Some(*slots),
            None if self.percent_set(agent, queue, of).is_some() => None,
            None => Some(RoutingSettings::builtin_slots(of)),
        }
    }

    fn percent(&self, agent: &AgentId, queue: Option<&QueueId>, of: MediaType) -> u8 {
        self.percent_set(agent, queue, of).unwrap_or(0)
    }

    fn percent_set(&self, agent: &AgentId, queue: Option<&QueueId>, of: MediaType) -> Option<u8> {
        let of_queue = queue.and_then(|id| self.queues[id].percent.get(&of));
        self.set_up(agent)
            .percent
            .get(&of)
            .or(of_queue)
            .or(self.settings.percent.get(&of))
            .copied()
    }

    fn interrupts(
        &self,
        agent: &AgentId,
        queue: Option<&QueueId>,
        in_hand: MediaType,
        new: MediaType,
    ) -> bool {
        let of_queue = queue.and_then(|id| self.queues[id].interruptible_by.get(&in_hand));
        self.set_up(agent)
            .interruptible_by
            .get(&in_hand)
            .or(of_queue)
            .or(self.settings.interruptible_by.get(&in_hand))
            .is_some_and(|types| types.contains(&new))
    }

    fn entry(&mut self, id: InteractionId) -> &mut Entry {
        self.entries.get_mut(&id).expect("not in the ledger")
    }

    fn person(&mut self, id: &AgentId) -> &mut Person {
        self.agents.get_mut(id).expect("no such person")
    }

    /// How many are where, counted one by one.
    fn census(&self) -> Census {
        let count = |name| {
            let states = self.entries.values().map(|entry| entry.state.name());
            states.filter(|state| *state == name).count() as u64
        };
        Census {
            entered: self.entered,
            queued: count("queued"),
            offered: count("offered"),
            connected: count("connected"),
            held: count("held"),
            parked: count("parked"),
            wrap_up: count("wrap-up"),
            ended: self.ended,
        }
    }

    /// Nothing has disappeared, and the router sees everything as it is here.
    pub fn agrees_with(&self, router: &Router, at: Timestamp) {
        let census = router.census();
        assert_eq!(census, self.census());
        let under_way = census.connected + census.held + census.parked + census.wrap_up;
        assert_eq!(
            census.entered,
            census.queued + census.offered + under_way + census.ended
        );
        assert_eq!(router.interactions().count(), self.entries.len());
        for (id, work) in router.interactions() {
            let entry = &self.entries[&id];
            assert_eq!(work.state, entry.state);
            assert_eq!(work.entered, entry.entered, "its time in queue restarted");
            assert_eq!(work.queue, entry.queue);
            assert_eq!(usize::from(work.step), entry.step);
            assert!(work.excluded.keys().eq(entry.excluded.keys()));
            let legs = work.legs.iter().map(|(agent, leg)| {
                let offer = leg.offer.as_ref().map(|offer| offer.id);
                (agent.clone(), (leg.role, offer))
            });
            assert!(legs.eq(entry.legs.clone()));
            assert!(
                entry.legs.is_empty() || entry.state.talking().is_some(),
                "somebody takes part in what nobody has"
            );
            match &entry.state {
                InteractionState::Offered { deadline, .. }
                | InteractionState::WrapUp {
                    deadline: Some(deadline),
                    ..
                } => assert!(*deadline > at),
                InteractionState::Parked { until, .. } => assert!(*until > at),
                _ => {}
            }
        }
        for (id, person) in &self.agents {
            let known = router.agent(id).unwrap();
            assert_eq!(known.presence, person.presence);
            assert_eq!(known.away.is_none(), person.desktop);
            assert_eq!(known.station, person.station);
            let external = known.external.iter();
            let external = external.map(|(name, work)| (name, (work.media_type, work.until)));
            assert!(external.eq(person.external.iter().map(|(name, work)| (name, *work))));
            assert!(person.external.values().all(|(_, until)| *until > at));
        }
        for queue in self.queues.keys() {
            let waiting = router.waiting(queue);
            assert!(waiting.is_sorted_by_key(|id| self.line(&self.entries[id])));
            assert_eq!(router.is_paused(queue), self.paused.contains(queue));
        }
    }

    /// Whoever let an offer ring out is taken for absent, if the site wants that.
    pub fn absent_are_away(&self, events: &[RoutingEvent]) {
        for event in events {
            if let RoutingEvent::OfferEnded {
                agent,
                outcome: OfferOutcome::NoAnswer,
                ..
            } = event
                && self.settings.no_answer != NoAnswerRule::StayReady
                && let Some(person) = self.agents.get(agent)
            {
                assert!(!person.presence.is_ready(), "{agent} did not answer");
            }
        }
    }

    /// Nothing waits that somebody could take, or that could move on; and of what waits the router can
    /// say for every member what is in the way.
    pub fn no_work_is_left_lying(&self, router: &Router, at: Timestamp) {
        let held = self.held();
        for (id, entry) in &self.entries {
            if entry.state != InteractionState::Queued {
                continue;
            }
            for rule in &self.queues[&entry.queue].overflow {
                let is_over = rule.after_seconds.is_some_and(|seconds| {
                    entry.entered + Duration::from_secs(u64::from(seconds)) <= at
                });
                let can = rule.to != entry.queue
                    && !entry.overflowed.contains(&rule.to)
                    && self.settings.queues.iter().any(|queue| queue.id == rule.to);
                assert!(!(is_over && can), "{id} waits too long");
            }
            if entry.step + 1 < entry.step_count() {
                let goes_on = entry.step_until.is_none_or(|until| until > at);
                assert!(goes_on, "{id} stays in its step");
                let worth_it = self.agents.iter().any(|(agent, person)| {
                    person.presence.is_ready()
                        && person.desktop
                        && self.names(agent, entry, entry.step)
                        && !entry.excluded.contains_key(agent)
                        && self.is_entitled(agent, entry.media_type)
                        && self.slots(agent, Some(&entry.queue), entry.media_type) != Some(0)
                });
                assert!(worth_it, "{id} waits for nobody");
            }
            if self.paused.contains(&entry.queue) {
                continue;
            }
            for agent in self.agents.keys() {
                assert!(
                    !self.can_take(&held, agent, entry),
                    "{agent} could take {id}"
                );
            }
            let explanation = router.explain(entry.entered, id).unwrap();
            for member in explanation.members {
                assert!(!member.obstacles.is_empty(), "{id}: {}", member.agent);
            }
        }
    }
}

fn in_hand<'a>(held: &'a Held<'_>, agent: &AgentId) -> &'a [Piece<'a>] {
    held.get(agent).map_or(&[], Vec::as_slice)
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

/// The event's kind, for those that a simulation must have met.
fn name_of(event: &RoutingEvent) -> &'static str {
    match event {
        RoutingEvent::Offered {
            role: LegRole::Consultant,
            ..
        } => "asked",
        RoutingEvent::Connected {
            role: LegRole::Consultant,
            ..
        } => "advises",
        RoutingEvent::StepBegan { cause, .. } => match cause {
            StepCause::Expired => "step-expired",
            StepCause::NobodyAvailable => "step-for-nobody",
        },
        RoutingEvent::Held { .. } => "held",
        RoutingEvent::Resumed { .. } => "resumed",
        RoutingEvent::Parked { .. } => "parked",
        RoutingEvent::Unparked { cause, .. } => match cause {
            UnparkCause::Expired => "park-expired",
            UnparkCause::CustomerWrote => "park-answered",
            UnparkCause::AgentRemoved => "park-orphaned",
        },
        RoutingEvent::Transferred { to, .. } => match to {
            TransferTarget::Agent { .. } => "transferred-to-agent",
            TransferTarget::Queue { .. } => "transferred-to-queue",
            TransferTarget::Skills { .. } => "transferred-to-skills",
            TransferTarget::Group { .. } => "transferred-to-group",
        },
        RoutingEvent::Overflowed { .. } => "overflowed",
        RoutingEvent::OwnerChanged { cause, .. } => match cause {
            OwnerCause::ConsultCompleted => "consult-completed",
            OwnerCause::TakenOver => "taken-over",
            OwnerCause::PickedUp => "picked-up",
            OwnerCause::Unparked => "unparked-by-owner",
        },
        RoutingEvent::ObserverJoined { .. } => "observed",
        RoutingEvent::LegEnded { cause, .. } => match cause {
            LegEnd::Left => "leg-left",
            LegEnd::Cancelled => "leg-cancelled",
            LegEnd::InteractionGone => "leg-dissolved",
            LegEnd::AgentRemoved => "leg-removed",
            LegEnd::DesktopLost => "leg-lost",
        },
        RoutingEvent::PriorityChanged { .. } => "prioritized",
        RoutingEvent::WrapUpCoded { .. } => "coded",
        RoutingEvent::Returned { cause, .. } => match cause {
            ReturnCause::Requeued => "requeued",
            ReturnCause::AgentRemoved | ReturnCause::DesktopLost => "returned",
        },
        RoutingEvent::QueuePaused { .. } => "paused",
        RoutingEvent::QueueResumed { .. } => "queue-resumed",
        RoutingEvent::ExternalBegan { .. } => "external",
        RoutingEvent::ExternalEnded { .. } => "external-ended",
        RoutingEvent::StationChanged { .. } => "station",
        _ => "usual",
    }
}
