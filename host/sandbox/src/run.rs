//! Running one call within its time, and naming what ended it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use linecard_model::ChannelId;
use wasmtime::{Engine, PoolConcurrencyLimitError, Store, Trap, WasmBacktrace};
use wasmtime_wasi::{I32Exit, ResourceTableError};

use crate::error::{Call, CallError, Fault, Limit, LimitBreach};
use crate::host::ContractViolation;
use crate::host::log::one_line;
use crate::instance::{CallState, Capability, Shared, new_store};
use crate::lanes::{self, Lane, Turn};
use crate::mark::Mark;
use crate::plugin::Plugin;
use crate::sandbox::Runtime;

/// Text of the engine's error for too much data handed over at once. The error's type is private.
const TOO_MUCH_DATA: &str = "fuel allocated for hostcalls has been exhausted";

/// How many functions are named in which a guest stopped.
const MOST_FUNCTIONS: usize = 4;
/// How much of a function's name is told, in bytes.
const LONGEST_NAME: usize = 120;
/// How functions of a guest's own machinery begin: how a panic goes on says nothing of where it began.
const MACHINERY: [&str; 11] = [
    "std::",
    "core::panicking",
    "core::option::",
    "core::result::",
    "alloc::",
    "__rust",
    "rust_panic",
    "rust_begin_unwind",
    "panic_",
    "abort",
    "__",
];

/// Waits for a turn of a call's lane. A call that only computes fails if it waits for longer than `time`. One
/// that uses the network waits for as long as it takes: those before it end within their time,
/// and nobody is to fail because somebody else's network hangs.
pub(crate) async fn turn(
    runtime: &Runtime,
    shared: &Shared,
    (call, mark): (Call, &Mark),
    channel: Option<&ChannelId>,
    time: Duration,
) -> Result<Turn, Fault> {
    if let (Some(_), Some(channel)) = (&shared.suspension, channel) {
        let may = shared.suspensions.may(channel, call, Instant::now());
        may.map_err(|suspended| Fault::Suspended(Box::new(suspended)))?;
    }
    let lane = Lane::of(call);
    let until = (lane == Lane::Computing).then(|| tokio::time::Instant::now() + time);
    lanes::turn(&runtime.places, &shared.turns, lane, channel, until)
        .await
        .map_err(|breach| {
            let fault = Fault::from(breach);
            ended(shared, (call, mark), channel, Duration::ZERO, Some(&fault));
            fault
        })
}

/// Runs `body`, for at most `time`. Its turn must be held meanwhile.
pub(crate) async fn timed<T>(
    shared: &Shared,
    (call, mark): (Call, &Mark),
    channel: Option<&ChannelId>,
    time: Duration,
    body: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    let start = Instant::now();
    let result = tokio::time::timeout(time, body)
        .await
        .unwrap_or_else(|_| Err(LimitBreach::new(Limit::WallTime, time.as_millis()).into()));
    let fault = result.as_ref().err();
    ended(shared, (call, mark), channel, start.elapsed(), fault);
    result
}

/// Takes down how a call ended.
fn ended(
    shared: &Shared,
    (call, mark): (Call, &Mark),
    channel: Option<&ChannelId>,
    time: Duration,
    fault: Option<&Fault>,
) {
    shared.counters.call((call, mark.id), channel, time, fault);
    if let (Some(config), Some(channel)) = (&shared.suspension, channel) {
        let words = || match fault {
            Some(fault) => format!("{call} failed: {fault} (call {})", mark.id),
            None => String::new(),
        };
        let now = Instant::now();
        shared
            .suspensions
            .note(config, channel, (call, fault), words, now);
    }
}

/// Runs a guest's function in a fresh store.
pub(crate) async fn fresh<T>(
    engine: &Engine,
    shared: &Arc<Shared>,
    capability: Capability,
    mark: &Arc<Mark>,
    body: impl for<'a> FnOnce(&'a mut Store<CallState>) -> BoxFuture<'a, wasmtime::Result<T>> + Send,
) -> Result<T, Fault> {
    let mut store = new_store(engine, shared, capability, Arc::clone(mark));
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
            let mut text = trap.to_string();
            let said = state.stderr();
            if !said.is_empty() {
                text.push_str("; it wrote: ");
                text.push_str(&said);
            }
            if let Some(functions) = functions(error) {
                text.push_str("; in ");
                text.push_str(&functions);
            }
            Fault::Trap(text)
        }
        // What is left are results that cannot be read: pointers out of bounds, text that is not
        // UTF-8, values that are no case of a variant.
        None => Fault::Output(error.root_cause().to_string()),
    }
}

/// The guest's functions in which it stopped, innermost first, by the names that its file has for them;
/// none if it was stripped of them. Those of its language's own machinery are left out.
fn functions(error: &wasmtime::Error) -> Option<String> {
    let trace = error.downcast_ref::<WasmBacktrace>()?;
    let mut names = Vec::new();
    for frame in trace.frames() {
        let Some(name) = frame.func_name() else {
            continue;
        };
        // A file may call its functions what it likes.
        let name = one_line(&format!("{:#}", rustc_demangle::demangle(name)));
        let end = name.floor_char_boundary(LONGEST_NAME);
        let name = name.get(..end).unwrap_or_default();
        let is_machinery = MACHINERY.iter().any(|start| name.starts_with(start));
        if is_machinery || names.last().is_some_and(|last| last == name) {
            continue;
        }
        names.push(name.to_owned());
        if names.len() == MOST_FUNCTIONS {
            break;
        }
    }
    (!names.is_empty()).then(|| names.join(" < "))
}

impl Plugin {
    /// The error of a call that failed.
    pub(crate) fn error(&self, call: Call, fault: Fault, mark: &Mark) -> CallError {
        CallError {
            plugin: self.inner.manifest.id.clone(),
            version: self.inner.manifest.version.clone(),
            call,
            id: mark.id,
            fault,
            may_have_acted: mark.may_have_acted(),
        }
    }
}
