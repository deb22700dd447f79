//! A plug-in that was loaded.

use std::sync::Arc;

use linecard_model::PluginId;
use linecard_model::manifest::Manifest;
use linecard_model::plugin::Wants;

use crate::analyzer::Analyzer;
use crate::connector::Connector;
use crate::contract::{AnalyzerWorld, ConnectorWorld};
use crate::error::PrepareError;
use crate::instance::Shared;
use crate::metrics::PluginMetrics;
use crate::sandbox::Runtime;
use crate::suspension::Suspended;

/// A plug-in: compiled, described and validated. Cheap to clone.
#[derive(Clone)]
pub struct Plugin {
    pub(crate) inner: Arc<Inner>,
}

/// What a plug-in is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// It speaks a network's language.
    Connector,
    /// It reads messages.
    Analyzer,
}

/// What a plug-in's file says of itself before any of it runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Its size.
    pub bytes: usize,
    /// The interfaces that the component imports, with their versions.
    pub imports: Vec<String>,
    /// Those that it exports.
    pub exports: Vec<String>,
    /// The memory that it begins with, in bytes.
    pub memory_bytes: u64,
}

impl Facts {
    /// The interfaces of the contract that it imports and that let it do something.
    pub fn interfaces(&self) -> impl Iterator<Item = String> {
        const ABLE: [&str; 5] = ["clock", "http", "log", "random", "secrets"];
        self.imports.iter().filter_map(|name| {
            let rest = name.strip_prefix("linecard:plugin/")?;
            let (interface, _) = rest.split_once('@')?;
            ABLE.contains(&interface).then(|| interface.to_owned())
        })
    }
}

pub(crate) struct Inner {
    pub(crate) runtime: Arc<Runtime>,
    pub(crate) shared: Arc<Shared>,
    pub(crate) manifest: Manifest,
    pub(crate) file_hash: String,
    pub(crate) facts: Facts,
    pub(crate) world: World,
}

#[derive(Clone)]
pub(crate) enum World {
    Connector(ConnectorWorld),
    Analyzer(AnalyzerWorld),
}

impl Plugin {
    /// What it says about itself.
    pub fn manifest(&self) -> &Manifest {
        &self.inner.manifest
    }

    /// Its id.
    pub fn id(&self) -> &PluginId {
        &self.inner.manifest.id
    }

    /// The lower-case hexadecimal SHA-256 of its file.
    pub fn file_hash(&self) -> &str {
        &self.inner.file_hash
    }

    /// What its file says of itself.
    pub fn facts(&self) -> &Facts {
        &self.inner.facts
    }

    /// What it asks for.
    pub fn wants(&self) -> Wants {
        let facts = &self.inner.facts;
        Wants::new(self.manifest(), facts.interfaces(), facts.memory_bytes)
    }

    /// What it is.
    pub fn kind(&self) -> Kind {
        match &self.inner.world {
            World::Connector(_) => Kind::Connector,
            World::Analyzer(_) => Kind::Analyzer,
        }
    }

    /// What its calls came to since it was loaded.
    pub fn metrics(&self) -> PluginMetrics {
        self.inner.shared.counters.read()
    }

    /// The calls that are not made on a channel, because it failed in them again and again.
    pub fn suspended(&self) -> Vec<Suspended> {
        self.inner.shared.suspensions.now()
    }

    /// Its calls as a connector, if it is one.
    pub fn connector(&self) -> Option<Connector> {
        match &self.inner.world {
            World::Connector(_) => Some(Connector {
                plugin: self.clone(),
            }),
            World::Analyzer(_) => None,
        }
    }

    /// Its calls as an analyzer with this configuration (JSON, checked and filled in by
    /// [`linecard_schema::check_config`]). The configuration is tried once.
    pub async fn analyzer(&self, config: &str) -> Result<Analyzer, PrepareError> {
        Analyzer::new(self.clone(), config).await
    }
}

impl std::fmt::Debug for Plugin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plugin")
            .field("id", &self.inner.manifest.id)
            .field("version", &self.inner.manifest.version)
            .field("kind", &self.kind())
            .finish_non_exhaustive()
    }
}
