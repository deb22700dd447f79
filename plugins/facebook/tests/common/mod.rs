//! What the tests share: a channel, deliveries, and actions.
#![allow(dead_code, reason = "each test uses a part")]

use linecard_facebook::Facebook;
pub use linecard_graph::testing::{host, signed};
use linecard_sdk::actions::{Action, ActionRequest, Failure, Outcome};
use linecard_sdk::connector::{Channel, Connector as _, Reception, Rejection};
use linecard_sdk::events::{Event, Identity};
use linecard_sdk::testing::DEFAULT_NOW;
use serde_json::{Value, json};

pub const PAGE: &str = "100000000000001";
pub const POST: &str = "100000000000001_500";
pub const HOUR: u64 = 3_600_000;
/// A second before the test host's clock, in seconds.
pub const THEN: u64 = DEFAULT_NOW / 1000 - 1;

pub fn channel() -> Channel {
    channel_with(json!({}))
}

pub fn channel_with(more: Value) -> Channel {
    let mut config = json!({ "page_id": PAGE });
    if let (Some(config), Value::Object(more)) = (config.as_object_mut(), more) {
        config.extend(more);
    }
    Channel::new("facebook-1", &config)
}

pub fn receive(body: impl Into<Vec<u8>>) -> Result<Reception, Rejection> {
    let _host = host().install();
    Facebook::receive(&channel(), &signed(body))
}

/// The events of one change of the field `feed`.
pub fn events(value: Value) -> Vec<Event> {
    let change = json!({ "field": "feed", "value": value });
    let entry = json!({ "id": PAGE, "time": THEN + 1, "changes": [change] });
    let body = json!({ "object": "page", "entry": [entry] });
    receive(body.to_string()).unwrap().events
}

/// The only event of a change.
pub fn event(value: Value) -> Event {
    let mut events = events(value);
    assert_eq!(events.len(), 1, "{events:#?}");
    events.remove(0)
}

/// A comment that a webhook brings.
pub fn comment(more: Value) -> Value {
    let mut value = json!({ "item": "comment", "verb": "add", "comment_id": "500_601", "post_id": POST,
        "parent_id": POST, "from": { "id": "7001", "name": "Ann" }, "created_time": THEN, "message": "Hi" });
    if let (Some(value), Value::Object(more)) = (value.as_object_mut(), more) {
        value.extend(more);
    }
    value
}

pub fn request(action: Action) -> ActionRequest {
    ActionRequest {
        id: "0199a3f0-0000-7000-8000-000000000001".to_owned(),
        attempt: 1,
        uncertain_before: false,
        thread: POST.to_owned(),
        recipient: Some(Identity::new("7001")),
        last_inbound: Some(DEFAULT_NOW - HOUR),
        by_human: true,
        progress: Vec::new(),
        action,
    }
}

pub fn perform(request: &ActionRequest) -> Result<Outcome, Failure> {
    Facebook::perform(&channel(), request)
}
