//! Channels that fetch: each polls at its own pace, and keeps its cursor in the same durable write
//! as what it found.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use linecard_model::ChannelId;
use linecard_model::outbox::{ChannelHealth, HealthState};
use linecard_model::platform::Failure;
use linecard_store::{Accept, Store, StoreError};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tracing::{error, warn};

use crate::channels::{ChannelRuntime, Channels};
use crate::retries::backoff;
use crate::site::{SiteHandle, now};

/// How often a channel's credentials are tried.
const PROBE_EVERY: Duration = Duration::from_secs(300);
/// The shortest pause between two polls that found nothing.
const SHORTEST: Duration = Duration::from_millis(500);

/// What the polls work with.
#[derive(Clone)]
pub struct Polls {
    /// The site's store.
    pub store: Arc<dyn Store>,
    /// The site.
    pub site: SiteHandle,
    /// The channels.
    pub channels: Channels,
    /// Says that there are new events.
    pub accepted: Arc<Notify>,
    /// Is told when the store takes nothing more.
    pub stopped: watch::Sender<Option<String>>,
}

impl Polls {
    /// Works until the hub ends; starts anew with each configuration.
    pub async fn run(self, mut reconfigured: mpsc::UnboundedReceiver<()>) {
        loop {
            let mut tasks: HashMap<ChannelId, Vec<JoinHandle<()>>> = HashMap::new();
            for channel in self.channels.all() {
                if channel.config.paused {
                    continue;
                }
                let mut own = Vec::new();
                if channel.abilities().is_some_and(|a| a.polls) {
                    own.push(tokio::spawn(self.clone().poll(Arc::clone(&channel))));
                }
                if channel.abilities().is_some_and(|a| a.probes) {
                    own.push(tokio::spawn(self.clone().probe(Arc::clone(&channel))));
                }
                tasks.insert(channel.id.clone(), own);
            }
            let next = reconfigured.recv().await;
            // A poll that is cut off has written nothing, or all: its events and its cursor go
            // together.
            for task in tasks.into_values().flatten() {
                task.abort();
            }
            if next.is_none() {
                return;
            }
        }
    }

    async fn poll(self, channel: Arc<ChannelRuntime>) {
        let mut failures = 0_u32;
        loop {
            let pause = match self.poll_once(&channel).await {
                Ok(Ok(pause)) => {
                    failures = 0;
                    pause
                }
                Ok(Err(failure)) => {
                    failures = failures.saturating_add(1);
                    self.tell(&channel, &failure).await;
                    pause_after(&failure, failures)
                }
                Err(fault) => {
                    error!(channel = %channel.id, error = %fault, "polling ends: the store refuses");
                    if let StoreError::Fatal { detail } = fault {
                        self.stopped.send_replace(Some(detail));
                    }
                    return;
                }
            };
            tokio::time::sleep(pause).await;
        }
    }

    async fn poll_once(
        &self,
        channel: &ChannelRuntime,
    ) -> Result<Result<Duration, Failure>, StoreError> {
        let site = self.site.id();
        let cursor = self
            .store
            .cursor(site, &channel.id)
            .await?
            .unwrap_or_default();
        let page = match channel
            .connector
            .poll(&channel.context, cursor.clone())
            .await
        {
            Ok(Ok(page)) => {
                channel.spend(page.cost);
                page
            }
            Ok(Err(failure)) => return Ok(Err(failure)),
            Err(fault) => return Ok(Err(Failure::Transient(fault.to_string()))),
        };
        if !page.events.is_empty() || page.cursor != cursor {
            let accepted = self
                .store
                .accept(
                    site,
                    Accept {
                        channel: channel.id.clone(),
                        at: now(),
                        events: page.events,
                        cursor: Some(page.cursor),
                    },
                )
                .await?;
            if accepted.new > 0 {
                self.accepted.notify_one();
            }
        }
        let pause = Duration::from_millis(page.next_in_ms);
        Ok(Ok(if page.next_in_ms == 0 {
            Duration::ZERO
        } else {
            pause.max(SHORTEST)
        }))
    }

    /// Finds out that credentials no longer work before a customer's message suffers.
    async fn probe(self, channel: Arc<ChannelRuntime>) {
        loop {
            match channel.connector.probe(&channel.context).await {
                Ok(Ok(())) => {
                    let health = ChannelHealth {
                        state: HealthState::Connected,
                        since: Some(now()),
                        ..ChannelHealth::default()
                    };
                    self.news(&channel.id, health).await;
                }
                Ok(Err(failure)) => self.tell(&channel, &failure).await,
                Err(fault) => {
                    warn!(channel = %channel.id, error = %fault, "a connector failed while it tried its credentials");
                }
            }
            tokio::time::sleep(PROBE_EVERY).await;
        }
    }

    async fn tell(&self, channel: &ChannelRuntime, failure: &Failure) {
        let health = |state, detail: &str, remedy: Option<String>, until| ChannelHealth {
            state,
            since: Some(now()),
            detail: Some(detail.to_owned()),
            remedy,
            until,
        };
        let news = match failure {
            Failure::Unauthorized(remedy) => health(
                HealthState::CredentialsRefused,
                "the network refuses the credentials or permissions",
                Some(remedy.clone()),
                None,
            ),
            Failure::Throttled(throttle) => health(
                HealthState::Throttled,
                &throttle.reason.to_string(),
                None,
                throttle.until,
            ),
            other => health(HealthState::TransientFault, &other.to_string(), None, None),
        };
        self.news(&channel.id, news).await;
    }

    /// Records health that is news.
    async fn news(&self, channel: &ChannelId, health: ChannelHealth) {
        let id = channel.clone();
        let known = self.site.query(move |state| state.health(&id)).await;
        let is_news =
            known.is_ok_and(|known| known.state != health.state || known.detail != health.detail);
        if is_news {
            // An error means that the site has ended.
            let _ = self.site.health(channel.clone(), health).await;
        }
    }
}

fn pause_after(failure: &Failure, failures: u32) -> Duration {
    let until = match failure {
        Failure::Throttled(throttle) => throttle.until,
        _ => None,
    };
    let pause = match until {
        Some(until) => until.duration_since(now()),
        None => backoff(failures),
    };
    let is_long = matches!(failure, Failure::Unauthorized(_));
    let least = if is_long { PROBE_EVERY } else { SHORTEST };
    Duration::try_from(pause).unwrap_or(SHORTEST).max(least)
}
