//! A network's pace holds up whom it concerns, and nobody else.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use linecard_tests::{Board, Refusal, SOON, eventually};

use super::{BINARY, answer, said, taken};

#[tokio::test(flavor = "multi_thread")]
async fn a_throttled_customer_holds_up_the_own_thread_alone() -> Result<()> {
    let board = Board::start(BINARY, &[("board", "")], 1, 1).await?;
    let (agent, ids) = taken(&board, "board", &["ada", "bob"]).await?;
    board.health("board", "connected").await?;
    board.refuse(Refusal {
        to: Some("ada".to_owned()),
        retry_after: Some(4),
        ..Refusal::once(429)
    });
    let begun = Instant::now();
    for number in 1..=5 {
        answer(&agent, &ids[0], &format!("ada {number}")).await?;
    }
    for number in 1..=5 {
        answer(&agent, &ids[1], &format!("bob {number}")).await?;
    }
    let first = board.acted(5).await?;
    let took = begun.elapsed();
    ensure!(took < Duration::from_millis(3_500), "{took:?}");
    ensure!(
        said(&first) == ["bob 1", "bob 2", "bob 3", "bob 4", "bob 5"],
        "{first:?}"
    );
    // The channel as a whole works.
    ensure!(board.channel("board").await?["health"]["state"] == "connected");
    let all = board.acted(10).await?;
    ensure!(
        begun.elapsed() > Duration::from_secs(3),
        "the network's wait was not kept"
    );
    let rest = said(&all[5..]);
    ensure!(
        rest == ["ada 1", "ada 2", "ada 3", "ada 4", "ada 5"],
        "{rest:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operators_pace_is_kept_in_order_and_nothing_is_lost_in_a_crash() -> Result<()> {
    let mut board = Board::start(BINARY, &[("board", "actions_per_second = 4.0")], 1, 1).await?;
    let (agent, ids) = taken(&board, "board", &["ada", "bob"]).await?;
    let begun = Instant::now();
    for number in 1..=6 {
        for (id, name) in ids.iter().zip(["ada", "bob"]) {
            answer(&agent, id, &format!("{name} {number}")).await?;
        }
    }
    board.acted(4).await?;
    board.hub.kill()?;
    board.hub.launch().await?;
    // One that was under way when the process was killed is uncertain, and not repeated.
    let sent = eventually("the rest", SOON, async || {
        let left = board.channel("board").await?["health"]["outbox_depth"].take();
        Ok((left == 0).then(|| board.actions()))
    })
    .await?;
    let uncertain = board.channel("board").await?["health"]["dead_letters"].take();
    let uncertain = usize::try_from(uncertain.as_u64().unwrap_or_default())?;
    ensure!(
        sent.len() + uncertain >= 12,
        "{sent:?}, {uncertain} uncertain"
    );
    ensure!(
        sent.len() <= 12 && uncertain <= 2,
        "{sent:?}, {uncertain} uncertain"
    );
    ensure!(begun.elapsed() > Duration::from_millis(2_000), "too fast");
    for name in ["ada", "bob"] {
        let numbers: Vec<&str> = said(&sent)
            .into_iter()
            .filter(|text| text.starts_with(name))
            .collect();
        ensure!(numbers.is_sorted(), "{numbers:?}");
    }
    Ok(())
}
