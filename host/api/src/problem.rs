//! Errors as HTTP tells them: `application/problem+json` (RFC 9457) with stable types.
//!
//! Every error answer of the product's own API is made here, from whatever went wrong inside.

mod convert;
mod kinds;

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};

pub use kinds::{KINDS, Kind};
pub use kinds::{all, page};

/// An error answer.
#[derive(Debug, Clone)]
pub struct Problem {
    kind: &'static Kind,
    detail: String,
    pointer: Option<String>,
    retry_after: Option<u64>,
    extra: Map<String, Value>,
}

/// The body of an error answer.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// The stable type, such as `/problems/offer-expired`; opening it tells what it means.
    #[serde(rename = "type")]
    pub kind: String,
    /// The type in a few words; the same for every occurrence.
    pub title: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What happened this time, and what can be done about it.
    pub detail: String,
    /// The offending field of the request, as a JSON Pointer (RFC 6901).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// Further members, by the type.
    #[serde(flatten)]
    #[schema(additional_properties)]
    pub extra: Map<String, Value>,
}

impl Problem {
    /// A problem of a kind. `kind` is one of [`KINDS`]' names; a name that is not among them, which
    /// the tests exclude, becomes `internal`.
    pub fn new(kind: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: kinds::find(kind),
            detail: detail.into(),
            pointer: None,
            retry_after: None,
            extra: Map::new(),
        }
    }

    /// There is no such thing.
    pub fn not_found(what: &str, id: impl std::fmt::Display) -> Self {
        Self::new("not-found", format!("there is no {what} {id}"))
    }

    /// The caller may not do this.
    pub fn not_allowed(detail: impl Into<String>) -> Self {
        Self::new("not-allowed", detail)
    }

    /// A field of the body, or a parameter, makes no sense.
    pub fn invalid(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self::new("invalid", detail).at(pointer)
    }

    /// Names the offending field.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }

    /// Tells after how many seconds it is worth trying again.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after = Some(seconds.max(1));
        self
    }

    /// Adds a member.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.extra.insert(name.to_owned(), value.into());
        self
    }

    /// The status that it answers with.
    pub fn status(&self) -> StatusCode {
        StatusCode::from_u16(self.kind.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// What happened, for people.
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The kind's name.
    pub fn name(&self) -> &'static str {
        self.kind.name
    }

    /// The body.
    pub fn body(&self) -> ProblemBody {
        ProblemBody {
            kind: format!("/problems/{}", self.kind.name),
            title: self.kind.title,
            status: self.kind.status,
            detail: self.detail.clone(),
            pointer: self.pointer.clone(),
            extra: self.extra.clone(),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            tracing::warn!(problem = self.kind.name, detail = %self.detail, "request failed");
        }
        // A body of strings and JSON values always serializes.
        let body = serde_json::to_vec(&self.body()).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/problem+json"),
        );
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(seconds) = self.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}
