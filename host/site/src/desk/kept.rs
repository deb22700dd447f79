//! The standard responses and macros in force, which every answer may name.

use std::collections::BTreeMap;
use std::sync::Arc;

use linecard_model::response::{Macro, Response};
use linecard_model::{MacroId, ResponseId, SiteId};
use linecard_store::{Change, Store, StoreError};

/// What is in force. Their number is bounded where they are written.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub responses: BTreeMap<ResponseId, Arc<Response>>,
    pub macros: BTreeMap<MacroId, Arc<Macro>>,
}

impl Kept {
    /// Reads what a store has.
    pub async fn read(store: &dyn Store, site: &SiteId) -> Result<Self, StoreError> {
        let responses = store.responses(site).await?.into_iter();
        let macros = store.macros(site).await?.into_iter();
        Ok(Self {
            responses: responses.map(|r| (r.id.clone(), Arc::new(r))).collect(),
            macros: macros.map(|m| (m.id.clone(), Arc::new(m))).collect(),
        })
    }

    /// Takes over what has become durable.
    pub fn follow(&mut self, change: &Change) {
        match change {
            Change::PutResponse(response) => {
                let kept = Arc::new(response.clone());
                self.responses.insert(response.id.clone(), kept);
            }
            Change::RemoveResponse(id) => {
                self.responses.remove(id);
            }
            Change::PutMacro(kept) => {
                self.macros.insert(kept.id.clone(), Arc::new(kept.clone()));
            }
            Change::RemoveMacro(id) => {
                self.macros.remove(id);
            }
            _ => {}
        }
    }
}
