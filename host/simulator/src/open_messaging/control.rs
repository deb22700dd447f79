//! The control endpoints of a simulated middleware, beside those that every network has.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{get, post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::{Middleware, Receipts, Said};
use crate::control::Control;
use crate::delivery::Delivery;
use crate::shown::{Face, Way};

pub(crate) fn router(middleware: Arc<Middleware>) -> Router {
    let shared = crate::control::router(Control {
        world: Arc::clone(&middleware.world),
        // The faults that every network knows are all there are.
        named_fault: Arc::new(|_| None),
        face: Face {
            name: "Web chat",
            ways: vec![Way::new("Message", json!({"type": "text"}))],
        },
    });
    Router::new()
        .route("/customers/{id}/say", post(say))
        .route("/hub", put(hub))
        .route("/receipts", get(from_hub).put(receipts))
        .with_state(middleware)
        .merge(shared)
}

async fn say(
    State(middleware): State<Arc<Middleware>>,
    Path(customer): Path<String>,
    Json(what): Json<Said>,
) -> Json<Delivery> {
    Json(middleware.say(&customer, what).await)
}

#[derive(Deserialize)]
struct Hub {
    url: Url,
    token_url: Option<Url>,
}

async fn hub(State(middleware): State<Arc<Middleware>>, Json(hub): Json<Hub>) -> StatusCode {
    middleware.set_hub(hub.url, hub.token_url);
    StatusCode::NO_CONTENT
}

async fn from_hub(State(middleware): State<Arc<Middleware>>) -> Json<Value> {
    Json(json!({ "receipts": middleware.seen().receipts }))
}

async fn receipts(
    State(middleware): State<Arc<Middleware>>,
    Json(new): Json<Receipts>,
) -> StatusCode {
    middleware.set_receipts(new);
    StatusCode::NO_CONTENT
}
