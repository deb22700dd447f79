//! The hub: one site with its store, channels and workers, as the HTTP interfaces see it.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use arc_swap::ArcSwap;
use linecard_model::SiteId;
use linecard_model::event::Record;
use linecard_site::channels::Channels;
use linecard_site::{Outcome, Rendered, Site, SiteError, SiteHandle, SiteOptions, SiteState};
use linecard_store::Store;
use linecard_traffic::fetch::Fetching;
use linecard_traffic::outbox::Outbox;
use linecard_traffic::prepare::{Analyzers, Preparation};
use linecard_traffic::profiles;
use linecard_traffic::receive::{Counters, Receiver};
use linecard_traffic::refusals::Refusals;
use linecard_vault::Vault;
use tokio::sync::{Mutex, Notify, broadcast, mpsc};

use crate::configure::{Equipment, Exchange, exchange};
use crate::plugins::{Depot, Records, Shelf};
use crate::searching::{Search, Searching};
use linecard_traffic::poll::{Polls, Turns};
use linecard_traffic::retention::{Forgotten, Retention};

/// What a hub is started with.
pub struct HubOptions {
    /// The site.
    pub site: SiteId,
    /// Its store.
    pub store: Arc<dyn Store>,
    /// What its channels are made of.
    pub equipment: Equipment,
    /// Its channels, built from the stored configuration.
    pub channels: Channels,
    /// Its analyzers, built from the stored configuration.
    pub analyzers: Analyzers,
    /// The plug-ins that could serve.
    pub depot: Depot,
    /// What is known of plug-ins beside their files.
    pub records: Records,
    /// Where files go.
    pub data: PathBuf,
    /// Makes the HTTP answer of what a request did.
    pub render: fn(&Outcome, &SiteState) -> Rendered,
}

/// A running hub.
pub struct Hub {
    /// The site: the one way to change anything, and to ask about the present.
    pub site: SiteHandle,
    /// The store, for reading views and history.
    pub store: Arc<dyn Store>,
    /// Every record, as it has become durable.
    pub records: broadcast::Sender<Arc<Record>>,
    /// The channels at work.
    pub channels: Channels,
    /// The analyzers at work.
    pub analyzers: Analyzers,
    /// The plug-ins that are installed.
    pub plugins: Shelf,
    /// Secrets, encrypted at rest.
    pub vault: Vault,
    /// Where files go.
    pub data: PathBuf,
    /// The webhook door.
    pub receiver: Receiver,
    /// What was forgotten because it was old.
    pub forgotten: Forgotten,
    /// Finds messages, notes and contacts by their words.
    pub search: Search,
    /// What channels are made of when a configuration is applied.
    pub equipment: Equipment,
    /// One configuration is applied at a time.
    pub(crate) applying: Mutex<()>,
    /// What exchanges plug-ins; locked after `applying`.
    pub(crate) exchange: Mutex<Exchange>,
    /// What is known of plug-ins beside their files, for readers.
    pub(crate) plugin_records: ArcSwap<Records>,
    /// Whether other plug-ins may have to serve, though no file has changed.
    pub(crate) plugins_anew: AtomicBool,
    workers: Vec<mpsc::UnboundedSender<()>>,
}

impl Hub {
    /// Restores the site and starts its workers.
    pub async fn start(options: HubOptions) -> Result<Arc<Self>, SiteError> {
        let HubOptions {
            site,
            store,
            equipment,
            channels,
            analyzers,
            depot,
            records: plugin_records,
            data,
            render,
        } = options;
        let Site {
            handle,
            records,
            outbox,
            poll_anew,
            unknown_profiles,
            fetches,
        } = Site::start(SiteOptions {
            id: site,
            store: Arc::clone(&store),
            channels: channels.clone(),
            render,
        })
        .await?;
        let accepted = Arc::new(Notify::new());
        let (tell_outbox, outbox_reconfigured) = mpsc::unbounded_channel();
        let (tell_polls, polls_reconfigured) = mpsc::unbounded_channel();
        let supervisor = handle.supervisor().clone();
        supervisor.spawn(
            "preparation",
            Preparation {
                store: Arc::clone(&store),
                site: handle.clone(),
                channels: channels.clone(),
                analyzers: analyzers.clone(),
                accepted: Arc::clone(&accepted),
            }
            .run(),
        );
        supervisor.spawn(
            "outbox",
            Outbox {
                store: Arc::clone(&store),
                site: handle.clone(),
                channels: channels.clone(),
            }
            .run(outbox, outbox_reconfigured),
        );
        supervisor.spawn(
            "polls",
            Polls {
                store: Arc::clone(&store),
                site: handle.clone(),
                channels: channels.clone(),
                accepted: Arc::clone(&accepted),
                turns: Turns::default(),
            }
            .run(polls_reconfigured, poll_anew),
        );
        supervisor.spawn(
            "fetching",
            Fetching {
                store: Arc::clone(&store),
                site: handle.clone(),
                channels: channels.clone(),
                media: Arc::clone(&equipment.media),
            }
            .run(fetches),
        );
        supervisor.spawn(
            "profiles",
            profiles::run(handle.clone(), channels.clone(), unknown_profiles),
        );
        let forgotten = Forgotten::default();
        supervisor.spawn(
            "retention",
            Retention {
                store: Arc::clone(&store),
                site: handle.clone(),
                forgotten: forgotten.clone(),
            }
            .run(),
        );
        let search = Search::new(data.join("search"));
        supervisor.spawn(
            "search",
            Searching {
                store: Arc::clone(&store),
                site: handle.clone(),
                search: search.clone(),
                records: records.subscribe(),
            }
            .run(),
        );
        let receiver = Receiver {
            store: Arc::clone(&store),
            site: handle.clone(),
            channels: channels.clone(),
            accepted,
            counters: Counters::default(),
            refusals: Refusals::default(),
        };
        let hub = Arc::new(Self {
            forgotten,
            search,
            site: handle,
            store,
            records,
            channels,
            analyzers,
            plugins: equipment.plugins.clone(),
            vault: equipment.vault.clone(),
            equipment,
            data,
            receiver,
            applying: Mutex::new(()),
            plugin_records: ArcSwap::from_pointee(plugin_records.clone()),
            exchange: Mutex::new(Exchange::new(depot, plugin_records)),
            plugins_anew: AtomicBool::new(false),
            workers: vec![tell_outbox, tell_polls],
        });
        supervisor.spawn("plug-ins", exchange(Arc::downgrade(&hub)));
        Ok(hub)
    }

    /// Tells the workers that the channels were replaced.
    pub(crate) fn reconfigured(&self) {
        for worker in &self.workers {
            // A worker ends only with the hub.
            let _ = worker.send(());
        }
    }
}
