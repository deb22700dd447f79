//! Where the values of secrets come from when a configuration is applied, and at the start.

use std::collections::BTreeMap;
use std::path::Path;

use linecard_model::site::{SecretRef, SiteConfig};
use linecard_model::{AgentId, ChannelId};
use linecard_vault::{Vault, VaultEntry, VaultError};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

use super::Equipment;
use super::check::unknown;
use super::problem::Problems;

/// A secret's file is not larger than this.
const LARGEST: u64 = 64 * 1024;

/// Values that come with a configuration, for the secrets that are `stored`. `Debug` shows none.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SecretValues {
    /// The channels' secrets: a text, or an object with the fields of the secret's kind.
    pub channels: BTreeMap<ChannelId, BTreeMap<String, SecretValue>>,
    /// The agents' passwords.
    pub agents: BTreeMap<AgentId, SecretString>,
    /// The keys' secrets.
    pub keys: BTreeMap<String, SecretString>,
}

/// A secret's value as text; an object is its JSON.
#[derive(Debug, Clone)]
pub struct SecretValue(pub SecretString);

impl<'de> Deserialize<'de> for SecretValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match serde_json::Value::deserialize(deserializer)? {
            serde_json::Value::String(text) => Ok(Self(text.into())),
            fields @ serde_json::Value::Object(_) => Ok(Self(fields.to_string().into())),
            // The value itself is not repeated.
            _ => Err(serde::de::Error::custom(
                "a secret is a text, or an object with the fields of its kind",
            )),
        }
    }
}

/// What reading a place gave.
pub(super) enum Found {
    /// A value that was read now.
    Value(SecretString),
    /// The value is the hub's own.
    Stored,
}

/// Reads the value at a place. The error names the place, never the value.
///
/// The hub's own secrets in its data folder and in `LINECARD_…` variables are refused: who may set
/// a channel up could have them sent to a host of their own.
pub(super) fn read_place(place: &SecretRef, data: &Path) -> Result<Found, String> {
    let value = match place {
        SecretRef::Stored => return Ok(Found::Stored),
        SecretRef::Env(name) => read_variable(name)?,
        SecretRef::File(path) => read_file(Path::new(path), data)
            .map_err(|reason| format!("the file {path} cannot be used: {reason}"))?,
    };
    // Editors and `echo` put a line break at the end.
    let text = value.strip_suffix('\n').unwrap_or(&value);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err("the secret is empty".to_owned());
    }
    Ok(Found::Value(text.into()))
}

fn read_variable(name: &str) -> Result<Zeroizing<String>, String> {
    if name.starts_with("LINECARD_") {
        return Err(format!(
            "the environment variable {name} is the hub's own: use another name"
        ));
    }
    match std::env::var(name) {
        Ok(value) => Ok(Zeroizing::new(value)),
        Err(std::env::VarError::NotPresent) => Err(format!(
            "the environment variable {name} is not set in the hub's process"
        )),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(format!("the environment variable {name} is not UTF-8"))
        }
    }
}

fn read_file(path: &Path, data: &Path) -> Result<Zeroizing<String>, String> {
    let told = |error: std::io::Error| error.to_string();
    let real = path.canonicalize().map_err(told)?;
    if data.canonicalize().is_ok_and(|data| real.starts_with(data)) {
        return Err("it lies in the hub's data folder; put it elsewhere".to_owned());
    }
    let facts = real.metadata().map_err(told)?;
    if !facts.is_file() {
        return Err("it is not a file".to_owned());
    }
    if facts.len() > LARGEST {
        return Err(format!(
            "it is larger than {LARGEST} bytes: it is no secret"
        ));
    }
    std::fs::read_to_string(real)
        .map(Zeroizing::new)
        .map_err(told)
}

/// What the agents' passwords and the keys' secrets come to.
#[derive(Default)]
pub(super) struct Logins {
    /// What changes in the vault.
    pub entries: Vec<VaultEntry>,
    /// The keys' secrets that were read now.
    pub known_keys: Vec<(String, SecretString)>,
}

/// Reads the agents' passwords and the keys' secrets, and hashes what has changed.
pub(super) async fn logins(
    config: &SiteConfig,
    values: &SecretValues,
    equipment: &Equipment,
    problems: &mut Problems,
) -> Result<Logins, VaultError> {
    let vault = &equipment.vault;
    let data = &equipment.data;
    let mut logins = Logins::default();
    let agents_before = vault.agents_with_password();
    for (id, agent) in &config.agents {
        let at = ["agents", id.as_str(), "password"];
        let given = values.agents.get(id);
        match login_value(
            agent.password.as_ref(),
            given,
            agents_before.contains(id),
            data,
        ) {
            Ok(Some(password)) => {
                if let Some(entry) = vault.password_entry(id, &password).await? {
                    // Whoever knows only the old password is out.
                    logins.entries.extend(vault.sessions_of(id));
                    logins.entries.push(entry);
                }
            }
            Ok(None) if agent.password.is_none() && agents_before.contains(id) => {
                logins.entries.extend(vault.forget_agent(id));
            }
            Ok(None) => {}
            Err(text) => problems.add(&at, text),
        }
    }
    for gone in agents_before
        .iter()
        .filter(|id| !config.agents.contains_key(id))
    {
        logins.entries.extend(vault.forget_agent(gone));
    }
    let keys_before = vault.keys_with_secret();
    for (name, key) in &config.keys {
        let at = ["keys", name.as_str(), "secret"];
        let given = values.keys.get(name);
        match login_value(key.secret.as_ref(), given, keys_before.contains(name), data) {
            Ok(Some(secret)) => {
                logins.entries.extend(vault.key_entry(name, &secret).await?);
                logins.known_keys.push((name.clone(), secret));
            }
            Ok(None) if key.secret.is_none() && keys_before.contains(name) => {
                logins.entries.push(Vault::forget_key(name));
            }
            Ok(None) => {}
            Err(text) => problems.add(&at, text),
        }
    }
    for gone in keys_before
        .iter()
        .filter(|name| !config.keys.contains_key(*name))
    {
        logins.entries.push(Vault::forget_key(gone));
    }
    for id in values
        .agents
        .keys()
        .filter(|id| !config.agents.contains_key(id))
    {
        let known = config.agents.keys().map(AgentId::as_str);
        problems.add(
            &["agents", id.as_str(), "password"],
            unknown("agent", id.as_str(), known),
        );
    }
    for name in values
        .keys
        .keys()
        .filter(|name| !config.keys.contains_key(*name))
    {
        let known = config.keys.keys().map(String::as_str);
        problems.add(&["keys", name, "secret"], unknown("key", name, known));
    }
    Ok(logins)
}

/// The value to hash, if there is one now.
fn login_value(
    place: Option<&SecretRef>,
    given: Option<&SecretString>,
    is_stored: bool,
    data: &Path,
) -> Result<Option<SecretString>, String> {
    match (place, given) {
        (None | Some(SecretRef::Stored), Some(value)) if value.expose_secret().is_empty() => {
            Err("the secret is empty".to_owned())
        }
        (Some(SecretRef::Stored), Some(value)) => Ok(Some(value.clone())),
        (Some(SecretRef::Stored), None) if is_stored => Ok(None),
        (Some(SecretRef::Stored), None) => Err(
            "nothing is stored here yet: give the value with the configuration, or name its place \
             as env:NAME or file:PATH"
                .to_owned(),
        ),
        (_, Some(_)) => Err(
            "a value was given, but the configuration does not say that it is stored: write \"stored\" here"
                .to_owned(),
        ),
        (None, None) => Ok(None),
        (Some(place), None) => match read_place(place, data)? {
            Found::Value(value) => Ok(Some(value)),
            Found::Stored => Ok(None),
        },
    }
}
