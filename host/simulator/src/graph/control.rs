//! The control endpoints of a simulated page, beside those that every network has.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::json;
use url::Url;

use super::errors::GraphError;
use super::incoming::Incoming;
use super::options::AfterSend;
use super::{Graph, outbox};
use crate::control::{Control, refuse};
use crate::delivery::Delivery;

pub(crate) fn router(graph: Arc<Graph>) -> Router {
    let page = graph.options.page_id.clone();
    let shared = crate::control::router(Control {
        world: Arc::clone(&graph.world),
        named_fault: Arc::new(move |name| {
            GraphError::named(name, &page).map(|error| error.fault())
        }),
    });
    Router::new()
        .route("/customers/{id}/say", post(say))
        .route("/callback", put(callback))
        .route("/subscribe", post(subscribe))
        .route("/delivery", put(delivery))
        .route("/after-send", put(after_send))
        .route("/webhook", post(webhook))
        .with_state(graph)
        .merge(shared)
}

async fn say(
    State(graph): State<Arc<Graph>>,
    Path(psid): Path<String>,
    Json(what): Json<Incoming>,
) -> Json<Delivery> {
    Json(graph.say(&psid, what).await)
}

#[derive(Deserialize)]
struct Callback {
    url: Url,
}

async fn callback(State(graph): State<Arc<Graph>>, Json(callback): Json<Callback>) -> StatusCode {
    graph.set_callback_url(callback.url);
    StatusCode::NO_CONTENT
}

async fn subscribe(State(graph): State<Arc<Graph>>) -> Response {
    match graph.subscribe().await {
        Ok(()) => Json(json!({ "success": true })).into_response(),
        Err(error) => refuse(StatusCode::BAD_GATEWAY, error.to_string()),
    }
}

/// The parts of [`super::WebhookDelivery`] that are changed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeliveryChange {
    duplicates: Option<f64>,
    losses: Option<f64>,
    batch: Option<usize>,
    items_per_entry: Option<usize>,
    disorder: Option<bool>,
    parallel: Option<usize>,
}

async fn delivery(
    State(graph): State<Arc<Graph>>,
    Json(change): Json<DeliveryChange>,
) -> StatusCode {
    let mut delivery = graph.delivery();
    delivery.duplicates = change.duplicates.unwrap_or(delivery.duplicates);
    delivery.losses = change.losses.unwrap_or(delivery.losses);
    delivery.batch = change.batch.unwrap_or(delivery.batch);
    delivery.items_per_entry = change.items_per_entry.unwrap_or(delivery.items_per_entry);
    delivery.disorder = change.disorder.unwrap_or(delivery.disorder);
    delivery.parallel = change.parallel.unwrap_or(delivery.parallel);
    graph.set_delivery(delivery);
    StatusCode::NO_CONTENT
}

async fn after_send(State(graph): State<Arc<Graph>>, Json(new): Json<AfterSend>) -> StatusCode {
    graph.set_after_send(new);
    StatusCode::NO_CONTENT
}

async fn webhook(
    State(graph): State<Arc<Graph>>,
    Json(body): Json<serde_json::Value>,
) -> Json<Delivery> {
    let delivery = graph.delivery();
    let outcome = outbox::post_body(&graph, &delivery, body).await;
    Json(outcome.delivery("", ""))
}
