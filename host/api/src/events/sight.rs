//! Which events a reader sees.

use std::collections::{BTreeSet, HashMap};

use linecard_model::event::Event;
use linecard_model::interaction::Interaction;
use linecard_model::routing::RoutingEvent;
use linecard_model::site::Role;
use linecard_model::{ContactId, InteractionId};
use linecard_vault::auth::Principal;

use crate::App;
use crate::problem::Problem;
use crate::visibility::Sight;

/// How many interactions and contacts a feed remembers; beyond it, it looks them up again.
const REMEMBERED: usize = 20_000;

/// What a reader sees, with what was found out on the way.
pub(super) struct StreamSight {
    sight: Sight,
    admin: bool,
    interactions: HashMap<InteractionId, bool>,
    /// The customers of the open interactions that the reader sees.
    contacts: BTreeSet<ContactId>,
}

impl StreamSight {
    pub async fn new(app: &App, principal: &Principal) -> Result<Self, Problem> {
        let caller = principal.clone();
        let (sight, contacts) = app
            .hub
            .site
            .query(move |state| {
                let sight = Sight::of(&caller, state.config());
                let contacts = if sight.all {
                    BTreeSet::new()
                } else {
                    state
                        .open()
                        .filter(|i| sight.interaction(i))
                        .flat_map(Interaction::contacts)
                        .collect()
                };
                (sight, contacts)
            })
            .await?;
        Ok(Self {
            sight,
            admin: principal.is(Role::Admin),
            interactions: HashMap::new(),
            contacts,
        })
    }

    /// Takes over what the reader may see now.
    pub async fn renew(&mut self, app: &App, principal: &Principal) -> Result<(), Problem> {
        self.admin = principal.is(Role::Admin);
        let sight = app.sight(principal).await?;
        if sight != self.sight {
            self.sight = sight;
            self.interactions.clear();
        }
        Ok(())
    }

    /// Whether the reader sees an event.
    pub async fn sees(&mut self, app: &App, event: &Event) -> Result<bool, Problem> {
        if matches!(event, Event::SiteConfigured { .. } | Event::Audited { .. }) {
            return Ok(self.admin);
        }
        if self.sight.all {
            return Ok(true);
        }
        match event {
            Event::Routing(event) => self.routing(app, event).await,
            Event::InteractionStarted(interaction) => {
                let sees = self.sight.interaction(interaction);
                self.note(interaction.id, interaction.contacts(), sees);
                Ok(sees)
            }
            Event::ParticipantJoined {
                interaction,
                contact,
                ..
            } => {
                let sees = self.interaction(app, *interaction).await?;
                self.note(*interaction, vec![*contact], sees);
                Ok(sees)
            }
            Event::ContactSaved(contact) => Ok(self.contacts.contains(&contact.id)),
            Event::PlatformEvent { contact, .. } => {
                Ok(contact.is_some_and(|id| self.contacts.contains(&id)))
            }
            Event::ChannelHealthChanged { .. } => Ok(true),
            // Answered above.
            Event::SiteConfigured { .. } | Event::Audited { .. } => Ok(self.admin),
            Event::PendingOnThread { .. }
            | Event::MessageReceived(_)
            | Event::MessageAccepted(_)
            | Event::MessageStateChanged { .. }
            | Event::MessageEdited { .. }
            | Event::FileFetched { .. }
            | Event::MessageDeleted { .. }
            | Event::MessageHidden { .. }
            | Event::ReactionAdded { .. }
            | Event::ReactionRemoved { .. }
            | Event::ActionChanged { .. } => match event.interaction() {
                Some(id) => self.interaction(app, id).await,
                None => Ok(false),
            },
        }
    }

    async fn routing(&mut self, app: &App, event: &RoutingEvent) -> Result<bool, Problem> {
        let own = event.agent().is_some() && event.agent() == self.sight.agent.as_ref();
        let Some(id) = event.interaction() else {
            return Ok(own);
        };
        let sees = own
            || match event.queue() {
                Some(queue) if self.sight.queue(queue) => true,
                _ => self.interaction(app, id).await?,
            };
        if sees {
            self.interactions.insert(id, true);
        }
        Ok(sees)
    }

    async fn interaction(&mut self, app: &App, id: InteractionId) -> Result<bool, Problem> {
        if let Some(sees) = self.interactions.get(&id) {
            return Ok(*sees);
        }
        let found = app.hub.store.interaction(app.hub.site.id(), id).await?;
        let Some(interaction) = found else {
            return Ok(false);
        };
        let sees = self.sight.interaction(&interaction);
        self.note(id, interaction.contacts(), sees);
        Ok(sees)
    }

    fn note(&mut self, id: InteractionId, contacts: Vec<ContactId>, sees: bool) {
        if self.interactions.len() >= REMEMBERED {
            self.interactions.clear();
        }
        self.interactions.insert(id, sees);
        if sees {
            if self.contacts.len() >= REMEMBERED {
                self.contacts.clear();
            }
            self.contacts.extend(contacts);
        }
    }
}
