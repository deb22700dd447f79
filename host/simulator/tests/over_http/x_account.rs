//! An account on a simulated X, and the calls that a hub makes for it.

use std::time::Duration;

use linecard_simulator::Profile;
use linecard_simulator::x::{Incoming, XOptions, XSimulator};
use reqwest::{Client, Method};
use serde_json::Value;

/// A customer's id.
pub const ANN: &str = "1500000000000000001";

/// A simulated X with one customer, and a client of its API.
pub struct Account {
    pub x: XSimulator,
    pub client: Client,
}

impl Account {
    pub async fn start() -> anyhow::Result<Self> {
        Self::with(XOptions::default()).await
    }

    pub async fn with(options: XOptions) -> anyhow::Result<Self> {
        let x = XSimulator::start(options).await?;
        x.add_customer(
            ANN,
            Profile {
                nickname: Some("ann".to_owned()),
                ..Profile::named("Ann", "Lee")
            },
        );
        Ok(Self {
            x,
            client: Client::builder().no_proxy().build()?,
        })
    }

    pub async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<(u16, Value)> {
        self.call_as("simulated-user-token", method, path, body)
            .await
    }

    pub async fn call_as(
        &self,
        token: &str,
        method: Method,
        path: &str,
        body: Option<Value>,
    ) -> anyhow::Result<(u16, Value)> {
        let mut request = self
            .client
            .request(method, format!("{}{path}", self.x.base_url()))
            .bearer_auth(token)
            .timeout(Duration::from_secs(2));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await?;
        Ok((response.status().as_u16(), response.json().await?))
    }

    pub async fn get(&self, path: &str) -> anyhow::Result<(u16, Value)> {
        self.call(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> anyhow::Result<(u16, Value)> {
        self.call(Method::POST, path, Some(body)).await
    }

    pub async fn mention(&self, text: &str) -> String {
        self.x.say(ANN, Incoming::mention(text)).await.message_id
    }
}
