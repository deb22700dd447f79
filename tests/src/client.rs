//! A client of the public API.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use futures::StreamExt as _;
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::eventually;

/// How long a hub may say nothing to somebody who asked: longer than it gives itself for an answer, and
/// than its event streams are ever silent.
///
/// Without a limit a test could wait for ever: a client whose connection is reset while it is being
/// opened is at times never told.
const SILENCE: Duration = Duration::from_secs(60);

/// An HTTP client that speaks to this machine only, to be built as a test needs it.
pub fn http_builder() -> reqwest::ClientBuilder {
    // Another part of a test may have set the same provider before.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .connect_timeout(Duration::from_secs(5))
        .read_timeout(SILENCE)
}

/// An HTTP client that speaks to this machine only.
pub fn http() -> Result<reqwest::Client> {
    Ok(http_builder().build()?)
}

/// Somebody who uses the API.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

/// An answer, whatever its status.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as JSON; null if it is empty, a text if it is no JSON.
    pub body: Value,
}

impl Client {
    /// Somebody who has not signed in.
    pub fn anonymous(base: &str) -> Result<Self> {
        Ok(Self {
            http: http()?,
            base: base.to_owned(),
            token: None,
        })
    }

    /// Somebody who has not signed in and comes by a way of their own, such as through a proxy.
    pub fn through(base: &str, http: reqwest::Client) -> Self {
        Self {
            http,
            base: base.to_owned(),
            token: None,
        }
    }

    /// Signs in, and goes on as that person.
    pub async fn become_person(mut self, name: &str, password: &str) -> Result<Self> {
        let body = json!({ "name": name, "password": password });
        let session = self.post("/api/v1/session", &body).await?;
        self.token = session["token"].as_str().map(str::to_owned);
        self.token.as_ref().context("no token")?;
        Ok(self)
    }

    /// The token, once signed in.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// Somebody with a token or key.
    pub fn with_token(base: &str, token: &str) -> Result<Self> {
        let mut client = Self::anonymous(base)?;
        client.token = Some(token.to_owned());
        Ok(client)
    }

    /// The hub's id of a message of an interaction that has a network's id.
    pub async fn message(&self, interaction: &str, platform_id: &str) -> Result<Value> {
        let path = format!("/api/v1/interactions/{interaction}/messages");
        let messages = self.all(&path, "before").await?;
        let is_it = |message: &&Value| {
            let ids = message["platform_ids"].as_array();
            ids.is_some_and(|ids| ids.iter().any(|id| id == platform_id))
        };
        let found = messages.iter().find(is_it);
        let found = found.with_context(|| format!("no message {platform_id} in {messages:?}"))?;
        Ok(found["id"].clone())
    }

    /// Signs in as a person.
    pub async fn sign_in(base: &str, name: &str, password: &str) -> Result<Self> {
        Self::anonymous(base)?.become_person(name, password).await
    }

    /// Begins a request that [`Self::ask`] is too narrow for, such as one for a file.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Asks for something; any status is an answer.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Seen> {
        let mut request = self.request(method, path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let response = request.send().await?;
        let status = response.status();
        let headers = response.headers().clone();
        let bytes = response.bytes().await?;
        let body = if bytes.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&bytes)
                .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&bytes)))
        };
        Ok(Seen {
            status,
            headers,
            body,
        })
    }

    /// Reads, and expects success.
    pub async fn get(&self, path: &str) -> Result<Value> {
        succeeded(path, self.ask(Method::GET, path, &[], None).await?)
    }

    /// Posts under a new idempotency key, and expects success.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        let key = uuid::Uuid::now_v7().to_string();
        let headers = [("idempotency-key", key.as_str())];
        succeeded(
            path,
            self.ask(Method::POST, path, &headers, Some(body)).await?,
        )
    }

    /// Puts, and expects success.
    pub async fn put(&self, path: &str, body: &Value) -> Result<Value> {
        succeeded(path, self.ask(Method::PUT, path, &[], Some(body)).await?)
    }

    /// All items of a listing, whole or in pages that are continued by `cursor`.
    pub async fn all(&self, path: &str, cursor: &str) -> Result<Vec<Value>> {
        let sign = if path.contains('?') { '&' } else { '?' };
        let mut items = Vec::new();
        let mut page = self.get(path).await?;
        loop {
            if let Value::Array(whole) = page {
                return Ok(whole);
            }
            if let Some(Value::Array(part)) = page.get_mut("items").map(Value::take) {
                items.extend(part);
            }
            let Some(next) = page["next"].as_str() else {
                return Ok(items);
            };
            page = self.get(&format!("{path}{sign}{cursor}={next}")).await?;
        }
    }

    /// Becomes ready for work.
    pub async fn go_ready(&self) -> Result<Value> {
        self.put("/api/v1/agents/me/presence", &json!({ "state": "ready" }))
            .await
    }

    /// Waits for an offer, accepts it, and gives the interaction.
    pub async fn accept_next(&self) -> Result<Value> {
        let offer = eventually("an offer", Duration::from_secs(20), async || {
            let offers = self.get("/api/v1/offers").await?;
            Ok(offers
                .pointer("/0/id")
                .and_then(Value::as_str)
                .map(str::to_owned))
        })
        .await?;
        self.post(&format!("/api/v1/offers/{offer}/accept"), &json!({}))
            .await
    }

    /// Everything that was exchanged with a customer, newest first; nothing if there is no such
    /// contact.
    pub async fn history(&self, channel: &str, identity: &str) -> Result<Vec<Value>> {
        let path = format!("/api/v1/contacts?channel={channel}&identity={identity}");
        let found = self.get(&path).await?;
        let Some(contact) = found.pointer("/items/0/id").and_then(Value::as_str) else {
            return Ok(Vec::new());
        };
        let path = format!("/api/v1/contacts/{contact}/history?limit=200&include=raw");
        self.all(&path, "before").await
    }

    /// Opens the event stream after an event; from now on if there is none.
    pub async fn events(&self, after: Option<u64>) -> Result<Events> {
        self.events_with(after, "").await
    }

    /// Opens the event stream after an event, with a query such as `?include=raw`.
    pub async fn events_with(&self, after: Option<u64>, query: &str) -> Result<Events> {
        let mut request = self.http.get(format!("{}/api/v1/events{query}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        if let Some(after) = after {
            request = request.header("last-event-id", after.to_string());
        }
        let response = request.send().await?.error_for_status()?;
        Ok(Events {
            bytes: response.bytes_stream().boxed(),
            buffer: String::new(),
        })
    }
}

fn succeeded(path: &str, seen: Seen) -> Result<Value> {
    if !seen.status.is_success() {
        bail!("{path}: {}: {}", seen.status, seen.body);
    }
    Ok(seen.body)
}

/// An open event stream.
pub struct Events {
    bytes: futures::stream::BoxStream<'static, reqwest::Result<bytes::Bytes>>,
    buffer: String,
}

impl Events {
    /// The next event: its number and its JSON. `None` when the stream has ended.
    pub async fn next(&mut self) -> Result<Option<(u64, Value)>> {
        loop {
            while let Some(end) = self.buffer.find("\n\n") {
                let block: String = self.buffer.drain(..end + 2).collect();
                if let Some(event) = read_block(&block)? {
                    return Ok(Some(event));
                }
            }
            match self.bytes.next().await {
                Some(chunk) => self.buffer.push_str(std::str::from_utf8(&chunk?)?),
                None => return Ok(None),
            }
        }
    }

    /// Reads on until an event of a kind comes.
    pub async fn wait_for(&mut self, kind: &str, within: Duration) -> Result<Value> {
        let search = async {
            loop {
                match self.next().await? {
                    Some((_, event)) if event["kind"] == kind => return Ok(event),
                    Some(_) => {}
                    None => bail!("the event stream ended before {kind}"),
                }
            }
        };
        tokio::time::timeout(within, search)
            .await
            .with_context(|| format!("no event {kind} within {within:?}"))?
    }
}

fn read_block(block: &str) -> Result<Option<(u64, Value)>> {
    let field = |name: &str| {
        block
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .map(str::trim_start)
    };
    let (Some(id), Some(data)) = (field("id"), field("data")) else {
        return Ok(None);
    };
    Ok(Some((id.parse()?, serde_json::from_str(data)?)))
}
