//! Calls to the network on a plug-in's behalf.
//!
//! The guards that hold for every call (grants, headers, limits) stand before [`HttpAccess`];
//! behind it is [`HttpClient`], which checks the addresses, adds credentials and speaks HTTP, or a
//! double that answers from a recording.

mod address;
mod body;
mod client;
mod credentials;
pub(crate) mod guard;
mod inspected;
mod oauth1;
mod oauth2;
mod placed;
mod resolver;

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderMap, Method};
use linecard_model::manifest::SecretPlace;
use url::Url;

pub use address::is_public;
pub use client::{HttpClient, HttpClientConfig, HttpClientError};

pub(crate) use inspected::forms;

use crate::context::ChannelContext;
use crate::media::StoredBody;

/// Makes HTTP requests.
#[async_trait]
pub trait HttpAccess: Send + Sync {
    /// Makes one request and waits for the whole answer.
    ///
    /// The URL is granted to the channel and the headers are checked before this is called. The
    /// secret that [`HttpRequest::auth`] names has not been used yet.
    async fn send(
        &self,
        request: HttpRequest,
        channel: &ChannelContext,
    ) -> Result<HttpResponse, HttpError>;
}

/// A request.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// The method.
    pub method: Method,
    /// The absolute URL: http or https, without user name, password or fragment.
    pub url: Url,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: HttpBody,
    /// The name of the secret to sign with or to add.
    pub auth: Option<String>,
    /// Where the host puts the secret of `auth`, if it is an API key.
    pub key_place: Option<SecretPlace>,
    /// The secret whose value goes into the path, where the URL names it in braces.
    pub url_secret: Option<String>,
    /// A secret whose value goes into the query: only in the call that the manifest names for it.
    pub query_secret: Option<QuerySecret>,
    /// How long to wait for the whole answer.
    pub timeout: Duration,
    /// Whether the answer's body goes into the media store.
    pub store_body: bool,
    /// The greatest size of an answer's body that does not go into the media store.
    pub max_body: u64,
    /// The greatest size of one file to or from the media store.
    pub max_media: u64,
}

/// A query parameter with a secret's value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuerySecret {
    /// The parameter.
    pub parameter: String,
    /// The secret's name.
    pub secret: String,
}

/// A request's body.
#[derive(Debug, Clone)]
pub enum HttpBody {
    /// None.
    Empty,
    /// These bytes.
    Bytes(Bytes),
    /// `multipart/form-data` (RFC 7578).
    Multipart(Vec<HttpPart>),
    /// A file of the media store.
    Media(String),
}

/// A part of a multipart body.
#[derive(Debug, Clone)]
pub struct HttpPart {
    /// The field's name.
    pub name: String,
    /// The file name, if it is a file.
    pub file_name: Option<String>,
    /// The content type, if not the default.
    pub content_type: Option<String>,
    /// The content.
    pub content: HttpPartContent,
}

/// A part's content.
#[derive(Debug, Clone)]
pub enum HttpPartContent {
    /// These bytes.
    Bytes(Bytes),
    /// A file of the media store.
    Media(String),
    /// A piece of a file of the media store.
    MediaRange(MediaRange),
}

/// A piece of a file of the media store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaRange {
    /// The file's name.
    pub media: String,
    /// The first byte, counted from 0.
    pub offset: u64,
    /// How many bytes; fewer are sent if the file ends before.
    pub length: u64,
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status.
    pub status: u16,
    /// The headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body; empty if `stored` is given.
    pub body: Bytes,
    /// A body that was stored.
    pub stored: Option<StoredBody>,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HttpError {
    /// The host, address, scheme, method, header or file is not granted. Nothing was sent.
    #[error("denied: {0}")]
    Denied(String),
    /// A limit of this call is used up. Nothing was sent.
    #[error("limit: {0}")]
    Limit(String),
    /// Nothing was sent: the name is unknown, or no connection could be made.
    #[error("not sent: {0}")]
    NotSent(String),
    /// The request left, or may have left, and no whole answer came.
    #[error("no answer: {0}")]
    NoAnswer(String),
    /// The secret is missing or cannot be used so. Nothing was sent.
    #[error("secret: {0}")]
    Secret(String),
}

impl HttpError {
    /// Whether the request surely had no effect.
    pub fn nothing_sent(&self) -> bool {
        !matches!(self, Self::NoAnswer(_))
    }
}
