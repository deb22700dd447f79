//! Channels: how they are set up and how they fare.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderName;
use axum::http::header::ETAG;
use axum::response::Json as Answer;
use linecard_model::manifest::ConnectorManifest;
use linecard_model::outbox::{ChannelFigures, ChannelHealth, HealthState};
use linecard_model::platform::Finding;
use linecard_model::rights::Right;
use linecard_model::site::ChannelConfig;
use linecard_model::{ChannelId, PluginId, QueueId, Timestamp};
use linecard_site::Request;
use linecard_site::told::KnownFindings;
use linecard_store::Backlog;
use linecard_traffic::refusals::Refused;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::config::etag;
use super::extract::{Caller, Changing, Nothing, Path};
use super::problem::Problem;
use super::{App, Changed};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(pause))
        .routes(routes!(resume))
}

/// What is counted of a backlog at most: reading one must not cost more than it tells.
const COUNTED: usize = 10_000;

/// A channel: one configured account on a network.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Channel)]
struct ChannelView {
    /// The channel.
    id: ChannelId,
    /// The name that people read.
    name: String,
    /// The network, such as `messenger`.
    #[serde(skip_serializing_if = "Option::is_none")]
    network: Option<String>,
    /// The connector.
    plugin: PluginId,
    /// The connector's version; absent if it is not installed.
    #[serde(skip_serializing_if = "Option::is_none")]
    plugin_version: Option<String>,
    /// Whether an operator paused it.
    paused: bool,
    /// Whether it is at work; if not, `health` says why.
    at_work: bool,
    /// The queue of its interactions.
    queue: QueueId,
    /// The queue of its public interactions, if another.
    #[serde(skip_serializing_if = "Option::is_none")]
    public_queue: Option<QueueId>,
    /// Where the network delivers to, below the hub's own address; absent if the connector takes
    /// no webhooks.
    #[serde(skip_serializing_if = "Option::is_none")]
    webhook_path: Option<String>,
    /// Where it may deliver to as well: the address that this channel shares with others.
    #[serde(skip_serializing_if = "Option::is_none")]
    shared_webhook_path: Option<String>,
    /// How it fares.
    health: HealthView,
}

/// How a channel fares, and what it has done.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChannelHealth)]
struct HealthView {
    /// `unknown`, `connected`, `throttled`, `transient-fault`, `credentials-refused`, `restricted`,
    /// `stopped`, `paused` or `budget-spent`.
    state: HealthState,
    /// Since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Timestamp>,
    /// What happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    /// What a person must do.
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
    /// Until when it waits: the network asked to, or the budget is used up.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    /// When the hub took the last message of a customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_inbound_at: Option<Timestamp>,
    /// How late that one came, in milliseconds from the network's time to the hub's.
    #[serde(skip_serializing_if = "Option::is_none")]
    lag_ms: Option<u64>,
    /// When the network last did something that the hub asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_outbound_at: Option<Timestamp>,
    /// How long ago a poll last succeeded, in milliseconds; absent if the channel does not poll or
    /// has not yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    poll_age_ms: Option<u64>,
    /// Actions that wait to be done on the network, counted up to 10000.
    outbox_depth: usize,
    /// What failed for good, counted up to 10000: see `/channels/{id}/dead-letters`.
    dead_letters: usize,
    /// What the network charged.
    spent: SpentView,
    /// The last delivery that was not taken since the hub started.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_refused: Option<RefusedView>,
    /// When the network was last asked how the channel is set up.
    #[serde(skip_serializing_if = "Option::is_none")]
    findings_at: Option<Timestamp>,
    /// What it said that a person should know: what ends soon, what the token lacks, whether the webhook is
    /// registered.
    findings: Vec<Finding>,
}

/// A delivery that was not taken. Strangers knock at a public address as well, so that it does not change
/// the channel's state.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RefusedDelivery)]
struct RefusedView {
    /// When.
    at: Timestamp,
    /// `bad-signature`, `not-for-this-channel`, `unsupported`, `no-webhooks` or `plugin-failed`.
    reason: &'static str,
    /// In the connector's words.
    detail: String,
    /// What a person can do about it.
    remedy: &'static str,
    /// Whether a delivery has been taken after it.
    over: bool,
    /// How many were refused since the hub started.
    count: u64,
}

impl RefusedView {
    fn of(refused: Refused) -> Option<Self> {
        let last = refused.last?;
        Some(Self {
            at: last.at,
            reason: last.reason.word(),
            detail: last.detail,
            remedy: last.reason.remedy(),
            over: last.over,
            count: refused.counts.values().sum(),
        })
    }
}

/// What a network charged, in millionths of the unit of its price list.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Spending)]
struct SpentView {
    /// On the present UTC day.
    today: u64,
    /// In the present UTC month.
    this_month: u64,
    /// The day's budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    per_day: Option<u64>,
    /// The month's budget.
    #[serde(skip_serializing_if = "Option::is_none")]
    per_month: Option<u64>,
}

impl HealthView {
    fn new(
        config: &ChannelConfig,
        health: ChannelHealth,
        figures: &ChannelFigures,
        backlog: Backlog,
        polls: bool,
        refused: Refused,
        known: KnownFindings,
    ) -> Self {
        let now = Timestamp::now();
        let by_configuration = config.paused && health.state != HealthState::Paused;
        let health = if by_configuration {
            ChannelHealth {
                state: HealthState::Paused,
                detail: Some("paused in its configuration".to_owned()),
                ..ChannelHealth::default()
            }
        } else {
            health
        };
        let budget = config.spend.unwrap_or_default();
        let polled = figures.polled_at.filter(|_| polls);
        Self {
            state: health.state,
            since: health.since,
            detail: health.detail,
            remedy: health.remedy,
            until: health.until,
            last_inbound_at: figures.last_inbound_at,
            lag_ms: figures.lag_ms,
            last_outbound_at: figures.last_outbound_at,
            poll_age_ms: polled
                .map(|at| u64::try_from(now.duration_since(at).as_millis()).unwrap_or(0)),
            outbox_depth: backlog.outbox,
            dead_letters: backlog.dead_letters,
            spent: SpentView {
                today: figures.spent.today(now),
                this_month: figures.spent.this_month(now),
                per_day: budget.per_day,
                per_month: budget.per_month,
            },
            last_refused: RefusedView::of(refused),
            findings_at: known.at,
            findings: known.findings.to_vec(),
        }
    }
}

/// A channel with all details.
#[derive(Debug, Serialize, ToSchema)]
struct ChannelDetail {
    #[serde(flatten)]
    channel: ChannelView,
    /// What the connector can do, with the network's limits.
    #[serde(skip_serializing_if = "Option::is_none")]
    connector: Option<ConnectorManifest>,
    /// How it is set up, for those who may change it. It holds no secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    config: Option<ChannelConfig>,
}

async fn view(app: &App, id: &ChannelId, config: &ChannelConfig) -> Result<ChannelView, Problem> {
    let runtime = app.hub.channels.get(id);
    let asked = id.clone();
    let (health, figures) = app
        .hub
        .site
        .query(move |state| (state.health(&asked), state.figures(&asked)))
        .await?;
    let site = app.hub.site.id();
    let backlog = app.hub.store.backlog(site, id, COUNTED).await?;
    let polls = runtime.as_ref().is_some_and(|r| r.polls());
    let paused = config.paused || health.state == HealthState::Paused;
    let receives = runtime.as_ref().is_some_and(|r| r.receives());
    Ok(ChannelView {
        id: id.clone(),
        name: config.name.clone(),
        network: runtime.as_ref().map(|r| r.network().to_owned()),
        plugin: config.plugin.clone(),
        plugin_version: app
            .hub
            .plugins
            .now()
            .get(&config.plugin)
            .map(|installed| installed.plugin.manifest().version.clone()),
        paused,
        at_work: runtime.is_some() && !paused,
        queue: config.queue.clone(),
        public_queue: config.public_queue.clone(),
        webhook_path: receives.then(|| format!("/channels/{id}/webhook")),
        shared_webhook_path: config
            .webhook_group
            .as_ref()
            .filter(|_| receives)
            .map(|group| format!("/webhooks/{group}")),
        health: HealthView::new(
            config,
            health,
            &figures,
            backlog,
            polls,
            app.hub.receiver.refusals.of(id),
            app.hub.channels.told.findings(id),
        ),
    })
}

/// All channels and how they fare
#[utoipa::path(get, operation_id = "listChannels", path = "/channels", tag = "channels",
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
#[utoipa::path(get, operation_id = "getChannel", path = "/channels/{id}",
    tag = "channels", params(("id" = String, Path)),
    responses((status = 200, body = ChannelDetail, headers(("etag" = String)))),
    extensions(("x-problems" = json!(["not-found"]))))]
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
        config: caller.may(Right::Channels).then(|| channel.clone()),
    };
    Ok(([(ETAG, etag(channel))], Answer(detail)))
}

/// A channel's state after it was changed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ChannelState)]
struct StateView {
    /// `paused`, or `unknown` until the channel shows how it fares.
    state: String,
}

/// Pause a channel: nothing more is polled or sent
///
/// What the network delivers by webhooks is still kept and becomes work; answers wait until the channel is
/// resumed. It stays paused over restarts and whatever configuration is applied.
#[utoipa::path(post, operation_id = "pauseChannel", path = "/channels/{id}/pause", tag = "channels",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body = Nothing,
    responses((status = 200, body = StateView)),
    extensions(("x-right" = json!("channels")), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn pause(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    set(&app, &caller, &id, &change, |channel| Request::Pause {
        channel,
    })
    .await
}

/// Let a channel go on, whatever stopped it
///
/// It ends a pause, and lets a channel try again at once whose credentials were refused or that was asked
/// to wait; what still does not work shows again. A budget that is used up is raised in the configuration.
#[utoipa::path(post, operation_id = "resumeChannel", path = "/channels/{id}/resume", tag = "channels",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body = Nothing,
    responses((status = 200, body = StateView)),
    extensions(("x-right" = json!("channels")), ("x-problems" = json!(["not-allowed", "not-found", "channel-paused"]))))]
async fn resume(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    set(&app, &caller, &id, &change, |channel| Request::Resume {
        channel,
    })
    .await
}

async fn set(
    app: &App,
    caller: &Caller,
    id: &str,
    change: &Changing<Nothing>,
    request: impl FnOnce(ChannelId) -> Request,
) -> Result<Changed, Problem> {
    caller.require(Right::Channels)?;
    let channel = ChannelId::new(id).map_err(|_| Problem::not_found("channel", id))?;
    let key = change.idempotency(caller);
    app.request(caller, request(channel), key).await
}
