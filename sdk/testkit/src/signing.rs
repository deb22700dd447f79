//! Signatures, as a network would write them.

use linecard_sdk::secrets::Algorithm;
use linecard_sdk::{encode, testing};
use serde_json::{Map, Value};

/// The HMAC of a message in lower-case hexadecimal.
pub fn hmac_hex(algorithm: Algorithm, key: &[u8], message: &[u8]) -> String {
    encode::hex(&testing::hmac_of(algorithm, key, message))
}

/// The HMAC of a message in base64 with padding.
pub fn hmac_base64(algorithm: Algorithm, key: &[u8], message: &[u8]) -> String {
    encode::base64(&testing::hmac_of(algorithm, key, message))
}

/// Puts signatures of the body where a header says `{{hmac_sha256_hex:NAME}}` and the like.
pub(crate) fn fill_in(
    header: &str,
    body: &[u8],
    secrets: &Map<String, Value>,
) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = header;
    while let Some((before, after)) = rest.split_once("{{") {
        let (placeholder, behind) = after.split_once("}}").ok_or("`{{` without `}}`")?;
        filled.push_str(before);
        filled.push_str(&signature(placeholder, body, secrets)?);
        rest = behind;
    }
    filled.push_str(rest);
    Ok(filled)
}

fn signature(
    placeholder: &str,
    body: &[u8],
    secrets: &Map<String, Value>,
) -> Result<String, String> {
    let (how, name) = placeholder
        .split_once(':')
        .ok_or("a placeholder needs a secret's name after a colon")?;
    let key = secrets
        .get(name)
        .and_then(Value::as_str)
        .ok_or_else(|| format!("secrets.json has no text for `{name}`"))?
        .as_bytes();
    match how.trim() {
        "hmac_sha256_hex" => Ok(hmac_hex(Algorithm::Sha256, key, body)),
        "hmac_sha256_base64" => Ok(hmac_base64(Algorithm::Sha256, key, body)),
        "hmac_sha1_hex" => Ok(hmac_hex(Algorithm::Sha1, key, body)),
        "hmac_sha1_base64" => Ok(hmac_base64(Algorithm::Sha1, key, body)),
        other => Err(format!("there is no placeholder `{other}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signatures_go_where_the_header_says() {
        let mut secrets = Map::new();
        secrets.insert("key".to_owned(), "Jefe".into());
        let header = fill_in(
            "sha256={{hmac_sha256_hex:key}}!",
            b"what do ya want for nothing?",
            &secrets,
        )
        .unwrap();
        // RFC 4231, test case 2.
        assert_eq!(
            header,
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843!"
        );
        assert!(fill_in("{{hmac_sha256_hex:other}}", b"", &secrets).is_err());
        assert!(fill_in("{{md5:key}}", b"", &secrets).is_err());
        assert!(fill_in("{{hmac_sha256_hex:key", b"", &secrets).is_err());
    }
}
