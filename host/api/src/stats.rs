//! The figures of the whole site at a glance, as a wallboard shows them.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use linecard_model::Timestamp;
use linecard_model::rights::Right;
use linecard_router::{AgentStats, Census, QueueStats};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::extract::Caller;
use super::problem::Problem;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(get))
}

/// The figures of the site.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Stats)]
struct StatsView {
    /// When they were taken.
    at: Timestamp,
    /// How many interactions are where.
    census: Census,
    /// By queue and media type.
    queues: Vec<QueueStats>,
    /// By agent.
    agents: Vec<AgentStats>,
}

/// The figures of the site
///
#[utoipa::path(get, operation_id = "getStats", path = "/stats", tag = "queues",
    responses((status = 200, body = StatsView)),
    extensions(("x-right" = json!("figures")), ("x-problems" = json!(["not-allowed"]))))]
async fn get(State(app): State<Arc<App>>, caller: Caller) -> Result<Answer<StatsView>, Problem> {
    caller.require(Right::Figures)?;
    let stats = app
        .hub
        .site
        .query(|state| {
            let (at, router, config) = (Timestamp::now(), state.router(), state.config());
            StatsView {
                at,
                census: router.census(),
                queues: config
                    .queues
                    .keys()
                    .flat_map(|id| router.queue_stats(at, id))
                    .collect(),
                agents: config
                    .agents
                    .keys()
                    .filter_map(|id| router.agent_stats(at, id))
                    .collect(),
            }
        })
        .await?;
    Ok(Answer(stats))
}
