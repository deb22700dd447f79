//! An export as of one moment, made while the store is written to.
//!
//! First everything is read in order, and the committer notes which keys it writes meanwhile. Those are
//! read again, in rounds that grow shorter. What is left at the end is read by the committer itself, between
//! two batches: then what was given, with each later line in the place of an earlier one for the same key,
//! is what the store held at that moment.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use linecard_store::{BackupSink, Result, StoreError};

use super::SledStore;
use super::committer::{Answer, Work};
use super::keys::{self, Family};
use super::shared::{Shared, read_error};
use super::transfer::{FORMAT, Line, hex, line_of};

/// How many keys may be left for the committer, for whose reading all writers wait.
const FEW: usize = 256;
/// After so many rounds the committer reads what is left, however much: writers are faster than the reader.
const ROUNDS: usize = 12;
/// How many keys may be noted. A reader who is so much slower than the writers has to begin anew.
const MOST: usize = 2_000_000;
/// A piece of the export is sent when it has so many bytes.
const PIECE: usize = 64 * 1024;

/// The keys that were written since they were last taken.
#[derive(Debug, Clone, Default)]
pub(super) struct Noted(Arc<Mutex<Keys>>);

#[derive(Debug, Default)]
struct Keys {
    written: HashSet<Vec<u8>>,
    overflown: bool,
}

impl Noted {
    /// Notes keys whose new values can be read.
    pub(super) fn note(&self, written: impl Iterator<Item = Vec<u8>>) {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.overflown {
            return;
        }
        keys.written.extend(written);
        if keys.written.len() > MOST {
            keys.overflown = true;
            keys.written = HashSet::new();
        }
    }

    /// Whether somebody still waits for what is noted.
    pub(super) fn is_wanted(&self) -> bool {
        Arc::strong_count(&self.0) > 1
    }

    /// Takes what was noted since the last time.
    fn take(&self) -> Result<HashSet<Vec<u8>>> {
        let mut keys = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.overflown {
            return Err(StoreError::BackupTooSlow);
        }
        Ok(std::mem::take(&mut keys.written))
    }
}

/// Lines that wait to be sent.
#[derive(Debug, Clone, Default)]
pub(super) struct Lines {
    bytes: Vec<u8>,
    values: u64,
}

impl Lines {
    fn push(&mut self, line: &Line) -> Result<()> {
        serde_json::to_writer(&mut self.bytes, line).map_err(|error| StoreError::Value {
            key: "export".to_owned(),
            detail: error.to_string(),
        })?;
        self.bytes.push(b'\n');
        if !matches!(line, Line::Header { .. } | Line::End { .. }) {
            self.values += 1;
        }
        Ok(())
    }

    /// Adds what stands at a key now: its value, or that there is none.
    fn add(&mut self, shared: &Shared, key: &[u8]) -> Result<()> {
        // What the store keeps for itself is in the header and the end.
        let Some(parts) = keys::parse(key).filter(|parts| parts.family != Family::Piece) else {
            return Ok(());
        };
        let whole = match shared.raw(key)? {
            Some(stored) => shared.whole(key, &stored)?,
            None => None,
        };
        let line = match whole {
            Some(whole) => line_of(key, &parts, &whole)?,
            None => Some(Line::Removed {
                family: char::from(parts.family as u8),
                key: hex(parts.rest),
                site: parts.site,
            }),
        };
        match line {
            Some(line) => self.push(&line),
            None => Ok(()),
        }
    }

    /// Adds what stands at the keys that are still noted. Only between two batches.
    pub(super) fn last(noted: &Noted, shared: &Shared) -> Result<Self> {
        let mut lines = Self::default();
        for key in noted.take()? {
            lines.add(shared, &key)?;
        }
        Ok(lines)
    }
}

/// Sends lines in larger pieces.
struct Sender {
    out: BackupSink,
    lines: Lines,
}

impl Sender {
    /// Sends what waits, if it is enough. Waits for a slow reader.
    fn send(&mut self, at_least: usize) -> Result<()> {
        if self.lines.bytes.len() < at_least.max(1) {
            return Ok(());
        }
        let bytes = std::mem::take(&mut self.lines.bytes);
        if (self.out)(bytes) {
            Ok(())
        } else {
            Err(StoreError::BackupUnwanted)
        }
    }

    /// Sends everything in order, and then what was written meanwhile until little is left.
    fn all(&mut self, shared: &Shared, noted: &Noted) -> Result<()> {
        for site in shared.sites()? {
            for family in Family::ALL {
                if family == Family::Piece {
                    continue;
                }
                let prefix = keys::family(&site, family);
                for entry in shared.db().scan_prefix(&prefix) {
                    let (key, stored) = entry.map_err(|error| read_error(&prefix, &error))?;
                    let parts = keys::parse(&key).ok_or_else(|| {
                        super::values::unreadable(&key, "it is not a key of this store".to_owned())
                    })?;
                    if let Some(whole) = shared.whole(&key, &stored)?
                        && let Some(line) = line_of(&key, &parts, &whole)?
                    {
                        self.lines.push(&line)?;
                        self.send(PIECE)?;
                    }
                }
            }
        }
        for _ in 0..ROUNDS {
            let written = noted.take()?;
            let is_little = written.len() <= FEW;
            for key in written {
                self.lines.add(shared, &key)?;
                self.send(PIECE)?;
            }
            if is_little {
                break;
            }
        }
        self.send(1)
    }
}

impl SledStore {
    /// Writes everything as lines of an export, as it is at one moment near the end, while writes go on.
    /// Gives how many lines tell of a value. An export without its last line is not whole.
    ///
    /// # Errors
    /// [`StoreError::BackupRuns`] if another one is being made, [`StoreError::BackupUnwanted`] if nobody
    /// receives it any more, [`StoreError::BackupTooSlow`] if it cannot keep up with the writers, and
    /// [`StoreError::Value`] for a value that cannot be read: a backup with gaps would be none.
    pub(super) async fn write_backup(&self, out: BackupSink) -> Result<u64> {
        let noted = Noted::default();
        self.submit(Work::Note(noted.clone())).await?;
        let shared = Arc::clone(&self.shared);
        let (version, next_inbox) = (self.schema, self.counters()?.next_inbox);
        let mut sender = Sender {
            out,
            lines: Lines::default(),
        };
        let (mut sender, noted) = apart(move || {
            sender.lines.push(&Line::Header {
                format: FORMAT.to_owned(),
                version,
                next_inbox,
            })?;
            sender.all(&shared, &noted)?;
            Ok((sender, noted))
        })
        .await?;
        let Answer::Noted { lines, next_inbox } = self.submit(Work::LastNoted(noted)).await? else {
            return Err(StoreError::Closed);
        };
        apart(move || {
            let values = sender.lines.values + lines.values;
            sender.lines = lines;
            sender.lines.push(&Line::End {
                values,
                next_inbox: Some(next_inbox),
            })?;
            sender.send(1)?;
            Ok(values)
        })
        .await
    }
}

/// Runs what may block where nothing else waits for it.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| {
        Err(StoreError::Value {
            key: "the backup".to_owned(),
            detail: error.to_string(),
        })
    })
}
