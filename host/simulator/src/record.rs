//! The record of every call between the hub and a simulated network, in order and with times.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

/// How much a simulator remembers of the calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecordMode {
    /// Every call with its bodies.
    Full,
    /// The latest calls only.
    Last(usize),
    /// Counters alone, for benchmarks: no bodies, no calls, and customers keep no conversation.
    CountOnly,
}

/// Who called whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The hub called the network.
    FromHub,
    /// The network called the hub.
    ToHub,
}

/// One call, as far as it got.
#[derive(Debug, Clone, Serialize)]
pub struct Entry {
    /// The order of calls by their start, from 1.
    pub seq: u64,
    /// Wall-clock time of the start.
    pub at: Timestamp,
    /// Wall-clock time of the answer; absent while none was given or received.
    pub answered_at: Option<Timestamp>,
    /// Who called whom.
    pub direction: Direction,
    /// What kind of call: `send`, `upload`, `profile`, `webhook`, `inbound_message`, ...
    pub operation: String,
    /// The HTTP method.
    pub method: String,
    /// Path and query, without access tokens.
    pub target: String,
    /// The request's body: JSON, or a description of what was not JSON.
    pub request: Value,
    /// The HTTP status that the hub saw or gave; absent while there is none.
    pub status: Option<u16>,
    /// The answer's body.
    pub answer: Value,
    /// The fault that was injected, what was odd about the request, or why the call failed.
    pub notes: Vec<String>,
}

/// The beginning of a call, before its answer is known.
#[derive(Debug)]
pub(crate) struct Opening {
    pub(crate) direction: Direction,
    pub(crate) operation: String,
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) request: Value,
}

/// How often one kind of call happened.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Calls that were started.
    pub started: u64,
    /// Calls answered with 2xx.
    pub succeeded: u64,
    /// Calls answered otherwise, or never.
    pub failed: u64,
}

#[derive(Debug, Default)]
struct Inner {
    last_seq: u64,
    entries: VecDeque<Entry>,
    tallies: BTreeMap<(Direction, String), Tally>,
}

/// Everything that was called, in order.
#[derive(Debug)]
pub struct Record {
    mode: RecordMode,
    inner: Mutex<Inner>,
}

impl Record {
    pub(crate) fn new(mode: RecordMode) -> Self {
        Self {
            mode,
            inner: Mutex::default(),
        }
    }

    /// How much is remembered.
    pub fn mode(&self) -> RecordMode {
        self.mode
    }

    /// Whether bodies are kept at all; callers may skip building them otherwise.
    pub fn keeps_bodies(&self) -> bool {
        self.mode != RecordMode::CountOnly
    }

    /// The remembered calls, oldest first.
    pub fn entries(&self) -> Vec<Entry> {
        self.since(0)
    }

    /// The remembered calls after `seq`, oldest first.
    pub fn since(&self, seq: u64) -> Vec<Entry> {
        self.lock()
            .entries
            .iter()
            .filter(|entry| entry.seq > seq)
            .cloned()
            .collect()
    }

    /// The remembered calls of one kind, oldest first.
    pub fn of(&self, direction: Direction, operation: &str) -> Vec<Entry> {
        self.lock()
            .entries
            .iter()
            .filter(|entry| entry.direction == direction && entry.operation == operation)
            .cloned()
            .collect()
    }

    /// How often one kind of call happened; counted in every mode.
    pub fn tally(&self, direction: Direction, operation: &str) -> Tally {
        self.lock()
            .tallies
            .get(&(direction, operation.to_owned()))
            .copied()
            .unwrap_or_default()
    }

    /// Every kind of call and how often it happened.
    pub fn tallies(&self) -> Vec<(Direction, String, Tally)> {
        self.lock()
            .tallies
            .iter()
            .map(|((direction, operation), tally)| (*direction, operation.clone(), *tally))
            .collect()
    }

    /// Forgets calls and counters; the numbering goes on.
    pub fn clear(&self) {
        let mut inner = self.lock();
        inner.entries.clear();
        inner.tallies.clear();
    }

    pub(crate) fn open(&self, opening: Opening) -> u64 {
        let mut inner = self.lock();
        inner.last_seq += 1;
        let seq = inner.last_seq;
        inner
            .tallies
            .entry((opening.direction, opening.operation.clone()))
            .or_default()
            .started += 1;
        let keep = match self.mode {
            RecordMode::Full => usize::MAX,
            RecordMode::Last(keep) => keep,
            RecordMode::CountOnly => 0,
        };
        if keep > 0 {
            while inner.entries.len() >= keep {
                inner.entries.pop_front();
            }
            inner.entries.push_back(Entry {
                seq,
                at: Timestamp::now(),
                answered_at: None,
                direction: opening.direction,
                operation: opening.operation,
                method: opening.method,
                target: opening.target,
                request: opening.request,
                status: None,
                answer: Value::Null,
                notes: Vec::new(),
            });
        }
        seq
    }

    pub(crate) fn note(&self, seq: u64, note: impl Into<String>) {
        if let Some(entry) = find(&mut self.lock().entries, seq) {
            entry.notes.push(note.into());
        }
    }

    pub(crate) fn close(
        &self,
        seq: u64,
        direction: Direction,
        operation: &str,
        status: Option<u16>,
        answer: Value,
    ) {
        let mut inner = self.lock();
        let tally = inner
            .tallies
            .entry((direction, operation.to_owned()))
            .or_default();
        if status.is_some_and(|status| (200..300).contains(&status)) {
            tally.succeeded += 1;
        } else {
            tally.failed += 1;
        }
        if let Some(entry) = find(&mut inner.entries, seq) {
            entry.status = status;
            entry.answer = answer;
            entry.answered_at = Some(Timestamp::now());
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Entries are in the order of `seq`, so the place is found without a scan.
fn find(entries: &mut VecDeque<Entry>, seq: u64) -> Option<&mut Entry> {
    let place = entries.binary_search_by_key(&seq, |entry| entry.seq).ok()?;
    entries.get_mut(place)
}

/// A body as the record shows it: JSON as JSON, text as text, anything else described.
pub(crate) fn readable(content_type: Option<&str>, bytes: &[u8]) -> Value {
    if bytes.is_empty() {
        return Value::Null;
    }
    let kind = content_type.unwrap_or_default();
    if kind.starts_with("multipart/") {
        return Value::String(format!("({kind}, {} bytes)", bytes.len()));
    }
    serde_json::from_slice(bytes).unwrap_or_else(|_| match std::str::from_utf8(bytes) {
        Ok(text) => Value::String(text.chars().take(4096).collect()),
        Err(_) => Value::String(format!("({kind}, {} bytes)", bytes.len())),
    })
}

/// A JSON or form body without the token that some clients and answers carry.
pub(crate) fn without_token(mut shown: Value) -> Value {
    if let Value::Object(members) = &mut shown
        && let Some(token) = members.get_mut("access_token")
    {
        *token = Value::String("...".to_owned());
    }
    if let Value::String(form) = &shown
        && form.contains("access_token=")
    {
        let kept: Vec<&str> = form
            .split('&')
            .filter(|pair| !pair.starts_with("access_token="))
            .collect();
        return Value::String(kept.join("&"));
    }
    shown
}
