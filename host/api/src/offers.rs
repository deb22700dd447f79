//! Offers: what alerts at an agent.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use linecard_model::rights::Right;
use linecard_model::{AgentId, OfferId, Timestamp};
use linecard_site::Request;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Caller, Changing, Nothing, Path, Query};
use super::problem::Problem;
use super::views::{InteractionView, OfferView};
use super::{App, Changed};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(accept))
        .routes(routes!(decline))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Another agent's offers; with the right `see-all`.
    agent: Option<String>,
}

/// The offers that alert at the caller
#[utoipa::path(get, operation_id = "listOffers", path = "/offers", tag = "work", params(Filter),
    responses((status = 200, body = Vec<OfferView>)),
    extensions(("x-right-of-others" = json!("see-all")), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<Answer<Vec<OfferView>>, Problem> {
    let agent = match filter.agent {
        Some(name) => {
            caller.require(Right::SeeAll)?;
            let agent = AgentId::new(&name).map_err(|_| Problem::not_found("agent", &name))?;
            Some(agent)
        }
        None => caller.actor.agent.clone(),
    };
    let Some(agent) = agent else {
        return Ok(Answer(Vec::new()));
    };
    let now = Timestamp::now();
    let mut offers: Vec<OfferView> = app
        .hub
        .site
        .query(move |state| {
            state
                .router()
                .work_of(&agent)
                .filter_map(|(id, work)| OfferView::of(state, id, work, &agent, now))
                .collect()
        })
        .await?;
    app.add_people_to(&mut offers).await?;
    Ok(Answer(offers))
}

/// An offer that alerts
#[utoipa::path(get, operation_id = "getOffer", path = "/offers/{id}", tag = "work", params(("id" = String, Path)),
    responses((status = 200, body = OfferView)),
    extensions(("x-right-of-others" = json!("see-all")), ("x-problems" = json!(["unknown-offer", "not-found"]))))]
async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<OfferView>, Problem> {
    let offer = offer_id(&id)?;
    let now = Timestamp::now();
    let (own, all) = (caller.actor.agent.clone(), caller.may(Right::SeeAll));
    let mut offer = app
        .hub
        .site
        .query(move |state| {
            let interaction = state.router().offer(&offer)?;
            let work = state.router().interaction(&interaction)?;
            let (agent, ..) = work.find_offer(offer)?;
            (all || own.as_ref() == Some(agent))
                .then(|| OfferView::of(state, interaction, work, agent, now))
                .flatten()
        })
        .await?
        .ok_or_else(|| Problem::not_found("offer", &id))?;
    app.add_people(&mut offer.interaction).await?;
    Ok(Answer(offer))
}

/// Take an offer
///
/// The interaction is then connected to the caller, or the caller advises its owner.
#[utoipa::path(post, operation_id = "acceptOffer", path = "/offers/{id}/accept", tag = "work",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body = Nothing,
    responses((status = 200, body = InteractionView)),
    extensions(("x-problems" = json!([
        "not-allowed", "unknown-offer", "offer-expired", "offer-of-another", "offer-taken",
        "offer-withdrawn", "wrong-state"
    ]))))]
async fn accept(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    let offer = offer_id(&id)?;
    let key = change.idempotency(&caller);
    app.request(&caller, Request::Accept { offer }, key).await
}

/// Refuse an offer
///
/// The interaction goes back to its queue with its time in queue, and is offered to somebody else.
#[utoipa::path(post, operation_id = "declineOffer", path = "/offers/{id}/decline", tag = "work",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body = Nothing,
    responses((status = 200, body = InteractionView)),
    extensions(("x-problems" = json!([
        "not-allowed", "unknown-offer", "offer-expired", "offer-of-another", "offer-taken",
        "offer-withdrawn", "wrong-state"
    ]))))]
async fn decline(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    let offer = offer_id(&id)?;
    let key = change.idempotency(&caller);
    app.request(&caller, Request::Decline { offer }, key).await
}

fn offer_id(text: &str) -> Result<OfferId, Problem> {
    text.parse()
        .map_err(|_| Problem::new("unknown-offer", format!("there is no offer {text}")))
}
