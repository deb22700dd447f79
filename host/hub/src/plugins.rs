//! The plug-ins that are installed: those that come with the program, and those in a folder.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::FutureExt as _;
use futures::future::join_all;
use linecard_model::PluginId;
use linecard_sandbox::{LoadError, Plugin, Sandbox};
use serde::Serialize;

/// Where a plug-in was loaded from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", content = "path", rename_all = "kebab-case")]
pub enum Source {
    /// It comes with the program.
    Bundled,
    /// A file in the plug-in folder.
    File(PathBuf),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bundled => f.write_str("bundled"),
            Self::File(path) => write!(f, "{}", path.display()),
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
#[derive(Debug, Default)]
pub struct Plugins {
    by_id: BTreeMap<PluginId, Installed>,
    problems: Vec<PluginProblem>,
}

impl Plugins {
    /// Loads the bundled plug-ins and every `*.wasm` file of a folder, which need not exist.
    ///
    /// A file takes the place of a bundled plug-in with the same id. A file that cannot be used is
    /// listed in [`Plugins::problems`] and holds up no other. Code that was not compiled before takes
    /// seconds: `progress` counts along.
    pub async fn load(
        sandbox: &Sandbox,
        bundled: &[(&str, &[u8])],
        folder: Option<&Path>,
        progress: &Progress,
    ) -> Self {
        let mut plugins = Self::default();
        let files = folder.map_or_else(Vec::new, |folder| plugins.files(folder));
        let all = bundled.len() + files.len();
        progress.all.store(all, Ordering::Relaxed);
        let bundled = bundled.iter().map(|(name, component)| {
            let loading = sandbox.load(component, name);
            loading.inspect(|_| progress.one())
        });
        let loaded_files = files.iter().map(|file| {
            let loading = sandbox.load_file(file);
            loading.inspect(|_| progress.one())
        });
        let (bundled, loaded_files) = tokio::join!(join_all(bundled), join_all(loaded_files));
        for result in bundled {
            match result {
                Ok(plugin) => {
                    let source = Source::Bundled;
                    plugins
                        .by_id
                        .insert(plugin.id().clone(), Installed { plugin, source });
                }
                Err(error) => plugins.problem(&error),
            }
        }
        for (file, result) in files.into_iter().zip(loaded_files) {
            match result {
                Ok(plugin) => plugins.add_file(plugin, file),
                Err(error) => plugins.problem(&error),
            }
        }
        plugins
    }

    /// The plug-in files of a folder, in the order of their names.
    fn files(&mut self, folder: &Path) -> Vec<PathBuf> {
        let entries = match std::fs::read_dir(folder) {
            Ok(entries) => entries,
            Err(error) => {
                if error.kind() != std::io::ErrorKind::NotFound {
                    self.problems.push(PluginProblem {
                        file: folder.display().to_string(),
                        reason: format!("the folder cannot be read: {error}"),
                    });
                }
                return Vec::new();
            }
        };
        let mut files: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|e| e == "wasm"))
            .collect();
        files.sort();
        files
    }

    fn add_file(&mut self, plugin: Plugin, file: PathBuf) {
        if let Some(Installed {
            source: Source::File(other),
            ..
        }) = self.by_id.get(plugin.id())
        {
            let problem = PluginProblem {
                file: file.display().to_string(),
                reason: format!(
                    "it is plug-in {} as {} already is: remove one of them",
                    plugin.id(),
                    other.display()
                ),
            };
            self.problems.push(problem);
            return;
        }
        let source = Source::File(file);
        self.by_id
            .insert(plugin.id().clone(), Installed { plugin, source });
    }

    fn problem(&mut self, error: &LoadError) {
        self.problems.push(PluginProblem {
            file: error.source_name.clone(),
            reason: error.problem.to_string(),
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
