//! What the tests share.

use linecard_sdk::connector::WebhookRequest;
use linecard_sdk::encode;
use linecard_sdk::secrets::Algorithm;
use linecard_sdk::testing::hmac_of;

/// A delivery that X could have signed with the consumer secret `test`.
pub fn signed(body: &str) -> WebhookRequest {
    let mac = hmac_of(Algorithm::Sha256, b"test", body.as_bytes());
    let header = format!("sha256={}", encode::base64(&mac));
    WebhookRequest::post(body).with_header("x-twitter-webhooks-signature", header)
}
