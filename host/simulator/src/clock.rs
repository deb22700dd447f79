//! A clock that tests can move, so that a 24-hour window closes without waiting a day.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::Timestamp;

/// The wall clock plus an offset. Clones share the offset.
#[derive(Debug, Clone, Default)]
pub struct SimulatedClock {
    offset_ms: Arc<AtomicI64>,
}

impl SimulatedClock {
    /// The simulated time in milliseconds since the Unix epoch.
    pub fn now_ms(&self) -> i64 {
        Timestamp::now()
            .as_millisecond()
            .saturating_add(self.offset_ms.load(Ordering::Relaxed))
    }

    /// The simulated time as a timestamp.
    pub fn now(&self) -> Timestamp {
        timestamp(self.now_ms())
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        self.offset_ms.fetch_add(by, Ordering::Relaxed);
    }

    /// How far the clock is ahead of the wall clock, in milliseconds.
    pub fn offset_ms(&self) -> i64 {
        self.offset_ms.load(Ordering::Relaxed)
    }
}

/// A timestamp from milliseconds; a value out of range becomes the epoch.
pub(crate) fn timestamp(ms: i64) -> Timestamp {
    Timestamp::from_millisecond(ms).unwrap_or(Timestamp::UNIX_EPOCH)
}
