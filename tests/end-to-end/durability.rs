//! Nothing that was acknowledged is lost, and nothing is done twice: under `kill -9`, and when the
//! networks repeat themselves.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::customers::Profile;
use linecard_simulator::delivery::RetryPolicy;
use linecard_simulator::graph::{GraphOptions, GraphSimulator, Incoming, WebhookDelivery, webhook};
use linecard_simulator::open_messaging::OpenMessagingOptions;
use linecard_tests::{Client, Networks, SiteOptions, eventually, in_full};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");
const CUSTOMERS: usize = 12;

/// How often the hub is killed: `LINECARD_KILLS`, else 200 where everything runs in full, else 10.
fn kills() -> usize {
    let asked = std::env::var("LINECARD_KILLS").ok();
    let asked = asked.and_then(|text| text.parse().ok());
    asked.unwrap_or(if in_full() { 200 } else { 10 })
}

/// What was acknowledged while the hub was being killed.
#[derive(Default)]
struct Ledger {
    /// Customers' messages that the network got a 200 for, by customer.
    said: BTreeMap<String, BTreeSet<String>>,
    /// Answers that the API acknowledged: the message's id, and its text, which is unique.
    answered: BTreeMap<String, String>,
}

type Shared = Arc<Mutex<Ledger>>;

#[tokio::test(flavor = "multi_thread")]
async fn kill_9_under_load_loses_nothing_and_doubles_nothing() -> Result<()> {
    let graph = GraphOptions {
        delivery: WebhookDelivery {
            retry: RetryPolicy::fast(),
            duplicates: 0.05,
            ..WebhookDelivery::default()
        },
        ..GraphOptions::default()
    };
    let networks = Networks::with(graph, OpenMessagingOptions::default()).await?;
    let options = SiteOptions {
        slots: 1_000,
        ..SiteOptions::default()
    };
    let mut hub = networks.hub(BINARY, &options).await?;
    let networks = Arc::new(networks);
    let ledger = Shared::default();
    let (end, ended) = watch::channel(false);
    let mut load = JoinSet::new();
    for number in 0..CUSTOMERS {
        let name = format!("{}", 9_000 + number);
        networks
            .graph
            .add_customer(name.clone(), Profile::named("Customer", &name));
        load.spawn(write(
            Arc::clone(&networks),
            name,
            Arc::clone(&ledger),
            ended.clone(),
        ));
    }
    load.spawn(answer(hub.base(), Arc::clone(&ledger), ended));

    let kills = kills();
    for kill in 1..=kills {
        let alive = Duration::from_millis(fastrand::u64(20..450));
        tokio::time::sleep(alive).await;
        hub.kill()?;
        hub.launch()
            .await
            .with_context(|| format!("the start after kill {kill}"))?;
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    end.send_replace(true);
    while let Some(part) = load.join_next().await {
        part??;
    }
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    settle(&hub.administrator()?).await?;
    let ledger = std::mem::take(&mut *ledger.lock().expect("no holder panics"));
    let messages: usize = ledger.said.values().map(BTreeSet::len).sum();
    println!(
        "{kills} kills: {messages} customers' messages and {} answers were acknowledged",
        ledger.answered.len()
    );
    ensure!(
        messages > kills && !ledger.answered.is_empty(),
        "too little load"
    );
    let uncertain = compare(&agent, &networks.graph, &ledger).await?;
    println!("{uncertain} answers are shown as uncertain");
    dense(&hub.administrator()?).await
}

/// A customer who writes again and again.
async fn write(
    networks: Arc<Networks>,
    name: String,
    ledger: Shared,
    ended: watch::Receiver<bool>,
) -> Result<()> {
    let mut number = 0;
    while !*ended.borrow() {
        number += 1;
        let text = Incoming::text(format!("message {number} of {name}"));
        let delivery = networks.graph.say(&name, text).await;
        if delivery.acknowledged {
            let mut ledger = ledger.lock().expect("no holder panics");
            let said = ledger.said.entry(name.clone()).or_default();
            said.insert(delivery.message_id);
        }
        tokio::time::sleep(Duration::from_millis(fastrand::u64(20..120))).await;
    }
    Ok(())
}

/// An agent who accepts everything and answers each message once, repeating each request under its
/// idempotency key until it is answered.
async fn answer(base: String, ledger: Shared, mut ended: watch::Receiver<bool>) -> Result<()> {
    let mut done: HashMap<String, u64> = HashMap::new();
    let mut agent = None;
    while !*ended.borrow_and_update() {
        // Whatever fails, fails because the hub was killed: it is tried again.
        if work(&base, &mut agent, &mut done, &ledger).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    Ok(())
}

async fn work(
    base: &str,
    agent: &mut Option<Client>,
    done: &mut HashMap<String, u64>,
    ledger: &Shared,
) -> Result<()> {
    let agent = match agent {
        Some(agent) => agent,
        None => agent.insert(Client::sign_in(base, "agent-1", "agent-1").await?),
    };
    agent.go_ready().await?;
    for offer in agent.all("/api/v1/offers", "after").await? {
        let id = offer["id"].as_str().context("offer")?;
        let path = format!("/api/v1/offers/{id}/accept");
        agent
            .ask(Method::POST, &path, &[], Some(&json!({})))
            .await?;
    }
    for interaction in agent.all("/api/v1/interactions?agent=me", "after").await? {
        let id = interaction["id"].as_str().context("interaction")?;
        let written = interaction["inbound_count"].as_u64().unwrap_or(0);
        let answered = done.get(id).copied().unwrap_or(0);
        if interaction["state"] != "connected" || written <= answered {
            continue;
        }
        let text = format!("answer to {id} after {written}");
        let path = format!("/api/v1/interactions/{id}/messages");
        let headers = [("idempotency-key", text.as_str())];
        let body = json!({ "text": text });
        let seen = agent
            .ask(Method::POST, &path, &headers, Some(&body))
            .await?;
        if seen.status.is_success() {
            let message = seen.body["id"].as_str().context("message")?.to_owned();
            let mut ledger = ledger.lock().expect("no holder panics");
            ledger.answered.insert(message, text);
            done.insert(id.to_owned(), written);
        }
    }
    tokio::time::sleep(Duration::from_millis(10)).await;
    Ok(())
}

/// Waits until nothing happens any more.
async fn settle(administrator: &Client) -> Result<()> {
    let mut before = 0;
    eventually(
        "the hub comes to rest",
        Duration::from_secs(60),
        async || {
            tokio::time::sleep(Duration::from_secs(2)).await;
            let seq = administrator.get("/api/v1/snapshot").await?["seq"]
                .as_u64()
                .context("seq")?;
            let rests = seq == before;
            before = seq;
            Ok(rests.then_some(()))
        },
    )
    .await
}

/// Compares what was acknowledged with the history and with what the customers have. Gives how many
/// answers are uncertain.
async fn compare(agent: &Client, graph: &GraphSimulator, ledger: &Ledger) -> Result<usize> {
    let mut uncertain = 0;
    let mut kept_answers = BTreeSet::new();
    for (customer, said) in &ledger.said {
        let history = agent.history("page", customer).await?;
        let mut received: BTreeMap<&str, usize> = BTreeMap::new();
        let mut texts: BTreeMap<&str, (usize, &str)> = BTreeMap::new();
        for message in &history {
            let by = message.pointer("/author/kind").and_then(Value::as_str);
            if by == Some("contact") {
                for id in message["platform_ids"].as_array().into_iter().flatten() {
                    *received.entry(id.as_str().context("id")?).or_default() += 1;
                }
            } else {
                let text = message.pointer("/content/text").and_then(Value::as_str);
                ensure!(
                    by == Some("agent"),
                    "an answer of nobody's: {:#?}",
                    history
                        .iter()
                        .filter(|m| m.pointer("/content/text").and_then(Value::as_str) == text)
                        .collect::<Vec<_>>()
                );
                let state = message["state"].as_str().context("state")?;
                let entry = texts.entry(text.context("text")?).or_insert((0, state));
                entry.0 += 1;
                kept_answers.insert(message["id"].as_str().context("id")?.to_owned());
            }
        }
        for id in said {
            ensure!(
                received.get(id.as_str()) == Some(&1),
                "message {id} of {customer} is in the history {:?} times",
                received.get(id.as_str()).unwrap_or(&0)
            );
        }
        ensure!(received.values().all(|times| *times == 1), "{received:?}");
        let mut got: BTreeMap<String, usize> = BTreeMap::new();
        for turn in graph.customers().delivered(customer) {
            *got.entry(turn.text).or_default() += 1;
        }
        for (text, (times, state)) in &texts {
            ensure!(*times == 1, "\"{text}\" is in the history {times} times");
            let arrived = got.remove(*text).unwrap_or(0);
            match *state {
                "sent" | "delivered" | "read" => {
                    ensure!(
                        arrived == 1,
                        "\"{text}\" is {state} and arrived {arrived} times"
                    );
                }
                "uncertain" => {
                    uncertain += 1;
                    ensure!(arrived <= 1, "\"{text}\" arrived {arrived} times");
                }
                other => anyhow::bail!("\"{text}\" is {other} and arrived {arrived} times"),
            }
        }
        ensure!(
            got.is_empty(),
            "{customer} got what the hub does not know: {got:?}"
        );
    }
    for (id, text) in &ledger.answered {
        ensure!(
            kept_answers.contains(id),
            "the answer {id} (\"{text}\") is lost"
        );
    }
    Ok(uncertain)
}

/// The whole journal, read from its beginning: every number once.
async fn dense(administrator: &Client) -> Result<()> {
    let newest = administrator.get("/api/v1/snapshot").await?["seq"]
        .as_u64()
        .context("seq")?;
    let mut events = administrator.events(Some(0)).await?;
    for expected in 1..=newest {
        let next = tokio::time::timeout(Duration::from_secs(20), events.next()).await??;
        let (seq, _) = next.context("the stream ended")?;
        ensure!(seq == expected, "event {seq} came where {expected} was due");
    }
    println!("{newest} events, numbered without a gap");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn five_thousand_webhooks_three_times_shuffled_make_five_thousand_messages() -> Result<()> {
    const MESSAGES: usize = 5_000;
    const PEOPLE: usize = 250;
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let options = networks.graph.options().clone();
    let mut bodies = Vec::with_capacity(3 * MESSAGES);
    for number in 0..MESSAGES {
        let body = webhook::text_message(
            &options.page_id,
            &format!("{}", 40_000 + number % PEOPLE),
            &format!("m_flood_{number}"),
            1_790_000_000_000 + i64::try_from(number)?,
            &format!("message {number}"),
        );
        let signed = Arc::new(webhook::signed(&options.app_secret, &body));
        for _ in 0..3 {
            bodies.push(Arc::clone(&signed));
        }
    }
    fastrand::shuffle(&mut bodies);
    let http = linecard_tests::http()?;
    let url = format!("{}/channels/page/webhook", hub.base());
    let mut senders = JoinSet::new();
    for part in bodies.chunks(bodies.len().div_ceil(16)) {
        let (part, http, url) = (part.to_vec(), http.clone(), url.clone());
        senders.spawn(async move {
            for body in part {
                let answer = http
                    .post(&url)
                    .header("content-type", "application/json")
                    .header("x-hub-signature-256", body.signature.as_str())
                    .body(body.bytes.clone())
                    .send()
                    .await?;
                ensure!(answer.status() == 200, "{}", answer.status());
            }
            Ok(())
        });
    }
    while let Some(sender) = senders.join_next().await {
        sender??;
    }
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    settle(&hub.administrator()?).await?;
    let mut kept = BTreeMap::new();
    for number in 0..PEOPLE {
        for message in agent
            .history("page", &format!("{}", 40_000 + number))
            .await?
        {
            let text = message["content"]["text"].as_str().context("text")?;
            *kept.entry(text.to_owned()).or_insert(0) += 1;
        }
    }
    ensure!(kept.len() == MESSAGES, "{} different messages", kept.len());
    ensure!(kept.values().all(|times| *times == 1));
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_stream_that_is_dropped_and_resumed_shows_every_number_once() -> Result<()> {
    let networks = Arc::new(Networks::start().await?);
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let administrator = hub.administrator()?;
    let load = {
        let networks = Arc::clone(&networks);
        tokio::spawn(async move {
            for number in 0..300 {
                let name = format!("{}", 50_000 + number % 30);
                networks
                    .graph
                    .add_customer(name.clone(), Profile::default());
                let text = Incoming::text(format!("message {number}"));
                networks.graph.say(&name, text).await;
            }
        })
    };
    let mut seen = 0;
    let mut drops = 0;
    while !load.is_finished() || drops < 20 {
        let mut events = administrator.events(Some(seen)).await?;
        for _ in 0..fastrand::usize(1..60) {
            let next = tokio::time::timeout(Duration::from_millis(300), events.next()).await;
            let Ok(next) = next else { break };
            let (seq, _) = next?.context("the stream ended")?;
            ensure!(seq == seen + 1, "event {seq} came after {seen}");
            seen = seq;
        }
        drops += 1;
    }
    load.await?;
    settle(&administrator).await?;
    let newest = administrator.get("/api/v1/snapshot").await?["seq"]
        .as_u64()
        .context("seq")?;
    let mut events = administrator.events(Some(seen)).await?;
    while seen < newest {
        let next = tokio::time::timeout(Duration::from_secs(10), events.next()).await??;
        let (seq, _) = next.context("the stream ended")?;
        ensure!(seq == seen + 1, "event {seq} came after {seen}");
        seen = seq;
    }
    println!("{newest} events, seen once each over {drops} broken streams");
    Ok(())
}
