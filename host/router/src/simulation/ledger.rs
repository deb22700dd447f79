//! A second account of a site, kept from the events alone and without any index. It knows what may
//! happen, and says so when something else does.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use linecard_model::routing::{
    AgentSettings, IdleClock, InteractionState, MediaType, Presence, QueueOrder, QueueSettings,
    RequiredSkill, RoutingEvent, RoutingSettings, SelectionMethod,
};
use linecard_model::{AgentId, InteractionId, OfferId, QueueId, Timestamp};

use crate::{Census, Router};

#[derive(Debug, Default)]
pub struct Ledger {
    settings: Arc<RoutingSettings>,
    /// Every queue that is set up or has work.
    queues: BTreeMap<QueueId, QueueSettings>,
    agents: BTreeMap<AgentId, Person>,
    entries: BTreeMap<InteractionId, Entry>,
    entered: u64,
    ended: u64,
    /// The latest offers, with the agents to whom they were made.
    pub recent_offers: Vec<(OfferId, AgentId)>,
}

#[derive(Debug)]
struct Person {
    presence: Presence,
    desktop: bool,
    idle_since: Option<Timestamp>,
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
    excluded: BTreeMap<AgentId, Timestamp>,
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
        match event {
            RoutingEvent::Configured { settings } => self.configure(settings),
            RoutingEvent::Enqueued {
                interaction,
                queue,
                media_type,
                skills,
                priority,
            } => {
                let entry = Entry {
                    queue: queue.clone(),
                    media_type: *media_type,
                    skills: skills.clone(),
                    priority: *priority,
                    entered: at,
                    number: self.entered,
                    state: InteractionState::Queued,
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
                ..
            } => {
                assert!(*deadline > at, "an offer that nobody can accept");
                self.check_choice(*interaction, agent);
                self.recent_offers.push((*offer, agent.clone()));
                if self.recent_offers.len() > 20 {
                    self.recent_offers.remove(0);
                }
                self.entry(*interaction).state = InteractionState::Offered {
                    agent: agent.clone(),
                    offer: *offer,
                    deadline: *deadline,
                };
            }
            RoutingEvent::OfferEnded {
                interaction,
                agent,
                offer,
                excluded_until,
                ..
            } => {
                let entry = self.entry(*interaction);
                entry.assert_alerts(agent, *offer);
                entry.state = InteractionState::Queued;
                if let Some(until) = excluded_until {
                    entry.excluded.insert(agent.clone(), *until);
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
                ..
            } => {
                let entry = self.entry(*interaction);
                let deadline = entry.assert_alerts(agent, *offer);
                assert!(at < deadline, "accepted too late");
                entry.state = InteractionState::Connected {
                    agent: agent.clone(),
                };
                entry.excluded.clear();
            }
            RoutingEvent::Returned {
                interaction, agent, ..
            } => {
                let entry = self.entry(*interaction);
                entry.assert_connected(agent);
                entry.state = InteractionState::Queued;
            }
            RoutingEvent::WrapUpStarted {
                interaction,
                agent,
                deadline,
                reason,
                ..
            } => {
                let entry = self.entry(*interaction);
                entry.assert_connected(agent);
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
            RoutingEvent::StatsReset => {}
        }
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
                });
        }
        self.agents
            .retain(|id, _| settings.agents.iter().any(|agent| agent.id == *id));
        for entry in self.entries.values() {
            if let Some(agent) = entry.state.agent() {
                assert!(self.agents.contains_key(agent), "{agent} left with work");
            }
        }
        self.settings = Arc::clone(settings);
    }

    fn end(&mut self, at: Timestamp, id: InteractionId, agent: Option<&AgentId>) {
        let entry = self.entries.remove(&id).expect("ended but not there");
        assert!(
            !matches!(entry.state, InteractionState::Offered { .. }),
            "{id} ended with its offer open"
        );
        assert_eq!(entry.state.agent(), agent);
        if let Some(agent) = agent {
            self.person(agent).idle_since = Some(at);
        }
        self.ended += 1;
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
            } else if let InteractionState::Offered { agent, .. } = &entry.state {
                assert_ne!(agent, id, "an offer is left with who is not ready");
            }
        }
    }

    /// Whether the choice of this agent for this interaction was the right one: the one that is found
    /// by looking at everything that waits and at everybody.
    fn check_choice(&self, id: InteractionId, agent: &AgentId) {
        let entry = &self.entries[&id];
        assert_eq!(entry.state, InteractionState::Queued, "{id} offered twice");
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
        for (id, entry) in &self.entries {
            if entry.state != InteractionState::Queued
                || !self
                    .agents
                    .keys()
                    .any(|agent| self.can_take(held, agent, entry))
            {
                continue;
            }
            let first = of_queue.entry(&entry.queue).or_insert((*id, entry));
            if self.line(entry) < self.line(first.1) {
                *first = (*id, entry);
            }
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
        let busy = in_hand(held, agent).len() as u64;
        let (first, second) = match self.queues[&entry.queue].selection {
            SelectionMethod::LongestIdle => (busy, 0),
            SelectionMethod::BestProficiency => {
                let levels: Vec<u64> = entry
                    .skills
                    .iter()
                    .map(|need| u64::from(self.proficiency(agent, need).unwrap()))
                    .collect();
                let count = levels.len().max(1) as u64;
                let mean = levels.iter().sum::<u64>() * 1000 / count;
                (u64::MAX - mean, busy)
            }
            SelectionMethod::LeastLoaded => {
                let load = in_hand(held, agent)
                    .iter()
                    .map(|work| {
                        let limit = self.limit(agent, &work.queue, work.media_type).max(1);
                        1_000_000 / u64::from(limit)
                    })
                    .sum();
                (load, 0)
            }
        };
        (first, second, idle_since, agent)
    }

    fn can_take(&self, held: &Held<'_>, agent: &AgentId, entry: &Entry) -> bool {
        let person = &self.agents[agent];
        let used = in_hand(held, agent)
            .iter()
            .filter(|work| work.media_type == entry.media_type)
            .count();
        person.presence.is_ready()
            && person.desktop
            && self.queues[&entry.queue].members.contains(agent)
            && !entry.excluded.contains_key(agent)
            && used < usize::from(self.limit(agent, &entry.queue, entry.media_type))
            && entry.skills.iter().all(|need| {
                self.proficiency(agent, need)
                    .is_some_and(|has| has >= need.min_proficiency.unwrap_or(1))
            })
    }

    /// What everybody has in hand.
    fn held(&self) -> Held<'_> {
        let mut held = Held::new();
        for entry in self.entries.values() {
            if let Some(agent) = entry.state.agent() {
                held.entry(agent).or_default().push(entry);
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

    fn limit(&self, agent: &AgentId, queue: &QueueId, media_type: MediaType) -> u16 {
        let of_agent = self.set_up(agent).slots.get(&media_type);
        let of_queue = self.queues[queue].slots.get(&media_type);
        let of_site = self.settings.slots.get(&media_type);
        *of_agent
            .or(of_queue)
            .or(of_site)
            .unwrap_or(&RoutingSettings::builtin_slots(media_type))
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
            wrap_up: count("wrap-up"),
            ended: self.ended,
        }
    }

    /// Nothing has disappeared, and the router sees everything as it is here.
    pub fn agrees_with(&self, router: &Router, at: Timestamp) {
        let census = router.census();
        assert_eq!(census, self.census());
        assert_eq!(
            census.entered,
            census.queued + census.offered + census.connected + census.wrap_up + census.ended
        );
        assert_eq!(router.interactions().count(), self.entries.len());
        for (id, work) in router.interactions() {
            let entry = &self.entries[&id];
            assert_eq!(work.state, entry.state);
            assert_eq!(work.entered, entry.entered, "its time in queue restarted");
            assert!(work.excluded.keys().eq(entry.excluded.keys()));
            match &entry.state {
                InteractionState::Offered { deadline, .. }
                | InteractionState::WrapUp {
                    deadline: Some(deadline),
                    ..
                } => assert!(*deadline > at),
                _ => {}
            }
        }
        for (id, person) in &self.agents {
            let known = router.agent(id).unwrap();
            assert_eq!(known.presence, person.presence);
            assert_eq!(known.away.is_none(), person.desktop);
        }
        for queue in self.queues.keys() {
            let waiting = router.waiting(queue);
            assert!(waiting.is_sorted_by_key(|id| self.line(&self.entries[id])));
        }
    }

    /// Nothing waits that somebody could take; and of what waits the router can say for every
    /// member what is in the way.
    pub fn no_work_is_left_lying(&self, router: &Router) {
        let held = self.held();
        for (id, entry) in &self.entries {
            if entry.state != InteractionState::Queued {
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

type Held<'a> = BTreeMap<&'a AgentId, Vec<&'a Entry>>;

fn in_hand<'a>(held: &'a Held<'_>, agent: &AgentId) -> &'a [&'a Entry] {
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

    fn assert_connected(&self, with: &AgentId) {
        assert_eq!(
            self.state,
            InteractionState::Connected {
                agent: with.clone()
            }
        );
    }
}
