//! The `WhatsApp` Cloud API of one business phone number, and the webhooks that it sends.

mod api;
mod control;
mod directory;
mod errors;
mod incoming;
mod limits;
mod media;
mod message;
mod options;
mod outbox;
mod read;
mod say;
mod send;
mod statuses;
mod templates;

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use bytes::Bytes;
use reqwest::Client;
use serde_json::Value;
use url::Url;

pub use incoming::{Forwarded, Happening, Incoming, Status};
pub use media::MediaKind;
pub use options::{ClosedWindow, Identifiers, Statuses, WhatsAppOptions, WhatsAppRules};
pub use templates::{Category, Header, Template, TemplateButton, TemplateStatus};

use crate::clock::SimulatedClock;
use crate::customers::{Customer, Customers, Profile, Turn};
use crate::delivery::Delivery;
use crate::error::Result;
use crate::faults::Faults;
use crate::graph::subscriptions::TokenRights;
use crate::graph::{WebhookDelivery, lock};
use crate::handshake::Handshake;
use crate::outbox::Outbox;
use crate::people::Network;
use crate::record::Record;
use crate::serve::{Observer, Server, World, observe};
use directory::Directory;
use limits::Limits;
use media::Files;
use outbox::Change;

/// The state behind the API and the webhooks.
pub(crate) struct WhatsApp {
    pub(crate) world: Arc<World>,
    pub(crate) options: WhatsAppOptions,
    pub(crate) client: Client,
    pub(crate) directory: Directory,
    pub(crate) files: Files,
    pub(crate) limits: Limits,
    pub(crate) outbox: Outbox<Change>,
    /// Codes with which the next messages fail.
    pub(crate) failures: Mutex<VecDeque<u32>>,
    token: RwLock<Token>,
    identifiers: RwLock<Identifiers>,
    rules: RwLock<WhatsAppRules>,
    templates: RwLock<Vec<Template>>,
    delivery: RwLock<WebhookDelivery>,
    statuses: RwLock<Statuses>,
    callback: RwLock<Option<Url>>,
    subscribed: AtomicBool,
    base_url: OnceLock<String>,
}

/// The token that is valid now.
pub(crate) struct Token {
    pub(crate) value: String,
    pub(crate) expired: bool,
    pub(crate) revoked: bool,
    pub(crate) rights: TokenRights,
}

/// A simulated `WhatsApp` number that serves the Cloud API until it is shut down or dropped.
#[derive(Debug)]
pub struct WhatsAppSimulator {
    whatsapp: Arc<WhatsApp>,
    server: Server,
}

impl WhatsAppSimulator {
    /// Starts to listen.
    pub async fn start(options: WhatsAppOptions) -> Result<Self> {
        let world = Arc::new(World::new(
            options.record,
            options.seed,
            options.clock.clone(),
        ));
        let (outbox, posted) = Outbox::new();
        let listen = options.listen;
        let seed = options.seed;
        let whatsapp = Arc::new(WhatsApp {
            world: Arc::clone(&world),
            client: crate::delivery::client()?,
            directory: Directory::new(options.waba_id.clone(), options.parent_user_ids),
            files: Files::default(),
            limits: Limits::default(),
            outbox,
            failures: Mutex::default(),
            token: RwLock::new(Token {
                value: options.access_token.clone(),
                expired: false,
                revoked: false,
                rights: TokenRights::new(read::SCOPES),
            }),
            identifiers: RwLock::new(options.identifiers),
            rules: RwLock::new(options.rules),
            templates: RwLock::new(options.templates.clone()),
            delivery: RwLock::new(options.delivery.clone()),
            statuses: RwLock::new(options.statuses),
            callback: RwLock::new(options.callback_url.clone()),
            subscribed: AtomicBool::new(!options.require_subscription),
            base_url: OnceLock::new(),
            options,
        });
        let observer = Observer {
            world: Arc::clone(&world),
            naming: &api::NAMING,
        };
        let router = Router::new()
            .fallback(api::handle)
            .layer(DefaultBodyLimit::max(crate::serve::MAX_BODY))
            .with_state(Arc::clone(&whatsapp))
            .layer(from_fn_with_state(observer, observe))
            .nest("/_sim", control::router(Arc::clone(&whatsapp)));
        let server = Server::start(listen, router, world).await?;
        // Set once, here; later starts have their own cell.
        let _ = whatsapp.base_url.set(format!("http://{}", server.address));
        tokio::spawn(crate::outbox::run(Arc::clone(&whatsapp), posted, seed));
        Ok(Self { whatsapp, server })
    }

    /// `http://address:port`, in place of `https://graph.facebook.com`; media are fetched there,
    /// too.
    pub fn base_url(&self) -> String {
        self.whatsapp.base_url()
    }

    /// The set-up.
    pub fn options(&self) -> &WhatsAppOptions {
        &self.whatsapp.options
    }

    /// Tells where webhooks go.
    pub fn set_callback_url(&self, url: Url) {
        self.whatsapp.set_callback_url(url);
    }

    /// Performs the subscription handshake: the hub must echo the challenge.
    pub async fn subscribe(&self) -> Result<()> {
        let token = self.options().verify_token.clone();
        self.whatsapp.handshake().subscribe(&token).await
    }

    /// Performs a handshake with another verify token, which the hub must refuse; the answer's
    /// status is returned.
    pub async fn subscribe_with(&self, verify_token: &str) -> Result<u16> {
        let answer = self.whatsapp.handshake().ask(verify_token, "1158201444");
        Ok(answer.await?.0)
    }

    /// Changes how webhooks are delivered, from the next on.
    pub fn set_delivery(&self, delivery: WebhookDelivery) {
        *write(&self.whatsapp.delivery) = delivery;
    }

    /// How webhooks are delivered now.
    pub fn delivery(&self) -> WebhookDelivery {
        self.whatsapp.delivery()
    }

    /// Changes which statuses follow a message from the hub.
    pub fn set_statuses(&self, statuses: Statuses) {
        *write(&self.whatsapp.statuses) = statuses;
    }

    /// Changes what is allowed.
    pub fn set_rules(&self, rules: WhatsAppRules) {
        *write(&self.whatsapp.rules) = rules;
    }

    /// What is allowed now.
    pub fn rules(&self) -> WhatsAppRules {
        self.whatsapp.rules()
    }

    /// Changes by what webhooks name people.
    pub fn set_identifiers(&self, identifiers: Identifiers) {
        *write(&self.whatsapp.identifiers) = identifiers;
    }

    /// Adds a template, or changes the one of the same name and language.
    pub fn set_template(&self, template: Template) {
        self.whatsapp.set_template(template);
    }

    /// Takes another token from now on; the old one is refused with 190.
    pub fn set_access_token(&self, token: impl Into<String>) {
        *write(&self.whatsapp.token) = Token {
            value: token.into(),
            expired: false,
            revoked: false,
            rights: TokenRights::new(read::SCOPES),
        };
    }

    /// Lets the token expire (190/463), or makes it valid again.
    pub fn set_token_expired(&self, expired: bool) {
        write(&self.whatsapp.token).expired = expired;
    }

    /// Changes what the token may do, and until when in Unix seconds; 0 for ever.
    pub fn set_token_rights(&self, scopes: &[&str], expires_at: i64) {
        write(&self.whatsapp.token).rights = TokenRights {
            expires_at,
            ..TokenRights::new(scopes)
        };
    }

    /// Takes the permission for the account away (code 10), or gives it back.
    pub fn set_revoked(&self, revoked: bool) {
        write(&self.whatsapp.token).revoked = revoked;
    }

    /// The next `times` messages are accepted and then fail with a code in a status. `false`: the
    /// code is none of this network's.
    pub fn fail_next(&self, times: usize, code: u32) -> bool {
        self.whatsapp.fail_next(times, code)
    }

    /// Adds a customer. An id of digits is the phone number; one such as `US.1349...` is the user
    /// id of somebody whose number is unknown. The nickname is the user name.
    pub fn add_customer(&self, id: impl Into<String>, profile: Profile) {
        let id = id.into();
        self.whatsapp.directory.person(&id);
        self.whatsapp.world.customers.add(id, profile);
    }

    /// A customer with the conversation as the customer sees it.
    pub fn customer(&self, id: &str) -> Option<Customer> {
        self.whatsapp.world.customers.get(id)
    }

    /// All customers: reachability, deliveries, waiting for an answer. Somebody `Unavailable` is
    /// not on `WhatsApp` (131026); to somebody who `Blocked` the number, messages stay `sent`.
    pub fn customers(&self) -> &Customers {
        &self.whatsapp.world.customers
    }

    /// The business-scoped user id of a customer, who is entered when new.
    pub fn user_id(&self, customer: &str) -> String {
        self.whatsapp.directory.person(customer).user_id
    }

    /// A customer does something; this waits until the hub has acknowledged it or the retries are
    /// used up. An unknown customer is created.
    pub async fn say(&self, id: &str, what: impl Into<Incoming>) -> Delivery {
        say::say(&self.whatsapp, id, what.into()).await
    }

    /// Posts a webhook body as given (escaped and signed), until the hub answers 200.
    pub async fn deliver_body(&self, body: Value) -> Delivery {
        self.whatsapp.post_given(body).await
    }

    /// Keeps a file for 7 days, as one that a customer sends, and returns its media id.
    pub fn add_media(&self, mime: impl Into<String>, bytes: impl Into<Bytes>) -> String {
        let now = self.whatsapp.world.clock.now_ms();
        self.whatsapp
            .files
            .add(mime.into(), bytes.into(), now, media::CUSTOMERS_DAYS)
    }

    /// The file with a media id: its media type and content.
    pub fn media(&self, id: &str) -> Option<(String, Bytes)> {
        let now = self.whatsapp.world.clock.now_ms();
        let medium = self.whatsapp.files.get(id, now)?;
        Some((medium.mime, medium.bytes))
    }

    /// The faults that strike the hub's calls.
    pub fn faults(&self) -> &Faults {
        &self.whatsapp.world.faults
    }

    /// Every call in both directions.
    pub fn record(&self) -> &Record {
        &self.whatsapp.world.record
    }

    /// The clock that windows, limits and timestamps go by.
    pub fn clock(&self) -> &SimulatedClock {
        &self.whatsapp.world.clock
    }

    /// Stops serving and delivering; open calls get a moment to end.
    pub async fn shutdown(&self) {
        self.server.stop().await;
    }
}

impl std::fmt::Debug for WhatsApp {
    /// Shows no token.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("WhatsApp")
            .field("options", &self.options)
            .field("base_url", &self.base_url)
            .finish_non_exhaustive()
    }
}

impl WhatsApp {
    pub(crate) fn base_url(&self) -> String {
        self.base_url.get().cloned().unwrap_or_default()
    }

    pub(crate) fn callback_url(&self) -> Option<Url> {
        read(&self.callback).clone()
    }

    pub(crate) fn set_callback_url(&self, url: Url) {
        *write(&self.callback) = Some(url);
    }

    /// The handshake with the callback.
    pub(crate) fn handshake(&self) -> Handshake<'_> {
        Handshake {
            client: &self.client,
            record: &self.world.record,
            network: "WhatsApp Cloud API",
            callback: self.callback_url(),
        }
    }

    pub(crate) fn with_token<T>(&self, look: impl FnOnce(&Token) -> T) -> T {
        look(&read(&self.token))
    }

    pub(crate) fn identifiers(&self) -> Identifiers {
        *read(&self.identifiers)
    }

    pub(crate) fn rules(&self) -> WhatsAppRules {
        *read(&self.rules)
    }

    pub(crate) fn delivery(&self) -> WebhookDelivery {
        read(&self.delivery).clone()
    }

    pub(crate) fn statuses(&self) -> Statuses {
        *read(&self.statuses)
    }

    pub(crate) fn templates(&self) -> Vec<Template> {
        read(&self.templates).clone()
    }

    pub(crate) fn set_template(&self, template: Template) {
        let mut templates = write(&self.templates);
        templates
            .retain(|known| known.name != template.name || known.language != template.language);
        templates.push(template);
    }

    pub(crate) fn subscribed(&self) -> bool {
        self.subscribed.load(Ordering::Relaxed)
    }

    pub(crate) fn set_subscribed(&self, subscribed: bool) {
        self.subscribed.store(subscribed, Ordering::Relaxed);
    }

    pub(crate) fn fail_next(&self, times: usize, code: u32) -> bool {
        let known = errors::is_known(code);
        if known {
            lock(&self.failures).extend(std::iter::repeat_n(code, times));
        }
        known
    }
}

impl Network for WhatsAppSimulator {
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
        // Numbers that are set aside for fiction have 555 behind the area code.
        let (area, rest) = (random.u32(201..990), random.u32(0..10_000));
        format!("1{area}555{rest:04}")
    }
}

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}

fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}
