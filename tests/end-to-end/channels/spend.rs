//! What a channel costs, and its budget.

use std::time::Duration;

use anyhow::{Result, ensure};
use linecard_tests::{Board, SOON, eventually};
use serde_json::{Value, json};

use super::{BINARY, answer, has_metric, said, taken};

/// A poll that finds nothing and costs something.
fn costly(millionths: u64) -> Value {
    json!({ "events": [], "next_in_ms": 500, "cost": millionths })
}

#[tokio::test(flavor = "multi_thread")]
async fn polling_pauses_when_the_budget_is_used_up_and_answers_still_go_out() -> Result<()> {
    let settings = "spend = { per_day = 1000000, per_month = 9000000 }";
    let mut board = Board::start(BINARY, &[("board", settings)], 1, 1).await?;
    let (agent, ids) = taken(&board, "board", &["ada"]).await?;
    board.pages((0..20).map(|_| costly(400_000)));
    let health = board.health("board", "budget-spent").await?;
    ensure!(health["spent"]["today"] == 1_200_000, "{health}");
    ensure!(health["spent"]["this_month"] == 1_200_000, "{health}");
    let until = health["until"].as_str().unwrap_or_default();
    ensure!(until.ends_with("T00:00:00.000Z"), "{health}");
    ensure!(
        health["remedy"].is_string() && health["detail"].is_string(),
        "{health}"
    );
    let polls = board.polls();

    // An answer costs too, goes out, and changes nothing about the state.
    board.charge(50_000);
    answer(&agent, &ids[0], "still here").await?;
    ensure!(said(&board.acted(1).await?) == ["still here"]);
    eventually("the charge", SOON, async || {
        let health = board.channel("board").await?["health"].take();
        ensure!(health["state"] == "budget-spent", "{health}");
        Ok((health["spent"]["today"] == 1_250_000).then_some(()))
    })
    .await?;

    // What was spent outlives the process.
    board.hub.kill()?;
    board.hub.launch().await?;
    tokio::time::sleep(Duration::from_millis(1_500)).await;
    ensure!(board.polls() == polls, "it was polled");
    let health = board.channel("board").await?["health"].take();
    ensure!(health["state"] == "budget-spent", "{health}");
    ensure!(health["spent"]["today"] == 1_250_000, "{health}");
    for line in [
        r#"linecard_channel_charged_today_millionths{channel="board"} 1250000"#,
        r#"linecard_channel_charged_millionths_total{channel="board"} 1250000"#,
    ] {
        ensure!(has_metric(&board, line).await?, "{line}");
    }
    // Only more budget lets it go on: a person's resume does not.
    board
        .admin
        .post("/api/v1/channels/board/resume", &json!({}))
        .await?;
    board.health("board", "budget-spent").await?;
    ensure!(board.polls() == polls, "it was polled");
    board.apply_with("per_day = 1000000", "per_day = 2000000")?;
    eventually("polls", SOON, async || {
        Ok((board.polls() > polls).then_some(()))
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_wait_too_if_the_budget_says_so() -> Result<()> {
    let settings = "spend = { per_month = 100, enforce_on_sends = true }";
    let board = Board::start(BINARY, &[("board", settings)], 1, 1).await?;
    let (agent, ids) = taken(&board, "board", &["ada"]).await?;
    board.charge(100);
    answer(&agent, &ids[0], "one").await?;
    board.acted(1).await?;
    board.health("board", "budget-spent").await?;
    answer(&agent, &ids[0], "two").await?;
    tokio::time::sleep(Duration::from_secs(1)).await;
    ensure!(said(&board.actions()) == ["one"]);
    ensure!(board.channel("board").await?["health"]["outbox_depth"] == 1);
    board.apply_with("per_month = 100", "per_month = 1000")?;
    ensure!(said(&board.acted(2).await?) == ["one", "two"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_budget_that_makes_no_sense_is_refused_by_its_place() -> Result<()> {
    let settings = "spend = { per_day = 10 }";
    let board = Board::start(BINARY, &[("board", settings)], 0, 1).await?;
    for (wrong, place) in [
        ("spend = { per_day = 0 }", "channels.board.spend.per_day"),
        (
            "spend = { per_day = 9, per_month = 8 }",
            "channels.board.spend.per_day",
        ),
        ("spend = {}", "channels.board.spend"),
        ("spend = { per_week = 9 }", "per_week"),
        (
            "probe_every_seconds = 0",
            "channels.board.probe_every_seconds",
        ),
    ] {
        let refused = board.apply_with(settings, wrong).err();
        let text = refused.map(|e| e.to_string()).unwrap_or_default();
        ensure!(text.contains(place), "{wrong}: {text}");
    }
    Ok(())
}
