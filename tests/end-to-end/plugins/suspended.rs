//! A plug-in that stops again and again: what it says of itself, that it is left alone on that channel for a
//! while, and that it works again by itself.

use anyhow::{Context as _, Result, ensure};
use linecard_tests::{Board, SOON, comment, eventually, http};
use serde_json::{Value, json};

use super::BINARY;

/// Delivers one event to a channel; gives the status, and what the answer says.
async fn deliver(board: &Board, channel: &str, event: &Value) -> Result<(u16, Option<String>)> {
    let url = format!("{}/channels/{channel}/webhook", board.hub.base());
    let body = json!({ "events": [event] });
    let answer = http()?.post(url).json(&body).send().await?;
    let again = answer.headers().get("retry-after");
    let again = again.map(|value| value.to_str().map(str::to_owned));
    Ok((answer.status().as_u16(), again.transpose()?))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plug_in_that_stops_again_and_again_rests_on_that_channel_and_comes_back() -> Result<()> {
    let channels = [("board", ""), ("quiet", "")];
    let board = Board::start(BINARY, &channels, 0, 1).await?;
    let mut events = board.admin.events(None).await?;
    let bomb = || board.event("post", json!({ "kind": "bomb" }));
    for _ in 0..5 {
        let (status, _) = deliver(&board, "board", &bomb()).await?;
        ensure!(status == 500, "{status}");
    }

    // What stopped, where in its source, and in which call: in the API and in the log.
    let plugin = board.admin.get("/api/v1/plugins/board").await?;
    let failure = &plugin["last_failure"];
    ensure!(
        failure["call"] == "receive" && failure["channel"] == "board",
        "{failure}"
    );
    let fault = failure["fault"].as_str().context("fault")?;
    ensure!(fault.contains("a bomb on the board"), "{fault}");
    ensure!(fault.contains("lib.rs:"), "{fault}");
    let id = failure["call_id"].as_str().context("call_id")?;
    ensure!(id.len() == 12, "{id}");
    let counted = plugin["calls"].as_array().context("calls")?;
    let counted = counted
        .iter()
        .find(|c| c["call"] == "receive" && c["channel"] == "board");
    let counted = counted.context("receive on board")?;
    ensure!(
        counted["count"] == 5 && counted["failures"]["trap"] == 5,
        "{counted}"
    );
    ensure!(
        counted["p99_ms"].as_f64().is_some_and(|ms| ms > 0.0),
        "{counted}"
    );

    // It rests: the network is told to come again, the operator why.
    let late = board.event("post", comment("m1", Some("pia"), ""));
    let (status, again) = deliver(&board, "board", &late).await?;
    ensure!(status == 503 && again.is_some(), "{status} {again:?}");
    ensure!(
        plugin["suspended"][0]["channel"] == "board",
        "{}",
        plugin["suspended"]
    );
    let change = events.wait_for("plugin-changed", SOON).await?;
    let change = &change["data"];
    ensure!(change["state"] == "suspended", "{change}");
    ensure!(change["plugin"] == "board", "{change}");
    let details = change["details"].to_string();
    ensure!(
        details.contains("a bomb on the board") && details.contains(id),
        "{details}"
    );
    let health = board.health("board", "transient-fault").await?;
    let detail = health["detail"].as_str().context("detail")?;
    ensure!(detail.contains("a bomb on the board"), "{health}");
    let log = board.hub.log();
    ensure!(log.contains(id), "{log}");
    let metrics = http()?.get(format!("{}/metrics", board.hub.base()));
    let metrics = metrics.send().await?.text().await?;
    let line = r#"linecard_plugin_suspended{plugin="board",call="receive",channel="board"} 1"#;
    ensure!(metrics.contains(line), "{metrics}");
    let line = r#"linecard_plugin_failures_total{plugin="board",call="receive",channel="board",why="trap"} 5"#;
    ensure!(metrics.contains(line), "{metrics}");
    ensure!(
        metrics.contains("linecard_plugin_call_duration_seconds{"),
        "{metrics}"
    );

    // Another channel of the same plug-in has nothing to do with it.
    let other = board.event("other", comment("m2", Some("ugo"), ""));
    let (status, _) = deliver(&board, "quiet", &other).await?;
    ensure!(status == 200, "{status}");

    // The network comes again until it is taken; nothing is lost, and all is well without anybody.
    eventually("it is taken", SOON, async || {
        let (status, _) = deliver(&board, "board", &late).await?;
        Ok((status == 200).then_some(()))
    })
    .await?;
    let change = events.wait_for("plugin-changed", SOON).await?;
    let change = &change["data"];
    ensure!(change["state"] == "recovered", "{change}");
    board.health("board", "connected").await?;
    board.open(2, 2).await?;
    let plugin = board.admin.get("/api/v1/plugins/board").await?;
    ensure!(plugin.get("suspended").is_none(), "{plugin}");
    Ok(())
}
