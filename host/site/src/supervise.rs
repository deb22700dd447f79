//! The watch over what runs for as long as the hub does.
//!
//! Each long-running task has a name, and is watched from its first to its last step: one that panics, or
//! ends while the hub goes on, stops the hub. [`Supervisor::stop`] says why; the door then takes no more
//! work, and the process ends in order and with an error, so that whatever started it can start it again.
//!
//! The watch also knows how the hub ends when it is told to: from [`Supervisor::end`] on tasks may end,
//! nothing new is tried on the networks, and [`Supervisor::drained`] waits for what is under way.

use std::any::Any;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{Instrument as _, error};

/// How long a task that has ended waits for the reason to be known. Those that work for a task that has
/// panicked end with it, and may be noticed first.
const REASON: Duration = Duration::from_millis(250);

/// Watches over tasks. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Supervisor(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    stopped: watch::Sender<Option<String>>,
    ending: watch::Sender<Option<Instant>>,
    under_way: watch::Sender<usize>,
}

/// Something on a network that is under way. Dropping it ends it.
#[derive(Debug)]
pub struct UnderWay(Supervisor);

impl Drop for UnderWay {
    fn drop(&mut self) {
        let count = &self.0.0.under_way;
        count.send_modify(|count| *count = count.saturating_sub(1));
    }
}

impl Supervisor {
    /// Turns to the reason when the hub can take no more work.
    pub fn stopped(&self) -> &watch::Sender<Option<String>> {
        &self.0.stopped
    }

    /// The hub can take no more work. The first reason is the one that matters.
    pub fn stop(&self, reason: impl Into<String>) {
        self.0.stopped.send_if_modified(|stopped| {
            let is_first = stopped.is_none();
            if is_first {
                *stopped = Some(reason.into());
            }
            is_first
        });
    }

    /// The hub ends in order: from now on tasks may end, and nothing new is tried on the networks.
    pub fn end(&self) {
        self.0.ending.send_if_modified(|ending| {
            let is_first = ending.is_none();
            if is_first {
                *ending = Some(Instant::now());
            }
            is_first
        });
    }

    fn goes_on(&self) -> bool {
        self.0.ending.borrow().is_none() && self.0.stopped.borrow().is_none()
    }

    /// Begins something on a network; `None` if the hub is ending.
    pub fn begin(&self) -> Option<UnderWay> {
        // Counted before it is asked: whoever ends the hub sees this one, or this one sees the end.
        self.0.under_way.send_modify(|count| *count += 1);
        let under_way = UnderWay(self.clone());
        self.goes_on().then_some(under_way)
    }

    /// Waits for what is under way on the networks, until so long after [`Self::end`]. Gives how much
    /// is under way still.
    pub async fn drained(&self, patience: Duration) -> usize {
        let ended = *self.0.ending.borrow();
        let until = ended.unwrap_or_else(Instant::now) + patience;
        let mut count = self.0.under_way.subscribe();
        // An error is the end of the patience; the sender is this.
        drop(timeout_at(until, count.wait_for(|count| *count == 0)).await);
        *count.borrow()
    }

    /// Watches over a task that runs for as long as the hub does. It may be dropped by its owner; it may
    /// not end by itself.
    pub fn watch<N: Into<String>, T: Future<Output = ()> + Send>(
        &self,
        name: N,
        task: T,
    ) -> impl Future<Output = ()> + Send + use<N, T> {
        let (this, name) = (self.clone(), name.into());
        async move {
            match caught(provoke::with(&name, task)).await {
                Err(panicked) => this.report(&format!("the task \"{name}\" panicked: {panicked}")),
                Ok(()) if timeout(REASON, this.over()).await.is_ok() => {}
                Ok(()) => this.report(&format!("the task \"{name}\" ended while the hub went on")),
            }
        }
    }

    /// Starts a task that runs for as long as the hub does; see [`Self::watch`].
    pub fn spawn(&self, name: impl Into<String>, task: impl Future<Output = ()> + Send + 'static) {
        let name: String = name.into();
        tokio::spawn(self.watch(name, task));
    }

    /// Does a piece of work to its end, also if the caller is dropped meanwhile: a client that hangs up or
    /// a time-out must not come between what is durable and what follows from it in memory.
    ///
    /// A panic within leaves the two apart, so it stops the hub; the caller gets it as well.
    pub async fn undivided<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let this = self.clone();
        let work = async move {
            match AssertUnwindSafe(work).catch_unwind().await {
                Ok(done) => done,
                Err(panic) => {
                    this.report(&format!("{name} panicked: {}", text(panic.as_ref())));
                    resume_unwind(panic)
                }
            }
        };
        match tokio::spawn(work.in_current_span()).await {
            Ok(done) => done,
            Err(fault) => match fault.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                // Only the end of the process ends it before its time.
                Err(_) => std::future::pending().await,
            },
        }
    }

    fn report(&self, reason: &str) {
        error!(
            reason,
            "the hub takes no more work and ends; what was acknowledged is safe"
        );
        self.stop(reason);
    }

    /// Waits until the hub can take no more work.
    pub async fn has_stopped(&self) {
        let mut stopped = self.0.stopped.subscribe();
        // The sender is there for as long as this is.
        drop(stopped.wait_for(Option::is_some).await);
    }

    /// Waits until the hub is ending, or can take no more work.
    async fn over(&self) {
        let mut ending = self.0.ending.subscribe();
        let ending = async move { drop(ending.wait_for(Option::is_some).await) };
        tokio::select! {
            () = ending => {}
            () = self.has_stopped() => {}
        }
    }
}

/// Does something that may panic; gives what the panic said.
pub async fn caught<T>(work: impl Future<Output = T>) -> Result<T, String> {
    // What it worked on is not used any more.
    let done = AssertUnwindSafe(work).catch_unwind().await;
    done.map_err(|panic| text(panic.as_ref()))
}

fn text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "it did not say why".to_owned())
}

/// Panics that tests ask for: when the file that the variable `LINECARD_PANIC` names holds the name of a
/// task, that task panics. Programs that are built for use look for none of this.
pub mod provoke {
    fn asked(name: &str) -> bool {
        static FILE: std::sync::OnceLock<Option<std::ffi::OsString>> = std::sync::OnceLock::new();
        let file = FILE.get_or_init(|| std::env::var_os("LINECARD_PANIC"));
        let text = file
            .as_ref()
            .and_then(|file| std::fs::read_to_string(file).ok());
        text.is_some_and(|text| text.trim() == name)
    }

    /// Panics here, if that is asked for.
    pub fn here(name: &str) {
        // Compiled into every program, so that one check of the code is a check of all of it.
        if cfg!(debug_assertions) {
            assert!(!asked(name), "a test asked for it");
        }
    }

    /// Runs a task, which panics when that is asked for.
    pub(super) async fn with(name: &str, task: impl Future<Output = ()>) {
        if !cfg!(debug_assertions) || std::env::var_os("LINECARD_PANIC").is_none() {
            return task.await;
        }
        let asked_for = async {
            loop {
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
                here(name);
            }
        };
        tokio::select! {
            () = task => {}
            () = asked_for => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn reason(supervisor: &Supervisor) -> String {
        let mut stopped = supervisor.stopped().subscribe();
        let reason = timeout(Duration::from_secs(1), stopped.wait_for(Option::is_some)).await;
        reason.unwrap().unwrap().clone().unwrap()
    }

    #[tokio::test]
    async fn a_task_that_panics_or_ends_stops_the_hub_by_name() {
        let supervisor = Supervisor::default();
        supervisor.spawn("lane 1", async { panic!("no {}", "way") });
        let said = reason(&supervisor).await;
        assert_eq!(said, "the task \"lane 1\" panicked: no way");
        let supervisor = Supervisor::default();
        supervisor.spawn("lane 2", async {});
        let said = reason(&supervisor).await;
        assert_eq!(said, "the task \"lane 2\" ended while the hub went on");
    }

    #[tokio::test]
    async fn the_task_that_panicked_is_named_not_the_one_that_ended_with_it() {
        let supervisor = Supervisor::default();
        let (sender, mut receiver) = tokio::sync::mpsc::channel::<()>(1);
        supervisor.spawn("reader", async move {
            receiver.recv().await;
        });
        supervisor.spawn("writer", async move {
            let _sender = sender;
            tokio::task::yield_now().await;
            panic!("broken");
        });
        assert!(reason(&supervisor).await.contains("writer"));
    }

    #[tokio::test]
    async fn tasks_may_end_with_the_hub_and_be_dropped_by_their_owner() {
        let supervisor = Supervisor::default();
        let mut owned = tokio::task::JoinSet::new();
        owned.spawn(supervisor.watch("poll", std::future::pending()));
        tokio::task::yield_now().await;
        owned.shutdown().await;
        supervisor.end();
        supervisor.spawn("outbox", async {});
        tokio::time::sleep(2 * REASON).await;
        assert_eq!(*supervisor.stopped().borrow(), None);
    }

    #[tokio::test]
    async fn what_is_undivided_goes_on_without_its_caller() {
        let supervisor = Supervisor::default();
        let (go, gone) = tokio::sync::oneshot::channel::<()>();
        let (tell, told) = tokio::sync::oneshot::channel();
        let work = supervisor.undivided("a change", async move {
            gone.await.unwrap();
            tell.send(()).unwrap();
        });
        assert!(timeout(Duration::from_millis(20), work).await.is_err());
        go.send(()).unwrap();
        told.await.unwrap();
        assert_eq!(supervisor.undivided("a change", async { 7 }).await, 7);
    }

    #[tokio::test]
    async fn what_is_under_way_is_waited_for_and_nothing_new_begins() {
        let supervisor = Supervisor::default();
        let first = supervisor.begin().unwrap();
        let second = supervisor.begin().unwrap();
        supervisor.end();
        assert!(supervisor.begin().is_none());
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(50)).await;
            drop(first);
        });
        assert_eq!(supervisor.drained(Duration::from_millis(500)).await, 1);
        drop(second);
        assert_eq!(supervisor.drained(Duration::from_millis(500)).await, 0);
    }
}
