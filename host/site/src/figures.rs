//! What the channels have done and cost, and what they may do.

use linecard_model::outbox::{ChannelFigures, ChannelHealth, HealthState};
use linecard_model::spend::Exhausted;
use linecard_model::{ChannelId, Timestamp};
use linecard_store::StoreError;

use super::command::Permission;
use super::health::{Source, fares};
use super::run::Batch;
use super::state::SiteState;

/// Changes a channel's figures, durably.
pub(super) fn count(
    batch: &mut Batch<'_>,
    channel: &ChannelId,
    change: impl FnOnce(&mut ChannelFigures),
) {
    let figures = batch.state.figures.entry(channel.clone()).or_default();
    change(figures);
    batch.work.put_figures(channel, figures.clone());
}

/// Counts what the network charged, and says so when the budget is used up.
pub(super) async fn charge(
    batch: &mut Batch<'_>,
    channel: &ChannelId,
    millionths: u64,
) -> Result<(), StoreError> {
    if millionths == 0 {
        return Ok(());
    }
    let at = batch.at;
    count(batch, channel, |figures| {
        figures.spent.add(at, millionths);
    });
    tell_budget(batch, channel).await
}

/// Says so if the budget is used up.
pub(super) async fn tell_budget(
    batch: &mut Batch<'_>,
    channel: &ChannelId,
) -> Result<(), StoreError> {
    let Some(exhausted) = batch.state.exhausted_at(channel, batch.at) else {
        return Ok(());
    };
    // What a person must see to goes before the budget.
    let urgent = matches!(
        batch.state.health(channel).state,
        HealthState::CredentialsRefused | HealthState::Stopped
    );
    if urgent || batch.state.health(channel).state == HealthState::BudgetSpent {
        return Ok(());
    }
    let health = ChannelHealth {
        state: HealthState::BudgetSpent,
        since: Some(batch.at),
        detail: Some(exhausted.to_string()),
        remedy: Some(
            "wait for the next day or month, or raise `spend` in the channel's configuration"
                .to_owned(),
        ),
        until: Some(exhausted.until),
    };
    fares(batch, channel, health, Source::Hub).await
}

/// Takes over a poll that succeeded.
pub(super) async fn polled(
    batch: &mut Batch<'_>,
    channel: &ChannelId,
    cost: u64,
) -> Result<(), StoreError> {
    let figures = batch.state.figures.entry(channel.clone()).or_default();
    // It is written when something else of the figures changes: a poll without news writes nothing.
    figures.polled_at = Some(batch.at);
    let connected = ChannelHealth {
        state: HealthState::Connected,
        since: Some(batch.at),
        ..ChannelHealth::default()
    };
    fares(batch, channel, connected, Source::Poll).await?;
    charge(batch, channel, cost).await
}

/// Whether a channel may poll now.
pub(super) async fn may_poll(
    batch: &mut Batch<'_>,
    channel: &ChannelId,
) -> Result<Permission, StoreError> {
    if batch.state.is_paused(channel) {
        return Ok(Permission::Held(None));
    }
    match batch.state.exhausted_at(channel, batch.at) {
        None => Ok(Permission::Granted),
        Some(exhausted) => {
            // The budget may have been lowered below what was spent.
            tell_budget(batch, channel).await?;
            Ok(Permission::Held(Some(exhausted.until)))
        }
    }
}

impl SiteState {
    /// What a channel has done.
    pub fn figures(&self, channel: &ChannelId) -> ChannelFigures {
        self.figures.get(channel).cloned().unwrap_or_default()
    }

    /// The channel's budget, if it is used up.
    pub fn exhausted(&self, channel: &ChannelId) -> Option<Exhausted> {
        self.exhausted_at(channel, Timestamp::now())
    }

    fn exhausted_at(&self, channel: &ChannelId, at: Timestamp) -> Option<Exhausted> {
        let budget = self.config.channels.get(channel)?.spend?;
        budget.exhausted(&self.figures.get(channel)?.spent, at)
    }

    /// Whether an operator paused it, by the configuration or by hand.
    pub fn is_paused(&self, channel: &ChannelId) -> bool {
        let health = self.health.get(channel);
        self.is_configured_paused(channel)
            || health.is_some_and(|health| health.state == HealthState::Paused)
    }

    pub(super) fn is_configured_paused(&self, channel: &ChannelId) -> bool {
        let config = self.config.channels.get(channel);
        config.is_some_and(|config| config.paused)
    }

    /// Whether an action may be tried now.
    pub(super) fn may_act(&self, channel: &ChannelId, at: Timestamp) -> Permission {
        if self.channels.get(channel).is_none() || self.is_paused(channel) {
            return Permission::Held(None);
        }
        let config = self.config.channels.get(channel);
        let enforced = config
            .and_then(|c| c.spend)
            .is_some_and(|s| s.enforce_on_sends);
        match self.exhausted_at(channel, at).filter(|_| enforced) {
            Some(exhausted) => Permission::Held(Some(exhausted.until)),
            None => Permission::Granted,
        }
    }
}
