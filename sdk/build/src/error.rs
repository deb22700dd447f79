//! What can go wrong while a plug-in is built.

use std::path::PathBuf;

/// Why a plug-in could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A program could not be started.
    #[error(
        "could not run `{program}`: {source}; is the Rust toolchain installed and on the PATH?"
    )]
    Start {
        /// The program.
        program: String,
        /// Why not.
        source: std::io::Error,
    },
    /// The target's standard library is missing and could not be installed.
    #[error(
        "the standard library for {target} is not installed, and `rustup target add {target}` did not help ({reason}); \
         install it for the toolchain that rust-toolchain.toml names: `rustup target add {target}`"
    )]
    TargetMissing {
        /// The target.
        target: &'static str,
        /// What `rustup` said.
        reason: String,
    },
    /// The compiler refused.
    #[error(
        "building {packages} for {target} in {} failed ({status}); the compiler's messages are above",
        workspace_root.display()
    )]
    Compile {
        /// The packages.
        packages: String,
        /// The target.
        target: &'static str,
        /// Where.
        workspace_root: PathBuf,
        /// How cargo ended.
        status: std::process::ExitStatus,
    },
    /// The package has no component to give.
    #[error(
        "package {package} makes no component; its Cargo.toml needs `[lib] crate-type = [\"cdylib\", \"rlib\"]`"
    )]
    NotAComponent {
        /// The package.
        package: String,
    },
    /// `OUT_DIR` is not set.
    #[error(
        "OUT_DIR is not set: this is not a build script; call `build_plugins` with a target folder"
    )]
    NotABuildScript,
}
