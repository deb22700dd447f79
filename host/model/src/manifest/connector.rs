//! What a connector wants and can do, and what an analyzer gives.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::action::{ActionAbility, ActionKind, RateLimit, RetryRule};

/// What a connector wants and can do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ConnectorManifest {
    /// The networks it speaks, such as `messenger`, `x`, `whatsapp`.
    pub networks: Vec<String>,
    /// The secrets that a channel needs. The guest never sees their values.
    #[serde(default)]
    pub secrets: Vec<SecretWant>,
    /// The hosts that it wants to call.
    #[serde(default)]
    pub hosts: Vec<HostWant>,
    /// Whether `receive` handles webhooks.
    pub receives: bool,
    /// Whether `poll` fetches.
    pub polls: bool,
    /// Whether `resolve-profile` finds facts about a person.
    pub resolves_profiles: bool,
    /// Whether `resolve-media` fetches attachments that are named by reference only.
    pub resolves_media: bool,
    /// Whether `probe` can tell if the channel's credentials still work.
    pub probes: bool,
    /// Whether the network has templates that are approved beforehand and can be listed.
    #[serde(default)]
    pub templates: bool,
    /// What kinds of conversation it makes: public, private or both.
    #[serde(default)]
    pub visibilities: Vec<Visibility>,
    /// What it can do on the network, with the limits of each. No kind is listed twice.
    #[serde(default)]
    pub actions: Vec<ActionAbility>,
    /// The network's documented rate limits, which the host keeps to.
    #[serde(default)]
    pub rate_limits: Vec<RateLimit>,
    /// How an action that fails for the time being is tried again, if the network documents that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retries: Option<RetryRule>,
}

impl ConnectorManifest {
    /// What it can do of this kind, if anything.
    pub fn ability(&self, kind: ActionKind) -> Option<&ActionAbility> {
        self.actions.iter().find(|ability| ability.kind == kind)
    }

    /// The secret of this name, if the connector wants one.
    pub fn secret(&self, name: &str) -> Option<&SecretWant> {
        self.secrets.iter().find(|want| want.name == name)
    }
}

/// What an analyzer gives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AnalyzerManifest {
    /// The names of the scores that it may give, such as `sentiment`.
    #[serde(default)]
    pub scores: Vec<String>,
    /// The languages that it understands, as BCP 47 tags; empty if it does not matter.
    #[serde(default)]
    pub languages: Vec<String>,
}

/// Whether a conversation can be read by anybody (`social-conversation`) or by the two sides only
/// (`social-direct-message`).
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Anybody can read it.
    Public,
    /// Only the customer and the company can.
    Private,
}

impl fmt::Display for Visibility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Public => "public",
            Self::Private => "private",
        })
    }
}

/// A secret that a channel of this connector needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SecretWant {
    /// Its name in `http.request.auth` and in the `secrets` interface.
    pub name: String,
    /// What people read, with the network's own word for it, such as "App secret".
    pub title: String,
    /// Where a person finds the value.
    pub hint: String,
    /// What it is used for; it can be used for nothing else.
    pub kind: SecretKind,
    /// Whether a channel cannot work without it.
    pub required: bool,
    /// The end of the path of the one call in which the value may stand in the query: the one by which
    /// the network tells about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inspected_at: Option<String>,
}

/// What a secret is used for.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum SecretKind {
    /// A key for `secrets.hmac` and `secrets.verify-hmac`.
    HmacKey,
    /// A word that the other side repeats, compared by `secrets.equals`.
    SharedToken,
    /// Sent as `Authorization: Bearer …`.
    Bearer,
    /// A user name and password, sent as `Authorization: Basic …`.
    Basic,
    /// The four OAuth 1.0a values; the host signs each request (RFC 5849, HMAC-SHA1).
    Oauth1,
    /// An OAuth 2 client with a refresh token or client credentials (RFC 6749); the host gets and
    /// renews the access token.
    Oauth2,
}

impl SecretKind {
    /// Its name, as the contract writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::HmacKey => "hmac-key",
            Self::SharedToken => "shared-token",
            Self::Bearer => "bearer",
            Self::Basic => "basic",
            Self::Oauth1 => "oauth1",
            Self::Oauth2 => "oauth2",
        }
    }
}

/// A host that a connector wants to call. The operator sees the list and grants it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HostWant {
    /// This very host, as `name` or `name:port`; the port is 443 if it is not given. A name that
    /// starts with `*.` stands for every host below it.
    Exact(String),
    /// The host of the URL in the channel's configuration at this JSON Pointer (RFC 6901).
    FromConfig(String),
}
