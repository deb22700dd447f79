//! Calls to the network, made by the host.
//!
//! Only to hosts that the operator granted; `https` unless granted otherwise; no redirects; bounded
//! bodies and times. A secret named by [`Request::auth`] signs the request on its way out: the plug-in
//! never sees it.
//!
//! ```no_run
//! use linecard_sdk::http::{Call, Request};
//! # use linecard_sdk::actions::Failure;
//! # fn send() -> Result<(), Failure> {
//! let answer: serde_json::Value = Request::post("https://api.example.com/messages")
//!     .auth("token")
//!     .json(&serde_json::json!({ "text": "Hello" }))
//!     .send(Call::Once)?
//!     .success(Call::Once)?
//!     .json(Call::Once)?;
//! # Ok(()) }
//! ```

use crate::actions::{Failure, Throttle};
use crate::events::{Refusal, Timestamp};
use crate::json::Document;
use crate::manifest::ThrottleScope;
use crate::{encode, time};
use serde::Serialize;
use serde_json::Value;

pub use crate::bindings::connector::linecard::plugin::http::{
    Body, BodyPart, Error, MediaRange, Method, PartContent, QuerySecret, Request, Response,
    StoredBody,
};

/// Whether a call may be made twice, which decides what a broken connection means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Making it again has no second effect: a read, or a write with an idempotency key.
    Repeatable,
    /// Making it again might do the thing twice. An unknown outcome becomes [`Failure::Uncertain`].
    Once,
}

impl Call {
    /// The failure for a call of which nobody knows whether it was done.
    pub fn unknown_outcome(self, text: impl Into<String>) -> Failure {
        match self {
            Call::Repeatable => Failure::Transient(text.into()),
            Call::Once => Failure::Uncertain(text.into()),
        }
    }
}

impl Request {
    /// A request without headers, body or credential. The URL may name a secret of the kind `url-part` in
    /// braces, where the manifest says that it stands: `https://api.example.com/bot{token}/send`.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Request {
            method,
            url: url.into(),
            headers: Vec::new(),
            body: Body::Empty,
            auth: None,
            query_secret: None,
            timeout_ms: None,
            store_body: false,
        }
    }

    /// A GET request.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::Get, url)
    }

    /// A POST request.
    pub fn post(url: impl Into<String>) -> Self {
        Self::new(Method::Post, url)
    }

    /// A PUT request.
    pub fn put(url: impl Into<String>) -> Self {
        Self::new(Method::Put, url)
    }

    /// A DELETE request.
    pub fn delete(url: impl Into<String>) -> Self {
        Self::new(Method::Delete, url)
    }

    /// Adds query parameters, encoded, after those that the URL has.
    #[must_use]
    pub fn query<K: AsRef<str>, V: AsRef<str>>(
        mut self,
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let query = encode::form(pairs);
        if !query.is_empty() {
            self.url
                .push(if self.url.contains('?') { '&' } else { '?' });
            self.url.push_str(&query);
        }
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Lets the host sign the request, or add a credential, with the secret of this name.
    #[must_use]
    pub fn auth(mut self, secret: impl Into<String>) -> Self {
        self.auth = Some(secret.into());
        self
    }

    /// Lets the host put a secret's value into the query, in the one call by which a network tells about a
    /// token; the manifest names it by `SecretWant::inspected_at`.
    #[must_use]
    pub fn query_secret(mut self, parameter: impl Into<String>, secret: impl Into<String>) -> Self {
        self.query_secret = Some(QuerySecret {
            parameter: parameter.into(),
            secret: secret.into(),
        });
        self
    }

    /// Sends JSON.
    #[must_use]
    pub fn json(self, value: &serde_json::Value) -> Self {
        let text = value.to_string();
        self.header("content-type", "application/json").bytes(text)
    }

    /// Sends a serializable value as JSON; fails only if it cannot be written as JSON, such as a map
    /// whose keys are not texts.
    pub fn json_of<T: Serialize + ?Sized>(self, value: &T) -> Result<Self, Failure> {
        let text = serde_json::to_string(value).map_err(|error| {
            Failure::Rejected(Refusal {
                code: "json".to_owned(),
                text: format!("the body cannot be written: {error}"),
            })
        })?;
        Ok(self.header("content-type", "application/json").bytes(text))
    }

    /// Sends an `application/x-www-form-urlencoded` form.
    #[must_use]
    pub fn form<K: AsRef<str>, V: AsRef<str>>(
        self,
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let text = encode::form(pairs);
        self.header("content-type", "application/x-www-form-urlencoded")
            .bytes(text)
    }

    /// Sends `multipart/form-data`; the host writes the boundary and the content type.
    #[must_use]
    pub fn multipart(mut self, parts: Vec<BodyPart>) -> Self {
        self.body = Body::Multipart(parts);
        self
    }

    /// Sends these bytes; add a `content-type` header.
    #[must_use]
    pub fn bytes(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.body = Body::Bytes(bytes.into());
        self
    }

    /// Sends a file of the media store, by its name there.
    #[must_use]
    pub fn media(mut self, name: impl Into<String>) -> Self {
        self.body = Body::Media(name.into());
        self
    }

    /// Waits at most this long for the whole answer, in milliseconds; the host has its own limit.
    #[must_use]
    pub fn timeout_ms(mut self, milliseconds: u32) -> Self {
        self.timeout_ms = Some(milliseconds);
        self
    }

    /// Puts the answer's body into the media store; see [`Response::stored`].
    #[must_use]
    pub fn store_body(mut self) -> Self {
        self.store_body = true;
        self
    }

    /// Makes the request and gives any answer, whatever its status.
    pub fn send(&self, call: Call) -> Result<Response, Failure> {
        self.try_send().map_err(|error| error.into_failure(call))
    }

    /// Makes the request, for a caller that wants to tell the host's errors apart itself.
    pub fn try_send(&self) -> Result<Response, Error> {
        crate::host::with(|host| host.send(self))
    }
}

impl BodyPart {
    /// A field with a text.
    pub fn text(name: impl Into<String>, value: impl Into<String>) -> Self {
        BodyPart {
            name: name.into(),
            file_name: None,
            content_type: None,
            content: PartContent::Bytes(value.into().into_bytes()),
        }
    }

    /// A file of the media store.
    pub fn media(
        name: impl Into<String>,
        media: impl Into<String>,
        file_name: impl Into<String>,
        content_type: Option<String>,
    ) -> Self {
        BodyPart {
            name: name.into(),
            file_name: Some(file_name.into()),
            content_type,
            content: PartContent::Media(media.into()),
        }
    }

    /// A piece of a file of the media store: `length` bytes from `offset` on, fewer if the file ends
    /// before.
    pub fn media_range(
        name: impl Into<String>,
        media: impl Into<String>,
        offset: u64,
        length: u64,
    ) -> Self {
        BodyPart {
            name: name.into(),
            file_name: None,
            content_type: None,
            content: PartContent::MediaRange(MediaRange {
                media: media.into(),
                offset,
                length,
            }),
        }
    }
}

impl Response {
    /// An answer with a status and a body, for tests.
    pub fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Response {
            status,
            headers: Vec::new(),
            body: body.into(),
            stored: None,
        }
    }

    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// The first header of this name, in any case.
    pub fn header(&self, name: &str) -> Option<&str> {
        crate::first_header(&self.headers, name)
    }

    /// The body as text; bytes that are not UTF-8 become U+FFFD.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Reads the body as JSON, leniently; see [`json`](crate::json). After a success an unreadable
    /// answer leaves a [`Call::Once`] uncertain.
    pub fn document(&self, call: Call) -> Result<Document<'_>, Failure> {
        Document::read(&self.body).map_err(|error| {
            call.unknown_outcome(format!(
                "status {} with an answer that cannot be read: {}",
                self.status, error.text
            ))
        })
    }

    /// What the body says as JSON, without members that are null.
    pub fn json(&self, call: Call) -> Result<Value, Failure> {
        Ok(self.document(call)?.value())
    }

    /// The answer if its status is 2xx, else the failure that the status alone tells:
    /// see [`Response::failure`].
    pub fn success(self, call: Call) -> Result<Response, Failure> {
        if self.is_success() {
            Ok(self)
        } else {
            Err(self.failure(call))
        }
    }

    /// What an unsuccessful status means by RFC 9110 and RFC 6585, for a network that says no more:
    /// 401 needs a person, 404 and 410 are gone, 429 waits for `retry-after`, 408 and 5xx may work later
    /// (a [`Call::Once`] is uncertain, save for 503: nothing was done), others are refused. So is 403: many
    /// networks mean one recipient by it, and a channel is not to stop for that. Where it means that the
    /// credentials do not suffice, give [`Failure::Unauthorized`] with what a person must do.
    ///
    /// Look into the body first where the network puts a code of its own there.
    pub fn failure(&self, call: Call) -> Failure {
        let text = || format!("status {}: {}", self.status, excerpt(&self.body));
        match self.status {
            401 => Failure::Unauthorized(text()),
            404 | 410 => Failure::Gone(text()),
            429 => Failure::Throttled(Throttle {
                until: self.retry_after(),
                scope: ThrottleScope::Channel,
                reason: Refusal {
                    code: "429".to_owned(),
                    text: excerpt(&self.body),
                },
            }),
            503 => Failure::Transient(text()),
            408 | 500.. => call.unknown_outcome(text()),
            _ => Failure::Rejected(Refusal {
                code: self.status.to_string(),
                text: excerpt(&self.body),
            }),
        }
    }

    /// The time that `retry-after` names (RFC 9110, section 10.2.3), in seconds from now or as a date.
    pub fn retry_after(&self) -> Option<Timestamp> {
        let value = self.header("retry-after")?.trim();
        match value.parse::<u64>() {
            Ok(seconds) => time::now().checked_add(seconds.checked_mul(1_000)?),
            Err(_) => time::from_http_date(value),
        }
    }
}

/// The start of a body, for a person who looks for a cause.
fn excerpt(body: &[u8]) -> String {
    const MOST_CHARACTERS: usize = 300;
    String::from_utf8_lossy(body)
        .chars()
        .take(MOST_CHARACTERS)
        .collect()
}

impl Error {
    /// What the host said.
    pub fn text(&self) -> &str {
        match self {
            Error::Denied(text)
            | Error::Limit(text)
            | Error::NotSent(text)
            | Error::NoAnswer(text)
            | Error::Secret(text) => text,
        }
    }

    /// What this means for an action or a fetch: a refusal by the host's policy or a missing secret
    /// needs a person, what was never sent may work later, and what may have been sent depends on the
    /// [`Call`].
    pub fn into_failure(self, call: Call) -> Failure {
        match self {
            Error::Denied(text) | Error::Secret(text) => Failure::Unauthorized(text),
            Error::Limit(text) | Error::NotSent(text) => Failure::Transient(text),
            Error::NoAnswer(text) => call.unknown_outcome(text),
        }
    }
}
