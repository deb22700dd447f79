//! Interactions: lists, one with what the network allows, its end, and why it waits.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use linecard_model::interaction::Interaction;
use linecard_model::rights::Right;
use linecard_model::{AgentId, ContactId, InteractionId, Timestamp};
use linecard_router::{Decision, Explanation};
use linecard_site::capabilities::{self, Capabilities};
use linecard_site::{Request, SiteState};
use linecard_store::Page as StorePage;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Caller, Changing, Path, Query};
use super::participants::pending;
use super::problem::Problem;
use super::views::{InteractionView, Page};
use super::visibility::Sight;
use super::{App, Changed};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(explain))
        .routes(routes!(decisions))
        .routes(routes!(end))
        .routes(routes!(wrap_up))
}

/// The most entries of a page.
pub(super) const MOST: usize = 200;
/// The entries of a page when the caller does not say.
pub(super) const USUAL: usize = 50;
/// How many ended interactions are looked through for one page; the next page goes on from there.
const LOOK_THROUGH: usize = 2_000;

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// `open` (the default), `queued`, `offered`, `connected`, `held`, `parked`, `wrap-up` or `ended`.
    #[param(pattern = "^(open|queued|offered|connected|held|parked|wrap-up|ended)$")]
    state: Option<String>,
    /// Only of this queue.
    queue: Option<String>,
    /// Only those in which this agent takes part, or that they parked; `me` is the caller. Of the ended
    /// ones: who had them last.
    agent: Option<String>,
    /// Only those in which this contact takes part.
    contact: Option<String>,
    /// Only of this channel.
    channel: Option<String>,
    /// The cursor: `next` of the page before.
    after: Option<String>,
    /// The most entries, 1 to 200. Default 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// A filter that was understood.
#[derive(Clone)]
struct Wanted {
    state: Option<String>,
    queue: Option<String>,
    agent: Option<AgentId>,
    contact: Option<Vec<ContactId>>,
    channel: Option<String>,
}

impl Wanted {
    fn of(filter: &Filter, caller: &Caller) -> Result<Self, Problem> {
        let state = filter.state.as_deref().unwrap_or("open");
        let known = [
            "open",
            "queued",
            "offered",
            "connected",
            "held",
            "parked",
            "wrap-up",
            "ended",
        ];
        if !known.contains(&state) {
            let detail = format!("state is one of {}", known.join(", "));
            return Err(Problem::new("bad-parameter", detail));
        }
        let agent = match filter.agent.as_deref() {
            None => None,
            Some("me") => Some(caller.actor.agent.clone().ok_or_else(|| {
                Problem::new("bad-parameter", "agent=me needs a caller who is an agent")
            })?),
            Some(name) => {
                Some(AgentId::new(name).map_err(|e| Problem::new("bad-parameter", e.to_string()))?)
            }
        };
        let contact = filter
            .contact
            .as_deref()
            .map(str::parse)
            .transpose()
            .map_err(|_| Problem::new("bad-parameter", "contact is not a contact's id"))?;
        Ok(Self {
            state: (state != "open").then(|| state.to_owned()),
            queue: filter.queue.clone(),
            agent,
            contact: contact.map(|contact| vec![contact]),
            channel: filter.channel.clone(),
        })
    }

    fn matches(&self, interaction: &Interaction) -> bool {
        let is_theirs = |agent: &AgentId| {
            if interaction.is_open() {
                interaction.has_part(agent)
            } else {
                interaction.last_agent.as_ref() == Some(agent)
            }
        };
        self.state
            .as_deref()
            .is_none_or(|s| s == interaction.state.name())
            && self
                .queue
                .as_deref()
                .is_none_or(|q| q == interaction.queue.as_str())
            && self
                .channel
                .as_deref()
                .is_none_or(|c| c == interaction.channel.as_str())
            && self
                .contact
                .as_ref()
                .is_none_or(|ids| ids.iter().any(|id| interaction.involves(*id)))
            && self.agent.as_ref().is_none_or(is_theirs)
    }
}

/// How many entries are asked for.
pub(super) fn limit(asked: Option<usize>) -> Result<usize, Problem> {
    match asked.unwrap_or(USUAL) {
        limit @ 1..=MOST => Ok(limit),
        _ => Err(Problem::new(
            "bad-parameter",
            format!("limit is 1 to {MOST}"),
        )),
    }
}

/// A cursor that is an id.
pub(super) fn cursor<T: std::str::FromStr>(text: Option<&str>) -> Result<Option<T>, Problem> {
    text.map(str::parse)
        .transpose()
        .map_err(|_| Problem::new("bad-cursor", "the cursor is not one that the hub gave out"))
}

/// Interactions, newest first
#[utoipa::path(get, operation_id = "listInteractions", path = "/interactions", tag = "work", params(Filter),
    responses((status = 200, body = Page<InteractionView>)))]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Query(filter): Query<Filter>,
) -> Result<Answer<Page<InteractionView>>, Problem> {
    let mut wanted = Wanted::of(&filter, &caller)?;
    if let Some(ids) = &mut wanted.contact
        && let Some(asked) = ids.first().copied()
        && let Some(person) = app.person(asked).await?
    {
        *ids = person.ids();
    }
    let limit = limit(filter.limit)?;
    let after: Option<InteractionId> = cursor(filter.after.as_deref())?;
    if wanted.state.as_deref() == Some("ended") {
        return ended(&app, &caller, &wanted, after, limit)
            .await
            .map(Answer);
    }
    let principal = caller.0.clone();
    let mut found: Vec<InteractionView> = app
        .hub
        .site
        .query(move |state| {
            let sight = Sight::of(&principal, state.config());
            state
                .open()
                .rev()
                .filter(|i| after.is_none_or(|after| i.id < after))
                .filter(|i| sight.interaction(i) && wanted.matches(i))
                .take(limit)
                .map(|i| InteractionView::at_desk(state, i, &principal))
                .collect()
        })
        .await?;
    for view in &mut found {
        app.add_people(view).await?;
    }
    let next = (found.len() == limit)
        .then(|| found.last().map(|i| i.id.to_string()))
        .flatten();
    Ok(Answer(Page { items: found, next }))
}

async fn ended(
    app: &App,
    caller: &Caller,
    wanted: &Wanted,
    after: Option<InteractionId>,
    limit: usize,
) -> Result<Page<InteractionView>, Problem> {
    let sight = app.sight(caller).await?;
    let mut items = Vec::new();
    let mut before = after;
    let mut seen = 0;
    loop {
        let page = StorePage {
            before,
            limit: MOST,
        };
        let found = app
            .hub
            .store
            .ended_interactions(app.hub.site.id(), page)
            .await?;
        let is_last = found.len() < MOST;
        seen += found.len();
        for interaction in found {
            before = Some(interaction.id);
            if sight.interaction(&interaction) && wanted.matches(&interaction) {
                items.push(InteractionView::from(&interaction));
                if items.len() == limit {
                    return Ok(Page {
                        items,
                        next: before.map(|id| id.to_string()),
                    });
                }
            }
        }
        if is_last {
            return Ok(Page { items, next: None });
        }
        if seen >= LOOK_THROUGH {
            return Ok(Page {
                items,
                next: before.map(|id| id.to_string()),
            });
        }
    }
}

/// An interaction, with what the network allows now
///
/// Also with those who take part, as the networks describe them; with what else is open on the same
/// conversation; and with what the company itself wrote there before anybody answered.
#[utoipa::path(get, operation_id = "getInteraction", path = "/interactions/{id}",
    tag = "work", params(("id" = String, Path)),
    responses((status = 200, body = InteractionView)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<InteractionView>, Problem> {
    let interaction = app.interaction(&caller, &id).await?;
    let (principal, of) = (caller.0.clone(), interaction.clone());
    let at_desk = move |state: &SiteState| InteractionView::at_desk(state, &of, &principal);
    let mut view = app.hub.site.query(at_desk).await?;
    view.capabilities = app.capabilities(&interaction).await?;
    app.add_people(&mut view).await?;
    view.thread_context = app.thread_context(&interaction).await?;
    view.viewers = app.attention.of(interaction.id);
    let pending = app
        .hub
        .site
        .query(move |state| pending(state, &interaction))
        .await?;
    view.pending_on_thread = pending;
    Ok(Answer(view))
}

impl App {
    /// What can be done in an interaction now. `None` if its channel is not at work.
    async fn capabilities(
        &self,
        interaction: &Interaction,
    ) -> Result<Option<Capabilities>, Problem> {
        let Some(channel) = self.hub.channels.get(&interaction.channel) else {
            return Ok(None);
        };
        let mut now = capabilities::of(&channel, interaction, Timestamp::now());
        if capabilities::answers_privately_once(&channel, interaction.visibility) {
            let contacts = interaction.contacts();
            let page = StorePage {
                before: None,
                limit: capabilities::look_back(contacts.len()),
            };
            let mut messages = Vec::new();
            for contact in contacts {
                let site = self.hub.site.id();
                let said = self.hub.store.history(site, contact, page).await?;
                messages.extend(said.into_iter().map(Arc::new));
            }
            capabilities::close_private_reply(&mut now, interaction, &messages);
        }
        Ok(Some(now))
    }
}

/// Why an interaction waits
///
/// Its place in the queue, what keeps each member of the queue from it, and how long it will take.
#[utoipa::path(get, operation_id = "explainInteraction", path = "/interactions/{id}/explain", tag = "work",
    params(("id" = String, Path)),
    responses((status = 200, body = Explanation)),
    extensions(("x-problems" = json!(["not-found", "unknown-interaction"]))))]
async fn explain(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<Explanation>, Problem> {
    let interaction = app.interaction(&caller, &id).await?.id;
    let now = Timestamp::now();
    let explanation = app
        .hub
        .site
        .query(move |state| state.router().explain(now, &interaction))
        .await?
        .ok_or_else(|| {
            Problem::new("unknown-interaction", format!("interaction {id} has ended"))
        })?;
    Ok(Answer(explanation))
}

/// Why agents got offers of an interaction
///
/// Each offer that was made in the last day: how the agent was chosen, who else could have had it, and
/// what became of it. Of the site's latest 4,096.
#[utoipa::path(get, operation_id = "listDecisions", path = "/interactions/{id}/decisions", tag = "work",
    params(("id" = String, Path)),
    responses((status = 200, body = Vec<Decision>)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn decisions(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<Vec<Decision>>, Problem> {
    let interaction = app.interaction(&caller, &id).await?.id;
    let all = caller.may(Right::SeeAll);
    let own = caller.actor.agent.clone();
    let mut decisions = app
        .hub
        .site
        .query(move |state| state.router().decisions(&interaction))
        .await?;
    if !all {
        // Another agent's offer is nobody else's to take while it alerts.
        decisions.retain(|made| made.answer.is_some() || own.as_ref() == Some(&made.agent));
    }
    Ok(Answer(decisions))
}

/// What became of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Disposition {
    /// One of the queue's disposition codes.
    #[serde(default)]
    #[schema(example = "Processed")]
    disposition: Option<String>,
}

/// What became of it, and what follows.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct End {
    /// One of the queue's disposition codes.
    #[serde(default)]
    #[schema(example = "Processed")]
    disposition: Option<String>,
    /// Begin wrap-up, where the queue has it on request.
    #[serde(default)]
    wrap_up: bool,
}

/// End the conversation
///
/// With or without an answer. If the queue requires a disposition code and none is given, wrap-up
/// begins.
#[utoipa::path(post, operation_id = "endInteraction", path = "/interactions/{id}/end", tag = "work",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body(content = End, example = json!({"disposition": "Processed"})),
    responses((status = 200, body = InteractionView)),
    extensions(("x-problems" = json!([
        "not-allowed", "not-found", "unknown-interaction", "not-yours", "wrong-state", "unknown-disposition",
        "disposition-required"
    ]))))]
async fn end(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<End>,
) -> Result<Changed, Problem> {
    let interaction = app.interaction(&caller, &id).await?.id;
    let key = change.idempotency(&caller);
    let request = Request::End {
        interaction,
        disposition: change.body.disposition,
        wrap_up: change.body.wrap_up,
    };
    app.request(&caller, request, key).await
}

/// Finish the wrap-up
#[utoipa::path(post, operation_id = "wrapUpInteraction", path = "/interactions/{id}/wrap-up", tag = "work",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body(content = Disposition, example = json!({"disposition": "Processed"})),
    responses((status = 200, body = InteractionView)),
    extensions(("x-problems" = json!([
        "not-allowed", "not-found", "unknown-interaction", "not-yours", "wrong-state", "unknown-disposition",
        "disposition-required"
    ]))))]
async fn wrap_up(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Disposition>,
) -> Result<Changed, Problem> {
    let interaction = app.interaction(&caller, &id).await?.id;
    let key = change.idempotency(&caller);
    let request = Request::WrapUp {
        interaction,
        disposition: change.body.disposition,
    };
    app.request(&caller, request, key).await
}
