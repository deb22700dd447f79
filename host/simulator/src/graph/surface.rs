//! Where people are known: Messenger, the page's feed and Instagram have ids of their own.

use std::collections::BTreeMap;
use std::sync::Mutex;

use serde::{Deserialize, Serialize};

use super::instagram::InstagramPerson;
use super::state::lock;

/// A part of the network with its own ids for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Surface {
    /// Private messages to the page.
    Messenger,
    /// The page's posts and comments.
    Feed,
    /// The Instagram account: private messages and comments.
    Instagram,
}

impl Surface {
    /// The name for people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Messenger => "Messenger",
            Self::Feed => "the page's feed",
            Self::Instagram => "Instagram",
        }
    }
}

#[derive(Debug, Default)]
struct Inner {
    surfaces: BTreeMap<String, Surface>,
    psids: BTreeMap<String, String>,
    on_instagram: BTreeMap<String, InstagramPerson>,
}

/// Which id belongs where.
#[derive(Debug, Default)]
pub(crate) struct People {
    inner: Mutex<Inner>,
}

impl People {
    /// Where an id belongs; ids that did nothing yet count as Messenger's.
    pub(crate) fn surface(&self, id: &str) -> Surface {
        let inner = lock(&self.inner);
        inner
            .surfaces
            .get(id)
            .copied()
            .unwrap_or(Surface::Messenger)
    }

    /// Says that an id belongs to a surface; `Err` names the one that it belongs to already.
    pub(crate) fn claim(&self, id: &str, surface: Surface) -> Result<(), Surface> {
        let mut inner = lock(&self.inner);
        match inner.surfaces.get(id) {
            Some(known) if *known != surface => Err(*known),
            Some(_) => Ok(()),
            None => {
                inner.surfaces.insert(id.to_owned(), surface);
                Ok(())
            }
        }
    }

    /// Says what Instagram tells of a person.
    pub(crate) fn add_on_instagram(&self, id: &str, person: InstagramPerson) {
        let mut inner = lock(&self.inner);
        inner.surfaces.insert(id.to_owned(), Surface::Instagram);
        inner.on_instagram.insert(id.to_owned(), person);
    }

    pub(crate) fn on_instagram(&self, id: &str) -> InstagramPerson {
        let inner = lock(&self.inner);
        inner.on_instagram.get(id).cloned().unwrap_or_default()
    }

    pub(crate) fn psid_of(&self, commenter: &str) -> Option<String> {
        lock(&self.inner).psids.get(commenter).cloned()
    }

    /// The page-scoped id of a commenter, which is made at the first private reply.
    pub(crate) fn make_psid(&self, commenter: &str) -> String {
        let mut inner = lock(&self.inner);
        if let Some(known) = inner.psids.get(commenter) {
            return known.clone();
        }
        let psid = loop {
            let psid = new_scoped_id(&mut fastrand::Rng::new());
            if !inner.surfaces.contains_key(&psid) {
                break psid;
            }
        };
        inner.surfaces.insert(psid.clone(), Surface::Messenger);
        inner.psids.insert(commenter.to_owned(), psid.clone());
        psid
    }
}

/// Page-scoped and Instagram-scoped ids are decimal numbers of 16 or 17 digits.
pub(crate) fn new_scoped_id(random: &mut fastrand::Rng) -> String {
    random
        .u64(1_000_000_000_000_000..90_000_000_000_000_000)
        .to_string()
}
