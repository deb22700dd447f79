//! The one thread that writes.
//!
//! sled deadlocks when many tasks flush at the same time, and its flush is not an fsync on Linux. So
//! everything that is written goes through here: whatever is queued becomes one atomic batch, is
//! flushed, is synchronized through an own handle to the file, and only then is anybody told. While a
//! batch waits for the disk the next one gathers. Under load it gathers a little longer: each batch
//! costs the processor some handing over between threads and two calls for the disk, so that fewer and
//! larger ones take more work. A batch that has come alone is never kept waiting.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use linecard_model::SiteId;
use linecard_model::event::Seq;
use linecard_model::outbox::OutboxNumber;
use tokio::sync::{mpsc, oneshot};

use super::backup::{Lines, Noted};
use super::keys;
use super::mark::Mark;
use super::shared::Shared;
use super::values::{self, Head, Write};
use super::write::{self, StoredRaw};
use linecard_store::{Accepted, Epoch, InboxNumber, RawOf, Result, StoreError};

/// The most submissions in one batch.
const MOST_SUBMISSIONS: usize = 256;
/// A batch with more bytes than this takes no further submissions.
const ENOUGH_BYTES: usize = 4 * 1024 * 1024;

/// How many outbox numbers are marked as used beyond the one that is.
const OUTBOX_NUMBERS: OutboxNumber = 1_000;

/// Under load, the least time from the beginning of one batch to the next.
const GATHER: Duration = Duration::from_millis(4);
/// From this many submissions in a batch on, the next one gathers.
const MANY: usize = 4;

/// An event to be accepted, in stored form.
pub(super) struct NewEvent {
    /// The key of its deduplication mark.
    pub(super) mark: Vec<u8>,
    /// The mark.
    pub(super) mark_value: Vec<u8>,
    /// The inbox entry.
    pub(super) entry: Vec<u8>,
    /// The network's payload, if it has one.
    pub(super) raw: Option<Vec<u8>>,
}

/// What is to be written.
pub(super) enum Work {
    Own {
        site: SiteId,
    },
    Accept {
        site: SiteId,
        events: Vec<NewEvent>,
        cursor: Option<Write>,
    },
    Append {
        site: SiteId,
        epoch: Epoch,
        /// The first and the last number of each record.
        numbers: Vec<(Seq, Seq)>,
        writes: Vec<Write>,
        /// The highest number of an outbox entry among them; 0 if there is none.
        last_outbox: OutboxNumber,
    },
    /// Values that are removed if they are still the ones that were seen.
    Purge {
        seen: Vec<(Vec<u8>, sled::IVec)>,
        /// What is to be written with it.
        mark: Option<Write>,
    },
    /// Changes that need no check.
    Raw {
        writes: Vec<Write>,
        /// The inbox goes on at this number, if it has not come so far.
        next_inbox: Option<InboxNumber>,
    },
    /// Notes the keys of what is written from now on, for a backup.
    Note(Noted),
    /// Reads what is still noted, and notes no more.
    LastNoted(Noted),
    Close,
}

/// What became of it.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Owned(Epoch),
    Accepted(Accepted),
    Purged(u64),
    /// The last lines of a backup.
    Noted {
        lines: Lines,
        next_inbox: InboxNumber,
    },
    Done,
}

/// Work and who waits for it.
pub(super) struct Submission {
    pub(super) work: Work,
    pub(super) reply: oneshot::Sender<Result<Answer>>,
}

#[derive(Debug, Clone, Copy)]
struct SiteState {
    epoch: Epoch,
    last_seq: Seq,
    /// No outbox number above it has been used.
    outbox_mark: OutboxNumber,
}

pub(super) struct Committer {
    shared: Arc<Shared>,
    mark: Mark,
    sites: HashMap<SiteId, SiteState>,
    commit: u64,
    next_inbox: InboxNumber,
    /// The counters are to be written even if nothing else is.
    dirty: bool,
    /// Where the keys of what is written are noted.
    noted: Option<Noted>,
}

/// One atomic batch in the making. Reads see what is already in it.
struct Pending<'a> {
    db: &'a sled::Db,
    writes: HashMap<Vec<u8>, Option<Vec<u8>>>,
    bytes: usize,
}

impl Pending<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<sled::IVec>> {
        match self.writes.get(key) {
            Some(value) => Ok(value.as_deref().map(sled::IVec::from)),
            None => self.db.get(key).map_err(fatal),
        }
    }

    fn set(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        self.bytes += key.len() + value.as_ref().map_or(0, Vec::len);
        self.writes.insert(key, value);
    }

    fn apply(&mut self, write: Write) -> Result<()> {
        let (key, value) = match write {
            Write::Put(key, value) => (key, Some(value)),
            Write::PutFirst(key, value) => {
                self.put(key, value, 0);
                return Ok(());
            }
            Write::Remove(key) => (key, None),
            Write::RemoveRaw(site, key) => {
                // What cannot be read points nowhere.
                let stored: Option<StoredRaw> = self
                    .get(&key)?
                    .and_then(|stored| values::decode(&key, &stored).ok());
                if let Some(accepted) = stored.and_then(|stored| stored.accepted) {
                    self.apply(Write::Remove(keys::raw(&site, RawOf::Accepted(accepted))))?;
                }
                (key, None)
            }
        };
        let former = self.get(&key)?;
        let had = former.as_deref().and_then(Head::of).map_or(0, |h| h.pieces);
        match value {
            Some(value) => self.put(key, value, had),
            None if former.is_none() => {}
            None => {
                for number in 0..had {
                    self.set(keys::piece(&key, number), None);
                }
                self.set(key, None);
            }
        }
        Ok(())
    }

    /// Puts a value in place of one that had so many pieces.
    fn put(&mut self, key: Vec<u8>, value: Vec<u8>, had: u32) {
        let mut kept = 0;
        let value = match values::cut(&value) {
            Some((head, pieces)) => {
                for piece in pieces {
                    self.set(keys::piece(&key, kept), Some(piece.to_vec()));
                    kept += 1;
                }
                head
            }
            None => value,
        };
        for number in kept..had {
            self.set(keys::piece(&key, number), None);
        }
        self.set(key, Some(value));
    }
}

/// Writes changes at once and durably, in one atomic batch. Only while no committer runs.
pub(super) fn write_directly(shared: &Shared, writes: Vec<Write>) -> Result<()> {
    let mut pending = Pending {
        db: shared.db(),
        writes: HashMap::new(),
        bytes: 0,
    };
    for write in writes {
        pending.apply(write)?;
    }
    let db = shared.db();
    db.apply_batch(batch_of(pending.writes)).map_err(fatal)?;
    db.flush().map_err(fatal)?;
    shared.synchronize()
}

fn batch_of(writes: HashMap<Vec<u8>, Option<Vec<u8>>>) -> sled::Batch {
    let mut batch = sled::Batch::default();
    for (key, value) in writes {
        match value {
            Some(value) => batch.insert(key, value),
            None => batch.remove(key),
        }
    }
    batch
}

fn fatal(error: sled::Error) -> StoreError {
    StoreError::Fatal {
        detail: error.to_string(),
    }
}

impl Committer {
    pub(super) fn new(shared: Arc<Shared>, mark: Mark, head: super::shared::Counters) -> Self {
        Self {
            shared,
            mark,
            sites: HashMap::new(),
            commit: head.commit,
            next_inbox: head.next_inbox,
            dirty: false,
            noted: None,
        }
    }

    /// Takes batches until the store is closed or dropped.
    pub(super) fn run(mut self, mut queue: mpsc::Receiver<Submission>) {
        let mut open = true;
        let mut begun = Instant::now();
        let mut gathers = false;
        while open {
            let Some(first) = queue.blocking_recv() else {
                break;
            };
            if let Some(detail) = self.shared.fatal() {
                // The receiver may be gone: then nobody waits for the answer.
                let _ = first.reply.send(Err(StoreError::Fatal { detail }));
                open = !matches!(first.work, Work::Close);
                continue;
            }
            if gathers {
                std::thread::sleep(GATHER.saturating_sub(begun.elapsed()));
            }
            begun = Instant::now();
            let mut answers = Vec::new();
            // sled reports some failures of the disk by a panic. It must not leave waiters behind.
            let done = catch_unwind(AssertUnwindSafe(|| {
                self.batch(first, &mut queue, &mut answers, &mut open)
            }))
            .unwrap_or_else(|_| {
                Err(StoreError::Fatal {
                    detail: "the storage engine failed while it wrote".to_owned(),
                })
            });
            if let Err(error) = &done {
                let detail = match error {
                    StoreError::Fatal { detail } => detail.clone(),
                    other => other.to_string(),
                };
                tracing::error!(
                    detail,
                    "the store takes no more writes; free space or repair the disk, then start again"
                );
                self.shared.set_fatal(detail);
            }
            gathers = answers.len() >= MANY;
            for (reply, answer) in answers {
                let answer = match (&done, answer) {
                    // A refused submission wrote nothing, whatever became of the others.
                    (_, Err(refused)) => Err(refused),
                    (Ok(()), answer) => answer,
                    (Err(_), Ok(_)) => Err(self.shared.refusal()),
                };
                let _ = reply.send(answer);
            }
        }
    }

    fn batch(
        &mut self,
        first: Submission,
        queue: &mut mpsc::Receiver<Submission>,
        answers: &mut Vec<(oneshot::Sender<Result<Answer>>, Result<Answer>)>,
        open: &mut bool,
    ) -> Result<()> {
        let shared = Arc::clone(&self.shared);
        let mut pending = Pending {
            db: shared.db(),
            writes: HashMap::new(),
            bytes: 0,
        };
        let mut next = Some(first);
        while let Some(Submission { work, reply }) = next.take() {
            // The reply is kept before the work begins: if sled panics, the waiter still gets an answer.
            let closing = matches!(work, Work::Close);
            answers.push((reply, Ok(Answer::Done)));
            let answer = self.take(&mut pending, work);
            let failed = matches!(answer, Err(StoreError::Fatal { .. }));
            let error = answer.as_ref().err().cloned();
            if let Some(last) = answers.last_mut() {
                last.1 = answer;
            }
            if let (true, Some(error)) = (failed, error) {
                return Err(error);
            }
            if closing {
                *open = false;
            } else if answers.len() < MOST_SUBMISSIONS && pending.bytes < ENOUGH_BYTES {
                next = queue.try_recv().ok();
            }
        }
        self.commit(pending.writes)
    }

    fn commit(&mut self, writes: HashMap<Vec<u8>, Option<Vec<u8>>>) -> Result<()> {
        if writes.is_empty() && !std::mem::take(&mut self.dirty) {
            return Ok(());
        }
        self.commit += 1;
        let counters = super::shared::Counters {
            commit: self.commit,
            next_inbox: self.next_inbox,
        };
        self.noted = self.noted.take().filter(Noted::is_wanted);
        let written: Option<Vec<_>> =
            (self.noted.is_some()).then(|| writes.keys().cloned().collect());
        let mut batch = batch_of(writes);
        batch.insert(keys::HEAD, &counters.to_bytes()[..]);
        let db = self.shared.db();
        db.apply_batch(batch).map_err(fatal)?;
        db.flush().map_err(fatal)?;
        self.shared.synchronize()?;
        self.mark.set(self.commit, self.shared.log_position())?;
        // Not before they can be read: whoever takes them reads them at once.
        if let (Some(noted), Some(written)) = (&self.noted, written) {
            noted.note(written.into_iter());
        }
        self.shared.set_durable(
            self.sites
                .iter()
                .map(|(site, state)| (site, state.last_seq)),
        );
        Ok(())
    }

    fn take(&mut self, pending: &mut Pending<'_>, work: Work) -> Result<Answer> {
        match work {
            Work::Own { site } => {
                let mut state = self.site(pending, &site)?;
                state.epoch += 1;
                pending.apply(values::put(keys::epoch(&site), &state.epoch)?)?;
                self.sites.insert(site, state);
                Ok(Answer::Owned(state.epoch))
            }
            Work::Accept {
                site,
                events,
                cursor,
            } => {
                let mut accepted = Accepted::default();
                for event in events {
                    if pending.get(&event.mark)?.is_some() {
                        accepted.duplicates += 1;
                        continue;
                    }
                    let number = self.next_inbox;
                    self.next_inbox += 1;
                    pending.set(event.mark, Some(event.mark_value));
                    pending.put(keys::inbox(&site, number), event.entry, 0);
                    if let Some(raw) = event.raw {
                        let of = RawOf::Accepted(number);
                        pending.put(keys::raw(&site, of), raw, 0);
                    }
                    accepted.new += 1;
                    accepted.last = Some(number);
                }
                if let Some(cursor) = cursor {
                    pending.apply(cursor)?;
                }
                Ok(Answer::Accepted(accepted))
            }
            Work::Append {
                site,
                epoch,
                numbers,
                writes,
                last_outbox,
            } => {
                let mut state = self.site(pending, &site)?;
                if epoch != state.epoch {
                    return Err(StoreError::StaleEpoch {
                        site,
                        given: epoch,
                        newest: state.epoch,
                    });
                }
                for (first, last) in numbers {
                    if first != state.last_seq + 1 {
                        return Err(StoreError::SeqGap {
                            site,
                            expected: state.last_seq + 1,
                            given: first,
                        });
                    }
                    state.last_seq = last;
                }
                for write in writes {
                    pending.apply(write)?;
                }
                if last_outbox > state.outbox_mark {
                    // Many at a time, so that few batches have to write it.
                    state.outbox_mark = last_outbox.saturating_add(OUTBOX_NUMBERS);
                    pending.apply(write::outbox_mark(&site, state.outbox_mark)?)?;
                }
                self.sites.insert(site, state);
                Ok(Answer::Done)
            }
            Work::Purge { seen, mark } => {
                if let Some(mark) = mark {
                    pending.apply(mark)?;
                }
                let mut purged = 0;
                for (key, stored) in seen {
                    if pending.get(&key)?.as_deref() == Some(&*stored) {
                        pending.apply(Write::Remove(key))?;
                        purged += 1;
                    }
                }
                Ok(Answer::Purged(purged))
            }
            Work::Raw { writes, next_inbox } => {
                if let Some(number) = next_inbox {
                    self.next_inbox = self.next_inbox.max(number);
                    self.dirty = true;
                }
                for write in writes {
                    pending.apply(write)?;
                }
                Ok(Answer::Done)
            }
            Work::Note(noted) => {
                if self.noted.as_ref().is_some_and(Noted::is_wanted) {
                    return Err(StoreError::BackupRuns);
                }
                self.noted = Some(noted);
                Ok(Answer::Done)
            }
            Work::LastNoted(noted) => {
                self.noted = None;
                Ok(Answer::Noted {
                    lines: Lines::last(&noted, &self.shared)?,
                    next_inbox: self.next_inbox,
                })
            }
            Work::Close => Ok(Answer::Done),
        }
    }

    /// What is known about a site, read from the store the first time.
    fn site(&mut self, pending: &Pending<'_>, site: &SiteId) -> Result<SiteState> {
        if let Some(state) = self.sites.get(site) {
            return Ok(*state);
        }
        let key = keys::epoch(site);
        let epoch = match pending.get(&key)? {
            Some(stored) => values::decode(&key, &stored)?,
            None => 0,
        };
        let numbers = keys::numbers(site);
        let outbox_mark = match pending.get(&numbers)? {
            Some(stored) => values::decode(&numbers, &stored)?,
            None => 0,
        };
        let state = SiteState {
            outbox_mark,
            epoch,
            last_seq: self.shared.newest_seq(site)?,
        };
        self.sites.insert(site.clone(), state);
        Ok(state)
    }
}
