//! Calls from a network to the hub that are repeated until they are accepted.

use std::time::{Duration, Instant};

use reqwest::{Client, RequestBuilder};
use serde::Serialize;
use serde_json::Value;

use crate::error::{Result, SimulatorError};
use crate::record::{Direction, Opening, Record, readable, without_token};

/// How a network repeats a call that was not accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct RetryPolicy {
    /// How long the network waits for an answer.
    pub timeout: Duration,
    /// The pause before the first repetition.
    pub first_pause: Duration,
    /// What each further pause is multiplied by.
    pub factor: f64,
    /// The longest pause.
    pub longest_pause: Duration,
    /// Attempts in all, the first included.
    pub attempts: u32,
}

impl RetryPolicy {
    /// Meta's way, as far as it is published: at once, then ever slower over 36 hours.
    pub fn meta() -> Self {
        Self {
            timeout: Duration::from_secs(20),
            first_pause: Duration::from_secs(1),
            factor: 4.0,
            longest_pause: Duration::from_hours(6),
            attempts: 14,
        }
    }

    /// Open Messaging's way: up to 5 repetitions, 5 seconds apart.
    pub fn open_messaging() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            first_pause: Duration::from_secs(5),
            factor: 1.0,
            longest_pause: Duration::from_secs(5),
            attempts: 6,
        }
    }

    /// Quick repetitions for tests and demos: 20 ms to 1 s apart, 5 s for an answer, 60 attempts.
    pub fn fast() -> Self {
        Self {
            timeout: Duration::from_secs(5),
            first_pause: Duration::from_millis(20),
            factor: 1.5,
            longest_pause: Duration::from_secs(1),
            attempts: 60,
        }
    }

    fn pause(&self, attempt: u32) -> Duration {
        let exponent = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
        let seconds = self.first_pause.as_secs_f64() * self.factor.powi(exponent);
        Duration::try_from_secs_f64(seconds)
            .map_or(self.longest_pause, |pause| pause.min(self.longest_pause))
    }
}

/// What became of something that a customer did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Delivery {
    /// The customer.
    pub customer: String,
    /// The network's message or event id, where the event has one.
    pub message_id: String,
    /// The hub accepted it.
    pub acknowledged: bool,
    /// The last HTTP status.
    pub status: Option<u16>,
    /// How often it was sent, repetitions included.
    pub attempts: u32,
    /// From the first attempt to the end.
    pub elapsed: Duration,
    /// Why it was not accepted.
    pub problem: Option<String>,
}

/// How a series of attempts ended.
#[derive(Debug, Clone)]
pub(crate) struct Outcome {
    pub(crate) acknowledged: bool,
    pub(crate) status: Option<u16>,
    pub(crate) attempts: u32,
    pub(crate) elapsed: Duration,
    pub(crate) problem: Option<String>,
    pub(crate) answer: Value,
}

impl Outcome {
    pub(crate) fn never(problem: impl Into<String>) -> Self {
        Self {
            acknowledged: false,
            status: None,
            attempts: 0,
            elapsed: Duration::ZERO,
            problem: Some(problem.into()),
            answer: Value::Null,
        }
    }

    pub(crate) fn delivery(&self, customer: &str, message_id: &str) -> Delivery {
        Delivery {
            customer: customer.to_owned(),
            message_id: message_id.to_owned(),
            acknowledged: self.acknowledged,
            status: self.status,
            attempts: self.attempts,
            elapsed: self.elapsed,
            problem: self.problem.clone(),
        }
    }
}

/// What an answer means to the network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Accepted,
    Repeat,
    GiveUp,
}

/// A client that may call plain HTTP on this machine and HTTPS elsewhere, past no proxy.
pub(crate) fn client() -> Result<Client> {
    // Another part of the process may have installed a provider; either serves.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .pool_max_idle_per_host(256)
        .build()
        .map_err(SimulatorError::Client)
}

/// Sends until a verdict ends it. `build` makes a new request for each attempt.
pub(crate) async fn send_until_accepted(
    record: &Record,
    policy: &RetryPolicy,
    operation: &str,
    shown: Value,
    verdict: fn(u16) -> Verdict,
    build: impl Fn() -> RequestBuilder,
) -> Outcome {
    let started = Instant::now();
    let mut outcome = Outcome::never("not sent");
    for attempt in 1..=policy.attempts.max(1) {
        outcome.attempts = attempt;
        let (status, answer, problem) =
            send_once(record, policy.timeout, operation, attempt, &shown, build()).await;
        outcome.status = status;
        outcome.answer = answer;
        outcome.problem = problem;
        outcome.elapsed = started.elapsed();
        match status.map_or(Verdict::Repeat, verdict) {
            Verdict::Accepted => {
                outcome.acknowledged = true;
                outcome.problem = None;
                return outcome;
            }
            Verdict::GiveUp => return outcome,
            Verdict::Repeat => {
                if attempt < policy.attempts {
                    tokio::time::sleep(policy.pause(attempt)).await;
                }
            }
        }
    }
    outcome
}

async fn send_once(
    record: &Record,
    timeout: Duration,
    operation: &str,
    attempt: u32,
    shown: &Value,
    request: RequestBuilder,
) -> (Option<u16>, Value, Option<String>) {
    let (client, request) = request.timeout(timeout).build_split();
    let request = match request {
        Ok(request) => request,
        Err(error) => return (None, Value::Null, Some(error.to_string())),
    };
    let seq = record.open(Opening {
        direction: Direction::ToHub,
        operation: operation.to_owned(),
        method: request.method().to_string(),
        target: request.url().path().to_owned(),
        request: if record.keeps_bodies() {
            shown.clone()
        } else {
            Value::Null
        },
    });
    if attempt > 1 {
        record.note(seq, format!("attempt {attempt}"));
    }
    let (status, answer, problem) = match client.execute(request).await {
        Err(error) => (None, Value::Null, Some(describe(&error))),
        Ok(response) => {
            let status = response.status().as_u16();
            let kind = response
                .headers()
                .get(reqwest::header::CONTENT_TYPE)
                .and_then(|value| value.to_str().ok())
                .map(str::to_owned);
            // A status whose body breaks off still is the hub's word.
            let body = response.bytes().await.unwrap_or_default();
            let answer = readable(kind.as_deref(), &body);
            let problem =
                (!(200..300).contains(&status)).then(|| format!("the hub answered {status}"));
            (Some(status), answer, problem)
        }
    };
    if let Some(problem) = &problem {
        record.note(seq, problem.clone());
    }
    record.close(
        seq,
        Direction::ToHub,
        operation,
        status,
        if record.keeps_bodies() {
            without_token(answer.clone())
        } else {
            Value::Null
        },
    );
    (status, answer, problem)
}

/// The error with its causes; reqwest shows only the outermost, which says nothing.
fn describe(error: &reqwest::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
