//! Instances of one analyzer that are kept between messages.
//!
//! An analyzer only computes, so no more of its instances are of use than there are processors. A message
//! that finds none idle waits for one that is at work for about as long as it takes to have another made, which
//! is many times what reading a message takes. It does not wait for ever, because the one at work may never
//! come to its end.

use std::num::NonZero;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::engine::TICK;

/// A message waits at least so long for an instance that is at work. Who computes is interrupted after one tick,
/// and goes on as soon as the others have had their turn.
const PATIENCE: Duration = TICK.saturating_mul(5);

/// And at most so long, however long it takes to make one.
const MOST_PATIENCE: Duration = TICK.saturating_mul(50);

/// The instances of one analyzer.
pub(crate) struct Pool<T> {
    idle: Mutex<Vec<T>>,
    /// As many permits as there are idle ones.
    free: Semaphore,
    /// How many more may be kept.
    seats: Arc<Semaphore>,
    /// How many may be kept.
    most: usize,
    /// How many more of all analyzers may be kept.
    places: Arc<Semaphore>,
    /// How long it took to make the last one, in microseconds.
    making: AtomicU64,
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
    _seat: OwnedSemaphorePermit,
}

impl<T> Pool<T> {
    /// An empty one, whose instances take their places from those of all analyzers.
    pub(crate) fn new(places: Arc<Semaphore>) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
        Self::with(processors, places)
    }

    fn with(most: usize, places: Arc<Semaphore>) -> Self {
        Self {
            idle: Mutex::default(),
            free: Semaphore::new(0),
            seats: Arc::new(Semaphore::new(most)),
            most,
            places,
            making: AtomicU64::new(0),
        }
    }

    /// An instance, or leave to make one.
    pub(crate) async fn take(&self) -> Taken<T> {
        if let Ok(permit) = self.free.try_acquire() {
            permit.forget();
            return self.idle();
        }
        if let Ok(seat) = Arc::clone(&self.seats).try_acquire_owned() {
            // Where none is kept, none will come back.
            let is_first = self.seats.available_permits() + 1 == self.most;
            let seat = self.placed(seat);
            if seat.is_some() || is_first {
                return Taken::Make(seat);
            }
        }
        let come = async {
            tokio::select! {
                biased;
                // Neither is ever closed.
                free = self.free.acquire() => {
                    if let Ok(permit) = free {
                        permit.forget();
                    }
                    self.idle()
                }
                // One failed, or was used up.
                seat = Arc::clone(&self.seats).acquire_owned(), if self.places.available_permits() > 0 => {
                    Taken::Make(seat.ok().and_then(|seat| self.placed(seat)))
                }
            }
        };
        let come = tokio::time::timeout(self.patience(), come).await;
        come.unwrap_or(Taken::Make(None))
    }

    /// Keeps an instance that has a seat for the next message.
    pub(crate) fn keep(&self, instance: T) {
        self.unlocked().push(instance);
        self.free.add_permits(1);
    }

    /// Notes how long it took to make one.
    pub(crate) fn made_in(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.making.store(micros, Ordering::Relaxed);
    }

    fn patience(&self) -> Duration {
        let making = Duration::from_micros(self.making.load(Ordering::Relaxed));
        making.saturating_mul(2).clamp(PATIENCE, MOST_PATIENCE)
    }

    /// One that is idle, which a permit says is there.
    fn idle(&self) -> Taken<T> {
        let one = self.unlocked().pop();
        one.map_or(Taken::Make(None), Taken::Kept)
    }

    /// A seat, if there is a place for it.
    fn placed(&self, seat: OwnedSemaphorePermit) -> Option<Seat> {
        let place = Arc::clone(&self.places).try_acquire_owned().ok()?;
        Some(Seat {
            _place: place,
            _seat: seat,
        })
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
        Pool::with(seats, Arc::new(Semaphore::new(places)))
    }

    #[derive(Debug)]
    struct Waits;

    /// What is made at once, without waiting for anything.
    fn made(pool: &Pool<Option<Seat>>) -> Result<Option<Seat>, Waits> {
        match pool.take().now_or_never() {
            Some(Taken::Make(seat)) => Ok(seat),
            Some(Taken::Kept(_)) => panic!("none is idle"),
            None => Err(Waits),
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
    async fn a_message_waits_for_as_long_as_it_takes_to_make_another() {
        let pool = pool(1, 8);
        let seat = made(&pool).unwrap();
        pool.made_in(MOST_PATIENCE);
        let (taken, ()) = tokio::join!(pool.take(), async {
            tokio::time::sleep(PATIENCE * 2).await;
            pool.keep(seat);
        });
        assert!(matches!(taken, Taken::Kept(_)));
    }

    #[tokio::test]
    async fn who_waits_takes_the_seat_of_one_that_failed() {
        let pool = pool(1, 8);
        let busy = made(&pool).unwrap();
        pool.made_in(MOST_PATIENCE);
        let (taken, ()) = tokio::join!(pool.take(), async {
            tokio::task::yield_now().await;
            drop(busy);
        });
        assert!(matches!(taken, Taken::Make(Some(_))));
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
        let of_all = || Pool::with(2, Arc::clone(&places));
        let [one, other, third] = [of_all(), of_all(), of_all()];
        let seats = [&one, &one, &other].map(|pool| made(pool).unwrap());
        assert!(seats.iter().all(Option::is_some));
        // One analyzer's are at their most, another has none.
        assert!(made(&one).is_err());
        assert!(made(&third).unwrap().is_none());
        drop(seats);
        assert!(made(&third).unwrap().is_some());
    }
}
