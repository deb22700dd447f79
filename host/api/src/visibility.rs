//! Who sees what: agents the interactions of their queues, supervisors and administrators all.

use std::collections::BTreeSet;

use linecard_model::contact::Contact;
use linecard_model::interaction::Interaction;
use linecard_model::site::{Role, SiteConfig};
use linecard_model::{AgentId, ContactId, InteractionId, QueueId};
use linecard_store::Page;
use linecard_vault::auth::Principal;

use super::App;
use super::problem::Problem;

/// How many messages of a contact are looked at to find out whether an agent has dealt with them.
const LOOK_BACK: usize = 200;

/// What a caller sees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sight {
    /// Everything.
    pub all: bool,
    /// The caller, if it is a person.
    pub agent: Option<AgentId>,
    queues: BTreeSet<QueueId>,
}

impl Sight {
    /// What a caller sees under a configuration.
    pub fn of(caller: &Principal, config: &SiteConfig) -> Self {
        let agent = caller.actor.agent.clone();
        let queues = config
            .queues
            .iter()
            .filter(|(_, queue)| agent.as_ref().is_some_and(|a| queue.members.contains(a)))
            .map(|(id, _)| id.clone())
            .collect();
        Self {
            all: caller.is(Role::Supervisor),
            agent,
            queues,
        }
    }

    /// Whether they see what is in a queue.
    pub fn queue(&self, queue: &QueueId) -> bool {
        self.all || self.queues.contains(queue)
    }

    /// Whether they see an interaction.
    pub fn interaction(&self, interaction: &Interaction) -> bool {
        self.queue(&interaction.queue)
            || (self.agent.is_some()
                && (interaction.state.agent() == self.agent.as_ref()
                    || interaction.last_agent == self.agent))
    }
}

impl App {
    /// What a caller sees now.
    pub(super) async fn sight(&self, caller: &Principal) -> Result<Sight, Problem> {
        let config = self.auth.config().await?;
        Ok(Sight::of(caller, &config))
    }

    /// An interaction, open or ended, if the caller sees it.
    pub(super) async fn interaction(
        &self,
        caller: &Principal,
        id: &str,
    ) -> Result<Interaction, Problem> {
        let unknown = || Problem::not_found("interaction", id);
        let id: InteractionId = id.parse().map_err(|_| unknown())?;
        let (open, config) = self
            .hub
            .site
            .query(move |state| {
                let open = state.interaction(id).cloned();
                (open, std::sync::Arc::clone(state.config()))
            })
            .await?;
        let found = match open {
            Some(open) => Some(open),
            None => self.hub.store.interaction(self.hub.site.id(), id).await?,
        };
        found
            .filter(|interaction| Sight::of(caller, &config).interaction(interaction))
            .ok_or_else(unknown)
    }

    /// A contact, if the caller sees one of its interactions: then with all that was ever said,
    /// because who answers a customer has to know what came before.
    pub(super) async fn contact(&self, caller: &Principal, id: &str) -> Result<Contact, Problem> {
        let unknown = || Problem::not_found("contact", id);
        let id: ContactId = id.parse().map_err(|_| unknown())?;
        let site = self.hub.site.id();
        let contact = self
            .hub
            .store
            .contact(site, id)
            .await?
            .ok_or_else(unknown)?;
        if self.sees_contact(caller, id).await? {
            Ok(contact)
        } else {
            Err(unknown())
        }
    }

    async fn sees_contact(&self, caller: &Principal, id: ContactId) -> Result<bool, Problem> {
        let caller = caller.clone();
        let (sight, open) = self
            .hub
            .site
            .query(move |state| {
                let sight = Sight::of(&caller, state.config());
                let open =
                    sight.all || state.open().any(|i| i.involves(id) && sight.interaction(i));
                (sight, open)
            })
            .await?;
        if open {
            return Ok(true);
        }
        let page = Page {
            before: None,
            limit: LOOK_BACK,
        };
        let site = self.hub.site.id();
        let history = self.hub.store.history(site, id, page).await?;
        let interactions: BTreeSet<InteractionId> =
            history.into_iter().map(|m| m.interaction).collect();
        for interaction in interactions {
            let found = self.hub.store.interaction(site, interaction).await?;
            if found.is_some_and(|i| sight.interaction(&i)) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
