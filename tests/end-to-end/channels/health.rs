//! How a channel fares, and pausing it.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use linecard_tests::{Board, Events, Refusal, SOON, eventually};
use reqwest::Method;
use serde_json::{Value, json};

use super::{BINARY, answer, has_metric, private, said, state, taken};

/// Reads on until the board's health is in a state.
async fn news(events: &mut Events, state: &str) -> Result<Value> {
    loop {
        let event = events.wait_for("channel-health-changed", SOON).await?;
        if event.pointer("/data/health/state") == Some(&json!(state)) {
            return Ok(event);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_expired_token_is_noticed_before_a_customers_message_suffers() -> Result<()> {
    let board = Board::start(BINARY, &[("board", "probe_every_seconds = 1")], 1, 1).await?;
    let mut events = board.admin.events(Some(0)).await?;
    news(&mut events, "connected").await?;
    let (agent, ids) = taken(&board, "board", &["ada"]).await?;

    board.refuse_token(true);
    let told = news(&mut events, "credentials-refused").await?;
    ensure!(told.pointer("/data/channel") == Some(&json!("board")));
    let health = board.health("board", "credentials-refused").await?;
    ensure!(
        health["remedy"].is_string() && health["since"].is_string(),
        "{health}"
    );
    let line = r#"linecard_channel_state{channel="board",state="credentials-refused"} 1"#;
    ensure!(has_metric(&board, line).await?);
    // What is answered meanwhile waits, and goes out by itself once the token works again.
    let message = answer(&agent, &ids[0], "patience").await?;
    tokio::time::sleep(Duration::from_millis(500)).await;
    ensure!(state(&agent, &ids[0], &message).await? == "accepted");
    ensure!(board.channel("board").await?["health"]["outbox_depth"] == 1);
    board.refuse_token(false);
    news(&mut events, "connected").await?;
    ensure!(said(&board.acted(1).await?) == ["patience"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_tell_when_what_came_and_went_and_outlive_a_restart() -> Result<()> {
    let mut board = Board::start(BINARY, &[("board", "")], 1, 1).await?;
    let agent = board.agent("agent-1").await?;
    agent.go_ready().await?;
    let mut event = private(&board, "ada", "m1");
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH)?;
    event["time"] = json!(now.as_secs() - 30);
    board.deliver("board", &[event]).await?;
    let interaction = agent.accept_next().await?;
    let id = interaction["id"].as_str().context("an id")?;
    answer(&agent, id, "hello").await?;
    board.acted(1).await?;
    let health = eventually("the figures", SOON, async || {
        let health = board.channel("board").await?["health"].take();
        let complete = health["last_outbound_at"].is_string() && health["poll_age_ms"].is_u64();
        Ok(complete.then_some(health))
    })
    .await?;
    let lag = health["lag_ms"].as_u64().context("a lag")?;
    ensure!((29_000..60_000).contains(&lag), "{health}");
    ensure!(health["last_inbound_at"].is_string(), "{health}");
    ensure!(health["poll_age_ms"].as_u64() < Some(10_000), "{health}");
    ensure!(health["state"] == "connected", "{health}");
    ensure!(
        health["outbox_depth"] == 0 && health["dead_letters"] == 0,
        "{health}"
    );
    let metric = format!(r#"linecard_channel_lag_milliseconds{{channel="board"}} {lag}"#);
    ensure!(has_metric(&board, &metric).await?);

    board.hub.kill()?;
    board.hub.launch().await?;
    let again = board.channel("board").await?["health"].take();
    for name in ["lag_ms", "last_inbound_at", "last_outbound_at"] {
        ensure!(again[name] == health[name], "{name}: {again}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_channel_sends_and_polls_nothing_and_keeps_what_comes() -> Result<()> {
    let mut board = Board::start(BINARY, &[("board", "")], 1, 1).await?;
    let (agent, ids) = taken(&board, "board", &["ada"]).await?;
    let mut events = board.admin.events(None).await?;
    let refused = agent
        .ask(Method::POST, "/api/v1/channels/board/pause", &[], None)
        .await?;
    ensure!(refused.status == 403, "{refused:?}");
    let paused = board
        .admin
        .post("/api/v1/channels/board/pause", &json!({}))
        .await?;
    ensure!(paused["state"] == "paused", "{paused}");
    let told = news(&mut events, "paused").await?;
    let by = told.pointer("/data/health/detail").and_then(Value::as_str);
    ensure!(by.is_some_and(|by| by.contains("paused by")), "{told}");
    let seen = board.channel("board").await?;
    ensure!(seen["paused"] == true && seen["at_work"] == false, "{seen}");

    let message = answer(&agent, &ids[0], "later").await?;
    let event = private(&board, "bob", "m2");
    board.deliver("board", &[event]).await?;
    board.open(2, 2).await?;
    let polls = board.polls();
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    ensure!(board.polls() == polls, "it was polled");
    ensure!(state(&agent, &ids[0], &message).await? == "accepted");
    // It stays so over a restart, and whatever is applied.
    board.hub.kill()?;
    board.hub.launch().await?;
    board.apply_with("name = \"Test\"", "name = \"Other\"")?;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    ensure!(board.polls() == polls && board.actions().is_empty());
    ensure!(board.channel("board").await?["health"]["state"] == "paused");

    board
        .admin
        .post("/api/v1/channels/board/resume", &json!({}))
        .await?;
    ensure!(said(&board.acted(1).await?) == ["later"]);
    board.health("board", "connected").await?;
    eventually("polls", SOON, async || {
        Ok((board.polls() > polls).then_some(()))
    })
    .await?;
    let log = board.admin.all("/api/v1/audit", "after").await?;
    for action in ["channel.pause", "channel.resume"] {
        ensure!(
            log.iter().any(|e| e["action"] == action),
            "{action}: {log:?}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pause_of_the_configuration_is_ended_there() -> Result<()> {
    let board = Board::start(BINARY, &[("board", "paused = true")], 1, 1).await?;
    let event = private(&board, "ada", "m1");
    board.deliver("board", &[event]).await?;
    board.open(1, 1).await?;
    board.health("board", "paused").await?;
    let resume = "/api/v1/channels/board/resume";
    let seen = board.admin.ask(Method::POST, resume, &[], None).await?;
    ensure!(seen.status == 409, "{seen:?}");
    ensure!(seen.body["type"] == "/problems/channel-paused", "{seen:?}");
    ensure!(board.polls() == 0);
    board.apply_with("paused = true", "paused = false")?;
    board.health("board", "connected").await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_channel_says_until_when_and_a_person_ends_it_sooner() -> Result<()> {
    let channels = [("board", ""), ("other", "")];
    let board = Board::start(BINARY, &channels, 1, 1).await?;
    let (agent, ids) = taken(&board, "board", &["ada"]).await?;
    let (_, others) = taken(&board, "other", &["bob"]).await?;
    board.refuse(Refusal {
        retry_after: Some(3_600),
        ..Refusal::once(429)
    });
    answer(&agent, &ids[0], "one").await?;
    let health = board.health("board", "throttled").await?;
    ensure!(health["until"].is_string(), "{health}");
    answer(&agent, &ids[0], "two").await?;
    // It holds up itself alone.
    answer(&agent, &others[0], "elsewhere").await?;
    ensure!(said(&board.acted(1).await?) == ["elsewhere"]);
    ensure!(board.channel("board").await?["health"]["outbox_depth"] == 2);
    board
        .admin
        .post("/api/v1/channels/board/resume", &json!({}))
        .await?;
    ensure!(said(&board.acted(3).await?) == ["elsewhere", "one", "two"]);
    Ok(())
}
