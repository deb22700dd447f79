//! Open Messaging.

#![no_main]

use libfuzzer_sys::fuzz_target;
use linecard_fuzz::{Signature, Target};
use serde_json::json;

fuzz_target!(|data: &[u8]| {
    let target = Target {
        config: json!({ "integration_id": "34071108-1569-4cb0-9137-a326b8a9e815", "notification_url": "https://middleware.example/hook" }),
        signature: Signature::Api,
        paths: &["/message", "/event", "/receipt", "/structured/response", ""],
    };
    linecard_fuzz::run::<linecard_open_messaging::OpenMessaging>(&target, data);
});
