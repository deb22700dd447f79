//! How often and how soon something that fails for the time being is tried again.

use jiff::SignedDuration;
use linecard_model::manifest::RetryRule;
use linecard_model::outbox::OutboxEntry;

use crate::channels::{ChannelRuntime, Channels};

/// For how long an action is tried again where neither the channel nor its network says otherwise.
const USUAL_TIME: SignedDuration = SignedDuration::from_hours(24);

/// The usual pause after this attempt: 1 s, doubled each time, 5 min at most.
pub fn backoff(attempt: u32) -> SignedDuration {
    let seconds = 1_i64 << attempt.saturating_sub(1).min(9);
    SignedDuration::from_secs(seconds.min(300))
}

/// Whether repeating an entry's action can have no second effect.
pub fn is_idempotent(channels: &Channels, entry: &OutboxEntry) -> bool {
    let kind = entry.request.action.kind();
    channels.get(&entry.channel).is_some_and(|channel| {
        channel.abilities().is_some_and(|a| {
            a.actions
                .iter()
                .any(|ability| ability.kind == kind && ability.idempotent)
        })
    })
}

/// How the actions of a channel are tried again.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retries {
    /// The same after each failure; the usual ones if `None`.
    pause: Option<SignedDuration>,
    /// How often after the first attempt.
    most: Option<u32>,
    /// For how long after an action was asked for.
    within: SignedDuration,
}

impl Retries {
    /// The same, for so long after an action was asked for if that is said with it.
    #[must_use]
    pub fn for_seconds(self, seconds: Option<u32>) -> Self {
        match seconds {
            Some(seconds) => Self {
                within: SignedDuration::from_secs(i64::from(seconds)),
                most: None,
                ..self
            },
            None => self,
        }
    }

    /// Those of a channel; the usual ones for a channel that is not there any more.
    pub fn of(channel: Option<&ChannelRuntime>) -> Self {
        let config = channel.map(|c| &c.config);
        Self::new(
            config.and_then(|c| c.retry_for_seconds),
            config.and_then(|c| c.retry_pause_seconds),
            channel.and_then(|c| c.abilities()).and_then(|a| a.retries),
        )
    }

    /// What the operator says comes before what the network documents.
    fn new(
        for_seconds: Option<u32>,
        pause_seconds: Option<f64>,
        documented: Option<RetryRule>,
    ) -> Self {
        let chosen = pause_seconds.and_then(|s| SignedDuration::try_from_secs_f64(s).ok());
        let pause = documented.map(|rule| {
            SignedDuration::from_millis(i64::try_from(rule.pause_ms).unwrap_or(i64::MAX))
        });
        Self {
            pause: chosen.or(pause),
            most: documented
                .filter(|_| for_seconds.is_none())
                .map(|rule| rule.max),
            within: for_seconds.map_or(USUAL_TIME, |s| SignedDuration::from_secs(i64::from(s))),
        }
    }

    /// How long to wait after this attempt, if the network does not say.
    pub fn pause(self, attempt: u32) -> SignedDuration {
        self.pause.unwrap_or_else(|| backoff(attempt))
    }

    /// Whether the attempt that has just failed was the last; `waited` since the action was asked
    /// for.
    pub fn are_over(self, attempt: u32, waited: SignedDuration) -> bool {
        waited > self.within || self.most.is_some_and(|most| attempt > most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENTED: RetryRule = RetryRule {
        max: 5,
        pause_ms: 5_000,
    };

    #[test]
    fn usually_the_pause_doubles_for_a_day() {
        let retries = Retries::new(None, None, None);
        let pauses: Vec<i64> = (1..=10).map(|n| retries.pause(n).as_secs()).collect();
        assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]);
        assert!(!retries.are_over(10_000, SignedDuration::from_hours(24)));
        assert!(retries.are_over(1, SignedDuration::from_hours(25)));
    }

    #[test]
    fn a_documented_rule_counts_the_attempts() {
        let retries = Retries::new(None, None, Some(DOCUMENTED));
        assert_eq!(retries.pause(1), SignedDuration::from_secs(5));
        assert_eq!(retries.pause(5), SignedDuration::from_secs(5));
        let soon = SignedDuration::from_secs(25);
        assert!(!retries.are_over(5, soon), "the fifth attempt is repeated");
        assert!(
            retries.are_over(6, soon),
            "the fifth repetition is the last"
        );
    }

    #[test]
    fn what_is_said_with_an_action_sets_its_time_and_keeps_the_pause() {
        let retries = Retries::new(None, None, Some(DOCUMENTED)).for_seconds(Some(10));
        assert_eq!(retries.pause(1), SignedDuration::from_secs(5));
        assert!(!retries.are_over(100, SignedDuration::from_secs(10)));
        assert!(retries.are_over(1, SignedDuration::from_secs(11)));
        let usual = Retries::new(None, None, None);
        assert_eq!(usual.for_seconds(None), usual);
    }

    #[test]
    fn what_the_operator_says_comes_first() {
        let retries = Retries::new(Some(60), Some(0.25), Some(DOCUMENTED));
        assert_eq!(retries.pause(3), SignedDuration::from_millis(250));
        assert!(!retries.are_over(100, SignedDuration::from_secs(60)));
        assert!(retries.are_over(1, SignedDuration::from_secs(61)));
    }
}
