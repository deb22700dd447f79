//! Makes the channels and analyzers of the stored configuration when the hub starts.

use std::collections::BTreeMap;
use std::sync::Arc;

use linecard_model::outbox::{ChannelHealth, HealthState};
use linecard_model::site::SiteConfig;
use linecard_model::{ChannelId, Timestamp};
use linecard_site::channels::ChannelRuntime;
use linecard_traffic::prepare::AnalyzerRuntime;
use linecard_vault::{VaultEntry, VaultError};
use secrecy::SecretString;

use super::Equipment;
use super::analyzers::analyzer;
use super::channels::{Unready, channel};
use super::problem::Problems;
use super::secrets::{SecretValues, logins};
use super::warn::warnings;

/// What the stored configuration came to. What cannot work is left out, and holds up nothing else.
pub struct Restored {
    /// The channels that can work.
    pub channels: BTreeMap<ChannelId, Arc<ChannelRuntime>>,
    /// The analyzers that can work.
    pub analyzers: Vec<AnalyzerRuntime>,
    /// How those channels fare that cannot.
    pub unready: Vec<(ChannelId, ChannelHealth)>,
    /// Hashes of passwords and keys that have changed at their places since they were read.
    pub entries: Vec<VaultEntry>,
    /// The keys' secrets that were read.
    pub known_keys: Vec<(String, SecretString)>,
    /// Everything that is wrong.
    pub problems: Problems,
    /// Everything that can never work.
    pub warnings: Problems,
}

/// Makes the channels and analyzers of a stored configuration.
pub async fn restore(config: &SiteConfig, equipment: &Equipment) -> Result<Restored, VaultError> {
    let values = SecretValues::default();
    let mut problems = Problems::default();
    let mut channels = BTreeMap::new();
    let mut unready = Vec::new();
    for (id, channel_config) in &config.channels {
        match channel(id, channel_config, &values, equipment) {
            Ok(runtime) => {
                channels.insert(id.clone(), Arc::new(runtime));
            }
            Err(why) => {
                unready.push((id.clone(), health(&why)));
                problems.0.extend(why.problems);
            }
        }
    }
    let mut analyzers = Vec::new();
    for (name, analyzer_config) in &config.analyzers {
        match analyzer(name, analyzer_config, equipment).await {
            Ok(runtime) => analyzers.push(runtime),
            Err(found) => problems.0.extend(found),
        }
    }
    let logins = logins(config, &values, equipment, &mut problems).await?;
    Ok(Restored {
        channels,
        analyzers,
        unready,
        entries: logins.entries,
        known_keys: logins.known_keys,
        problems,
        warnings: warnings(config),
    })
}

pub(super) fn health(why: &Unready) -> ChannelHealth {
    let problems: Vec<String> = why.problems.iter().map(ToString::to_string).collect();
    let (state, detail, remedy) = if why.only_secrets {
        (
            HealthState::CredentialsRefused,
            "a secret is missing or cannot be used",
            "make the secret available at its place and restart the hub, or apply the configuration again",
        )
    } else {
        (
            HealthState::Stopped,
            "the channel cannot work with the plug-ins that are installed",
            "install the plug-in that the channel needs, or apply a configuration that fits",
        )
    };
    ChannelHealth {
        state,
        since: Some(Timestamp::now()),
        detail: Some(format!("{detail}: {}", problems.join("; "))),
        remedy: Some(remedy.to_owned()),
        until: None,
    }
}
