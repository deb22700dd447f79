//! The standard responses and macros in force, which every answer may name, and which messages models have.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use linecard_model::response::{Macro, Response};
use linecard_model::{MacroId, MessageId, ResponseId, SiteId};
use linecard_store::{Change, Page, Store, StoreError};

/// How many messages are read at a time.
const PAGE: usize = 500;

/// What is in force. Their number is bounded where they are written.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    pub responses: BTreeMap<ResponseId, Arc<Response>>,
    pub macros: BTreeMap<MacroId, Arc<Macro>>,
    /// The messages that are kept for models, or from them.
    pub training: BTreeSet<MessageId>,
}

impl Kept {
    /// Reads what a store has.
    pub async fn read(store: &dyn Store, site: &SiteId) -> Result<Self, StoreError> {
        let responses = store.responses(site).await?.into_iter();
        let macros = store.macros(site).await?.into_iter();
        let mut training = BTreeSet::new();
        let mut before = None;
        loop {
            let page = Page {
                before,
                limit: PAGE,
            };
            let found = store.training_messages(site, page).await?;
            training.extend(found.iter().map(|message| message.id));
            match found.last() {
                Some(last) if found.len() == PAGE => before = Some(last.id),
                _ => break,
            }
        }
        Ok(Self {
            training,
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
            Change::PutTraining(message) => {
                self.training.insert(message.id);
            }
            Change::RemoveTraining(id) => {
                self.training.remove(id);
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
