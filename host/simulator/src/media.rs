//! Media files that a simulated network serves under `/media/{id}`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;

/// The files of one simulated network.
#[derive(Debug, Default)]
pub(crate) struct MediaStore {
    files: Mutex<BTreeMap<u64, (String, Bytes)>>,
}

impl MediaStore {
    /// Keeps a file and returns its path.
    pub(crate) fn add(&self, mime: String, bytes: Bytes) -> String {
        let mut files = self.lock();
        let id = files.last_key_value().map_or(1, |(last, _)| last + 1);
        files.insert(id, (mime, bytes));
        format!("/media/{id}")
    }

    /// The answer to a request for a file.
    pub(crate) fn answer(&self, id: &str) -> Response {
        let file = id
            .parse()
            .ok()
            .and_then(|id: u64| self.lock().get(&id).cloned());
        let Some((mime, bytes)) = file else {
            return StatusCode::NOT_FOUND.into_response();
        };
        let mut response = Response::new(Body::from(bytes));
        if let Ok(mime) = HeaderValue::try_from(mime) {
            response.headers_mut().insert(header::CONTENT_TYPE, mime);
        }
        response
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, (String, Bytes)>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
