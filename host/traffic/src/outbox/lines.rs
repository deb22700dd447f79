//! Who is next: the entries of a channel, each thread in its order, and what they wait for.
//!
//! No I/O and no clock: the caller brings the time. An entry that waits for its recipient holds up its
//! own thread alone; one that waits for the channel's pace stands in that limit's line, in order.

use std::collections::{BTreeSet, HashMap, VecDeque};

use governor::clock::{Clock, DefaultClock};
use jiff::SignedDuration;
use linecard_model::Timestamp;
use linecard_model::outbox::{OutboxEntry, OutboxNumber, OutboxState};

use super::pace::{Pace, Wait};

/// So many recipients are remembered before those are forgotten whose time is over.
const RECIPIENTS: usize = 1_000;

/// What an attempt found out about what may follow it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hold {
    /// Nothing.
    None,
    /// The whole channel waits until then.
    Channel(Timestamp),
    /// What goes to this recipient waits until then.
    Recipient(String, Timestamp),
    /// The whole channel waits for a person.
    Person,
}

/// An entry that waits.
struct Waiting {
    entry: OutboxEntry,
    /// How many limits it has passed.
    passed: usize,
}

/// The threads that wait for a limit of the whole channel.
#[derive(Default)]
struct Line {
    opens: Timestamp,
    waiting: BTreeSet<(OutboxNumber, String)>,
}

/// The entries of a channel that are to be done.
pub(super) struct Lines<C: Clock = DefaultClock> {
    /// The entries of each thread, in order. The first one may be under way; the others wait for it.
    threads: HashMap<String, VecDeque<Waiting>>,
    /// The threads whose first entry can be tried: when, its number, and which.
    ready: BTreeSet<(Timestamp, OutboxNumber, String)>,
    /// By the limit's place.
    paced: Vec<Line>,
    recipients: HashMap<String, Timestamp>,
    until: Option<Timestamp>,
    needs_person: bool,
    pace: Pace<C>,
}

impl<C: Clock + Clone> Lines<C> {
    /// Nobody waits yet.
    pub fn new(pace: Pace<C>) -> Self {
        Self {
            threads: HashMap::new(),
            ready: BTreeSet::new(),
            paced: Vec::new(),
            recipients: HashMap::new(),
            until: None,
            needs_person: false,
            pace,
        }
    }

    /// An entry that comes after all others of its thread.
    pub fn push(&mut self, entry: OutboxEntry) {
        let thread = entry.request.thread.clone();
        let waiting = self.threads.entry(thread.clone()).or_default();
        if waiting.is_empty() {
            self.ready
                .insert((not_before(&entry), entry.number, thread));
        }
        waiting.push_back(Waiting { entry, passed: 0 });
    }

    /// The next entry that may be tried now. Its thread waits until [`Self::finish`].
    pub fn next(&mut self, now: Timestamp) -> Option<OutboxEntry> {
        if self.needs_person || self.until.is_some_and(|until| until > now) {
            return None;
        }
        self.until = None;
        while let Some((number, thread)) = self.candidate(now) {
            let Some(first) = self.threads.get_mut(&thread).and_then(|w| w.front_mut()) else {
                continue;
            };
            let recipient = first
                .entry
                .request
                .recipient
                .as_ref()
                .map(|r| r.id.as_str());
            let held = recipient.and_then(|id| self.recipients.get(id)).copied();
            if let Some(until) = held.filter(|until| *until > now) {
                self.ready.insert((until, number, thread));
                continue;
            }
            let kind = first.entry.request.action.kind();
            match self.pace.pass(kind, recipient, &mut first.passed) {
                Ok(()) => return Some(first.entry.clone()),
                Err(wait) => self.wait(now, wait, number, thread),
            }
        }
        None
    }

    /// Takes out the thread that is to be looked at next: of those in an open line, then of those
    /// that are ready.
    fn candidate(&mut self, now: Timestamp) -> Option<(OutboxNumber, String)> {
        let open = self.paced.iter_mut().filter(|line| line.opens <= now);
        let line = open
            .filter(|line| !line.waiting.is_empty())
            .min_by_key(|line| line.waiting.first().map(|(number, _)| *number));
        if let Some(line) = line {
            return line.waiting.pop_first();
        }
        if self.ready.first().is_none_or(|(at, _, _)| *at > now) {
            return None;
        }
        let (_, number, thread) = self.ready.pop_first()?;
        Some((number, thread))
    }

    fn wait(&mut self, now: Timestamp, wait: Wait, number: OutboxNumber, thread: String) {
        // At least until the next millisecond, so that looking again gets somewhere.
        let time = SignedDuration::try_from(wait.time).unwrap_or(SignedDuration::MAX)
            + SignedDuration::from_millis(1);
        let at = now.checked_add(time).unwrap_or(Timestamp::MAX);
        if !wait.of_channel {
            self.ready.insert((at, number, thread));
            return;
        }
        if self.paced.len() <= wait.limit {
            self.paced.resize_with(wait.limit + 1, Line::default);
        }
        if let Some(line) = self.paced.get_mut(wait.limit) {
            line.opens = at;
            line.waiting.insert((number, thread));
        }
    }

    /// When [`Self::next`] may find something, if nothing is told before.
    pub fn wakes(&self) -> Option<Timestamp> {
        if self.needs_person {
            return None;
        }
        let waits = self.paced.iter().filter(|line| !line.waiting.is_empty());
        let ready = self.ready.first().map(|(at, _, _)| *at);
        let first = waits.map(|line| line.opens).chain(ready).min()?;
        Some(self.until.map_or(first, |until| first.max(until)))
    }

    /// An attempt at a thread's first entry has ended. `again` is the entry, if it is to be tried
    /// again.
    pub fn finish(&mut self, thread: String, again: Option<OutboxEntry>, hold: Hold) {
        match hold {
            Hold::None => {}
            Hold::Channel(until) => self.until = self.until.max(Some(until)),
            Hold::Recipient(id, until) => {
                let known = self.recipients.entry(id).or_insert(until);
                *known = until.max(*known);
            }
            Hold::Person => self.needs_person = true,
        }
        let Some(waiting) = self.threads.get_mut(&thread) else {
            return;
        };
        waiting.pop_front();
        if let Some(entry) = again {
            waiting.push_front(Waiting { entry, passed: 0 });
        }
        match waiting.front() {
            Some(next) => {
                let place = (not_before(&next.entry), next.entry.number, thread);
                self.ready.insert(place);
            }
            None => {
                self.threads.remove(&thread);
            }
        }
    }

    /// Forgets recipients whose time is over.
    pub fn sweep(&mut self, now: Timestamp) {
        if self.recipients.len() > RECIPIENTS {
            self.recipients.retain(|_, until| *until > now);
        }
    }

    /// Whatever stopped the channel may be gone: everything that waits is tried now.
    pub fn free(&mut self) {
        self.unblock();
        self.recipients.clear();
        for (_, number, thread) in std::mem::take(&mut self.ready) {
            self.ready.insert((Timestamp::UNIX_EPOCH, number, thread));
        }
    }

    /// The channel was set up anew.
    pub fn reconfigure(&mut self, pace: Pace<C>) {
        self.unblock();
        self.pace = pace;
        for line in std::mem::take(&mut self.paced) {
            for (number, thread) in line.waiting {
                self.ready.insert((Timestamp::UNIX_EPOCH, number, thread));
            }
        }
        // Those under way have passed; who waits passes the new limits from the first on.
        for waiting in self.threads.values_mut().flatten() {
            waiting.passed = 0;
        }
    }

    fn unblock(&mut self) {
        self.until = None;
        self.needs_person = false;
    }
}

fn not_before(entry: &OutboxEntry) -> Timestamp {
    match &entry.state {
        OutboxState::Retrying { not_before, .. } => *not_before,
        OutboxState::Waiting | OutboxState::Attempting { .. } => Timestamp::UNIX_EPOCH,
    }
}

#[cfg(test)]
mod tests;
