//! What a hub stands on: the store, the plug-ins, the vault; and how a configuration gets into a
//! data folder that no hub runs on.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use linecard_hub::configure::{Equipment, SecretValues, plugin_records, rehearse};
use linecard_hub::plugins::{Depot, Plugins, Progress, Records, Shelf};
use linecard_hub::recorder::Recorder;
use linecard_model::SiteId;
use linecard_model::site::SiteConfig;
use linecard_sandbox::{
    CacheKey, CallObserver, HttpAccess, HttpClient, HttpClientConfig, Sandbox, SandboxConfig,
    SuspensionConfig,
};
use linecard_site::channels::Channels;
use linecard_site::{Request, Site, SiteOptions};
use linecard_store::Store;
use linecard_store_sled::{SledOptions, SledStore};
use linecard_testkit::RecordedCase;
use linecard_traffic::media::MediaFolder;

use super::compile::compiler;
use super::key::command_line;
use crate::bundled::BUNDLED;
use crate::config::ServerConfig;
use linecard_vault::{KeyPlace, Vault};

/// Whoever waits longer than this without a word wonders.
const TELL_EVERY: Duration = Duration::from_secs(2);

/// What a hub stands on.
pub(super) struct Foundation {
    pub store: Arc<dyn Store>,
    pub site: SiteId,
    pub equipment: Equipment,
    /// The stored configuration.
    pub site_config: SiteConfig,
    /// The plug-ins that could serve.
    pub depot: Depot,
    /// What is known of plug-ins beside their files.
    pub records: Records,
}

/// What a hub finds around it.
pub(super) struct Surroundings {
    /// How its connectors reach the network.
    pub http: Arc<dyn HttpAccess>,
    /// Who may want to see their calls, in place of the recorder.
    pub observer: Option<Arc<dyn CallObserver>>,
    /// The plug-ins that come with the program.
    pub bundled: &'static [(&'static str, &'static [u8])],
    /// The data folder in which machine code is kept.
    pub compiled: PathBuf,
}

impl Surroundings {
    /// The real network, and everything that comes with the program.
    pub(super) fn real(config: &ServerConfig) -> anyhow::Result<Self> {
        Ok(Self {
            http: Arc::new(HttpClient::new(&HttpClientConfig::default())?),
            observer: None,
            bundled: BUNDLED,
            compiled: config.data.clone(),
        })
    }
}

/// Opens the data folder and loads the plug-ins.
pub(super) async fn foundation(config: &ServerConfig) -> anyhow::Result<Foundation> {
    foundation_in(config, Surroundings::real(config)?).await
}

/// Opens the data folder and loads the plug-ins, for a hub with such surroundings.
pub(super) async fn foundation_in(
    config: &ServerConfig,
    around: Surroundings,
) -> anyhow::Result<Foundation> {
    private_folder(&config.data)
        .with_context(|| format!("the data folder {} cannot be used", config.data.display()))?;
    let store = open_store(config)?;
    let site = config.site.0.clone();
    let site_config = store.config(&site).await?.unwrap_or_default();
    let kept = config.data.join("plugin-versions");
    let depot = open_depot(config, &around.compiled, around.bundled, Some(&kept)).await?;
    let records = plugin_records(store.as_ref(), &site).await?;
    let plugins = depot.compose(&records, &site_config.plugins, None).await;
    for pending in plugins.pending() {
        tracing::warn!(
            file = %pending.file.display(),
            asks = pending.asks.join("; "),
            "a plug-in file waits for an approval: see `linecard plugin list`"
        );
    }
    for problem in plugins.problems() {
        tracing::error!(
            file = problem.file,
            reason = problem.reason,
            "a plug-in file is not used"
        );
    }
    let recorder = Recorder::new(&config.data, |seen, channel| {
        RecordedCase::new(seen, channel).files
    });
    let place = KeyPlace::find(config.key_place());
    let vault = Vault::open(store.as_ref(), &site, &place).await?;
    Ok(Foundation {
        store,
        site,
        equipment: Equipment {
            plugins: Shelf::new(plugins),
            vault,
            media: Arc::new(MediaFolder::new(
                config.data.join("media"),
                config.media.file_bytes,
            )),
            public_url: config
                .public_url
                .as_ref()
                .map(|url| url.as_str().trim_end_matches('/').into()),
            data: config.data.clone(),
            http: around.http,
            observer: around
                .observer
                .unwrap_or_else(|| Arc::new(recorder.clone())),
            recorder,
        },
        site_config,
        depot,
        records,
    })
}

fn open_store(config: &ServerConfig) -> anyhow::Result<Arc<dyn Store>> {
    let mut options = SledOptions::default();
    options.cache_capacity = config.store.cache_bytes;
    let store: SledStore = options.open(store_folder(config))?;
    Ok(Arc::new(store))
}

/// The store's folder in the data folder.
pub(super) fn store_folder(config: &ServerConfig) -> PathBuf {
    config.data.join("store")
}

/// Starts a sandbox and loads what is installed, as if nothing had been decided about any of it.
pub(super) async fn load_plugins(config: &ServerConfig) -> anyhow::Result<Plugins> {
    let depot = open_depot(config, &config.data, BUNDLED, None).await?;
    Ok(depot.everything().await)
}

/// Starts a sandbox and loads what is installed.
async fn open_depot(
    config: &ServerConfig,
    compiled: &Path,
    bundled: &[(&str, &[u8])],
    kept: Option<&Path>,
) -> anyhow::Result<Depot> {
    let is_first = !compiled.join("cache").exists();
    let sandbox = Sandbox::new(sandbox_config_in(config, compiled)?)?;
    let folder = config.plugin_folder();
    // The usual place need not be there, whether it is written out or not.
    if folder != config.data.join("plugins") && !folder.is_dir() {
        bail!("the plug-in folder {} does not exist", folder.display());
    }
    let progress = Progress::default();
    let loading = Depot::open(&sandbox, bundled, Some(&folder), kept, &progress);
    tokio::pin!(loading);
    if is_first {
        tell("the plug-ins are compiled for this machine, once; that can take a minute");
    }
    loop {
        tokio::select! {
            depot = &mut loading => return Ok(depot),
            () = tokio::time::sleep(TELL_EVERY) => {
                let (done, all) = progress.counted();
                tell(&format!("plug-ins are being compiled: {done} of {all} are ready"));
            }
        }
    }
}

/// Tells what takes its time: in the log, or to the person who waits for a command.
fn tell(text: &str) {
    if tracing::dispatcher::has_been_set() {
        tracing::info!("{text}");
    } else {
        eprintln!("linecard: {text}");
    }
}

/// A sandbox that keeps compiled code in the data folder.
pub(super) fn sandbox(config: &ServerConfig) -> anyhow::Result<Sandbox> {
    Ok(Sandbox::new(sandbox_config(config)?)?)
}

/// How such a sandbox is set up.
pub(super) fn sandbox_config(config: &ServerConfig) -> anyhow::Result<SandboxConfig> {
    sandbox_config_in(config, &config.data)
}

/// The same with another data folder in which compiled code is kept.
fn sandbox_config_in(config: &ServerConfig, data: &Path) -> anyhow::Result<SandboxConfig> {
    let key_file = data.join("cache.key");
    let cache_key = CacheKey::kept_in(&key_file)
        .with_context(|| format!("{} cannot be written", key_file.display()))?;
    Ok(SandboxConfig {
        limits: config.sandbox.clone(),
        cache_dir: Some(data.join("cache")),
        cache_key: Some(cache_key),
        compiler: compiler(),
        suspension: Some(SuspensionConfig::default()),
    })
}

pub(super) fn private_folder(folder: &Path) -> std::io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(folder)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Writes a configuration into a data folder that no hub runs on, as a running hub would.
pub(super) async fn configure(
    foundation: &Foundation,
    config: SiteConfig,
    values: &SecretValues,
) -> anyhow::Result<()> {
    let vault = rehearse(
        &foundation.site_config,
        &config,
        values,
        &foundation.equipment,
    )
    .await?;
    let site = Site::start(SiteOptions {
        id: foundation.site.clone(),
        store: Arc::clone(&foundation.store),
        channels: Channels::default(),
        render: linecard_api::render,
    })
    .await?;
    let config = Box::new(config);
    let answer = site
        .handle
        .request(command_line(), Request::Configure { config, vault }, None)
        .await;
    site.handle.stop().await;
    foundation.store.close().await?;
    answer?;
    Ok(())
}
