//! What a site's task keeps in memory. All of it follows from the store.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use linecard_model::event::Seq;
use linecard_model::interaction::{Interaction, Participant};
use linecard_model::manifest::Visibility;
use linecard_model::outbox::{ChannelFigures, ChannelHealth};
use linecard_model::routing::InteractionState;
use linecard_model::site::SiteConfig;
use linecard_model::{AgentId, ChannelId, ContactId, InteractionId, SiteId, Timestamp};
use linecard_router::Router;
use linecard_store::{Append, Change, Page};

use super::automatic::{Automatic, Timers};
use super::desk::Kept;
use super::early;
use super::health::Blamed;
use crate::channels::Channels;

/// A network's conversation on a channel.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ThreadKey {
    pub channel: ChannelId,
    pub thread: String,
}

/// An interaction of a thread that is not over: what decides whether a message joins it.
#[derive(Debug, Clone)]
pub(super) struct OpenWork {
    pub id: InteractionId,
    pub contact: ContactId,
    pub participants: Vec<Participant>,
    pub created_at: Timestamp,
    /// Whether its conversation goes on. One in wrap-up is not joined: what comes then is new work.
    pub goes_on: bool,
    /// Whether nobody has taken it yet.
    pub waits: bool,
    /// At whom it alerts, who has it, or who parked it.
    pub agent: Option<AgentId>,
}

impl OpenWork {
    /// What is kept of an interaction; `None` if it is over.
    fn of(interaction: &Interaction) -> Option<Self> {
        let state = &interaction.state;
        let waits = matches!(
            state,
            InteractionState::Queued | InteractionState::Offered { .. }
        );
        interaction.is_open().then(|| Self {
            id: interaction.id,
            contact: interaction.contact,
            participants: interaction.participants.clone(),
            created_at: interaction.created_at,
            goes_on: waits
                || state.talking().is_some()
                || matches!(state, InteractionState::Parked { .. }),
            waits,
            agent: state.holder().cloned(),
        })
    }
}

/// A site's present state.
pub struct SiteState {
    pub(super) id: SiteId,
    pub(super) router: Router,
    pub(super) config: Arc<SiteConfig>,
    pub(super) channels: Channels,
    pub(super) open: BTreeMap<InteractionId, Interaction>,
    /// The open interactions of each contact.
    pub(super) by_contact: HashMap<ContactId, BTreeSet<InteractionId>>,
    pub(super) by_thread: HashMap<ThreadKey, Vec<OpenWork>>,
    /// The private conversations of a contact of which an interaction is not over, by interaction.
    pub(super) conversations: HashMap<ContactId, BTreeMap<InteractionId, ThreadKey>>,
    pub(super) health: HashMap<ChannelId, ChannelHealth>,
    pub(super) blamed: HashMap<ChannelId, Blamed>,
    pub(super) figures: HashMap<ChannelId, ChannelFigures>,
    /// What is kept about messages that have not come yet, of the channels that had such.
    pub(super) early: HashMap<ChannelId, early::Kept>,
    /// The standard responses and macros.
    pub(super) desk: Kept,
    /// The rules and opening hours in force.
    pub(super) automatic: Arc<Automatic>,
    /// When rules look at interactions again.
    pub(super) timers: Timers,
    pub(super) last_seq: Seq,
    /// When the opening hours of a queue are to be looked at again. None: they never change.
    pub(super) hours_change: Option<Timestamp>,
}

impl SiteState {
    /// The site.
    pub fn id(&self) -> &SiteId {
        &self.id
    }

    /// The router: offers, presence, explanations, numbers.
    pub fn router(&self) -> &Router {
        &self.router
    }

    /// The configuration in force.
    pub fn config(&self) -> &Arc<SiteConfig> {
        &self.config
    }

    /// The channels at work.
    pub fn channels(&self) -> &Channels {
        &self.channels
    }

    /// The interactions that are not over, oldest first.
    pub fn open(&self) -> impl DoubleEndedIterator<Item = &Interaction> {
        self.open.values()
    }

    /// An interaction that is not over.
    pub fn interaction(&self, id: InteractionId) -> Option<&Interaction> {
        self.open.get(&id)
    }

    /// The interactions with a contact that are not over, oldest first.
    pub fn open_with(&self, contact: ContactId) -> impl Iterator<Item = &Interaction> {
        let ids = self.by_contact.get(&contact).into_iter().flatten();
        ids.filter_map(|id| self.open.get(id))
    }

    /// How a channel fares.
    pub fn health(&self, channel: &ChannelId) -> ChannelHealth {
        self.health.get(channel).cloned().unwrap_or_default()
    }

    /// The number of the newest event in this state. An event stream that begins after it misses
    /// nothing.
    pub fn seq(&self) -> Seq {
        self.last_seq
    }

    /// The open interactions of a thread, oldest first.
    pub(super) fn of_thread(&self, key: &ThreadKey) -> &[OpenWork] {
        self.by_thread.get(key).map_or(&[], Vec::as_slice)
    }

    /// The private conversation on a channel in which the newest interaction with a person is that is
    /// not over.
    pub(super) fn conversation_with(
        &self,
        contacts: &[ContactId],
        channel: &ChannelId,
    ) -> Option<&ThreadKey> {
        let conversations = contacts.iter().filter_map(|c| self.conversations.get(c));
        let of_channel = conversations
            .flatten()
            .filter(|(_, of)| &of.channel == channel);
        of_channel.max_by_key(|(id, _)| **id).map(|(_, of)| of)
    }

    /// The private interactions with a person on a channel that are not over, oldest first.
    pub(super) fn conversations_of(
        &self,
        contacts: &[ContactId],
        channel: &ChannelId,
    ) -> BTreeSet<InteractionId> {
        let conversations = contacts.iter().filter_map(|c| self.conversations.get(c));
        let of_channel = conversations
            .flatten()
            .filter(|(_, of)| &of.channel == channel);
        of_channel.map(|(id, _)| *id).collect()
    }

    /// The other interactions of the same thread that are not over, oldest first.
    pub fn pending_beside(&self, interaction: &Interaction) -> impl Iterator<Item = &Interaction> {
        let key = ThreadKey::of(interaction);
        let own = interaction.id;
        self.by_thread
            .get(&key)
            .into_iter()
            .flatten()
            .filter(move |work| work.id != own)
            .filter_map(|work| self.open.get(&work.id))
    }

    /// Takes over what has become durable.
    pub(super) fn committed(&mut self, append: &Append) {
        if let Some(record) = append.records.last() {
            self.last_seq = record.last_seq();
        }
        for change in &append.changes {
            if let Change::PutInteraction(interaction) = change {
                self.keep(interaction.clone());
            }
            self.desk.follow(change);
        }
    }

    /// Keeps an interaction as long as it is open.
    pub(super) fn keep(&mut self, interaction: Interaction) {
        let id = interaction.id;
        let before = if interaction.is_open() {
            let contacts = interaction.contacts();
            let before = self.open.insert(id, interaction);
            for contact in &contacts {
                self.by_contact.entry(*contact).or_default().insert(id);
            }
            before.map(|before| (before, contacts))
        } else {
            self.open.remove(&id).map(|before| (before, Vec::new()))
        };
        let Some((before, contacts)) = before else {
            return;
        };
        for contact in before.contacts() {
            if contacts.contains(&contact) {
                continue;
            }
            if let Some(ids) = self.by_contact.get_mut(&contact) {
                ids.remove(&id);
                if ids.is_empty() {
                    self.by_contact.remove(&contact);
                }
            }
        }
    }

    /// Keeps timers, [`Self::of_thread`] and [`Self::conversation_with`] right when an interaction changes,
    /// also within a batch that is not durable yet.
    pub(super) fn thread_follows(&mut self, interaction: &Interaction) {
        self.timers.keep(interaction);
        let key = ThreadKey::of(interaction);
        if interaction.visibility == Visibility::Private {
            let conversations = self.conversations.entry(interaction.contact).or_default();
            if interaction.is_open() {
                conversations.insert(interaction.id, key.clone());
            } else {
                conversations.remove(&interaction.id);
            }
            if conversations.is_empty() {
                self.conversations.remove(&interaction.contact);
            }
        }
        let Some(work) = OpenWork::of(interaction) else {
            if let Some(works) = self.by_thread.get_mut(&key) {
                works.retain(|work| work.id != interaction.id);
                if works.is_empty() {
                    self.by_thread.remove(&key);
                }
            }
            return;
        };
        let works = self.by_thread.entry(key).or_default();
        match works.iter_mut().find(|known| known.id == work.id) {
            Some(known) => *known = work,
            None => works.push(work),
        }
    }
}

impl ThreadKey {
    fn of(interaction: &Interaction) -> Self {
        Self {
            channel: interaction.channel.clone(),
            thread: interaction.thread.clone(),
        }
    }
}

/// A page of the newest.
pub(super) fn newest<K>(limit: usize) -> Page<K> {
    Page {
        before: None,
        limit,
    }
}
