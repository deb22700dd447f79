//! Every recorded payload and signature that is at hand: nothing traps, everything is told.

use linecard_facebook::Facebook;
use linecard_graph::testing::{check_samples, check_signature_vectors};
use linecard_sdk::connector::Channel;
use serde_json::json;

/// What the contract has no kind for: nothing is asked of anybody.
const OTHERS: [&str; 2] = ["leadgen", "feed/video/block"];

#[test]
fn every_recorded_webhook_is_understood() {
    let this_crate = linecard_testkit::this_crate!();
    let config = |page: &str| json!({ "page_id": page });
    let read = check_samples::<Facebook>(&this_crate, "samples/facebook_page", config, &OTHERS);
    assert!(read == 0 || read > 30, "only {read} webhooks were found");
}

#[test]
fn every_signature_vector_holds_and_no_flipped_bit_does() {
    let channel = Channel::new("facebook-1", &json!({ "page_id": "1" }));
    let checked = check_signature_vectors::<Facebook>(&channel);
    assert!(
        checked == 0 || checked >= 5,
        "only {checked} vectors were found"
    );
}
