//! Everything that could serve, and what does: the plug-ins that come with the program, the files in the
//! folder, the versions that are kept, and what people have decided about them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use futures::FutureExt as _;
use futures::future::join_all;
use linecard_model::PluginId;
use linecard_model::plugin::{PluginRecord, PluginTrust, RolledBack, Verdict, judge};
use linecard_sandbox::{Plugin, Sandbox};

use super::folder::{Watch, files};
use super::kept::Kept;
use super::{Installed, Pending, PluginProblem, Plugins, Progress, Source};

/// A plug-in file is not larger than this: it is read into memory.
const LARGEST: u64 = 64 << 20;

/// What is known of the plug-ins beside their files, by id.
pub type Records = BTreeMap<PluginId, PluginRecord>;

/// A file in the folder.
struct Found {
    loaded: Result<Plugin, String>,
    /// The plug-in that it was when it could last be used.
    was: Option<PluginId>,
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
            let loading = load(sandbox, depot.kept.as_ref(), file);
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
        for (file, loaded) in found.into_iter().zip(of_folder) {
            let was = loaded.as_ref().ok().map(|plugin| plugin.id().clone());
            depot.files.insert(file, Found { loaded, was });
        }
        depot
    }

    /// Looks into the folder, and loads what has changed there. Whether anything has.
    pub(crate) async fn look(&mut self) -> std::io::Result<bool> {
        let Some(folder) = &self.folder else {
            return Ok(false);
        };
        let changed = self.watch.look(folder)?;
        for file in &changed {
            if !file.exists() {
                self.files.remove(file);
                continue;
            }
            let loaded = load(&self.sandbox, self.kept.as_ref(), file).await;
            let before = self.files.remove(file).and_then(|found| found.was);
            let was = match &loaded {
                Ok(plugin) => Some(plugin.id().clone()),
                Err(_) => before,
            };
            self.files.insert(file.clone(), Found { loaded, was });
        }
        Ok(!changed.is_empty())
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
        let wanted: BTreeSet<String> = served.chain(present).collect();
        if let Err(error) = kept.keep_only(&wanted) {
            tracing::warn!(%error, "versions of plug-ins that nobody needs cannot be removed");
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

/// Loads a file, and keeps what could be loaded.
async fn load(sandbox: &Sandbox, kept: Option<&Kept>, file: &Path) -> Result<Plugin, String> {
    let facts = tokio::fs::metadata(file).await;
    let facts = facts.map_err(|error| format!("it cannot be read: {error}"))?;
    if !facts.is_file() {
        let text = "it is no regular file: put the component itself, or a link to it, here";
        return Err(text.to_owned());
    }
    if facts.len() > LARGEST {
        return Err(format!(
            "it has {} bytes, and a plug-in has at most {LARGEST}",
            facts.len()
        ));
    }
    let content = tokio::fs::read(file).await;
    let content = content.map_err(|error| format!("it cannot be read: {error}"))?;
    let loaded = sandbox.load(&content, &file.display().to_string()).await;
    let plugin = loaded.map_err(|error| error.problem.to_string())?;
    if let Some(kept) = kept {
        let (kept, sha256) = (kept.clone(), plugin.file_hash().to_owned());
        let keeping = tokio::task::spawn_blocking(move || kept.keep(&sha256, &content));
        if let Ok(Err(error)) = keeping.await {
            // It serves all the same; only the way back to it is missing.
            tracing::warn!(file = %file.display(), %error, "a version of a plug-in cannot be kept");
        }
    }
    Ok(plugin)
}
