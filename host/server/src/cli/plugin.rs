//! Looks at plug-ins, helps to write them, and decides about those of a running hub.

mod bench;
mod new;
mod record;
mod test;
mod trial;

use std::path::PathBuf;

use clap::{Args, Subcommand};
use linecard_model::plugin::{Approval, RolledBack, ServedVersion};
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::asked::Asked;
use super::options::ConfigOptions;
use super::plugins::{inspect, installed};
use super::{admin_key, say};

/// What to look at, or to decide.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct PluginCommand {
    #[command(subcommand)]
    step: Option<Step>,
    /// A plug-in file to look at, in place of those that are installed
    file: Option<PathBuf>,
    /// Print the whole manifests as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Step {
    /// List what serves in the running hub, what waits for an approval, and what cannot be used
    List(List),
    /// Show what a file is, what it asks for and what it would be granted; nothing is installed
    Inspect(Inspect),
    /// Lay out the project of a new plug-in, which builds and passes its tests as it stands
    New(new::New),
    /// Test a plug-in on recorded calls in the hub's sandbox, and on hostile variants of them
    Test(test::Test),
    /// Play customer and agent with a plug-in in a hub of its own; recorded cases answer for the network
    Try(trial::Try),
    /// Tell how fast a plug-in is on recorded calls in the hub's sandbox
    Bench(bench::Bench),
    /// Record the calls of a connector of the running hub for a while, for its author to make them again
    Record(record::Record),
    /// Make a recorded call again with a plug-in's file, and show what comes out otherwise
    Replay(record::Replay),
    /// Grant a file of the running hub what it asks for
    Approve(Approve),
    /// Have an earlier version serve again in the running hub
    RollBack(RollBack),
}

/// The hub that is asked.
#[derive(Debug, Args)]
struct Hub {
    /// The hub's address, if it is not the configured one
    #[arg(long, value_name = "URL")]
    url: Option<Url>,
    /// The file with a token or key of an administrator; `admin.key` in the data folder if absent
    #[arg(long, env = "LINECARD_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
}

impl Hub {
    fn asked(&self, options: &ConfigOptions) -> anyhow::Result<Asked> {
        let server = options.load()?;
        let token = admin_key::given(&server.data, self.token_file.as_deref())?;
        Ok(Asked::of(&server, self.url.as_ref())?.with(token))
    }
}

#[derive(Debug, Args)]
struct List {
    /// Print it as JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    hub: Hub,
}

#[derive(Debug, Args)]
struct Inspect {
    /// The plug-in's file
    file: PathBuf,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Approve {
    /// The plug-in
    plugin: String,
    /// The SHA-256 of the file, as `linecard plugin list` shows it; the one that waits if absent
    sha256: Option<String>,
    #[command(flatten)]
    hub: Hub,
}

#[derive(Debug, Args)]
struct RollBack {
    /// The plug-in
    plugin: String,
    /// The SHA-256 of the version's file, as `linecard plugin list` shows it; the one before if absent
    sha256: Option<String>,
    #[command(flatten)]
    hub: Hub,
}

/// What a hub says of its plug-ins.
#[derive(Debug, Deserialize)]
struct Plugins {
    #[serde(rename = "plugins")]
    serving: Vec<Serving>,
    pending: Vec<Waiting>,
    problems: Vec<Unused>,
}

#[derive(Debug, Deserialize)]
struct Serving {
    id: String,
    version: String,
    source: String,
    sha256: String,
}

#[derive(Debug, Deserialize)]
struct Waiting {
    plugin: String,
    version: String,
    sha256: String,
    file: String,
    asks: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct Unused {
    file: String,
    reason: String,
}

/// What an administrator sees of one.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct History {
    versions: Vec<ServedVersion>,
    approvals: Vec<Approval>,
    rolled_back: Option<RolledBack>,
}

impl PluginCommand {
    /// Whether it looks at a file, and not at what is installed.
    pub(super) fn is_about_a_file(&self) -> bool {
        self.file.is_some()
            || matches!(
                self.step,
                Some(
                    Step::Inspect(_)
                        | Step::Test(_)
                        | Step::Try(_)
                        | Step::Bench(_)
                        | Step::Replay(_)
                )
            )
    }

    /// Whether it needs neither a hub nor what one keeps.
    pub(super) fn is_for_nothing(&self) -> bool {
        matches!(self.step, Some(Step::New(_)))
    }

    /// Whether it asks a running hub.
    pub(super) fn is_for_a_hub(&self) -> bool {
        matches!(
            self.step,
            Some(Step::List(_) | Step::Record(_) | Step::Approve(_) | Step::RollBack(_))
        )
    }

    pub(super) async fn run(&self, options: &ConfigOptions) -> anyhow::Result<()> {
        match (&self.step, &self.file) {
            (None, None) => installed(options, self.json).await,
            (None, Some(file)) => inspect(options, file, self.json).await,
            (Some(Step::Inspect(step)), _) => inspect(options, &step.file, step.json).await,
            (Some(Step::New(step)), _) => step.run(),
            (Some(Step::Test(step)), _) => step.run(options).await,
            (Some(Step::Try(step)), _) => step.run(options).await,
            (Some(Step::Bench(step)), _) => step.run(options).await,
            (Some(Step::Record(step)), _) => step.run(options).await,
            (Some(Step::Replay(step)), _) => step.run(options).await,
            (Some(Step::List(step)), _) => step.run(options).await,
            (Some(Step::Approve(step)), _) => step.run(options).await,
            (Some(Step::RollBack(step)), _) => step.run(options).await,
        }
    }
}

impl List {
    async fn run(&self, options: &ConfigOptions) -> anyhow::Result<()> {
        let hub = self.hub.asked(options)?;
        if self.json {
            let all: serde_json::Value = hub.get("/api/v1/plugins").await?;
            say(&serde_json::to_string_pretty(&all)?);
            return Ok(());
        }
        let all: Plugins = hub.get("/api/v1/plugins").await?;
        for serving in &all.serving {
            let Serving {
                id,
                version,
                source,
                sha256,
            } = serving;
            say(&format!("{id} {version} serves ({source}, {sha256})"));
            let history: History = hub.get(&format!("/api/v1/plugins/{id}")).await?;
            for earlier in history.versions.iter().filter(|v| v.sha256 != *sha256) {
                let (version, since) = (&earlier.version, earlier.since);
                say(&format!(
                    "  served before: {version} since {since} ({})",
                    earlier.sha256
                ));
            }
            for approval in &history.approvals {
                let Approval { sha256, by, at } = approval;
                say(&format!("  approved by {by} at {at} ({sha256})"));
            }
            if let Some(RolledBack { from, by, at, .. }) = &history.rolled_back {
                say(&format!("  rolled back by {by} at {at} ({from})"));
            }
        }
        for waiting in &all.pending {
            let Waiting {
                plugin,
                version,
                sha256,
                file,
                asks,
            } = waiting;
            say(&format!(
                "{plugin} {version} waits for an approval ({file}, {sha256})"
            ));
            for ask in asks {
                say(&format!("  {ask}"));
            }
            say(&format!(
                "  grant it by `linecard plugin approve {plugin} {sha256}`"
            ));
        }
        for Unused { file, reason } in &all.problems {
            say(&format!("{file} is not used: {reason}"));
        }
        Ok(())
    }
}

impl Approve {
    async fn run(&self, options: &ConfigOptions) -> anyhow::Result<()> {
        let hub = self.hub.asked(options)?;
        let plugin = &self.plugin;
        let sha256 = if let Some(sha256) = &self.sha256 {
            sha256.clone()
        } else {
            let all: Plugins = hub.get("/api/v1/plugins").await?;
            let mut waiting = all.pending.into_iter().filter(|w| w.plugin == *plugin);
            let Some(one) = waiting.next() else {
                anyhow::bail!(
                    "no file of plug-in {plugin} waits for an approval: see `linecard plugin list`"
                );
            };
            for ask in &one.asks {
                say(ask);
            }
            one.sha256
        };
        let path = format!("/api/v1/plugins/{plugin}/files/{sha256}/approve");
        let request = hub.request(Method::POST, &path).json(&json!({}));
        hub.send(request).await?;
        say(&format!(
            "plug-in {plugin} is granted what its file {sha256} asks for"
        ));
        Ok(())
    }
}

impl RollBack {
    async fn run(&self, options: &ConfigOptions) -> anyhow::Result<()> {
        let hub = self.hub.asked(options)?;
        let plugin = &self.plugin;
        let path = format!("/api/v1/plugins/{plugin}/roll-back");
        let body = json!({ "to": self.sha256 });
        hub.send(hub.request(Method::POST, &path).json(&body))
            .await?;
        let now: Serving = hub.get(&format!("/api/v1/plugins/{plugin}")).await?;
        let Serving {
            version, sha256, ..
        } = now;
        say(&format!(
            "plug-in {plugin} serves as version {version} again ({sha256})"
        ));
        Ok(())
    }
}
