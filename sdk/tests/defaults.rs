//! What a connector that writes only `describe` and `receive` does, and what values look like as JSON.

use linecard_sdk::http::Response;
use linecard_sdk::prelude::*;
use serde_json::json;

struct Quiet;

impl Connector for Quiet {
    fn describe() -> Manifest {
        Manifest::connector("quiet", "0.1.0", "Quiet", ConnectorManifest::default())
    }

    fn receive(_: &Channel, _: &WebhookRequest) -> Result<Reception, Rejection> {
        Ok(Reception::answer(WebhookResponse::text("hi").status(202)))
    }
}

linecard_sdk::export_connector!(Quiet);

fn channel() -> Channel {
    Channel::new("quiet-1", &json!({ "page": 7 }))
}

#[test]
fn what_is_not_written_is_unsupported() {
    let request = ActionRequest {
        id: "a".to_owned(),
        attempt: 1,
        uncertain_before: false,
        thread: "t".to_owned(),
        recipient: None,
        last_inbound: None,
        by_human: true,
        progress: Vec::new(),
        action: Action::Follow,
    };
    assert!(matches!(
        Quiet::poll(&channel(), &[]),
        Err(Failure::Unsupported(_))
    ));
    assert!(matches!(
        Quiet::perform(&channel(), &request),
        Err(Failure::Unsupported(_))
    ));
    assert_eq!(
        Quiet::resolve_profile(&channel(), &Identity::new("u")),
        Ok(None)
    );
    assert!(matches!(
        Quiet::probe(&channel()),
        Err(Failure::Unsupported(_))
    ));
    assert!(matches!(
        Quiet::templates(&channel()),
        Err(Failure::Unsupported(_))
    ));
    assert!(matches!(request.recipient_id(), Err(Failure::Rejected(_))));
}

#[test]
fn a_configuration_that_does_not_fit_names_the_channel_and_the_place() {
    #[derive(Debug, serde::Deserialize)]
    struct Config {
        #[allow(dead_code, reason = "only read, to fail")]
        page: String,
    }
    let error = channel().config::<Config>().unwrap_err();
    assert!(
        error.text.contains("quiet-1") && error.text.contains("/page"),
        "{}",
        error.text
    );
    assert!(matches!(Failure::from(error), Failure::Unauthorized(_)));
}

#[test]
fn serialized_events_are_as_the_hub_writes_them() {
    let event = Event::new(
        "e1",
        1_767_225_600_000,
        EventKind::MessageCreated(Message::text("m1", "Hi")),
    )
    .thread(Thread::private("t1"));
    let written = serde_json::to_value(&event).unwrap();
    assert_eq!(written["time"], "2026-01-01T00:00:00.000Z");
    assert_eq!(written["kind"]["message_created"]["text"], "Hi");
    assert_eq!(written["thread"]["visibility"], "private");
    assert_eq!(serde_json::from_value::<Event>(written).unwrap(), event);
}

#[test]
fn bytes_are_text_if_they_can_be() {
    let written =
        |body: &[u8]| serde_json::to_value(Response::new(200, body)).unwrap()["body"].clone();
    assert_eq!(written(b"hi"), "hi");
    assert_eq!(written(&[0xff]), json!({ "base64": "/w==" }));
    let read: Response =
        serde_json::from_value(json!({ "status": 200, "body": { "base64": "/w==" } })).unwrap();
    assert_eq!(read.body, [0xff]);
}
