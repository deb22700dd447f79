//! What agents put to their work: drafts, notes, marks, standard responses.

use std::sync::Arc;

use linecard_model::desk::{Draft, LastMessage, Marks, Note, ReadMark};
use linecard_model::interaction::Interaction;
use linecard_model::message::{Message, MessageAuthor};
use linecard_model::response::Response;
use linecard_model::training::TrainingMessage;
use linecard_model::{AgentId, ContactId, InteractionId, MessageId, NoteId, ResponseId, Timestamp};

use super::UnitOfWork;
use crate::{Page, Result};

impl UnitOfWork {
    /// What an agent has begun to answer in an interaction.
    pub async fn draft(
        &mut self,
        interaction: InteractionId,
        agent: &AgentId,
    ) -> Result<Option<Arc<Draft>>> {
        let key = (interaction, agent.clone());
        if let Some(known) = self.drafts.known(&key) {
            return Ok(known.value.clone());
        }
        let found = self.store.draft(&self.site, interaction, agent).await?;
        Ok(self.drafts.learn(key, found))
    }

    /// What an agent has begun to answer, as it is now. Like an outbox entry it follows from no event: only
    /// the newest one is kept.
    pub fn put_draft(&mut self, interaction: InteractionId, agent: AgentId, draft: Draft) {
        self.drafts.set((interaction, agent), Some(draft));
    }

    /// A draft was sent, or thrown away.
    pub fn remove_draft(&mut self, interaction: InteractionId, agent: AgentId) {
        self.drafts.set((interaction, agent), None);
    }

    /// A note that is kept under a contact.
    pub async fn note(&mut self, contact: ContactId, id: NoteId) -> Result<Option<Arc<Note>>> {
        if let Some(known) = self.notes.known(&(contact, id)) {
            return Ok(known.value.clone());
        }
        let found = self.store.note(&self.site, contact, id).await?;
        Ok(self.notes.learn((contact, id), found))
    }

    /// All notes that are kept under a contact, with this unit's changes, in no order.
    pub async fn notes(&mut self, contact: ContactId) -> Result<Vec<Arc<Note>>> {
        // Their number is bounded where they are written.
        let page = Page {
            before: None,
            limit: usize::MAX,
        };
        for note in self.store.notes(&self.site, contact, page).await? {
            if self.notes.known(&(contact, note.id)).is_none() {
                self.notes.learn((contact, note.id), Some(note));
            }
        }
        let own = self.notes.0.iter().filter(|((of, _), _)| *of == contact);
        Ok(own.filter_map(|(_, slot)| slot.value.clone()).collect())
    }

    /// Erases the notes under a contact.
    pub(super) async fn erase_notes(&mut self, contact: ContactId) -> Result<()> {
        for note in self.notes(contact).await? {
            self.notes.set((contact, note.id), None);
        }
        Ok(())
    }

    /// Changes how far an agent has read.
    pub(super) async fn read(
        &mut self,
        id: InteractionId,
        agent: &AgentId,
        mark: Option<ReadMark>,
    ) -> Result<()> {
        self.interaction(id).await?;
        if let Some(interaction) = self.interactions.change(&id) {
            mark_read(interaction, agent, mark);
        }
        Ok(())
    }

    /// Notes that an agent has a draft, or has none any more.
    pub(super) async fn drafted(
        &mut self,
        id: InteractionId,
        agent: &AgentId,
        saved_at: Option<Timestamp>,
    ) -> Result<()> {
        self.interaction(id).await?;
        if let Some(interaction) = self.interactions.change(&id) {
            let drafts = &mut interaction.marks.drafts;
            match saved_at {
                Some(at) => drafts.insert(agent.clone(), at),
                None => drafts.remove(agent),
            };
        }
        Ok(())
    }

    /// Takes over labels, attributes and followers.
    pub(super) async fn marked(&mut self, id: InteractionId, marks: &Marks) -> Result<()> {
        self.interaction(id).await?;
        if let Some(interaction) = self.interactions.change(&id) {
            let own = &mut interaction.marks;
            own.labels.clone_from(&marks.labels);
            own.attributes.clone_from(&marks.attributes);
            own.followers.clone_from(&marks.followers);
        }
        Ok(())
    }

    /// Counts a use of a standard response.
    pub(super) async fn response_used(&mut self, id: &ResponseId, at: Timestamp) -> Result<()> {
        self.response(id).await?;
        if let Some(response) = self.responses.change(id) {
            response.used = response.used.saturating_add(1);
            response.used_at = Some(at);
        }
        Ok(())
    }

    /// A message for models to learn from.
    pub async fn training(&mut self, id: MessageId) -> Result<Option<Arc<TrainingMessage>>> {
        if let Some(known) = self.training.known(&id) {
            return Ok(known.value.clone());
        }
        let found = self.store.training_message(&self.site, id).await?;
        Ok(self.training.learn(id, found))
    }

    /// A standard response.
    pub async fn response(&mut self, id: &ResponseId) -> Result<Option<Arc<Response>>> {
        if let Some(known) = self.responses.known(id) {
            return Ok(known.value.clone());
        }
        let found = self.store.response(&self.site, id).await?;
        Ok(self.responses.learn(id.clone(), found))
    }
}

/// What a message that was written changes in what a list shows of its interaction.
pub(super) fn written(interaction: &mut Interaction, message: &Message) {
    let is_newest = interaction
        .last_message
        .as_ref()
        .is_none_or(|last| (last.at, last.message) <= (message.at, message.id));
    if is_newest {
        interaction.last_message = Some(LastMessage::of(message));
    }
    if message.author.is_contact() {
        interaction.waiting_since.get_or_insert(message.at);
    } else if !matches!(message.author, MessageAuthor::Rule { .. }) {
        // Whoever got an automatic message still waits for an answer.
        interaction.waiting_since = None;
    }
    // Whoever answers has read what they answer.
    if let MessageAuthor::Agent { agent } = &message.author {
        let mark = read_all(interaction, message.id);
        mark_read(interaction, agent, Some(mark));
    }
}

/// The mark of somebody who has read everything.
fn read_all(interaction: &Interaction, message: MessageId) -> ReadMark {
    ReadMark {
        message,
        inbound: interaction.inbound_count,
    }
}

fn mark_read(interaction: &mut Interaction, agent: &AgentId, mark: Option<ReadMark>) {
    let reads = &mut interaction.marks.reads;
    let Some(mark) = mark else {
        reads.remove(agent);
        return;
    };
    reads.insert(agent.clone(), mark);
    while reads.len() > Marks::MOST_READERS {
        // Whoever has read least lately.
        let oldest = reads
            .iter()
            .filter(|(of, _)| *of != agent)
            .min_by_key(|(_, mark)| mark.message)
            .map(|(of, _)| of.clone());
        match oldest {
            Some(oldest) => reads.remove(&oldest),
            None => break,
        };
    }
}
