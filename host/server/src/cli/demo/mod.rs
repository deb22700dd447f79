//! `linecard demo`: the whole hub at work with simulated networks, customers and agents, which checks
//! itself in the end.

mod automatic;
mod check;
mod client;
mod networks;
mod robot;
mod stage;

use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use linecard_hub::Hub;
use linecard_model::routing::InteractionState;
use linecard_simulator::people::{People, PeopleOptions, Report};
use tokio::sync::watch;

use self::check::Findings;
use self::client::Client;
use self::networks::{Networks, Place, TELEGRAM};
use self::robot::Robot;
use super::hosted::Hosted;
use super::options::ConfigOptions;
use super::setup::Surroundings;
use super::signals::told_to_end;
use super::{log, say};

/// How many robots work at least: one for each customer who comes in a second.
const ROBOTS: usize = 6;
/// How many robots work at most.
const MOST_ROBOTS: usize = 100;
/// How long a customer waits for an answer while the networks fail.
const PATIENCE_IN_TROUBLE: Duration = Duration::from_secs(12);
/// The person at the screen.
const YOU: &str = "you";
/// How long the last conversations may take.
const LAST_CONVERSATIONS: Duration = Duration::from_secs(12);
/// How long ending may take after that.
const ENDING: Duration = Duration::from_secs(20);

/// Show the hub at work, with simulated networks, customers and agents.
#[derive(Debug, Args)]
pub(super) struct Demo {
    /// End after this time, such as 30s or 5m, with a summary that checks itself; without it the
    /// demo runs until it is interrupted
    #[arg(long = "for", value_name = "TIME", value_parser = duration)]
    time: Option<Duration>,
    /// How many customers come in a second, over all networks
    #[arg(long, default_value_t = 4.0, value_name = "CUSTOMERS")]
    rate: f64,
    /// End when so many customers have come to each network and were served
    #[arg(long, value_name = "CUSTOMERS", conflicts_with = "time")]
    customers: Option<usize>,
    /// Only these networks, by the names of their channels, such as page,posts
    #[arg(long, value_name = "CHANNELS", value_delimiter = ',')]
    networks: Vec<String>,
    /// How likely each of the hub's calls is to fail at its network, from 0 to 0.9: lost answers,
    /// time-outs before and after the effect, error pages
    #[arg(long, default_value_t = 0.0, value_name = "PROBABILITY", value_parser = probability)]
    trouble: f64,
}

fn probability(text: &str) -> Result<f64, String> {
    text.parse()
        .ok()
        .filter(|value| (0.0..=0.9).contains(value))
        .ok_or_else(|| format!("\"{text}\" is not a number from 0 to 0.9"))
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("\"{text}\" is not a time; write it as 30s, 5m or 1h");
    let (number, unit) = text.split_at(
        text.find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len()),
    );
    let number: u64 = number.parse().map_err(|_| wrong())?;
    let seconds = match unit {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        _ => return Err(wrong()),
    };
    Ok(Duration::from_secs(number.saturating_mul(seconds)))
}

/// The people on one network.
struct Crowd<'n> {
    place: &'n Place,
    people: People,
}

impl Demo {
    pub(super) async fn run(self, options: &ConfigOptions) -> anyhow::Result<()> {
        // A demo leaves nothing behind, unless it is told where to.
        let folder = tempfile::tempdir()?;
        let mut config = options.load()?;
        if options.data.is_none() {
            config.data = folder.path().join("data");
        }
        if options.listen.is_none() {
            config.listen.set_port(0);
        }
        if options.log.is_none() {
            "warn".clone_into(&mut config.log.level);
        }
        log::start(&config.log)?;
        let hosted = Hosted::start(&config, Surroundings::real(&config)?).await?;
        let shown = self.show(&hosted.hub, &hosted.base).await;
        hosted.end().await?;
        shown
    }

    async fn show(&self, hub: &Arc<Hub>, base: &str) -> anyhow::Result<()> {
        let networks = Networks::start(&self.networks).await?;
        let passwords = stage::people(self.robots())?;
        stage::set_up(hub, &networks, &passwords).await?;
        networks.connect(base).await?;
        let http = reqwest::Client::builder().no_proxy().build()?;
        let (end, ended) = watch::channel(false);
        let mut robots = tokio::task::JoinSet::new();
        let mut you = String::new();
        for (number, (name, password)) in passwords.iter().enumerate() {
            if name == YOU {
                you.clone_from(password);
                continue;
            }
            let robot = Robot {
                client: Client::sign_in(&http, base, name, password).await?,
                number,
                end: ended.clone(),
                answered: HashMap::new(),
            };
            robots.spawn(robot.run());
        }
        let shown = networks.shown().into_iter();
        let shown = shown.map(|(name, at)| format!("  {name}: {at}\n"));
        let shown: String = shown.collect();
        say(&format!(
            "The desk, for a browser: {base}/desk/\n  sign in as {YOU} with the password {you}, and get a share of the work\nWhat customers see, and a way to write as one of them:\n{shown}The hub is at {base}\n  the API, to browse and try: {base}/api/\n  sign in there as the same person:\n    curl -s {base}/api/v1/session -H 'content-type: application/json' -d '{{\"name\":\"{YOU}\",\"password\":\"{you}\"}}'\n"
        ));
        let client = Client::sign_in(&http, base, YOU, &you).await?;
        if networks.has(TELEGRAM) {
            // The hub itself tells the network where it is.
            let path = format!("/channels/{TELEGRAM}/set-up");
            client.post(&path, &serde_json::json!({})).await?;
        }
        automatic::declare(&client, &networks).await?;
        networks.trouble(self.trouble);
        let crowds = self.crowds(&networks);
        let watched = self.watch(hub, &crowds, &mut robots, async || {
            automatic::end(&client, &networks).await
        });
        watched.await?;
        automatic::end(&client, &networks).await?;
        let mut reports = Vec::with_capacity(crowds.len());
        for crowd in &crowds {
            crowd.people.close_doors();
        }
        for crowd in crowds {
            reports.push((crowd.place, crowd.people.finish().await));
        }
        networks.calm();
        wait_until_quiet(hub, self.ending()).await?;
        end.send_replace(true);
        while let Some(robot) = robots.join_next().await {
            robot?.context("a robot could not work")?;
        }

        let mut findings = Findings {
            in_trouble: self.trouble > 0.0,
            ..Findings::default()
        };
        for (place, mut report) in reports {
            // Answers to a last word of thanks come after the customer has stopped looking.
            look_again(&mut report, place);
            place.name(&mut report);
            findings
                .compare(&client, &networks, place.channel, &report)
                .await?;
        }
        findings.faults.extend(findings.automatic.missing());
        networks.shutdown().await;
        summarize(&findings)
    }

    /// How long ending may take: answers that failed are tried again with growing pauses.
    fn ending(&self) -> Duration {
        if self.trouble > 0.0 {
            ENDING * 6
        } else {
            ENDING
        }
    }

    /// How many robots it takes for so many customers.
    fn robots(&self) -> usize {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rate that is no number of robots becomes the nearest that is"
        )]
        let wanted = self.rate.ceil() as usize;
        wanted.clamp(ROBOTS, MOST_ROBOTS)
    }

    /// Lets people come to every network.
    fn crowds<'n>(&self, networks: &'n Networks) -> Vec<Crowd<'n>> {
        let share = u32::try_from(networks.places.len())
            .map_or(1.0, f64::from)
            .max(1.0);
        let crowds = networks.places.iter().zip(1..).map(|(place, seed)| Crowd {
            place,
            people: place.open(PeopleOptions {
                seed,
                people: self.customers,
                arrivals_per_second: self.rate / share,
                answers_back: 0..=2,
                thinking_ms: 200..=900,
                patience: if self.trouble > 0.0 {
                    PATIENCE_IN_TROUBLE
                } else {
                    PeopleOptions::default().patience
                },
                ..PeopleOptions::default()
            }),
        });
        crowds.collect()
    }

    /// Shows what flows, until the time is over or somebody interrupts.
    async fn watch(
        &self,
        hub: &Hub,
        crowds: &[Crowd<'_>],
        robots: &mut tokio::task::JoinSet<anyhow::Result<()>>,
        mut end_emergency: impl AsyncFnMut() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        let mut is_emergency = true;
        let time = self.time.map(|time| {
            time.saturating_sub(LAST_CONVERSATIONS)
                .max(time.mul_f64(0.5))
        });
        let start = Instant::now();
        let on_terminal = std::io::stdout().is_terminal();
        let mut second = tokio::time::interval(Duration::from_secs(1));
        let told = told_to_end().context("signals cannot be listened for")?;
        tokio::pin!(told);
        loop {
            tokio::select! {
                _ = second.tick() => {}
                () = &mut told => return Ok(()),
                Some(robot) = robots.join_next() => {
                    robot?.context("a robot could not work")?;
                }
            }
            let elapsed = start.elapsed();
            if time.is_some_and(|time| elapsed >= time) {
                return Ok(());
            }
            let reports: Vec<Report> = crowds.iter().map(|c| c.people.report()).collect();
            let mut so_far = crowds.iter().zip(&reports);
            if is_emergency
                && so_far.any(|(crowd, report)| automatic::is_enough(crowd.place.channel, report))
            {
                end_emergency().await?;
                is_emergency = false;
            }
            let sum = |count: fn(&Report) -> usize| reports.iter().map(count).sum::<usize>();
            let come = sum(|report| report.people.len());
            let line = format!(
                "{:>4} s  customers {:>5}  messages in {:>6}  answers out {:>6}  {}",
                elapsed.as_secs(),
                come,
                sum(|report| report.messages.len()),
                sum(Report::answers),
                present(hub).await?,
            );
            let awaited = self.customers.map(|each| each * crowds.len());
            if awaited.is_some_and(|awaited| come >= awaited) {
                return Ok(());
            }
            if on_terminal {
                use std::io::Write as _;
                print!("\r{line}\x1b[K");
                // A terminal that is gone shows nothing more.
                let _ = std::io::stdout().flush();
            } else if elapsed.as_secs().is_multiple_of(5) {
                say(&line);
            }
        }
    }
}

/// What the open interactions are doing, in a few words.
async fn present(hub: &Hub) -> anyhow::Result<String> {
    let counts = hub
        .site
        .query(|state| {
            state.open().fold([0_usize; 4], |mut counts, interaction| {
                let place = match interaction.state {
                    InteractionState::Queued => 0,
                    InteractionState::Offered { .. } => 1,
                    InteractionState::Connected { .. } => 2,
                    _ => 3,
                };
                counts[place] += 1;
                counts
            })
        })
        .await?;
    let [queued, offered, connected, wrap_up] = counts;
    Ok(format!(
        "queued {queued}  offered {offered}  connected {connected}  wrap-up {wrap_up}"
    ))
}

/// Waits until nothing is open but what is with the person at the screen, and nothing waits to be
/// sent.
async fn wait_until_quiet(hub: &Hub, most: Duration) -> anyhow::Result<()> {
    let start = Instant::now();
    while start.elapsed() < most {
        let open = hub
            .site
            .query(|state| {
                state
                    .open()
                    .filter(|i| i.state.agent().is_none_or(|a| a.as_str() != YOU))
                    .count()
            })
            .await?;
        let mut waiting = 0;
        for channel in hub.channels.all() {
            let entries = hub.store.outbox(hub.site.id(), &channel.id, 0, 1).await?;
            waiting += entries.len();
        }
        if open == 0 && waiting == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // The receipts of the last answers.
    tokio::time::sleep(Duration::from_millis(500)).await;
    Ok(())
}

fn look_again(report: &mut Report, place: &Place) {
    for person in &mut report.people {
        if let Some(customer) = place.customer(&person.id) {
            person.duplicates = customer.duplicates();
            person.answers = customer.delivered().cloned().collect();
        }
    }
}

fn summarize(findings: &Findings) -> anyhow::Result<()> {
    let Findings {
        customers,
        messages,
        interactions,
        answers,
        with_you,
        uncertain,
        failed,
        automatic,
        in_trouble,
        faults,
    } = findings;
    say(&format!(
        "\n{customers} customers wrote {messages} messages, which became {interactions} interactions and got {answers} answers."
    ));
    say(&automatic.summary());
    if *with_you > 0 {
        say(&format!("{with_you} interactions are still with you."));
    }
    if *messages == 0 || *answers == 0 {
        bail!("nothing flowed");
    }
    if *in_trouble {
        say(&format!(
            "The networks were made to fail: {uncertain} answers are shown as uncertain, {failed} as failed with a reason."
        ));
    }
    if faults.is_empty() {
        say(if *in_trouble {
            "Every message was received once, offered, accepted and answered; every other answer arrived once."
        } else {
            "Every message was received once, offered, accepted and answered; every answer arrived once."
        });
        return Ok(());
    }
    for fault in faults {
        say(&format!("  {fault}"));
    }
    bail!("{} things are not as they should be", faults.len())
}
