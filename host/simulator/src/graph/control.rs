//! The control endpoints of a simulated page, beside those that every network has.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::{post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::act::Act;
use super::errors::GraphError;
use super::options::{AfterSend, DeliveryChange};
use super::state::{Graph, lock};
use super::subscriptions::RightsChange;
use super::surface::Surface;
use super::{feed, instagram as on_instagram, outbox};
use crate::control::{Control, refuse};
use crate::delivery::Delivery;
use crate::shown::{Face, Way};

pub(crate) fn router(graph: Arc<Graph>) -> Router {
    let page = graph.options.page_id.clone();
    let instagram = graph.options.instagram.id.clone();
    let shared = crate::control::router(Control {
        world: Arc::clone(&graph.world),
        named_fault: Arc::new(move |name| {
            GraphError::named(name, &page, &instagram).map(|error| error.fault())
        }),
        face: Face {
            name: "Facebook and Instagram",
            ways: vec![
                Way::new("Messenger", json!({"type": "text"})),
                Way::new("Post on the page", json!({"on": "feed", "type": "post"})),
                Way::new(
                    "Instagram message",
                    json!({"on": "instagram", "type": "text"}),
                ),
            ],
        },
    });
    Router::new()
        .route("/customers/{id}/say", post(say))
        .route("/feed", post(publish))
        .route("/instagram/media", post(publish_media))
        .route("/callback", put(callback))
        .route("/subscribe", post(subscribe))
        .route("/delivery", put(delivery))
        .route("/after-send", put(after_send))
        .route("/token", put(token))
        .route("/webhook", post(webhook))
        .with_state(graph)
        .merge(shared)
}

/// An [`Act`]; without `on` it is on Messenger.
async fn say(
    State(graph): State<Arc<Graph>>,
    Path(id): Path<String>,
    Json(mut what): Json<Value>,
) -> Response {
    if let Some(members) = what.as_object_mut() {
        members
            .entry("on")
            .or_insert_with(|| Value::from("messenger"));
    }
    match serde_json::from_value::<Act>(what) {
        Ok(what) => Json(graph.act(&id, what).await).into_response(),
        Err(error) => refuse(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()),
    }
}

/// A post of the page, or media of the Instagram account, published past the hub.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Publication {
    #[serde(default)]
    text: String,
    #[serde(default)]
    photos: Vec<String>,
}

async fn publish(State(graph): State<Arc<Graph>>, Json(new): Json<Publication>) -> Response {
    let photos: Vec<&str> = new.photos.iter().map(String::as_str).collect();
    let item = feed::publish_past_the_hub(&graph, &new.text, &photos);
    (StatusCode::CREATED, Json(item)).into_response()
}

async fn publish_media(State(graph): State<Arc<Graph>>, Json(new): Json<Publication>) -> Response {
    let Some(url) = new.photos.first() else {
        return refuse(StatusCode::BAD_REQUEST, "media needs an address in photos");
    };
    let item = on_instagram::publish_media(&graph, &new.text, url);
    (StatusCode::CREATED, Json(item)).into_response()
}

#[derive(Deserialize)]
struct Callback {
    url: Url,
    /// `messenger` when absent, which serves the others as well.
    on: Option<Surface>,
}

async fn callback(State(graph): State<Arc<Graph>>, Json(callback): Json<Callback>) -> StatusCode {
    let on = callback.on.unwrap_or(Surface::Messenger);
    graph.set_callback_url(on, callback.url);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct Subscription {
    on: Option<Surface>,
}

async fn subscribe(
    State(graph): State<Arc<Graph>>,
    Query(subscription): Query<Subscription>,
) -> Response {
    let on = subscription.on.unwrap_or(Surface::Messenger);
    match graph.subscribe(on).await {
        Ok(()) => Json(json!({ "success": true })).into_response(),
        Err(error) => refuse(StatusCode::BAD_GATEWAY, error.to_string()),
    }
}

async fn delivery(
    State(graph): State<Arc<Graph>>,
    Json(change): Json<DeliveryChange>,
) -> StatusCode {
    let delivery = change.applied(graph.delivery());
    graph.set_delivery(delivery);
    StatusCode::NO_CONTENT
}

async fn after_send(State(graph): State<Arc<Graph>>, Json(new): Json<AfterSend>) -> StatusCode {
    graph.set_after_send(new);
    StatusCode::NO_CONTENT
}

/// Changes what the page's token may do, and how long.
async fn token(State(graph): State<Arc<Graph>>, Json(change): Json<RightsChange>) -> StatusCode {
    change.apply(&mut lock(&graph.rights));
    StatusCode::NO_CONTENT
}

async fn webhook(State(graph): State<Arc<Graph>>, Json(body): Json<Value>) -> Json<Delivery> {
    Json(outbox::post_given(&graph, body).await)
}
