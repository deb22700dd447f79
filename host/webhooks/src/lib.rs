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

mod delivery;
mod endpoint;
mod progress;
mod secret;
mod shared;
mod worker;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use linecard_model::event::{Event, Record, Seq};
use linecard_model::{Timestamp, WebhookId};
use linecard_sandbox::HttpAccess;
use linecard_site::{Actor, Audit, CommandError, Idempotency, Rendered, SiteHandle};
use linecard_store::{Store, StoreError};
use linecard_vault::{Vault, VaultError, hub_itself};
use serde_json::{Value, json};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OnceCell, broadcast, mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tracing::{error, warn};

pub use delivery::{Attempt, AttemptOutcome};
pub use endpoint::{Endpoint, Wanted, WebhookOptions};
pub use secret::Secret;
pub use shared::{DeadLetter, Standing};

use endpoint::{Rotation, address};
use progress::{Lane, Progress};
use secret::Secrets;
use shared::{Repeat, Shared, dead_folder, log_key, progress_key};
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

impl Inner {
    /// Reads what is kept, once.
    async fn load(&self) -> Result<(), StoreError> {
        let loading = async || {
            for (id, bytes) in self.vault.webhooks() {
                let endpoint: Endpoint = match serde_json::from_slice(&bytes) {
                    Ok(endpoint) => endpoint,
                    Err(fault) => {
                        error!(webhook = %id, error = %fault, "a webhook cannot be read and tells nothing; set it up again");
                        continue;
                    }
                };
                let shared = Arc::new(self.restore(id, endpoint).await?);
                self.keep(shared);
            }
            Ok(())
        };
        self.loaded.get_or_try_init(loading).await?;
        Ok(())
    }

    async fn restore(&self, id: WebhookId, endpoint: Endpoint) -> Result<Shared, StoreError> {
        let site = self.site.id();
        let kept = self.store.vault(site, &progress_key(&id)).await?;
        let progress = if let Some(progress) = kept.as_deref().and_then(Progress::read) {
            progress
        } else {
            warn!(webhook = %id, "how far a webhook had come is not known: it is told what happens from now on");
            Progress::after(self.store.last_seq(site).await?)
        };
        let log = self.store.vault(site, &log_key(&id)).await?;
        let log: VecDeque<Attempt> = log
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        let dead = self.store.vault_scan(site, &dead_folder(&id)).await?;
        let dead = dead.into_iter().filter_map(|(_, bytes)| {
            let letter: DeadLetter = serde_json::from_slice(&bytes).ok()?;
            Some((letter.seq, letter))
        });
        Ok(Shared::new(id, endpoint, progress, log, dead.collect()))
    }

    fn keep(&self, shared: Arc<Shared>) {
        let mut all = self
            .endpoints
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        all.insert(shared.id.clone(), Arc::clone(&shared));
        // The one who starts them ends with the hub only.
        let _ = self.tasks.send(Task::Start(shared));
    }

    async fn shared(&self, id: &WebhookId) -> Result<Arc<Shared>, WebhookError> {
        self.load().await?;
        let all = self
            .endpoints
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let found = all.get(id).map(Arc::clone);
        found.ok_or_else(|| WebhookError::Unknown(id.clone()))
    }

    /// Makes another endpoint durable, with how far it has come.
    async fn write(
        &self,
        actor: Actor,
        shared: &Shared,
        endpoint: Endpoint,
        audit: Audit,
    ) -> Result<(), WebhookError> {
        // Strings, numbers and flags always serialize.
        let bytes = zeroize::Zeroizing::new(serde_json::to_vec(&endpoint).unwrap_or_default());
        let entry = self.vault.webhook_entry(&shared.id, Some(&bytes))?;
        let entries = vec![entry];
        let written = shared.write(self, actor, entries.clone(), Some(audit));
        written.await?;
        self.vault.take_over(&entries);
        shared.replace(endpoint);
        Ok(())
    }

    async fn put(
        &self,
        actor: Actor,
        id: WebhookId,
        wanted: Wanted,
        is_meant: impl FnOnce(Option<&Endpoint>) -> bool,
    ) -> Result<Put, WebhookError> {
        self.load().await?;
        let _one_at_a_time = self.changing.lock().await;
        let known = match self.shared(&id).await {
            Ok(shared) => Some(shared),
            Err(WebhookError::Unknown(_)) => None,
            Err(error) => return Err(error),
        };
        let present = known.as_ref().map(|shared| shared.endpoint());
        if !is_meant(present.as_deref()) {
            let present = present.map(|present| Box::new(present.as_ref().clone()));
            return Err(WebhookError::Changed(present));
        }
        let url = address(&wanted.url, &self.options.hosts).map_err(WebhookError::Address)?;
        let (secrets, rotated_by, created_at) = match &present {
            Some(p) => (p.secrets.clone(), p.rotated_by.clone(), p.created_at),
            None => (Secrets::generate(), None, Timestamp::now()),
        };
        let is_still_disabled = !wanted.enabled;
        let because = present.as_ref().and_then(|p| p.disabled_because.clone());
        let endpoint = Endpoint {
            url,
            events: wanted.events,
            description: wanted.description,
            enabled: wanted.enabled,
            disabled_because: because.filter(|_| is_still_disabled),
            created_at,
            secrets,
            rotated_by,
        };
        let action = if present.is_some() {
            "webhook.change"
        } else {
            "webhook.create"
        };
        let audit = Audit {
            action: action.to_owned(),
            subject: id.to_string(),
            before: present.as_deref().map_or(Value::Null, told),
            after: told(&endpoint),
        };
        let shared = if let Some(shared) = known {
            self.write(actor, &shared, endpoint, audit).await?;
            shared
        } else {
            let all = self
                .endpoints
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .len();
            if all >= MOST {
                return Err(WebhookError::TooMany);
            }
            let progress = Progress::after(self.store.last_seq(self.site.id()).await?);
            let new = Shared::new(
                id,
                endpoint.clone(),
                progress,
                VecDeque::new(),
                BTreeMap::new(),
            );
            let shared = Arc::new(new);
            self.write(actor, &shared, endpoint, audit).await?;
            self.keep(Arc::clone(&shared));
            shared
        };
        let endpoint = shared.endpoint();
        let secret = present.is_none().then(|| endpoint.secrets.present.clone());
        Ok(Put { endpoint, secret })
    }

    async fn remove(
        &self,
        actor: Actor,
        id: WebhookId,
        is_meant: impl FnOnce(Option<&Endpoint>) -> bool,
    ) -> Result<(), WebhookError> {
        let shared = self.shared(&id).await?;
        let _one_at_a_time = self.changing.lock().await;
        let present = shared.endpoint();
        if !is_meant(Some(present.as_ref())) {
            let present = Some(Box::new(present.as_ref().clone()));
            return Err(WebhookError::Changed(present));
        }
        let entry = self.vault.webhook_entry(&id, None)?;
        let audit = Audit {
            action: "webhook.delete".to_owned(),
            subject: id.to_string(),
            before: told(&present),
            after: Value::Null,
        };
        let removed = shared.remove(self, actor, vec![entry.clone()], audit);
        removed.await?;
        // The one who ends it ends with the hub only.
        let _ = self.tasks.send(Task::End(id.clone()));
        self.vault.take_over(&[entry]);
        let mut all = self
            .endpoints
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        all.remove(&id);
        Ok(())
    }

    async fn rotate(
        &self,
        actor: Actor,
        id: WebhookId,
        overlap: Duration,
        key: Option<Idempotency>,
    ) -> Result<Rotated, WebhookError> {
        let shared = self.shared(&id).await?;
        let _one_at_a_time = self.changing.lock().await;
        let present = shared.endpoint();
        let rotation = key.map(|key| Rotation {
            principal: key.principal,
            key: key.key,
            request_hash: key.request_hash,
        });
        // The secret is in no answer that is kept: a request that is repeated is answered from here.
        if let (Some(asked), Some(done)) = (&rotation, &present.rotated_by)
            && (&asked.principal, &asked.key) == (&done.principal, &done.key)
        {
            if asked.request_hash != done.request_hash {
                return Err(CommandError::KeyReused(asked.key.clone()).into());
            }
            return Ok(Rotated {
                secret: present.secrets.present.clone(),
                former_until: present.former_secret_until(),
                replayed: true,
            });
        }
        let until = Timestamp::now().saturating_add(overlap);
        let until = until.unwrap_or(Timestamp::MAX);
        let mut endpoint = present.as_ref().clone();
        let former = std::mem::replace(&mut endpoint.secrets.present, Secret::generate());
        endpoint.secrets.former = (!overlap.is_zero()).then_some((former, until));
        endpoint.rotated_by = rotation;
        let audit = Audit {
            action: "webhook.rotate".to_owned(),
            subject: id.to_string(),
            before: Value::Null,
            after: json!({ "former_until": until }),
        };
        self.write(actor, &shared, endpoint, audit).await?;
        let endpoint = shared.endpoint();
        Ok(Rotated {
            secret: endpoint.secrets.present.clone(),
            former_until: endpoint.former_secret_until(),
            replayed: false,
        })
    }

    async fn again(
        &self,
        actor: Actor,
        id: WebhookId,
        what: Again,
        key: Option<Idempotency>,
    ) -> Result<Rendered, WebhookError> {
        let shared = self.shared(&id).await?;
        let _one_at_a_time = self.changing.lock().await;
        let audit = Audit {
            action: "webhook.redeliver".to_owned(),
            subject: id.to_string(),
            before: Value::Null,
            after: match what {
                Again::Event(seq) => json!({ "seq": seq }),
                Again::Since(since) => json!({ "since": since }),
            },
        };
        let what = match what {
            Again::Event(seq) => Repeat::One(seq, self.lane(seq).await?, Timestamp::now()),
            Again::Since(since) => Repeat::After(self.before(since).await?),
        };
        Ok(shared.again(self, actor, what, audit, key).await?)
    }

    /// The lane of an event that can be told.
    async fn lane(&self, seq: Seq) -> Result<Lane, WebhookError> {
        let found = delivery::find(self, seq).await?;
        let found = found.filter(|found| (self.shape.is_shown)(&found.event));
        let found = found.ok_or(WebhookError::NoSuchEvent(seq))?;
        Ok(Lane::of(&found.event))
    }

    /// The number of the last event before a time.
    async fn before(&self, since: Timestamp) -> Result<Seq, WebhookError> {
        let site = self.site.id();
        let (mut low, mut high) = (
            self.store.first_seq(site).await?,
            self.store.last_seq(site).await?.saturating_add(1),
        );
        // Times grow with the numbers: the first event that is not before the time is looked for.
        while low < high {
            let middle = low + (high - low) / 2;
            let is_before = match delivery::find(self, middle).await? {
                Some(found) => found.at < since,
                // It is forgotten since.
                None => true,
            };
            if is_before {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low.saturating_sub(1))
    }

    /// The receiver is gone: nothing is sent any more until a person enables it again.
    async fn disable(&self, shared: &Arc<Shared>, reason: &str) -> Result<(), WebhookError> {
        let _one_at_a_time = self.changing.lock().await;
        let present = shared.endpoint();
        if !present.enabled {
            return Ok(());
        }
        let mut endpoint = present.as_ref().clone();
        endpoint.enabled = false;
        endpoint.disabled_because = Some(reason.to_owned());
        let audit = Audit {
            action: "webhook.disable".to_owned(),
            subject: shared.id.to_string(),
            before: told(&present),
            after: told(&endpoint),
        };
        self.write(hub_itself(), shared, endpoint, audit).await
    }

    /// Forgets dead letters that are too old.
    async fn sweep(&self) {
        let days = self
            .site
            .query(|state| state.config().retention.dead_letter_days);
        let Ok(days) = days.await else { return };
        let age = Duration::from_secs(u64::from(days) * 24 * 60 * 60);
        let before = Timestamp::now()
            .saturating_sub(age)
            .unwrap_or(Timestamp::MIN);
        let all: Vec<Arc<Shared>> = {
            let all = self
                .endpoints
                .read()
                .unwrap_or_else(PoisonError::into_inner);
            all.values().map(Arc::clone).collect()
        };
        for shared in all {
            shared.forget_before(before);
        }
    }
}

/// An endpoint as the audit log has it. What stands after the host of an address can be a secret.
fn told(endpoint: &Endpoint) -> Value {
    json!({
        "host": endpoint.host(),
        "events": endpoint.events,
        "description": endpoint.description,
        "enabled": endpoint.enabled,
        "disabled_because": endpoint.disabled_because,
    })
}
