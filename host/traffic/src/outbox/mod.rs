//! The outbox: actions on the networks, in the order of their thread, paced, tried again when that
//! can help and never when it could do something twice.
//!
//! Each channel has its own worker, so a channel that waits slows no other. Within a channel whoever
//! waits for a recipient or for the network's pace takes no worker's place.

mod attempt;
mod lines;
mod pace;
mod worker;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use linecard_model::ChannelId;
use linecard_site::channels::Channels;
use linecard_site::{OutboxNews, SiteHandle};
use linecard_store::Store;
use tokio::sync::mpsc;

use worker::{Notice, Worker};

/// What the workers work with.
#[derive(Clone)]
pub struct Outbox {
    /// The site's store.
    pub store: Arc<dyn Store>,
    /// The site.
    pub site: SiteHandle,
    /// The channels.
    pub channels: Channels,
}

impl Outbox {
    /// Works until the site ends. `news` names channels with new entries, and those that may go on;
    /// `reconfigured` says that the channels were replaced.
    pub async fn run(
        self,
        mut news: mpsc::UnboundedReceiver<OutboxNews>,
        mut reconfigured: mpsc::UnboundedReceiver<()>,
    ) {
        let mut workers: HashMap<ChannelId, mpsc::UnboundedSender<Notice>> = HashMap::new();
        self.notify_all(&mut workers);
        loop {
            tokio::select! {
                news = news.recv() => match news {
                    Some(OutboxNews::New(channel)) => {
                        self.notify(&mut workers, channel, Notice::New);
                    }
                    Some(OutboxNews::Freed(channel)) => {
                        self.notify(&mut workers, channel, Notice::Freed);
                    }
                    None => return,
                },
                Some(()) = reconfigured.recv() => self.notify_all(&mut workers),
            }
        }
    }

    fn notify_all(&self, workers: &mut HashMap<ChannelId, mpsc::UnboundedSender<Notice>>) {
        let mut channels: BTreeSet<ChannelId> = workers.keys().cloned().collect();
        channels.extend(self.channels.all().iter().map(|c| c.id.clone()));
        for channel in channels {
            self.notify(workers, channel, Notice::Reconfigured);
        }
    }

    fn notify(
        &self,
        workers: &mut HashMap<ChannelId, mpsc::UnboundedSender<Notice>>,
        channel: ChannelId,
        notice: Notice,
    ) {
        let worker = workers.entry(channel.clone()).or_insert_with(|| {
            let (sender, notices) = mpsc::unbounded_channel();
            let name = format!("outbox {channel}");
            let worker = Worker::new(self.clone(), channel);
            self.site.supervisor().spawn(name, worker.run(notices));
            sender
        });
        // A worker only ends with the site.
        let _ = worker.send(notice);
    }
}
