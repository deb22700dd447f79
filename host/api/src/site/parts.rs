//! One channel, queue, agent or key: each change is one of the whole configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{ETAG, IF_MATCH, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Json as Answer;
use linecard_hub::configure::{SecretValue, SecretValues};
use linecard_model::rights::Right;
use linecard_model::site::{AgentConfig, ChannelConfig, KeyConfig, QueueConfig, SiteConfig};
use linecard_model::{AgentId, ChannelId, QueueId};
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::Tagged;
use crate::App;
use crate::config::{GivenSecret, Warning, changed_meanwhile, doubts, etag, matches};
use crate::extract::{Caller, Json, Path};
use crate::problem::Problem;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(put_channel, delete_channel))
        .routes(routes!(put_queue, delete_queue))
        .routes(routes!(put_agent, delete_agent))
        .routes(routes!(put_key, delete_key))
}

/// A part of the configuration as it is now.
#[derive(Debug, Serialize, ToSchema)]
struct PartView<P> {
    /// Its name.
    id: String,
    /// How it is set up.
    config: P,
    /// What can never work now, here or elsewhere.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<Warning>,
}

/// Where a kind of part is in the configuration.
trait Part: Serialize + Clone + Sized {
    type Id: Ord + Clone + std::fmt::Display;
    const WHAT: &'static str;
    /// The configuration's field with all of them.
    const FIELD: &'static str;
    fn id(text: &str) -> Result<Self::Id, String>;
    fn all(config: &mut SiteConfig) -> &mut BTreeMap<Self::Id, Self>;
}

macro_rules! part {
    ($config:ty, $id:ty, $field:ident, $what:literal) => {
        impl Part for $config {
            type Id = $id;
            const WHAT: &'static str = $what;
            const FIELD: &'static str = stringify!($field);
            fn id(text: &str) -> Result<$id, String> {
                <$id>::new(text).map_err(|e| e.to_string())
            }
            fn all(config: &mut SiteConfig) -> &mut BTreeMap<$id, Self> {
                &mut config.$field
            }
        }
    };
}

part!(ChannelConfig, ChannelId, channels, "channel");
part!(QueueConfig, QueueId, queues, "queue");
part!(AgentConfig, AgentId, agents, "agent");

impl Part for KeyConfig {
    type Id = String;
    const WHAT: &'static str = "key";
    const FIELD: &'static str = "keys";
    fn id(text: &str) -> Result<String, String> {
        Ok(text.to_owned())
    }
    fn all(config: &mut SiteConfig) -> &mut BTreeMap<String, Self> {
        &mut config.keys
    }
}

fn known<P: Part>(id: &str) -> Result<P::Id, Problem> {
    P::id(id).map_err(|detail| Problem::new("bad-parameter", detail))
}

/// Where a part is in the configuration, as a JSON Pointer.
fn place<P: Part>(id: &str) -> String {
    let id = id.replace('~', "~0").replace('/', "~1");
    format!("/{}/{id}", P::FIELD)
}

pub(super) fn check(headers: &HeaderMap, present: Option<&impl Serialize>) -> Result<(), Problem> {
    let condition = |name| {
        headers
            .get(name)
            .and_then(|v: &HeaderValue| v.to_str().ok())
    };
    let version = present.map(etag).unwrap_or_default();
    if condition(IF_MATCH).is_some_and(|c| present.is_none() || !matches(c, &version))
        || condition(IF_NONE_MATCH).is_some_and(|c| present.is_some() && matches(c, &version))
    {
        return Err(changed_meanwhile(&version));
    }
    Ok(())
}

async fn put<P: Part>(
    app: &Arc<App>,
    caller: &Caller,
    headers: &HeaderMap,
    id: &str,
    part: P,
    values: impl FnOnce(P::Id) -> SecretValues,
) -> Result<(StatusCode, Tagged<PartView<P>>), Problem> {
    let key = known::<P>(id)?;
    let values = values(key.clone());
    let version = etag(&part);
    let shown = part.clone();
    let (whole, was_there) = app
        .change(caller, &place::<P>(id), values, move |config| {
            let parts = P::all(config);
            check(headers, parts.get(&key))?;
            Ok(parts.insert(key, part).is_some())
        })
        .await?;
    let status = if was_there {
        StatusCode::OK
    } else {
        StatusCode::CREATED
    };
    let view = PartView {
        id: id.to_owned(),
        config: shown,
        warnings: doubts(&whole, &place::<P>(id)),
    };
    Ok((status, ([(ETAG, version)], Answer(view))))
}

async fn delete<P: Part>(
    app: &Arc<App>,
    caller: &Caller,
    headers: &HeaderMap,
    id: &str,
) -> Result<StatusCode, Problem> {
    let key = known::<P>(id)?;
    app.change(
        caller,
        &place::<P>(id),
        SecretValues::default(),
        move |config| {
            let parts = P::all(config);
            let present = parts.get(&key);
            if present.is_none() {
                return Err(Problem::not_found(P::WHAT, &key));
            }
            check(headers, present)?;
            parts.remove(&key);
            Ok(())
        },
    )
    .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A channel that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutChannel {
    /// How it is set up.
    config: ChannelConfig,
    /// The values of secrets that it calls `stored`.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, GivenSecret>)]
    secrets: BTreeMap<String, SecretValue>,
}

/// Add or change a channel
///
/// It is at work at once.
#[utoipa::path(put, operation_id = "putChannel", path = "/channels/{id}",
    tag = "administration", request_body(content = PutChannel, example = json!({"config": {"plugin": "open-messaging", "queue": "care", "config": {"integration_id": "6f3f1b0e-4f0e-4c57-9d1c-1c2b8f0d8a11", "notification_url": "https://middleware.example.com/notify"}, "secrets": {"notification-signature": "stored"}}, "secrets": {"notification-signature": "a long random text of your own"}})),
    params(("id" = String, Path), ("if-match" = Option<String>, Header),
        ("if-none-match" = Option<String>, Header)),
    responses((status = 200, body = PartView<ChannelConfig>), (status = 201, body = PartView<ChannelConfig>)),
    extensions(("x-right" = json!("channels")), ("x-problems" = json!(["not-allowed", "invalid-site"]))))]
async fn put_channel(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
    Json(body): Json<PutChannel>,
) -> Result<(StatusCode, Tagged<PartView<ChannelConfig>>), Problem> {
    caller.require(Right::Channels)?;
    let secrets = body.secrets;
    put(&app, &caller, &headers, &id, body.config, |id| {
        SecretValues {
            channels: BTreeMap::from([(id, secrets)]),
            ..SecretValues::default()
        }
    })
    .await
}

/// Remove a channel
#[utoipa::path(delete, operation_id = "deleteChannel", path = "/channels/{id}", tag = "administration",
    params(("id" = String, Path), ("if-match" = Option<String>, Header)),
    responses((status = 204)),
    extensions(("x-right" = json!("channels")), ("x-problems" = json!(["not-allowed", "not-found", "invalid-site"]))))]
async fn delete_channel(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.require(Right::Channels)?;
    delete::<ChannelConfig>(&app, &caller, &headers, &id).await
}

/// A queue that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutQueue {
    /// How it is set up.
    config: QueueConfig,
}

/// Add or change a queue
#[utoipa::path(put, operation_id = "putQueue", path = "/queues/{id}",
    tag = "administration", request_body(content = PutQueue, example = json!({"config": {"name": "Customer care", "members": []}})),
    params(("id" = String, Path), ("if-match" = Option<String>, Header),
        ("if-none-match" = Option<String>, Header)),
    responses((status = 200, body = PartView<QueueConfig>), (status = 201, body = PartView<QueueConfig>)),
    extensions(("x-right" = json!("configure")), ("x-problems" = json!(["not-allowed", "invalid-site"]))))]
async fn put_queue(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
    Json(body): Json<PutQueue>,
) -> Result<(StatusCode, Tagged<PartView<QueueConfig>>), Problem> {
    caller.require(Right::Configure)?;
    put(&app, &caller, &headers, &id, body.config, |_| {
        SecretValues::default()
    })
    .await
}

/// Remove a queue
///
/// Work that is in it goes on until it ends.
#[utoipa::path(delete, operation_id = "deleteQueue", path = "/queues/{id}", tag = "administration",
    params(("id" = String, Path), ("if-match" = Option<String>, Header)),
    responses((status = 204)),
    extensions(("x-right" = json!("configure")), ("x-problems" = json!(["not-allowed", "not-found", "invalid-site"]))))]
async fn delete_queue(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.require(Right::Configure)?;
    delete::<QueueConfig>(&app, &caller, &headers, &id).await
}

/// An agent that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutAgent {
    /// How the agent is set up.
    config: AgentConfig,
    /// The password, if `config.password` is `stored`; only its hash is kept.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    password: Option<SecretString>,
}

/// Add or change an agent
#[utoipa::path(put, operation_id = "putAgent", path = "/agents/{id}",
    tag = "administration", request_body(content = PutAgent, example = json!({"config": {"name": "Anna", "password": "stored"}, "password": "anna's password"})),
    params(("id" = String, Path), ("if-match" = Option<String>, Header),
        ("if-none-match" = Option<String>, Header)),
    responses((status = 200, body = PartView<AgentConfig>), (status = 201, body = PartView<AgentConfig>)),
    extensions(("x-right" = json!("configure")), ("x-problems" = json!(["not-allowed", "invalid-site"]))))]
async fn put_agent(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
    Json(body): Json<PutAgent>,
) -> Result<(StatusCode, Tagged<PartView<AgentConfig>>), Problem> {
    caller.require(Right::Configure)?;
    let password = body.password;
    put(&app, &caller, &headers, &id, body.config, |id| {
        SecretValues {
            agents: password.map(|p| (id, p)).into_iter().collect(),
            ..SecretValues::default()
        }
    })
    .await
}

/// Remove an agent
///
/// Offers and accepted work go back to their queues, and the agent's sessions end.
#[utoipa::path(delete, operation_id = "deleteAgent", path = "/agents/{id}", tag = "administration",
    params(("id" = String, Path), ("if-match" = Option<String>, Header)),
    responses((status = 204)),
    extensions(("x-right" = json!("configure")), ("x-problems" = json!(["not-allowed", "not-found", "invalid-site"]))))]
async fn delete_agent(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.require(Right::Configure)?;
    delete::<AgentConfig>(&app, &caller, &headers, &id).await
}

/// An API key that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PutKey {
    /// What it may do.
    config: KeyConfig,
    /// The secret, if `config.secret` is `stored`; only its hash is kept.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    secret: Option<SecretString>,
}

/// Add or change an API key
#[utoipa::path(put, operation_id = "putKey", path = "/keys/{id}",
    tag = "administration", request_body(content = PutKey, example = json!({"config": {"name": "Reporting", "role": "supervisor", "secret": "stored"}, "secret": "a long random text of your own"})),
    params(("id" = String, Path), ("if-match" = Option<String>, Header),
        ("if-none-match" = Option<String>, Header)),
    responses((status = 200, body = PartView<KeyConfig>), (status = 201, body = PartView<KeyConfig>)),
    extensions(("x-right" = json!("configure")), ("x-problems" = json!(["not-allowed", "invalid-site"]))))]
async fn put_key(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
    Json(body): Json<PutKey>,
) -> Result<(StatusCode, Tagged<PartView<KeyConfig>>), Problem> {
    caller.require(Right::Configure)?;
    let secret = body.secret;
    put(&app, &caller, &headers, &id, body.config, |id| {
        SecretValues {
            keys: secret.map(|s| (id, s)).into_iter().collect(),
            ..SecretValues::default()
        }
    })
    .await
}

/// Remove an API key
///
/// It and its access tokens let nobody in afterwards.
#[utoipa::path(delete, operation_id = "deleteKey", path = "/keys/{id}", tag = "administration",
    params(("id" = String, Path), ("if-match" = Option<String>, Header)),
    responses((status = 204)),
    extensions(("x-right" = json!("configure")), ("x-problems" = json!(["not-allowed", "not-found", "invalid-site"]))))]
async fn delete_key(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    caller.require(Right::Configure)?;
    delete::<KeyConfig>(&app, &caller, &headers, &id).await
}
