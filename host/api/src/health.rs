//! Whether the hub lives, whether it takes work, and its numbers.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{FromRequestParts as _, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Extension, Router};
use linecard_model::rights::Right;
use serde_json::json;

use super::App;
use super::client::Client;
use super::extract::Caller;
use super::problem::Problem;

/// How long the reason why the site has ended is waited for.
const REASON: Duration = Duration::from_millis(250);

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/healthz", get(alive))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
}

/// Whether an address is one of these.
pub(super) fn is_about_it(path: &str) -> bool {
    matches!(path, "/healthz" | "/readyz" | "/metrics")
}

/// The process answers.
async fn alive() -> Response {
    axum::Json(json!({"status": "ok"})).into_response()
}

/// The hub takes work: its site answers and its disk takes writes.
async fn ready(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    takes_work(&app)?;
    let seq = match app.hub.site.query(linecard_site::SiteState::seq).await {
        Ok(seq) => seq,
        Err(error) => {
            // The site's task has ended; the reason is known a moment later.
            let reason = app.hub.site.supervisor().has_stopped();
            drop(tokio::time::timeout(REASON, reason).await);
            takes_work(&app)?;
            return Err(error.into());
        }
    };
    let body = json!({"status": "ready", "site": app.hub.site.id(), "seq": seq});
    Ok((StatusCode::OK, axum::Json(body)).into_response())
}

/// The reason why the hub takes no more work, if so.
pub(super) fn takes_work(app: &App) -> Result<(), Problem> {
    let stopped = app.hub.site.supervisor().stopped().borrow().clone();
    match stopped {
        Some(reason) => Err(Problem::new("stopping", reason)),
        None => Ok(()),
    }
}

/// The numbers for Prometheus: for whoever is on this machine, and for those who see everything.
async fn metrics(
    State(app): State<Arc<App>>,
    Extension(client): Extension<Client>,
    mut parts: Parts,
) -> Result<Response, Problem> {
    if !client.is_local() {
        let caller = Caller::from_request_parts(&mut parts, &app).await?;
        caller.require(Right::Figures)?;
    }
    let text = app.metrics.page(&app.hub, &app.webhooks).await?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(CONTENT_TYPE, kind)], text).into_response())
}
