//! Everything that could serve, and what does: the plug-ins that come with the program, the files in the
//! folder, the versions that are kept, and what people have decided about them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use futures::FutureExt as _;
use futures::future::join_all;
use linecard_model::PluginId;
use linecard_model::plugin::{PluginRecord, PluginTrust, RolledBack, Verdict, judge};
use linecard_sandbox::{LoadProblem, Plugin, Sandbox};

use super::folder::{Watch, files};
use super::kept::Kept;
use super::{Installed, Pending, PluginProblem, Plugins, Progress, Source};

/// A plug-in file is not larger than this: it is read into memory.
const LARGEST: u64 = 64 << 20;

/// What is known of the plug-ins beside their files, by id.
pub type Records = BTreeMap<PluginId, PluginRecord>;

/// Compiled code that no version needs is kept up to so many bytes, for files that come back.
const SPARE_CODE: u64 = 128 << 20;
/// How long to wait before a file is tried again that nobody could tell to be good or bad, the first time;
/// twice as long each time, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(10);
const LONGEST_PAUSE: Duration = Duration::from_secs(10 * 60);

/// A file in the folder.
struct Found {
    loaded: Result<Plugin, String>,
    /// The plug-in that it was when it could last be used.
    was: Option<PluginId>,
    /// When it is tried again without being changed.
    again: Option<Again>,
}

/// A file that is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Again {
    at: Instant,
    /// After which pause.
    pause: Duration,
}

impl Again {
    /// The next try after one that failed now.
    fn after(before: Option<Self>, now: Instant) -> Self {
        let pause = before.map_or(FIRST_PAUSE, |before| (before.pause * 2).min(LONGEST_PAUSE));
        Self {
            at: now + pause,
            pause,
        }
    }
}

/// Why a file is not used.
struct Unused {
    reason: String,
    /// Whether another try may succeed though the file stays the same.
    is_passing: bool,
}

/// A file that was loaded, with its content.
pub(crate) struct Loaded {
    file: PathBuf,
    /// `None`: it is gone.
    result: Option<Result<(Plugin, Vec<u8>), Unused>>,
}

/// What loads files while others read and decide.
pub(crate) struct Loader(Sandbox);

impl Loader {
    /// Loads files that have changed, or notes that they are gone.
    pub async fn load(&self, files: Vec<PathBuf>) -> Vec<Loaded> {
        let mut all = Vec::new();
        for file in files {
            let result = if file.exists() {
                Some(load(&self.0, &file).await)
            } else {
                None
            };
            all.push(Loaded { file, result });
        }
        all
    }
}

/// Everything that could serve.
pub struct Depot {
    sandbox: Sandbox,
    bundled: BTreeMap<PluginId, Plugin>,
    problems: Vec<PluginProblem>,
    folder: Option<PathBuf>,
    kept: Option<Kept>,
    files: BTreeMap<PathBuf, Found>,
    watch: Watch,
}

impl Depot {
    /// Loads the bundled plug-ins and every `*.wasm` file of a folder, which need not exist. Versions that
    /// have served are kept in the folder `kept`, if there is one.
    ///
    /// Code that was not compiled before takes seconds: `progress` counts along.
    pub async fn open(
        sandbox: &Sandbox,
        bundled: &[(&str, &[u8])],
        folder: Option<&Path>,
        kept: Option<&Path>,
        progress: &Progress,
    ) -> Self {
        let mut depot = Self {
            sandbox: sandbox.clone(),
            bundled: BTreeMap::new(),
            problems: Vec::new(),
            folder: folder.map(Path::to_owned),
            kept: kept.map(Kept::new),
            files: BTreeMap::new(),
            watch: Watch::default(),
        };
        let found = match folder.map(files) {
            None => Vec::new(),
            Some(Ok(found)) => found,
            Some(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => Vec::new(),
            Some(Err(error)) => {
                let file = folder.map(|folder| folder.display().to_string());
                depot.problems.push(PluginProblem {
                    file: file.unwrap_or_default(),
                    reason: format!("the folder cannot be read: {error}"),
                });
                Vec::new()
            }
        };
        progress
            .all
            .store(bundled.len() + found.len(), Ordering::Relaxed);
        for file in &found {
            depot.watch.know(file);
        }
        let of_program = bundled.iter().map(|(name, component)| {
            let loading = sandbox.load(component, name);
            loading.inspect(|_| progress.one())
        });
        let of_folder = found.iter().map(|file| {
            let loading = load(sandbox, file);
            loading.inspect(|_| progress.one())
        });
        let (of_program, of_folder) = tokio::join!(join_all(of_program), join_all(of_folder));
        for result in of_program {
            match result {
                Ok(plugin) => {
                    depot.bundled.insert(plugin.id().clone(), plugin);
                }
                Err(error) => depot.problems.push(PluginProblem {
                    file: error.source_name.clone(),
                    reason: error.problem.to_string(),
                }),
            }
        }
        for (file, result) in found.into_iter().zip(of_folder) {
            let result = Some(result);
            depot.take_in(Loaded { file, result }).await;
        }
        depot
    }

    /// Looks into the folder. Gives the files that have changed there, and those that are tried again; they
    /// are to be given to [`Self::loader`] and taken in.
    pub(crate) fn look(&mut self) -> std::io::Result<Vec<PathBuf>> {
        let Some(folder) = &self.folder else {
            return Ok(Vec::new());
        };
        let mut changed = self.watch.look(folder)?;
        let now = Instant::now();
        let due = self.files.iter_mut().filter_map(|(file, found)| {
            let again = found.again.as_mut().filter(|again| again.at <= now)?;
            // Until it is known how this try ends.
            again.at = now + LONGEST_PAUSE;
            (!changed.contains(file)).then(|| file.clone())
        });
        let due: Vec<PathBuf> = due.collect();
        changed.extend(due);
        Ok(changed)
    }

    /// What loads files. Compiling takes seconds, and nobody who decides about plug-ins is to wait for it.
    pub(crate) fn loader(&self) -> Loader {
        Loader(self.sandbox.clone())
    }

    /// Takes in a file, and keeps what could be loaded. Whether what is known of it is another now.
    pub(crate) async fn take_in(&mut self, loaded: Loaded) -> bool {
        let Loaded { file, result } = loaded;
        let before = self.files.remove(&file);
        let Some(result) = result else {
            return before.is_some();
        };
        let found = match result {
            Ok((plugin, content)) => {
                if let Some(kept) = &self.kept {
                    keep(kept, &file, &plugin, content).await;
                }
                Found {
                    was: Some(plugin.id().clone()),
                    loaded: Ok(plugin),
                    again: None,
                }
            }
            Err(Unused { reason, is_passing }) => {
                let again = before.as_ref().and_then(|before| before.again);
                Found {
                    loaded: Err(reason),
                    was: before.as_ref().and_then(|before| before.was.clone()),
                    again: is_passing.then(|| Again::after(again, Instant::now())),
                }
            }
        };
        let reason = |found: &Found| found.loaded.as_ref().err().cloned();
        let is_new = found.loaded.is_ok() || before.as_ref().map(reason) != Some(reason(&found));
        self.files.insert(file, found);
        is_new
    }

    /// What serves, by what people have decided. `present` is what serves now: it goes on where a file
    /// cannot be used or may not.
    pub async fn compose(
        &self,
        records: &Records,
        trust: &PluginTrust,
        present: Option<&Plugins>,
    ) -> Plugins {
        let mut plugins = Plugins {
            problems: self.problems.clone(),
            ..Plugins::default()
        };
        for (id, plugin) in &self.bundled {
            let installed = Installed {
                plugin: plugin.clone(),
                source: Source::Bundled,
                approved: true,
            };
            plugins.by_id.insert(id.clone(), installed);
        }
        let none = PluginRecord::default();
        let mut taken: BTreeMap<PluginId, &Path> = BTreeMap::new();
        for (path, found) in &self.files {
            let id = match (&found.loaded, &found.was) {
                (Ok(plugin), _) => Some(plugin.id().clone()),
                (Err(_), Some(was)) => Some(was.clone()),
                (Err(_), None) => of_file(records, &name(path)),
            };
            if let (Some(other), Some(id)) = (id.as_ref().and_then(|id| taken.get(id)), &id) {
                let reason = match &found.loaded {
                    Ok(_) => format!(
                        "it is plug-in {id} as {} already is: remove one of them",
                        other.display()
                    ),
                    Err(reason) => reason.clone(),
                };
                plugins.problem(path, reason);
                continue;
            }
            let Some(id) = id else {
                let reason = found.loaded.as_ref().err().cloned();
                plugins.problem(path, reason.unwrap_or_default());
                continue;
            };
            taken.insert(id.clone(), path);
            let record = records.get(&id).unwrap_or(&none);
            let instead = match &found.loaded {
                Ok(plugin) => {
                    let of_program = self.bundled.get(&id).map(Plugin::wants);
                    let hash = plugin.file_hash();
                    match judge(trust, record, of_program.as_ref(), hash, &plugin.wants()) {
                        Verdict::Serves => {
                            let installed = Installed {
                                plugin: plugin.clone(),
                                source: Source::File(path.clone()),
                                approved: record.is_approved(hash),
                            };
                            plugins.by_id.insert(id, installed);
                            continue;
                        }
                        Verdict::Pending(asks) => {
                            plugins.pending.push(Pending {
                                plugin: plugin.clone(),
                                file: path.clone(),
                                asks,
                            });
                            None
                        }
                        Verdict::RolledBack(RolledBack { to, by, .. }) => {
                            plugins.problem(
                                path,
                                format!(
                                    "{by} has rolled it back: put another file in its place, or approve \
                                     this one ({hash})"
                                ),
                            );
                            Some(to)
                        }
                    }
                }
                Err(reason) => {
                    plugins.problem(path, reason.clone());
                    None
                }
            };
            let wanted = instead.as_deref();
            let may = |sha256: &str| may_go_on(trust, record, sha256);
            if let Some(installed) = self.before(&id, record, wanted, present, may).await {
                plugins.by_id.insert(id, installed);
            }
        }
        plugins
    }

    /// Everything that is installed, as if nothing had been decided about any of it.
    pub async fn everything(&self) -> Plugins {
        let trust = PluginTrust::default();
        let mut plugins = self.compose(&Records::new(), &trust, None).await;
        for Pending { plugin, file, .. } in std::mem::take(&mut plugins.pending) {
            let installed = Installed {
                source: Source::File(file),
                approved: false,
                plugin: plugin.clone(),
            };
            plugins.by_id.insert(plugin.id().clone(), installed);
        }
        plugins
    }

    /// What serves in the place of a file: a certain version, or what served last.
    async fn before(
        &self,
        id: &PluginId,
        record: &PluginRecord,
        wanted: Option<&str>,
        present: Option<&Plugins>,
        may: impl Fn(&str) -> bool,
    ) -> Option<Installed> {
        let served = record.versions.iter().rev();
        let served = served.map(|version| version.sha256.as_str());
        let serving = present.and_then(|present| present.get(id));
        let now = serving.map(|installed| installed.plugin.file_hash());
        let candidates: Vec<&str> = match wanted {
            Some(wanted) => vec![wanted],
            None => now.into_iter().chain(served).collect(),
        };
        for sha256 in candidates {
            if let Some(bundled) = self.bundled.get(id)
                && bundled.file_hash() == sha256
            {
                return Some(Installed {
                    plugin: bundled.clone(),
                    source: Source::Bundled,
                    approved: true,
                });
            }
            if !may(sha256) {
                continue;
            }
            if let Some(serving) = serving.filter(|s| s.plugin.file_hash() == sha256) {
                return Some(Installed {
                    plugin: serving.plugin.clone(),
                    source: Source::Kept,
                    approved: record.is_approved(sha256),
                });
            }
            let Some(kept) = self.kept.as_ref().filter(|kept| kept.has(sha256)) else {
                continue;
            };
            match kept.load(&self.sandbox, sha256).await {
                Ok(plugin) if plugin.id() == id => {
                    return Some(Installed {
                        plugin,
                        source: Source::Kept,
                        approved: record.is_approved(sha256),
                    });
                }
                Ok(_) => {}
                Err(error) => {
                    tracing::warn!(plugin = %id, sha256, error, "a version that is kept cannot be used");
                }
            }
        }
        None
    }

    /// Whether a version could serve again.
    pub(crate) fn has(&self, id: &PluginId, sha256: &str) -> bool {
        let is_bundled = self.bundled.get(id).map(Plugin::file_hash) == Some(sha256);
        is_bundled || self.kept.as_ref().is_some_and(|kept| kept.has(sha256))
    }

    /// The bundled plug-in of an id.
    pub(crate) fn bundled(&self, id: &PluginId) -> Option<&Plugin> {
        self.bundled.get(id)
    }

    /// Forgets the versions that nobody can go back to.
    pub(crate) fn tidy(&self, records: &Records) {
        let Some(kept) = &self.kept else { return };
        let served = records.values().flat_map(|record| {
            let versions = record.versions.iter().map(|v| v.sha256.clone());
            versions.chain(record.rolled_back.iter().map(|r| r.to.clone()))
        });
        let present = self.files.values().filter_map(|found| {
            let plugin = found.loaded.as_ref().ok()?;
            Some(plugin.file_hash().to_owned())
        });
        let mut wanted: BTreeSet<String> = served.chain(present).collect();
        if let Err(error) = kept.keep_only(&wanted) {
            tracing::warn!(%error, "versions of plug-ins that nobody needs cannot be removed");
        }
        let bundled = self.bundled.values();
        wanted.extend(bundled.map(|plugin| plugin.file_hash().to_owned()));
        match self.sandbox.tidy_cache(&wanted, SPARE_CODE) {
            Ok(0) => {}
            Ok(removed) => tracing::info!(removed, "compiled code that nobody needs was removed"),
            Err(error) => {
                tracing::warn!(%error, "compiled code that nobody needs cannot be removed");
            }
        }
    }
}

/// Whether a version that has served may go on to serve, though its file is another now.
fn may_go_on(trust: &PluginTrust, record: &PluginRecord, sha256: &str) -> bool {
    use linecard_model::plugin::TrustMode;
    let rolled_back = record.rolled_back.as_ref();
    if rolled_back.is_some_and(|rolled_back| rolled_back.from == sha256) {
        return false;
    }
    trust.trust == TrustMode::Any || trust.listed.contains(sha256) || record.is_approved(sha256)
}

fn name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// The plug-in that a file was when it last served.
fn of_file(records: &Records, name: &str) -> Option<PluginId> {
    let is_it = |record: &PluginRecord| {
        let last = record.versions.last();
        last.is_some_and(|version| version.file.as_deref() == Some(name))
    };
    let mut all = records.iter();
    all.find(|(_, record)| is_it(record))
        .map(|(id, _)| id.clone())
}

/// Loads a file; gives its content as well.
async fn load(sandbox: &Sandbox, file: &Path) -> Result<(Plugin, Vec<u8>), Unused> {
    let final_reason = |reason: String| Unused {
        reason,
        is_passing: false,
    };
    let unreadable = |error: std::io::Error| Unused {
        reason: format!("it cannot be read: {error}"),
        is_passing: true,
    };
    let facts = tokio::fs::metadata(file).await.map_err(unreadable)?;
    if !facts.is_file() {
        let text = "it is no regular file: put the component itself, or a link to it, here";
        return Err(final_reason(text.to_owned()));
    }
    if facts.len() > LARGEST {
        return Err(final_reason(format!(
            "it has {} bytes, and a plug-in has at most {LARGEST}",
            facts.len()
        )));
    }
    let content = tokio::fs::read(file).await.map_err(unreadable)?;
    let loaded = sandbox.load(&content, &file.display().to_string()).await;
    match loaded {
        Ok(plugin) => Ok((plugin, content)),
        Err(error) => Err(Unused {
            // A compiler that was killed or hung says nothing of the file.
            is_passing: matches!(error.problem, LoadProblem::Compiler(_)),
            reason: error.problem.to_string(),
        }),
    }
}

/// Keeps a version that could be loaded.
async fn keep(kept: &Kept, file: &Path, plugin: &Plugin, content: Vec<u8>) {
    let (kept, sha256) = (kept.clone(), plugin.file_hash().to_owned());
    let keeping = tokio::task::spawn_blocking(move || kept.keep(&sha256, &content));
    if let Ok(Err(error)) = keeping.await {
        // It serves all the same; only the way back to it is missing.
        tracing::warn!(file = %file.display(), %error, "a version of a plug-in cannot be kept");
    }
}

#[cfg(test)]
mod tests {
    use linecard_sandbox::{CacheKey, Compiler, SandboxConfig};

    use super::*;

    #[test]
    fn a_file_is_tried_again_less_and_less_often() {
        let now = Instant::now();
        let mut again = Again::after(None, now);
        assert_eq!(again.at, now + FIRST_PAUSE);
        for _ in 0..20 {
            let before = again;
            again = Again::after(Some(before), now);
            assert!(again.pause > before.pause || again.pause == LONGEST_PAUSE);
        }
        assert_eq!(again.pause, LONGEST_PAUSE);
    }

    /// The smallest file that looks like a connector until it is compiled: it exports the contract's
    /// interface as an instance of nothing.
    fn looks_like_a_connector() -> Vec<u8> {
        let name = format!(
            "linecard:plugin/connector-api@{}",
            linecard_sandbox::CONTRACT
        );
        // A component with an instance of no exports, which it exports by that name.
        let mut file = b"\0asm\x0d\0\x01\0".to_vec();
        file.extend([5, 3, 1, 1, 0]);
        let mut export = vec![1, 0, u8::try_from(name.len()).unwrap()];
        export.extend(name.as_bytes());
        export.extend([5, 0, 0]);
        file.extend([11, u8::try_from(export.len()).unwrap()]);
        file.extend(export);
        file
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_file_whose_compiler_was_killed_is_tried_again_though_it_stays_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let plugins = folder.path().join("plugins");
        std::fs::create_dir(&plugins).unwrap();
        std::fs::write(plugins.join("a.wasm"), looks_like_a_connector()).unwrap();
        let dead = folder.path().join("dead");
        std::fs::write(&dead, "").unwrap();
        let script = format!(
            "cat >/dev/null; if [ -e {} ]; then kill -9 $$; fi; echo no such thing >&2; exit 65",
            dead.display()
        );
        let sandbox = Sandbox::new(SandboxConfig {
            cache_dir: Some(folder.path().join("cache")),
            cache_key: Some(CacheKey::new([1; 32])),
            compiler: Some(Compiler::new("/bin/sh", ["-c".to_owned(), script])),
            ..SandboxConfig::default()
        });
        let sandbox = sandbox.unwrap();
        let progress = Progress::default();
        let mut depot = Depot::open(&sandbox, &[], Some(&plugins), None, &progress).await;
        let reason = |depot: &Depot| {
            let found = depot.files.values().next().unwrap();
            found.loaded.as_ref().err().cloned().unwrap()
        };
        assert!(
            reason(&depot).contains("not compiled"),
            "{}",
            reason(&depot)
        );
        assert_eq!(depot.look().unwrap(), Vec::<PathBuf>::new());
        // Its time has come, and nothing is wrong with the compiler any more.
        std::fs::remove_file(&dead).unwrap();
        for found in depot.files.values_mut() {
            found.again.as_mut().unwrap().at = Instant::now();
        }
        let due = depot.look().unwrap();
        assert_eq!(due, [plugins.join("a.wasm")]);
        for loaded in depot.loader().load(due).await {
            assert!(depot.take_in(loaded).await);
        }
        assert!(
            reason(&depot).contains("no such thing"),
            "{}",
            reason(&depot)
        );
        // What was refused stays so until it changes.
        assert!(depot.files.values().all(|found| found.again.is_none()));
    }
}
