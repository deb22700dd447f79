//! The site's configuration, as a whole and in parts.

mod calendars;
mod parts;

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::ETAG;
use axum::http::{HeaderMap, HeaderName};
use axum::response::Json as Answer;
use linecard_hub::configure::{self, ChangeKind, SecretValues, difference, rehearse};
use linecard_model::rights::Right;
use linecard_model::site::SiteConfig;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::config::{
    GivenSecrets, Warning, changed_meanwhile, doubts, etag, matches, place, refused,
};
use super::extract::{Caller, Json, if_match};
use super::problem::Problem;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(get, put))
        .routes(routes!(check))
        .merge(parts::router())
        .merge(calendars::router())
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
    /// What applying it would change in the present one, key by key.
    changes: Vec<Change>,
    /// What of it can never work.
    warnings: Vec<Warning>,
}

/// One thing that applying a configuration would change. Of secrets only their places are told.
#[derive(Debug, Serialize, ToSchema)]
struct Change {
    /// Where, as a JSON Pointer into the request.
    pointer: String,
    /// `added` and `removed` are queues, agents, keys, analyzers and channels as a whole; `changed` is a
    /// value; `secret-given` and `secret-forgotten` are values of secrets that the hub keeps.
    #[schema(value_type = String)]
    kind: ChangeKind,
    /// Whether something goes that the configuration alone does not bring back.
    removes: bool,
    /// What stands there now.
    #[serde(skip_serializing_if = "Option::is_none")]
    before: Option<Value>,
    /// What would stand there.
    #[serde(skip_serializing_if = "Option::is_none")]
    after: Option<Value>,
    /// What else somebody should know who decides about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

impl From<configure::Change> for Change {
    fn from(change: configure::Change) -> Self {
        Self {
            pointer: place("", &change.pointer),
            kind: change.kind,
            removes: change.kind.removes(),
            before: change.before,
            after: change.after,
            note: change.note,
        }
    }
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
/// The `ETag` names its version.
#[utoipa::path(get, operation_id = "getSite", path = "/site", tag = "administration",
    responses((status = 200, body = SiteView, headers(("etag" = String)))),
    extensions(("x-right" = json!("configure")), ("x-problems" = json!(["not-allowed"]))))]
async fn get(State(app): State<Arc<App>>, caller: Caller) -> Result<Tagged<SiteView>, Problem> {
    caller.require(Right::Configure)?;
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
    extensions(("x-right" = json!("configure")), ("x-problems" = json!(["not-allowed", "invalid-site"]))))]
async fn put(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Json(body): Json<PutSite>,
) -> Result<Tagged<SiteView>, Problem> {
    caller.require(Right::Configure)?;
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
///
/// Tells what is wrong with it, or what applying it would change. The `ETag` names the version that it was
/// compared with: applied with that in `If-Match`, it changes just this.
#[utoipa::path(post, operation_id = "checkSite", path = "/site/check",
    tag = "administration", request_body(content = PutSite, example = json!({"config": {"name": "Customer care"}})),
    responses((status = 200, body = Checked, headers(("etag" = String)))),
    extensions(("x-right" = json!("configure")), ("x-problems" = json!(["not-allowed", "invalid-site"]))))]
async fn check(
    State(app): State<Arc<App>>,
    caller: Caller,
    Json(body): Json<PutSite>,
) -> Result<Tagged<Checked>, Problem> {
    caller.require(Right::Configure)?;
    let present = app.auth.config().await?;
    rehearse(&present, &body.config, &body.secrets, &app.hub.equipment)
        .await
        .map_err(|error| refused(error, ""))?;
    let changes = difference(&present, &body.config, &body.secrets);
    let checked = Checked {
        changes: changes.into_iter().map(Change::from).collect(),
        warnings: doubts(&body.config, ""),
    };
    Ok(([(ETAG, etag(present.as_ref()))], Answer(checked)))
}
