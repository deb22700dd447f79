//! The plug-ins that are installed.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use linecard_hub::configure::PluginError;
use linecard_hub::plugins::{Installed, Pending, PluginProblem, Source};
use linecard_model::manifest::Manifest;
use linecard_model::plugin::{Approval, PluginRecord, RolledBack, ServedVersion, Wants};
use linecard_model::rights::Right;
use linecard_model::{ChannelId, PluginId, Timestamp};
use linecard_sandbox::{Call, CallMetrics, LastFailure, PluginMetrics, Suspended};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::extract::{Caller, Changing, Nothing, Path};
use super::problem::Problem;
use super::{App, Changed};

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
        .routes(routes!(approve))
        .routes(routes!(roll_back))
}

/// A plug-in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Plugin)]
struct PluginView {
    /// The plug-in.
    id: PluginId,
    /// What people read.
    display_name: String,
    /// What it is for.
    description: String,
    /// Its version.
    version: String,
    /// The version of the plug-in contract that it was built against.
    contract: String,
    /// `bundled` with the program, a `file` in the plug-in folder, or a version that is `kept` because the
    /// file that came after it is not used.
    source: &'static str,
    /// The SHA-256 of its file.
    sha256: String,
    /// The networks that it speaks; absent for an analyzer.
    #[serde(skip_serializing_if = "Option::is_none")]
    networks: Option<Vec<String>>,
    /// The calls that are not made for a while, because it failed in them again and again.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suspended: Vec<SuspendedCall>,
}

/// A call of a plug-in that is not made on a channel for a while. What it was to do waits: deliveries are
/// refused so that the network repeats them, actions stay in the outbox.
#[derive(Debug, Serialize, ToSchema)]
struct SuspendedCall {
    /// The channel.
    channel: ChannelId,
    /// The call, by its name in the plug-in contract.
    call: &'static str,
    /// How often it has failed one after the other.
    failures: u32,
    /// Since when.
    since: Timestamp,
    /// When it is tried again.
    until: Timestamp,
}

impl From<Suspended> for SuspendedCall {
    fn from(suspended: Suspended) -> Self {
        Self {
            channel: suspended.channel,
            call: suspended.call.as_str(),
            failures: suspended.failures,
            since: suspended.since,
            until: suspended.until,
        }
    }
}

/// What the calls of a plug-in came to since this version of it was loaded.
#[derive(Debug, Serialize, ToSchema)]
struct CallFigures {
    /// The call, by its name in the plug-in contract.
    call: &'static str,
    /// The channel; absent for what belongs to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<ChannelId>,
    /// How often it was made.
    count: u64,
    /// How often it failed, by the limit that it broke or the way that it failed: `trap` (it stopped),
    /// `output` (its answer breaks the contract), `refused`, `start`.
    failures: BTreeMap<&'static str, u64>,
    /// How long half of the calls took at most, in milliseconds.
    p50_ms: f64,
    /// How long 95 of a hundred calls took at most, in milliseconds.
    p95_ms: f64,
    /// How long 99 of a hundred calls took at most, in milliseconds.
    p99_ms: f64,
}

impl CallFigures {
    fn new(call: Call, channel: Option<&ChannelId>, counted: &CallMetrics) -> Self {
        let [p50, p95, p99] = counted.percentiles.map(|time| time.as_secs_f64() * 1_000.0);
        Self {
            call: call.as_str(),
            channel: channel.cloned(),
            count: counted.count,
            failures: counted.failures.clone(),
            p50_ms: p50,
            p95_ms: p95,
            p99_ms: p99,
        }
    }
}

/// The last call of a plug-in that failed.
#[derive(Debug, Serialize, ToSchema)]
struct FailedCall {
    /// When.
    at: Timestamp,
    /// The call, by its name in the plug-in contract.
    call: &'static str,
    /// Its id: the hub's log has it in the lines about the call, and in those that the plug-in wrote in it.
    call_id: String,
    /// The channel; absent for what belongs to none.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<ChannelId>,
    /// What went wrong: of a plug-in that stopped, what it wrote, with the file and line of a panic, and the
    /// functions in which it was, as far as its file has their names.
    fault: String,
}

impl From<LastFailure> for FailedCall {
    fn from(failure: LastFailure) -> Self {
        Self {
            at: failure.at,
            call: failure.call.as_str(),
            call_id: failure.id.to_string(),
            channel: failure.channel,
            fault: failure.fault,
        }
    }
}

impl From<&Installed> for PluginView {
    fn from(installed: &Installed) -> Self {
        let manifest = installed.plugin.manifest();
        Self {
            id: manifest.id.clone(),
            display_name: manifest.display_name.clone(),
            description: manifest.description.clone(),
            version: manifest.version.clone(),
            contract: manifest.contract.clone(),
            source: match installed.source {
                Source::Bundled => "bundled",
                Source::File(_) => "file",
                Source::Kept => "kept",
            },
            sha256: installed.plugin.file_hash().to_owned(),
            networks: manifest.connector.as_ref().map(|c| c.networks.clone()),
            suspended: {
                let suspended = installed.plugin.suspended().into_iter();
                suspended.map(SuspendedCall::from).collect()
            },
        }
    }
}

/// The plug-ins, and the files that cannot be used.
#[derive(Debug, Serialize, ToSchema)]
struct PluginList {
    /// The plug-ins that are installed.
    plugins: Vec<PluginView>,
    /// Files in the plug-in folder that wait for an approval; for administrators.
    pending: Vec<PendingFile>,
    /// Files in the plug-in folder that are not used, with the reason; for administrators.
    problems: Vec<UnusedFile>,
}

/// A file in the plug-in folder that waits for an approval.
#[derive(Debug, Serialize, ToSchema)]
struct PendingFile {
    /// The plug-in that it is.
    plugin: PluginId,
    /// Its version.
    version: String,
    /// The SHA-256 of the file.
    sha256: String,
    /// The file.
    file: String,
    /// What it asks for that was not granted, each as a person reads it.
    asks: Vec<String>,
}

impl From<&Pending> for PendingFile {
    fn from(pending: &Pending) -> Self {
        Self {
            plugin: pending.plugin.id().clone(),
            version: pending.plugin.manifest().version.clone(),
            sha256: pending.plugin.file_hash().to_owned(),
            file: pending.file.display().to_string(),
            asks: pending.asks.clone(),
        }
    }
}

/// A file in the plug-in folder that is not used.
#[derive(Debug, Serialize, ToSchema)]
struct UnusedFile {
    /// The file.
    file: String,
    /// Why not, and what to do.
    reason: String,
}

impl From<&PluginProblem> for UnusedFile {
    fn from(problem: &PluginProblem) -> Self {
        Self {
            file: problem.file.clone(),
            reason: problem.reason.clone(),
        }
    }
}

/// A plug-in with everything that it says about itself.
#[derive(Debug, Serialize, ToSchema)]
struct PluginDetail {
    #[serde(flatten)]
    plugin: PluginView,
    /// Its manifest: the schema of its configuration, the secrets and hosts that it wants, what it
    /// can do.
    manifest: Manifest,
    /// What it asks for, and is granted while it serves.
    wants: Wants,
    /// The versions that have served, oldest first; for administrators. One that comes with the program is
    /// among them only if another has served since.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    versions: Vec<ServedVersion>,
    /// The files that were approved, oldest first; for administrators.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    approvals: Vec<Approval>,
    /// The file that was rolled back, if one is; for administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    rolled_back: Option<RolledBack>,
    /// What its calls came to since this version was loaded, for each channel, and altogether where `channel`
    /// is absent; for administrators.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    calls: Vec<CallFigures>,
    /// The last call that failed since this version was loaded; for administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_failure: Option<FailedCall>,
}

/// Which version is to serve again.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
struct RollBack {
    /// The SHA-256 of its file: one of the plug-in's `versions`. The one before if absent.
    to: Option<String>,
}

/// The plug-ins that are installed
#[utoipa::path(get, operation_id = "listPlugins", path = "/plugins", tag = "channels",
    responses((status = 200, body = PluginList)))]
async fn list(State(app): State<Arc<App>>, caller: Caller) -> Answer<PluginList> {
    let plugins = app.hub.plugins.now();
    let (mut pending, mut problems) = (Vec::new(), Vec::new());
    if caller.may(Right::Configure) {
        pending.extend(plugins.pending().iter().map(PendingFile::from));
        problems.extend(plugins.problems().iter().map(UnusedFile::from));
    }
    Answer(PluginList {
        plugins: plugins.all().map(PluginView::from).collect(),
        pending,
        problems,
    })
}

/// A plug-in with its manifest
#[utoipa::path(get, operation_id = "getPlugin", path = "/plugins/{id}", tag = "channels", params(("id" = String, Path)),
    responses((status = 200, body = PluginDetail)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn get(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<PluginDetail>, Problem> {
    let plugins = app.hub.plugins.now();
    let installed = PluginId::new(&id)
        .ok()
        .and_then(|id| plugins.get(&id))
        .ok_or_else(|| Problem::not_found("plug-in", &id))?;
    let (record, metrics) = if caller.may(Right::Configure) {
        let record = app.hub.plugin_record(installed.plugin.id());
        (record, installed.plugin.metrics())
    } else {
        (PluginRecord::default(), PluginMetrics::default())
    };
    let altogether = metrics.calls.iter();
    let altogether = altogether.map(|(call, of)| CallFigures::new(*call, None, of));
    let by_channel = metrics.channels.iter().flat_map(|(channel, calls)| {
        let calls = calls.iter();
        calls.map(move |(call, of)| CallFigures::new(*call, Some(channel), of))
    });
    let calls = altogether.chain(by_channel).collect();
    Ok(Answer(PluginDetail {
        plugin: PluginView::from(installed),
        manifest: installed.plugin.manifest().clone(),
        wants: installed.plugin.wants(),
        versions: record.versions,
        approvals: record.approved,
        rolled_back: record.rolled_back,
        calls,
        last_failure: metrics.last_failure.map(FailedCall::from),
    }))
}

/// Grant a plug-in's file what it asks for
///
/// The file that waits with this SHA-256 serves from then on, between two calls; so does one that was rolled
/// back. Approving the file that serves keeps it serving where only listed files do.
#[utoipa::path(post, operation_id = "approvePlugin", path = "/plugins/{id}/files/{sha256}/approve",
    tag = "administration",
    params(("id" = String, Path), ("sha256" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body = Nothing,
    responses((status = 204)),
    extensions(("x-right" = json!("configure")), ("x-problems" = json!(["not-allowed", "not-found", "plugin-unfit"]))))]
async fn approve(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, sha256)): Path<(String, String)>,
    change: Changing<Nothing>,
) -> Result<Changed, Problem> {
    caller.require(Right::Configure)?;
    let plugin = PluginId::new(&id).map_err(|_| Problem::not_found("plug-in", &id))?;
    let key = change.idempotency(&caller);
    let approving = app
        .hub
        .approve_plugin(caller.actor.clone(), plugin, sha256, key);
    Ok(Changed(approving.await?))
}

/// Have an earlier version of a plug-in serve again
///
/// It takes over between two calls. The file in the folder is not used until it changes or is approved.
#[utoipa::path(post, operation_id = "rollBackPlugin", path = "/plugins/{id}/roll-back", tag = "administration",
    params(("id" = String, Path), ("idempotency-key" = Option<String>, Header)),
    request_body(content = RollBack, example = json!({})),
    responses((status = 204)),
    extensions(("x-right" = json!("configure")),
        ("x-problems" = json!(["not-allowed", "not-found", "plugin-unfit", "no-earlier-version"]))))]
async fn roll_back(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path(id): Path<String>,
    change: Changing<RollBack>,
) -> Result<Changed, Problem> {
    caller.require(Right::Configure)?;
    let plugin = PluginId::new(&id).map_err(|_| Problem::not_found("plug-in", &id))?;
    let key = change.idempotency(&caller);
    let to = change.body.to;
    let going_back = app
        .hub
        .roll_back_plugin(caller.actor.clone(), plugin, to, key);
    Ok(Changed(going_back.await?))
}

impl From<PluginError> for Problem {
    fn from(error: PluginError) -> Self {
        let detail = error.to_string();
        match error {
            PluginError::NotFound { what, id } => Self::not_found(what, id),
            PluginError::Unfit { .. } => Self::new("plugin-unfit", detail),
            PluginError::NoWayBack(_) => Self::new("no-earlier-version", detail),
            PluginError::Command(error) => error.into(),
        }
    }
}
