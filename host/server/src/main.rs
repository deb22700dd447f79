//! The `linecard` program.

use std::process::ExitCode;

/// A message makes many small values on several threads, and an hour of traffic must not leave the
/// memory of its peak behind: jemalloc is quicker at the one and gives back the other, by threads of
/// its own.
#[cfg(not(target_env = "msvc"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    linecard::cli::main()
}
