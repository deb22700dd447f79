//! The product's own API with its description: OpenAPI 3.1 made from the handlers, a page to browse
//! it that needs no internet, AsyncAPI and the schema of the event streams, and the documentation of the
//! problems.

mod complete;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, LOCATION};
use axum::middleware::{from_fn_with_state, map_response_with_state};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde_json::Value;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{OpenApi, Server};
use utoipa::{Modify, OpenApi as _};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::{Config, SwaggerUi};

use super::extract::Path;
use super::problem::{Problem, ProblemBody, all, page};
use super::query::{Known, refuse_unknown};
use super::{
    App, account, actions, agents, attention, audit, automatic, backup, beginning, channels,
    contacts, corrections, dead_letters, desk, elsewhere, events, files, inbox, interactions,
    macros, messages, notes, offers, plugins, practice, queues, reactions, recording, responses,
    rules, search, session, setting_up, site, stats, templates, training, webhooks, working,
};

/// Where the description is.
const DESCRIPTION: &str = "/api/openapi.json";
/// Where the description of the streams and the outgoing webhooks is.
const ASYNCAPI: &str = "/api/asyncapi.json";
/// Where the configuration files' keys are.
const REFERENCE: &str = "/api/reference";
/// What the page may load: its own files, and nothing from anywhere else.
const PAGE_POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'";

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Linecard",
        description = "The API of a Linecard hub: for agents, supervisors, administrators and machines. \
            Errors are `application/problem+json` (RFC 9457); `/problems/` lists their types. \
            Requests that change something take an `Idempotency-Key`: repeated under the same key, \
            they have one effect. Event streams and outgoing webhooks are described by `/api/asyncapi.json` (AsyncAPI 3) and \
            `/api/events.schema.json`, the keys of the configuration files by `/api/reference`."
    ),
    components(schemas(ProblemBody)),
    external_docs(url = "/api/reference", description = "All keys of linecard.toml and site.toml"),
    modifiers(&BearerToken),
    security(("bearer" = [])),
    tags(
        (name = "session", description = "Signing in and out"),
        (name = "work", description = "Offers, interactions, messages"),
        (name = "events", description = "What happens, as it happens"),
        (name = "responses", description = "Standard responses and macros"),
        (name = "contacts", description = "Customers and their history"),
        (name = "agents", description = "Agents and their presence"),
        (name = "queues", description = "Queues and figures"),
        (name = "channels", description = "Channels and plug-ins"),
        (name = "webhooks", description = "Other systems that are told what happens"),
        (name = "administration", description = "The site's configuration and its audit log")
    )
)]
struct Description;

struct BearerToken;

impl Modify for BearerToken {
    fn modify(&self, openapi: &mut OpenApi) {
        let mut bearer = Http::new(HttpAuthScheme::Bearer);
        bearer.description = Some(
            "A session's token (from `POST /api/v1/session`), or an API key as `name.secret`. \
             Pages in a browser may sign in with a cookie instead, see `POST /api/v1/session`."
                .to_owned(),
        );
        openapi
            .components
            .get_or_insert_default()
            .add_security_scheme("bearer", SecurityScheme::Http(bearer));
    }
}

/// All of `/api/v1`, described.
fn api() -> OpenApiRouter<Arc<App>> {
    let v1 = OpenApiRouter::new()
        .merge(session::router())
        .merge(offers::router())
        .merge(inbox::router())
        .merge(interactions::router())
        .merge(beginning::router())
        .merge(working::router())
        .merge(desk::router())
        .merge(corrections::router())
        .merge(training::router())
        .merge(notes::router())
        .merge(search::router())
        .merge(responses::router())
        .merge(macros::router())
        .merge(actions::router())
        .merge(messages::router())
        .merge(files::router())
        .merge(reactions::router())
        .merge(contacts::router())
        .merge(agents::router())
        .merge(elsewhere::router())
        .merge(account::router())
        .merge(queues::router())
        .merge(stats::router())
        .merge(channels::router())
        .merge(templates::router())
        .merge(setting_up::router())
        .merge(dead_letters::router())
        .merge(plugins::router())
        .merge(recording::router())
        .merge(practice::router())
        .merge(events::router())
        .merge(site::router())
        .merge(audit::router())
        .merge(webhooks::router())
        .merge(automatic::router())
        .merge(rules::router())
        .merge(attention::router())
        .merge(backup::router());
    OpenApiRouter::with_openapi(Description::openapi()).nest("/api/v1", v1)
}

/// The description alone, as `linecard openapi` prints it.
pub fn openapi() -> Value {
    describe(api().split_for_parts().1, "")
}

/// The whole description of what lies under a path.
fn describe(mut generated: OpenApi, path: &str) -> Value {
    // What is described lies on the host that serves it.
    let base = if path.is_empty() { "/" } else { path };
    generated.servers = Some(vec![Server::new(base)]);
    if let Some(docs) = &mut generated.external_docs {
        docs.url = format!("{path}{REFERENCE}");
    }
    // A description of strings and maps always serializes.
    let mut description = serde_json::to_value(generated).unwrap_or_default();
    complete::complete(&mut description);
    description
}

/// The API, its description and its pages.
/// `path` is the one under which people reach the hub.
pub(super) fn router(path: &Arc<str>) -> Router<Arc<App>> {
    let (api, generated) = api().split_for_parts();
    let description = describe(generated, path);
    let known = Known::of(&description);
    let description: Arc<str> = format!("{description:#}").into();
    let streams: Arc<str> = format!("{:#}", events::asyncapi(path)).into();
    let config = Config::from(format!("{path}{DESCRIPTION}")).try_it_out_enabled(true);
    let browser = Router::<Arc<App>>::from(SwaggerUi::new("/api/docs").config(config));
    let browser = browser.layer(map_response_with_state(Arc::clone(path), careful_page));
    let page_at = format!("{path}/api/docs/");
    let to_page = move || {
        let page_at = page_at.clone();
        async move { Redirect::temporary(&page_at) }
    };
    api.route(
        DESCRIPTION,
        get(move || {
            let description = Arc::clone(&description);
            async move { json(description.to_string()) }
        }),
    )
    .route(
        "/api/events.schema.json",
        get(|| async { json(events::schema()) }),
    )
    .route(
        ASYNCAPI,
        get(move || {
            let streams = Arc::clone(&streams);
            async move { json(streams.to_string()) }
        }),
    )
    .route("/api", get(to_page.clone()))
    .route("/api/", get(to_page))
    .route(REFERENCE, get(reference))
    .route("/problems", get(|| async { markdown(all()) }))
    .route("/problems/", get(|| async { markdown(all()) }))
    .route("/problems/{kind}", get(problem))
    .route_layer(from_fn_with_state(known, refuse_unknown))
    // The page's own files come with versions in their queries.
    .merge(browser)
}

async fn careful_page(State(path): State<Arc<str>>, mut response: Response) -> Response {
    // The page's own redirect knows nothing of the path under which people reach it.
    let location = response.headers().get(LOCATION);
    let location = location.and_then(|to| to.to_str().ok()?.strip_prefix('/'));
    if let Some(Ok(whole)) = location.map(|to| HeaderValue::from_str(&format!("{path}/{to}"))) {
        response.headers_mut().insert(LOCATION, whole);
    }
    response.headers_mut().insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(PAGE_POLICY),
    );
    response
}

async fn reference(State(app): State<Arc<App>>) -> Response {
    typed("text/plain; charset=utf-8", app.options.reference.clone())
}

async fn problem(State(_): State<Arc<App>>, Path(kind): Path<String>) -> Result<Response, Problem> {
    page(&kind)
        .map(markdown)
        .ok_or_else(|| Problem::not_found("problem type", kind))
}

fn json(text: impl IntoResponse) -> Response {
    typed("application/json", text)
}

fn markdown(text: String) -> Response {
    typed("text/markdown; charset=utf-8", text)
}

fn typed(kind: &'static str, text: impl IntoResponse) -> Response {
    let headers: [(HeaderName, &str); 1] = [(CONTENT_TYPE, kind)];
    (headers, text).into_response()
}
