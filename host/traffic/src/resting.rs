//! Leaves an analyzer out for a while that fails again and again: what it would say is unknown either way,
//! and each try costs all messages its time and the machine's.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use linecard_sandbox::{CallError, Fault, Limit};

/// After so many failures one after the other it is left out.
const FAILURES: u32 = 5;
/// For so long; then one message tries it again, and the next failure is enough to leave it out again.
const REST: Duration = Duration::from_secs(30);

/// Whether an analyzer is left out.
#[derive(Debug, Default)]
pub struct Resting(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// How often it failed since it last succeeded.
    failures: u32,
    /// Until when it is left out, and why.
    until: Option<(Instant, String)>,
}

impl Resting {
    /// Why it is left out at this time; `None` if it is to be asked.
    pub fn reason(&self, now: Instant) -> Option<String> {
        let mut state = self.state();
        match &state.until {
            Some((until, reason)) if now < *until => Some(format!(
                "it is left out for {} seconds at a time, because it failed {FAILURES} times one after the other, lastly so: {reason}",
                REST.as_secs()
            )),
            Some(_) => {
                // The others go on without it until it is known whether it works again.
                let reason = state
                    .until
                    .take()
                    .map(|(_, reason)| reason)
                    .unwrap_or_default();
                state.until = Some((now + REST, reason));
                None
            }
            None => None,
        }
    }

    /// Why it is left out for now, for whoever watches; this is no try.
    pub fn left_out(&self) -> Option<String> {
        let state = self.state();
        state.until.as_ref().map(|(_, reason)| reason.clone())
    }

    /// Notes how a call ended.
    pub fn note(&self, error: Option<&CallError>, now: Instant) {
        let mut state = self.state();
        match error.map(|error| &error.fault) {
            // That it can make nothing of a message is an answer as well.
            None | Some(Fault::Refused(_)) => *state = State::default(),
            Some(Fault::Limit(breach)) if is_of_others(breach.limit) => {}
            Some(fault) => {
                state.failures = state.failures.saturating_add(1);
                if state.failures >= FAILURES {
                    state.until = Some((now + REST, fault.to_string()));
                }
            }
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a limit is that of the machine, and not one that the call went beyond.
fn is_of_others(limit: Limit) -> bool {
    matches!(
        limit,
        Limit::ChannelConcurrency | Limit::Concurrency | Limit::TotalConcurrency
    )
}

#[cfg(test)]
mod tests {
    use linecard_sandbox::{Call, CallId, LimitBreach};

    use super::*;

    fn failed(fault: Fault) -> CallError {
        CallError {
            plugin: "a".parse().unwrap(),
            version: "1.0.0".to_owned(),
            call: Call::Analyze,
            id: CallId::new(),
            fault,
            may_have_acted: false,
        }
    }

    fn trap() -> CallError {
        failed(Fault::Trap("unreachable".to_owned()))
    }

    #[test]
    fn it_rests_after_failures_and_one_message_tries_it_again() {
        let resting = Resting::default();
        let mut now = Instant::now();
        for _ in 0..FAILURES {
            assert_eq!(resting.reason(now), None);
            assert_eq!(resting.left_out(), None);
            resting.note(Some(&trap()), now);
        }
        assert!(resting.left_out().is_some());
        let reason = resting.reason(now);
        assert!(reason.is_some_and(|reason| reason.contains("unreachable")));
        now += REST;
        assert_eq!(resting.reason(now), None, "one tries");
        assert!(
            resting.reason(now).is_some(),
            "and the others do not wait for it"
        );
        resting.note(Some(&trap()), now);
        now += REST;
        assert_eq!(resting.reason(now), None);
        resting.note(None, now);
        assert_eq!(resting.reason(now), None);
        assert_eq!(resting.reason(now), None, "it works again for all");
        assert_eq!(resting.left_out(), None);
    }

    #[test]
    fn failures_with_an_answer_between_them_are_not_one_after_the_other() {
        let resting = Resting::default();
        let now = Instant::now();
        let refusal = failed(Fault::Refused("no text".to_owned()));
        for turn in 0..FAILURES * 4 {
            resting.note(Some(&trap()), now);
            resting.note((turn % 2 == 0).then_some(&refusal), now);
        }
        assert_eq!(resting.reason(now), None);
    }

    #[test]
    fn that_the_machine_is_busy_is_no_failure() {
        let resting = Resting::default();
        let now = Instant::now();
        let busy = failed(Fault::Limit(LimitBreach {
            limit: Limit::Concurrency,
            allowed: 24,
        }));
        for _ in 0..FAILURES * 2 {
            resting.note(Some(&busy), now);
        }
        assert_eq!(resting.reason(now), None);
    }
}
