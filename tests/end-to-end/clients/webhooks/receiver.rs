//! A system that is told what happens, in this process.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, Result};
use axum::Router;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use tokio::net::TcpListener;

/// How a path answers. Without one it takes everything.
#[derive(Debug, Clone)]
pub(super) enum Answering {
    /// With a status.
    With(u16),
    /// By naming another address.
    Redirect(String),
    /// Not at all.
    Never,
}

/// A request that came.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Request {
    pub fn header(&self, name: &str) -> Result<&str> {
        let value = self.headers.get(name).map(String::as_str);
        value.with_context(|| format!("no header {name}"))
    }
}

#[derive(Default)]
struct Seen {
    answers: HashMap<String, Answering>,
    asked: HashMap<String, usize>,
    taken: HashMap<String, Vec<Request>>,
}

/// A receiver. It lives as long as the test.
pub(super) struct Receiver {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Receiver {
    pub async fn start() -> Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let seen = Arc::new(Mutex::new(Seen::default()));
        let router = Router::new().fallback(take).with_state(Arc::clone(&seen));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Ok(Self { address, seen })
    }

    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base())
    }

    /// From now on a path answers so.
    pub fn answer(&self, path: &str, answering: Answering) {
        lock(&self.seen).answers.insert(path.to_owned(), answering);
    }

    /// The requests of a path that were answered with success.
    pub fn taken(&self, path: &str) -> Vec<Request> {
        lock(&self.seen)
            .taken
            .get(path)
            .cloned()
            .unwrap_or_default()
    }

    /// How many requests a path got.
    pub fn asked(&self, path: &str) -> usize {
        lock(&self.seen)
            .asked
            .get(path)
            .copied()
            .unwrap_or_default()
    }

    pub fn forget(&self) {
        let mut seen = lock(&self.seen);
        seen.taken.clear();
        seen.asked.clear();
    }
}

async fn take(
    State(seen): State<Arc<Mutex<Seen>>>,
    uri: Uri,
    headers: HeaderMap,
    body: String,
) -> Response {
    let path = uri.path().to_owned();
    let answering = {
        let mut seen = lock(&seen);
        *seen.asked.entry(path.clone()).or_default() += 1;
        seen.answers.get(&path).cloned()
    };
    let status = match answering.unwrap_or(Answering::With(200)) {
        Answering::With(status) => status,
        Answering::Never => std::future::pending().await,
        Answering::Redirect(to) => return (StatusCode::FOUND, [(LOCATION, to)]).into_response(),
    };
    if (200..300).contains(&status) {
        let headers = headers.iter().map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        });
        let headers = headers.collect();
        let request = Request { headers, body };
        lock(&seen).taken.entry(path).or_default().push(request);
    }
    StatusCode::from_u16(status)
        .unwrap_or(StatusCode::OK)
        .into_response()
}
