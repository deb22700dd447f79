//! What the tests of the WhatsApp number share: a hub, the number, and calls to it.

use linecard_simulator::Profile;
use linecard_simulator::whatsapp::{Incoming, WhatsAppOptions, WhatsAppSimulator};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::hub::Hub;

pub const ADA: &str = "16505551234";
pub const TOKEN: &str = "simulated-whatsapp-token";

/// A hub and a number; Ada has written once.
pub struct Pair {
    pub hub: Hub,
    pub network: WhatsAppSimulator,
    client: reqwest::Client,
}

impl Pair {
    pub async fn start(options: WhatsAppOptions) -> anyhow::Result<Self> {
        let hub = Hub::start().await?;
        let network = WhatsAppSimulator::start(WhatsAppOptions {
            callback_url: Some(hub.url("/webhook")),
            ..options
        })
        .await?;
        network.add_customer(
            ADA,
            Profile {
                nickname: Some("ada.brooks".to_owned()),
                ..Profile::named("Ada", "Brooks")
            },
        );
        let pair = Self {
            hub,
            network,
            client: reqwest::Client::new(),
        };
        let delivery = pair.network.say(ADA, Incoming::text("Hello")).await;
        assert!(delivery.acknowledged, "{delivery:?}");
        Ok(pair)
    }

    /// A call with the token.
    pub fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, format!("{}/v27.0/{path}", self.network.base_url()))
            .bearer_auth(TOKEN)
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        answered(self.call(Method::GET, path)).await
    }

    /// Posts to the number's messages.
    pub async fn send(&self, body: Value) -> (u16, Value) {
        let path = format!("{}/messages", self.network.options().phone_number_id);
        answered(self.call(Method::POST, &path).json(&body)).await
    }

    /// Sends to Ada what stands in `type` and its member.
    pub async fn to_ada(&self, content: Value) -> (u16, Value) {
        let mut body = json!({ "messaging_product": "whatsapp", "to": ADA });
        for (name, value) in content.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        self.send(body).await
    }

    pub async fn text_to_ada(&self, text: &str) -> String {
        let (status, answer) = self
            .to_ada(json!({ "type": "text", "text": { "body": text } }))
            .await;
        assert_eq!(status, 200, "{answer}");
        answer["messages"][0]["id"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// All of one list of all values, in the order of arrival.
    pub fn told(&self, list: &str) -> Vec<Value> {
        let of = |change: &Value| change["value"][list].as_array().cloned();
        let changes = self.hub.changes();
        changes.iter().filter_map(of).flatten().collect()
    }

    /// The statuses of a message, when there are so many.
    pub async fn statuses(&self, id: &str, count: usize) -> Vec<Value> {
        let of = |_: &Hub| -> Vec<Value> {
            let mut all = self.told("statuses");
            all.retain(|status| status["id"] == id);
            all
        };
        self.hub
            .until("the statuses are there", |hub| of(hub).len() >= count)
            .await;
        of(&self.hub)
    }
}

pub async fn answered(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    let text = response.text().await.unwrap_or_default();
    (
        status,
        serde_json::from_str(&text).unwrap_or(Value::String(text)),
    )
}

/// The code of a refusal and its details.
pub fn refusal(answer: &(u16, Value)) -> (u16, u64, &str) {
    let error = &answer.1["error"];
    (
        answer.0,
        error["code"].as_u64().unwrap_or_default(),
        error["error_data"]["details"]
            .as_str()
            .or_else(|| error["message"].as_str())
            .unwrap_or_default(),
    )
}
