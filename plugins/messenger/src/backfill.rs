//! Polling: the page's inbox is looked through for messages that no webhook brought.

use linecard_graph::Network;
use linecard_graph::inbox::{Inbox, PACE, Sweep};
use linecard_sdk::actions::Failure;
use linecard_sdk::connector::PollPage;
use linecard_sdk::time;

use crate::config::Config;

const MINUTE: u64 = 60_000;

/// One step of a sweep. A cursor that cannot be read starts anew: the host knows what it has.
pub fn poll(config: &Config, cursor: &[u8]) -> Result<PollPage, Failure> {
    let every = config.backfill_every_minutes.max(1).saturating_mul(MINUTE);
    if !config.backfill {
        return Ok(PollPage::new(Vec::new(), cursor, every));
    }
    let mut sweep = serde_json::from_slice::<Sweep>(cursor).unwrap_or_else(|_| {
        let back = config.backfill_first_hours.saturating_mul(60 * MINUTE);
        Sweep::since(time::now().saturating_sub(back))
    });
    let inbox = Inbox {
        api: config.api(),
        node: &config.page_id,
        account: &config.page_id,
        network: Network::Messenger,
    };
    let events = inbox.step(&mut sweep)?;
    let next_in_ms = if sweep.is_done() { every } else { PACE };
    // Numbers and one text always make JSON.
    let cursor = serde_json::to_vec(&sweep).unwrap_or_default();
    Ok(PollPage::new(events, cursor, next_in_ms))
}
