//! Every recorded payload, error and signature that is at hand: nothing traps, everything is told.

mod common;

use common::*;
use linecard_messenger::Messenger;
use linecard_sdk::connector::{Connector as _, Rejection, WebhookRequest};
use linecard_sdk::encode;
use linecard_sdk::events::EventKind;
use linecard_sdk::http::Response;
use linecard_sdk::secrets::Algorithm;
use linecard_sdk::testing::{TestHost, hmac_of};
use serde_json::{Value, json};
use std::path::PathBuf;

/// A folder of recorded material beside the workspace, if this machine has it.
fn recorded(folder: &str) -> Option<PathBuf> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/platforms")
        .join(folder);
    let there = path.exists();
    if !there {
        println!("skipped: there is no recorded material {folder} here");
    }
    there.then_some(path)
}

fn files(folder: &str) -> Vec<(String, Value)> {
    let Some(folder) = recorded(folder) else {
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

fn name(kind: &EventKind) -> String {
    match kind {
        EventKind::Other(name) => format!("other({name})"),
        other => {
            let text = format!("{other:?}");
            text.split(['(', ' '])
                .next()
                .unwrap_or_default()
                .trim_start_matches("EventKind::")
                .to_owned()
        }
    }
}

/// What has no better kind, by the member that says what happened.
const OTHERS: [&str; 12] = [
    "account_linking",
    "pass_thread_control",
    "take_thread_control",
    "request_thread_control",
    "app_roles",
    "payment",
    "checkout_update",
    "standby",
    "empty",
    "foo",
    "optin",
    "entry",
];

#[test]
fn every_recorded_webhook_is_understood() {
    let samples = files("samples/messenger");
    let mut read = 0;
    for (file, sample) in &samples {
        let Some(entries) = sample.get("entry").and_then(Value::as_array) else {
            continue;
        };
        let page = match &entries[0]["id"] {
            Value::String(id) => id.clone(),
            other => other.to_string(),
        };
        let _host = host().install();
        let channel = channel_with(json!({ "page_id": page }));
        let events = Messenger::receive(&channel, &signed(sample.to_string()))
            .unwrap()
            .events;
        let names: Vec<String> = events.iter().map(|event| name(&event.kind)).collect();
        println!("{file:60} {}", names.join(", "));
        assert!(!events.is_empty(), "{file}");
        for event in &events {
            assert!(
                !event.id.is_empty() && event.id.len() <= 512 && event.time > 0,
                "{file}"
            );
            assert!(serde_json::from_str::<Value>(&event.raw).is_ok(), "{file}");
            if let EventKind::Other(name) = &event.kind {
                assert!(OTHERS.contains(&name.as_str()), "{file}: {name}");
            }
        }
        read += 1;
    }
    assert!(
        samples.is_empty() || read > 40,
        "only {read} webhooks were found"
    );
}

#[test]
fn every_recorded_refusal_is_classed() {
    let expected = [
        ("c-1-unknown-transient", "Transient"),
        ("c-10-2018278-window", "WindowClosed"),
        ("c-100-2018001-no-user", "Gone"),
        ("c-100-retired-tag", "Rejected"),
        ("c-10900-already-replied", "done"),
        ("c-17-user-limit", "Throttled"),
        ("c-190-463-expired", "Unauthorized"),
        ("c-190-malformed", "Unauthorized"),
        ("c-200-230-pages-messaging", "Unauthorized"),
        ("c-2018108-user-blocked-page", "Gone"),
        ("c-32-page-limit", "Throttled"),
        ("c-429-no-body-retry-after", "Throttled"),
        ("c-613-rate", "Throttled"),
        ("c-80001-page-buc", "Throttled"),
        ("c-html-502", "Transient"),
        ("exampleError", "Unauthorized"),
        ("oauthExampleError", "Transient"),
        ("pyfb-error_data", "Rejected"),
    ];
    for (file, sample) in files("samples/graph_errors") {
        let (status, body, headers) = match sample.get("http_status") {
            Some(status) => (
                status.as_u64().unwrap(),
                &sample["body"],
                &sample["headers"],
            ),
            None => (400, &sample, &Value::Null),
        };
        let text = body
            .as_str()
            .map_or_else(|| body.to_string(), str::to_owned);
        let mut response = Response::new(u16::try_from(status).unwrap(), text);
        for (name, value) in headers.as_object().into_iter().flatten() {
            response
                .headers
                .push((name.clone(), value.as_str().unwrap().to_owned()));
        }
        let _host = TestHost::new().answer(response).install();
        let class = match perform(&text_action()) {
            Ok(outcome) => {
                assert!(outcome.already_done, "{file}");
                "done".to_owned()
            }
            Err(failure) => {
                let text = format!("{failure:?}");
                let text = text.trim_start_matches("Failure::");
                text.split('(').next().unwrap_or_default().to_owned()
            }
        };
        println!("{file:50} {class}");
        let name = file.trim_end_matches(".json");
        if let Some((_, expected)) = expected.iter().find(|(sample, _)| *sample == name) {
            assert_eq!(class, *expected, "{file}");
        }
    }
}

fn text_action() -> linecard_sdk::actions::ActionRequest {
    text("x")
}

#[test]
fn every_signature_vector_holds_and_no_flipped_bit_does() {
    let Some(folder) = recorded("specs") else {
        return;
    };
    let vectors: Value = serde_json::from_str(
        &std::fs::read_to_string(folder.join("signature-vectors.json")).unwrap(),
    )
    .unwrap();
    let mut checked = 0;
    for vector in vectors["vectors"].as_array().unwrap() {
        if vector["platform"] != "meta" || vector["header"] != "X-Hub-Signature-256" {
            continue;
        }
        let text = |name: &str| vector[name].as_str().unwrap_or_default();
        let body = encode::from_hex(text("body_hex")).unwrap();
        let check = |body: &[u8], headers: &[(&str, &str)]| {
            let _host = TestHost::new()
                .secret("app-secret", text("secret"))
                .install();
            let mut request = WebhookRequest::post(body);
            for (name, value) in headers {
                request = request.with_header(name, *value);
            }
            !matches!(
                Messenger::receive(&channel(), &request),
                Err(Rejection::BadSignature(_))
            )
        };
        assert!(
            check(&body, &[("X-Hub-Signature-256", text("expected"))]),
            "{vector}"
        );
        assert!(
            !check(
                &body,
                &[("X-Hub-Signature", text("legacy_header_X-Hub-Signature"))]
            ),
            "SHA-1 alone"
        );
        for bit in 0..body.len() * 8 {
            let mut flipped = body.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(
                !check(&flipped, &[("X-Hub-Signature-256", text("expected"))]),
                "bit {bit} of {vector}"
            );
        }
        let mac = hmac_of(Algorithm::Sha256, text("secret").as_bytes(), &body);
        assert_eq!(format!("sha256={}", encode::hex(&mac)), text("expected"));
        checked += 1;
    }
    assert!(checked >= 5, "only {checked} vectors were found");
}
