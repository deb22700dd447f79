//! What a guest can ask of the host: one file for each interface of the contract, and WASI.

mod clock;
pub(crate) mod http;
pub(crate) mod log;
mod random;
mod secrets;
pub(crate) mod wasi;

use wasmtime::Engine;
use wasmtime::component::{HasSelf, Linker};

use crate::bindings::{analyzer, connector};
use crate::contract;
use crate::error::SandboxError;
use crate::instance::CallState;

/// A guest asked for something that the contract does not allow.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ContractViolation(pub(crate) String);

/// The functions that each world may import.
pub(crate) struct Linkers {
    pub(crate) connector: Linker<CallState>,
    pub(crate) analyzer: Linker<CallState>,
}

impl Linkers {
    pub(crate) fn new(engine: &Engine) -> Result<Self, SandboxError> {
        let link = || -> wasmtime::Result<Self> {
            let mut connectors = Linker::new(engine);
            wasi::add_to_linker(&mut connectors)?;
            connector::Connector::add_to_linker::<_, HasSelf<_>>(&mut connectors, |state| state)?;
            contract::add_for_connectors(&mut connectors)?;
            let mut analyzers = Linker::new(engine);
            wasi::add_to_linker(&mut analyzers)?;
            analyzer::Analyzer::add_to_linker::<_, HasSelf<_>>(&mut analyzers, |state| state)?;
            contract::add_for_analyzers(&mut analyzers)?;
            Ok(Self {
                connector: connectors,
                analyzer: analyzers,
            })
        };
        link().map_err(|error| SandboxError::Link(format!("{error:#}")))
    }
}

impl connector::linecard::plugin::manifest::Host for CallState {}
impl connector::linecard::plugin::events::Host for CallState {}
impl connector::linecard::plugin::actions::Host for CallState {}
impl connector::linecard::plugin::templates::Host for CallState {}
