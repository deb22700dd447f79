//! Every recorded payload and signature that is at hand: nothing traps, everything is told.

use linecard_facebook::Facebook;
use linecard_graph::testing::{
    Awkward, META_SECRETS, check_awkward, check_large_delivery, check_samples,
    check_signature_vectors, meta_neighbours, samples, signed,
};
use linecard_sdk::connector::Channel;
use serde_json::{Value, json};

/// What the contract has no kind for: nothing is asked of anybody.
const OTHERS: [&str; 2] = ["leadgen", "feed/video/block"];

#[test]
fn every_recorded_webhook_is_understood() {
    let this_crate = linecard_testkit::this_crate!();
    let config = |page: &str| json!({ "page_id": page });
    let read = check_samples::<Facebook>(&this_crate, "samples/facebook_page", config, &OTHERS);
    assert!(read == 0 || read > 30, "only {read} webhooks were found");
}

fn comment(word: &str) -> Value {
    json!({ "field": "feed", "value": { "item": "comment", "verb": "add", "comment_id": format!("17_{word}"),
        "post_id": "1_17", "from": { "id": "6999", "name": "Ann" }, "message": "still here" } })
}

fn awkward() -> Awkward {
    Awkward {
        network: "facebook_page",
        request: signed,
        secrets: META_SECRETS,
        neighbours: |sample| meta_neighbours(sample, &[("changes", comment)]),
        statuses: &[200],
    }
}

#[test]
fn a_delivery_with_too_many_changes_is_read_in_part_and_kept() {
    let page = |changes| json!({ "object": "page", "entry": [{ "id": "1", "time": 1_767_225_600, "changes": changes }] });
    let this_crate = linecard_testkit::this_crate!();
    let config = json!({ "page_id": "1" });
    check_large_delivery(&this_crate, &awkward(), config, comment, page);
}

#[test]
fn awkward_values_cost_nothing_but_themselves() {
    let this_crate = linecard_testkit::this_crate!();
    let own = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let samples = samples("samples/facebook_page", own, |body| {
        let page = linecard_sdk::json::as_text(body.pointer("/entry/0/id")?)?;
        Some(json!({ "page_id": page }))
    });
    check_awkward::<Facebook>(&this_crate, &awkward(), &samples);
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
