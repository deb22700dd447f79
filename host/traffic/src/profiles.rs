//! Asks the networks about people of whom the hub knows no name yet. A message never waits for it.

use std::collections::HashMap;
use std::sync::Arc;

use linecard_model::{ChannelId, Timestamp};
use linecard_site::channels::Channels;
use linecard_site::{SiteHandle, UnknownProfile};
use tokio::sync::{Semaphore, mpsc};
use tracing::{debug, error};

use linecard_site::supervise::caught;

/// How many questions are under way at a time.
const PARALLEL: usize = 4;
/// For how long a person is not asked about again, whatever the network said.
const PAUSE: jiff::SignedDuration = jiff::SignedDuration::from_hours(24);
/// How many people are remembered as asked about.
const REMEMBERED: usize = 50_000;

/// Works until the site ends.
pub async fn run(
    site: SiteHandle,
    channels: Channels,
    mut unknown: mpsc::Receiver<UnknownProfile>,
) {
    let mut asked: HashMap<(ChannelId, String), Timestamp> = HashMap::new();
    let places = Arc::new(Semaphore::new(PARALLEL));
    while let Some(UnknownProfile { channel, identity }) = unknown.recv().await {
        let key = (channel.clone(), identity.id.clone());
        let at = Timestamp::now();
        if asked
            .get(&key)
            .is_some_and(|before| at.duration_since(*before) < PAUSE)
        {
            continue;
        }
        if asked.len() >= REMEMBERED {
            asked.retain(|_, before| at.duration_since(*before) < PAUSE);
            // Only when more people write in a day than are remembered; asking twice does no harm.
            if asked.len() >= REMEMBERED {
                asked.clear();
            }
        }
        let Some(runtime) = channels.get(&channel) else {
            continue;
        };
        if !runtime.abilities().is_some_and(|a| a.resolves_profiles) {
            continue;
        }
        asked.insert(key, at);
        // The semaphore is never closed.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        let site = site.clone();
        tokio::spawn(async move {
            let asked = caught(
                runtime
                    .connector
                    .resolve_profile(&runtime.context, identity.clone()),
            );
            let found = match asked.await {
                Ok(found) => found,
                Err(text) => {
                    error!(%channel, text, "asking about a person panicked");
                    return;
                }
            };
            match found {
                Ok(Ok(Some(profile))) => {
                    // An error means that the site has ended.
                    let _ = site.profile(channel, identity, profile).await;
                }
                Ok(Ok(None)) => {}
                Ok(Err(failure)) => {
                    debug!(%channel, %failure, "a network tells nothing about a person");
                }
                Err(fault) => {
                    debug!(%channel, error = %fault, "a connector failed while it asked about a person");
                }
            }
            drop(place);
        });
    }
}
