//! What a plug-in's calls came to: for the metrics page and the API.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use hdrhistogram::Histogram;
use linecard_model::{ChannelId, Timestamp};

use crate::error::{Call, Fault};
use crate::mark::CallId;

/// For how many channels calls are counted; those of more count for the plug-in alone. Channels that are
/// removed keep their places until another version is loaded.
const MOST_CHANNELS: usize = 500;
/// The longest time that is told apart, in microseconds.
const LONGEST: u64 = 120_000_000;
/// With so many digits times are told apart: within one hundredth.
const DIGITS: u8 = 2;

/// Counts of one plug-in since it was loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PluginMetrics {
    /// By call.
    pub calls: BTreeMap<Call, CallMetrics>,
    /// By channel and call; a connector's.
    pub channels: BTreeMap<ChannelId, BTreeMap<Call, CallMetrics>>,
    /// The last call that failed.
    pub last_failure: Option<LastFailure>,
    /// HTTP requests that were answered, whatever the status.
    pub http_answered: u64,
    /// HTTP requests that failed or were refused.
    pub http_failed: u64,
}

/// Counts of one call.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CallMetrics {
    /// How often it was made.
    pub count: u64,
    /// How long it took altogether, waiting for its turn not included.
    pub time: Duration,
    /// The times that 50, 95 and 99 of a hundred calls took at most, within one hundredth.
    pub percentiles: [Duration; 3],
    /// How often it failed, by the limit's name, or `trap`, `output`, `refused`, `start`.
    pub failures: BTreeMap<&'static str, u64>,
}

impl CallMetrics {
    /// What is left of these counts without some that are part of them. Times are told of all calls.
    #[must_use]
    pub fn without<'a>(&self, parts: impl Iterator<Item = &'a Self>) -> Self {
        let mut left = self.clone();
        for part in parts {
            left.count = left.count.saturating_sub(part.count);
            left.time = left.time.saturating_sub(part.time);
            for (name, count) in &part.failures {
                if let Some(left) = left.failures.get_mut(name) {
                    *left = left.saturating_sub(*count);
                }
            }
        }
        left.failures.retain(|_, count| *count > 0);
        left
    }
}

/// A call that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastFailure {
    /// When.
    pub at: Timestamp,
    /// The call.
    pub call: Call,
    /// Its id, as the log has it.
    pub id: CallId,
    /// The channel; absent for an analyzer.
    pub channel: Option<ChannelId>,
    /// What went wrong.
    pub fault: String,
}

/// What is kept of one call.
#[derive(Debug)]
struct Entry {
    count: u64,
    time: Duration,
    failures: BTreeMap<&'static str, u64>,
    /// The times in microseconds; `None` if the library refuses its constants.
    times: Option<Histogram<u32>>,
}

impl Default for Entry {
    fn default() -> Self {
        Self {
            count: 0,
            time: Duration::ZERO,
            failures: BTreeMap::new(),
            times: Histogram::new_with_bounds(1, LONGEST, DIGITS).ok(),
        }
    }
}

impl Entry {
    fn add(&mut self, time: Duration, failure: Option<&'static str>) {
        self.count += 1;
        self.time += time;
        if let Some(times) = &mut self.times {
            times.saturating_record(u64::try_from(time.as_micros()).unwrap_or(LONGEST));
        }
        if let Some(name) = failure {
            *self.failures.entry(name).or_default() += 1;
        }
    }

    fn read(&self) -> CallMetrics {
        let at = |quantile| {
            let times = self.times.as_ref();
            Duration::from_micros(times.map_or(0, |times| times.value_at_quantile(quantile)))
        };
        CallMetrics {
            count: self.count,
            time: self.time,
            percentiles: [at(0.5), at(0.95), at(0.99)],
            failures: self.failures.clone(),
        }
    }
}

#[derive(Debug, Default)]
struct Calls {
    all: BTreeMap<Call, Entry>,
    channels: BTreeMap<ChannelId, BTreeMap<Call, Entry>>,
    last_failure: Option<LastFailure>,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    calls: Mutex<Calls>,
    http_answered: AtomicU64,
    http_failed: AtomicU64,
}

fn kind(fault: &Fault) -> &'static str {
    match fault {
        Fault::Limit(breach) => breach.limit.as_str(),
        Fault::Trap(_) => "trap",
        Fault::Output(_) => "output",
        Fault::Refused(_) => "refused",
        Fault::Start(_) => "start",
        Fault::Suspended(_) => "suspended",
    }
}

impl Counters {
    fn calls(&self) -> MutexGuard<'_, Calls> {
        // Only counters: whoever panicked between two of them left nothing half done.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn call(
        &self,
        (call, id): (Call, CallId),
        channel: Option<&ChannelId>,
        time: Duration,
        fault: Option<&Fault>,
    ) {
        let failure = fault.map(kind);
        let mut calls = self.calls();
        calls.all.entry(call).or_default().add(time, failure);
        if let Some(channel) = channel {
            let has_room = calls.channels.len() < MOST_CHANNELS;
            let counted = if calls.channels.contains_key(channel) || has_room {
                Some(calls.channels.entry(channel.clone()).or_default())
            } else {
                None
            };
            if let Some(counted) = counted {
                counted.entry(call).or_default().add(time, failure);
            }
        }
        if let Some(fault) = fault {
            calls.last_failure = Some(LastFailure {
                at: Timestamp::now(),
                call,
                id,
                channel: channel.cloned(),
                fault: fault.to_string(),
            });
        }
    }

    pub(crate) fn http(&self, answered: bool) {
        let counter = if answered {
            &self.http_answered
        } else {
            &self.http_failed
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn read(&self) -> PluginMetrics {
        let calls = self.calls();
        let read = |of: &BTreeMap<Call, Entry>| {
            let of = of.iter();
            of.map(|(call, entry)| (*call, entry.read())).collect()
        };
        PluginMetrics {
            calls: read(&calls.all),
            channels: calls
                .channels
                .iter()
                .map(|(channel, of)| (channel.clone(), read(of)))
                .collect(),
            last_failure: calls.last_failure.clone(),
            http_answered: self.http_answered.load(Ordering::Relaxed),
            http_failed: self.http_failed.load(Ordering::Relaxed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_for_the_plug_in_and_for_its_channel() {
        let counters = Counters::default();
        let (one, id) = ("one".parse().unwrap(), CallId::new());
        for ms in 1..=100 {
            let time = Duration::from_millis(ms);
            counters.call((Call::Receive, id), Some(&one), time, None);
        }
        let fault = Fault::Trap("unreachable".to_owned());
        let other = "other".parse().unwrap();
        counters.call((Call::Poll, id), Some(&other), Duration::ZERO, Some(&fault));
        let read = counters.read();
        assert_eq!(
            read.calls[&Call::Receive],
            read.channels[&one][&Call::Receive]
        );
        let [half, most, nearly_all] = read.calls[&Call::Receive].percentiles;
        for (found, ms) in [(half, 50), (most, 95), (nearly_all, 99)] {
            let expected = Duration::from_millis(ms);
            let difference = found.abs_diff(expected);
            assert!(difference * 50 <= expected, "{found:?}, not {expected:?}");
        }
        let parts = read
            .channels
            .values()
            .filter_map(|calls| calls.get(&Call::Poll));
        let left = read.calls[&Call::Poll].without(parts);
        assert_eq!((left.count, left.failures.len()), (0, 0));
        assert_eq!(read.channels[&other][&Call::Poll].failures["trap"], 1);
        let last = read.last_failure.unwrap();
        assert_eq!((last.id, last.channel), (id, Some(other)));
    }
}
