//! How a simulated page is set up and how it behaves.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use url::Url;

use crate::clock::SimulatedClock;
use crate::delivery::RetryPolicy;
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
    /// Whether calls need `appsecret_proof`.
    pub require_app_secret_proof: bool,
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
            require_app_secret_proof: false,
            hourly_calls: None,
            delivery: WebhookDelivery::default(),
            after_send: AfterSend::default(),
            record: RecordMode::Full,
            seed: 1,
            clock: SimulatedClock::default(),
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
