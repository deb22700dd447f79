//! Records the calls of a connector in a running hub, and makes such a call again.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::Args;
use linecard_hub::recorder::RECORDINGS;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::Hub;
use super::test::Test;
use crate::cli::options::ConfigOptions;
use crate::cli::say;

/// What to record.
#[derive(Debug, Args)]
#[command(
    after_help = "A case has what customers wrote, and no secrets. It lies in the data folder, where the hub's \
user alone reads it, and is deleted after a week; all cases are when a person is erased. Recording ends by \
itself, and with the hub."
)]
pub(super) struct Record {
    /// The plug-in
    plugin: String,
    /// For how long, in minutes, up to a day
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=1440))]
    minutes: u32,
    /// How many calls at most, up to 100
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    cases: u32,
    /// Only this call, such as receive or perform; several if it is given again
    #[arg(long, value_name = "CALL")]
    call: Vec<String>,
    /// Tell what was recorded, and begin nothing
    #[arg(long, conflicts_with_all = ["minutes", "cases", "call"])]
    show: bool,
    /// End the recording, and tell what was recorded
    #[arg(long, conflicts_with_all = ["minutes", "cases", "call", "show"])]
    stop: bool,
    #[command(flatten)]
    hub: Hub,
}

/// How calls are recorded, as a hub says it.
#[derive(Debug, Deserialize)]
struct Recording {
    on: bool,
    until: Option<String>,
    left: u32,
    left_out: u64,
    kept_days: u64,
    cases: Vec<Recorded>,
}

#[derive(Debug, Deserialize)]
struct Recorded {
    call_id: String,
    call: String,
    at: String,
    failed: bool,
    folder: String,
}

impl Record {
    pub(super) async fn run(&self, options: &ConfigOptions) -> anyhow::Result<()> {
        let hub = self.hub.asked(options)?;
        let path = format!("/api/v1/plugins/{}/recording", self.plugin);
        if self.stop {
            hub.send(hub.request(Method::DELETE, &path)).await?;
        } else if !self.show {
            let order = json!({ "minutes": self.minutes, "cases": self.cases, "calls": self.call });
            hub.send(hub.request(Method::PUT, &path).json(&order))
                .await?;
        }
        let recording: Recording = hub.get(&path).await?;
        self.tell(&recording);
        Ok(())
    }

    fn tell(&self, recording: &Recording) {
        let plugin = &self.plugin;
        for case in &recording.cases {
            let failed = if case.failed { ", FAILED" } else { "" };
            say(&format!(
                "{} {} at {}{failed}: {}",
                case.call, case.call_id, case.at, case.folder
            ));
        }
        if recording.left_out > 0 {
            say(&format!(
                "{} calls were left out; the hub's log says why",
                recording.left_out
            ));
        }
        say(&match (&recording.until, recording.on) {
            (Some(until), true) => format!(
                "up to {} calls of {plugin} are recorded until {until}, with what customers write in them; \
                 `linecard plugin record {plugin} --show` tells where they are, --stop ends it",
                recording.left
            ),
            (Some(_), false) => format!(
                "calls of {plugin} are not recorded; each case is deleted {} days after its call",
                recording.kept_days
            ),
            (None, _) => format!("no calls of {plugin} were recorded since the hub's start"),
        });
    }
}

/// What to make again.
#[derive(Debug, Args)]
pub(super) struct Replay {
    /// The case: its folder, or the id of its call if it lies in the data folder
    case: String,
    /// A component, or the folder of a project: a Rust crate is built first, any other has one `.wasm` file
    #[arg(value_name = "DIR|FILE")]
    of: PathBuf,
}

impl Replay {
    pub(super) async fn run(&self, options: &ConfigOptions) -> anyhow::Result<()> {
        let data = options.load()?.data;
        let folder = self.folder(&data.join(RECORDINGS))?;
        let folder = folder
            .canonicalize()
            .with_context(|| folder.display().to_string())?;
        let name = folder.file_name().map(|name| name.to_string_lossy());
        let (Some(cases), Some(name)) = (folder.parent(), name) else {
            bail!("{} is no case", folder.display());
        };
        let test = Test::of_case(self.of.clone(), cases.to_owned(), name.into_owned());
        test.run(options).await
    }

    /// The case's folder.
    fn folder(&self, recordings: &Path) -> anyhow::Result<PathBuf> {
        let given = Path::new(&self.case);
        if given.is_dir() {
            return Ok(given.to_owned());
        }
        let plugins = std::fs::read_dir(recordings).into_iter().flatten();
        let cases = plugins
            .flatten()
            .flat_map(|plugin| std::fs::read_dir(plugin.path()))
            .flatten();
        for case in cases.flatten() {
            let name = case.file_name();
            let name = name.to_string_lossy();
            let id = name.rsplit('-').next();
            if id == Some(self.case.as_str()) || name == self.case.as_str() {
                return Ok(case.path());
            }
        }
        bail!(
            "there is no case {}: neither a folder, nor a call that is recorded in {}; `linecard plugin record \
             PLUGIN --show` lists those of a running hub",
            self.case,
            recordings.display()
        )
    }
}
