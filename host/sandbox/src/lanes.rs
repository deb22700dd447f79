//! Turns: which calls may run now, and that none waits for calls of another sort.
//!
//! Calls go in four lanes, by what they wait for: those that only compute, and three sorts that use the
//! network. A call needs a turn of its channel, a turn of its plug-in and a place in the engine's pool,
//! each in its own lane; whoever comes first is first. A channel whose network hangs is stopped by the
//! first of the three, a plug-in by the second, so neither can take what is there for all; and the
//! pool has room for all lanes at their fullest, so sending, polling and looking up together leave
//! receiving as much as it may ever use.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use linecard_model::ChannelId;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use crate::error::{Call, Limit, LimitBreach};
use crate::limits::Limits;

/// A sort of calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// What computes and ends soon: `receive`, `describe`, and an analyzer's calls.
    Computing,
    /// `perform`.
    Sending,
    /// `poll`.
    Polling,
    /// `resolve-profile`, `resolve-media`, `probe`, `templates`, `set-up`.
    LookingUp,
}

impl Lane {
    /// How many there are.
    pub(crate) const COUNT: u32 = 4;

    pub(crate) fn of(call: Call) -> Self {
        match call {
            Call::Describe | Call::Receive | Call::Prepare | Call::Analyze => Self::Computing,
            Call::Perform => Self::Sending,
            Call::Poll => Self::Polling,
            Call::ResolveProfile
            | Call::ResolveMedia
            | Call::Probe
            | Call::Templates
            | Call::SetUp => Self::LookingUp,
        }
    }
}

/// One value for each lane.
pub(crate) struct PerLane<T> {
    computing: T,
    sending: T,
    polling: T,
    looking_up: T,
}

impl<T> PerLane<T> {
    pub(crate) fn new(make: impl Fn() -> T) -> Self {
        Self {
            computing: make(),
            sending: make(),
            polling: make(),
            looking_up: make(),
        }
    }

    pub(crate) fn get(&self, lane: Lane) -> &T {
        match lane {
            Lane::Computing => &self.computing,
            Lane::Sending => &self.sending,
            Lane::Polling => &self.polling,
            Lane::LookingUp => &self.looking_up,
        }
    }
}

/// The engine's pool, shared out to the lanes.
pub(crate) struct Places {
    lanes: PerLane<Arc<Semaphore>>,
    per_lane: usize,
}

impl Places {
    pub(crate) fn new(limits: &Limits) -> Self {
        let per_lane = usize::try_from(limits.calls.max(1)).unwrap_or(usize::MAX);
        let per_lane = per_lane.min(Semaphore::MAX_PERMITS);
        Self {
            lanes: PerLane::new(|| Arc::new(Semaphore::new(per_lane))),
            per_lane,
        }
    }
}

/// The turns of one plug-in in one lane.
pub(crate) struct Turns {
    plugin: Arc<Semaphore>,
    /// Of the channels that have or want a turn; the others are not kept.
    channels: Arc<Mutex<HashMap<ChannelId, Arc<Semaphore>>>>,
    per_plugin: usize,
    per_channel: usize,
}

impl Turns {
    pub(crate) fn new(limits: &Limits) -> Self {
        let per_plugin = limits.calls_per_plugin.clamp(1, Semaphore::MAX_PERMITS);
        Self {
            plugin: Arc::new(Semaphore::new(per_plugin)),
            channels: Arc::default(),
            per_plugin,
            per_channel: limits.calls_per_channel.clamp(1, per_plugin),
        }
    }

    /// How many calls one channel may have under way.
    pub(crate) fn per_channel(&self) -> usize {
        self.per_channel
    }

    fn of_channel(&self, id: &ChannelId) -> ChannelTurns {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        let turns = channels
            .entry(id.clone())
            .or_insert_with(|| Arc::new(Semaphore::new(self.per_channel)));
        ChannelTurns {
            id: id.clone(),
            turns: Some(Arc::clone(turns)),
            channels: Arc::clone(&self.channels),
        }
    }
}

/// A channel's part of [`Turns`], for as long as somebody has or wants one of its turns.
struct ChannelTurns {
    id: ChannelId,
    /// Taken when this is dropped.
    turns: Option<Arc<Semaphore>>,
    channels: Arc<Mutex<HashMap<ChannelId, Arc<Semaphore>>>>,
}

impl Drop for ChannelTurns {
    fn drop(&mut self) {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        self.turns = None;
        // Copies are only made under the lock, so the map's own is the last one for certain.
        if channels
            .get(&self.id)
            .is_some_and(|turns| Arc::strong_count(turns) == 1)
        {
            channels.remove(&self.id);
        }
    }
}

/// A call's turn, from before it begins until it has ended.
pub(crate) struct Turn {
    /// Given back in this order.
    _place: OwnedSemaphorePermit,
    _of_plugin: OwnedSemaphorePermit,
    _of_channel: Option<(OwnedSemaphorePermit, ChannelTurns)>,
}

/// Waits for a turn, at most until a time. What it still waits for then is the limit that it names.
pub(crate) async fn turn(
    places: &Places,
    turns: &PerLane<Turns>,
    lane: Lane,
    channel: Option<&ChannelId>,
    until: Option<Instant>,
) -> Result<Turn, LimitBreach> {
    let turns = turns.get(lane);
    // The narrowest first: while a call waits, it holds nothing that calls of others need.
    let of_channel = match channel {
        Some(channel) => {
            let own = turns.of_channel(channel);
            let permit = acquire(own.turns.clone(), until).await;
            let breach = || LimitBreach::new(Limit::ChannelConcurrency, turns.per_channel);
            Some((permit.ok_or_else(breach)?, own))
        }
        None => None,
    };
    let of_plugin = acquire(Some(Arc::clone(&turns.plugin)), until).await;
    let breach = || LimitBreach::new(Limit::Concurrency, turns.per_plugin);
    let of_plugin = of_plugin.ok_or_else(breach)?;
    let place = acquire(Some(Arc::clone(places.lanes.get(lane))), until).await;
    let breach = || LimitBreach::new(Limit::TotalConcurrency, places.per_lane);
    Ok(Turn {
        _place: place.ok_or_else(breach)?,
        _of_plugin: of_plugin,
        _of_channel: of_channel,
    })
}

/// `None`: the time is over.
async fn acquire(
    semaphore: Option<Arc<Semaphore>>,
    until: Option<Instant>,
) -> Option<OwnedSemaphorePermit> {
    // No semaphore here is ever closed.
    let waiting = semaphore?.acquire_owned();
    match until {
        Some(until) => tokio::time::timeout_at(until, waiting).await.ok()?.ok(),
        None => waiting.await.ok(),
    }
}
