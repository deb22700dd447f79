//! The way of a network's events to the hub: gathering, batches, disorder, duplicates, losses.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, mpsc, oneshot};

use crate::delivery::Outcome;
use crate::serve::World;

/// An event on its way.
#[derive(Debug)]
pub(crate) struct Event<T> {
    pub(crate) item: T,
    /// Told how it ended; nobody waits for receipts and echoes.
    done: Option<oneshot::Sender<Outcome>>,
}

/// How events travel.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Habits {
    /// The probability, from 0 to 1, that an event is sent in a second call, too.
    pub(crate) duplicates: f64,
    /// The probability, from 0 to 1, that an event is never sent.
    pub(crate) losses: f64,
    /// The most events in one call.
    pub(crate) batch: usize,
    /// How long events are gathered when batches or disorder are asked for.
    pub(crate) gather: Duration,
    /// Whether events that were gathered are shuffled.
    pub(crate) disorder: bool,
    /// The most calls at a time.
    pub(crate) parallel: usize,
}

/// A network that carries events to the hub.
pub(crate) trait Carrier: Send + Sync + 'static {
    /// What it tells.
    type Item: Clone + Send + 'static;

    /// What all parts of the network share.
    fn world(&self) -> &World;

    /// How events travel from now on.
    fn habits(&self) -> Habits;

    /// Parts events that cannot travel in one call.
    fn part(&self, events: Vec<Event<Self::Item>>) -> Vec<Vec<Event<Self::Item>>> {
        vec![events]
    }

    /// Takes one call's events to the hub.
    fn carry(&self, batch: Vec<Self::Item>) -> impl Future<Output = Outcome> + Send;
}

/// Where a network puts what it has to tell.
#[derive(Debug)]
pub(crate) struct Outbox<T> {
    events: mpsc::UnboundedSender<Event<T>>,
}

/// The other end of an [`Outbox`].
pub(crate) type Posted<T> = mpsc::UnboundedReceiver<Event<T>>;

impl<T> Outbox<T> {
    pub(crate) fn new() -> (Self, Posted<T>) {
        let (events, posted) = mpsc::unbounded_channel();
        (Self { events }, posted)
    }

    /// Sends something that nobody waits for.
    pub(crate) fn tell(&self, item: T) {
        // After the stop there is nobody to tell.
        let _ = self.events.send(Event { item, done: None });
    }

    /// Sends something and waits for its end.
    pub(crate) async fn tell_and_wait(&self, item: T) -> Outcome {
        let stopped = || Outcome::never("the simulator stopped");
        let (done, ended) = oneshot::channel();
        let event = Event {
            item,
            done: Some(done),
        };
        match self.events.send(event) {
            Ok(()) => ended.await.unwrap_or_else(|_| stopped()),
            Err(_) => stopped(),
        }
    }
}

/// Takes events until the simulator stops.
pub(crate) async fn run<C: Carrier>(carrier: Arc<C>, mut events: Posted<C::Item>, seed: u64) {
    let mut random = fastrand::Rng::with_seed(seed);
    let mut parallel = 0;
    let mut permits = Arc::new(Semaphore::new(0));
    loop {
        let first = tokio::select! {
            () = carrier.world().stopped() => return,
            event = events.recv() => match event {
                Some(event) => event,
                None => return,
            },
        };
        let habits = carrier.habits();
        let wanted = habits.parallel.clamp(1, Semaphore::MAX_PERMITS);
        if wanted != parallel {
            parallel = wanted;
            permits = Arc::new(Semaphore::new(parallel));
        }
        let mut gathered = gather(first, &mut events, habits).await;
        if habits.disorder {
            random.shuffle(&mut gathered);
        }
        let mut again = Vec::new();
        let mut kept = Vec::with_capacity(gathered.len());
        for mut event in gathered {
            if random.f64() < habits.losses {
                if let Some(done) = event.done.take() {
                    // The waiter may have gone; then nobody wants to know.
                    let _ = done.send(Outcome::never("lost on purpose"));
                }
                continue;
            }
            if random.f64() < habits.duplicates {
                again.push(Event {
                    item: event.item.clone(),
                    done: None,
                });
            }
            kept.push(event);
        }
        for batch in [kept, again]
            .into_iter()
            .flat_map(|events| carrier.part(events))
            .flat_map(|events| chunks(events, habits.batch))
        {
            // Closed never: the semaphore is not shared outside.
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
                return;
            };
            let carrier = Arc::clone(&carrier);
            tokio::spawn(async move {
                tokio::select! {
                    () = carrier.world().stopped() => {}
                    () = deliver(&*carrier, batch) => {}
                }
                drop(permit);
            });
        }
    }
}

async fn deliver<C: Carrier>(carrier: &C, batch: Vec<Event<C::Item>>) {
    let mut waiting = Vec::new();
    let mut items = Vec::with_capacity(batch.len());
    for event in batch {
        waiting.extend(event.done);
        items.push(event.item);
    }
    let outcome = carrier.carry(items).await;
    for done in waiting {
        // The waiter may have gone; then nobody wants to know.
        let _ = done.send(outcome.clone());
    }
}

async fn gather<T>(first: Event<T>, events: &mut Posted<T>, habits: Habits) -> Vec<Event<T>> {
    let mut gathered = vec![first];
    let most = if habits.disorder {
        habits.batch.max(16)
    } else {
        habits.batch
    };
    if most <= 1 {
        return gathered;
    }
    let end = tokio::time::sleep(habits.gather);
    tokio::pin!(end);
    while gathered.len() < most {
        tokio::select! {
            () = &mut end => break,
            event = events.recv() => match event {
                Some(event) => gathered.push(event),
                None => break,
            },
        }
    }
    gathered
}

fn chunks<T>(events: Vec<Event<T>>, size: usize) -> Vec<Vec<Event<T>>> {
    let mut rest = events.into_iter();
    let mut chunks = Vec::new();
    loop {
        let chunk: Vec<Event<T>> = rest.by_ref().take(size.max(1)).collect();
        if chunk.is_empty() {
            return chunks;
        }
        chunks.push(chunk);
    }
}
