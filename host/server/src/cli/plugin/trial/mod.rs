//! Tries a plug-in by hand: in a real hub, between a customer and an agent whom its author plays.

mod console;
mod network;
mod shown;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, bail};
use clap::Args;
use linecard_hub::configure::SecretValues;
use linecard_model::manifest::{ConnectorManifest, Manifest};
use linecard_model::rights::Rights;
use linecard_model::site::SiteConfig;
use linecard_sandbox::wanted_hosts;
use linecard_schema::check_config;
use linecard_site::Actor;
use linecard_testkit::Case;
use serde_json::{Map, Value, json};

use self::console::Console;
use self::network::Network;
use self::shown::Screen;
use super::test::{cases_of, component};
use crate::cli::asked::Asked;
use crate::cli::hosted::Hosted;
use crate::cli::options::ConfigOptions;
use crate::cli::setup::Surroundings;
use crate::cli::{log, say};
use crate::config::ServerConfig;

/// The channel, by the name that recorded cases have for theirs: signatures may be made of it.
const CHANNEL: &str = "test-channel";
/// The address that networks reach the hub at, as recorded cases have it. Nothing is there.
const PUBLIC: &str = "https://hub.example.com";
/// Who is played.
const YOU: &str = "you";

/// What to try.
#[derive(Debug, Args)]
#[command(
    after_help = "It reads commands, one a line, from a terminal or a pipe, until `quit` or the end:\n\n\
customer CASE|FILE    a webhook comes: a recorded request. What the plug-in makes of it is shown, and\n                      \
the conversation is yours\n\
agent TEXT            you answer: the requests that the plug-in makes are shown\n\
network CASE|FILE     what the network answers next, in place of what the cases say\n\
set-up [rehearse]     the channel is registered at its network, or it is told what would be done\n\
tear-down [rehearse]  the channel is taken off its network\n\
cases                 the recorded cases\n\
help, quit\n\n\
The network is never asked: the recorded cases answer. It ends with 1 if a command from a pipe could not be \
done."
)]
pub(super) struct Try {
    /// A component, or the folder of a project: a Rust crate is built first, any other has one `.wasm` file
    #[arg(value_name = "DIR|FILE")]
    of: PathBuf,
    /// The channel's configuration, in JSON; if absent the schema's defaults, or if those are not enough what
    /// the first case has whose configuration is valid
    #[arg(long, value_name = "FILE")]
    channel_config: Option<PathBuf>,
    /// Where a secret is, as in a site file, such as token=env:TOKEN; if absent the cases' own test secrets,
    /// or made-up ones
    #[arg(long, value_name = "NAME=PLACE", value_parser = secret)]
    secret: Vec<(String, String)>,
    /// The folder of the cases; `tests/golden` in the project, or in the nearest folder above the file
    #[arg(long, value_name = "FOLDER")]
    cases: Option<PathBuf>,
}

fn secret(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, place)) if place.starts_with("env:") || place.starts_with("file:") => {
            Ok((name.to_owned(), place.to_owned()))
        }
        _ => Err("write NAME=env:VARIABLE or NAME=file:PATH".to_owned()),
    }
}

/// What is configured of the one channel.
struct Channel {
    config: Value,
    /// Where each secret is.
    places: Map<String, Value>,
    /// The values of those that are made up or come from the cases.
    given: Map<String, Value>,
    /// The values of all that are texts, to sign requests with.
    known: Map<String, Value>,
}

impl Try {
    pub(super) async fn run(&self, options: &ConfigOptions) -> anyhow::Result<()> {
        let mut config = options.load()?;
        let compiled = config.data.clone();
        crate::cli::setup::private_folder(&compiled)
            .with_context(|| format!("the data folder {}", compiled.display()))?;
        let of = self.of.clone();
        let component = tokio::task::spawn_blocking(move || component(&of));
        let component = component.await.context("the build broke off")??;
        let (cases, read) = self.cases(&component)?;
        // Nothing is left behind, and nothing of another hub is touched.
        let folder = tempfile::tempdir()?;
        alone(&mut config, folder.path(), &component)?;
        "error".clone_into(&mut config.log.level);
        log::start(&config.log)?;
        let network = Arc::new(Network::new(&read)?);
        let (screen, made) = Screen::new();
        let around = Surroundings {
            http: network.clone(),
            observer: Some(Arc::new(screen)),
            bundled: &[],
            compiled,
        };
        let hosted = Hosted::start(&config, around).await?;
        let tried = async {
            let (manifest, connector) = manifest(&hosted, &component)?;
            let channel = self.channel(&manifest, &connector, &read)?;
            let password = set_up(&hosted, &manifest, &connector, &channel).await?;
            let asked = sign_in(&config, &hosted.base, &password).await?;
            say(&format!(
                "{} {} serves the channel {CHANNEL} of a hub of its own, and you are its customers and its \
                 agent. `help` tells the commands; {} cases are in {}.",
                manifest.id,
                manifest.version,
                read.len(),
                cases
                    .as_deref()
                    .map_or_else(|| "no folder".into(), |cases| cases.display().to_string()),
            ));
            Console {
                hub: asked,
                base: hosted.base.clone(),
                network,
                made,
                cases,
                secrets: channel.known,
                interaction: None,
                last_background: Value::Null,
            }
            .run()
            .await
        };
        let tried = tried.await;
        hosted.end().await?;
        tried
    }

    /// The folder of the cases, if there is one, and what is in it.
    fn cases(&self, component: &Path) -> anyhow::Result<(Option<PathBuf>, Vec<Case>)> {
        let found = cases_of(&self.of, component, self.cases.clone());
        let Some(folder) = found.ok().filter(|folder| folder.is_dir()) else {
            if let Some(given) = &self.cases {
                bail!("there is no folder {}", given.display());
            }
            return Ok((None, Vec::new()));
        };
        let cases = Case::read_all(&folder)?;
        Ok((Some(folder), cases))
    }

    fn channel(
        &self,
        manifest: &Manifest,
        connector: &ConnectorManifest,
        cases: &[Case],
    ) -> anyhow::Result<Channel> {
        let config = if let Some(file) = &self.channel_config {
            let text = std::fs::read(file)
                .with_context(|| format!("{} cannot be read", file.display()))?;
            serde_json::from_slice(&text)
                .with_context(|| format!("{} is no JSON", file.display()))?
        } else {
            let of_cases = cases.iter().map(|case| case.config.clone());
            let mut tried = std::iter::once(json!({})).chain(of_cases);
            let is_valid = |config: &Value| check_config(&manifest.config_schema, config).is_ok();
            tried.find(is_valid).unwrap_or_else(|| json!({}))
        };
        if let Err(problems) = check_config(&manifest.config_schema, &config) {
            let problems = problems.iter();
            let told: Vec<String> = problems
                .map(|problem| format!("{}: {}", problem.pointer, problem.text))
                .collect();
            bail!(
                "the channel cannot be configured so: {}. Give the configuration with --channel-config FILE; \
                 `linecard plugin inspect {}` tells what it holds",
                told.join("; "),
                self.of.display()
            );
        }
        let mut channel = Channel {
            config,
            places: Map::new(),
            given: Map::new(),
            known: Map::new(),
        };
        let is_wanted = |name: &String| connector.secrets.iter().any(|want| want.name == *name);
        if let Some((stranger, _)) = self.secret.iter().find(|(name, _)| !is_wanted(name)) {
            let known: Vec<&str> = connector.secrets.iter().map(|s| s.name.as_str()).collect();
            bail!(
                "the plug-in wants no secret {stranger}; it wants {}",
                known.join(", ")
            );
        }
        for want in &connector.secrets {
            let name = &want.name;
            let placed = self.secret.iter().find(|(named, _)| named == name);
            let value = if let Some((_, place)) = placed {
                channel.places.insert(name.clone(), json!(place));
                read_place(name, place)?
            } else {
                let mut of_cases = cases.iter().filter_map(|case| case.secrets.get(name));
                let value = of_cases.next().cloned();
                let value = value.unwrap_or_else(|| made_up(name, want.kind));
                channel.places.insert(name.clone(), json!("stored"));
                channel.given.insert(name.clone(), value.clone());
                value
            };
            channel.known.insert(name.clone(), value);
        }
        Ok(channel)
    }
}

/// The value of a secret that is a text.
fn read_place(name: &str, place: &str) -> anyhow::Result<Value> {
    let text = match place.split_once(':') {
        Some(("env", variable)) => std::env::var(variable)
            .with_context(|| format!("the secret {name}: the variable {variable}"))?,
        Some((_, file)) => std::fs::read_to_string(file)
            .with_context(|| format!("the secret {name}: the file {file}"))?,
        None => String::new(),
    };
    Ok(text.trim_end_matches(['\n', '\r']).into())
}

/// A secret for a network that is not there.
fn made_up(name: &str, kind: linecard_model::manifest::SecretKind) -> Value {
    use linecard_model::manifest::SecretKind;
    let word = format!("made-up-{name}");
    match kind {
        SecretKind::Basic => json!({ "username": word, "password": word }),
        SecretKind::Oauth1 => json!({
            "consumer_key": word, "consumer_secret": word, "token": word, "token_secret": word,
        }),
        SecretKind::Oauth2 => {
            json!({ "token_url": "https://example.com/token", "client_id": word })
        }
        _ => word.into(),
    }
}

/// A configuration of a hub with a data folder of its own and this one plug-in.
fn alone(config: &mut ServerConfig, folder: &Path, component: &Path) -> anyhow::Result<()> {
    let plugins = folder.join("plugins");
    std::fs::create_dir_all(&plugins)?;
    std::fs::copy(component, plugins.join("tried.wasm"))
        .with_context(|| format!("{} cannot be read", component.display()))?;
    *config = ServerConfig {
        listen: std::net::SocketAddr::from((std::net::Ipv4Addr::LOCALHOST, 0)),
        public_url: Some(PUBLIC.parse()?),
        data: folder.join("data"),
        plugins: Some(plugins),
        practice_listen: None,
        sandbox: config.sandbox.clone(),
        log: config.log.clone(),
        ..ServerConfig::default()
    };
    Ok(())
}

/// What the one plug-in says about itself.
fn manifest(hosted: &Hosted, component: &Path) -> anyhow::Result<(Manifest, ConnectorManifest)> {
    let plugins = hosted.hub.plugins.now();
    let Some(installed) = plugins.all().next() else {
        let why = plugins.problems().iter().map(|p| p.reason.as_str());
        bail!(
            "{} cannot be used: {}",
            component.display(),
            why.collect::<Vec<_>>().join("; ")
        );
    };
    let manifest = installed.plugin.manifest().clone();
    match manifest.connector.clone() {
        Some(connector) => Ok((manifest, connector)),
        None => bail!(
            "{} is an analyzer, and has neither customers nor agents: try it with recorded messages by \
             `linecard plugin test {}`",
            manifest.id,
            component.display()
        ),
    }
}

/// Gives the hub its site; the password of its one agent.
async fn set_up(
    hosted: &Hosted,
    manifest: &Manifest,
    connector: &ConnectorManifest,
    channel: &Channel,
) -> anyhow::Result<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
    let password = hex::encode(bytes);
    let settings = check_config(&manifest.config_schema, &channel.config).unwrap_or_default();
    let hosts: Vec<String> = wanted_hosts(connector, &settings)
        .iter()
        .map(|want| {
            let scheme = if want.plain_http { "http" } else { "https" };
            if want.host.starts_with('*') {
                format!("{}:{}", want.host, want.port)
            } else {
                format!("{scheme}://{}:{}", want.host, want.port)
            }
        })
        .collect();
    let slots = json!({ "social-direct-message": 50, "social-conversation": 50 });
    let config: SiteConfig = serde_json::from_value(json!({
        "name": "Trial",
        "queues": { "trial": { "members": [YOU] } },
        "agents": { YOU: { "name": "You", "role": "admin", "slots": slots, "password": "stored" } },
        "channels": { CHANNEL: {
            "plugin": manifest.id, "queue": "trial", "config": channel.config,
            "secrets": channel.places, "hosts": hosts,
        } },
    }))?;
    let values: SecretValues = serde_json::from_value(json!({
        "agents": { YOU: password },
        "channels": { CHANNEL: channel.given },
    }))?;
    let actor = Actor {
        name: "trial".to_owned(),
        rights: Rights::all(),
        agent: None,
    };
    hosted.hub.apply(&actor, config, values, None).await?;
    Ok(password)
}

/// The hub, asked by its agent, who is ready.
async fn sign_in(config: &ServerConfig, base: &str, password: &str) -> anyhow::Result<Asked> {
    let hub = || Asked::of(config, Some(&base.parse()?));
    let asked = hub()?;
    let session = asked.request(reqwest::Method::POST, "/api/v1/session");
    let session = session.json(&json!({ "name": YOU, "password": password }));
    let session: Value = asked.read(asked.send(session).await?).await?;
    let token = session["token"].as_str().context("a session has a token")?;
    let asked = hub()?.with(token.into());
    let presence = asked.request(reqwest::Method::PUT, "/api/v1/agents/me/presence");
    asked
        .send(presence.json(&json!({ "state": "ready" })))
        .await?;
    Ok(asked)
}
