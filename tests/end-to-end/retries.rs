//! An Open Messaging middleware that does not take what it is sent: how often and how soon the hub
//! sends it again, and when it gives up.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::customers::Profile;
use linecard_simulator::faults::{Fault, FaultAnswer};
use linecard_simulator::open_messaging::Said;
use linecard_simulator::record::{Direction, Entry};
use linecard_tests::{Client, Networks, SOON, SiteOptions, eventually};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

/// Has a customer write, and gives the interaction that the agent accepted.
async fn accepted(networks: &Networks, agent: &Client, customer: &str) -> Result<String> {
    agent.go_ready().await?;
    networks
        .web
        .add_customer(customer, Profile::named("Ada", "Byron"));
    let text = "Hello?".to_owned();
    let said = networks.web.say(customer, Said::Text { text }).await;
    ensure!(said.acknowledged, "{said:?}");
    let interaction = agent.accept_next().await?;
    Ok(interaction["id"].as_str().context("id")?.to_owned())
}

/// Answers, and gives the message once it is in one of these states.
async fn answer(agent: &Client, interaction: &str, text: &str, states: &[&str]) -> Result<Value> {
    let path = format!("/api/v1/interactions/{interaction}/messages");
    let sent = agent.post(&path, &json!({ "text": text })).await?;
    eventually(&format!("{text} is {states:?}"), SOON, async || {
        let messages = agent.all(&path, "before").await?;
        let found = messages.into_iter().find(|m| m["id"] == sent["id"]);
        Ok(found.filter(|m| m["state"].as_str().is_some_and(|s| states.contains(&s))))
    })
    .await
}

/// The notifications with this text, oldest first.
fn notifications(networks: &Networks, text: &str) -> Vec<Entry> {
    let mut entries = networks.web.record().of(Direction::FromHub, "webhook");
    entries.retain(|entry| entry.request["text"] == text);
    entries
}

/// The times from the end of each attempt to the beginning of the next.
fn pauses(entries: &[Entry]) -> Vec<Duration> {
    let pairs = entries.iter().zip(entries.iter().skip(1));
    pairs
        .filter_map(|(one, next)| Duration::try_from(next.at - one.answered_at?).ok())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notification_that_is_not_taken_comes_five_times_more_and_then_has_failed() -> Result<()>
{
    let networks = Networks::start().await?;
    // The site file ends with the middleware's channel.
    let options = SiteOptions {
        more: "retry_pause_seconds = 0.3\n".to_owned(),
        ..SiteOptions::default()
    };
    let hub = networks.hub(BINARY, &options).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let id = accepted(&networks, &agent, "ada@example.com").await?;
    let faults = networks.web.faults();

    faults.next_on("webhook", 6, Fault::unavailable_503());
    let failed = answer(&agent, &id, "one", &["failed", "delivered"]).await?;
    ensure!(failed["state"] == "failed", "{failed}");
    let attempts = notifications(&networks, "one");
    ensure!(attempts.len() == 6, "{attempts:?}");
    ensure!(
        attempts
            .iter()
            .all(|a| a.request["id"] == attempts[0].request["id"]),
        "a repetition has another id: {attempts:?}"
    );
    let waited = pauses(&attempts);
    ensure!(
        waited.len() == 5 && waited.iter().all(|w| *w >= Duration::from_millis(290)),
        "{waited:?}"
    );

    // The fifth repetition is taken, whatever the failures before were.
    let too_many = Fault::Answer(FaultAnswer {
        status: 429,
        headers: Vec::new(),
        content_type: None,
        body: String::new(),
    });
    faults.next_on("webhook", 2, too_many);
    faults.next_on("webhook", 3, Fault::html_502());
    answer(&agent, &id, "two", &["delivered"]).await?;
    ensure!(notifications(&networks, "two").len() == 6);

    // What is refused for good is not sent again.
    faults.next_on("webhook", 1, Fault::json(404, &json!({})));
    let refused = answer(&agent, &id, "three", &["failed", "delivered"]).await?;
    ensure!(refused["state"] == "failed", "{refused}");
    answer(&agent, &id, "four", &["delivered"]).await?;
    ensure!(notifications(&networks, "three").len() == 1);
    let turns = networks.web.customers().delivered("ada@example.com");
    let texts: Vec<&str> = turns.iter().map(|turn| turn.text.as_str()).collect();
    ensure!(texts == ["two", "four"], "{texts:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_middleware_has_ten_seconds_to_answer_and_five_until_the_next_attempt() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let id = accepted(&networks, &agent, "bob@example.com").await?;
    let faults = networks.web.faults();
    faults.next_on("webhook", 1, Fault::TimeoutBeforeEffect);
    answer(&agent, &id, "one", &["sent", "delivered"]).await?;
    let attempts = notifications(&networks, "one");
    ensure!(attempts.len() == 2, "{attempts:?}");
    let between = Duration::try_from(attempts[1].at - attempts[0].at)?;
    ensure!(
        (Duration::from_millis(14_900)..Duration::from_secs(20)).contains(&between),
        "{between:?} from the first attempt to the second"
    );
    ensure!(networks.web.customers().delivered("bob@example.com").len() == 1);
    Ok(())
}
