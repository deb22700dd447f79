//! What a running hub says of itself, and what can be seen of it from where the networks are.

use std::collections::BTreeSet;
use std::time::Duration;

use linecard_model::Timestamp;
use reqwest::{Client, Method, StatusCode};
use serde::Deserialize;
use serde_json::Value;

use super::super::admin_key;
use super::super::asked::{AskError, Asked, innermost};
use super::{Doctor, Findings};
use crate::config::ServerConfig;

/// Whoever is slower than this does not answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// A clock that is further off than this is not kept right.
const UNPUNCTUAL: Duration = Duration::from_secs(5);
/// Networks refuse what is signed with a clock that is further off.
const WRONG: Duration = Duration::from_secs(120);

/// What is used of a channel.
#[derive(Debug, Deserialize)]
struct Channel {
    id: String,
    paused: bool,
    at_work: bool,
    webhook_path: Option<String>,
    health: Health,
}

#[derive(Debug, Deserialize)]
struct Health {
    state: String,
    detail: Option<String>,
    remedy: Option<String>,
    dead_letters: u64,
    last_refused: Option<Refused>,
    findings: Vec<Found>,
}

/// What the network tells of how a channel is set up there.
#[derive(Debug, Deserialize)]
struct Found {
    code: String,
    severity: String,
    text: String,
    remedy: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Refused {
    at: Timestamp,
    reason: String,
    detail: String,
    remedy: String,
    /// Whether a delivery has been taken after it.
    over: bool,
}

/// What is used of the plug-ins.
#[derive(Debug, Deserialize)]
struct Plugins {
    problems: Vec<PluginProblem>,
}

#[derive(Debug, Deserialize)]
struct PluginProblem {
    file: String,
    reason: String,
}

pub(super) async fn look(
    doctor: &Doctor,
    config: &ServerConfig,
    findings: &mut Findings,
) -> anyhow::Result<()> {
    let asked = Asked::of(config, doctor.url.as_ref())?.within(PATIENCE);
    if !is_ready(&asked, findings).await {
        return Ok(());
    }
    let token = admin_key::given(&config.data, doctor.token_file.as_deref());
    let asked = match token {
        Ok(token) => asked.with(token),
        Err(error) => {
            findings.unseen(
                "channels",
                format!("without an administrator's key the hub tells nothing: {error:#}"),
                "name one by --token-file; `linecard key administrator` makes one for a stopped hub",
            );
            return Ok(());
        }
    };
    let channels: Vec<Channel> = match asked.get("/api/v1/channels").await {
        Ok(channels) => channels,
        Err(why) => {
            findings.unseen(
                "channels",
                why.to_string(),
                "name a valid administrator's key by --token-file",
            );
            return Ok(());
        }
    };
    for channel in &channels {
        channel_fares(channel, findings);
    }
    if let Ok(Plugins { problems }) = asked.get("/api/v1/plugins").await {
        for PluginProblem { file, reason } in problems {
            let remedy = "put the right file in its place and start the hub again, or remove it";
            findings.warning(&format!("plug-in {file}"), reason, remedy);
        }
    }
    public_address(asked.http(), config, &channels, findings).await;
    clock(&asked, findings).await;
    findings.unseen(
        "at-the-networks",
        "what a network does not tell of a channel is not looked at",
        "see the networks' own consoles",
    );
    Ok(())
}

async fn is_ready(asked: &Asked, findings: &mut Findings) -> bool {
    let answer = asked.send(asked.request(Method::GET, "/readyz")).await;
    match answer {
        Ok(_) => {
            let detail = format!("the hub at {} takes work", asked.base());
            findings.fine("hub", detail);
            true
        }
        Err(error @ AskError::Silent { .. }) => {
            findings.unseen(
                "hub",
                error.to_string(),
                "without it its channels, its public address and the clock cannot be looked at",
            );
            false
        }
        Err(error) => {
            findings.error(
                "hub",
                format!("it takes no work: {error}"),
                "see the hub's log, and start it again once the cause is gone",
            );
            false
        }
    }
}

fn channel_fares(channel: &Channel, findings: &mut Findings) {
    let subject = format!("channel {}", channel.id);
    let health = &channel.health;
    let told = match &health.detail {
        Some(detail) => format!("{}: {detail}", health.state),
        None => health.state.clone(),
    };
    let remedy = health.remedy.clone().unwrap_or_default();
    match health.state.as_str() {
        _ if channel.paused => findings.warning(
            &subject,
            "it is paused: it neither polls nor sends",
            format!("POST /api/v1/channels/{}/resume lets it go on", channel.id),
        ),
        _ if !channel.at_work => findings.error(&subject, told, remedy),
        "connected" => findings.fine(&subject, told),
        "unknown" => findings.unseen(&subject, "nothing is known of it yet", ""),
        "credentials-refused" | "stopped" => findings.error(&subject, told, remedy),
        _ => findings.warning(&subject, told, remedy),
    }
    if let Some(refused) = health.last_refused.as_ref().filter(|refused| !refused.over) {
        findings.warning(
            &subject,
            format!(
                "a delivery was not taken at {} ({}): {}",
                refused.at, refused.reason, refused.detail
            ),
            refused.remedy.clone(),
        );
    }
    for Found {
        code,
        severity,
        text,
        remedy,
    } in &health.findings
    {
        let detail = format!("{text} ({code})");
        let remedy = remedy.clone().unwrap_or_default();
        match severity.as_str() {
            "error" => findings.error(&subject, detail, remedy),
            "warning" => findings.warning(&subject, detail, remedy),
            _ => findings.fine(&subject, detail),
        }
    }
    if health.dead_letters > 0 {
        findings.warning(
            &subject,
            format!("{} things failed for good", health.dead_letters),
            format!(
                "GET /api/v1/channels/{}/dead-letters shows them",
                channel.id
            ),
        );
    }
}

/// Whether the address that networks are given leads to a hub.
async fn public_address(
    http: &Client,
    config: &ServerConfig,
    channels: &[Channel],
    findings: &mut Findings,
) {
    const SUBJECT: &str = "public-address";
    let Some(url) = &config.public_url else {
        let receives = channels
            .iter()
            .any(|channel| channel.webhook_path.is_some());
        if receives && config.listen.ip().is_loopback() {
            findings.warning(
                SUBJECT,
                format!("networks cannot deliver to {}, and there is no public_url", config.listen),
                "put a proxy with TLS before the hub and name its address as public_url; channels that poll \
                 work without",
            );
        }
        return;
    };
    let base = url.as_str().trim_end_matches('/');
    let answer = match http
        .get(format!("{base}/healthz"))
        .timeout(PATIENCE)
        .send()
        .await
    {
        Ok(answer) => answer,
        Err(error) => {
            findings.error(
                SUBJECT,
                format!("{base} cannot be reached from here: {}", innermost(&error)),
                "see to the name, the proxy and its certificate; networks deliver there",
            );
            return;
        }
    };
    let status = answer.status();
    let body: Value = answer.json().await.unwrap_or_default();
    if status == StatusCode::OK && body["status"] == "ok" {
        findings.fine(SUBJECT, format!("{base} leads to a hub, as seen from here"));
    } else {
        findings.error(
            SUBJECT,
            format!("what answers at {base}/healthz is no hub ({status})"),
            "have the proxy hand everything below public_url on to the hub",
        );
    }
}

/// How far the clock is off, as the networks' own servers see it.
async fn clock(asked: &Asked, findings: &mut Findings) {
    const SUBJECT: &str = "clock";
    let site: Value = asked.get("/api/v1/site").await.unwrap_or_default();
    let channels = site["config"]["channels"].as_object();
    let mut servers = BTreeSet::new();
    for (_, channel) in channels.into_iter().flatten() {
        if let Some(url) = channel["config"]["base_url"].as_str() {
            servers.insert(url.to_owned());
            continue;
        }
        let plugin = channel["plugin"].as_str().unwrap_or_default();
        let seen: Value = asked
            .get(&format!("/api/v1/plugins/{plugin}"))
            .await
            .unwrap_or_default();
        let usual = &seen["manifest"]["config_schema"]["properties"]["base_url"]["default"];
        servers.extend(usual.as_str().map(str::to_owned));
    }
    for server in servers {
        let Ok(answer) = asked.http().head(&server).timeout(PATIENCE).send().await else {
            continue;
        };
        let date = answer.headers().get(reqwest::header::DATE);
        let Some(theirs) =
            date.and_then(|date| httpdate::parse_http_date(date.to_str().ok()?).ok())
        else {
            continue;
        };
        let ours = std::time::SystemTime::now();
        let off = ours
            .duration_since(theirs)
            .unwrap_or_else(|error| error.duration());
        let detail = format!("it is {} s off the clock of {server}", off.as_secs());
        let remedy = "have the system keep its clock right (NTP); networks refuse what is signed at a wrong time";
        if off > WRONG {
            findings.error(SUBJECT, detail, remedy);
        } else if off > UNPUNCTUAL {
            findings.warning(SUBJECT, detail, remedy);
        } else {
            findings.fine(SUBJECT, detail);
        }
        return;
    }
    findings.unseen(SUBJECT, "no network's server told its time", "");
}
