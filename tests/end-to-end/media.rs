//! Files, in both directions: what a customer attached is there when the network's link has ended, and
//! what an agent attaches reaches the customer.

use anyhow::{Context as _, Result, ensure};
use linecard_simulator::customers::Profile;
use linecard_simulator::faults::{Fault, FaultPlan};
use linecard_simulator::graph::Incoming;
use linecard_tests::{Client, Networks, SOON, SiteOptions, eventually};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");

/// A picture of one pixel, as the PNG specification writes it.
const PIXEL: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0,
    1, 0, 0, 0, 1, 8, 4, 0, 0, 0, 0xb5, 0x1c, 0x0c, 2, 0, 0, 0, 11, b'I', b'D', b'A', b'T', 0x78,
    0xda, 0x63, 0x64, 0x60, 0, 0, 0, 6, 0, 2, 0x30, 0x81, 0xd0, 0x2f, 0, 0, 0, 0, b'I', b'E', b'N',
    b'D', 0xae, 0x42, 0x60, 0x82,
];

async fn files_of(agent: &Client, interaction: &str) -> Result<Vec<Value>> {
    let path = format!("/api/v1/interactions/{interaction}/messages");
    agent.all(&path, "before").await
}

/// Waits until the newest message's first file has this state, and gives the message's id.
async fn first_file(agent: &Client, interaction: &str, state: &str) -> Result<String> {
    eventually(&format!("a file that is {state}"), SOON, async || {
        let messages = files_of(agent, interaction).await?;
        let newest = messages.first().context("a message")?;
        let is = newest
            .pointer("/content/attachments/0/file/state")
            .and_then(Value::as_str)
            == Some(state);
        Ok(newest["id"].as_str().filter(|_| is).map(str::to_owned))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_customers_picture_outlives_its_link_and_a_kill() -> Result<()> {
    let networks = Networks::start().await?;
    let mut hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    let page = &networks.graph;
    page.add_customer("8001", Profile::named("Ana", "Silva"));
    // The first tries to fetch it fail: a message never waits for its files.
    page.faults()
        .plan(FaultPlan::next(2, Fault::CloseMidAnswer).on("media"));
    let link = page.add_media("image/png", PIXEL);
    let said = page.say("8001", Incoming::image(&link)).await;
    ensure!(said.acknowledged, "{said:?}");
    let interaction = agent.accept_next().await?;
    let id = interaction["id"].as_str().context("id")?.to_owned();
    let messages = files_of(&agent, &id).await?;
    ensure!(
        messages[0]["content"]["attachments"][0]["file"]["state"] == "pending",
        "{messages:?}"
    );
    let early = messages[0]["id"].as_str().context("id")?;
    let path = format!("/api/v1/interactions/{id}/messages/{early}/files/0");
    let too_early = agent.ask(Method::GET, &path, &[], None).await?;
    ensure!(
        too_early.status == StatusCode::CONFLICT || too_early.status == StatusCode::OK,
        "{too_early:?}"
    );

    // What was not fetched yet is fetched after a restart.
    hub.kill()?;
    hub.launch().await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    let message = first_file(&agent, &id, "stored").await?;
    let path = format!("/api/v1/interactions/{id}/messages/{message}/files/0");
    let whole = agent.request(Method::GET, &path).send().await?;
    ensure!(whole.status() == StatusCode::OK, "{whole:?}");
    ensure!(whole.headers()["content-type"] == "image/png");
    ensure!(whole.headers()["content-disposition"] == "inline");
    ensure!(whole.headers()["x-content-type-options"] == "nosniff");
    let policy = whole.headers()["content-security-policy"]
        .to_str()?
        .to_owned();
    ensure!(policy.contains("sandbox"), "{policy}");
    ensure!(whole.bytes().await?.as_ref() == PIXEL);
    let part = agent
        .request(Method::GET, &path)
        .header("range", "bytes=1-3")
        .send()
        .await?;
    ensure!(part.status() == StatusCode::PARTIAL_CONTENT, "{part:?}");
    ensure!(part.bytes().await?.as_ref() == b"PNG");

    let stranger = Client::anonymous(&hub.base())?;
    let refused = stranger.ask(Method::GET, &path, &[], None).await?;
    ensure!(refused.status == StatusCode::UNAUTHORIZED, "{refused:?}");
    let missing = path.replace("/files/0", "/files/7");
    let missing = agent.ask(Method::GET, &missing, &[], None).await?;
    ensure!(missing.status == StatusCode::NOT_FOUND, "{missing:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_whose_link_has_ended_says_so() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    let page = &networks.graph;
    page.add_customer("8002", Profile::named("Bo", "Li"));
    let gone = format!("{}/media/999", page.base_url());
    page.say("8002", Incoming::image(gone)).await;
    let interaction = agent.accept_next().await?;
    let id = interaction["id"].as_str().context("id")?;
    let message = first_file(&agent, id, "failed").await?;
    let path = format!("/api/v1/interactions/{id}/messages/{message}/files/0");
    let lost = agent.ask(Method::GET, &path, &[], None).await?;
    ensure!(lost.status == StatusCode::GONE, "{lost:?}");
    ensure!(
        lost.body["detail"]
            .as_str()
            .is_some_and(|d| d.contains("404")),
        "{lost:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agents_file_reaches_the_customer() -> Result<()> {
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    let page = &networks.graph;
    page.add_customer("8003", Profile::named("Cy", "Roe"));
    page.say("8003", Incoming::text("Can I see it?")).await;
    let interaction = agent.accept_next().await?;
    let id = interaction["id"].as_str().context("id")?;

    let uploaded = agent
        .request(Method::POST, "/api/v1/media")
        .header("content-type", "image/png")
        .body(PIXEL)
        .send()
        .await?;
    ensure!(uploaded.status() == StatusCode::CREATED, "{uploaded:?}");
    let uploaded: Value = uploaded.json().await?;
    ensure!(uploaded["size"] == PIXEL.len(), "{uploaded}");
    let messages = format!("/api/v1/interactions/{id}/messages");
    let unknown = json!({ "attachments": [{ "kind": "image", "media": "00" }] });
    let refused = agent
        .ask(Method::POST, &messages, &[], Some(&unknown))
        .await?;
    ensure!(
        refused.status == StatusCode::UNPROCESSABLE_ENTITY,
        "{refused:?}"
    );
    ensure!(
        refused.body["pointer"] == "/attachments/0/media",
        "{refused:?}"
    );

    let sent = agent
        .post(
            &messages,
            &json!({ "text": "Here it is.", "attachments": [
                { "kind": "image", "name": "pixel.png", "media": uploaded["media"] }] }),
        )
        .await?;
    let got = page
        .customers()
        .wait_delivered("8003", 2, SOON)
        .await
        .context("the customer got nothing")?;
    ensure!(got.len() == 2, "{got:?}");
    let files: Vec<_> = got.iter().flat_map(|turn| &turn.attachments).collect();
    ensure!(files.len() == 1, "{got:?}");
    let message = sent["id"].as_str().context("id")?;
    let path = format!("{messages}/{message}/files/0");
    let own = agent.request(Method::GET, &path).send().await?;
    ensure!(own.status() == StatusCode::OK, "{own:?}");
    ensure!(own.bytes().await?.as_ref() == PIXEL);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_has_the_type_that_its_content_shows_and_is_never_a_page() -> Result<()> {
    const VOICE: &[u8] =
        b"OggS\0\x02\0\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead\x01\x01";
    const HTML: &[u8] = b"<!DOCTYPE html><script>alert(1)</script>";
    const SVG: &[u8] = b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>";
    let octets = "application/octet-stream";
    let networks = Networks::start().await?;
    let hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let agent = Client::sign_in(&hub.base(), "agent-1", "agent-1").await?;
    agent.go_ready().await?;
    let page = &networks.graph;
    page.add_customer("8004", Profile::named("Di", "Fox"));
    let mut interaction = None;
    for (served_as, bytes, shown, place) in [
        (octets, PIXEL, "image/png", "inline"),
        (
            octets,
            b"%PDF-1.7\n%x".as_slice(),
            "application/pdf",
            "inline",
        ),
        (octets, VOICE, "audio/ogg", "inline"),
        (octets, HTML, octets, "attachment"),
        ("image/png", HTML, octets, "attachment"),
        ("image/svg+xml", SVG, octets, "attachment"),
        ("image/png", SVG, octets, "attachment"),
        ("text/html", HTML, octets, "attachment"),
        ("image/jpeg", PIXEL, "image/jpeg", "inline"),
    ] {
        let link = page.add_media(served_as, bytes);
        let said = page.say("8004", Incoming::image(&link)).await;
        ensure!(said.acknowledged, "{said:?}");
        if interaction.is_none() {
            let accepted = agent.accept_next().await?;
            interaction = accepted["id"].as_str().map(str::to_owned);
        }
        let id = interaction.as_deref().context("id")?;
        let list = format!("/api/v1/interactions/{id}/messages");
        let message = eventually("the file", SOON, async || {
            let messages = agent.all(&list, "before").await?;
            let own = messages
                .iter()
                .find(|m| m["platform_ids"][0] == said.message_id.as_str());
            let stored =
                own.filter(|m| m["content"]["attachments"][0]["file"]["state"] == "stored");
            Ok(stored.cloned())
        })
        .await?;
        let what = format!("served as {served_as}: {message}");
        let told = message
            .pointer("/content/attachments/0/file/mime")
            .and_then(Value::as_str);
        ensure!(told.unwrap_or(octets) == shown, "{what}");
        let path = format!("{list}/{}/files/0", message["id"].as_str().context("id")?);
        let file = agent.request(Method::GET, &path).send().await?;
        let header = |name: &str| file.headers()[name].to_str().unwrap_or_default().to_owned();
        ensure!(header("content-type") == shown, "{what}: {file:?}");
        ensure!(header("content-disposition") == place, "{what}: {file:?}");
        ensure!(
            header("x-content-type-options") == "nosniff",
            "{what}: {file:?}"
        );
        ensure!(
            header("content-security-policy").contains("sandbox"),
            "{what}: {file:?}"
        );
    }
    Ok(())
}
