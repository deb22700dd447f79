//! The names and forms of what the vault keeps in the store.

use linecard_model::{AgentId, ChannelId, Timestamp, WebhookId};
use serde::{Deserialize, Serialize};

/// An entry to write (`Some`) or to remove (`None`), as a site's request takes it.
pub type VaultEntry = (String, Option<Vec<u8>>);

/// What a vault entry is, by its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EntryName {
    /// A channel's secret, sealed.
    Secret(ChannelId, String),
    /// A refresh token that a network has rotated, sealed.
    Rotated(ChannelId, String),
    /// An agent's password hash.
    Password(AgentId),
    /// An API key's hash.
    Key(String),
    /// A session, by its token's hash in hexadecimal.
    Session(String),
    /// Another system that is told what happens, with the secret that it shares with the hub, sealed.
    Webhook(WebhookId),
}

impl EntryName {
    pub(super) fn parse(name: &str) -> Option<Self> {
        let (kind, rest) = name.split_once('/')?;
        let of_channel = || {
            let (channel, secret) = rest.split_once('/')?;
            Some((ChannelId::new(channel).ok()?, secret.to_owned()))
        };
        match kind {
            "secret" => of_channel().map(|(c, s)| Self::Secret(c, s)),
            "rotated" => of_channel().map(|(c, s)| Self::Rotated(c, s)),
            "password" => AgentId::new(rest).ok().map(Self::Password),
            "key" => Some(Self::Key(rest.to_owned())),
            "session" => Some(Self::Session(rest.to_owned())),
            "webhook" => WebhookId::new(rest).ok().map(Self::Webhook),
            _ => None,
        }
    }

    pub(super) fn is_sealed(&self) -> bool {
        matches!(
            self,
            Self::Secret(..) | Self::Rotated(..) | Self::Webhook(_)
        )
    }
}

impl std::fmt::Display for EntryName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Secret(channel, name) => write!(f, "secret/{channel}/{name}"),
            Self::Rotated(channel, name) => write!(f, "rotated/{channel}/{name}"),
            Self::Password(agent) => write!(f, "password/{agent}"),
            Self::Key(name) => write!(f, "key/{name}"),
            Self::Session(hash) => write!(f, "session/{hash}"),
            Self::Webhook(webhook) => write!(f, "webhook/{webhook}"),
        }
    }
}

/// A signed-in person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Who.
    pub agent: AgentId,
    /// Since when.
    pub created_at: Timestamp,
    /// Until when.
    pub expires_at: Timestamp,
}
