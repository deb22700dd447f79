//! How a simulated page is set up and how it behaves.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::clock::SimulatedClock;
use crate::delivery::RetryPolicy;
use crate::outbox::Habits;
use crate::record::RecordMode;

/// How a simulated page is set up.
#[derive(Clone)]
pub struct GraphOptions {
    /// Where to listen; port 0 for any.
    pub listen: SocketAddr,
    /// The page's id.
    pub page_id: String,
    /// The page's name.
    pub page_name: String,
    /// The id of the app that the hub's token belongs to; echoes carry it.
    pub app_id: u64,
    /// The page access token that the hub must send.
    pub access_token: String,
    /// The key of webhook signatures.
    pub app_secret: String,
    /// The word that the subscription handshake carries.
    pub verify_token: String,
    /// Where webhooks go; it can be set later.
    pub callback_url: Option<Url>,
    /// The page's feed: posts and comments.
    pub feed: FeedOptions,
    /// The Instagram professional account that is linked to the page.
    pub instagram: InstagramOptions,
    /// Whether the page sends only what the app has subscribed to by
    /// `POST /{page}/subscribed_apps`; else it sends everything.
    pub require_subscription: bool,
    /// Whether calls need `appsecret_proof`.
    pub require_app_secret_proof: bool,
    /// Whether the app is older than 4 November 2026 and may still use what newer ones may not: requests
    /// for several ids, aliases of fields, date formats, other methods by parameter, and JSONP.
    pub is_older_app: bool,
    /// Calls that the page may make in a rolling hour before it is throttled with 80006; none for
    /// no limit and no usage headers.
    pub hourly_calls: Option<u64>,
    /// How webhooks are delivered at first.
    pub delivery: WebhookDelivery,
    /// What follows a message from the hub at first.
    pub after_send: AfterSend,
    /// How much is remembered.
    pub record: RecordMode,
    /// The seed of faults, losses, duplicates and order.
    pub seed: u64,
    /// The clock that windows and timestamps go by.
    pub clock: SimulatedClock,
}

impl fmt::Debug for GraphOptions {
    /// Shows no token and no secret.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("GraphOptions")
            .field("listen", &self.listen)
            .field("page_id", &self.page_id)
            .field("app_id", &self.app_id)
            .field("instagram", &self.instagram)
            .field("record", &self.record)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

impl Default for GraphOptions {
    /// A page on any free port of this machine, with well-known secrets, that repeats quickly.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            page_id: "100000000000001".to_owned(),
            page_name: "Simulated Page".to_owned(),
            app_id: 200_000_000_000_001,
            access_token: "simulated-page-token".to_owned(),
            app_secret: "simulated-app-secret".to_owned(),
            verify_token: "simulated-verify-token".to_owned(),
            callback_url: None,
            feed: FeedOptions::default(),
            instagram: InstagramOptions::default(),
            require_subscription: false,
            require_app_secret_proof: false,
            is_older_app: false,
            hourly_calls: None,
            delivery: WebhookDelivery::default(),
            after_send: AfterSend::default(),
            record: RecordMode::Full,
            seed: 1,
            clock: SimulatedClock::default(),
        }
    }
}

/// How the page's feed behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedOptions {
    /// Where webhooks about the feed go when another app than Messenger's receives them; none for
    /// the page's callback, where one call may hold both.
    pub callback_url: Option<Url>,
    /// How webhooks call a change of a post or comment.
    pub edit_verb: EditVerb,
    /// Whether the hub's own posts, comments, likes and changes come back as webhooks, as the
    /// network does.
    pub own_events: bool,
}

impl Default for FeedOptions {
    /// Everything to the page's callback, with `edited`, and the hub's own deeds come back.
    fn default() -> Self {
        Self {
            callback_url: None,
            edit_verb: EditVerb::default(),
            own_events: true,
        }
    }
}

/// How feed webhooks call a change; both occur.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EditVerb {
    /// `edited`
    #[default]
    Edited,
    /// `edit`
    Edit,
}

impl EditVerb {
    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Edited => "edited",
            Self::Edit => "edit",
        }
    }
}

/// An Instagram professional account.
#[derive(Clone, PartialEq, Eq)]
pub struct InstagramOptions {
    /// The account's id.
    pub id: String,
    /// The account's user name.
    pub username: String,
    /// The account's display name.
    pub name: String,
    /// The token of Instagram Login, with which `me` is the account. The page's token serves, too,
    /// with the account's id in the path.
    pub access_token: String,
    /// Where webhooks of the object `instagram` go; none for the page's callback.
    pub callback_url: Option<Url>,
}

impl fmt::Debug for InstagramOptions {
    /// Shows no token.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("InstagramOptions")
            .field("id", &self.id)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

impl Default for InstagramOptions {
    /// An account with well-known ids and token.
    fn default() -> Self {
        Self {
            id: "17841400000000001".to_owned(),
            username: "simulated.page".to_owned(),
            name: "Simulated Page".to_owned(),
            access_token: "simulated-instagram-token".to_owned(),
            callback_url: None,
        }
    }
}

/// How webhooks travel to the hub.
#[derive(Debug, Clone, PartialEq)]
pub struct WebhookDelivery {
    /// When a call that was not answered with 200 is repeated.
    pub retry: RetryPolicy,
    /// The probability, from 0 to 1, that an event is sent in a second call, too.
    pub duplicates: f64,
    /// The probability, from 0 to 1, that an event is never sent.
    pub losses: f64,
    /// The most events in one call.
    pub batch: usize,
    /// The most events in one entry of a call.
    pub items_per_entry: usize,
    /// How long events are gathered when batches or disorder are asked for.
    pub gather: Duration,
    /// Whether events that were gathered are shuffled.
    pub disorder: bool,
    /// The most calls at a time.
    pub parallel: usize,
}

impl Default for WebhookDelivery {
    /// One event a call, 64 calls at a time, each once and repeated quickly until 200.
    fn default() -> Self {
        Self {
            retry: RetryPolicy::fast(),
            duplicates: 0.0,
            losses: 0.0,
            batch: 1,
            items_per_entry: 1,
            gather: Duration::from_millis(30),
            disorder: false,
            parallel: 64,
        }
    }
}

impl WebhookDelivery {
    pub(crate) fn habits(&self) -> Habits {
        Habits {
            duplicates: self.duplicates,
            losses: self.losses,
            batch: self.batch,
            gather: self.gather,
            disorder: self.disorder,
            parallel: self.parallel,
        }
    }
}

/// The parts of a [`WebhookDelivery`] that are changed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeliveryChange {
    duplicates: Option<f64>,
    losses: Option<f64>,
    batch: Option<usize>,
    items_per_entry: Option<usize>,
    disorder: Option<bool>,
    parallel: Option<usize>,
}

impl DeliveryChange {
    pub(crate) fn applied(self, mut delivery: WebhookDelivery) -> WebhookDelivery {
        delivery.duplicates = self.duplicates.unwrap_or(delivery.duplicates);
        delivery.losses = self.losses.unwrap_or(delivery.losses);
        delivery.batch = self.batch.unwrap_or(delivery.batch);
        delivery.items_per_entry = self.items_per_entry.unwrap_or(delivery.items_per_entry);
        delivery.disorder = self.disorder.unwrap_or(delivery.disorder);
        delivery.parallel = self.parallel.unwrap_or(delivery.parallel);
        delivery
    }
}

/// What the page tells the hub after it sent a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AfterSend {
    /// The echo, with the app's id and the metadata.
    pub echo: bool,
    /// The delivery receipt.
    pub delivered: bool,
    /// The read receipt.
    pub read: bool,
    /// How long after the send, in milliseconds.
    pub delay_ms: u64,
}

impl Default for AfterSend {
    /// Echo, delivery and read receipt, 20 ms apart from the send.
    fn default() -> Self {
        Self {
            echo: true,
            delivered: true,
            read: true,
            delay_ms: 20,
        }
    }
}
