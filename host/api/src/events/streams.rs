//! The open event streams by who reads them: so that nobody has too many, and so that what somebody
//! sees is kept once, however many streams they have.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use linecard_model::site::SiteConfig;

use crate::problem::Problem;
use crate::visibility::Sight;
use linecard_vault::auth::Principal;

/// When it is worth trying again: a stream whose reader has gone is noticed by then.
const RETRY_AFTER: u64 = 15;

/// The open event streams.
#[derive(Default)]
pub(crate) struct Streams(Arc<Mutex<HashMap<String, Seat>>>);

/// What the streams of one principal share.
#[derive(Default)]
struct Seat {
    streams: usize,
    /// What they see, and under which configuration.
    sight: Option<(Arc<SiteConfig>, Arc<Sight>)>,
}

/// An open stream. Dropping it closes it.
pub(super) struct Open {
    name: String,
    seats: Arc<Mutex<HashMap<String, Seat>>>,
}

fn lock(seats: &Mutex<HashMap<String, Seat>>) -> MutexGuard<'_, HashMap<String, Seat>> {
    seats.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Streams {
    /// Opens a stream, unless its reader has `most` already.
    pub(super) fn open(&self, principal: &Principal, most: usize) -> Result<Open, Problem> {
        // A person may be called what a key is called.
        let kind = if principal.actor.agent.is_some() {
            "agent"
        } else {
            "key"
        };
        let name = format!("{kind} {}", principal.actor.name);
        let mut seats = lock(&self.0);
        let streams = seats.get(&name).map_or(0, |seat| seat.streams);
        if streams >= most {
            return Err(Problem::new(
                "too-many-streams",
                format!(
                    "{} has {streams} event streams open; close one of them first",
                    principal.actor.name
                ),
            )
            .with("most", most)
            .retry_after(RETRY_AFTER));
        }
        seats.entry(name.clone()).or_default().streams += 1;
        Ok(Open {
            name,
            seats: Arc::clone(&self.0),
        })
    }
}

impl Open {
    /// What the reader sees under a configuration.
    pub fn sight(&self, principal: &Principal, config: &Arc<SiteConfig>) -> Arc<Sight> {
        let mut seats = lock(&self.seats);
        let Some(seat) = seats.get_mut(&self.name) else {
            return Arc::new(Sight::of(principal, config));
        };
        match &seat.sight {
            Some((under, sight)) if Arc::ptr_eq(under, config) => Arc::clone(sight),
            _ => {
                let sight = Arc::new(Sight::of(principal, config));
                seat.sight = Some((Arc::clone(config), Arc::clone(&sight)));
                sight
            }
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        let mut seats = lock(&self.seats);
        if let Some(seat) = seats.get_mut(&self.name) {
            seat.streams = seat.streams.saturating_sub(1);
            if seat.streams == 0 {
                seats.remove(&self.name);
            }
        }
        if seats.is_empty() {
            seats.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use linecard_model::rights::Rights;
    use linecard_model::{AgentId, RoleId};

    use super::*;
    use linecard_site::Actor;
    use linecard_vault::auth::Credential;

    fn principal(name: &str, rights: Rights, is_person: bool) -> Principal {
        Principal {
            actor: Actor {
                name: name.to_owned(),
                rights,
                agent: is_person.then(|| AgentId::new(name).unwrap()),
            },
            role: RoleId::agent(),
            channels: BTreeSet::new(),
            credential: Credential::AdminKey {
                secret: "s".to_owned().into(),
            },
        }
    }

    #[test]
    fn streams_of_one_person_share_what_they_see() {
        let streams = Streams::default();
        let anna = principal("anna", Rights::default(), true);
        let (one, other) = (
            streams.open(&anna, 2).unwrap(),
            streams.open(&anna, 2).unwrap(),
        );
        let config = Arc::new(SiteConfig::default());
        let sight = one.sight(&anna, &config);
        assert!(Arc::ptr_eq(&sight, &other.sight(&anna, &config)));
        // Another configuration, another sight.
        let next = Arc::new(SiteConfig::default());
        assert!(!Arc::ptr_eq(&sight, &other.sight(&anna, &next)));
    }

    #[test]
    fn a_person_who_is_called_like_a_key_shares_nothing_with_it() {
        let streams = Streams::default();
        let key = principal("admin-key", Rights::all(), false);
        let person = principal("admin-key", Rights::default(), true);
        let (one, other) = (
            streams.open(&key, 1).unwrap(),
            streams.open(&person, 1).unwrap(),
        );
        let config = Arc::new(SiteConfig::default());
        assert!(one.sight(&key, &config).admin);
        assert!(!other.sight(&person, &config).all);
    }

    #[test]
    fn a_stream_beyond_the_limit_waits_for_one_to_close() {
        let streams = Streams::default();
        let anna = principal("anna", Rights::default(), true);
        let first = streams.open(&anna, 1).unwrap();
        let refused = streams.open(&anna, 1).err().unwrap();
        assert_eq!(refused.name(), "too-many-streams");
        drop(first);
        assert!(streams.open(&anna, 1).is_ok());
    }
}
