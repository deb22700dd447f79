//! Who sees an event: found out once for all readers, from what the interactions are now.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use linecard_model::event::{Event, Record};
use linecard_model::routing::RoutingEvent;
use linecard_model::{AgentId, ContactId, InteractionId};

use crate::App;
use crate::problem::Problem;
use crate::visibility::{Place, Sight};

/// How many interactions' places are remembered. Beyond it the oldest interactions are forgotten, and
/// looked up again when something happens to them.
const REMEMBERED: usize = 20_000;

/// Who sees an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Audience {
    /// Everybody.
    Everybody,
    /// Whoever has the right `see-all`.
    Supervisors,
    /// Whoever has the right `audit`.
    Administrators,
    /// Those who see one of these places, beside those who see all; and the agents whom the event
    /// names.
    At {
        /// Where what it is about stands.
        places: Vec<Arc<Place>>,
        /// The agents.
        agents: BTreeSet<AgentId>,
    },
    /// One agent alone.
    Only(AgentId),
}

impl Audience {
    /// Whether somebody with this sight belongs to it.
    pub fn has(&self, sight: &Sight) -> bool {
        match self {
            Self::Everybody => true,
            Self::Supervisors => sight.all,
            Self::Administrators => sight.admin,
            Self::Only(agent) => sight.agent.as_ref() == Some(agent),
            Self::At { places, agents } => {
                sight.all || sight.follows(agents) || places.iter().any(|place| sight.place(place))
            }
        }
    }
}

/// Whether only those who may read the audit log see an event.
pub(super) fn is_for_administrators(event: &Event) -> bool {
    matches!(
        event,
        Event::SiteConfigured { .. }
            | Event::Audited { .. }
            | Event::PluginChanged(_)
            | Event::TrainingMessageSaved(_)
            | Event::TrainingMessageRemoved { .. }
    )
}

/// The one agent whom an event concerns, and nobody else.
pub(super) fn is_of_one(event: &Event) -> Option<&AgentId> {
    match event {
        Event::InteractionRead { agent, .. }
        | Event::DraftSaved { agent, .. }
        | Event::DraftRemoved { agent, .. } => Some(agent),
        _ => None,
    }
}

/// Where the interactions stand of which the streams have heard lately.
#[derive(Default)]
pub(super) struct Places(Mutex<BTreeMap<InteractionId, Arc<Place>>>);

impl Places {
    /// Takes over what a record has changed. Called for each record, in their order.
    pub async fn follow(&self, app: &App, record: &Record) -> Result<(), Problem> {
        let moved: BTreeSet<InteractionId> = record
            .events
            .iter()
            .filter(|event| {
                matches!(
                    event,
                    Event::Routing(_)
                        | Event::InteractionStarted(_)
                        | Event::InteractionMarked { .. }
                )
            })
            .filter_map(Event::interaction)
            .collect();
        for id in moved {
            let found = app.place(id).await?;
            let mut known = self.known();
            match found {
                Some(place) => known.insert(id, Arc::new(place)),
                None => known.remove(&id),
            };
            while known.len() > REMEMBERED {
                // Ids are in the order in which the interactions began.
                known.pop_first();
            }
        }
        Ok(())
    }

    /// Forgets everything: some records were not followed.
    pub fn forget(&self) {
        self.known().clear();
    }

    /// Where an interaction stands now.
    async fn of(&self, app: &App, id: InteractionId) -> Result<Option<Arc<Place>>, Problem> {
        let known = self.known().get(&id).cloned();
        match known {
            Some(place) => Ok(Some(place)),
            None => Ok(app.place(id).await?.map(Arc::new)),
        }
    }

    /// Who sees an interaction now.
    pub async fn audience_at(&self, app: &App, id: InteractionId) -> Result<Audience, Problem> {
        Ok(Audience::At {
            places: self.of(app, id).await?.into_iter().collect(),
            agents: BTreeSet::new(),
        })
    }

    /// Who sees an event now.
    pub async fn audience(&self, app: &App, event: &Event) -> Result<Audience, Problem> {
        if let Some(agent) = is_of_one(event) {
            return Ok(Audience::Only(agent.clone()));
        }
        let contact = match event {
            _ if is_for_administrators(event) => return Ok(Audience::Administrators),
            // Whoever may have seen anything of a contact has to forget it; everybody answers with what
            // is kept for that, and may see that a queue stands still.
            Event::ChannelHealthChanged { .. }
            | Event::ContactErased { .. }
            | Event::ResponseSaved(_)
            | Event::ResponseRemoved { .. }
            | Event::MacroSaved(_)
            | Event::MacroRemoved { .. }
            | Event::Routing(
                RoutingEvent::QueuePaused { .. }
                | RoutingEvent::QueueResumed { .. }
                | RoutingEvent::QueueOpened { .. }
                | RoutingEvent::QueueClosed { .. },
            ) => {
                return Ok(Audience::Everybody);
            }
            Event::ContactSaved(contact) => Some(contact.id),
            Event::ContactsMerged { contact, .. } | Event::ContactsParted { contact, .. } => {
                Some(*contact)
            }
            Event::PlatformEvent { contact, .. } => *contact,
            Event::NoteSaved(note) if note.interaction.is_none() => Some(note.contact),
            _ => None,
        };
        let agents: BTreeSet<AgentId> = match event {
            Event::Routing(event) => event.agent().cloned().into_iter().collect(),
            Event::NoteSaved(note) => note.mentions.clone(),
            Event::RuleNotified { agents, .. } => agents.clone(),
            _ => BTreeSet::new(),
        };
        let places = match (contact, event.interaction()) {
            (Some(contact), _) => self.of_contact(app, contact).await?,
            (None, Some(id)) => self.of(app, id).await?.into_iter().collect(),
            (None, None) => Vec::new(),
        };
        if places.is_empty() && agents.is_empty() {
            return Ok(Audience::Supervisors);
        }
        Ok(Audience::At { places, agents })
    }

    /// Where the interactions of a contact stand.
    async fn of_contact(&self, app: &App, id: ContactId) -> Result<Vec<Arc<Place>>, Problem> {
        let mut places: Vec<Arc<Place>> = Vec::new();
        for interaction in app.interactions_of(id).await? {
            let place = self.of(app, interaction).await?;
            places.extend(place.filter(|place| !places.contains(place)));
        }
        Ok(places)
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<InteractionId, Arc<Place>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
