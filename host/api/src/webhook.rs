//! The networks' door: `/channels/{channel}/webhook` and everything below it.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::extract::rejection::BytesRejection;
use axum::http::header::{HeaderName, HeaderValue};
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use linecard_model::platform::{WebhookRequest, WebhookResponse};
use linecard_model::{ChannelId, Timestamp};
use linecard_sandbox::{CallError, Fault};
use linecard_traffic::receive::ReceiveError;

use super::App;
use super::extract::Path;
use super::problem::Problem;

/// Headers with this beginning are the hub's own words to a connector: nobody outside says them.
pub(super) const OWN_HEADERS: &str = "linecard-";
/// How long a network is asked to wait when the hub is behind, in seconds.
const SOON: u64 = 5;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/channels/{channel}/webhook", any(root))
        .route("/channels/{channel}/webhook/", any(root))
        .route("/channels/{channel}/webhook/{*rest}", any(below))
        .route("/webhooks/{group}", any(shared))
}

/// The address that several channels share.
async fn shared(
    State(app): State<Arc<App>>,
    Path(group): Path<String>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let response = match take_shared(&app, &group, &method, &uri, &headers, body).await {
        Ok(response) => network_response(response),
        Err(problem) => problem.into_response(),
    };
    app.metrics.webhook("shared", response.status());
    response
}

async fn take_shared(
    app: &App,
    group: &str,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<WebhookResponse, Problem> {
    let unknown = || Problem::not_found("webhook group", group);
    let group = ChannelId::new(group).map_err(|_| unknown())?;
    let address = address(app, &format!("/webhooks/{group}"), uri);
    let request = network_request("", (address, method, uri), headers, &body?);
    match app.hub.receiver.receive_shared(&group, request).await {
        Err(ReceiveError::UnknownChannel(_)) => Err(unknown()),
        result => Ok(result?),
    }
}

async fn root(
    State(app): State<Arc<App>>,
    Path(channel): Path<String>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let path = if uri.path().ends_with('/') { "/" } else { "" };
    answer(&app, &channel, path, &method, &uri, &headers, body).await
}

async fn below(
    State(app): State<Arc<App>>,
    Path((channel, rest)): Path<(String, String)>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let path = format!("/{rest}");
    answer(&app, &channel, &path, &method, &uri, &headers, body).await
}

async fn answer(
    app: &App,
    channel: &str,
    path: &str,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Response {
    let (known, response) = match take(app, channel, path, method, uri, headers, body).await {
        Ok(response) => (true, network_response(response)),
        Err(Refused::NoSuchChannel(problem)) => (false, problem.into_response()),
        Err(Refused::Other(problem)) => (true, problem.into_response()),
    };
    // Names that somebody makes up do not become labels.
    let label = if known { channel } else { "unknown" };
    app.metrics.webhook(label, response.status());
    response
}

enum Refused {
    NoSuchChannel(Problem),
    Other(Problem),
}

async fn take(
    app: &App,
    channel: &str,
    path: &str,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<WebhookResponse, Refused> {
    let unknown = || Refused::NoSuchChannel(Problem::not_found("channel", channel));
    let channel = ChannelId::new(channel).map_err(|_| unknown())?;
    if app.hub.channels.get(&channel).is_none() {
        return Err(unknown());
    }
    let body = body.map_err(|rejection| Refused::Other(rejection.into()))?;
    let called = address(app, &format!("/channels/{channel}/webhook{path}"), uri);
    let request = network_request(path, (called, method, uri), headers, &body);
    app.hub
        .receiver
        .receive(&channel, request)
        .await
        .map_err(|error| {
            let problem = Problem::from(error);
            Refused::Other(problem)
        })
}

/// The whole address that was called, as the network wrote it, if the hub knows its public one.
fn address(app: &App, path: &str, uri: &Uri) -> Option<String> {
    let hub = app.hub.equipment.public_url.as_ref()?;
    Some(match uri.query() {
        Some(query) => format!("{hub}{path}?{query}"),
        None => format!("{hub}{path}"),
    })
}

fn network_request(
    path: &str,
    (address, method, uri): (Option<String>, &Method, &Uri),
    headers: &HeaderMap,
    body: &Bytes,
) -> WebhookRequest {
    WebhookRequest {
        method: method.as_str().to_owned(),
        path: path.to_owned(),
        url: address,
        query: url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
            .into_owned()
            .collect(),
        headers: network_headers(headers),
        body: body.to_vec(),
    }
}

/// What the network sent, without what only a browser or the hub says.
pub(super) fn network_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    headers
        .iter()
        .filter(|(name, _)| {
            let name = name.as_str();
            name != "cookie" && !name.starts_with(OWN_HEADERS)
        })
        // Header values are bytes; networks send text. What is not text is kept readable.
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        })
        .collect()
}

/// The connector's answer. Headers of the connection itself are the server's.
pub(super) fn network_response(answer: WebhookResponse) -> Response {
    const CONNECTION: [&str; 6] = [
        "connection",
        "content-length",
        "keep-alive",
        "set-cookie",
        "transfer-encoding",
        "upgrade",
    ];
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, answer.body).into_response();
    response.headers_mut().remove("content-type");
    for (name, value) in answer.headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        let value = HeaderValue::from_str(&value);
        if let (Ok(name), Ok(value)) = (name, value)
            && !CONNECTION.contains(&name.as_str())
        {
            response.headers_mut().append(name, value);
        }
    }
    response
}

impl From<ReceiveError> for Problem {
    fn from(error: ReceiveError) -> Self {
        let detail = error.to_string();
        match error {
            ReceiveError::UnknownChannel(channel) => Self::not_found("channel", channel),
            ReceiveError::BadSignature(_) => Self::new("bad-signature", detail),
            ReceiveError::NotForThisChannel(_) => Self::new("not-found", detail),
            ReceiveError::NoWebhooks(_) | ReceiveError::Unsupported(_) => {
                Self::new("unsupported-webhook", detail)
            }
            ReceiveError::Plugin(CallError {
                fault: Fault::Suspended(suspended),
                ..
            }) => {
                // Why is for the operator.
                let left = suspended.until.duration_since(Timestamp::now()).as_secs();
                Self::new("busy", "the channel's connector is left alone for a while")
                    .retry_after(u64::try_from(left).unwrap_or(0).max(SOON))
            }
            ReceiveError::Plugin(error) if error.never_began() => {
                Self::new("busy", "the channel has more to take than it can for now")
                    .retry_after(SOON)
            }
            ReceiveError::Plugin(error) => {
                // What the plug-in did is for the operator, not for whoever sends requests.
                let text = format!(
                    "the channel's connector failed; the hub's log says how (call {})",
                    error.id
                );
                Self::new("plugin-failed", text)
            }
            ReceiveError::Store(_) | ReceiveError::Stopped(_) => {
                Self::new("busy", "the hub cannot keep it for now").retry_after(SOON)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hubs_own_headers_and_cookies_do_not_pass() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("cookie", "a=b"),
            ("linecard-authenticated", "open-messaging-api"),
            ("x-hub-signature-256", "sha256=00"),
            ("authorization", "Bearer of-the-network"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        let mut names: Vec<_> = network_headers(&headers).into_iter().map(|h| h.0).collect();
        names.sort();
        assert_eq!(names, ["authorization", "x-hub-signature-256"]);
    }

    #[test]
    fn a_connector_does_not_touch_the_connection() {
        let response = network_response(WebhookResponse {
            status: 202,
            headers: vec![
                ("Content-Type".into(), "text/plain".into()),
                ("Transfer-Encoding".into(), "chunked".into()),
                ("Set-Cookie".into(), "a=b".into()),
                ("bad name".into(), "x".into()),
            ],
            body: b"ok".to_vec(),
        });
        assert_eq!(response.status(), 202);
        assert_eq!(
            response.headers().get("content-type").unwrap(),
            "text/plain"
        );
        assert_eq!(response.headers().len(), 1);
    }
}
