//! Agents: presence and figures.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use linecard_model::rights::Right;
use linecard_model::routing::Presence;
use linecard_model::site::AgentConfig;
use linecard_model::{AgentId, QueueId, RoleId, Timestamp};
use linecard_router::{AgentExplanation, AgentStats};
use linecard_site::{Request, SiteState};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Caller, Changing, Path, Query};
use super::problem::Problem;
use super::views::PresenceView;
use super::{App, Changed};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(me))
        .routes(routes!(my_presence))
        .routes(routes!(get))
        .routes(routes!(presence))
        .routes(routes!(explain))
}

/// An agent with presence and figures.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Agent)]
pub(super) struct AgentView {
    /// The agent.
    pub id: AgentId,
    /// The name that people read.
    pub name: String,
    /// The role, which says what they may do.
    pub role: RoleId,
    /// Whether they have the right `channels` beside what the role gives.
    pub social_media_admin: bool,
    /// The skills, each with its proficiency.
    pub skills: std::collections::BTreeMap<linecard_model::SkillId, u8>,
    /// The queues that they are members of.
    pub queues: Vec<QueueId>,
    /// `{"state": "ready" | "not-ready" | "offline", "reason"?}`.
    pub presence: Presence,
    /// The reasons for not being ready that the site has; shown to the agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_ready_reasons: Option<Vec<String>>,
    /// The labels that the site has for interactions; shown to the agent. Absent where any may be put.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeSet<String>>,
    /// Slots, work in hand, and what was counted since the figures were reset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stats: Option<AgentStats>,
}

impl AgentView {
    pub(super) fn of(state: &SiteState, id: &AgentId, settings: &AgentConfig) -> Self {
        let stats = state.router().agent_stats(Timestamp::now(), id);
        Self {
            id: id.clone(),
            name: settings.name.clone(),
            role: settings.role.clone(),
            social_media_admin: settings.social_media_admin,
            skills: settings.skills.clone(),
            queues: state.config().queues_of(id).cloned().collect(),
            presence: stats
                .as_ref()
                .map_or(Presence::Offline, |s| s.presence.clone()),
            not_ready_reasons: None,
            labels: None,
            stats,
        }
    }
}

/// All agents
///
#[utoipa::path(get, operation_id = "listAgents", path = "/agents", tag = "agents",
    responses((status = 200, body = Vec<AgentView>)),
    extensions(("x-right" = json!("figures")), ("x-problems" = json!(["not-allowed"]))))]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Answer<Vec<AgentView>>, Problem> {
    caller.require(Right::Figures)?;
    let agents = app
        .hub
        .site
        .query(|state| {
            let agents = state.config().agents.iter();
            agents
                .map(|(id, settings)| AgentView::of(state, id, settings))
                .collect()
        })
        .await?;
    Ok(Answer(agents))
}

/// The caller
#[utoipa::path(get, operation_id = "getOwnAgent", path = "/agents/me", tag = "agents",
    responses((status = 200, body = AgentView)),
    extensions(("x-problems" = json!(["not-allowed", "unknown-agent"]))))]
async fn me(State(app): State<Arc<App>>, caller: Caller) -> Result<Answer<AgentView>, Problem> {
    show(&app, own(&caller)?).await
}

/// An agent
///
/// Everybody may ask for themselves.
#[utoipa::path(get, operation_id = "getAgent", path = "/agents/{id}", tag = "agents", params(("id" = String, Path)),
    responses((status = 200, body = AgentView)),
    extensions(("x-right-of-others" = json!("figures")), ("x-problems" = json!(["not-allowed", "unknown-agent"]))))]
async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<AgentView>, Problem> {
    let agent = agent_id(&id)?;
    if caller.actor.agent.as_ref() != Some(&agent) {
        caller.require(Right::Figures)?;
    }
    show(&app, agent).await
}

async fn show(app: &App, agent: AgentId) -> Result<Answer<AgentView>, Problem> {
    let name = agent.to_string();
    app.hub
        .site
        .query(move |state| {
            let settings = state.config().agents.get(&agent)?;
            let mut view = AgentView::of(state, &agent, settings);
            view.labels.clone_from(&state.config().labels);
            view.not_ready_reasons = Some(state.router().settings().not_ready_reasons.clone());
            Some(view)
        })
        .await?
        .map(Answer)
        .ok_or_else(|| Problem::new("unknown-agent", format!("there is no agent {name}")))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Since {
    /// From when on. Default the last hour.
    since: Option<Timestamp>,
}

/// Why an agent got what they got, and nothing else
///
/// The agent's presence since then, the offers that they got, what others got from the agent's queues and
/// why the agent did not, and what is in the way now. `me` is the caller.
#[utoipa::path(get, operation_id = "explainAgent", path = "/agents/{id}/explain", tag = "agents",
    params(("id" = String, Path), Since),
    responses((status = 200, body = AgentExplanation)),
    extensions(("x-right-of-others" = json!("figures")), ("x-problems" = json!(["not-allowed", "unknown-agent"]))))]
async fn explain(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Query(filter): Query<Since>,
) -> Result<Answer<AgentExplanation>, Problem> {
    let agent = named(&caller, &id)?;
    if caller.actor.agent.as_ref() != Some(&agent) {
        caller.require(Right::Figures)?;
    }
    let hour = std::time::Duration::from_secs(3_600);
    let since = filter.since.unwrap_or_else(|| Timestamp::now() - hour);
    app.hub
        .site
        .query(move |state| state.router().explain_agent(&agent, since))
        .await?
        .map(Answer)
        .ok_or_else(|| Problem::new("unknown-agent", format!("there is no agent {id}")))
}

/// The presence that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SetPresence {
    /// `ready`, `not-ready` or `offline`.
    state: PresenceState,
    /// Why not ready: one of the site's reasons.
    reason: Option<String>,
}

#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
enum PresenceState {
    Ready,
    NotReady,
    Offline,
}

impl SetPresence {
    fn presence(&self) -> Result<Presence, Problem> {
        match (self.state, &self.reason) {
            (PresenceState::Ready, None) => Ok(Presence::Ready),
            (PresenceState::Offline, None) => Ok(Presence::Offline),
            (PresenceState::NotReady, Some(reason)) => Ok(Presence::NotReady {
                reason: reason.clone(),
            }),
            (PresenceState::NotReady, None) => Err(Problem::invalid(
                "/reason",
                "not-ready needs a reason; GET /api/v1/agents/me lists the site's",
            )),
            (_, Some(_)) => Err(Problem::invalid("/reason", "only not-ready has a reason")),
        }
    }
}

/// Change one's own presence
#[utoipa::path(put, operation_id = "setOwnPresence", path = "/agents/me/presence", tag = "agents",
    params(("idempotency-key" = Option<String>, Header)),
    request_body(content = SetPresence, example = json!({"state": "ready"})),
    responses((status = 200, body = PresenceView)),
    extensions(("x-problems" = json!(["not-allowed", "unknown-agent", "unknown-reason"]))))]
async fn my_presence(
    State(app): State<Arc<App>>,
    caller: Caller,
    change: Changing<SetPresence>,
) -> Result<Changed, Problem> {
    let agent = own(&caller)?;
    set(&app, &caller, agent, change).await
}

/// Change an agent's presence
///
/// It is in the audit log.
#[utoipa::path(put, operation_id = "setAgentPresence", path = "/agents/{id}/presence", tag = "agents",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body(content = SetPresence, example = json!({"state": "not-ready", "reason": "Pause"})),
    responses((status = 200, body = PresenceView)),
    extensions(("x-right-of-others" = json!("lead")), ("x-problems" = json!(["not-allowed", "unknown-agent", "unknown-reason"]))))]
async fn presence(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<SetPresence>,
) -> Result<Changed, Problem> {
    set(&app, &caller, agent_id(&id)?, change).await
}

async fn set(
    app: &App,
    caller: &Caller,
    agent: AgentId,
    change: Changing<SetPresence>,
) -> Result<Changed, Problem> {
    let presence = change.body.presence()?;
    let key = change.idempotency(caller);
    let request = Request::SetPresence { agent, presence };
    app.request(caller, request, key).await
}

fn own(caller: &Caller) -> Result<AgentId, Problem> {
    caller.actor.agent.clone().ok_or_else(|| {
        Problem::not_allowed(format!(
            "{} is not an agent; sign in as one",
            caller.actor.name
        ))
    })
}

/// The agent whom a path names; `me` is the caller.
pub(super) fn named(caller: &Caller, id: &str) -> Result<AgentId, Problem> {
    match id {
        "me" => own(caller),
        id => agent_id(id),
    }
}

fn agent_id(text: &str) -> Result<AgentId, Problem> {
    AgentId::new(text)
        .map_err(|_| Problem::new("unknown-agent", format!("there is no agent {text}")))
}
