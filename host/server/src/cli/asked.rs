//! A running hub, asked by a command.

use std::time::Duration;

use linecard_hub::configure::Problem;
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::config::ServerConfig;

/// A hub that gives nothing for so long gives nothing more.
const SILENCE: Duration = Duration::from_mins(2);

/// A running hub, and the administrator's key with which it is asked, if there is one.
pub(super) struct Asked {
    http: Client,
    base: String,
    token: Option<SecretString>,
    patience: Option<Duration>,
}

/// Why a hub did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    /// Nothing is there.
    #[error("no hub answers at {base}: {why}. Start it, or name its address by --url")]
    Silent { base: String, why: String },
    /// It says no.
    #[error(
        "the hub at {base} refuses{} ({status}): {}",
        of_the_key(*status),
        refusal.detail
    )]
    Refused {
        base: String,
        status: StatusCode,
        refusal: Refusal,
    },
    /// Something else is there.
    #[error("{base} does not answer as a hub does: {why}. Name the hub's address by --url")]
    Strange { base: String, why: String },
}

/// What the hub says when it refuses (RFC 9457).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Refusal {
    detail: String,
    errors: Vec<RefusedField>,
}

#[derive(Debug, Deserialize)]
struct RefusedField {
    pointer: String,
    detail: String,
}

fn of_the_key(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => " the key",
        _ => "",
    }
}

impl Refusal {
    /// What it does not take of the request, each at its place.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let fields = self.errors.iter().map(|field| Problem {
            file: None,
            line: None,
            column: None,
            pointer: field.pointer.clone(),
            text: field.detail.clone(),
        });
        fields.collect()
    }
}

impl Asked {
    /// The hub that is configured, or the one whose address was named.
    pub(super) fn of(server: &ServerConfig, named: Option<&Url>) -> anyhow::Result<Self> {
        // Another part of the program may have set the same provider before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // A key is for the address that was named, and not for where that leads.
        let http = Client::builder()
            .read_timeout(SILENCE)
            .redirect(reqwest::redirect::Policy::none());
        Ok(Self {
            http: http.build()?,
            base: match named {
                Some(url) => url.as_str().trim_end_matches('/').to_owned(),
                None => server.local_url(),
            },
            token: None,
            patience: None,
        })
    }

    /// With an administrator's key.
    pub(super) fn with(mut self, token: SecretString) -> Self {
        self.token = Some(token);
        self
    }

    /// With so much time for each answer as a whole.
    pub(super) fn within(mut self, patience: Duration) -> Self {
        self.patience = Some(patience);
        self
    }

    /// The hub's address.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// The client by which it is asked, for other addresses.
    pub(super) fn http(&self) -> &Client {
        &self.http
    }

    /// Begins a request.
    pub(super) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        if let Some(patience) = self.patience {
            request = request.timeout(patience);
        }
        request
    }

    /// Sends a request; an answer is a success.
    pub(super) async fn send(&self, request: RequestBuilder) -> Result<Response, AskError> {
        let base = || self.base.clone();
        let answer = request.send().await.map_err(|error| AskError::Silent {
            base: base(),
            why: innermost(&error),
        })?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let text = answer.text().await.unwrap_or_default();
        let refusal: Refusal = serde_json::from_str(&text).unwrap_or_default();
        if refusal.detail.is_empty() {
            let why = format!("{status}");
            return Err(AskError::Strange { base: base(), why });
        }
        Err(AskError::Refused {
            base: base(),
            status,
            refusal,
        })
    }

    /// Reads something.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, AskError> {
        let answer = self.send(self.request(Method::GET, path)).await?;
        self.read(answer).await
    }

    /// Reads an answer.
    pub(super) async fn read<T: DeserializeOwned>(&self, answer: Response) -> Result<T, AskError> {
        answer.json().await.map_err(|error| AskError::Strange {
            base: self.base.clone(),
            why: innermost(&error),
        })
    }
}

/// The cause that says most; reqwest's own words repeat the address.
pub(super) fn innermost(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
