//! Every recorded payload and signature that is at hand: nothing traps, everything is told.

use linecard_graph::testing::{check_samples, check_signature_vectors};
use linecard_instagram::Instagram;
use linecard_sdk::connector::Channel;
use serde_json::json;

/// What the contract has no kind for: nothing is asked of anybody.
const OTHERS: [&str; 2] = ["story_insights", "standby"];

#[test]
fn every_recorded_webhook_is_understood() {
    let this_crate = linecard_testkit::this_crate!();
    let config = |account: &str| json!({ "account_id": account });
    let read = check_samples::<Instagram>(&this_crate, "samples/instagram", config, &OTHERS);
    assert!(read == 0 || read > 20, "only {read} webhooks were found");
}

#[test]
fn every_signature_vector_holds_and_no_flipped_bit_does() {
    let channel = Channel::new("instagram-1", &json!({ "account_id": "1" }));
    let checked = check_signature_vectors::<Instagram>(&channel);
    assert!(
        checked == 0 || checked >= 5,
        "only {checked} vectors were found"
    );
}
