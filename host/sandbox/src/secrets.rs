//! A channel's secrets: held so that they are wiped from memory and never shown, and used for what
//! their kind allows and nothing else.

use async_trait::async_trait;
use linecard_model::manifest::SecretKind;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// A secret's value. `Debug` shows the kind only, and the memory is wiped when it is dropped.
#[derive(Debug, Clone)]
pub enum Secret {
    /// A key for HMAC.
    HmacKey(SecretString),
    /// A word that the other side repeats.
    SharedToken(SecretString),
    /// A bearer token (RFC 6750).
    Bearer(SecretString),
    /// A user name and password (RFC 7617).
    Basic(BasicSecret),
    /// The four values of OAuth 1.0a (RFC 5849).
    Oauth1(Oauth1Secret),
    /// A client of OAuth 2 (RFC 6749).
    Oauth2(Oauth2Secret),
    /// A part of the URL's path.
    UrlPart(SecretString),
    /// A key in a header or query parameter of its own.
    ApiKey(SecretString),
}

/// A user name and password.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BasicSecret {
    /// The user name; it holds no colon.
    pub username: String,
    /// The password.
    pub password: SecretString,
}

/// The four values of OAuth 1.0a.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oauth1Secret {
    /// The application's key.
    pub consumer_key: String,
    /// The application's secret.
    pub consumer_secret: SecretString,
    /// The account's token.
    pub token: String,
    /// The account's token secret.
    pub token_secret: SecretString,
}

/// A client of OAuth 2. With a refresh token the host renews the access token by it (RFC 6749,
/// section 6); without one it uses client credentials (section 4.4).
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Oauth2Secret {
    /// The token endpoint.
    pub token_url: String,
    /// The client's id.
    pub client_id: String,
    /// The client's secret; absent for a public client.
    #[serde(default)]
    pub client_secret: Option<SecretString>,
    /// The refresh token.
    #[serde(default)]
    pub refresh_token: Option<SecretString>,
    /// The scope to ask for, space-separated.
    #[serde(default)]
    pub scope: Option<String>,
    /// How the client shows who it is. Default: by HTTP Basic, which every server must take.
    #[serde(default)]
    pub client_auth: ClientAuth,
}

/// How an OAuth 2 client shows who it is (RFC 6749, section 2.3.1).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// In the `Authorization` header.
    #[default]
    Basic,
    /// In the request's body.
    Body,
}

/// Why a value is not a secret of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("this is not a secret of the kind {kind:?}: {text}")]
pub struct SecretFormatError {
    /// The kind.
    pub kind: SecretKind,
    /// What is wrong. It names fields, never values.
    pub text: String,
}

impl Secret {
    /// Reads a secret of this kind: a text for all that are one word, such as `bearer`, an object
    /// with the fields of the other kinds' types otherwise.
    pub fn from_json(
        kind: SecretKind,
        value: &serde_json::Value,
    ) -> Result<Self, SecretFormatError> {
        let error = |text: &str| SecretFormatError {
            kind,
            text: text.to_owned(),
        };
        let text = || match value.as_str() {
            Some("") => Err(error("it is empty")),
            Some(text) => Ok(SecretString::from(text)),
            None => Err(error("it must be a text")),
        };
        match kind {
            SecretKind::HmacKey => text().map(Self::HmacKey),
            SecretKind::SharedToken => text().map(Self::SharedToken),
            SecretKind::Bearer => text().map(Self::Bearer),
            SecretKind::UrlPart => text().map(Self::UrlPart),
            SecretKind::ApiKey => text().map(Self::ApiKey),
            // serde's message may quote a value of the wrong type, so it is not passed on.
            SecretKind::Basic => BasicSecret::deserialize(value)
                .map(Self::Basic)
                .map_err(|_| error("it must have the texts \"username\" and \"password\"")),
            SecretKind::Oauth1 => Oauth1Secret::deserialize(value).map(Self::Oauth1).map_err(
                |_| {
                    error(
                        "it must have the texts \"consumer_key\", \"consumer_secret\", \"token\" \
                         and \"token_secret\"",
                    )
                },
            ),
            SecretKind::Oauth2 => {
                Oauth2Secret::deserialize(value)
                    .map(Self::Oauth2)
                    .map_err(|_| {
                        error(
                            "it must have the texts \"token_url\" and \"client_id\", and may have \
                         \"client_secret\", \"refresh_token\", \"scope\" and \"client_auth\" \
                         (\"basic\" or \"body\")",
                        )
                    })
            }
        }
    }

    /// What it can be used for.
    pub fn kind(&self) -> SecretKind {
        match self {
            Self::HmacKey(_) => SecretKind::HmacKey,
            Self::SharedToken(_) => SecretKind::SharedToken,
            Self::Bearer(_) => SecretKind::Bearer,
            Self::Basic(_) => SecretKind::Basic,
            Self::Oauth1(_) => SecretKind::Oauth1,
            Self::Oauth2(_) => SecretKind::Oauth2,
            Self::UrlPart(_) => SecretKind::UrlPart,
            Self::ApiKey(_) => SecretKind::ApiKey,
        }
    }
}

/// Where a call finds its channel's secrets.
pub trait SecretSource: Send + Sync {
    /// The secret of this name. Called for each use, so that a changed secret counts at once; it
    /// must not block.
    fn get(&self, name: &str) -> Option<Secret>;

    /// Where rotated tokens are kept; `None` if this source cannot keep any, and then a channel whose
    /// network rotates refresh tokens gets no access token.
    fn store(&self) -> Option<&dyn SecretStore> {
        None
    }
}

/// Keeps a refresh token that the network has rotated.
#[async_trait]
pub trait SecretStore: Send + Sync {
    /// Replaces the refresh token of the `oauth2` secret of this name. Returns only when it is
    /// durable: the old one is void by now, and the access token that came with the new one is not
    /// used before. From then on [`SecretSource::get`] gives it.
    async fn rotated(&self, name: &str, refresh_token: SecretString) -> Result<(), String>;
}

/// A source without secrets.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSecrets;

impl SecretSource for NoSecrets {
    fn get(&self, _name: &str) -> Option<Secret> {
        None
    }
}

/// The value's bytes, for the few places that compute with them.
pub(crate) fn bytes(secret: &SecretString) -> &[u8] {
    secret.expose_secret().as_bytes()
}
