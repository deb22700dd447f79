//! How far the disk had confirmed the log.
//!
//! sled repairs a damaged log by cutting it off at the first unreadable place and says nothing. The
//! mark tells how far the log reached, so that a log that ends before it is recognized as damaged
//! instead of silently losing what was acknowledged. It is written after each synchronization and not
//! synchronized itself: an older mark is only a weaker check.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use sha2::{Digest, Sha256};

use linecard_store::{Result, StoreError};

/// The file's name in the data folder.
pub(super) const NAME: &str = "linecard.mark";

/// What the mark says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Confirmed {
    /// The number of the last batch.
    pub(super) commit: u64,
    /// The position in the log up to which everything is on disk.
    pub(super) position: i64,
}

/// The mark's file.
#[derive(Debug)]
pub(super) struct Mark(File);

impl Mark {
    /// Opens or creates it.
    pub(super) fn open(folder: &Path) -> io::Result<Self> {
        File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(folder.join(NAME))
            .map(Self)
    }

    /// Says how far the disk has confirmed.
    pub(super) fn set(&self, commit: u64, position: i64) -> Result<()> {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&commit.to_be_bytes());
        bytes[8..16].copy_from_slice(&position.to_be_bytes());
        let sum = checksum(&bytes[..16]);
        bytes[16..].copy_from_slice(&sum);
        self.0
            .write_all_at(&bytes, 0)
            .map_err(|error| StoreError::Fatal {
                detail: format!("{NAME}: {error}"),
            })
    }
}

/// Reads the mark; `None` if there is none or it was written halfway.
pub(super) fn read(folder: &Path) -> Option<Confirmed> {
    let bytes = std::fs::read(folder.join(NAME)).ok()?;
    let bytes: [u8; 32] = bytes.try_into().ok()?;
    let (content, sum) = bytes.split_at(16);
    let (commit, position) = content.split_first_chunk::<8>()?;
    let position = position.first_chunk::<8>()?;
    (sum == checksum(content)).then_some(Confirmed {
        commit: u64::from_be_bytes(*commit),
        position: i64::from_be_bytes(*position),
    })
}

fn checksum(content: &[u8]) -> [u8; 16] {
    let mut sum = [0; 16];
    sum.copy_from_slice(&Sha256::digest(content)[..16]);
    sum
}
