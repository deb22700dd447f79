//! Who sees what: agents the interactions of their queues and those that they follow, and who has the
//! right to see everything, all.

use std::collections::BTreeSet;

use linecard_model::contact::Contact;
use linecard_model::interaction::Interaction;
use linecard_model::rights::Right;
use linecard_model::site::SiteConfig;
use linecard_model::{AgentId, ContactId, InteractionId, QueueId};
use linecard_store::Page;
use linecard_vault::auth::Principal;

use super::App;
use super::problem::Problem;
use linecard_site::SiteState;

/// How many messages of a contact are looked at to find out whether an agent has dealt with them.
const LOOK_BACK: usize = 200;

/// What a caller sees.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Sight {
    /// Everything that customers are concerned with.
    pub all: bool,
    /// The configuration and the audit log too.
    pub admin: bool,
    /// The caller, if it is a person.
    pub agent: Option<AgentId>,
    queues: BTreeSet<QueueId>,
}

impl Sight {
    /// What a caller sees under a configuration.
    pub fn of(caller: &Principal, config: &SiteConfig) -> Self {
        let agent = caller.actor.agent.clone();
        let queues = agent
            .iter()
            .flat_map(|agent| config.queues_of(agent))
            .cloned()
            .collect();
        Self {
            all: caller.may(Right::SeeAll),
            admin: caller.may(Right::Audit),
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
            || self.agent.as_ref().is_some_and(|own| {
                interaction.has_part(own) || interaction.last_agent.as_ref() == Some(own)
            })
            || self.follows(&interaction.marks.followers)
    }

    /// From where they look for something.
    pub fn searching(&self) -> linecard_search::Sight {
        if self.all {
            return linecard_search::Sight::Everything;
        }
        linecard_search::Sight::Of {
            queues: self.queues.clone(),
            agent: self.agent.clone(),
        }
    }

    /// Whether they see an interaction that stands there.
    pub fn place(&self, place: &Place) -> bool {
        self.queue(&place.queue) || self.follows(&place.agents)
    }

    /// Whether they are among those who follow something.
    pub fn follows(&self, followers: &BTreeSet<AgentId>) -> bool {
        self.agent
            .as_ref()
            .is_some_and(|own| followers.contains(own))
    }
}

/// Where an interaction stands: what decides who sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    queue: QueueId,
    /// Who takes part, had it last, or follows it.
    agents: BTreeSet<AgentId>,
}

impl From<Interaction> for Place {
    fn from(interaction: Interaction) -> Self {
        let holder = interaction.state.holder().cloned();
        Self {
            agents: holder
                .into_iter()
                .chain(interaction.last_agent)
                .chain(interaction.legs.into_keys())
                .chain(interaction.marks.followers)
                .collect(),
            queue: interaction.queue,
        }
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
        let contact = self.person(id).await?.ok_or_else(unknown)?;
        if self.sees_contact(caller, &contact.ids()).await? {
            Ok(contact)
        } else {
            Err(unknown())
        }
    }

    /// A contact, or the one that it turned out to be.
    pub(super) async fn person(&self, id: ContactId) -> Result<Option<Contact>, Problem> {
        let site = self.hub.site.id();
        let mut found = self.hub.store.contact(site, id).await?;
        while let Some(into) = found.as_ref().and_then(|contact| contact.merged_into) {
            found = self.hub.store.contact(site, into).await?;
        }
        Ok(found)
    }

    /// Whether a caller sees a person who is known under these contacts.
    pub(super) async fn sees_contact(
        &self,
        caller: &Principal,
        ids: &[ContactId],
    ) -> Result<bool, Problem> {
        let caller = caller.clone();
        let all = ids.to_vec();
        let (sight, open) = self
            .hub
            .site
            .query(move |state| {
                let sight = Sight::of(&caller, state.config());
                let open = sight.all
                    || all.iter().any(|id| {
                        let mut with = state.open_with(*id);
                        with.any(|interaction| sight.interaction(interaction))
                    });
                (sight, open)
            })
            .await?;
        if open {
            return Ok(true);
        }
        for interaction in self.interactions_with(ids).await? {
            if self
                .place(interaction)
                .await?
                .is_some_and(|p| sight.place(&p))
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Where an interaction stands now, open or ended.
    pub(super) async fn place(&self, id: InteractionId) -> Result<Option<Place>, Problem> {
        let found = self.hub.store.interaction(self.hub.site.id(), id).await?;
        Ok(found.map(Place::from))
    }

    /// The interactions that count for who sees a contact: the open ones, and those of the newest
    /// messages.
    pub(super) async fn interactions_of(
        &self,
        id: ContactId,
    ) -> Result<BTreeSet<InteractionId>, Problem> {
        let person = self.person(id).await?;
        let ids = person.map_or_else(|| vec![id], |person| person.ids());
        self.interactions_with(&ids).await
    }

    async fn interactions_with(
        &self,
        ids: &[ContactId],
    ) -> Result<BTreeSet<InteractionId>, Problem> {
        let mut interactions = BTreeSet::new();
        for id in ids {
            interactions.extend(self.interactions_under(*id).await?);
        }
        Ok(interactions)
    }

    async fn interactions_under(&self, id: ContactId) -> Result<BTreeSet<InteractionId>, Problem> {
        let page = Page {
            before: None,
            limit: LOOK_BACK,
        };
        let site = self.hub.site.id();
        let history = self.hub.store.history(site, id, page).await?;
        let is_long = history.len() >= LOOK_BACK;
        let mut interactions: BTreeSet<InteractionId> =
            history.into_iter().map(|m| m.interaction).collect();
        if is_long {
            // One that is open may have been silent for that long.
            let open = move |state: &SiteState| -> Vec<InteractionId> {
                state.open_with(id).map(|i| i.id).collect()
            };
            interactions.extend(self.hub.site.query(open).await?);
        }
        Ok(interactions)
    }
}
