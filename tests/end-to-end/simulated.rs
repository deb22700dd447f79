//! What a simulated network prints works as it stands: its block in a site file, its environment, and its
//! commands, for every network.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use linecard_tests::{Hub, SOON, eventually, in_full};
use serde_json::Value;

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");
const SITE: &str = "[queues.support]\nmembers = [\"anna\"]\n[agents.anna]\n\n";

/// A simulated network in a process of its own, which ends with this.
struct Simulated {
    process: Child,
    printed: String,
}

impl Drop for Simulated {
    fn drop(&mut self) {
        // A process that has ended already is what is wanted.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Simulated {
    /// Starts `linecard simulate` and takes what it prints.
    fn start(arguments: &[&str]) -> Result<Self> {
        let mut process = Command::new(BINARY)
            .arg("simulate")
            .args(arguments)
            .args(["--at", "127.0.0.1:0"])
            .env_remove("MIDDLEWARE_SECRET")
            .stdout(Stdio::piped())
            .spawn()?;
        let mut lines = BufReader::new(process.stdout.take().context("output")?).lines();
        let mut simulated = Self {
            process,
            printed: String::new(),
        };
        while !simulated.printed.contains("Ctrl-C ends it.") {
            let line = lines.next().context("it ended")??;
            simulated.printed.push_str(&line);
            simulated.printed.push('\n');
        }
        Ok(simulated)
    }

    fn between(&self, begin: &str, end: &str) -> Result<&str> {
        let (_, rest) = self.printed.split_once(begin).context(begin.to_owned())?;
        let (text, _) = rest.split_once(end).context(end.to_owned())?;
        Ok(text)
    }

    fn block(&self) -> Result<&str> {
        self.between("In a site file:\n\n", "with, in the hub's environment:")
    }

    /// The environment as a shell reads it.
    fn environment(&self) -> Result<Vec<(String, String)>> {
        let line = self.between("with, in the hub's environment:\n\n", "\n")?;
        let names: BTreeSet<&str> = self
            .block()?
            .split("\"env:")
            .skip(1)
            .filter_map(|rest| rest.split('"').next())
            .collect();
        let output = Command::new("sh")
            .args(["-c", &format!("{line} env -0")])
            .output()?;
        let text = String::from_utf8(output.stdout)?;
        let all = text.split('\0').filter_map(|entry| entry.split_once('='));
        let found: Vec<(String, String)> = all
            .filter(|(name, _)| names.contains(name))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        ensure!(found.len() == names.len(), "{names:?} of {line}");
        Ok(found)
    }

    /// The commands, each of which ends with a blank line.
    fn commands(&self) -> Vec<&str> {
        let paragraphs = self.printed.split("\n\n");
        paragraphs
            .filter(|text| text.starts_with("curl "))
            .collect()
    }
}

async fn works(network: &[&str], hub: Hub, commands: usize) -> Result<()> {
    let mut hub = hub;
    let simulated = Simulated::start(network)?;
    let block = simulated.block()?;
    hub.environment = simulated.environment()?;
    hub.launch().await?;
    hub.apply(&format!("{SITE}{block}"))?;
    let channels: BTreeSet<&str> = block
        .lines()
        .filter_map(|line| line.strip_prefix("[channels.")?.strip_suffix(']'))
        .collect();
    ensure!(!channels.is_empty(), "{block}");
    ensure!(
        simulated.commands().len() == commands,
        "{}",
        simulated.printed
    );
    for command in simulated.commands() {
        let command = command.replacen("curl ", "curl --silent --show-error --fail ", 1);
        let output = Command::new("sh").args(["-c", &command]).output()?;
        ensure!(
            output.status.success(),
            "{command}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let administrator = hub.administrator()?;
    eventually("each channel brings something", SOON, async || {
        let all = administrator.all("/api/v1/interactions", "after").await?;
        let brought: BTreeSet<&str> = all.iter().filter_map(|i| i["channel"].as_str()).collect();
        Ok((brought == channels).then_some(()))
    })
    .await
    .with_context(|| hub.log())?;
    // The credentials for what is sent are tried as well.
    eventually("each channel is connected", SOON, async || {
        let all = administrator.get("/api/v1/channels").await?;
        let all = all["items"]
            .as_array()
            .or(all.as_array())
            .context("channels")?;
        // Open Messaging has nothing that credentials could be tried on.
        let connected = |channel: &Value| {
            let expected = match channel["plugin"].as_str() {
                Some("open-messaging") => "unknown",
                _ => "connected",
            };
            channel["health"]["state"] == expected
        };
        Ok((all.len() == channels.len() && all.iter().all(connected)).then_some(()))
    })
    .await
    .with_context(|| hub.log())
}

/// Whether there is the program with which README and simulators show what customers do.
fn has_curl() -> Result<bool> {
    if Command::new("curl").arg("--version").output().is_ok() {
        return Ok(true);
    }
    ensure!(!in_full(), "the program `curl` is missing");
    eprintln!("skipped: the program `curl` is missing");
    Ok(false)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_block_of_the_page_and_its_instagram_account_works() -> Result<()> {
    if !has_curl()? {
        return Ok(());
    }
    let hub = Hub::prepare(BINARY)?;
    let callback = format!("{}/webhooks/meta", hub.base());
    works(&["graph", "--callback", &callback], hub, 5).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_block_of_x_works() -> Result<()> {
    if !has_curl()? {
        return Ok(());
    }
    works(&["x"], Hub::prepare(BINARY)?, 1).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_block_of_whatsapp_works() -> Result<()> {
    if !has_curl()? {
        return Ok(());
    }
    let hub = Hub::prepare(BINARY)?;
    let callback = format!("{}/channels/whatsapp/webhook", hub.base());
    works(&["whatsapp", "--callback", &callback], hub, 1).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_block_of_the_middleware_works() -> Result<()> {
    if !has_curl()? {
        return Ok(());
    }
    let hub = Hub::prepare(BINARY)?;
    let at = hub.base();
    works(&["open-messaging", "--hub", &at], hub, 1).await
}

#[tokio::test(flavor = "multi_thread")]
async fn the_block_of_telegram_works() -> Result<()> {
    if !has_curl()? {
        return Ok(());
    }
    works(&["telegram"], Hub::prepare(BINARY)?, 1).await
}
