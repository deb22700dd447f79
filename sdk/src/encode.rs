//! Bytes and text: base64, hexadecimal, URL and form encoding.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What RFC 3986 leaves unencoded everywhere: letters, digits, `-`, `.`, `_` and `~`.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Base64 with padding (RFC 4648, section 4).
pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Base64 for URLs, without padding (RFC 4648, section 5).
pub fn base64url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Reads base64 with padding; `None` if it is not.
pub fn from_base64(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// Reads base64 for URLs without padding; `None` if it is not.
pub fn from_base64url(text: &str) -> Option<Vec<u8>> {
    URL_SAFE_NO_PAD.decode(text).ok()
}

/// Lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    ::hex::encode(bytes)
}

/// Reads hexadecimal in either case; `None` if it is not.
pub fn from_hex(text: &str) -> Option<Vec<u8>> {
    ::hex::decode(text).ok()
}

/// Percent-encodes one path segment or query value: everything but RFC 3986's unreserved characters.
///
/// ```
/// assert_eq!(linecard_sdk::encode::percent("a b/ü"), "a%20b%2F%C3%BC");
/// ```
pub fn percent(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}

/// Writes `application/x-www-form-urlencoded`, as the URL Standard does.
///
/// ```
/// assert_eq!(linecard_sdk::encode::form([("q", "a b"), ("n", "1&2")]), "q=a+b&n=1%262");
/// ```
pub fn form<K: AsRef<str>, V: AsRef<str>>(pairs: impl IntoIterator<Item = (K, V)>) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// Reads `application/x-www-form-urlencoded`. Bytes that are not UTF-8 become U+FFFD.
pub fn from_form(bytes: &[u8]) -> Vec<(String, String)> {
    form_urlencoded::parse(bytes).into_owned().collect()
}

/// Bytes in JSON: a text if they are UTF-8, else `{"base64": "…"}`, so that golden files can be read.
pub(crate) mod readable {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Readable {
        Text(String),
        Base64 { base64: String },
    }

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        match std::str::from_utf8(bytes) {
            Ok(text) => serializer.serialize_str(text),
            Err(_) => Readable::Base64 {
                base64: super::base64(bytes),
            }
            .serialize(serializer),
        }
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Vec<u8>, D::Error> {
        match Readable::deserialize(deserializer)? {
            Readable::Text(text) => Ok(text.into_bytes()),
            Readable::Base64 { base64 } => super::from_base64(&base64)
                .ok_or_else(|| serde::de::Error::custom("not base64 with padding")),
        }
    }
}
