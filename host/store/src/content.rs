//! Content is kept once: a record says what happened and to what, and not again what people wrote nor
//! who they are.
//!
//! # Use this when
//! a record is written ([`kept_apart`]), or one that was read is shown to somebody or projected
//! ([`joined`]).
//!
//! What a message says stands in the message, what a person is called in the contact. What else an
//! event says about people (who reacted, what a network told) is kept beside, under the contact and the
//! event's number. Without its content a record still counts: it has the ids, the kinds and the times.

use linecard_model::contact::Contact;
use linecard_model::desk::Note;
use linecard_model::event::{Event, Record, Seq};
use linecard_model::interaction::Interaction;
use linecard_model::message::{AttachmentFile, Content, Message, MessageReaction, MessageState};
use linecard_model::platform::Refusal;
use linecard_model::{ContactId, InteractionId, MessageId, NoteId, SiteId};

use crate::{Result, Store};

/// Where the content of an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// It has none: the record says everything.
    Nowhere,
    /// In the contact.
    Contact(ContactId),
    /// In the interaction: its thread, and who takes part.
    Interaction(InteractionId),
    /// In the message.
    Message(ContactId, MessageId),
    /// In the note.
    Note(ContactId, NoteId),
    /// In the draft.
    Draft(InteractionId),
    /// Beside, under a contact and the event's number.
    Beside(ContactId),
}

/// An event without its content, and where that stands; `None` if it has none.
pub fn kept_apart(event: &Event) -> Option<(Event, Place)> {
    let (bare, place) = match event {
        Event::ContactSaved(contact) => (
            Event::ContactSaved(bare_contact(contact)),
            Place::Contact(contact.id),
        ),
        Event::InteractionStarted(interaction) => {
            let mut bare = interaction.clone();
            bare_interaction(&mut bare);
            let place = Place::Interaction(interaction.id);
            (Event::InteractionStarted(bare), place)
        }
        Event::MessageReceived(message) => (
            Event::MessageReceived(bare_message(message)),
            Place::Message(message.contact, message.id),
        ),
        Event::MessageAccepted(message) => (
            Event::MessageAccepted(bare_message(message)),
            Place::Message(message.contact, message.id),
        ),
        Event::MessageEdited {
            message,
            contact,
            interaction,
            edited_at,
            ..
        } => (
            Event::MessageEdited {
                message: *message,
                contact: *contact,
                interaction: *interaction,
                text: None,
                attachments: None,
                files: Vec::new(),
                edited_at: *edited_at,
            },
            Place::Message(*contact, *message),
        ),
        Event::NoteSaved(note) => (
            Event::NoteSaved(bare_note(note)),
            Place::Note(note.contact, note.id),
        ),
        Event::DraftSaved {
            interaction,
            agent,
            saved_at,
            ..
        } => (
            Event::DraftSaved {
                interaction: *interaction,
                agent: agent.clone(),
                saved_at: *saved_at,
                draft: None,
            },
            Place::Draft(*interaction),
        ),
        Event::InteractionMarked {
            interaction,
            by,
            marks,
        } => {
            let mut bare = marks.clone();
            bare.attributes.clear();
            let bare = Event::InteractionMarked {
                interaction: *interaction,
                by: by.clone(),
                marks: bare,
            };
            (bare, Place::Interaction(*interaction))
        }
        _ => {
            let mut bare = event.clone();
            let contact = take_beside(&mut bare)?;
            (bare, Place::Beside(contact))
        }
    };
    (bare != *event).then_some((bare, place))
}

/// That there is a contact, and no more.
pub(crate) fn bare_contact(contact: &Contact) -> Contact {
    Contact {
        merged_into: contact.merged_into,
        ..Contact::new(contact.id, contact.created_at)
    }
}

/// That there is a note, whose it is and whom it names.
fn bare_note(note: &Note) -> Note {
    Note {
        text: String::new(),
        revisions: Vec::new(),
        ..note.clone()
    }
}

/// A message of which only remains when it was said and changed, and what became of it.
pub(crate) fn erased(message: &Message) -> Message {
    let mut bare = bare_message(message);
    bare.hidden_at = message.hidden_at;
    bare.deleted_at = message.deleted_at;
    bare.revisions.clone_from(&message.revisions);
    for revision in &mut bare.revisions {
        revision.text = None;
        revision.attachments.clear();
    }
    bare
}

fn bare_message(message: &Message) -> Message {
    Message {
        id: message.id,
        contact: message.contact,
        interaction: message.interaction,
        channel: message.channel.clone(),
        thread: String::new(),
        visibility: message.visibility,
        author: message.author.clone(),
        posted_by: None,
        at: message.at,
        content: Content::default(),
        files: Vec::new(),
        state: bare_state(&message.state),
        platform_ids: Vec::new(),
        parent: None,
        reply_to: None,
        addressed: None,
        referral: None,
        findings: Vec::new(),
        rules: None,
        revisions: Vec::new(),
        note: None,
        corrections: Vec::new(),
        hidden_at: None,
        deleted_at: None,
        reactions: Vec::new(),
        raw: String::new(),
    }
}

/// A state without the texts of networks, which may name a person.
fn bare_state(state: &MessageState) -> MessageState {
    let mut bare = state.clone();
    match &mut bare {
        MessageState::Failed {
            reason: Refusal { text, .. },
            ..
        }
        | MessageState::Uncertain { text, .. } => text.clear(),
        MessageState::Received
        | MessageState::Accepted
        | MessageState::Sent { .. }
        | MessageState::Delivered { .. }
        | MessageState::Read { .. } => {}
    }
    bare
}

/// Takes the content out of an event that is kept beside, and says under whom; `None` if none is.
fn take_beside(event: &mut Event) -> Option<ContactId> {
    match event {
        Event::ParticipantJoined {
            contact, author, ..
        } => {
            *author = None;
            Some(*contact)
        }
        Event::MessageStateChanged {
            contact,
            state,
            platform_ids,
            note,
            ..
        } => {
            *state = bare_state(state);
            platform_ids.clear();
            *note = None;
            Some(*contact)
        }
        Event::FileFetched { contact, file, .. } => {
            *file = AttachmentFile::None;
            Some(*contact)
        }
        Event::ReactionAdded {
            contact, reaction, ..
        }
        | Event::ReactionRemoved {
            contact, reaction, ..
        } => {
            *reaction = MessageReaction {
                author: String::new(),
                name: String::new(),
                emoji: None,
                at: reaction.at,
            };
            Some(*contact)
        }
        Event::PlatformEvent {
            thread,
            contact: Some(contact),
            author,
            details,
            raw,
            ..
        } => {
            *thread = None;
            *author = None;
            *details = serde_json::Value::Null;
            raw.clear();
            Some(*contact)
        }
        Event::ContactSaved(_)
        | Event::ContactsMerged { .. }
        | Event::ContactsParted { .. }
        | Event::InteractionStarted(_)
        | Event::MessageReceived(_)
        | Event::MessageAccepted(_)
        | Event::MessageEdited { .. }
        | Event::Routing(_)
        | Event::PendingOnThread { .. }
        | Event::InteractionsJoined { .. }
        | Event::MessageDeleted { .. }
        | Event::MessageHidden { .. }
        | Event::MessageCorrected { .. }
        | Event::MessageShown { .. }
        | Event::ActionChanged { .. }
        | Event::PlatformEvent { contact: None, .. }
        | Event::ChannelHealthChanged { .. }
        | Event::PluginChanged(_)
        | Event::InteractionRead { .. }
        | Event::DraftSaved { .. }
        | Event::DraftRemoved { .. }
        | Event::InteractionMarked { .. }
        | Event::RuleTimersSet { .. }
        | Event::RulesFollowed { .. }
        | Event::RuleNotified { .. }
        | Event::NoteSaved(_)
        | Event::ResponseSaved(_)
        | Event::ResponseRemoved { .. }
        | Event::TrainingMessageSaved(_)
        | Event::TrainingMessageRemoved { .. }
        | Event::ResponseUsed { .. }
        | Event::MacroSaved(_)
        | Event::MacroRemoved { .. }
        | Event::MacroRun { .. }
        | Event::ContactErased { .. }
        | Event::SiteConfigured { .. }
        | Event::Audited { .. } => None,
    }
}

/// Takes out of an interaction what tells who takes part.
fn bare_interaction(interaction: &mut Interaction) {
    interaction.thread.clear();
    interaction.last_message = None;
    interaction.marks.attributes.clear();
    for participant in &mut interaction.participants {
        participant.author = None;
    }
}

/// A record that was read, with its content as far as it is still there. A message is as it was first
/// written, apart from its files and the network's ids; facts about a person are the present ones.
pub async fn joined(store: &dyn Store, site: &SiteId, mut record: Record) -> Result<Record> {
    for (seq, event) in (record.first_seq..).zip(&mut record.events) {
        if let Some(whole) = whole(store, site, seq, event).await? {
            *event = whole;
        }
    }
    Ok(record)
}

async fn whole(store: &dyn Store, site: &SiteId, seq: Seq, event: &Event) -> Result<Option<Event>> {
    Ok(match event {
        Event::ContactSaved(bare) => store.contact(site, bare.id).await?.map(Event::ContactSaved),
        Event::InteractionStarted(bare) => {
            let interaction = store.interaction(site, bare.id).await?;
            interaction.map(|interaction| {
                let mut whole = bare.clone();
                whole.thread = interaction.thread;
                // Those who joined later come after those with whom it began.
                let known = interaction.participants.into_iter();
                for (participant, known) in whole.participants.iter_mut().zip(known) {
                    participant.author = known.author;
                }
                Event::InteractionStarted(whole)
            })
        }
        Event::MessageReceived(bare) => {
            let message = store.message(site, bare.contact, bare.id).await?;
            message.map(|message| Event::MessageReceived(as_written(message, bare)))
        }
        Event::MessageAccepted(bare) => {
            let message = store.message(site, bare.contact, bare.id).await?;
            message.map(|message| {
                let mut message = as_written(message, bare);
                // The network gave them when it had taken it.
                message.platform_ids.clear();
                Event::MessageAccepted(message)
            })
        }
        Event::MessageEdited {
            message, contact, ..
        } => {
            let message = store.message(site, *contact, *message).await?;
            message.and_then(|message| edited(message, seq, event))
        }
        Event::NoteSaved(bare) => {
            let note = store.note(site, bare.contact, bare.id).await?;
            note.map(Event::NoteSaved)
        }
        Event::DraftSaved {
            interaction,
            agent,
            saved_at,
            ..
        } => {
            let draft = store.draft(site, *interaction, agent).await?;
            let same = draft.filter(|draft| draft.saved_at == *saved_at);
            same.map(|draft| Event::DraftSaved {
                interaction: *interaction,
                agent: agent.clone(),
                saved_at: *saved_at,
                draft: Some(Box::new(draft)),
            })
        }
        Event::InteractionMarked {
            interaction,
            by,
            marks,
        } => {
            let now = store.interaction(site, *interaction).await?;
            now.map(|now| {
                let mut marks = marks.clone();
                marks.attributes = now.marks.attributes;
                Event::InteractionMarked {
                    interaction: *interaction,
                    by: by.clone(),
                    marks,
                }
            })
        }
        other => match beside(other) {
            Some(contact) => store.details(site, contact, seq).await?,
            None => None,
        },
    })
}

/// Under whom the content of an event is kept that was read without it.
fn beside(event: &Event) -> Option<ContactId> {
    match event {
        Event::ParticipantJoined { contact, .. }
        | Event::MessageStateChanged { contact, .. }
        | Event::FileFetched { contact, .. }
        | Event::ReactionAdded { contact, .. }
        | Event::ReactionRemoved { contact, .. } => Some(*contact),
        Event::PlatformEvent { contact, .. } => *contact,
        _ => None,
    }
}

/// A message as it was before it was changed.
fn as_written(mut message: Message, bare: &Message) -> Message {
    if let Some(first) = message.revisions.first().cloned() {
        if first.attachments != message.content.attachments {
            message.files.clear();
        }
        message.content.text = first.text;
        message.content.attachments = first.attachments;
        message.revisions.clear();
    }
    message.state = bare.state.clone();
    message.interaction = bare.interaction;
    message.corrections.clear();
    message.hidden_at = None;
    message.deleted_at = None;
    message
}

/// What an edit made of a message.
fn edited(message: Message, seq: Seq, bare: &Event) -> Option<Event> {
    let Event::MessageEdited {
        message: id,
        contact,
        interaction,
        edited_at,
        ..
    } = bare
    else {
        return None;
    };
    let revisions = &message.revisions;
    let place = revisions.iter().position(|r| r.replaced_by == Some(seq));
    // One that showed a hidden message again and changed nothing else has left no revision.
    let place = place?;
    let before = revisions.get(place)?;
    let (text, attachments, is_last) = match revisions.get(place + 1) {
        Some(next) => (&next.text, &next.attachments, false),
        None => (&message.content.text, &message.content.attachments, true),
    };
    let changed = *attachments != before.attachments;
    Some(Event::MessageEdited {
        message: *id,
        contact: *contact,
        interaction: *interaction,
        text: text.clone(),
        attachments: changed.then(|| attachments.clone()),
        files: if changed && is_last {
            message.files.clone()
        } else {
            Vec::new()
        },
        edited_at: *edited_at,
    })
}
