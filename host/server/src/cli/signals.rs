//! How a command that runs on is told to end.

use std::io;
use std::sync::Arc;

use tokio::sync::Notify;

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

/// Listens from now on, and notifies each time the process gets SIGHUP, by which a supervisor says that
/// something was replaced. Once it listens, that does not end the process.
#[cfg(unix)]
pub(super) fn told_to_reload() -> io::Result<Arc<Notify>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut hang_up = signal(SignalKind::hangup())?;
    let told = Arc::new(Notify::new());
    let notify = Arc::clone(&told);
    tokio::spawn(async move {
        while hang_up.recv().await.is_some() {
            notify.notify_one();
        }
    });
    Ok(told)
}

/// Here nobody tells.
#[cfg(windows)]
#[expect(clippy::unnecessary_wraps, reason = "as where it can fail")]
pub(super) fn told_to_reload() -> io::Result<Arc<Notify>> {
    Ok(Arc::new(Notify::new()))
}

/// Listens from now on, and completes when the process is told to end by Ctrl-C.
#[cfg(windows)]
pub(super) fn told_to_end() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = tokio::signal::windows::ctrl_c()?;
    Ok(async move {
        interrupt.recv().await;
    })
}
