//! What a decision costs with 100 and with 10,000 interactions waiting, and how much of it is due
//! to the number that wait.
//!
//! Prints a table; `cargo bench -p linecard-router`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use linecard_model::routing::{
    AgentSettings, EndReason, InteractionState, MediaType, Presence, QueueSettings, RequiredSkill,
    RoutingEvent, RoutingSettings, SkillLevel,
};
use linecard_model::{AgentId, InteractionId, QueueId, SkillId, Timestamp};
use linecard_router::{Command, Router};

const AGENTS: usize = 100;
const SKILLS: usize = 8;
const ROUNDS: u32 = 5_000;

fn main() {
    println!(
        "{:<34}{:>12}{:>12}{:>8}",
        "decision", "100", "10,000", "ratio"
    );
    for (name, measure) in [
        ("enqueue, nobody ready", enqueue as fn(usize) -> Duration),
        ("end, and the next is offered", end_and_offer),
        ("decline, and another is offered", decline),
        ("tick, nothing due", tick),
    ] {
        let (few, many) = (measure(100), measure(10_000));
        println!(
            "{name:<34}{:>12}{:>12}{:>8.2}",
            format!("{few:.1?}"),
            format!("{many:.1?}"),
            many.as_secs_f64() / few.as_secs_f64()
        );
    }
}

struct Bench {
    router: Router,
    now: Timestamp,
    arrivals: u64,
}

impl Bench {
    /// A queue with 100 agents, each with half of the skills, and so many interactions waiting.
    fn new(ready: bool, waiting: usize) -> Self {
        let queue = queue();
        let mut settings = RoutingSettings::default();
        let mut care = QueueSettings::new(queue);
        for number in 0..AGENTS {
            let mut agent = AgentSettings::new(agent(number));
            agent.skills = (0..SKILLS)
                .filter(|skill| (number + skill) % 2 == 0)
                .map(|number| SkillLevel {
                    skill: skill(number),
                    proficiency: 80,
                })
                .collect();
            care.members.insert(agent.id.clone());
            settings.agents.push(agent);
        }
        settings.queues.push(care);
        let mut bench = Self {
            router: Router::new(settings),
            now: "2026-03-02T09:00:00Z".parse().expect("a literal time"),
            arrivals: 0,
        };
        if ready {
            for number in 0..AGENTS {
                bench.apply(Command::SetPresence {
                    agent: agent(number),
                    presence: Presence::Ready,
                });
            }
        }
        while bench.waiting() < waiting {
            let arrival = bench.next_arrival();
            let events = bench.apply(arrival);
            bench.accept_all(&events);
        }
        bench
    }

    fn waiting(&self) -> usize {
        self.router
            .queue_stats(self.now, &queue())
            .iter()
            .map(|stats| stats.waiting)
            .sum()
    }

    fn apply(&mut self, command: Command) -> Vec<RoutingEvent> {
        self.router
            .apply(self.now, command)
            .expect("the bench only asks for what is possible")
    }

    fn next_arrival(&mut self) -> Command {
        self.arrivals += 1;
        let number = self.arrivals;
        let kind = usize::try_from(number).unwrap_or_default() % SKILLS;
        Command::Enqueue {
            interaction: InteractionId::derived(number, number),
            queue: queue(),
            media_type: MediaType::SocialDirectMessage,
            skills: vec![RequiredSkill {
                skill: skill(kind),
                min_proficiency: Some(50),
            }],
            priority: None,
        }
    }

    /// The end of something that is connected to one of the agents, who take turns.
    fn end_of_one(&self, turn: usize) -> Command {
        let agent = agent(turn % AGENTS);
        let interaction = self
            .router
            .work_of(&agent)
            .find(|(_, work)| matches!(work.state, InteractionState::Connected { .. }))
            .map(|(id, _)| id)
            .expect("with work waiting everybody is at capacity");
        Command::End {
            interaction,
            agent,
            disposition: None,
        }
    }

    fn accept_all(&mut self, events: &[RoutingEvent]) {
        for event in events {
            if let RoutingEvent::Offered { offer, agent, .. } = event {
                self.apply(Command::Accept {
                    offer: *offer,
                    agent: agent.clone(),
                });
            }
        }
    }
}

fn queue() -> QueueId {
    QueueId::new("care").expect("a literal name")
}

fn agent(number: usize) -> AgentId {
    AgentId::new(format!("agent-{number:03}")).expect("a name made of letters and digits")
}

fn skill(number: usize) -> SkillId {
    SkillId::new(format!("skill-{number}")).expect("a name made of letters and digits")
}

/// The mean time of a command that `prepare` makes, over many of them. What `prepare` and `tidy`
/// do is not measured.
fn mean(
    bench: &mut Bench,
    mut prepare: impl FnMut(&mut Bench) -> Command,
    mut tidy: impl FnMut(&mut Bench, &[RoutingEvent]),
) -> Duration {
    let mut total = Duration::ZERO;
    for _ in 0..ROUNDS {
        let command = prepare(bench);
        let start = Instant::now();
        let events = black_box(bench.apply(command));
        total += start.elapsed();
        tidy(bench, &events);
    }
    total / ROUNDS
}

fn enqueue(waiting: usize) -> Duration {
    let mut bench = Bench::new(false, waiting);
    mean(&mut bench, Bench::next_arrival, |bench, events| {
        // Out again, so that as many wait as before.
        if let Some(interaction) = events.first().and_then(RoutingEvent::interaction) {
            bench.apply(Command::Rescind {
                interaction,
                reason: EndReason::Cancelled,
            });
        }
    })
}

fn end_and_offer(waiting: usize) -> Duration {
    let mut bench = Bench::new(true, waiting);
    let mut turn = 0;
    mean(
        &mut bench,
        |bench| {
            turn += 1;
            bench.end_of_one(turn)
        },
        |bench, events| {
            bench.accept_all(events);
            let arrival = bench.next_arrival();
            bench.apply(arrival);
        },
    )
}

fn decline(waiting: usize) -> Duration {
    let mut bench = Bench::new(true, waiting);
    let mut turn = 0;
    mean(
        &mut bench,
        |bench| {
            turn += 1;
            let end = bench.end_of_one(turn);
            let events = bench.apply(end);
            let arrival = bench.next_arrival();
            bench.apply(arrival);
            events
                .iter()
                .find_map(|event| match event {
                    RoutingEvent::Offered { offer, agent, .. } => Some(Command::Decline {
                        offer: *offer,
                        agent: agent.clone(),
                    }),
                    _ => None,
                })
                .expect("with work waiting the next is offered at once")
        },
        |bench, events| {
            bench.accept_all(events);
            bench.now += Duration::from_secs(1);
        },
    )
}

fn tick(waiting: usize) -> Duration {
    let mut bench = Bench::new(true, waiting);
    mean(&mut bench, |_| Command::Tick, |_, _| {})
}
