//! What people say of messages in the place of the analyzers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use axum::extract::State;
use linecard_site::Request;
use linecard_site::desk::Desk;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Caller, Changing, Path};
use super::messages::message_id;
use super::problem::Problem;
use super::{App, Changed};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(correct))
}

/// What a message is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Corrected)]
struct Corrected {
    /// The right scores: `sentiment` from -1 to 1, `influence` and `actionability` from 0 to 1, and others
    /// that an analyzer gives. Those that are not named stay as they were found.
    #[serde(default)]
    scores: BTreeMap<String, f64>,
    /// The right labels, all of them; none if it is to have none. Absent, they stay as they were found.
    labels: Option<BTreeSet<String>>,
}

/// Correct what the analyzers said of a customer's message
///
/// What they found stays beside it. A correction replaces the one before; `{}` takes it back. Who corrected
/// it, and when, is kept.
#[utoipa::path(put, operation_id = "correctMessage", path = "/interactions/{id}/messages/{message}/scores",
    tag = "work",
    params(("id" = String, Path), ("message" = String, Path),
        ("idempotency-key" = Option<String>, Header)),
    request_body(content = Corrected, example = json!({"scores": {"sentiment": -0.6}, "labels": ["complaint"]})),
    responses((status = 204)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn correct(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, message)): Path<(String, String)>,
    change: Changing<Corrected>,
) -> Result<Changed, Problem> {
    let interaction = app.interaction(&caller, &id).await?.id;
    let key = change.idempotency(&caller);
    let message = message_id(&message)?;
    let asked = Desk::Correct {
        interaction,
        message,
        scores: change.body.scores,
        labels: change.body.labels,
    };
    app.request(&caller, Request::Desk(asked), key).await
}
