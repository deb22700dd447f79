//! Every recorded payload and signature that is at hand.

mod common;

use common::*;
use linecard_open_messaging::OpenMessaging;
use linecard_sdk::actions::{Action, Outgoing};
use linecard_sdk::connector::{Connector as _, Rejection, WebhookRequest};
use linecard_sdk::encode;
use linecard_sdk::events::{Event, EventKind};
use linecard_sdk::http::Response;
use linecard_sdk::secrets::{self, Algorithm};
use linecard_sdk::testing::TestHost;
use serde_json::Value;
use std::path::PathBuf;

/// Recorded material beside the workspace, if this machine has it.
fn recorded(path: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/platforms")
        .join(path);
    let there = path.exists();
    if !there {
        println!("skipped: there is no recorded material here");
    }
    there.then_some(path)
}

fn samples() -> Vec<(String, Value)> {
    let Some(folder) = recorded("samples/open_messaging") else {
        return Vec::new();
    };
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            (
                name,
                serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap(),
            )
        })
        .collect()
}

fn kinds(events: &[Event]) -> String {
    let name = |event: &Event| match &event.kind {
        EventKind::Other(name) => format!("other({name})"),
        other => {
            let text = format!("{other:?}");
            text.trim_start_matches("EventKind::")
                .split('(')
                .next()
                .unwrap_or_default()
                .to_owned()
        }
    };
    events.iter().map(name).collect::<Vec<_>>().join(", ")
}

#[test]
fn every_recorded_inbound_call_is_understood() {
    let expected = [
        ("firebase-legacy-inbound-attachment.json", "MessageCreated"),
        ("gcloudcx-inbound-attachment-image.json", "MessageCreated"),
        ("gcloudcx-inbound-buttonresponse.json", "Postback"),
        ("gcloudcx-inbound-receipt-delivered.json", "Receipt"),
        ("gcloudcx-inbound-text.json", "MessageCreated"),
        (
            "ionic-blueprint-legacy-inbound-image.json",
            "MessageCreated",
        ),
        (
            "msagents-inbound-attachment-no-contenttype.json",
            "MessageCreated",
        ),
        ("msagents-inbound-text-null-content.json", "MessageCreated"),
        ("slack-blueprint-legacy-inbound.json", "MessageCreated"),
    ];
    let samples = samples();
    let mut found = 0;
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
            assert_eq!(kinds(&reception.events), *kind, "{file}");
            assert!(
                reception.events[0].thread.is_some() && reception.events[0].time > 0,
                "{file}"
            );
            found += 1;
        }
    }
    assert!(samples.is_empty() || found == expected.len());
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
    let Some((_, recorded)) = samples()
        .into_iter()
        .find(|(name, _)| name == "gcloudcx-outbound-text.json")
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
    let Some(path) = recorded("specs/signature-vectors.json") else {
        return;
    };
    let vectors: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
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
