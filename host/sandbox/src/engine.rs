//! The WebAssembly engine: what is switched on, and the clock that interrupts guests.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

use crate::error::SandboxError;
use crate::lanes::Lane;
use crate::limits::Limits;

/// How often a guest that computes is interrupted to let others run and to look at its time.
pub(crate) const TICK: Duration = Duration::from_millis(5);

/// Core instances, memories and tables of one component. A component of one language has one memory,
/// and a few small instances that join it to its imports.
const CORE_INSTANCES: u32 = 24;
const MEMORIES: u32 = 2;
const TABLES: u32 = 8;

/// The engine that runs every plug-in.
pub(crate) fn new_engine(limits: &Limits) -> Result<Engine, SandboxError> {
    // Every lane at its fullest; and a warm analyzer keeps its place in the pool while it waits. Places
    // are addresses only: memory comes with the first call that uses one.
    let calls = limits.calls.max(1).saturating_mul(Lane::COUNT);
    let calls = calls.saturating_add(limits.warm_analyzers);
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(calls)
        .total_core_instances(calls.saturating_mul(CORE_INSTANCES))
        .total_memories(calls.saturating_mul(MEMORIES))
        .total_tables(calls.saturating_mul(TABLES))
        .total_stacks(calls)
        .max_core_instances_per_component(CORE_INSTANCES)
        .max_memories_per_component(MEMORIES)
        .max_tables_per_component(TABLES)
        .max_memory_size(limits.memory_bytes)
        // Pages that a call has touched are cleared rather than given back and fetched again; where
        // the kernel can tell which they are, no others are touched.
        .linear_memory_keep_resident(512 << 10)
        .pagemap_scan(Enabled::Auto)
        .table_keep_resident(16 << 10)
        .async_stack_keep_resident(64 << 10);

    let mut config = Config::new();
    config
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool))
        .epoch_interruption(true)
        .memory_init_cow(true)
        .concurrency_support(false)
        .wasm_component_model(true)
        .wasm_relaxed_simd(false)
        .wasm_memory64(false)
        .wasm_multi_memory(false)
        .max_wasm_stack(512 << 10)
        .async_stack_size(1 << 20);
    Engine::new(&config).map_err(|error| SandboxError::Engine(format!("{error:#}")))
}

/// The thread that advances the engine's epoch. It ends when this is dropped.
pub(crate) struct Ticker {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Ticker {
    pub(crate) fn start(engine: &Engine) -> Result<Self, SandboxError> {
        let stop = Arc::new(AtomicBool::new(false));
        let engine = engine.weak();
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("plugin-clock".to_owned())
            .spawn(move || {
                while !stopped.load(Ordering::Relaxed) {
                    std::thread::sleep(TICK);
                    match engine.upgrade() {
                        Some(engine) => engine.increment_epoch(),
                        None => break,
                    }
                }
            })
            .map_err(SandboxError::Ticker)?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Ticker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // It wakes within one tick. Its result says nothing that could be acted on here.
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
