//! What the tests share: a channel, deliveries, and actions.
#![allow(dead_code, reason = "each test uses a part")]

use linecard_graph::testing::{host, signed};
use linecard_sdk::actions::{Action, ActionRequest, Failure, Outcome, Outgoing};
use linecard_sdk::connector::{Channel, Connector as _, Reception, Rejection};
use linecard_sdk::events::{Alias, Event, Identity};
use linecard_sdk::http::Response;
use linecard_sdk::testing::DEFAULT_NOW;
use linecard_whatsapp::WhatsApp;
use serde_json::{Value, json};

pub const NUMBER: &str = "100000000000001";
pub const WABA: &str = "200000000000002";
pub const PHONE: &str = "15550001111";
pub const USER_ID: &str = "US.13491208655302741918";
pub const ACTION: &str = "0199a3f0-0000-7000-8000-000000000001";
pub const HOUR: u64 = 3_600_000;
/// A second before the test host's clock, in milliseconds.
pub const THEN: u64 = DEFAULT_NOW - 1000;

pub fn channel() -> Channel {
    let config = json!({ "phone_number_id": NUMBER, "waba_id": WABA });
    Channel::new("whatsapp-1", &config)
}

pub fn receive(body: impl Into<Vec<u8>>) -> Result<Reception, Rejection> {
    let _host = host().install();
    WhatsApp::receive(&channel(), &signed(body))
}

/// A delivery with one change of the field `messages`.
pub fn delivery(value: Value) -> Value {
    let mut whole = json!({ "messaging_product": "whatsapp",
        "metadata": { "display_phone_number": "15550009999", "phone_number_id": NUMBER } });
    if let (Some(whole), Value::Object(value)) = (whole.as_object_mut(), value) {
        whole.extend(value);
    }
    json!({ "object": "whatsapp_business_account", "entry": [
        { "id": WABA, "time": THEN / 1000, "changes": [{ "field": "messages", "value": whole }] },
    ] })
}

pub fn events(value: Value) -> Vec<Event> {
    receive(delivery(value).to_string()).unwrap().events
}

/// The only event of a value.
pub fn event(value: Value) -> Event {
    let mut events = events(value);
    assert_eq!(events.len(), 1, "{events:#?}");
    events.remove(0)
}

/// A message of a customer known by the number alone.
pub fn from_customer(members: Value) -> Value {
    let mut item =
        json!({ "from": PHONE, "id": "wamid.1", "timestamp": (THEN / 1000).to_string() });
    if let (Some(item), Value::Object(members)) = (item.as_object_mut(), members) {
        item.extend(members);
    }
    item
}

pub fn request(action: Action) -> ActionRequest {
    ActionRequest {
        id: ACTION.to_owned(),
        attempt: 1,
        uncertain_before: false,
        thread: format!("{NUMBER}:{PHONE}"),
        recipient: Some(Identity::new(PHONE)),
        last_inbound: Some(DEFAULT_NOW - HOUR),
        by_human: true,
        progress: Vec::new(),
        action,
    }
}

/// A person with a user id whose number is known too.
pub fn by_user_id() -> Identity {
    let phone = Alias {
        kind: "phone".to_owned(),
        value: PHONE.to_owned(),
    };
    Identity {
        aliases: vec![phone],
        ..Identity::new(USER_ID)
    }
}

pub fn send(outgoing: Outgoing) -> ActionRequest {
    request(Action::SendMessage(outgoing))
}

pub fn text(text: &str) -> ActionRequest {
    send(Outgoing::text(text))
}

pub fn perform(request: &ActionRequest) -> Result<Outcome, Failure> {
    WhatsApp::perform(&channel(), request)
}

pub fn taken(id: &str) -> Response {
    let body = json!({ "messaging_product": "whatsapp",
        "contacts": [{ "input": PHONE, "wa_id": PHONE }], "messages": [{ "id": id }] });
    Response::new(200, body.to_string())
}

pub fn refused(code: i64, details: &str) -> Response {
    let error = json!({ "message": format!("(#{code}) Graph's words"), "type": "OAuthException", "code": code,
        "error_data": { "messaging_product": "whatsapp", "details": details }, "fbtrace_id": "AbC" });
    Response::new(400, json!({ "error": error }).to_string())
}
