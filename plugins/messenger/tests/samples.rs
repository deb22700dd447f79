//! Every recorded payload, error and signature that is at hand: nothing traps, everything is told.

use crate::common::*;
use linecard_graph::testing::{
    Awkward, Calls, META_SECRETS, check_answers, check_awkward, check_large_delivery,
    check_samples, check_signature_vectors, files, meta_neighbours, said, samples,
};
use linecard_messenger::Messenger;
use linecard_sdk::http::Response;
use linecard_sdk::testing::TestHost;
use serde_json::{Value, json};

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
    let this_crate = linecard_testkit::this_crate!();
    let config = |page: &str| json!({ "page_id": page });
    let read = check_samples::<Messenger>(&this_crate, "samples/messenger", config, &OTHERS);
    assert!(read == 0 || read > 40, "only {read} webhooks were found");
}

fn neighbour(word: &str) -> Value {
    json!({ "sender": { "id": "6999" }, "recipient": { "id": "1" }, "timestamp": 1_767_225_600_000_u64,
        "message": { "mid": word, "text": "still here" } })
}

fn awkward() -> Awkward {
    Awkward {
        network: "messenger",
        request: signed,
        secrets: META_SECRETS,
        neighbours: |sample| meta_neighbours(sample, &[("messaging", neighbour)]),
        statuses: &[200],
    }
}

#[test]
fn a_delivery_with_too_many_items_is_read_in_part_and_kept() {
    let page = |items| json!({ "object": "page", "entry": [{ "id": PAGE, "time": 1_767_225_600, "messaging": items }] });
    let this_crate = linecard_testkit::this_crate!();
    let config = json!({ "page_id": PAGE });
    check_large_delivery(&this_crate, &awkward(), config, neighbour, page);
}

#[test]
fn awkward_values_cost_nothing_but_themselves() {
    let this_crate = linecard_testkit::this_crate!();
    let own = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let samples = samples("samples/messenger", own, |body| {
        let page = linecard_sdk::json::as_text(body.pointer("/entry/0/id")?)?;
        Some(json!({ "page_id": page }))
    });
    check_awkward::<Messenger>(&this_crate, &awkward(), &samples);
}

#[test]
fn every_recorded_refusal_is_classed() {
    let expected = [
        ("c-1-unknown-transient", "Transient"),
        ("c-10-2018278-window", "WindowClosed"),
        ("c-100-2018001-no-user", "Gone"),
        ("c-100-retired-tag", "Rejected"),
        ("c-10900-already-replied", "Rejected"),
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
        if let Some((_, expected)) = expected.iter().find(|(sample, _)| *sample == file) {
            assert_eq!(class, *expected, "{file}");
        }
    }
}

/// The same answers in the sandbox, in every kind of call.
#[test]
fn every_recorded_refusal_is_taken_in_the_sandbox() {
    let secrets =
        json!({ "app-secret": "app-secret", "verify-token": "v", "page-access-token": "t" });
    let calls = Calls::new(json!({ "page_id": PAGE }), secrets)
        .action(
            "message",
            json!({ "send_message": said("x", json!([]), None) }),
        )
        .action("seen", json!({ "mark_seen": "m_1" }))
        .action("typing", json!({ "typing": true }))
        .call("poll", json!({ "poll": {} }))
        .call(
            "profile",
            json!({ "resolve_profile": { "id": "6001", "aliases": [] } }),
        )
        .call("probe", json!({ "probe": {} }));
    let this_crate = linecard_testkit::this_crate!();
    let became = check_answers(&this_crate, "samples/graph_errors", &calls, signed);
    assert!(
        became.is_empty() || became.len() > 30,
        "only {} answers were found",
        became.len()
    );
    for (file, class) in [
        ("c-190-463-expired", "unauthorized"),
        ("c-613-rate", "throttled"),
    ] {
        let told = became.get(file).map(|calls| calls["message"].as_str());
        assert!(told.is_none_or(|told| told == class), "{file}: {told:?}");
    }
}

fn text_action() -> linecard_sdk::actions::ActionRequest {
    text("x")
}

#[test]
fn every_signature_vector_holds_and_no_flipped_bit_does() {
    let checked = check_signature_vectors::<Messenger>(&channel());
    assert!(
        checked == 0 || checked >= 5,
        "only {checked} vectors were found"
    );
}
