//! One bot on Telegram: the Bot API that the hub calls, and the updates that customers cause.
//!
//! Updates go to the webhook that the hub registered, with the word that it gave, or wait for `getUpdates`.

mod api;
mod control;
mod incoming;
mod options;
mod parameters;
mod send;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use bytes::Bytes;
use reqwest::Client;
use serde_json::Value;
use tokio::sync::Notify;

pub use incoming::Incoming;
pub use options::TelegramOptions;

use crate::clock::SimulatedClock;
use crate::customers::{Customer, Customers, Profile, Reachability, Turn};
use crate::delivery::Delivery;
use crate::error::Result;
use crate::faults::Faults;
use crate::people::Network;
use crate::record::Record;
use crate::serve::{Observer, Server, World, observe};

/// How many updates wait at most; the oldest go.
const WAITING: usize = 10_000;

/// The state behind the API.
#[derive(Debug)]
pub(crate) struct Bot {
    pub(crate) world: Arc<World>,
    pub(crate) options: TelegramOptions,
    pub(crate) client: Client,
    state: Mutex<State>,
    /// Says that there is an update to fetch.
    pub(crate) news: Notify,
    base_url: OnceLock<String>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) webhook: Option<Webhook>,
    pub(crate) last_update: u64,
    /// The number of the last message of each chat: each counts by itself.
    pub(crate) last_message: BTreeMap<String, i64>,
    /// Updates that nobody has fetched.
    pub(crate) waiting: VecDeque<(u64, Value)>,
    /// Customers' files, by their ids.
    pub(crate) files: BTreeMap<String, (String, Bytes)>,
    /// Queries of buttons that were answered.
    pub(crate) answered: Vec<String>,
}

/// Where updates go.
#[derive(Clone)]
pub(crate) struct Webhook {
    pub(crate) url: String,
    pub(crate) word: Option<String>,
    pub(crate) kinds: Vec<String>,
}

impl std::fmt::Debug for Webhook {
    /// Shows no word.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Webhook")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

/// A simulated bot that serves until it is shut down or dropped.
#[derive(Debug)]
pub struct TelegramSimulator {
    bot: Arc<Bot>,
    server: Server,
}

impl TelegramSimulator {
    /// Starts to listen.
    pub async fn start(options: TelegramOptions) -> Result<Self> {
        let world = Arc::new(World::new(
            options.record,
            options.seed,
            options.clock.clone(),
        ));
        let listen = options.listen;
        let bot = Arc::new(Bot {
            world: Arc::clone(&world),
            client: crate::delivery::client()?,
            state: Mutex::default(),
            news: Notify::new(),
            base_url: OnceLock::new(),
            options,
        });
        let observer = Observer {
            world: Arc::clone(&world),
            naming: &api::NAMING,
        };
        let router = Router::new()
            .fallback(api::answer)
            .with_state(Arc::clone(&bot))
            // The observer limits the whole request.
            .layer(DefaultBodyLimit::disable())
            .layer(from_fn_with_state(observer, observe))
            .nest("/_sim", control::router(Arc::clone(&bot)));
        let server = Server::start(listen, router, world).await?;
        // Set once, here; later starts have their own cell.
        let _ = bot.base_url.set(format!("http://{}", server.address));
        Ok(Self { bot, server })
    }

    /// `http://address:port`, the address of the Bot API.
    pub fn base_url(&self) -> String {
        self.bot.base_url.get().cloned().unwrap_or_default()
    }

    /// The set-up.
    pub fn options(&self) -> &TelegramOptions {
        &self.bot.options
    }

    /// Where updates go, if the hub has registered a webhook.
    pub fn webhook(&self) -> Option<String> {
        self.bot.state().webhook.as_ref().map(|w| w.url.clone())
    }

    /// The customer does something; this waits until the hub has acknowledged it or the retries are used
    /// up. Without a webhook it waits for `getUpdates`, and nothing is acknowledged.
    pub async fn say(&self, customer: &str, what: Incoming) -> Delivery {
        self.bot.say(customer, what).await
    }

    /// Whether a customer can be written to.
    pub fn set_reachability(&self, customer: &str, reachability: Reachability) {
        let customers = &self.bot.world.customers;
        customers.change(customer, |known| known.reachability = reachability);
    }

    /// A customer with the conversation as the customer sees it.
    pub fn customer(&self, id: &str) -> Option<Customer> {
        self.bot.world.customers.get(id)
    }

    /// All customers.
    pub fn customers(&self) -> &Customers {
        &self.bot.world.customers
    }

    /// The queries of buttons that were answered.
    pub fn answered(&self) -> Vec<String> {
        self.bot.state().answered.clone()
    }

    /// The faults that strike the hub's calls.
    pub fn faults(&self) -> &Faults {
        &self.bot.world.faults
    }

    /// Every call in both directions.
    pub fn record(&self) -> &Record {
        &self.bot.world.record
    }

    /// The clock that timestamps go by.
    pub fn clock(&self) -> &SimulatedClock {
        &self.bot.world.clock
    }

    /// Stops serving; open calls get a moment to end.
    pub async fn shutdown(&self) {
        self.server.stop().await;
    }
}

impl Bot {
    pub(crate) fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The bot's own id: what stands before the colon of its token.
    pub(crate) fn id(&self) -> i64 {
        let id = self.options.token.split(':').next();
        id.and_then(|id| id.parse().ok()).unwrap_or_default()
    }

    pub(crate) fn seconds(&self) -> i64 {
        self.world.clock.now_ms() / 1_000
    }
}

impl State {
    /// The next message of a chat.
    pub(crate) fn next_message(&mut self, chat: &str) -> i64 {
        let last = self.last_message.entry(chat.to_owned()).or_default();
        *last += 1;
        *last
    }

    /// Keeps an update until it is fetched.
    pub(crate) fn keep(&mut self, number: u64, update: Value) {
        self.waiting.push_back((number, update));
        if self.waiting.len() > WAITING {
            self.waiting.pop_front();
        }
    }
}

impl Network for TelegramSimulator {
    fn add_person(&self, id: &str, profile: Profile) {
        self.customers().add(id, profile);
    }

    async fn say_text(&self, id: &str, text: &str) -> Delivery {
        self.say(id, Incoming::text(text)).await
    }

    async fn wait_answers(&self, id: &str, count: usize, within: Duration) -> Option<Vec<Turn>> {
        self.customers().wait_delivered(id, count, within).await
    }

    fn customers(&self) -> &Customers {
        Self::customers(self)
    }

    fn new_person_id(&self, random: &mut fastrand::Rng) -> String {
        random.u32(100_000_000..2_000_000_000).to_string()
    }
}
