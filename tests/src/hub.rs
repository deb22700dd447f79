//! The real binary as a process of its own.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};

use crate::{Client, eventually, http};

mod compiled;

pub use compiled::give_compiled;

/// How long a hub may take to be ready, on a machine that is busy with other tests.
const START: Duration = Duration::from_secs(120);

/// A hub with a data folder of its own. Dropping it ends the process.
pub struct Hub {
    binary: PathBuf,
    folder: tempfile::TempDir,
    address: SocketAddr,
    process: Option<Child>,
    /// Environment variables of the process, such as secrets.
    pub environment: Vec<(String, String)>,
}

impl Hub {
    /// Starts a hub on an empty data folder. `binary` is `env!("CARGO_BIN_EXE_linecard")`.
    pub async fn start(binary: impl Into<PathBuf>) -> Result<Self> {
        let mut hub = Self::prepare(binary)?;
        hub.launch().await?;
        Ok(hub)
    }

    /// A hub that is not running yet.
    pub fn prepare(binary: impl Into<PathBuf>) -> Result<Self> {
        // Free a moment ago; nothing else on a test machine takes it in between.
        let address = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
        let binary = binary.into();
        let folder = tempfile::tempdir()?;
        compiled::give_compiled(&binary, &folder.path().join("data"))?;
        Ok(Self {
            binary,
            folder,
            address,
            process: None,
            environment: Vec::new(),
        })
    }

    /// Starts the process and waits until it is ready.
    pub async fn launch(&mut self) -> Result<()> {
        self.spawn()?;
        self.ready().await
    }

    /// Starts the process without waiting for it.
    pub fn spawn(&mut self) -> Result<()> {
        ensure!(self.process.is_none(), "the hub is running already");
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(self.log_file())?;
        let mut command = self.command();
        command.arg("serve").stdout(Stdio::null()).stderr(log);
        self.process = Some(command.spawn()?);
        Ok(())
    }

    /// Waits until the hub takes work.
    pub async fn ready(&mut self) -> Result<()> {
        let http = http()?;
        let url = format!("{}/readyz", self.base());
        let waited = eventually("the hub is ready", START, async || {
            if let Some(status) = self.exited()? {
                bail!("the hub ended with {status}:\n{}", self.log());
            }
            let answer = http.get(&url).send().await;
            Ok(answer.is_ok_and(|a| a.status().is_success()).then_some(()))
        })
        .await;
        waited.with_context(|| self.log())
    }

    /// A run of the program with this hub's data and address.
    pub fn command(&self) -> Command {
        let mut command = Command::new(&self.binary);
        command
            .env("LINECARD_DATA", self.data())
            .env("LINECARD_LISTEN", self.address.to_string())
            .current_dir(self.folder.path())
            .env_remove("LINECARD_CONFIG")
            .envs(self.environment.iter().cloned());
        command
    }

    /// Applies a site file as an operator does, with the program.
    pub fn apply(&self, site: &str) -> Result<()> {
        let file = self.folder.path().join("site.toml");
        std::fs::write(&file, site)?;
        let output = self
            .command()
            .args(["apply", "--yes"])
            .arg(&file)
            .output()?;
        ensure!(
            output.status.success(),
            "apply: {}\n{}",
            String::from_utf8_lossy(&output.stderr),
            self.log()
        );
        Ok(())
    }

    /// Ends the process at once, as `kill -9` does.
    pub fn kill(&mut self) -> Result<()> {
        if let Some(mut process) = self.process.take() {
            process.kill()?;
            process.wait()?;
        }
        Ok(())
    }

    /// Tells the process to end, and waits until it has.
    pub async fn stop(&mut self) -> Result<ExitStatus> {
        let Some(process) = &self.process else {
            bail!("the hub is not running");
        };
        let told = Command::new("kill")
            .args(["-TERM", &process.id().to_string()])
            .status()?;
        ensure!(told.success(), "the process cannot be told to end");
        let status = eventually("the hub stops", Duration::from_secs(30), async || {
            self.exited()
        })
        .await?;
        self.process = None;
        Ok(status)
    }

    /// How the process ended, if it has.
    pub fn exited(&mut self) -> Result<Option<ExitStatus>> {
        match &mut self.process {
            Some(process) => Ok(process.try_wait()?),
            None => Ok(None),
        }
    }

    /// The process's number, while it runs.
    pub fn process_id(&self) -> Option<u32> {
        self.process.as_ref().map(Child::id)
    }

    /// The hub's address, such as `http://127.0.0.1:4711`.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The folder in which everything of this hub is.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What the process has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// A client with the key by which whoever can read the data folder administers the hub.
    pub fn administrator(&self) -> Result<Client> {
        let key = std::fs::read_to_string(self.data().join("admin.key"))?;
        Client::with_token(&self.base(), key.trim())
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join("hub.log")
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        // Nothing can be done about a process that does not end.
        let _ = self.kill();
    }
}
