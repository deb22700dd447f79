//! The durable inbox, journal, views and history of a site, behind one trait.
//!
//! # Use this when
//! something must outlive the process. A write that was awaited is on disk.
//!
//! # Invariants
//! - An event is accepted once for each (channel, platform event id).
//! - The journal's numbers are dense. A record and the views that it changes are written together or
//!   not at all.
//! - A write of an owner whose [`Epoch`] is not the newest is refused.

mod change;
#[cfg(feature = "conformance")]
pub mod conformance;
pub mod content;
mod error;
mod unit;

pub use change::{
    Accept, Accepted, Append, Backlog, Change, Early, IdempotentResult, InboxEntry, InboxNumber,
    Kept, MessageRef, Page, PurgeCursor, Purged, RawOf, ReactionKey, Reactions, thread_identity,
};
pub use error::StoreError;
pub use unit::{UnitOfWork, take_raw};

use async_trait::async_trait;
use linecard_model::contact::Contact;
use linecard_model::dead_letter::DeadLetter;
use linecard_model::desk::{Draft, Note};
use linecard_model::event::{Event, Record, Seq};
use linecard_model::interaction::Interaction;
use linecard_model::message::{Message, MessageReaction};
use linecard_model::outbox::{ChannelFigures, ChannelHealth, OutboxEntry, OutboxNumber};
use linecard_model::response::{Macro, Response};
use linecard_model::site::SiteConfig;
use linecard_model::training::TrainingMessage;
use linecard_model::{
    AgentId, ChannelId, ContactId, DeadLetterId, InteractionId, MessageId, NoteId, ResponseId,
    SiteId, Timestamp,
};

/// Which ownership of a site a write belongs to. Each [`Store::own`] hands out a higher one.
pub type Epoch = u64;

/// Takes the pieces of a backup, in order, and says whether more are wanted. It may block: it is called where
/// nothing else waits.
pub type BackupSink = Box<dyn FnMut(Vec<u8>) -> bool + Send>;

/// A result of this crate.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// What keeps a site's data. Every implementation passes the suite in `conformance`.
///
/// Reads see all writes that were awaited before them. Every error means that nothing was written,
/// except [`StoreError::Fatal`]: after it the store takes no more writes, and the process must stop
/// taking work.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Takes a site over: from now on, writes with an older epoch are refused.
    async fn own(&self, site: &SiteId) -> Result<Epoch>;

    /// Takes platform events into the inbox, each (channel, event id) once, in one durable write.
    /// Many concurrent calls share one synchronization of the disk.
    async fn accept(&self, site: &SiteId, accept: Accept) -> Result<Accepted>;

    /// The accepted events that are not done yet, in the order of acceptance, after a number.
    async fn inbox(
        &self,
        site: &SiteId,
        after: InboxNumber,
        limit: usize,
    ) -> Result<Vec<InboxEntry>>;

    /// Writes records and view changes in one atomic, durable batch.
    ///
    /// The first record's number must follow the journal's last.
    async fn append(&self, site: &SiteId, epoch: Epoch, append: Append) -> Result<()>;

    /// The number of the journal's last event; 0 if there is none.
    async fn last_seq(&self, site: &SiteId) -> Result<Seq>;

    /// The number of the journal's oldest event that is still kept; 1 if all are.
    async fn first_seq(&self, site: &SiteId) -> Result<Seq>;

    /// The records that hold events after a number, oldest first, `limit` records at most. The first
    /// one may begin at or before that number. They are without their content: see [`content`].
    async fn journal(&self, site: &SiteId, after: Seq, limit: usize) -> Result<Vec<Record>>;

    /// The router's newest snapshot and the number of the last event in it.
    async fn snapshot(&self, site: &SiteId) -> Result<Option<(Seq, Vec<u8>)>>;

    /// The site's configuration.
    async fn config(&self, site: &SiteId) -> Result<Option<SiteConfig>>;

    /// A contact.
    async fn contact(&self, site: &SiteId, id: ContactId) -> Result<Option<Contact>>;

    /// The contact with this identity on a channel: by the id, or by an alias that no other contact has
    /// as its id.
    async fn contact_by_identity(
        &self,
        site: &SiteId,
        channel: &ChannelId,
        identity: &str,
    ) -> Result<Option<ContactId>>;

    /// Contacts, newest first.
    async fn contacts(&self, site: &SiteId, page: Page<ContactId>) -> Result<Vec<Contact>>;

    /// An interaction, open or ended.
    async fn interaction(&self, site: &SiteId, id: InteractionId) -> Result<Option<Interaction>>;

    /// All open interactions, oldest first.
    async fn open_interactions(&self, site: &SiteId) -> Result<Vec<Interaction>>;

    /// Ended interactions, newest first.
    async fn ended_interactions(
        &self,
        site: &SiteId,
        page: Page<InteractionId>,
    ) -> Result<Vec<Interaction>>;

    /// A message.
    async fn message(
        &self,
        site: &SiteId,
        contact: ContactId,
        id: MessageId,
    ) -> Result<Option<Message>>;

    /// One reaction to a message.
    async fn reaction(&self, site: &SiteId, key: &ReactionKey) -> Result<Option<MessageReaction>>;

    /// The reactions to a message: how many there are, and some of them, in an order that stays the
    /// same. `after` is a reaction after which to go on.
    async fn reactions(
        &self,
        site: &SiteId,
        message: MessageRef,
        after: Option<&ReactionKey>,
        limit: usize,
    ) -> Result<Reactions>;

    /// What an event says beyond its record: the whole of it, kept under a contact.
    async fn details(&self, site: &SiteId, contact: ContactId, seq: Seq) -> Result<Option<Event>>;

    /// The numbers of events of which something is kept beside under a contact, in order, after a number.
    async fn details_of(
        &self,
        site: &SiteId,
        contact: ContactId,
        after: Seq,
        limit: usize,
    ) -> Result<Vec<Seq>>;

    /// The network's payload of a message or an event, as it came, if it is still kept.
    async fn raw(&self, site: &SiteId, of: RawOf) -> Result<Option<String>>;

    /// The message with one of the network's ids.
    async fn message_by_platform_id(
        &self,
        site: &SiteId,
        channel: &ChannelId,
        platform_id: &str,
    ) -> Result<Option<MessageRef>>;

    /// All messages exchanged with a contact, over all channels, newest first.
    async fn history(
        &self,
        site: &SiteId,
        contact: ContactId,
        page: Page<MessageId>,
    ) -> Result<Vec<Message>>;

    /// What an agent has begun to answer in an interaction.
    async fn draft(
        &self,
        site: &SiteId,
        interaction: InteractionId,
        agent: &AgentId,
    ) -> Result<Option<Draft>>;

    /// A note that is kept under a contact.
    async fn note(&self, site: &SiteId, contact: ContactId, id: NoteId) -> Result<Option<Note>>;

    /// The notes that are kept under a contact, those on its interactions included, newest first.
    async fn notes(
        &self,
        site: &SiteId,
        contact: ContactId,
        page: Page<NoteId>,
    ) -> Result<Vec<Note>>;

    /// All standard responses, in the order of their names.
    async fn responses(&self, site: &SiteId) -> Result<Vec<Response>>;

    /// A standard response.
    async fn response(&self, site: &SiteId, id: &ResponseId) -> Result<Option<Response>>;

    /// The messages for models to learn from, newest first.
    async fn training_messages(
        &self,
        site: &SiteId,
        page: Page<MessageId>,
    ) -> Result<Vec<TrainingMessage>>;

    /// A message for models to learn from.
    async fn training_message(
        &self,
        site: &SiteId,
        id: MessageId,
    ) -> Result<Option<TrainingMessage>>;

    /// All macros, in the order of their names.
    async fn macros(&self, site: &SiteId) -> Result<Vec<Macro>>;

    /// The messages that have files to be fetched, oldest first, after a message.
    async fn fetches(
        &self,
        site: &SiteId,
        after: Option<MessageId>,
        limit: usize,
    ) -> Result<Vec<MessageRef>>;

    /// A channel's outbox, in order, after a number.
    async fn outbox(
        &self,
        site: &SiteId,
        channel: &ChannelId,
        after: OutboxNumber,
        limit: usize,
    ) -> Result<Vec<OutboxEntry>>;

    /// A number that no outbox entry of the site has ever exceeded, also of those that are done: new
    /// ones go on above it.
    async fn last_outbox(&self, site: &SiteId) -> Result<OutboxNumber>;

    /// Events about a message that the hub does not know yet (a receipt can overtake the answer to
    /// the send).
    async fn early(
        &self,
        site: &SiteId,
        channel: &ChannelId,
        platform_id: &str,
    ) -> Result<Vec<Early>>;

    /// What is kept of a channel about messages that the hub does not know yet, message by message, in no
    /// order of time.
    async fn early_of(
        &self,
        site: &SiteId,
        channel: &ChannelId,
        limit: usize,
    ) -> Result<Vec<Vec<Early>>>;

    /// Where the channel's next poll goes on.
    async fn cursor(&self, site: &SiteId, channel: &ChannelId) -> Result<Option<Vec<u8>>>;

    /// How the channel fares.
    async fn health(&self, site: &SiteId, channel: &ChannelId) -> Result<Option<ChannelHealth>>;

    /// What the channel has done, as far as it is known.
    async fn figures(&self, site: &SiteId, channel: &ChannelId) -> Result<Option<ChannelFigures>>;

    /// What failed for good on a channel, newest first.
    async fn dead_letters(
        &self,
        site: &SiteId,
        channel: &ChannelId,
        page: Page<DeadLetterId>,
    ) -> Result<Vec<DeadLetter>>;

    /// Something that failed for good on a channel.
    async fn dead_letter(
        &self,
        site: &SiteId,
        channel: &ChannelId,
        id: DeadLetterId,
    ) -> Result<Option<DeadLetter>>;

    /// How much of a channel waits, each counted up to a limit.
    async fn backlog(&self, site: &SiteId, channel: &ChannelId, limit: usize) -> Result<Backlog>;

    /// What was answered to a request with an idempotency key.
    async fn idempotent(
        &self,
        site: &SiteId,
        principal: &str,
        key: &str,
    ) -> Result<Option<IdempotentResult>>;

    /// The answers to requests with an idempotency key, each with who asked and the key, in an order that
    /// stays the same, after one of them.
    async fn idempotents(
        &self,
        site: &SiteId,
        after: Option<(&str, &str)>,
        limit: usize,
    ) -> Result<Vec<(String, String, IdempotentResult)>>;

    /// A value that is neither journaled nor rebuilt: password and token hashes, encrypted secrets.
    async fn vault(&self, site: &SiteId, key: &str) -> Result<Option<Vec<u8>>>;

    /// All vault entries whose key begins with a prefix, in the order of their keys.
    async fn vault_scan(&self, site: &SiteId, prefix: &str) -> Result<Vec<(String, Vec<u8>)>>;

    /// One step of forgetting what is from before a time: looks at `limit` values after a place, and
    /// says where to go on.
    async fn purge(
        &self,
        site: &SiteId,
        kept: Kept,
        before: Timestamp,
        after: Option<PurgeCursor>,
        limit: usize,
    ) -> Result<Purged>;

    /// Gives everything as lines of an export (`linecard import` reads them), as it is at one moment near the
    /// end, while reads and writes go on. Gives how many lines tell of a value. An export without its last
    /// line is not whole.
    ///
    /// # Errors
    /// [`StoreError::BackupRuns`] if another one is being made, [`StoreError::BackupUnwanted`] if the sink
    /// wants no more, [`StoreError::BackupTooSlow`] if it cannot keep up with the writers, and
    /// [`StoreError::Value`] for a value that cannot be read: a backup with gaps would be none.
    async fn backup(&self, out: BackupSink) -> Result<u64>;

    /// Makes everything that was written durable and takes no more writes.
    async fn close(&self) -> Result<()>;
}
