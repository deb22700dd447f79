//! Ids for what a network gives none, and ids that fit where the contract keeps them.

use std::borrow::Cow;

use sha2::{Digest, Sha256};

use crate::encode;

/// The longest id of an event or a message, and the longest key of a thread, in bytes.
pub const ID_MAX: usize = 512;
/// The longest id of a person, in bytes.
pub const PERSON_MAX: usize = 256;

/// 128 bits of SHA-256 over the parts, in hexadecimal: enough to tell any two events apart, and the same
/// for the same parts however often they are delivered.
pub fn digest(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update((part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    hasher
        .finalize()
        .get(..16)
        .map(encode::hex)
        .unwrap_or_default()
}

/// The beginning of a text, at most so many bytes, cut between characters.
pub fn bounded(text: &str, most: usize) -> &str {
    text.get(..text.floor_char_boundary(most))
        .unwrap_or_default()
}

/// An id of at most so many bytes: a longer one becomes its beginning and a digest of the whole, which is
/// the same wherever that id is named.
///
/// ```
/// use linecard_sdk::ids::fitted;
/// assert_eq!(fitted("m_1", 512), "m_1");
/// let long = "m".repeat(600);
/// assert_eq!(fitted(&long, 512).len(), 512);
/// assert_eq!(fitted(&long, 512), fitted(&long, 512));
/// ```
pub fn fitted(id: &str, most: usize) -> Cow<'_, str> {
    if id.len() <= most {
        return Cow::Borrowed(id);
    }
    let digest = digest(&[id]);
    let beginning = bounded(id, most.saturating_sub(digest.len() + 1));
    Cow::Owned(format!("{beginning}~{digest}"))
}
