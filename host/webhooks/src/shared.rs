//! What is known of an endpoint, shared by its task and the interfaces, and how it is kept.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use linecard_model::event::Seq;
use linecard_model::{Timestamp, WebhookId};
use linecard_site::{Actor, Audit, CommandError, Idempotency, Rendered, Request};
use linecard_vault::VaultEntry;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::Inner;
use crate::delivery::Attempt;
use crate::endpoint::Endpoint;
use crate::progress::{Lane, Progress};

/// How many attempts are remembered.
const LOG: usize = 64;
/// How many dead letters an endpoint keeps; beyond it the oldest go.
const DEAD_LETTERS: usize = 1_000;

/// An event that was given up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The number of the event.
    pub seq: Seq,
    /// The kind of event.
    pub kind: String,
    /// When it was first tried.
    pub first_at: Timestamp,
    /// When it was given up.
    pub at: Timestamp,
    /// How often it was tried.
    pub attempts: u32,
    /// The last answer's HTTP status, if there was one.
    pub status: Option<u16>,
    /// Why it failed.
    pub reason: String,
}

/// How an endpoint fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Everything up to this event was delivered, given up, or is being tried.
    pub cursor: Seq,
    /// How many events are being tried.
    pub waiting: usize,
    /// How many dead letters there are.
    pub dead_letters: usize,
    /// Events up to this one are missing: the journal had forgotten them before they were read.
    pub missed_until: Option<Seq>,
    /// How many events were delivered since the start of the hub.
    pub delivered: u64,
    /// How many attempts failed since then.
    pub failed: u64,
}

/// What an endpoint's task and the interfaces share.
pub(crate) struct Shared {
    pub id: WebhookId,
    state: Mutex<State>,
    /// Something changed that the task has to look at.
    pub changed: Notify,
    /// What is written is what was there when it began, one after the other.
    writing: tokio::sync::Mutex<Writing>,
    pub delivered: AtomicU64,
    pub failed: AtomicU64,
}

/// What changes of an endpoint.
pub(crate) struct State {
    endpoint: Arc<Endpoint>,
    pub progress: Progress,
    log: VecDeque<Attempt>,
    dead: BTreeMap<Seq, DeadLetter>,
    /// Dead letters that are to be written, or removed.
    unwritten: BTreeMap<Seq, Option<DeadLetter>>,
    is_log_unwritten: bool,
}

/// The names of what is kept of an endpoint beside itself.
pub(crate) fn progress_key(id: &WebhookId) -> String {
    format!("webhook-progress/{id}")
}

pub(crate) fn log_key(id: &WebhookId) -> String {
    format!("webhook-log/{id}")
}

pub(crate) fn dead_folder(id: &WebhookId) -> String {
    format!("webhook-dead/{id}/")
}

fn dead_key(id: &WebhookId, seq: Seq) -> String {
    format!("{}{seq:020}", dead_folder(id))
}

impl Shared {
    pub fn new(
        id: WebhookId,
        endpoint: Endpoint,
        progress: Progress,
        log: VecDeque<Attempt>,
        dead: BTreeMap<Seq, DeadLetter>,
    ) -> Self {
        Self {
            id,
            state: Mutex::new(State {
                endpoint: Arc::new(endpoint),
                progress,
                log,
                dead,
                unwritten: BTreeMap::new(),
                is_log_unwritten: false,
            }),
            changed: Notify::new(),
            writing: tokio::sync::Mutex::default(),
            delivered: AtomicU64::new(0),
            failed: AtomicU64::new(0),
        }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn endpoint(&self) -> Arc<Endpoint> {
        Arc::clone(&self.state().endpoint)
    }

    /// Another endpoint counts from here on; the task is told.
    pub fn replace(&self, endpoint: Endpoint) {
        self.state().endpoint = Arc::new(endpoint);
        self.changed.notify_one();
    }

    pub fn standing(&self) -> Standing {
        let state = self.state();
        Standing {
            cursor: state.progress.cursor(),
            waiting: state.progress.waits(),
            dead_letters: state.dead.len(),
            missed_until: state.progress.missed_until(),
            delivered: self.delivered.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }

    /// The attempts that are remembered, newest first.
    pub fn log(&self) -> Vec<Attempt> {
        self.state().log.iter().rev().cloned().collect()
    }

    /// The dead letters after one, oldest first.
    pub fn dead(&self, after: Option<Seq>, limit: usize) -> Vec<DeadLetter> {
        let state = self.state();
        let from = after.map_or(0, |seq| seq.saturating_add(1));
        state
            .dead
            .range(from..)
            .take(limit)
            .map(|(_, d)| d.clone())
            .collect()
    }

    /// Forgets dead letters that are from before a time.
    pub fn forget_before(&self, before: Timestamp) {
        let mut state = self.state();
        let letters = state.dead.values().filter(|letter| letter.at < before);
        let old: Vec<Seq> = letters.map(|letter| letter.seq).collect();
        for seq in old {
            state.dead.remove(&seq);
            state.unwritten.insert(seq, None);
        }
    }

    /// The entries that keep how far it has come, and which of them are then done.
    fn entries(&self) -> (Vec<VaultEntry>, Vec<(Seq, Option<DeadLetter>)>) {
        let mut state = self.state();
        let mut entries = vec![(progress_key(&self.id), Some(state.progress.write()))];
        if std::mem::take(&mut state.is_log_unwritten) {
            // Strings and numbers always serialize.
            let log = serde_json::to_vec(&state.log).unwrap_or_default();
            entries.push((log_key(&self.id), Some(log)));
        }
        let dead: Vec<_> = std::mem::take(&mut state.unwritten).into_iter().collect();
        for (seq, letter) in &dead {
            let value = letter
                .as_ref()
                .map(|l| serde_json::to_vec(l).unwrap_or_default());
            entries.push((dead_key(&self.id, *seq), value));
        }
        (entries, dead)
    }

    /// Writes how far it has come, together with what else is to be written with it, as one.
    pub async fn write(
        &self,
        inner: &Inner,
        actor: Actor,
        more: Vec<VaultEntry>,
        audit: Option<Audit>,
    ) -> Result<(), CommandError> {
        let writing = self.writing.lock().await;
        if *writing == Writing::Over {
            return Err(CommandError::Stopped("the webhook is removed".to_owned()));
        }
        let (mut entries, dead) = self.entries();
        entries.extend(more);
        let request = Request::Vault { entries, audit };
        let written = inner.site.request(actor, request, None).await;
        if written.is_err() {
            let mut state = self.state();
            state.is_log_unwritten = true;
            for (seq, letter) in dead {
                // What happened to it since is newer.
                state.unwritten.entry(seq).or_insert(letter);
            }
        }
        written.map(drop)
    }

    /// Tells something again: once for each key, and durable when this returns.
    pub async fn again(
        &self,
        inner: &Inner,
        actor: Actor,
        what: Repeat,
        audit: Audit,
        key: Option<Idempotency>,
    ) -> Result<Rendered, CommandError> {
        // What it comes to is written before it counts, and nothing else is written meanwhile.
        let _one_at_a_time = self.writing.lock().await;
        let mut entries = Vec::new();
        {
            let state = self.state();
            let (mut progress, mut dead) = (state.progress.clone(), state.dead.clone());
            let before: Vec<Seq> = dead.keys().copied().collect();
            what.apply(&mut progress, &mut dead);
            entries.push((progress_key(&self.id), Some(progress.write())));
            let gone = before.into_iter().filter(|seq| !dead.contains_key(seq));
            entries.extend(gone.map(|seq| (dead_key(&self.id, seq), None)));
        }
        let audit = Some(audit);
        let request = Request::Vault { entries, audit };
        let rendered = inner.site.request(actor, request, key).await?;
        if !rendered.replayed {
            let mut guard = self.state();
            let state = &mut *guard;
            let before: Vec<Seq> = state.dead.keys().copied().collect();
            what.apply(&mut state.progress, &mut state.dead);
            for seq in before {
                if !state.dead.contains_key(&seq) {
                    state.unwritten.insert(seq, None);
                }
            }
            drop(guard);
            self.changed.notify_one();
        }
        Ok(rendered)
    }

    /// Removes everything that is kept of it, with what else is to be removed. Nothing is written after it.
    pub async fn remove(
        &self,
        inner: &Inner,
        actor: Actor,
        more: Vec<VaultEntry>,
        audit: Audit,
    ) -> Result<(), CommandError> {
        let mut writing = self.writing.lock().await;
        let mut entries = more;
        {
            let state = self.state();
            let dead = state.dead.keys().chain(state.unwritten.keys());
            let dead = dead.map(|seq| dead_key(&self.id, *seq));
            let names = [progress_key(&self.id), log_key(&self.id)];
            entries.extend(names.into_iter().chain(dead).map(|name| (name, None)));
        }
        let audit = Some(audit);
        let request = Request::Vault { entries, audit };
        inner.site.request(actor, request, None).await?;
        *writing = Writing::Over;
        Ok(())
    }
}

/// What is to be told again.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Repeat {
    /// One event, at a time.
    One(Seq, Lane, Timestamp),
    /// Everything after an event.
    After(Seq),
}

impl Repeat {
    fn apply(self, progress: &mut Progress, dead: &mut BTreeMap<Seq, DeadLetter>) {
        match self {
            Self::One(seq, lane, now) => {
                progress.wait(seq, lane, now);
                dead.remove(&seq);
            }
            Self::After(cursor) => {
                progress.go_back(cursor);
                dead.retain(|seq, _| *seq <= cursor);
            }
        }
    }
}

/// Whether anything is written of an endpoint.
#[derive(Default, PartialEq, Eq)]
enum Writing {
    #[default]
    GoesOn,
    /// It is removed.
    Over,
}

impl State {
    /// An event is given up.
    pub fn bury(&mut self, letter: DeadLetter) {
        let seq = letter.seq;
        self.unwritten.insert(seq, Some(letter.clone()));
        self.dead.insert(seq, letter);
        while self.dead.len() > DEAD_LETTERS {
            if let Some((oldest, _)) = self.dead.pop_first() {
                self.unwritten.insert(oldest, None);
            }
        }
    }

    /// An attempt was made.
    pub fn remember(&mut self, attempt: Attempt) {
        self.log.push_back(attempt);
        while self.log.len() > LOG {
            self.log.pop_front();
        }
        self.is_log_unwritten = true;
    }
}
