//! Channels: how they are set up and how they fare.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderName;
use axum::http::header::ETAG;
use axum::response::Json as Answer;
use linecard_model::manifest::ConnectorManifest;
use linecard_model::outbox::ChannelHealth;
use linecard_model::site::ChannelConfig;
use linecard_model::{ChannelId, PluginId, QueueId};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::config::etag;
use super::extract::{Caller, Path};
use super::problem::{Problem, ProblemBody};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
}

/// A channel: one configured account on a network.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Channel)]
struct ChannelView {
    /// The channel.
    #[schema(value_type = String)]
    id: ChannelId,
    /// The name that people read.
    name: String,
    /// The network, such as `messenger`.
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<String>,
    /// The connector.
    #[schema(value_type = String)]
    plugin: PluginId,
    /// The connector's version; absent if it is not installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    plugin_version: Option<String>,
    /// Whether an operator paused it.
    paused: bool,
    /// Whether it is at work; if not, `health` says why.
    at_work: bool,
    /// The queue of its interactions.
    #[schema(value_type = String)]
    queue: QueueId,
    /// The queue of its public interactions, if another.
    #[schema(value_type = Option<String>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    public_queue: Option<QueueId>,
    /// Where the network delivers to, below the hub's own address; absent if the connector polls.
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_path: Option<String>,
    /// How it fares: `state`, since when, what happened, what a person must do.
    #[schema(value_type = Object)]
    health: ChannelHealth,
}

/// A channel with all details.
#[derive(Debug, Serialize, ToSchema)]
struct ChannelDetail {
    #[serde(flatten)]
    channel: ChannelView,
    /// What the connector can do, with the network's limits.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    connector: Option<ConnectorManifest>,
    /// How it is set up, for those who may change it. It holds no secrets.
    #[schema(value_type = Option<Object>)]
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<ChannelConfig>,
}

async fn view(app: &App, id: &ChannelId, config: &ChannelConfig) -> Result<ChannelView, Problem> {
    let runtime = app.hub.channels.get(id);
    let health = app.hub.store.health(app.hub.site.id(), id).await?;
    let receives = runtime
        .as_ref()
        .and_then(|r| r.abilities())
        .is_some_and(|a| a.receives);
    Ok(ChannelView {
        id: id.clone(),
        name: config.name.clone(),
        network: runtime.as_ref().map(|r| r.network().to_owned()),
        plugin: config.plugin.clone(),
        plugin_version: app
            .hub
            .plugins
            .get(&config.plugin)
            .map(|installed| installed.plugin.manifest().version.clone()),
        paused: config.paused,
        at_work: runtime.is_some() && !config.paused,
        queue: config.queue.clone(),
        public_queue: config.public_queue.clone(),
        webhook_path: receives.then(|| format!("/channels/{id}/webhook")),
        health: health.unwrap_or_default(),
    })
}

/// All channels and how they fare
#[utoipa::path(get, path = "/channels", tag = "channels",
    responses((status = 200, body = Vec<ChannelView>)))]
async fn list(
    State(app): State<Arc<App>>,
    _caller: Caller,
) -> Result<Answer<Vec<ChannelView>>, Problem> {
    let config = app.auth.config().await?;
    let mut channels = Vec::with_capacity(config.channels.len());
    for (id, channel) in &config.channels {
        channels.push(view(&app, id, channel).await?);
    }
    Ok(Answer(channels))
}

/// A channel, with what its connector can do
#[utoipa::path(get, path = "/channels/{id}", tag = "channels", params(("id" = String, Path)),
    responses((status = 200, body = ChannelDetail, headers(("etag" = String))),
        (status = 404, body = ProblemBody)))]
async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<([(HeaderName, String); 1], Answer<ChannelDetail>), Problem> {
    let config = app.auth.config().await?;
    let (id, channel) = ChannelId::new(&id)
        .ok()
        .and_then(|id| config.channels.get_key_value(&id))
        .ok_or_else(|| Problem::not_found("channel", &id))?;
    let detail = ChannelDetail {
        channel: view(&app, id, channel).await?,
        connector: app
            .hub
            .channels
            .get(id)
            .and_then(|r| r.abilities().cloned()),
        config: caller.may_change_channels().then(|| channel.clone()),
    };
    Ok(([(ETAG, etag(channel))], Answer(detail)))
}
