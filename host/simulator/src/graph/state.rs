//! The state behind the API and the webhooks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use reqwest::Client;
use serde_json::Value;
use url::Url;

use super::attachments::Attachments;
use super::options::{AfterSend, GraphOptions, WebhookDelivery};
use super::outbox::{Item, Lane};
use super::subscriptions::{self, TokenRights};
use super::surface::{People, Surface};
use super::wall::Wall;
use crate::customers::Turn;
use crate::delivery::Outcome;
use crate::error::Result;
use crate::handshake::Handshake;
use crate::media::MediaStore;
use crate::outbox::{Outbox, Posted};
use crate::serve::World;

/// One page and one Instagram account.
pub(crate) struct Graph {
    pub(crate) world: Arc<World>,
    pub(crate) options: GraphOptions,
    pub(crate) client: Client,
    pub(crate) media: MediaStore,
    pub(crate) attachments: Attachments,
    /// The page's posts and comments.
    pub(crate) wall: Wall,
    /// The Instagram account's media and comments.
    pub(crate) gallery: Wall,
    /// Who is known where.
    pub(crate) people: People,
    /// The page's webhook fields that the app is subscribed to.
    pub(crate) subscribed: Mutex<BTreeSet<String>>,
    /// What the page's token may do.
    pub(crate) rights: Mutex<TokenRights>,
    access_token: RwLock<String>,
    callbacks: RwLock<BTreeMap<Surface, Url>>,
    delivery: RwLock<WebhookDelivery>,
    after_send: RwLock<AfterSend>,
    base_url: OnceLock<String>,
    outbox: Outbox<Item>,
    /// The hub's calls by the minute, for the usage headers.
    pub(crate) calls: Mutex<BTreeMap<i64, u64>>,
}

impl std::fmt::Debug for Graph {
    /// Shows no token.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Graph")
            .field("options", &self.options)
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

impl Graph {
    pub(crate) fn new(options: GraphOptions, world: Arc<World>) -> Result<(Self, Posted<Item>)> {
        let (outbox, received) = Outbox::new();
        let callbacks = [
            (Surface::Messenger, &options.callback_url),
            (Surface::Feed, &options.feed.callback_url),
            (Surface::Instagram, &options.instagram.callback_url),
        ];
        let callbacks = callbacks
            .into_iter()
            .filter_map(|(surface, url)| Some((surface, url.clone()?)))
            .collect();
        let started_ms = world.clock.now_ms();
        let graph = Self {
            client: crate::delivery::client()?,
            media: MediaStore::default(),
            attachments: Attachments::default(),
            wall: Wall::of_page(options.page_id.clone(), started_ms),
            gallery: Wall::of_instagram(started_ms),
            people: People::default(),
            subscribed: Mutex::default(),
            rights: Mutex::new(TokenRights::of_page()),
            access_token: RwLock::new(options.access_token.clone()),
            callbacks: RwLock::new(callbacks),
            delivery: RwLock::new(options.delivery.clone()),
            after_send: RwLock::new(options.after_send),
            base_url: OnceLock::new(),
            outbox,
            calls: Mutex::default(),
            world,
            options,
        };
        Ok((graph, received))
    }

    pub(crate) fn base_url(&self) -> String {
        self.base_url.get().cloned().unwrap_or_default()
    }

    pub(crate) fn set_base_url(&self, url: String) {
        // Set once, at the start; the next start has its own cell.
        let _ = self.base_url.set(url);
    }

    /// Where the webhooks of a surface go: to its own address, else to the page's.
    pub(crate) fn callback_url(&self, surface: Surface) -> Option<Url> {
        let callbacks = read_lock(&self.callbacks);
        callbacks
            .get(&surface)
            .or_else(|| callbacks.get(&Surface::Messenger))
            .cloned()
    }

    pub(crate) fn set_callback_url(&self, surface: Surface, url: Url) {
        write(&self.callbacks).insert(surface, url);
    }

    pub(crate) fn access_token(&self) -> String {
        read_lock(&self.access_token).clone()
    }

    pub(crate) fn set_access_token(&self, token: String) {
        *write(&self.access_token) = token;
    }

    pub(crate) fn delivery(&self) -> WebhookDelivery {
        read_lock(&self.delivery).clone()
    }

    pub(crate) fn set_delivery(&self, delivery: WebhookDelivery) {
        *write(&self.delivery) = delivery;
    }

    pub(crate) fn after_send(&self) -> AfterSend {
        *read_lock(&self.after_send)
    }

    pub(crate) fn set_after_send(&self, after_send: AfterSend) {
        *write(&self.after_send) = after_send;
    }

    /// The id of the account that people write to: the page or the Instagram account.
    pub(crate) fn account(&self, surface: Surface) -> &str {
        match surface {
            Surface::Instagram => &self.options.instagram.id,
            Surface::Messenger | Surface::Feed => &self.options.page_id,
        }
    }

    /// Changes a message in somebody's conversation, if it is there.
    pub(crate) fn change_turn(&self, who: &str, id: &str, change: impl FnOnce(&mut Turn)) {
        if !self.world.customers.contains(who) {
            return;
        }
        self.world.customers.change(who, |customer| {
            let turns = &mut customer.conversation;
            if let Some(turn) = turns.iter_mut().find(|turn| turn.message_id == id) {
                change(turn);
            }
        });
    }

    /// Keeps a file and returns its whole address.
    pub(crate) fn keep_file(&self, mime: String, bytes: bytes::Bytes) -> String {
        format!("{}{}", self.base_url(), self.media.add(mime, bytes))
    }

    /// Sends an item and waits for its end.
    pub(crate) async fn tell_and_wait(&self, lane: Lane, item: Value) -> Outcome {
        if let Some(field) = subscriptions::missing(self, lane, &item) {
            return Outcome::never(format!("the app is not subscribed to the field {field}"));
        }
        self.outbox.tell_and_wait(Item { lane, item }).await
    }

    /// Sends an item that nobody waits for.
    pub(crate) fn tell(&self, lane: Lane, item: Value) {
        if subscriptions::missing(self, lane, &item).is_some() {
            return;
        }
        self.outbox.tell(Item { lane, item });
    }

    /// Sends an item a moment later, as what follows a call of the hub does.
    pub(crate) fn tell_later(self: &Arc<Self>, lane: Lane, item: Value) {
        let graph = Arc::clone(self);
        let pause = Duration::from_millis(self.after_send().delay_ms);
        tokio::spawn(async move {
            tokio::time::sleep(pause).await;
            graph.tell(lane, item);
        });
    }

    /// The handshake with the callback of one surface.
    pub(crate) fn handshake(&self, surface: Surface) -> Handshake<'_> {
        Handshake {
            client: &self.client,
            record: &self.world.record,
            network: "Graph API",
            callback: self.callback_url(surface),
        }
    }

    pub(crate) async fn subscribe(&self, surface: Surface) -> Result<()> {
        self.handshake(surface)
            .subscribe(&self.options.verify_token)
            .await
    }
}

fn read_lock<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

/// Locks; what a panicking thread left is still a whole state.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
