//! Calls to the Bot API, and what its refusals mean.

use linecard_sdk::actions::{Failure, Refusal};
use linecard_sdk::http::{Call, Request, Response};
use linecard_sdk::json::Lenient as _;
use linecard_sdk::manifest::ThrottleScope;
use linecard_sdk::time;
use serde_json::Value;

/// What a person must do about a token that Telegram does not take.
const RENEW: &str =
    "Telegram does not take the bot token: get the right one from @BotFather (/mybots, API Token)";

/// Makes a call and gives its `result`.
pub fn call(request: &Request, call: Call) -> Result<Value, Failure> {
    result(&request.send(call)?, call)
}

/// The `result` of an answer, or the failure that its error means.
pub fn result(response: &Response, call: Call) -> Result<Value, Failure> {
    let Ok(document) = response.document(call) else {
        // A gateway between here and there.
        return Err(if response.is_success() {
            call.unknown_outcome("Telegram's answer cannot be read")
        } else {
            response.failure(call)
        });
    };
    let mut answer = document.value();
    if answer.is("ok") {
        return Ok(answer
            .get_mut("result")
            .map(Value::take)
            .unwrap_or_default());
    }
    Err(failure(response.status, &answer, call))
}

/// Descriptions by which Telegram tells that the customer wants no messages.
const REFUSES: [&str; 4] = [
    "bot was blocked",
    "user is deactivated",
    "can't initiate conversation",
    "bot was kicked",
];
/// Descriptions by which it tells that something is not there.
const GONE: [&str; 6] = [
    "chat not found",
    "message to edit not found",
    "message to delete not found",
    "message to react not found",
    "message to be replied not found",
    "wrong file_id",
];

fn failure(status: u16, answer: &Value, call: Call) -> Failure {
    let code = answer
        .count("error_code")
        .unwrap_or_else(|| u64::from(status));
    let text = answer.text("description").unwrap_or_default();
    let says = |known: &[&str]| known.iter().any(|part| text.contains(part));
    match code {
        401 => Failure::Unauthorized(RENEW.to_owned()),
        // The token has another form than tokens have, so that the address is none.
        404 if text == "Not Found" => Failure::Unauthorized(RENEW.to_owned()),
        403 if says(&REFUSES) => Failure::recipient_refuses("403", text),
        400 | 403 | 404 if says(&GONE) => Failure::Gone(text),
        409 => Failure::Transient(format!(
            "{text} (set the channel up anew, and see that no other program fetches this bot's updates)"
        )),
        429 => {
            let seconds = answer
                .object("parameters")
                .and_then(|parameters| parameters.count("retry_after"));
            let until = seconds.map(|seconds| time::now().saturating_add(seconds * 1_000));
            let reason = Refusal::new("429", text);
            Failure::throttled(until, ThrottleScope::Channel, reason)
        }
        500.. => call.unknown_outcome(format!("Telegram answered {code}: {text}")),
        _ => Failure::rejected(code.to_string(), text),
    }
}

#[cfg(test)]
mod tests {
    use linecard_sdk::testing::TestHost;
    use serde_json::json;

    use super::*;

    fn failed(status: u16, description: &str, call: Call) -> Failure {
        let body = json!({"ok": false, "error_code": status, "description": description});
        result(&Response::new(status, body.to_string()), call).unwrap_err()
    }

    #[test]
    fn each_refusal_means_what_the_host_has_to_do() {
        let once = |status, text| failed(status, text, Call::Once);
        assert!(matches!(
            once(403, "Forbidden: bot was blocked by the user"),
            Failure::RecipientRefuses(_)
        ));
        assert!(matches!(
            once(401, "Unauthorized"),
            Failure::Unauthorized(_)
        ));
        assert!(matches!(once(404, "Not Found"), Failure::Unauthorized(_)));
        assert!(matches!(
            once(400, "Bad Request: chat not found"),
            Failure::Gone(_)
        ));
        assert!(matches!(
            once(400, "Bad Request: message text is empty"),
            Failure::Rejected(_)
        ));
        assert!(matches!(once(502, "Bad Gateway"), Failure::Uncertain(_)));
        assert!(matches!(
            failed(502, "Bad Gateway", Call::Repeatable),
            Failure::Transient(_)
        ));
        let page = Response::new(502, "<html>Bad gateway</html>");
        assert!(matches!(
            result(&page, Call::Once),
            Err(Failure::Uncertain(_))
        ));
    }

    #[test]
    fn flood_control_says_until_when() {
        let _host = TestHost::new().at(1_000).install();
        let body = json!({"ok": false, "error_code": 429, "description": "Too Many Requests: retry after 5", "parameters": {"retry_after": 5}});
        let failure = result(&Response::new(429, body.to_string()), Call::Once).unwrap_err();
        assert!(matches!(failure, Failure::Throttled(throttle) if throttle.until == Some(6_000)));
    }
}
