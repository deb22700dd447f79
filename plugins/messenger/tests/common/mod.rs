//! What the tests share: a channel, signed requests, and actions.
#![allow(dead_code, reason = "each test uses a part")]

pub use linecard_graph::testing::{host, signed};
use linecard_messenger::Messenger;
use linecard_sdk::actions::{Action, ActionRequest, Failure, Outcome, Outgoing};
use linecard_sdk::connector::{Channel, Connector as _, Reception, Rejection};
use linecard_sdk::events::{Event, EventKind, Identity};
use linecard_sdk::testing::DEFAULT_NOW;
use serde_json::{Value, json};

pub const PAGE: &str = "100000000000001";
pub const PSID: &str = "6001";
pub const HOUR: u64 = 3_600_000;
/// A second before the test host's clock.
pub const THEN: u64 = DEFAULT_NOW - 1000;

pub fn channel() -> Channel {
    channel_with(json!({}))
}

pub fn channel_with(more: Value) -> Channel {
    let mut config = json!({ "page_id": PAGE });
    if let (Some(config), Value::Object(more)) = (config.as_object_mut(), more) {
        config.extend(more);
    }
    Channel::new("messenger-1", &config)
}

pub fn receive(body: impl Into<Vec<u8>>) -> Result<Reception, Rejection> {
    let _host = host().install();
    Messenger::receive(&channel(), &signed(body))
}

/// The events of one item in this page's entry.
pub fn events(item: Value) -> Vec<Event> {
    let body = json!({ "object": "page", "entry": [{ "id": PAGE, "time": THEN + 500, "messaging": [item] }] });
    receive(body.to_string()).unwrap().events
}

/// The only event of an item.
pub fn event(item: Value) -> Event {
    let mut events = events(item);
    assert_eq!(events.len(), 1, "{events:#?}");
    events.remove(0)
}

/// An item from the customer.
pub fn from_customer(members: Value) -> Value {
    let mut item =
        json!({ "sender": { "id": PSID }, "recipient": { "id": PAGE }, "timestamp": THEN });
    if let (Some(item), Value::Object(members)) = (item.as_object_mut(), members) {
        item.extend(members);
    }
    item
}

pub fn message(members: Value) -> linecard_sdk::events::Message {
    match event(from_customer(json!({ "message": members }))).kind {
        EventKind::MessageCreated(message) => message,
        other => panic!("not a message: {other:?}"),
    }
}

pub fn request(action: Action) -> ActionRequest {
    ActionRequest {
        id: "0199a3f0-0000-7000-8000-000000000001".to_owned(),
        attempt: 1,
        uncertain_before: false,
        thread: format!("{PAGE}:{PSID}"),
        recipient: Some(Identity::new(PSID)),
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
    Messenger::perform(&channel(), request)
}
