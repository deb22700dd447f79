//! What handlers take out of a request; every refusal is a [`Problem`].

use std::net::IpAddr;
use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::HeaderMap;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, IF_MATCH};
use axum::http::request::Parts;
use linecard_hub::configure::{JsonError, Problems, read_json};
use linecard_model::rights::Right;
use linecard_site::Idempotency;
use linecard_vault::auth::Principal;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde_json::json;
use sha2::{Digest, Sha256};

use super::App;
use super::client::Client;
use super::cookie;
use super::problem::Problem;

/// The longest idempotency key.
const LONGEST_KEY: usize = 255;

/// Who calls. Without valid credentials there is no handler call.
pub(super) struct Caller(pub Principal);

impl std::ops::Deref for Caller {
    type Target = Principal;
    fn deref(&self) -> &Principal {
        &self.0
    }
}

impl Caller {
    /// Lets only who has a right go on.
    pub fn require(&self, right: Right) -> Result<(), Problem> {
        if self.may(right) {
            return Ok(());
        }
        Err(Problem::not_allowed(format!(
            "{} may not do this: the right `{right}` is needed, which a role gives",
            self.actor.name
        )))
    }
}

impl FromRequestParts<Arc<App>> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let token = match bearer(&parts.headers) {
            Some(token) => token,
            None => cookie::token(parts)?.ok_or_else(|| {
                Problem::new(
                    "unauthenticated",
                    "the header `Authorization: Bearer …` is missing",
                )
            })?,
        };
        let principal = app.auth.bearer(&token, peer(parts)).await?;
        Ok(Self(principal))
    }
}

/// The token of `Authorization: Bearer …`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<SecretString> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then(|| token.into())
}

/// The address that the request came from: the other end of the connection, or what a trusted proxy says;
/// never a header that anybody can write.
pub(super) fn peer(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<Client>()?.address
}

/// The address that the request came from, for handlers.
pub(super) struct Peer(pub Option<IpAddr>);

impl<S: Send + Sync> FromRequestParts<S> for Peer {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(peer(parts)))
    }
}

/// The path's parameters.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Path), rejection(Problem))]
pub(super) struct Path<T>(pub T);

/// The query's parameters.
#[derive(FromRequestParts)]
#[from_request(via(axum::extract::Query), rejection(Problem))]
pub(super) struct Query<T>(pub T);

/// A JSON body.
pub(super) struct Json<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        check_content_type(request.headers())?;
        let bytes = Bytes::from_request(request, state).await?;
        parse(&bytes).map(Self)
    }
}

/// The body of a request that has no details.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Nothing {}

/// A request that changes something: its JSON body and its idempotency key, if it has one.
pub(super) struct Changing<T> {
    /// The body.
    pub body: T,
    key: Option<(String, [u8; 32])>,
}

impl<T> Changing<T> {
    /// The key, under the principal who asks.
    pub fn idempotency(&self, caller: &Principal) -> Option<Idempotency> {
        self.key.clone().map(|(key, request_hash)| Idempotency {
            principal: caller.actor.name.clone(),
            key,
            request_hash,
        })
    }
}

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Changing<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let key = idempotency_key(request.headers())?;
        let mut hash = Sha256::new();
        hash.update(request.method().as_str());
        hash.update([0]);
        hash.update(request.uri().path());
        hash.update([0]);
        hash.update(request.uri().query().unwrap_or_default());
        hash.update([0]);
        let has_type = request.headers().contains_key(CONTENT_TYPE);
        let headers = request.headers().clone();
        let bytes = Bytes::from_request(request, state).await?;
        if has_type || !bytes.is_empty() {
            check_content_type(&headers)?;
        }
        hash.update(&bytes);
        // A request without details needs no body.
        let body = if bytes.is_empty() {
            parse(b"{}")
        } else {
            parse(&bytes)
        }?;
        Ok(Self {
            body,
            key: key.map(|key| (key, hash.finalize().into())),
        })
    }
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let Some(value) = headers.get("idempotency-key") else {
        return Ok(None);
    };
    let key = value.to_str().unwrap_or_default();
    if key.is_empty() || key.len() > LONGEST_KEY {
        return Err(Problem::new(
            "bad-idempotency-key",
            format!("an Idempotency-Key has 1 to {LONGEST_KEY} visible ASCII characters"),
        ));
    }
    Ok(Some(key.to_owned()))
}

fn check_content_type(headers: &HeaderMap) -> Result<(), Problem> {
    let value = headers
        .get(CONTENT_TYPE)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    let is_json = essence.eq_ignore_ascii_case("application/json")
        || (essence.starts_with("application/") && essence.ends_with("+json"));
    if is_json {
        Ok(())
    } else {
        Err(Problem::new(
            "unsupported-media-type",
            format!("the body is JSON: send `content-type: application/json`, not \"{value}\""),
        ))
    }
}

/// Reads JSON; everything that is wrong is named by its place.
pub(super) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    read_json(bytes).map_err(|error| match error {
        JsonError::Syntax(error) => Problem::new("malformed-json", error.to_string()),
        JsonError::Problems(problems) => invalid(&problems),
    })
}

/// Everything that is wrong with a body, as one problem.
fn invalid(problems: &Problems) -> Problem {
    let errors: Vec<_> = problems
        .0
        .iter()
        .map(|p| json!({"pointer": p.pointer, "detail": p.text}))
        .collect();
    let pointer = problems.0.first().map(|p| p.pointer.clone());
    let detail = match problems.0.as_slice() {
        [] => "the body is not what it should be".to_owned(),
        [only] => only.to_string(),
        [first, rest @ ..] => format!("{first} (and {} more, see `errors`)", rest.len()),
    };
    Problem::invalid(pointer.unwrap_or_default(), detail).with("errors", errors)
}

/// `If-Match`, which must be there.
pub(super) fn if_match(headers: &HeaderMap) -> Result<String, Problem> {
    headers
        .get(IF_MATCH)
        .and_then(|v| v.to_str().ok())
        .map(str::to_owned)
        .ok_or_else(|| {
            Problem::new(
                "precondition-required",
                "send the ETag that was read in `If-Match`",
            )
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        #[allow(dead_code)]
        inner: Vec<Inner>,
    }

    #[derive(Debug, serde::Deserialize)]
    struct Inner {
        #[allow(dead_code)]
        number: u8,
    }

    #[test]
    fn the_offending_field_is_named() {
        let problem = parse::<Outer>(br#"{"inner":[{"number":1},{"number":"x"}]}"#).unwrap_err();
        assert_eq!(problem.name(), "invalid");
        assert_eq!(problem.body().pointer.as_deref(), Some("/inner/1/number"));
        let problem = parse::<Outer>(b"{\"inner\":[").unwrap_err();
        assert_eq!(problem.name(), "malformed-json");
        let problem = parse::<Outer>(b"{\"inner\":[]} x").unwrap_err();
        assert_eq!(problem.name(), "malformed-json");
    }

    #[test]
    fn only_bearer_counts() {
        let mut headers = HeaderMap::new();
        assert!(bearer(&headers).is_none());
        for (value, found) in [
            ("Bearer abc", true),
            ("bearer abc", true),
            ("Basic abc", false),
            ("Bearer ", false),
            ("Bearer", false),
        ] {
            headers.insert(AUTHORIZATION, value.parse().unwrap());
            assert_eq!(bearer(&headers).is_some(), found, "{value}");
        }
    }
}
