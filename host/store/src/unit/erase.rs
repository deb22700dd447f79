//! What is left of a person of whom everything was to be erased: that there was somebody, and when
//! something was said.

use std::collections::BTreeSet;

use linecard_model::contact::Contact;
use linecard_model::message::Message;
use linecard_model::{ChannelId, ContactId, InteractionId};

use super::UnitOfWork;
use crate::content::{bare_contact, erased};
use crate::{IdempotentResult, MessageRef, Page, RawOf, ReactionKey, Result, thread_identity};

/// How many are looked at together.
const STEP: usize = 200;

impl UnitOfWork {
    /// Erases what is kept about a contact: what was said, who they are, how they are found, what the
    /// networks told, the payloads. Counts, states and times stay.
    pub(super) async fn erase(&mut self, id: ContactId) -> Result<()> {
        let Some(contact) = self.contact(id).await? else {
            return Ok(());
        };
        self.forget_identities(&contact).await?;
        self.contacts.set(id, Some(bare_contact(&contact)));
        let mut interactions = BTreeSet::new();
        let mut before = None;
        loop {
            let page = Page {
                before,
                limit: STEP,
            };
            let messages = self.history(id, page).await?;
            let Some(last) = messages.last() else { break };
            before = Some(last.id);
            for message in messages {
                interactions.insert(message.interaction);
                self.erase_message(&message).await?;
            }
        }
        self.erase_answers(id, &interactions).await?;
        for interaction in interactions {
            self.erase_from(interaction, id).await?;
        }
        self.erase_notes(id).await?;
        self.erase_details(id).await
    }

    async fn forget_identities(&mut self, contact: &Contact) -> Result<()> {
        let mut names: Vec<(&ChannelId, String)> = Vec::new();
        for identity in &contact.identities {
            names.push((&identity.channel, identity.id.clone()));
            let aliases = identity.aliases.iter();
            names.extend(aliases.map(|alias| (&identity.channel, alias.value.clone())));
        }
        if let Some(of) = &contact.of_thread {
            names.push((&of.channel, thread_identity(&of.thread)));
        }
        for (channel, name) in names {
            let found = self.contact_by_identity(channel, &name).await?;
            if found.is_some_and(|found| found.id == contact.id) {
                self.identities.set((channel.clone(), name), None);
            }
        }
        Ok(())
    }

    async fn erase_message(&mut self, message: &Message) -> Result<()> {
        let place = MessageRef {
            contact: message.contact,
            message: message.id,
        };
        for id in &message.platform_ids {
            let found = self.message_by_platform_id(&message.channel, id).await?;
            if found.is_some_and(|found| found.id == message.id) {
                self.platform_ids
                    .set((message.channel.clone(), id.clone()), None);
            }
        }
        let mut after = None;
        loop {
            let found = self
                .store
                .reactions(&self.site, place, after.as_ref(), STEP)
                .await?;
            for reaction in &found.page {
                self.reactions.set(ReactionKey::of(place, reaction), None);
            }
            after = found.page.last().map(|last| ReactionKey::of(place, last));
            if after.is_none() {
                break;
            }
        }
        self.reaction_counts.set(place, None);
        self.fetches.set(message.id, None);
        self.raw_gone.push(RawOf::Message(message.id));
        self.messages
            .set((message.contact, message.id), Some(erased(message)));
        Ok(())
    }

    /// Empties the answers to requests that were about a contact or its interactions: what they showed is
    /// erased, and that they were answered stays, so that a request that comes again still has one effect.
    async fn erase_answers(
        &mut self,
        contact: ContactId,
        interactions: &BTreeSet<InteractionId>,
    ) -> Result<()> {
        let own = interactions.iter().filter(|id| !id.is_none());
        let mut names: BTreeSet<Vec<u8>> = own.map(|id| id.to_string().into_bytes()).collect();
        names.insert(contact.to_string().into_bytes());
        // Ids stand in JSON as texts of their own.
        let is_about = |result: &IdempotentResult| {
            let mut texts = result.body.split(|byte| *byte == b'"');
            texts.any(|text| names.contains(text))
        };
        let mut about = Vec::new();
        let mut after: Option<(String, String)> = None;
        loop {
            let place = after
                .as_ref()
                .map(|(who, key)| (who.as_str(), key.as_str()));
            let found = self.store.idempotents(&self.site, place, STEP).await?;
            let Some((who, key, _)) = found.last() else {
                break;
            };
            after = Some((who.clone(), key.clone()));
            let about_it = found.into_iter().filter(|(.., result)| is_about(result));
            about.extend(about_it.map(|(who, key, result)| ((who, key), result)));
        }
        // What this unit answered is not in the store yet.
        for (place, slot) in &self.idempotent.0 {
            let result = slot.value.as_deref().filter(|result| is_about(result));
            about.extend(result.map(|result| (place.clone(), result.clone())));
        }
        for (place, mut result) in about {
            result.body.clear();
            self.idempotent.set(place, Some(result));
        }
        Ok(())
    }

    /// Takes a contact out of what an interaction says about people.
    async fn erase_from(&mut self, id: InteractionId, contact: ContactId) -> Result<()> {
        let Some(known) = self.interaction(id).await? else {
            return Ok(());
        };
        if known.contact == contact {
            // What was begun to be answered may name them.
            for agent in known.marks.drafts.keys() {
                self.drafts.set((id, agent.clone()), None);
            }
        }
        drop(known);
        if let Some(interaction) = self.interactions.change(&id) {
            if interaction.contact == contact {
                interaction.thread.clear();
                interaction.marks.attributes.clear();
                interaction.marks.drafts.clear();
            }
            if let Some(last) = &mut interaction.last_message
                && last.contact == contact
            {
                last.forget();
            }
            for participant in &mut interaction.participants {
                if participant.contact == contact {
                    participant.author = None;
                }
            }
        }
        Ok(())
    }

    async fn erase_details(&mut self, contact: ContactId) -> Result<()> {
        self.details.retain(|(of, ..)| *of != contact);
        let mut after = 0;
        loop {
            let numbers = self
                .store
                .details_of(&self.site, contact, after, STEP)
                .await?;
            let Some(last) = numbers.last() else {
                return Ok(());
            };
            after = *last;
            for seq in numbers {
                self.details_gone.push((contact, seq));
                self.raw_gone.push(RawOf::Event(seq));
            }
        }
    }
}
