//! Ids for what Meta gives none, and the form of what nobody understands.

use linecard_sdk::encode;
use linecard_sdk::events::{Event, EventKind};
use sha2::{Digest, Sha256};

/// Starts the id of somebody whom the network does not name: a person who hides, or an account without
/// the permission to see who wrote. What they wrote is to be answered all the same, so each such
/// message has an author of its own.
pub const UNNAMED: &str = "unnamed:";

/// The longest id that is taken from a payload, in bytes: several of them fit where one is kept.
const ID_MAX: usize = 200;

/// An id that can be used: not empty and not longer than any of Meta's.
pub fn usable(id: Option<String>) -> Option<String> {
    id.filter(|id| !id.is_empty() && id.len() <= ID_MAX)
}

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
