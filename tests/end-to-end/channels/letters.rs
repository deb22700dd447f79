//! What failed for good: seen, redelivered, deleted, and never doubled at the customer.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use linecard_tests::{Board, Refusal, SOON, Seen, eventually};
use reqwest::Method;
use serde_json::{Value, json};

use super::{BINARY, answer, private, said, state, taken};

const LETTERS: &str = "/api/v1/channels/board/dead-letters";

fn path(letter: &Value) -> String {
    format!("{LETTERS}/{}", letter["id"].as_str().unwrap_or_default())
}

async fn redeliver(board: &Board, letter: &Value, key: &str, confirm: bool) -> Result<Seen> {
    let path = format!("{}/redeliver", path(letter));
    let body = json!({ "confirm": confirm });
    let headers = [("idempotency-key", key)];
    board
        .admin
        .ask(Method::POST, &path, &headers, Some(&body))
        .await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_webhook_is_read_again_once_the_connector_can() -> Result<()> {
    let mut board = Board::start(BINARY, &[("board", "")], 1, 1).await?;
    let url = format!("{}/channels/board/webhook?token=hidden", board.hub.base());
    let events = [private(&board, "ada", "m1"), private(&board, "bob", "m2")];
    let body = json!({ "format": 2, "events": events });
    let http = linecard_tests::http()?;
    let deliver = async || {
        let request = http.post(&url).header("authorization", "Bearer hidden");
        anyhow::Ok(request.json(&body).send().await?.status())
    };
    // The network repeats itself, which changes nothing.
    for _ in 0..2 {
        ensure!(deliver().await? == 200);
    }
    board.dead_letters("board", 1).await?;
    board.hub.kill()?;
    board.hub.launch().await?;
    let letters = board.dead_letters("board", 1).await?;
    let letter = &letters[0];
    ensure!(letter["kind"] == "webhook", "{letter}");
    let reason = letter["reason"]["text"].as_str().unwrap_or_default();
    ensure!(reason.contains("format 2 is not known"), "{letter}");
    ensure!(board.channel("board").await?["health"]["dead_letters"] == 1);
    let agent = board.agent("agent-1").await?;
    let seen = agent.ask(Method::GET, LETTERS, &[], None).await?;
    ensure!(seen.status == 403, "{seen:?}");
    let shown = board.admin.get(&path(letter)).await?;
    let raw: Value = serde_json::from_str(shown["raw"].as_str().context("raw")?)?;
    ensure!(raw == body, "{shown}");

    let seen = redeliver(&board, letter, "a", false).await?;
    ensure!(seen.status == 422, "{seen:?}");
    ensure!(seen.body["type"] == "/problems/still-failing", "{seen:?}");
    board.dead_letters("board", 1).await?;
    board.apply_with("format = 1", "format = 2")?;
    let seen = redeliver(&board, letter, "b", false).await?;
    ensure!(seen.status == 202, "{seen:?}");
    board.open(2, 2).await?;
    board.dead_letters("board", 0).await?;
    // The same request has one effect, and another one finds nothing.
    let seen = redeliver(&board, letter, "b", false).await?;
    ensure!(seen.status == 202 && seen.headers.contains_key("idempotency-replayed"));
    let seen = redeliver(&board, letter, "c", false).await?;
    ensure!(seen.status == 404, "{seen:?}");
    // Nor does the network's own repetition.
    ensure!(deliver().await? == 200);
    tokio::time::sleep(Duration::from_millis(300)).await;
    board.open(2, 2).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_cannot_become_work_is_kept_and_can_try_again() -> Result<()> {
    let board = Board::start(BINARY, &[("board", "")], 0, 1).await?;
    let mut event = private(&board, "ada", "m1");
    for name in ["author", "with"] {
        event[name] = Value::Null;
    }
    event["hidden"] = json!(true);
    board.deliver("board", &[event.clone()]).await?;
    board.deliver("board", &[event]).await?;
    let letters = board.dead_letters("board", 1).await?;
    ensure!(letters[0]["kind"] == "event", "{letters:?}");
    ensure!(letters[0]["reason"]["code"] == "message-without-author");
    let shown = board.admin.get(&path(&letters[0])).await?;
    ensure!(shown["content"]["text"] == "text m1", "{shown}");
    // It goes through the preparation again, and fails again.
    let seen = redeliver(&board, &letters[0], "a", false).await?;
    ensure!(seen.status == 202, "{seen:?}");
    let again = eventually("the new letter", SOON, async || {
        let again = board.dead_letters("board", 1).await?;
        Ok((again[0]["id"] != letters[0]["id"]).then_some(again))
    })
    .await?;
    let deleted = board
        .admin
        .ask(Method::DELETE, &path(&again[0]), &[], None)
        .await?;
    ensure!(deleted.status == 204, "{deleted:?}");
    board.dead_letters("board", 0).await?;
    let log = board.admin.all("/api/v1/audit", "after").await?;
    for action in ["dead-letter.redeliver", "dead-letter.delete"] {
        ensure!(
            log.iter().any(|e| e["action"] == action),
            "{action}: {log:?}"
        );
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_answer_is_redelivered_and_one_of_unknown_outcome_only_on_purpose() -> Result<()>
{
    let board = Board::start(BINARY, &[("board", "")], 1, 1).await?;
    let (agent, ids) = taken(&board, "board", &["ada"]).await?;
    board.refuse(Refusal::once(400));
    let refused = answer(&agent, &ids[0], "one").await?;
    let letters = board.dead_letters("board", 1).await?;
    ensure!(letters[0]["id"] == refused.as_str(), "{letters:?}");
    ensure!(letters[0]["may_have_arrived"] == false, "{letters:?}");
    ensure!(letters[0]["interaction"] == ids[0].as_str(), "{letters:?}");
    let shown = board.admin.get(&path(&letters[0])).await?;
    ensure!(shown["content"]["text"] == "one", "{shown}");
    let seen = redeliver(&board, &letters[0], "a", false).await?;
    ensure!(seen.status == 202, "{seen:?}");
    ensure!(said(&board.acted(1).await?) == ["one"]);
    board.dead_letters("board", 0).await?;

    // The board breaks while it is asked: nobody knows.
    board.refuse(Refusal::once(500));
    let unknown = answer(&agent, &ids[0], "two").await?;
    let letters = board.dead_letters("board", 1).await?;
    ensure!(letters[0]["may_have_arrived"] == true, "{letters:?}");
    ensure!(state(&agent, &ids[0], &unknown).await? == "uncertain");
    let seen = redeliver(&board, &letters[0], "b", false).await?;
    ensure!(seen.status == 409, "{seen:?}");
    ensure!(
        seen.body["type"] == "/problems/confirmation-required",
        "{seen:?}"
    );
    tokio::time::sleep(Duration::from_millis(500)).await;
    ensure!(said(&board.actions()) == ["one"]);
    let seen = redeliver(&board, &letters[0], "c", true).await?;
    ensure!(seen.status == 202, "{seen:?}");
    ensure!(said(&board.acted(2).await?) == ["one", "two"]);
    eventually("the answer is sent", SOON, async || {
        let state = state(&agent, &ids[0], &unknown).await?;
        Ok((state == "sent").then_some(()))
    })
    .await?;

    // One that its agent sends again is nobody else's business any more; one that the board shows
    // as sent neither.
    board.refuse(Refusal::once(400));
    let third = answer(&agent, &ids[0], "three").await?;
    board.dead_letters("board", 1).await?;
    let resend = format!("/api/v1/interactions/{}/messages/{third}/resend", ids[0]);
    agent.post(&resend, &json!({})).await?;
    board.acted(3).await?;
    board.dead_letters("board", 0).await?;
    board.refuse(Refusal::once(500));
    let fourth = answer(&agent, &ids[0], "four").await?;
    board.dead_letters("board", 1).await?;
    let mut echo = private(&board, "ada", "own-4");
    echo["kind"] = json!("own");
    echo["client_ref"] = json!(fourth);
    echo["author"] = Value::Null;
    board.deliver("board", &[echo]).await?;
    board.dead_letters("board", 0).await?;
    ensure!(said(&board.actions()) == ["one", "two", "three"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_is_no_message_is_redelivered_too() -> Result<()> {
    let board = Board::start(BINARY, &[("board", "")], 1, 1).await?;
    board.comment("post", "m1", "ada", "").await?;
    let agent = board.agent("agent-1").await?;
    agent.go_ready().await?;
    let interaction = agent.accept_next().await?;
    let id = interaction["id"].as_str().context("an id")?;
    board.refuse(Refusal::once(400));
    let actions = format!("/api/v1/interactions/{id}/actions");
    let hide = json!({ "action": "hide", "message": agent.message(id, "m1").await? });
    let taken = agent.post(&actions, &hide).await?;
    let letters = board.dead_letters("board", 1).await?;
    ensure!(letters[0]["id"] == taken["id"], "{letters:?}");
    ensure!(letters[0]["action"] == "hide", "{letters:?}");
    let seen = redeliver(&board, &letters[0], "a", false).await?;
    ensure!(seen.status == 202, "{seen:?}");
    let done = board.acted(1).await?;
    ensure!(
        done[0]["kind"] == "hide" && done[0]["about"] == "m1",
        "{done:?}"
    );
    board.dead_letters("board", 0).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redelivery_goes_on_where_the_answer_had_come_to() -> Result<()> {
    let board = Board::start(BINARY, &[("board", "")], 1, 1).await?;
    let (agent, ids) = taken(&board, "board", &["ada"]).await?;
    // The second paragraph fails for the time being, and then for good.
    for status in [503, 400] {
        board.refuse(Refusal {
            text: Some("second".to_owned()),
            ..Refusal::once(status)
        });
    }
    let message = answer(&agent, &ids[0], "first\n\nsecond").await?;
    let letters = board.dead_letters("board", 1).await?;
    ensure!(state(&agent, &ids[0], &message).await? == "failed");
    ensure!(letters[0]["may_have_arrived"] == false, "{letters:?}");
    ensure!(said(&board.actions()) == ["first"]);
    let seen = redeliver(&board, &letters[0], "a", false).await?;
    ensure!(seen.status == 202, "{seen:?}");
    ensure!(said(&board.acted(2).await?) == ["first", "second"]);
    board.dead_letters("board", 0).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_network_fails_after_it_took_it_is_a_dead_letter_too() -> Result<()> {
    let board = Board::start(BINARY, &[("board", "")], 1, 1).await?;
    let (agent, ids) = taken(&board, "board", &["ada"]).await?;
    answer(&agent, &ids[0], "whole").await?;
    answer(&agent, &ids[0], "in\n\nparts").await?;
    board.acted(3).await?;
    for made in ["made-1", "made-3"] {
        let failed = json!({ "kind": "failed", "message": made, "with": "ada" });
        let event = board.event("dialogue-ada", failed);
        board.deliver("board", &[event]).await?;
    }
    // Of the one in parts another part may have arrived.
    let letters = board.dead_letters("board", 2).await?;
    for (letter, (name, may_have_arrived)) in
        letters.iter().zip([("parts", true), ("whole", false)])
    {
        ensure!(
            letter["may_have_arrived"] == may_have_arrived,
            "{name}: {letter}"
        );
        let seen = redeliver(&board, letter, name, false).await?;
        let expected = if may_have_arrived { 409 } else { 202 };
        ensure!(seen.status == expected, "{name}: {seen:?}");
    }
    ensure!(said(&board.acted(4).await?) == ["whole", "in", "parts", "whole"]);
    board.dead_letters("board", 1).await?;
    Ok(())
}
