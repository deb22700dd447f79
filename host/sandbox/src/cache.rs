//! Compiled code, kept between starts.
//!
//! Compiled code is machine code that runs without further checks, so only what this host wrote
//! itself is ever loaded: each entry carries an HMAC over its content, its source's hash and the
//! engine's configuration, under a key from the data folder. An entry that does not match is
//! compiled anew.

use std::fs;
use std::hash::{Hash, Hasher};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

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
        let entry = fs::read(self.file(file_hash, CODE)).ok()?;
        let (mac, code) = entry.split_at_checked(MAC_LENGTH)?;
        if self.mac(file_hash, CODE, code)?.verify_slice(mac).is_err() {
            tracing::warn!(
                file_hash,
                "compiled code in the cache is damaged or not this host's own; compiling anew"
            );
            return None;
        }
        match deserialize(engine, code) {
            Ok(component) => Some(component),
            Err(error) => {
                tracing::warn!(file_hash, %error, "compiled code cannot be used; compiling anew");
                None
            }
        }
    }

    /// Why a file could not be compiled when that was tried before.
    pub(crate) fn refusal(&self, file_hash: &str) -> Option<String> {
        let entry = fs::read(self.file(file_hash, &self.refused)).ok()?;
        let (mac, reason) = entry.split_at_checked(MAC_LENGTH)?;
        // One that is damaged is not believed, and written anew.
        self.mac(file_hash, &self.refused, reason)?
            .verify_slice(mac)
            .ok()?;
        String::from_utf8(reason.to_vec()).ok()
    }

    /// Keeps why a file cannot be compiled, so that it is not tried again at each start.
    pub(crate) fn refuse(&self, file_hash: &str, reason: &str) {
        if let Err(error) = self.write(file_hash, &self.refused, reason.as_bytes()) {
            tracing::warn!(file_hash, %error, "why a file was refused could not be kept");
        }
    }

    /// Keeps a compiled component. A failure costs time at the next start and nothing else.
    pub(crate) fn put(&self, file_hash: &str, component: &Component) {
        let result = component
            .serialize()
            .map_err(|error| error.to_string())
            .and_then(|code| {
                self.write(file_hash, CODE, &code)
                    .map_err(|error| error.to_string())
            });
        if let Err(error) = result {
            tracing::warn!(file_hash, error, "compiled code could not be kept");
        }
    }

    fn write(&self, file_hash: &str, kind: &str, content: &[u8]) -> std::io::Result<()> {
        let Some(mac) = self.mac(file_hash, kind, content) else {
            return Err(std::io::Error::other("the key cannot be used"));
        };
        let number = self.writes.fetch_add(1, Ordering::Relaxed);
        let temporary = self
            .folder
            .join(format!("{file_hash}.{}.{number}.new", std::process::id()));
        let written = (|| {
            let mut file = fs::File::create(&temporary)?;
            file.write_all(&mac.finalize().into_bytes())?;
            file.write_all(content)?;
            file.sync_all()?;
            // A reader sees the old entry or the whole new one.
            fs::rename(&temporary, self.file(file_hash, kind))
        })();
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    fn file(&self, file_hash: &str, kind: &str) -> PathBuf {
        let engine = self.engine.get(..16).unwrap_or(&self.engine);
        self.folder.join(format!("{file_hash}-{engine}.{kind}"))
    }

    fn mac(&self, file_hash: &str, kind: &str, content: &[u8]) -> Option<Hmac<Sha256>> {
        // HMAC takes a key of any length, so this is always `Some`.
        let mut mac = Hmac::<Sha256>::new_from_slice(self.key.bytes()).ok()?;
        mac.update(self.engine.as_bytes());
        mac.update(file_hash.as_bytes());
        // A reason is never taken for code.
        mac.update(kind.as_bytes());
        mac.update(content);
        Some(mac)
    }
}

#[allow(unsafe_code)]
fn deserialize(engine: &Engine, code: &[u8]) -> wasmtime::Result<Component> {
    // SAFETY: the bytes are what `Component::serialize` gave to this host under the same engine
    // configuration: the caller has verified their HMAC under a key that only this host has.
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
