//! How the channels fare: what is news about them, and what people do about it.

use std::collections::BTreeSet;

use linecard_model::event::Event;
use linecard_model::outbox::{ChannelHealth, HealthState};
use linecard_model::{ChannelId, Timestamp};
use linecard_store::StoreError;

use super::command::{Actor, CommandError, Outcome};
use super::people::audited;
use super::run::{After, Batch};

/// Where news of a channel comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A poll.
    Poll,
    /// A try of the credentials.
    Probe,
    /// Something that was done on the network, or was to be done.
    Action,
    /// The network itself said so.
    Network,
    /// The hub: its budget, its plug-ins, a new configuration.
    Hub,
    /// A person paused or resumed it.
    Operator,
}

/// Who has met the present fault of a channel.
#[derive(Debug, Default)]
pub(super) struct Blamed(BTreeSet<Source>);

impl Blamed {
    /// Notes who met a fault and for whom it is over. Whether it is over for all, so that what works
    /// for one does not hide what fails for another: sending can lack a permission that polling has.
    fn settles(
        &mut self,
        known: HealthState,
        news: HealthState,
        source: Source,
        is_news: bool,
    ) -> bool {
        let is_fault = |state| {
            matches!(
                state,
                HealthState::TransientFault | HealthState::CredentialsRefused
            )
        };
        if is_fault(news) {
            if is_news && known != news {
                self.0.clear();
            }
            if is_news || known == news {
                self.0.insert(source);
            }
            return true;
        }
        let tells_of_itself = matches!(source, Source::Poll | Source::Probe | Source::Action);
        if news != HealthState::Connected || !is_fault(known) || !tells_of_itself {
            self.0.clear();
            return true;
        }
        self.0.remove(&source);
        if known == HealthState::TransientFault {
            // The network answers: the next action will show whether it works.
            self.0.remove(&Source::Action);
        }
        self.0.is_empty()
    }
}

/// Whether news takes the place of what is known.
///
/// One thing that works does not prove that all does: only the network ends its own restrictions,
/// only time ends a wait, and only a person ends a pause.
fn is_news(known: &ChannelHealth, news: &ChannelHealth, source: Source, at: Timestamp) -> bool {
    use HealthState::{
        BudgetSpent, Connected, CredentialsRefused, Paused, Restricted, Stopped, Throttled,
        TransientFault, Unknown,
    };
    if source == Source::Operator {
        return true;
    }
    let waits = known.until.is_some_and(|until| until > at);
    let stays = match (known.state, news.state) {
        (Paused, _) => true,
        (_, _) if matches!(source, Source::Network | Source::Hub) => false,
        (Stopped, Connected) => source != Source::Action,
        (Throttled, Connected) | (BudgetSpent, Connected | TransientFault | Throttled) => waits,
        (Restricted, Connected)
        | (Restricted | Stopped | CredentialsRefused, TransientFault | Throttled) => true,
        _ => false,
    };
    if stays {
        return false;
    }
    // A network that works again says so once; one that fails tells each new reason once.
    known.state != news.state
        || (!matches!(news.state, Connected | Unknown) && known.detail != news.detail)
        || (news.state == Throttled && known.until < news.until)
}

/// Records how a channel fares, if that is news.
pub(super) async fn fares(
    batch: &mut Batch<'_>,
    channel: &ChannelId,
    mut health: ChannelHealth,
    source: Source,
) -> Result<(), StoreError> {
    let known = batch.state.health(channel);
    let is_news = is_news(&known, &health, source, batch.at);
    let blamed = batch.state.blamed.entry(channel.clone()).or_default();
    if !blamed.settles(known.state, health.state, source, is_news) {
        // The credentials work again as far as one can tell by trying them: what waits may show it.
        if known.state == HealthState::CredentialsRefused && source == Source::Probe {
            batch.after.push(After::Freed(channel.clone()));
        }
        return Ok(());
    }
    if !is_news {
        return Ok(());
    }
    if known.state == health.state {
        health.since = known.since.or(health.since);
    }
    let was_stopped = matches!(
        known.state,
        HealthState::Paused
            | HealthState::CredentialsRefused
            | HealthState::Restricted
            | HealthState::Stopped
            | HealthState::BudgetSpent
    );
    if was_stopped && matches!(health.state, HealthState::Connected | HealthState::Unknown) {
        batch.after.push(After::Freed(channel.clone()));
    }
    batch.state.health.insert(channel.clone(), health.clone());
    batch
        .record(vec![Event::ChannelHealthChanged {
            channel: channel.clone(),
            health,
        }])
        .await
}

/// Pauses a channel: nothing more is polled or sent. What the network delivers is still kept.
pub(super) async fn pause(
    batch: &mut Batch<'_>,
    actor: &Actor,
    channel: ChannelId,
) -> Result<Outcome, CommandError> {
    known(batch, &channel)?;
    if batch.state.health(&channel).state != HealthState::Paused {
        let paused = ChannelHealth {
            state: HealthState::Paused,
            since: Some(batch.at),
            detail: Some(format!("paused by {}", actor.name)),
            remedy: Some("resume it when it may go on".to_owned()),
            until: None,
        };
        fares(batch, &channel, paused, Source::Operator).await?;
        told(batch, actor, "channel.pause", &channel).await?;
        batch.after.push(After::PollAnew(channel.clone()));
    }
    Ok(Outcome::Health(batch.state.health(&channel)))
}

/// Lets a channel go on, whatever stopped it; what does not work will show again.
pub(super) async fn resume(
    batch: &mut Batch<'_>,
    actor: &Actor,
    channel: ChannelId,
) -> Result<Outcome, CommandError> {
    known(batch, &channel)?;
    if batch.state.is_configured_paused(&channel) {
        return Err(CommandError::PausedByConfiguration(channel));
    }
    let unknown = ChannelHealth {
        since: Some(batch.at),
        ..ChannelHealth::default()
    };
    fares(batch, &channel, unknown, Source::Operator).await?;
    told(batch, actor, "channel.resume", &channel).await?;
    batch.after.push(After::Freed(channel.clone()));
    batch.after.push(After::PollAnew(channel.clone()));
    Ok(Outcome::Health(batch.state.health(&channel)))
}

fn known(batch: &Batch<'_>, channel: &ChannelId) -> Result<(), CommandError> {
    if batch.state.config.channels.contains_key(channel) {
        return Ok(());
    }
    Err(CommandError::NotFound {
        what: "channel",
        id: channel.to_string(),
    })
}

async fn told(
    batch: &mut Batch<'_>,
    actor: &Actor,
    action: &str,
    channel: &ChannelId,
) -> Result<(), StoreError> {
    let nothing = serde_json::Value::Null;
    let event = audited(actor, action, channel.as_str(), nothing.clone(), nothing);
    batch.record(vec![event]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn health(state: HealthState, until: Option<i64>) -> ChannelHealth {
        let until = until.map(|s| {
            Timestamp::now()
                .checked_add(jiff::SignedDuration::from_secs(s))
                .unwrap()
        });
        ChannelHealth {
            state,
            since: Some(Timestamp::UNIX_EPOCH),
            detail: None,
            remedy: None,
            until,
        }
    }

    #[test]
    fn a_fault_is_over_when_it_is_over_for_all_who_met_it() {
        use HealthState as S;
        for (known, met, over, expected) in [
            (
                S::CredentialsRefused,
                vec![Source::Action],
                Source::Probe,
                false,
            ),
            (
                S::CredentialsRefused,
                vec![Source::Action],
                Source::Poll,
                false,
            ),
            (
                S::CredentialsRefused,
                vec![Source::Action],
                Source::Action,
                true,
            ),
            (
                S::CredentialsRefused,
                vec![Source::Probe],
                Source::Poll,
                false,
            ),
            (
                S::CredentialsRefused,
                vec![Source::Probe],
                Source::Probe,
                true,
            ),
            (
                S::CredentialsRefused,
                vec![Source::Probe, Source::Action],
                Source::Probe,
                false,
            ),
            // After a restart nobody knows who met it.
            (S::CredentialsRefused, vec![], Source::Probe, true),
            (S::TransientFault, vec![Source::Poll], Source::Probe, false),
            (S::TransientFault, vec![Source::Action], Source::Probe, true),
            (
                S::CredentialsRefused,
                vec![Source::Action],
                Source::Network,
                true,
            ),
        ] {
            let mut blamed = Blamed::default();
            for source in &met {
                assert!(
                    blamed.settles(known, known, *source, false),
                    "{known:?} {source:?}"
                );
            }
            let found = blamed.settles(known, S::Connected, over, true);
            assert_eq!(found, expected, "{known:?} {met:?} {over:?}");
        }
    }

    #[test]
    fn what_works_does_not_hide_what_does_not() {
        use HealthState as S;
        let soon = Some(60);
        let past = Some(-60);
        for (known, until, news, source, expected) in [
            (S::Unknown, None, S::Connected, Source::Probe, true),
            (S::Connected, None, S::Connected, Source::Probe, false),
            (S::TransientFault, None, S::Connected, Source::Probe, true),
            (
                S::CredentialsRefused,
                None,
                S::Connected,
                Source::Probe,
                true,
            ),
            (
                S::CredentialsRefused,
                None,
                S::TransientFault,
                Source::Probe,
                false,
            ),
            (S::Throttled, soon, S::Connected, Source::Probe, false),
            (S::Throttled, past, S::Connected, Source::Probe, true),
            (S::BudgetSpent, soon, S::Connected, Source::Action, false),
            (
                S::BudgetSpent,
                soon,
                S::CredentialsRefused,
                Source::Action,
                true,
            ),
            (S::BudgetSpent, past, S::Connected, Source::Action, true),
            (S::Restricted, None, S::Connected, Source::Probe, false),
            (S::Restricted, None, S::Connected, Source::Network, true),
            (S::Stopped, None, S::Connected, Source::Probe, false),
            (S::Stopped, None, S::Connected, Source::Action, true),
            (S::Paused, None, S::Connected, Source::Probe, false),
            (S::Paused, None, S::Stopped, Source::Network, false),
            (S::Paused, None, S::Unknown, Source::Operator, true),
        ] {
            let found = is_news(
                &health(known, until),
                &health(news, None),
                source,
                Timestamp::now(),
            );
            assert_eq!(found, expected, "{known:?} {until:?} {news:?} {source:?}");
        }
    }
}
