//! What the end-to-end tests stand on: the real binary as a process of its own ([`Hub`]), the
//! simulated networks ([`Networks`]), a board that the tests play themselves ([`Board`]), a client of
//! the public API ([`Client`]), the description of that API ([`Described`]), and the networks' own
//! descriptions of theirs ([`Specification`]).
//!
//! The tests themselves are built with the binary's package, so that they always run the binary of
//! the present source: see the `[[test]]` sections of `host/server/Cargo.toml`.

mod board;
mod client;
mod described;
mod hub;
mod networks;
mod specification;

pub use board::{Board, Refusal, board_component, comment, texts};
pub use client::{Client, Events, Seen, http, http_builder};
pub use described::{Described, Operation};
pub use hub::{Hub, give_compiled};
pub use networks::{Networks, SiteOptions};
pub use specification::{Request, Specification};

use std::time::{Duration, Instant};

use anyhow::{Result, bail};

/// Whether everything must run in full, and nothing may be skipped: so it is where every change is
/// checked.
pub fn in_full() -> bool {
    std::env::var_os("LINECARD_FULL").is_some()
}

/// How long a test waits for what takes a moment on a calm machine: long enough for one that does much else.
pub const SOON: Duration = Duration::from_secs(60);

/// Asks until there is an answer.
pub async fn eventually<T>(
    what: &str,
    within: Duration,
    mut question: impl AsyncFnMut() -> Result<Option<T>>,
) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(answer) = question().await? {
            return Ok(answer);
        }
        if start.elapsed() > within {
            bail!("{what}: not within {within:?}");
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
}
