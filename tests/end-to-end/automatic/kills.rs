//! Rules, hours and their timers while the network fails and the hub is killed again and again: everything
//! automatic happens once, or it is written down why not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use jiff::Timestamp;
use linecard_simulator::customers::Profile;
use linecard_simulator::delivery::RetryPolicy;
use linecard_simulator::faults::{Fault, FaultPlan};
use linecard_simulator::graph::{GraphOptions, Incoming, WebhookDelivery};
use linecard_simulator::open_messaging::OpenMessagingOptions;
use linecard_tests::{Client, Networks, SiteOptions, eventually};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::{BINARY, by_rule};

/// How many customers write at a time; each is followed by another one.
const WRITERS: usize = 6;
/// How many messages a customer writes.
const MESSAGES: usize = 8;
/// For how long the channel tries again, in seconds.
const RETRY_FOR: i64 = 5;
/// A customer whom nothing reaches.
const UNREACHABLE: &str = "8888";
/// What the rules that come after a time ask for, in seconds.
const AFTER: [u64; 2] = [1, 2];
const SETTLED: Duration = Duration::from_secs(60);

const RULES: &str = r#"
[automatic]
per_contact_hour = 60

[[rules]]
name = "greeting"
when = "interaction.new"
then = { reply = { text = "We have your message." } }
[[rules]]
name = "patience"
on = "waited"
after_seconds = 1
then = { reply = { text = "Somebody will be with you soon." } }
[[rules]]
name = "enough"
on = "waited"
after_seconds = 2
then = { reply = { text = "Please call us." }, end = { disposition = "Processed" } }

[hours.shop]
zone = "UTC"
everywhere = true
weekly = [{ days = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"], from = "00:00", to = "24:00" }]
emergency = { messages = [{ text = "We are in trouble." }] }
"#;

/// How often the hub is killed: `LINECARD_KILLS`, else 8.
fn kills() -> usize {
    let asked = std::env::var("LINECARD_KILLS").ok();
    asked.and_then(|text| text.parse().ok()).unwrap_or(8)
}

/// What was acknowledged while the hub was being killed.
#[derive(Default)]
struct Ledger {
    /// The network's ids of customers' messages, by customer.
    said: BTreeMap<String, BTreeSet<String>>,
    /// When emergencies began, as the hub says.
    emergencies: Vec<Timestamp>,
}

type Shared = Arc<Mutex<Ledger>>;

#[tokio::test(flavor = "multi_thread")]
async fn what_is_automatic_happens_once_whatever_is_killed_and_whatever_fails() -> Result<()> {
    let graph = GraphOptions {
        delivery: WebhookDelivery {
            retry: RetryPolicy::fast(),
            duplicates: 0.1,
            ..WebhookDelivery::default()
        },
        ..GraphOptions::default()
    };
    let networks = Networks::with(graph, OpenMessagingOptions::default()).await?;
    let options = SiteOptions {
        more: RULES.to_owned(),
        ..SiteOptions::default()
    };
    let mut hub = networks.hub(BINARY, &options).await?;
    let channel =
        format!("[channels.page]\nretry_for_seconds = {RETRY_FOR}\nretry_pause_seconds = 0.2\n");
    hub.apply(
        &networks
            .site(&options)
            .replace("[channels.page]\n", &channel),
    )?;
    let networks = Arc::new(networks);
    let faults = networks.graph.faults();
    faults.set_hold(Duration::from_millis(200));
    faults.plan(FaultPlan::probability(1.0, Fault::html_502()).for_customer(UNREACHABLE));
    for fault in [
        Fault::html_502(),
        Fault::CloseMidAnswer,
        Fault::TimeoutBeforeEffect,
        Fault::TimeoutAfterEffect,
    ] {
        faults.plan(FaultPlan::probability(0.05, fault).on("send"));
    }

    let ledger = Shared::default();
    let (end, ended) = watch::channel(false);
    let mut load = JoinSet::new();
    for writer in 0..WRITERS {
        load.spawn(write(
            Arc::clone(&networks),
            writer,
            Arc::clone(&ledger),
            ended.clone(),
        ));
    }
    load.spawn(declare(hub.administrator()?, Arc::clone(&ledger), ended));
    let kills = kills();
    for kill in 1..=kills {
        tokio::time::sleep(Duration::from_millis(fastrand::u64(50..1_200))).await;
        hub.kill()?;
        // Timers are due while nobody is there.
        tokio::time::sleep(Duration::from_millis(fastrand::u64(0..400))).await;
        hub.launch()
            .await
            .with_context(|| format!("the start after kill {kill}"))?;
    }
    end.send_replace(true);
    while let Some(part) = load.join_next().await {
        part??;
    }

    let administrator = hub.administrator()?;
    let ledger = std::mem::take(&mut *ledger.lock().expect("no holder panics"));
    let histories = settle(&administrator, &ledger).await?;
    let journal = Journal::read(&administrator).await?;
    let mut counted = Counted::default();
    for (customer, history) in &histories {
        let said = &ledger.said[customer];
        received_once(customer, said, history)?;
        counted.arrivals(&networks, customer, history)?;
        closed_once(&ledger.emergencies, customer, history)?;
    }
    journal.accounts_for(histories.values())?;
    println!(
        "{kills} kills, {} emergencies, {} customers, {} interactions, {counted:?}, {} timers fired",
        ledger.emergencies.len(),
        histories.len(),
        journal.ended.len(),
        journal.fired.values().sum::<usize>(),
    );
    ensure!(
        counted.arrived > kills && counted.failed > 0,
        "too little load"
    );
    Ok(())
}

/// Customers who write, one after the other.
async fn write(
    networks: Arc<Networks>,
    writer: usize,
    ledger: Shared,
    ended: watch::Receiver<bool>,
) -> Result<()> {
    let page = &networks.graph;
    for number in 0.. {
        let name = match (writer, number) {
            (0, 0) => UNREACHABLE.to_owned(),
            _ => format!("{}", 10_000 * (writer + 1) + number),
        };
        page.add_customer(name.clone(), Profile::named("Customer", &name));
        // Also what was not acknowledged may have been taken.
        {
            let mut ledger = ledger.lock().expect("no holder panics");
            ledger.said.entry(name.clone()).or_default();
        }
        for message in 0..MESSAGES {
            if *ended.borrow() {
                return Ok(());
            }
            let text = Incoming::text(format!("message {message} of {name}"));
            let delivery = page.say(&name, text).await;
            if delivery.acknowledged {
                let mut ledger = ledger.lock().expect("no holder panics");
                let said = ledger.said.entry(name.clone()).or_default();
                said.insert(delivery.message_id);
            }
            tokio::time::sleep(Duration::from_millis(fastrand::u64(50..900))).await;
        }
    }
    Ok(())
}

/// Declares emergencies and ends them, each until the hub says that it is so.
async fn declare(
    administrator: Client,
    ledger: Shared,
    mut ended: watch::Receiver<bool>,
) -> Result<()> {
    const SWITCH: &str = "/api/v1/hours/shop/emergency";
    while !*ended.borrow_and_update() {
        let began = until_done(&administrator, &Method::PUT, SWITCH).await?;
        let since = began["since"].as_str().context("since")?.parse()?;
        ledger
            .lock()
            .expect("no holder panics")
            .emergencies
            .push(since);
        tokio::time::sleep(Duration::from_millis(fastrand::u64(300..2_000))).await;
        until_done(&administrator, &Method::DELETE, SWITCH).await?;
        tokio::time::sleep(Duration::from_millis(fastrand::u64(100..800))).await;
    }
    Ok(())
}

async fn until_done(client: &Client, method: &Method, path: &str) -> Result<Value> {
    let body = (*method == Method::PUT).then(|| json!({}));
    let begun = Instant::now();
    loop {
        let seen = client.ask(method.clone(), path, &[], body.as_ref()).await;
        match seen {
            Ok(seen) if seen.status.is_success() => return Ok(seen.body),
            seen => ensure!(begun.elapsed() < SETTLED, "{method} {path}: {seen:?}"),
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}

/// Waits until nothing is on its way and nothing is open, and gives the history of each customer.
async fn settle(administrator: &Client, ledger: &Ledger) -> Result<BTreeMap<String, Vec<Value>>> {
    eventually("all interactions end", SETTLED, async || {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let open = administrator.all("/api/v1/interactions", "after").await?;
        Ok(open.iter().all(|i| i["state"] == "ended").then_some(()))
    })
    .await?;
    let mut histories = BTreeMap::new();
    for customer in ledger.said.keys() {
        let history = eventually("every answer comes to an end", SETTLED, async || {
            let history = administrator.history("page", customer).await?;
            let rests = by_rule(&history).iter().all(|m| m["state"] != "accepted");
            Ok(rests.then_some(history))
        })
        .await?;
        histories.insert(customer.clone(), history);
    }
    Ok(histories)
}

fn received_once(customer: &str, said: &BTreeSet<String>, history: &[Value]) -> Result<()> {
    let mut kept: BTreeMap<&str, usize> = BTreeMap::new();
    for message in history.iter().filter(|m| m["author"]["kind"] == "contact") {
        for id in message["platform_ids"].as_array().into_iter().flatten() {
            *kept.entry(id.as_str().context("id")?).or_default() += 1;
        }
    }
    for id in said {
        let times = kept.get(id.as_str()).copied().unwrap_or(0);
        ensure!(
            times == 1,
            "message {id} of {customer} is kept {times} times"
        );
    }
    Ok(())
}

/// What became of the automatic messages.
#[derive(Debug, Default)]
struct Counted {
    arrived: usize,
    uncertain: usize,
    failed: usize,
}

impl Counted {
    /// What is called sent arrived once, what is uncertain at most once, and what failed never, within the
    /// time that the channel tries for.
    fn arrivals(&mut self, networks: &Networks, customer: &str, history: &[Value]) -> Result<()> {
        let mut got: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for turn in networks.graph.customers().delivered(customer) {
            got.entry(turn.message_id).or_default().push(turn.text);
        }
        ensure!(got.values().all(|texts| texts.len() == 1), "{got:?}");
        let mut uncertain = Vec::new();
        for message in history.iter().filter(|m| m["author"]["kind"] != "contact") {
            ensure!(message["author"]["kind"] == "rule", "nobody's: {message:#}");
            let text = message["content"]["text"].as_str().context("text")?;
            let ids = message["platform_ids"].as_array().into_iter().flatten();
            match message["state"].as_str().context("state")? {
                "sent" | "delivered" | "read" => {
                    for id in ids {
                        let arrived = got.remove(id.as_str().context("id")?);
                        ensure!(arrived.is_some_and(|t| t == [text]), "{message:#}");
                        self.arrived += 1;
                    }
                }
                "uncertain" => uncertain.push(text),
                "failed" => {
                    self.failed += 1;
                    ensure!(message["reason"]["text"].is_string(), "{message:#}");
                    let end: Timestamp = message["state_at"].as_str().context("when")?.parse()?;
                    let begin: Timestamp = message["at"].as_str().context("when")?.parse()?;
                    let took = end.duration_since(begin).as_secs();
                    // It may have been due while the hub was down.
                    ensure!(took <= RETRY_FOR + 15, "{took} s: {message:#}");
                }
                other => anyhow::bail!("{other}: {message:#}"),
            }
        }
        self.uncertain += uncertain.len();
        for (id, texts) in got {
            let place = uncertain.iter().position(|text| texts == [*text]);
            let place = place.with_context(|| format!("{customer} got {id}: {texts:?}"))?;
            uncertain.remove(place);
        }
        // An attempt that the kill cut off may have arrived, as far as the hub knows.
        let nothing = |m: &&Value| m["state"] == "failed" || m["state"] == "uncertain";
        ensure!(
            customer != UNREACHABLE || by_rule(history).iter().all(nothing),
            "{history:#?}"
        );
        Ok(())
    }
}

/// In each closed period something was said once, to whoever wrote in it.
fn closed_once(emergencies: &[Timestamp], customer: &str, history: &[Value]) -> Result<()> {
    let mut said: BTreeMap<usize, usize> = BTreeMap::new();
    for message in by_rule(history) {
        if message["author"]["rule"] == "hours:shop" {
            let at: Timestamp = message["at"].as_str().context("at")?.parse()?;
            let period = emergencies.partition_point(|since| *since <= at);
            *said.entry(period).or_default() += 1;
        }
    }
    ensure!(
        said.values().all(|times| *times == 1),
        "{customer} was told more than once in a closed period: {said:?}"
    );
    for message in history.iter().filter(|m| m["author"]["kind"] == "contact") {
        let hours = &message["rules"]["hours"];
        if hours["open"] != false {
            continue;
        }
        let mut did = hours["did"].as_array().context("did")?.iter();
        let reply = did.find(|did| did["what"] == "reply");
        let reply = reply.with_context(|| format!("nothing was said: {message:#}"))?;
        let why = reply["not_done"].as_str().unwrap_or_default();
        let was_told = reply["message"].is_string() || why.contains("since it closed");
        ensure!(was_told && !said.is_empty(), "{message:#}");
    }
    Ok(())
}

/// What the journal says of rules and timers.
#[derive(Default)]
struct Journal {
    /// When each interaction came into its queue.
    enqueued: BTreeMap<String, Timestamp>,
    ended: BTreeSet<String>,
    /// How often a timer fired, by interaction and seconds.
    fired: BTreeMap<(String, u64), usize>,
    /// The messages that rules say they sent on occasions of their own.
    sent: Vec<String>,
}

impl Journal {
    async fn read(administrator: &Client) -> Result<Self> {
        let newest = administrator.get("/api/v1/snapshot").await?["seq"]
            .as_u64()
            .context("seq")?;
        let mut events = administrator.events(Some(0)).await?;
        let mut journal = Self::default();
        loop {
            let next = tokio::time::timeout(Duration::from_secs(20), events.next()).await??;
            let (seq, event) = next.context("the stream ended")?;
            journal.take(&event)?;
            if seq >= newest {
                return Ok(journal);
            }
        }
    }

    fn take(&mut self, event: &Value) -> Result<()> {
        let data = &event["data"];
        let interaction = data["interaction"].as_str().unwrap_or_default().to_owned();
        let at: Timestamp = event["at"].as_str().context("at")?.parse()?;
        match event["kind"].as_str().context("kind")? {
            "interaction-enqueued" => {
                let before = self.enqueued.insert(interaction.clone(), at);
                ensure!(before.is_none(), "{interaction} was queued twice");
            }
            "interaction-ended" => {
                ensure!(self.ended.insert(interaction), "it ended twice: {event:#}");
            }
            "rules-followed" => {
                let after = data["after_seconds"].as_u64().context("after")?;
                let begun = self.enqueued.get(&interaction).context("not queued")?;
                let waited = at.duration_since(*begun).as_millis();
                ensure!(waited >= i128::from(after) * 1_000, "too early: {event:#}");
                *self.fired.entry((interaction, after)).or_default() += 1;
                self.sent.extend(sent(&data["trace"]));
            }
            _ => {}
        }
        Ok(())
    }

    /// Every timer fired once, and every automatic message is what one decision says that it sent.
    fn accounts_for<'h>(&self, histories: impl Iterator<Item = &'h Vec<Value>>) -> Result<()> {
        ensure!(self.ended.len() == self.enqueued.len(), "some are open");
        for interaction in &self.ended {
            for after in AFTER {
                let times = self.fired.get(&(interaction.clone(), after));
                ensure!(
                    times == Some(&1),
                    "the timer of {interaction} after {after} s fired {times:?} times"
                );
            }
        }
        let mut decided = self.sent.clone();
        let mut kept = Vec::new();
        let mut greeted: BTreeMap<&str, usize> = BTreeMap::new();
        for message in histories.flatten() {
            if message["author"]["kind"] == "contact" {
                decided.extend(sent(&message["rules"]));
                continue;
            }
            kept.push(message["id"].as_str().context("id")?.to_owned());
            if message["author"]["rule"] == "greeting" {
                let interaction = message["interaction"].as_str().context("interaction")?;
                *greeted.entry(interaction).or_default() += 1;
            }
        }
        decided.sort();
        kept.sort();
        ensure!(decided == kept, "decided: {decided:#?}\nkept: {kept:#?}");
        ensure!(greeted.values().all(|times| *times == 1), "{greeted:?}");
        ensure!(
            greeted.len() == self.enqueued.len(),
            "{} of {} were greeted",
            greeted.len(),
            self.enqueued.len()
        );
        Ok(())
    }
}

/// The messages that a trace says were sent.
fn sent(trace: &Value) -> Vec<String> {
    let steps = trace["steps"].as_array().into_iter().flatten();
    let did = steps.flat_map(|step| step["did"].as_array().into_iter().flatten());
    let hours = trace["hours"]["did"].as_array().into_iter().flatten();
    did.chain(hours)
        .filter_map(|did| did["message"].as_str().map(str::to_owned))
        .collect()
}
