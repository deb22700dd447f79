//! What every request gets: an id, a span, a time limit, a place in the metrics, and headers that
//! make browsers careful.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_SECURITY_POLICY, HeaderName, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use axum::http::{HeaderMap, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use tracing::Instrument as _;

use super::App;
use super::client::Client;
use super::connections::IsReserve;
use super::problem::Problem;

/// Where the product's own API is.
const API: &str = "/api/v1/";
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// What an answer of the API may do in a browser: nothing.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'";

/// Wraps every request.
pub(super) async fn observe(
    State(app): State<Arc<App>>,
    mut request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let trusted = &app.options.trusted_proxies;
    let client = Client::of(request.extensions(), request.headers(), trusted);
    request.extensions_mut().insert(client);
    let is_reserve = request.extensions().get::<IsReserve>() == Some(&IsReserve(true));
    let id = request_id(request.headers());
    // The route, never the address: that may hold what a network put into a query.
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("none", MatchedPath::as_str)
        .to_owned();
    let method = request.method().clone();
    let span = tracing::info_span!("http", %method, route, id);
    // What the webhook doors refuse they refuse in the networks' words.
    let changes = !request.method().is_safe() && request.uri().path().starts_with(API);
    let answer = async {
        if is_reserve && !super::health::is_about_it(request.uri().path()) {
            return crowded();
        }
        match super::health::takes_work(&app) {
            Err(problem) if changes => problem.into_response(),
            _ => next.run(request).await,
        }
    };
    let answer = tokio::time::timeout(app.options.timeout, answer)
        .instrument(span)
        .await;
    let mut response = answer.unwrap_or_else(|_| {
        Problem::new(
            "timeout",
            format!(
                "the hub stopped waiting after {} s",
                app.options.timeout.as_secs()
            ),
        )
        .into_response()
    });
    app.metrics
        .request(&method, &route, response.status(), began.elapsed());
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    for (name, value) in [
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (CACHE_CONTROL, "no-store"),
        (CONTENT_SECURITY_POLICY, NOTHING),
    ] {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    response
}

/// What whoever comes by one of the last connections hears.
fn crowded() -> Response {
    let problem = Problem::new(
        "busy",
        "the hub has more connections than it takes at a time",
    );
    let mut response = problem.retry_after(5).into_response();
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    response
}

/// The caller's id if it is harmless in a log, else a new one.
fn request_id(headers: &HeaderMap) -> String {
    headers
        .get(REQUEST_ID)
        .and_then(|value| value.to_str().ok())
        .filter(|id| {
            (1..=64).contains(&id.len())
                && id
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b))
        })
        .map_or_else(|| uuid::Uuid::now_v7().to_string(), str::to_owned)
}
