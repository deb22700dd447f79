//! Queues and their figures.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderName;
use axum::http::header::ETAG;
use axum::response::Json as Answer;
use linecard_model::routing::QueueSettings;
use linecard_model::site::QueueConfig;
use linecard_model::{InteractionId, QueueId, Timestamp};
use linecard_router::{IntervalStats, QueueStats};
use linecard_site::{Request, SiteState};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::config::etag;
use super::extract::{Caller, Changing, Nothing, Path, Query};
use super::problem::Problem;
use super::visibility::Sight;
use super::{App, Changed};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(intervals))
        .routes(routes!(pause))
        .routes(routes!(resume))
}

/// A queue with its figures.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Queue)]
struct QueueView {
    /// The queue.
    id: QueueId,
    /// The name that people read.
    name: String,
    /// How many agents take work from it.
    members: usize,
    /// Of these, how many are ready.
    members_ready: usize,
    /// Nothing of it is offered for now.
    paused: bool,
    /// Whether it is within its opening hours: the clocks of service policies run.
    open: bool,
    /// The disposition codes of its interactions.
    disposition_codes: Vec<String>,
    /// The figures by media type; empty as long as nothing has happened.
    stats: Vec<QueueStats>,
}

/// A queue with all details.
#[derive(Debug, Serialize, ToSchema)]
struct QueueDetail {
    #[serde(flatten)]
    queue: QueueView,
    /// How it is set up, with the defaults filled in.
    #[serde(skip_serializing_if = "Option::is_none")]
    settings: Option<QueueSettings>,
    /// What waits in it, the next one first.
    waiting: Vec<InteractionId>,
}

fn view(state: &SiteState, id: &QueueId, config: &QueueConfig) -> QueueView {
    let router = state.router();
    let members = state.config().members(config);
    let members_ready = members
        .iter()
        .filter_map(|member| router.agent(member))
        .filter(|agent| agent.presence.is_ready())
        .count();
    QueueView {
        id: id.clone(),
        name: config.name.clone(),
        members: members.len(),
        members_ready,
        paused: router.is_paused(id),
        open: !router.is_closed(id),
        disposition_codes: settings(state, id)
            .map(|s| s.disposition_codes.clone())
            .unwrap_or_default(),
        stats: router.queue_stats(Timestamp::now(), id),
    }
}

fn settings<'s>(state: &'s SiteState, id: &QueueId) -> Option<&'s QueueSettings> {
    state
        .router()
        .settings()
        .queues
        .iter()
        .find(|q| q.id == *id)
}

/// The queues that the caller sees
#[utoipa::path(get, operation_id = "listQueues", path = "/queues", tag = "queues",
    responses((status = 200, body = Vec<QueueView>)))]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Answer<Vec<QueueView>>, Problem> {
    let caller = caller.0;
    let queues = app
        .hub
        .site
        .query(move |state| {
            let sight = Sight::of(&caller, state.config());
            let queues = state.config().queues.iter();
            queues
                .filter(|(id, _)| sight.queue(id))
                .map(|(id, config)| view(state, id, config))
                .collect()
        })
        .await?;
    Ok(Answer(queues))
}

/// A queue, with what waits in it
#[utoipa::path(get, operation_id = "getQueue", path = "/queues/{id}", tag = "queues", params(("id" = String, Path)),
    responses((status = 200, body = QueueDetail, headers(("etag" = String)))),
    extensions(("x-problems" = json!(["unknown-queue"]))))]
async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<([(HeaderName, String); 1], Answer<QueueDetail>), Problem> {
    let unknown = || Problem::new("unknown-queue", format!("there is no queue {name}"));
    let id = QueueId::new(&name).map_err(|_| unknown())?;
    let caller = caller.0;
    app.hub
        .site
        .query(move |state| {
            let sight = Sight::of(&caller, state.config());
            let config = state
                .config()
                .queues
                .get(&id)
                .filter(|_| sight.queue(&id))?;
            let detail = QueueDetail {
                queue: view(state, &id, config),
                settings: settings(state, &id).cloned(),
                waiting: state.router().waiting(&id),
            };
            Some(([(ETAG, etag(config))], Answer(detail)))
        })
        .await?
        .ok_or_else(unknown)
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Since {
    /// The first interval is the one in which this moment lies. Default: all that are kept.
    since: Option<Timestamp>,
}

/// What was counted in a queue by quarters of an hour
///
/// Those of the last 24 hours in which anything happened, oldest first, by media type; the last one is the
/// present one. What each figure counts is the same as in a queue's `stats`, and something counts in the
/// interval in which it happens: an interaction can be offered in one and answered in the next.
#[utoipa::path(get, operation_id = "listQueueIntervals", path = "/queues/{id}/intervals", tag = "queues",
    params(("id" = String, Path), Since),
    responses((status = 200, body = Vec<IntervalStats>)),
    extensions(("x-problems" = json!(["unknown-queue"]))))]
async fn intervals(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
    Query(Since { since }): Query<Since>,
) -> Result<Answer<Vec<IntervalStats>>, Problem> {
    let unknown = || Problem::new("unknown-queue", format!("there is no queue {name}"));
    let id = QueueId::new(&name).map_err(|_| unknown())?;
    let caller = caller.0;
    app.hub
        .site
        .query(move |state| {
            let sight = Sight::of(&caller, state.config());
            let is_seen = state.config().queues.contains_key(&id) && sight.queue(&id);
            let since = since.unwrap_or(Timestamp::UNIX_EPOCH);
            is_seen.then(|| Answer(state.router().intervals(&id, since).collect()))
        })
        .await?
        .ok_or_else(unknown)
}

/// Offer nothing of a queue for now
///
/// What is offered or accepted goes on; what comes waits. It is in the audit log.
#[utoipa::path(post, operation_id = "pauseQueue", path = "/queues/{id}/pause", tag = "queues",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body = Nothing,
    responses((status = 204)),
    extensions(("x-right" = json!("lead")), ("x-problems" = json!(["not-allowed", "unknown-queue"]))))]
async fn pause(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    let queue = QueueId::new(&name)
        .map_err(|_| Problem::new("unknown-queue", format!("there is no queue {name}")))?;
    let key = change.idempotency(&caller);
    let request = Request::PauseQueue {
        queue,
        paused: true,
    };
    app.request(&caller, request, key).await
}

/// Offer a queue's interactions again
///
/// It is in the audit log.
#[utoipa::path(post, operation_id = "resumeQueue", path = "/queues/{id}/resume", tag = "queues",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body = Nothing,
    responses((status = 204)),
    extensions(("x-right" = json!("lead")), ("x-problems" = json!(["not-allowed", "unknown-queue"]))))]
async fn resume(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(name): Path<String>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    let queue = QueueId::new(&name)
        .map_err(|_| Problem::new("unknown-queue", format!("there is no queue {name}")))?;
    let key = change.idempotency(&caller);
    let request = Request::PauseQueue {
        queue,
        paused: false,
    };
    app.request(&caller, request, key).await
}
