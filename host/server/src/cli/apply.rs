//! Applies a site file: to a running hub by its API, or to a data folder on which none runs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use linecard_hub::configure::{
    ConfigureError, Problem, Problems, SecretValues, SiteFile, parse_site_file, rehearse, warnings,
};
use reqwest::header::{ACCEPT, IF_MATCH};
use reqwest::{Method, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use url::Url;

use super::options::ConfigOptions;
use super::setup::{configure, foundation};
use super::{admin_key, say};
use crate::config::ServerConfig;

/// Connecting channels includes reading secrets and trying analyzers; more time than this is a fault.
const PATIENCE: Duration = Duration::from_mins(1);

/// What to apply, and where.
#[derive(Debug, Args)]
pub(super) struct Apply {
    /// The site file
    file: PathBuf,
    /// Write into the data folder, on which no hub may be running
    #[arg(long, conflicts_with_all = ["url", "token_file"])]
    offline: bool,
    /// Only check the file, against everything that the hub knows; change nothing
    #[arg(long)]
    check: bool,
    /// The hub's address, if it is not the configured one
    #[arg(long, value_name = "URL")]
    url: Option<Url>,
    /// The file with a token or key of an administrator; `admin.key` in the data folder if absent
    #[arg(long, env = "LINECARD_TOKEN_FILE", value_name = "FILE")]
    token_file: Option<PathBuf>,
}

impl Apply {
    pub(super) async fn run(&self, options: &ConfigOptions) -> anyhow::Result<()> {
        let server = options.load()?;
        let site = parse_site_file(&self.file)?;
        for warning in site.places.locate(warnings(&site.value)).0 {
            eprintln!("warning: {warning}");
        }
        if self.offline {
            self.offline(&server, &site).await?;
        } else {
            self.online(&server, &site).await?;
        }
        let done = if self.check {
            "can be applied"
        } else {
            "was applied"
        };
        say(&format!("{} {done}", self.file.display()));
        Ok(())
    }

    async fn offline(&self, server: &ServerConfig, site: &SiteFile) -> anyhow::Result<()> {
        let foundation = foundation(server).await?;
        let values = SecretValues::default();
        let result = if self.check {
            let checked = rehearse(
                &foundation.site_config,
                &site.value,
                &values,
                &foundation.equipment,
            )
            .await;
            foundation.store.close().await?;
            checked.map(drop).map_err(anyhow::Error::from)
        } else {
            configure(&foundation, site.value.clone(), &values).await
        };
        result.map_err(|error| match error.downcast::<ConfigureError>() {
            Ok(ConfigureError::Problems(problems)) => site.places.locate(problems).into(),
            Ok(other) => other.into(),
            Err(error) => error,
        })
    }

    async fn online(&self, server: &ServerConfig, site: &SiteFile) -> anyhow::Result<()> {
        let token = self.token(server)?;
        let base = match &self.url {
            Some(url) => url.as_str().trim_end_matches('/').to_owned(),
            None => local_url(server),
        };
        let (method, address) = if self.check {
            (Method::POST, format!("{base}/api/v1/site/check"))
        } else {
            (Method::PUT, format!("{base}/api/v1/site"))
        };
        // Another part of the program may have set the same provider before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().timeout(PATIENCE).build()?;
        let answer = client
            .request(method, &address)
            .bearer_auth(token.expose_secret())
            .header(ACCEPT, "application/json")
            // The file is the whole truth, whatever stands there now.
            .header(IF_MATCH, "*")
            .json(&serde_json::json!({"config": site.value}))
            .send()
            .await
            .with_context(|| {
                format!("no hub answers at {base}; is it running? `--offline` writes into the data folder of one that is not")
            })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let text = answer.text().await.unwrap_or_default();
        let refusal: Refusal = serde_json::from_str(&text).unwrap_or_default();
        if !refusal.errors.is_empty() {
            let problems = refusal.errors.into_iter().map(|error| {
                // The request has the file's content in its field "config".
                let pointer = error.pointer.strip_prefix("/config");
                Problem {
                    file: None,
                    line: None,
                    column: None,
                    pointer: pointer.unwrap_or(&error.pointer).to_owned(),
                    text: error.detail,
                }
            });
            return Err(site.places.locate(Problems(problems.collect())).into());
        }
        let detail = refusal.detail.unwrap_or(text);
        if status == StatusCode::UNAUTHORIZED || status == StatusCode::FORBIDDEN {
            bail!("the hub at {base} refuses the key ({status}): {detail}");
        }
        bail!("the hub at {base} refuses ({status}): {detail}")
    }

    fn token(&self, server: &ServerConfig) -> anyhow::Result<SecretString> {
        let Some(file) = &self.token_file else {
            return admin_key::read(&server.data)?.with_context(|| {
                format!(
                    "there is no {}; name a file with an administrator's key by --token-file",
                    admin_key::file(&server.data).display()
                )
            });
        };
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("{} cannot be read", file.display()))?;
        if text.trim().is_empty() {
            bail!("{} is empty", file.display());
        }
        Ok(text.trim().into())
    }
}

/// What the hub says when it refuses (RFC 9457).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Refusal {
    detail: Option<String>,
    errors: Vec<RefusedField>,
}

#[derive(Debug, Deserialize)]
struct RefusedField {
    pointer: String,
    detail: String,
}

/// The hub's address on this machine, or its public one where the certificate is checked.
pub(super) fn local_url(server: &ServerConfig) -> String {
    if server.tls.is_some() {
        return server.url();
    }
    let mut address = server.listen;
    if address.ip().is_unspecified() {
        address.set_ip(match address.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    format!("http://{address}")
}
