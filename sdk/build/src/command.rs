//! The nested cargo: its arguments and its environment.

use crate::{BuildError, PROFILE, TARGET};
use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, Stdio};

/// What a nested build keeps of the variables that begin with `CARGO_`: where its files are, how it
/// reaches registries, how much it may do at once. All others steer the outer build.
const KEPT: &[&str] = &[
    "CARGO_HOME",
    "CARGO_NET_",
    "CARGO_HTTP_",
    "CARGO_REGISTRIES_",
    "CARGO_REGISTRY_",
    "CARGO_SOURCE_",
    "CARGO_TERM_",
    "CARGO_BUILD_JOBS",
    "CARGO_MAKEFLAGS",
];

/// Variables of the outer build that do not begin with `CARGO_`.
const DROPPED: &[&str] = &[
    "RUSTFLAGS",
    "RUSTDOCFLAGS",
    "RUSTC_WRAPPER",
    "RUSTC_WORKSPACE_WRAPPER",
    "RUSTC_LINKER",
    "CLIPPY_ARGS",
    "LLVM_PROFILE_FILE",
    "OUT_DIR",
    "TARGET",
    "HOST",
    "PROFILE",
    "OPT_LEVEL",
    "DEBUG",
    "NUM_JOBS",
];

/// Runs cargo and gives its messages, one JSON object a line.
pub(crate) fn run_cargo(
    packages: &[&str],
    workspace_root: &Path,
    target_dir: &Path,
) -> Result<Vec<u8>, BuildError> {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let mut command = Command::new(&program);
    command
        .current_dir(workspace_root)
        .args(["build", "--target", TARGET, "--profile", PROFILE, "--lib"])
        .arg("--message-format=json-render-diagnostics")
        .arg("--target-dir")
        .arg(target_dir)
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    if workspace_root.join("Cargo.lock").exists() {
        command.arg("--locked");
    }
    for package in packages {
        command.args(["-p", package]);
    }
    clean_environment(&mut command, std::env::vars_os().map(|(name, _)| name));
    let output = command.output().map_err(|source| BuildError::Start {
        program: program.to_string_lossy().into_owned(),
        source,
    })?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(BuildError::Compile {
            packages: packages.join(", "),
            target: TARGET,
            workspace_root: workspace_root.to_owned(),
            status: output.status,
        })
    }
}

/// Takes out what the outer build set for itself.
fn clean_environment(command: &mut Command, names: impl Iterator<Item = OsString>) {
    for name in names.filter(|name| steers_the_outer_build(name)) {
        command.env_remove(name);
    }
}

fn steers_the_outer_build(name: &OsStr) -> bool {
    let Some(name) = name.to_str() else {
        return false;
    };
    if name.starts_with("CARGO_") || name.starts_with("__CARGO") {
        return !KEPT.iter().any(|kept| name.starts_with(kept));
    }
    DROPPED.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_and_wrappers_of_the_outer_build_stay_outside() {
        for name in [
            "RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "RUSTC_WORKSPACE_WRAPPER",
            "CARGO_TARGET_DIR",
            "CARGO_MANIFEST_DIR",
            "CARGO_BUILD_TARGET",
            "CARGO_PROFILE_RELEASE_LTO",
            "CARGO_FEATURE_DEFAULT",
        ] {
            assert!(steers_the_outer_build(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn what_finds_the_toolchain_and_the_registry_stays() {
        for name in [
            "PATH",
            "HOME",
            "CARGO",
            "CARGO_HOME",
            "RUSTUP_HOME",
            "RUSTUP_TOOLCHAIN",
            "CARGO_NET_OFFLINE",
        ] {
            assert!(!steers_the_outer_build(OsStr::new(name)), "{name}");
        }
    }
}
