//! How a simulated bot is set up.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};

use crate::clock::SimulatedClock;
use crate::delivery::RetryPolicy;
use crate::record::RecordMode;

/// How a simulated bot is set up.
#[derive(Clone)]
pub struct TelegramOptions {
    /// Where to listen; port 0 for any.
    pub listen: SocketAddr,
    /// The bot's token, of the form `id:word`.
    pub token: String,
    /// The bot's user name.
    pub username: String,
    /// How deliveries are repeated.
    pub retry: RetryPolicy,
    /// How much is remembered.
    pub record: RecordMode,
    /// The seed of faults.
    pub seed: u64,
    /// The clock that timestamps go by.
    pub clock: SimulatedClock,
}

impl fmt::Debug for TelegramOptions {
    /// Shows no token.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("TelegramOptions")
            .field("listen", &self.listen)
            .field("username", &self.username)
            .field("record", &self.record)
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

impl Default for TelegramOptions {
    /// A bot on any free port of this machine, with a well-known token, that repeats quickly.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            token: "7000001:simulated-token_of-a-bot".to_owned(),
            username: "simulated_bot".to_owned(),
            retry: RetryPolicy::fast(),
            record: RecordMode::Full,
            seed: 1,
            clock: SimulatedClock::default(),
        }
    }
}
