//! Faults that a simulated network shows on demand, for the next calls or with a probability.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What goes wrong in a call that the hub makes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// The network answers this instead. The call has no effect.
    Answer(FaultAnswer),
    /// The call has its effect, yet the network answers this.
    AnswerAfterEffect(FaultAnswer),
    /// The call has its effect; the answer breaks off half-way and the connection closes.
    CloseMidAnswer,
    /// Nothing happens and no answer comes before the caller gives up (or [`Faults::set_hold`]
    /// has passed; then 504).
    TimeoutBeforeEffect,
    /// The call has its effect, but no answer comes before the caller gives up (or
    /// [`Faults::set_hold`] has passed; then 504).
    TimeoutAfterEffect,
    /// The call has its effect at once, and its answer comes later: what follows from the effect, such as
    /// an echo, overtakes it.
    AnswerLate {
        /// The delay in milliseconds.
        millis: u64,
    },
    /// All is well, only later.
    Slow {
        /// The delay in milliseconds.
        millis: u64,
    },
}

/// An answer of a network in trouble.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaultAnswer {
    /// The HTTP status.
    pub status: u16,
    /// Headers beside the content type.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The content type; none for a bare answer.
    #[serde(default)]
    pub content_type: Option<String>,
    /// The body as it is sent.
    #[serde(default)]
    pub body: String,
}

impl Fault {
    /// A JSON answer with this status.
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::Answer(FaultAnswer {
            status,
            headers: Vec::new(),
            content_type: Some("application/json".to_owned()),
            body: body.to_string(),
        })
    }

    /// A load balancer's HTML page with status 502.
    pub fn html_502() -> Self {
        Self::Answer(FaultAnswer {
            status: 502,
            headers: Vec::new(),
            content_type: Some("text/html".to_owned()),
            body: "<!DOCTYPE html><html><head><title>Error</title></head><body>Sorry, something \
                   went wrong.</body></html>"
                .to_owned(),
        })
    }

    /// Status 429 without a body, with `Retry-After` in seconds.
    pub fn too_many_requests(retry_after_seconds: u64) -> Self {
        Self::Answer(FaultAnswer {
            status: 429,
            headers: vec![("retry-after".to_owned(), retry_after_seconds.to_string())],
            content_type: None,
            body: String::new(),
        })
    }

    /// Status 503 without a body.
    pub fn unavailable_503() -> Self {
        Self::Answer(FaultAnswer {
            status: 503,
            headers: Vec::new(),
            content_type: None,
            body: String::new(),
        })
    }

    /// The call has its effect, and the answer is 200 with nothing in it.
    pub fn empty_body() -> Self {
        Self::AnswerAfterEffect(FaultAnswer {
            status: 200,
            headers: Vec::new(),
            content_type: Some("application/json".to_owned()),
            body: String::new(),
        })
    }

    /// The call has its effect, and the answer is 200 with something that is no JSON.
    pub fn garbage() -> Self {
        Self::AnswerAfterEffect(FaultAnswer {
            status: 200,
            headers: Vec::new(),
            content_type: Some("application/json".to_owned()),
            body: "{\"recipient_id\":\"\u{fffd}\u{1}<garb".to_owned(),
        })
    }

    /// The faults that every network knows, by the names that the control endpoint takes.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "html_502" => Self::html_502(),
            "429" => Self::too_many_requests(30),
            "503" => Self::unavailable_503(),
            "empty_body" => Self::empty_body(),
            "garbage" => Self::garbage(),
            "close_mid_answer" => Self::CloseMidAnswer,
            "timeout_before" => Self::TimeoutBeforeEffect,
            "timeout_after" => Self::TimeoutAfterEffect,
            "answer_late" => Self::AnswerLate { millis: 2_000 },
            _ => return None,
        })
    }

    /// Whether the call still has its effect.
    pub fn lets_it_happen(&self) -> bool {
        !matches!(self, Self::Answer(_) | Self::TimeoutBeforeEffect)
    }

    /// A short name for the record.
    pub(crate) fn label(&self) -> String {
        match self {
            Self::Answer(answer) => format!("answers {}", answer.status),
            Self::AnswerAfterEffect(answer) => {
                format!("answers {} after the effect", answer.status)
            }
            Self::CloseMidAnswer => "closes mid-answer".to_owned(),
            Self::TimeoutBeforeEffect => "times out before the effect".to_owned(),
            Self::TimeoutAfterEffect => "times out after the effect".to_owned(),
            Self::AnswerLate { millis } => format!("answers {millis} ms after the effect"),
            Self::Slow { millis } => format!("slow by {millis} ms"),
        }
    }
}

/// When a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// In the next so many matching calls.
    Next(u64),
    /// In each matching call with this probability, from 0 to 1, until removed.
    Probability(f64),
}

/// A fault, when it strikes, and which calls it is for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FaultPlan {
    /// What goes wrong.
    pub fault: Fault,
    /// When.
    pub when: When,
    /// Only in calls of this kind (`send`, `upload`, `profile`, ...); in all when absent.
    #[serde(default)]
    pub operation: Option<String>,
    /// Only in calls for this customer; for all when absent.
    #[serde(default)]
    pub customer: Option<String>,
}

impl FaultPlan {
    /// The fault strikes the next `times` calls.
    pub fn next(times: u64, fault: Fault) -> Self {
        Self {
            fault,
            when: When::Next(times),
            operation: None,
            customer: None,
        }
    }

    /// The fault strikes each call with a probability from 0 to 1.
    pub fn probability(probability: f64, fault: Fault) -> Self {
        Self {
            when: When::Probability(probability),
            ..Self::next(0, fault)
        }
    }

    /// Only calls of this kind.
    #[must_use]
    pub fn on(mut self, operation: impl Into<String>) -> Self {
        self.operation = Some(operation.into());
        self
    }

    /// Only calls for this customer.
    #[must_use]
    pub fn for_customer(mut self, customer: impl Into<String>) -> Self {
        self.customer = Some(customer.into());
        self
    }

    fn concerns(&self, operation: &str, customer: Option<&str>) -> bool {
        self.operation
            .as_deref()
            .is_none_or(|wanted| wanted == operation)
            && self
                .customer
                .as_deref()
                .is_none_or(|wanted| customer == Some(wanted))
    }
}

#[derive(Debug)]
struct Inner {
    plans: Vec<FaultPlan>,
    random: fastrand::Rng,
    hold: Duration,
    struck: u64,
}

/// The faults that are planned for a simulated network. The first plan that matches strikes.
#[derive(Debug)]
pub struct Faults {
    inner: Mutex<Inner>,
}

impl Faults {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            inner: Mutex::new(Inner {
                plans: Vec::new(),
                random: fastrand::Rng::with_seed(seed),
                hold: Duration::from_mins(2),
                struck: 0,
            }),
        }
    }

    /// Plans a fault after those already planned.
    pub fn plan(&self, plan: FaultPlan) {
        self.lock().plans.push(plan);
    }

    /// The fault strikes the next `times` calls of this kind.
    pub fn next_on(&self, operation: &str, times: u64, fault: Fault) {
        self.plan(FaultPlan::next(times, fault).on(operation));
    }

    /// The plans that can still strike.
    pub fn planned(&self) -> Vec<FaultPlan> {
        self.lock().plans.clone()
    }

    /// Removes all plans.
    pub fn clear(&self) {
        self.lock().plans.clear();
    }

    /// How often a fault struck.
    pub fn struck(&self) -> u64 {
        self.lock().struck
    }

    /// How long a timed-out call is held when the caller does not give up; 2 minutes at first.
    pub fn set_hold(&self, hold: Duration) {
        self.lock().hold = hold;
    }

    pub(crate) fn hold(&self) -> Duration {
        self.lock().hold
    }

    pub(crate) fn draw(&self, operation: &str, customer: Option<&str>) -> Option<Fault> {
        let mut guard = self.lock();
        let inner = &mut *guard;
        let mut struck = None;
        for plan in &mut inner.plans {
            if !plan.concerns(operation, customer) {
                continue;
            }
            let strikes = match &mut plan.when {
                When::Next(0) => false,
                When::Next(left) => {
                    *left -= 1;
                    true
                }
                When::Probability(probability) => inner.random.f64() < *probability,
            };
            if strikes {
                struck = Some(plan.fault.clone());
                break;
            }
        }
        inner.plans.retain(|plan| plan.when != When::Next(0));
        inner.struck += u64::from(struck.is_some());
        struck
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, FaultPlan, Faults};

    #[test]
    fn next_counts_down_and_leaves_other_calls_alone() {
        let faults = Faults::new(1);
        faults.plan(
            FaultPlan::next(2, Fault::html_502())
                .on("send")
                .for_customer("a"),
        );
        assert!(faults.draw("profile", Some("a")).is_none());
        assert!(faults.draw("send", Some("b")).is_none());
        assert!(faults.draw("send", Some("a")).is_some());
        assert!(faults.draw("send", Some("a")).is_some());
        assert!(faults.draw("send", Some("a")).is_none());
        assert!(faults.planned().is_empty());
        assert_eq!(faults.struck(), 2);
    }

    #[test]
    fn a_probability_strikes_alike_under_one_seed() {
        let draw = |seed| {
            let faults = Faults::new(seed);
            faults.plan(FaultPlan::probability(0.3, Fault::CloseMidAnswer));
            (0..200)
                .map(|_| faults.draw("send", None).is_some())
                .collect::<Vec<_>>()
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
        let struck = draw(7).into_iter().filter(|struck| *struck).count();
        assert!((30..90).contains(&struck), "{struck} of 200 at 0.3");
    }
}
