//! What becomes of the endpoints: read at the start, added, changed, removed, told again.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use linecard_model::event::Seq;
use linecard_model::{Timestamp, WebhookId};
use linecard_site::{Actor, Audit, CommandError, Idempotency, Rendered};
use linecard_store::StoreError;
use linecard_vault::hub_itself;
use serde_json::{Value, json};
use tracing::{error, warn};

use crate::delivery::{Attempt, find};
use crate::endpoint::{Endpoint, Rotation, Wanted, address};
use crate::progress::{Lane, Progress};
use crate::secret::{Secret, Secrets};
use crate::shared::{DeadLetter, Repeat, Shared, dead_folder, log_key, progress_key};
use crate::{Again, Inner, MOST, Put, Rotated, Task, WebhookError};

impl Inner {
    /// Reads what is kept, once.
    pub async fn load(&self) -> Result<(), StoreError> {
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

    pub async fn shared(&self, id: &WebhookId) -> Result<Arc<Shared>, WebhookError> {
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

    pub async fn put(
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

    pub async fn remove(
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

    pub async fn rotate(
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

    pub async fn again(
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
        let found = find(self, seq).await?;
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
            let is_before = match find(self, middle).await? {
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
    pub async fn disable(&self, shared: &Arc<Shared>, reason: &str) -> Result<(), WebhookError> {
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
    pub async fn sweep(&self) {
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
