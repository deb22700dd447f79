//! The control endpoints of a simulated `WhatsApp` number, beside those that every network has.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::incoming::Incoming;
use super::media::CUSTOMERS_DAYS;
use super::options::{Identifiers, Statuses, WhatsAppRules};
use super::templates::Template;
use super::{WhatsApp, errors, say as saying, write};
use crate::control::{Control, refuse};
use crate::delivery::Delivery;
use crate::graph::DeliveryChange;
use crate::shown::{Face, Way};

pub(crate) fn router(whatsapp: Arc<WhatsApp>) -> Router {
    let waba = whatsapp.options.waba_id.clone();
    let shared = crate::control::router(Control {
        world: Arc::clone(&whatsapp.world),
        named_fault: Arc::new(move |name| errors::named(name, &waba).map(|error| error.fault())),
        face: Face {
            name: "WhatsApp",
            ways: vec![Way::new("Message", json!({"type": "text"}))],
        },
    });
    Router::new()
        .route("/customers/{id}/say", post(say))
        .route("/callback", put(callback))
        .route("/subscribe", post(subscribe))
        .route("/delivery", put(delivery))
        .route("/after-send", put(after_send))
        .route("/rules", put(rules))
        .route("/identifiers", put(identifiers))
        .route("/access", put(access))
        .route("/templates", put(template))
        .route("/failures", post(failures))
        .route("/media", post(media))
        .route("/webhook", post(webhook))
        .with_state(whatsapp)
        .merge(shared)
}

async fn say(
    State(whatsapp): State<Arc<WhatsApp>>,
    Path(id): Path<String>,
    Json(what): Json<Incoming>,
) -> Json<Delivery> {
    Json(saying::say(&whatsapp, &id, what).await)
}

#[derive(Deserialize)]
struct Callback {
    url: Url,
}

async fn callback(
    State(whatsapp): State<Arc<WhatsApp>>,
    Json(callback): Json<Callback>,
) -> StatusCode {
    whatsapp.set_callback_url(callback.url);
    StatusCode::NO_CONTENT
}

async fn subscribe(State(whatsapp): State<Arc<WhatsApp>>) -> Response {
    let token = &whatsapp.options.verify_token;
    match whatsapp.handshake().subscribe(token).await {
        Ok(()) => Json(json!({ "success": true })).into_response(),
        Err(error) => refuse(StatusCode::BAD_GATEWAY, error.to_string()),
    }
}

async fn delivery(
    State(whatsapp): State<Arc<WhatsApp>>,
    Json(change): Json<DeliveryChange>,
) -> StatusCode {
    let changed = change.applied(whatsapp.delivery());
    *write(&whatsapp.delivery) = changed;
    StatusCode::NO_CONTENT
}

async fn after_send(
    State(whatsapp): State<Arc<WhatsApp>>,
    Json(statuses): Json<Statuses>,
) -> StatusCode {
    *write(&whatsapp.statuses) = statuses;
    StatusCode::NO_CONTENT
}

async fn rules(
    State(whatsapp): State<Arc<WhatsApp>>,
    Json(rules): Json<WhatsAppRules>,
) -> StatusCode {
    *write(&whatsapp.rules) = rules;
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct NewIdentifiers {
    identifiers: Identifiers,
}

async fn identifiers(
    State(whatsapp): State<Arc<WhatsApp>>,
    Json(new): Json<NewIdentifiers>,
) -> StatusCode {
    *write(&whatsapp.identifiers) = new.identifiers;
    StatusCode::NO_CONTENT
}

/// What happens to the account's access.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Access {
    expired: Option<bool>,
    /// What the token may do.
    scopes: Option<Vec<String>>,
    /// Until when, in Unix seconds; 0 for ever.
    expires_at: Option<i64>,
    revoked: Option<bool>,
}

async fn access(State(whatsapp): State<Arc<WhatsApp>>, Json(change): Json<Access>) -> StatusCode {
    let mut token = write(&whatsapp.token);
    token.expired = change.expired.unwrap_or(token.expired);
    token.revoked = change.revoked.unwrap_or(token.revoked);
    if let Some(scopes) = change.scopes {
        token.rights.scopes = scopes;
    }
    token.rights.expires_at = change.expires_at.unwrap_or(token.rights.expires_at);
    StatusCode::NO_CONTENT
}

async fn template(
    State(whatsapp): State<Arc<WhatsApp>>,
    Json(template): Json<Template>,
) -> Json<Value> {
    let id = template.id();
    whatsapp.set_template(template);
    Json(json!({ "id": id }))
}

/// The next messages fail with a code in a status.
#[derive(Deserialize)]
struct Failures {
    code: u32,
    #[serde(default = "once")]
    times: usize,
}

fn once() -> usize {
    1
}

async fn failures(
    State(whatsapp): State<Arc<WhatsApp>>,
    Json(failures): Json<Failures>,
) -> Response {
    if whatsapp.fail_next(failures.times.min(10_000), failures.code) {
        return StatusCode::NO_CONTENT.into_response();
    }
    refuse(
        StatusCode::BAD_REQUEST,
        format!("{} is no error code of this network", failures.code),
    )
}

/// Keeps the body as a file that a customer can send.
async fn media(
    State(whatsapp): State<Arc<WhatsApp>>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Json<Value> {
    let mime = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or("application/octet-stream");
    let now = whatsapp.world.clock.now_ms();
    let id = whatsapp
        .files
        .add(mime.to_owned(), bytes, now, CUSTOMERS_DAYS);
    Json(json!({ "id": id }))
}

async fn webhook(State(whatsapp): State<Arc<WhatsApp>>, Json(body): Json<Value>) -> Json<Delivery> {
    Json(whatsapp.post_given(body).await)
}
