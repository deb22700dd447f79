//! What lies in a store, by families.

use std::collections::BTreeMap;

use super::SledStore;
use super::keys::{self, Family};
use super::shared::read_error;
use linecard_store::Result;

/// What a family of values comes to, over all sites.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Size {
    /// How many keys it has.
    pub keys: u64,
    /// The bytes of its keys.
    pub key_bytes: u64,
    /// The bytes of its values.
    pub value_bytes: u64,
}

impl SledStore {
    /// What lies in the store, by the families' names. What the engine takes beyond it on disk is not in
    /// it.
    pub fn sizes(&self) -> Result<BTreeMap<String, Size>> {
        let mut sizes: BTreeMap<String, Size> = BTreeMap::new();
        for entry in self.shared.db().iter() {
            let (key, stored) = entry.map_err(|error| read_error(b"", &error))?;
            let Some(parts) = keys::parse(&key) else {
                continue;
            };
            // A piece belongs to the family of its value.
            let family = match parts.family {
                Family::Piece => keys::owner_of_piece(&parts.site, parts.rest)
                    .and_then(|(owner, _)| keys::parse(&owner).map(|owner| owner.family))
                    .unwrap_or(Family::Piece),
                family => family,
            };
            let size = sizes.entry(format!("{family:?}")).or_default();
            size.keys += 1;
            size.key_bytes += key.len() as u64;
            size.value_bytes += stored.len() as u64;
        }
        Ok(sizes)
    }
}
