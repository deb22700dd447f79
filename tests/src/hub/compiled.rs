//! Machine code of the bundled plug-ins, compiled once for all hubs of all tests.
//!
//! A hub on an empty data folder compiles every plug-in, which takes longer than most tests do. So one
//! folder beside the binary belongs to a hub that never serves, and each test's hub begins with what
//! that one has compiled and the key under which it signed it. The hub itself checks both, as ever.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};

/// The binaries whose plug-ins are compiled already.
static READY: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Puts compiled code into a data folder that is not there yet.
pub fn give_compiled(binary: &Path, data: &Path) -> Result<()> {
    let origin = binary.with_file_name("compiled-for-tests");
    {
        let mut ready = READY.lock().unwrap_or_else(PoisonError::into_inner);
        if !ready.iter().any(|known| known == binary) {
            compile(binary, &origin)?;
            ready.push(binary.to_owned());
        }
    }
    private(data)?;
    fs::copy(origin.join("cache.key"), data.join("cache.key"))?;
    let cache = data.join("cache");
    private(&cache)?;
    for entry in fs::read_dir(origin.join("cache"))? {
        let entry = entry?;
        let place = cache.join(entry.file_name());
        // The hub replaces files and never writes into them, so that both can share one. Where the
        // folders are on different disks, a copy does as well.
        fs::hard_link(entry.path(), &place)
            .or_else(|_| fs::copy(entry.path(), &place).map(drop))
            .with_context(|| format!("{} cannot be given on", entry.path().display()))?;
    }
    Ok(())
}

/// Lets the binary list its plug-ins, for which it compiles those that it has not compiled before.
fn compile(binary: &Path, origin: &Path) -> Result<()> {
    let output = Command::new(binary)
        .arg("--data")
        .arg(origin)
        .arg("plugins")
        .env_remove("LINECARD_CONFIG")
        .output()?;
    ensure!(
        output.status.success(),
        "the plug-ins cannot be compiled: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// Makes a folder that only its owner may enter, as the hub wants it.
fn private(folder: &Path) -> Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(folder)
        .with_context(|| format!("{} cannot be made", folder.display()))
}
