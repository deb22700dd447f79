//! Running one call within its time, and naming what ended it.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use linecard_model::ChannelId;
use wasmtime::{Engine, PoolConcurrencyLimitError, Store, Trap};
use wasmtime_wasi::{I32Exit, ResourceTableError};

use crate::error::{Call, CallError, Fault, Limit, LimitBreach};
use crate::host::ContractViolation;
use crate::instance::{CallState, Capability, Shared, is_set, new_store};
use crate::lanes::{self, Lane, Turn};
use crate::plugin::Plugin;
use crate::sandbox::Runtime;

/// Text of the engine's error for too much data handed over at once. The error's type is private.
const TOO_MUCH_DATA: &str = "fuel allocated for hostcalls has been exhausted";

/// Waits for a turn of a call's lane. A call that only computes fails if it waits for longer than it may
/// run. One that uses the network waits for as long as it takes: those before it end within their time,
/// and nobody is to fail because somebody else's network hangs.
pub(crate) async fn turn(
    runtime: &Runtime,
    shared: &Shared,
    call: Call,
    channel: Option<&ChannelId>,
    time: Duration,
) -> Result<Turn, Fault> {
    let lane = Lane::of(call);
    let until = (lane == Lane::Computing).then(|| tokio::time::Instant::now() + time);
    lanes::turn(&runtime.places, &shared.turns, lane, channel, until)
        .await
        .map_err(|breach| {
            let fault = Fault::from(breach);
            shared.counters.call(call, Duration::ZERO, Some(&fault));
            fault
        })
}

/// Runs `body`, for at most `time`. Its turn must be held meanwhile.
pub(crate) async fn timed<T>(
    shared: &Shared,
    call: Call,
    time: Duration,
    body: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    let start = Instant::now();
    let result = tokio::time::timeout(time, body)
        .await
        .unwrap_or_else(|_| Err(LimitBreach::new(Limit::WallTime, time.as_millis()).into()));
    shared
        .counters
        .call(call, start.elapsed(), result.as_ref().err());
    result
}

/// Runs a guest's function in a fresh store.
pub(crate) async fn fresh<T>(
    engine: &Engine,
    shared: &Arc<Shared>,
    capability: Capability,
    may_have_acted: &Arc<AtomicBool>,
    body: impl for<'a> FnOnce(&'a mut Store<CallState>) -> BoxFuture<'a, wasmtime::Result<T>> + Send,
) -> Result<T, Fault> {
    let mut store = new_store(engine, shared, capability, Arc::clone(may_have_acted));
    match body(&mut store).await {
        Ok(value) => match store.data().breach() {
            Some(breach) => Err(breach.clone().into()),
            None => Ok(value),
        },
        Err(error) => Err(fault(&error, store.data())),
    }
}

/// What an error of the engine means.
pub(crate) fn fault(error: &wasmtime::Error, state: &CallState) -> Fault {
    if let Some(breach) = error.downcast_ref::<LimitBreach>().or(state.breach()) {
        return breach.clone().into();
    }
    if let Some(violation) = error.downcast_ref::<ContractViolation>() {
        return Fault::Output(violation.0.clone());
    }
    if let Some(ResourceTableError::Full) = error.downcast_ref::<ResourceTableError>() {
        return LimitBreach::new(Limit::Handles, state.shared.limits.handles).into();
    }
    if error.downcast_ref::<PoolConcurrencyLimitError>().is_some() {
        return Fault::Start(error.to_string());
    }
    if let Some(exit) = error.downcast_ref::<I32Exit>() {
        return Fault::Trap(format!("it ended itself with exit status {}", exit.0));
    }
    let text = format!("{error:#}");
    if text.contains(TOO_MUCH_DATA) {
        return LimitBreach::new(Limit::OutputBytes, state.shared.limits.output_bytes).into();
    }
    match error.downcast_ref::<Trap>() {
        Some(trap) => {
            let said = state.stderr();
            Fault::Trap(if said.is_empty() {
                trap.to_string()
            } else {
                format!("{trap}; it wrote: {said}")
            })
        }
        // What is left are results that cannot be read: pointers out of bounds, text that is not
        // UTF-8, values that are no case of a variant.
        None => Fault::Output(error.root_cause().to_string()),
    }
}

impl Plugin {
    /// The error of a call that failed.
    pub(crate) fn error(&self, call: Call, fault: Fault, may_have_acted: &AtomicBool) -> CallError {
        CallError {
            plugin: self.inner.manifest.id.clone(),
            version: self.inner.manifest.version.clone(),
            call,
            fault,
            may_have_acted: is_set(may_have_acted),
        }
    }
}
