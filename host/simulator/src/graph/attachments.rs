//! Attachments that were uploaded once and are sent by id.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

/// The page's uploaded attachments.
#[derive(Debug, Default)]
pub(crate) struct Attachments {
    kept: Mutex<BTreeMap<String, Value>>,
}

impl Attachments {
    /// Keeps an attachment in the form in which the customer sees it, and returns its id.
    pub(crate) fn add(&self, attachment: Value) -> String {
        let mut kept = self.lock();
        // Ids are decimal numbers of 16 digits.
        let id = (1_854_626_884_821_032_u64 + kept.len() as u64).to_string();
        kept.insert(id.clone(), attachment);
        id
    }

    pub(crate) fn get(&self, id: &str) -> Option<Value> {
        self.lock().get(id).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Value>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
