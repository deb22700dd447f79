//! Which things events are about that are to be found otherwise from then on.

use std::collections::BTreeSet;

use linecard_model::event::Event;
use linecard_model::{ContactId, InteractionId, MessageId, NoteId};

/// What events were about. What it is now is read afterwards: an event that is seen again has no further
/// effect.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Touched {
    pub erased: BTreeSet<ContactId>,
    pub contacts: BTreeSet<ContactId>,
    /// Contacts of whom everything is to be looked at.
    pub whole: BTreeSet<ContactId>,
    pub messages: BTreeSet<(ContactId, MessageId)>,
    pub notes: BTreeSet<(ContactId, NoteId)>,
    pub interactions: BTreeSet<InteractionId>,
    /// Interactions whose messages belong to another one now.
    pub joined: BTreeSet<InteractionId>,
}

impl Touched {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Adds what an event is about.
    pub fn add(&mut self, event: &Event) {
        match event {
            Event::MessageReceived(message) | Event::MessageAccepted(message) => {
                self.messages.insert((message.contact, message.id));
                self.interactions.extend(event.interaction());
            }
            Event::MessageEdited {
                message, contact, ..
            }
            | Event::MessageDeleted {
                message, contact, ..
            }
            | Event::MessageCorrected {
                message, contact, ..
            } => {
                self.messages.insert((*contact, *message));
            }
            Event::NoteSaved(note) => {
                self.notes.insert((note.contact, note.id));
            }
            Event::ContactSaved(contact) => {
                self.contacts.insert(contact.id);
            }
            Event::ContactsMerged {
                contact,
                merged: other,
                ..
            }
            | Event::ContactsParted {
                contact,
                parted: other,
                ..
            } => {
                self.whole.extend([*contact, *other]);
            }
            Event::ContactErased { contact } => {
                self.erased.insert(*contact);
            }
            Event::InteractionsJoined {
                interaction,
                joined,
            } => {
                self.interactions.insert(*interaction);
                self.joined.insert(*joined);
            }
            Event::Routing(_)
            | Event::InteractionStarted(_)
            | Event::ParticipantJoined { .. }
            | Event::InteractionMarked { .. } => self.interactions.extend(event.interaction()),
            Event::PendingOnThread { .. }
            | Event::MessageStateChanged { .. }
            | Event::MessageHidden { .. }
            | Event::MessageShown { .. }
            | Event::FileFetched { .. }
            | Event::ReactionAdded { .. }
            | Event::ReactionRemoved { .. }
            | Event::ActionChanged { .. }
            | Event::PlatformEvent { .. }
            | Event::InteractionRead { .. }
            | Event::DraftSaved { .. }
            | Event::DraftRemoved { .. }
            | Event::RuleTimersSet { .. }
            | Event::RulesFollowed { .. }
            | Event::RuleNotified { .. }
            | Event::ResponseSaved(_)
            | Event::ResponseRemoved { .. }
            | Event::TrainingMessageSaved(_)
            | Event::TrainingMessageRemoved { .. }
            | Event::ResponseUsed { .. }
            | Event::MacroSaved(_)
            | Event::MacroRemoved { .. }
            | Event::MacroRun { .. }
            | Event::ChannelHealthChanged { .. }
            | Event::PluginChanged(_)
            | Event::SiteConfigured { .. }
            | Event::Audited { .. } => {}
        }
    }
}
