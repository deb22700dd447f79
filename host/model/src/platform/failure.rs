//! Why something was not done.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Timestamp;
use crate::manifest::ThrottleScope;

/// Why an action or a fetch was not done. The host does the right thing for each case without
/// knowing the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Failure {
    /// The network asks to wait. The host waits until then and tries again, in order.
    #[error("the network asks to wait: {}", .0.reason)]
    Throttled(Throttle),
    /// It may work later. The host tries again, with growing pauses, for a set time.
    #[error("it may work later: {0}")]
    Transient(String),
    /// The credentials or permissions do not suffice. The host stops the channel's sending and shows
    /// the text: what a person must do.
    #[error("not authorized: {0}")]
    Unauthorized(String),
    /// The network refuses this action, finally.
    #[error("the network refuses: {0}")]
    Rejected(Refusal),
    /// The reply window is closed.
    #[error("the reply window is closed: {0}")]
    WindowClosed(String),
    /// The recipient, message or thread is not there any more.
    #[error("it is not there any more: {0}")]
    Gone(String),
    /// The network has no such action, or not for this thread.
    #[error("not supported: {0}")]
    Unsupported(String),
    /// It may or may not have been done: the connection broke after the request had left. The host
    /// never repeats it by itself unless the action is idempotent.
    #[error("it may or may not have been done: {0}")]
    Uncertain(String),
    /// A part is done for certain, and the rest can be done later. The host keeps the progress and
    /// comes again with it.
    #[error("not finished yet: {}", .0.reason)]
    Unfinished(Unfinished),
    /// The recipient does not want messages: they blocked the company, or left. It says nothing of the
    /// channel.
    #[error("the recipient does not want messages: {0}")]
    RecipientRefuses(Refusal),
    /// A part is done for certain, and the rest has ended otherwise.
    #[error("a part is done, and the rest not: {}", .0.rest)]
    Partly(Partly),
}

/// The code of a message that failed because its recipient does not want messages.
pub const RECIPIENT_REFUSES: &str = "recipient-refuses";

/// The code of a [`Refusal`] by which a connector tells that the network has restricted the account: the
/// text is what a person must do. Nothing is sent until somebody has.
pub const ACCOUNT_RESTRICTED: &str = "account-restricted";

impl Failure {
    /// What a person must do about a restriction of the account, if this tells of one.
    pub fn restriction(&self) -> Option<&str> {
        match self {
            Self::Rejected(refusal) if refusal.code == ACCOUNT_RESTRICTED => Some(&refusal.text),
            _ => None,
        }
    }
}

/// How far an action has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unfinished {
    /// What the next attempt must know, in the connector's own form, up to 16 KiB.
    #[serde(with = "serde_bytes")]
    pub progress: Vec<u8>,
    /// The ids of the messages that were made so far, in order.
    pub message_ids: Vec<String>,
    /// When to go on; absent for the host's own growing pauses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resume_at: Option<Timestamp>,
    /// Why it is not finished.
    pub reason: Refusal,
    /// What this attempt cost, in millionths of the unit of the network's price list.
    #[serde(default)]
    pub cost: u64,
}

/// What was done of an action that is not whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Partly {
    /// The ids of the messages that were made for certain, in order, those of earlier attempts too.
    pub message_ids: Vec<String>,
    /// What an attempt must know to go on after them, in the connector's own form, up to 16 KiB.
    #[serde(with = "serde_bytes")]
    pub progress: Vec<u8>,
    /// How the rest ended.
    pub rest: Rest,
    /// What this attempt cost, in millionths of the unit of the network's price list.
    #[serde(default)]
    pub cost: u64,
}

/// How the rest of an action ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Rest {
    /// The network refuses it, finally.
    #[error("the network refuses: {0}")]
    Rejected(Refusal),
    /// The recipient does not want messages.
    #[error("the recipient does not want messages: {0}")]
    RecipientRefuses(Refusal),
    /// It may or may not have been done.
    #[error("it may or may not have been done: {0}")]
    Uncertain(String),
}

/// How long to wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Throttle {
    /// Until when; absent if the network does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// What must wait.
    pub scope: ThrottleScope,
    /// The network's code and text.
    pub reason: Refusal,
}

/// A network's code and text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Refusal {
    /// The network's code, with a sub-code after a slash.
    pub code: String,
    /// The network's text.
    pub text: String,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.text, self.code)
    }
}
