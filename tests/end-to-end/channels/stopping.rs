//! A connector that stops while it fetches: what else is on the page comes all the same.

use anyhow::{Result, ensure};
use linecard_tests::{Board, SOON, comment, eventually, texts};
use serde_json::json;

use super::BINARY;

#[tokio::test(flavor = "multi_thread")]
async fn one_update_on_which_a_connector_stops_holds_up_no_other() -> Result<()> {
    let board = Board::start(BINARY, &[("board", "")], 0, 1).await?;
    let bomb = board.event("post", json!({ "kind": "bomb" }));
    let events = [
        board.event("post", comment("m1", Some("pia"), "")),
        bomb,
        board.event("post", comment("m2", Some("ugo"), "m1")),
    ];
    // The board gives the same page as long as it is not taken.
    let page = json!({ "events": events, "next_in_ms": 500 });
    board.pages(std::iter::repeat_n(page, 4));
    let open = board.open(1, 2).await?;
    let messages = board.messages(&open[0]["id"]).await?;
    ensure!(texts(&messages) == ["m1", "m2"], "{messages:?}");
    board.health("board", "connected").await?;
    let log = board.hub.log();
    ensure!(log.contains("a bomb on the board"), "{log}");
    ensure!(
        log.contains("a connector stopped while it fetched"),
        "{log}"
    );
    ensure!(log.contains("is kept unread from now on"), "{log}");
    // And the next page is read as ever.
    let next = board.event("post", comment("m3", Some("ugo"), "m1"));
    board.pages([json!({ "events": [next], "next_in_ms": 500 })]);
    board.open(1, 3).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_whose_connector_gets_no_further_says_so() -> Result<()> {
    let board = Board::start(BINARY, &[("board", "")], 0, 1).await?;
    // Each time something else, so that no part can be left out.
    let pages: Vec<_> = (0..6)
        .map(|_| json!({ "events": [board.event("post", json!({ "kind": "bomb" }))], "next_in_ms": 500 }))
        .collect();
    board.pages(pages);
    let told = eventually("that it gets no further", SOON, async || {
        let health = board.channel("board").await?["health"].take();
        let detail = health["detail"].as_str().unwrap_or_default();
        Ok(
            (detail.contains("times in a row") && detail.contains("a bomb on the board"))
                .then_some(health),
        )
    })
    .await?;
    ensure!(told["state"] == "transient-fault", "{told}");
    ensure!(
        told["remedy"]
            .as_str()
            .is_some_and(|r| r.contains("plug-in")),
        "{told}"
    );
    Ok(())
}
