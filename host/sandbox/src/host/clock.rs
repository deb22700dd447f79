//! `clock`: the wall clock.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::bindings::connector::linecard::plugin::clock;
use crate::instance::{CallState, Capability};

impl clock::Host for CallState {
    fn now(&mut self) -> wasmtime::Result<u64> {
        self.count_host_call()?;
        if matches!(self.capability, Capability::Nothing) {
            return Ok(0);
        }
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Ok(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}
