//! Applies a configuration to a running hub.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use linecard_model::outbox::{ChannelHealth, HealthState};
use linecard_model::plugin::TrustMode;
use linecard_model::site::{SecretRef, SiteConfig};
use linecard_model::{ChannelId, Timestamp};
use linecard_site::channels::ChannelRuntime;
use linecard_site::{Actor, CommandError, Idempotency, Rendered, Request, SiteState, Source};
use linecard_traffic::prepare::AnalyzerRuntime;
use linecard_vault::{VaultEntry, VaultError, hub_itself};

use super::Equipment;
use super::analyzers::analyzer;
use super::automatic::check_abilities;
use super::channels::channel;
use super::check::{check, check_administrators, unknown};
use super::models::{model_file, named_models};
use super::problem::Problems;
use super::secrets::{Logins, SecretValues, logins};
use crate::hub::Hub;
use crate::plugins::Plugins;

/// Why a configuration was not applied. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum ConfigureError {
    /// Something is wrong with it.
    #[error("the configuration was not applied:\n{0}")]
    Problems(Problems),
    /// The site refuses, or cannot write.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// A secret cannot be kept.
    #[error(transparent)]
    Vault(#[from] VaultError),
}

/// Everything that a configuration comes to, before it is applied.
pub(super) struct Prepared {
    channels: BTreeMap<ChannelId, Arc<ChannelRuntime>>,
    analyzers: Vec<AnalyzerRuntime>,
    logins: Logins,
    entries: Vec<VaultEntry>,
}

impl Hub {
    /// Replaces the site's configuration, while channels and agents are at work.
    ///
    /// Everything is checked before anything changes. `values` are those of the secrets that the
    /// configuration calls `stored`; one that is not given keeps its former value. When this
    /// returns, the configuration is durable and in force; a caller who stops waiting stops nothing.
    pub async fn apply(
        self: &Arc<Self>,
        actor: &Actor,
        config: SiteConfig,
        values: SecretValues,
        idempotency: Option<Idempotency>,
    ) -> Result<Rendered, ConfigureError> {
        let (hub, actor) = (Arc::clone(self), actor.clone());
        let applying = async move { hub.apply_whole(actor, config, values, idempotency).await };
        let supervisor = self.site.supervisor();
        supervisor
            .undivided("applying a configuration", applying)
            .await
    }

    /// Reads the secrets at their places anew, as applying the present configuration again does. What
    /// cannot be read leaves everything as it is.
    pub async fn read_secrets_again(self: &Arc<Self>) -> Result<(), ConfigureError> {
        let hub = Arc::clone(self);
        let reading = async move {
            let one_at_a_time = hub.applying.lock().await;
            let present = hub.present().await?;
            let config = present.as_ref().clone();
            let values = SecretValues::default();
            let applied = hub.replace(&present, hub_itself(), config, values, None);
            let applied = applied.await;
            drop(one_at_a_time);
            applied.map(drop)
        };
        let supervisor = self.site.supervisor();
        supervisor.undivided("reading secrets again", reading).await
    }

    /// Not to be cut off: the channels in memory follow the configuration that is durable.
    async fn apply_whole(
        &self,
        actor: Actor,
        config: SiteConfig,
        values: SecretValues,
        idempotency: Option<Idempotency>,
    ) -> Result<Rendered, ConfigureError> {
        let _one_at_a_time = self.applying.lock().await;
        let present = self.present().await?;
        self.replace(&present, actor, config, values, idempotency)
            .await
    }

    /// The configuration in force.
    pub async fn present(&self) -> Result<Arc<SiteConfig>, CommandError> {
        self.site.query(|state| Arc::clone(state.config())).await
    }

    /// The files of the models that the analyzers of a configuration name.
    pub fn model_files(&self, config: &SiteConfig) -> Vec<PathBuf> {
        let analyzers = config.analyzers.values();
        let plugins = self.plugins.now();
        let named = analyzers.flat_map(|analyzer| {
            let plugin = plugins.get(&analyzer.plugin);
            let schema = plugin.map(|installed| &installed.plugin.manifest().config_schema);
            schema.map_or_else(Vec::new, |schema| named_models(schema, &analyzer.config))
        });
        named
            .map(|name| model_file(&self.equipment.data, &name))
            .collect()
    }

    async fn replace(
        &self,
        present: &SiteConfig,
        actor: Actor,
        config: SiteConfig,
        values: SecretValues,
        idempotency: Option<Idempotency>,
    ) -> Result<Rendered, ConfigureError> {
        let Prepared {
            channels,
            analyzers,
            logins,
            mut entries,
        } = prepare(present, &config, &values, &self.equipment).await?;
        entries.extend(logins.entries);
        let request = Request::Configure {
            config: Box::new(config),
            vault: entries.clone(),
        };
        let rendered = self.site.request(actor, request, idempotency).await?;
        if rendered.replayed {
            // It was applied then; what was applied since stays.
            return Ok(rendered);
        }
        self.vault.take_over(&entries);
        for (name, secret) in &logins.known_keys {
            self.vault.know_key(name, secret);
        }
        self.channels.replace(channels);
        self.analyzers.replace(analyzers);
        self.reconfigured();
        // Other files may serve now, or no longer.
        self.plugins_anew.store(true, Ordering::Relaxed);
        if let Err(error) = self.give_new_chance().await {
            tracing::warn!(%error, "the channels' former health is shown until they are used");
        }
        Ok(rendered)
    }

    /// Forgets that a person had to see to a channel: the channels were made anew, so one has. A
    /// budget that is still used up stays so.
    pub async fn give_new_chance(&self) -> Result<(), CommandError> {
        for channel in self.channels.all() {
            let id = channel.id.clone();
            let has_stopped = move |state: &SiteState| match state.health(&id).state {
                HealthState::CredentialsRefused | HealthState::Stopped => true,
                HealthState::BudgetSpent => state.exhausted(&id).is_none(),
                _ => false,
            };
            if self.site.query(has_stopped).await? {
                let unknown = ChannelHealth {
                    since: Some(Timestamp::now()),
                    ..ChannelHealth::default()
                };
                self.site
                    .health(channel.id.clone(), unknown, Source::Hub)
                    .await?;
            }
        }
        Ok(())
    }
}

/// Checks a configuration that is to replace the present one against everything, without a running hub.
pub async fn rehearse(
    present: &SiteConfig,
    config: &SiteConfig,
    values: &SecretValues,
    equipment: &Equipment,
) -> Result<Vec<VaultEntry>, ConfigureError> {
    let mut prepared = prepare(present, config, values, equipment).await?;
    prepared.entries.extend(prepared.logins.entries);
    Ok(prepared.entries)
}

async fn prepare(
    present: &SiteConfig,
    config: &SiteConfig,
    values: &SecretValues,
    equipment: &Equipment,
) -> Result<Prepared, ConfigureError> {
    let mut problems = check(config);
    check_administrators(present, config, &mut problems);
    check_trust(config, &equipment.plugins.now(), &mut problems);
    let mut channels = BTreeMap::new();
    for (id, channel_config) in &config.channels {
        match channel(id, channel_config, values, equipment) {
            Ok(runtime) => {
                channels.insert(id.clone(), Arc::new(runtime));
            }
            Err(unready) => problems.0.extend(unready.problems),
        }
    }
    check_abilities(config, &channels, &mut problems);
    for id in values.channels.keys() {
        if !config.channels.contains_key(id) {
            let known = config.channels.keys().map(ChannelId::as_str);
            problems.add(
                &["channels", id.as_str()],
                unknown("channel", id.as_str(), known),
            );
        }
    }
    let mut analyzers = Vec::new();
    for (name, analyzer_config) in &config.analyzers {
        match analyzer(name, analyzer_config, equipment).await {
            Ok(runtime) => analyzers.push(runtime),
            Err(found) => problems.0.extend(found),
        }
    }
    let logins = logins(config, values, equipment, &mut problems).await?;
    let entries = secret_entries(config, values, equipment)?;
    let prepared = Prepared {
        channels,
        analyzers,
        logins,
        entries,
    };
    problems.or(prepared).map_err(ConfigureError::Problems)
}

/// What is used must be allowed to serve: a site does not stop its own channels.
fn check_trust(config: &SiteConfig, plugins: &Plugins, problems: &mut Problems) {
    if config.plugins.trust != TrustMode::Listed {
        return;
    }
    let channels = config.channels.values().map(|channel| &channel.plugin);
    let analyzers = config.analyzers.values().map(|analyzer| &analyzer.plugin);
    let used: BTreeSet<_> = channels.chain(analyzers).collect();
    for id in used {
        let Some(installed) = plugins.get(id).filter(|installed| !installed.approved) else {
            continue;
        };
        let sha256 = installed.plugin.file_hash();
        if !config.plugins.listed.contains(sha256) {
            problems.add(
                &["plugins", "trust"],
                format!(
                    "plug-in {id} is used, and its file is neither listed nor approved: add {sha256} to \
                     plugins.listed, or run `linecard plugin approve {id} {sha256}` first"
                ),
            );
        }
    }
}

/// What changes in the vault for the channels' secrets: new values, and those that nobody needs.
fn secret_entries(
    config: &SiteConfig,
    values: &SecretValues,
    equipment: &Equipment,
) -> Result<Vec<VaultEntry>, VaultError> {
    let vault = &equipment.vault;
    let mut entries = Vec::new();
    let mut wanted = BTreeSet::new();
    for (id, channel) in &config.channels {
        for (name, place) in &channel.secrets {
            if *place != SecretRef::Stored {
                continue;
            }
            wanted.insert((id.clone(), name.clone()));
            if let Some(value) = values.channels.get(id).and_then(|v| v.get(name)) {
                entries.push(vault.secret_entry(id, name, Some(&value.0))?);
            }
        }
    }
    for (id, name) in vault.stored_secrets() {
        if !wanted.contains(&(id.clone(), name.clone())) {
            entries.push(vault.secret_entry(&id, &name, None)?);
        }
    }
    entries.extend(vault.forget_rotated(|channel, name| {
        let channel = config.channels.get(channel);
        channel.is_some_and(|c| c.secrets.contains_key(name))
    }));
    Ok(entries)
}
