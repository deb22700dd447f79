//! The versions of plug-ins that have served, so that the one before can serve again: each a file named by
//! its hash, in the data folder.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use linecard_sandbox::{LoadError, Plugin, Sandbox};

/// Where they are kept.
#[derive(Debug, Clone)]
pub(super) struct Kept(PathBuf);

impl Kept {
    pub fn new(folder: &Path) -> Self {
        Self(folder.to_owned())
    }

    fn file(&self, sha256: &str) -> PathBuf {
        self.0.join(format!("{sha256}.wasm"))
    }

    /// Whether a version is kept.
    pub fn has(&self, sha256: &str) -> bool {
        self.file(sha256).is_file()
    }

    /// Keeps a version.
    pub fn keep(&self, sha256: &str, content: &[u8]) -> io::Result<()> {
        if self.has(sha256) {
            return Ok(());
        }
        fs::create_dir_all(&self.0)?;
        // Whole or not at all.
        let temporary = self.0.join(format!("{sha256}.{}.new", std::process::id()));
        let written = fs::File::create(&temporary)
            .and_then(|mut file| {
                file.write_all(content)?;
                file.sync_all()
            })
            .and_then(|()| fs::rename(&temporary, self.file(sha256)));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    /// Loads a version, if its file is still what its name says.
    pub async fn load(&self, sandbox: &Sandbox, sha256: &str) -> Result<Plugin, String> {
        let file = self.file(sha256);
        let loaded = sandbox.load_file(&file).await;
        let plugin = loaded.map_err(|error: LoadError| error.to_string())?;
        if plugin.file_hash() == sha256 {
            Ok(plugin)
        } else {
            Err(format!("{} is not what was kept there", file.display()))
        }
    }

    /// Removes all versions but these.
    pub fn keep_only(&self, wanted: &BTreeSet<String>) -> io::Result<()> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        for entry in entries {
            let path = entry?.path();
            let name = path.file_stem().map(|stem| stem.to_string_lossy());
            let is_wanted = path.extension().is_some_and(|e| e == "wasm")
                && name.is_some_and(|name| wanted.contains(name.as_ref()));
            if !is_wanted && path.is_file() {
                fs::remove_file(&path)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_wanted_any_more_goes() {
        let folder = tempfile::tempdir().unwrap();
        let kept = Kept::new(&folder.path().join("kept"));
        kept.keep_only(&BTreeSet::new()).unwrap();
        for sha256 in ["a", "b"] {
            kept.keep(sha256, sha256.as_bytes()).unwrap();
        }
        fs::write(folder.path().join("kept/c.123.new"), "half").unwrap();
        kept.keep_only(&["b".to_owned()].into()).unwrap();
        assert!(!kept.has("a") && kept.has("b"));
        assert_eq!(fs::read_dir(folder.path().join("kept")).unwrap().count(), 1);
    }
}
