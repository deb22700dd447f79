//! A site to try the router on: a clock, and short words for commands and events.

use std::sync::Arc;
use std::time::Duration;

use linecard_model::routing::{
    AgentSettings, EndReason, InteractionState, MediaType, Presence, QueueSettings, RequiredSkill,
    RoutingEvent, RoutingSettings, SkillLevel,
};
use linecard_model::{AgentId, InteractionId, OfferId, QueueId, SkillId, Timestamp};
use linecard_router::{Command, Refusal, Router};

pub fn agent(id: &str) -> AgentId {
    AgentId::new(id).unwrap()
}

pub fn queue(id: &str) -> QueueId {
    QueueId::new(id).unwrap()
}

pub fn interaction(number: u64) -> InteractionId {
    InteractionId::derived(0, number)
}

pub fn needs(skill: &str, min_proficiency: impl Into<Option<u8>>) -> RequiredSkill {
    RequiredSkill {
        skill: SkillId::new(skill).unwrap(),
        min_proficiency: min_proficiency.into(),
    }
}

pub fn has(skill: &str, proficiency: u8) -> SkillLevel {
    SkillLevel {
        skill: SkillId::new(skill).unwrap(),
        proficiency,
    }
}

/// Settings with one queue, `care`, whose members are the agents given.
pub fn settings(agents: &[&str]) -> RoutingSettings {
    let mut care = QueueSettings::new(queue("care"));
    care.members = agents.iter().map(|id| agent(id)).collect();
    RoutingSettings {
        queues: vec![care],
        agents: agents
            .iter()
            .map(|id| AgentSettings::new(agent(id)))
            .collect(),
        ..RoutingSettings::default()
    }
}

/// As [`settings`], with one slot for everything: an agent has one interaction at a time.
pub fn single(agents: &[&str]) -> RoutingSettings {
    let mut settings = settings(agents);
    settings.slots = MediaType::ALL.map(|media_type| (media_type, 1)).into();
    settings
}

pub struct Site {
    pub router: Router,
    pub now: Timestamp,
    start: Timestamp,
    arrivals: u64,
    pub journal: Vec<(Timestamp, RoutingEvent)>,
}

impl Site {
    pub fn new(settings: RoutingSettings) -> Self {
        let start = "2026-03-02T09:00:00Z".parse().unwrap();
        let mut site = Self {
            router: Router::new(RoutingSettings::default()),
            now: start,
            start,
            arrivals: 0,
            journal: Vec::new(),
        };
        site.configure(settings);
        site
    }

    pub fn try_apply(&mut self, command: Command) -> Result<Vec<RoutingEvent>, Refusal> {
        let events = self.router.apply(self.now, command)?;
        self.journal
            .extend(events.iter().map(|event| (self.now, event.clone())));
        Ok(events)
    }

    pub fn apply(&mut self, command: Command) -> Vec<RoutingEvent> {
        self.try_apply(command).unwrap()
    }

    /// Lets seconds pass, without anything being done.
    pub fn pass(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
    }

    /// Lets seconds pass, acting on every deadline when it comes.
    pub fn run(&mut self, seconds: u64) -> Vec<RoutingEvent> {
        let end = self.now + Duration::from_secs(seconds);
        let mut events = Vec::new();
        while let Some(deadline) = self.router.next_deadline().filter(|next| *next <= end) {
            self.now = deadline;
            events.extend(self.apply(Command::Tick));
        }
        self.now = end;
        events
    }

    /// The moment so many seconds after the site was opened.
    pub fn second(&self, seconds: u64) -> Timestamp {
        self.start + Duration::from_secs(seconds)
    }

    pub fn configure(&mut self, settings: RoutingSettings) -> Vec<RoutingEvent> {
        self.apply(Command::Configure {
            settings: Arc::new(settings),
        })
    }

    /// Enqueues a direct message in `care`.
    pub fn arrive(&mut self) -> InteractionId {
        self.arrive_with(vec![], None)
    }

    pub fn arrive_with(
        &mut self,
        skills: Vec<RequiredSkill>,
        priority: Option<i32>,
    ) -> InteractionId {
        self.enqueue("care", MediaType::SocialDirectMessage, skills, priority)
            .unwrap()
    }

    pub fn enqueue(
        &mut self,
        to: &str,
        media_type: MediaType,
        skills: Vec<RequiredSkill>,
        priority: Option<i32>,
    ) -> Result<InteractionId, Refusal> {
        self.arrivals += 1;
        let id = interaction(self.arrivals);
        self.try_apply(Command::Enqueue {
            interaction: id,
            queue: queue(to),
            media_type,
            skills,
            priority,
            first: None,
        })?;
        Ok(id)
    }

    pub fn set(&mut self, who: &str, presence: Presence) -> Vec<RoutingEvent> {
        self.apply(Command::SetPresence {
            agent: agent(who),
            presence,
            forced: false,
        })
    }

    pub fn ready(&mut self, who: &str) -> Vec<RoutingEvent> {
        self.set(who, Presence::Ready)
    }

    pub fn not_ready(&mut self, who: &str, reason: &str) -> Vec<RoutingEvent> {
        self.set(
            who,
            Presence::NotReady {
                reason: reason.into(),
            },
        )
    }

    /// Signs agents in one after the other, a second apart.
    pub fn all_ready(&mut self, who: &[&str]) {
        for id in who {
            self.ready(id);
            self.pass(1);
        }
    }

    pub fn state(&self, id: InteractionId) -> Option<&InteractionState> {
        self.router.interaction(&id).map(|work| &work.state)
    }

    pub fn state_name(&self, id: InteractionId) -> &'static str {
        self.state(id).map_or("ended", InteractionState::name)
    }

    /// The agent at whom an interaction alerts.
    pub fn alerting_at(&self, id: InteractionId) -> Option<AgentId> {
        match self.state(id)? {
            InteractionState::Offered { agent, .. } => Some(agent.clone()),
            _ => None,
        }
    }

    pub fn offer(&self, id: InteractionId) -> OfferId {
        match self.state(id) {
            Some(InteractionState::Offered { offer, .. }) => *offer,
            other => panic!("{id} is {other:?}, not offered"),
        }
    }

    pub fn presence(&self, who: &str) -> Presence {
        self.router.agent(&agent(who)).unwrap().presence.clone()
    }

    pub fn try_accept(&mut self, offer: OfferId, who: &str) -> Result<Vec<RoutingEvent>, Refusal> {
        self.try_apply(Command::Accept {
            offer,
            agent: agent(who),
        })
    }

    /// The agent at whom it alerts accepts it.
    pub fn accept(&mut self, id: InteractionId) -> Vec<RoutingEvent> {
        let (offer, owner) = (self.offer(id), self.alerting_at(id).unwrap());
        self.apply(Command::Accept {
            offer,
            agent: owner,
        })
    }

    /// The agent at whom it alerts declines it.
    pub fn decline(&mut self, id: InteractionId) -> Vec<RoutingEvent> {
        let (offer, owner) = (self.offer(id), self.alerting_at(id).unwrap());
        self.apply(Command::Decline {
            offer,
            agent: owner,
        })
    }

    pub fn try_end(
        &mut self,
        id: InteractionId,
        who: &str,
        code: Option<&str>,
    ) -> Result<Vec<RoutingEvent>, Refusal> {
        self.try_apply(Command::End {
            interaction: id,
            agent: agent(who),
            disposition: code.map(str::to_owned),
            wrap_up: false,
        })
    }

    pub fn try_wrap_up(
        &mut self,
        id: InteractionId,
        who: &str,
        code: Option<&str>,
    ) -> Result<Vec<RoutingEvent>, Refusal> {
        self.try_apply(Command::WrapUp {
            interaction: id,
            agent: agent(who),
            disposition: code.map(str::to_owned),
        })
    }

    pub fn rescind(&mut self, id: InteractionId, reason: EndReason) -> Vec<RoutingEvent> {
        self.apply(Command::Rescind {
            interaction: id,
            reason,
        })
    }
}
