//! Preparation: accepted events are read from the inbox in order, analyzed in parallel, and put
//! before the site. Order is kept within a thread: a thread always takes the same lane.
//!
//! In a lane several events are analyzed at a time and handed on in their order, and each is read by all
//! analyzers at once. So a message waits for its slowest analyzer, which has the time of one call, and
//! hardly for those before it; and an analyzer that fails again and again is left out for a while
//! ([`crate::resting`]).

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::pin::pin;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use futures::StreamExt as _;
use futures::future::join_all;
use futures::stream;
use linecard_model::message::Finding;
use linecard_model::platform::{EventKind, Subject};
use linecard_model::site::AnalyzerConfig;
use linecard_sandbox::Analyzer;
use linecard_site::channels::Channels;
use linecard_site::{Prepared, SiteHandle};
use linecard_store::{InboxEntry, InboxNumber, Store, StoreError};
use tokio::sync::{Notify, mpsc};
use tracing::{error, warn};

use crate::resting::Resting;

/// How many threads are analyzed at a time.
const LANES: usize = 16;
/// How many events wait in a lane before reading pauses.
const LANE_LENGTH: usize = 64;
/// How many events of a lane are analyzed at a time. Analyzers only compute: more at a time are not faster
/// together, and only wait for longer each.
const AT_A_TIME: usize = 4;
/// How many events are read at a time.
const PAGE: usize = 256;

/// An analyzer at work.
pub struct AnalyzerRuntime {
    /// Its name in the site's configuration.
    pub name: String,
    /// How it is set up.
    pub config: AnalyzerConfig,
    /// The analyzer, ready.
    pub analyzer: Analyzer,
    /// The trained models that it goes by: each one's name and the beginning of its file's SHA-256.
    pub models: Vec<String>,
    /// Whether it is left out for a while.
    pub resting: Resting,
}

/// All analyzers of a site, in the order of their names. Cheap to clone; all clones see a
/// replacement at once.
#[derive(Clone, Default)]
pub struct Analyzers(Arc<ArcSwap<Vec<Arc<AnalyzerRuntime>>>>);

impl Analyzers {
    /// Replaces all of them.
    pub fn replace(&self, analyzers: Vec<AnalyzerRuntime>) {
        let analyzers = analyzers.into_iter().map(Arc::new).collect();
        self.0.store(Arc::new(analyzers));
    }

    /// All of them, in the order of their names.
    pub fn all(&self) -> Vec<Arc<AnalyzerRuntime>> {
        self.0.load().as_ref().clone()
    }

    /// Puts some in the place of those with their names, and takes out others. Messages that are being
    /// read are read to their end by those that were there.
    pub fn exchange(&self, now: Vec<AnalyzerRuntime>, gone: &[String]) {
        let is_other = |runtime: &Arc<AnalyzerRuntime>| {
            !gone.contains(&runtime.name) && now.iter().all(|new| new.name != runtime.name)
        };
        let mut all: Vec<_> = self
            .0
            .load()
            .iter()
            .filter(|r| is_other(r))
            .cloned()
            .collect();
        all.extend(now.into_iter().map(Arc::new));
        all.sort_by(|one, other| one.name.cmp(&other.name));
        self.0.store(Arc::new(all));
    }

    /// Reads one message with every analyzer. A failed analyzer is a finding, not an obstacle.
    async fn read(&self, channels: &Channels, entry: &InboxEntry) -> Vec<Finding> {
        let analyzers = self.0.load_full();
        if analyzers.is_empty() {
            return Vec::new();
        }
        let Some(subject) = subject(channels, entry) else {
            return Vec::new();
        };
        let here = analyzers.iter().filter(|runtime| {
            let wanted = &runtime.config.channels;
            wanted.is_empty() || wanted.contains(&entry.channel)
        });
        // All at once: a message waits as long as the slowest of them may take, and not for one after the
        // other.
        join_all(here.map(|runtime| runtime.read(subject.clone()))).await
    }
}

impl AnalyzerRuntime {
    /// Reads one message, within the time of one call of an analyzer.
    async fn read(&self, subject: Subject) -> Finding {
        let manifest = self.analyzer.plugin().manifest();
        let mut finding = Finding {
            analyzer: self.name.clone(),
            labels: Vec::new(),
            scores: Vec::new(),
            language: None,
            failure: None,
            plugin: Some(format!("{} {}", manifest.id, manifest.version)),
            model: (!self.models.is_empty()).then(|| self.models.join(", ")),
        };
        if let Some(rest) = self.resting.reason(Instant::now()) {
            finding.failure = Some(rest);
            return finding;
        }
        let answer = self.analyzer.analyze(subject).await;
        self.resting.note(answer.as_ref().err(), Instant::now());
        match answer {
            Ok(analysis) => {
                finding.labels = analysis.labels;
                finding.scores = analysis.scores;
                finding.language = analysis.language;
            }
            Err(fault) => {
                warn!(analyzer = %self.name, error = %fault, call = %fault.id, "an analyzer failed on a message");
                finding.failure = Some(fault.told());
            }
        }
        finding
    }
}

/// What an analyzer reads of an event; `None` if it is not something that a customer said.
fn subject(channels: &Channels, entry: &InboxEntry) -> Option<Subject> {
    let event = &entry.event;
    let (text, language, addressed, attachments) = match &event.kind {
        EventKind::MessageCreated(message) => (
            message.text.clone().unwrap_or_default(),
            message.language.clone(),
            message.addressed,
            message.attachments.len(),
        ),
        EventKind::Postback(postback) => (postback.title.clone(), None, Some(true), 0),
        _ => return None,
    };
    let network = channels
        .get(&entry.channel)
        .map(|c| c.network().to_owned())
        .unwrap_or_default();
    Some(Subject {
        text,
        language,
        network,
        channel: entry.channel.to_string(),
        visibility: event.thread.as_ref()?.visibility,
        addressed,
        author: event.author.as_ref().and_then(|a| a.profile.clone()),
        attachments: u32::try_from(attachments).unwrap_or(u32::MAX),
    })
}

/// What the preparation works with.
pub struct Preparation {
    /// The site's store.
    pub store: Arc<dyn Store>,
    /// The site.
    pub site: SiteHandle,
    /// The channels.
    pub channels: Channels,
    /// The analyzers.
    pub analyzers: Analyzers,
    /// Says that there are new events.
    pub accepted: Arc<Notify>,
}

impl Preparation {
    /// Works until the site or the store ends. What was accepted before a restart comes first.
    pub async fn run(self) {
        let lanes: Vec<mpsc::Sender<InboxEntry>> =
            (0..LANES).map(|lane| self.open_lane(lane)).collect();
        let mut after: InboxNumber = 0;
        loop {
            match self.hand_out(&lanes, &mut after).await {
                Ok(true) => {}
                Ok(false) => self.accepted.notified().await,
                Err(fault) => {
                    error!(error = %fault, "the inbox cannot be read; preparation ends");
                    let reason = format!("preparation: the inbox cannot be read: {fault}");
                    self.site.supervisor().stop(reason);
                    return;
                }
            }
            if lanes.iter().any(mpsc::Sender::is_closed) {
                return;
            }
        }
    }

    /// Reads a page and hands it out. Says whether there was anything.
    async fn hand_out(
        &self,
        lanes: &[mpsc::Sender<InboxEntry>],
        after: &mut InboxNumber,
    ) -> Result<bool, StoreError> {
        let page = self.store.inbox(self.site.id(), *after, PAGE).await?;
        let Some(last) = page.last() else {
            return Ok(false);
        };
        *after = last.number;
        for entry in page {
            let lane = lane_of(&entry, lanes.len());
            if let Some(lane) = lanes.get(lane) {
                // A closed lane means that the site has ended; the entry stays in the inbox.
                let _ = lane.send(entry).await;
            }
        }
        Ok(true)
    }

    fn open_lane(&self, lane: usize) -> mpsc::Sender<InboxEntry> {
        let (sender, mut entries) = mpsc::channel::<InboxEntry>(LANE_LENGTH);
        let site = self.site.clone();
        let channels = self.channels.clone();
        let analyzers = self.analyzers.clone();
        let work = async move {
            let received = stream::poll_fn(move |context| entries.poll_recv(context));
            // A task each: whoever was interrupted goes on with the analyzer's instance while this lane waits
            // for the site, and others wait for the instance. Each ends within the time of a call.
            let prepared = received.map(|entry| {
                let (analyzers, channels) = (analyzers.clone(), channels.clone());
                tokio::spawn(async move {
                    let findings = analyzers.read(&channels, &entry).await;
                    Prepared { entry, findings }
                })
            });
            let mut prepared = pin!(prepared.buffered(AT_A_TIME));
            while let Some(prepared) = prepared.next().await {
                let prepared = match prepared {
                    Ok(prepared) => prepared,
                    Err(error) => match error.try_into_panic() {
                        // As if it had happened here, where it is supervised.
                        Ok(panic) => std::panic::resume_unwind(panic),
                        // The runtime ends; the entry stays in the inbox.
                        Err(_) => return,
                    },
                };
                if site.inbound(prepared).await.is_err() {
                    return;
                }
            }
        };
        let supervisor = self.site.supervisor();
        supervisor.spawn(format!("preparation lane {lane}"), work);
        sender
    }
}

fn lane_of(entry: &InboxEntry, lanes: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    entry.channel.hash(&mut hasher);
    if let Some(thread) = &entry.event.thread {
        thread.key.hash(&mut hasher);
    }
    // The remainder is smaller than the number of lanes, which fits.
    usize::try_from(hasher.finish() % lanes.max(1) as u64).unwrap_or(0)
}
