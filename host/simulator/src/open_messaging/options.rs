//! How a simulated middleware is set up and how it behaves.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};

use serde::{Deserialize, Serialize};
use url::Url;

use crate::clock::SimulatedClock;
use crate::delivery::RetryPolicy;
use crate::record::RecordMode;

/// How a simulated middleware is set up.
#[derive(Clone)]
pub struct OpenMessagingOptions {
    /// Where to listen; port 0 for any.
    pub listen: SocketAddr,
    /// The path of the outbound notification webhook.
    pub webhook_path: String,
    /// The key of the signature on outbound notifications.
    pub signature_secret: String,
    /// Headers that every outbound notification must carry, names in lower case.
    pub webhook_headers: Vec<(String, String)>,
    /// The integration's id.
    pub integration_id: String,
    /// The address under which the hub serves `/api/v2/conversations/...`; it can be set later.
    pub hub_url: Option<Url>,
    /// Where the hub gives tokens; `/oauth/token` under `hub_url` when absent.
    pub token_url: Option<Url>,
    /// The client's id for the token.
    pub client_id: String,
    /// The client's secret for the token.
    pub client_secret: String,
    /// How calls to the hub are repeated.
    pub retry: RetryPolicy,
    /// The probability, from 0 to 1, that an accepted message is posted again, under its id.
    pub duplicates: f64,
    /// The most calls to the hub at a time.
    pub parallel: usize,
    /// What the middleware reports about messages that it received.
    pub receipts: Receipts,
    /// How much is remembered.
    pub record: RecordMode,
    /// The seed of faults and duplicates.
    pub seed: u64,
    /// The clock that timestamps go by.
    pub clock: SimulatedClock,
}

impl fmt::Debug for OpenMessagingOptions {
    /// Shows no secret, and no header, which may hold one.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("OpenMessagingOptions")
            .field("listen", &self.listen)
            .field("webhook_path", &self.webhook_path)
            .field("integration_id", &self.integration_id)
            .field("record", &self.record)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

impl Default for OpenMessagingOptions {
    /// A middleware on any free port of this machine, with well-known secrets, that repeats
    /// quickly.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            webhook_path: "/outbound".to_owned(),
            signature_secret: "simulated-signature-secret".to_owned(),
            webhook_headers: Vec::new(),
            integration_id: "34071108-1569-4cb0-9137-a326b8a9e815".to_owned(),
            hub_url: None,
            token_url: None,
            client_id: "simulated-client".to_owned(),
            client_secret: "simulated-client-secret".to_owned(),
            retry: RetryPolicy::fast(),
            duplicates: 0.0,
            parallel: 64,
            receipts: Receipts::default(),
            record: RecordMode::Full,
            seed: 1,
            clock: SimulatedClock::default(),
        }
    }
}

/// What the middleware reports about messages that it received.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Receipts {
    /// `Delivered`.
    pub delivered: bool,
    /// `Read`, after `Delivered`.
    pub read: bool,
    /// How long after the message, in milliseconds.
    pub delay_ms: u64,
}

impl Default for Receipts {
    /// `Delivered` alone, after 20 ms.
    fn default() -> Self {
        Self {
            delivered: true,
            read: false,
            delay_ms: 20,
        }
    }
}
