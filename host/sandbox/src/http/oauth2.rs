//! Access tokens of OAuth 2 (RFC 6749): got, kept until shortly before they end, and renewed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use linecard_model::ChannelId;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use url::Url;

use super::client::{reason, sending};
use super::{HttpClient, HttpError};
use crate::context::ChannelContext;
use crate::secrets::{ClientAuth, Oauth2Secret};

/// How long a token is kept if the server does not say when it ends.
const DEFAULT_LIFE: Duration = Duration::from_mins(5);
/// A token is renewed this long before it ends, so that it does not end on the way.
const MARGIN: Duration = Duration::from_secs(30);
/// How long the token endpoint may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The most bytes of its answer.
const MAX_ANSWER: usize = 64 << 10;

/// Which token: of a channel's secret, with the client that it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct TokenKey {
    channel: ChannelId,
    name: String,
    /// Of the endpoint, client and client secret, so that a changed secret gets a token of its own.
    /// The refresh token is left out, because the server changes it.
    client: [u8; 32],
}

/// A token to use.
pub(super) struct Token {
    pub(super) value: SecretString,
    pub(super) key: TokenKey,
    /// Whether it was kept from before.
    pub(super) kept: bool,
}

struct Kept {
    value: SecretString,
    until: Instant,
}

type Slot = Arc<Mutex<Option<Kept>>>;

/// The tokens of all channels. One renewal of each runs at a time, the others wait for it: a refresh
/// token that rotates can be used only once.
#[derive(Default)]
pub(super) struct Tokens {
    slots: Mutex<HashMap<TokenKey, Slot>>,
}

/// A successful answer (RFC 6749, section 5.1).
#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    #[serde(default)]
    expires_in: Option<u64>,
    #[serde(default)]
    refresh_token: Option<SecretString>,
}

/// An error answer (RFC 6749, section 5.2).
#[derive(Deserialize)]
struct Refused {
    error: String,
}

impl Tokens {
    /// The access token, kept or new.
    pub(super) async fn token(
        &self,
        client: &HttpClient,
        name: &str,
        secret: &Oauth2Secret,
        channel: &ChannelContext,
    ) -> Result<Token, HttpError> {
        let key = TokenKey {
            channel: channel.id.clone(),
            name: name.to_owned(),
            client: client_hash(secret),
        };
        let slot = Arc::clone(self.slots.lock().await.entry(key.clone()).or_default());
        let mut slot = slot.lock().await;
        if let Some(kept) = slot.as_ref().filter(|kept| kept.until > Instant::now()) {
            return Ok(Token {
                value: kept.value.clone(),
                key,
                kept: true,
            });
        }
        // Another call may have rotated the refresh token while this one waited.
        let current = match channel.secrets.get(name) {
            Some(crate::secrets::Secret::Oauth2(current)) => current,
            _ => secret.clone(),
        };
        let granted = request(client, name, &current, channel).await?;
        let life = granted
            .expires_in
            .map_or(DEFAULT_LIFE, Duration::from_secs)
            .saturating_sub(MARGIN);
        *slot = Some(Kept {
            value: granted.access_token.clone(),
            until: Instant::now()
                .checked_add(life)
                .unwrap_or_else(Instant::now),
        });
        Ok(Token {
            value: granted.access_token,
            key,
            kept: false,
        })
    }

    /// Drops a token that the network no longer takes.
    pub(super) async fn forget(&self, key: &TokenKey) {
        let slot = self.slots.lock().await.get(key).cloned();
        if let Some(slot) = slot {
            *slot.lock().await = None;
        }
    }
}

fn client_hash(secret: &Oauth2Secret) -> [u8; 32] {
    let mut hash = Sha256::new();
    for text in [
        secret.token_url.as_str(),
        &secret.client_id,
        secret
            .client_secret
            .as_ref()
            .map_or("", |secret| secret.expose_secret()),
        secret.scope.as_deref().unwrap_or(""),
    ] {
        hash.update((text.len() as u64).to_be_bytes());
        hash.update(text);
    }
    hash.finalize().into()
}

/// What a person must do about an error code of a token endpoint (RFC 6749, section 5.2).
fn remedy(code: &str, refreshes: bool) -> &'static str {
    match code {
        "invalid_client" | "unauthorized_client" => {
            "Check the client id and the client secret, and that the client may use this grant, in the network's developer console."
        }
        "invalid_scope" => "Correct the scope: the network does not grant this one to the client.",
        "unsupported_grant_type" => {
            "Check the token URL: this endpoint does not give tokens in this way."
        }
        // Some networks say `invalid_request` for a refresh token that was used before.
        _ if refreshes => {
            "The refresh token has expired, was used before or was revoked: authorize the app for the account again and store the new refresh token."
        }
        _ => "Check the client id, the client secret and the token URL.",
    }
}

async fn request(
    client: &HttpClient,
    name: &str,
    secret: &Oauth2Secret,
    channel: &ChannelContext,
) -> Result<Granted, HttpError> {
    let error = |text: String| HttpError::Secret(format!("the secret \"{name}\": {text}"));
    let url = Url::parse(&secret.token_url).map_err(|e| error(format!("its token URL: {e}")))?;
    // The operator wrote the endpoint into the secret, which grants it by https at a public address.
    // Plain http or a private address takes a grant like any other host's.
    let private = match channel.grants.check(&url) {
        Ok(grant) => grant.private,
        Err(_) if url.scheme() == "https" => false,
        Err(text) => return Err(error(text)),
    };
    let mut form: Vec<(&str, &str)> = match &secret.refresh_token {
        Some(token) => vec![
            ("grant_type", "refresh_token"),
            ("refresh_token", token.expose_secret()),
        ],
        None => vec![("grant_type", "client_credentials")],
    };
    if let Some(scope) = &secret.scope {
        form.push(("scope", scope));
    }
    let builder = client
        .client_for(&url, private)?
        .post(url)
        .header(http::header::ACCEPT, "application/json")
        .timeout(TIMEOUT);
    let builder = match (&secret.client_secret, secret.client_auth) {
        (Some(password), ClientAuth::Basic) => {
            // Both are form-encoded before they are joined (section 2.3.1).
            let encode = |text: &str| {
                url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>()
            };
            builder.basic_auth(
                encode(&secret.client_id),
                Some(encode(password.expose_secret())),
            )
        }
        (Some(password), ClientAuth::Body) => {
            form.push(("client_id", &secret.client_id));
            form.push(("client_secret", password.expose_secret()));
            builder
        }
        (None, _) => {
            form.push(("client_id", &secret.client_id));
            builder
        }
    };
    // Nothing of the guest's own request has left yet, so no failure here makes it uncertain.
    let mut response = builder
        .form(&form)
        .send()
        .await
        .map_err(|e| match sending(&e) {
            HttpError::NoAnswer(text) => {
                HttpError::NotSent(format!("the token endpoint gave no answer: {text}"))
            }
            other => other,
        })?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|e| {
        HttpError::NotSent(format!(
            "the token endpoint's answer broke off: {}",
            reason(&e)
        ))
    })? {
        body.extend_from_slice(&piece);
        if body.len() > MAX_ANSWER {
            return Err(error("the token endpoint's answer is too long".to_owned()));
        }
    }
    if status.is_server_error() || status == http::StatusCode::TOO_MANY_REQUESTS {
        return Err(HttpError::NotSent(format!(
            "the token endpoint answered {status}"
        )));
    }
    if !status.is_success() {
        let code = serde_json::from_slice::<Refused>(&body)
            .map_or_else(|_| "no reason given".to_owned(), |refused| refused.error);
        let remedy = remedy(&code, secret.refresh_token.is_some());
        return Err(error(format!(
            "the token endpoint answered {status} ({code}). {remedy}"
        )));
    }
    let granted: Granted = serde_json::from_slice(&body)
        .map_err(|_| error("the token endpoint's answer holds no access token".to_owned()))?;
    let before = secret
        .refresh_token
        .as_ref()
        .map(ExposeSecret::expose_secret);
    if let Some(rotated) = &granted.refresh_token
        && before.is_some_and(|before| before != rotated.expose_secret())
    {
        let store = channel.secrets.store().ok_or_else(|| {
            error(
                "the network has rotated its refresh token, and there is no place to keep it"
                    .to_owned(),
            )
        })?;
        store.rotated(name, rotated.clone()).await.map_err(|text| {
            error(format!(
                "the rotated refresh token could not be kept: {text}"
            ))
        })?;
    }
    Ok(granted)
}
