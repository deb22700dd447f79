//! Leaves a plug-in alone on a channel on which it fails again and again: each try costs the machine's time,
//! and what it was to do waits where it is safe: deliveries with the network that is told to come again,
//! pages behind the cursor, actions in the outbox. After a while one call tries it again.
//!
//! It is a matter of one call on one channel: a payload on which a plug-in stops holds up no other channel of
//! it, and does not keep it from sending. Calls that the host makes at its own pace, and less and less often
//! when they fail, are none of its business.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use linecard_model::{ChannelId, Timestamp};

use crate::error::{Call, Fault, Limit, LimitBreach};

/// When a plug-in is left alone on a channel, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuspensionConfig {
    /// After so many failures of its own one after the other.
    pub after: u32,
    /// For so long at first; twice as long each time that the try after it fails.
    pub first: Duration,
    /// For so long at most.
    pub longest: Duration,
}

impl Default for SuspensionConfig {
    fn default() -> Self {
        Self {
            after: 5,
            first: Duration::from_secs(5),
            longest: Duration::from_secs(5 * 60),
        }
    }
}

/// A plug-in that is left alone on a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suspended {
    /// The channel.
    pub channel: ChannelId,
    /// The call that is not made.
    pub call: Call,
    /// How often it has failed one after the other.
    pub failures: u32,
    /// When it was left alone first.
    pub since: Timestamp,
    /// When it is tried again.
    pub until: Timestamp,
    /// How it failed last, with the id of the call.
    pub reason: String,
}

/// How long a try may take before another call tries as well.
const TRY: Duration = Duration::from_secs(60);
/// Of how many channels failures are known; those that are removed leave theirs here.
const MOST: usize = 1_000;

#[derive(Debug, Default)]
struct State {
    failures: u32,
    /// For how long it was left alone last.
    pause: Duration,
    /// Until when it is left alone, or its try goes on.
    until: Option<Instant>,
    /// Whether a call tries it.
    is_tried: bool,
    suspended: Option<Suspended>,
}

/// The channels on which a plug-in has failed since it last succeeded. One that works is not in it.
#[derive(Debug, Default)]
pub(crate) struct Suspensions(Mutex<BTreeMap<(ChannelId, Call), State>>);

impl Suspensions {
    fn states(&self) -> MutexGuard<'_, BTreeMap<(ChannelId, Call), State>> {
        // What is in it is whole after each line that changes it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a call may be made at this time.
    pub(crate) fn may(
        &self,
        channel: &ChannelId,
        call: Call,
        now: Instant,
    ) -> Result<(), Suspended> {
        let mut states = self.states();
        if states.is_empty() {
            return Ok(());
        }
        let Some(state) = states.get_mut(&(channel.clone(), call)) else {
            return Ok(());
        };
        let Some(suspended) = &state.suspended else {
            return Ok(());
        };
        if state.until.is_some_and(|until| now < until) {
            return Err(suspended.clone());
        }
        // This call tries it; the others wait until it is known whether it works.
        state.until = Some(now + TRY);
        state.is_tried = true;
        Ok(())
    }

    /// Notes how a call ended. `words` says how it failed.
    pub(crate) fn note(
        &self,
        config: &SuspensionConfig,
        channel: &ChannelId,
        (call, fault): (Call, Option<&Fault>),
        words: impl FnOnce() -> String,
        now: Instant,
    ) {
        let mut states = self.states();
        if paces_itself(call) || (fault.is_none() && states.is_empty()) {
            return;
        }
        let key = (channel.clone(), call);
        let Some(fault) = fault else {
            states.remove(&key);
            return;
        };
        if !is_own(call, fault) {
            // It says nothing of the plug-in: the next call is the try.
            if let Some(state) = states.get_mut(&key).filter(|state| state.is_tried) {
                state.is_tried = false;
                state.until = Some(now);
            }
            return;
        }
        if states.len() >= MOST && !states.contains_key(&key) {
            states.pop_first();
        }
        let state = states.entry(key).or_default();
        // Calls that had begun before it was left alone do not lengthen the pause.
        let is_late = state.suspended.is_some() && !state.is_tried;
        state.failures = state.failures.saturating_add(1);
        if is_late || state.failures < config.after {
            return;
        }
        state.pause = match state.pause {
            Duration::ZERO => config.first,
            before => (before * 2).min(config.longest),
        };
        state.until = Some(now + state.pause);
        state.is_tried = false;
        let at = Timestamp::now();
        state.suspended = Some(Suspended {
            channel: channel.clone(),
            call,
            failures: state.failures,
            since: state.suspended.as_ref().map_or(at, |before| before.since),
            until: at.checked_add(state.pause).unwrap_or(at),
            reason: words(),
        });
    }

    /// What it is not called for.
    pub(crate) fn now(&self) -> Vec<Suspended> {
        let states = self.states();
        states
            .values()
            .filter_map(|state| state.suspended.clone())
            .collect()
    }
}

/// Whether a call is made at the host's own pace.
fn paces_itself(call: Call) -> bool {
    matches!(call, Call::Poll | Call::Probe | Call::Templates)
}

/// Whether a failure is the plug-in's own, and not the machine's or the network's.
fn is_own(call: Call, fault: &Fault) -> bool {
    match fault {
        Fault::Trap(_) | Fault::Output(_) => true,
        Fault::Limit(LimitBreach { limit, .. }) => match limit {
            // A network that is slow uses up the time of a call that waits for it.
            Limit::WallTime => call == Call::Receive,
            Limit::Concurrency | Limit::ChannelConcurrency | Limit::TotalConcurrency => false,
            _ => true,
        },
        Fault::Refused(_) | Fault::Start(_) | Fault::Suspended(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct World {
        suspensions: Suspensions,
        config: SuspensionConfig,
        now: Instant,
    }

    impl World {
        fn new() -> Self {
            Self {
                suspensions: Suspensions::default(),
                config: SuspensionConfig::default(),
                now: Instant::now(),
            }
        }

        fn may(&self, channel: &str) -> bool {
            let channel = channel.parse().unwrap();
            self.suspensions
                .may(&channel, Call::Receive, self.now)
                .is_ok()
        }

        fn ends(&self, channel: &str, fault: Option<&Fault>) {
            let words = || "how".to_owned();
            self.suspensions.note(
                &self.config,
                &channel.parse().unwrap(),
                (Call::Receive, fault),
                words,
                self.now,
            );
        }
    }

    fn trap() -> Fault {
        Fault::Trap("unreachable".to_owned())
    }

    #[test]
    fn failures_one_after_the_other_leave_it_alone_on_that_channel_for_longer_and_longer() {
        let mut world = World::new();
        for _ in 0..world.config.after {
            assert!(world.may("one"));
            world.ends("one", Some(&trap()));
        }
        assert!(!world.may("one"));
        assert!(world.may("other"), "another channel goes on");
        let mut pause = world.config.first;
        for _ in 0..10 {
            world.now += pause.checked_sub(Duration::from_millis(1)).unwrap();
            assert!(!world.may("one"));
            world.now += Duration::from_millis(1);
            assert!(world.may("one"), "one tries it");
            assert!(!world.may("one"), "the others wait for that");
            world.ends("one", Some(&trap()));
            pause = (pause * 2).min(world.config.longest);
        }
        let suspended = world.suspensions.now();
        assert_eq!(suspended.len(), 1);
        assert_eq!(suspended[0].failures, world.config.after + 10);
        assert_eq!(suspended[0].reason, "how");
        world.now += pause;
        assert!(world.may("one"));
        world.ends("one", None);
        assert!(world.may("one") && world.may("one"));
        assert_eq!(world.suspensions.now(), []);
    }

    #[test]
    fn other_calls_go_on_and_polls_pace_themselves() {
        let world = World::new();
        let (channel, fault) = ("one".parse().unwrap(), trap());
        for call in [Call::Receive, Call::Poll] {
            for _ in 0..world.config.after {
                let ended = (call, Some(&fault));
                world
                    .suspensions
                    .note(&world.config, &channel, ended, String::new, world.now);
            }
        }
        let may = |call| world.suspensions.may(&channel, call, world.now).is_ok();
        assert!(!may(Call::Receive));
        assert!(may(Call::Poll) && may(Call::Perform));
    }

    #[test]
    fn what_had_begun_before_does_not_lengthen_the_pause() {
        let mut world = World::new();
        for _ in 0..world.config.after * 3 {
            world.ends("one", Some(&trap()));
        }
        world.now += world.config.first;
        assert!(world.may("one"));
    }

    #[test]
    fn a_busy_machine_a_slow_network_and_a_success_between_are_no_reason() {
        let world = World::new();
        let busy = Fault::from(LimitBreach::new(Limit::TotalConcurrency, 1_u8));
        for _ in 0..world.config.after * 3 {
            world.ends("one", Some(&busy));
            world.ends("other", Some(&trap()));
            world.ends("other", None);
        }
        assert!(world.may("one") && world.may("other"));
    }

    #[test]
    fn a_try_that_the_machine_cut_short_is_made_again() {
        let mut world = World::new();
        for _ in 0..world.config.after {
            world.ends("one", Some(&trap()));
        }
        world.now += world.config.first;
        assert!(world.may("one"));
        world.ends("one", Some(&Fault::Start("no place".to_owned())));
        assert!(world.may("one"));
        // One that never ends holds the others up for the time of a try.
        assert!(!world.may("one"));
        world.now += TRY;
        assert!(world.may("one"));
    }
}
