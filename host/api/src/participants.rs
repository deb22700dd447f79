//! Who takes part in an interaction, and what else is open on the same conversation.

use linecard_model::contact::Contact;
use linecard_model::interaction::{Interaction, Participant};
use linecard_model::platform::{Author, Profile};
use linecard_model::{AgentId, ChannelId, ContactId, InteractionId, QueueId, Timestamp};
use linecard_site::SiteState;
use linecard_store::thread_identity;
use serde::Serialize;
use utoipa::ToSchema;

use super::App;
use super::history::Merged;
use super::problem::Problem;
use super::views::{InteractionView, MessageView, OfferView};

/// How many of the company's own messages are shown as a conversation's context.
const CONTEXT: usize = 20;

/// Somebody who takes part in an interaction.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Person)]
pub(super) struct PersonView {
    /// The contact under which their messages are kept.
    pub contact: ContactId,
    /// Whether the contact is their own. If not, the channel keeps one contact for all authors of a
    /// conversation, or the network does not say who wrote.
    pub own_contact: bool,
    /// The network's id of them on the interaction's channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The name to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// The handle.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// What the network tells about them, such as `followers`, `verified`, `follows_us`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
}

impl PersonView {
    /// Somebody of whom only the contact is known, as lists show them.
    pub fn of(participant: &Participant) -> Self {
        match &participant.author {
            Some(author) => Self::posted(participant.contact, author),
            None => Self {
                contact: participant.contact,
                own_contact: true,
                identity: None,
                display_name: None,
                handle: None,
                profile: None,
            },
        }
    }

    /// Somebody without a contact of their own.
    fn posted(contact: ContactId, author: &Author) -> Self {
        let profile = author.profile.as_ref();
        Self {
            contact,
            own_contact: false,
            identity: Some(author.identity.id.clone()),
            display_name: profile.and_then(|p| p.display_name.clone()),
            handle: profile.and_then(|p| p.handle.clone()),
            profile: author.profile.clone(),
        }
    }

    /// A contact, as a channel sees it.
    pub fn known(contact: &Contact, channel: &ChannelId) -> Self {
        let identity = contact.identity(channel);
        let profile = identity.and_then(|i| i.profile.clone());
        Self {
            contact: contact.id,
            own_contact: contact.of_thread.is_none(),
            identity: identity.map(|i| i.id.clone()),
            display_name: contact.display_name.clone(),
            handle: profile.as_ref().and_then(|p| p.handle.clone()),
            profile,
        }
    }
}

/// Another interaction of the same conversation that is not over.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = PendingOnThread)]
pub(super) struct PendingView {
    /// The interaction.
    pub interaction: InteractionId,
    /// `queued`, `offered`, `connected` or `wrap-up`.
    pub state: &'static str,
    /// Its queue.
    pub queue: QueueId,
    /// The agent at whom it alerts or who has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent: Option<AgentId>,
    /// The contacts of its authors.
    pub contacts: Vec<ContactId>,
    /// When it began.
    pub created_at: Timestamp,
    /// How many messages its authors wrote.
    pub inbound_count: u32,
}

/// What else is open on an interaction's conversation, oldest first.
pub(super) fn pending(state: &SiteState, interaction: &Interaction) -> Vec<PendingView> {
    let others = state.pending_beside(interaction);
    others
        .map(|other| PendingView {
            interaction: other.id,
            state: other.state.name(),
            queue: other.queue.clone(),
            agent: other.state.agent().cloned(),
            contacts: other.contacts(),
            created_at: other.created_at,
            inbound_count: other.inbound_count,
        })
        .collect()
}

/// Puts what is known about those who take part into a view.
pub(super) fn describe(view: &mut InteractionView, people: &[Contact]) {
    let known = |contact: ContactId| people.iter().find(|c| c.id == contact);
    view.customer = known(view.contact).map(|c| PersonView::known(c, &view.channel));
    for person in view.participants.iter_mut().filter(|p| p.own_contact) {
        if let Some(contact) = known(person.contact) {
            *person = PersonView::known(contact, &view.channel);
        }
    }
}

/// Somebody who joined, as the event about it shows them.
pub(super) fn joined(contact: ContactId, author: Option<Author>, own_contact: bool) -> PersonView {
    let mut person = PersonView::of(&Participant { contact, author });
    person.own_contact = own_contact;
    person
}

impl App {
    /// Puts what is known about those who take part into a view.
    pub(super) async fn add_people(&self, view: &mut InteractionView) -> Result<(), Problem> {
        let mut people = Vec::new();
        let own = view.participants.iter().filter(|p| p.own_contact);
        for contact in std::iter::once(view.contact).chain(own.map(|p| p.contact)) {
            // What is known stands with the contact that it turned out to be.
            let person = self.person(contact).await?;
            people.extend(person.map(|person| Contact {
                id: contact,
                ..person
            }));
        }
        describe(view, &people);
        Ok(())
    }

    /// Puts what is known about those who take part into offers.
    pub(super) async fn add_people_to(&self, offers: &mut [OfferView]) -> Result<(), Problem> {
        for offer in offers {
            self.add_people(&mut offer.interaction).await?;
        }
        Ok(())
    }

    /// What the company itself wrote in an interaction's conversation that belongs to no customer,
    /// such as the post on which customers comment; newest first.
    pub(super) async fn thread_context(
        &self,
        interaction: &Interaction,
    ) -> Result<Vec<MessageView>, Problem> {
        let identity = thread_identity(&interaction.thread);
        let site = self.hub.site.id();
        let found = self
            .hub
            .store
            .contact_by_identity(site, &interaction.channel, &identity)
            .await?;
        let Some(contact) = found else {
            return Ok(Vec::new());
        };
        let mut messages = Merged::new(self, &[contact], None);
        let mut context = Vec::new();
        while let Some(message) = messages.next().await? {
            if !message.author.is_contact() && message.interaction != interaction.id {
                context.push(self.with_reactions(message, false).await?);
            }
            if context.len() == CONTEXT {
                break;
            }
        }
        Ok(context)
    }
}
