//! The `linecard` program.

use std::process::ExitCode;

/// Most of what the hub does makes many small values on several threads, which the system's allocator
/// is slow at.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    linecard::cli::main()
}
