//! Measures the whole hub: `cargo bench -p linecard --bench pipeline`; with `-- memory` what stays in
//! memory after many messages, with `-- analyzed` what analyzers and rules cost.
//!
//! Load generator, hub and baseline share one machine; each figure stands beside one of the same
//! run. Times are wall-clock, processor times are the server process's own.

#![allow(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss
)]

mod load;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use hmac::{Hmac, Mac as _};
use linecard_tests::{Client, Hub, Networks, SiteOptions, eventually};
use serde_json::Value;
use sha2::Sha256;

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");
const CONNECTIONS: usize = 64;

fn main() -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("baseline") => runtime.block_on(baseline()),
        Some("memory") => runtime.block_on(memory()),
        Some("analyzed") => runtime.block_on(analyzed()),
        _ => runtime.block_on(measure()),
    }
}

/// An axum handler that only verifies and parses.
async fn baseline() -> Result<()> {
    async fn take(headers: HeaderMap, body: Bytes) -> StatusCode {
        let secret = linecard_simulator::graph::GraphOptions::default().app_secret;
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
            return StatusCode::INTERNAL_SERVER_ERROR;
        };
        mac.update(&body);
        let given = headers
            .get("x-hub-signature-256")
            .and_then(|v| v.to_str().ok())
            .and_then(|v| v.strip_prefix("sha256="))
            .and_then(|v| hex::decode(v).ok())
            .unwrap_or_default();
        if mac.verify_slice(&given).is_err() {
            return StatusCode::UNAUTHORIZED;
        }
        match serde_json::from_slice::<Value>(&body) {
            Ok(_) => StatusCode::OK,
            Err(_) => StatusCode::BAD_REQUEST,
        }
    }
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await?;
    println!("{}", listener.local_addr()?);
    let router = axum::Router::new().route("/webhook", axum::routing::post(take));
    axum::serve(listener, router).await?;
    Ok(())
}

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        // A process that has ended already is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// User and system time of a process so far.
fn processor_time(process: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    let (_, rest) = stat.rsplit_once(") ").context("stat")?;
    let fields: Vec<&str> = rest.split(' ').collect();
    let ticks = |at: usize| -> Result<u64> { Ok(fields.get(at).context("stat")?.parse()?) };
    // Linux counts in hundredths of a second on every platform that it runs on.
    Ok(Duration::from_millis((ticks(11)? + ticks(12)?) * 10))
}

fn resident_mib(process: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    let kib: f64 = line
        .and_then(|l| l.split_whitespace().next())
        .context("VmRSS")?
        .parse()?;
    Ok(kib / 1024.0)
}

fn address(hub: &Hub) -> Result<SocketAddr> {
    Ok(hub.base().trim_start_matches("http://").parse()?)
}

async fn measure() -> Result<()> {
    let quick = std::env::var_os("LINECARD_QUICK").is_some();
    let options = SiteOptions {
        slots: 60_000,
        offer_timeout: 3_600,
        ..SiteOptions::default()
    };
    let networks = Networks::start().await?;
    let mut hub = networks.hub(BINARY, &options).await?;
    let graph = networks.graph.options().clone();
    let make = |label: &str, path: &str, count: usize, customers: usize| {
        let secret = &graph.app_secret;
        Arc::new(load::webhooks(
            &graph.page_id,
            secret,
            path,
            label,
            count,
            (1_000_000, customers),
        ))
    };

    // Start and idle memory.
    hub.stop().await?;
    let begun = Instant::now();
    hub.launch().await?;
    let start = begun.elapsed();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let process = hub.process_id().context("the hub is running")?;
    println!(
        "start with a warm code cache: {} ms; idle memory with all plug-ins: {:.0} MiB",
        start.as_millis(),
        resident_mib(process)?
    );

    // Webhooks acknowledged durably.
    let count = if quick { 20_000 } else { 40_000 };
    let mut child = Command::new(std::env::current_exe()?)
        .arg("baseline")
        .stdout(Stdio::piped())
        .spawn()?;
    let output = child.stdout.take().context("stdout")?;
    let child = Ended(child);
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    let before = processor_time(child.0.id())?;
    let requests = make("base", "/webhook", count, 2_000);
    let base = load::run(line.trim().parse()?, requests, CONNECTIONS, None, |_, _| {}).await?;
    let base_processor = processor_time(child.0.id())?.saturating_sub(before);
    drop(child);
    let before = processor_time(process)?;
    let requests = make("burst", "/channels/page/webhook", count, 2_000);
    let burst = load::run(address(&hub)?, requests, CONNECTIONS, None, |_, _| {}).await?;
    drained(&hub).await?;
    let hub_processor = processor_time(process)?.saturating_sub(before);
    let per = |time: Duration| time.as_secs_f64() * 1e6 / count as f64;
    println!(
        "webhooks acknowledged durably, {CONNECTIONS} connections: {:.0}/s, p50 {:.1} ms, p99 {:.1} ms, {:.0} µs of processor each through to the offer",
        burst.rate(),
        burst.percentile(50.0).as_secs_f64() * 1e3,
        burst.percentile(99.0).as_secs_f64() * 1e3,
        per(hub_processor),
    );
    println!(
        "  verified and parsed only (baseline): {:.0}/s, p99 {:.1} ms, {:.0} µs of processor each; ratio of rates {:.2}",
        base.rate(),
        base.percentile(99.0).as_secs_f64() * 1e3,
        per(base_processor),
        burst.rate() / base.rate(),
    );

    // Sustained through the whole pipeline.
    let seconds = if quick { 5 } else { 60 };
    for rate in [1_000.0, 2_000.0] {
        let count = (rate * f64::from(seconds)) as usize;
        let label = format!("sustained{rate}");
        let requests = make(&label, "/channels/page/webhook", count, 5_000);
        let run = load::run(address(&hub)?, requests, CONNECTIONS, Some(rate), |_, _| {}).await?;
        let drain = drained(&hub).await?;
        println!(
            "sustained {rate:.0}/s for {seconds} s: acknowledged {:.0}/s, p99 {:.1} ms; {:.2} s after the last one the inbox was empty",
            run.rate(),
            run.percentile(99.0).as_secs_f64() * 1e3,
            drain.as_secs_f64(),
        );
    }
    println!("memory after that: {:.0} MiB", resident_mib(process)?);

    offers(&hub, &graph.page_id, &graph.app_secret, quick).await
}

/// What stays in memory after many messages of many customers, as a hub is set up by default.
async fn memory() -> Result<()> {
    const STEPS: usize = 8;
    const STEP: usize = 50_000;
    const CUSTOMERS: usize = 20_000;
    let options = SiteOptions {
        slots: 60_000,
        offer_timeout: 3_600,
        ..SiteOptions::default()
    };
    let networks = Networks::start().await?;
    let mut hub = networks.hub(BINARY, &options).await?;
    hub.stop().await?;
    hub.launch().await?;
    let process = hub.process_id().context("the hub is running")?;
    let graph = networks.graph.options();
    for step in 1..=STEPS {
        let requests = Arc::new(load::webhooks(
            &graph.page_id,
            &graph.app_secret,
            "/channels/page/webhook",
            &format!("memory{step}"),
            STEP,
            (1_000_000, CUSTOMERS),
        ));
        load::run(address(&hub)?, requests, CONNECTIONS, None, |_, _| {}).await?;
        drained(&hub).await?;
        // What was freed goes back to the system within a few seconds.
        tokio::time::sleep(Duration::from_secs(5)).await;
        println!(
            "{} messages of {CUSTOMERS} customers: {:.0} MiB",
            step * STEP,
            resident_mib(process)?
        );
    }
    Ok(())
}

/// What all analyzers and 100 rules cost a message of 280 characters: the processor's time of the same hub
/// with and without them, in turn.
async fn analyzed() -> Result<()> {
    const ROUNDS: usize = 4;
    const RULES: usize = 100;
    const GOAL_MICROS: f64 = 300.0;
    let count = if std::env::var_os("LINECARD_QUICK").is_some() {
        2_000
    } else {
        10_000
    };
    let plain = SiteOptions {
        slots: 60_000,
        offer_timeout: 3_600,
        ..SiteOptions::default()
    };
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &plain).await?;
    std::fs::create_dir_all(hub.data().join("models"))?;
    std::fs::write(hub.folder().join("texts.tsv"), labelled())?;
    let model = hub.data().join("models/care.model");
    let mut train = hub.command();
    train.args([
        "train",
        "texts.tsv",
        "--text",
        "text",
        "--label",
        "label",
        "--out",
    ]);
    let trained = train.arg(&model).output()?;
    if !trained.status.success() {
        bail!("{}", String::from_utf8_lossy(&trained.stderr));
    }
    let mut more = String::from(
        "[analyzers.mood]\nplugin = \"sentiment\"\n[analyzers.language]\nplugin = \"language\"\n\
         [analyzers.influence]\nplugin = \"influence\"\n\
         [analyzers.care]\nplugin = \"classifier\"\nconfig = { model = \"care\" }\n\
         [analyzers.words]\nplugin = \"keywords\"\n\
         config = { rules = [{ label = \"order\", words = [\"parcel\", \"order\"], phrases = [\"not here\"] }] }\n",
    );
    for number in 0..RULES {
        let when = [
            format!("message.text.mentions('refund number {number}')"),
            format!("scores.sentiment < -0.99 && author.followers > {number}"),
            format!("'label-{number}' in labels"),
            format!("message.text.matches('(?i)order {number}9')"),
        ];
        let when = &when[number % when.len()];
        // Writing to a text cannot fail.
        let _ = writeln!(
            more,
            "[[rules]]\nname = \"rule {number}\"\nwhen = \"{when}\"\nthen = {{ priority = 1 }}"
        );
    }
    let full = SiteOptions {
        more,
        ..plain.clone()
    };
    let text = "Hi @shop, my parcel 4711 was to come on Tuesday and it is STILL not here :( I have called twice, \
                nobody answers, and the page only says \"on its way\". This is really not what I expect from you \
                after ten years. Can somebody please look into it today? I need it on Friday, thank you very much!!";
    let text: String = text.chars().take(280).collect();
    let graph = networks.graph.options().clone();
    let process = hub.process_id().context("the hub is running")?;
    let mut least = [f64::MAX; 2];
    for round in 0..=ROUNDS {
        for (at, options) in [&plain, &full].into_iter().enumerate() {
            hub.apply(&networks.site(options))?;
            let label = format!("analyzed{round}x{at}");
            let requests = load::saying(
                &graph.page_id,
                &graph.app_secret,
                "/channels/page/webhook",
                &label,
                (count, &text),
                (1_000_000, 2_000),
            );
            let before = processor_time(process)?;
            load::run(
                address(&hub)?,
                Arc::new(requests),
                CONNECTIONS,
                None,
                |_, _| {},
            )
            .await?;
            drained(&hub).await?;
            let took = processor_time(process)?.saturating_sub(before);
            let each = took.as_secs_f64() * 1e6 / count as f64;
            // The first round makes everything warm.
            if round > 0 {
                least[at] = least[at].min(each);
            }
        }
    }
    let more = least[1] - least[0];
    println!(
        "a message of {} characters through to the offer, the least of {ROUNDS} rounds of {count}: {:.0} µs of processor; with all analyzers and {RULES} rules {:.0} µs: {more:.0} µs more, ratio {:.2}; the goal is at most {GOAL_MICROS:.0} µs more: {}",
        text.chars().count(),
        least[0],
        least[1],
        least[1] / least[0],
        if more <= GOAL_MICROS { "met" } else { "missed" }
    );
    Ok(())
}

/// Texts to train a model on.
fn labelled() -> String {
    let mut table = "label\ttext\n".to_owned();
    for number in 0..1_000 {
        for (label, text) in [
            ("complaint", "is late again and nobody answers, where is it"),
            ("praise", "was lovely, thank you very much for the help"),
        ] {
            let _ = writeln!(table, "{label}\tparcel {number} {text}");
        }
    }
    table
}

/// Waits until everything that was accepted has been through the router. Gives how long it took.
async fn drained(hub: &Hub) -> Result<Duration> {
    let administrator = hub.administrator()?;
    let begun = Instant::now();
    let mut before = (u64::MAX, begun);
    eventually("the inbox is empty", Duration::from_secs(300), async || {
        let seq = administrator.get("/api/v1/snapshot").await?["seq"]
            .as_u64()
            .context("seq")?;
        if seq != before.0 {
            before = (seq, Instant::now());
        }
        Ok((before.1.elapsed() > Duration::from_millis(400)).then_some(()))
    })
    .await?;
    Ok(before.1 - begun)
}

/// From the webhook to the offer in the event stream, at 500 new conversations a second.
async fn offers(hub: &Hub, page: &str, secret: &str, quick: bool) -> Result<()> {
    let count = if quick { 1_000 } else { 10_000 };
    // Customers of their own, so that each message is an interaction.
    let customers = (5_000_000, count);
    let path = "/channels/page/webhook";
    let requests = load::webhooks(page, secret, path, "offer", count, customers);
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    drained(hub).await?;
    let mut events = agent.events(None).await?;
    let sent: Arc<Mutex<HashMap<usize, Instant>>> = Arc::default();
    let told = Arc::clone(&sent);
    let reader = tokio::spawn(async move {
        let mut messages: HashMap<String, usize> = HashMap::new();
        let mut offered: HashMap<usize, Instant> = HashMap::new();
        while offered.len() < count {
            let next = tokio::time::timeout(Duration::from_secs(60), events.next()).await??;
            let Some((_, event)) = next else {
                bail!("the stream ended")
            };
            let at = Instant::now();
            match event["kind"].as_str() {
                Some("message-received") => {
                    let text = event.to_string();
                    let Some(place) = text
                        .split("m_offer_")
                        .nth(1)
                        .and_then(|rest| rest.split('"').next()?.parse().ok())
                    else {
                        continue;
                    };
                    let interaction = find(&event, "interaction").unwrap_or_default();
                    messages.insert(interaction, place);
                }
                Some("interaction-offered") => {
                    let interaction = find(&event, "interaction").unwrap_or_default();
                    if let Some(place) = messages.get(&interaction) {
                        offered.insert(*place, at);
                    }
                }
                _ => {}
            }
        }
        Ok(offered)
    });
    let note = move |place, at| {
        if let Ok(mut sent) = told.lock() {
            sent.insert(place, at);
        }
    };
    let requests = Arc::new(requests);
    load::run(address(hub)?, requests, CONNECTIONS, Some(500.0), note).await?;
    let offered = reader.await??;
    let sent = sent.lock().map_err(|_| anyhow::anyhow!("poisoned"))?;
    let mut times: Vec<Duration> = offered
        .iter()
        .filter_map(|(place, at)| Some(at.duration_since(*sent.get(place)?)))
        .collect();
    times.sort_unstable();
    println!(
        "from webhook to offer event at 500/s: p50 {:.1} ms, p99 {:.1} ms ({} offers)",
        load::percentile(&times, 50.0).as_secs_f64() * 1e3,
        load::percentile(&times, 99.0).as_secs_f64() * 1e3,
        times.len()
    );
    Ok(())
}

/// The first field of a name, anywhere in an event.
fn find(value: &Value, name: &str) -> Option<String> {
    match value {
        Value::Object(fields) => fields
            .get(name)
            .and_then(Value::as_str)
            .map(str::to_owned)
            .or_else(|| fields.values().find_map(|v| find(v, name))),
        Value::Array(items) => items.iter().find_map(|v| find(v, name)),
        _ => None,
    }
}
