//! What is found of the things that the store keeps.

use std::collections::{BTreeMap, BTreeSet};

use linecard_model::contact::Contact;
use linecard_model::desk::Note;
use linecard_model::interaction::Interaction;
use linecard_model::message::Message;
use linecard_model::routing::InteractionState;
use linecard_model::{ContactId, InteractionId, SiteId};
use linecard_search::{Change, Conversation, Document, Key};
use linecard_store::{Page, Result, Store};

/// How many messages before an answer are looked through for the language of the conversation.
const LOOK_BACK: usize = 10;
/// How many times a contact can have turned out to be another: no more are followed.
const MERGES: usize = 16;

/// What a message is found by; that it is not to be found if it says nothing, or was taken back.
pub(super) fn message(message: &Message, person: ContactId, language: Option<String>) -> Change {
    let key = Key::Message(message.contact, message.id);
    let text = message.content.text.as_ref();
    let Some(text) = text.filter(|_| message.deleted_at.is_none()) else {
        return Change::Remove(key);
    };
    let correction = message.corrections.last();
    let mut scores = BTreeMap::new();
    let mut labels = BTreeSet::new();
    // Of two that measure the same, the first counts; and what a person said before both.
    for finding in message.findings.iter().rev() {
        let found = finding.scores.iter();
        scores.extend(found.map(|score| (score.name.clone(), score.value)));
        labels.extend(finding.labels.iter().map(|label| label.name.clone()));
    }
    if let Some(correction) = correction {
        scores.extend(correction.scores.clone());
        if let Some(right) = &correction.labels {
            labels.clone_from(right);
        }
    }
    Change::Put(Box::new(Document {
        key,
        person,
        interaction: some(message.interaction),
        at: message.at,
        texts: vec![text.clone()],
        language,
        numbers: Vec::new(),
        channels: [message.channel.clone()].into(),
        labels,
        scores,
    }))
}

fn some(id: InteractionId) -> Option<InteractionId> {
    Some(id).filter(|id| !id.is_none())
}

/// What a note is found by; that it is not to be found once it was deleted.
pub(super) fn note(note: &Note, person: ContactId) -> Change {
    let key = Key::Note(note.contact, note.id);
    if note.deleted_at.is_some() || note.text.is_empty() {
        return Change::Remove(key);
    }
    Change::Put(Box::new(Document {
        key,
        person,
        interaction: note.interaction,
        at: note.written_at,
        texts: vec![note.text.clone()],
        language: None,
        numbers: Vec::new(),
        channels: BTreeSet::new(),
        labels: BTreeSet::new(),
        scores: BTreeMap::new(),
    }))
}

/// What a contact is found by; that it is not to be found if it is no person, or is another one by now.
pub(super) fn contact(contact: &Contact) -> Change {
    let key = Key::Contact(contact.id);
    let is_person = contact.merged_into.is_none() && contact.of_thread.is_none();
    let mut texts: Vec<String> = contact.display_name.iter().cloned().collect();
    let mut numbers = Vec::new();
    for identity in &contact.identities {
        numbers.push(identity.id.clone());
        texts.push(identity.id.clone());
        for alias in &identity.aliases {
            numbers.push(alias.value.clone());
            texts.push(alias.value.clone());
        }
        if let Some(profile) = &identity.profile {
            texts.extend(profile.display_name.iter().cloned());
            texts.extend(profile.handle.iter().cloned());
        }
    }
    texts.extend(contact.attributes.values().map(ToString::to_string));
    if !is_person || texts.is_empty() {
        return Change::Remove(key);
    }
    let channels = contact.identities.iter();
    Change::Put(Box::new(Document {
        key,
        person: contact.id,
        interaction: None,
        at: contact.created_at,
        texts,
        language: None,
        numbers,
        channels: channels.map(|identity| identity.channel.clone()).collect(),
        labels: BTreeSet::new(),
        scores: BTreeMap::new(),
    }))
}

/// What of an interaction decides who finds what is in it.
pub(super) fn conversation(interaction: &Interaction, persons: BTreeSet<ContactId>) -> Change {
    let holder = interaction.state.holder().into_iter();
    let agents = holder
        .chain(&interaction.last_agent)
        .chain(interaction.legs.keys());
    let disposition = match &interaction.state {
        InteractionState::Ended { disposition, .. } => disposition.clone(),
        _ => None,
    };
    Change::PutConversation(Box::new(Conversation {
        id: interaction.id,
        persons,
        queue: interaction.queue.clone(),
        media_type: interaction.media_type,
        agents: agents.cloned().collect(),
        followers: interaction.marks.followers.clone(),
        labels: interaction.marks.labels.clone(),
        disposition,
    }))
}

/// Reads what is needed of the store beside the things themselves.
pub(super) struct Reading<'a> {
    pub store: &'a dyn Store,
    pub site: &'a SiteId,
}

impl Reading<'_> {
    /// The contact that a contact turned out to be.
    pub async fn person(&self, id: ContactId) -> Result<ContactId> {
        let mut person = id;
        for _ in 0..MERGES {
            let found = self.store.contact(self.site, person).await?;
            match found.and_then(|contact| contact.merged_into) {
                Some(into) => person = into,
                None => break,
            }
        }
        Ok(person)
    }

    pub async fn persons(&self, ids: Vec<ContactId>) -> Result<BTreeSet<ContactId>> {
        let mut persons = BTreeSet::new();
        for id in ids {
            persons.insert(self.person(id).await?);
        }
        Ok(persons)
    }

    /// The language of a message: the one that was recognized in it, or else in what it answers, or the one
    /// that its customer's network tells.
    pub async fn language(&self, message: &Message) -> Result<Option<String>> {
        if let Some(own) = recognized(message) {
            return Ok(Some(own));
        }
        if !message.author.is_contact() {
            let page = Page {
                before: Some(message.id),
                limit: LOOK_BACK,
            };
            let earlier = self.store.history(self.site, message.contact, page).await?;
            let mut same = earlier.iter().filter(|m| m.channel == message.channel);
            if let Some(theirs) = same.find_map(recognized) {
                return Ok(Some(theirs));
            }
        }
        let contact = self.store.contact(self.site, message.contact).await?;
        Ok(contact
            .as_ref()
            .and_then(|contact| spoken(contact, message)))
    }
}

fn recognized(message: &Message) -> Option<String> {
    message.findings.iter().find_map(|f| f.language.clone())
}

fn spoken(contact: &Contact, message: &Message) -> Option<String> {
    let profile = contact.identity(&message.channel)?.profile.as_ref()?;
    profile.locale.clone()
}

/// The language under which a message that is shown was indexed.
pub(super) async fn language_of(
    store: &dyn Store,
    site: &SiteId,
    message: &Message,
) -> Result<Option<String>> {
    Reading { store, site }.language(message).await
}
