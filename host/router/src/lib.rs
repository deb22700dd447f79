//! The router: which interaction goes to which agent, and what happens to it there.
//!
//! It is a state machine without I/O, clock, randomness or threads. [`Router::apply`] takes a time
//! and a [`Command`] and returns the [`RoutingEvent`]s that say what was decided; the same commands
//! at the same times give the same events. All of its state comes out of those events:
//! [`Router::evolve`] folds recorded ones, and a [`Snapshot`] followed by the events after it gives
//! the same router as all of the events from the start.
//!
//! ```
//! use std::sync::Arc;
//!
//! use linecard_model::routing::{
//!     AgentSettings, MediaType, Presence, QueueSettings, RoutingEvent, RoutingSettings,
//! };
//! use linecard_model::{AgentId, InteractionId, QueueId, Timestamp};
//! use linecard_router::{Command, Router};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (anna, care) = (AgentId::new("anna")?, QueueId::new("care")?);
//! let mut queue = QueueSettings::new(care.clone());
//! queue.members.insert(anna.clone());
//! let mut router = Router::new(RoutingSettings {
//!     queues: vec![queue],
//!     agents: vec![AgentSettings::new(anna.clone())],
//!     ..RoutingSettings::default()
//! });
//!
//! let nine: Timestamp = "2026-03-02T09:00:00Z".parse()?;
//! router.apply(nine, Command::SetPresence {
//!     agent: anna,
//!     presence: Presence::Ready,
//!     forced: false,
//! })?;
//! let events = router.apply(nine, Command::Enqueue {
//!     interaction: InteractionId::derived(1, 1),
//!     queue: care,
//!     media_type: MediaType::SocialDirectMessage,
//!     skills: vec![],
//!     priority: None,
//!     first: None,
//! })?;
//! assert!(matches!(events[..], [RoutingEvent::Enqueued { .. }, RoutingEvent::Offered { .. }]));
//! # Ok(())
//! # }
//! ```
//!
//! # Time
//!
//! The caller brings the time, and calls [`Router::apply`] with [`Command::Tick`] when
//! [`Router::next_deadline`] has come. Times count in whole milliseconds, and never run backwards:
//! a time before the last event's is taken as that one's.
//!
//! # Starting and restarting
//!
//! Begin with `Router::new(RoutingSettings::default())` and apply [`Command::Configure`], so that
//! the record has the settings too. To restart, restore the latest snapshot (or begin the same
//! way), evolve by every event after it, and apply [`Command::Configure`] with the settings of the
//! day: it changes nothing if they are the same. The [`Command::Tick`] that follows acts on
//! everything that became due meanwhile.
//!
//! # When does an exclusion end?
//!
//! An agent who declines an interaction, or lets it ring out, is not offered it again for the
//! queue's `exclusion_seconds`, counted from that moment, or until the agent becomes ready anew,
//! if that is earlier. It is a deadline like the others, so nothing starves: with nobody else to
//! take it, the interaction comes back to the same agent.

mod capacity;
mod command;
mod counters;
mod deadlines;
mod decide;
mod decisions;
mod evolve;
mod explain;
mod fault;
mod index;
mod intervals;
mod matching;
mod refusal;
mod service;
mod settle;
#[cfg(test)]
mod simulation;
mod state;
mod stats;
mod steps;
mod targets;

use std::sync::Arc;

use linecard_model::routing::{InteractionState, RoutingEvent, RoutingSettings};
use linecard_model::{AgentId, InteractionId, OfferId, QueueId, Timestamp};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

pub use crate::capacity::SetBy;
pub use crate::command::Command;
pub use crate::decisions::{
    AgentExplanation, Answer, Decision, Moment, PassedOver, PassedReason, QueueNow,
};
pub use crate::explain::{Explanation, MemberStanding, Obstacle, StepStanding};
use crate::index::{Index, Place};
pub use crate::intervals::IntervalStats;
pub use crate::refusal::Refusal;
pub use crate::service::{ClockStanding, ServiceStanding};
use crate::state::State;
pub use crate::state::{Agent, Away, Exclusion, ExclusionCause, External, Work};
pub use crate::stats::{AgentStats, Census, QueueFigures, QueueStats, SlotUse, TimesKept};
pub use crate::targets::{Outlook, Target};

/// The router of one site.
#[derive(Debug, Clone)]
pub struct Router {
    state: State,
    index: Index,
}

/// A router's whole state at one moment, to be stored and restored. Reading one of another layout
/// fails, and says what to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    #[serde(deserialize_with = "known_version")]
    version: u32,
    state: State,
}

/// The layout of the snapshots that this version of the router writes and reads.
const SNAPSHOT_VERSION: u32 = 3;

fn known_version<'de, D: Deserializer<'de>>(input: D) -> Result<u32, D::Error> {
    let version = u32::deserialize(input)?;
    if version == SNAPSHOT_VERSION {
        Ok(version)
    } else {
        Err(D::Error::custom(format_args!(
            "the snapshot has layout {version}, this router reads layout {SNAPSHOT_VERSION}: \
             replay the record from its start instead"
        )))
    }
}

impl Router {
    /// A router with nothing to do and everybody offline. Members that are not among the agents are
    /// left out of account; [`RoutingSettings::check`] finds such mistakes.
    pub fn new(settings: impl Into<Arc<RoutingSettings>>) -> Self {
        let state = State::new(settings.into());
        let index = Index::build(&state);
        Self { state, index }
    }

    /// Does what a command asks for, acts on the deadlines that have passed, and offers all work
    /// that can be offered, in that order. Returns what was decided, in order; it has been evolved
    /// already. After a refusal nothing has changed.
    pub fn apply(&mut self, at: Timestamp, command: Command) -> Result<Vec<RoutingEvent>, Refusal> {
        let at = self.clock(at);
        let mut events = decide::decide(&self.state, &self.index, at, command)?;
        for event in &events {
            self.evolve(at, event);
        }
        // What moves on may come to where it is overdue: it has its time in queue with it.
        let mut judged = 0;
        loop {
            self.act_on_deadlines(at, &mut events);
            self.settle(at, &mut events, &mut judged);
            if self.next_deadline().is_none_or(|next| next > at) {
                break;
            }
        }
        self.offer_work(at, &mut events);
        Ok(events)
    }

    /// Replaces the state by a stored one.
    pub fn restore(snapshot: Snapshot) -> Self {
        let index = Index::build(&snapshot.state);
        Self {
            state: snapshot.state,
            index,
        }
    }

    /// The whole state, to be stored.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            version: SNAPSHOT_VERSION,
            state: self.state.clone(),
        }
    }

    /// When [`Command::Tick`] is due next. None: when nothing is.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.index.deadlines.first().map(|(at, _)| *at)
    }

    /// The settings in force.
    pub fn settings(&self) -> &Arc<RoutingSettings> {
        &self.state.settings
    }

    /// An interaction, unless it has ended.
    pub fn interaction(&self, id: &InteractionId) -> Option<&Work> {
        self.state.work.get(id)
    }

    /// Every interaction that has not ended, in the order of their identifiers.
    pub fn interactions(&self) -> impl Iterator<Item = (InteractionId, &Work)> {
        self.state.work.iter().map(|(id, work)| (*id, work))
    }

    /// The interaction that alerts under an offer.
    pub fn offer(&self, offer: &OfferId) -> Option<InteractionId> {
        self.index.offers.get(offer).copied()
    }

    /// An agent.
    pub fn agent(&self, id: &AgentId) -> Option<&Agent> {
        self.state.agents.get(id).filter(|agent| !agent.removed)
    }

    /// What an agent has parked, in the order of identifiers.
    pub fn parked_by(&self, agent: &AgentId) -> impl Iterator<Item = (InteractionId, &Work)> {
        let parked = self.index.parked.get(agent).into_iter().flatten();
        parked.filter_map(|id| Some((*id, self.state.work.get(id)?)))
    }

    /// What an agent watches, in the order of identifiers.
    pub fn watched_by(&self, agent: &AgentId) -> impl Iterator<Item = (InteractionId, &Work)> {
        self.index
            .watched_by(agent)
            .filter_map(|id| Some((id, self.state.work.get(&id)?)))
    }

    /// Whether nothing of a queue is offered for now.
    pub fn is_paused(&self, queue: &QueueId) -> bool {
        self.state
            .queues
            .get(queue)
            .is_some_and(|queue| queue.paused)
    }

    /// The agents who take work from a queue, those of its groups among them.
    pub fn members(&self, queue: &QueueId) -> impl Iterator<Item = &AgentId> {
        let queue = self.state.queues.get(queue);
        queue.into_iter().flat_map(|queue| &queue.members)
    }

    /// What alerts at an agent, is connected to them, held or in wrap-up, or asks for their advice, in
    /// the order of identifiers.
    pub fn work_of(&self, agent: &AgentId) -> impl Iterator<Item = (InteractionId, &Work)> {
        self.index
            .work_of(agent)
            .filter_map(|id| Some((id, self.state.work.get(&id)?)))
    }

    /// The interactions that wait in a queue, the next one first.
    pub fn waiting(&self, queue: &QueueId) -> Vec<InteractionId> {
        let mut places: Vec<Place> = self
            .index
            .lanes_of(queue)
            .flat_map(|(_, lane)| lane.waiting.iter())
            .collect();
        places.sort_unstable();
        places.into_iter().map(|place| place.merit.id).collect()
    }

    /// The time to decide at: not before the last event.
    fn clock(&self, at: Timestamp) -> Timestamp {
        self.state.latest.map_or(at, |latest| latest.max(at))
    }

    /// Records events that were decided: evolves by each of them.
    pub(crate) fn record(
        &mut self,
        at: Timestamp,
        decided: impl IntoIterator<Item = RoutingEvent>,
        events: &mut Vec<RoutingEvent>,
    ) {
        for event in decided {
            self.evolve(at, &event);
            events.push(event);
        }
    }

    /// The interaction and its state, if it is in the router.
    fn state_of(&self, id: InteractionId) -> Option<&InteractionState> {
        self.state.work.get(&id).map(|work| &work.state)
    }
}
