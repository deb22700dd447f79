//! What readers and the committer share.

use std::collections::HashMap;
use std::fs::File;
use std::sync::{OnceLock, RwLock};

use linecard_model::SiteId;
use linecard_model::event::{Record, Seq};
use serde::de::DeserializeOwned;

use super::keys::{self, Family};
use super::values::{self, Head};
use linecard_store::{Result, StoreError};

/// How often a value in pieces is read again when a writer replaced it meanwhile.
const REREADS: usize = 16;

/// The store's own counters, written with every batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counters {
    /// The number of the last batch.
    pub(super) commit: u64,
    /// The number of the next inbox entry.
    pub(super) next_inbox: u64,
}

impl Default for Counters {
    fn default() -> Self {
        Self {
            commit: 0,
            next_inbox: 1,
        }
    }
}

impl Counters {
    pub(super) fn to_bytes(self) -> [u8; 17] {
        let mut bytes = [1; 17];
        bytes[1..9].copy_from_slice(&self.commit.to_be_bytes());
        bytes[9..].copy_from_slice(&self.next_inbox.to_be_bytes());
        bytes
    }

    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (&1, rest) = bytes.split_first()? else {
            return None;
        };
        let (commit, next_inbox) = rest.split_first_chunk::<8>()?;
        Some(Self {
            commit: u64::from_be_bytes(*commit),
            next_inbox: u64::from_be_bytes(next_inbox.try_into().ok()?),
        })
    }
}

/// Synchronizes the data file with the disk.
pub(super) type Synchronize = Box<dyn Fn(&File) -> std::io::Result<()> + Send + Sync>;

pub(super) struct Shared {
    db: sled::Db,
    /// The own handle to the data file: sled's flush is not an fsync on Linux.
    file: File,
    synchronize: Synchronize,
    fatal: OnceLock<String>,
    /// The last number of each site's journal that is on disk. Records beyond it are not shown: a
    /// reader would pass on what a power failure can still undo.
    durable: RwLock<HashMap<SiteId, Seq>>,
    /// Held until everything else is dropped.
    _lock: File,
}

impl Shared {
    pub(super) fn new(db: sled::Db, file: File, synchronize: Synchronize, lock: File) -> Self {
        Self {
            db,
            file,
            synchronize,
            fatal: OnceLock::new(),
            durable: RwLock::new(HashMap::new()),
            _lock: lock,
        }
    }

    pub(super) fn db(&self) -> &sled::Db {
        &self.db
    }

    pub(super) fn fatal(&self) -> Option<String> {
        self.fatal.get().cloned()
    }

    pub(super) fn set_fatal(&self, detail: String) {
        // The first reason is the one that matters.
        let _ = self.fatal.set(detail);
    }

    /// The error for a write after a fatal one.
    pub(super) fn refusal(&self) -> StoreError {
        StoreError::Fatal {
            detail: self.fatal().unwrap_or_default(),
        }
    }

    pub(super) fn synchronize(&self) -> Result<()> {
        (self.synchronize)(&self.file).map_err(|error| StoreError::Fatal {
            detail: error.to_string(),
        })
    }

    /// The place in sled's log up to which it has written.
    pub(super) fn log_position(&self) -> i64 {
        self.db.context.pagecache.log.stable_offset()
    }

    pub(super) fn set_durable<'a>(&self, sites: impl Iterator<Item = (&'a SiteId, Seq)>) {
        let mut durable = self
            .durable
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        for (site, seq) in sites {
            match durable.get_mut(site) {
                Some(last) => *last = seq,
                None => {
                    durable.insert(site.clone(), seq);
                }
            }
        }
    }

    pub(super) fn durable(&self, site: &SiteId) -> Seq {
        self.durable
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .get(site)
            .copied()
            .unwrap_or(0)
    }

    /// The last event's number in a journal, whether on disk yet or not.
    pub(super) fn newest_seq(&self, site: &SiteId) -> Result<Seq> {
        let journal = &keys::family(site, Family::Journal);
        match self.db.scan_prefix(journal).next_back() {
            None => Ok(self.first_seq(site)? - 1),
            Some(entry) => {
                let (key, stored) = entry.map_err(|error| read_error(journal, &error))?;
                let record: Option<Record> = self.value(&key, &stored)?;
                Ok(record.map_or(0, |record| record.last_seq()))
            }
        }
    }

    /// The number of the oldest event that is kept.
    pub(super) fn first_seq(&self, site: &SiteId) -> Result<Seq> {
        let begin: Option<Seq> = self.get(&keys::journal_begin(site))?;
        Ok(begin.unwrap_or(1).max(1))
    }

    /// The sites that have data.
    pub(super) fn sites(&self) -> Result<Vec<SiteId>> {
        let mut sites = Vec::new();
        // A length of 0 marks what the store keeps for itself.
        let mut from = vec![1];
        while let Some(entry) = self.db.range(from..).next() {
            let (key, _) = entry.map_err(|error| read_error(b"", &error))?;
            let parts = keys::parse(&key).ok_or_else(|| {
                values::unreadable(&key, "it is not a key of this store".to_owned())
            })?;
            let next = keys::after_prefix(&keys::site_prefix(&parts.site));
            sites.push(parts.site);
            match next {
                Some(next) => from = next,
                None => break,
            }
        }
        Ok(sites)
    }

    pub(super) fn get<T: DeserializeOwned>(&self, key: &[u8]) -> Result<Option<T>> {
        match self.raw(key)? {
            Some(stored) => self.value(key, &stored),
            None => Ok(None),
        }
    }

    pub(super) fn raw(&self, key: &[u8]) -> Result<Option<sled::IVec>> {
        self.db.get(key).map_err(|error| read_error(key, &error))
    }

    /// What a stored value says; `None` if it is in pieces and was removed while they were read.
    pub(super) fn value<T: DeserializeOwned>(
        &self,
        key: &[u8],
        stored: &sled::IVec,
    ) -> Result<Option<T>> {
        match self.whole(key, stored)? {
            Some(whole) => values::decode(key, &whole).map(Some),
            None => Ok(None),
        }
    }

    /// A stored value with its pieces put together; `None` if it was removed meanwhile.
    pub(super) fn whole(&self, key: &[u8], stored: &sled::IVec) -> Result<Option<sled::IVec>> {
        let mut stored = stored.clone();
        let mut rereads = 0;
        while let Some(head) = Head::of(&stored) {
            match head.join(key, |piece| self.raw(piece)) {
                Ok(whole) => return Ok(Some(whole.into())),
                Err(error) if rereads == REREADS => return Err(error),
                // A writer may have replaced it between two of these reads.
                Err(_) => match self.raw(key)? {
                    Some(now) => stored = now,
                    None => return Ok(None),
                },
            }
            rereads += 1;
        }
        Ok(Some(stored))
    }

    /// The values whose keys begin with a prefix, within bounds after it, in order.
    pub(super) fn scan<T: DeserializeOwned>(
        &self,
        range: impl std::ops::RangeBounds<Vec<u8>>,
        newest_first: bool,
        limit: usize,
    ) -> Result<Vec<(sled::IVec, T)>> {
        let range = (range.start_bound().cloned(), range.end_bound().cloned());
        let mut entries = self.db.range::<Vec<u8>, _>(range);
        let mut found = Vec::new();
        while found.len() < limit {
            let entry = if newest_first {
                entries.next_back()
            } else {
                entries.next()
            };
            let Some(entry) = entry else { break };
            let (key, stored) = entry.map_err(|error| read_error(b"", &error))?;
            if let Some(value) = self.value(&key, &stored)? {
                found.push((key, value));
            }
        }
        Ok(found)
    }
}

/// The error of a read that the storage engine refused.
pub(super) fn read_error(key: &[u8], error: &sled::Error) -> StoreError {
    StoreError::Value {
        key: keys::show(key),
        detail: error.to_string(),
    }
}
