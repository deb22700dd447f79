//! The crate under test, and its component.

use std::path::PathBuf;
#[cfg(feature = "sandbox")]
use std::{path::Path, process::Command};

#[cfg(feature = "sandbox")]
use crate::TestkitError;

/// The crate whose tests are running; [`this_crate!`](crate::this_crate) makes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThisCrate {
    /// The crate's folder.
    pub folder: PathBuf,
    /// The package's name.
    pub package: String,
}

impl ThisCrate {
    pub(crate) fn golden_folder(&self) -> PathBuf {
        self.folder.join("tests/golden")
    }
}

/// The crate whose tests are running.
#[macro_export]
macro_rules! this_crate {
    () => {
        $crate::ThisCrate {
            folder: ::std::path::PathBuf::from(::core::env!("CARGO_MANIFEST_DIR")),
            package: ::std::string::String::from(::core::env!("CARGO_PKG_NAME")),
        }
    };
}

/// Builds the crate's component, in `plugins` inside the workspace's target folder.
#[cfg(feature = "sandbox")]
pub fn build(this_crate: &ThisCrate) -> Result<PathBuf, TestkitError> {
    let root = workspace_root(&this_crate.folder)?;
    let target =
        std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let built =
        linecard_build::build_plugins(&[&this_crate.package], &root, &target.join("plugins"))?;
    built
        .into_iter()
        .next()
        .map(|plugin| plugin.wasm_path)
        .ok_or_else(|| TestkitError::Workspace {
            folder: this_crate.folder.clone(),
            text: "cargo built nothing".to_owned(),
        })
}

#[cfg(feature = "sandbox")]
fn workspace_root(folder: &Path) -> Result<PathBuf, TestkitError> {
    let failed = |text: String| TestkitError::Workspace {
        folder: folder.to_owned(),
        text,
    };
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(program)
        .current_dir(folder)
        .args(["locate-project", "--workspace", "--message-format", "plain"])
        .output()
        .map_err(|error| failed(format!("cargo cannot be run: {error}")))?;
    if !output.status.success() {
        return Err(failed(
            String::from_utf8_lossy(&output.stderr).trim().to_owned(),
        ));
    }
    let manifest = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    manifest
        .parent()
        .map(Path::to_owned)
        .ok_or_else(|| failed("it has no folder".to_owned()))
}
