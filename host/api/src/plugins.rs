//! The plug-ins that are installed.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use linecard_hub::plugins::{Installed, PluginProblem, Source};
use linecard_model::PluginId;
use linecard_model::manifest::Manifest;
use linecard_model::rights::Right;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::extract::{Caller, Path};
use super::problem::Problem;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get))
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
    /// `bundled` or `file`.
    source: &'static str,
    /// The SHA-256 of its file.
    sha256: String,
    /// The networks that it speaks; absent for an analyzer.
    #[serde(skip_serializing_if = "Option::is_none")]
    networks: Option<Vec<String>>,
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
            },
            sha256: installed.plugin.file_hash().to_owned(),
            networks: manifest.connector.as_ref().map(|c| c.networks.clone()),
        }
    }
}

/// The plug-ins, and the files that cannot be used.
#[derive(Debug, Serialize, ToSchema)]
struct PluginList {
    /// The plug-ins that are installed.
    plugins: Vec<PluginView>,
    /// Files in the plug-in folder that are not used, with the reason; for administrators.
    problems: Vec<UnusedFile>,
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
}

/// The plug-ins that are installed
#[utoipa::path(get, operation_id = "listPlugins", path = "/plugins", tag = "channels",
    responses((status = 200, body = PluginList)))]
async fn list(State(app): State<Arc<App>>, caller: Caller) -> Answer<PluginList> {
    let problems = if caller.may(Right::Configure) {
        app.hub
            .plugins
            .problems()
            .iter()
            .map(UnusedFile::from)
            .collect()
    } else {
        Vec::new()
    };
    Answer(PluginList {
        plugins: app.hub.plugins.all().map(PluginView::from).collect(),
        problems,
    })
}

/// A plug-in with its manifest
#[utoipa::path(get, operation_id = "getPlugin", path = "/plugins/{id}", tag = "channels", params(("id" = String, Path)),
    responses((status = 200, body = PluginDetail)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn get(
    State(app): State<Arc<App>>,
    _caller: Caller,
    Path(id): Path<String>,
) -> Result<Answer<PluginDetail>, Problem> {
    let installed = PluginId::new(&id)
        .ok()
        .and_then(|id| app.hub.plugins.get(&id))
        .ok_or_else(|| Problem::not_found("plug-in", &id))?;
    Ok(Answer(PluginDetail {
        plugin: PluginView::from(installed),
        manifest: installed.plugin.manifest().clone(),
    }))
}
