//! How people sign in: their own password, and sessions and keys as far as somebody may see and end them.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Json as Answer;
use linecard_model::rights::Right;
use linecard_model::{AgentId, ChannelId, RoleId, Timestamp};
use linecard_vault::account::{Ending, session_id};
use linecard_vault::auth::{AuthError, Credential};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::extract::{Caller, Json, Path, Peer};
use super::problem::Problem;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(change_password))
        .routes(routes!(list, end_all))
        .routes(routes!(end))
        .routes(routes!(keys))
}

/// The shortest and the longest password, in characters.
const LENGTHS: std::ops::RangeInclusive<usize> = 8..=1_000;

/// Another password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    /// The password that it replaces.
    #[schema(value_type = String, format = Password)]
    old: SecretString,
    /// The new one, of 8 to 1,000 characters.
    #[schema(value_type = String, format = Password)]
    new: SecretString,
}

/// Change the caller's own password
///
/// For people who have signed in. All other sessions of theirs end. A password that the site's configuration
/// takes from elsewhere is changed there.
#[utoipa::path(put, operation_id = "changeOwnPassword", path = "/agents/me/password", tag = "session",
    request_body(content = NewPassword, example = json!({"old": "anna's password", "new": "another one of hers"})),
    responses((status = 204)),
    extensions(("x-problems" = json!(["not-allowed", "sign-in-failed"]))))]
async fn change_password(
    State(app): State<Arc<App>>,
    caller: Caller,
    Peer(from): Peer,
    Json(body): Json<NewPassword>,
) -> Result<StatusCode, Problem> {
    let (Some(agent), Credential::Session { token, .. }) =
        (&caller.actor.agent, &caller.credential)
    else {
        return Err(Problem::not_allowed(
            "passwords belong to people; sign in as one",
        ));
    };
    let length = body.new.expose_secret().chars().count();
    if !LENGTHS.contains(&length) {
        let text = format!(
            "a password has {} to {} characters",
            LENGTHS.start(),
            LENGTHS.end()
        );
        return Err(Problem::invalid("/new", text));
    }
    let config = app.auth.config().await?;
    let place = config.agents.get(agent).and_then(|a| a.password.clone());
    if !matches!(place, Some(linecard_model::site::SecretRef::Stored)) {
        return Err(Problem::not_allowed(
            "the site's configuration takes this password from elsewhere; whoever administers the hub changes it there, or has it `stored`",
        ));
    }
    let but = session_id(token);
    let changed = app
        .auth
        .change_password(&caller, agent, &body.old, &body.new, from, but)
        .await;
    match changed {
        Ok(true) => Ok(StatusCode::NO_CONTENT),
        Ok(false) => Err(Problem::invalid("/new", "that is the password already")),
        Err(AuthError::Invalid) => {
            Err(Problem::new("sign-in-failed", "the old password is wrong").at("/old"))
        }
        Err(error) => Err(error.into()),
    }
}

/// A session of somebody who has signed in.
#[derive(Debug, Serialize, ToSchema)]
struct SignedIn {
    /// Its name. It lets nobody in.
    id: String,
    /// Who.
    agent: AgentId,
    /// Since when.
    created_at: Timestamp,
    /// Until when.
    expires_at: Timestamp,
    /// Whether it is the caller's present one.
    current: bool,
}

/// The agent of a path, if the caller may see how they sign in: the own one, or any with the right `people`.
async fn whose(app: &App, caller: &Caller, id: &str) -> Result<AgentId, Problem> {
    let unknown = || Problem::not_found("agent", id);
    let own = caller.actor.agent.as_ref();
    if let Some(own) = own
        && (id == "me" || id == own.as_str())
    {
        return Ok(own.clone());
    }
    caller.require(Right::People)?;
    let agent = AgentId::new(id).map_err(|_| unknown())?;
    let config = app.auth.config().await?;
    config
        .agents
        .contains_key(&agent)
        .then_some(agent)
        .ok_or_else(unknown)
}

fn current(caller: &Caller) -> Option<String> {
    match &caller.credential {
        Credential::Session { token, .. } => Some(session_id(token)),
        _ => None,
    }
}

/// An agent's sessions, oldest first
///
/// The own ones (`me`), or, with the right `people`, anybody's.
#[utoipa::path(get, operation_id = "listSessions", path = "/agents/{id}/sessions", tag = "session",
    params(("id" = String, Path)),
    responses((status = 200, body = Vec<SignedIn>)),
    extensions(("x-right-of-others" = json!("people")), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<Vec<SignedIn>>, Problem> {
    let agent = whose(&app, &caller, &id).await?;
    let current = current(&caller);
    let sessions = app.hub.vault.sessions(&agent).into_iter();
    let shown = sessions.map(|named| SignedIn {
        current: current.as_ref() == Some(&named.id),
        id: named.id,
        agent: named.session.agent,
        created_at: named.session.created_at,
        expires_at: named.session.expires_at,
    });
    Ok(Answer(shown.collect()))
}

/// End all sessions of an agent
///
/// The caller's present one goes on. Event streams of those that end are closed.
#[utoipa::path(delete, operation_id = "endSessions", path = "/agents/{id}/sessions", tag = "session",
    params(("id" = String, Path)),
    responses((status = 204)),
    extensions(("x-right-of-others" = json!("people")), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn end_all(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let agent = whose(&app, &caller, &id).await?;
    let but = current(&caller);
    let which = Ending::All { but };
    app.auth.end_sessions(&caller, &agent, which).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// End one session of an agent
#[utoipa::path(delete, operation_id = "endSession", path = "/agents/{id}/sessions/{session}", tag = "session",
    params(("id" = String, Path), ("session" = String, Path)),
    responses((status = 204)),
    extensions(("x-right-of-others" = json!("people")), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn end(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, session)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let agent = whose(&app, &caller, &id).await?;
    let which = Ending::One(session.clone());
    if app.auth.end_sessions(&caller, &agent, which).await? == 0 {
        return Err(Problem::not_found("session", session));
    }
    Ok(StatusCode::NO_CONTENT)
}

/// A machine that may call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Key)]
struct KeyView {
    /// Its name.
    id: String,
    /// What it is for.
    name: String,
    /// What it may do.
    role: RoleId,
    /// The channels to which it may deliver by the Open Messaging API.
    channels: Vec<ChannelId>,
    /// Whether the hub has a secret for it: without one it lets nobody in.
    has_secret: bool,
}

/// The keys with which machines call
///
/// `DELETE /keys/{id}` ends one.
#[utoipa::path(get, operation_id = "listKeys", path = "/keys", tag = "administration",
    responses((status = 200, body = Vec<KeyView>)),
    extensions(("x-right" = json!("people")), ("x-problems" = json!(["not-allowed"]))))]
async fn keys(
    State(app): State<Arc<App>>,
    caller: Caller,
) -> Result<Answer<Vec<KeyView>>, Problem> {
    caller.require(Right::People)?;
    let config = app.auth.config().await?;
    let with_secret = app.hub.vault.keys_with_secret();
    let keys = config.keys.iter().map(|(id, key)| KeyView {
        id: id.clone(),
        name: key.name.clone(),
        role: key.role.clone(),
        channels: key.channels.iter().cloned().collect(),
        has_secret: with_secret.contains(id),
    });
    Ok(Answer(keys.collect()))
}
