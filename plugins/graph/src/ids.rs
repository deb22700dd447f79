//! Ids for what Meta gives none, and the form of what nobody understands.

use linecard_sdk::encode;
use linecard_sdk::events::{Event, EventKind};
use sha2::{Digest, Sha256};

/// 128 bits of SHA-256 over the parts, in hexadecimal: enough to tell any two events apart.
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

/// The first 64 bytes of a name that a payload chose, for an id that has an upper limit.
pub fn bounded(name: &str) -> &str {
    let mut end = name.len().min(64);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name.get(..end).unwrap_or_default()
}

/// Something that has no reading, kept under a name: the same text has the same id, however often it
/// is delivered. `time` is in milliseconds since the Unix epoch.
pub fn unreadable(name: &str, time: u64, raw: &str) -> Event {
    let id = format!("{}:{}", bounded(name), digest(&[name, raw]));
    Event::new(id, time, EventKind::Other(name.to_owned())).raw(raw)
}
