//! A tiny hub for the tests: it keeps what it receives and answers what it is told to answer.

use std::collections::{BTreeSet, VecDeque};
use std::net::Ipv4Addr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use linecard_simulator::signature::sha256_base64;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

/// In place of a status: the answer does not come in time.
pub const HOLD: u16 = 599;

/// One request that the hub received.
#[derive(Debug, Clone)]
pub struct Received {
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Received {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the simulator sends JSON")
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }
}

#[derive(Default)]
struct Inner {
    received: Mutex<Vec<Received>>,
    /// Statuses for the next calls, tokens excepted; 200 when there are none.
    statuses: Mutex<VecDeque<u16>>,
    /// The key with which X's challenges are answered, if the hub knows it.
    challenge_key: Mutex<Option<String>>,
}

/// A hub on a port of its own, which stops when it is dropped.
pub struct Hub {
    inner: Arc<Inner>,
    address: String,
    task: JoinHandle<()>,
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Hub {
    pub async fn start() -> anyhow::Result<Self> {
        let inner = Arc::new(Inner::default());
        let router = Router::new()
            .fallback(answer)
            .with_state(Arc::clone(&inner));
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = format!("http://{}", listener.local_addr()?);
        let task = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("the hub serves");
        });
        Ok(Self {
            inner,
            address,
            task,
        })
    }

    pub fn url(&self, path: &str) -> Url {
        format!("{}{path}", self.address)
            .parse()
            .expect("an address")
    }

    /// What was received on a path, handshakes included.
    pub fn received(&self, part: &str) -> Vec<Received> {
        let received = self.inner.received.lock().expect("no panic while locked");
        received
            .iter()
            .filter(|one| one.path.contains(part))
            .cloned()
            .collect()
    }

    /// The changes of all webhooks, in the order of arrival.
    pub fn changes(&self) -> Vec<Value> {
        let received = self.received("/webhook");
        let entries = received
            .iter()
            .filter(|one| !one.body.is_empty())
            .flat_map(|one| one.json()["entry"].as_array().cloned().unwrap_or_default());
        entries
            .flat_map(|entry| entry["changes"].as_array().cloned().unwrap_or_default())
            .collect()
    }

    /// The messaging items of all webhooks, in the order of arrival.
    pub fn items(&self) -> Vec<Value> {
        let mut items = Vec::new();
        for one in self.received("/webhook") {
            if one.body.is_empty() {
                continue;
            }
            for entry in one.json()["entry"].as_array().into_iter().flatten() {
                for list in ["messaging", "standby"] {
                    items.extend(entry[list].as_array().into_iter().flatten().cloned());
                }
            }
        }
        items
    }

    pub fn answer_next(&self, statuses: &[u16]) {
        let mut next = self.inner.statuses.lock().expect("no panic while locked");
        next.extend(statuses);
    }

    /// Tells the key with which X's challenges are answered.
    pub fn learn_challenge_key(&self, key: &str) {
        let mut known = self
            .inner
            .challenge_key
            .lock()
            .expect("no panic while locked");
        *known = Some(key.to_owned());
    }

    /// Waits until a condition on the hub holds.
    pub async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        for _ in 0..500 {
            if holds(self) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("waited in vain until {what}");
    }
}

async fn answer(State(inner): State<Arc<Inner>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap_or_default();
    let path = parts.uri.path().to_owned();
    let query = parts.uri.query().unwrap_or_default().to_owned();
    inner
        .received
        .lock()
        .expect("no panic while locked")
        .push(Received {
            path: path.clone(),
            query: query.clone(),
            headers: parts.headers,
            body: body.to_vec(),
        });
    let plain = |status: StatusCode, text: String| {
        let mut response = Response::new(Body::from(text));
        *response.status_mut() = status;
        response
    };
    if path.ends_with("/oauth/token") {
        let token =
            json!({ "access_token": "hub-token", "token_type": "bearer", "expires_in": 86399 });
        return plain(StatusCode::OK, token.to_string());
    }
    if parts.method == "GET" {
        let wanted: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        let get = |name: &str| {
            wanted
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, v)| v.clone())
        };
        let key = inner.challenge_key.lock().expect("no panic while locked");
        if let (Some(challenge), Some(key)) = (get("crc_token"), key.as_ref()) {
            let token = sha256_base64(key, challenge.as_bytes());
            return plain(
                StatusCode::OK,
                json!({ "response_token": token }).to_string(),
            );
        }
        return if get("hub.verify_token").as_deref() == Some("simulated-verify-token") {
            plain(StatusCode::OK, get("hub.challenge").unwrap_or_default())
        } else {
            plain(StatusCode::FORBIDDEN, String::new())
        };
    }
    let status = inner
        .statuses
        .lock()
        .expect("no panic while locked")
        .pop_front()
        .unwrap_or(200);
    if status == HOLD {
        tokio::time::sleep(std::time::Duration::from_secs(30)).await;
    }
    plain(
        StatusCode::from_u16(status).expect("a status"),
        json!({ "id": "accepted" }).to_string(),
    )
}

/// The paths of all members, list elements merged.
pub fn keys(value: &Value, at: &str, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let path = format!("{at}/{name}");
                // Attachments of a template are free-form below their payload.
                into.insert(path.clone());
                keys(value, &path, into);
            }
        }
        Value::Array(list) => {
            for value in list {
                keys(value, at, into);
            }
        }
        _ => {}
    }
}

/// The folder of recorded samples beside the workspace, where there is one.
pub fn shared() -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/platforms");
    if path.is_dir() {
        return Some(path);
    }
    println!("skipped: no recorded samples beside the workspace");
    None
}
