//! A backup of a hub that runs, under load, and a hub that goes on from it elsewhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::graph::Incoming;
use linecard_tests::{Client, Hub, Networks, SiteOptions, eventually};
use reqwest::{Method, StatusCode};
use serde_json::json;

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");
const SOON: Duration = Duration::from_secs(60);

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

fn succeeds(command: &mut std::process::Command) -> Result<()> {
    let output = command.output()?;
    ensure!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
