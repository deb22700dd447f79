//! What the tests share: a channel, calls and actions.
#![allow(dead_code, reason = "each test uses a part")]

use linecard_open_messaging::OpenMessaging;
use linecard_sdk::actions::{Action, ActionRequest, Failure, Outcome};
use linecard_sdk::connector::{Channel, Connector as _, Reception, Rejection, WebhookRequest};
use linecard_sdk::events::{Event, Identity};
use linecard_sdk::http::Body;
use linecard_sdk::testing::{DEFAULT_NOW, TestHost};
use serde_json::{Value, json};

pub const INTEGRATION: &str = "34071108-1569-4cb0-9137-a326b8a9e815";
pub const PERSON: &str = "ann@example.com";
pub const TIME: &str = "2026-01-20T12:00:00.1234567Z";
pub const TIME_MS: u64 = 1_768_910_400_123;
pub const WEBHOOK: &str = "https://middleware.example/hook";
pub const ACTION: &str = "0199a3f0-0000-7000-8000-000000000001";

pub fn channel() -> Channel {
    channel_of(INTEGRATION)
}

pub fn channel_of(integration: &str) -> Channel {
    Channel::new(
        "om-1",
        &json!({
            "integration_id": integration,
            "notification_url": WEBHOOK,
            "nickname": "Acme",
            "notification_headers": { "X-Tenant": "t-1" },
        }),
    )
}

/// A call that the hub's API has authenticated.
pub fn api(path: &str, body: impl Into<Vec<u8>>) -> WebhookRequest {
    let mut request =
        WebhookRequest::post(body).with_header("linecard-authenticated", "open-messaging-api");
    path.clone_into(&mut request.path);
    request
}

pub fn take(path: &str, body: &Value) -> Result<Reception, Rejection> {
    let _host = TestHost::new().install();
    OpenMessaging::receive(&channel(), &api(path, body.to_string()))
}

/// The only event of a call, and the answer.
pub fn event(path: &str, body: &Value) -> (Event, Value) {
    let mut reception = take(path, body).unwrap();
    let answer = serde_json::from_slice(&reception.response.body).unwrap();
    assert_eq!(reception.response.status, 200, "{answer}");
    assert_eq!(reception.events.len(), 1, "{:#?}", reception.events);
    (reception.events.remove(0), answer)
}

/// A body from the customer.
pub fn from_customer(members: Value) -> Value {
    let mut body = json!({ "channel": {
        "messageId": "m-1",
        "from": { "id": PERSON, "idType": "email", "nickname": "ann", "firstName": "Ann", "lastName": "Example", "image": "https://x.example/a.png" },
        "time": TIME,
    } });
    if let (Some(body), Value::Object(members)) = (body.as_object_mut(), members) {
        body.extend(members);
    }
    body
}

pub fn request(action: Action) -> ActionRequest {
    let mut recipient = Identity::new(PERSON);
    recipient.aliases.push(linecard_sdk::events::Alias {
        kind: "email".into(),
        value: PERSON.into(),
    });
    ActionRequest {
        id: ACTION.to_owned(),
        attempt: 1,
        uncertain_before: false,
        thread: format!("{INTEGRATION}:{PERSON}"),
        recipient: Some(recipient),
        last_inbound: Some(DEFAULT_NOW),
        by_human: true,
        progress: Vec::new(),
        action,
    }
}

pub fn perform(request: &ActionRequest) -> Result<Outcome, Failure> {
    OpenMessaging::perform(&channel(), request)
}

pub fn host() -> TestHost {
    TestHost::new().secret("notification-signature", "a-long-enough-secret-token")
}

pub fn body_of(request: &linecard_sdk::http::Request) -> &[u8] {
    match &request.body {
        Body::Bytes(bytes) => bytes,
        other => panic!("not bytes: {other:?}"),
    }
}
