//! What goes in and out of a connector's `receive`, `poll` and `resolve-media`.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::event::Event;

/// A request that came to `/channels/{id}/webhook`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookRequest {
    /// The method, in capitals.
    pub method: String,
    /// What follows `/channels/{id}/webhook`, with its leading slash; empty if nothing does.
    pub path: String,
    /// The whole address that was called, as the network wrote it; absent if the hub does not know its public
    /// address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The query parameters, decoded, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<(String, String)>,
    /// The headers, names in lower case, in order. The hub's own credentials are not among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The body, byte for byte: signatures are over these bytes.
    #[serde(default, with = "serde_bytes")]
    pub body: Vec<u8>,
}

/// What to answer. The host answers only after the events are on disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookResponse {
    /// The status, 200 to 599.
    pub status: u16,
    /// The headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The body, up to 64 KiB.
    #[serde(default, with = "serde_bytes")]
    pub body: Vec<u8>,
}

/// A request that was understood.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reception {
    /// What to answer.
    pub response: WebhookResponse,
    /// What happened, in the payload's order; empty for a handshake.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Event>,
}

/// Why a request was not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Rejection {
    /// The signature is wrong or missing: the host answers 401 and stores nothing.
    #[error("the signature is wrong or missing: {0}")]
    BadSignature(String),
    /// The signature is right but the body cannot be read: the host keeps it raw and answers 200,
    /// because a network would deliver it again and again.
    #[error("the body cannot be read: {0}")]
    Malformed(String),
    /// It is meant for another account: the host answers 404.
    #[error("it is meant for another account: {0}")]
    NotForThisChannel(String),
    /// The connector does not take this method or path: the host answers 405.
    #[error("the connector does not take this method or path: {0}")]
    Unsupported(String),
}

/// What a poll found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PollPage {
    /// What happened, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Event>,
    /// Where the next poll goes on, in the connector's own form, up to 16 KiB. The host keeps it in
    /// the same durable write as the events.
    #[serde(default, with = "serde_bytes")]
    pub cursor: Vec<u8>,
    /// How long to wait before the next poll, in milliseconds; 0 if there is more now.
    pub next_in_ms: u64,
    /// What to wait for before the next poll.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait: Option<Wait>,
    /// What the network charges for what was fetched, in millionths of the unit of its price list.
    #[serde(default)]
    pub cost: u64,
}

/// A GET request that the network answers when there is something, or when its time is over. The host makes
/// it before the next poll, which gets the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// The absolute URL.
    pub url: String,
    /// Headers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// The secret with which the host signs the request or adds a credential.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth: Option<String>,
    /// How long to wait for the whole answer, in milliseconds.
    pub timeout_ms: u32,
}

/// A step of setting a channel up at its network, or of taking it off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Step {
    /// What is done, or would be.
    pub text: String,
    /// Whether it changes something; if not, it is so already.
    pub changes: bool,
}

/// A file that was fetched into the hub's media store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredMedia {
    /// Its name in the media store.
    pub media: String,
    /// The MIME type.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime: Option<String>,
    /// The size in bytes.
    pub size: u64,
    /// The lower-case hexadecimal SHA-256.
    pub sha256: String,
}
