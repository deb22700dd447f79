//! Every recorded payload and signature that is at hand: nothing traps, everything is told.

use linecard_graph::testing::{check_signature_vectors, check_webhooks};
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
