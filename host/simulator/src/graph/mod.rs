//! The Graph API of one page with Messenger and a public feed, and of the Instagram professional
//! account linked to it, with the webhooks that they send.

mod act;
pub(crate) mod api;
mod attachments;
mod control;
mod conversations;
pub(crate) mod errors;
mod feed;
pub(crate) mod fields;
mod incoming;
mod instagram;
mod messaging;
mod options;
mod outbox;
pub(crate) mod paging;
pub(crate) mod parameters;
mod population;
mod read;
mod route;
mod send;
mod state;
pub(crate) mod subscriptions;
mod surface;
mod wall;
pub mod webhook;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use serde_json::Value;
use url::Url;

pub use act::Act;
pub use errors::GraphError;
pub use feed::FeedAct;
pub use incoming::{Incoming, MediaKind};
pub use instagram::{CommentAct, InstagramPerson};
pub(crate) use options::DeliveryChange;
pub use options::{
    AfterSend, EditVerb, FeedOptions, GraphOptions, InstagramOptions, WebhookDelivery,
};
pub use population::{Commenters, InstagramPeople};
pub(crate) use state::lock;
pub use surface::Surface;
pub use wall::{Picture, WallItem, WallKind};

use crate::clock::SimulatedClock;
use crate::customers::{Customer, Customers, Profile};
use crate::delivery::Delivery;
use crate::error::Result;
use crate::faults::Faults;
use crate::record::Record;
use crate::serve::{Observer, Server, World, observe};
use state::Graph;
use subscriptions::TokenRights;

/// A simulated page (and Instagram account) that serves the Graph API until it is shut down or
/// dropped.
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
        let listen = options.listen;
        let seed = options.seed;
        let (graph, received) = Graph::new(options, Arc::clone(&world))?;
        let graph = Arc::new(graph);
        let observer = Observer {
            world: Arc::clone(&world),
            naming: &route::NAMING,
        };
        let router = Router::new()
            .fallback(api::handle)
            .with_state(Arc::clone(&graph))
            .layer(from_fn_with_state(observer, observe))
            .nest("/_sim", control::router(Arc::clone(&graph)));
        let server = Server::start(listen, router, world).await?;
        graph.set_base_url(format!("http://{}", server.address));
        tokio::spawn(crate::outbox::run(Arc::clone(&graph), received, seed));
        Ok(Self { graph, server })
    }

    /// `http://address:port`, in place of `https://graph.facebook.com` and
    /// `https://graph.instagram.com`.
    pub fn base_url(&self) -> String {
        self.graph.base_url()
    }

    /// The set-up.
    pub fn options(&self) -> &GraphOptions {
        &self.graph.options
    }

    /// Tells where webhooks go, as far as no address of their own is set for feed and Instagram.
    pub fn set_callback_url(&self, url: Url) {
        self.graph.set_callback_url(Surface::Messenger, url);
    }

    /// Tells where the webhooks about the page's feed go, when another app receives them.
    pub fn set_feed_callback_url(&self, url: Url) {
        self.graph.set_callback_url(Surface::Feed, url);
    }

    /// Tells where the webhooks of the Instagram account go.
    pub fn set_instagram_callback_url(&self, url: Url) {
        self.graph.set_callback_url(Surface::Instagram, url);
    }

    /// Changes how webhooks are delivered, from the next on.
    pub fn set_delivery(&self, delivery: WebhookDelivery) {
        self.graph.set_delivery(delivery);
    }

    /// How webhooks are delivered now.
    pub fn delivery(&self) -> WebhookDelivery {
        self.graph.delivery()
    }

    /// Changes what follows a message from the hub.
    pub fn set_after_send(&self, after_send: AfterSend) {
        self.graph.set_after_send(after_send);
    }

    /// Takes another page token from now on; the old one is refused with 190.
    pub fn set_access_token(&self, token: impl Into<String>) {
        self.graph.set_access_token(token.into());
    }

    /// Changes what the page's token may do, and until when in Unix seconds; 0 for ever.
    pub fn set_token_rights(&self, scopes: &[&str], expires_at: i64) {
        *lock(&self.graph.rights) = TokenRights {
            expires_at,
            ..TokenRights::new(scopes)
        };
    }

    /// Performs the subscription handshake with the page's callback: the hub must echo the
    /// challenge.
    pub async fn subscribe(&self) -> Result<()> {
        self.graph.subscribe(Surface::Messenger).await
    }

    /// Performs the handshake with the callback of one surface.
    pub async fn subscribe_on(&self, surface: Surface) -> Result<()> {
        self.graph.subscribe(surface).await
    }

    /// Performs a handshake with another verify token, which the hub must refuse; the answer's
    /// status is returned.
    pub async fn subscribe_with(&self, verify_token: &str) -> Result<u16> {
        let answer = self
            .graph
            .handshake(Surface::Messenger)
            .ask(verify_token, "1158201444")
            .await?;
        Ok(answer.0)
    }

    /// Adds a customer. Where an unknown customer belongs is decided by the first [`Act`].
    pub fn add_customer(&self, id: impl Into<String>, profile: Profile) {
        self.graph.world.customers.add(id, profile);
    }

    /// Adds somebody on Instagram, with what Instagram tells beside name and picture.
    pub fn add_instagram_customer(
        &self,
        id: impl Into<String>,
        profile: Profile,
        person: InstagramPerson,
    ) {
        let id = id.into();
        self.graph.world.customers.add(id.clone(), profile);
        self.graph.people.add_on_instagram(&id, person);
    }

    /// A customer with the conversation as the customer sees it.
    pub fn customer(&self, id: &str) -> Option<Customer> {
        self.graph.world.customers.get(id)
    }

    /// All customers: reachability, deliveries, waiting for an answer.
    pub fn customers(&self) -> &Customers {
        &self.graph.world.customers
    }

    /// The page-scoped id under which Messenger knows a commenter; there is one since the first
    /// private reply. It is never the id that stands in the feed.
    pub fn psid_of(&self, commenter: &str) -> Option<String> {
        self.graph.people.psid_of(commenter)
    }

    /// A customer does something ([`Incoming`] alone is for Messenger); this waits until the hub
    /// has acknowledged it or the retries are used up. An unknown customer is created.
    pub async fn say(&self, id: &str, what: impl Into<Act>) -> Delivery {
        self.graph.act(id, what.into()).await
    }

    /// A post or comment of the page's feed, removed ones included.
    pub fn feed_item(&self, id: &str) -> Option<WallItem> {
        self.graph.wall.any(id)
    }

    /// A media object or comment of the Instagram account, removed ones included.
    pub fn instagram_item(&self, id: &str) -> Option<WallItem> {
        self.graph.gallery.any(id)
    }

    /// The page publishes a post past the hub; its webhook is not waited for.
    pub fn publish(&self, text: &str, photos: &[&str]) -> WallItem {
        feed::publish_past_the_hub(&self.graph, text, photos)
    }

    /// The Instagram account publishes media past the hub; Instagram sends no webhook about it.
    pub fn publish_media(&self, caption: &str, url: &str) -> WallItem {
        instagram::publish_media(&self.graph, caption, url)
    }

    /// Posts a webhook body as given (escaped and signed), until the hub answers 200. It goes
    /// where the webhooks of its `object` go.
    pub async fn deliver_body(&self, body: Value) -> Delivery {
        outbox::post_given(&self.graph, body).await
    }

    /// Keeps a media file and returns the address where the hub can fetch it.
    pub fn add_media(&self, mime: impl Into<String>, bytes: impl Into<bytes::Bytes>) -> String {
        self.graph.keep_file(mime.into(), bytes.into())
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
