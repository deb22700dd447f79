//! Signatures: against published and recorded vectors, and against everything that is not one.

use linecard_sdk::connector::{Rejection, WebhookRequest};
use linecard_sdk::encode;
use linecard_sdk::secrets::{Algorithm, BodySignature, Notation};
use linecard_sdk::testing::{TestHost, hmac_of};

const SIGNATURE: BodySignature<'static> = BodySignature {
    header: "x-hub-signature-256",
    prefix: "sha256=",
    notation: Notation::Hex,
    algorithm: Algorithm::Sha256,
    secret: "app-secret",
};

fn signed(body: &str) -> WebhookRequest {
    let mac = hmac_of(Algorithm::Sha256, b"key", body.as_bytes());
    WebhookRequest::post(body).with_header(
        "X-Hub-Signature-256",
        format!("sha256={}", encode::hex(&mac)),
    )
}

fn is_refused(request: &WebhookRequest) -> bool {
    matches!(SIGNATURE.verify(request), Err(Rejection::BadSignature(_)))
}

#[test]
fn only_the_signature_of_this_body_is_taken() {
    let _host = TestHost::new().secret("app-secret", "key").install();
    let right = signed("{}");
    assert_eq!(SIGNATURE.verify(&right), Ok(()));
    let mut other_body = right.clone();
    other_body.body.push(b' ');
    assert!(is_refused(&other_body));
    assert!(is_refused(&WebhookRequest::post("{}")), "no header");
    assert!(
        is_refused(
            &right
                .clone()
                .with_header("x-hub-signature-256", "sha256=00")
        ),
        "two headers"
    );
    for value in ["", "sha256=", "sha256=zz", "sha1=00", "sha256=00"] {
        assert!(
            is_refused(&WebhookRequest::post("{}").with_header("x-hub-signature-256", value)),
            "{value}"
        );
    }
}

#[test]
fn a_channel_without_the_secret_takes_nothing() {
    let _host = TestHost::new().install();
    assert!(is_refused(&signed("{}")));
}

#[test]
fn a_native_test_without_a_host_gets_no_secret() {
    assert!(is_refused(&signed("{}")));
}

/// Every recorded webhook signature of the networks, where the collection is at hand.
#[test]
fn recorded_vectors() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../shared/platforms/specs/signature-vectors.json");
    let Ok(text) = std::fs::read_to_string(&path) else {
        println!("skipped: the collection of signature vectors is not there");
        return;
    };
    let collection: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut checked = 0;
    for vector in collection["vectors"].as_array().unwrap() {
        let text = |field: &str| vector[field].as_str();
        let (Some(header), Some(secret), Some(body), Some(expected)) = (
            text("header"),
            text("secret"),
            text("body_hex"),
            text("expected"),
        ) else {
            continue;
        };
        let header = header.to_ascii_lowercase();
        let Some(written) = expected.strip_prefix("sha256=") else {
            continue;
        };
        let _host = TestHost::new().secret("key", secret).install();
        let request =
            WebhookRequest::post(encode::from_hex(body).unwrap()).with_header(&header, expected);
        let notation = if written.len() == 64 {
            Notation::Hex
        } else {
            Notation::Base64
        };
        let signature = BodySignature {
            header: &header,
            notation,
            secret: "key",
            ..SIGNATURE
        };
        assert_eq!(signature.verify(&request), Ok(()), "{vector}");
        checked += 1;
    }
    assert!(checked >= 5, "only {checked} vectors were of a known form");
}
