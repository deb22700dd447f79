//! Compiled code, kept between starts.
//!
//! Compiled code is machine code that runs without further checks, so only what this host wrote
//! itself is ever loaded: each entry ends with an HMAC over its content, its source's hash and the
//! engine's configuration, under a key from the data folder. An entry that does not match is
//! compiled anew.
//!
//! Code is run from where it lies on the disk: only the pages that calls come by are in memory, and the
//! system can take them back. What is verified is what is run: both are done with one open file, which
//! this host never writes into again (a new entry takes the place of the old one by its name). Nobody
//! else can: the folder is open to the hub's own user alone, who can read the key as well.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::error::SandboxError;
use crate::limits::Limits;
use crate::sandbox::CacheKey;

const MAC_LENGTH: usize = 32;
/// The kind of entries that are compiled code; the kinds are the ends of the files' names.
const CODE: &str = "code";
/// How much of an entry is read at a time to verify it.
const CHUNK: usize = 64 << 10;
/// An entry that is younger may still be written.
const WRITING: Duration = Duration::from_secs(3_600);

pub(crate) struct CodeCache {
    folder: PathBuf,
    key: CacheKey,
    /// The engine's version and configuration, and the machine it compiles for.
    engine: String,
    /// The kind of entries that say why a file cannot be compiled. It holds for this much memory alone:
    /// a file may want more.
    refused: String,
    writes: AtomicU64,
}

/// Feeds what the engine hashes into SHA-256, whose result is the same in every process.
struct Fingerprint(Sha256);

impl Hasher for Fingerprint {
    fn finish(&self) -> u64 {
        0 // Only the digest is used.
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }
}

impl CodeCache {
    pub(crate) fn open(
        folder: PathBuf,
        key: CacheKey,
        engine: &Engine,
        limits: &Limits,
    ) -> Result<Self, SandboxError> {
        make_private_folder(&folder).map_err(|source| SandboxError::Cache {
            folder: folder.display().to_string(),
            source,
        })?;
        let mut fingerprint = Fingerprint(Sha256::new());
        engine
            .precompile_compatibility_hash()
            .hash(&mut fingerprint);
        Ok(Self {
            folder,
            key,
            engine: hex(&fingerprint.0.finalize()),
            refused: format!("{}.refused", limits.memory_bytes),
            writes: AtomicU64::new(0),
        })
    }

    /// The compiled component, if it is kept and is this host's own.
    pub(crate) fn get(&self, engine: &Engine, file_hash: &str) -> Option<Component> {
        let file = File::open(self.file(file_hash, CODE)).ok()?;
        if !self.is_own(&file, file_hash, CODE).unwrap_or(false) {
            tracing::warn!(
                file_hash,
                "compiled code in the cache is damaged or not this host's own; compiling anew"
            );
            return None;
        }
        match deserialize(engine, &file) {
            Ok(component) => {
                // Its age says when it was of use last. On a disk that takes no writes it stays old.
                let _ = file.set_modified(SystemTime::now());
                Some(component)
            }
            Err(error) => {
                tracing::warn!(file_hash, error = %format!("{error:#}"), "compiled code cannot be used; compiling anew");
                None
            }
        }
    }

    /// Why a file could not be compiled when that was tried before.
    pub(crate) fn refusal(&self, file_hash: &str) -> Option<String> {
        let mut file = File::open(self.file(file_hash, &self.refused)).ok()?;
        // One that is damaged is not believed, and written anew.
        let is_own = self.is_own(&file, file_hash, &self.refused).ok()?;
        file.rewind().ok().filter(|()| is_own)?;
        let mut reason = Vec::new();
        file.read_to_end(&mut reason).ok()?;
        reason.truncate(reason.len().saturating_sub(MAC_LENGTH));
        String::from_utf8(reason).ok()
    }

    /// Keeps why a file cannot be compiled, so that it is not tried again at each start.
    pub(crate) fn refuse(&self, file_hash: &str, reason: &str) {
        let write = |mut file: &File| file.write_all(reason.as_bytes());
        if let Err(error) = self.write(file_hash, &self.refused, write) {
            tracing::warn!(file_hash, %error, "why a file was refused could not be kept");
        }
    }

    /// Keeps a compiled component. A failure costs time at the next start and nothing else.
    pub(crate) fn put(&self, file_hash: &str, component: &Component) {
        let result = component
            .serialize()
            .map_err(|error| error.to_string())
            .and_then(|code| {
                self.write(file_hash, CODE, |mut file| file.write_all(&code))
                    .map_err(|error| error.to_string())
            });
        if let Err(error) = result {
            tracing::warn!(file_hash, error, "compiled code could not be kept");
        }
    }

    /// Keeps the code that `write` writes into a file.
    pub(crate) fn put_from(
        &self,
        file_hash: &str,
        write: impl FnOnce(&File) -> io::Result<()>,
    ) -> io::Result<()> {
        self.write(file_hash, CODE, write)
    }

    /// Removes what was compiled from other files than these, or by another engine, least recently used
    /// first, until at most `spare` bytes of it are left. Gives how many entries went.
    pub(crate) fn tidy(&self, wanted: &BTreeSet<String>, spare: u64) -> io::Result<usize> {
        let mut idle = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            // One that is being written has no engine in its name; what was left half written is removed
            // like the rest.
            let is_wanted = name.split_once('-').is_some_and(|(hash, rest)| {
                wanted.contains(hash) && rest.starts_with(self.engine_mark())
            });
            // Somebody else may have removed it meanwhile.
            let Ok(facts) = entry.metadata() else {
                continue;
            };
            let modified = facts.modified().unwrap_or(SystemTime::UNIX_EPOCH);
            let is_young = modified.elapsed().is_ok_and(|age| age < WRITING);
            let is_written = name.ends_with(".new") && is_young;
            if facts.is_file() && !is_wanted && !is_written {
                idle.push((modified, facts.len(), entry.path()));
            }
        }
        idle.sort();
        let mut bytes: u64 = idle.iter().map(|(_, bytes, _)| bytes).sum();
        let mut removed = 0;
        for (_, size, path) in idle {
            if bytes <= spare {
                break;
            }
            // Code that runs goes on: the system keeps the file until nobody has it open.
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            bytes = bytes.saturating_sub(size);
            removed += 1;
        }
        Ok(removed)
    }

    fn engine_mark(&self) -> &str {
        self.engine.get(..16).unwrap_or(&self.engine)
    }

    fn write(
        &self,
        file_hash: &str,
        kind: &str,
        content: impl FnOnce(&File) -> io::Result<()>,
    ) -> io::Result<()> {
        let number = self.writes.fetch_add(1, Ordering::Relaxed);
        let temporary = self
            .folder
            .join(format!("{file_hash}.{}.{number}.new", std::process::id()));
        let written = (|| {
            let mut options = File::options();
            options.read(true).write(true).create(true).truncate(true);
            let mut file = options.open(&temporary)?;
            content(&file)?;
            let length = file.metadata()?.len();
            let mac = self.mac(file_hash, kind, &file, length)?;
            file.seek(io::SeekFrom::Start(length))?;
            file.write_all(&mac.finalize().into_bytes())?;
            file.sync_all()?;
            // A reader sees the old entry or the whole new one.
            fs::rename(&temporary, self.file(file_hash, kind))
        })();
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    /// Whether an entry was written under this host's key.
    fn is_own(&self, mut file: &File, file_hash: &str, kind: &str) -> io::Result<bool> {
        let Some(length) = file.metadata()?.len().checked_sub(MAC_LENGTH as u64) else {
            return Ok(false);
        };
        let mac = self.mac(file_hash, kind, file, length)?;
        let mut written = [0; MAC_LENGTH];
        file.seek(io::SeekFrom::Start(length))?;
        file.read_exact(&mut written)?;
        Ok(mac.verify_slice(&written).is_ok())
    }

    fn file(&self, file_hash: &str, kind: &str) -> PathBuf {
        let engine = self.engine_mark();
        self.folder.join(format!("{file_hash}-{engine}.{kind}"))
    }

    /// The MAC of an entry whose content is so long.
    fn mac(
        &self,
        file_hash: &str,
        kind: &str,
        mut file: &File,
        length: u64,
    ) -> io::Result<Hmac<Sha256>> {
        // HMAC takes a key of any length, so this is always `Ok`.
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.bytes()).map_err(io::Error::other)?;
        mac.update(self.engine.as_bytes());
        mac.update(file_hash.as_bytes());
        // A reason is never taken for code.
        mac.update(kind.as_bytes());
        file.rewind()?;
        let mut content = file.take(length);
        let mut chunk = vec![0; CHUNK];
        loop {
            match content.read(&mut chunk) {
                Ok(0) if content.limit() > 0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(0) => return Ok(mac),
                Ok(read) => mac.update(chunk.get(..read).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

/// The component whose code begins an entry, mapped from there.
#[cfg(target_os = "linux")]
#[allow(unsafe_code)]
fn deserialize(engine: &Engine, file: &File) -> wasmtime::Result<Component> {
    use std::os::fd::AsRawFd as _;
    // The open file itself, whatever has its name by now.
    let same = format!("/proc/self/fd/{}", file.as_raw_fd());
    // SAFETY: the file's content is what `Component::serialize` gave to this host under the same engine
    // configuration: the caller has verified its HMAC under a key that only this host has. Nobody but
    // this host's user can write into it, and this host never does.
    unsafe { Component::deserialize_file(engine, same) }
}

/// The component whose code begins an entry, read from there.
#[cfg(not(target_os = "linux"))]
#[allow(unsafe_code)]
fn deserialize(engine: &Engine, mut file: &File) -> wasmtime::Result<Component> {
    let mut code = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut code)?;
    // SAFETY: as above; the caller has verified the HMAC.
    unsafe { Component::deserialize(engine, code) }
}

pub(crate) fn make_private_folder(folder: &Path) -> std::io::Result<()> {
    fs::create_dir_all(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
