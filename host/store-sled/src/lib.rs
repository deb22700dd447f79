//! The embedded default of the store: sled 0.34.7 behind one committer thread.
//!
//! # Use this when
//! one process keeps its data in a folder of its own. What is kept, and what a unit of work is, stands
//! in `linecard-store`; everything but the command line uses the store by its trait alone.
//!
//! Everything is in one tree, so that one batch is atomic over records and views. Three defects of
//! sled are worked around, each at the place that its comment names; the tests in `tests/defects.rs`
//! hold them there.

mod backup;
mod check;
mod committer;
mod keys;
mod log;
mod mark;
mod migrate;
mod open;
mod rebuild;
mod salvage;
mod shared;
mod sizes;
mod store;
mod transfer;
mod typed;
mod values;
mod write;

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use committer::{Answer, Submission, Work};
use shared::{Counters, Shared};

use linecard_store::{Result, StoreError};

pub use check::{Checked, Problem};
pub use open::SledOptions;
pub use rebuild::Rebuilt;
pub use salvage::salvage;
pub use sizes::Size;
pub use transfer::{Exported, TransferError};

/// The store in a folder, by sled.
///
/// One process has it open at a time. Dropping it waits for the writes that are under way.
pub struct SledStore {
    folder: PathBuf,
    /// The layout that the data has; an older one only if damaged data is to be saved.
    schema: u32,
    shared: Arc<Shared>,
    queue: Option<mpsc::Sender<Submission>>,
    committer: Option<std::thread::JoinHandle<()>>,
}

impl std::fmt::Debug for SledStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SledStore")
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

impl SledStore {
    async fn submit(&self, work: Work) -> Result<Answer> {
        let (reply, answer) = oneshot::channel();
        let queue = self.queue.as_ref().ok_or(StoreError::Closed)?;
        queue
            .send(Submission { work, reply })
            .await
            .map_err(|_| StoreError::Closed)?;
        // The committer answers everything that it takes; what was still queued when it closed is
        // dropped with the queue.
        answer.await.map_err(|_| StoreError::Closed)?
    }
}

impl SledStore {
    fn counters(&self) -> Result<Counters> {
        match self.shared.raw(keys::HEAD)? {
            None => Ok(Counters::default()),
            Some(stored) => Counters::from_bytes(&stored).ok_or_else(|| {
                values::unreadable(keys::HEAD, "its counters cannot be read".to_owned())
            }),
        }
    }
}

impl Drop for SledStore {
    fn drop(&mut self) {
        self.queue = None;
        if let Some(committer) = self.committer.take() {
            // A panic of the committer was reported by it, and nothing is left to be done here.
            let _ = committer.join();
        }
    }
}
