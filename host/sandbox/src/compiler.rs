//! Compiling in a process of its own.
//!
//! A compiler takes several times the memory that the code takes when it runs, and what it leaves in the
//! heap's corners stays there for as long as the process lives. A hub that has another process compile
//! keeps none of it, and a file that makes the compiler fail does not take the hub with it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crate::engine::new_engine;
use crate::limits::Limits;

/// How a process ends whose file cannot be compiled; why not is on its standard error stream.
pub const REFUSED: u8 = 65;
/// How much of what such a process says is read.
const MOST_WORDS: u64 = 16 << 10;

/// The program that compiles: it gives its standard input, its standard output and the [`Limits`] in its
/// last argument (JSON) to [`compile`], and ends with [`REFUSED`] if the file cannot be compiled.
#[derive(Debug, Clone)]
pub struct Compiler {
    program: PathBuf,
    arguments: Vec<String>,
}

/// Why there is no code.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The file cannot be compiled.
    #[error("{0}")]
    Refused(String),
    /// It could be read or its code written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Compiles a component as a sandbox with these limits wants it.
pub fn compile(
    limits: &Limits,
    mut component: impl Read,
    mut code: impl Write,
) -> Result<(), CompileError> {
    let mut file = Vec::new();
    component.read_to_end(&mut file)?;
    let refused = |error: wasmtime::Error| CompileError::Refused(format!("{error:#}"));
    let engine = new_engine(limits).map_err(|error| io::Error::other(error.to_string()))?;
    let compiled = engine.precompile_component(&file).map_err(refused)?;
    code.write_all(&compiled)?;
    code.flush()?;
    Ok(())
}

/// How a compiler's process ended.
pub(crate) enum Ended {
    /// The code is written.
    Compiled,
    /// The file cannot be compiled.
    Refused(String),
    /// It was not done, so that another try may succeed.
    Failed(String),
}

impl Compiler {
    /// A program that is called with these arguments and the limits.
    pub fn new(program: impl Into<PathBuf>, arguments: impl IntoIterator<Item = String>) -> Self {
        Self {
            program: program.into(),
            arguments: arguments.into_iter().collect(),
        }
    }

    /// Lets it compile into a file. An error means that it cannot be started.
    pub(crate) fn run(&self, limits: &Limits, component: &[u8], code: &File) -> io::Result<Ended> {
        let limits = serde_json::to_string(limits).map_err(io::Error::other)?;
        let mut process = Command::new(&self.program)
            .args(&self.arguments)
            .arg(limits)
            .stdin(Stdio::piped())
            .stdout(code.try_clone()?)
            .stderr(Stdio::piped())
            .spawn()?;
        // Given away, so that it is closed when all is written. One that reads no more says why below.
        let given = process
            .stdin
            .take()
            .map(|mut input| input.write_all(component));
        let mut words = Vec::new();
        if let Some(errors) = process.stderr.take() {
            errors.take(MOST_WORDS).read_to_end(&mut words)?;
        }
        let status = process.wait()?;
        let words = String::from_utf8_lossy(&words).trim().to_owned();
        Ok(match (status.code(), given) {
            (Some(0), Some(Ok(()))) => Ended::Compiled,
            (Some(code), _) if code == i32::from(REFUSED) => Ended::Refused(words),
            _ if words.is_empty() => Ended::Failed(status.to_string()),
            _ => Ended::Failed(format!("{status}: {words}")),
        })
    }
}
