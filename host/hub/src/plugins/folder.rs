//! What changes in the plug-in folder.
//!
//! The folder is looked at again and again rather than watched: that works on every file system, costs a
//! listing, and a change counts only when two looks in a row show the same, so that a file that is being
//! copied is left alone for as long as it grows.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// How often the folder is looked at. A change counts at the second look that shows it.
pub(crate) const EVERY: Duration = Duration::from_millis(200);
/// How many files are looked at; more are no plug-in folder.
const MOST_FILES: usize = 500;

/// What tells that a file was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    bytes: u64,
    modified: Option<SystemTime>,
    /// The file's number and the time of its last change of any kind, where the system has them.
    identity: (u64, i64, i64),
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let facts = std::fs::metadata(path).ok()?;
        #[cfg(unix)]
        let identity = {
            use std::os::unix::fs::MetadataExt as _;
            (facts.ino(), facts.ctime(), facts.ctime_nsec())
        };
        #[cfg(not(unix))]
        let identity = (0, 0, 0);
        Some(Self {
            bytes: facts.len(),
            modified: facts.modified().ok(),
            identity,
        })
    }
}

/// The plug-in files of a folder, in the order of their names.
pub(super) fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|e| e == "wasm") {
            files.push(path);
        }
    }
    files.sort();
    if files.len() > MOST_FILES {
        let text = format!(
            "there are {} plug-in files in it, and at most {MOST_FILES} are used",
            files.len()
        );
        return Err(io::Error::other(text));
    }
    Ok(files)
}

/// Sees what changes in a folder.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// The files as they were taken in.
    known: BTreeMap<PathBuf, Stamp>,
    /// What was different at the last look.
    suspected: BTreeMap<PathBuf, Option<Stamp>>,
}

impl Watch {
    /// The files that were taken in before the first look. One that changed since then shows as changed.
    pub(super) fn know(&mut self, file: &Path) {
        if let Some(stamp) = Stamp::of(file) {
            self.known.insert(file.to_owned(), stamp);
        }
    }

    /// The files that are new, changed or gone since they were last told, and have been so for two looks.
    pub(super) fn look(&mut self, folder: &Path) -> io::Result<Vec<PathBuf>> {
        let present: BTreeMap<PathBuf, Stamp> = files(folder)?
            .into_iter()
            .filter_map(|file| Some((file.clone(), Stamp::of(&file)?)))
            .collect();
        let mut changed = Vec::new();
        let mut suspected = BTreeMap::new();
        let all: BTreeSet<&PathBuf> = present.keys().chain(self.known.keys()).collect();
        for file in all {
            let now = present.get(file);
            if now == self.known.get(file) {
                continue;
            }
            if self.suspected.get(file).map(Option::as_ref) == Some(now) {
                changed.push(file.clone());
            } else {
                suspected.insert(file.clone(), now.cloned());
            }
        }
        for file in &changed {
            match present.get(file) {
                Some(stamp) => self.known.insert(file.clone(), stamp.clone()),
                None => self.known.remove(file),
            };
        }
        self.suspected = suspected;
        Ok(changed)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_counts_when_it_has_come_to_rest() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        let file = at.join("a.wasm");
        let mut watch = Watch::default();
        assert!(watch.look(at).unwrap().is_empty());
        // It grows from look to look.
        for content in ["1", "22", "333"] {
            fs::write(&file, content).unwrap();
            fs::write(at.join("notes.txt"), content).unwrap();
            assert!(watch.look(at).unwrap().is_empty());
        }
        assert_eq!(watch.look(at).unwrap(), std::slice::from_ref(&file));
        assert!(watch.look(at).unwrap().is_empty());
        // The same content under the same name is another file.
        fs::write(at.join("b.tmp"), "333").unwrap();
        fs::rename(at.join("b.tmp"), &file).unwrap();
        assert!(watch.look(at).unwrap().is_empty());
        assert_eq!(watch.look(at).unwrap(), std::slice::from_ref(&file));
        // One that is away for a moment was never away.
        fs::rename(&file, at.join("b.tmp")).unwrap();
        assert!(watch.look(at).unwrap().is_empty());
        fs::rename(at.join("b.tmp"), &file).unwrap();
        assert!(watch.look(at).unwrap().is_empty());
        let back = watch.look(at).unwrap();
        // A rename may count as a change of the file, never as its end.
        assert!(back.is_empty() || back == std::slice::from_ref(&file));
        fs::remove_file(&file).unwrap();
        assert!(watch.look(at).unwrap().is_empty());
        assert_eq!(watch.look(at).unwrap(), [file]);
    }

    #[test]
    fn a_folder_that_cannot_be_read_is_no_empty_one() {
        let folder = tempfile::tempdir().unwrap();
        let mut watch = Watch::default();
        fs::write(folder.path().join("a.wasm"), "1").unwrap();
        watch.look(folder.path()).unwrap();
        assert_eq!(watch.look(folder.path()).unwrap().len(), 1);
        assert!(watch.look(&folder.path().join("gone")).is_err());
        assert!(watch.look(folder.path()).unwrap().is_empty());
    }
}
