//! What the tests share: a channel, signed deliveries, and actions.
#![allow(dead_code, reason = "each test uses a part")]

use linecard_sdk::actions::{Action, ActionRequest};
use linecard_sdk::connector::{Channel, Connector as _, Reception, Rejection, WebhookRequest};
use linecard_sdk::encode;
use linecard_sdk::events::Identity;
use linecard_sdk::secrets::Algorithm;
use linecard_sdk::testing::{TestHost, hmac_of};
use linecard_x::X;
use serde_json::{Value, json};

pub const ME: &str = "1001";
pub const CUSTOMER: &str = "2002";
pub const HEADER: &str = "x-twitter-webhooks-signature";

pub fn channel(user_id: &str, more: Value) -> Channel {
    let mut config = json!({ "user_id": user_id, "username": "acme" });
    if let (Some(config), Value::Object(more)) = (config.as_object_mut(), more) {
        config.extend(more);
    }
    Channel::new("x-1", &config)
}

pub fn host() -> TestHost {
    TestHost::new().secret("consumer-secret", "consumer-secret")
}

pub fn receive(user_id: &str, body: &str) -> Result<Reception, Rejection> {
    let mac = hmac_of(Algorithm::Sha256, b"consumer-secret", body.as_bytes());
    let header = format!("sha256={}", encode::base64(&mac));
    let _host = host().install();
    let request = WebhookRequest::post(body).with_header(HEADER, header);
    X::receive(&channel(user_id, json!({})), &request)
}

pub fn request(action: Action) -> ActionRequest {
    ActionRequest {
        id: "0199a3f0-0000-7000-8000-000000000001".to_owned(),
        attempt: 1,
        uncertain_before: false,
        thread: "1001-2002".to_owned(),
        recipient: Some(Identity::new(CUSTOMER)),
        last_inbound: None,
        by_human: true,
        progress: Vec::new(),
        action,
    }
}
