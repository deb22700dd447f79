//! Whether the compiler has the target's standard library, and what to do if not.

use crate::{BuildError, TARGET};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

/// Makes sure that the compiler has the standard library for [`TARGET`], by `rustup` if it must. Says so
/// as a build script's warning.
pub fn ensure_target() -> Result<(), BuildError> {
    if has_target()? {
        return Ok(());
    }
    println!(
        "cargo:warning=installing the Rust standard library for {TARGET} (rustup target add {TARGET})"
    );
    let reason = match Command::new("rustup")
        .args(["target", "add", TARGET])
        .output()
    {
        Ok(output) if output.status.success() => {
            "it ran, but the compiler in use still lacks it".to_owned()
        }
        Ok(output) => String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        Err(error) => format!("rustup cannot be run: {error}"),
    };
    if has_target()? {
        Ok(())
    } else {
        Err(BuildError::TargetMissing {
            target: TARGET,
            reason,
        })
    }
}

/// Asks the compiler where the target's libraries are, and looks.
fn has_target() -> Result<bool, BuildError> {
    let program = std::env::var_os("RUSTC").unwrap_or_else(|| OsString::from("rustc"));
    let output = Command::new(&program)
        .args(["--print", "target-libdir", "--target", TARGET])
        .env_remove("RUSTFLAGS")
        .output()
        .map_err(|source| BuildError::Start {
            program: program.to_string_lossy().into_owned(),
            source,
        })?;
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    Ok(output.status.success()
        && std::fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()))
}
