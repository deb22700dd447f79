//! What a simulated network's customers see, as a page for a browser: their conversations as they go on, and a way to
//! write as one of them. It lies at `/_sim/show`.

use axum::extract::{Query, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::control::Control;

/// The page runs its own script and nothing that somebody wrote.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    form-action 'none'; base-uri 'none'; frame-ancestors 'self'";
/// How many conversations are listed if nobody says how many.
const LISTED: usize = 40;

/// A network as its page shows it.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Face {
    /// What people call it.
    pub name: &'static str,
    /// How customers write there, the usual way first.
    pub ways: Vec<Way>,
}

/// A way in which a customer writes.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Way {
    /// What it is called.
    pub name: &'static str,
    /// What `/_sim/customers/{id}/say` takes, without its `text`.
    pub say: Value,
    /// What the text begins with, such as whom it mentions.
    pub begin: String,
}

impl Way {
    pub(crate) fn new(name: &'static str, say: Value) -> Self {
        Self {
            name,
            say,
            begin: String::new(),
        }
    }

    pub(crate) fn beginning(self, begin: String) -> Self {
        Self { begin, ..self }
    }
}

pub(crate) fn router() -> Router<Control> {
    Router::new()
        .route(
            "/show",
            get(|| part("text/html; charset=utf-8", include_str!("shown/page.html"))),
        )
        .route(
            "/show.css",
            get(|| part("text/css; charset=utf-8", include_str!("shown/page.css"))),
        )
        .route(
            "/show.js",
            get(|| {
                part(
                    "text/javascript; charset=utf-8",
                    include_str!("shown/page.js"),
                )
            }),
        )
        .route("/latest", get(latest))
}

/// A part of the page.
fn part(kind: &'static str, content: &'static str) -> impl Future<Output = Response> {
    let headers = [
        (CONTENT_TYPE, kind),
        (CACHE_CONTROL, "no-cache"),
        (CONTENT_SECURITY_POLICY, POLICY),
    ];
    std::future::ready((headers, content).into_response())
}

#[derive(Deserialize)]
struct Wanted {
    limit: Option<usize>,
}

/// The network, and the conversations in which something was said last.
async fn latest(State(control): State<Control>, Query(wanted): Query<Wanted>) -> Json<Value> {
    let customers = &control.world.customers;
    let latest = customers.latest(wanted.limit.unwrap_or(LISTED));
    Json(json!({ "network": control.face, "customers": latest, "all": customers.count() }))
}
