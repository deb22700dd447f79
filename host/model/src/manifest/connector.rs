//! What a connector wants and can do, and what an analyzer gives.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
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
    /// Which channels it does so for; absent for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub receives_if: Option<Condition>,
    /// Whether `poll` fetches.
    pub polls: bool,
    /// Which channels it does so for; absent for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub polls_if: Option<Condition>,
    /// Whether a channel can be registered at the network, and taken off it again.
    #[serde(default)]
    pub sets_up: bool,
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

    /// Whether a channel with these settings takes webhooks.
    pub fn receives_with(&self, settings: &Value) -> bool {
        self.receives && holds(self.receives_if.as_ref(), settings)
    }

    /// Whether a channel with these settings polls.
    pub fn polls_with(&self, settings: &Value) -> bool {
        self.polls && holds(self.polls_if.as_ref(), settings)
    }

    /// The secret of this name, if the connector wants one.
    pub fn secret(&self, name: &str) -> Option<&SecretWant> {
        self.secrets.iter().find(|want| want.name == name)
    }
}

fn holds(condition: Option<&Condition>, settings: &Value) -> bool {
    condition.is_none_or(|condition| condition.holds(settings))
}

/// What must stand in a channel's configuration, with the schema's defaults filled in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Condition {
    /// Where, as a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// What: the text itself; of a number or a boolean what JSON writes.
    pub equals: String,
}

impl Condition {
    /// Whether it does.
    pub fn holds(&self, settings: &Value) -> bool {
        match settings.pointer(&self.pointer) {
            Some(Value::String(text)) => *text == self.equals,
            Some(Value::Bool(yes)) => yes.to_string() == self.equals,
            Some(Value::Number(number)) => number.to_string() == self.equals,
            _ => false,
        }
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
    /// Which channels cannot work without it, if it is not required of all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub required_if: Option<Condition>,
    /// Where the host puts the value: of the kinds `url_part` and `api_key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placed: Option<SecretPlace>,
    /// The end of the path of the one call in which the value may stand in the query: the one by which
    /// the network tells about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inspected_at: Option<String>,
}

impl SecretWant {
    /// Whether a channel with these settings cannot work without it.
    pub fn is_required_with(&self, settings: &Value) -> bool {
        let condition = self.required_if.as_ref();
        self.required || condition.is_some_and(|condition| condition.holds(settings))
    }
}

/// Where the host puts a secret's value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SecretPlace {
    /// Of a `url_part`: what stands around the value in the path, with `{}` for the value, such as
    /// `/bot{}/`.
    Path(Vec<String>),
    /// Of an `api_key`: the header.
    Header(String),
    /// Of an `api_key`: the query parameter.
    Query(String),
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
    /// A part of the URL's path, which the host fills in.
    UrlPart,
    /// A key in a header or query parameter of its own, which the host adds.
    ApiKey,
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
            Self::UrlPart => "url-part",
            Self::ApiKey => "api-key",
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_condition_holds_for_what_stands_in_the_settings() {
        let is = |equals: &str, settings: Value| {
            let condition = Condition {
                pointer: "/updates".to_owned(),
                equals: equals.to_owned(),
            };
            condition.holds(&settings)
        };
        assert!(is("poll", json!({"updates": "poll"})));
        assert!(!is("poll", json!({"updates": "webhook"})));
        assert!(!is("poll", json!({})));
        assert!(is("true", json!({"updates": true})));
        assert!(is("7", json!({"updates": 7})));
        assert!(!is("null", json!({"updates": null})));
        assert!(!is("[]", json!({"updates": []})));
    }
}
