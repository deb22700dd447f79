//! How a command that runs on is told to end.

use std::io;

/// Listens from now on, and completes when the process is told to end: by SIGTERM, as a supervisor says
/// it, or by SIGINT, as Ctrl-C does. Once it listens, neither ends the process by itself.
#[cfg(unix)]
pub(super) fn told_to_end() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

/// Listens from now on, and completes when the process is told to end by Ctrl-C.
#[cfg(windows)]
pub(super) fn told_to_end() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
    })
}
