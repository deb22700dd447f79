//! Media files and uploaded attachments.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use serde_json::Value;

/// A file that the simulated network serves under `/media/{id}`.
#[derive(Debug, Clone)]
pub(crate) struct Media {
    pub(crate) mime: String,
    pub(crate) bytes: Bytes,
}

#[derive(Debug, Default)]
struct Inner {
    last: u64,
    media: BTreeMap<String, Media>,
    attachments: BTreeMap<String, Value>,
}

/// What was uploaded.
#[derive(Debug, Default)]
pub(crate) struct Store {
    inner: Mutex<Inner>,
}

impl Store {
    pub(crate) fn add_media(&self, mime: String, bytes: Bytes) -> String {
        let mut inner = self.lock();
        inner.last += 1;
        let id = inner.last.to_string();
        inner.media.insert(id.clone(), Media { mime, bytes });
        id
    }

    pub(crate) fn media(&self, id: &str) -> Option<Media> {
        self.lock().media.get(id).cloned()
    }

    /// Keeps an attachment in the form in which the customer sees it, and returns its id.
    pub(crate) fn add_attachment(&self, attachment: Value) -> String {
        let mut inner = self.lock();
        inner.last += 1;
        let id = (1_854_626_884_821_032_u64 + inner.last).to_string();
        inner.attachments.insert(id.clone(), attachment);
        id
    }

    pub(crate) fn attachment(&self, id: &str) -> Option<Value> {
        self.lock().attachments.get(id).cloned()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
