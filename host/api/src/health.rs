//! Whether the hub lives, whether it takes work, and its numbers.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

use super::App;
use super::problem::Problem;

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

/// The process answers.
async fn alive() -> Response {
    axum::Json(json!({"status": "ok"})).into_response()
}

/// The hub takes work: its site answers and its disk takes writes.
async fn ready(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let stopped = app.hub.stopped.borrow().clone();
    if let Some(reason) = stopped {
        return Err(Problem::new("stopping", reason));
    }
    let seq = app.hub.site.query(linecard_site::SiteState::seq).await?;
    let body = json!({"status": "ready", "site": app.hub.site.id(), "seq": seq});
    Ok((StatusCode::OK, axum::Json(body)).into_response())
}

/// The numbers for Prometheus.
async fn metrics(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let text = app.metrics.page(&app.hub).await?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(CONTENT_TYPE, kind)], text).into_response())
}
