//! The outbox: actions on the networks, in the order of their thread, paced, tried again when that
//! can help and never when it could do something twice.
//!
//! Each channel has its own worker, so a channel that waits slows no other.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, DefaultKeyedRateLimiter, Quota, RateLimiter};
use linecard_model::manifest::{ActionKind, ConnectorManifest, ThrottleScope};
use linecard_model::outbox::{OutboxEntry, OutboxNumber, OutboxState};
use linecard_model::platform::Failure;
use linecard_model::{ChannelId, Timestamp};
use linecard_store::Store;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tracing::{error, warn};

use crate::channels::{ChannelRuntime, Channels};
use crate::retries::Retries;
use crate::site::{AttemptResult, SiteHandle, now};

/// How many threads of a channel are served at a time.
const PARALLEL: usize = 32;
/// How many entries are read at a time.
const PAGE: usize = 256;

/// Whether repeating an entry's action can have no second effect.
pub(crate) fn is_idempotent(channels: &Channels, entry: &OutboxEntry) -> bool {
    let kind = entry.request.action.kind();
    channels.get(&entry.channel).is_some_and(|channel| {
        channel.abilities().is_some_and(|a| {
            a.actions
                .iter()
                .any(|ability| ability.kind == kind && ability.idempotent)
        })
    })
}

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

/// Something that a worker is told.
enum Notice {
    /// There are new entries.
    New,
    /// The configuration was replaced: whatever stopped the channel may be gone.
    Reconfigured,
}

impl Outbox {
    /// Works until the site ends. `new` names channels with new entries; `reconfigured` says that
    /// the channels were replaced.
    pub async fn run(
        self,
        mut new: mpsc::UnboundedReceiver<ChannelId>,
        mut reconfigured: mpsc::UnboundedReceiver<()>,
    ) {
        let mut workers: HashMap<ChannelId, mpsc::UnboundedSender<Notice>> = HashMap::new();
        self.notify_all(&mut workers);
        loop {
            tokio::select! {
                channel = new.recv() => match channel {
                    Some(channel) => self.notify(&mut workers, channel, Notice::New),
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
            let worker = Worker {
                outbox: self.clone(),
                channel,
                read_up_to: 0,
                threads: HashMap::new(),
                ready: BTreeSet::new(),
                block: Block::None,
                pace: None,
            };
            tokio::spawn(worker.run(notices));
            sender
        });
        // A worker only ends with the site.
        let _ = worker.send(notice);
    }
}

/// Why a channel sends nothing at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Block {
    None,
    /// The network asked to wait.
    Until(Timestamp),
    /// A person must act.
    Person,
}

struct Worker {
    outbox: Outbox,
    channel: ChannelId,
    read_up_to: OutboxNumber,
    /// The entries of each thread, in order. The first one of a thread that is under way is taken
    /// out, the others wait for it.
    threads: HashMap<String, VecDeque<OutboxEntry>>,
    /// The threads whose first entry can be tried: when, its number, and which.
    ready: BTreeSet<(Timestamp, OutboxNumber, String)>,
    block: Block,
    pace: Option<Arc<Pace>>,
}

/// How an attempt left its entry.
struct Finished {
    thread: String,
    again: Option<OutboxEntry>,
    block: Block,
    /// The site has ended.
    ended: bool,
}

impl Worker {
    async fn run(mut self, mut notices: mpsc::UnboundedReceiver<Notice>) {
        let mut attempts: JoinSet<Finished> = JoinSet::new();
        if !self.read().await {
            return;
        }
        loop {
            while attempts.len() < PARALLEL
                && let Some(entry) = self.next()
            {
                self.start(&mut attempts, entry);
            }
            let pause = self.pause(attempts.len() >= PARALLEL);
            tokio::select! {
                notice = notices.recv() => match notice {
                    None => return,
                    Some(Notice::New) => {}
                    Some(Notice::Reconfigured) => {
                        self.block = Block::None;
                        self.pace = None;
                    }
                },
                Some(finished) = attempts.join_next(), if !attempts.is_empty() => {
                    match finished {
                        Ok(finished) if finished.ended => return,
                        Ok(finished) => self.finish(finished),
                        Err(fault) => {
                            error!(channel = %self.channel, error = %fault, "an outbox attempt broke; the channel sends no more until the hub is started again");
                            return;
                        }
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
                    return false;
                }
            };
            let Some(last) = page.last() else { return true };
            self.read_up_to = last.number;
            for entry in page {
                let Some(entry) = self.recovered(entry).await else {
                    continue;
                };
                self.put_last(entry);
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

    fn put_last(&mut self, entry: OutboxEntry) {
        let thread = entry.request.thread.clone();
        let waiting = self.threads.entry(thread.clone()).or_default();
        let first = waiting.is_empty();
        if first {
            self.ready
                .insert((not_before(&entry), entry.number, thread));
        }
        waiting.push_back(entry);
    }

    /// The next entry that may be tried now.
    fn next(&mut self) -> Option<OutboxEntry> {
        match self.block {
            Block::None => {}
            Block::Until(until) if until <= now() => self.block = Block::None,
            Block::Until(_) | Block::Person => return None,
        }
        let (at, _, _) = self.ready.first()?;
        if *at > now() {
            return None;
        }
        let (_, _, thread) = self.ready.pop_first()?;
        self.threads.get(&thread)?.front().cloned()
    }

    /// Ends when something can be tried again.
    fn pause(&self, full: bool) -> impl Future<Output = ()> + use<> {
        let next = match self.block {
            Block::Person => None,
            Block::Until(until) => Some(until),
            Block::None => self.ready.first().map(|(at, _, _)| *at),
        };
        let wait = next.filter(|_| !full).map(|at| {
            let left = at.as_millisecond() - now().as_millisecond();
            Duration::from_millis(u64::try_from(left).unwrap_or(0).max(1))
        });
        async move {
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        }
    }

    fn start(&mut self, attempts: &mut JoinSet<Finished>, entry: OutboxEntry) {
        let Some(channel) = self.outbox.channels.get(&self.channel) else {
            self.put_back(&entry);
            self.block = Block::Person;
            return;
        };
        if channel.config.paused {
            self.put_back(&entry);
            self.block = Block::Person;
            return;
        }
        let pace = Arc::clone(
            self.pace
                .get_or_insert_with(|| Arc::new(Pace::of(&channel))),
        );
        let site = self.outbox.site.clone();
        attempts.spawn(attempt(site, channel, pace, entry));
    }

    fn put_back(&mut self, entry: &OutboxEntry) {
        self.ready.insert((
            not_before(entry),
            entry.number,
            entry.request.thread.clone(),
        ));
    }

    fn finish(&mut self, finished: Finished) {
        if finished.block != Block::None {
            self.block = finished.block;
        }
        let Some(waiting) = self.threads.get_mut(&finished.thread) else {
            return;
        };
        waiting.pop_front();
        if let Some(entry) = finished.again {
            waiting.push_front(entry);
        }
        match waiting.front() {
            Some(next) => {
                let place = (not_before(next), next.number, finished.thread);
                self.ready.insert(place);
            }
            None => {
                self.threads.remove(&finished.thread);
            }
        }
    }
}

fn not_before(entry: &OutboxEntry) -> Timestamp {
    match &entry.state {
        OutboxState::Retrying { not_before, .. } => *not_before,
        OutboxState::Waiting | OutboxState::Attempting { .. } => Timestamp::UNIX_EPOCH,
    }
}

/// One attempt: made durable, paced, done, and its outcome recorded.
async fn attempt(
    site: SiteHandle,
    channel: Arc<ChannelRuntime>,
    pace: Arc<Pace>,
    mut entry: OutboxEntry,
) -> Finished {
    let thread = entry.request.thread.clone();
    let ended = |thread: String| Finished {
        thread,
        again: None,
        block: Block::None,
        ended: true,
    };
    pace.wait(&entry).await;
    let before = entry.clone();
    entry.state = OutboxState::Attempting { since: now() };
    match site.attempt(entry.clone()).await {
        Ok(true) => {}
        Ok(false) => {
            return Finished {
                thread,
                again: Some(before),
                block: Block::Person,
                ended: false,
            };
        }
        Err(_) => return ended(thread),
    }
    let mut block = Block::None;
    let called = channel
        .connector
        .perform(&channel.context, entry.request.clone())
        .await;
    let result = match called {
        Ok(Ok(outcome)) => {
            channel.spend(outcome.cost);
            if let Some(budget) = &outcome.budget
                && budget.used_percent >= 100
                && budget.scope == ThrottleScope::Channel
                && let Some(resets_at) = budget.resets_at
            {
                block = Block::Until(resets_at);
            }
            AttemptResult::Done(outcome)
        }
        Ok(Err(failure)) => {
            match &failure {
                Failure::Throttled(throttle) if throttle.scope == ThrottleScope::Channel => {
                    block = Block::Until(throttle.until.unwrap_or_else(|| {
                        now()
                            .checked_add(Retries::of(Some(&channel)).pause(entry.request.attempt))
                            .unwrap_or_else(|_| now())
                    }));
                }
                Failure::Unauthorized(_) => block = Block::Person,
                Failure::Unfinished(unfinished) => channel.spend(unfinished.cost),
                _ => {}
            }
            AttemptResult::Failed(failure)
        }
        Err(fault) => {
            warn!(channel = %channel.id, error = %fault, "a connector failed while it did an action");
            AttemptResult::Broken {
                may_have_acted: fault.may_have_acted,
                text: fault.to_string(),
            }
        }
    };
    match site.finished(entry, result).await {
        Ok(again) => Finished {
            thread,
            again,
            block,
            ended: false,
        },
        Err(_) => ended(thread),
    }
}

/// The pace that a network, or the operator, sets.
struct Pace {
    /// For all actions, or for some.
    channel: Vec<(Vec<ActionKind>, DefaultDirectRateLimiter)>,
    /// For each recipient.
    recipient: Vec<(Vec<ActionKind>, DefaultKeyedRateLimiter<String>)>,
}

impl Pace {
    fn of(channel: &ChannelRuntime) -> Self {
        let mut pace = Self {
            channel: Vec::new(),
            recipient: Vec::new(),
        };
        let limits = channel
            .abilities()
            .filter(|_| channel.config.actions_per_second.is_none())
            .map_or(&[][..], |a: &ConnectorManifest| a.rate_limits.as_slice());
        for limit in limits {
            let Some(quota) = quota(limit.calls, Duration::from_millis(limit.per_ms)) else {
                continue;
            };
            match limit.scope {
                ThrottleScope::Channel => pace
                    .channel
                    .push((limit.actions.clone(), RateLimiter::direct(quota))),
                ThrottleScope::Recipient => pace
                    .recipient
                    .push((limit.actions.clone(), RateLimiter::keyed(quota))),
            }
        }
        if let Some(rate) = channel.config.actions_per_second.filter(|r| *r > 0.0)
            && let Some(quota) = Quota::with_period(Duration::from_secs_f64(1.0 / rate.max(0.001)))
        {
            pace.channel.push((Vec::new(), RateLimiter::direct(quota)));
        }
        pace
    }

    async fn wait(&self, entry: &OutboxEntry) {
        let kind = entry.request.action.kind();
        let counts = |kinds: &Vec<ActionKind>| kinds.is_empty() || kinds.contains(&kind);
        for (_, limiter) in self.channel.iter().filter(|(kinds, _)| counts(kinds)) {
            limiter.until_ready().await;
        }
        let Some(recipient) = &entry.request.recipient else {
            return;
        };
        for (_, limiter) in self.recipient.iter().filter(|(kinds, _)| counts(kinds)) {
            limiter.until_key_ready(&recipient.id).await;
        }
    }
}

/// So many calls in a time, which may come at once.
fn quota(calls: u32, time: Duration) -> Option<Quota> {
    let burst = NonZeroU32::new(calls)?;
    Some(Quota::with_period(time / calls)?.allow_burst(burst))
}
