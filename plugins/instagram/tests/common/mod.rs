//! What the tests share: a channel, deliveries, and actions.
#![allow(dead_code, reason = "each test uses a part")]

use linecard_graph::testing::{host, signed};
use linecard_instagram::Instagram;
use linecard_sdk::actions::{Action, ActionRequest, Failure, Outcome, Outgoing};
use linecard_sdk::connector::{Channel, Connector as _, Reception, Rejection};
use linecard_sdk::events::Identity;
use linecard_sdk::testing::DEFAULT_NOW;
use serde_json::{Value, json};

pub const ACCOUNT: &str = "17841400000000001";
pub const USER: &str = "5614879";
pub const MEDIA: &str = "18000000000000001";
pub const HOUR: u64 = 3_600_000;
/// A second before the test host's clock, in milliseconds.
pub const THEN: u64 = DEFAULT_NOW - 1000;

pub fn channel() -> Channel {
    channel_with(json!({}))
}

pub fn channel_with(more: Value) -> Channel {
    let mut config = json!({ "account_id": ACCOUNT });
    if let (Some(config), Value::Object(more)) = (config.as_object_mut(), more) {
        config.extend(more);
    }
    Channel::new("instagram-1", &config)
}

pub fn receive(body: impl Into<Vec<u8>>) -> Result<Reception, Rejection> {
    let _host = host().install();
    Instagram::receive(&channel(), &signed(body))
}

/// An item from the customer.
pub fn from_customer(message: Value) -> Value {
    json!({ "sender": { "id": USER }, "recipient": { "id": ACCOUNT }, "timestamp": THEN, "message": message })
}

pub fn request(action: Action) -> ActionRequest {
    ActionRequest {
        id: "0199a3f0-0000-7000-8000-000000000001".to_owned(),
        attempt: 1,
        uncertain_before: false,
        thread: format!("{ACCOUNT}:{USER}"),
        recipient: Some(Identity::new(USER)),
        last_inbound: Some(DEFAULT_NOW - HOUR),
        by_human: true,
        progress: Vec::new(),
        action,
    }
}

pub fn text(text: &str) -> ActionRequest {
    request(Action::SendMessage(Outgoing::text(text)))
}

pub fn perform(request: &ActionRequest) -> Result<Outcome, Failure> {
    Instagram::perform(&channel(), request)
}
