//! Rules of a site file: checked, and tried with the messages that a hub has recorded.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Subcommand};
use linecard_hub::configure::{Problem, Problems, SiteFile, parse_site_file};
use linecard_model::rule::RuleStep;
use reqwest::Method;
use reqwest::header::ACCEPT;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use super::asked::Asked;
use super::options::ConfigOptions;
use super::{admin_key, say};

/// Trying rules with many messages takes a while.
const PATIENCE: Duration = Duration::from_mins(2);
/// How `test` ends when the rules would do something else than those in force.
const WOULD_DIFFER: u8 = 3;

/// Check rules, or try them
#[derive(Debug, Subcommand)]
pub(super) enum Rules {
    /// Check the rules of a site file, against everything that the hub knows; change nothing
    Check(Check),
    /// Try the rules of a site file with the newest messages that the hub has recorded; change nothing
    Test(Test),
}

/// What to check.
#[derive(Debug, Args)]
pub(super) struct Check {
    /// The site file
    file: PathBuf,
    /// Ask no hub: what channels and connectors can do is not checked then
    #[arg(long, conflicts_with = "url")]
    offline: bool,
    #[command(flatten)]
    hub: TheHub,
}

/// What to try.
#[derive(Debug, Args)]
#[command(
    after_help = "Ends with 0 when the rules do the same as those in force, 2 when they are wrong, 3 when they would do something else."
)]
pub(super) struct Test {
    /// The site file
    file: PathBuf,
    /// With how many of the newest messages, 1 to 1000
    #[arg(long, default_value_t = 200)]
    messages: u32,
    #[command(flatten)]
    hub: TheHub,
}

/// Which hub is asked, and with which key.
#[derive(Debug, Args)]
pub(super) struct TheHub {
    /// The hub's address, if it is not the configured one
    #[arg(long, value_name = "URL")]
    url: Option<Url>,
    /// The file with a token or key of an administrator; `admin.key` in the data folder if absent
    #[arg(long, env = "LINECARD_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
}

impl TheHub {
    /// The hub, with the key.
    pub(super) fn asked(&self, options: &ConfigOptions) -> anyhow::Result<Asked> {
        let server = options.load()?;
        let token = admin_key::given(&server.data, self.token_file.as_deref())?;
        let hub = Asked::of(&server, self.url.as_ref())?;
        Ok(hub.with(token).within(PATIENCE))
    }

    async fn ask<T: DeserializeOwned>(
        &self,
        options: &ConfigOptions,
        path: &str,
        body: &Value,
    ) -> anyhow::Result<T> {
        let hub = self.asked(options)?;
        let request = hub.request(Method::POST, path);
        let request = request.header(ACCEPT, "application/json").json(body);
        let answer = hub.send(request).await?;
        Ok(hub.read(answer).await?)
    }

    async fn check(&self, options: &ConfigOptions, site: &SiteFile) -> anyhow::Result<()> {
        let body = json!({ "rules": site.value.rules });
        let checked: Checked = self.ask(options, "/api/v1/rules/check", &body).await?;
        if checked.faults.is_empty() {
            return Ok(());
        }
        let problem = |fault: Fault| Problem {
            file: None,
            line: None,
            column: None,
            pointer: fault.pointer,
            text: fault.detail,
        };
        let problems = checked.faults.into_iter().map(problem).collect();
        Err(site.places.locate(Problems(problems)).into())
    }
}

impl Rules {
    pub(super) async fn run(&self, options: &ConfigOptions) -> anyhow::Result<u8> {
        match self {
            Self::Check(check) => {
                let site = parse_site_file(&check.file)?;
                if !check.offline {
                    check.hub.check(options, &site).await?;
                }
                can_be_applied(&check.file, site.value.rules.len());
                Ok(0)
            }
            Self::Test(test) => {
                let site = parse_site_file(&test.file)?;
                test.hub.check(options, &site).await?;
                let body = json!({ "rules": site.value.rules, "messages": test.messages });
                let tested: Tested = test.hub.ask(options, "/api/v1/rules/test", &body).await?;
                Ok(tested.tell())
            }
        }
    }
}

fn can_be_applied(file: &Path, count: usize) {
    let what = if count == 1 { "rule" } else { "rules" };
    say(&format!(
        "{count} {what} of {} can be applied",
        file.display()
    ));
}

/// What the hub says is wrong.
#[derive(Debug, Deserialize)]
struct Checked {
    faults: Vec<Fault>,
}

#[derive(Debug, Deserialize)]
struct Fault {
    pointer: String,
    detail: String,
}

/// What the hub says would differ.
#[derive(Debug, Deserialize)]
struct Tested {
    messages: u32,
    differences: Vec<Difference>,
}

#[derive(Debug, Deserialize)]
struct Difference {
    message: String,
    channel: String,
    at: String,
    before: Vec<RuleStep>,
    after: Vec<RuleStep>,
}

impl Tested {
    fn tell(&self) -> u8 {
        for difference in &self.differences {
            let Difference {
                message,
                channel,
                at,
                before,
                after,
            } = difference;
            say(&format!("message {message} of {at} on channel {channel}:"));
            for (sign, steps) in [('-', before), ('+', after)] {
                say(&format!("  {sign} {}", told(steps)));
            }
        }
        let differ = self.differences.len();
        say(&format!(
            "{differ} of {} messages would be dealt with in another way",
            self.messages
        ));
        if differ == 0 { 0 } else { WOULD_DIFFER }
    }
}

/// What rules did, in a line.
fn told(steps: &[RuleStep]) -> String {
    let did = steps.iter().flat_map(|step| {
        let done = step.did.iter().filter(|did| did.not_done.is_none());
        done.map(|did| format!("{} ({})", did.what, step.rule))
    });
    let did: Vec<String> = did.collect();
    if did.is_empty() {
        "nothing".to_owned()
    } else {
        did.join(", ")
    }
}
