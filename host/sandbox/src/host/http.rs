//! `http`: checks a request against the call's grants and limits, and hands it on.

use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::AUTHORIZATION;
use linecard_model::manifest::{SecretKind, SecretPlace};
use linecard_model::platform::Wait;

use crate::bindings::connector::linecard::plugin::http as wit;
use crate::context::ChannelContext;
use crate::contract::Waited;
use crate::http::{
    HttpBody, HttpError, HttpPart, HttpPartContent, HttpRequest, HttpResponse, MediaRange,
    QuerySecret, guard,
};
use crate::instance::{CallState, Capability, Shared};

/// How long a request may take if it does not say.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a poll may let the host wait for a network to have something.
const LONGEST_WAIT: Duration = Duration::from_secs(90);

impl wit::Host for CallState {
    async fn send(
        &mut self,
        request: wit::Request,
    ) -> wasmtime::Result<Result<wit::Response, wit::Error>> {
        self.count_host_call()?;
        let result = self.answer(request).await;
        self.shared.counters.http(result.is_ok());
        Ok(result.map(to_wit).map_err(error_to_wit))
    }
}

impl CallState {
    async fn answer(&mut self, request: wit::Request) -> Result<HttpResponse, HttpError> {
        let (channel, may_change) = match &self.capability {
            Capability::Network(channel) => (channel.clone(), true),
            Capability::Look(channel) => (channel.clone(), false),
            Capability::Nothing | Capability::Log | Capability::Channel(_) => {
                return Err(HttpError::Denied("this call has no network".to_owned()));
            }
        };
        let request = self.admit(request, &channel)?;
        let harmless = matches!(request.method, Method::GET | Method::HEAD);
        if !harmless && !may_change {
            return Err(HttpError::Denied(
                "a rehearsal only looks: it makes GET and HEAD requests".to_owned(),
            ));
        }
        let acted_before = self.mark.may_have_acted();
        if !harmless {
            // Raised before the request leaves, because this call may be dropped at any moment.
            self.mark.set_acted(true);
        }
        let seen = self.mark.tape.is_some().then(|| request.clone());
        let result = channel.http.send(request, &channel).await;
        if let (Some(tape), Some(request)) = (&self.mark.tape, seen) {
            tape.exchange(request, &result);
        }
        if let Err(error) = &result
            && error.nothing_sent()
        {
            self.mark.set_acted(acted_before);
        }
        if let Ok(response) = &result {
            let received = response.body.len() as u64;
            self.usage.http_received = self.usage.http_received.saturating_add(received);
        }
        result
    }

    /// The request, if grants, headers and limits allow it.
    fn admit(
        &mut self,
        request: wit::Request,
        channel: &ChannelContext,
    ) -> Result<HttpRequest, HttpError> {
        let limits = &self.shared.limits;
        self.usage.http_requests = self.usage.http_requests.saturating_add(1);
        if self.usage.http_requests > limits.http_requests {
            return Err(HttpError::Limit(format!(
                "{} requests are the most of one call",
                limits.http_requests
            )));
        }
        let mut request = admit(&self.shared, request, channel)?;
        self.usage.http_sent = self
            .usage
            .http_sent
            .saturating_add(from_guest(&request.body));
        if self.usage.http_sent > limits.http_sent_bytes {
            return Err(HttpError::Limit(format!(
                "{} bytes are the most that one call may send",
                limits.http_sent_bytes
            )));
        }
        let max_body = limits
            .http_received_bytes
            .saturating_sub(self.usage.http_received);
        if max_body == 0 {
            return Err(HttpError::Limit(format!(
                "{} bytes are the most that one call may receive",
                limits.http_received_bytes
            )));
        }
        request.timeout = request.timeout.min(limits.network_time);
        request.max_body = max_body;
        Ok(request)
    }
}

/// The request, if grants, headers and the secrets' places allow it.
fn admit(
    shared: &Shared,
    request: wit::Request,
    channel: &ChannelContext,
) -> Result<HttpRequest, HttpError> {
    let limits = &shared.limits;
    let url = guard::url(&request.url)?;
    channel.grants.check(&url).map_err(HttpError::Denied)?;
    let url_secret = guard::url_secret(&url, &shared.secrets)?;
    let multipart = matches!(request.body, wit::Body::Multipart(_));
    let signer = request.auth.as_ref();
    let signer = signer.and_then(|name| shared.secrets.iter().find(|want| want.name == *name));
    let key_place = signer.and_then(|want| match want.kind {
        SecretKind::ApiKey => want.placed.clone(),
        _ => None,
    });
    // The header that the host writes, which the guest may then not write as well.
    let own = match &key_place {
        Some(SecretPlace::Header(name)) => Some(name.as_str()),
        Some(_) => None,
        None => request.auth.as_ref().map(|_| AUTHORIZATION.as_str()),
    };
    let headers = guard::headers(&request.headers, own, multipart)?;
    let body = body(request.body);
    let query_secret = request.query_secret.map(|wanted| QuerySecret {
        parameter: wanted.parameter,
        secret: wanted.secret,
    });
    if let Some(wanted) = &query_secret {
        let is_plain = matches!(request.method, wit::Method::Get)
            && matches!(body, HttpBody::Empty)
            && !request.store_body;
        let is_its_place = shared.secrets.iter().any(|want| {
            let end = want.inspected_at.as_deref();
            want.name == wanted.secret && end.is_some_and(|end| url.path().ends_with(end))
        });
        if !is_plain || !is_its_place {
            return Err(HttpError::Denied(format!(
                "the secret \"{}\" may stand in the query only of the GET that the manifest names by inspected-at",
                wanted.secret
            )));
        }
    }
    let timeout = request.timeout_ms.map_or(DEFAULT_TIMEOUT, |millis| {
        Duration::from_millis(u64::from(millis.max(1)))
    });
    Ok(HttpRequest {
        method: match request.method {
            wit::Method::Get => Method::GET,
            wit::Method::Head => Method::HEAD,
            wit::Method::Post => Method::POST,
            wit::Method::Put => Method::PUT,
            wit::Method::Patch => Method::PATCH,
            wit::Method::Delete => Method::DELETE,
        },
        url,
        headers,
        body,
        auth: request.auth,
        key_place,
        url_secret,
        query_secret,
        timeout,
        store_body: request.store_body,
        max_body: limits.http_received_bytes,
        max_media: limits.media_bytes,
    })
}

/// The request that a poll wants to wait for, if everything allows it.
pub(crate) fn admit_wait(
    shared: &Shared,
    wait: Wait,
    channel: &ChannelContext,
) -> Result<HttpRequest, HttpError> {
    let request = wit::Request {
        method: wit::Method::Get,
        url: wait.url,
        headers: wait.headers,
        body: wit::Body::Empty,
        auth: wait.auth,
        query_secret: None,
        timeout_ms: Some(wait.timeout_ms),
        store_body: false,
    };
    let mut request = admit(shared, request, channel)?;
    request.timeout = request.timeout.min(LONGEST_WAIT);
    Ok(request)
}

/// What came of it, as the guest gets it.
pub(crate) fn waited(given: Result<HttpResponse, HttpError>) -> Waited {
    given.map(to_wit).map_err(error_to_wit)
}

fn error_to_wit(error: HttpError) -> wit::Error {
    match error {
        HttpError::Denied(text) => wit::Error::Denied(text),
        HttpError::Limit(text) => wit::Error::Limit(text),
        HttpError::NotSent(text) => wit::Error::NotSent(text),
        HttpError::NoAnswer(text) => wit::Error::NoAnswer(text),
        HttpError::Secret(text) => wit::Error::Secret(text),
    }
}

fn body(body: wit::Body) -> HttpBody {
    match body {
        wit::Body::Empty => HttpBody::Empty,
        wit::Body::Bytes(bytes) => HttpBody::Bytes(bytes.into()),
        wit::Body::Media(media) => HttpBody::Media(media),
        wit::Body::Multipart(parts) => HttpBody::Multipart(
            parts
                .into_iter()
                .map(|part| HttpPart {
                    name: part.name,
                    file_name: part.file_name,
                    content_type: part.content_type,
                    content: match part.content {
                        wit::PartContent::Bytes(bytes) => HttpPartContent::Bytes(bytes.into()),
                        wit::PartContent::Media(media) => HttpPartContent::Media(media),
                        wit::PartContent::MediaRange(range) => {
                            HttpPartContent::MediaRange(MediaRange {
                                media: range.media,
                                offset: range.offset,
                                length: range.length,
                            })
                        }
                    },
                })
                .collect(),
        ),
    }
}

/// How many bytes of the body come from the guest.
fn from_guest(body: &HttpBody) -> u64 {
    let length = |bytes: &Bytes| bytes.len() as u64;
    match body {
        HttpBody::Empty | HttpBody::Media(_) => 0,
        HttpBody::Bytes(bytes) => length(bytes),
        HttpBody::Multipart(parts) => parts
            .iter()
            .map(|part| match &part.content {
                HttpPartContent::Bytes(bytes) => length(bytes),
                HttpPartContent::Media(_) | HttpPartContent::MediaRange(_) => 0,
            })
            .sum(),
    }
}

fn to_wit(response: HttpResponse) -> wit::Response {
    wit::Response {
        status: response.status,
        headers: response.headers,
        body: response.body.into(),
        stored: response.stored.map(|stored| wit::StoredBody {
            media: stored.media,
            size: stored.size,
            sha256: stored.sha256,
        }),
    }
}
