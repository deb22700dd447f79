//! Instances of one analyzer that are kept between messages.
//!
//! An analyzer only computes, so no more of its instances are of use than there are processors. A message
//! that finds none idle waits a little for one that is at work before it has another made: making one costs
//! many times what reading a message does. It does not wait for long, because the one at work may never
//! come to its end.

use std::num::NonZero;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::engine::TICK;

/// How long a message waits for an instance that is at work. Who computes is interrupted after one tick,
/// and goes on as soon as the others have had their turn.
const PATIENCE: Duration = TICK.saturating_mul(5);

/// The instances of one analyzer.
pub(crate) struct Pool<T> {
    idle: Mutex<Vec<T>>,
    /// As many permits as there are idle ones.
    free: Semaphore,
    /// How many have a seat, idle or at work.
    seated: Arc<AtomicUsize>,
    /// How many may have one.
    seats: usize,
    /// How many of all analyzers may have one.
    places: Arc<Semaphore>,
}

/// What a message gets.
pub(crate) enum Taken<T> {
    /// An instance that read others before.
    Kept(T),
    /// Leave to make one. It is kept afterwards only if it has a seat.
    Make(Option<Seat>),
}

/// A place among those that are kept, for as long as an instance has it.
pub(crate) struct Seat {
    _place: OwnedSemaphorePermit,
    seated: Arc<AtomicUsize>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.seated.fetch_sub(1, Ordering::AcqRel);
    }
}

impl<T> Pool<T> {
    /// An empty one, whose instances take their places from those of all analyzers.
    pub(crate) fn new(places: Arc<Semaphore>) -> Self {
        Self {
            idle: Mutex::default(),
            free: Semaphore::new(0),
            seated: Arc::default(),
            seats: std::thread::available_parallelism().map_or(1, NonZero::get),
            places,
        }
    }

    /// An instance, or leave to make one.
    pub(crate) async fn take(&self) -> Taken<T> {
        if let Some(kept) = self.pop() {
            return Taken::Kept(kept);
        }
        if let Some(seat) = self.seat() {
            return Taken::Make(Some(seat));
        }
        // None of them is kept, so none will come back.
        if self.seated.load(Ordering::Acquire) == 0 {
            return Taken::Make(None);
        }
        match tokio::time::timeout(PATIENCE, self.free.acquire()).await {
            Ok(Ok(permit)) => {
                permit.forget();
                self.unlocked().pop().map_or(Taken::Make(None), Taken::Kept)
            }
            // The semaphore is never closed.
            Ok(Err(_)) | Err(_) => Taken::Make(self.seat()),
        }
    }

    /// Keeps an instance that has a seat for the next message.
    pub(crate) fn keep(&self, instance: T) {
        self.unlocked().push(instance);
        self.free.add_permits(1);
    }

    fn pop(&self) -> Option<T> {
        self.free.try_acquire().ok()?.forget();
        self.unlocked().pop()
    }

    fn seat(&self) -> Option<Seat> {
        let more = |seated| (seated < self.seats).then_some(seated + 1);
        let (set, fetch) = (Ordering::AcqRel, Ordering::Acquire);
        self.seated.fetch_update(set, fetch, more).ok()?;
        match Arc::clone(&self.places).try_acquire_owned() {
            Ok(place) => Some(Seat {
                _place: place,
                seated: Arc::clone(&self.seated),
            }),
            Err(_) => {
                self.seated.fetch_sub(1, Ordering::AcqRel);
                None
            }
        }
    }

    fn unlocked(&self) -> std::sync::MutexGuard<'_, Vec<T>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn pool(seats: usize, places: usize) -> Pool<Option<Seat>> {
        Pool {
            seats,
            ..Pool::new(Arc::new(Semaphore::new(places)))
        }
    }

    /// What is made at once, without waiting for anything; `None` if something would be waited for.
    fn made(pool: &Pool<Option<Seat>>) -> Option<Option<Seat>> {
        match pool.take().now_or_never()? {
            Taken::Make(seat) => Some(seat),
            Taken::Kept(_) => panic!("none is idle"),
        }
    }

    #[tokio::test]
    async fn a_message_waits_for_an_instance_that_comes_back_soon() {
        let pool = pool(1, 8);
        let seat = made(&pool).unwrap();
        assert!(seat.is_some());
        let (taken, ()) = tokio::join!(pool.take(), async {
            tokio::task::yield_now().await;
            pool.keep(seat);
        });
        assert!(matches!(taken, Taken::Kept(_)));
    }

    #[tokio::test]
    async fn a_message_does_not_wait_for_one_that_never_comes_back() {
        let pool = pool(1, 8);
        let busy = made(&pool).unwrap();
        let begun = std::time::Instant::now();
        let taken = pool.take().await;
        assert!(matches!(taken, Taken::Make(None)));
        assert!(begun.elapsed() >= PATIENCE);
        // One that failed gives its seat back at once.
        drop(busy);
        assert!(made(&pool).unwrap().is_some());
    }

    #[tokio::test]
    async fn where_nothing_is_kept_nothing_is_waited_for() {
        let pool = pool(4, 0);
        for _ in 0..8 {
            assert!(made(&pool).unwrap().is_none());
        }
    }

    #[tokio::test]
    async fn no_more_are_seated_than_all_analyzers_have_places() {
        let places = Arc::new(Semaphore::new(3));
        let of_all = || Pool {
            seats: 2,
            ..Pool::new(Arc::clone(&places))
        };
        let [one, other, third] = [of_all(), of_all(), of_all()];
        let seats = [&one, &one, &other].map(|pool| made(pool).unwrap());
        assert!(seats.iter().all(Option::is_some));
        // One analyzer's are at their most, another has none.
        assert!(made(&one).is_none());
        assert!(made(&third).unwrap().is_none());
        drop(seats);
        assert!(made(&third).unwrap().is_some());
    }
}
