//! The hub: one site with its store, channels and workers, as the HTTP interfaces see it.

use std::path::PathBuf;
use std::sync::Arc;

use linecard_model::SiteId;
use linecard_model::event::Record;
use linecard_site::channels::Channels;
use linecard_site::{Outcome, Rendered, Site, SiteError, SiteHandle, SiteOptions, SiteState};
use linecard_store::Store;
use linecard_traffic::fetch::Fetching;
use linecard_traffic::outbox::Outbox;
use linecard_traffic::poll::Polls;
use linecard_traffic::prepare::{Analyzers, Preparation};
use linecard_traffic::profiles;
use linecard_traffic::receive::{Counters, Receiver};
use linecard_vault::Vault;
use tokio::sync::{Mutex, Notify, broadcast, mpsc, watch};

use crate::configure::Equipment;
use crate::plugins::Plugins;

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
    pub plugins: Arc<Plugins>,
    /// Secrets, encrypted at rest.
    pub vault: Vault,
    /// Turns to the reason when the hub can take no more work.
    pub stopped: watch::Sender<Option<String>>,
    /// Where files go.
    pub data: PathBuf,
    /// The webhook door.
    pub receiver: Receiver,
    /// What channels are made of when a configuration is applied.
    pub equipment: Equipment,
    /// One configuration is applied at a time.
    pub(crate) applying: Mutex<()>,
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
            stopped,
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
        tokio::spawn(
            Preparation {
                store: Arc::clone(&store),
                site: handle.clone(),
                channels: channels.clone(),
                analyzers: analyzers.clone(),
                accepted: Arc::clone(&accepted),
            }
            .run(),
        );
        tokio::spawn(
            Outbox {
                store: Arc::clone(&store),
                site: handle.clone(),
                channels: channels.clone(),
            }
            .run(outbox, outbox_reconfigured),
        );
        tokio::spawn(
            Polls {
                store: Arc::clone(&store),
                site: handle.clone(),
                channels: channels.clone(),
                accepted: Arc::clone(&accepted),
                stopped: stopped.clone(),
            }
            .run(polls_reconfigured, poll_anew),
        );
        tokio::spawn(
            Fetching {
                store: Arc::clone(&store),
                site: handle.clone(),
                channels: channels.clone(),
                media: Arc::clone(&equipment.media),
            }
            .run(fetches),
        );
        tokio::spawn(profiles::run(
            handle.clone(),
            channels.clone(),
            unknown_profiles,
        ));
        let receiver = Receiver {
            store: Arc::clone(&store),
            site: handle.clone(),
            channels: channels.clone(),
            accepted,
            stopped: stopped.clone(),
            counters: Counters::default(),
        };
        Ok(Arc::new(Self {
            site: handle,
            store,
            records,
            channels,
            analyzers,
            plugins: Arc::clone(&equipment.plugins),
            vault: equipment.vault.clone(),
            equipment,
            stopped,
            data,
            receiver,
            applying: Mutex::new(()),
            workers: vec![tell_outbox, tell_polls],
        }))
    }

    /// Tells the workers that the channels were replaced.
    pub(crate) fn reconfigured(&self) {
        for worker in &self.workers {
            // A worker ends only with the hub.
            let _ = worker.send(());
        }
    }
}
