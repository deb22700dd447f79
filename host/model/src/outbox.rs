//! What waits to be done on a network, and how the channels fare.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::platform::{ActionRequest, Refusal};
use crate::spend::Spent;
use crate::{ChannelId, ContactId, InteractionId, MessageId, Timestamp};

/// The place of an entry in the outbox of its channel: entries of one thread are done in this order.
pub type OutboxNumber = u64;

/// One action that waits to be done, or is being done.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OutboxEntry {
    /// The channel.
    pub channel: ChannelId,
    /// Its place.
    pub number: OutboxNumber,
    /// The message that it sends; none for a like and its kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageId>,
    /// The customer, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<ContactId>,
    /// The interaction that it belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interaction: Option<InteractionId>,
    /// What is asked of the connector. Its `id` is the message's, or the action's own.
    pub request: ActionRequest,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// For how many seconds after that it is tried again, in place of the channel's time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_for_seconds: Option<u32>,
    /// The messages that earlier attempts have made, by the network's ids, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub made: Vec<String>,
    /// Whether the network has shown that it was done, before it answered an attempt.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shown: bool,
    /// How far it is.
    pub state: OutboxState,
}

/// How far an outbox entry is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum OutboxState {
    /// It waits for its turn.
    Waiting,
    /// The network asked to wait, or an attempt failed for the time being.
    Retrying {
        /// Not before.
        not_before: Timestamp,
        /// What happened.
        reason: Refusal,
    },
    /// An attempt has begun. Found after a restart, its outcome is unknown.
    Attempting {
        /// Since when.
        since: Timestamp,
    },
}

/// How a channel fares.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
pub struct ChannelHealth {
    /// The state.
    pub state: HealthState,
    /// Since when; absent before the first news.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// What happened, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What a person must do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// Until when the network asked to wait.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// The states of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum HealthState {
    /// Nothing is known yet.
    #[default]
    Unknown,
    /// It works.
    Connected,
    /// The network asked to wait.
    Throttled,
    /// Something fails for the time being.
    TransientFault,
    /// Credentials or permissions do not suffice: a person must act.
    CredentialsRefused,
    /// The network works with restrictions.
    Restricted,
    /// The network has stopped the account.
    Stopped,
    /// An operator paused it.
    Paused,
    /// The operator's budget for it is used up: it polls no more until the next day or month.
    BudgetSpent,
}

/// What a channel has done, as far as it is known: an operator's figures.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChannelFigures {
    /// When the hub took the last message of a customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_inbound_at: Option<Timestamp>,
    /// How late that one came: from the network's time of it to the hub's, in milliseconds. Clocks
    /// differ; below zero counts as zero.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lag_ms: Option<u64>,
    /// When the network last did something that the hub asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_outbound_at: Option<Timestamp>,
    /// When a poll last succeeded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub polled_at: Option<Timestamp>,
    /// What the network charged.
    #[serde(default)]
    pub spent: Spent,
    /// What rules did within an hour, by the kind of action.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub automatic: BTreeMap<String, HourCount>,
}

/// What was counted within an hour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct HourCount {
    /// When the hour began.
    pub since: Timestamp,
    /// How many.
    pub count: u32,
}

impl ChannelFigures {
    /// How many actions of a kind rules have asked for in the hour that is running.
    pub fn automatic(&self, kind: &str, at: Timestamp) -> u32 {
        let counted = self.automatic.get(kind);
        let counted = counted.filter(|counted| counted.is_running(at));
        counted.map_or(0, |counted| counted.count)
    }

    /// Counts one that a rule asks for.
    pub fn count_automatic(&mut self, kind: &str, at: Timestamp) {
        let begins = HourCount {
            since: at,
            count: 0,
        };
        let counted = self.automatic.entry(kind.to_owned()).or_insert(begins);
        if !counted.is_running(at) {
            *counted = begins;
        }
        counted.count = counted.count.saturating_add(1);
    }
}

impl HourCount {
    fn is_running(&self, at: Timestamp) -> bool {
        at.duration_since(self.since) < jiff::SignedDuration::from_hours(1)
    }
}
