//! Customers.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::platform::{Alias, Profile};
use crate::{ChannelId, ContactId, Timestamp};

/// A customer: one person as far as the hub knows, under one or more platform identities.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Contact {
    /// The contact.
    pub id: ContactId,
    /// When the hub first heard of them.
    pub created_at: Timestamp,
    /// The name to show: the newest that a network gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display_name: Option<String>,
    /// Who they are on which channel.
    pub identities: Vec<ContactIdentity>,
    /// The public conversation whose unnamed authors this contact stands for, and under which the
    /// company's own posts in it are kept. Absent for a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of_thread: Option<ContactThread>,
    /// On which channels they agreed that the company writes to them first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opt_ins: Vec<OptIn>,
}

/// A contact's consent to be written to first on a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OptIn {
    /// The channel.
    pub channel: ChannelId,
    /// When it was recorded.
    pub at: Timestamp,
    /// Who recorded it: an agent's id, or `key:` and a key's name.
    pub by: String,
    /// How they agreed, such as the form or the call.
    pub source: String,
}

/// A public conversation on a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContactThread {
    /// The channel.
    pub channel: ChannelId,
    /// The network's key of the conversation.
    pub thread: String,
}

/// A contact as one channel sees them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ContactIdentity {
    /// The channel in whose scope the id is unique.
    pub channel: ChannelId,
    /// The network's id.
    pub id: String,
    /// Other ids of the same person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<Alias>,
    /// What the network tells about them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// When the profile was last changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_at: Option<Timestamp>,
}

impl Contact {
    /// The identity on a channel.
    pub fn identity(&self, channel: &ChannelId) -> Option<&ContactIdentity> {
        self.identities.iter().find(|i| &i.channel == channel)
    }

    /// The consent for a channel, if there is one.
    pub fn opt_in(&self, channel: &ChannelId) -> Option<&OptIn> {
        self.opt_ins.iter().find(|known| &known.channel == channel)
    }
}
