//! Every recorded payload and signature that is at hand.

use crate::common::*;
use linecard_graph::testing::{
    Awkward, Calls, Neighbour, Sample, check_answers, check_awkward, check_large_delivery, files,
    kind_name, print_row, recorded, said, samples,
};
use linecard_open_messaging::OpenMessaging;
use linecard_sdk::actions::{Action, Outgoing};
use linecard_sdk::connector::{Connector as _, Rejection, WebhookRequest};
use linecard_sdk::encode;
use linecard_sdk::events::Event;
use linecard_sdk::http::Response;
use linecard_sdk::secrets::{self, Algorithm};
use linecard_sdk::testing::TestHost;
use serde_json::{Value, json};

fn kinds(events: &[Event]) -> String {
    let names: Vec<String> = events.iter().map(|event| kind_name(&event.kind)).collect();
    names.join(", ")
}

#[test]
fn every_recorded_inbound_call_is_understood() {
    let expected = [
        ("firebase-legacy-inbound-attachment", "MessageCreated"),
        ("gcloudcx-inbound-attachment-image", "MessageCreated"),
        ("gcloudcx-inbound-buttonresponse", "Postback"),
        ("gcloudcx-inbound-receipt-delivered", "Receipt"),
        ("gcloudcx-inbound-text", "MessageCreated"),
        ("ionic-blueprint-legacy-inbound-image", "MessageCreated"),
        (
            "msagents-inbound-attachment-no-contenttype",
            "MessageCreated",
        ),
        ("msagents-inbound-text-null-content", "MessageCreated"),
        ("slack-blueprint-legacy-inbound", "MessageCreated"),
    ];
    let samples = files("samples/open_messaging");
    let mut found = 0;
    let mut counts = std::collections::BTreeMap::new();
    for (file, sample) in &samples {
        let inbound = expected.iter().find(|(name, _)| name == file);
        let integration = match inbound {
            Some((_, "Receipt")) => &sample["channel"]["from"]["id"],
            _ => &sample["channel"]["to"]["id"],
        };
        let channel = channel_of(integration.as_str().unwrap_or(INTEGRATION));
        let _host = TestHost::new().install();
        // The older endpoint tells the kinds apart by the body.
        let outcome = OpenMessaging::receive(&channel, &api("", sample.to_string()));
        let told = match &outcome {
            Ok(reception) => format!("{} {}", reception.response.status, kinds(&reception.events)),
            Err(rejection) => format!("{rejection:?}"),
        };
        println!("{file:60} {told}");
        if let Some((_, kind)) = inbound {
            let reception = outcome.unwrap();
            for event in &reception.events {
                *counts.entry(kind_name(&event.kind)).or_default() += 1;
            }
            assert_eq!(kinds(&reception.events), *kind, "{file}");
            assert!(
                reception.events[0].thread.is_some() && reception.events[0].time > 0,
                "{file}"
            );
            found += 1;
        }
    }
    print_row("open_messaging", found, &counts);
    assert!(samples.is_empty() || found == expected.len());
}

/// An attachment in the list of contents: a message is what such a call is about.
fn neighbours(sample: &Sample) -> Vec<Neighbour> {
    if !sample.body["content"].is_array() {
        return Vec::new();
    }
    vec![Neighbour {
        list: "/content".to_owned(),
        // What kind of call it is, and from whom.
        needs: ["/type", "/channel", "/direction"]
            .map(str::to_owned)
            .to_vec(),
        make: Box::new(|word| {
            let file = json!({ "mediaType": "File", "url": format!("https://x.example/{word}") });
            json!({ "contentType": "Attachment", "attachment": file })
        }),
    }]
}

fn awkward() -> Awkward {
    Awkward {
        network: "open_messaging",
        request: |body| api("", body),
        secrets: &[],
        neighbours,
        // A body without what it must have is answered as the public platform does.
        statuses: &[200, 400],
    }
}

#[test]
fn a_call_with_too_many_events_is_read_in_part_and_kept() {
    let event = |word: &str| json!({ "eventType": word });
    let whole = |events| {
        json!({ "channel": { "messageId": "m", "time": "2026-01-01T00:00:00Z", "from": { "id": "ann" },
            "to": { "id": INTEGRATION } }, "events": events })
    };
    let this_crate = linecard_testkit::this_crate!();
    let config = json!({ "integration_id": INTEGRATION, "notification_url": WEBHOOK });
    check_large_delivery(&this_crate, &awkward(), config, event, whole);
}

#[test]
fn awkward_values_cost_nothing_but_themselves() {
    let this_crate = linecard_testkit::this_crate!();
    let own = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let inbound = ["firebase-legacy-inbound", "inbound", "msagents", "slack"];
    let mut all = samples("samples/open_messaging", own, |body| {
        let to = body.pointer("/channel/to/id")?.as_str()?;
        Some(json!({ "integration_id": to, "notification_url": WEBHOOK }))
    });
    all.retain(|sample| {
        sample.config["integration_id"] == INTEGRATION
            || inbound.iter().any(|name| sample.name.contains(name))
    });
    check_awkward::<OpenMessaging>(&this_crate, &awkward(), &all);
}

/// The same and all others in the sandbox: as an inbound call, and as a middleware's answer.
#[test]
fn every_recorded_payload_is_taken_in_the_sandbox() {
    let this_crate = linecard_testkit::this_crate!();
    let config = json!({ "integration_id": INTEGRATION, "notification_url": WEBHOOK });
    let calls = Calls::new(
        config,
        json!({ "notification-signature": "a-long-enough-secret-token" }),
    )
    .action(
        "message",
        json!({ "send_message": said("x", json!([]), None) }),
    )
    .action("typing", json!({ "typing": true }));
    let became = check_answers(&this_crate, "samples/open_messaging", &calls, |body| {
        api("", body)
    });
    if became.is_empty() {
        return;
    }
    assert!(
        became.len() > 20,
        "only {} payloads were found",
        became.len()
    );
    assert_eq!(became["gcloudcx-inbound-text"]["message"], "1 sent");
    assert_eq!(
        became["oauth-error-authentication-failed"]["message"],
        "rejected"
    );
}

/// The paths of all members, with the type of each value.
fn shape(value: &Value, at: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                shape(value, &format!("{at}/{}", name.to_lowercase()), into);
            }
        }
        Value::Array(items) => items
            .iter()
            .for_each(|item| shape(item, &format!("{at}/[]"), into)),
        Value::String(_) => into.push(format!("{at} text")),
        Value::Number(_) => into.push(format!("{at} number")),
        other => into.push(format!("{at} {other}")),
    }
}

/// What is sent has no member that the recorded notification lacks, and lacks only what the hub has
/// nothing for.
#[test]
fn a_text_is_shaped_as_the_recorded_one() {
    let Some((_, recorded)) = files("samples/open_messaging")
        .into_iter()
        .find(|(name, _)| name == "gcloudcx-outbound-text")
    else {
        return;
    };
    let host = host().answer(Response::new(200, "")).install();
    perform(&request(Action::SendMessage(Outgoing::text("Hello World")))).unwrap();
    let sent: Value = serde_json::from_slice(body_of(&host.requests()[0])).unwrap();
    let (mut theirs, mut ours) = (Vec::new(), Vec::new());
    shape(&recorded, "", &mut theirs);
    shape(&sent, "", &mut ours);
    theirs.sort();
    ours.sort();
    assert_eq!(theirs, ours);
}

#[test]
fn every_signature_vector_holds_and_no_flipped_bit_does() {
    let Some(folder) = recorded("specs") else {
        return;
    };
    let text = std::fs::read_to_string(folder.join("signature-vectors.json")).unwrap();
    let vectors: Value = serde_json::from_str(&text).unwrap();
    let mut checked = 0;
    for vector in vectors["vectors"].as_array().unwrap() {
        if vector["platform"] != "genesys-open-messaging" {
            continue;
        }
        let text = |name: &str| vector[name].as_str().unwrap_or_default();
        let body = encode::from_hex(text("body_hex")).unwrap();
        let _host = TestHost::new()
            .secret("inbound-signature", text("secret"))
            .secret("notification-signature", text("secret"))
            .install();
        let mac = secrets::hmac("notification-signature", Algorithm::Sha256, &body).unwrap();
        assert_eq!(format!("sha256={}", encode::base64(&mac)), text("expected"));
        let refused = |body: &[u8]| {
            let request = WebhookRequest::post(body).with_header(text("header"), text("expected"));
            matches!(
                OpenMessaging::receive(&channel(), &request),
                Err(Rejection::BadSignature(_))
            )
        };
        assert!(!refused(&body));
        for bit in 0..body.len() * 8 {
            let mut flipped = body.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(refused(&flipped), "bit {bit}");
        }
        checked += 1;
    }
    assert!(checked >= 2, "only {checked} vectors were found");
}
