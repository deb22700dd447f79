//! One call of a guest: its store, what it has used, and what became of it.

use std::sync::{Arc, Mutex, PoisonError};

use linecard_model::manifest::SecretWant;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::component::ResourceTable;
use wasmtime::{Engine, ResourceLimiter, Store, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

use crate::context::ChannelContext;
use crate::engine::TICK;
use crate::error::{Limit, LimitBreach};
use crate::host::wasi;
use crate::lanes::{PerLane, Turns};
use crate::limits::Limits;
use crate::mark::Mark;
use crate::metrics::Counters;
use crate::suspension::{SuspensionConfig, Suspensions};

/// What a call can reach.
pub(crate) enum Capability {
    /// Nothing: `describe`.
    Nothing,
    /// The log and the clock: an analyzer.
    Log,
    /// The channel's secrets, but no network: `receive`.
    Channel(ChannelContext),
    /// The channel's secrets and network.
    Network(ChannelContext),
    /// The same, but only to look: a rehearsal of `set-up`.
    Look(ChannelContext),
}

impl Capability {
    pub(crate) fn channel(&self) -> Option<&ChannelContext> {
        match self {
            Self::Channel(channel) | Self::Network(channel) | Self::Look(channel) => Some(channel),
            Self::Nothing | Self::Log => None,
        }
    }
}

/// Who is called, for log lines.
#[derive(Debug)]
pub(crate) struct Name {
    pub(crate) plugin: String,
    pub(crate) version: String,
}

/// What the calls of one plug-in share.
pub(crate) struct Shared {
    pub(crate) name: Name,
    pub(crate) limits: Arc<Limits>,
    /// The secrets that its manifest asks for.
    pub(crate) secrets: Vec<SecretWant>,
    pub(crate) counters: Counters,
    /// When it is left alone on a channel; `None`: never.
    pub(crate) suspension: Option<SuspensionConfig>,
    pub(crate) suspensions: Suspensions,
    /// How many of its calls may run at once.
    pub(crate) turns: PerLane<Turns>,
    /// Taken by a call that computes for long: one at a time, so that a plug-in in a loop takes one
    /// core, however many of its calls run.
    long_runs: Arc<Semaphore>,
    /// The same for calls that have the network: receiving does not wait for them here either.
    long_network_runs: Arc<Semaphore>,
}

impl Shared {
    pub(crate) fn new(
        name: Name,
        limits: &Arc<Limits>,
        secrets: Vec<SecretWant>,
        suspension: Option<SuspensionConfig>,
    ) -> Arc<Self> {
        Arc::new(Self {
            name,
            secrets,
            suspension,
            suspensions: Suspensions::default(),
            turns: PerLane::new(|| Turns::new(limits)),
            limits: Arc::clone(limits),
            counters: Counters::default(),
            long_runs: Arc::new(Semaphore::new(1)),
            long_network_runs: Arc::new(Semaphore::new(1)),
        })
    }
}

/// What a call has used.
#[derive(Debug, Default)]
pub(crate) struct Usage {
    pub(crate) ticks: u64,
    pub(crate) host_calls: u32,
    pub(crate) log_lines: u32,
    pub(crate) log_bytes: usize,
    pub(crate) http_requests: u32,
    pub(crate) http_sent: u64,
    pub(crate) http_received: u64,
}

/// The data of a guest's store.
pub(crate) struct CallState {
    pub(crate) shared: Arc<Shared>,
    pub(crate) capability: Capability,
    pub(crate) usage: Usage,
    /// Which call it is.
    pub(crate) mark: Arc<Mark>,
    memory: Memory,
    table: ResourceTable,
    wasi: WasiCtx,
    stderr: wasi::Stderr,
    /// A breach found where no error can be returned; the next tick ends the call.
    breach: Option<LimitBreach>,
    long_run: Arc<Mutex<Option<OwnedSemaphorePermit>>>,
}

impl CallState {
    /// Counts one call from the guest to the host.
    pub(crate) fn count_host_call(&mut self) -> Result<(), LimitBreach> {
        self.usage.host_calls = self.usage.host_calls.saturating_add(1);
        let allowed = self.shared.limits.host_calls;
        if self.usage.host_calls > allowed {
            return Err(LimitBreach::new(Limit::HostCalls, allowed));
        }
        Ok(())
    }

    /// A breach that the guest may not have noticed yet.
    pub(crate) fn breach(&self) -> Option<&LimitBreach> {
        self.breach.as_ref()
    }

    /// What the guest wrote to its standard error stream.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Lets another call of the plug-in compute for long. Whoever is not computing any more must not keep that:
    /// a warm instance may be idle for hours.
    pub(crate) fn release_long_run(&self) {
        self.long_run
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
    }
}

impl WasiView for CallState {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        // Each WASI function asks for its context here, once a call.
        if let Err(breach) = self.count_host_call() {
            self.breach.get_or_insert(breach);
        }
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

/// Memory and tables of one instance.
struct Memory {
    used: usize,
    allowed: usize,
}

impl Memory {
    fn grow(&mut self, current: usize, desired: usize) -> wasmtime::Result<bool> {
        let used = self.used.saturating_add(desired.saturating_sub(current));
        if used > self.allowed {
            return Err(LimitBreach::new(Limit::Memory, self.allowed).into());
        }
        self.used = used;
        Ok(true)
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.grow(current, desired)
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let element = size_of::<usize>();
        self.grow(
            current.saturating_mul(element),
            desired.saturating_mul(element),
        )
    }
}

/// A store for one call, or for one warm instance.
pub(crate) fn new_store(
    engine: &Engine,
    shared: &Arc<Shared>,
    capability: Capability,
    mark: Arc<Mark>,
) -> Store<CallState> {
    let limits = &shared.limits;
    let mut table = ResourceTable::new();
    table.set_max_capacity(limits.handles);
    let stderr = wasi::Stderr::default();
    let skip = capability.channel().map(|channel| channel.skip.as_slice());
    let wasi = wasi::context(&stderr, skip.unwrap_or_default());
    let mut store = Store::new(
        engine,
        CallState {
            shared: Arc::clone(shared),
            capability,
            usage: Usage::default(),
            mark,
            memory: Memory {
                used: 0,
                allowed: limits.memory_bytes,
            },
            table,
            wasi,
            stderr,
            breach: None,
            long_run: Arc::default(),
        },
    );
    store.limiter(|state| &mut state.memory);
    store.set_hostcall_fuel(limits.output_bytes);
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(|mut context| tick(context.data_mut()));
    store
}

/// Makes a store ready for another call of its instance.
pub(crate) fn renew(store: &mut Store<CallState>, mark: Arc<Mark>) {
    let state = store.data_mut();
    state.mark = mark;
    state.usage = Usage::default();
    state.release_long_run();
    // The clock went on meanwhile: with the deadline of the last call the guest would be interrupted at once, and
    // wait until all others had their turn.
    store.set_epoch_deadline(1);
}

/// Runs on each tick in which the guest computes: ends a call that is over its time, and lets the
/// others run.
fn tick(state: &mut CallState) -> wasmtime::Result<UpdateDeadline> {
    if let Some(breach) = &state.breach {
        return Err(breach.clone().into());
    }
    state.usage.ticks = state.usage.ticks.saturating_add(1);
    let allowed = state.shared.limits.cpu_time;
    if u128::from(state.usage.ticks) * TICK.as_millis() > allowed.as_millis() {
        return Err(LimitBreach::new(Limit::CpuTime, allowed.as_millis()).into());
    }
    // The first tick may end a moment after the call's start.
    if state.usage.ticks <= 2 {
        return Ok(UpdateDeadline::Yield(1));
    }
    state.release_long_run();
    let slot = Arc::clone(&state.long_run);
    let long_runs = Arc::clone(match state.capability {
        Capability::Network(_) | Capability::Look(_) => &state.shared.long_network_runs,
        Capability::Nothing | Capability::Log | Capability::Channel(_) => &state.shared.long_runs,
    });
    let turn = Box::pin(async move {
        tokio::task::yield_now().await;
        // The semaphore is never closed; if it were, the call would go on unthrottled.
        if let Ok(permit) = long_runs.acquire_owned().await {
            *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(permit);
        }
    });
    Ok(UpdateDeadline::YieldCustom(1, turn))
}
