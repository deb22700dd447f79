//! The site's configuration, as a whole and in parts.

mod parts;

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::ETAG;
use axum::http::{HeaderMap, HeaderName};
use axum::response::Json as Answer;
use linecard_hub::configure::{SecretValues, rehearse};
use linecard_model::site::{Role, SiteConfig};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::config::{GivenSecrets, Warning, changed_meanwhile, doubts, etag, matches, refused};
use super::extract::{Caller, Json, if_match};
use super::problem::Problem;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(get, put))
        .routes(routes!(check))
        .merge(parts::router())
}

/// A configuration that was read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Site)]
struct SiteView {
    /// The whole of it. It holds no secrets, only where they come from.
    config: SiteConfig,
    /// What of it can never work; told when it was changed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

/// What a configuration would come to.
#[derive(Debug, Serialize, ToSchema)]
struct Checked {
    /// What of it can never work.
    warnings: Vec<Warning>,
}

/// A configuration that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutSite {
    /// The whole of it; see the operator's documentation for its fields.
    config: SiteConfig,
    /// The values of secrets that it calls `stored`: `{"channels": {channel: {secret: value}},
    /// "agents": {agent: password}, "keys": {key: secret}}`. One that is left out keeps its value.
    #[serde(default)]
    #[schema(value_type = GivenSecrets)]
    secrets: SecretValues,
}

type Tagged<T> = ([(HeaderName, String); 1], Answer<T>);

/// The site's configuration
///
/// For administrators. The `ETag` names its version.
#[utoipa::path(get, operation_id = "getSite", path = "/site", tag = "administration",
    responses((status = 200, body = SiteView, headers(("etag" = String)))),
    extensions(("x-problems" = json!(["not-allowed"]))))]
async fn get(State(app): State<Arc<App>>, caller: Caller) -> Result<Tagged<SiteView>, Problem> {
    caller.require(Role::Admin)?;
    let config = app.auth.config().await?.as_ref().clone();
    Ok((
        [(ETAG, etag(&config))],
        Answer(SiteView {
            config,
            warnings: Vec::new(),
        }),
    ))
}

/// Replace the site's configuration
///
/// Everything is checked before anything changes; then it is in force without a restart. `If-Match`
/// names the version that was read (`*` for any).
#[utoipa::path(put, operation_id = "replaceSite", path = "/site",
    tag = "administration", request_body(content = PutSite, example = json!({"config": {"name": "Customer care"}})),
    params(("if-match" = String, Header)),
    responses((status = 200, body = SiteView, headers(("etag" = String)))),
    extensions(("x-problems" = json!(["not-allowed", "invalid-site"]))))]
async fn put(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Json(body): Json<PutSite>,
) -> Result<Tagged<SiteView>, Problem> {
    caller.require(Role::Admin)?;
    let condition = if_match(&headers)?;
    let PutSite { config, secrets } = body;
    let (config, ()) = app
        .change(&caller, "", secrets, move |present| {
            let version = etag(present);
            if !matches(&condition, &version) {
                return Err(changed_meanwhile(&version));
            }
            *present = config;
            Ok(())
        })
        .await?;
    let warnings = doubts(&config, "");
    Ok((
        [(ETAG, etag(&config))],
        Answer(SiteView { config, warnings }),
    ))
}

/// Check a configuration without applying it
#[utoipa::path(post, operation_id = "checkSite", path = "/site/check",
    tag = "administration", request_body(content = PutSite, example = json!({"config": {"name": "Customer care"}})),
    responses((status = 200, body = Checked)),
    extensions(("x-problems" = json!(["not-allowed", "invalid-site"]))))]
async fn check(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(body): Json<PutSite>,
) -> Result<Answer<Checked>, Problem> {
    caller.require(Role::Admin)?;
    let present = app.auth.config().await?;
    rehearse(&present, &body.config, &body.secrets, &app.hub.equipment)
        .await
        .map_err(|error| refused(error, ""))?;
    let warnings = doubts(&body.config, "");
    Ok(Answer(Checked { warnings }))
}
