//! Exchanges plug-ins while everything is at work: what changed in the folder, and what people decide.
//!
//! A version takes the place of another between calls: whatever has begun ends with the one that it began
//! with, and nothing is called twice. One that does not fit the channels and analyzers at work does not
//! begin; the one before it goes on.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use linecard_model::plugin::{
    Approval, PluginChange, PluginRecord, PluginState, RolledBack, ServedVersion,
};
use linecard_model::{PluginId, Timestamp};
use linecard_site::{Actor, Audit, CommandError, Idempotency, Rendered, Request, Source as Told};
use linecard_store::{Store, StoreError};
use linecard_traffic::prepare::AnalyzerRuntime;
use linecard_vault::{VaultEntry, hub_itself};
use serde_json::json;
use tokio::time::{MissedTickBehavior, interval};

use super::analyzers::analyzer;
use super::channels::channel;
use super::problem::Problems;
use super::restore::health;
use super::secrets::SecretValues;
use crate::hub::Hub;
use crate::plugins::{Depot, Installed, Pending, PluginProblem, Plugins, Records, Source, folder};

use super::left_alone::LeftAlone;

/// Where the records of plug-ins are in the store's vault.
const RECORDS: &str = "plugin/";
/// How often recorded calls that are old are looked for.
const SWEEP: Duration = Duration::from_mins(10);

/// Why nothing was decided about a plug-in. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// There is nothing of that id, or no file of that hash.
    #[error("there is no {what} {id}")]
    NotFound {
        /// The kind of thing.
        what: &'static str,
        /// Its id.
        id: String,
    },
    /// The version does not fit what is configured.
    #[error("plug-in {plugin} {version} does not fit what is configured: {reason}")]
    Unfit {
        /// The plug-in.
        plugin: PluginId,
        /// Its version.
        version: String,
        /// Which channel or analyzer, and why.
        reason: String,
    },
    /// There is nothing to go back to.
    #[error("{0}")]
    NoWayBack(String),
    /// The site refuses.
    #[error(transparent)]
    Command(#[from] CommandError),
}

/// What exchanges plug-ins.
pub(crate) struct Exchange {
    depot: Depot,
    records: Records,
    /// The problems and what waits, as they were last told.
    told: BTreeSet<(String, String)>,
}

impl Exchange {
    pub(crate) fn new(depot: Depot, records: Records) -> Self {
        Self {
            depot,
            records,
            told: BTreeSet::new(),
        }
    }
}

/// What is known of the plug-ins of a site beside their files.
pub async fn plugin_records(
    store: &dyn Store,
    site: &linecard_model::SiteId,
) -> Result<Records, StoreError> {
    let mut records = Records::new();
    for (key, value) in store.vault_scan(site, RECORDS).await? {
        let id = key.strip_prefix(RECORDS).and_then(|id| id.parse().ok());
        match (id, serde_json::from_slice::<PluginRecord>(&value)) {
            (Some(id), Ok(record)) => {
                records.insert(id, record);
            }
            (_, Err(error)) => {
                // Without its record a plug-in is one that nobody knew: nothing more dangerous.
                tracing::error!(entry = key, %error, "what is kept of a plug-in cannot be read");
            }
            (None, Ok(_)) => {}
        }
    }
    Ok(records)
}

fn entry(id: &PluginId, record: &PluginRecord) -> VaultEntry {
    // Texts and numbers always serialize.
    let value = serde_json::to_vec(record).unwrap_or_default();
    (format!("{RECORDS}{id}"), Some(value))
}

/// Takes in what changes in the folder, for as long as the hub is there.
pub(crate) async fn run(hub: Weak<Hub>) {
    let mut ticks = interval(folder::EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut is_new = true;
    let mut unreadable = None;
    let mut left_alone = LeftAlone::default();
    let mut swept = None;
    loop {
        ticks.tick().await;
        let Some(hub) = hub.upgrade() else { return };
        if swept.is_none_or(|swept: Instant| swept.elapsed() >= SWEEP) {
            swept = Some(Instant::now());
            sweep(&hub).await;
        }
        hub.tell_left_alone(&mut left_alone).await;
        let (looked, loader) = {
            let depot = &mut hub.exchange.lock().await.depot;
            (depot.look(), depot.loader())
        };
        match looked {
            Ok(changed) => {
                unreadable = None;
                // What has to be compiled first holds up nobody who decides or applies meanwhile.
                for loaded in loader.load(changed).await {
                    is_new |= hub.exchange.lock().await.depot.take_in(loaded).await;
                }
            }
            // The usual folder need not be there.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => {
                let text = error.to_string();
                if unreadable.as_ref() != Some(&text) {
                    tracing::warn!(
                        error = text,
                        "the plug-in folder cannot be read; what serves goes on"
                    );
                    unreadable = Some(text);
                }
            }
        }
        is_new |= hub
            .plugins_anew
            .swap(false, std::sync::atomic::Ordering::Relaxed);
        if !is_new {
            continue;
        }
        let _one_at_a_time = hub.applying.lock().await;
        let mut exchange = hub.exchange.lock().await;
        let records = exchange.records.clone();
        match hub
            .settle(&mut exchange, records, hub_itself(), None, None)
            .await
        {
            Ok(_) => is_new = false,
            // The site has ended; the next try says so again, and the process ends soon.
            Err(error) => tracing::warn!(%error, "plug-ins cannot be exchanged"),
        }
    }
}

/// Deletes recorded calls that are old.
async fn sweep(hub: &Hub) {
    let recorder = hub.equipment.recorder.clone();
    let swept = tokio::task::spawn_blocking(move || recorder.sweep()).await;
    if let Err(error) | Ok(Err(error)) = swept.map_err(std::io::Error::other) {
        tracing::warn!(%error, "recorded calls that are old are not deleted");
    }
}

/// Who decides what, for the audit log and under which key.
struct Decision {
    plugin: PluginId,
    audit: Audit,
    idempotency: Option<Idempotency>,
}

impl Hub {
    /// A person grants a file what it asks for, whatever was decided about it before.
    pub async fn approve_plugin(
        self: &Arc<Self>,
        actor: Actor,
        plugin: PluginId,
        sha256: String,
        idempotency: Option<Idempotency>,
    ) -> Result<Rendered, PluginError> {
        let hub = Arc::clone(self);
        let approving = async move {
            let _one_at_a_time = hub.applying.lock().await;
            let mut exchange = hub.exchange.lock().await;
            let mut records = exchange.records.clone();
            let plugins = hub.plugins.now();
            let waits = plugins.pending().iter().find(|pending| {
                pending.plugin.id() == &plugin && pending.plugin.file_hash() == sha256
            });
            let record = records.entry(plugin.clone()).or_default();
            let is_back = record
                .rolled_back
                .as_ref()
                .is_some_and(|r| r.from == sha256);
            let serves = plugins.get(&plugin);
            let serves = serves.is_some_and(|serving| serving.plugin.file_hash() == sha256);
            if waits.is_none() && !is_back && !serves {
                return Err(PluginError::NotFound {
                    what: "file of this plug-in that waits for an approval, with the SHA-256",
                    id: sha256,
                });
            }
            let asks = waits.map(|pending| pending.asks.clone());
            record.approve(Approval {
                sha256: sha256.clone(),
                by: actor.name.clone(),
                at: Timestamp::now(),
            });
            let audit = Audit {
                action: "plugin.approve".to_owned(),
                subject: plugin.to_string(),
                before: json!(null),
                after: json!({"sha256": sha256, "granted": asks.unwrap_or_default()}),
            };
            let decision = Decision {
                plugin,
                audit,
                idempotency,
            };
            hub.decide(&mut exchange, records, actor, decision).await
        };
        let supervisor = self.site.supervisor();
        supervisor.undivided("approving a plug-in", approving).await
    }

    /// A person has an earlier version serve: a certain one, or the one before.
    pub async fn roll_back_plugin(
        self: &Arc<Self>,
        actor: Actor,
        plugin: PluginId,
        to: Option<String>,
        idempotency: Option<Idempotency>,
    ) -> Result<Rendered, PluginError> {
        let hub = Arc::clone(self);
        let going_back = async move {
            let _one_at_a_time = hub.applying.lock().await;
            let mut exchange = hub.exchange.lock().await;
            let mut records = exchange.records.clone();
            let plugins = hub.plugins.now();
            let Some(serving) = plugins.get(&plugin) else {
                let (what, id) = ("plug-in", plugin.to_string());
                return Err(PluginError::NotFound { what, id });
            };
            let from = serving.plugin.file_hash().to_owned();
            let record = records.entry(plugin.clone()).or_default();
            let to = match to {
                Some(to) if to == from => {
                    let text = format!("version {to} of plug-in {plugin} serves already");
                    return Err(PluginError::NoWayBack(text));
                }
                Some(to)
                    if exchange.depot.has(&plugin, &to)
                        && is_of(record, &exchange.depot, &plugin, &to) =>
                {
                    to
                }
                Some(id) => {
                    let what = "version of this plug-in that is kept, with the SHA-256";
                    return Err(PluginError::NotFound { what, id });
                }
                None => {
                    let mut served = record.versions.iter().rev().map(|v| v.sha256.clone());
                    let before = served
                        .find(|sha256| *sha256 != from && exchange.depot.has(&plugin, sha256));
                    let bundled = exchange.depot.bundled(&plugin);
                    let bundled = bundled.map(|bundled| bundled.file_hash().to_owned());
                    before
                        .or(bundled.filter(|bundled| *bundled != from))
                        .ok_or_else(|| {
                            PluginError::NoWayBack(format!(
                                "no other version of plug-in {plugin} is kept"
                            ))
                        })?
                }
            };
            if serving.source == Source::Bundled {
                return Err(PluginError::NoWayBack(format!(
                    "plug-in {plugin} serves as it comes with the program: put a file into the plug-in \
                     folder, or approve one, to have another version"
                )));
            }
            // The file that lies in the folder is not used from here on, whichever version serves now.
            let file = match &record.rolled_back {
                Some(earlier) => earlier.from.clone(),
                None => from.clone(),
            };
            record.rolled_back = Some(RolledBack {
                from: file,
                to: to.clone(),
                by: actor.name.clone(),
                at: Timestamp::now(),
            });
            let audit = Audit {
                action: "plugin.roll-back".to_owned(),
                subject: plugin.to_string(),
                before: json!({"sha256": from}),
                after: json!({"sha256": to}),
            };
            let decision = Decision {
                plugin,
                audit,
                idempotency,
            };
            hub.decide(&mut exchange, records, actor, decision).await
        };
        let supervisor = self.site.supervisor();
        supervisor
            .undivided("rolling a plug-in back", going_back)
            .await
    }

    /// What is kept of a plug-in: its versions and approvals.
    pub fn plugin_record(&self, id: &PluginId) -> PluginRecord {
        let records = self.plugin_records.load();
        records.get(id).cloned().unwrap_or_default()
    }

    async fn decide(
        &self,
        exchange: &mut Exchange,
        records: Records,
        actor: Actor,
        decision: Decision,
    ) -> Result<Rendered, PluginError> {
        let Decision {
            plugin,
            audit,
            idempotency,
        } = decision;
        let about = Some((&plugin, audit));
        let rendered = self
            .settle(exchange, records, actor, about, idempotency)
            .await?;
        rendered.ok_or_else(|| {
            PluginError::Command(CommandError::Stopped("nothing was decided".to_owned()))
        })
    }

    /// Has serve what should. Everything is tried before anything changes, and durable before it counts.
    /// Not to be cut off.
    async fn settle(
        &self,
        exchange: &mut Exchange,
        mut records: Records,
        actor: Actor,
        decided: Option<(&PluginId, Audit)>,
        idempotency: Option<Idempotency>,
    ) -> Result<Option<Rendered>, PluginError> {
        let config = self.present().await?;
        let present = self.plugins.now();
        let trust = &config.plugins;
        let mut next = exchange
            .depot
            .compose(&records, trust, Some(&present))
            .await;
        let mut made = Made::default();
        for id in changed(&present, &next) {
            match self.try_out(&config, &next, &id).await {
                Ok(of_plugin) => made.add(of_plugin),
                Err(reason) => {
                    let after = next.get(&id).cloned();
                    let version = after.as_ref().map(|a| a.plugin.manifest().version.clone());
                    let version = version.unwrap_or_default();
                    if decided.as_ref().is_some_and(|(decided, _)| **decided == id) {
                        let plugin = id;
                        return Err(PluginError::Unfit {
                            plugin,
                            version,
                            reason,
                        });
                    }
                    next.stay(&id, &present, after.as_ref(), &reason);
                }
            }
        }
        let (changes, told) = news(&exchange.told, &present, &next);
        let mut changes = changes;
        let mut entries = Vec::new();
        for (id, installed) in next.by_id() {
            let known = records.get(id).cloned().unwrap_or_default();
            let mut record = known.clone();
            let sha256 = installed.plugin.file_hash();
            let is_last = record
                .versions
                .last()
                .is_some_and(|last| last.sha256 == sha256);
            let is_new = match installed.source {
                // The program's own version needs no record, unless another one served before.
                Source::Bundled => !is_last && !record.versions.is_empty(),
                Source::File(_) | Source::Kept => !is_last,
            };
            if is_new {
                record.serves(served(installed), installed.plugin.wants());
                let is_told = changes
                    .iter()
                    .any(|c| c.state == PluginState::Serving && c.plugin.as_ref() == Some(id));
                if !is_told {
                    changes.push(serving(installed));
                }
            }
            if record != exchange.records.get(id).cloned().unwrap_or_default() {
                entries.push(entry(id, &record));
                records.insert(id.clone(), record);
            }
        }
        for (id, record) in &records {
            // What was decided about a plug-in of which nothing serves.
            if next.get(id).is_none() && exchange.records.get(id) != Some(record) {
                entries.push(entry(id, record));
            }
        }
        let audit = decided.map(|(_, audit)| audit);
        let mut rendered = None;
        if audit.is_some() || !changes.is_empty() || !entries.is_empty() {
            for change in &changes {
                tell(change);
            }
            let vault = entries;
            let request = Request::Plugins {
                changes,
                vault,
                audit,
            };
            let answer = self.site.request(actor, request, idempotency).await?;
            if answer.replayed {
                return Ok(Some(answer));
            }
            rendered = Some(answer);
        }
        self.plugin_records.store(Arc::new(records.clone()));
        exchange.records = records;
        exchange.told = told;
        self.plugins.replace(next);
        self.put_to_work(made).await?;
        exchange.depot.tidy(&exchange.records);
        Ok(rendered)
    }

    /// Makes the channels and analyzers of a plug-in anew with what is to serve. An error says what works
    /// now and would no longer.
    async fn try_out(
        &self,
        config: &linecard_model::site::SiteConfig,
        next: &Plugins,
        id: &PluginId,
    ) -> Result<Made, String> {
        let trial = self.equipment.with(next.clone());
        let is_there = next.get(id).is_some();
        let values = SecretValues::default();
        let mut made = Made::default();
        let of_plugin = config.channels.iter().filter(|(_, c)| c.plugin == *id);
        for (name, channel_config) in of_plugin {
            match channel(name, channel_config, &values, &trial) {
                Ok(runtime) => {
                    made.channels.insert(name.clone(), Some(Arc::new(runtime)));
                }
                Err(why) if is_there && self.channels.get(name).is_some() => {
                    return Err(Problems(why.problems).to_string());
                }
                Err(why) => {
                    made.channels.insert(name.clone(), None);
                    made.unready.push((name.clone(), health(&why)));
                }
            }
        }
        let at_work: BTreeSet<String> = self
            .analyzers
            .all()
            .iter()
            .map(|a| a.name.clone())
            .collect();
        let of_plugin = config.analyzers.iter().filter(|(_, a)| a.plugin == *id);
        for (name, analyzer_config) in of_plugin {
            match analyzer(name, analyzer_config, &trial).await {
                Ok(runtime) => made.analyzers.push(runtime),
                Err(problems) if is_there && at_work.contains(name) => {
                    return Err(Problems(problems).to_string());
                }
                Err(_) => made.idle.push(name.clone()),
            }
        }
        Ok(made)
    }

    async fn put_to_work(&self, made: Made) -> Result<(), CommandError> {
        let Made {
            channels,
            unready,
            analyzers,
            idle,
        } = made;
        if !analyzers.is_empty() || !idle.is_empty() {
            self.analyzers.exchange(analyzers, &idle);
        }
        if channels.is_empty() {
            return Ok(());
        }
        let all = self.channels.all().into_iter();
        let mut all: BTreeMap<_, _> = all.map(|channel| (channel.id.clone(), channel)).collect();
        for (id, channel) in channels {
            match channel {
                Some(channel) => all.insert(id, channel),
                None => all.remove(&id),
            };
        }
        self.channels.replace(all);
        self.reconfigured();
        self.give_new_chance().await?;
        for (channel, health) in unready {
            self.site.health(channel, health, Told::Hub).await?;
        }
        Ok(())
    }
}

/// What was made of the plug-ins that changed.
#[derive(Default)]
struct Made {
    channels:
        BTreeMap<linecard_model::ChannelId, Option<Arc<linecard_site::channels::ChannelRuntime>>>,
    unready: Vec<(
        linecard_model::ChannelId,
        linecard_model::outbox::ChannelHealth,
    )>,
    analyzers: Vec<AnalyzerRuntime>,
    /// Analyzers that cannot work any more.
    idle: Vec<String>,
}

impl Made {
    fn add(&mut self, more: Self) {
        self.channels.extend(more.channels);
        self.unready.extend(more.unready);
        self.analyzers.extend(more.analyzers);
        self.idle.extend(more.idle);
    }
}

/// Whether a version is one of this plug-in.
fn is_of(record: &PluginRecord, depot: &Depot, id: &PluginId, sha256: &str) -> bool {
    record.has_served(sha256)
        || depot.bundled(id).map(linecard_sandbox::Plugin::file_hash) == Some(sha256)
}

/// The plug-ins of which another version serves, or none any more.
fn changed(present: &Plugins, next: &Plugins) -> Vec<PluginId> {
    let hash = |plugins: &Plugins, id: &PluginId| {
        let installed = plugins.get(id);
        installed.map(|installed| installed.plugin.file_hash().to_owned())
    };
    let ids: BTreeSet<&PluginId> = present
        .by_id()
        .chain(next.by_id())
        .map(|(id, _)| id)
        .collect();
    let ids = ids.into_iter();
    ids.filter(|id| hash(present, id) != hash(next, id))
        .cloned()
        .collect()
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn file_of(installed: &Installed) -> Option<String> {
    match &installed.source {
        Source::File(path) => Some(file_name(path)),
        Source::Bundled | Source::Kept => None,
    }
}

fn served(installed: &Installed) -> ServedVersion {
    ServedVersion {
        sha256: installed.plugin.file_hash().to_owned(),
        version: installed.plugin.manifest().version.clone(),
        file: file_of(installed),
        since: Timestamp::now(),
    }
}

fn serving(installed: &Installed) -> PluginChange {
    change(PluginState::Serving, installed, Vec::new())
}

pub(super) fn change(
    state: PluginState,
    installed: &Installed,
    details: Vec<String>,
) -> PluginChange {
    PluginChange {
        state,
        plugin: Some(installed.plugin.id().clone()),
        version: Some(installed.plugin.manifest().version.clone()),
        sha256: Some(installed.plugin.file_hash().to_owned()),
        file: file_of(installed),
        details,
    }
}

fn waiting(pending: &Pending) -> PluginChange {
    PluginChange {
        state: PluginState::Pending,
        plugin: Some(pending.plugin.id().clone()),
        version: Some(pending.plugin.manifest().version.clone()),
        sha256: Some(pending.plugin.file_hash().to_owned()),
        file: Some(file_name(&pending.file)),
        details: pending.asks.clone(),
    }
}

fn refused(problem: &PluginProblem) -> PluginChange {
    PluginChange {
        state: PluginState::Refused,
        plugin: None,
        version: None,
        sha256: None,
        file: Some(file_name(Path::new(&problem.file))),
        details: vec![problem.reason.clone()],
    }
}

/// What has become of plug-ins and files, and what is told of then.
fn news(
    told: &BTreeSet<(String, String)>,
    present: &Plugins,
    next: &Plugins,
) -> (Vec<PluginChange>, BTreeSet<(String, String)>) {
    let mut changes = Vec::new();
    let mut now = BTreeSet::new();
    for id in changed(present, next) {
        match (present.get(&id), next.get(&id)) {
            (_, Some(installed)) => changes.push(serving(installed)),
            (Some(installed), None) => {
                let text = "its file is gone, and nothing else is there in its place";
                changes.push(change(
                    PluginState::Removed,
                    installed,
                    vec![text.to_owned()],
                ));
            }
            (None, None) => {}
        }
    }
    for problem in next.problems() {
        let key = (problem.file.clone(), problem.reason.clone());
        if !told.contains(&key) {
            changes.push(refused(problem));
        }
        now.insert(key);
    }
    for pending in next.pending() {
        let key = (
            pending.file.display().to_string(),
            pending.plugin.file_hash().to_owned(),
        );
        if !told.contains(&key) {
            changes.push(waiting(pending));
        }
        now.insert(key);
    }
    (changes, now)
}

/// Tells the operator's log.
pub(super) fn tell(change: &PluginChange) {
    let plugin = change
        .plugin
        .as_ref()
        .map(PluginId::as_str)
        .unwrap_or_default();
    let (version, file) = (
        change.version.as_deref().unwrap_or_default(),
        change.file.as_deref(),
    );
    let file = file.unwrap_or_default();
    let (state, details) = (change.state.as_str(), change.details.join("; "));
    match change.state {
        PluginState::Serving | PluginState::Recovered => {
            tracing::info!(plugin, version, file, state, "a plug-in serves");
        }
        PluginState::Pending => tracing::warn!(
            plugin,
            version,
            file,
            details,
            "a plug-in file waits: see `linecard plugin list`, and approve it if it may serve"
        ),
        PluginState::Refused => {
            tracing::error!(file, reason = details, "a plug-in file is not used");
        }
        PluginState::Removed | PluginState::Suspended => {
            tracing::warn!(plugin, version, state, details, "a plug-in does not serve");
        }
    }
}
