//! Registering a channel at its network, and taking it off.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use linecard_model::ChannelId;
use linecard_model::platform::{Failure, Step};
use linecard_model::rights::Right;
use linecard_traffic::setting_up::{SetUpError, set_up as do_it};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::extract::{Caller, Json, Path};
use super::problem::Problem;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(set_up))
        .routes(routes!(tear_down))
}

/// How a channel is registered at its network, or taken off.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct SettingUp {
    /// Whether nothing is changed, and it is only told what would be.
    #[serde(default)]
    rehearsal: bool,
}

/// What was done at the network, or would be.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SetUpSteps)]
struct StepsView {
    /// Whether nothing was changed.
    rehearsal: bool,
    /// The steps, in order.
    steps: Vec<Step>,
}

/// Register a channel at its network
///
/// The connector tells the network where the hub is, as the channel's configuration wants it. Ask for a
/// `rehearsal` first: it shows what would be changed, and changes nothing. It can be done again at any time.
#[utoipa::path(post, operation_id = "setUpChannel", path = "/channels/{id}/set-up", tag = "channels",
    params(("id" = String, Path)),
    request_body(content = SettingUp, example = json!({"rehearsal": true})),
    responses((status = 200, body = StepsView)),
    extensions(("x-right" = json!("channels")), ("x-problems" = json!(["not-allowed", "not-found", "capability-unsupported", "network-refused", "plugin-failed"]))))]
async fn set_up(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Json(how): Json<SettingUp>,
) -> Result<Answer<StepsView>, Problem> {
    perform(&app, &caller, &id, false, how.rehearsal).await
}

/// Take a channel off its network again
///
/// The network no longer delivers to the hub. The channel stays configured; ask for a `rehearsal` first.
#[utoipa::path(post, operation_id = "tearDownChannel", path = "/channels/{id}/tear-down", tag = "channels",
    params(("id" = String, Path)),
    request_body(content = SettingUp, example = json!({"rehearsal": true})),
    responses((status = 200, body = StepsView)),
    extensions(("x-right" = json!("channels")), ("x-problems" = json!(["not-allowed", "not-found", "capability-unsupported", "network-refused", "plugin-failed"]))))]
async fn tear_down(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Json(how): Json<SettingUp>,
) -> Result<Answer<StepsView>, Problem> {
    perform(&app, &caller, &id, true, how.rehearsal).await
}

async fn perform(
    app: &App,
    caller: &Caller,
    id: &str,
    off: bool,
    rehearsal: bool,
) -> Result<Answer<StepsView>, Problem> {
    caller.require(Right::Channels)?;
    let config = app.auth.config().await?;
    let (id, _) = ChannelId::new(id)
        .ok()
        .and_then(|id| config.channels.get_key_value(&id))
        .ok_or_else(|| Problem::not_found("channel", id))?;
    let hub = &app.hub;
    let steps = do_it(&hub.site, &hub.channels, id, off, rehearsal).await?;
    if !rehearsal {
        let what = if off {
            "channel.tear-down"
        } else {
            "channel.set-up"
        };
        let audit = (what.to_owned(), id.to_string());
        let written = hub
            .vault
            .write(caller.actor.clone(), Vec::new(), Some(audit));
        written.await?;
    }
    Ok(Answer(StepsView { rehearsal, steps }))
}

impl From<SetUpError> for Problem {
    fn from(error: SetUpError) -> Self {
        let detail = error.to_string();
        match error {
            SetUpError::Away(_)
            | SetUpError::Unsupported(_)
            | SetUpError::Refused(Failure::Unsupported(_)) => {
                Self::new("capability-unsupported", detail)
            }
            SetUpError::Refused(_) => Self::new("network-refused", detail),
            SetUpError::Plugin(fault) => Self::new(
                "plugin-failed",
                format!(
                    "the channel's connector failed; the hub's log says how (call {})",
                    fault.id
                ),
            ),
        }
    }
}
