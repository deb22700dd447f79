//! Sending several messages: how far an attempt has come.

use linecard_sdk::actions::{ActionRequest, Budget, Failure, Outcome, Refusal, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::call::Refused;

/// How far the parts of an action have been sent.
#[derive(Default, Serialize, Deserialize)]
pub struct Progress {
    /// How many parts are sent.
    pub parts: usize,
    /// Their messages.
    pub message_ids: Vec<String>,
}

impl Progress {
    /// How far the attempt before this one came.
    pub fn of(request: &ActionRequest) -> Result<Self, Failure> {
        if request.progress.is_empty() {
            return Ok(Self::default());
        }
        // Without it nobody knows which parts the customer has.
        serde_json::from_slice(&request.progress).map_err(|error| {
            Failure::Uncertain(format!(
                "how far an earlier attempt came cannot be read: {error}"
            ))
        })
    }

    /// The failure of an action whose rest may be sent later.
    fn unfinished(self, resume_at: Option<Timestamp>, reason: Refusal) -> Failure {
        let progress = json!(self).to_string();
        Failure::unfinished(progress, self.message_ids, resume_at, reason)
    }

    /// The failure of an action of which the customer has a part, and of whose rest a person decides.
    fn partly(self, text: String) -> Failure {
        let progress = json!(self).to_string();
        Failure::Uncertain(text).after(self.message_ids, progress)
    }
}

/// A message that Graph has taken.
pub struct Sent {
    /// Its id.
    pub id: String,
    /// Whom it went to, if Graph says.
    pub recipient: Option<String>,
    /// What the answer's headers say about the budget.
    pub budget: Option<Budget>,
}

/// Sends messages in order, each once.
///
/// Several messages are not one for Graph: the second can fail after the customer has the first. A
/// message that may be sent later leaves the action unfinished, and the next attempt goes on with it.
/// If one fails for good, the action is `uncertain`, which nobody repeats unasked, with a text that
/// says what the customer has and what not.
///
/// `name` tells what people call a message. `send` gets one and the reference that it carries: the last
/// one the action's id, so that its echo proves that all arrived; the others the id and a number.
pub fn in_order<P>(
    request: &ActionRequest,
    mut progress: Progress,
    parts: &[P],
    name: impl Fn(&P) -> String,
    send: impl Fn(&P, &str) -> Result<Sent, Refused>,
) -> Result<Outcome, Failure> {
    let mut outcome = Outcome::default();
    for (index, part) in parts.iter().enumerate().skip(progress.parts) {
        let reference = match index + 1 {
            last if last == parts.len() => request.id.clone(),
            number => format!("{}/{number}", request.id),
        };
        match send(part, &reference) {
            Ok(sent) => {
                progress.message_ids.push(sent.id);
                outcome.budget = sent.budget.or(outcome.budget);
            }
            Err(Refused::AlreadyDone(text)) if request.uncertain_before => {
                outcome.already_done = true;
                outcome.note = Some(text);
            }
            Err(refused @ Refused::AlreadyDone(_)) if progress.parts == 0 => {
                return Err(refused.into());
            }
            Err(Refused::Failed(failure)) if progress.parts == 0 => return Err(failure),
            Err(Refused::Failed(Failure::Throttled(throttle))) => {
                return Err(progress.unfinished(throttle.until, throttle.reason));
            }
            Err(Refused::Failed(Failure::Transient(text))) => {
                return Err(progress.unfinished(None, Refusal::new("transient", text)));
            }
            Err(refused) => {
                let failure = Failure::from(refused);
                let names: Vec<String> = parts.iter().map(&name).collect();
                let text = partly_sent(&names, index, &progress.message_ids, &failure);
                return Err(progress.partly(text));
            }
        }
        progress.parts = index + 1;
    }
    outcome.message_ids = progress.message_ids;
    Ok(outcome)
}

/// What a person reads of an action of which the customer has a part.
fn partly_sent(names: &[String], failed: usize, ids: &[String], failure: &Failure) -> String {
    let (sent, missing) = names.split_at(failed.min(names.len()));
    let verb = match failure {
        Failure::Uncertain(_) => "It is not known whether the customer has",
        _ => "The customer does not have",
    };
    format!(
        "{failed} of {} messages were sent: {} ({}). {verb}: {}. Send what is missing by itself. Reason: {}",
        names.len(),
        sent.join(", "),
        ids.join(", "),
        missing.join(", "),
        reason(failure)
    )
}

fn reason(failure: &Failure) -> String {
    match failure {
        Failure::Throttled(throttle) => {
            format!("{}: {}", throttle.reason.code, throttle.reason.text)
        }
        Failure::Rejected(refusal) | Failure::RecipientRefuses(refusal) => {
            format!("{}: {}", refusal.code, refusal.text)
        }
        Failure::Transient(text)
        | Failure::Unauthorized(text)
        | Failure::WindowClosed(text)
        | Failure::Gone(text)
        | Failure::Unsupported(text)
        | Failure::Uncertain(text) => text.clone(),
        Failure::Unfinished(unfinished) => unfinished.reason.text.clone(),
        Failure::Partly(_) => "a part of it is done".to_owned(),
    }
}
