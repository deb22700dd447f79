//! What can go wrong.

use crate::Epoch;
use linecard_model::SiteId;
use linecard_model::event::Seq;

/// Why the store did not do something.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// Another owner has taken the site over.
    #[error(
        "site {site} is owned under epoch {newest}; this writer's epoch {given} is stale and it must stop"
    )]
    StaleEpoch {
        /// The site.
        site: SiteId,
        /// The writer's.
        given: Epoch,
        /// The newest.
        newest: Epoch,
    },
    /// The first record does not follow the journal's last.
    #[error("journal of site {site}: the next event is number {expected}, not {given}")]
    SeqGap {
        /// The site.
        site: SiteId,
        /// The number that follows.
        expected: Seq,
        /// The number that was given.
        given: Seq,
    },
    /// A record has no events, so that the next one would have its number.
    #[error("journal of site {site}: the record at number {seq} has no events")]
    EmptyRecord {
        /// The site.
        site: SiteId,
        /// The record's number.
        seq: Seq,
    },
    /// The data was written by a version that this one does not know.
    #[error(
        "{folder}: the data has schema version {found}, this program knows up to {known}; use a newer program"
    )]
    Schema {
        /// The data folder.
        folder: String,
        /// The version found.
        found: u32,
        /// The newest version known.
        known: u32,
    },
    /// The data folder cannot be used.
    #[error("{folder} cannot be opened ({detail}); the hub needs to read and write there")]
    Open {
        /// The data folder.
        folder: String,
        /// What the system said.
        detail: String,
    },
    /// Another process has the data open.
    #[error("{folder} is in use by another process; stop it, or choose another data folder")]
    InUse {
        /// The data folder.
        folder: String,
    },
    /// The data cannot be read.
    #[error(
        "{folder} is damaged ({detail}); nothing was changed. Restore a backup, or save what can be read with `linecard export --salvage --data {folder} FILE` and import it into an empty folder"
    )]
    Damaged {
        /// The data folder.
        folder: String,
        /// What was found.
        detail: String,
    },
    /// A value cannot be read back.
    #[error("the value at {key} cannot be read ({detail})")]
    Value {
        /// The key, for people.
        key: String,
        /// What was found.
        detail: String,
    },
    /// The disk refused. The store takes no more writes until the process is started again.
    #[error(
        "the disk refused a write ({detail}); no more work is taken, what was acknowledged is safe. Free space or repair the disk, then start again"
    )]
    Fatal {
        /// What the system said.
        detail: String,
    },
    /// A backup is being made already.
    #[error("a backup is being made already; wait until it has ended")]
    BackupRuns,
    /// Whoever wanted a backup takes no more of it.
    #[error("nobody takes the backup any more")]
    BackupUnwanted,
    /// More is written than the backup can follow.
    #[error(
        "the backup cannot keep up with what is written meanwhile; write it to a faster place, or at a quieter time"
    )]
    BackupTooSlow,
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
}
