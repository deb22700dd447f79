//! The channels at work: each configured account with its connector, ready to be called.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use linecard_model::ChannelId;
use linecard_model::manifest::{
    ActionAbility, ActionKind, ConnectorManifest, Manifest, Visibility,
};
use linecard_model::site::ChannelConfig;
use linecard_sandbox::{ChannelContext, Connector};
use serde_json::Value;

use crate::told::Told;

/// How often a channel's credentials are tried unless it says otherwise, in seconds.
pub const PROBE_EVERY: u32 = 300;

/// A channel, ready to be called.
pub struct ChannelRuntime {
    /// The channel.
    pub id: ChannelId,
    /// How it is set up.
    pub config: ChannelConfig,
    /// Its connector's configuration, with the schema's defaults filled in.
    pub settings: Value,
    /// What its connector says about itself.
    pub manifest: Arc<Manifest>,
    /// Its connector.
    pub connector: Connector,
    /// What a call of the connector may reach.
    pub context: ChannelContext,
}

impl ChannelRuntime {
    /// What the connector wants and can do. A channel is only made of a plug-in that has it.
    pub fn abilities(&self) -> Option<&ConnectorManifest> {
        self.manifest.connector.as_ref()
    }

    /// Whether its webhook door is open.
    pub fn receives(&self) -> bool {
        let abilities = self.abilities();
        abilities.is_some_and(|a| a.receives_with(&self.settings))
    }

    /// Whether it polls.
    pub fn polls(&self) -> bool {
        let abilities = self.abilities();
        abilities.is_some_and(|a| a.polls_with(&self.settings))
    }

    /// What the connector can do of one kind, in conversations of one visibility.
    pub fn ability(&self, kind: ActionKind, visibility: Visibility) -> Option<&ActionAbility> {
        self.abilities()?.actions.iter().find(|ability| {
            ability.kind == kind
                && (ability.visibilities.is_empty() || ability.visibilities.contains(&visibility))
        })
    }

    /// How often its credentials are tried.
    pub fn probe_every(&self) -> Duration {
        let seconds = self.config.probe_every_seconds.unwrap_or(PROBE_EVERY);
        Duration::from_secs(u64::from(seconds))
    }

    /// The network that it is on.
    pub fn network(&self) -> &str {
        self.abilities()
            .and_then(|a| a.networks.first())
            .map_or(self.config.plugin.as_str(), String::as_str)
    }
}

type Map = BTreeMap<ChannelId, Arc<ChannelRuntime>>;

/// All channels of a site. Cheap to clone; all clones see a replacement at once.
#[derive(Clone, Default)]
pub struct Channels {
    map: Arc<ArcSwap<Map>>,
    /// What the connectors last told of them.
    pub told: Told,
}

impl Channels {
    /// A channel.
    pub fn get(&self, id: &ChannelId) -> Option<Arc<ChannelRuntime>> {
        self.map.load().get(id).cloned()
    }

    /// All channels, in the order of their names.
    pub fn all(&self) -> Vec<Arc<ChannelRuntime>> {
        self.map.load().values().cloned().collect()
    }

    /// Replaces all of them. Calls that have begun end with the channel that they began with. What was told
    /// of a channel that is another one now is forgotten.
    pub fn replace(&self, channels: Map) {
        let before = self.map.load_full();
        let is_same = |id: &ChannelId| match (before.get(id), channels.get(id)) {
            (Some(before), Some(now)) => {
                before.config.plugin == now.config.plugin && before.settings == now.settings
            }
            _ => false,
        };
        self.told.keep(is_same);
        self.map.store(Arc::new(channels));
    }
}
