//! The file handles that the system gives the process.

use tracing::{info, warn};

/// What the store, plug-ins, the log and calls to the networks need beside the connections.
const OTHERS: u64 = 256;

/// Takes as many file handles as the system allows, and gives how many connections there may be: as many
/// as wanted, if there are handles for them.
pub(super) fn connections(wanted: usize) -> usize {
    let limit = match rlimit::increase_nofile_limit(u64::MAX) {
        Ok(limit) => limit,
        Err(error) => {
            warn!(%error, "the limit of file handles cannot be raised");
            return wanted.min(512);
        }
    };
    let most = for_connections(limit);
    if most < wanted {
        info!(
            connections = most,
            handles = limit,
            "the system's limit of file handles allows fewer connections than are configured"
        );
    }
    wanted.min(most)
}

/// How many connections there are handles for.
pub(super) fn for_connections(limit: u64) -> usize {
    let most = usize::try_from(limit.saturating_sub(OTHERS)).unwrap_or(usize::MAX);
    most.max(64)
}
