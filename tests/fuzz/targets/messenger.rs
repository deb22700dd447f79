//! Messenger.

#![no_main]

use libfuzzer_sys::fuzz_target;
use linecard_fuzz::{Signature, Target};
use serde_json::json;

fuzz_target!(|data: &[u8]| {
    let target = Target {
        config: json!({ "page_id": "100000000000001" }),
        signature: Signature::Meta,
        paths: &[""],
    };
    linecard_fuzz::run::<linecard_messenger::Messenger>(&target, data);
});
