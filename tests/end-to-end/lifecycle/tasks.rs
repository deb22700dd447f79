//! A task that breaks does not break silently.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::customers::Profile;
use linecard_simulator::graph::Incoming;
use linecard_simulator::x::{XOptions, XSimulator};
use linecard_tests::{Client, Hub, Networks, SiteOptions, eventually};
use reqwest::Method;
use serde_json::json;

use super::{BINARY, SOON, answer, deliver, ended, until_state};

/// Every task that runs for as long as the hub does; of those that are many of a kind, one.
const TASKS: [&str; 19] = [
    "site",
    "preparation",
    "preparation lane 3",
    "outbox",
    "outbox page",
    "polls",
    "poll posts",
    "probe page",
    "fetching",
    "fetching page",
    "profiles",
    "desktops",
    "housekeeping",
    "events",
    "retention",
    "search",
    "webhooks",
    "attention",
    "plug-ins",
];
const CUSTOMER: &str = "7200";

/// How soon a broken task is noticed, as a rule: a machine that does much else at the time is late now and then.
const NOTICED: Duration = Duration::from_secs(1);
/// How soon it is noticed at the latest.
const NOTICED_AT_LATEST: Duration = Duration::from_secs(15);

/// A hub with a page and an account on X, whose tasks can be made to panic.
async fn breakable(networks: &Networks, x: &XSimulator) -> Result<Hub> {
    let options = x.options();
    let base = x.base_url();
    let oauth1 = json!({
        "consumer_key": options.consumer_key, "consumer_secret": options.consumer_secret,
        "token": options.access_token, "token_secret": options.access_token_secret,
    });
    let more = format!(
        r#"
[channels.posts]
plugin = "x"
queue = "support"
config = {{ user_id = "{id}", username = "{name}", base_url = "{base}", poll_every_seconds = 1 }}
secrets = {{ user-oauth1 = "env:X_OAUTH1", consumer-secret = "env:X_CONSUMER_SECRET" }}
hosts = ["{base}"]
"#,
        id = options.user_id,
        name = options.username,
    );
    let mut hub = Hub::prepare(BINARY)?;
    hub.environment = networks.secrets();
    let panics = hub.folder().join("panics").display().to_string();
    for (name, value) in [
        ("X_OAUTH1", oauth1.to_string()),
        ("X_CONSUMER_SECRET", options.consumer_secret.clone()),
        ("PASSWORD_AGENT_1", "agent-1".to_owned()),
        ("LINECARD_PANIC", panics),
    ] {
        hub.environment.push((name.to_owned(), value));
    }
    hub.launch().await?;
    hub.apply(&networks.site(&SiteOptions {
        more,
        ..SiteOptions::default()
    }))?;
    networks.connect(&hub).await?;
    Ok(hub)
}

fn let_panic(hub: &Hub, task: &str) -> Result<()> {
    Ok(std::fs::write(hub.folder().join("panics"), task)?)
}

fn let_live(hub: &Hub) -> Result<()> {
    Ok(std::fs::remove_file(hub.folder().join("panics"))?)
}

/// Waits until the hub says that it takes no more work, and why; nothing if it has ended by then.
async fn said_why(hub: &mut Hub) -> Result<Option<String>> {
    let anybody = Client::anonymous(&hub.base())?;
    let within = Duration::from_secs(20);
    eventually("the hub is not ready", within, async || {
        if hub.exited()?.is_some() {
            return Ok(Some(None));
        }
        match anybody.ask(Method::GET, "/readyz", &[], None).await {
            Ok(seen) if seen.status == 503 => {
                let detail = seen.body["detail"].as_str().context("detail")?;
                Ok(Some(Some(detail.to_owned())))
            }
            Ok(_) | Err(_) => Ok(None),
        }
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_panics_ends_the_hub_by_name_and_loses_nothing() -> Result<()> {
    let networks = Networks::start().await?;
    let x = XSimulator::start(XOptions::default()).await?;
    let mut hub = breakable(&networks, &x).await?;
    networks
        .graph
        .add_customer(CUSTOMER, Profile::named("Mo", "Salah"));
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let mut acknowledged = BTreeSet::new();
    let mut noticed = Vec::new();
    for task in TASKS {
        // With a file to fetch, whose channel's worker is there from then on.
        let picture = networks.graph.add_media("image/png", &b"no picture"[..]);
        let said = networks
            .graph
            .say(CUSTOMER, Incoming::image(&picture))
            .await;
        ensure!(said.acknowledged, "{task}: {said:?}");
        acknowledged.insert(said.message_id);
        let base = hub.base();
        let writing = async {
            let mut taken = BTreeSet::new();
            for number in 0.. {
                let message = format!("m_{task}_{number}");
                match deliver(&networks, &base, CUSTOMER, &message).await {
                    Some(200) => taken.insert(message),
                    _ => break,
                };
            }
            taken
        };
        let breaking = async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            let_panic(&hub, task)?;
            let since = Instant::now();
            let why = said_why(&mut hub).await?;
            let taken = since.elapsed();
            ensure!(taken < NOTICED_AT_LATEST, "{task}: noticed after {taken:?}");
            noticed.push(taken);
            if let Some(why) = why {
                ensure!(why.contains(&format!("\"{task}\"")), "{task}: {why}");
                // It may have ended before this is asked.
                let body = json!({ "state": "not-ready", "reason": "Lunch" });
                let path = "/api/v1/agents/me/presence";
                if let Ok(seen) = agent.ask(Method::PUT, path, &[], Some(&body)).await {
                    ensure!(seen.status == 503, "{task}: {seen:?}");
                }
            }
            let code = ended(&mut hub).await?;
            ensure!(
                code.is_some_and(|code| code != 0),
                "{task}: it ended with {code:?}"
            );
            ensure!(
                hub.log().contains(&format!("the task \"{task}\" panicked")),
                "{task}: {}",
                hub.log()
            );
            Ok(())
        };
        let (taken, broken) = tokio::join!(writing, breaking);
        broken?;
        ensure!(!taken.is_empty(), "{task}: nothing was taken");
        acknowledged.extend(taken);
        let_live(&hub)?;
        hub.launch().await.with_context(|| task)?;
        eventually(&format!("all is there after {task}"), SOON, async || {
            let mut missing = acknowledged.clone();
            for message in agent.history("page", CUSTOMER).await? {
                for id in message["platform_ids"].as_array().into_iter().flatten() {
                    missing.remove(id.as_str().context("id")?);
                }
            }
            Ok(missing.is_empty().then_some(()))
        })
        .await?;
    }
    noticed.sort_unstable();
    let usual = noticed[noticed.len() / 2];
    ensure!(usual < NOTICED, "noticed after {noticed:?}");
    let status = hub.stop().await?;
    ensure!(status.success(), "{status}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attempt_that_breaks_is_uncertain_and_the_channel_goes_on() -> Result<()> {
    let networks = Networks::start().await?;
    let x = XSimulator::start(XOptions::default()).await?;
    let hub = breakable(&networks, &x).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    networks
        .graph
        .add_customer(CUSTOMER, Profile::named("Mo", "Salah"));
    networks.graph.say(CUSTOMER, Incoming::text("hello")).await;
    let interaction = agent.accept_next().await?;
    let id = interaction["id"].as_str().context("id")?;
    let_panic(&hub, "an attempt")?;
    let first = answer(&agent, id, "Good day!").await?;
    until_state(&agent, id, &first, &["uncertain"]).await?;
    let_live(&hub)?;
    let second = answer(&agent, id, "How can I help?").await?;
    until_state(&agent, id, &second, &["sent", "delivered", "read"]).await?;
    let arrived = networks.graph.customers().delivered(CUSTOMER);
    ensure!(arrived.len() == 1, "{arrived:?}");
    Ok(())
}
