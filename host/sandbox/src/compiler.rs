//! Compiling in a process of its own.
//!
//! A compiler takes several times the memory that the code takes when it runs, and what it leaves in the
//! heap's corners stays there for as long as the process lives. A hub that has another process compile
//! keeps none of it, and a file that makes the compiler fail does not take the hub with it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::engine::new_engine;
use crate::limits::Limits;

/// How a process ends whose file cannot be compiled; why not is on its standard error stream.
pub const REFUSED: u8 = 65;
/// How much of what such a process says is read.
const MOST_WORDS: u64 = 16 << 10;
/// The longest that compiling takes: the largest file on a slow machine that does much else.
const PATIENCE: Duration = Duration::from_secs(15 * 60);

/// The program that compiles: it gives its standard input, its standard output and the [`Limits`] in its
/// last argument (JSON) to [`compile`], and ends with [`REFUSED`] if the file cannot be compiled.
#[derive(Debug, Clone)]
pub struct Compiler {
    program: PathBuf,
    arguments: Vec<String>,
    patience: Duration,
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
            patience: PATIENCE,
        }
    }

    /// The same, but a process is ended that has not come to its end after so long.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
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
        let (input, errors) = (process.stdin.take(), process.stderr.take());
        let process = Watched::new(process, self.patience)?;
        // Given away, so that it is closed when all is written. One that reads no more says why below.
        let given = input.map(|mut input| input.write_all(component));
        let mut words = Vec::new();
        if let Some(errors) = errors {
            errors.take(MOST_WORDS).read_to_end(&mut words)?;
        }
        let (status, is_late) = process.wait()?;
        let words = String::from_utf8_lossy(&words).trim().to_owned();
        Ok(match (status.code(), given) {
            _ if is_late => Ended::Failed(format!(
                "it was not done after {} minutes",
                self.patience.as_secs().div_ceil(60)
            )),
            (Some(0), Some(Ok(()))) => Ended::Compiled,
            (Some(code), _) if code == i32::from(REFUSED) => Ended::Refused(words),
            _ if words.is_empty() => Ended::Failed(status.to_string()),
            _ => Ended::Failed(format!("{status}: {words}")),
        })
    }
}

/// A process that is ended when it takes too long: one that hangs would take its turn from all others.
struct Watched {
    process: Arc<Mutex<Child>>,
    /// Dropped when the process has come to its end.
    done: Sender<()>,
    /// Gives whether it took too long.
    watcher: JoinHandle<bool>,
}

impl Watched {
    fn new(process: Child, patience: Duration) -> io::Result<Self> {
        let process = Arc::new(Mutex::new(process));
        let watched = Arc::clone(&process);
        let (done, ended) = channel();
        let spawned = std::thread::Builder::new()
            .name("compiler-watch".to_owned())
            .spawn(move || {
                let is_late = ended.recv_timeout(patience) == Err(RecvTimeoutError::Timeout);
                if is_late {
                    end(&watched);
                }
                is_late
            });
        match spawned {
            Ok(watcher) => Ok(Self {
                process,
                done,
                watcher,
            }),
            Err(error) => {
                end(&process);
                Err(error)
            }
        }
    }

    /// How it ended, and whether it took too long. Its error stream has been read to the end.
    fn wait(self) -> io::Result<(ExitStatus, bool)> {
        drop(self.done);
        let is_late = self.watcher.join().unwrap_or_default();
        let mut process = self.process.lock().unwrap_or_else(PoisonError::into_inner);
        Ok((process.wait()?, is_late))
    }
}

/// Ends a process. One that has ended already is waited for by whoever began it.
fn end(process: &Mutex<Child>) {
    let mut process = process.lock().unwrap_or_else(PoisonError::into_inner);
    let _ = process.kill();
}
