//! The sandbox: one engine for all plug-ins.

use std::collections::BTreeSet;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::Semaphore;
use wasmtime::Engine;

use crate::cache::{CodeCache, make_private_folder};
use crate::compiler::Compiler;
use crate::engine::{Ticker, new_engine};
use crate::error::{LoadError, LoadProblem, SandboxError};
use crate::host::Linkers;
use crate::lanes::Places;
use crate::limits::Limits;
use crate::loader;
use crate::plugin::Plugin;
use crate::suspension::SuspensionConfig;

/// How a sandbox is set up.
#[derive(Debug, Clone, Default)]
pub struct SandboxConfig {
    /// What one call may use.
    pub limits: Limits,
    /// Where compiled code is kept, so that a start does not compile again. It is made with access
    /// for its owner only. `None`: nothing is kept.
    pub cache_dir: Option<PathBuf>,
    /// The key that marks compiled code as this host's own. Without it nothing is kept.
    pub cache_key: Option<CacheKey>,
    /// The program that compiles what is not kept yet. `None`, or if it cannot be started: this process
    /// does it.
    pub compiler: Option<Compiler>,
    /// When a plug-in is left alone on a channel on which it fails again and again. `None`: never.
    pub suspension: Option<SuspensionConfig>,
}

/// The key that marks compiled code as this host's own: compiled code is run without further checks,
/// so what was not written under this key is never loaded. Keep it with the data, readable by its
/// owner only.
#[derive(Clone)]
pub struct CacheKey(Arc<secrecy::SecretBox<[u8; 32]>>);

impl CacheKey {
    /// A key of 32 random bytes.
    pub fn new(bytes: [u8; 32]) -> Self {
        Self(Arc::new(secrecy::SecretBox::new(Box::new(bytes))))
    }

    /// The key that a file keeps, for its owner only; a new one if there is none that can be used,
    /// which only means that everything is compiled again. Its folder is made if it is missing, with
    /// access for its owner only.
    pub fn kept_in(file: &Path) -> std::io::Result<Self> {
        if let Ok(bytes) = std::fs::read(file)
            && let Ok(bytes) = <[u8; 32]>::try_from(bytes)
        {
            return Ok(Self::new(bytes));
        }
        if let Some(folder) = file.parent()
            && !folder.is_dir()
        {
            make_private_folder(folder)?;
        }
        let mut bytes = [0_u8; 32];
        getrandom::fill(&mut bytes).map_err(|error| std::io::Error::other(error.to_string()))?;
        // Whole or not at all: two processes may begin in one folder.
        let temporary = file.with_extension(format!("{}.new", std::process::id()));
        let written = private_file(&temporary)
            .and_then(|mut new| std::io::Write::write_all(&mut new, &bytes))
            .and_then(|()| std::fs::rename(&temporary, file));
        if written.is_err() {
            let _ = std::fs::remove_file(&temporary);
        }
        written.map(|()| Self::new(bytes))
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        use secrecy::ExposeSecret as _;
        self.0.expose_secret()
    }
}

/// A new file that only its owner may read.
fn private_file(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::File::options();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

impl std::fmt::Debug for CacheKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CacheKey([redacted])")
    }
}

/// Loads plug-ins. Cheap to clone; all clones share one engine.
#[derive(Clone)]
pub struct Sandbox {
    pub(crate) runtime: Arc<Runtime>,
}

/// What all plug-ins of a sandbox share.
pub(crate) struct Runtime {
    pub(crate) engine: Engine,
    pub(crate) linkers: Linkers,
    pub(crate) limits: Arc<Limits>,
    /// How many calls may run at once, which is how many the engine's pool has room for.
    pub(crate) places: Places,
    /// How many analyzers may be kept warm, beside the calls.
    pub(crate) warm: Arc<Semaphore>,
    pub(crate) cache: Option<CodeCache>,
    pub(crate) compiler: Option<Compiler>,
    pub(crate) suspension: Option<SuspensionConfig>,
    /// How many compilations may run at once.
    pub(crate) compiling: Semaphore,
    _ticker: Ticker,
}

impl Sandbox {
    /// Starts an engine.
    pub fn new(config: SandboxConfig) -> Result<Self, SandboxError> {
        let engine = new_engine(&config.limits)?;
        let cache = match (config.cache_dir, config.cache_key) {
            (Some(folder), Some(key)) => {
                Some(CodeCache::open(folder, key, &engine, &config.limits)?)
            }
            _ => None,
        };
        Ok(Self {
            runtime: Arc::new(Runtime {
                linkers: Linkers::new(&engine)?,
                places: Places::new(&config.limits),
                warm: Arc::new(Semaphore::new(config.limits.warm_analyzers as usize)),
                limits: Arc::new(config.limits),
                cache,
                compiler: config.compiler,
                suspension: config.suspension,
                compiling: Semaphore::new(
                    std::thread::available_parallelism().map_or(1, NonZero::get),
                ),
                _ticker: Ticker::start(&engine)?,
                engine,
            }),
        })
    }

    /// Loads a component: compiles it or takes it from the cache, checks what it imports, has it
    /// describe itself, and validates its manifest. `source_name` stands in errors and log lines.
    pub async fn load(&self, component: &[u8], source_name: &str) -> Result<Plugin, LoadError> {
        loader::load(&self.runtime, component.to_vec(), source_name)
            .await
            .map_err(|problem| LoadError {
                source_name: source_name.to_owned(),
                problem,
            })
    }

    /// Removes compiled code that none of these files (by their SHA-256) needs, least recently used first,
    /// until at most `spare` bytes of it are left. Gives how many entries went. It blocks.
    pub fn tidy_cache(&self, wanted: &BTreeSet<String>, spare: u64) -> std::io::Result<usize> {
        match &self.runtime.cache {
            Some(cache) => cache.tidy(wanted, spare),
            None => Ok(0),
        }
    }

    /// Loads a component from a regular file.
    pub async fn load_file(&self, file: &Path) -> Result<Plugin, LoadError> {
        let source_name = file.display().to_string();
        let read = async {
            // A pipe or a device may never come to an end.
            if !tokio::fs::metadata(file).await?.is_file() {
                return Err(LoadProblem::NotAFile);
            }
            Ok(tokio::fs::read(file).await?)
        };
        let problem = match read.await {
            Ok(component) => match loader::load(&self.runtime, component, &source_name).await {
                Ok(plugin) => return Ok(plugin),
                Err(problem) => problem,
            },
            Err(problem) => problem,
        };
        Err(LoadError {
            source_name,
            problem,
        })
    }
}
