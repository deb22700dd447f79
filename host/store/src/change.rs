//! What is written and how pages are asked for.

use linecard_model::contact::Contact;
use linecard_model::dead_letter::DeadLetter;
use linecard_model::desk::{Draft, Note};
use linecard_model::event::{Event as Happened, Record, Seq};
use linecard_model::interaction::Interaction;
use linecard_model::message::{Message, MessageReaction};
use linecard_model::outbox::{ChannelFigures, ChannelHealth, OutboxEntry, OutboxNumber};
use linecard_model::platform::Event;
use linecard_model::response::{Macro, Response};
use linecard_model::site::SiteConfig;
use linecard_model::training::TrainingMessage;
use linecard_model::{
    AgentId, ChannelId, ContactId, DeadLetterId, InteractionId, MacroId, MessageId, NoteId,
    ResponseId, Timestamp,
};
use serde::{Deserialize, Serialize};

/// The place of an event in the order of acceptance; grows, with gaps.
pub type InboxNumber = u64;

/// Platform events to be taken in.
#[derive(Debug, Clone)]
pub struct Accept {
    /// The channel that they came to.
    pub channel: ChannelId,
    /// When, by the hub's clock.
    pub at: Timestamp,
    /// The events, in the order of the payload.
    pub events: Vec<Event>,
    /// Where the channel's next poll goes on, if it was a poll that found them.
    pub cursor: Option<Vec<u8>>,
    /// The dead letter that they come from again. They are then new once for each letter, whatever
    /// was accepted before.
    pub again: Option<DeadLetterId>,
}

/// What became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Accepted {
    /// How many were new.
    pub new: usize,
    /// How many had been accepted before.
    pub duplicates: usize,
    /// The number of the last new one.
    pub last: Option<InboxNumber>,
}

/// An accepted event that waits for its preparation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InboxEntry {
    /// Its place in the order.
    pub number: InboxNumber,
    /// The channel.
    pub channel: ChannelId,
    /// When it was accepted, by the hub's clock.
    pub accepted_at: Timestamp,
    /// The event.
    pub event: Event,
}

/// An event about a message that the hub does not know yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Early {
    /// When it was accepted, by the hub's clock.
    pub accepted_at: Timestamp,
    /// The event.
    pub event: Event,
}

/// Where a message is. There are as many of them as messages: where nobody reads them, they are written
/// as thirty-two bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(from = "PlaceForm")]
pub struct MessageRef {
    /// Its contact.
    pub contact: ContactId,
    /// The message.
    pub message: MessageId,
}

/// What [`MessageRef`] is read from: the bytes, or named fields.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum PlaceForm {
    Bytes(#[serde(with = "serde_bytes")] [u8; 32]),
    Fields {
        contact: ContactId,
        message: MessageId,
    },
}

impl From<PlaceForm> for MessageRef {
    fn from(form: PlaceForm) -> Self {
        match form {
            PlaceForm::Fields { contact, message } => Self { contact, message },
            PlaceForm::Bytes(bytes) => {
                let (mut contact, mut message) = ([0; 16], [0; 16]);
                contact.copy_from_slice(&bytes[..16]);
                message.copy_from_slice(&bytes[16..]);
                Self {
                    contact: ContactId::from_bytes(contact),
                    message: MessageId::from_bytes(message),
                }
            }
        }
    }
}

impl Serialize for MessageRef {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (contact, message) = (self.contact, self.message);
        let form = if serializer.is_human_readable() {
            PlaceForm::Fields { contact, message }
        } else {
            let mut bytes = [0; 32];
            bytes[..16].copy_from_slice(contact.as_bytes());
            bytes[16..].copy_from_slice(message.as_bytes());
            PlaceForm::Bytes(bytes)
        };
        form.serialize(serializer)
    }
}

/// Which reaction it is: a person reacts to a message in one way once.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReactionKey {
    /// The message.
    pub message: MessageRef,
    /// Who reacted, by the network's id.
    pub author: String,
    /// The network's word.
    pub name: String,
}

impl ReactionKey {
    /// The key of a reaction to a message.
    pub fn of(message: MessageRef, reaction: &MessageReaction) -> Self {
        Self {
            message,
            author: reaction.author.clone(),
            name: reaction.name.clone(),
        }
    }
}

/// The reactions to a message.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reactions {
    /// How many there are.
    pub total: u64,
    /// Those of the page.
    pub page: Vec<MessageReaction>,
}

/// What a network's payload belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum RawOf {
    /// A message.
    Message(MessageId),
    /// An event of the journal that is not a message.
    Event(Seq),
    /// An accepted event, whatever became of it.
    Accepted(InboxNumber),
}

/// What is kept for a time only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kept {
    /// The marks by which an event is known that comes twice.
    Deduplication,
    /// The answers to requests with an idempotency key.
    Idempotency,
    /// Events about a message that the hub does not know.
    Early,
    /// The networks' payloads.
    Raw,
    /// What failed for good.
    DeadLetters,
    /// Drafts of interactions that are over, from their end on.
    Drafts,
    /// The journal's records, from its beginning on, as far as the router's snapshot goes: what is newer
    /// is needed to start. The last record always stays.
    Journal,
}

impl Kept {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Deduplication,
        Self::Idempotency,
        Self::Early,
        Self::Raw,
        Self::DeadLetters,
        Self::Drafts,
        Self::Journal,
    ];

    /// Its name in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Deduplication => "deduplication",
            Self::Idempotency => "idempotency",
            Self::Early => "early",
            Self::Raw => "raw",
            Self::DeadLetters => "dead-letters",
            Self::Drafts => "drafts",
            Self::Journal => "journal",
        }
    }
}

/// Where a step of forgetting ended. Only for the store that gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PurgeCursor(pub Vec<u8>);

/// What a step of forgetting did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Purged {
    /// How many values are gone.
    pub removed: u64,
    /// Where to go on; `None` if all were looked at.
    pub next: Option<PurgeCursor>,
}

/// Under which identity [`Store::contact_by_identity`](crate::Store::contact_by_identity) finds the
/// contact that stands for a public conversation. No network's id contains a zero.
pub fn thread_identity(thread: &str) -> String {
    format!("\0thread\0{thread}")
}

/// The answer to a request that carried an idempotency key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct IdempotentResult {
    /// A hash of the request: the same key with another request is an error.
    pub request_hash: [u8; 32],
    /// When it was answered.
    pub at: Timestamp,
    /// The HTTP status.
    pub status: u16,
    /// The body.
    #[serde(with = "serde_bytes")]
    pub body: Vec<u8>,
}

/// Records and view changes that are written together.
#[derive(Debug, Clone, Default)]
pub struct Append {
    /// The records, in order; may be empty.
    pub records: Vec<Record>,
    /// The changes, applied in order.
    pub changes: Vec<Change>,
}

/// A change of a view.
#[derive(Debug, Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "most changes are messages, and a batch is moved as one list"
)]
pub enum Change {
    /// An accepted event is done: what became of it is in this batch's records.
    InboxDone(InboxNumber),
    /// A contact, as it is now.
    PutContact(Contact),
    /// An identity of a contact that is new, or belongs to another contact now.
    PutIdentity {
        /// The channel.
        channel: ChannelId,
        /// The network's id.
        identity: String,
        /// The contact.
        contact: ContactId,
    },
    /// Nobody is found by an identity any more.
    RemoveIdentity {
        /// The channel.
        channel: ChannelId,
        /// The network's id.
        identity: String,
    },
    /// An interaction, as it is now.
    PutInteraction(Interaction),
    /// A message, as it is now.
    PutMessage(Message),
    /// What an event says beyond its record.
    PutDetails {
        /// Under whom it is kept.
        contact: ContactId,
        /// The event's number.
        seq: Seq,
        /// The whole of it.
        event: Box<Happened>,
    },
    /// What an event says beyond its record is gone.
    RemoveDetails {
        /// Under whom it was kept.
        contact: ContactId,
        /// The event's number.
        seq: Seq,
    },
    /// A reaction to a message.
    PutReaction {
        /// Which.
        key: ReactionKey,
        /// The reaction, as it is now.
        reaction: MessageReaction,
    },
    /// A reaction was taken back.
    RemoveReaction(ReactionKey),
    /// How many reactions a message has.
    PutReactionCount {
        /// The message.
        message: MessageRef,
        /// How many.
        count: u64,
    },
    /// The network's payload of something, as it came.
    PutRaw {
        /// Of what.
        of: RawOf,
        /// When it was recorded.
        at: Timestamp,
        /// The payload.
        raw: String,
    },
    /// The network's payload of something is that of an accepted event, which is kept already.
    PutRawOfAccepted {
        /// Of what.
        of: RawOf,
        /// When it was recorded.
        at: Timestamp,
        /// The accepted event.
        accepted: InboxNumber,
    },
    /// Nobody needs a payload any more, nor that of the accepted event that stands for it.
    RemoveRaw(RawOf),
    /// One of the network's ids of a message.
    PutPlatformId {
        /// The channel.
        channel: ChannelId,
        /// The network's id.
        platform_id: String,
        /// The message.
        message: MessageRef,
    },
    /// No message is found by a network's id any more.
    RemovePlatformId {
        /// The channel.
        channel: ChannelId,
        /// The network's id.
        platform_id: String,
    },
    /// A message has files to be fetched.
    PutFetch(MessageRef),
    /// A message's files are fetched, or given up.
    RemoveFetch(MessageId),
    /// An outbox entry, as it is now.
    PutOutbox(OutboxEntry),
    /// An outbox entry is done.
    RemoveOutbox {
        /// The channel.
        channel: ChannelId,
        /// Its place.
        number: OutboxNumber,
    },
    /// An event about a message that the hub does not know yet.
    PutEarly {
        /// The channel.
        channel: ChannelId,
        /// The network's id of the message.
        platform_id: String,
        /// All that are kept for this id.
        events: Vec<Early>,
    },
    /// The message has come, and its early events are done.
    RemoveEarly {
        /// The channel.
        channel: ChannelId,
        /// The network's id of the message.
        platform_id: String,
    },
    /// How a channel fares.
    PutHealth {
        /// The channel.
        channel: ChannelId,
        /// Its health.
        health: ChannelHealth,
    },
    /// What a channel has done.
    PutFigures {
        /// The channel.
        channel: ChannelId,
        /// Its figures.
        figures: ChannelFigures,
    },
    /// Something failed for good.
    PutDeadLetter(DeadLetter),
    /// It was redelivered, settled or deleted.
    RemoveDeadLetter {
        /// The channel.
        channel: ChannelId,
        /// The letter.
        id: DeadLetterId,
    },
    /// What an agent has begun to answer, as it is now.
    PutDraft {
        /// The interaction.
        interaction: InteractionId,
        /// The agent.
        agent: AgentId,
        /// The draft.
        draft: Draft,
    },
    /// It was sent, or thrown away.
    RemoveDraft {
        /// The interaction.
        interaction: InteractionId,
        /// The agent.
        agent: AgentId,
    },
    /// A note, as it is now.
    PutNote(Note),
    /// A note is gone.
    RemoveNote {
        /// The contact under whom it was kept.
        contact: ContactId,
        /// The note.
        note: NoteId,
    },
    /// A standard response, as it is now.
    PutResponse(Response),
    /// A standard response is gone.
    RemoveResponse(ResponseId),
    /// A message for models to learn from, as it is now.
    PutTraining(TrainingMessage),
    /// A message for models to learn from is gone.
    RemoveTraining(MessageId),
    /// A macro, as it is now.
    PutMacro(Macro),
    /// A macro is gone.
    RemoveMacro(MacroId),
    /// The site's configuration.
    PutConfig(Box<SiteConfig>),
    /// The router's state after an event.
    PutSnapshot {
        /// The event's number.
        seq: Seq,
        /// The state.
        state: Vec<u8>,
    },
    /// The answer to a request with an idempotency key.
    PutIdempotent {
        /// Who asked.
        principal: String,
        /// The key.
        key: String,
        /// The answer.
        result: IdempotentResult,
    },
    /// A vault entry.
    PutVault {
        /// Its key.
        key: String,
        /// Its value.
        value: Vec<u8>,
    },
    /// A vault entry is gone.
    RemoveVault {
        /// Its key.
        key: String,
    },
}

/// How much of a channel waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Backlog {
    /// Actions in its outbox.
    pub outbox: usize,
    /// What failed for good on it.
    pub dead_letters: usize,
}

/// A page of a listing that runs from the newest to the oldest.
#[derive(Debug, Clone, Copy)]
pub struct Page<K> {
    /// Only what is older than this; from the newest if `None`.
    pub before: Option<K>,
    /// The most entries.
    pub limit: usize,
}
