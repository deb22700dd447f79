//! How far an endpoint has come, and what is to be tried next: a state machine without I/O and clock.
//!
//! Everything up to the cursor was delivered, given up, or stands among what waits. Of one interaction
//! only the oldest event that waits is ever tried, so its events arrive in their order; those of other
//! interactions do not wait for it.

use std::collections::{BTreeMap, HashSet};

use linecard_model::event::{Event, Seq};
use linecard_model::{InteractionId, Timestamp};
use serde::{Deserialize, Serialize};

/// How many events may wait at an endpoint. Beyond it no more are read: they wait in the journal.
pub(crate) const WAITING: usize = 128;

/// Events of one lane are delivered in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Lane {
    /// What an interaction is about.
    Interaction(InteractionId),
    /// Everything else.
    Others,
}

impl Lane {
    pub fn of(event: &Event) -> Self {
        event.interaction().map_or(Self::Others, Self::Interaction)
    }
}

/// An event that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Waiting {
    lane: Lane,
    /// How often it was tried.
    attempts: u32,
    /// Not before then.
    due: Timestamp,
    /// When it was first tried.
    since: Timestamp,
    under_way: bool,
}

/// How an attempt ended that did not deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Failed {
    /// How often it was tried so far.
    pub attempts: u32,
    /// When it was first tried.
    pub since: Timestamp,
}

/// How far an endpoint has come.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Progress {
    cursor: Seq,
    waiting: BTreeMap<Seq, Waiting>,
    /// Up to where events are missing because the journal had forgotten them before they were read.
    missed_until: Option<Seq>,
}

/// As it is kept: small, because it is written often.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    cursor: Seq,
    /// Number, attempts, and the milliseconds of `due` and `since`.
    waiting: Vec<(Seq, u32, i64, i64)>,
    #[serde(default)]
    missed_until: Option<Seq>,
}

impl Progress {
    /// From now on: nothing before `cursor` is told.
    pub fn after(cursor: Seq) -> Self {
        Self {
            cursor,
            ..Self::default()
        }
    }

    /// As it was kept. Which lane an event belongs to is told by the journal.
    pub fn read(bytes: &[u8]) -> Option<Self> {
        let stored: Stored = serde_json::from_slice(bytes).ok()?;
        let time = |milliseconds| Timestamp::from_millisecond(milliseconds).ok();
        let waiting = stored
            .waiting
            .into_iter()
            .map(|(seq, attempts, due, since)| {
                let waiting = Waiting {
                    lane: Lane::Others,
                    attempts,
                    due: time(due)?,
                    since: time(since)?,
                    under_way: false,
                };
                Some((seq, waiting))
            });
        Some(Self {
            cursor: stored.cursor,
            waiting: waiting.collect::<Option<_>>()?,
            missed_until: stored.missed_until,
        })
    }

    /// As it is kept.
    pub fn write(&self) -> Vec<u8> {
        let waiting = self.waiting.iter();
        let stored = Stored {
            cursor: self.cursor,
            waiting: waiting
                .map(|(seq, w)| {
                    let (due, since) = (w.due.as_millisecond(), w.since.as_millisecond());
                    (*seq, w.attempts, due, since)
                })
                .collect(),
            missed_until: self.missed_until,
        };
        // Numbers always serialize.
        serde_json::to_vec(&stored).unwrap_or_default()
    }

    pub fn cursor(&self) -> Seq {
        self.cursor
    }

    pub fn waits(&self) -> usize {
        self.waiting.len()
    }

    pub fn missed_until(&self) -> Option<Seq> {
        self.missed_until
    }

    /// The events that wait, by their numbers.
    pub fn waiting(&self) -> Vec<Seq> {
        self.waiting.keys().copied().collect()
    }

    /// How many more events may wait.
    pub fn room(&self) -> usize {
        WAITING.saturating_sub(self.waiting.len())
    }

    /// Says to which lane an event belongs that waits since before the start.
    pub fn belongs(&mut self, seq: Seq, lane: Lane) {
        if let Some(waiting) = self.waiting.get_mut(&seq) {
            waiting.lane = lane;
        }
    }

    /// An event was read. `lane`: it goes to this endpoint.
    pub fn read_on(&mut self, seq: Seq, lane: Option<Lane>, now: Timestamp) {
        self.cursor = self.cursor.max(seq);
        if let Some(lane) = lane {
            self.wait(seq, lane, now);
        }
    }

    /// The journal has forgotten everything before this event.
    pub fn forgotten_before(&mut self, first: Seq) {
        let last_gone = first.saturating_sub(1);
        if last_gone > self.cursor {
            self.cursor = last_gone;
            self.missed_until = Some(last_gone);
        }
    }

    /// An event is tried (again) as if for the first time.
    pub fn wait(&mut self, seq: Seq, lane: Lane, now: Timestamp) {
        let waiting = Waiting {
            lane,
            attempts: 0,
            due: now,
            since: now,
            under_way: false,
        };
        match self.waiting.get_mut(&seq) {
            // It is on its way.
            Some(known) if known.under_way => {}
            Some(known) => *known = waiting,
            None => drop(self.waiting.insert(seq, waiting)),
        }
    }

    /// Goes back: everything after `cursor` is told again.
    pub fn go_back(&mut self, cursor: Seq) {
        if cursor < self.cursor {
            self.cursor = cursor;
            // It is read again.
            self.waiting.retain(|seq, w| *seq <= cursor || w.under_way);
        }
    }

    /// What is to be tried now, if anything; it is under way from here on.
    pub fn next(&mut self, now: Timestamp) -> Option<Seq> {
        let mut lanes = HashSet::new();
        for (seq, waiting) in &mut self.waiting {
            // Whatever stands before it in its lane goes first.
            let is_first = lanes.insert(waiting.lane);
            if is_first && !waiting.under_way && waiting.due <= now {
                waiting.under_way = true;
                if waiting.attempts == 0 {
                    waiting.since = now;
                }
                return Some(*seq);
            }
        }
        None
    }

    /// When something may be tried next, if nothing changes until then.
    pub fn next_due(&self) -> Option<Timestamp> {
        let mut lanes = HashSet::new();
        let firsts = self.waiting.values().filter(|w| lanes.insert(w.lane));
        firsts.filter(|w| !w.under_way).map(|w| w.due).min()
    }

    /// An event is done, one way or the other.
    pub fn done(&mut self, seq: Seq) {
        self.waiting.remove(&seq);
    }

    /// An attempt failed. Gives what is known of the event, unless nobody waits for it any more.
    pub fn failed(&mut self, seq: Seq) -> Option<Failed> {
        let waiting = self.waiting.get_mut(&seq)?;
        waiting.under_way = false;
        waiting.attempts += 1;
        Some(Failed {
            attempts: waiting.attempts,
            since: waiting.since,
        })
    }

    /// It is tried again then.
    pub fn again_at(&mut self, seq: Seq, due: Timestamp) {
        if let Some(waiting) = self.waiting.get_mut(&seq) {
            waiting.due = due;
        }
    }

    /// What was tried was not sent after all: it is tried as soon as that makes sense.
    pub fn put_back(&mut self, seq: Seq, due: Timestamp) {
        if let Some(waiting) = self.waiting.get_mut(&seq) {
            waiting.under_way = false;
            waiting.due = due;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn lane(number: u64) -> Lane {
        Lane::Interaction(InteractionId::derived(1, number))
    }

    #[test]
    fn of_one_interaction_one_event_is_under_way_and_the_oldest_first() {
        let mut progress = Progress::after(10);
        for (seq, of) in [(11, 1), (12, 1), (13, 2), (14, 1)] {
            progress.read_on(seq, Some(lane(of)), at(0));
        }
        assert_eq!(progress.next(at(0)), Some(11));
        assert_eq!(progress.next(at(0)), Some(13));
        assert_eq!(progress.next(at(0)), None);
        progress.done(13);
        assert_eq!(progress.next(at(0)), None);
        let failed = progress.failed(11).unwrap();
        assert_eq!((failed.attempts, failed.since), (1, at(0)));
        progress.again_at(11, at(5));
        // What comes after it waits with it.
        assert_eq!(progress.next(at(4)), None);
        assert_eq!(progress.next_due(), Some(at(5)));
        assert_eq!(progress.next(at(5)), Some(11));
        progress.done(11);
        assert_eq!(progress.next(at(5)), Some(12));
    }

    #[test]
    fn what_is_kept_is_what_was_there_and_nothing_is_under_way_any_more() {
        let mut progress = Progress::after(3);
        progress.read_on(4, Some(Lane::Others), at(1));
        progress.read_on(5, None, at(1));
        progress.read_on(6, Some(lane(1)), at(2));
        progress.next(at(2));
        progress.failed(4);
        progress.again_at(4, at(9));
        assert_eq!(progress.next(at(2)), Some(6));
        let mut read = Progress::read(&progress.write()).unwrap();
        assert_eq!(read.cursor(), 6);
        assert_eq!(read.waiting(), [4, 6]);
        read.belongs(6, lane(1));
        assert_eq!(read.next(at(2)), Some(6));
        assert_eq!(read.next(at(8)), None);
        assert_eq!(read.next(at(9)), Some(4));
        assert_eq!(read.failed(4).unwrap().attempts, 2);
        assert_eq!(Progress::read(b"{"), None);
    }

    #[test]
    fn going_back_tells_everything_again_but_what_is_on_its_way() {
        let mut progress = Progress::after(0);
        for seq in 1..=5 {
            progress.read_on(seq, Some(lane(seq)), at(0));
        }
        assert_eq!(progress.next(at(0)), Some(1));
        assert_eq!(progress.next(at(0)), Some(2));
        progress.done(1);
        progress.go_back(1);
        assert_eq!((progress.cursor(), progress.waiting()), (1, vec![2]));
        progress.read_on(2, Some(lane(2)), at(1));
        progress.read_on(3, Some(lane(3)), at(1));
        assert_eq!(progress.next(at(1)), Some(3));
        assert_eq!(progress.next(at(1)), None);
        // Forwards there is nothing to go back to.
        progress.go_back(9);
        assert_eq!(progress.cursor(), 3);
    }

    #[test]
    fn what_the_journal_forgot_is_told() {
        let mut progress = Progress::after(5);
        progress.forgotten_before(6);
        assert_eq!((progress.cursor(), progress.missed_until()), (5, None));
        progress.forgotten_before(10);
        assert_eq!((progress.cursor(), progress.missed_until()), (9, Some(9)));
    }

    #[test]
    fn what_is_kept_stays_small() {
        let mut progress = Progress::after(1_000_000_000);
        let now = at(1_800_000_000);
        for seq in 0..WAITING as u64 {
            progress.read_on(1_000_000_001 + seq, Some(lane(seq)), now);
        }
        assert_eq!(progress.room(), 0);
        let later = now.saturating_add(Duration::from_secs(9)).unwrap();
        for seq in progress.waiting() {
            progress.next(now);
            progress.failed(seq);
            progress.again_at(seq, later);
        }
        assert!(progress.write().len() < 8 << 10);
    }
}
