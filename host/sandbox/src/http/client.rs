//! The client that really calls.

use std::error::Error as _;
use std::net::IpAddr;
use std::time::Duration;

use async_trait::async_trait;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client};
use url::Host;

use super::address::is_public;
use super::oauth2::Tokens;
use super::resolver::{NotPublic, PublicOnly};
use super::{
    HttpAccess, HttpError, HttpRequest, HttpResponse, body, credentials, inspected, placed,
};
use crate::context::ChannelContext;

/// How the client is set up.
#[derive(Debug, Clone)]
pub struct HttpClientConfig {
    /// How long a connection may take to be made. Default 5 s.
    pub connect_timeout: Duration,
    /// Certificate authorities beside the system's, each as PEM, for networks inside a company.
    pub extra_roots: Vec<Vec<u8>>,
    /// The `User-Agent` of requests that name none. Default `linecard/` and the version.
    pub user_agent: String,
}

impl Default for HttpClientConfig {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            extra_roots: Vec::new(),
            user_agent: concat!("linecard/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// Why a client could not be set up.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client could not be set up: {0}")]
pub struct HttpClientError(String);

/// Makes requests: without redirects, cookies, or proxies from the environment, and only to public
/// addresses unless a host was granted as private. One serves all channels; connections are shared.
pub struct HttpClient {
    public: Client,
    /// For hosts that were granted as private. Apart from the other one, so that a connection to a
    /// private address is never reused by a channel that was not granted it.
    private: Client,
    tokens: Tokens,
}

impl HttpClient {
    /// A client with the system's certificate authorities.
    pub fn new(config: &HttpClientConfig) -> Result<Self, HttpClientError> {
        // Another part of the program may have set the same provider before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let error = |error: reqwest::Error| HttpClientError(reason(&error));
        let builder = || -> Result<reqwest::ClientBuilder, reqwest::Error> {
            let mut roots = Vec::new();
            for pem in &config.extra_roots {
                roots.extend(Certificate::from_pem_bundle(pem)?);
            }
            Ok(Client::builder()
                .connect_timeout(config.connect_timeout)
                .redirect(Policy::none())
                .referer(false)
                .retry(reqwest::retry::never())
                .no_proxy()
                .http1_only()
                .pool_idle_timeout(Duration::from_secs(30))
                .user_agent(&config.user_agent)
                .tls_certs_merge(roots))
        };
        Ok(Self {
            public: builder()
                .and_then(|builder| builder.dns_resolver(PublicOnly).build())
                .map_err(error)?,
            private: builder()
                .and_then(reqwest::ClientBuilder::build)
                .map_err(error)?,
            tokens: Tokens::default(),
        })
    }

    /// The client for this URL under the channel's grants.
    pub(super) fn client_for(&self, url: &url::Url, private: bool) -> Result<&Client, HttpError> {
        if private {
            return Ok(&self.private);
        }
        // The resolver sees names only.
        let literal = match url.host() {
            Some(Host::Ipv4(address)) => Some(IpAddr::from(address)),
            Some(Host::Ipv6(address)) => Some(IpAddr::from(address)),
            _ => None,
        };
        match literal {
            Some(address) if !is_public(address) => Err(HttpError::Denied(
                NotPublic(address.to_string()).to_string(),
            )),
            _ => Ok(&self.public),
        }
    }

    async fn attempt(
        &self,
        request: &HttpRequest,
        channel: &ChannelContext,
    ) -> Result<(HttpResponse, credentials::Used), HttpError> {
        let grant = channel
            .grants
            .check(&request.url)
            .map_err(HttpError::Denied)?;
        let client = self.client_for(&request.url, grant.private)?;
        let (with_secrets, secrets) = match placed::address(request, channel)? {
            Some((url, secrets)) => {
                let request = HttpRequest {
                    url,
                    ..request.clone()
                };
                (Some(request), secrets)
            }
            None => match inspected::address(request, channel)? {
                Some((url, secret)) => {
                    let request = HttpRequest {
                        url,
                        ..request.clone()
                    };
                    (Some(request), vec![secret])
                }
                None => (None, Vec::new()),
            },
        };
        let request = with_secrets.as_ref().unwrap_or(request);
        let builder = client
            .request(request.method.clone(), request.url.clone())
            .headers(request.headers.clone())
            .timeout(request.timeout);
        let builder = body::attach(builder, request, channel.media.as_ref()).await?;
        let (builder, used) =
            credentials::add(self, &self.tokens, builder, request, channel).await?;
        let response = builder.send().await.map_err(|error| sending(&error))?;
        let response = body::read(response, request, channel.media.as_ref()).await?;
        let response = secrets.iter().fold(response, inspected::hide);
        Ok((response, used))
    }
}

#[async_trait]
impl HttpAccess for HttpClient {
    async fn send(
        &self,
        request: HttpRequest,
        channel: &ChannelContext,
    ) -> Result<HttpResponse, HttpError> {
        let (response, used) = self.attempt(&request, channel).await?;
        if response.status != http::StatusCode::UNAUTHORIZED.as_u16() {
            return Ok(response);
        }
        // The access token may have been taken back before its time. A request that was refused for
        // it had no effect, so it can be made once more with a new one.
        match used {
            credentials::Used::KeptToken(token) => {
                self.tokens.forget(&token).await;
                Ok(self.attempt(&request, channel).await?.0)
            }
            credentials::Used::Other => Ok(response),
        }
    }
}

/// What an error says about whether the request left.
pub(super) fn sending(error: &reqwest::Error) -> HttpError {
    let mut source = error.source();
    while let Some(inner) = source {
        if inner.downcast_ref::<NotPublic>().is_some() {
            return HttpError::Denied(inner.to_string());
        }
        source = inner.source();
    }
    // Connecting covers the name's resolution, TCP and TLS: the request is written after it. All
    // else may have happened with the request under way.
    if error.is_connect() || error.is_builder() {
        HttpError::NotSent(reason(error))
    } else {
        HttpError::NoAnswer(reason(error))
    }
}

/// The error's causes on one line, without the URL, which may hold what does not belong in a log.
pub(super) fn reason(error: &reqwest::Error) -> String {
    let mut text = if error.is_timeout() {
        "it took too long".to_owned()
    } else {
        String::new()
    };
    let mut source = error.source();
    while let Some(inner) = source {
        let said = inner.to_string();
        if !text.contains(&said) {
            if !text.is_empty() {
                text.push_str(": ");
            }
            text.push_str(&said);
        }
        source = inner.source();
    }
    if text.is_empty() {
        "the request failed".to_owned()
    } else {
        text
    }
}

impl std::fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpClient").finish_non_exhaustive()
    }
}
