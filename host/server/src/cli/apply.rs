//! Applies a site file: to a running hub by its API, or to a data folder on which none runs.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use linecard_hub::configure::{
    Change, ConfigureError, Problems, SecretValues, SiteFile, difference, parse_site_file,
    rehearse, warnings,
};
use reqwest::header::{ACCEPT, ETAG, IF_MATCH};
use reqwest::{Method, Response, StatusCode};
use serde::Deserialize;
use url::Url;

use super::asked::{AskError, Asked};
use super::options::ConfigOptions;
use super::setup::{configure, foundation};
use super::{admin_key, say};
use crate::config::ServerConfig;

/// Connecting channels includes reading secrets and trying analyzers; more time than this is a fault.
const PATIENCE: Duration = Duration::from_mins(1);

/// How `--dry-run` ends when applying the file would change something.
const WOULD_CHANGE: u8 = 3;
/// How the command ends that did not apply because nobody agreed.
const NOT_AGREED: u8 = 4;

/// What to apply, and where.
#[derive(Debug, Args)]
#[command(
    after_help = "The file is the whole truth: what it does not name is removed, also what was made \
through the API, with the secrets that the hub keeps for it. So the difference is shown first, and asked \
about on a terminal. Without a terminal and without --yes only what removes nothing is applied.\n\n\
Ends with 0 when the file is applied (with --dry-run: when nothing would change), 1 when something failed, \
2 when the file is wrong, 3 when a --dry-run would change something, 4 when nobody agreed to the change; \
nothing has changed then."
)]
pub(super) struct Apply {
    /// The site file
    file: PathBuf,
    /// Write into the data folder, on which no hub may be running
    #[arg(long, conflicts_with = "url")]
    offline: bool,
    /// Only check the file, against everything that the hub knows; change nothing
    #[arg(long, conflicts_with = "dry_run")]
    check: bool,
    /// Only check the file and show what it would change
    #[arg(long)]
    dry_run: bool,
    /// Apply without asking, whatever it removes
    #[arg(long, short = 'y', conflicts_with_all = ["check", "dry_run"])]
    yes: bool,
    /// The hub's address, if it is not the configured one
    #[arg(long, value_name = "URL")]
    url: Option<Url>,
    /// The file with a token or key of an administrator; `admin.key` in the data folder if absent
    #[arg(long, env = "LINECARD_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
}

impl Apply {
    pub(super) fn is_offline(&self) -> bool {
        self.offline
    }

    pub(super) async fn run(&self, options: &ConfigOptions) -> anyhow::Result<u8> {
        let server = options.load()?;
        let site = parse_site_file(&self.file)?;
        for warning in site.places.locate(warnings(&site.value)).0 {
            eprintln!("warning: {warning}");
        }
        if self.offline {
            self.offline(&server, &site).await
        } else {
            self.online(&server, &site).await
        }
    }

    async fn offline(&self, server: &ServerConfig, site: &SiteFile) -> anyhow::Result<u8> {
        let foundation = foundation(server).await?;
        let values = SecretValues::default();
        let located = |error: anyhow::Error| match error.downcast::<ConfigureError>() {
            Ok(ConfigureError::Problems(problems)) => site.places.locate(problems).into(),
            Ok(other) => other.into(),
            Err(error) => error,
        };
        let checked = rehearse(
            &foundation.site_config,
            &site.value,
            &values,
            &foundation.equipment,
        );
        let decided = match checked.await {
            Ok(_) => self.decide(&difference(&foundation.site_config, &site.value, &values)),
            Err(error) => Err(located(error.into())),
        };
        if let Ok(None) = decided {
            let done = configure(&foundation, site.value.clone(), &values).await;
            done.map_err(located)?;
            return Ok(self.applied());
        }
        foundation.store.close().await?;
        Ok(decided?.unwrap_or_default())
    }

    async fn online(&self, server: &ServerConfig, site: &SiteFile) -> anyhow::Result<u8> {
        let token = admin_key::given(&server.data, self.token_file.as_deref())?;
        let hub = Asked::of(server, self.url.as_ref())?;
        let hub = hub.with(token).within(PATIENCE);
        let answer = ask(&hub, Method::POST, "/api/v1/site/check", "*", site).await?;
        let version = answer.headers().get(ETAG).and_then(|tag| tag.to_str().ok());
        let version = version.unwrap_or("*").to_owned();
        let mut checked: Checked = hub.read(answer).await?;
        for change in &mut checked.changes {
            in_the_file(&mut change.pointer);
        }
        if let Some(code) = self.decide(&checked.changes)? {
            return Ok(code);
        }
        // What was shown is what is applied: a change that came in between is refused.
        ask(&hub, Method::PUT, "/api/v1/site", &version, site).await?;
        Ok(self.applied())
    }

    fn applied(&self) -> u8 {
        say(&format!("{} was applied", self.file.display()));
        0
    }

    /// Shows what would change, and finds out whether it may; how the command ends if it ends here.
    fn decide(&self, changes: &[Change]) -> anyhow::Result<Option<u8>> {
        let file = self.file.display();
        if self.check {
            say(&format!("{file} can be applied"));
            return Ok(Some(0));
        }
        if changes.is_empty() {
            say("nothing would change, but secrets are read again");
        }
        for change in changes {
            say(&change.to_string());
        }
        if self.dry_run {
            say(&format!("{file} can be applied; nothing was changed"));
            let is_same = changes.is_empty();
            return Ok(Some(if is_same { 0 } else { WOULD_CHANGE }));
        }
        if self.yes || changes.is_empty() {
            return Ok(None);
        }
        if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
            if asked(&format!("Apply {file}?"))? {
                return Ok(None);
            }
            eprintln!("linecard: nothing was changed");
            return Ok(Some(NOT_AGREED));
        }
        let removed: Vec<&Change> = changes.iter().filter(|c| c.kind.removes()).collect();
        if removed.is_empty() {
            return Ok(None);
        }
        let names: Vec<String> = removed.iter().map(|change| change.key()).collect();
        eprintln!(
            "linecard: nothing was changed: applying {file} would remove {}. Name in the file what is to \
             stay, or say --yes",
            names.join(", ")
        );
        Ok(Some(NOT_AGREED))
    }
}

/// Asks a hub about a site file, or to apply it.
async fn ask(
    hub: &Asked,
    method: Method,
    path: &str,
    version: &str,
    site: &SiteFile,
) -> anyhow::Result<Response> {
    let request = hub
        .request(method, path)
        .header(ACCEPT, "application/json")
        .header(IF_MATCH, version)
        .json(&serde_json::json!({"config": site.value}));
    let error = match hub.send(request).await {
        Ok(answer) => return Ok(answer),
        Err(error) => error,
    };
    match error {
        AskError::Silent { .. } => {
            bail!("{error}; `--offline` writes into the data folder of a hub that does not run")
        }
        AskError::Refused { status, .. } if status == StatusCode::PRECONDITION_FAILED => bail!(
            "nothing was changed: somebody else changed the site meanwhile. Apply again to see what would change now"
        ),
        AskError::Refused { ref refusal, .. } => {
            let mut problems = refusal.problems();
            if problems.is_empty() {
                return Err(error.into());
            }
            for problem in &mut problems {
                in_the_file(&mut problem.pointer);
            }
            Err(site.places.locate(Problems(problems)).into())
        }
        AskError::Strange { .. } => Err(error.into()),
    }
}

/// The request has the file's content in its field `config`.
fn in_the_file(pointer: &mut String) {
    if let Some(inside) = pointer.strip_prefix("/config") {
        *pointer = inside.to_owned();
    }
}

/// Asks a question on the terminal; only a yes is one.
fn asked(question: &str) -> std::io::Result<bool> {
    eprint!("{question} [y/N] ");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    let answer = line.trim().to_ascii_lowercase();
    Ok(matches!(answer.as_str(), "y" | "yes"))
}

/// What the hub says that a site file comes to.
#[derive(Debug, Deserialize)]
struct Checked {
    changes: Vec<Change>,
}
