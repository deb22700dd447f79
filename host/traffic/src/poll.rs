//! Channels that fetch: each polls at its own pace, and keeps its cursor in the same durable write
//! as what it found.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use linecard_model::outbox::{ChannelHealth, HealthState};
use linecard_model::platform::{Failure, Finding, Severity, Wait};
use linecard_model::{ChannelId, Timestamp};
use linecard_sandbox::{CallError, ChannelContext, HttpError, HttpResponse};
use linecard_site::channels::{ChannelRuntime, Channels};
use linecard_site::retries::backoff;
use linecard_site::{Permission, SiteHandle, Source};
use linecard_store::{Accept, Store, StoreError};
use tokio::sync::{Mutex, Notify, mpsc};
use tokio::task::JoinSet;
use tracing::{error, info, warn};

use crate::receive::take;
use crate::templates;

/// The shortest pause between two polls that found nothing.
const SHORTEST: Duration = Duration::from_millis(500);

/// What the polls work with.
#[derive(Clone)]
pub struct Polls {
    /// The site's store.
    pub store: Arc<dyn Store>,
    /// The site.
    pub site: SiteHandle,
    /// The channels.
    pub channels: Channels,
    /// Says that there are new events.
    pub accepted: Arc<Notify>,
    /// Whose turn it is at each channel.
    pub turns: Turns,
}

/// One poll of a channel is under way at a time: one that is cut off goes to its end, and the next one
/// waits for it. It holds one entry for each channel that was ever configured since the start.
#[derive(Debug, Clone, Default)]
pub struct Turns(Arc<std::sync::Mutex<HashMap<ChannelId, Arc<Mutex<()>>>>>);

impl Turns {
    fn of(&self, channel: &ChannelId) -> Arc<Mutex<()>> {
        let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(channel.clone()).or_default())
    }
}

/// How a poll ended.
enum Polled {
    /// With a page; the next one is after this pause, and after the network has answered this.
    Page(Duration, Option<Wait>),
    /// The connector says why there is none.
    Failed(Failure),
    /// The connector stopped.
    Stopped(CallError),
}

/// How often a connector has stopped on the page at hand, and on which parts of it.
#[derive(Debug, Default)]
struct Stops {
    tries: u32,
    /// The part on which it stopped last, and how often in a row.
    last: Option<(String, u32)>,
    /// The parts that it is not to read any more.
    skip: Vec<String>,
}

impl Stops {
    /// After so many times it is no accident.
    const ENOUGH: u32 = 3;
    /// How many parts of one page are skipped: a connector that stops on all of them is to be mended.
    const MOST: usize = 50;

    /// It stopped, and wrote this. Gives the part that is skipped from now on.
    fn stopped(&mut self, wrote: &str) -> Option<String> {
        self.tries = self.tries.saturating_add(1);
        let part = part_in(wrote)?;
        let times = match &self.last {
            Some((last, times)) if *last == part => times + 1,
            _ => 1,
        };
        self.last = Some((part.clone(), times));
        let is_enough = times >= Self::ENOUGH && self.skip.len() < Self::MOST;
        if !is_enough || self.skip.contains(&part) {
            return None;
        }
        self.skip.push(part.clone());
        self.last = None;
        Some(part)
    }
}

/// The mark of the part that a connector was reading, as the SDK writes it before a panic's words.
fn part_in(wrote: &str) -> Option<String> {
    let (_, rest) = wrote.split_once("of what the network sent (")?;
    let (mark, _) = rest.split_once(')')?;
    let is_mark = mark.len() == 16 && mark.bytes().all(|b| b.is_ascii_hexdigit());
    is_mark.then(|| mark.to_owned())
}

impl Polls {
    /// Works until the hub ends. Begins anew with each configuration; `anew` names channels that were
    /// paused or resumed.
    pub async fn run(
        self,
        mut reconfigured: mpsc::UnboundedReceiver<()>,
        mut anew: mpsc::UnboundedReceiver<ChannelId>,
    ) {
        // Dropping a channel's tasks ends them; a poll that is under way then goes to its end, because it
        // may have used up a refresh token of which it gets the successor.
        let mut tasks: HashMap<ChannelId, JoinSet<()>> = HashMap::new();
        for channel in self.channels.all() {
            tasks.insert(channel.id.clone(), self.begin(&channel).await);
        }
        loop {
            tokio::select! {
                told = reconfigured.recv() => {
                    if told.is_none() {
                        return;
                    }
                    tasks.clear();
                    for channel in self.channels.all() {
                        tasks.insert(channel.id.clone(), self.begin(&channel).await);
                    }
                }
                Some(channel) = anew.recv() => {
                    tasks.remove(&channel);
                    if let Some(runtime) = self.channels.get(&channel) {
                        tasks.insert(channel, self.begin(&runtime).await);
                    }
                }
            }
        }
    }

    /// Begins to poll a channel and to try its credentials, unless it is paused.
    async fn begin(&self, channel: &Arc<ChannelRuntime>) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        let id = channel.id.clone();
        let is_paused = self.site.query(move |state| state.is_paused(&id)).await;
        // An error means that the site has ended.
        if is_paused.unwrap_or(true) {
            return tasks;
        }
        if channel.polls() {
            let name = format!("poll {}", channel.id);
            let poll = self.clone().poll(Arc::clone(channel));
            tasks.spawn(self.site.supervisor().watch(name, poll));
        }
        if channel.abilities().is_some_and(|a| a.probes) {
            let name = format!("probe {}", channel.id);
            let probe = self.clone().probe(Arc::clone(channel));
            tasks.spawn(self.site.supervisor().watch(name, probe));
        }
        if channel.abilities().is_some_and(|a| a.templates) {
            let name = format!("templates {}", channel.id);
            let read = templates::read(self.channels.told.clone(), Arc::clone(channel));
            tasks.spawn(self.site.supervisor().watch(name, read));
        }
        tasks
    }

    async fn poll(self, channel: Arc<ChannelRuntime>) {
        let mut failures = 0_u32;
        let mut stops = Stops::default();
        // What the network answered to the request that the page before wanted to wait for.
        let mut waited = None;
        loop {
            match self.site.may_poll(channel.id.clone()).await {
                Ok(Permission::Granted | Permission::Readdressed(_) | Permission::Settled) => {}
                Ok(Permission::Held(Some(until))) => {
                    tokio::time::sleep(time_until(until)).await;
                    continue;
                }
                // It begins anew when a person has acted.
                Ok(Permission::Held(None)) => std::future::pending().await,
                // The site has ended.
                Err(_) => return,
            }
            let turn = self.turns.of(&channel.id).lock_owned().await;
            let skip = stops.skip.clone();
            // After a failure the poll asks anew: what was answered may be what it fails on.
            let answer = waited.take();
            let polling = self.clone().poll_once(Arc::clone(&channel), skip, answer);
            let polling = async move {
                let polled = polling.await;
                drop(turn);
                polled
            };
            let supervisor = self.site.supervisor();
            let pause = match supervisor.undivided("a poll", polling).await {
                Ok(Polled::Page(pause, wait)) => {
                    failures = 0;
                    stops = Stops::default();
                    if let Some(wait) = wait {
                        tokio::time::sleep(pause).await;
                        // Nothing is held meanwhile, and to drop it does no harm: it only asks.
                        let connector = &channel.connector;
                        let answer = connector.wait(&channel.context, wait).await;
                        if answer.is_err() {
                            tokio::time::sleep(SHORTEST).await;
                        }
                        waited = Some(answer);
                        continue;
                    }
                    pause
                }
                Ok(Polled::Failed(failure)) => {
                    failures = failures.saturating_add(1);
                    self.tell(&channel, &failure, Source::Poll).await;
                    pause_after(&failure, failures, channel.probe_every())
                }
                Ok(Polled::Stopped(fault)) => {
                    failures = failures.saturating_add(1);
                    let skipped = stops.stopped(&fault.to_string());
                    let tries = stops.tries;
                    warn!(channel = %channel.id, error = %fault, call = %fault.id, tries, "a connector stopped while it fetched");
                    if let Some(part) = &skipped {
                        warn!(channel = %channel.id, part, "the part of the page on which it stops is kept unread from now on");
                        failures = 0;
                    }
                    self.tell_stopped(&channel, &fault, &stops).await;
                    let failure = Failure::Transient(fault.to_string());
                    pause_after(&failure, failures, channel.probe_every())
                }
                Err(fault) => {
                    error!(channel = %channel.id, error = %fault, "polling ends: the store refuses");
                    let reason = match fault {
                        StoreError::Fatal { detail } => detail,
                        other => format!("poll {}: {other}", channel.id),
                    };
                    self.site.supervisor().stop(reason);
                    return;
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    async fn poll_once(
        self,
        channel: Arc<ChannelRuntime>,
        skip: Vec<String>,
        waited: Option<Result<HttpResponse, HttpError>>,
    ) -> Result<Polled, StoreError> {
        let site = self.site.id();
        let cursor = self
            .store
            .cursor(site, &channel.id)
            .await?
            .unwrap_or_default();
        let context = ChannelContext {
            skip,
            ..channel.context.clone()
        };
        let page = match channel
            .connector
            .poll(&context, cursor.clone(), waited)
            .await
        {
            Ok(Ok(page)) => page,
            Ok(Err(failure)) => return Ok(Polled::Failed(failure)),
            // It waited too long for its turn: nothing is wrong with it.
            Err(fault) if fault.never_began() => {
                return Ok(Polled::Failed(Failure::Transient(fault.to_string())));
            }
            Err(fault) => return Ok(Polled::Stopped(fault)),
        };
        // The charge goes first: what is fetched again after a fault is charged for again. An error
        // means that the site has ended.
        let _ = self.site.polled(channel.id.clone(), page.cost).await;
        if !page.events.is_empty() || page.cursor != cursor {
            let accept = Accept {
                channel: channel.id.clone(),
                at: Timestamp::now(),
                events: page.events,
                cursor: Some(page.cursor),
                again: None,
            };
            templates::heard(&self.channels.told, &channel.id, &accept.events);
            take(&self.store, &self.site, &self.accepted, accept).await?;
        }
        let pause = Duration::from_millis(page.next_in_ms);
        let pause = if page.next_in_ms == 0 {
            Duration::ZERO
        } else {
            pause.max(SHORTEST)
        };
        Ok(Polled::Page(pause, page.wait))
    }

    /// Finds out that credentials no longer work before a customer's message suffers.
    async fn probe(self, channel: Arc<ChannelRuntime>) {
        loop {
            match channel.connector.probe(&channel.context).await {
                Ok(Ok(findings)) => {
                    self.found(&channel.id, findings);
                    let health = ChannelHealth {
                        state: HealthState::Connected,
                        since: Some(Timestamp::now()),
                        ..ChannelHealth::default()
                    };
                    self.news(&channel.id, health, Source::Probe).await;
                }
                Ok(Err(failure)) => self.tell(&channel, &failure, Source::Probe).await,
                Err(fault) => {
                    warn!(channel = %channel.id, error = %fault, call = %fault.id, "a connector failed while it tried its credentials");
                    let failure = Failure::Transient(fault.to_string());
                    self.tell(&channel, &failure, Source::Probe).await;
                }
            }
            tokio::time::sleep(channel.probe_every()).await;
        }
    }

    /// A connector that stops again and again gets no further: a person has to know.
    async fn tell_stopped(&self, channel: &ChannelRuntime, fault: &CallError, stops: &Stops) {
        if stops.tries < Stops::ENOUGH {
            let failure = Failure::Transient(fault.to_string());
            return self.tell(channel, &failure, Source::Poll).await;
        }
        let health = ChannelHealth {
            state: HealthState::TransientFault,
            since: Some(Timestamp::now()),
            detail: Some(format!(
                "the connector stopped {} times in a row on the same page, and nothing after it is fetched: {fault}",
                stops.tries
            )),
            remedy: Some(
                "install a plug-in that reads the page, or pause the channel and tell the plug-in's author what it wrote"
                    .to_owned(),
            ),
            until: None,
        };
        self.news(&channel.id, health, Source::Poll).await;
    }

    /// Keeps what was found, and logs it if it is something else than before.
    fn found(&self, channel: &ChannelId, findings: Vec<Finding>) {
        let lines: Vec<String> = findings
            .iter()
            .filter(|finding| finding.severity != Severity::Note)
            .map(|f| format!("{} {}: {}", f.severity.as_str(), f.code, f.text))
            .collect();
        if !self
            .channels
            .told
            .found(channel, findings, Timestamp::now())
        {
            return;
        }
        if lines.is_empty() {
            info!(%channel, "nothing is left to be seen to in how the channel is set up");
        } else {
            let found = lines.join("; ");
            warn!(%channel, found, "something should be seen to in how the channel is set up");
        }
    }

    async fn tell(&self, channel: &ChannelRuntime, failure: &Failure, source: Source) {
        let health = |state, detail: &str, remedy: Option<String>, until| ChannelHealth {
            state,
            since: Some(Timestamp::now()),
            detail: Some(detail.to_owned()),
            remedy,
            until,
        };
        let news = match failure {
            Failure::Unauthorized(remedy) => health(
                HealthState::CredentialsRefused,
                "the network refuses the credentials or permissions",
                Some(remedy.clone()),
                None,
            ),
            restricted if restricted.restriction().is_some() => health(
                HealthState::Restricted,
                "the network has restricted the account",
                restricted.restriction().map(str::to_owned),
                None,
            ),
            Failure::Throttled(throttle) => health(
                HealthState::Throttled,
                &throttle.reason.to_string(),
                None,
                throttle.until,
            ),
            other => health(HealthState::TransientFault, &other.to_string(), None, None),
        };
        self.news(&channel.id, news, source).await;
    }

    async fn news(&self, channel: &ChannelId, health: ChannelHealth, source: Source) {
        // An error means that the site has ended.
        let _ = self.site.health(channel.clone(), health, source).await;
    }
}

fn pause_after(failure: &Failure, failures: u32, probe_every: Duration) -> Duration {
    let until = match failure {
        Failure::Throttled(throttle) => throttle.until,
        _ => None,
    };
    let pause = match until {
        Some(until) => time_until(until),
        None => Duration::try_from(backoff(failures)).unwrap_or(SHORTEST),
    };
    let is_long = matches!(failure, Failure::Unauthorized(_));
    pause.max(if is_long { probe_every } else { SHORTEST })
}

fn time_until(time: Timestamp) -> Duration {
    // What is over already is not waited for.
    Duration::try_from(time.duration_since(Timestamp::now())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_on_which_a_connector_stops_again_and_again_is_skipped() {
        let stop = |mark: &str| {
            format!("it wrote: while reading part 7 of what the network sent ({mark}):\nbomb")
        };
        let (one, other) = (stop("00112233445566aa"), stop("00112233445566bb"));
        let mut stops = Stops::default();
        assert_eq!(stops.stopped(&one), None);
        assert_eq!(stops.stopped(&one), None);
        // The network has sent another page meanwhile.
        assert_eq!(stops.stopped(&other), None);
        assert_eq!(stops.stopped(&one), None);
        assert_eq!(stops.stopped(&one), None);
        assert_eq!(stops.stopped(&one).as_deref(), Some("00112233445566aa"));
        assert_eq!(stops.stopped(&one), None);
        for _ in 0..2 {
            assert_eq!(stops.stopped(&other), None);
        }
        assert_eq!(stops.stopped(&other).as_deref(), Some("00112233445566bb"));
        assert_eq!(stops.skip.len(), 2);
        // What names no part is only counted.
        for wrote in [
            "unreachable",
            "of what the network sent (x)",
            "of what the network sent (",
        ] {
            assert_eq!(stops.stopped(wrote), None);
        }
        assert_eq!(stops.tries, 13);
    }
}
