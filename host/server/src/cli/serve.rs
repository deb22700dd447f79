//! Runs the hub until it is told to end, or cannot go on.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use linecard_api::{Doors, HttpOptions, Tls};
use linecard_hub::configure::{Restored, has_administrator, restore};
use linecard_hub::plugins::Source;
use linecard_hub::{Hub, HubOptions};
use linecard_site::channels::Channels;
use linecard_traffic::prepare::Analyzers;
use linecard_vault::hub_itself;
use tokio::net::TcpListener;
use tracing::{error, info, warn};

use super::options::ConfigOptions;
use super::rotate::{Rotation, certificate_facts};
use super::setup::{Foundation, Surroundings, foundation_in};
use super::signals::{told_to_end, told_to_reload};
use super::{admin_key, handles, log};
use crate::config::ServerConfig;
use crate::reference;
use linecard_site::supervise::Supervisor;

/// For how long the doors still answer when the hub can take no more work: so whoever asks for its
/// readiness hears why.
const LAST_WORDS: Duration = Duration::from_secs(1);

pub(super) async fn run(options: &ConfigOptions) -> anyhow::Result<()> {
    let config = options.load()?;
    log::start(&config.log)?;
    let certificate = certificate_facts(config.tls_files().as_ref());
    let tls = config.tls_files().map(|files| Tls::load(&files));
    let tls = tls.transpose()?;
    let reload = told_to_reload().context("signals cannot be listened for")?;
    let doors = Doors {
        tls: tls.clone(),
        connections: handles::connections(config.http.connections),
    };
    // Before the data folder is touched: an address in use is the commonest mistake.
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("the hub cannot listen on {}", config.listen))?;
    let hub = start(&config).await?;
    let told = told_to_end().context("signals cannot be listened for")?;
    info!(
        address = %listener.local_addr()?,
        url = config.url(),
        data = %config.data.display(),
        plugins = hub.plugins.now().all().count(),
        channels = hub.channels.all().len(),
        version = env!("CARGO_PKG_VERSION"),
        "the hub is ready"
    );
    let mut options = http_options(&config, &hub)?;
    options.practice = practice(&config, &hub, listener.local_addr()?).await;
    let router = linecard_api::router(Arc::clone(&hub), options);
    let supervisor = hub.site.supervisor().clone();
    let rotation = Rotation {
        hub: Arc::clone(&hub),
        tls: tls.zip(config.tls_files()),
        certificate,
    };
    let rotation = tokio::spawn(rotation.run(reload));
    let end = ending(supervisor.clone(), told);
    let served = linecard_api::serve(listener, router, doors, end).await;
    info!("the hub is stopping");
    rotation.abort();
    supervisor.end();
    if !hub.site.has_ended() {
        // Answers that are on their way get their outcome recorded.
        let cut_off = supervisor.drained(config.drain()).await;
        if cut_off > 0 {
            warn!(
                actions = cut_off,
                seconds = config.drain_seconds,
                "actions are cut off on their way: a person sees them as uncertain after the next start"
            );
        }
    }
    hub.site.stop().await;
    let closed = hub.store.close().await;
    let broken = supervisor.stopped().borrow().clone();
    if let Some(reason) = broken {
        error!(reason, "the hub took no more work and has ended");
        bail!("{reason}");
    }
    served?;
    closed.context("the store was not closed properly; what was acknowledged is safe")?;
    info!("the hub has stopped");
    Ok(())
}

/// Starts a hub on its data folder.
pub(super) async fn start(config: &ServerConfig) -> anyhow::Result<Arc<Hub>> {
    start_in(config, Surroundings::real(config)?).await
}

/// Starts a hub on its data folder, with such surroundings.
pub(super) async fn start_in(
    config: &ServerConfig,
    around: Surroundings,
) -> anyhow::Result<Arc<Hub>> {
    let foundation = foundation_in(config, around).await?;
    let Foundation {
        store,
        site,
        equipment,
        site_config,
        depot,
        records,
    } = foundation;
    let restored = restore(&site_config, &equipment).await?;
    for problem in &restored.problems.0 {
        warn!(%problem, "something that is configured does not work");
    }
    for warning in &restored.warnings.0 {
        warn!(%warning, "something that is configured can never work");
    }
    let Restored {
        channels,
        analyzers,
        unready,
        entries,
        known_keys,
        ..
    } = restored;
    let at_work = (Channels::default(), Analyzers::default());
    at_work.0.replace(channels);
    at_work.1.replace(analyzers);
    let hub = Hub::start(HubOptions {
        site,
        store,
        equipment,
        channels: at_work.0,
        analyzers: at_work.1,
        depot,
        records,
        data: config.data.clone(),
        render: linecard_api::render,
    })
    .await?;
    hub.vault.attach(hub.site.clone());
    if !entries.is_empty() {
        let audit = ("secrets.read".to_owned(), "start".to_owned());
        hub.vault.write(hub_itself(), entries, Some(audit)).await?;
    }
    for (name, secret) in &known_keys {
        hub.vault.know_key(name, secret);
    }
    hub.give_new_chance().await?;
    for (channel, health) in unready {
        hub.site
            .health(channel, health, linecard_site::Source::Hub)
            .await?;
    }
    let mut key = admin_key::read(&config.data)?;
    if key.is_none() && !has_administrator(&site_config) {
        key = Some(admin_key::create(&config.data)?);
        let file = admin_key::file(&config.data);
        warn!(
            file = %file.display(),
            "nobody administers the hub yet: the file holds a key for the API; delete it when there is an administrator"
        );
    }
    hub.vault.set_admin_key(key.as_ref());
    Ok(hub)
}

/// The network to practise on.
#[cfg(feature = "simulator")]
async fn practice(
    config: &ServerConfig,
    hub: &Hub,
    heard: SocketAddr,
) -> Option<Arc<dyn linecard_api::Practice>> {
    let page = super::practice::PracticePage::of(config, hub, heard).await?;
    Some(Arc::new(page))
}

/// A program without the simulators has none.
#[cfg(not(feature = "simulator"))]
async fn practice(
    _config: &ServerConfig,
    _hub: &Hub,
    _heard: SocketAddr,
) -> Option<Arc<dyn linecard_api::Practice>> {
    None
}

/// How a hub's HTTP interfaces behave.
pub(super) fn http_options(config: &ServerConfig, hub: &Hub) -> anyhow::Result<HttpOptions> {
    // Strangers may read the reference: which plug-ins were added is not for them.
    let plugins = hub.plugins.now();
    let installed = plugins.all();
    let bundled = installed.filter(|installed| installed.source == Source::Bundled);
    Ok(HttpOptions {
        reference: reference::both(bundled.map(|bundled| bundled.plugin.manifest()))?,
        ..config.http_options()
    })
}

/// Waits until the process is told to end, or the hub can take no more work.
async fn ending(supervisor: Supervisor, told: impl Future<Output = ()>) {
    tokio::pin!(told);
    tokio::select! {
        () = supervisor.has_stopped() => {
            tokio::select! {
                () = tokio::time::sleep(LAST_WORDS) => {}
                () = told => {}
            }
        }
        () = &mut told => {
            info!("told to end");
            supervisor.end();
        }
    }
}
