//! The control endpoints of a simulated bot, beside those that every network has.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::json;

use super::{Bot, Incoming};
use crate::control::Control;
use crate::delivery::Delivery;
use crate::shown::{Face, Way};

pub(crate) fn router(bot: Arc<Bot>) -> Router {
    let shared = crate::control::router(Control {
        world: Arc::clone(&bot.world),
        // The faults that every network knows are all there are.
        named_fault: Arc::new(|_| None),
        face: Face {
            name: "Telegram",
            ways: vec![Way::new("Message", json!({"type": "text"}))],
        },
    });
    Router::new()
        .route("/customers/{id}/say", post(say))
        .with_state(bot)
        .merge(shared)
}

async fn say(
    State(bot): State<Arc<Bot>>,
    Path(customer): Path<String>,
    Json(what): Json<Incoming>,
) -> Json<Delivery> {
    Json(bot.say(&customer, what).await)
}
