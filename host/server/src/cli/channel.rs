//! Registers channels of a running hub at their networks, and takes them off.

use clap::{Args, Subcommand};
use linecard_model::ChannelId;
use linecard_model::platform::Step;
use reqwest::Method;
use serde::Deserialize;
use serde_json::json;

use super::options::ConfigOptions;
use super::rules::TheHub;
use super::say;

/// What to do at the network
#[derive(Debug, Subcommand)]
pub(super) enum Channel {
    /// Tell a channel's network where the hub is, as the channel's configuration wants it
    SetUp(Setting),
    /// Tell a channel's network that it is to deliver no more; the channel stays configured
    TearDown(Setting),
}

/// Which channel, and whether only to look.
#[derive(Debug, Args)]
pub(super) struct Setting {
    /// The channel, by its name in the site file
    #[arg(value_parser = name)]
    name: ChannelId,
    /// Show what would be done at the network, and change nothing there
    #[arg(long)]
    rehearse: bool,
    #[command(flatten)]
    hub: TheHub,
}

fn name(text: &str) -> Result<ChannelId, String> {
    ChannelId::new(text).map_err(|error| error.to_string())
}

/// What the hub answers.
#[derive(Debug, Deserialize)]
struct Done {
    rehearsal: bool,
    steps: Vec<Step>,
}

impl Channel {
    pub(super) async fn run(&self, options: &ConfigOptions) -> anyhow::Result<()> {
        let (setting, way) = match self {
            Self::SetUp(setting) => (setting, "set-up"),
            Self::TearDown(setting) => (setting, "tear-down"),
        };
        let Setting {
            name,
            rehearse,
            hub,
        } = setting;
        let hub = hub.asked(options)?;
        let path = format!("/api/v1/channels/{name}/{way}");
        let request = hub.request(Method::POST, &path);
        let answer = hub
            .send(request.json(&json!({ "rehearsal": rehearse })))
            .await?;
        let Done { rehearsal, steps } = hub.read(answer).await?;
        for step in &steps {
            let what = match (step.changes, rehearsal) {
                (false, _) => "is so already",
                (true, true) => "would be done",
                (true, false) => "done",
            };
            say(&format!("{what}: {}", step.text));
        }
        let changed = steps.iter().filter(|step| step.changes).count();
        say(&match (changed, rehearsal) {
            (0, _) => format!("nothing is to be changed at the network of channel {name}"),
            (_, true) => {
                format!("nothing was changed: run `linecard channel {way} {name}` to do it")
            }
            (_, false) if way == "set-up" => {
                format!("the network of channel {name} delivers to the hub")
            }
            (_, false) => format!("the network of channel {name} delivers to the hub no more"),
        });
        Ok(())
    }
}
