//! The numbers that the state keeps for queues and agents; [`crate::stats`] makes figures of them.

use std::collections::BTreeMap;

use linecard_model::Timestamp;
use linecard_model::routing::{Presence, QueueSettings, ServiceClock};
use serde::{Deserialize, Serialize};

/// What has been counted for one media type of one queue. Durations are milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct QueueCounters {
    pub entered: u64,
    pub begun: u64,
    pub offers: u64,
    pub answered: u64,
    pub answered_in_target: u64,
    pub answer_wait: u64,
    pub abandoned: u64,
    pub short_abandoned: u64,
    pub withdrawn: u64,
    pub requeued: u64,
    pub declined: u64,
    pub rona: u64,
    pub handled: u64,
    pub parked: u64,
    pub transferred_in: u64,
    pub transferred_out: u64,
    pub taken_over: u64,
    pub flowed_in: u64,
    pub flowed_out: u64,
    pub consults: u64,
    pub interact_time: u64,
    pub hold_time: u64,
    pub wrap_up_time: u64,
    /// By what was to happen, how often it did in time.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub service: BTreeMap<ServiceClock, Times>,
    /// A moving average of the handle time, for the estimated wait. It outlives a reset.
    pub recent_handle_time: Option<u64>,
}

impl QueueCounters {
    /// Lets one more handle time weigh an eighth in the moving average.
    pub fn note_handle_time(&mut self, millis: u64) {
        self.recent_handle_time = Some(match self.recent_handle_time {
            None => millis,
            Some(average) => (average.saturating_mul(7).saturating_add(millis)) / 8,
        });
    }

    /// Answered in target ÷ (answered + abandoned, short ones left out).
    pub fn service_level(&self, settings: &QueueSettings) -> Option<f64> {
        let short = if settings.short_abandon_seconds > 0 {
            self.short_abandoned
        } else {
            0
        };
        ratio(
            self.answered_in_target,
            self.answered + self.abandoned.saturating_sub(short),
        )
    }

    pub fn reset(&mut self) {
        *self = Self {
            recent_handle_time: self.recent_handle_time,
            ..Self::default()
        };
    }
}

/// How often the times of service policies were kept.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Times {
    pub kept: u64,
    pub broken: u64,
}

/// What has been counted for one agent. Durations are milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct AgentCounters {
    pub offers: u64,
    pub answered: u64,
    pub begun: u64,
    pub declined: u64,
    pub rona: u64,
    pub handled: u64,
    pub transferred: u64,
    pub consulted: u64,
    pub handle_time: u64,
    /// Time with work in hand.
    pub busy_time: u64,
    /// Time with work in hand, or ready for it.
    pub staffed_time: u64,
    /// Up to when the two times above are accounted for.
    pub accounted: Option<Timestamp>,
}

impl AgentCounters {
    /// Accounts for the time up to now, in which the agent was as the arguments say.
    pub fn account(&mut self, at: Timestamp, presence: &Presence, busy: bool) {
        if let Some(since) = self.accounted {
            let elapsed = millis_between(since, at);
            if busy {
                self.busy_time += elapsed;
            }
            if busy || presence.is_ready() {
                self.staffed_time += elapsed;
            }
        }
        self.accounted = Some(at);
    }

    pub fn reset(&mut self, at: Timestamp) {
        *self = Self {
            accounted: Some(at),
            ..Self::default()
        };
    }
}

/// The milliseconds from one moment to a later one; 0 if it is not later.
pub(crate) fn millis_between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.as_millisecond().saturating_sub(from.as_millisecond())).unwrap_or(0)
}

/// The moment a number of seconds later; the end of time if there is none.
pub(crate) fn later(at: Timestamp, seconds: u32) -> Timestamp {
    Timestamp::from_millisecond(
        at.as_millisecond()
            .saturating_add(i64::from(seconds).saturating_mul(1000)),
    )
    .unwrap_or(Timestamp::MAX)
}

// Counts and milliseconds stay far below 2^53, up to which a double is exact.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}
