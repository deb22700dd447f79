//! Which agents have a desktop: an event stream that is open.
//!
//! Which ones had is kept in the vault, so that after a crash the work of agents who do not come
//! back does not stay with them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use linecard_model::AgentId;
use linecard_model::rights::Rights;
use linecard_site::{Actor, Request, SiteHandle};
use tokio::sync::mpsc;

use linecard_store::Store;

/// Where the vault keeps which agents have a desktop.
const FOLDER: &str = "desktop/";

/// The open event streams by agent.
pub(crate) struct Desktops {
    counts: Counts,
    changed: mpsc::UnboundedSender<AgentId>,
}

type Counts = Arc<Mutex<HashMap<AgentId, usize>>>;

/// An open event stream. Dropping it closes it.
pub(crate) struct Open {
    agent: AgentId,
    counts: Counts,
    changed: mpsc::UnboundedSender<AgentId>,
}

impl Desktops {
    /// Starts to tell the site about desktops that open and close.
    pub fn new(site: SiteHandle, store: Arc<dyn Store>) -> Self {
        let counts = Counts::default();
        let (changed, changes) = mpsc::unbounded_channel();
        let teller = Teller {
            site,
            counts: Arc::clone(&counts),
            told: HashMap::new(),
        };
        let supervisor = teller.site.supervisor().clone();
        supervisor.spawn("desktops", teller.run(store, changes));
        Self { counts, changed }
    }

    /// An agent's event stream is open.
    pub fn open(&self, agent: AgentId) -> Open {
        let open = Open {
            agent,
            counts: Arc::clone(&self.counts),
            changed: self.changed.clone(),
        };
        open.count(|count| count + 1);
        open
    }
}

impl Open {
    fn count(&self, change: impl FnOnce(usize) -> usize) {
        {
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            let count = counts.get(&self.agent).copied().unwrap_or(0);
            match change(count) {
                0 => counts.remove(&self.agent),
                count => counts.insert(self.agent.clone(), count),
            };
        }
        // An error means that the hub is ending.
        let _ = self.changed.send(self.agent.clone());
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.count(|count| count.saturating_sub(1));
    }
}

/// Tells the site, one change after the other: an agent who reconnects at once is never told to be
/// gone afterwards.
struct Teller {
    site: SiteHandle,
    counts: Counts,
    told: HashMap<AgentId, bool>,
}

impl Teller {
    async fn run(mut self, store: Arc<dyn Store>, mut changes: mpsc::UnboundedReceiver<AgentId>) {
        match store.vault_scan(self.site.id(), FOLDER).await {
            Ok(entries) => {
                for (entry, _) in entries {
                    let name = entry.strip_prefix(FOLDER).unwrap_or_default();
                    if let Ok(agent) = AgentId::new(name) {
                        self.told.insert(agent.clone(), true);
                        self.tell(agent).await;
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "which agents had a desktop cannot be read"),
        }
        while let Some(agent) = changes.recv().await {
            self.tell(agent).await;
        }
    }

    async fn tell(&mut self, agent: AgentId) {
        let is_open = self
            .counts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains_key(&agent);
        if self.told.get(&agent).copied().unwrap_or(false) == is_open {
            return;
        }
        let actor = Actor {
            name: agent.to_string(),
            rights: Rights::default(),
            agent: Some(agent.clone()),
        };
        let entry = (format!("{FOLDER}{agent}"), is_open.then(Vec::new));
        let kept = Request::Vault {
            entries: vec![entry],
            audit: None,
        };
        let request = if is_open {
            Request::DesktopBack {
                agent: agent.clone(),
            }
        } else {
            Request::DesktopLost {
                agent: agent.clone(),
            }
        };
        for request in [kept, request] {
            // An agent who was removed has no desktop; a site that has ended is told by others.
            if let Err(error) = self.site.request(actor.clone(), request, None).await {
                tracing::debug!(%error, %agent, "a desktop's state was not taken");
            }
        }
        self.told.insert(agent, is_open);
    }
}
