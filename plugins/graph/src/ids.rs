//! Ids as Meta gives them, and for whom it names nobody.

use linecard_sdk::ids::fitted;

/// Starts the id of somebody whom the network does not name: a person who hides, or an account without
/// the permission to see who wrote. What they wrote is to be answered all the same, so each such
/// message has an author of its own.
pub const UNNAMED: &str = "unnamed:";

/// The longest id that is taken from a payload, in bytes: several of them fit where one is kept.
const ID_MAX: usize = 200;

/// An id that can be used: not empty, and one that is longer than any of Meta's by its digest.
pub fn usable(id: Option<String>) -> Option<String> {
    let id = id.filter(|id| !id.is_empty())?;
    Some(fitted(&id, ID_MAX).into_owned())
}
