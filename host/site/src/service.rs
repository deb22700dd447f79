//! Which service policy holds for an interaction, and who has been answered: what the router cannot know.

use std::collections::BTreeSet;
use std::sync::Arc;

use linecard_model::event::Event;
use linecard_model::message::MessageAuthor;
use linecard_model::routing::{RoutingEvent, ServiceFacts, ServicePromise};
use linecard_model::{ContactId, InteractionId};
use linecard_router::Command as RouterCommand;
use linecard_store::StoreError;

use super::run::Batch;

/// The interactions to which what was recorded may matter.
#[derive(Debug, Default)]
pub(super) struct Concerned {
    /// Somebody spoke for the company in these.
    answered: BTreeSet<InteractionId>,
    /// Another policy may hold for these.
    interactions: BTreeSet<InteractionId>,
    /// And for those with these.
    contacts: BTreeSet<ContactId>,
    /// And for any.
    all: bool,
}

impl Concerned {
    pub fn of(events: &[Event]) -> Self {
        let mut concerned = Self::default();
        for event in events {
            match event {
                // What a rule says is no answer of a person.
                Event::MessageAccepted(message) | Event::MessageReceived(message)
                    if matches!(
                        message.author,
                        MessageAuthor::Agent { .. } | MessageAuthor::Native
                    ) =>
                {
                    concerned.answered.insert(message.interaction);
                }
                Event::Routing(
                    RoutingEvent::Enqueued { interaction, .. }
                    | RoutingEvent::Begun { interaction, .. }
                    | RoutingEvent::Transferred { interaction, .. }
                    | RoutingEvent::Overflowed { interaction, .. }
                    | RoutingEvent::PriorityChanged { interaction, .. },
                )
                | Event::InteractionMarked { interaction, .. } => {
                    concerned.interactions.insert(*interaction);
                }
                Event::ContactSaved(contact) => {
                    concerned.contacts.insert(contact.id);
                }
                Event::SiteConfigured { .. } => concerned.all = true,
                _ => {}
            }
        }
        concerned
    }
}

/// What follows for the clocks of service policies.
pub(super) async fn follow(
    batch: &mut Batch<'_>,
    concerned: Concerned,
) -> Result<Vec<Event>, StoreError> {
    if batch.state.config.service_policies.is_empty() && !concerned.all {
        return Ok(Vec::new());
    }
    let mut interactions = concerned.interactions;
    for contact in &concerned.contacts {
        let theirs = batch.state.by_contact.get(contact);
        interactions.extend(theirs.into_iter().flatten());
    }
    if concerned.all {
        interactions.extend(batch.state.router.interactions().map(|(id, _)| id));
    }
    let mut events = Vec::new();
    for interaction in concerned.answered {
        // What the router has let go of is not measured.
        let answered = batch.decide(RouterCommand::Answered { interaction });
        events.extend(answered.into_iter().flatten());
    }
    for interaction in interactions {
        let promise = promise(batch, interaction).await?;
        if batch.state.router.promise(&interaction) != promise.as_ref() {
            let promised = batch.decide(RouterCommand::Promise {
                interaction,
                promise,
            });
            events.extend(promised.into_iter().flatten());
        }
    }
    Ok(events)
}

/// What the first policy that holds for an interaction promises its customer.
async fn promise(
    batch: &mut Batch<'_>,
    id: InteractionId,
) -> Result<Option<Arc<ServicePromise>>, StoreError> {
    let Some(interaction) = batch.work.interaction(id).await? else {
        return Ok(None);
    };
    let Some(contact) = batch.work.contact(interaction.contact).await? else {
        return Ok(None);
    };
    let facts = ServiceFacts {
        queue: &interaction.queue,
        media_type: interaction.media_type,
        priority: interaction.priority,
        labels: &interaction.marks.labels,
        attributes: &interaction.marks.attributes,
        of_contact: &contact.attributes,
    };
    let policies = &batch.state.config.service_policies;
    let policy = policies.iter().find(|policy| policy.holds_for(&facts));
    Ok(policy.map(|policy| Arc::new(policy.promise())))
}
