//! What a site's task keeps in memory. All of it follows from the store.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use linecard_model::event::Seq;
use linecard_model::interaction::Interaction;
use linecard_model::outbox::ChannelHealth;
use linecard_model::routing::InteractionState;
use linecard_model::site::SiteConfig;
use linecard_model::{ChannelId, ContactId, InteractionId, SiteId, Timestamp};
use linecard_router::Router;
use linecard_store::{Append, Change, Page};

use crate::channels::Channels;

/// A customer's conversation on a channel.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct ThreadKey {
    pub channel: ChannelId,
    pub thread: String,
    pub contact: ContactId,
}

/// A site's present state.
pub struct SiteState {
    pub(super) id: SiteId,
    pub(super) router: Router,
    pub(super) config: Arc<SiteConfig>,
    pub(super) channels: Channels,
    pub(super) open: BTreeMap<InteractionId, Interaction>,
    pub(super) by_thread: HashMap<ThreadKey, InteractionId>,
    pub(super) health: HashMap<ChannelId, ChannelHealth>,
    pub(super) last_seq: Seq,
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

    /// How a channel fares.
    pub fn health(&self, channel: &ChannelId) -> ChannelHealth {
        self.health.get(channel).cloned().unwrap_or_default()
    }

    /// The number of the newest event in this state. An event stream that begins after it misses
    /// nothing.
    pub fn seq(&self) -> Seq {
        self.last_seq
    }

    /// The open interaction that a message in a conversation joins.
    ///
    /// One in wrap-up is not joined: its conversation is over, and what comes then is new work.
    pub(super) fn joinable(&self, key: &ThreadKey) -> Option<InteractionId> {
        self.by_thread.get(key).copied()
    }

    /// Takes over what has become durable.
    pub(super) fn committed(&mut self, append: &Append) {
        if let Some(record) = append.records.last() {
            self.last_seq = record.last_seq();
        }
        for change in &append.changes {
            if let Change::PutInteraction(interaction) = change {
                if interaction.is_open() {
                    self.open.insert(interaction.id, interaction.clone());
                } else {
                    self.open.remove(&interaction.id);
                }
            }
        }
    }

    /// Keeps [`Self::joinable`] right when an interaction changes its state.
    pub(super) fn thread_follows(&mut self, interaction: &Interaction) {
        let key = ThreadKey {
            channel: interaction.channel.clone(),
            thread: interaction.thread.clone(),
            contact: interaction.contact,
        };
        let joinable = matches!(
            interaction.state,
            InteractionState::Queued
                | InteractionState::Offered { .. }
                | InteractionState::Connected { .. }
        );
        if joinable {
            self.by_thread.insert(key, interaction.id);
        } else if self.by_thread.get(&key) == Some(&interaction.id) {
            self.by_thread.remove(&key);
        }
    }
}

/// The present moment as the hub stores moments: to the millisecond.
pub(crate) fn now() -> Timestamp {
    let now = Timestamp::now();
    // Cutting off the part below a millisecond cannot leave the range of timestamps.
    Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
}

/// A page of the newest.
pub(super) fn newest<K>(limit: usize) -> Page<K> {
    Page {
        before: None,
        limit,
    }
}
