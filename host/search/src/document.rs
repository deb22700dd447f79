//! What is found, and what is told to the index about it.

use std::collections::{BTreeMap, BTreeSet};

use linecard_model::routing::MediaType;
use linecard_model::{
    AgentId, ChannelId, ContactId, InteractionId, MessageId, NoteId, QueueId, Timestamp,
};
use serde::{Deserialize, Serialize};

/// What kind of thing is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Something that was said.
    Message,
    /// What somebody noted for colleagues.
    Note,
    /// A customer.
    Contact,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Message, Self::Note, Self::Contact];

    /// The name that the wire uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Message => "message",
            Self::Note => "note",
            Self::Contact => "contact",
        }
    }
}

/// A thing that can be found, by what it is kept under in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Key {
    /// A message of a contact.
    Message(ContactId, MessageId),
    /// A note under a contact.
    Note(ContactId, NoteId),
    /// A contact.
    Contact(ContactId),
}

impl Key {
    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Message(..) => Kind::Message,
            Self::Note(..) => Kind::Note,
            Self::Contact(_) => Kind::Contact,
        }
    }

    /// The contact under which it is kept.
    pub fn contact(&self) -> ContactId {
        match self {
            Self::Message(contact, _) | Self::Note(contact, _) | Self::Contact(contact) => *contact,
        }
    }

    pub(crate) fn own(&self) -> [u8; 16] {
        match self {
            Self::Message(_, id) => *id.as_bytes(),
            Self::Note(_, id) => *id.as_bytes(),
            Self::Contact(id) => *id.as_bytes(),
        }
    }

    /// As it stands in the index.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Message(contact, id) => format!("m {contact} {id}"),
            Self::Note(contact, id) => format!("n {contact} {id}"),
            Self::Contact(id) => format!("c {id}"),
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let (kind, contact) = (words.next()?, words.next()?.parse().ok()?);
        match (kind, words.next()) {
            ("m", Some(id)) => Some(Self::Message(contact, id.parse().ok()?)),
            ("n", Some(id)) => Some(Self::Note(contact, id.parse().ok()?)),
            ("c", None) => Some(Self::Contact(contact)),
            _ => None,
        }
    }
}

/// What can be found of a message, a note or a contact. The texts themselves are not kept: only which words
/// they are made of.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    /// What it is.
    pub key: Key,
    /// The person whose it is: the contact, or the one that it turned out to be. Who sees the person sees it.
    pub person: ContactId,
    /// The interaction to which it belongs.
    pub interaction: Option<InteractionId>,
    /// When it was said or written, or the contact came to be known.
    pub at: Timestamp,
    /// What it says.
    pub texts: Vec<String>,
    /// The language of it, as a tag such as `de`.
    pub language: Option<String>,
    /// Numbers by which it is found whatever stands between their digits.
    pub numbers: Vec<String>,
    /// Its channels: one of a message, those of a contact's identities.
    pub channels: BTreeSet<ChannelId>,
    /// Its own labels; those of its interaction count beside them.
    pub labels: BTreeSet<String>,
    /// Its scores, by their names.
    pub scores: BTreeMap<String, f64>,
}

/// What of an interaction decides what is found in it, and by whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conversation {
    /// The interaction.
    pub id: InteractionId,
    /// The persons whose it is.
    pub persons: BTreeSet<ContactId>,
    /// Its queue.
    pub queue: QueueId,
    /// Its kind of work.
    pub media_type: MediaType,
    /// Who has it, had it last, or takes part.
    pub agents: BTreeSet<AgentId>,
    /// Who follows it beside them.
    pub followers: BTreeSet<AgentId>,
    /// Its labels.
    pub labels: BTreeSet<String>,
    /// What became of it.
    pub disposition: Option<String>,
}

/// Something that the index is told. Told twice it has one effect.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Something is there, or is another.
    Put(Box<Document>),
    /// An interaction is there, or is another.
    PutConversation(Box<Conversation>),
    /// Something is not to be found any more.
    Remove(Key),
    /// Everything that is kept under a contact is to be gone, with its bytes.
    Erase(ContactId),
}

/// A number by which an identifier is known in a set: the same for the same, and another for another but
/// for one in many billions. Never 0.
pub(crate) fn mark(bytes: &[u8; 16]) -> u64 {
    let (high, low) = (
        u128::from_be_bytes(*bytes) >> 64,
        u128::from_be_bytes(*bytes),
    );
    #[expect(clippy::cast_possible_truncation, reason = "the two halves")]
    let (high, low) = (high as u64, low as u64);
    // Every bit of both halves counts: identifiers that are derived differ in few.
    let mut mixed = high ^ low.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed ^= mixed >> 32;
    mixed = mixed.wrapping_mul(0xD6E8_FEB8_6659_FD93);
    mixed ^= mixed >> 32;
    mixed.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_as_it_was_written() {
        let contact = ContactId::generate();
        for key in [
            Key::Message(contact, MessageId::generate()),
            Key::Note(contact, NoteId::generate()),
            Key::Contact(contact),
        ] {
            assert_eq!(Key::parse(&key.text()), Some(key));
        }
        for wrong in ["", "m", "m x y", "c", "x 1", "m \u{0}"] {
            assert_eq!(Key::parse(wrong), None);
        }
    }

    #[test]
    fn marks_tell_derived_identifiers_apart() {
        let marks: BTreeSet<u64> = (0..100_000)
            .map(|n| mark(ContactId::derived(1_700_000_000_000 + n / 7, n).as_bytes()))
            .collect();
        assert_eq!(marks.len(), 100_000);
    }
}
