//! Compiles a plug-in for a hub that would not have the memory of it. The hub calls it; people need not.

use std::process::exit;

use anyhow::Context as _;
use clap::Args;
use linecard_sandbox::{CompileError, Compiler, Limits, REFUSED};

/// The command's name.
pub(super) const NAME: &str = "compile-plugin";

/// Compile a plug-in from standard input to standard output
#[derive(Debug, Args)]
pub(super) struct Compile {
    /// What a call may use (JSON)
    limits: String,
}

impl Compile {
    pub(super) fn run(&self) -> anyhow::Result<()> {
        let limits: Limits = serde_json::from_str(&self.limits).context("the limits")?;
        let (input, output) = (std::io::stdin(), std::io::stdout());
        match linecard_sandbox::compile(&limits, input.lock(), output.lock()) {
            Err(CompileError::Refused(reason)) => {
                eprintln!("{reason}");
                exit(i32::from(REFUSED))
            }
            done => Ok(done?),
        }
    }
}

/// This program, as the one that compiles. It is the very file that runs, whatever has its name by now.
pub(super) fn compiler() -> Option<Compiler> {
    let program = if cfg!(target_os = "linux") {
        "/proc/self/exe".into()
    } else {
        std::env::current_exe().ok()?
    };
    Some(Compiler::new(program, [NAME.to_owned()]))
}
