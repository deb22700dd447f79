//! Builds plug-in crates into WebAssembly components.
//!
//! Used by the server's build script, which embeds the bundled plug-ins, and by the test kit, which runs
//! a built plug-in in the real sandbox. It runs a nested `cargo build --target wasm32-wasip2` that shares
//! nothing with the build around it:
//!
//! - its own target folder, because the outer build holds the lock of its own;
//! - an environment without the outer build's flags and wrappers, so that a plug-in comes out the same
//!   under `cargo build`, `cargo clippy` and a coverage run;
//! - the profile [`PROFILE`], which the workspace's `Cargo.toml` defines.
//!
//! ```no_run
//! # fn main() -> Result<(), linecard_build::BuildError> {
//! let root = std::path::Path::new("..");
//! for plugin in linecard_build::build_plugins(&["linecard-keywords"], root, &root.join("target/plugins"))? {
//!     println!("{} is at {}", plugin.package, plugin.wasm_path.display());
//! }
//! # Ok(()) }
//! ```

mod command;
mod error;
mod output;
mod target;

pub use error::BuildError;
pub use target::ensure_target;

use std::path::{Path, PathBuf};

/// The compilation target of every plug-in.
pub const TARGET: &str = "wasm32-wasip2";

/// The cargo profile of every plug-in; the plug-in's workspace must define it.
pub const PROFILE: &str = "plugin";

/// A plug-in that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltPlugin {
    /// The cargo package.
    pub package: String,
    /// The component.
    pub wasm_path: PathBuf,
    /// The files on this machine that went into it, for `cargo:rerun-if-changed`: sources of the plug-in
    /// and of its path dependencies, the contract, the manifests and the lock file. Files that are not
    /// there any more by the time of the answer are left out.
    pub inputs: Vec<PathBuf>,
}

/// Builds these packages of a workspace, each of which must have `crate-type = ["cdylib", …]`, into
/// `target_dir`.
///
/// The lock file is obeyed (`--locked`) if there is one. The target's standard library is installed by
/// `rustup` if it is missing. Compiler messages go to standard error.
pub fn build_plugins<P: AsRef<str>>(
    packages: &[P],
    workspace_root: &Path,
    target_dir: &Path,
) -> Result<Vec<BuiltPlugin>, BuildError> {
    let packages: Vec<&str> = packages.iter().map(AsRef::as_ref).collect();
    if packages.is_empty() {
        return Ok(Vec::new());
    }
    ensure_target()?;
    let messages = command::run_cargo(&packages, workspace_root, target_dir)?;
    let artifacts = output::components(&messages);
    packages
        .iter()
        .map(|&package| {
            let artifact = artifacts
                .iter()
                .find(|artifact| artifact.is_of(package))
                .ok_or_else(|| BuildError::NotAComponent {
                    package: package.to_owned(),
                })?;
            Ok(BuiltPlugin {
                package: package.to_owned(),
                wasm_path: artifact.wasm_path.clone(),
                inputs: output::inputs(artifact, workspace_root),
            })
        })
        .collect()
}

/// Builds as [`build_plugins`] does, from a build script: tells cargo when to run the script again, and
/// uses the folder `plugins` in the outer build's target folder.
pub fn build_plugins_in_build_script<P: AsRef<str>>(
    packages: &[P],
    workspace_root: &Path,
) -> Result<Vec<BuiltPlugin>, BuildError> {
    let out_dir = std::env::var_os("OUT_DIR").ok_or(BuildError::NotABuildScript)?;
    let plugins = build_plugins(
        packages,
        workspace_root,
        &target_dir_for(Path::new(&out_dir)),
    )?;
    for input in plugins.iter().flat_map(|plugin| &plugin.inputs) {
        println!("cargo:rerun-if-changed={}", input.display());
    }
    Ok(plugins)
}

/// `plugins` beside the profile folders of the target folder that `OUT_DIR`
/// (`<target>/[<triple>/]<profile>/build/<package>-<hash>/out`) lies in, so that debug and release builds
/// share the built plug-ins; inside `OUT_DIR` if that has another form.
fn target_dir_for(out_dir: &Path) -> PathBuf {
    let build = out_dir
        .ancestors()
        .nth(2)
        .filter(|folder| folder.ends_with("build"));
    match build.and_then(|build| build.ancestors().nth(2)) {
        Some(target) => target.join("plugins"),
        None => out_dir.join("plugins"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_plugins_are_shared_by_the_profiles() {
        let out_dir = Path::new("/w/target/release/build/linecard-server-0123/out");
        assert_eq!(target_dir_for(out_dir), Path::new("/w/target/plugins"));
        assert_eq!(
            target_dir_for(Path::new("/elsewhere")),
            Path::new("/elsewhere/plugins")
        );
    }

    #[test]
    fn no_packages_need_no_cargo() {
        let none: [&str; 0] = [];
        assert_eq!(
            build_plugins(&none, Path::new("/nowhere"), Path::new("/nowhere")).ok(),
            Some(Vec::new())
        );
    }
}
