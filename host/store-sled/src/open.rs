//! Opening a folder without hurting it.

use std::fs::{self, File, TryLockError};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;

use super::committer::Committer;
use super::keys;
use super::mark::{self, Mark};
use super::shared::{Counters, Shared, Synchronize};
use super::{SledStore, values};
use linecard_store::{Result, StoreError};

/// The newest schema version that this program writes and reads.
pub(super) const SCHEMA: u32 = 3;
/// Held for as long as a process has the folder open.
const LOCK: &str = "linecard.lock";
/// sled's data file.
pub(super) const DATA: &str = "db";
/// The file in which sled keeps its settings, and their checksum in the last four bytes.
const SETTINGS: &str = "conf";
/// How many submissions may wait before callers have to.
const QUEUE: usize = 4096;

/// How a folder is opened.
pub struct SledOptions {
    /// The bytes of pages that sled tries to keep in memory. It is no ceiling: the process can take
    /// about twice as much. Default 256 MiB.
    pub cache_capacity: u64,
    /// Opens a folder even if its log ends before what was confirmed. sled then cuts off what it
    /// cannot read, for good: only for the export of a copy. Default false.
    pub cut_off_damage: bool,
    synchronize: Synchronize,
}

impl std::fmt::Debug for SledOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SledOptions")
            .field("cache_capacity", &self.cache_capacity)
            .finish_non_exhaustive()
    }
}

impl Default for SledOptions {
    fn default() -> Self {
        Self {
            cache_capacity: 256 * 1024 * 1024,
            cut_off_damage: false,
            synchronize: Box::new(File::sync_data),
        }
    }
}

impl SledOptions {
    /// Replaces the call that synchronizes the data file, which is [`File::sync_data`]. For tests of
    /// what happens when the disk refuses, and for measurements.
    #[must_use]
    pub fn synchronize_with(
        mut self,
        synchronize: impl Fn(&File) -> io::Result<()> + Send + Sync + 'static,
    ) -> Self {
        self.synchronize = Box::new(synchronize);
        self
    }

    /// Opens the store in a folder, which is created if it is not there.
    ///
    /// # Errors
    /// [`StoreError::InUse`] if a process has it open, [`StoreError::Damaged`] if it cannot be read
    /// or ends before what was confirmed, [`StoreError::Schema`] if a newer program wrote it.
    pub fn open(self, folder: impl AsRef<Path>) -> Result<SledStore> {
        let folder = folder.as_ref();
        let name = folder.display().to_string();
        let refused = |error: io::Error| StoreError::Open {
            folder: name.clone(),
            detail: error.to_string(),
        };
        let damaged = |detail: String| StoreError::Damaged {
            folder: name.clone(),
            detail,
        };
        fs::create_dir_all(folder).map_err(refused)?;
        let lock = lock(folder, &name)?;
        let confirmed = mark::read(folder).filter(|_| !self.cut_off_damage);
        if let Some(confirmed) = confirmed {
            super::log::check(folder, confirmed.position).map_err(damaged)?;
        }
        remove_half_written_snapshots(folder).map_err(refused)?;
        remove_half_written_settings(folder).map_err(refused)?;
        let db = recover(folder, &name, self.cache_capacity)?;
        let file = File::options()
            .read(true)
            .write(true)
            .open(folder.join(DATA))
            .map_err(refused)?;
        let (schema, counters) = counters(&db, &name)?;
        if let Some(confirmed) = confirmed
            && counters.commit < confirmed.commit
        {
            return Err(damaged(format!(
                "the data ends at batch {}, but batch {} was confirmed",
                counters.commit, confirmed.commit
            )));
        }
        file.sync_all().map_err(refused)?;
        // sled never does.
        File::open(folder.join(SETTINGS))
            .and_then(|settings| settings.sync_all())
            .map_err(refused)?;
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(refused)?;

        let mark = Mark::open(folder).map_err(refused)?;
        let synchronize = and_still_there(self.synchronize, folder.join(DATA));
        let shared = Arc::new(Shared::new(db, file, synchronize, lock));
        // What is only saved from a damaged folder is taken out as it is.
        let schema = if schema < SCHEMA && !self.cut_off_damage {
            tracing::info!(
                folder = name,
                schema,
                to = SCHEMA,
                "the data is brought to a new layout"
            );
            super::migrate::run(&shared, schema)?;
            SCHEMA
        } else {
            schema
        };
        // Recovery and migration may have moved the end of the log.
        mark.set(counters.commit, shared.log_position())?;
        for site in shared.sites()? {
            let last = shared.newest_seq(&site)?;
            shared.set_durable(std::iter::once((&site, last)));
        }
        let (queue, submissions) = mpsc::channel(QUEUE);
        let committer = Committer::new(Arc::clone(&shared), mark, counters);
        let committer = std::thread::Builder::new()
            .name("store-committer".to_owned())
            .spawn(move || committer.run(submissions))
            .map_err(refused)?;
        Ok(SledStore {
            folder: folder.to_owned(),
            schema,
            shared,
            queue: Some(queue),
            committer: Some(committer),
        })
    }
}

impl SledStore {
    /// Opens the store in a folder, as [`SledOptions::open`] does by default.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self> {
        SledOptions::default().open(folder)
    }
}

/// Synchronizes a file, and makes sure that it is still the one that its path leads to: what is written to a
/// file that was deleted or replaced is gone with the process.
fn and_still_there(synchronize: Synchronize, path: PathBuf) -> Synchronize {
    Box::new(move |file| {
        synchronize(file)?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            let place = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
            let own = place(file.metadata()?);
            if fs::metadata(&path).map(place).ok() != Some(own) {
                return Err(io::Error::other(format!(
                    "the data file {} was deleted, moved or replaced while the hub ran; put the folder back, or restore it from a backup, before the next start",
                    path.display()
                )));
            }
        }
        Ok(())
    })
}

pub(super) fn lock(folder: &Path, name: &str) -> Result<File> {
    let refused = |error: io::Error| StoreError::Open {
        folder: name.to_owned(),
        detail: error.to_string(),
    };
    let lock = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(folder.join(LOCK))
        .map_err(refused)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse {
            folder: name.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(refused(error)),
    }
}

/// sled takes a snapshot file that a kill left half-written for the newest one and then refuses to
/// open. Without it, it takes the one before and the log.
fn remove_half_written_snapshots(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with("snap.") && name.ends_with(".generating") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// sled refuses to open with settings that a power cut left half-written, and it does not wait until they are on
/// the disk. They are the same in every folder: it writes them again if there are none.
fn remove_half_written_settings(folder: &Path) -> io::Result<()> {
    let path = folder.join(SETTINGS);
    let settings = match fs::read(&path) {
        Ok(settings) => settings,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let whole = settings
        .split_last_chunk::<4>()
        .is_some_and(|(text, sum)| crc32fast::hash(text).to_le_bytes() == *sum);
    if !whole {
        tracing::warn!(path = %path.display(), "half-written settings of the store are written again");
        fs::remove_file(path)?;
    }
    Ok(())
}

/// Opens sled, whose recovery can fail by a panic.
fn recover(folder: &Path, name: &str, cache_capacity: u64) -> Result<sled::Db> {
    let config = sled::Config::new()
        .path(folder)
        .cache_capacity(cache_capacity)
        // The committer flushes. A second flush at the same time can deadlock.
        .flush_every_ms(None);
    // After a close in the same process sled's threads may hold its lock for a moment. Ours is held
    // already, so no other process can be the reason.
    let mut patience = 200;
    loop {
        let opened = catch_unwind(AssertUnwindSafe(|| config.open()));
        let detail = match opened {
            Ok(Ok(db)) => return Ok(db),
            Ok(Err(sled::Error::Io(error))) if error.to_string().contains("acquire lock") => {
                if patience == 0 {
                    return Err(StoreError::InUse {
                        folder: name.to_owned(),
                    });
                }
                patience -= 1;
                std::thread::sleep(Duration::from_millis(10));
                continue;
            }
            Ok(Err(sled::Error::Io(error))) => {
                return Err(StoreError::Open {
                    folder: name.to_owned(),
                    detail: error.to_string(),
                });
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the storage engine's recovery failed".to_owned(),
        };
        return Err(StoreError::Damaged {
            folder: name.to_owned(),
            detail,
        });
    }
}

/// Reads the schema version and the counters; writes them into an empty store.
fn counters(db: &sled::Db, name: &str) -> Result<(u32, Counters)> {
    let damaged = |detail: String| StoreError::Damaged {
        folder: name.to_owned(),
        detail,
    };
    let read = |key: &[u8]| db.get(key).map_err(|error| damaged(error.to_string()));
    match read(keys::SCHEMA)? {
        None => {
            if !db.is_empty() {
                return Err(damaged("it holds data without a schema version".to_owned()));
            }
            let schema = values::encode(keys::SCHEMA, &SCHEMA)?;
            db.insert(keys::SCHEMA, schema)
                .and_then(|_| db.flush())
                .map_err(|error| damaged(error.to_string()))?;
            Ok((SCHEMA, Counters::default()))
        }
        Some(stored) => {
            let found: u32 = values::decode(keys::SCHEMA, &stored)?;
            if found > SCHEMA {
                return Err(StoreError::Schema {
                    folder: name.to_owned(),
                    found,
                    known: SCHEMA,
                });
            }
            let counters = match read(keys::HEAD)? {
                None => Counters::default(),
                Some(stored) => Counters::from_bytes(&stored)
                    .ok_or_else(|| damaged("its counters cannot be read".to_owned()))?,
            };
            Ok((found, counters))
        }
    }
}
