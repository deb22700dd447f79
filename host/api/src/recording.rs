//! Recording the calls of a plug-in, for its author to make them again.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Json as Answer;
use linecard_hub::recorder::{KEPT, MOST_CASES, MOST_MINUTES, Recorded, Recording, RecordingOrder};
use linecard_model::rights::Right;
use linecard_model::{PluginId, Timestamp};
use linecard_sandbox::Call;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::extract::{Caller, Json, Path};
use super::problem::Problem;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(get, record, stop))
}

/// The calls that a connector can be recorded in.
const CALLS: [Call; 8] = [
    Call::Receive,
    Call::Poll,
    Call::Perform,
    Call::ResolveProfile,
    Call::ResolveMedia,
    Call::Probe,
    Call::Templates,
    Call::SetUp,
];

/// What is to be recorded of a plug-in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
struct Order {
    /// For how long, in minutes: 1 to 1440.
    minutes: u32,
    /// How many calls at most: 1 to 100.
    cases: u32,
    /// Which calls, by their names in the plug-in contract; all if empty.
    calls: BTreeSet<String>,
}

impl Default for Order {
    fn default() -> Self {
        Self {
            minutes: 60,
            cases: 20,
            calls: BTreeSet::new(),
        }
    }
}

/// A call that was recorded.
#[derive(Debug, Serialize, ToSchema)]
struct CaseView {
    /// The call's id: the hub's log has it in the lines about the call.
    call_id: String,
    /// The call, by its name in the plug-in contract.
    call: &'static str,
    /// When it ended.
    at: Timestamp,
    /// Whether it failed: the plug-in stopped, or went over a limit.
    failed: bool,
    /// The case's folder on the hub's machine.
    folder: String,
}

impl From<&Recorded> for CaseView {
    fn from(case: &Recorded) -> Self {
        Self {
            call_id: case.call_id.to_string(),
            call: case.call.as_str(),
            at: case.at,
            failed: case.has_failed,
            folder: case.folder.display().to_string(),
        }
    }
}

/// How a plug-in's calls are recorded.
#[derive(Debug, Serialize, ToSchema)]
struct RecordingView {
    /// Whether calls are being recorded.
    on: bool,
    /// Until when at the latest; absent if nothing was recorded since the hub's start.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    /// How many more calls are recorded.
    left: u32,
    /// How many calls were left out because they were too big or could not be written.
    left_out: u64,
    /// After how many days a case is deleted.
    kept_days: u64,
    /// What was recorded since the recording began, oldest first.
    cases: Vec<CaseView>,
}

impl From<Option<Recording>> for RecordingView {
    fn from(recording: Option<Recording>) -> Self {
        let kept_days = KEPT.as_secs() / (24 * 60 * 60);
        let Some(recording) = recording else {
            return Self {
                on: false,
                until: None,
                left: 0,
                left_out: 0,
                kept_days,
                cases: Vec::new(),
            };
        };
        let on = recording.is_on(Timestamp::now());
        Self {
            on,
            until: Some(recording.until),
            left: if on { recording.left } else { 0 },
            left_out: recording.left_out,
            kept_days,
            cases: recording.cases.iter().map(CaseView::from).collect(),
        }
    }
}

/// How a plug-in's calls are recorded
#[utoipa::path(get, operation_id = "getPluginRecording", path = "/plugins/{id}/recording", tag = "administration",
    params(("id" = String, Path)),
    responses((status = 200, body = RecordingView)),
    extensions(("x-right" = json!("configure")), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<RecordingView>, Problem> {
    let plugin = connector(&app, &caller, &id)?;
    let recording = app.hub.equipment.recorder.recording(&plugin);
    Ok(Answer(recording.into()))
}

/// Record a connector's calls for a while
///
/// What goes into each call, what it asks of its network and what comes out is written to the hub's data
/// folder as a case, by which `linecard plugin replay` makes the same call again. The channel's secrets are
/// not in it; **what customers wrote is**, so each case is deleted after a week, and all of them when a person
/// is erased. It ends by itself, and with the hub.
#[utoipa::path(put, operation_id = "recordPlugin", path = "/plugins/{id}/recording", tag = "administration",
    params(("id" = String, Path)),
    request_body(content = Order, example = json!({"minutes": 10, "cases": 5, "calls": ["receive"]})),
    responses((status = 200, body = RecordingView)),
    extensions(("x-right" = json!("configure")), ("x-problems" = json!(["not-allowed", "not-found", "recordings-full"]))))]
async fn record(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    Json(order): Json<Order>,
) -> Result<Answer<RecordingView>, Problem> {
    let plugin = connector(&app, &caller, &id)?;
    for (pointer, given, most) in [
        ("/minutes", order.minutes, MOST_MINUTES),
        ("/cases", order.cases, MOST_CASES),
    ] {
        if given == 0 || given > most {
            let text = format!("{given} is not from 1 to {most}");
            return Err(Problem::invalid(pointer, text));
        }
    }
    let is_call = |name: &String| CALLS.iter().any(|call| call.as_str() == name);
    if let Some(unknown) = order.calls.iter().find(|name| !is_call(name)) {
        let known: Vec<&str> = CALLS.iter().map(|call| call.as_str()).collect();
        let text = format!(
            "\"{unknown}\" is no call of a connector: there are {}",
            known.join(", ")
        );
        return Err(Problem::invalid("/calls", text));
    }
    audit(&app, &caller, "plugin.record", &plugin).await?;
    let order = RecordingOrder {
        minutes: order.minutes,
        cases: order.cases,
        calls: order.calls,
    };
    let recorder = &app.hub.equipment.recorder;
    let recording = recorder
        .begin(plugin, order)
        .map_err(|error| Problem::new("recordings-full", error.to_string()))?;
    Ok(Answer(Some(recording).into()))
}

/// Record a connector's calls no more
///
/// What was recorded stays until it is a week old.
#[utoipa::path(delete, operation_id = "stopPluginRecording", path = "/plugins/{id}/recording",
    tag = "administration", params(("id" = String, Path)),
    responses((status = 204)),
    extensions(("x-right" = json!("configure")), ("x-problems" = json!(["not-allowed", "not-found"]))))]
async fn stop(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let plugin = connector(&app, &caller, &id)?;
    app.hub.equipment.recorder.end(&plugin);
    audit(&app, &caller, "plugin.record-stopped", &plugin).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The connector that is meant, for somebody who may have its calls recorded.
fn connector(app: &App, caller: &Caller, id: &str) -> Result<PluginId, Problem> {
    caller.require(Right::Configure)?;
    let plugins = app.hub.plugins.now();
    let installed = PluginId::new(id)
        .ok()
        .and_then(|id| plugins.get(&id).cloned());
    let installed = installed.ok_or_else(|| Problem::not_found("plug-in", id))?;
    if installed.plugin.manifest().connector.is_none() {
        return Err(Problem::not_found("connector", id));
    }
    Ok(installed.plugin.id().clone())
}

async fn audit(app: &App, caller: &Caller, what: &str, plugin: &PluginId) -> Result<(), Problem> {
    let audit = (what.to_owned(), plugin.to_string());
    let actor = caller.actor.clone();
    app.hub.vault.write(actor, Vec::new(), Some(audit)).await?;
    Ok(())
}
