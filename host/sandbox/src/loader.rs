//! From a file's bytes to a plug-in that was checked.

use std::io;
use std::sync::Arc;

use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use tokio::sync::SemaphorePermit;
use wasmparser::{BinaryReaderError, Parser, Payload};
use wasmtime::component::Component;

use crate::cache::{CodeCache, hex};
use crate::compiler::Ended;
use crate::contract::{AnalyzerWorld, ConnectorWorld, PACKAGE, Version};
use crate::error::{Call, Fault, LoadProblem};
use crate::host::wasi;
use crate::instance::{Capability, Name, Shared};
use crate::manifest;
use crate::mark::Mark;
use crate::plugin::{Facts, Inner, Kind, Plugin, World};
use crate::run;
use crate::sandbox::Runtime;

/// How every WebAssembly file begins.
const MAGIC: &[u8] = b"\0asm";
/// A page of memory, in bytes.
const PAGE: u64 = 64 << 10;

/// The interfaces of the contract that a plug-in may import; those without functions hold types.
const INTERFACES: [&str; 9] = [
    "actions",
    "clock",
    "events",
    "http",
    "log",
    "manifest",
    "random",
    "secrets",
    "templates",
];

pub(crate) async fn load(
    runtime: &Arc<Runtime>,
    file: Vec<u8>,
    source_name: &str,
) -> Result<Plugin, LoadProblem> {
    let compiling = Arc::clone(runtime);
    let checked = tokio::task::spawn_blocking(move || {
        // Compiling takes seconds; what the file says of itself takes none.
        let (kind, version, facts) = check_interfaces(&file)?;
        let (component, file_hash) = compile(&compiling, &file)?;
        Ok::<_, LoadProblem>((kind, version, facts, component, file_hash))
    });
    let stopped = |error| LoadProblem::NotAComponent(format!("compiling stopped: {error}"));
    let (kind, version, facts, component, file_hash) = checked.await.map_err(stopped)??;
    let mismatch = |error: wasmtime::Error| LoadProblem::Mismatch(format!("{error:#}"));
    let world = match kind {
        Kind::Connector => {
            let pre = runtime.linkers.connector.instantiate_pre(&component);
            let pre = pre.map_err(mismatch)?;
            World::Connector(ConnectorWorld::new(version, &component, pre)?)
        }
        Kind::Analyzer => {
            let pre = runtime.linkers.analyzer.instantiate_pre(&component);
            let pre = pre.map_err(mismatch)?;
            World::Analyzer(AnalyzerWorld::new(version, &component, pre)?)
        }
    };
    let described = describe(runtime, &world, source_name)
        .await
        .map_err(LoadProblem::Describe)?;
    let manifest = manifest::check(described, kind, version)?;
    let name = Name {
        plugin: manifest.id.to_string(),
        version: manifest.version.clone(),
    };
    let secrets = manifest.connector.iter().flat_map(|c| c.secrets.clone());
    let secrets = secrets.collect();
    Ok(Plugin {
        inner: Arc::new(Inner {
            runtime: Arc::clone(runtime),
            shared: Shared::new(name, &runtime.limits, secrets, runtime.suspension.clone()),
            manifest,
            file_hash,
            facts,
            world,
        }),
    })
}

/// Takes what was compiled before, or compiles. It blocks.
fn compile(runtime: &Runtime, file: &[u8]) -> Result<(Component, String), LoadProblem> {
    let file_hash = hex(&Sha256::digest(file));
    let Some(cache) = &runtime.cache else {
        let compiled = runtime.compile(file).map_err(LoadProblem::NotAComponent)?;
        return Ok((compiled, file_hash));
    };
    if let Some(component) = cache.get(&runtime.engine, &file_hash) {
        return Ok((component, file_hash));
    }
    if let Some(reason) = cache.refusal(&file_hash) {
        return Err(LoadProblem::NotAComponent(reason));
    }
    let refused = |reason: String| {
        cache.refuse(&file_hash, &reason);
        LoadProblem::NotAComponent(reason)
    };
    match runtime.compile_elsewhere(cache, &file_hash, file) {
        Some(Ended::Compiled) => {
            if let Some(component) = cache.get(&runtime.engine, &file_hash) {
                return Ok((component, file_hash));
            }
        }
        Some(Ended::Refused(reason)) => return Err(refused(reason)),
        Some(Ended::Failed(how)) => return Err(LoadProblem::Compiler(how)),
        None => {}
    }
    let compiled = runtime.compile(file).map_err(refused)?;
    cache.put(&file_hash, &compiled);
    // The same code, but from the disk: what compiling took is given back.
    let kept = cache.get(&runtime.engine, &file_hash);
    Ok((kept.unwrap_or(compiled), file_hash))
}

impl Runtime {
    /// Waits until there is a processor for another compilation: each takes a lot of memory.
    fn compiling_turn(&self) -> Option<SemaphorePermit<'_>> {
        // The semaphore is never closed.
        Handle::current().block_on(self.compiling.acquire()).ok()
    }

    /// Compiles in this process.
    fn compile(&self, file: &[u8]) -> Result<Component, String> {
        let _turn = self.compiling_turn();
        // Only the binary format: compiled code from outside is never taken for a component.
        Component::from_binary(&self.engine, file).map_err(|error| format!("{error:#}"))
    }

    /// Has another process compile into the cache; `None` if there is none that can.
    fn compile_elsewhere(&self, cache: &CodeCache, file_hash: &str, file: &[u8]) -> Option<Ended> {
        let compiler = self.compiler.as_ref()?;
        let _turn = self.compiling_turn();
        let mut ended = None;
        let kept = cache.put_from(file_hash, |code| {
            match ended.insert(compiler.run(&self.limits, file, code)?) {
                Ended::Compiled => Ok(()),
                Ended::Refused(_) | Ended::Failed(_) => Err(io::Error::other("there is no code")),
            }
        });
        match (kept, ended) {
            (Ok(()), ended) => ended,
            (Err(_), Some(ended @ (Ended::Refused(_) | Ended::Failed(_)))) => Some(ended),
            (Err(error), _) => {
                tracing::warn!(file_hash, %error, "no other process can compile a plug-in; it is compiled here");
                None
            }
        }
    }
}

/// What the component exports, after a look at the contract's version and at what it imports. The file
/// is not validated yet: compiling does that, and linking holds it to its imports' types.
fn check_interfaces(file: &[u8]) -> Result<(Kind, Version, Facts), LoadProblem> {
    // The parser's own word for it is a list of bytes.
    if !file.starts_with(MAGIC) {
        let text = if file.is_empty() {
            "it is empty"
        } else {
            "it is no WebAssembly file: see that it is what was built, and arrived as it was sent"
        };
        return Err(LoadProblem::NotAComponent(text.to_owned()));
    }
    if Parser::is_core_wasm(file) {
        let text = "it is a core module: build it for wasm32-wasip2";
        return Err(LoadProblem::NotAComponent(text.to_owned()));
    }
    let unreadable = |error: BinaryReaderError| LoadProblem::NotAComponent(error.to_string());
    let facts = facts(file).map_err(unreadable)?;
    let mut kind = None;
    for name in &facts.exports {
        match of_contract(name)? {
            Some(("connector-api", version)) => kind = Some((Kind::Connector, version)),
            Some(("analyzer-api", version)) => kind = Some((Kind::Analyzer, version)),
            _ => {}
        }
    }
    for name in &facts.imports {
        let allowed = match of_contract(name)? {
            Some((interface, version)) => {
                if let Some((_, exported)) = kind
                    && exported != version
                {
                    return Err(LoadProblem::Mismatch(format!(
                        "it exports version {exported} of the contract and imports version {version}"
                    )));
                }
                INTERFACES.contains(&interface)
            }
            None => name
                .split_once("@0.2.")
                .is_some_and(|(interface, _)| wasi::INTERFACES.contains(&interface)),
        };
        if !allowed {
            return Err(LoadProblem::ForbiddenImport(name.to_owned()));
        }
    }
    kind.map(|(kind, version)| (kind, version, facts))
        .ok_or(LoadProblem::NoWorld)
}

/// What the file says of itself: the component's own imports and exports, and its memories.
fn facts(file: &[u8]) -> Result<Facts, BinaryReaderError> {
    let mut facts = Facts {
        bytes: file.len(),
        ..Facts::default()
    };
    let mut inside = 0_usize;
    for payload in Parser::new(0).parse_all(file) {
        match payload? {
            // What modules and components inside it import comes from this component.
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => inside += 1,
            Payload::End(_) => inside = inside.saturating_sub(1),
            Payload::ComponentImportSection(section) if inside == 0 => {
                for import in section {
                    facts.imports.push(import?.name.name.to_owned());
                }
            }
            Payload::ComponentExportSection(section) if inside == 0 => {
                for export in section {
                    facts.exports.push(export?.name.name.to_owned());
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    let bytes = memory?.initial.saturating_mul(PAGE);
                    facts.memory_bytes = facts.memory_bytes.saturating_add(bytes);
                }
            }
            _ => {}
        }
    }
    Ok(facts)
}

/// The interface's name if it is one of the contract, and its version, which this host knows.
fn of_contract(name: &str) -> Result<Option<(&str, Version)>, LoadProblem> {
    let Some(rest) = name.strip_prefix(PACKAGE) else {
        return Ok(None);
    };
    let (interface, version) = rest.split_once('@').unwrap_or((rest, "none"));
    Ok(Some((interface, Version::named(version)?)))
}

async fn describe(
    runtime: &Runtime,
    world: &World,
    source_name: &str,
) -> Result<crate::bindings::connector::linecard::plugin::manifest::Manifest, Fault> {
    let name = Name {
        plugin: source_name.to_owned(),
        version: String::new(),
    };
    let shared = Shared::new(name, &runtime.limits, Vec::new(), None);
    let mark = Mark::new();
    // Owned, because the future that uses it may live as long as its store.
    let world = world.clone();
    let running = run::fresh(
        &runtime.engine,
        &shared,
        Capability::Nothing,
        &mark,
        |store| {
            Box::pin(async move {
                match world {
                    World::Connector(world) => world.start(store).await?.describe(store).await,
                    World::Analyzer(world) => world.start(store).await?.describe(store).await,
                }
            })
        },
    );
    let time = runtime.limits.describe_time;
    let _turn = run::turn(runtime, &shared, (Call::Describe, &mark), None, time).await?;
    run::timed(&shared, (Call::Describe, &mark), None, time, running).await
}
