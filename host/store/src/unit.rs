//! One unit of work: reads that see what the unit itself has changed, and the batch to append.
//!
//! # Use this when
//! commands are turned into records. Views follow from events here and nowhere else: the same code
//! runs live and when the views are rebuilt from the journal.
//!
//! # Invariants
//! - Nothing is written before [`UnitOfWork::finish`]'s batch is given to [`Store::append`]. A unit
//!   after an error, or whose batch was refused, is thrown away.
//! - Each key is in the batch once, as it is at the end of the unit.

mod desk;
mod erase;
mod finish;
mod project;
mod route;

use std::collections::{HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

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
    AgentId, ChannelId, ContactId, DeadLetterId, InteractionId, MacroId, MessageId, NoteId,
    ResponseId, SiteId, Timestamp,
};

use crate::content::{Place, kept_apart};
use crate::{
    Early, IdempotentResult, InboxNumber, MessageRef, Page, RawOf, ReactionKey, Result, Store,
    thread_identity,
};

/// A view's values as the unit sees them: read, or changed by it.
struct Overlay<K, V>(HashMap<K, Slot<V>>);

struct Slot<V> {
    value: Option<Arc<V>>,
    changed: bool,
}

impl<K: Eq + Hash, V: Clone> Overlay<K, V> {
    fn new() -> Self {
        Self(HashMap::new())
    }

    /// What the unit knows; `None` if it must ask the store.
    fn known(&self, key: &K) -> Option<&Slot<V>> {
        self.0.get(key)
    }

    fn learn(&mut self, key: K, value: Option<V>) -> Option<Arc<V>> {
        let value = value.map(Arc::new);
        let slot = Slot {
            value: value.clone(),
            changed: false,
        };
        self.0.insert(key, slot);
        value
    }

    fn set(&mut self, key: K, value: Option<V>) {
        let value = value.map(Arc::new);
        self.0.insert(
            key,
            Slot {
                value,
                changed: true,
            },
        );
    }

    /// The value to be changed, if there is one. Only for a key that is known.
    fn change(&mut self, key: &K) -> Option<&mut V> {
        let slot = self.0.get_mut(key)?;
        let value = slot.value.as_mut()?;
        slot.changed = true;
        Some(Arc::make_mut(value))
    }

    fn into_changed(self) -> impl Iterator<Item = (K, Option<V>)> {
        self.0
            .into_iter()
            .filter(|(_, slot)| slot.changed)
            .map(|(key, slot)| (key, slot.value.map(Arc::unwrap_or_clone)))
    }
}

type NetworkId = (ChannelId, String);

/// One unit of work on a site. See the module's documentation.
pub struct UnitOfWork {
    store: Arc<dyn Store>,
    site: SiteId,
    next_seq: Seq,
    records: Vec<Record>,
    contacts: Overlay<ContactId, Contact>,
    identities: Overlay<NetworkId, ContactId>,
    interactions: Overlay<InteractionId, Interaction>,
    messages: Overlay<(ContactId, MessageId), Message>,
    reactions: Overlay<ReactionKey, MessageReaction>,
    reaction_counts: Overlay<MessageRef, u64>,
    details: Vec<(ContactId, Seq, Event)>,
    platform_ids: Overlay<NetworkId, MessageRef>,
    fetches: Overlay<MessageId, MessageRef>,
    early: Overlay<NetworkId, Vec<Early>>,
    outbox: Overlay<(ChannelId, OutboxNumber), OutboxEntry>,
    health: Overlay<ChannelId, ChannelHealth>,
    figures: Overlay<ChannelId, ChannelFigures>,
    dead_letters: Overlay<(ChannelId, DeadLetterId), DeadLetter>,
    drafts: Overlay<(InteractionId, AgentId), Draft>,
    notes: Overlay<(ContactId, NoteId), Note>,
    responses: Overlay<ResponseId, Response>,
    training: Overlay<MessageId, TrainingMessage>,
    macros: Overlay<MacroId, Macro>,
    config: Option<Box<SiteConfig>>,
    snapshot: Option<(Seq, Vec<u8>)>,
    idempotent: Overlay<(String, String), IdempotentResult>,
    vault: Overlay<String, Vec<u8>>,
    raw: Vec<(RawOf, Timestamp, String)>,
    raw_of_accepted: Vec<(RawOf, Timestamp, InboxNumber)>,
    raw_gone: Vec<RawOf>,
    details_gone: Vec<(ContactId, Seq)>,
    /// The accepted event at hand, with its payload.
    arriving: Option<(InboxNumber, String)>,
    inbox_done: HashSet<InboxNumber>,
}

impl std::fmt::Debug for UnitOfWork {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UnitOfWork")
            .field("site", &self.site)
            .field("next_seq", &self.next_seq)
            .field("records", &self.records.len())
            .finish_non_exhaustive()
    }
}

/// Reads. Each key is asked of the store once; what is returned is a snapshot that costs no copy.
impl UnitOfWork {
    /// Begins a unit whose first event gets the number `next_seq`.
    pub fn new(store: Arc<dyn Store>, site: SiteId, next_seq: Seq) -> Self {
        Self {
            store,
            site,
            next_seq,
            records: Vec::new(),
            contacts: Overlay::new(),
            identities: Overlay::new(),
            interactions: Overlay::new(),
            messages: Overlay::new(),
            reactions: Overlay::new(),
            reaction_counts: Overlay::new(),
            details: Vec::new(),
            platform_ids: Overlay::new(),
            fetches: Overlay::new(),
            early: Overlay::new(),
            outbox: Overlay::new(),
            health: Overlay::new(),
            figures: Overlay::new(),
            dead_letters: Overlay::new(),
            drafts: Overlay::new(),
            notes: Overlay::new(),
            responses: Overlay::new(),
            training: Overlay::new(),
            macros: Overlay::new(),
            config: None,
            snapshot: None,
            idempotent: Overlay::new(),
            vault: Overlay::new(),
            raw: Vec::new(),
            raw_of_accepted: Vec::new(),
            raw_gone: Vec::new(),
            details_gone: Vec::new(),
            arriving: None,
            inbox_done: HashSet::new(),
        }
    }

    /// The site.
    pub fn site(&self) -> &SiteId {
        &self.site
    }

    /// The store, without what this unit has changed.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The number that the next event will get.
    pub fn next_seq(&self) -> Seq {
        self.next_seq
    }

    /// A contact.
    pub async fn contact(&mut self, id: ContactId) -> Result<Option<Arc<Contact>>> {
        if let Some(known) = self.contacts.known(&id) {
            return Ok(known.value.clone());
        }
        let found = self.store.contact(&self.site, id).await?;
        Ok(self.contacts.learn(id, found))
    }

    /// The contact with this identity on a channel.
    pub async fn contact_by_identity(
        &mut self,
        channel: &ChannelId,
        identity: &str,
    ) -> Result<Option<Arc<Contact>>> {
        let key = (channel.clone(), identity.to_owned());
        let id = if let Some(known) = self.identities.known(&key) {
            known.value.clone()
        } else {
            let found = self
                .store
                .contact_by_identity(&self.site, channel, identity)
                .await?;
            self.identities.learn(key, found)
        };
        match id {
            Some(id) => self.contact(*id).await,
            None => Ok(None),
        }
    }

    /// The contact that stands for a public conversation.
    pub async fn contact_of_thread(
        &mut self,
        channel: &ChannelId,
        thread: &str,
    ) -> Result<Option<Arc<Contact>>> {
        self.contact_by_identity(channel, &thread_identity(thread))
            .await
    }

    /// An interaction, open or ended.
    pub async fn interaction(&mut self, id: InteractionId) -> Result<Option<Arc<Interaction>>> {
        if let Some(known) = self.interactions.known(&id) {
            return Ok(known.value.clone());
        }
        let found = self.store.interaction(&self.site, id).await?;
        Ok(self.interactions.learn(id, found))
    }

    /// An interaction as it is in the store, from somebody who has it at hand: it is not asked for again.
    pub fn know_interaction(&mut self, interaction: &Interaction) {
        if self.interactions.known(&interaction.id).is_none() {
            self.interactions
                .learn(interaction.id, Some(interaction.clone()));
        }
    }

    /// A message.
    pub async fn message(
        &mut self,
        contact: ContactId,
        id: MessageId,
    ) -> Result<Option<Arc<Message>>> {
        if let Some(known) = self.messages.known(&(contact, id)) {
            return Ok(known.value.clone());
        }
        let found = self.store.message(&self.site, contact, id).await?;
        Ok(self.messages.learn((contact, id), found))
    }

    /// A reaction to a message.
    async fn reaction(&mut self, key: &ReactionKey) -> Result<Option<Arc<MessageReaction>>> {
        if let Some(known) = self.reactions.known(key) {
            return Ok(known.value.clone());
        }
        let found = self.store.reaction(&self.site, key).await?;
        Ok(self.reactions.learn(key.clone(), found))
    }

    /// How many reactions a message has.
    async fn reaction_count(&mut self, message: MessageRef) -> Result<u64> {
        if let Some(known) = self.reaction_counts.known(&message) {
            return Ok(known.value.as_deref().copied().unwrap_or(0));
        }
        let found = self.store.reactions(&self.site, message, None, 0).await?;
        let count = self.reaction_counts.learn(message, Some(found.total));
        Ok(count.as_deref().copied().unwrap_or(0))
    }

    /// Where the message is that has a network's id.
    pub async fn place_of_platform_id(
        &mut self,
        channel: &ChannelId,
        platform_id: &str,
    ) -> Result<Option<Arc<MessageRef>>> {
        let key = (channel.clone(), platform_id.to_owned());
        if let Some(known) = self.platform_ids.known(&key) {
            return Ok(known.value.clone());
        }
        let found = self
            .store
            .message_by_platform_id(&self.site, channel, platform_id)
            .await?;
        Ok(self.platform_ids.learn(key, found))
    }

    /// The message with one of the network's ids.
    pub async fn message_by_platform_id(
        &mut self,
        channel: &ChannelId,
        platform_id: &str,
    ) -> Result<Option<Arc<Message>>> {
        match self.place_of_platform_id(channel, platform_id).await? {
            Some(place) => self.message(place.contact, place.message).await,
            None => Ok(None),
        }
    }

    /// A page of what was exchanged with a contact, newest first, as it is with this unit's changes.
    pub async fn history(
        &mut self,
        contact: ContactId,
        page: Page<MessageId>,
    ) -> Result<Vec<Arc<Message>>> {
        let stored = self.store.history(&self.site, contact, page).await?;
        let mut messages: Vec<Arc<Message>> = Vec::with_capacity(stored.len());
        for message in stored {
            let key = (contact, message.id);
            let known = match self.messages.known(&key) {
                Some(known) => known.value.clone(),
                None => self.messages.learn(key, Some(message)),
            };
            messages.extend(known);
        }
        // What this unit added is not in the store yet. A message that is older than the page and
        // only known from another look is left to its own page.
        let oldest = messages.last().map(|m| m.id);
        let is_whole = messages.len() < page.limit;
        let added = self.messages.0.iter().filter(|((owner, id), slot)| {
            *owner == contact
                && slot.changed
                && page.before.is_none_or(|before| *id < before)
                && (is_whole || oldest.is_none_or(|oldest| *id > oldest))
        });
        let added: Vec<Arc<Message>> = added.filter_map(|(_, slot)| slot.value.clone()).collect();
        for message in added {
            if messages.iter().all(|known| known.id != message.id) {
                messages.push(message);
            }
        }
        messages.sort_by_key(|message| std::cmp::Reverse(message.id));
        messages.truncate(page.limit);
        Ok(messages)
    }

    /// Events about a message that the hub does not know yet.
    pub async fn early(
        &mut self,
        channel: &ChannelId,
        platform_id: &str,
    ) -> Result<Arc<Vec<Early>>> {
        let key = (channel.clone(), platform_id.to_owned());
        let known = if let Some(known) = self.early.known(&key) {
            known.value.clone()
        } else {
            let found = self.store.early(&self.site, channel, platform_id).await?;
            self.early.learn(key, Some(found))
        };
        Ok(known.unwrap_or_default())
    }

    /// An outbox entry.
    pub async fn outbox_entry(
        &mut self,
        channel: &ChannelId,
        number: OutboxNumber,
    ) -> Result<Option<Arc<OutboxEntry>>> {
        let key = (channel.clone(), number);
        if let Some(known) = self.outbox.known(&key) {
            return Ok(known.value.clone());
        }
        // Numbers begin at 1, and a page holds what is after a number.
        let found = self
            .store
            .outbox(&self.site, channel, number.saturating_sub(1), 1)
            .await?
            .into_iter()
            .find(|entry| entry.number == number);
        Ok(self.outbox.learn(key, found))
    }

    /// Something that failed for good on a channel.
    pub async fn dead_letter(
        &mut self,
        channel: &ChannelId,
        id: DeadLetterId,
    ) -> Result<Option<Arc<DeadLetter>>> {
        let key = (channel.clone(), id);
        if let Some(known) = self.dead_letters.known(&key) {
            return Ok(known.value.clone());
        }
        let found = self.store.dead_letter(&self.site, channel, id).await?;
        Ok(self.dead_letters.learn(key, found))
    }

    /// What was answered to a request with an idempotency key.
    pub async fn idempotent(
        &mut self,
        principal: &str,
        key: &str,
    ) -> Result<Option<Arc<IdempotentResult>>> {
        let both = (principal.to_owned(), key.to_owned());
        if let Some(known) = self.idempotent.known(&both) {
            return Ok(known.value.clone());
        }
        let found = self.store.idempotent(&self.site, principal, key).await?;
        Ok(self.idempotent.learn(both, found))
    }
}

/// Changes.
impl UnitOfWork {
    /// Adds a record of these events, which happened at a time by the hub's clock, and changes the
    /// views as the events say. Gives the number of the first one. No events add nothing.
    ///
    /// The networks' payloads are taken out of the events and kept apart. The record has the events as
    /// they are, for those who hear of them now; what the store keeps of it repeats no [content](crate::content).
    pub async fn record(&mut self, at: Timestamp, mut events: Vec<Event>) -> Result<Seq> {
        let first_seq = self.next_seq;
        if events.is_empty() {
            return Ok(first_seq);
        }
        for (seq, event) in (first_seq..).zip(&mut events) {
            if let Some((of, raw)) = take_raw(seq, event) {
                match &self.arriving {
                    // It is kept since it was accepted.
                    Some((number, known)) if *known == raw => {
                        self.raw_of_accepted.push((of, at, *number));
                    }
                    _ => self.raw.push((of, at, raw)),
                }
            }
            if let Some((_, Place::Beside(contact))) = kept_apart(event) {
                self.details.push((contact, seq, event.clone()));
            }
            self.project(seq, at, event).await?;
        }
        let record = Record {
            first_seq,
            at,
            events,
        };
        self.next_seq = record.last_seq() + 1;
        self.records.push(record);
        Ok(first_seq)
    }

    /// Adds a record of the journal again, and changes the views as those of its events say that are
    /// `wanted`. What is kept beside its events is there already.
    pub async fn record_again(
        &mut self,
        record: Record,
        mut wanted: impl FnMut(&Event) -> bool,
    ) -> Result<()> {
        for (seq, event) in record.numbered() {
            if wanted(event) {
                self.project(seq, record.at, event).await?;
            }
        }
        self.next_seq = record.last_seq() + 1;
        self.records.push(record);
        Ok(())
    }

    /// What is recorded from here on, until it is done, comes of this accepted event.
    pub fn arrives(&mut self, number: InboxNumber, raw: &str) {
        self.arriving = Some((number, raw.to_owned()));
    }

    /// An accepted event is done: what became of it is in this unit's records.
    pub fn inbox_done(&mut self, number: InboxNumber) {
        self.arriving = None;
        self.inbox_done.insert(number);
    }

    /// An outbox entry, as it is now.
    pub fn put_outbox(&mut self, entry: OutboxEntry) {
        self.outbox
            .set((entry.channel.clone(), entry.number), Some(entry));
    }

    /// An outbox entry is done.
    pub fn remove_outbox(&mut self, channel: &ChannelId, number: OutboxNumber) {
        self.outbox.set((channel.clone(), number), None);
    }

    /// What a channel has done.
    pub fn put_figures(&mut self, channel: &ChannelId, figures: ChannelFigures) {
        self.figures.set(channel.clone(), Some(figures));
    }

    /// Something failed for good.
    pub fn put_dead_letter(&mut self, letter: DeadLetter) {
        self.dead_letters
            .set((letter.channel.clone(), letter.id), Some(letter));
    }

    /// Something that had failed was redelivered, settled or deleted.
    pub fn remove_dead_letter(&mut self, channel: &ChannelId, id: DeadLetterId) {
        self.dead_letters.set((channel.clone(), id), None);
    }

    /// Keeps an event about a message that the hub does not know yet, after those kept before.
    pub async fn put_early(
        &mut self,
        channel: &ChannelId,
        platform_id: &str,
        early: Early,
    ) -> Result<()> {
        let mut events = Arc::unwrap_or_clone(self.early(channel, platform_id).await?);
        events.push(early);
        self.early
            .set((channel.clone(), platform_id.to_owned()), Some(events));
        Ok(())
    }

    /// The message has come, and its early events are done.
    pub fn remove_early(&mut self, channel: &ChannelId, platform_id: &str) {
        self.early
            .set((channel.clone(), platform_id.to_owned()), None);
    }

    /// The answer to a request with an idempotency key.
    pub fn put_idempotent(
        &mut self,
        principal: impl Into<String>,
        key: impl Into<String>,
        result: IdempotentResult,
    ) {
        self.idempotent
            .set((principal.into(), key.into()), Some(result));
    }

    /// A vault entry.
    pub fn put_vault(&mut self, key: impl Into<String>, value: Vec<u8>) {
        self.vault.set(key.into(), Some(value));
    }

    /// A vault entry is gone.
    pub fn remove_vault(&mut self, key: impl Into<String>) {
        self.vault.set(key.into(), None);
    }

    /// The router's state after an event.
    pub fn put_snapshot(&mut self, seq: Seq, state: Vec<u8>) {
        self.snapshot = Some((seq, state));
    }
}

/// Takes the network's payload out of an event, with what it belongs to.
pub fn take_raw(seq: Seq, event: &mut Event) -> Option<(RawOf, String)> {
    let (of, raw) = match event {
        Event::MessageReceived(message) | Event::MessageAccepted(message) => {
            (RawOf::Message(message.id), &mut message.raw)
        }
        Event::PlatformEvent { raw, .. } => (RawOf::Event(seq), raw),
        _ => return None,
    };
    (!raw.is_empty()).then(|| (of, std::mem::take(raw)))
}
