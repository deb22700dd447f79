//! Signing in and out.

use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::SET_COOKIE;
use axum::response::{IntoResponse as _, Json as Answer, Response};
use linecard_model::rights::Rights;
use linecard_model::{RoleId, Timestamp};
use linecard_vault::auth::{AuthError, Credential, Principal};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::cookie;
use super::extract::{Caller, Json, Peer};
use super::problem::Problem;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(sign_in, sign_out, show))
}

/// A person's name and password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SignIn {
    /// The agent's name, such as `anna`.
    #[schema(example = "anna")]
    name: String,
    /// The password.
    #[schema(value_type = String, format = Password)]
    password: SecretString,
    /// `true`, for pages in a browser: the token comes as a cookie that no script can read, and not in
    /// the answer. Requests by cookie that change something, and those for a WebSocket, also need the
    /// header `X-Linecard-Session: cookie`, which no page of another site can send.
    #[serde(default)]
    cookie: bool,
}

/// A session.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
struct SessionView {
    /// The bearer token. It is shown this once; absent if it comes as a cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// When the token ends.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
    /// Who.
    name: String,
    /// The agent, if it is a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    agent: Option<String>,
    /// The role: `agent`, `supervisor`, `admin`, or one of the site's own.
    role: RoleId,
    /// What they may do beyond an agent's work.
    rights: Rights,
}

impl SessionView {
    fn of(principal: &Principal) -> Self {
        let expires_at = match &principal.credential {
            Credential::Session { expires_at, .. } => Some(*expires_at),
            _ => None,
        };
        Self {
            token: None,
            expires_at,
            name: principal.actor.name.clone(),
            agent: principal.actor.agent.as_ref().map(ToString::to_string),
            role: principal.role.clone(),
            rights: principal.actor.rights.clone(),
        }
    }
}

/// Sign in
///
/// Send the token as `Authorization: Bearer …` with every request. Pages in a browser ask for a cookie
/// instead.
#[utoipa::path(post, operation_id = "signIn", path = "/session",
    tag = "session", request_body(content = SignIn, example = json!({"name": "anna", "password": "anna's password"})), security(()),
    responses((status = 201, body = SessionView)),
    extensions(("x-problems" = json!(["sign-in-failed", "too-many-attempts"]))))]
async fn sign_in(
    State(app): State<Arc<App>>,
    Peer(from): Peer,
    Json(body): Json<SignIn>,
) -> Result<Response, Problem> {
    let lifetime = app.options.session;
    let signed_in = app
        .auth
        .sign_in(&body.name, &body.password, from, lifetime)
        .await;
    let (token, principal) = signed_in.map_err(|error| match error {
        AuthError::Invalid => Problem::new("sign-in-failed", "the name or the password is wrong"),
        error => error.into(),
    })?;
    let mut view = SessionView::of(&principal);
    if body.cookie {
        let set = cookie::set(&app.options, &token)?;
        return Ok((StatusCode::CREATED, [(SET_COOKIE, set)], Answer(view)).into_response());
    }
    view.token = Some(token.expose_secret().to_owned());
    Ok((StatusCode::CREATED, Answer(view)).into_response())
}

/// Who the caller is
#[utoipa::path(get, operation_id = "getSession", path = "/session", tag = "session",
    responses((status = 200, body = SessionView)))]
async fn show(caller: Caller) -> Answer<SessionView> {
    Answer(SessionView::of(&caller))
}

/// Sign out
///
/// The token lets nobody in afterwards, and its event streams end. A browser forgets its cookie.
#[utoipa::path(delete, operation_id = "signOut", path = "/session", tag = "session",
    responses((status = 204)))]
async fn sign_out(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Problem> {
    app.auth.sign_out(&caller).await?;
    let clear = cookie::clear(&app.options)?;
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, clear)]).into_response())
}
