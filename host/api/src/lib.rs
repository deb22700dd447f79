//! The HTTP interfaces: the networks' webhooks, the agents' and administrators' API with its event
//! streams, and the inbound half of Open Messaging.
//!
//! Handlers parse, call one function of the domain, and map what it gives. Every error of the
//! product's own API is made in [`problem`].
//!
//! It stands on the hub and may use everything below that; only the program stands above it. No
//! decision is made here.

// The attribute of the API's description repeats the handlers' argument types with their paths.

mod account;
mod actions;
mod agents;
mod alike;
mod attention;
mod audit;
mod automatic;
mod backup;
mod beginning;
mod channels;
mod client;
mod config;
mod connections;
mod contacts;
mod content;
mod cookie;
mod corrections;
mod dead_letters;
mod desk;
mod docs;
mod elsewhere;
mod events;
mod extract;
mod files;
mod health;
mod history;
mod inbox;
mod interactions;
mod journey;
mod macros;
mod messages;
mod metrics;
mod notes;
mod observe;
mod offers;
mod open_messaging;
mod participants;
mod people;
mod plugins;
mod practice;
pub mod problem;
mod query;
mod queues;
mod reactions;
mod recording;
mod render;
mod responses;
mod rules;
mod search;
mod serve;
mod session;
mod setting_up;
mod site;
mod stats;
mod templates;
mod training;
mod views;
mod visibility;
mod webhook;
mod webhooks;
mod working;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::http::header::{CONTENT_TYPE, HeaderName};
use axum::http::{HeaderValue, Method, Request as HttpRequest, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use ipnet::IpNet;
use linecard_hub::Hub;
use linecard_site::{Idempotency, Rendered, Request};
use linecard_vault::auth::{Authenticator, Principal};
pub use linecard_webhooks::WebhookOptions;
use linecard_webhooks::{WebhookParts, Webhooks};
use tokio::sync::Mutex;

pub use docs::openapi;
pub use practice::{Practice, PracticeChannel, PracticeMessage};
pub use render::render;
pub use serve::{Doors, ServeError, Tls, TlsFiles, serve};

use problem::Problem;

/// How the HTTP interfaces behave.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// The largest body of a webhook, in bytes. Default 4 MiB.
    pub webhook_limit: usize,
    /// The largest body of another request, in bytes. Default 4 MiB.
    pub body_limit: usize,
    /// For how long a sign-in is good. Default 12 hours.
    pub session: Duration,
    /// For how long an access token of the Open Messaging API is good. Default one day.
    pub access_token: Duration,
    /// How long a request may take. Default 30 s.
    pub timeout: Duration,
    /// How often an event stream shows that it lives. Default 15 s.
    pub heartbeat: Duration,
    /// How long the reader of an event stream may take none of it, before it is cut off. Default
    /// 30 s.
    pub slow_reader: Duration,
    /// How many event streams one person or key may have open. Default 16.
    pub streams: usize,
    /// How many bytes of files one person or key may upload in an hour. Default 1 GiB.
    pub upload_bytes_per_hour: u64,
    /// The proxies that are believed when they say for whom they ask. Default none.
    pub trusted_proxies: Vec<IpNet>,
    /// What `/api/reference` shows: the keys of the configuration files. Default empty.
    pub reference: String,
    /// The path under which people reach the hub, without a slash at its end. Default empty.
    pub path: String,
    /// Whether people reach the hub by HTTPS: then browsers send its cookie in no other way. Default no.
    pub https: bool,
    /// How other systems are told what happens.
    pub webhooks: WebhookOptions,
    /// The network to practise on, if there is one. Default none.
    pub practice: Option<Arc<dyn Practice>>,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            webhook_limit: 4 << 20,
            body_limit: 4 << 20,
            session: Duration::from_hours(12),
            access_token: Duration::from_hours(24),
            timeout: Duration::from_secs(30),
            heartbeat: Duration::from_secs(15),
            slow_reader: Duration::from_secs(30),
            streams: 16,
            upload_bytes_per_hour: 1 << 30,
            trusted_proxies: Vec::new(),
            reference: String::new(),
            path: String::new(),
            https: false,
            webhooks: WebhookOptions::default(),
            practice: None,
        }
    }
}

/// What handlers work with.
pub(crate) struct App {
    hub: Arc<Hub>,
    options: HttpOptions,
    auth: Authenticator,
    metrics: metrics::Metrics,
    desktops: events::Desktops,
    tickets: events::Tickets,
    scene: events::Scene,
    streams: events::Streams,
    uploads: files::Uploads,
    webhooks: Webhooks,
    attention: Arc<attention::Attention>,
    /// Reading the configuration, changing it and applying it is one step: no two callers' changes
    /// overwrite each other.
    changing: Arc<Mutex<()>>,
}

impl App {
    /// Asks the site for something in the caller's name, and waits until it is durable.
    async fn request(
        &self,
        caller: &Principal,
        request: Request,
        key: Option<Idempotency>,
    ) -> Result<Changed, Problem> {
        let actor = caller.actor.clone();
        let rendered = self.hub.site.request(actor, request, key).await?;
        Ok(Changed(rendered))
    }
}

/// All HTTP interfaces of a hub. Called within a tokio runtime.
pub fn router(hub: Arc<Hub>, options: HttpOptions) -> Router {
    let records = hub.records.subscribe();
    let parts = WebhookParts {
        store: Arc::clone(&hub.store),
        site: hub.site.clone(),
        vault: hub.vault.clone(),
        http: Arc::clone(&hub.equipment.http),
        options: options.webhooks.clone(),
        shape: events::told_outside(),
    };
    let webhooks = Webhooks::start(parts, hub.records.subscribe());
    let app = Arc::new(App {
        auth: Authenticator::new(hub.site.clone(), Arc::clone(&hub.store), hub.vault.clone()),
        metrics: metrics::Metrics::default(),
        desktops: events::Desktops::new(hub.site.clone(), Arc::clone(&hub.store)),
        tickets: events::Tickets::default(),
        scene: events::Scene::default(),
        streams: events::Streams::default(),
        uploads: files::Uploads::default(),
        webhooks,
        attention: Arc::default(),
        changing: Arc::default(),
        hub,
        options,
    });
    let supervisor = app.hub.site.supervisor();
    supervisor.spawn("housekeeping", housekeeping(Arc::downgrade(&app)));
    supervisor.spawn("events", events::run(Arc::downgrade(&app), records));
    supervisor.spawn("attention", attention::run(Arc::downgrade(&app)));
    let networks = webhook::router().layer(DefaultBodyLimit::max(app.options.webhook_limit));
    let path: Arc<str> = app.options.path.as_str().into();
    // They take no query parameters.
    let health = health::router().route_layer(axum::middleware::from_fn_with_state(
        query::Known::default(),
        query::refuse_unknown,
    ));
    let doors = docs::router(&path)
        .merge(open_messaging::router())
        .merge(health)
        .merge(linecard_desk::router(&path))
        .layer(DefaultBodyLimit::max(app.options.body_limit))
        .merge(networks)
        .fallback(nothing_here)
        .method_not_allowed_fallback(not_this_way)
        .layer(axum::middleware::from_fn_with_state(
            Arc::clone(&app),
            observe::observe,
        ))
        .with_state(app);
    if path.is_empty() {
        return doors;
    }
    // A proxy may hand the path on, or take it away.
    let below = move |mut request: HttpRequest<Body>| {
        if let Some(inner) = without(&path, request.uri()) {
            *request.uri_mut() = inner;
        }
        std::future::ready(request)
    };
    Router::new()
        .fallback_service(doors)
        .layer(axum::middleware::map_request(below))
}

/// An address without the path under which people reach the hub; nothing if it does not have it.
fn without(path: &str, uri: &Uri) -> Option<Uri> {
    let rest = uri.path().strip_prefix(path)?;
    if !rest.is_empty() && !rest.starts_with('/') {
        return None;
    }
    let rest = if rest.is_empty() { "/" } else { rest };
    let inner = match uri.query() {
        Some(query) => format!("{rest}?{query}"),
        None => rest.to_owned(),
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(inner.parse().ok()?);
    Uri::from_parts(parts).ok()
}

/// How often what is over is cleared away.
const HOUSEKEEPING: Duration = Duration::from_mins(10);

async fn housekeeping(app: std::sync::Weak<App>) {
    loop {
        tokio::time::sleep(HOUSEKEEPING).await;
        let Some(app) = app.upgrade() else { return };
        app.tickets.sweep();
        if let Err(error) = app.auth.sweep().await {
            tracing::warn!(%error, "expired tokens are not cleared away for now");
        }
    }
}

async fn nothing_here(uri: Uri) -> Problem {
    Problem::new("not-found", format!("there is nothing at {}", uri.path()))
}

async fn not_this_way(method: Method) -> Problem {
    Problem::new(
        "method-not-allowed",
        format!("{method} is not supported here; the header `allow` names what is"),
    )
}

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The answer of a request that changed something.
pub(crate) struct Changed(Rendered);

impl IntoResponse for Changed {
    fn into_response(self) -> Response {
        let Self(rendered) = self;
        let status = StatusCode::from_u16(rendered.status).unwrap_or(StatusCode::OK);
        let mut response = if rendered.body.is_empty() {
            status.into_response()
        } else {
            let json = [(CONTENT_TYPE, "application/json")];
            (status, json, rendered.body).into_response()
        };
        if rendered.replayed {
            response
                .headers_mut()
                .insert(REPLAYED, HeaderValue::from_static("true"));
        }
        response
    }
}
