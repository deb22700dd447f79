//! The middleware side of Open Messaging: it takes the hub's outbound notifications and posts what
//! customers write.
//!
//! *Inbound* and *outbound* are seen from the hub: inbound is what customers write.

mod control;
mod inbound;
mod options;
mod said;
mod validate;
mod webhook;

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post};
use reqwest::Client;
use tokio::sync::Semaphore;
use url::Url;

pub use options::{OpenMessagingOptions, Receipts};
pub use said::Said;
pub use validate::problems;

pub use crate::signature::sha256_base64 as sign;

use crate::clock::SimulatedClock;
use crate::customers::{Customer, Customers, Profile, Turn};
use crate::delivery::Delivery;
use crate::error::Result;
use crate::faults::Faults;
use crate::media::MediaStore;
use crate::people::Network;
use crate::record::Record;
use crate::serve::{Observer, Server, World, observe};

/// How many notification ids are remembered to recognize repetitions.
const REMEMBERED_IDS: usize = 100_000;

/// The state behind the webhook and the calls.
#[derive(Debug)]
pub(crate) struct Middleware {
    pub(crate) world: Arc<World>,
    pub(crate) options: OpenMessagingOptions,
    pub(crate) client: Client,
    pub(crate) media: MediaStore,
    pub(crate) token: inbound::TokenCell,
    pub(crate) permits: Semaphore,
    pub(crate) random: Mutex<fastrand::Rng>,
    addresses: RwLock<Addresses>,
    receipts: RwLock<Receipts>,
    seen: Mutex<Seen>,
    base_url: OnceLock<String>,
}

#[derive(Debug, Clone)]
struct Addresses {
    hub: Option<Url>,
    token: Option<Url>,
}

#[derive(Debug, Default)]
struct Seen {
    ids: HashSet<String>,
    order: VecDeque<String>,
    receipts: BTreeMap<String, Vec<String>>,
}

/// A simulated middleware that serves until it is shut down or dropped.
#[derive(Debug)]
pub struct OpenMessagingSimulator {
    middleware: Arc<Middleware>,
    server: Server,
}

impl OpenMessagingSimulator {
    /// Starts to listen.
    pub async fn start(options: OpenMessagingOptions) -> Result<Self> {
        let world = Arc::new(World::new(
            options.record,
            options.seed,
            options.clock.clone(),
        ));
        let listen = options.listen;
        let path = options.webhook_path.clone();
        let middleware = Arc::new(Middleware {
            world: Arc::clone(&world),
            client: crate::delivery::client()?,
            media: MediaStore::default(),
            token: inbound::TokenCell::default(),
            permits: Semaphore::new(options.parallel.max(1)),
            random: Mutex::new(fastrand::Rng::with_seed(options.seed)),
            addresses: RwLock::new(Addresses {
                hub: options.hub_url.clone(),
                token: options.token_url.clone(),
            }),
            receipts: RwLock::new(options.receipts),
            seen: Mutex::default(),
            base_url: OnceLock::new(),
            options,
        });
        let observer = Observer {
            world: Arc::clone(&world),
            naming: &webhook::NAMING,
        };
        let router = Router::new()
            .route(&path, post(webhook::receive))
            .route("/media/{id}", get(media))
            .with_state(Arc::clone(&middleware))
            // The observer limits the whole request.
            .layer(DefaultBodyLimit::disable())
            .layer(from_fn_with_state(observer, observe))
            .nest("/_sim", control::router(Arc::clone(&middleware)));
        let server = Server::start(listen, router, world).await?;
        // Set once, here; later starts have their own cell.
        let _ = middleware
            .base_url
            .set(format!("http://{}", server.address));
        Ok(Self { middleware, server })
    }

    /// `http://address:port`.
    pub fn base_url(&self) -> String {
        self.middleware.base_url()
    }

    /// The address for the hub's outbound notifications.
    pub fn webhook_url(&self) -> String {
        format!("{}{}", self.base_url(), self.options().webhook_path)
    }

    /// The set-up.
    pub fn options(&self) -> &OpenMessagingOptions {
        &self.middleware.options
    }

    /// Tells where the hub is: the address under which it serves `/api/v2/conversations/...`, and
    /// where it gives tokens (`/oauth/token` under `hub` when absent).
    pub fn set_hub(&self, hub: Url, token: Option<Url>) {
        self.middleware.set_hub(hub, token);
    }

    /// Changes what is reported about messages that come from the hub.
    pub fn set_receipts(&self, receipts: Receipts) {
        self.middleware.set_receipts(receipts);
    }

    /// Adds a customer. The id's form gives the id type: e-mail address, phone number, or opaque.
    pub fn add_customer(&self, id: impl Into<String>, profile: Profile) {
        self.middleware.world.customers.add(id, profile);
    }

    /// A customer with the conversation as the customer sees it.
    pub fn customer(&self, id: &str) -> Option<Customer> {
        self.middleware.world.customers.get(id)
    }

    /// All customers.
    pub fn customers(&self) -> &Customers {
        &self.middleware.world.customers
    }

    /// The customer does something; this waits until the hub has acknowledged it or the retries
    /// are used up. An unknown customer is created.
    pub async fn say(&self, customer: &str, what: Said) -> Delivery {
        self.middleware.say(customer, what).await
    }

    /// Posts a message once more under the id that it had, as a middleware does that lost the
    /// answer.
    pub async fn say_again(&self, customer: &str, message_id: &str, what: Said) -> Delivery {
        self.middleware.post(customer, message_id, &what).await
    }

    /// The statuses of receipts that the hub sent about messages from customers, by message id.
    pub fn receipts_from_hub(&self) -> BTreeMap<String, Vec<String>> {
        self.middleware.seen().receipts.clone()
    }

    /// Keeps a media file and returns the address where the hub can fetch it.
    pub fn add_media(&self, mime: impl Into<String>, bytes: impl Into<bytes::Bytes>) -> String {
        let path = self.middleware.media.add(mime.into(), bytes.into());
        format!("{}{path}", self.base_url())
    }

    /// The faults that strike the hub's notifications.
    pub fn faults(&self) -> &Faults {
        &self.middleware.world.faults
    }

    /// Every call in both directions.
    pub fn record(&self) -> &Record {
        &self.middleware.world.record
    }

    /// The clock that timestamps go by.
    pub fn clock(&self) -> &SimulatedClock {
        &self.middleware.world.clock
    }

    /// Stops serving; open calls get a moment to end.
    pub async fn shutdown(&self) {
        self.server.stop().await;
    }
}

impl Middleware {
    pub(crate) fn base_url(&self) -> String {
        self.base_url.get().cloned().unwrap_or_default()
    }

    fn addresses(&self) -> Addresses {
        self.addresses
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(crate) fn set_hub(&self, hub: Url, token: Option<Url>) {
        *self
            .addresses
            .write()
            .unwrap_or_else(PoisonError::into_inner) = Addresses {
            hub: Some(hub),
            token,
        };
    }

    pub(crate) fn receipts(&self) -> Receipts {
        *self.receipts.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn set_receipts(&self, receipts: Receipts) {
        *self
            .receipts
            .write()
            .unwrap_or_else(PoisonError::into_inner) = receipts;
    }

    fn seen(&self) -> std::sync::MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seen {
    /// Whether the id is new; the oldest ids are forgotten.
    fn first_time(&mut self, id: &str) -> bool {
        if !self.ids.insert(id.to_owned()) {
            return false;
        }
        self.order.push_back(id.to_owned());
        if self.order.len() > REMEMBERED_IDS
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
        true
    }
}

impl Network for OpenMessagingSimulator {
    fn add_person(&self, id: &str, profile: Profile) {
        self.add_customer(id, profile);
    }

    async fn say_text(&self, id: &str, text: &str) -> Delivery {
        self.say(id, Said::text(text)).await
    }

    async fn wait_answers(&self, id: &str, count: usize, within: Duration) -> Option<Vec<Turn>> {
        self.customers().wait_delivered(id, count, within).await
    }

    fn customers(&self) -> &Customers {
        Self::customers(self)
    }

    fn new_person_id(&self, random: &mut fastrand::Rng) -> String {
        format!("visitor-{:012x}", random.u64(..) >> 16)
    }
}

async fn media(State(middleware): State<Arc<Middleware>>, Path(id): Path<String>) -> Response {
    middleware.media.answer(&id)
}
