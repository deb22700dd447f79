//! Sending several messages: how far an attempt has come.

use linecard_sdk::actions::{ActionRequest, Failure, Refusal, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::compose::Part;

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
    pub fn unfinished(self, resume_at: Option<Timestamp>, reason: Refusal) -> Failure {
        let progress = json!(self).to_string();
        Failure::unfinished(progress, self.message_ids, resume_at, reason)
    }
}

/// The failure of an action of which the customer has a part.
pub fn partly_sent(parts: &[Part], failed: usize, ids: &[String], failure: &Failure) -> Failure {
    let names = |parts: &[Part]| {
        let names: Vec<String> = parts.iter().map(Part::name).collect();
        names.join(", ")
    };
    let (sent, missing) = parts.split_at(failed.min(parts.len()));
    let verb = match failure {
        Failure::Uncertain(_) => "It is not known whether the customer has",
        _ => "The customer does not have",
    };
    Failure::Uncertain(format!(
        "{failed} of {} messages were sent: {} ({}). {verb}: {}. Send what is missing by itself. Reason: {}",
        parts.len(),
        names(sent),
        ids.join(", "),
        names(missing),
        reason(failure)
    ))
}

fn reason(failure: &Failure) -> String {
    match failure {
        Failure::Throttled(throttle) => {
            format!("{}: {}", throttle.reason.code, throttle.reason.text)
        }
        Failure::Rejected(refusal) => format!("{}: {}", refusal.code, refusal.text),
        Failure::Transient(text)
        | Failure::Unauthorized(text)
        | Failure::WindowClosed(text)
        | Failure::Gone(text)
        | Failure::Unsupported(text)
        | Failure::Uncertain(text) => text.clone(),
        Failure::Unfinished(unfinished) => unfinished.reason.text.clone(),
    }
}
