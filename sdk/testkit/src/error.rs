//! Why a test could not be run at all.

use std::path::PathBuf;

/// Why a test could not be run at all, which is not the plug-in's doing.
#[derive(Debug, thiserror::Error)]
pub enum TestkitError {
    /// A file or folder cannot be used.
    #[error("{}: {source}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
    /// A file of a case does not say what it should.
    #[error("{}: {text}", path.display())]
    Fixture {
        /// Which.
        path: PathBuf,
        /// What is wrong.
        text: String,
    },
    /// There are no cases, so the test would test nothing.
    #[error("{} holds no cases; make a folder there with `request.http` or `call.json`", .0.display())]
    NoCases(PathBuf),
    /// No case has this name.
    #[error("there is no case \"{0}\"")]
    NoSuchCase(String),
    /// The component could not be built.
    #[cfg(feature = "sandbox")]
    #[error(transparent)]
    Build(#[from] linecard_build::BuildError),
    /// The workspace of the crate could not be found.
    #[error("the workspace of {}: {text}", folder.display())]
    Workspace {
        /// The crate's folder.
        folder: PathBuf,
        /// What is wrong.
        text: String,
    },
    /// The sandbox refused the component.
    #[error("the sandbox refuses the component: {0}")]
    Sandbox(String),
    /// A call is not one that this kind of plug-in has.
    #[error("case {case}: {text}")]
    WrongCall {
        /// Which case.
        case: String,
        /// What is wrong.
        text: String,
    },
    /// Something could not be written as JSON.
    #[error("JSON: {0}")]
    Json(#[from] serde_json::Error),
}
