//! What WhatsApp's own error codes mean; Graph's common ones are judged where all networks share them.

use linecard_graph::{Answer, judge, read_answer, refusal};
use linecard_sdk::actions::{Failure, Timestamp};
use linecard_sdk::http::{Call, Request, Response};
use linecard_sdk::manifest::ThrottleScope;
use linecard_sdk::time;

use crate::config::Config;

const HOUR: u64 = 3_600_000;

/// Makes a call and reads the answer. `attempt` counts from 1: the pause of a pair limit grows by it.
pub fn call(
    config: &Config,
    request: Request,
    call: Call,
    attempt: u32,
) -> Result<Answer, Failure> {
    let response = config.api().send(request, call)?;
    let now = time::now();
    // An error object is a refusal whatever the status says.
    if response.is_success() && refusal(&response).is_none() {
        return Ok(read_answer(&response, call, now)?);
    }
    Err(failure(&response, call, now, attempt))
}

/// What a refusal means.
pub fn failure(response: &Response, call: Call, now: Timestamp, attempt: u32) -> Failure {
    let shared = || Failure::from(judge(response, call, now));
    let Some((code, refusal)) = refusal(response) else {
        return shared();
    };
    let line = format!("{}: {}", refusal.code, refusal.text);
    let wait = |pause: u64, scope: ThrottleScope| {
        let until = now.saturating_add(pause);
        let until = response.retry_after().unwrap_or(until).max(until);
        Failure::throttled(Some(until), scope, refusal.clone())
    };
    let subcode = refusal.code.split_once('/').map(|(_, subcode)| subcode);
    let subcode = subcode.and_then(|subcode| subcode.parse().ok());
    if let Some(remedy) = remedy(code, subcode.unwrap_or_default()) {
        return Failure::Unauthorized(format!("{remedy} ({line})"));
    }
    match code {
        131_047 => Failure::WindowClosed(line),
        // Meta's rule for one pair of numbers: 4^X seconds.
        131_056 => wait(
            4_u64
                .saturating_pow(attempt.clamp(1, 8))
                .saturating_mul(1000),
            ThrottleScope::Recipient,
        ),
        130_429 => Failure::throttled(response.retry_after(), ThrottleScope::Channel, refusal),
        131_048 | 131_064 => wait(HOUR, ThrottleScope::Channel),
        133_016 => wait(72 * HOUR, ThrottleScope::Channel),
        131_000 | 131_016 | 131_057 | 135_000 => Failure::Transient(line),
        131_026 => Failure::Gone(line),
        130_472
        | 130_497
        | 131_008..=131_009
        | 131_021
        | 131_030
        | 131_049..=131_053
        | 131_062..=131_063
        | 132_000..=132_069 => Failure::Rejected(refusal),
        _ => shared(),
    }
}

/// What a person must do about a code that stops the whole channel.
pub fn remedy(code: i64, subcode: i64) -> Option<&'static str> {
    Some(match code {
        // A token that is refused for a reason has the remedy of that reason.
        190 if subcode != 0 => linecard_graph::remedy(code, subcode),
        101 => linecard_graph::remedy(code, subcode),
        0 | 190 => "Meta does not accept the access token. Store a new one.",
        131_005 => {
            "The token lacks a permission. Give the system user whatsapp_business_messaging and whatsapp_business_management and store a new access token."
        }
        368 | 131_031 => {
            "Meta has blocked or locked the account. Look at it in WhatsApp Manager and ask for a review."
        }
        131_042 | 131_044 => {
            "The account has no valid way to pay. Set one in WhatsApp Manager, then resume the channel."
        }
        131_037 => {
            "The number's display name is not approved. Have it approved in WhatsApp Manager."
        }
        131_045 | 133_010 => {
            "The number is not registered. Register it in WhatsApp Manager, then resume the channel."
        }
        _ => return None,
    })
}
