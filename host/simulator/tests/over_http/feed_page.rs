//! A page with a post, two visitors and no hub, and a client with its token.

use std::time::Duration;

use linecard_simulator::Profile;
use linecard_simulator::graph::{FeedAct, GraphOptions, GraphSimulator};
use reqwest::{Client, Method, Response};
use serde_json::Value;

pub const ADA: &str = "7000000000000001";
pub const BEN: &str = "7000000000000002";
pub const PAGE: &str = "100000000000001";

pub struct Page {
    pub simulator: GraphSimulator,
    pub client: Client,
    pub post: String,
}

impl Page {
    pub async fn start() -> anyhow::Result<Self> {
        Self::with(GraphOptions::default()).await
    }

    pub async fn with(options: GraphOptions) -> anyhow::Result<Self> {
        let simulator = GraphSimulator::start(options).await?;
        simulator.add_customer(ADA, Profile::named("Ada", "Brooks"));
        simulator.add_customer(BEN, Profile::named("Ben", "Carter"));
        let post = simulator.publish("We are open on Sunday.", &[]).id;
        Ok(Self {
            simulator,
            client: Client::builder().no_proxy().build()?,
            post,
        })
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}/v27.0/{path}", self.simulator.base_url())
    }

    pub async fn call(&self, method: Method, path: &str, body: &Value) -> anyhow::Result<Response> {
        let request = self
            .client
            .request(method, self.url(path))
            .bearer_auth("simulated-page-token")
            .timeout(Duration::from_secs(2));
        let request = if body.is_null() {
            request
        } else {
            request.json(body)
        };
        Ok(request.send().await?)
    }

    pub async fn json(
        &self,
        method: Method,
        path: &str,
        body: Value,
    ) -> anyhow::Result<(u16, Value)> {
        let response = self.call(method, path, &body).await?;
        Ok((response.status().as_u16(), response.json().await?))
    }

    pub async fn get(&self, path: &str) -> anyhow::Result<Value> {
        let (status, answer) = self.json(Method::GET, path, Value::Null).await?;
        assert_eq!(status, 200, "{path}: {answer}");
        Ok(answer)
    }

    pub async fn post(&self, path: &str, body: Value) -> anyhow::Result<(u16, Value)> {
        self.json(Method::POST, path, body).await
    }

    /// Somebody does something in the feed; the id of what is new.
    pub async fn act(&self, who: &str, what: FeedAct) -> String {
        let delivery = self.simulator.say(who, what).await;
        assert_eq!(
            delivery.problem.as_deref(),
            Some("no callback URL is set"),
            "it happened, and only the hub does not know"
        );
        delivery.message_id
    }

    pub async fn comment(&self, who: &str, text: &str) -> String {
        self.act(who, FeedAct::comment(&self.post, text)).await
    }
}

pub fn code(answer: &Value) -> (u64, Option<u64>) {
    (
        answer["error"]["code"].as_u64().unwrap_or_default(),
        answer["error"]["error_subcode"].as_u64(),
    )
}

pub fn texts(list: &Value) -> Vec<&str> {
    let data = list["data"].as_array().map(Vec::as_slice);
    data.unwrap_or_default()
        .iter()
        .map(|one| one["message"].as_str().unwrap_or_default())
        .collect()
}
