//! The Graph API of one page with Messenger, and the webhooks that it sends.

mod api;
mod attachments;
mod control;
mod errors;
mod fields;
mod incoming;
mod options;
mod outbox;
mod read;
mod send;
pub mod webhook;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};
use url::Url;

pub use errors::GraphError;
pub use incoming::{Incoming, MediaKind};
pub use options::{AfterSend, GraphOptions, WebhookDelivery};

use crate::clock::SimulatedClock;
use crate::customers::{Customer, Customers, Profile, Turn};
use crate::delivery::{Delivery, Outcome};
use crate::error::{Result, SimulatorError};
use crate::faults::Faults;
use crate::media::MediaStore;
use crate::people::Network;
use crate::record::{Direction, Opening, Record};
use crate::serve::{Observer, Server, World, observe};
use attachments::Attachments;
use outbox::Event;

/// The state behind the API and the webhooks.
pub(crate) struct Graph {
    pub(crate) world: Arc<World>,
    pub(crate) options: GraphOptions,
    pub(crate) client: Client,
    pub(crate) media: MediaStore,
    pub(crate) attachments: Attachments,
    access_token: RwLock<String>,
    callback_url: RwLock<Option<Url>>,
    delivery: RwLock<WebhookDelivery>,
    after_send: RwLock<AfterSend>,
    base_url: OnceLock<String>,
    events: mpsc::UnboundedSender<Event>,
    /// The hub's calls by the minute, for the usage headers.
    pub(crate) calls: Mutex<BTreeMap<i64, u64>>,
}

/// A simulated page that serves the Graph API until it is shut down or dropped.
#[derive(Debug)]
pub struct GraphSimulator {
    graph: Arc<Graph>,
    server: Server,
}

impl GraphSimulator {
    /// Starts to listen.
    pub async fn start(options: GraphOptions) -> Result<Self> {
        let world = Arc::new(World::new(
            options.record,
            options.seed,
            options.clock.clone(),
        ));
        let (events, received) = mpsc::unbounded_channel();
        let listen = options.listen;
        let seed = options.seed;
        let graph = Arc::new(Graph {
            world: Arc::clone(&world),
            client: crate::delivery::client()?,
            media: MediaStore::default(),
            attachments: Attachments::default(),
            access_token: RwLock::new(options.access_token.clone()),
            callback_url: RwLock::new(options.callback_url.clone()),
            delivery: RwLock::new(options.delivery.clone()),
            after_send: RwLock::new(options.after_send),
            base_url: OnceLock::new(),
            events,
            calls: Mutex::default(),
            options,
        });
        let observer = Observer {
            world: Arc::clone(&world),
            naming: &api::NAMING,
        };
        let router = Router::new()
            .fallback(api::handle)
            .with_state(Arc::clone(&graph))
            .layer(from_fn_with_state(observer, observe))
            .nest("/_sim", control::router(Arc::clone(&graph)));
        let server = Server::start(listen, router, world).await?;
        // Set once, here; later starts have their own cell.
        let _ = graph.base_url.set(format!("http://{}", server.address));
        tokio::spawn(outbox::run(Arc::clone(&graph), received, seed));
        Ok(Self { graph, server })
    }

    /// `http://address:port`, in place of `https://graph.facebook.com`.
    pub fn base_url(&self) -> String {
        self.graph.base_url()
    }

    /// The set-up.
    pub fn options(&self) -> &GraphOptions {
        &self.graph.options
    }

    /// Tells where webhooks go.
    pub fn set_callback_url(&self, url: Url) {
        *write(&self.graph.callback_url) = Some(url);
    }

    /// Changes how webhooks are delivered, from the next on.
    pub fn set_delivery(&self, delivery: WebhookDelivery) {
        *write(&self.graph.delivery) = delivery;
    }

    /// How webhooks are delivered now.
    pub fn delivery(&self) -> WebhookDelivery {
        self.graph.delivery()
    }

    /// Changes what follows a message from the hub.
    pub fn set_after_send(&self, after_send: AfterSend) {
        *write(&self.graph.after_send) = after_send;
    }

    /// Takes another page token from now on; the old one is refused with 190.
    pub fn set_access_token(&self, token: impl Into<String>) {
        *write(&self.graph.access_token) = token.into();
    }

    /// Performs the subscription handshake: the hub must echo the challenge.
    pub async fn subscribe(&self) -> Result<()> {
        self.graph.subscribe().await
    }

    /// Performs a handshake with another verify token, which the hub must refuse; the answer's
    /// status is returned.
    pub async fn subscribe_with(&self, verify_token: &str) -> Result<u16> {
        Ok(self.graph.handshake(verify_token, "1158201444").await?.0)
    }

    /// Adds a customer.
    pub fn add_customer(&self, psid: impl Into<String>, profile: Profile) {
        self.graph.world.customers.add(psid, profile);
    }

    /// A customer with the conversation as the customer sees it.
    pub fn customer(&self, psid: &str) -> Option<Customer> {
        self.graph.world.customers.get(psid)
    }

    /// All customers: reachability, deliveries, waiting for an answer.
    pub fn customers(&self) -> &Customers {
        &self.graph.world.customers
    }

    /// The customer does something; this waits until the hub has acknowledged it or the retries
    /// are used up. An unknown customer is created.
    pub async fn say(&self, psid: &str, what: Incoming) -> Delivery {
        self.graph.say(psid, what).await
    }

    /// Posts a webhook body as given (escaped and signed), until the hub answers 200.
    pub async fn deliver_body(&self, body: Value) -> Delivery {
        let delivery = self.graph.delivery();
        outbox::post_body(&self.graph, &delivery, body)
            .await
            .delivery("", "")
    }

    /// Keeps a media file and returns the address where the hub can fetch it.
    pub fn add_media(&self, mime: impl Into<String>, bytes: impl Into<bytes::Bytes>) -> String {
        let path = self.graph.media.add(mime.into(), bytes.into());
        format!("{}{path}", self.base_url())
    }

    /// The faults that strike the hub's calls.
    pub fn faults(&self) -> &Faults {
        &self.graph.world.faults
    }

    /// Every call in both directions.
    pub fn record(&self) -> &Record {
        &self.graph.world.record
    }

    /// The clock that windows and timestamps go by.
    pub fn clock(&self) -> &SimulatedClock {
        &self.graph.world.clock
    }

    /// Stops serving and delivering; open calls get a moment to end.
    pub async fn shutdown(&self) {
        self.server.stop().await;
    }
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
    pub(crate) fn base_url(&self) -> String {
        self.base_url.get().cloned().unwrap_or_default()
    }

    pub(crate) fn callback_url(&self) -> Option<Url> {
        read_lock(&self.callback_url).clone()
    }

    pub(crate) fn set_callback_url(&self, url: Url) {
        *write(&self.callback_url) = Some(url);
    }

    pub(crate) fn access_token(&self) -> String {
        read_lock(&self.access_token).clone()
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

    pub(crate) async fn say(&self, psid: &str, what: Incoming) -> Delivery {
        let mid = new_mid();
        let now = self.world.clock.now_ms();
        let page = &self.options.page_id;
        let item = self.world.customers.change(psid, |customer| {
            if what.opens_window() {
                customer.last_active_ms = Some(now);
            }
            what.item(page, customer, &mid, now)
        });
        let (done, ended) = oneshot::channel();
        let sent = self.events.send(Event {
            item,
            standby: matches!(what, Incoming::Standby { .. }),
            done: Some(done),
        });
        let outcome = match sent {
            Ok(()) => ended
                .await
                .unwrap_or_else(|_| Outcome::never("the simulator stopped")),
            Err(_) => Outcome::never("the simulator stopped"),
        };
        outcome.delivery(psid, &mid)
    }

    /// Sends an item that nobody waits for.
    pub(crate) fn tell(&self, item: Value) {
        // After the stop there is nobody to tell.
        let _ = self.events.send(Event {
            item,
            standby: false,
            done: None,
        });
    }

    pub(crate) async fn subscribe(&self) -> Result<()> {
        let challenge = fastrand::u32(1_000_000_000..2_000_000_000).to_string();
        let (status, body) = self
            .handshake(&self.options.verify_token, &challenge)
            .await?;
        if status == 200 && body == challenge {
            return Ok(());
        }
        Err(SimulatorError::Refused {
            what: "subscription handshake",
            status,
            body: body.chars().take(200).collect(),
            expected: format!("200 with the bare challenge {challenge}"),
        })
    }

    pub(crate) async fn handshake(
        &self,
        verify_token: &str,
        challenge: &str,
    ) -> Result<(u16, String)> {
        // The address holds the verify token, so errors are told without it.
        let failed = |source| SimulatorError::Call {
            what: "subscription handshake",
            source,
        };
        let Some(callback) = self.callback_url() else {
            return Err(SimulatorError::NoHub {
                network: "Graph API",
                setting: "callback_url",
            });
        };
        let seq = self.world.record.open(Opening {
            direction: Direction::ToHub,
            operation: "handshake".to_owned(),
            method: "GET".to_owned(),
            target: callback.path().to_owned(),
            request: json!({ "hub.mode": "subscribe", "hub.challenge": challenge }),
        });
        let close = |status: Option<u16>, body: &str| {
            let record = &self.world.record;
            record.close(seq, Direction::ToHub, "handshake", status, json!(body));
        };
        let response = self
            .client
            .get(callback)
            .timeout(Duration::from_secs(20))
            .query(&[
                ("hub.mode", "subscribe"),
                ("hub.challenge", challenge),
                ("hub.verify_token", verify_token),
            ])
            .send()
            .await
            .map_err(reqwest::Error::without_url)
            .inspect_err(|error| close(None, &error.to_string()))
            .map_err(failed)?;
        let status = response.status().as_u16();
        let body = response
            .text()
            .await
            .map_err(reqwest::Error::without_url)
            .inspect_err(|error| close(None, &error.to_string()))
            .map_err(failed)?;
        close(Some(status), &body);
        Ok((status, body))
    }
}

impl Network for GraphSimulator {
    fn add_person(&self, id: &str, profile: Profile) {
        self.add_customer(id, profile);
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
        // Page-scoped ids are decimal numbers of 16 or 17 digits.
        random
            .u64(1_000_000_000_000_000..90_000_000_000_000_000)
            .to_string()
    }
}

/// A message id in the form of today's: `m_` and a long word, unique beyond this run.
pub(crate) fn new_mid() -> String {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let mut bytes = Vec::with_capacity(64);
    bytes.extend_from_slice(uuid::Uuid::now_v7().as_bytes());
    bytes.extend(std::iter::repeat_with(|| fastrand::u8(..)).take(48));
    format!("m_{}", URL_SAFE_NO_PAD.encode(bytes))
}

fn read_lock<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
