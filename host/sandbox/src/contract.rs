//! The versions of the plug-in contract that this host speaks, and what makes them one: the rest of the
//! sandbox knows the newest one's types only.
//!
//! Each older version has a file here with what it has otherwise, and nothing else: the types that changed,
//! written down once more as they were, and what becomes of them. What did not change is shared, because the
//! component model compares types by their form.

mod v0_1;

use std::fmt;

use wasmtime::Store;
use wasmtime::component::{Component, ComponentExportIndex, InstancePre, Linker};

use crate::bindings::analyzer::exports::linecard::plugin::analyzer_api as analyzer;
use crate::bindings::analyzer::{Analyzer, AnalyzerPre};
use crate::bindings::connector::exports::linecard::plugin::connector_api as connector;
use crate::bindings::connector::linecard::plugin::manifest::Manifest;
use crate::bindings::connector::linecard::plugin::{actions, events, http, templates};
use crate::bindings::connector::{Connector, ConnectorPre};
use crate::error::LoadProblem;
use crate::instance::CallState;

/// How the contract's interfaces begin.
pub(crate) const PACKAGE: &str = "linecard:plugin/";

/// A version of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    V0_1,
    V0_2,
}

/// The version of the plug-in contract that plug-ins are built against today.
pub const CONTRACT: &str = Version::V0_2.as_str();
/// All versions that this host speaks.
pub const CONTRACTS: &str = "0.1.0 and 0.2.0";

impl Version {
    const ALL: [Self; 2] = [Self::V0_1, Self::V0_2];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::V0_1 => "0.1.0",
            Self::V0_2 => "0.2.0",
        }
    }

    /// The version of this name, if this host speaks it.
    pub(crate) fn named(name: &str) -> Result<Self, LoadProblem> {
        let mut all = Self::ALL.into_iter();
        all.find(|version| version.as_str() == name)
            .ok_or_else(|| LoadProblem::Contract {
                // A file may call it what it likes.
                found: name.chars().take(80).collect(),
                known: CONTRACTS,
            })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Adds what a connector of an older version imports.
pub(crate) fn add_for_connectors(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    v0_1::add_for_connectors(linker)
}

/// Adds what an analyzer of an older version imports.
pub(crate) fn add_for_analyzers(linker: &mut Linker<CallState>) -> wasmtime::Result<()> {
    v0_1::add_for_analyzers(linker)
}

/// Where a component exports a function of the contract.
fn export(
    component: &Component,
    version: Version,
    interface: &str,
    function: &str,
) -> Result<ComponentExportIndex, LoadProblem> {
    component
        .get_export_index(None, format!("{PACKAGE}{interface}@{version}"))
        .and_then(|interface| component.get_export_index(Some(&interface), function))
        .ok_or_else(|| LoadProblem::Mismatch(format!("it does not export \"{function}\"")))
}

fn mismatch(error: wasmtime::Error) -> LoadProblem {
    LoadProblem::Mismatch(format!("{error:#}"))
}

/// A connector that can be started.
#[derive(Clone)]
pub(crate) enum ConnectorWorld {
    V0_1(v0_1::ConnectorPre),
    /// With the place of `receive`, which is called for each webhook.
    V0_2(ConnectorPre<CallState>, ComponentExportIndex),
}

/// The arguments of `receive`.
type Received<'a> = (&'a connector::Channel, &'a connector::WebhookRequest);

impl ConnectorWorld {
    pub(crate) fn new(
        version: Version,
        component: &Component,
        pre: InstancePre<CallState>,
    ) -> Result<Self, LoadProblem> {
        Ok(match version {
            Version::V0_1 => Self::V0_1(v0_1::ConnectorPre::new(component, pre)?),
            Version::V0_2 => {
                let receive = export(component, version, "connector-api", "receive")?;
                Self::V0_2(ConnectorPre::new(pre).map_err(mismatch)?, receive)
            }
        })
    }

    /// Starts it.
    pub(crate) async fn start(
        &self,
        store: &mut Store<CallState>,
    ) -> wasmtime::Result<ConnectorGuest> {
        Ok(match self {
            Self::V0_1(pre) => ConnectorGuest::V0_1(pre.start(store).await?),
            Self::V0_2(pre, _) => ConnectorGuest::V0_2(pre.instantiate_async(store).await?),
        })
    }

    /// Starts it for `receive` alone. The bindings look all exports up in each instance, and hold each to its
    /// type. This is done for every webhook, and needs one of them.
    pub(crate) async fn receive(
        &self,
        store: &mut Store<CallState>,
        channel: connector::Channel,
        request: connector::WebhookRequest,
    ) -> wasmtime::Result<Result<connector::Reception, connector::Rejection>> {
        match self {
            Self::V0_1(pre) => {
                pre.start(store)
                    .await?
                    .receive(store, channel, request)
                    .await
            }
            Self::V0_2(pre, receive) => {
                let instance = pre.instance_pre().instantiate_async(&mut *store).await?;
                let receive = instance.get_typed_func::<Received<'_>, _>(&mut *store, receive)?;
                let (given,) = receive.call_async(store, (&channel, &request)).await?;
                Ok(given)
            }
        }
    }
}

/// A connector's instance.
pub(crate) enum ConnectorGuest {
    V0_1(v0_1::ConnectorGuest),
    V0_2(Connector),
}

/// What came of the request that a poll wanted to wait for.
pub(crate) type Waited = Result<http::Response, http::Error>;
/// A call's answer.
type Answer<T> = wasmtime::Result<Result<T, actions::Failure>>;

impl ConnectorGuest {
    pub(crate) async fn describe(
        &self,
        store: &mut Store<CallState>,
    ) -> wasmtime::Result<Manifest> {
        match self {
            Self::V0_1(guest) => guest.describe(store).await,
            Self::V0_2(guest) => {
                let api = guest.linecard_plugin_connector_api();
                api.call_describe(store).await
            }
        }
    }

    #[cfg(feature = "measure")]
    pub(crate) async fn receive(
        &self,
        store: &mut Store<CallState>,
        channel: connector::Channel,
        request: connector::WebhookRequest,
    ) -> wasmtime::Result<Result<connector::Reception, connector::Rejection>> {
        match self {
            Self::V0_1(guest) => guest.receive(store, channel, request).await,
            Self::V0_2(guest) => {
                let api = guest.linecard_plugin_connector_api();
                api.call_receive(store, &channel, &request).await
            }
        }
    }

    pub(crate) async fn poll(
        &self,
        store: &mut Store<CallState>,
        channel: connector::Channel,
        cursor: Vec<u8>,
        waited: Option<Waited>,
    ) -> Answer<connector::PollPage> {
        match self {
            Self::V0_1(guest) => guest.poll(store, channel, cursor).await,
            Self::V0_2(guest) => {
                let api = guest.linecard_plugin_connector_api();
                let waited = waited.as_ref().map(Result::as_ref);
                api.call_poll(store, &channel, &cursor, waited).await
            }
        }
    }

    pub(crate) async fn perform(
        &self,
        store: &mut Store<CallState>,
        channel: connector::Channel,
        request: actions::ActionRequest,
    ) -> Answer<actions::Outcome> {
        match self {
            Self::V0_1(guest) => guest.perform(store, channel, request).await,
            Self::V0_2(guest) => {
                let api = guest.linecard_plugin_connector_api();
                api.call_perform(store, &channel, &request).await
            }
        }
    }

    pub(crate) async fn resolve_profile(
        &self,
        store: &mut Store<CallState>,
        channel: connector::Channel,
        identity: events::Identity,
    ) -> Answer<Option<events::Profile>> {
        match self {
            Self::V0_1(guest) => guest.resolve_profile(store, channel, identity).await,
            Self::V0_2(guest) => {
                let api = guest.linecard_plugin_connector_api();
                api.call_resolve_profile(store, &channel, &identity).await
            }
        }
    }

    pub(crate) async fn resolve_media(
        &self,
        store: &mut Store<CallState>,
        channel: connector::Channel,
        attachment: events::Attachment,
    ) -> Answer<connector::StoredMedia> {
        match self {
            Self::V0_1(guest) => guest.resolve_media(store, channel, attachment).await,
            Self::V0_2(guest) => {
                let api = guest.linecard_plugin_connector_api();
                api.call_resolve_media(store, &channel, &attachment).await
            }
        }
    }

    pub(crate) async fn probe(
        &self,
        store: &mut Store<CallState>,
        channel: connector::Channel,
    ) -> Answer<Vec<connector::Finding>> {
        match self {
            Self::V0_1(guest) => guest.probe(store, channel).await,
            Self::V0_2(guest) => {
                let api = guest.linecard_plugin_connector_api();
                api.call_probe(store, &channel).await
            }
        }
    }

    pub(crate) async fn templates(
        &self,
        store: &mut Store<CallState>,
        channel: connector::Channel,
    ) -> Answer<templates::TemplateList> {
        match self {
            Self::V0_1(guest) => guest.templates(store, channel).await,
            Self::V0_2(guest) => {
                let api = guest.linecard_plugin_connector_api();
                api.call_templates(store, &channel).await
            }
        }
    }

    /// Sets a channel up at its network, or takes it off.
    pub(crate) async fn set_up(
        &self,
        store: &mut Store<CallState>,
        channel: connector::Channel,
        off: bool,
        rehearsal: bool,
    ) -> Answer<Vec<connector::Step>> {
        match self {
            Self::V0_1(_) => Ok(Err(v0_1::cannot_set_up())),
            Self::V0_2(guest) => {
                let api = guest.linecard_plugin_connector_api();
                if off {
                    api.call_tear_down(store, &channel, rehearsal).await
                } else {
                    api.call_set_up(store, &channel, rehearsal).await
                }
            }
        }
    }
}

/// An analyzer that can be started.
#[derive(Clone)]
pub(crate) enum AnalyzerWorld {
    V0_1(v0_1::AnalyzerPre),
    V0_2(AnalyzerPre<CallState>),
}

impl AnalyzerWorld {
    pub(crate) fn new(
        version: Version,
        component: &Component,
        pre: InstancePre<CallState>,
    ) -> Result<Self, LoadProblem> {
        Ok(match version {
            Version::V0_1 => Self::V0_1(v0_1::AnalyzerPre::new(component, pre)?),
            Version::V0_2 => Self::V0_2(AnalyzerPre::new(pre).map_err(mismatch)?),
        })
    }

    /// Starts it.
    pub(crate) async fn start(
        &self,
        store: &mut Store<CallState>,
    ) -> wasmtime::Result<AnalyzerGuest> {
        Ok(match self {
            Self::V0_1(pre) => AnalyzerGuest::V0_1(pre.start(store).await?),
            Self::V0_2(pre) => AnalyzerGuest::V0_2(pre.instantiate_async(store).await?),
        })
    }
}

/// An analyzer's instance.
pub(crate) enum AnalyzerGuest {
    V0_1(v0_1::AnalyzerGuest),
    V0_2(Analyzer),
}

impl AnalyzerGuest {
    pub(crate) async fn describe(
        &self,
        store: &mut Store<CallState>,
    ) -> wasmtime::Result<Manifest> {
        match self {
            Self::V0_1(guest) => guest.describe(store).await,
            Self::V0_2(guest) => {
                let api = guest.linecard_plugin_analyzer_api();
                api.call_describe(store).await
            }
        }
    }

    pub(crate) async fn prepare(
        &self,
        store: &mut Store<CallState>,
        config: &str,
    ) -> wasmtime::Result<Result<(), Vec<analyzer::ConfigProblem>>> {
        match self {
            Self::V0_1(guest) => guest.prepare(store, config).await,
            Self::V0_2(guest) => {
                let api = guest.linecard_plugin_analyzer_api();
                api.call_prepare(store, config).await
            }
        }
    }

    pub(crate) async fn analyze(
        &self,
        store: &mut Store<CallState>,
        subject: &analyzer::Subject,
    ) -> wasmtime::Result<Result<analyzer::Analysis, String>> {
        match self {
            Self::V0_1(guest) => guest.analyze(store, subject).await,
            Self::V0_2(guest) => {
                let api = guest.linecard_plugin_analyzer_api();
                api.call_analyze(store, subject).await
            }
        }
    }
}
