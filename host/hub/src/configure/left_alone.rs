//! Tells of plug-ins that are left alone on a channel, or as an analyzer, because they fail again and again,
//! and when they work again: as events, in the log and in the channel's health.

use std::collections::BTreeMap;

use linecard_model::outbox::{ChannelHealth, HealthState};
use linecard_model::plugin::{PluginChange, PluginState};
use linecard_model::{ChannelId, PluginId, Timestamp};
use linecard_sandbox::{Call, Suspended};
use linecard_site::{CommandError, Request, Source};
use linecard_vault::hub_itself;

use super::exchange::{change, tell};
use crate::hub::Hub;
use crate::plugins::{Installed, Plugins};

/// How the health of such a channel begins, by which it is known again.
const HEALTH: &str = "its plug-in fails again and again";

/// What a plug-in is not called for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Of {
    Channel(ChannelId, Call),
    /// By its name in the site's configuration.
    Analyzer(String),
}

/// A plug-in that is left alone, and why.
struct Left<'a> {
    installed: &'a Installed,
    details: Vec<String>,
    suspended: Option<Suspended>,
}

/// Something to tell: the change, and the channel that fares otherwise by it.
type News = (PluginChange, Option<(ChannelId, Option<Suspended>)>);

/// What was told last: for each plug-in that is left alone the hash of its file.
#[derive(Debug, Default)]
pub(super) struct LeftAlone(BTreeMap<(PluginId, Of), String>);

impl Hub {
    /// The analyzers that are left out for a while, by their names in the site's configuration, with their
    /// plug-ins and how they failed.
    pub fn left_out(&self) -> Vec<(String, PluginId, String)> {
        let all = self.analyzers.all();
        all.iter()
            .filter_map(|runtime| {
                let reason = runtime.resting.left_out()?;
                let plugin = runtime.config.plugin.clone();
                Some((runtime.name.clone(), plugin, reason))
            })
            .collect()
    }

    /// Tells what has changed since it was told last. What cannot be told is told the next time.
    pub(super) async fn tell_left_alone(&self, told: &mut LeftAlone) {
        let plugins = self.plugins.now();
        let now = self.left_alone(&plugins);
        let mut news: Vec<News> = Vec::new();
        for (key, left) in &now {
            if told.0.get(key).map(String::as_str) != Some(left.installed.plugin.file_hash()) {
                let change = change(PluginState::Suspended, left.installed, left.details.clone());
                let channel = left.suspended.clone();
                let channel = channel.map(|left| (left.channel.clone(), Some(left)));
                news.push((change, channel));
            }
        }
        for key in told.0.keys().filter(|key| !now.contains_key(*key)) {
            let (plugin, of) = key;
            let (text, channel) = match of {
                Of::Channel(channel, _) if self.channels.get(channel).is_none() => continue,
                Of::Channel(channel, call) => (
                    format!("{call} on channel {channel}"),
                    Some((channel.clone(), None)),
                ),
                Of::Analyzer(name) => (format!("analyzer {name}"), None),
            };
            if let Some(installed) = plugins.get(plugin) {
                let change = change(PluginState::Recovered, installed, vec![text]);
                news.push((change, channel));
            }
        }
        if !news.is_empty()
            && let Err(error) = self.tell_of(news).await
        {
            // The site has ended; the process ends soon.
            tracing::warn!(%error, "that a plug-in is left alone cannot be told");
            return;
        }
        told.0 = now
            .into_iter()
            .map(|(key, left)| (key, left.installed.plugin.file_hash().to_owned()))
            .collect();
    }

    /// What is left alone now.
    fn left_alone<'a>(&self, plugins: &'a Plugins) -> BTreeMap<(PluginId, Of), Left<'a>> {
        let mut now = BTreeMap::new();
        for installed in plugins.all() {
            for suspended in installed.plugin.suspended() {
                // A channel that is removed leaves its failures behind.
                if self.channels.get(&suspended.channel).is_some() {
                    let of = Of::Channel(suspended.channel.clone(), suspended.call);
                    let left = Left {
                        installed,
                        details: details(&suspended),
                        suspended: Some(suspended),
                    };
                    now.insert((installed.plugin.id().clone(), of), left);
                }
            }
        }
        for (name, plugin, reason) in self.left_out() {
            if let Some(installed) = plugins.get(&plugin) {
                let details = vec![format!(
                    "analyzer {name}: it failed again and again, lastly so: {reason}; messages go on without it, and one tries it again every half minute"
                )];
                let left = Left {
                    installed,
                    details,
                    suspended: None,
                };
                now.insert((plugin, Of::Analyzer(name)), left);
            }
        }
        now
    }

    async fn tell_of(&self, news: Vec<News>) -> Result<(), CommandError> {
        for (change, _) in &news {
            tell(change);
        }
        let request = Request::Plugins {
            changes: news.iter().map(|(change, _)| change.clone()).collect(),
            vault: Vec::new(),
            audit: None,
        };
        self.site.request(hub_itself(), request, None).await?;
        for (channel, suspended) in news.into_iter().filter_map(|(_, channel)| channel) {
            let id = channel.clone();
            let known = self.site.query(move |state| state.health(&id)).await?;
            if let Some(health) = health(&known, suspended) {
                self.site.health(channel, health, Source::Hub).await?;
            }
        }
        Ok(())
    }
}

fn details(suspended: &Suspended) -> Vec<String> {
    let Suspended {
        channel,
        call,
        failures,
        until,
        reason,
        ..
    } = suspended;
    vec![
        format!(
            "{call} on channel {channel}: it failed {failures} times one after the other, lastly so: {reason}"
        ),
        format!(
            "it is tried again at {until}, and less and less often while it fails; what it was to do waits"
        ),
    ]
}

/// How the channel fares from now on, if that is news.
fn health(known: &ChannelHealth, suspended: Option<Suspended>) -> Option<ChannelHealth> {
    let now = ChannelHealth {
        since: Some(Timestamp::now()),
        ..ChannelHealth::default()
    };
    match suspended {
        // What only a person or the network ends says more.
        Some(_)
            if !matches!(
                known.state,
                HealthState::Unknown | HealthState::Connected | HealthState::TransientFault
            ) =>
        {
            None
        }
        Some(Suspended { call, reason, .. }) => Some(ChannelHealth {
            state: HealthState::TransientFault,
            detail: Some(format!(
                "{HEALTH}, and {call} is left alone for a while: {reason}"
            )),
            remedy: Some(
                "it is tried again by itself; if it goes on to fail, go back to the version before \
                 (`linecard plugin roll-back`) or tell the plug-in's author what it wrote"
                    .to_owned(),
            ),
            ..now
        }),
        None if known.detail.as_deref().is_some_and(|d| d.starts_with(HEALTH)) => {
            Some(ChannelHealth {
                state: HealthState::Connected,
                ..now
            })
        }
        None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suspended() -> Suspended {
        Suspended {
            channel: "support".parse().unwrap(),
            call: Call::Receive,
            failures: 5,
            since: Timestamp::now(),
            until: Timestamp::now(),
            reason: "receive failed: it stopped".to_owned(),
        }
    }

    fn known(state: HealthState) -> ChannelHealth {
        ChannelHealth {
            state,
            ..ChannelHealth::default()
        }
    }

    #[test]
    fn a_channels_health_tells_of_it_and_of_its_end() {
        let fault = health(&known(HealthState::Connected), Some(suspended())).unwrap();
        assert_eq!(fault.state, HealthState::TransientFault);
        assert!(fault.detail.as_ref().unwrap().contains("it stopped"));
        let over = health(&fault, None).unwrap();
        assert_eq!(over.state, HealthState::Connected);
    }

    #[test]
    fn what_only_a_person_ends_stays() {
        for state in [HealthState::CredentialsRefused, HealthState::Paused] {
            assert_eq!(health(&known(state), Some(suspended())), None);
            assert_eq!(health(&known(state), None), None);
        }
        // The channel fares otherwise by now, for another reason.
        assert_eq!(health(&known(HealthState::TransientFault), None), None);
    }
}
