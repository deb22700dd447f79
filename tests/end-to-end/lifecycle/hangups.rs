//! Clients that hang up at any moment: what is durable and what is in force never part.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use linecard_tests::{Client, Hub, Networks, SiteOptions, eventually, in_full};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{BINARY, SOON};

/// How many clients hang up.
fn hang_ups() -> usize {
    if in_full() { 200 } else { 60 }
}

/// Sends a request over a connection of its own, and hangs up after a while; or waits for the answer.
async fn send(
    hub: &Hub,
    token: &str,
    method: &str,
    path: &str,
    body: Option<&Value>,
    patience: Option<Duration>,
) -> Result<()> {
    let address: SocketAddr = hub.base().trim_start_matches("http://").parse()?;
    let body = body.map(Value::to_string).unwrap_or_default();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer {token}\r\nif-match: *\r\n\
         content-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let mut connection = TcpStream::connect(address).await?;
    connection.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    let reading = connection.read_to_end(&mut answer);
    let Some(patience) = patience else {
        reading.await?;
        let head = String::from_utf8_lossy(&answer);
        ensure!(head.starts_with("HTTP/1.1 2"), "{head}");
        return Ok(());
    };
    // Whether the answer comes first does not matter.
    drop(tokio::time::timeout(patience, reading).await);
    Ok(())
}

/// The configuration of one step: even ones have a channel more, and each has a new key.
fn step(config: &Value, number: usize) -> Value {
    let mut config = config.clone();
    if number.is_multiple_of(2) {
        config["channels"]["extra"] = config["channels"]["web"].clone();
        config["channels"]["extra"]["config"]["integration_id"] = json!("extra-integration");
    }
    config["keys"]["robot"] = json!({
        "name": format!("Robot {number}"), "role": "supervisor", "secret": "stored",
    });
    let secrets = json!({ "keys": { "robot": secret(number) } });
    json!({ "config": config, "secrets": secrets })
}

fn secret(number: usize) -> String {
    // As the hub makes them: no attempt to guess, if it is wrong.
    format!("lc_{number:0>43}")
}

async fn works(hub: &Hub, token: &str) -> Result<bool> {
    let client = Client::with_token(&hub.base(), token)?;
    let seen = client
        .ask(Method::GET, "/api/v1/session", &[], None)
        .await?;
    ensure!([200, 401].contains(&seen.status.as_u16()), "{seen:?}");
    Ok(seen.status == 200)
}

/// The step that is in force, if everything agrees on which that is.
async fn in_force(hub: &Hub, steps: [usize; 2]) -> Result<Option<usize>> {
    let administrator = hub.administrator()?;
    let config = administrator.get("/api/v1/site").await?["config"].take();
    let name = config["keys"]["robot"]["name"].as_str().context("robot")?;
    let configured: usize = name.strip_prefix("Robot ").context("a robot")?.parse()?;
    let anybody = Client::anonymous(&hub.base())?;
    let path = "/channels/extra/webhook";
    let seen = anybody
        .ask(Method::POST, path, &[], Some(&json!({})))
        .await?;
    let has_channel = seen.status != 404;
    let mut agrees = has_channel == configured.is_multiple_of(2);
    for step in steps.into_iter().chain([configured]) {
        agrees &= works(hub, &secret(step)).await? == (step == configured);
    }
    Ok(agrees.then_some(configured))
}

/// Waits until everything agrees, which it does when the last request is through.
async fn agreed(hub: &Hub, steps: [usize; 2]) -> Result<usize> {
    let what = format!("one of {steps:?} is in force everywhere");
    eventually(&what, Duration::from_secs(10), async || {
        in_force(hub, steps).await
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_hangs_up_divides_nothing() -> Result<()> {
    let networks = Networks::start().await?;
    let mut hub = networks.hub(BINARY, &SiteOptions::default()).await?;
    let administrator = hub.administrator()?;
    let key = std::fs::read_to_string(hub.data().join("admin.key"))?;
    let key = key.trim();
    let config = administrator.get("/api/v1/site").await?["config"].take();
    let path = "/api/v1/site";
    let began = Instant::now();
    send(&hub, key, "PUT", path, Some(&step(&config, 0)), None).await?;
    let takes = began.elapsed();
    let mut present = agreed(&hub, [0, 0]).await?;
    let (mut changed, mut signed_out) = (0, 0);
    let mut tokens = Vec::new();
    for number in 1..=hang_ups() {
        let patience = takes.mul_f64(1.3 * fastrand::f64());
        let wanted = step(&config, number);
        send(&hub, key, "PUT", path, Some(&wanted), Some(patience)).await?;
        // The request may be under way still: it is through when the next one is.
        let now = agreed(&hub, [present, number]).await?;
        changed += usize::from(now == number);

        let body = json!({ "name": "agent-1", "password": "agent-1" });
        let session = Client::anonymous(&hub.base())?
            .post("/api/v1/session", &body)
            .await?;
        let token = session["token"].as_str().context("token")?.to_owned();
        let patience = Duration::from_micros(fastrand::u64(0..12_000));
        send(
            &hub,
            &token,
            "DELETE",
            "/api/v1/session",
            None,
            Some(patience),
        )
        .await?;
        tokens.push(token);

        present = agreed(&hub, [now, number]).await?;
    }
    // Whatever was under way is through.
    tokio::time::sleep(Duration::from_secs(1)).await;
    let present = agreed(&hub, [present, hang_ups()]).await?;
    let mut let_in = Vec::new();
    for token in &tokens {
        let works = works(&hub, token).await?;
        signed_out += usize::from(!works);
        let_in.push(works);
    }
    println!(
        "{changed} of {} changes and {signed_out} sign-outs came to pass",
        hang_ups()
    );
    hub.kill()?;
    hub.launch().await?;
    ensure!(agreed(&hub, [present, present]).await? == present);
    for (token, before) in tokens.iter().zip(let_in) {
        let after = works(&hub, token).await?;
        ensure!(
            after == before,
            "a session let in: {before}, after the restart: {after}"
        );
    }
    eventually("the hub is in order", SOON, async || {
        let seen = administrator.get("/readyz").await?;
        Ok((seen["status"] == "ready").then_some(()))
    })
    .await
}
