//! What a decision costs with 100 and with 10,000 interactions waiting, and how much of it is due
//! to the number that wait; then, what it costs when 10,000 wait that none of the many agents who are
//! there can take, against none waiting at all.
//!
//! Prints two tables; `cargo bench -p linecard-router`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use linecard_model::routing::{
    AgentSettings, EndReason, InteractionState, LegRole, MediaType, OfferOutcome, Plan, Presence,
    QueueSettings, RequiredSkill, RoutingEvent, RoutingSettings, SkillLevel,
};
use linecard_model::{AgentId, InteractionId, OfferId, QueueId, SkillId, Timestamp};
use linecard_router::{Command, Router};

const AGENTS: usize = 100;
const SKILLS: usize = 8;
const ROUNDS: u32 = 5_000;
const ROUNDS_BESIDE: u32 = 200;

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
    println!(
        "\n{:<34}{:>12}{:>12}{:>8}",
        "beside what nobody can take", "none", "10,000", "ratio"
    );
    for (name, measure) in [
        (
            "arrival, all lack the skills",
            arrival_beside as fn(Stuck, usize) -> Duration,
            Stuck::OfFewKinds,
        ),
        (
            "agent ready, all lack the skills",
            ready_beside,
            Stuck::OfFewKinds,
        ),
        (
            "arrival, each of its own kind",
            arrival_beside,
            Stuck::EachOfItsOwnKind,
        ),
        (
            "agent ready, each of its own kind",
            ready_beside,
            Stuck::EachOfItsOwnKind,
        ),
        (
            "arrival, all declined by all",
            arrival_beside,
            Stuck::Declined,
        ),
        ("end, all declined by all", end_beside, Stuck::Declined),
        ("census", census_beside, Stuck::OfFewKinds),
    ]
    .map(|(name, measure, stuck)| (name, move |count| measure(stuck, count)))
    {
        let (none, many) = (measure(0), measure(10_000));
        println!(
            "{name:<34}{:>12}{:>12}{:>8.2}",
            format!("{none:.1?}"),
            format!("{many:.1?}"),
            many.as_secs_f64() / none.as_secs_f64()
        );
    }
}

/// Why nobody can take what waits.
#[derive(Clone, Copy)]
enum Stuck {
    /// It needs one of eight skills that nobody has.
    OfFewKinds,
    /// It needs a skill that nobody has, and nothing else needs that.
    EachOfItsOwnKind,
    /// Everybody has declined it.
    Declined,
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
                    forced: false,
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

    /// A queue with many agents who are ready, each with all of the skills and room for one, and so
    /// many interactions waiting that they cannot take.
    fn stuck(stuck: Stuck, count: usize) -> Self {
        // To have everything declined by hundreds of agents takes longer than anybody waits.
        let agents = match stuck {
            Stuck::Declined => 20,
            Stuck::OfFewKinds | Stuck::EachOfItsOwnKind => 200,
        };
        let mut settings = RoutingSettings::default();
        let mut care = QueueSettings::new(queue());
        for number in 0..agents {
            let mut agent = AgentSettings::new(agent(number));
            agent.slots.insert(MediaType::SocialDirectMessage, 1);
            agent.skills = (0..SKILLS)
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
        for number in 0..agents {
            bench.apply(Command::SetPresence {
                agent: agent(number),
                presence: Presence::Ready,
                forced: false,
            });
        }
        for number in 0..count {
            let arrival = bench.stuck_arrival(stuck);
            let Command::Enqueue { interaction, .. } = arrival else {
                continue;
            };
            if matches!(stuck, Stuck::Declined) {
                bench.decline_by_all(arrival, interaction, agents, number);
            } else {
                bench.apply(arrival);
            }
        }
        // What was replayed is looked at once.
        bench.apply(Command::Tick);
        bench
    }

    /// Has what arrives declined by everybody, as a record says it that is replayed.
    fn decline_by_all(
        &mut self,
        arrival: Command,
        interaction: InteractionId,
        agents: usize,
        number: usize,
    ) {
        let Command::Enqueue {
            queue,
            media_type,
            skills,
            ..
        } = arrival
        else {
            return;
        };
        let now = self.now;
        self.router.evolve(
            now,
            &RoutingEvent::Enqueued {
                interaction,
                queue: queue.clone(),
                media_type,
                skills,
                priority: 0,
                plan: Plan::default(),
            },
        );
        let much_later = now + Duration::from_secs(100_000);
        for turn in 0..agents {
            let offer = OfferId::derived(1, (number * agents + turn) as u64);
            self.router.evolve(
                now,
                &RoutingEvent::Offered {
                    interaction,
                    queue: queue.clone(),
                    agent: agent(turn),
                    offer,
                    deadline: much_later,
                    auto_answer: false,
                    role: LegRole::Owner,
                    choice: None,
                },
            );
            self.router.evolve(
                now,
                &RoutingEvent::OfferEnded {
                    interaction,
                    queue: queue.clone(),
                    agent: agent(turn),
                    offer,
                    outcome: OfferOutcome::Declined,
                    excluded_until: Some(much_later),
                    role: LegRole::Owner,
                },
            );
        }
    }

    fn stuck_arrival(&mut self, stuck: Stuck) -> Command {
        let mut arrival = self.next_arrival();
        let number = usize::try_from(self.arrivals).unwrap_or_default();
        if let Command::Enqueue { skills, .. } = &mut arrival {
            let kind = match stuck {
                Stuck::OfFewKinds => SKILLS + number % 8,
                Stuck::EachOfItsOwnKind => SKILLS + number,
                Stuck::Declined => 0,
            };
            skills[0].skill = skill(kind);
        }
        arrival
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
            first: None,
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
            wrap_up: false,
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
    rounds: u32,
    mut prepare: impl FnMut(&mut Bench) -> Command,
    mut tidy: impl FnMut(&mut Bench, &[RoutingEvent]),
) -> Duration {
    let mut total = Duration::ZERO;
    for _ in 0..rounds {
        let command = prepare(bench);
        let start = Instant::now();
        let events = black_box(bench.apply(command));
        total += start.elapsed();
        tidy(bench, &events);
    }
    total / rounds
}

fn enqueue(waiting: usize) -> Duration {
    let mut bench = Bench::new(false, waiting);
    mean(&mut bench, ROUNDS, Bench::next_arrival, |bench, events| {
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
        ROUNDS,
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
        ROUNDS,
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
    mean(&mut bench, ROUNDS, |_| Command::Tick, |_, _| {})
}

fn arrival_beside(stuck: Stuck, count: usize) -> Duration {
    let mut bench = Bench::stuck(stuck, count);
    let arrival = |bench: &mut Bench| bench.stuck_arrival(stuck);
    mean(&mut bench, ROUNDS_BESIDE, arrival, |bench, events| {
        // Out again, whether it waits or alerts.
        if let Some(interaction) = events.first().and_then(RoutingEvent::interaction) {
            bench.apply(Command::Rescind {
                interaction,
                reason: EndReason::Cancelled,
            });
        }
    })
}

fn ready_beside(stuck: Stuck, count: usize) -> Duration {
    let mut bench = Bench::stuck(stuck, count);
    let presence = |presence| Command::SetPresence {
        agent: agent(7),
        presence,
        forced: false,
    };
    let prepare = |bench: &mut Bench| {
        bench.apply(presence(Presence::Offline));
        presence(Presence::Ready)
    };
    mean(&mut bench, ROUNDS_BESIDE, prepare, |_, _| {})
}

/// Whoever takes what arrives ends it; there is nothing for them then but what they declined.
fn end_beside(stuck: Stuck, count: usize) -> Duration {
    let mut bench = Bench::stuck(stuck, count);
    let prepare = |bench: &mut Bench| {
        let arrival = bench.stuck_arrival(stuck);
        let events = bench.apply(arrival);
        bench.accept_all(&events);
        let taken = events.iter().find_map(|event| match event {
            RoutingEvent::Offered {
                interaction, agent, ..
            } => Some((*interaction, agent.clone())),
            _ => None,
        });
        let (interaction, agent) = taken.expect("nobody has declined the new one");
        Command::End {
            interaction,
            agent,
            disposition: None,
            wrap_up: false,
        }
    };
    mean(&mut bench, ROUNDS_BESIDE, prepare, |_, _| {})
}

/// Not a decision, but asked in between them.
fn census_beside(stuck: Stuck, count: usize) -> Duration {
    let bench = Bench::stuck(stuck, count);
    let start = Instant::now();
    for _ in 0..ROUNDS_BESIDE {
        black_box(black_box(&bench).router.census());
    }
    start.elapsed() / ROUNDS_BESIDE
}
