//! WhatsApp.

#![no_main]

use libfuzzer_sys::fuzz_target;
use linecard_fuzz::{Signature, Target};
use serde_json::json;

fuzz_target!(|data: &[u8]| {
    let target = Target {
        config: json!({ "phone_number_id": "100000000000001", "waba_id": "200000000000002" }),
        signature: Signature::Meta,
        paths: &[""],
    };
    linecard_fuzz::run::<linecard_whatsapp::WhatsApp>(&target, data);
});
