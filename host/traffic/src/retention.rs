//! What is kept for a time only is forgotten, in small steps beside the other work.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use linecard_model::Timestamp;
use linecard_model::site::SiteRetention;
use linecard_store::{Kept, Store, StoreError};
use tracing::{error, warn};

use linecard_site::SiteHandle;

/// How many values one step looks at.
const STEP: usize = 500;
/// Between two steps: a long list is gone through in the background.
const PAUSE: Duration = Duration::from_millis(50);
/// From the end of one round to the next.
const ROUND: Duration = Duration::from_secs(600);

/// How many values were forgotten since the start, by what they were.
#[derive(Debug, Clone, Default)]
pub struct Forgotten(Arc<Mutex<BTreeMap<&'static str, u64>>>);

impl Forgotten {
    /// How many, of each kind.
    pub fn counts(&self) -> BTreeMap<&'static str, u64> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn add(&self, kept: Kept, count: u64) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry(kept.name()).or_default() += count;
    }
}

/// The task that forgets.
pub struct Retention {
    /// The site's store.
    pub store: Arc<dyn Store>,
    /// The site, whose configuration says how old things may become.
    pub site: SiteHandle,
    /// Where it is counted.
    pub forgotten: Forgotten,
}

impl Retention {
    /// Works until the site ends.
    pub async fn run(self) {
        loop {
            let retention = self.site.query(|state| state.config().retention.clone());
            let Ok(retention) = retention.await else {
                return;
            };
            for kept in Kept::ALL {
                match self.forget(kept, &retention).await {
                    Ok(()) => {}
                    Err(fault @ StoreError::Fatal { .. }) => {
                        error!(error = %fault, "what is old cannot be forgotten");
                        self.site.supervisor().stop(fault.to_string());
                        return;
                    }
                    Err(StoreError::Closed) => return,
                    Err(fault) => {
                        warn!(error = %fault, what = kept.name(), "what is old is not forgotten");
                    }
                }
            }
            tokio::time::sleep(ROUND).await;
        }
    }

    async fn forget(&self, kept: Kept, retention: &SiteRetention) -> Result<(), StoreError> {
        let now = Timestamp::now();
        // Longer than time goes back is forever.
        let before = now
            .saturating_sub(age(kept, retention))
            .unwrap_or(Timestamp::MIN);
        let mut after = None;
        loop {
            let done = self
                .store
                .purge(self.site.id(), kept, before, after, STEP)
                .await?;
            self.forgotten.add(kept, done.removed);
            after = done.next;
            if after.is_none() {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// How old something may become.
fn age(kept: Kept, retention: &SiteRetention) -> Duration {
    const HOUR: u64 = 60 * 60;
    let days = |days: u32| u64::from(days) * 24 * HOUR;
    Duration::from_secs(match kept {
        Kept::Deduplication => days(retention.deduplication_days),
        Kept::Idempotency => days(retention.idempotency_days),
        Kept::Early => u64::from(retention.early_hours) * HOUR,
        Kept::Raw => days(retention.raw_days),
        Kept::DeadLetters => days(retention.dead_letter_days),
        Kept::Drafts => days(retention.draft_days),
        Kept::Journal => days(retention.journal_days),
    })
}
