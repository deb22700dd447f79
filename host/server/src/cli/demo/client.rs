//! The public API, as the demo's agents and its check use it.

use anyhow::{Context as _, bail};
use reqwest::{Method, Response};
use serde_json::{Value, json};
use uuid::Uuid;

/// Somebody who is signed in.
#[derive(Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
}

impl Client {
    /// Signs in as a person.
    pub async fn sign_in(
        http: &reqwest::Client,
        base: &str,
        name: &str,
        password: &str,
    ) -> anyhow::Result<Self> {
        let mut client = Self {
            http: http.clone(),
            base: base.to_owned(),
            token: String::new(),
        };
        let body = json!({ "name": name, "password": password });
        let session = client.post("/session", &body).await?;
        let token = session.get("token").and_then(Value::as_str);
        token
            .context("the session has no token")?
            .clone_into(&mut client.token);
        Ok(client)
    }

    /// Reads.
    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let response = self.request(Method::GET, path).send().await?;
        answer(path, response).await
    }

    /// Asks for something, once however often the request is repeated.
    pub async fn post(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let request = self.request(Method::POST, path).json(body);
        let key = Uuid::now_v7().to_string();
        let response = request.header("idempotency-key", key).send().await?;
        answer(path, response).await
    }

    /// Changes something.
    pub async fn put(&self, path: &str, body: &Value) -> anyhow::Result<Value> {
        let response = self.request(Method::PUT, path).json(body).send().await?;
        answer(path, response).await
    }

    /// Takes something away.
    pub async fn delete(&self, path: &str) -> anyhow::Result<Value> {
        let response = self.request(Method::DELETE, path).send().await?;
        answer(path, response).await
    }

    /// Opens the event stream after an event.
    pub async fn events(&self, after: u64) -> anyhow::Result<Response> {
        let path = format!("/events?after={after}");
        Ok(self
            .request(Method::GET, &path)
            .send()
            .await?
            .error_for_status()?)
    }

    /// All items of a listing.
    pub async fn all(&self, path: &str, cursor: &str) -> anyhow::Result<Vec<Value>> {
        let mut items = Vec::new();
        let mut next: Option<String> = None;
        loop {
            let page = match &next {
                None => self.get(path).await?,
                Some(next) => {
                    let sign = if path.contains('?') { '&' } else { '?' };
                    self.get(&format!("{path}{sign}{cursor}={next}")).await?
                }
            };
            // Short listings are whole.
            if let Value::Array(whole) = page {
                return Ok(whole);
            }
            if let Some(part) = page.get("items").and_then(Value::as_array) {
                items.extend(part.iter().cloned());
            }
            next = page.get("next").and_then(Value::as_str).map(str::to_owned);
            if next.is_none() {
                return Ok(items);
            }
        }
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self
            .http
            .request(method, format!("{}/api/v1{path}", self.base));
        if self.token.is_empty() {
            request
        } else {
            request.bearer_auth(&self.token)
        }
    }
}

async fn answer(path: &str, response: Response) -> anyhow::Result<Value> {
    let status = response.status();
    let body = response.bytes().await?;
    if !status.is_success() {
        bail!("{path}: {status}: {}", String::from_utf8_lossy(&body));
    }
    if body.is_empty() {
        return Ok(Value::Null);
    }
    serde_json::from_slice(&body).with_context(|| format!("the answer of {path}"))
}
