//! What one call of a plug-in may use.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What one call of a plug-in may use. A call that goes beyond fails with the limit's name; no other
/// call notices.
///
/// Calls go in four **lanes**: `receive` with `describe` and the calls of analyzers; `perform`; `poll`;
/// and the look-ups `resolve-profile`, `resolve-media`, `probe` and `templates`. A lane's turns are its own, so none of
/// them waits for calls of another. Calls that find no turn wait in order: those of the first lane for as
/// long as they may run (`analyze` for as long as `receive`), then they fail with the limit's name; those that use the network for as long as
/// it takes, because what their network holds up is not to fail for it.
///
/// In files, times are whole milliseconds, sizes are bytes, and every field may be left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Wall time of `describe`, in milliseconds. Default 1 s.
    #[serde(with = "millis")]
    #[schema(value_type = u64)]
    pub describe_time: Duration,
    /// Wall time of `receive`, and of an analyzer's `prepare` where a message waits for it, in
    /// milliseconds. Default 1 s: a network that waits for its 2xx gives up after a few seconds.
    #[serde(with = "millis")]
    #[schema(value_type = u64)]
    pub receive_time: Duration,
    /// Wall time of an analyzer's `prepare` while a configuration is checked or begins to hold, in
    /// milliseconds. Default 10 s: it only computes, for `cpu_time` at most, but on a busy machine it
    /// waits for its turns.
    #[serde(with = "millis")]
    #[schema(value_type = u64)]
    pub prepare_time: Duration,
    /// Wall time of `analyze`, in milliseconds. Default 100 ms: it lies in the path of every message.
    #[serde(with = "millis")]
    #[schema(value_type = u64)]
    pub analyze_time: Duration,
    /// Wall time of the calls that use the network: `poll`, `perform`, `resolve-profile`,
    /// `resolve-media`, `probe`, `templates`, in milliseconds. Default 30 s.
    #[serde(with = "millis")]
    #[schema(value_type = u64)]
    pub network_time: Duration,
    /// Time that the guest itself may compute in any call, in milliseconds; waiting for the network does
    /// not count. Default 500 ms, measured in steps of a few milliseconds.
    #[serde(with = "millis")]
    #[schema(value_type = u64)]
    pub cpu_time: Duration,
    /// Memory over all linear memories and tables of an instance, in bytes. Default 64 MiB.
    pub memory_bytes: usize,
    /// Calls from the guest to the host, those of its runtime library included. Default 10,000.
    pub host_calls: u32,
    /// Handles (streams, pollables, …) that are open at once. Default 64.
    pub handles: usize,
    /// Events that one call may give. Default 10,000.
    pub output_events: usize,
    /// Bytes that the guest may hand to the host at once: the call's result, or the arguments of one
    /// host call. Default 16 MiB.
    pub output_bytes: usize,
    /// Log lines. Default 100.
    pub log_lines: u32,
    /// Bytes in all log lines. Default 64 KiB.
    pub log_bytes: usize,
    /// HTTP requests. Default 50.
    pub http_requests: u32,
    /// Bytes of all HTTP request bodies that come from the guest. Default 16 MiB.
    pub http_sent_bytes: u64,
    /// Bytes of all HTTP answers that go to the guest. Default 16 MiB.
    pub http_received_bytes: u64,
    /// Bytes of one file that goes from or to the media store. Default 100 MiB.
    pub media_bytes: u64,
    /// Calls of one channel in one lane at the same time. Default 8; it must be below
    /// `calls_per_plugin`, so that a channel whose network hangs leaves turns to the others.
    #[schema(minimum = 1)]
    pub calls_per_channel: usize,
    /// Calls of one plug-in in one lane at the same time. Default 24; it must be well below `calls`, so
    /// that one plug-in cannot use up what is there for all.
    pub calls_per_plugin: usize,
    /// Calls of all plug-ins in one lane at the same time. Default 128. There is room for so many in
    /// every lane, four times as many altogether; those that are not used cost no memory.
    #[schema(maximum = 1000)]
    pub calls: u32,
    /// Messages that an analyzer's instance reads before it is replaced. Default 1,000.
    pub analyzer_uses: u32,
    /// Instances of all analyzers that are kept warm, of each at most as many as there are processors.
    /// Default 64.
    pub warm_analyzers: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            describe_time: Duration::from_secs(1),
            receive_time: Duration::from_secs(1),
            prepare_time: Duration::from_secs(10),
            analyze_time: Duration::from_millis(100),
            network_time: Duration::from_secs(30),
            cpu_time: Duration::from_millis(500),
            memory_bytes: 64 << 20,
            host_calls: 10_000,
            handles: 64,
            output_events: 10_000,
            output_bytes: 16 << 20,
            log_lines: 100,
            log_bytes: 64 << 10,
            http_requests: 50,
            http_sent_bytes: 16 << 20,
            http_received_bytes: 16 << 20,
            media_bytes: 100 << 20,
            calls_per_channel: 8,
            calls_per_plugin: 24,
            calls: 128,
            analyzer_uses: 1_000,
            warm_analyzers: 64,
        }
    }
}

mod millis {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_millis)
    }
}
