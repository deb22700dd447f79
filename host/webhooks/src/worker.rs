//! The task of one endpoint: reads the journal on, tries what is due, and keeps how far it has come.
//!
//! It waits for its own receiver only. What it has done is written after it was done, so after a kill the
//! last deliveries of a moment can be made again; the receiver knows them by their ids.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use linecard_model::Timestamp;
use linecard_model::event::{Record, Seq};
use linecard_site::CommandError;
use linecard_site::supervise::UnderWay;
use linecard_store::StoreError;
use linecard_vault::hub_itself;
use tokio::time::{Instant, sleep_until};
use tracing::{info, warn};

use crate::Inner;
use crate::delivery::{Attempt, AttemptOutcome, Ended, Tried, attempt, find, shortened, wait};
use crate::progress::Lane;
use crate::shared::{DeadLetter, Shared};

/// How many events may be under way to one receiver.
const CONCURRENT: usize = 8;
/// How many records are read from the journal at a time.
const PAGE: usize = 64;
/// How many such pages are read before what is under way is looked at again.
const PAGES: usize = 16;
/// How long what was done may wait to be written while there is more to do.
const WRITE_EVERY: Duration = Duration::from_millis(500);
/// How many events that go elsewhere are read before it is written that they were.
const READ_UNWRITTEN: Seq = 1_000;
/// How long something waits that could not be read.
const UNREADABLE: Duration = Duration::from_secs(5);

/// The task of one endpoint.
pub(crate) struct Worker {
    pub inner: Arc<Inner>,
    pub shared: Arc<Shared>,
}

type UnderWayAttempt = BoxFuture<'static, (Seq, Ended)>;

/// How far the journal was read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// To its end.
    End,
    /// As far as there is room.
    Full,
    /// There is more, and room for it.
    More,
}

/// What is not written yet.
struct Unwritten {
    since: Option<Instant>,
    cursor: Seq,
}

impl Worker {
    /// Works until the hub ends, or the endpoint is removed and with it this task.
    pub async fn run(self) {
        let mut under_way: FuturesUnordered<UnderWayAttempt> = FuturesUnordered::new();
        let mut newest = self.inner.newest.subscribe();
        let mut unwritten = Unwritten {
            since: None,
            cursor: self.shared.standing().cursor,
        };
        self.remember_lanes().await;
        loop {
            let mut reading = Reading::Full;
            if self.shared.endpoint().enabled {
                reading = self.read_on(&mut unwritten).await;
                while under_way.len() < CONCURRENT
                    && let Some(attempt) = self.begin()
                {
                    under_way.push(attempt);
                }
            }
            let is_quiet = under_way.is_empty();
            let is_late = |since: Instant| since.elapsed() >= WRITE_EVERY;
            if unwritten
                .since
                .is_some_and(|since| is_quiet || is_late(since))
            {
                self.write(&mut unwritten).await;
            }
            let wake = self.wake(&unwritten, under_way.len());
            tokio::select! {
                Some((seq, ended)) = under_way.next() => {
                    self.settle(seq, ended).await;
                    unwritten.since.get_or_insert_with(Instant::now);
                }
                () = self.shared.changed.notified() => {}
                Ok(()) = newest.changed(), if reading == Reading::End => {}
                () = tokio::task::yield_now(), if reading == Reading::More => {}
                () = wake => {}
            }
        }
    }

    /// Finds out again to which lanes the events belong that wait since before the start.
    async fn remember_lanes(&self) {
        let waiting = self.shared.state().progress.waiting();
        for seq in waiting {
            // What cannot be read now is told in one order with everything else that belongs nowhere.
            if let Ok(Some(found)) = find(&self.inner, seq).await {
                let lane = Lane::of(&found.event);
                self.shared.state().progress.belongs(seq, lane);
            }
        }
    }

    /// Reads the journal on as far as there is room, some pages at a time.
    async fn read_on(&self, unwritten: &mut Unwritten) -> Reading {
        let (site, endpoint) = (self.inner.site.id(), self.shared.endpoint());
        for _ in 0..PAGES {
            let (cursor, room) = {
                let state = self.shared.state();
                (state.progress.cursor(), state.progress.room())
            };
            if room == 0 {
                return Reading::Full;
            }
            let page = match self.inner.store.first_seq(site).await {
                Ok(first) => {
                    self.forgotten_before(first, cursor);
                    let cursor = cursor.max(first.saturating_sub(1));
                    self.inner.store.journal(site, cursor, PAGE).await
                }
                Err(fault) => Err(fault),
            };
            let records = match page {
                Ok(records) => records,
                Err(fault) => {
                    self.cannot_read(&fault);
                    return Reading::End;
                }
            };
            if records.is_empty() {
                return Reading::End;
            }
            let mut state = self.shared.state();
            let now = Timestamp::now();
            for (seq, event) in records.iter().flat_map(Record::numbered) {
                if seq <= state.progress.cursor() {
                    continue;
                }
                if state.progress.room() == 0 {
                    return Reading::Full;
                }
                let is_meant = endpoint.takes(event) && (self.inner.shape.is_shown)(event);
                let lane = is_meant.then(|| Lane::of(event));
                if lane.is_some() {
                    unwritten.since.get_or_insert_with(Instant::now);
                }
                state.progress.read_on(seq, lane, now);
            }
            if state.progress.cursor().saturating_sub(unwritten.cursor) >= READ_UNWRITTEN {
                unwritten.since.get_or_insert_with(Instant::now);
            }
        }
        Reading::More
    }

    fn forgotten_before(&self, first: Seq, cursor: Seq) {
        if first > cursor.saturating_add(1) {
            self.shared.state().progress.forgotten_before(first);
            warn!(
                webhook = %self.shared.id,
                until = first - 1,
                "the journal has forgotten events before a webhook was told them; journal_days says how long it keeps them"
            );
        }
    }

    fn cannot_read(&self, fault: &StoreError) {
        match fault {
            StoreError::Fatal { .. } => self.inner.site.supervisor().stop(fault.to_string()),
            StoreError::Closed => {}
            _ => {
                warn!(webhook = %self.shared.id, error = %fault, "a webhook's events cannot be read for now");
            }
        }
    }

    /// Begins an attempt, if one is due and the hub goes on.
    fn begin(&self) -> Option<UnderWayAttempt> {
        let permit: UnderWay = self.inner.site.supervisor().begin()?;
        let seq = self.shared.state().progress.next(Timestamp::now())?;
        let (inner, shared) = (Arc::clone(&self.inner), Arc::clone(&self.shared));
        Some(Box::pin(async move {
            let endpoint = shared.endpoint();
            let ended = attempt(&inner, &endpoint, shared.id.as_str(), seq).await;
            drop(permit);
            (seq, ended)
        }))
    }

    async fn settle(&self, seq: Seq, ended: Ended) {
        let tried = match ended {
            Ended::Tried(tried) => *tried,
            Ended::Forgotten => {
                self.shared.state().progress.done(seq);
                return;
            }
            Ended::Unreadable(fault) => {
                self.cannot_read(&fault);
                let due = Timestamp::now().saturating_add(UNREADABLE);
                let mut state = self.shared.state();
                state.progress.put_back(seq, due.unwrap_or(Timestamp::MAX));
                return;
            }
        };
        let outcome = self.judge(seq, &tried);
        if outcome == AttemptOutcome::Gone {
            let reason = "the receiver answered that it is gone (410)";
            match self.inner.disable(&self.shared, reason).await {
                Ok(()) => info!(webhook = %self.shared.id, reason, "a webhook is disabled"),
                Err(error) => {
                    warn!(webhook = %self.shared.id, %error, "a webhook cannot be disabled");
                }
            }
        }
    }

    /// Records what became of an attempt.
    fn judge(&self, seq: Seq, tried: &Tried) -> AttemptOutcome {
        let (status, reason) = match &tried.answer {
            Ok(status) => (Some(*status), None),
            Err(reason) => (None, Some(reason.clone())),
        };
        let mut guard = self.shared.state();
        let state = &mut *guard;
        let mut attempts = 1;
        let outcome = match status {
            Some(200..=299) => {
                attempts = state.progress.failed(seq).map_or(1, |known| known.attempts);
                state.progress.done(seq);
                AttemptOutcome::Delivered
            }
            Some(410) => {
                attempts = state.progress.failed(seq).map_or(1, |known| known.attempts);
                // Not at once, should the endpoint not be disabled after all.
                let due = Timestamp::now().saturating_add(UNREADABLE);
                state.progress.again_at(seq, due.unwrap_or(Timestamp::MAX));
                AttemptOutcome::Gone
            }
            _ => match state.progress.failed(seq) {
                Some(known) if known.attempts >= self.inner.options.attempts => {
                    attempts = known.attempts;
                    state.progress.done(seq);
                    state.bury(DeadLetter {
                        seq,
                        kind: tried.kind.to_owned(),
                        first_at: known.since,
                        at: tried.at,
                        attempts,
                        status,
                        reason: shortened(&why(status, reason.as_deref())),
                    });
                    AttemptOutcome::GivenUp
                }
                Some(known) => {
                    attempts = known.attempts;
                    let first = self.inner.options.first_retry;
                    let wait = wait(first, attempts, tried.retry_after);
                    let due = Timestamp::now().saturating_add(wait);
                    state.progress.again_at(seq, due.unwrap_or(Timestamp::MAX));
                    AttemptOutcome::Failed
                }
                None => AttemptOutcome::Failed,
            },
        };
        let count = match outcome {
            AttemptOutcome::Delivered => &self.shared.delivered,
            _ => &self.shared.failed,
        };
        count.fetch_add(1, Ordering::Relaxed);
        let delivered = outcome == AttemptOutcome::Delivered;
        state.remember(Attempt {
            seq,
            id: tried.id.clone(),
            kind: tried.kind.to_owned(),
            at: tried.at,
            attempt: attempts,
            outcome,
            status,
            took_ms: u64::try_from(tried.took.as_millis()).unwrap_or(u64::MAX),
            reason: (!delivered).then(|| shortened(&why(status, reason.as_deref()))),
        });
        outcome
    }

    /// Writes how far it has come.
    async fn write(&self, unwritten: &mut Unwritten) {
        let cursor = self.shared.standing().cursor;
        let written = self
            .shared
            .write(&self.inner, hub_itself(), Vec::new(), None);
        match written.await {
            Ok(()) => {
                unwritten.since = None;
                unwritten.cursor = cursor;
            }
            // The site has ended or the endpoint is removed, and so does this task soon.
            Err(CommandError::Stopped(_)) => std::future::pending().await,
            Err(error) => {
                warn!(webhook = %self.shared.id, %error, "what a webhook was told is not written for now");
                tokio::time::sleep(UNREADABLE).await;
            }
        }
    }

    /// Waits until there is something to do by the clock.
    fn wake(
        &self,
        unwritten: &Unwritten,
        under_way: usize,
    ) -> impl Future<Output = ()> + Send + use<> {
        let is_enabled = self.shared.endpoint().enabled;
        let due = self.shared.state().progress.next_due();
        let due = due.filter(|_| is_enabled && under_way < CONCURRENT);
        let due = due.map(|due| {
            let left = due.as_millisecond() - Timestamp::now().as_millisecond();
            // At least a moment: the clock of the machine may have been set back meanwhile, and what is
            // due while the hub ends is not begun.
            let left = u64::try_from(left).unwrap_or(0).max(20);
            Instant::now() + Duration::from_millis(left)
        });
        let write = unwritten.since.map(|since| since + WRITE_EVERY);
        let first = due.into_iter().chain(write).min();
        async move {
            match first {
                Some(then) => sleep_until(then).await,
                None => std::future::pending().await,
            }
        }
    }
}

fn why(status: Option<u16>, reason: Option<&str>) -> String {
    match (status, reason) {
        (Some(status @ 300..=399), _) => {
            format!(
                "the answer was {status}: redirections are not followed; set the address that it leads to"
            )
        }
        (Some(status), _) => format!("the answer was {status}"),
        (None, reason) => reason.unwrap_or_default().to_owned(),
    }
}
