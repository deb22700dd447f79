//! What routing has to know of agents that happens elsewhere: work in other systems, and where they sit.

use std::sync::Arc;

use axum::extract::State;
use linecard_model::routing::MediaType;
use linecard_model::{StationId, Timestamp};
use linecard_site::{Elsewhere, Request};
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::agents::named;
use super::extract::{Caller, Changing, Nothing, Path};
use super::problem::Problem;
use super::{App, Changed};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(begin, end))
        .routes(routes!(sit, stand_up))
}

/// Work that an agent has in another system.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ExternalWork {
    /// What kind of work it is: it counts against the agent's capacity as that.
    media_type: MediaType,
    /// When it counts no longer unless it is told again: later than now, and within a day. Absent: after
    /// the site's `external_seconds`.
    until: Option<Timestamp>,
}

/// Say that an agent has work in another system, or still has it
///
/// Such as a telephone call: no more is offered to the agent than fits beside it. `me` is the
/// caller.
#[utoipa::path(put, operation_id = "beginExternalWork", path = "/agents/{id}/external/{reference}", tag = "agents",
    params(
        ("id" = String, Path),
        ("reference" = String, Path, description = "The other system's name for it, 1 to 200 characters"),
        ("idempotency-key" = Option<String>, Header)
    ),
    request_body(content = ExternalWork, example = json!({"media_type": "call"})),
    responses((status = 204)),
    extensions(("x-right-of-others" = json!("lead")), ("x-problems" = json!([
        "not-allowed", "unknown-agent", "invalid-until", "invalid-reference", "too-much-external"
    ]))))]
async fn begin(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, reference)): Path<(String, String)>,
    change: Changing<ExternalWork>,
) -> Result<Changed, Problem> {
    let told = Elsewhere {
        agent: named(&caller, &id)?,
        reference,
        work: Some((change.body.media_type, change.body.until)),
    };
    let key = change.idempotency(&caller);
    app.request(&caller, Request::Elsewhere(told), key).await
}

/// Say that work in another system is over
///
/// Without effect if it is not known.
#[utoipa::path(delete, operation_id = "endExternalWork", path = "/agents/{id}/external/{reference}", tag = "agents",
    params(
        ("id" = String, Path),
        ("reference" = String, Path, description = "The other system's name for it"),
        ("idempotency-key" = Option<String>, Header)
    ),
    responses((status = 204)),
    extensions(("x-right-of-others" = json!("lead")), ("x-problems" = json!(["not-allowed", "unknown-agent"]))))]
async fn end(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, reference)): Path<(String, String)>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    let told = Elsewhere {
        agent: named(&caller, &id)?,
        reference,
        work: None,
    };
    let key = change.idempotency(&caller);
    app.request(&caller, Request::Elsewhere(told), key).await
}

/// Where an agent sits down.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Station {
    /// One of the site's stations.
    station: StationId,
}

/// Say at which station an agent works
///
/// Its media types are the agent's from here on, beside their own. `me` is the caller.
#[utoipa::path(put, operation_id = "setStation", path = "/agents/{id}/station", tag = "agents",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body(content = Station, example = json!({"station": "social-desk"})),
    responses((status = 204)),
    extensions(("x-right-of-others" = json!("lead")), ("x-problems" = json!(["not-allowed", "unknown-agent", "unknown-station"]))))]
async fn sit(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Station>,
) -> Result<Changed, Problem> {
    let request = Request::Sit {
        agent: named(&caller, &id)?,
        station: Some(change.body.station.clone()),
    };
    let key = change.idempotency(&caller);
    app.request(&caller, request, key).await
}

/// Say that an agent works at no station any more
#[utoipa::path(delete, operation_id = "clearStation", path = "/agents/{id}/station", tag = "agents",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    responses((status = 204)),
    extensions(("x-right-of-others" = json!("lead")), ("x-problems" = json!(["not-allowed", "unknown-agent"]))))]
async fn stand_up(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    let request = Request::Sit {
        agent: named(&caller, &id)?,
        station: None,
    };
    let key = change.idempotency(&caller);
    app.request(&caller, request, key).await
}
