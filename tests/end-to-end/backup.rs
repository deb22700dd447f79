//! A backup of a hub that runs, under load, and a hub that goes on from it elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::graph::Incoming;
use linecard_tests::{Client, Hub, Networks, SOON, SiteOptions, eventually};
use reqwest::{Method, StatusCode};
use serde_json::json;

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

#[tokio::test(flavor = "multi_thread")]
async fn a_running_hub_is_saved_and_goes_on_elsewhere() -> Result<()> {
    let networks = Arc::new(Networks::start().await?);
    let mut hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    let link = networks
        .graph
        .add_media("image/png", &b"\x89PNG\r\n\x1a\nno more than that"[..]);
    let said = networks.graph.say("9001", Incoming::image(&link)).await;
    ensure!(said.acknowledged, "{said:?}");
    let interaction = agent.accept_next().await?;
    let id = interaction["id"].as_str().context("id")?.to_owned();
    let messages = format!("/api/v1/interactions/{id}/messages");
    let message = eventually("the picture is stored", SOON, async || {
        let all = agent.all(&messages, "before").await?;
        let newest = all.first().context("a message")?;
        let is = newest["content"]["attachments"][0]["file"]["state"] == "stored";
        Ok(newest["id"].as_str().filter(|_| is).map(str::to_owned))
    })
    .await?;

    // Others write on while the backup is made.
    let end = Arc::new(AtomicBool::new(false));
    let written = Arc::new(AtomicUsize::new(0));
    let crowd = tokio::spawn({
        let (networks, end, written) = (
            Arc::clone(&networks),
            Arc::clone(&end),
            Arc::clone(&written),
        );
        async move {
            while !end.load(Ordering::Relaxed) {
                let number = written.load(Ordering::Relaxed);
                let customer = format!("{}", 9_100 + number % 20);
                let text = Incoming::text(format!("message {number}"));
                if networks.graph.say(&customer, text).await.acknowledged {
                    written.fetch_add(1, Ordering::Relaxed);
                }
            }
        }
    });
    eventually("others write", SOON, async || {
        Ok((written.load(Ordering::Relaxed) > 20).then_some(()))
    })
    .await?;
    let stranger = agent.ask(Method::GET, "/api/v1/backup", &[], None).await?;
    ensure!(stranger.status == StatusCode::FORBIDDEN, "{stranger:?}");
    let before = written.load(Ordering::Relaxed);
    let place = hub.folder().join("saved");
    succeeds(hub.command().arg("backup").arg(&place))?;
    end.store(true, Ordering::Relaxed);
    crowd.await?;
    // A second one does not write into the first.
    let again = hub.command().arg("backup").arg(&place).output()?;
    ensure!(!again.status.success(), "{again:?}");
    hub.kill()?;

    // Damage is found before anything is written.
    let store = place.join("store.jsonl");
    let whole = std::fs::read(&store)?;
    std::fs::write(&store, &whole[..whole.len() - 100])?;
    let mut other = Hub::prepare(BINARY)?;
    let refused = other.command().arg("restore").arg(&place).output()?;
    let told = String::from_utf8_lossy(&refused.stderr).into_owned();
    ensure!(
        !refused.status.success() && told.contains("damaged"),
        "{told}"
    );
    ensure!(!other.data().join("store").exists());
    std::fs::write(&store, &whole)?;
    succeeds(other.command().arg("restore").arg(&place))?;
    succeeds(other.command().arg("check"))?;
    let twice = other.command().arg("restore").arg(&place).output()?;
    ensure!(!twice.status.success(), "{twice:?}");

    // It has everything that was acknowledged before the backup, and the file; and it goes on with the
    // conversation. Secrets that came from the environment come from there again.
    other.environment.clone_from(&hub.environment);
    other.launch().await?;
    networks.connect(&other).await?;
    let agent = Client::sign_in(&other.base(), "agent-1", "agent-1").await?;
    let mut found = 0;
    for customer in 9_100..9_120 {
        found += agent.history("page", &customer.to_string()).await?.len();
    }
    ensure!(found >= before, "{found} of {before} messages are there");
    let file = agent
        .request(Method::GET, &format!("{messages}/{message}/files/0"))
        .send()
        .await?;
    ensure!(file.status() == StatusCode::OK, "{file:?}");
    agent.go_ready().await?;
    let answer = json!({ "text": "Here we are again." });
    agent.post(&messages, &answer).await?;
    eventually("the answer arrives", SOON, async || {
        let got = networks.graph.customers().delivered("9001");
        Ok(got
            .iter()
            .any(|turn| turn.text == "Here we are again.")
            .then_some(()))
    })
    .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_waited_are_sent_by_the_restored_hub() -> Result<()> {
    let networks = Networks::start().await?;
    let mut hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    let said = networks.graph.say("9001", Incoming::text("Hello?")).await;
    ensure!(said.acknowledged, "{said:?}");
    let interaction = agent.accept_next().await?;
    let id = interaction["id"].as_str().context("id")?;
    let messages = format!("/api/v1/interactions/{id}/messages");
    let arrived = |text: &str| {
        let got = networks.graph.customers().delivered("9001");
        got.iter().filter(|turn| turn.text == text).count()
    };
    // One that was sent before, and two that wait because nothing is to be sent for now.
    agent.post(&messages, &json!({ "text": "Before." })).await?;
    eventually("the first answer arrives", SOON, async || {
        Ok((arrived("Before.") == 1).then_some(()))
    })
    .await?;
    eventually("its outcome is known", SOON, async || {
        let all = agent.all(&messages, "before").await?;
        let done = |message: &serde_json::Value| {
            message["content"]["text"] == "Before."
                && matches!(
                    message["state"].as_str(),
                    Some("sent" | "delivered" | "read")
                )
        };
        Ok(all.iter().any(done).then_some(()))
    })
    .await?;
    let administrator = hub.administrator()?;
    administrator
        .post("/api/v1/channels/page/pause", &json!({}))
        .await?;
    for text in ["Waiting.", "Waiting too."] {
        agent.post(&messages, &json!({ "text": text })).await?;
    }
    let place = hub.folder().join("saved");
    succeeds(hub.command().arg("backup").arg(&place))?;
    hub.kill()?;

    let mut other = Hub::prepare(BINARY)?;
    succeeds(other.command().arg("restore").arg(&place))?;
    // The restored folder has no key file for the API; whoever has the machine makes one.
    succeeds(other.command().args(["key", "administrator"]))?;
    other.environment.clone_from(&hub.environment);
    other.launch().await?;
    networks.connect(&other).await?;
    ensure!(
        arrived("Waiting.") == 0,
        "it was sent while the channel was paused"
    );
    let administrator = other.administrator()?;
    administrator
        .post("/api/v1/channels/page/resume", &json!({}))
        .await?;
    eventually("the answers arrive", SOON, async || {
        Ok((arrived("Waiting.") > 0 && arrived("Waiting too.") > 0).then_some(()))
    })
    .await?;
    // In their order, each once, and what was sent before not again.
    let got = networks.graph.customers().delivered("9001");
    let texts: Vec<&str> = got.iter().map(|turn| turn.text.as_str()).collect();
    ensure!(
        texts == ["Before.", "Waiting.", "Waiting too."],
        "{texts:?}"
    );
    Ok(())
}

fn succeeds(command: &mut std::process::Command) -> Result<()> {
    let output = command.output()?;
    ensure!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
