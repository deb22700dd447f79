//! `linecard demo`: the whole hub at work with simulated networks, customers and agents, which checks
//! itself in the end.

mod check;
mod client;
mod robot;
mod stage;

use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;
use linecard_model::routing::InteractionState;
use linecard_simulator::Customers;
use linecard_simulator::people::{People, PeopleOptions, Report};
use tokio::net::TcpListener;
use tokio::sync::watch;

use self::check::Findings;
use self::client::Client;
use self::robot::Robot;
use self::stage::Networks;
use super::options::ConfigOptions;
use super::{log, say, serve};
use crate::hub::Hub;

/// How many robots work.
const ROBOTS: usize = 6;
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
    /// How many customers come in a second, over both networks
    #[arg(long, default_value_t = 4.0, value_name = "CUSTOMERS")]
    rate: f64,
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
        let listener = TcpListener::bind(config.listen).await?;
        let base = format!("http://{}", listener.local_addr()?);
        let hub = serve::start(&config).await?;
        let (close, closed) = watch::channel(false);
        let router = crate::http::router(Arc::clone(&hub), config.http.options());
        let server = tokio::spawn(crate::http::serve(listener, router, None, ended(closed)));

        let shown = self.show(&hub, &base).await;

        close.send_replace(true);
        hub.site.stop().await;
        let served = server.await?;
        hub.store.close().await?;
        served?;
        shown
    }

    async fn show(&self, hub: &Arc<Hub>, base: &str) -> anyhow::Result<()> {
        let networks = Networks::start().await?;
        let passwords = stage::people()?;
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
        say(&format!(
            "The hub is at {base}\n  the API, to browse and try: {base}/api/\n  sign in as an agent who gets a share of the work:\n    curl -s {base}/api/v1/session -H 'content-type: application/json' -d '{{\"name\":\"{YOU}\",\"password\":\"{you}\"}}'\n"
        ));
        let crowd = |seed| PeopleOptions {
            seed,
            people: None,
            arrivals_per_second: self.rate / 2.0,
            answers_back: 0..=2,
            thinking_ms: 200..=900,
            ..PeopleOptions::default()
        };
        let on_page = People::start(Arc::clone(&networks.graph), crowd(1));
        let on_web = People::start(Arc::clone(&networks.open_messaging), crowd(2));

        let open = self.time.map(|time| {
            time.saturating_sub(LAST_CONVERSATIONS)
                .max(time.mul_f64(0.5))
        });
        self.watch(hub, &on_page, &on_web, open, &mut robots)
            .await?;
        on_page.close_doors();
        on_web.close_doors();
        let (mut on_page, mut on_web) = tokio::join!(on_page.finish(), on_web.finish());
        wait_until_quiet(hub).await?;
        end.send_replace(true);
        while let Some(robot) = robots.join_next().await {
            robot?.context("a robot could not work")?;
        }

        // Answers to a last word of thanks come after the customer has stopped looking.
        look_again(&mut on_page, networks.graph.customers());
        look_again(&mut on_web, networks.open_messaging.customers());
        let client = Client::sign_in(&http, base, YOU, &you).await?;
        let mut findings = Findings::default();
        findings.compare(&client, stage::PAGE, &on_page).await?;
        findings.compare(&client, stage::WEB, &on_web).await?;
        networks.graph.shutdown().await;
        networks.open_messaging.shutdown().await;
        summarize(&findings)
    }

    /// Shows what flows, until the time is over or somebody interrupts.
    async fn watch(
        &self,
        hub: &Hub,
        on_page: &People,
        on_web: &People,
        time: Option<Duration>,
        robots: &mut tokio::task::JoinSet<anyhow::Result<()>>,
    ) -> anyhow::Result<()> {
        let start = Instant::now();
        let on_terminal = std::io::stdout().is_terminal();
        let mut second = tokio::time::interval(Duration::from_secs(1));
        let interrupted = tokio::signal::ctrl_c();
        tokio::pin!(interrupted);
        loop {
            tokio::select! {
                _ = second.tick() => {}
                _ = &mut interrupted => return Ok(()),
                Some(robot) = robots.join_next() => {
                    robot?.context("a robot could not work")?;
                }
            }
            let elapsed = start.elapsed();
            if time.is_some_and(|time| elapsed >= time) {
                return Ok(());
            }
            let (page, web) = (on_page.report(), on_web.report());
            let line = format!(
                "{:>4} s  customers {:>5}  messages in {:>6}  answers out {:>6}  {}",
                elapsed.as_secs(),
                page.people.len() + web.people.len(),
                page.messages.len() + web.messages.len(),
                page.answers() + web.answers(),
                present(hub).await?,
            );
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

/// Waits until nothing is open but what is with the person at the screen.
async fn wait_until_quiet(hub: &Hub) -> anyhow::Result<()> {
    let start = Instant::now();
    while start.elapsed() < ENDING {
        let open = hub
            .site
            .query(|state| {
                state
                    .open()
                    .filter(|i| i.state.agent().is_none_or(|a| a.as_str() != YOU))
                    .count()
            })
            .await?;
        if open == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // The receipts of the last answers.
    tokio::time::sleep(Duration::from_millis(500)).await;
    Ok(())
}

fn look_again(report: &mut Report, customers: &Customers) {
    for person in &mut report.people {
        if let Some(customer) = customers.get(&person.id) {
            person.duplicates = customer.duplicates();
            person.answers = customer.delivered().cloned().collect();
        }
    }
}

async fn ended(mut closed: watch::Receiver<bool>) {
    // Without a sender the demo is over, too.
    let _ = closed.wait_for(|closed| *closed).await;
}

fn summarize(findings: &Findings) -> anyhow::Result<()> {
    let Findings {
        customers,
        messages,
        interactions,
        answers,
        with_you,
        faults,
    } = findings;
    say(&format!(
        "\n{customers} customers wrote {messages} messages, which became {interactions} interactions and got {answers} answers."
    ));
    if *with_you > 0 {
        say(&format!("{with_you} interactions are still with you."));
    }
    if *messages == 0 || *answers == 0 {
        bail!("nothing flowed");
    }
    if faults.is_empty() {
        say(
            "Every message was received once, offered, accepted and answered; every answer arrived once.",
        );
        return Ok(());
    }
    for fault in faults {
        say(&format!("  {fault}"));
    }
    bail!("{} things are not as they should be", faults.len())
}
