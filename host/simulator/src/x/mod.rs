//! X (Twitter) API v2 for one company account, and the webhooks that it sends.

mod activity;
mod api;
mod auth;
mod control;
mod dms;
mod errors;
mod hooks;
mod incoming;
mod limits;
mod names;
mod options;
mod outbox;
mod posts;
mod query;
mod reactions;
mod read;
mod state;
pub mod text;
mod timeline;
mod upload;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use reqwest::Client;
use url::Url;

pub use errors::XError;
pub use incoming::{Attached, Incoming};
pub use options::{Envelope, Rules, XDelivery, XOptions};

use crate::clock::SimulatedClock;
use crate::customers::{Customer, Customers, Profile, Turn};
use crate::delivery::Delivery;
use crate::error::Result;
use crate::faults::Faults;
use crate::media::MediaStore;
use crate::outbox::Outbox;
use crate::people::Network;
use crate::record::Record;
use crate::serve::{Observer, Server, World, observe};
use hooks::Hooks;
use state::{State, User};

/// The state behind the API and the webhooks.
pub(crate) struct X {
    pub(crate) world: Arc<World>,
    pub(crate) options: XOptions,
    pub(crate) client: Client,
    pub(crate) media: MediaStore,
    pub(crate) tokens: auth::Tokens,
    pub(crate) limits: limits::Limits,
    pub(crate) hooks: Hooks,
    state: Mutex<State>,
    rules: RwLock<Rules>,
    delivery: RwLock<XDelivery>,
    base_url: OnceLock<String>,
    outbox: Outbox<activity::Happening>,
}

/// A simulated X that serves until it is shut down or dropped.
#[derive(Debug)]
pub struct XSimulator {
    x: Arc<X>,
    server: Server,
}

impl XSimulator {
    /// Starts to listen.
    pub async fn start(options: XOptions) -> Result<Self> {
        let world = Arc::new(World::new(
            options.record,
            options.seed,
            options.clock.clone(),
        ));
        let (outbox, received) = Outbox::new();
        let listen = options.listen;
        let seed = options.seed;
        let mut state = State::default();
        let company = User {
            id: options.user_id.clone(),
            username: options.username.clone(),
            name: options.name.clone(),
            description: String::new(),
            picture: None,
            created_ms: options.clock.now_ms(),
        };
        state.users.insert(company.id.clone(), company);
        let x = Arc::new(X {
            world: Arc::clone(&world),
            client: crate::delivery::client()?,
            media: MediaStore::default(),
            tokens: auth::Tokens::new(&options),
            limits: limits::Limits::default(),
            hooks: Hooks::new(&options),
            state: Mutex::new(state),
            rules: RwLock::new(options.rules),
            delivery: RwLock::new(options.delivery.clone()),
            base_url: OnceLock::new(),
            outbox,
            options,
        });
        let observer = Observer {
            world: Arc::clone(&world),
            naming: &api::NAMING,
        };
        let router = Router::new()
            .fallback(api::handle)
            .layer(DefaultBodyLimit::max(crate::serve::MAX_BODY))
            .with_state(Arc::clone(&x))
            .layer(from_fn_with_state(observer, observe))
            .nest("/_sim", control::router(Arc::clone(&x)));
        let server = Server::start(listen, router, world).await?;
        // Set once, here; later starts have their own cell.
        let _ = x.base_url.set(format!("http://{}", server.address));
        tokio::spawn(crate::outbox::run(Arc::clone(&x), received, seed));
        Ok(Self { x, server })
    }

    /// `http://address:port`, in place of `https://api.x.com`.
    pub fn base_url(&self) -> String {
        self.x.base_url()
    }

    /// The set-up.
    pub fn options(&self) -> &XOptions {
        &self.x.options
    }

    /// Tells where webhooks go, as if the address was validated and subscribed to everything.
    pub fn set_callback_url(&self, url: Url) {
        self.x.hooks.set_callback(&self.x.options, url);
    }

    /// Changes how webhooks are delivered, from the next on.
    pub fn set_delivery(&self, delivery: XDelivery) {
        *write(&self.x.delivery) = delivery;
    }

    /// Changes what is allowed.
    pub fn set_rules(&self, rules: Rules) {
        *write(&self.x.rules) = rules;
    }

    /// What is allowed now.
    pub fn rules(&self) -> Rules {
        self.x.rules()
    }

    /// Lets all OAuth 2.0 user tokens end; a refresh brings a new one.
    pub fn expire_tokens(&self) {
        self.x.tokens.expire();
    }

    /// Takes the account's consent away, or gives it back: 401 to every user token meanwhile.
    pub fn set_revoked(&self, revoked: bool) {
        self.x.tokens.set_revoked(revoked);
    }

    /// Sets the network's clock off as OAuth 1.0a sees it; beyond 300 seconds signatures fail.
    pub fn set_clock_skew(&self, seconds: i64) {
        self.x.tokens.set_skew(seconds);
    }

    /// Adds a customer. The id is a decimal number; the nickname is the user name.
    pub fn add_customer(&self, id: &str, profile: Profile) {
        self.x.add_customer(id, profile);
    }

    /// A customer with the conversation as the customer sees it: the company's posts that answer,
    /// quote or mention the customer, and direct messages.
    pub fn customer(&self, id: &str) -> Option<Customer> {
        self.x.world.customers.get(id)
    }

    /// All customers: reachability, deliveries, waiting for an answer.
    pub fn customers(&self) -> &Customers {
        &self.x.world.customers
    }

    /// The customer does something; this waits until the hub has acknowledged the webhook. With
    /// no webhook it is there to be read at once, and is told as not acknowledged.
    pub async fn say(&self, id: &str, what: Incoming) -> Delivery {
        self.x.say(id, what).await
    }

    /// Posts a webhook body as given, signed.
    pub async fn deliver_body(&self, body: serde_json::Value) -> Delivery {
        outbox::post_to_all(&self.x, body).await.delivery("", "")
    }

    /// The faults that strike the hub's calls.
    pub fn faults(&self) -> &Faults {
        &self.x.world.faults
    }

    /// Every call in both directions.
    pub fn record(&self) -> &Record {
        &self.x.world.record
    }

    /// The clock that ids, windows and tokens go by.
    pub fn clock(&self) -> &SimulatedClock {
        &self.x.world.clock
    }

    /// Stops serving and delivering; open calls get a moment to end.
    pub async fn shutdown(&self) {
        self.server.stop().await;
    }
}

impl std::fmt::Debug for X {
    /// Shows no token.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("X")
            .field("options", &self.options)
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

impl X {
    pub(crate) fn base_url(&self) -> String {
        self.base_url.get().cloned().unwrap_or_default()
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn rules(&self) -> Rules {
        *self.rules.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_rules(&self, rules: Rules) {
        *write(&self.rules) = rules;
    }

    pub(crate) fn delivery(&self) -> XDelivery {
        self.delivery
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn set_delivery(&self, delivery: XDelivery) {
        *write(&self.delivery) = delivery;
    }

    pub(crate) fn add_customer(&self, id: &str, profile: Profile) {
        let username = profile
            .nickname
            .clone()
            .unwrap_or_else(|| format!("user{id}").chars().take(15).collect());
        let user = User {
            id: id.to_owned(),
            username,
            name: profile.full_name(),
            description: String::new(),
            picture: profile.picture_url.clone(),
            created_ms: self.world.clock.now_ms(),
        };
        self.state().users.insert(id.to_owned(), user);
        self.world.customers.add(id, profile);
    }
}

impl Network for XSimulator {
    fn add_person(&self, id: &str, profile: Profile) {
        self.add_customer(id, profile);
    }

    async fn say_text(&self, id: &str, text: &str) -> Delivery {
        // One person in two writes in public; both keep to the way they chose.
        let public = id.bytes().next_back().is_some_and(|digit| digit % 2 == 0);
        let what = if public {
            Incoming::mention(format!("@{} {text}", self.options().username))
        } else {
            Incoming::dm(text)
        };
        self.say(id, what).await
    }

    async fn wait_answers(&self, id: &str, count: usize, within: Duration) -> Option<Vec<Turn>> {
        self.customers().wait_delivered(id, count, within).await
    }

    fn customers(&self) -> &Customers {
        Self::customers(self)
    }

    fn new_person_id(&self, random: &mut fastrand::Rng) -> String {
        // Accounts of today have ids of 19 digits.
        random
            .u64(1_000_000_000_000_000_000..2_000_000_000_000_000_000)
            .to_string()
    }
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
