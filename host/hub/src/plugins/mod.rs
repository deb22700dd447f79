//! The plug-ins that are installed: those that come with the program, and those in a folder.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use linecard_model::PluginId;
use linecard_sandbox::{Plugin, Sandbox};
use serde::Serialize;

mod depot;
pub(crate) mod folder;
mod kept;

pub use depot::{Depot, Records};

/// Where a plug-in was loaded from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "path", rename_all = "kebab-case")]
pub enum Source {
    /// It comes with the program.
    Bundled,
    /// A file in the plug-in folder.
    File(PathBuf),
    /// A version that has served before: its file is gone, cannot be used, or may not serve.
    Kept,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bundled => f.write_str("bundled"),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Kept => f.write_str("kept"),
        }
    }
}

/// A plug-in that is installed.
#[derive(Debug, Clone)]
pub struct Installed {
    /// The plug-in.
    pub plugin: Plugin,
    /// Where it was loaded from.
    pub source: Source,
    /// Whether it comes with the program, or a person approved its file.
    pub approved: bool,
}

/// A file that is not used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PluginProblem {
    /// The file.
    pub file: String,
    /// Why not, and what to do.
    pub reason: String,
}

/// How far loading has come.
#[derive(Debug, Default)]
pub struct Progress {
    done: AtomicUsize,
    all: AtomicUsize,
}

impl Progress {
    fn one(&self) {
        self.done.fetch_add(1, Ordering::Relaxed);
    }

    /// How many plug-ins are loaded or were refused, and how many there are.
    pub fn counted(&self) -> (usize, usize) {
        let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        (count(&self.done), count(&self.all))
    }
}

/// All plug-ins that are installed.
#[derive(Debug, Clone, Default)]
pub struct Plugins {
    by_id: BTreeMap<PluginId, Installed>,
    problems: Vec<PluginProblem>,
    pending: Vec<Pending>,
}

/// A file that waits for an approval.
#[derive(Debug, Clone)]
pub struct Pending {
    /// The plug-in that it is.
    pub plugin: Plugin,
    /// The file.
    pub file: PathBuf,
    /// What it asks for that was not granted, each as a person reads it.
    pub asks: Vec<String>,
}

impl Plugins {
    /// Loads the bundled plug-ins and every `*.wasm` file of a folder, which need not exist, as if
    /// nothing had been decided about any of them.
    ///
    /// A file takes the place of a bundled plug-in with the same id. A file that cannot be used is
    /// listed in [`Plugins::problems`] and holds up no other.
    pub async fn load(
        sandbox: &Sandbox,
        bundled: &[(&str, &[u8])],
        folder: Option<&Path>,
        progress: &Progress,
    ) -> Self {
        let depot = Depot::open(sandbox, bundled, folder, None, progress).await;
        depot.everything().await
    }

    /// All of them with their ids.
    pub(crate) fn by_id(&self) -> impl Iterator<Item = (&PluginId, &Installed)> {
        self.by_id.iter()
    }

    /// Has what serves now go on: what was to take its place does not fit.
    pub(crate) fn stay(
        &mut self,
        id: &PluginId,
        present: &Self,
        misfit: Option<&Installed>,
        reason: &str,
    ) {
        match present.get(id) {
            Some(installed) => {
                let installed = Installed {
                    source: match &installed.source {
                        Source::Bundled => Source::Bundled,
                        Source::File(_) | Source::Kept => Source::Kept,
                    },
                    ..installed.clone()
                };
                self.by_id.insert(id.clone(), installed);
            }
            None => {
                self.by_id.remove(id);
            }
        }
        let Some(misfit) = misfit else { return };
        let version = &misfit.plugin.manifest().version;
        self.problems.push(PluginProblem {
            file: misfit.source.to_string(),
            reason: format!("version {version} of {id} does not fit what is configured: {reason}"),
        });
    }

    fn problem(&mut self, file: &Path, reason: String) {
        self.problems.push(PluginProblem {
            file: file.display().to_string(),
            reason,
        });
    }

    /// The plug-in of an id.
    pub fn get(&self, id: &PluginId) -> Option<&Installed> {
        self.by_id.get(id)
    }

    /// All of them, in the order of their ids.
    pub fn all(&self) -> impl Iterator<Item = &Installed> {
        self.by_id.values()
    }

    /// The files that are not used.
    pub fn problems(&self) -> &[PluginProblem] {
        &self.problems
    }

    /// The files that wait for an approval.
    pub fn pending(&self) -> &[Pending] {
        &self.pending
    }
}

/// The plug-ins that are installed now. Cheap to clone; all clones see a change at once.
#[derive(Debug, Clone, Default)]
pub struct Shelf(Arc<ArcSwap<Plugins>>);

impl Shelf {
    /// A shelf with these.
    pub fn new(plugins: Plugins) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(plugins)))
    }

    /// What is installed at this moment.
    pub fn now(&self) -> Arc<Plugins> {
        self.0.load_full()
    }

    pub(crate) fn replace(&self, plugins: Plugins) {
        self.0.store(Arc::new(plugins));
    }
}

#[cfg(test)]
mod tests {
    use linecard_sandbox::SandboxConfig;

    use super::*;

    #[tokio::test]
    async fn a_folder_that_is_not_there_holds_nothing() {
        let sandbox = Sandbox::new(SandboxConfig::default()).unwrap();
        let folder = Path::new("/no/such/folder");
        let plugins = Plugins::load(&sandbox, &[], Some(folder), &Progress::default()).await;
        assert_eq!(plugins.all().count(), 0);
        assert_eq!(plugins.problems(), []);
    }
}
