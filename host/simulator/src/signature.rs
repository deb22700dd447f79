//! The HMAC signatures that networks put on webhooks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha1::Sha1;
use sha2::Sha256;
use subtle::ConstantTimeEq;

/// `sha256=` and the lower-case hex HMAC-SHA256 of the bytes (Meta's `X-Hub-Signature-256`).
pub fn sha256_hex(secret: &str, bytes: &[u8]) -> String {
    format!("sha256={}", hex(&hmac_sha256(secret, bytes)))
}

/// `sha1=` and the lower-case hex HMAC-SHA1 of the bytes (Meta's legacy `X-Hub-Signature`).
pub fn sha1_hex(secret: &str, bytes: &[u8]) -> String {
    // HMAC takes keys of any length, so this cannot fail; an empty digest would verify nowhere.
    let digest = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).map_or_else(
        |_| Vec::new(),
        |mac| mac.chain_update(bytes).finalize().into_bytes().to_vec(),
    );
    format!("sha1={}", hex(&digest))
}

/// `sha256=` and the BASE64 HMAC-SHA256 of the bytes (Open Messaging's `X-Hub-Signature-256`).
pub fn sha256_base64(secret: &str, bytes: &[u8]) -> String {
    format!("sha256={}", STANDARD.encode(hmac_sha256(secret, bytes)))
}

/// The lower-case hex HMAC-SHA256 of an access token (`appsecret_proof`).
pub fn app_secret_proof(secret: &str, access_token: &str) -> String {
    hex(&hmac_sha256(secret, access_token.as_bytes()))
}

/// Compares two secrets without telling by the time taken where they differ.
pub(crate) fn same(given: &str, expected: &str) -> bool {
    given.as_bytes().ct_eq(expected.as_bytes()).into()
}

fn hmac_sha256(secret: &str, bytes: &[u8]) -> Vec<u8> {
    // HMAC takes keys of any length, so this cannot fail; an empty digest would verify nowhere.
    Hmac::<Sha256>::new_from_slice(secret.as_bytes()).map_or_else(
        |_| Vec::new(),
        |mac| mac.chain_update(bytes).finalize().into_bytes().to_vec(),
    )
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
            let _ = write!(out, "{byte:02x}");
            out
        })
}
