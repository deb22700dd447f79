//! The inbound half of Open Messaging, as the public Genesys Cloud API has it: existing middleware
//! and the official SDKs work by changing the host name.
//!
//! The payloads themselves are the Open Messaging connector's. Here are the token, the addresses and
//! the form of errors.

mod fault;

use std::net::IpAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use linecard_model::ChannelId;
use linecard_model::platform::WebhookRequest;
use linecard_traffic::receive::ReceiveError;
use linecard_vault::auth::{AuthError, Principal};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};

use super::App;
use super::extract::{Path, Peer, bearer};
use super::webhook::{network_headers, network_response};
use fault::Fault;

/// What tells the connector that the caller was let in here. Nobody outside can send it: such
/// headers are taken out of every webhook.
const AUTHENTICATED: (&str, &str) = ("linecard-authenticated", "open-messaging-api");

pub(super) fn router() -> Router<Arc<App>> {
    let below = "/api/v2/conversations/messages/{integration}/inbound/open";
    Router::new()
        .route("/oauth/token", post(token))
        .route(&format!("{below}/message"), post(message))
        .route(&format!("{below}/event"), post(event))
        .route(&format!("{below}/receipt"), post(receipt))
        .route(
            &format!("{below}/structured/response"),
            post(structured_response),
        )
        .route("/api/v2/conversations/messages/inbound/open", post(legacy))
}

/// Client credentials become an access token (RFC 6749 §4.4): the client's id is an API key's name,
/// its secret the key's.
async fn token(
    State(app): State<Arc<App>>,
    Peer(from): Peer,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    match grant(&app, from, &headers, body).await {
        Ok(answer) => ([(CACHE_CONTROL, "no-store")], axum::Json(answer)).into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// An error of the token endpoint (RFC 6749 §5.2), with the `description` that Genesys adds.
struct TokenRefusal {
    status: StatusCode,
    error: &'static str,
    description: String,
    retry_after: Option<u64>,
}

impl TokenRefusal {
    fn new(status: StatusCode, error: &'static str, description: impl Into<String>) -> Self {
        Self {
            status,
            error,
            description: description.into(),
            retry_after: None,
        }
    }

    fn invalid_client() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "invalid_client",
            "authentication failed",
        )
    }
}

impl IntoResponse for TokenRefusal {
    fn into_response(self) -> Response {
        let body = json!({
            "error": self.error,
            "description": self.description,
            "error_description": self.description,
        });
        let mut response = (self.status, axum::Json(body)).into_response();
        if let Some(seconds) = self.retry_after {
            response.headers_mut().insert(RETRY_AFTER, seconds.into());
        }
        response
    }
}

async fn grant(
    app: &App,
    from: Option<IpAddr>,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Value, TokenRefusal> {
    let bad_request =
        |text: &str| TokenRefusal::new(StatusCode::BAD_REQUEST, "invalid_request", text);
    let body = body.map_err(|_| bad_request("the body cannot be read"))?;
    let form: Vec<(String, String)> = url::form_urlencoded::parse(&body).into_owned().collect();
    let field = |name: &str| {
        form.iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.clone())
    };
    match field("grant_type").as_deref() {
        Some("client_credentials") => {}
        Some(_) => {
            return Err(TokenRefusal::new(
                StatusCode::BAD_REQUEST,
                "unsupported_grant_type",
                "only client_credentials is supported",
            ));
        }
        None => return Err(bad_request("grant_type is missing")),
    }
    let in_form = field("client_id").zip(field("client_secret"));
    let (name, secret) = basic(headers)
        .or(in_form)
        .ok_or_else(TokenRefusal::invalid_client)?;
    let granted = app
        .auth
        .client_credentials(
            &name,
            &SecretString::from(secret),
            from,
            app.options.access_token,
        )
        .await
        .map_err(|error| match error {
            AuthError::Invalid => TokenRefusal::invalid_client(),
            AuthError::TooMany(seconds) => TokenRefusal {
                retry_after: Some(seconds),
                ..TokenRefusal::new(
                    StatusCode::TOO_MANY_REQUESTS,
                    "invalid_client",
                    error.to_string(),
                )
            },
            AuthError::Busy => TokenRefusal {
                retry_after: Some(1),
                ..TokenRefusal::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "temporarily_unavailable",
                    error.to_string(),
                )
            },
            AuthError::Site(_) | AuthError::Store(_) | AuthError::Vault(_) => {
                tracing::warn!(%error, "no token can be given");
                TokenRefusal::new(
                    StatusCode::SERVICE_UNAVAILABLE,
                    "temporarily_unavailable",
                    "the hub takes no work at the moment",
                )
            }
        })?;
    Ok(json!({
        "access_token": granted.token.expose_secret(),
        "token_type": "bearer",
        "expires_in": granted.lifetime.as_secs(),
    }))
}

/// `Authorization: Basic …`: the name and secret, form-encoded as RFC 6749 §2.3.1 has it. A name or
/// secret that is not encoded stays as it is.
fn basic(headers: &HeaderMap) -> Option<(String, String)> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, encoded) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (name, secret) = decoded.split_once(':')?;
    Some((name.to_owned(), secret.to_owned()))
}

macro_rules! door {
    ($name:ident, $path:literal) => {
        async fn $name(
            State(app): State<Arc<App>>,
            Path(integration): Path<String>,
            Peer(from): Peer,
            uri: Uri,
            headers: HeaderMap,
            body: Result<Bytes, BytesRejection>,
        ) -> Response {
            let request = Inbound {
                from,
                path: $path,
                uri: &uri,
                headers: &headers,
            };
            answer(deliver(&app, Some(&integration), request, body).await)
        }
    };
}

door!(message, "/message");
door!(event, "/event");
door!(receipt, "/receipt");
door!(structured_response, "/structured/response");

/// The older address: the body's `channel.to.id` names the integration.
async fn legacy(
    State(app): State<Arc<App>>,
    Peer(from): Peer,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let request = Inbound {
        from,
        path: "/message",
        uri: &uri,
        headers: &headers,
    };
    answer(deliver(&app, None, request, body).await)
}

fn answer(result: Result<Response, Fault>) -> Response {
    result.unwrap_or_else(IntoResponse::into_response)
}

struct Inbound<'r> {
    from: Option<IpAddr>,
    path: &'static str,
    uri: &'r Uri,
    headers: &'r HeaderMap,
}

async fn deliver(
    app: &App,
    integration: Option<&str>,
    request: Inbound<'_>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Fault> {
    let token = bearer(request.headers).ok_or_else(|| {
        Fault::unauthorized("No authentication bearer token specified in authorization header.")
    })?;
    let caller = app.auth.open_messaging(&token, request.from).await?;
    let body = body.map_err(Fault::from)?;
    let named = match integration {
        Some(named) => named.to_owned(),
        None => named_in_body(&body)?,
    };
    let channel = channel_of(app, &caller, &named)?;
    let mut headers = network_headers(request.headers);
    // The token is the hub's own credential: no connector sees it.
    headers.retain(|(name, _)| name != AUTHORIZATION.as_str());
    headers.push((AUTHENTICATED.0.to_owned(), AUTHENTICATED.1.to_owned()));
    let query = url::form_urlencoded::parse(request.uri.query().unwrap_or_default().as_bytes());
    let inbound = WebhookRequest {
        method: "POST".to_owned(),
        path: request.path.to_owned(),
        url: None,
        query: query.into_owned().collect(),
        headers,
        body: body.to_vec(),
    };
    let outcome = app.hub.receiver.receive(&channel, inbound).await;
    let response = match outcome {
        Ok(response) => network_response(response),
        Err(error) => Fault::from(error).into_response(),
    };
    app.metrics.webhook(channel.as_str(), response.status());
    let mut response = response;
    response
        .headers_mut()
        .entry(CONTENT_TYPE)
        .or_insert(HeaderValue::from_static("application/json"));
    Ok(response)
}

fn named_in_body(body: &[u8]) -> Result<String, Fault> {
    serde_json::from_slice::<Value>(body)
        .map_err(|error| {
            Fault::bad_request(format!("The request could not be understood: {error}"))
        })?
        .pointer("/channel/to/id")
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| Fault::bad_request("channel.to.id, the integration, is missing"))
}

/// The channel of an integration: the one with this name, or with this `integration_id` in its
/// configuration, if the key may deliver to it.
fn channel_of(app: &App, caller: &Principal, integration: &str) -> Result<ChannelId, Fault> {
    let named = ChannelId::new(integration)
        .ok()
        .filter(|id| app.hub.channels.get(id).is_some());
    let found = named.or_else(|| {
        app.hub
            .channels
            .all()
            .into_iter()
            .find(|channel| {
                channel
                    .settings
                    .get("integration_id")
                    .and_then(Value::as_str)
                    == Some(integration)
            })
            .map(|channel| channel.id.clone())
    });
    let Some(channel) = found else {
        return Err(Fault::not_found(format!(
            "Unable to find an integration for {integration}"
        )));
    };
    if caller.channels.contains(&channel) {
        Ok(channel)
    } else {
        Err(Fault::forbidden(format!(
            "{} may not deliver to channel {channel}: name the channel in the key's `channels`",
            caller.actor.name
        )))
    }
}

impl From<ReceiveError> for Fault {
    fn from(error: ReceiveError) -> Self {
        let text = error.to_string();
        match error {
            ReceiveError::UnknownChannel(_) | ReceiveError::NotForThisChannel(_) => {
                Self::not_found(text)
            }
            ReceiveError::BadSignature(_) => Self::unauthorized(text),
            ReceiveError::NoWebhooks(_) | ReceiveError::Unsupported(_) => Self::bad_request(text),
            ReceiveError::Plugin(error) => {
                tracing::warn!(%error, "a connector failed on an Open Messaging request");
                Self::internal("The channel's connector failed.")
            }
            ReceiveError::Store(_) | ReceiveError::Stopped(_) => Self::unavailable(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn basic_credentials_are_read() {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, "Basic Y3JtOnM6ZWNyZXQ=".parse().unwrap());
        assert_eq!(
            basic(&headers),
            Some(("crm".to_owned(), "s:ecret".to_owned()))
        );
        for value in ["Bearer Y3JtOnM6ZWNyZXQ=", "Basic ???", "Basic Y3Jt"] {
            headers.insert(AUTHORIZATION, value.parse().unwrap());
            assert_eq!(basic(&headers), None, "{value}");
        }
    }

    #[test]
    fn the_older_address_takes_the_integration_from_the_body() {
        let body = br#"{"channel":{"to":{"id":"34071108"}}}"#;
        assert!(named_in_body(body).is_ok_and(|id| id == "34071108"));
        assert!(named_in_body(b"{}").is_err());
        assert!(named_in_body(b"{").is_err());
    }
}
