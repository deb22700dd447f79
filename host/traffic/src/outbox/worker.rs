//! The worker of one channel: reads its outbox, and keeps as many attempts under way as it may.

use std::time::Duration;

use linecard_model::manifest::RateLimit;
use linecard_model::outbox::{OutboxEntry, OutboxNumber, OutboxState};
use linecard_model::{ChannelId, Timestamp};
use linecard_site::AttemptResult;
use linecard_site::retries::is_idempotent;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::error;

use super::Outbox;
use super::attempt::{Finished, attempt, broke};
use super::lines::{Hold, Lines};
use super::pace::Pace;
use linecard_site::supervise::caught;

/// How many entries are read at a time.
const PAGE: usize = 256;

/// Something that a worker is told.
pub(super) enum Notice {
    /// There are new entries.
    New,
    /// The configuration was replaced: whatever stopped the channel may be gone.
    Reconfigured,
    /// A person, or a try of the credentials, says that it may go on.
    Freed,
}

pub(super) struct Worker {
    outbox: Outbox,
    channel: ChannelId,
    read_up_to: OutboxNumber,
    lines: Lines,
    /// Grows whenever the channel is freed: what an attempt from before finds out no longer counts.
    freed: u64,
}

impl Worker {
    pub fn new(outbox: Outbox, channel: ChannelId) -> Self {
        let lines = Lines::new(pace(&outbox, &channel));
        Self {
            outbox,
            channel,
            read_up_to: 0,
            lines,
            freed: 0,
        }
    }

    pub async fn run(mut self, mut notices: mpsc::UnboundedReceiver<Notice>) {
        let mut attempts: JoinSet<(u64, Finished)> = JoinSet::new();
        if !self.read().await {
            return;
        }
        loop {
            // No more than can be under way at a time: what waits, waits here, where its pace and its
            // order are known.
            let parallel = self.parallel();
            while attempts.len() < parallel
                && let Some(entry) = self.lines.next(Timestamp::now())
            {
                self.start(&mut attempts, entry);
            }
            let pause = self.pause(attempts.len() >= parallel);
            tokio::select! {
                notice = notices.recv() => match notice {
                    None => return,
                    Some(Notice::New) => {}
                    Some(Notice::Reconfigured) => {
                        self.freed += 1;
                        self.lines.reconfigure(pace(&self.outbox, &self.channel));
                    }
                    Some(Notice::Freed) => {
                        self.freed += 1;
                        self.lines.free();
                    }
                },
                Some(finished) = attempts.join_next(), if !attempts.is_empty() => {
                    match finished {
                        Ok((_, finished)) if finished.ended => return,
                        Ok((began, finished)) => self.finish(began, finished),
                        // What an attempt breaks on is caught within; this is the process's end.
                        Err(_) => return,
                    }
                    continue;
                }
                () = pause => continue,
            }
            if !self.read().await {
                return;
            }
        }
    }

    /// How many threads are served at a time.
    fn parallel(&self) -> usize {
        let channel = self.outbox.channels.get(&self.channel);
        channel.map_or(1, |channel| channel.connector.actions_at_once())
    }

    /// Reads the entries that are new. `false`: the store cannot be read.
    async fn read(&mut self) -> bool {
        loop {
            let store = &self.outbox.store;
            let site = self.outbox.site.id();
            let page = match store
                .outbox(site, &self.channel, self.read_up_to, PAGE)
                .await
            {
                Ok(page) => page,
                Err(fault) => {
                    error!(channel = %self.channel, error = %fault, "the outbox cannot be read; the channel sends no more");
                    let reason = format!("outbox {}: it cannot be read: {fault}", self.channel);
                    self.outbox.site.supervisor().stop(reason);
                    return false;
                }
            };
            let Some(last) = page.last() else { return true };
            self.read_up_to = last.number;
            for entry in page {
                if let Some(entry) = self.recovered(entry).await {
                    self.lines.push(entry);
                }
            }
        }
    }

    /// An attempt that had begun when the hub was stopped has an unknown outcome.
    async fn recovered(&self, mut entry: OutboxEntry) -> Option<OutboxEntry> {
        if !matches!(entry.state, OutboxState::Attempting { .. }) {
            return Some(entry);
        }
        if is_idempotent(&self.outbox.channels, &entry) {
            entry.request.uncertain_before = true;
            entry.request.attempt = entry.request.attempt.saturating_add(1);
            return Some(entry);
        }
        let result = AttemptResult::Broken {
            text: "the hub was stopped while the network was asked".to_owned(),
            may_have_acted: true,
        };
        self.outbox
            .site
            .finished(entry, result)
            .await
            .unwrap_or_default()
    }

    fn start(&mut self, attempts: &mut JoinSet<(u64, Finished)>, entry: OutboxEntry) {
        let began = self.freed;
        let Some(channel) = self.outbox.channels.get(&self.channel) else {
            let thread = entry.request.thread.clone();
            self.lines.finish(thread, Some(entry), Hold::Person);
            return;
        };
        let site = self.outbox.site.clone();
        attempts.spawn(async move {
            let kept = entry.clone();
            let tried = caught(attempt(site.clone(), channel, entry)).await;
            let finished = match tried {
                Ok(finished) => finished,
                Err(text) => broke(&site, kept, text).await,
            };
            (began, finished)
        });
    }

    fn finish(&mut self, began: u64, finished: Finished) {
        let Finished {
            thread,
            again,
            hold,
            ..
        } = finished;
        let hold = if began == self.freed {
            hold
        } else {
            Hold::None
        };
        self.lines.finish(thread, again, hold);
        self.lines.sweep(Timestamp::now());
    }

    /// Ends when something can be tried again.
    fn pause(&self, full: bool) -> impl Future<Output = ()> + use<> {
        let wait = self.lines.wakes().filter(|_| !full).map(|at| {
            let left = at.as_millisecond() - Timestamp::now().as_millisecond();
            Duration::from_millis(u64::try_from(left).unwrap_or(0).max(1))
        });
        async move {
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        }
    }
}

/// The pace of a channel; one that is away sends nothing at any pace.
fn pace(outbox: &Outbox, channel: &ChannelId) -> Pace {
    match outbox.channels.get(channel) {
        Some(channel) => Pace::of(&channel),
        None => Pace::with(
            &[] as &[RateLimit],
            governor::clock::DefaultClock::default(),
        ),
    }
}
