//! What to start from: the present, with the number after which the event stream goes on.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use linecard_model::Timestamp;
use linecard_model::event::Seq;
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::agents::AgentView;
use crate::extract::Caller;
use crate::problem::Problem;
use crate::views::{InteractionView, OfferView};
use crate::visibility::Sight;

/// How many interactions a snapshot has at most.
const MOST: usize = 1_000;

/// The present.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Snapshot)]
pub(super) struct SnapshotView {
    /// Events after this number are not in the snapshot: read them with `after`.
    seq: Seq,
    /// When it was taken.
    at: Timestamp,
    /// The caller, if it is an agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<AgentView>,
    /// What alerts at the caller.
    offers: Vec<OfferView>,
    /// The open interactions that the caller sees, oldest first.
    interactions: Vec<InteractionView>,
    /// Whether there are more of them, which `GET /api/v1/interactions` lists.
    more: bool,
}

/// The present, to start an event stream from
#[utoipa::path(get, operation_id = "getSnapshot", path = "/snapshot", tag = "events",
    responses((status = 200, body = SnapshotView)))]
pub(super) async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Answer<SnapshotView>, Problem> {
    let caller = caller.0;
    let mut snapshot: SnapshotView = app
        .hub
        .site
        .query(move |state| {
            let at = Timestamp::now();
            let sight = Sight::of(&caller, state.config());
            let own = caller.actor.agent.as_ref();
            let agent = own.and_then(|id| {
                let settings = state.config().agents.get(id)?;
                Some(AgentView::of(state, id, settings))
            });
            let offers = own
                .into_iter()
                .flat_map(|agent| {
                    let work = state.router().work_of(agent);
                    work.filter_map(move |(id, work)| OfferView::of(state, id, work, agent, at))
                })
                .collect();
            let mut interactions: Vec<InteractionView> = state
                .open()
                .filter(|i| sight.interaction(i))
                .take(MOST + 1)
                .map(|i| InteractionView::at_desk(state, i, &caller))
                .collect();
            let more = interactions.len() > MOST;
            interactions.truncate(MOST);
            SnapshotView {
                seq: state.seq(),
                at,
                agent,
                offers,
                interactions,
                more,
            }
        })
        .await?;
    app.add_people_to(&mut snapshot.offers).await?;
    for view in &mut snapshot.interactions {
        app.add_people(view).await?;
    }
    Ok(Answer(snapshot))
}
