//! Every recorded payload and signature that is at hand: nothing traps, everything is told.

use linecard_graph::testing::{
    Awkward, META_SECRETS, check_awkward, check_large_delivery, check_samples,
    check_signature_vectors, meta_neighbours, samples, signed,
};
use linecard_instagram::Instagram;
use linecard_sdk::connector::Channel;
use serde_json::{Value, json};

/// What the contract has no kind for: nothing is asked of anybody.
const OTHERS: [&str; 2] = ["story_insights", "standby"];

#[test]
fn every_recorded_webhook_is_understood() {
    let this_crate = linecard_testkit::this_crate!();
    let config = |account: &str| json!({ "account_id": account });
    let read = check_samples::<Instagram>(&this_crate, "samples/instagram", config, &OTHERS);
    assert!(read == 0 || read > 20, "only {read} webhooks were found");
}

fn message(word: &str) -> Value {
    json!({ "sender": { "id": "6999" }, "recipient": { "id": "1" }, "timestamp": 1_767_225_600_000_u64,
        "message": { "mid": word, "text": "still here" } })
}

fn comment(word: &str) -> Value {
    json!({ "field": "comments", "value": { "id": word, "text": "still here",
        "from": { "id": "6999", "username": "ann" }, "media": { "id": "17" } } })
}

fn awkward() -> Awkward {
    Awkward {
        network: "instagram",
        request: signed,
        secrets: META_SECRETS,
        neighbours: |sample| {
            meta_neighbours(sample, &[("messaging", message), ("changes", comment)])
        },
        statuses: &[200],
    }
}

#[test]
fn a_delivery_with_too_many_entries_is_read_in_part_and_kept() {
    let entry =
        |word: &str| json!({ "id": "1", "time": 1_767_225_600, "changes": [comment(word)] });
    let whole = |entries| json!({ "object": "instagram", "entry": entries });
    let this_crate = linecard_testkit::this_crate!();
    let config = json!({ "account_id": "1" });
    check_large_delivery(&this_crate, &awkward(), config, entry, whole);
}

#[test]
fn awkward_values_cost_nothing_but_themselves() {
    let this_crate = linecard_testkit::this_crate!();
    let own = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let samples = samples("samples/instagram", own, |body| {
        let account = linecard_sdk::json::as_text(body.pointer("/entry/0/id")?)?;
        Some(json!({ "account_id": account }))
    });
    check_awkward::<Instagram>(&this_crate, &awkward(), &samples);
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
