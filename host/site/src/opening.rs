//! Queues open and close with their hours, so that the clocks of service policies run and stand still.

use std::time::Duration;

use linecard_model::{QueueId, Timestamp};
use linecard_router::Command as RouterCommand;
use linecard_store::StoreError;

use super::run::Batch;

const A_DAY: Duration = Duration::from_secs(24 * 3_600);

/// Brings every queue to what its hours say now, and notes when that changes next.
pub(super) async fn follow(batch: &mut Batch<'_>) -> Result<(), StoreError> {
    let queues: Vec<QueueId> = batch.state.config.queues.keys().cloned().collect();
    let mut next: Option<Timestamp> = None;
    for queue in queues {
        let hours = batch.state.automatic.hours_of_queue(&queue);
        let standing = hours.map(|(_, hours)| hours.at(batch.at));
        let is_open = standing.as_ref().is_none_or(|standing| standing.open);
        // What does not change for as long as is looked ahead is looked at again tomorrow.
        let until = standing.map(|standing| standing.until.unwrap_or(batch.at + A_DAY));
        next = next.into_iter().chain(until).min();
        if batch.state.router.is_closed(&queue) == is_open {
            let command = RouterCommand::SetOpen {
                queue,
                open: is_open,
            };
            // A queue of the configuration is one of the router's.
            batch.route(command).await?.ok();
        }
    }
    batch.state.hours_change = next;
    Ok(())
}
