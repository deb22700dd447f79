//! X.

#![no_main]

use libfuzzer_sys::fuzz_target;
use linecard_fuzz::{Signature, Target};
use serde_json::json;

fuzz_target!(|data: &[u8]| {
    let target = Target {
        config: json!({ "user_id": "2244", "username": "acme" }),
        signature: Signature::X,
        paths: &[""],
    };
    linecard_fuzz::run::<linecard_x::X>(&target, data);
});
