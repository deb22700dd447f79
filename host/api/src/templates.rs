//! The templates of a channel: what can be sent to somebody who has not just written, and what each needs.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use linecard_model::platform::TemplateDefinition;
use linecard_model::{ChannelId, Timestamp};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::extract::{Caller, Path};
use super::problem::Problem;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(templates))
}

/// The templates of a channel, as they were last read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Templates)]
struct TemplatesView {
    /// Whether the channel's network has templates at all.
    offered: bool,
    /// When they were read; absent if they have not been yet. Until then what a template needs is found
    /// out when it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    read_at: Option<Timestamp>,
    /// Whether these are all.
    complete: bool,
    /// Why they could not be read since.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// The templates, each language for itself.
    templates: Vec<TemplateDefinition>,
}

/// The templates of a channel, and what each needs
///
/// They are read from the network when the channel begins to work, every hour, and soon after one is asked
/// for that is not among them or the network tells of a change.
#[utoipa::path(get, operation_id = "listTemplates", path = "/channels/{id}/templates", tag = "channels",
    params(("id" = String, Path)),
    responses((status = 200, body = TemplatesView)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn templates(
    State(app): State<Arc<App>>,
    _caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<TemplatesView>, Problem> {
    let config = app.auth.config().await?;
    let (id, _) = ChannelId::new(&id)
        .ok()
        .and_then(|id| config.channels.get_key_value(&id))
        .ok_or_else(|| Problem::not_found("channel", &id))?;
    let channels = &app.hub.channels;
    let runtime = channels.get(id);
    let abilities = runtime.as_ref().and_then(|r| r.abilities());
    let known = channels.told.templates(id);
    let catalogue = known.catalogue.as_deref();
    Ok(Answer(TemplatesView {
        offered: abilities.is_some_and(|a| a.templates),
        read_at: catalogue.map(|known| known.read_at),
        complete: catalogue.is_some_and(|known| known.list.complete),
        problem: known.problem,
        templates: catalogue.map_or_else(Vec::new, |known| known.list.templates.clone()),
    }))
}
