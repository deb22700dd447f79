//! A network that takes every request and never answers holds up its own channel alone.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::customers::Profile;
use linecard_simulator::faults::{Fault, FaultPlan};
use linecard_simulator::graph::{GraphOptions, GraphSimulator, Incoming, webhook};
use linecard_tests::{Client, Networks, SiteOptions, eventually};
use serde_json::json;
use url::Url;

use super::{BINARY, SOON, door};

/// How many answers are on their way to the network that hangs.
const SENDS: usize = 64;
/// How long a network waits for its 200 here, as a rule. It is well below a plug-in's second.
const QUICKLY: Duration = Duration::from_millis(900);
/// How many of a hundred may take longer, on a machine that does much else at the time; what waits for the network
/// that hangs is late each time.
const LATE: usize = 5;

/// A customer of the stalled page.
fn stalled_customer(number: usize) -> String {
    format!("74{number:02}")
}

/// Has a customer write, and an agent take it; gives the interaction.
async fn taken(agent: &Client, graph: &GraphSimulator, customer: &str) -> Result<String> {
    graph.add_customer(customer, Profile::named("Mo", "Salah"));
    let delivery = graph.say(customer, Incoming::text("hello")).await;
    ensure!(delivery.acknowledged, "{delivery:?}");
    let interaction = agent.accept_next().await?;
    Ok(interaction["id"].as_str().context("an id")?.to_owned())
}

async fn answer(agent: &Client, interaction: &str) -> Result<()> {
    let path = format!("/api/v1/interactions/{interaction}/messages");
    agent.post(&path, &json!({ "text": "Good day!" })).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_network_that_hangs_holds_up_its_own_channel_alone() -> Result<()> {
    let networks = Networks::start().await?;
    let options = GraphOptions {
        page_id: "222000111".to_owned(),
        ..GraphOptions::default()
    };
    let other = GraphSimulator::start(options).await?;
    let page = &other.options().page_id;
    let options = SiteOptions {
        slots: 100,
        more: format!(
            r#"
[channels.other]
plugin = "messenger"
queue = "support"
config = {{ page_id = "{page}", base_url = "{base}" }}
secrets = {{ app-secret = "env:PAGE_APP_SECRET", verify-token = "env:PAGE_VERIFY_TOKEN", page-access-token = "env:PAGE_TOKEN" }}
hosts = ["{base}"]
"#,
            base = other.base_url(),
        ),
        ..SiteOptions::default()
    };
    let mut hub = networks.hub(BINARY, &options).await?;
    let callback = format!("{}/channels/other/webhook", hub.base());
    other.set_callback_url(Url::parse(&callback)?);
    other.subscribe().await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    let mut stalled = Vec::new();
    for number in 0..SENDS {
        stalled.push(taken(&agent, &networks.graph, &stalled_customer(number)).await?);
    }
    let waiting = taken(&agent, &other, "7501").await?;
    let hangs = FaultPlan::probability(1.0, Fault::TimeoutBeforeEffect).on("send");
    networks.graph.faults().plan(hangs);
    for interaction in &stalled {
        answer(&agent, interaction).await?;
    }
    eventually("the network hangs", SOON, async || {
        Ok((networks.graph.faults().struck() > 0).then_some(()))
    })
    .await?;

    // The other page's customers are heard, and answered.
    let mut late = Vec::new();
    for number in 0..100_i64 {
        let id = format!("m_other_{number}");
        let at = 1_790_000_000_000 + number;
        let body = webhook::text_message(page, "7501", &id, at, "and another thing");
        let signed = webhook::signed(&other.options().app_secret, &body);
        let begun = Instant::now();
        let (status, problem) = door(&hub, "other", Some(&signed.signature), signed.bytes).await?;
        let took = begun.elapsed();
        ensure!(status == 200, "webhook {number}: {status} {problem}");
        late.extend((took >= QUICKLY).then_some((number, took)));
    }
    ensure!(late.len() <= LATE, "webhooks took long: {late:?}");
    answer(&agent, &waiting).await?;
    let begun = Instant::now();
    eventually("the other page's answer", SOON, async || {
        Ok((other.customers().delivered("7501").len() == 1).then_some(()))
    })
    .await?;
    ensure!(begun.elapsed() < Duration::from_secs(10), "it waited");
    // And so are those of the stalled page.
    let late = taken(&agent, &networks.graph, "7499").await?;
    ensure!(!late.is_empty());

    // What had not been tried when the process was killed is no more uncertain than before: it is sent.
    let struck = usize::try_from(networks.graph.faults().struck())?;
    ensure!(
        struck < SENDS / 2,
        "{struck} were tried; too slow a machine to tell"
    );
    hub.kill()?;
    networks.graph.faults().clear();
    hub.launch().await?;
    let administrator = hub.administrator()?;
    let health = eventually("all answers have gone", SOON, async || {
        let channel = administrator.get("/api/v1/channels/page").await?;
        let health = &channel["health"];
        Ok((health["outbox_depth"] == 0).then(|| health.clone()))
    })
    .await?;
    let uncertain = health["dead_letters"].as_u64().map(usize::try_from);
    let uncertain = uncertain.context("a number of dead letters")??;
    // Between its being recorded and its reaching the network, an attempt may be under way as well.
    ensure!(
        uncertain <= struck + 8,
        "{uncertain} uncertain of {struck} tried"
    );
    let arrived: Vec<usize> = (0..SENDS)
        .map(|number| {
            networks
                .graph
                .customers()
                .delivered(&stalled_customer(number))
                .len()
        })
        .collect();
    ensure!(arrived.iter().all(|times| *times <= 1), "{arrived:?}");
    let sent: usize = arrived.iter().sum();
    ensure!(
        sent + uncertain == SENDS,
        "{sent} sent, {uncertain} uncertain"
    );
    Ok(())
}
