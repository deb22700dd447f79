//! The views again, from the journal and the content; and everything again, without what is gone.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;
use std::sync::Arc;

use linecard_model::SiteId;
use linecard_model::event::Event;

use super::keys::{self, Family};
use super::values::Write;
use super::{SledOptions, SledStore, TransferError, typed};
use linecard_store::content::joined;
use linecard_store::{Result, Store, StoreError, UnitOfWork};

/// How many records are projected and written at a time.
const STEP: usize = 500;

/// What a rebuild did.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rebuilt {
    /// How many records were projected.
    pub records: u64,
    /// The keys, for people, at which the rebuilt views differ from the ones that were there.
    pub differences: Vec<String>,
}

impl SledStore {
    /// Writes a store into another folder, which must be empty: journal, inbox and what else is not
    /// a view as they are, and the views anew from the journal. The router's snapshot is left out: the
    /// site reads its journal again at its next start. Then compares the views of both.
    /// This store stays as it is; to replace it, let the folders change places.
    pub async fn rebuild(&self, into: impl AsRef<Path>) -> Result<Rebuilt, TransferError> {
        let fresh = Arc::new(SledOptions::default().open(into)?);
        if !fresh.shared.sites()?.is_empty() {
            return Err(TransferError::NotEmpty);
        }
        let mut rebuilt = Rebuilt::default();
        for site in self.shared.sites()? {
            // What came before the journal's beginning cannot come anew. The router's snapshot follows
            // from the journal as well, and may be what is wrong; it stands for a lost beginning.
            let is_whole = self.shared.first_seq(&site)? == 1;
            let comes_anew = |family: Family| {
                family == Family::Journal
                    || (is_whole && (family.is_view() || family == Family::Snapshot))
            };
            self.copy(&fresh, &site, |family| !comes_anew(family))
                .await?;
            rebuilt.records += self.project_again(&fresh, &site).await?;
            for family in Family::ALL.into_iter().filter(|family| family.is_view()) {
                self.compare(&fresh, &site, family, &mut rebuilt.differences)?;
            }
        }
        let next_inbox = self.counters()?.next_inbox;
        fresh.put_raw(Vec::new(), Some(next_inbox)).await?;
        fresh.close().await?;
        Ok(rebuilt)
    }

    /// Writes what is kept into another folder, which must be empty: nothing of what was removed or
    /// replaced is in its files. Gives the number of values.
    pub async fn compact(&self, into: impl AsRef<Path>) -> Result<u64, TransferError> {
        let fresh = SledOptions::default().open(into)?;
        if !fresh.shared.sites()?.is_empty() {
            return Err(TransferError::NotEmpty);
        }
        let mut values = 0;
        for site in self.shared.sites()? {
            values += self.copy(&fresh, &site, |_| true).await?;
        }
        let next_inbox = self.counters()?.next_inbox;
        fresh.put_raw(Vec::new(), Some(next_inbox)).await?;
        fresh.close().await?;
        Ok(values)
    }

    /// Copies the values of the families that are wanted.
    async fn copy(
        &self,
        fresh: &SledStore,
        site: &SiteId,
        wanted: impl Fn(Family) -> bool,
    ) -> Result<u64> {
        let mut copied = 0;
        for family in Family::ALL {
            // Pieces are cut anew.
            if family == Family::Piece || !wanted(family) {
                continue;
            }
            let mut writes = Vec::new();
            for entry in self.shared.db().scan_prefix(keys::family(site, family)) {
                let (key, stored) = entry.map_err(|error| {
                    super::shared::read_error(&keys::family(site, family), &error)
                })?;
                if let Some(whole) = self.shared.whole(&key, &stored)? {
                    writes.push(Write::Put(key.to_vec(), whole.to_vec()));
                    copied += 1;
                }
                if writes.len() == STEP {
                    fresh.put_raw(std::mem::take(&mut writes), None).await?;
                }
            }
            fresh.put_raw(writes, None).await?;
        }
        Ok(copied)
    }

    async fn project_again(&self, fresh: &Arc<SledStore>, site: &SiteId) -> Result<u64> {
        let epoch = fresh.own(site).await?;
        let first = self.shared.first_seq(site)?;
        let (mut after, mut count) = (first - 1, 0);
        let mut begun = HashSet::new();
        let mut written = HashSet::new();
        loop {
            let records = self.journal(site, after, STEP).await?;
            if records.is_empty() {
                return Ok(count);
            }
            let store: Arc<dyn Store> = Arc::clone(fresh) as Arc<dyn Store>;
            let mut unit = UnitOfWork::new(store, site.clone(), after + 1);
            for record in records {
                if record.first_seq != unit.next_seq() {
                    return Err(StoreError::SeqGap {
                        site: site.clone(),
                        expected: unit.next_seq(),
                        given: record.first_seq,
                    });
                }
                let record = joined(self, site, record).await?;
                let wanted = |event: &Event| match event {
                    _ if first == 1 => true,
                    Event::InteractionStarted(interaction) => {
                        begun.insert(interaction.id);
                        true
                    }
                    Event::MessageReceived(message) if message.interaction.is_none() => {
                        written.insert(message.id);
                        true
                    }
                    // What began before the journal does was copied as it is.
                    event => match (event.interaction(), event.message()) {
                        (Some(id), _) => begun.contains(&id),
                        (None, Some(message)) => written.contains(&message),
                        (None, None) => true,
                    },
                };
                unit.record_again(record, wanted).await?;
                count += 1;
            }
            after = unit.next_seq() - 1;
            fresh.append(site, epoch, unit.finish()).await?;
        }
    }

    fn compare(
        &self,
        fresh: &SledStore,
        site: &SiteId,
        family: Family,
        differences: &mut Vec<String>,
    ) -> Result<()> {
        let prefix = keys::family(site, family);
        let mut seen: BTreeMap<Vec<u8>, [Option<sled::IVec>; 2]> = BTreeMap::new();
        // Bounded by a page's worth of keys at a time: both are read in the order of their keys.
        let mut ours = self.shared.db().scan_prefix(&prefix).peekable();
        let mut theirs = fresh.shared.db().scan_prefix(&prefix).peekable();
        while ours.peek().is_some() || theirs.peek().is_some() {
            for (side, (store, entries)) in [(self, &mut ours), (fresh, &mut theirs)]
                .into_iter()
                .enumerate()
            {
                for entry in entries.take(STEP) {
                    let (key, stored) =
                        entry.map_err(|error| super::shared::read_error(&prefix, &error))?;
                    let whole = store.shared.whole(&key, &stored)?;
                    if let Some(pair) = seen.entry(key.to_vec()).or_default().get_mut(side) {
                        *pair = whole;
                    }
                }
            }
            seen.retain(|key, pair| match pair {
                [Some(ours), Some(theirs)] => !is_same(family, key, ours, theirs),
                _ => true,
            });
        }
        differences.extend(seen.keys().map(|key| keys::show(key)));
        Ok(())
    }
}

/// Whether two whole stored values say the same: one may be of an earlier form.
fn is_same(family: Family, key: &[u8], one: &[u8], other: &[u8]) -> bool {
    if one == other {
        return true;
    }
    match [one, other].map(|whole| typed::to_json(family, key, whole)) {
        [Some(Ok(one)), Some(Ok(other))] => one == other,
        _ => false,
    }
}
