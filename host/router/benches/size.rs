//! What a decision costs in sites of different sizes: agents, queues and open interactions grow together,
//! with 200 skills, routing steps, exclusions and both models of capacity in play.
//!
//! Prints a table: the median and the 99th percentile of a decision, and how much that is of the smallest
//! site's. `cargo bench -p linecard-router --bench size`; `-- full` adds the largest site, which takes
//! some 12 GiB of memory and several minutes to fill.

use std::time::{Duration, Instant};

use linecard_model::routing::{
    AgentSettings, InteractionState, MediaType, Presence, QueueSettings, RequiredSkill,
    RoutingEvent, RoutingSettings, RoutingStep, SkillLevel,
};
use linecard_model::{AgentId, InteractionId, QueueId, SkillId, Timestamp};
use linecard_router::{Command, Router};

const SKILLS: usize = 200;
/// How many decisions are measured in each site.
const DECISIONS: u32 = 20_000;

struct Size {
    agents: usize,
    queues: usize,
    open: usize,
}

const SIZES: [Size; 4] = [
    Size {
        agents: 1_000,
        queues: 50,
        open: 1_000,
    },
    Size {
        agents: 10_000,
        queues: 1_000,
        open: 100_000,
    },
    Size {
        agents: 75_000,
        queues: 10_000,
        open: 1_000_000,
    },
    Size {
        agents: 75_000,
        queues: 50_000,
        open: 5_000_000,
    },
];

fn main() {
    let full = std::env::args().any(|argument| argument == "full");
    println!(
        "{:>8}{:>8}{:>11}{:>10}{:>10}{:>10}{:>8}{:>8}{:>12}",
        "agents", "queues", "open", "waiting", "median", "p99", "ratio", "ratio", "decisions/s"
    );
    let mut least: Option<(Duration, Duration)> = None;
    for size in SIZES.iter().take(if full { 4 } else { 3 }) {
        let mut site = Site::of(size);
        let waiting = site.router.census().queued;
        let began = Instant::now();
        let mut times: Vec<Duration> = (0..DECISIONS).map(|_| site.decide()).collect();
        let rate = f64::from(DECISIONS) / began.elapsed().as_secs_f64();
        times.sort_unstable();
        let at = |share: usize| times[(times.len() * share / 100).min(times.len() - 1)];
        let (median, p99) = (at(50), at(99));
        let (first, second) = *least.get_or_insert((median, p99));
        println!(
            "{:>8}{:>8}{:>11}{:>10}{:>10}{:>10}{:>8.2}{:>8.2}{:>12.0}",
            size.agents,
            size.queues,
            size.open,
            waiting,
            format!("{median:.1?}"),
            format!("{p99:.1?}"),
            median.as_secs_f64() / first.as_secs_f64(),
            p99.as_secs_f64() / second.as_secs_f64(),
            rate
        );
    }
}

/// A small generator of the bench's own: the same numbers in each run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % limit.max(1)
    }
}

struct Site {
    router: Router,
    now: Timestamp,
    numbers: Numbers,
    arrivals: u64,
    agents: usize,
    queues: usize,
    /// What was connected lately, to be ended.
    connected: Vec<(InteractionId, AgentId)>,
}

fn agent(number: usize) -> AgentId {
    AgentId::new(format!("agent-{number}")).expect("a slug")
}

fn queue(number: usize) -> QueueId {
    QueueId::new(format!("queue-{number}")).expect("a slug")
}

fn skill(number: usize) -> SkillId {
    SkillId::new(format!("skill-{number}")).expect("a slug")
}

impl Site {
    /// A site in which every agent is a member of some queues and has ten skills; half are ready. It is
    /// filled until so many interactions are open.
    fn of(size: &Size) -> Self {
        let mut numbers = Numbers(7);
        let mut settings = RoutingSettings::default();
        settings.percent.insert(MediaType::SocialDirectMessage, 25);
        settings.slots.insert(MediaType::SocialDirectMessage, 3);
        let mut queues: Vec<QueueSettings> = (0..size.queues)
            .map(|n| QueueSettings::new(queue(n)))
            .collect();
        for (number, queue) in queues.iter_mut().enumerate() {
            if number % 3 == 0 {
                queue.steps = vec![RoutingStep {
                    skills: Some(vec![RequiredSkill {
                        skill: skill(number % SKILLS),
                        min_proficiency: Some(70),
                    }]),
                    seconds: Some(20),
                    ..RoutingStep::default()
                }];
            }
        }
        for number in 0..size.agents {
            let mut made = AgentSettings::new(agent(number));
            let first = numbers.below(SKILLS);
            made.skills = (0..10)
                .map(|step| SkillLevel {
                    skill: skill((first + step * 7) % SKILLS),
                    proficiency: u8::try_from(1 + numbers.below(100)).unwrap_or(1),
                })
                .collect();
            for _ in 0..5 {
                let of = numbers.below(size.queues);
                queues[of].members.insert(made.id.clone());
            }
            settings.agents.push(made);
        }
        settings.queues = queues;
        let mut site = Self {
            router: Router::new(settings),
            now: "2026-03-02T09:00:00Z".parse().expect("a literal time"),
            numbers,
            arrivals: 0,
            agents: size.agents,
            queues: size.queues,
            connected: Vec::new(),
        };
        for number in (0..size.agents).step_by(2) {
            site.apply(Command::SetPresence {
                agent: agent(number),
                presence: Presence::Ready,
                forced: false,
            });
        }
        while site.router.census().entered < size.open as u64 {
            let arrival = site.arrival();
            site.apply(arrival);
        }
        site
    }

    fn arrival(&mut self) -> Command {
        self.arrivals += 1;
        let skills = if self.numbers.below(2) == 0 {
            vec![RequiredSkill {
                skill: skill(self.numbers.below(SKILLS)),
                min_proficiency: Some(30),
            }]
        } else {
            Vec::new()
        };
        Command::Enqueue {
            interaction: InteractionId::derived(1, self.arrivals),
            queue: queue(self.numbers.below(self.queues)),
            media_type: MediaType::SocialDirectMessage,
            skills,
            priority: None,
            first: None,
        }
    }

    /// Applies a command, and accepts what it leads to, as agents who are there do.
    fn apply(&mut self, command: Command) {
        let Ok(events) = self.router.apply(self.now, command) else {
            return;
        };
        for event in events {
            if let RoutingEvent::Offered {
                interaction,
                agent,
                offer,
                ..
            } = event
            {
                let accept = Command::Accept {
                    offer,
                    agent: agent.clone(),
                };
                if self.router.apply(self.now, accept).is_ok() && self.connected.len() < 100_000 {
                    self.connected.push((interaction, agent));
                }
            }
        }
    }

    /// One decision: an arrival, an end (and who is next), an offer that is declined, or somebody who
    /// becomes ready or leaves. How long it took.
    fn decide(&mut self) -> Duration {
        self.now += Duration::from_millis(20);
        let command = match self.numbers.below(10) {
            0..4 => self.arrival(),
            4..8 => {
                let Some((interaction, agent)) = self.connected.pop() else {
                    return self.decide();
                };
                Command::End {
                    interaction,
                    agent,
                    disposition: None,
                    wrap_up: false,
                }
            }
            8 => self.presence(),
            _ => match self.alerting() {
                Some(decline) => decline,
                None => self.presence(),
            },
        };
        let began = Instant::now();
        let events = self.router.apply(self.now, command);
        let took = began.elapsed();
        for event in events.into_iter().flatten() {
            if let RoutingEvent::Offered {
                interaction,
                agent,
                offer,
                ..
            } = event
                && self.numbers.below(4) > 0
            {
                let accept = Command::Accept {
                    offer,
                    agent: agent.clone(),
                };
                if self.router.apply(self.now, accept).is_ok() {
                    self.connected.push((interaction, agent));
                }
            }
        }
        took
    }

    fn presence(&mut self) -> Command {
        let agent = agent(self.numbers.below(self.agents));
        let is_ready = self
            .router
            .agent(&agent)
            .is_some_and(|agent| agent.presence.is_ready());
        Command::SetPresence {
            agent,
            presence: if is_ready {
                Presence::Offline
            } else {
                Presence::Ready
            },
            forced: false,
        }
    }

    /// Somebody declines what alerts at them.
    fn alerting(&mut self) -> Option<Command> {
        for _ in 0..20 {
            let agent = agent(self.numbers.below(self.agents));
            let offer = self
                .router
                .work_of(&agent)
                .find_map(|(_, work)| match &work.state {
                    InteractionState::Offered { offer, .. } => Some(*offer),
                    _ => None,
                });
            if let Some(offer) = offer {
                return Some(Command::Decline { offer, agent });
            }
        }
        None
    }
}
