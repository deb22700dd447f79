//! `random`: bytes from the operating system's cryptographic source.

use super::ContractViolation;
use crate::bindings::connector::linecard::plugin::random;
use crate::instance::{CallState, Capability};

/// The most bytes at once.
const MAX: usize = 1_024;

impl random::Host for CallState {
    fn bytes(&mut self, count: u32) -> wasmtime::Result<Vec<u8>> {
        self.count_host_call()?;
        if matches!(self.capability, Capability::Nothing) {
            return Ok(Vec::new());
        }
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        if count > MAX {
            let text = format!("it asked for {count} random bytes; {MAX} is the most");
            return Err(ContractViolation(text).into());
        }
        let mut bytes = vec![0; count];
        getrandom::fill(&mut bytes).map_err(|error| {
            wasmtime::Error::msg(format!("the system gives no random bytes: {error}"))
        })?;
        Ok(bytes)
    }
}
