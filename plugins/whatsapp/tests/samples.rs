//! Every recorded payload and signature that is at hand: nothing traps, everything is told.

use linecard_graph::testing::{
    Calls, check_answers, check_signature_vectors, check_webhooks, said, signed,
};
use linecard_sdk::connector::Channel;
use linecard_whatsapp::WhatsApp;
use serde_json::{Value, json};

/// What is acknowledged and kept, but asks nothing of anybody.
const OTHERS: [&str; 14] = [
    "account_review_update",
    "business_username_update",
    "calls",
    "customer_identity_changed",
    "group-message",
    "group-status",
    "group_lifecycle_update",
    "group_participants_update",
    "group_settings_update",
    "message_template_quality_update",
    "message_template_status_update",
    "phone_number_name_update",
    "user_preferences",
    "status-deleted",
];

/// The channel that a payload is for: its number and its account.
fn config(sample: &Value) -> Value {
    let text = |pointer: &str| sample.pointer(pointer).and_then(Value::as_str);
    let number = text("/entry/0/changes/0/value/metadata/phone_number_id");
    let account = text("/entry/0/id");
    json!({ "phone_number_id": number.unwrap_or("1"), "waba_id": account.unwrap_or("1") })
}

#[test]
fn every_recorded_webhook_is_understood() {
    let this_crate = linecard_testkit::this_crate!();
    let read = check_webhooks::<WhatsApp>(&this_crate, "samples/whatsapp", config, &OTHERS);
    assert!(read == 0 || read > 50, "only {read} webhooks were found");
}

/// The calls of a number.
fn calls() -> Calls {
    let file = |media: Option<&str>| {
        json!([{ "media": media, "attachment": { "kind": "file", "url": "https://files.example/a.pdf", "media_id": null,
            "mime": "application/pdf", "size": null, "name": "a.pdf", "sha256": null, "label": null } }])
    };
    let template = json!({ "name": "order", "language": "en", "parameters": "[]" });
    let stored = json!({ "kind": "image", "url": null, "media_id": "77", "mime": null, "size": null,
        "name": null, "sha256": null, "label": null });
    let secrets = json!({ "app-secret": "app-secret", "verify-token": "v", "access-token": "t" });
    Calls::new(json!({ "phone_number_id": "1", "waba_id": "1" }), secrets)
        .action(
            "message",
            json!({ "send_message": said("x", json!([]), None) }),
        )
        .action(
            "upload",
            json!({ "send_message": said("x", file(Some("stored")), None) }),
        )
        .action(
            "react",
            json!({ "react": { "message_id": "wamid.1", "name": "love", "emoji": "❤" } }),
        )
        .action("seen", json!({ "mark_seen": "wamid.1" }))
        .action("template", json!({ "send_template": template }))
        .call("file", json!({ "resolve_media": stored }))
        .call("probe", json!({ "probe": {} }))
}

#[test]
fn every_recorded_answer_is_taken_in_the_sandbox() {
    let this_crate = linecard_testkit::this_crate!();
    let became = check_answers(&this_crate, "samples/whatsapp_send", &calls(), signed);
    if became.is_empty() {
        return;
    }
    assert!(became.len() > 30, "only {} files were found", became.len());
    let answers = [
        "Example-response",
        "Send-Draft-Flow-by-ID",
        "Send-List-Message",
        "Send-Reply-Button",
        "Send-Single-Product-Message",
    ];
    for name in answers {
        let told = &became[&format!("official-resp-{name}")]["message"];
        assert_eq!(told, "1 sent", "{name}");
    }
}

#[test]
fn every_recorded_refusal_is_taken_in_the_sandbox() {
    let this_crate = linecard_testkit::this_crate!();
    let became = check_answers(&this_crate, "samples/graph_errors", &calls(), signed);
    let expected = [
        ("c-wa-130429", "throttled"),
        ("c-wa-131047", "window_closed"),
        ("c-wa-131051", "rejected"),
        ("c-190-463-expired", "unauthorized"),
        ("c-429-no-body-retry-after", "throttled"),
    ];
    for (file, class) in expected {
        let told = became.get(file).map(|calls| calls["message"].as_str());
        assert!(told.is_none_or(|told| told == class), "{file}: {told:?}");
    }
}

#[test]
fn every_signature_vector_holds_and_no_flipped_bit_does() {
    let config = json!({ "phone_number_id": "1", "waba_id": "1" });
    let channel = Channel::new("whatsapp-1", &config);
    let checked = check_signature_vectors::<WhatsApp>(&channel);
    assert!(
        checked == 0 || checked >= 5,
        "only {checked} vectors were found"
    );
}
