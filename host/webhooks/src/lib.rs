//! Outgoing webhooks, after the Standard Webhooks specification: what happens at a site is told to other
//! systems, signed, in the form that the event streams have.
//!
//! # Use this when
//! a system without an event stream of its own has to hear what happens: a ticket system, a data
//! warehouse, a bot.
//!
//! # Invariants
//! - An event is delivered at least once, or becomes a dead letter that says why; each is known by one id.
//! - The events of one interaction are delivered in their order; one that cannot be delivered holds up
//!   those after it, and no other interaction's.
//! - Each endpoint has a task and a cursor of its own: a slow receiver holds up itself alone, and what was
//!   not told when the hub ended is told after its next start.
//! - Nothing that people wrote is kept here: an event is read again for each attempt.
//! - Requests go to public addresses, or to hosts that an operator has allowed by name; redirections are
//!   not followed.

mod changing;
mod delivery;
mod endpoint;
mod progress;
mod secret;
mod shared;
mod worker;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use linecard_model::event::{Event, Record, Seq};
use linecard_model::{Timestamp, WebhookId};
use linecard_sandbox::HttpAccess;
use linecard_site::{Actor, CommandError, Idempotency, Rendered, SiteHandle};
use linecard_store::{Store, StoreError};
use linecard_vault::{Vault, VaultError};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OnceCell, broadcast, mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tracing::error;

pub use delivery::{Attempt, AttemptOutcome};
pub use endpoint::{Endpoint, Wanted, WebhookOptions};
pub use secret::Secret;
pub use shared::{DeadLetter, Standing};

use shared::Shared;
use worker::Worker;

/// How many endpoints a site may have.
pub const MOST: usize = 50;
/// How often dead letters are looked through for those that are too old.
const SWEEP: Duration = Duration::from_secs(3_600);

/// How an event is told.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Whether it is told at all.
    pub is_shown: fn(&Event) -> bool,
    /// As JSON, in the form of the event streams.
    pub payload: fn(Seq, Timestamp, &Event) -> String,
}

/// What webhooks work with.
pub struct WebhookParts {
    /// The site's store.
    pub store: Arc<dyn Store>,
    /// The site.
    pub site: SiteHandle,
    /// Where the endpoints are kept, encrypted.
    pub vault: Vault,
    /// How requests are made.
    pub http: Arc<dyn HttpAccess>,
    /// How they are sent.
    pub options: WebhookOptions,
    /// How an event is told.
    pub shape: Shape,
}

/// The site's endpoints. Cheap to clone; all clones are one.
#[derive(Clone)]
pub struct Webhooks(Arc<Inner>);

pub(crate) struct Inner {
    store: Arc<dyn Store>,
    site: SiteHandle,
    vault: Vault,
    http: Arc<dyn HttpAccess>,
    options: WebhookOptions,
    shape: Shape,
    endpoints: RwLock<BTreeMap<WebhookId, Arc<Shared>>>,
    loaded: OnceCell<()>,
    /// Reading an endpoint and replacing it is one step.
    changing: tokio::sync::Mutex<()>,
    newest: watch::Sender<Seq>,
    tasks: mpsc::UnboundedSender<Task>,
}

/// What becomes of an endpoint's task.
enum Task {
    Start(Arc<Shared>),
    End(WebhookId),
}

/// Why something about an endpoint was not done. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// There is no such endpoint.
    #[error("there is no webhook {0}")]
    Unknown(WebhookId),
    /// There is no such event that could be told.
    #[error(
        "there is no event {0} that a webhook could be told: it never was, the journal has forgotten it, or it is told to nobody outside"
    )]
    NoSuchEvent(Seq),
    /// There are as many as there may be.
    #[error("a site has {MOST} webhooks at most; delete one first")]
    TooMany,
    /// Its address cannot be used.
    #[error("the address cannot be used: {0}")]
    Address(String),
    /// Somebody has changed it meanwhile.
    #[error("the webhook has been changed since it was read")]
    Changed(Option<Box<Endpoint>>),
    /// The key of the request was used for another one.
    #[error(transparent)]
    Site(#[from] CommandError),
    /// It cannot be kept.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What became of an endpoint that was put.
#[derive(Debug)]
pub struct Put {
    /// The endpoint.
    pub endpoint: Arc<Endpoint>,
    /// The secret of one that is new: it is never shown again.
    pub secret: Option<Secret>,
}

/// A secret that was replaced.
#[derive(Debug)]
pub struct Rotated {
    /// The new one: it is never shown again.
    pub secret: Secret,
    /// Until when the former one counts too.
    pub former_until: Option<Timestamp>,
    /// Whether it was replaced before, under the same key.
    pub replayed: bool,
}

/// What is to be told again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Again {
    /// One event.
    Event(Seq),
    /// Everything that happened since.
    Since(Timestamp),
}

impl Webhooks {
    /// Starts to tell what happens. Called within a tokio runtime.
    pub fn start(parts: WebhookParts, records: broadcast::Receiver<Arc<Record>>) -> Self {
        let (tasks, news) = mpsc::unbounded_channel();
        let this = Self(Arc::new(Inner {
            store: parts.store,
            site: parts.site,
            vault: parts.vault,
            http: parts.http,
            options: parts.options,
            shape: parts.shape,
            endpoints: RwLock::default(),
            loaded: OnceCell::new(),
            changing: tokio::sync::Mutex::default(),
            newest: watch::Sender::new(0),
            tasks,
        }));
        let supervisor = this.0.site.supervisor().clone();
        supervisor.spawn("webhooks", this.clone().run(records, news));
        this
    }

    async fn run(
        self,
        mut records: broadcast::Receiver<Arc<Record>>,
        mut news: mpsc::UnboundedReceiver<Task>,
    ) {
        // Reading them anew with the first request is a second chance.
        if let Err(fault) = self.0.load().await {
            error!(error = %fault, "the webhooks cannot be read; nothing is told for now");
        }
        let mut tasks = JoinSet::new();
        let mut by_id: BTreeMap<WebhookId, AbortHandle> = BTreeMap::new();
        let mut sweep = tokio::time::interval(SWEEP);
        loop {
            tokio::select! {
                task = news.recv() => match task {
                    Some(Task::Start(shared)) => {
                        let (id, inner) = (shared.id.clone(), Arc::clone(&self.0));
                        let name = format!("webhook {id}");
                        let worker = Worker { inner, shared };
                        let task = self.0.site.supervisor().watch(name, worker.run());
                        by_id.insert(id, tasks.spawn(task));
                    }
                    Some(Task::End(id)) => {
                        if let Some(task) = by_id.remove(&id) {
                            task.abort();
                        }
                    }
                    None => return,
                },
                record = records.recv() => match record {
                    Ok(record) => drop(self.0.newest.send_replace(record.last_seq())),
                    // Whoever waits reads the journal, whichever number this is.
                    Err(RecvError::Lagged(_)) => self.0.newest.send_modify(|newest| *newest += 1),
                    Err(RecvError::Closed) => std::future::pending().await,
                },
                _ = sweep.tick() => self.0.sweep().await,
                Some(_) = tasks.join_next() => {}
            }
        }
    }

    /// All endpoints, by their names.
    pub async fn all(&self) -> Result<Vec<(WebhookId, Arc<Endpoint>, Standing)>, WebhookError> {
        self.0.load().await?;
        let all = self
            .0
            .endpoints
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let shown = all
            .values()
            .map(|s| (s.id.clone(), s.endpoint(), s.standing()));
        Ok(shown.collect())
    }

    /// One endpoint.
    pub async fn get(&self, id: &WebhookId) -> Result<(Arc<Endpoint>, Standing), WebhookError> {
        let shared = self.0.shared(id).await?;
        Ok((shared.endpoint(), shared.standing()))
    }

    /// The last attempts, newest first.
    pub async fn attempts(&self, id: &WebhookId) -> Result<Vec<Attempt>, WebhookError> {
        Ok(self.0.shared(id).await?.log())
    }

    /// What was given up, oldest first, after an event.
    pub async fn dead_letters(
        &self,
        id: &WebhookId,
        after: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, WebhookError> {
        Ok(self.0.shared(id).await?.dead(after, limit))
    }

    /// Adds an endpoint, or changes it. `is_meant` is asked about the present one, if there is one. A new
    /// one is told what happens from now on; one that was disabled goes on where it stood.
    pub async fn put(
        &self,
        actor: Actor,
        id: WebhookId,
        wanted: Wanted,
        is_meant: impl FnOnce(Option<&Endpoint>) -> bool + Send + 'static,
    ) -> Result<Put, WebhookError> {
        let inner = Arc::clone(&self.0);
        self.undivided(async move { inner.put(actor, id, wanted, is_meant).await })
            .await
    }

    /// Removes an endpoint with everything that is kept of it.
    pub async fn remove(
        &self,
        actor: Actor,
        id: WebhookId,
        is_meant: impl FnOnce(Option<&Endpoint>) -> bool + Send + 'static,
    ) -> Result<(), WebhookError> {
        let inner = Arc::clone(&self.0);
        self.undivided(async move { inner.remove(actor, id, is_meant).await })
            .await
    }

    /// Replaces an endpoint's secret. For so long both sign, so that receivers can take over the new one
    /// at a time of their own.
    pub async fn rotate(
        &self,
        actor: Actor,
        id: WebhookId,
        overlap: Duration,
        key: Option<Idempotency>,
    ) -> Result<Rotated, WebhookError> {
        let inner = Arc::clone(&self.0);
        self.undivided(async move { inner.rotate(actor, id, overlap, key).await })
            .await
    }

    /// Tells something again.
    pub async fn again(
        &self,
        actor: Actor,
        id: WebhookId,
        what: Again,
        key: Option<Idempotency>,
    ) -> Result<Rendered, WebhookError> {
        let inner = Arc::clone(&self.0);
        self.undivided(async move { inner.again(actor, id, what, key).await })
            .await
    }

    async fn undivided<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, WebhookError>> + Send + 'static,
    ) -> Result<T, WebhookError> {
        let supervisor = self.0.site.supervisor();
        supervisor.undivided("changing a webhook", work).await
    }
}
