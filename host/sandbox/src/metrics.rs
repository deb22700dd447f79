//! What a plug-in's calls came to, for the metrics page.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::error::{Call, Fault};

/// Counts of one plug-in since it was loaded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PluginMetrics {
    /// By call.
    pub calls: BTreeMap<Call, CallMetrics>,
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
    /// How often it failed, by the limit's name, or `trap`, `output`, `refused`, `start`.
    pub failures: BTreeMap<&'static str, u64>,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    calls: Mutex<BTreeMap<Call, CallMetrics>>,
    http_answered: AtomicU64,
    http_failed: AtomicU64,
}

impl Counters {
    pub(crate) fn call(&self, call: Call, time: Duration, fault: Option<&Fault>) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = calls.entry(call).or_default();
        entry.count += 1;
        entry.time += time;
        if let Some(fault) = fault {
            let name = match fault {
                Fault::Limit(breach) => breach.limit.as_str(),
                Fault::Trap(_) => "trap",
                Fault::Output(_) => "output",
                Fault::Refused(_) => "refused",
                Fault::Start(_) => "start",
            };
            *entry.failures.entry(name).or_default() += 1;
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
        PluginMetrics {
            calls: self
                .calls
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
            http_answered: self.http_answered.load(Ordering::Relaxed),
            http_failed: self.http_failed.load(Ordering::Relaxed),
        }
    }
}
