//! Macros: several things that an agent does at once.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use linecard_model::response::{Macro, MacroConfig};
use linecard_model::rights::Right;
use linecard_model::{MacroId, ResponseId, Timestamp};
use linecard_site::Request;
use linecard_site::desk::Desk;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Caller, Changing, Nothing, Path};
use super::problem::Problem;
use super::views::InteractionView;
use super::{App, Changed};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get, put, delete))
        .routes(routes!(run))
}

/// Several things that an agent does at once.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Macro)]
pub(super) struct MacroView {
    /// Its name.
    id: MacroId,
    /// What it is called.
    title: String,
    /// The folder in which it is listed.
    #[serde(skip_serializing_if = "String::is_empty")]
    #[schema(required = false)]
    folder: String,
    /// The standard response that is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    response: Option<ResponseId>,
    /// The text that is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    /// The labels that are put on the interaction.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    add_labels: BTreeSet<String>,
    /// The labels that are taken off it.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    remove_labels: BTreeSet<String>,
    /// Whether the conversation ends then.
    end: bool,
    /// What became of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    disposition: Option<String>,
    /// When it was last changed.
    changed_at: Timestamp,
    /// Who changed it: an agent's id, or `key:` and a key's name.
    changed_by: String,
}

impl From<&Macro> for MacroView {
    fn from(kept: &Macro) -> Self {
        let config = kept.config.clone();
        Self {
            id: kept.id.clone(),
            title: config.title,
            folder: config.folder,
            response: config.response,
            text: config.text,
            add_labels: config.add_labels,
            remove_labels: config.remove_labels,
            end: config.end,
            disposition: config.disposition,
            changed_at: kept.changed_at,
            changed_by: kept.changed_by.clone(),
        }
    }
}

fn name(id: &str) -> Result<MacroId, Problem> {
    MacroId::new(id).map_err(|error| Problem::new("bad-parameter", error.to_string()))
}

/// All macros, in the order of their names
#[utoipa::path(get, operation_id = "listMacros", path = "/macros", tag = "responses",
    responses((status = 200, body = Vec<MacroView>)))]
async fn list(State(app): State<Arc<App>>, _: Caller) -> Result<Answer<Vec<MacroView>>, Problem> {
    let all = app.hub.site.query(|state| {
        let all = state.macros().map(|kept| MacroView::from(kept.as_ref()));
        all.collect()
    });
    Ok(Answer(all.await?))
}

/// A macro
#[utoipa::path(get, operation_id = "getMacro", path = "/macros/{id}", tag = "responses",
    params(("id" = String, Path)),
    responses((status = 200, body = MacroView)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn get(
    State(app): State<Arc<App>>,
    _: Caller,
    Path(id): Path<String>,
) -> Result<Answer<MacroView>, Problem> {
    let unknown = || Problem::not_found("macro", &id);
    let name = MacroId::new(&id).map_err(|_| unknown())?;
    let found = app
        .hub
        .site
        .query(move |state| state.kept_macro(&name).cloned());
    let found = found.await?.ok_or_else(unknown)?;
    Ok(Answer(found.as_ref().into()))
}

/// Make a macro, or change it
///
#[utoipa::path(put, operation_id = "putMacro", path = "/macros/{id}", tag = "responses",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body(content = MacroConfig, example = json!({
        "title": "Thank and close", "text": "Thank you, {{contact.name|dear customer}}!",
        "add_labels": ["thanked"], "end": true, "disposition": "Processed"
    })),
    responses((status = 200, body = MacroView)),
    extensions(("x-right" = json!("texts")), ("x-problems" = json!(["not-allowed"]))))]
async fn put(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<MacroConfig>,
) -> Result<Changed, Problem> {
    caller.require(Right::Texts)?;
    let key = change.idempotency(&caller);
    let asked = Desk::SaveMacro {
        id: name(&id)?,
        config: Box::new(change.body),
    };
    app.request(&caller, Request::Desk(asked), key).await
}

/// Remove a macro
///
#[utoipa::path(delete, operation_id = "deleteMacro", path = "/macros/{id}", tag = "responses",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    responses((status = 204)),
    extensions(("x-right" = json!("texts")), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn delete(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    caller.require(Right::Texts)?;
    let key = change.idempotency(&caller);
    let asked = Desk::RemoveMacro { id: name(&id)? };
    app.request(&caller, Request::Desk(asked), key).await
}

/// Run a macro in an interaction
///
/// All that it says, or nothing: the message is accepted, the labels are changed and the conversation ends in
/// one step, or the first thing that cannot be done is told and everything is as before. Whoever may do each
/// of these may run it.
#[utoipa::path(post, operation_id = "runMacro", path = "/interactions/{id}/macros/{macro}", tag = "work",
    params(("id" = String, Path), ("macro" = String, Path),
        ("idempotency-key" = Option<String>, Header)),
    request_body = Nothing,
    responses((status = 200, body = InteractionView)),
    extensions(("x-problems" = json!([
        "not-allowed", "not-found", "unknown-interaction", "not-yours", "wrong-state", "unknown-disposition",
        "disposition-required", "capability-unsupported", "reply-window-closed", "opt-in-required",
        "text-too-long", "text-required"
    ]))))]
async fn run(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, named)): Path<(String, String)>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    let interaction = app.interaction(&caller, &id).await?.id;
    let key = change.idempotency(&caller);
    let id = MacroId::new(&named).map_err(|_| Problem::not_found("macro", &named))?;
    let asked = Desk::RunMacro { id, interaction };
    app.request(&caller, Request::Desk(asked), key).await
}
