//! The control endpoints of a simulated X, beside those that every network has.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::{post, put};
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};
use url::Url;

use super::errors::XError;
use super::incoming::Incoming;
use super::options::{Envelope, Rules};
use super::{X, activity, outbox};
use crate::control::Control;
use crate::customers::Profile;
use crate::delivery::Delivery;
use crate::shown::{Face, Way};

pub(crate) fn router(x: Arc<X>) -> Router {
    let clock = x.world.clock.clone();
    let shared = crate::control::router(Control {
        world: Arc::clone(&x.world),
        named_fault: Arc::new(move |name| {
            XError::named(name, clock.now_ms()).map(|error| error.fault())
        }),
        face: Face {
            name: "X",
            ways: vec![
                Way::new("Post", json!({"type": "post"}))
                    .beginning(format!("@{} ", x.options.username)),
                Way::new("Direct message", json!({"type": "dm"})),
            ],
        },
    });
    Router::new()
        .route("/customers/{id}/say", post(say))
        .route("/customers/{id}/account", put(account))
        .route("/callback", put(callback))
        .route("/delivery", put(delivery))
        .route("/rules", put(rules))
        .route("/access", put(access))
        .route("/profile", put(profile))
        .route("/webhook", post(webhook))
        .with_state(x)
        .merge(shared)
}

async fn say(
    State(x): State<Arc<X>>,
    Path(id): Path<String>,
    Json(what): Json<Incoming>,
) -> Json<Delivery> {
    Json(x.say(&id, what).await)
}

/// Gives somebody an account with a profile; the nickname is the user name.
async fn account(
    State(x): State<Arc<X>>,
    Path(id): Path<String>,
    Json(profile): Json<Profile>,
) -> StatusCode {
    x.add_customer(&id, profile);
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
struct Callback {
    url: Url,
}

async fn callback(State(x): State<Arc<X>>, Json(callback): Json<Callback>) -> StatusCode {
    x.hooks.set_callback(&x.options, callback.url);
    StatusCode::NO_CONTENT
}

/// The parts of [`super::XDelivery`] that are changed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DeliveryChange {
    envelope: Option<Envelope>,
    duplicates: Option<f64>,
    losses: Option<f64>,
    batch: Option<usize>,
    disorder: Option<bool>,
}

async fn delivery(State(x): State<Arc<X>>, Json(change): Json<DeliveryChange>) -> StatusCode {
    let mut delivery = x.delivery();
    delivery.envelope = change.envelope.unwrap_or(delivery.envelope);
    delivery.duplicates = change.duplicates.unwrap_or(delivery.duplicates);
    delivery.losses = change.losses.unwrap_or(delivery.losses);
    delivery.batch = change.batch.unwrap_or(delivery.batch);
    delivery.disorder = change.disorder.unwrap_or(delivery.disorder);
    x.set_delivery(delivery);
    StatusCode::NO_CONTENT
}

async fn rules(State(x): State<Arc<X>>, Json(rules): Json<Rules>) -> StatusCode {
    x.set_rules(rules);
    StatusCode::NO_CONTENT
}

/// What happens to the account's access.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Access {
    #[serde(default)]
    expire_tokens: bool,
    revoked: Option<bool>,
    clock_skew_seconds: Option<i64>,
}

async fn access(State(x): State<Arc<X>>, Json(change): Json<Access>) -> StatusCode {
    if change.expire_tokens {
        x.tokens.expire();
    }
    if let Some(revoked) = change.revoked {
        x.tokens.set_revoked(revoked);
    }
    if let Some(seconds) = change.clock_skew_seconds {
        x.tokens.set_skew(seconds);
    }
    StatusCode::NO_CONTENT
}

/// A change of the company's own profile.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProfileChange {
    bio: Option<String>,
    name: Option<String>,
}

async fn profile(State(x): State<Arc<X>>, Json(change): Json<ProfileChange>) -> StatusCode {
    let now = x.world.clock.now_ms();
    let mut happenings = Vec::new();
    if let Some(company) = x.state().users.get_mut(&x.options.user_id) {
        if let Some(bio) = change.bio {
            happenings.push(activity::profile(
                "profile.update.bio",
                &company.description,
                &bio,
                now,
            ));
            company.description = bio;
        }
        if let Some(name) = change.name {
            happenings.push(activity::profile(
                "profile.update.screenname",
                &company.name,
                &name,
                now,
            ));
            company.name = name;
        }
    }
    x.tell(happenings);
    StatusCode::NO_CONTENT
}

async fn webhook(State(x): State<Arc<X>>, Json(body): Json<Value>) -> Json<Delivery> {
    Json(outbox::post_to_all(&x, body).await.delivery("", ""))
}
