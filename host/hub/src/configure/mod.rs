//! From text to running channels: reads a site file, checks it against the plug-ins that are
//! installed, and makes the channels and analyzers that it asks for.
//!
//! Nothing is applied as long as anything is wrong, and everything that is wrong is told at once.

mod analyzers;
mod apply;
mod automatic;
mod calendars;
mod channels;
mod check;
mod difference;
mod document;
mod exchange;
mod hosts;
mod left_alone;
mod models;
mod problem;
mod restore;
mod routing;
mod secrets;
#[cfg(test)]
mod tests;
mod warn;

pub use apply::{ConfigureError, rehearse};
pub use check::has_administrator;
pub use difference::{Change, ChangeKind, difference};
pub use document::{Document, JsonError, Keys, keys_of, nearest, read, read_json};
pub(crate) use exchange::{Exchange, run as exchange};
pub use exchange::{PluginError, plugin_records};
pub use hosts::grant;
pub use models::{MODELS, model_file};
pub use problem::{Places, Problem, Problems};
pub use restore::{Restored, restore};
pub use secrets::{SecretValue, SecretValues};
pub use warn::warnings;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use linecard_model::site::SiteConfig;
use linecard_sandbox::{CallObserver, HttpAccess};
use linecard_traffic::media::MediaFolder;
use linecard_vault::Vault;

use crate::plugins::{Plugins, Shelf};
use crate::recorder::Recorder;

/// What channels are made of, beside their configuration. Cheap to clone.
#[derive(Clone)]
pub struct Equipment {
    /// The plug-ins that are installed.
    pub plugins: Shelf,
    /// Secrets, encrypted at rest.
    pub vault: Vault,
    /// Files that are sent and received.
    pub media: Arc<MediaFolder>,
    /// How connectors reach the network.
    pub http: Arc<dyn HttpAccess>,
    /// Who may want to see connectors' calls: as a rule the recorder.
    pub observer: Arc<dyn CallObserver>,
    /// Records connectors' calls.
    pub recorder: Recorder,
    /// The address under which networks reach the hub, without a slash at its end; absent if it is not known.
    pub public_url: Option<Arc<str>>,
    /// The data folder: what lies in it is no secret of a channel.
    pub data: PathBuf,
}

impl Equipment {
    /// The same with other plug-ins.
    pub(crate) fn with(&self, plugins: Plugins) -> Self {
        Self {
            plugins: Shelf::new(plugins),
            ..self.clone()
        }
    }
}

/// A site file that was read.
pub type SiteFile = Document<SiteConfig>;

/// Reads a site's configuration from TOML and checks what can be checked without plug-ins. `file` is
/// what problems call it.
pub fn parse_site(file: &str, text: &str) -> Result<SiteFile, Problems> {
    let document: SiteFile = read(file, text)?;
    let problems = document.places.locate(check::check(&document.value));
    problems.or(document)
}

/// Reads a site file, with the calendars that it names; see [`parse_site`].
pub fn parse_site_file(path: &Path) -> Result<SiteFile, Problems> {
    let mut document: SiteFile = read(&path.display().to_string(), &read_text(path)?)?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut problems = calendars::read_calendars(&mut document.value, folder);
    // What was not read is not told once more for what it lacks.
    let unread: Vec<String> = problems.0.iter().map(|p| p.pointer.clone()).collect();
    let is_unread = |problem: &Problem| unread.contains(&format!("{}/file", problem.pointer));
    let others = check::check(&document.value).0.into_iter();
    problems
        .0
        .extend(others.filter(|problem| !is_unread(problem)));
    document.places.locate(problems).or(document)
}

/// Reads a configuration file's text.
pub fn read_text(path: &Path) -> Result<String, Problems> {
    std::fs::read_to_string(path).map_err(|error| {
        let mut problem = Problem::new::<&str>(&[], format!("it cannot be read: {error}"));
        problem.file = Some(path.display().to_string());
        Problems(vec![problem])
    })
}
