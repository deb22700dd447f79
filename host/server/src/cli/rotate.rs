//! Notices that the certificate, a secret that lies in a file, or an analyzer's model was replaced.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use linecard_api::{Tls, TlsFiles};
use linecard_hub::Hub;
use linecard_model::site::{SecretRef, SiteConfig};
use tokio::sync::Notify;
use tracing::{error, info, warn};

/// How often the files are looked at. Only their facts are, not their content.
const LOOK: Duration = Duration::from_secs(5);

/// What tells one state of a file from another: a replaced file has another number or time, one behind a
/// link another place.
pub(super) type Facts = Option<(PathBuf, u64, Option<SystemTime>, u64)>;

/// What is looked at.
pub(super) struct Rotation {
    pub hub: Arc<Hub>,
    pub tls: Option<(Tls, TlsFiles)>,
    /// The facts of its files from before they were read: what is replaced since then is news.
    pub certificate: Vec<Facts>,
}

impl Rotation {
    /// Looks until the hub ends; at once whenever it is told to.
    pub(super) async fn run(mut self, told: Arc<Notify>) {
        let mut secrets = BTreeMap::new();
        loop {
            let is_told = tokio::select! {
                () = told.notified() => true,
                () = tokio::time::sleep(LOOK) => false,
            };
            if is_told {
                info!("told to read the certificate, the secrets and the models again");
            }
            let files = self.tls.as_ref().map(|(_, files)| files);
            let now = certificate_facts(files);
            if is_told || now != self.certificate {
                self.certificate = now;
                self.read_certificate();
            }
            let Some(now) = self.secret_facts().await else {
                return;
            };
            let has_changed = now.iter().any(|(place, facts)| match secrets.get(place) {
                Some(before) => before != facts,
                // It was read when the configuration was applied, and may have changed since then.
                None => is_fresh(facts),
            });
            secrets = now;
            if is_told || has_changed {
                self.read_secrets().await;
            }
        }
    }

    fn read_certificate(&self) {
        let Some((tls, files)) = &self.tls else {
            return;
        };
        match tls.reload(files) {
            Ok(()) => info!("the certificate was read again; new connections get it"),
            // Its key may still be on its way.
            Err(error) => {
                error!(%error, "the certificate was replaced, and the former one stays in use");
            }
        }
    }

    async fn read_secrets(&self) {
        match self.hub.read_secrets_again().await {
            Ok(()) => info!("the secrets and the models were read again"),
            Err(error) => {
                warn!(%error, "secrets or models have changed, and the former ones stay in use");
            }
        }
    }

    /// Of secrets and models; `None` once the hub has ended.
    async fn secret_facts(&self) -> Option<BTreeMap<PathBuf, Facts>> {
        let config = self.hub.present().await.ok()?;
        let models = self.hub.model_files(&config);
        let places = places(&config).chain(models).map(|place| {
            let facts = facts(&place);
            (place, facts)
        });
        Some(places.collect())
    }
}

/// The facts of the files of a certificate.
pub(super) fn certificate_facts(files: Option<&TlsFiles>) -> Vec<Facts> {
    let files = files.into_iter();
    let files = files.flat_map(|files| [&files.certificate, &files.key]);
    files.map(|file| facts(file)).collect()
}

/// The files in which secrets lie.
fn places(config: &SiteConfig) -> impl Iterator<Item = PathBuf> {
    let channels = config.channels.values();
    let of_channels = channels.flat_map(|channel| channel.secrets.values());
    let of_agents = config.agents.values().filter_map(|a| a.password.as_ref());
    let of_keys = config.keys.values().filter_map(|key| key.secret.as_ref());
    let all = of_channels.chain(of_agents).chain(of_keys);
    all.filter_map(|place| match place {
        SecretRef::File(path) => Some(PathBuf::from(path)),
        SecretRef::Env(_) | SecretRef::Stored => None,
    })
}

/// Whether a file has changed so lately that it may have done so after it was read.
fn is_fresh(facts: &Facts) -> bool {
    let modified = facts.as_ref().and_then(|(_, _, modified, _)| *modified);
    modified.is_none_or(|modified| modified.elapsed().is_ok_and(|age| age < LOOK * 3))
}

fn facts(file: &Path) -> Facts {
    let real = file.canonicalize().ok()?;
    let found = real.metadata().ok()?;
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(&found);
    #[cfg(not(unix))]
    let number = 0;
    Some((real, found.len(), found.modified().ok(), number))
}
