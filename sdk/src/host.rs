//! Where calls to the host go: to the imports in a component, to a double in a native test.
//!
//! Plug-ins call [`http`], [`secrets`], [`log`],
//! [`time::now`](crate::time::now) and [`random`]; this is what stands behind them.

use crate::events::Timestamp;
use crate::{http, log, secrets};

/// This many random bytes, at most 1,024, from the host's cryptographic source. Connectors only.
pub fn random(count: u32) -> Vec<u8> {
    with(|host| host.random(count))
}

/// What a plug-in can reach. [`testing::TestHost`](crate::testing::TestHost) implements it for tests.
pub trait Host {
    /// Makes one HTTP request.
    fn send(&self, request: &http::Request) -> Result<http::Response, http::Error>;
    /// The HMAC of the bytes under a named secret.
    fn hmac(
        &self,
        name: &str,
        algorithm: secrets::Algorithm,
        message: &[u8],
    ) -> Result<Vec<u8>, secrets::Error>;
    /// Whether `mac` is that HMAC, compared in constant time.
    fn verify_hmac(
        &self,
        name: &str,
        algorithm: secrets::Algorithm,
        message: &[u8],
        mac: &[u8],
    ) -> Result<bool, secrets::Error>;
    /// Whether the candidate is the named secret, compared in constant time.
    fn equals(&self, name: &str, candidate: &[u8]) -> Result<bool, secrets::Error>;
    /// Writes a line to the operator's log.
    fn log(&self, level: log::Level, message: &str);
    /// Milliseconds since the Unix epoch.
    fn now(&self) -> Timestamp;
    /// Random bytes.
    fn random(&self, count: u32) -> Vec<u8>;
}

#[cfg(target_arch = "wasm32")]
pub(crate) fn with<T>(call: impl FnOnce(&dyn Host) -> T) -> T {
    call(&imports::Imports)
}

#[cfg(not(target_arch = "wasm32"))]
pub(crate) use crate::testing::with_installed as with;

#[cfg(target_arch = "wasm32")]
mod imports {
    use super::{Host, Timestamp, http, log, secrets};
    use crate::bindings::connector::linecard::plugin;

    /// The component's imports.
    pub(super) struct Imports;

    impl Host for Imports {
        fn send(&self, request: &http::Request) -> Result<http::Response, http::Error> {
            plugin::http::send(request)
        }

        fn hmac(
            &self,
            name: &str,
            algorithm: secrets::Algorithm,
            message: &[u8],
        ) -> Result<Vec<u8>, secrets::Error> {
            plugin::secrets::hmac(name, algorithm, message)
        }

        fn verify_hmac(
            &self,
            name: &str,
            algorithm: secrets::Algorithm,
            message: &[u8],
            mac: &[u8],
        ) -> Result<bool, secrets::Error> {
            plugin::secrets::verify_hmac(name, algorithm, message, mac)
        }

        fn equals(&self, name: &str, candidate: &[u8]) -> Result<bool, secrets::Error> {
            plugin::secrets::equals(name, candidate)
        }

        fn log(&self, level: log::Level, message: &str) {
            plugin::log::write(level, message);
        }

        fn now(&self) -> Timestamp {
            plugin::clock::now()
        }

        fn random(&self, count: u32) -> Vec<u8> {
            plugin::random::bytes(count)
        }
    }
}
