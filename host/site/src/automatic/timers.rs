//! Times at which rules look at an interaction again.
//!
//! They are kept with the interaction, so that a restart finds them where they were; here they stand in
//! the order in which they are due.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use linecard_model::event::Event;
use linecard_model::interaction::Interaction;
use linecard_model::routing::{InteractionState, LegRole, RoutingEvent, TransferTarget};
use linecard_model::rule::{RuleOccasion, RuleTimer};
use linecard_model::{InteractionId, Timestamp};
use linecard_store::StoreError;

use super::super::run::Batch;
use super::Automatic;

/// How many timers fire within one durable write at most; the rest follow at once.
const AT_A_TIME: usize = 256;

/// An occasion that comes after a time: which, and after how many seconds.
type Timed = (RuleOccasion, u32);

/// The timers of the interactions that are not over.
#[derive(Debug, Default)]
pub(in super::super) struct Timers {
    by_due: BTreeSet<(Timestamp, InteractionId, Timed)>,
    of: HashMap<InteractionId, Vec<RuleTimer>>,
}

impl Timers {
    /// Takes over what an interaction has.
    pub fn keep(&mut self, interaction: &Interaction) {
        let wanted = if interaction.is_open() {
            interaction.timers.as_slice()
        } else {
            &[]
        };
        if self.of.get(&interaction.id).map_or(&[][..], Vec::as_slice) == wanted {
            return;
        }
        self.forget(interaction.id);
        if wanted.is_empty() {
            return;
        }
        let timed = |timer: &RuleTimer| (timer.on, timer.after_seconds);
        let due = wanted.iter().map(|t| (t.due, interaction.id, timed(t)));
        self.by_due.extend(due);
        self.of.insert(interaction.id, wanted.to_vec());
    }

    fn forget(&mut self, id: InteractionId) {
        for timer in self.of.remove(&id).into_iter().flatten() {
            let timed = (timer.on, timer.after_seconds);
            self.by_due.remove(&(timer.due, id, timed));
        }
    }

    /// When the next is due.
    pub fn next(&self) -> Option<Timestamp> {
        self.by_due.first().map(|(due, ..)| *due)
    }

    /// The next that is due at a moment.
    fn due(&self, at: Timestamp) -> Option<(InteractionId, Timed)> {
        let (due, id, timed) = self.by_due.first()?;
        (*due <= at).then_some((*id, *timed))
    }
}

impl Automatic {
    /// The occasions after a time for which there are rules.
    pub fn timed(&self) -> BTreeSet<Timed> {
        let both = [RuleOccasion::Waited, RuleOccasion::Idle];
        let of = |on| {
            self.rules
                .times(on)
                .into_iter()
                .map(move |after| (on, after))
        };
        both.into_iter().flat_map(of).collect()
    }
}

/// What was recorded comes to, for the timers of an interaction.
#[derive(Debug, Clone, Copy, Default)]
struct Moved {
    /// Whether the time in its queue begins (true) or is over (false).
    waits: Option<bool>,
    /// The same of the time in which nobody writes.
    idles: Option<bool>,
}

/// The interactions whose timers are to be set, moved or taken away.
#[derive(Debug, Default)]
pub(in super::super) struct Concerned(BTreeMap<InteractionId, Moved>);

impl Concerned {
    /// What events come to. Other skills that a rule asks for are no new time in the queue: it would look at
    /// the interaction again and again.
    pub fn of(events: &[Event], by_rules: bool) -> Self {
        let mut concerned = Self::default();
        for event in events {
            let Some(id) = event.interaction() else {
                continue;
            };
            let (waits, idles) = match event {
                Event::MessageReceived(_) | Event::MessageAccepted(_) => (None, Some(true)),
                Event::Routing(event) => match event {
                    RoutingEvent::Enqueued { .. } => (Some(true), Some(true)),
                    RoutingEvent::Transferred {
                        to: TransferTarget::Skills { .. },
                        ..
                    } if by_rules => continue,
                    RoutingEvent::Transferred { .. }
                    | RoutingEvent::Returned { .. }
                    | RoutingEvent::Unparked { .. } => (Some(true), None),
                    RoutingEvent::Connected {
                        role: LegRole::Owner,
                        ..
                    }
                    | RoutingEvent::OwnerChanged { .. }
                    | RoutingEvent::Begun { .. }
                    | RoutingEvent::Parked { .. } => (Some(false), None),
                    RoutingEvent::WrapUpStarted { .. } => (Some(false), Some(false)),
                    _ => continue,
                },
                _ => continue,
            };
            let moved = concerned.0.entry(id).or_default();
            moved.waits = waits.or(moved.waits);
            moved.idles = idles.or(moved.idles);
        }
        concerned
    }
}

/// What follows for the timers.
pub(in super::super) async fn follow(
    batch: &mut Batch<'_>,
    concerned: Concerned,
) -> Result<Vec<Event>, StoreError> {
    let timed = batch.state.automatic.timed();
    let mut events = Vec::new();
    for (id, moved) in concerned.0 {
        let Some(interaction) = batch.work.interaction(id).await? else {
            continue;
        };
        if !interaction.is_open() || (timed.is_empty() && interaction.timers.is_empty()) {
            continue;
        }
        let mut timers = interaction.timers.clone();
        for (on, begins) in [
            (RuleOccasion::Waited, moved.waits),
            (RuleOccasion::Idle, moved.idles),
        ] {
            let Some(begins) = begins else { continue };
            timers.retain(|timer| timer.on != on);
            if begins && can_be(on, &interaction) {
                let own = timed.iter().filter(|(own, _)| *own == on);
                timers.extend(own.map(|timed| timer(batch.at, *timed)));
            }
        }
        events.extend(set(&interaction, timers));
    }
    Ok(events)
}

/// What follows when other rules are in force: times that no rule asks for any more are forgotten, and new
/// ones count from now.
pub(in super::super) async fn reconfigured(
    batch: &mut Batch<'_>,
    before: &BTreeSet<Timed>,
) -> Result<(), StoreError> {
    let timed = batch.state.automatic.timed();
    if *before == timed {
        return Ok(());
    }
    let open: Vec<InteractionId> = batch
        .state
        .router
        .interactions()
        .map(|(id, _)| id)
        .collect();
    let mut events = Vec::new();
    for id in open {
        let Some(interaction) = batch.work.interaction(id).await? else {
            continue;
        };
        let mut timers = interaction.timers.clone();
        timers.retain(|timer| timed.contains(&(timer.on, timer.after_seconds)));
        let new = timed.difference(before);
        let new = new.filter(|(on, _)| can_be(*on, &interaction));
        timers.extend(new.map(|timed| timer(batch.at, *timed)));
        events.extend(set(&interaction, timers));
    }
    batch.record(events).await
}

/// Whether an interaction can have waited, or lain idle, when the time has come.
fn can_be(on: RuleOccasion, interaction: &Interaction) -> bool {
    let state = &interaction.state;
    match on {
        RuleOccasion::Waited => matches!(
            state,
            InteractionState::Queued | InteractionState::Offered { .. }
        ),
        _ => !matches!(
            state,
            InteractionState::WrapUp { .. } | InteractionState::Ended { .. }
        ),
    }
}

fn timer(from: Timestamp, (on, after_seconds): Timed) -> RuleTimer {
    RuleTimer {
        on,
        after_seconds,
        due: from + jiff::SignedDuration::from_secs(i64::from(after_seconds)),
    }
}

fn set(interaction: &Interaction, mut timers: Vec<RuleTimer>) -> Option<Event> {
    timers.sort();
    timers.truncate(RuleTimer::MOST);
    (timers != interaction.timers).then_some(Event::RuleTimersSet {
        interaction: interaction.id,
        timers,
    })
}

/// Lets the timers fire that are due, each once: that it has fired is recorded with what its rules do.
pub(in super::super) async fn fire(batch: &mut Batch<'_>) -> Result<(), StoreError> {
    for _ in 0..AT_A_TIME {
        let Some((id, (on, after))) = batch.state.timers.due(batch.at) else {
            break;
        };
        batch.happened.push_back(super::Happened {
            on,
            after_seconds: Some(after),
            interaction: id,
            message: None,
        });
        super::occasions::follow(batch).await?;
        // Nothing comes twice, whatever became of the interaction.
        if batch.state.timers.due(batch.at) == Some((id, (on, after))) {
            batch.state.timers.forget(id);
        }
    }
    Ok(())
}
