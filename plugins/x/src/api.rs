//! Calls of X's API, and what its refusals mean.

use linecard_sdk::actions::{Failure, Timestamp};
use linecard_sdk::events::Refusal;
use linecard_sdk::http::{Call, Method, Request, Response};
use linecard_sdk::manifest::ThrottleScope;
use linecard_sdk::time;
use serde_json::Value;

use crate::fields::{list, text};

/// X's word for a post that was written before.
pub const DUPLICATE: &str = "duplicate";
/// The headers of X's budgets: of 15 minutes, and of a day for the account and for the app.
const BUDGETS: [&str; 3] = ["x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour"];

/// Makes a call as somebody and reads the JSON of the answer. An answer of 200 that holds nothing but
/// errors is a refusal.
pub fn call(request: Request, secret: &str, call: Call) -> Result<Value, Failure> {
    Ok(answer(request, secret, call)?.0)
}

/// As [`call`], with the text of the answer.
pub fn answer(request: Request, secret: &str, call: Call) -> Result<(Value, String), Failure> {
    let request = request.auth(secret);
    let response = request.send(call)?;
    if !response.is_success() {
        return Err(failure(&response, request.method == Method::Get, call));
    }
    if response.body.is_empty() {
        return Ok((Value::Null, String::new()));
    }
    let value: Value = response.json(call)?;
    if value.get("data").is_none() && list(&value, "/errors").next().is_some() {
        return Err(problem(&value, 200));
    }
    Ok((value, response.text()))
}

/// What an unsuccessful answer means.
pub fn failure(response: &Response, is_read: bool, call: Call) -> Failure {
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let kind = text(&body, "/type").unwrap_or_default();
    let detail = detail(&body, response.status);
    match response.status {
        402 => Failure::Unauthorized(format!(
            "{detail} Buy credits in the X developer console, Billing."
        )),
        429 if kind.ends_with("usage-capped") => Failure::Unauthorized(format!(
            "{detail} Raise the plan or the spending limit in the X developer console, Billing."
        )),
        429 => Failure::throttled(
            reset(response),
            ThrottleScope::Channel,
            Refusal::new("429", detail),
        ),
        401 => Failure::Unauthorized(format!(
            "{detail} Create the access token anew: X developer console, your app, Keys and tokens."
        )),
        403 if kind.ends_with("oauth1-permissions") => Failure::Unauthorized(format!(
            "{detail} Give the app permission to read, write and send direct messages, then create the access token anew."
        )),
        403 if kind.ends_with("unsupported-authentication") => Failure::Unauthorized(format!(
            "{detail} Choose another way of signing in the channel's configuration."
        )),
        403 if is_read && is_not_enrolled(&body, &kind) => Failure::Unauthorized(format!(
            "{detail} The account's product does not hold this; see the X developer console, Products."
        )),
        400..=407 | 409..=428 => problem(&body, response.status),
        _ => response.failure(call),
    }
}

fn is_not_enrolled(body: &Value, kind: &str) -> bool {
    kind.ends_with("client-forbidden")
        || text(body, "/reason").as_deref() == Some("client-not-enrolled")
}

/// A refusal of this one call.
fn problem(body: &Value, status: u16) -> Failure {
    let kind = text(body, "/type").or_else(|| text(body, "/errors/0/type"));
    let kind = kind.unwrap_or_default();
    let detail = detail(body, status);
    let code = text(body, "/errors/0/code");
    let has = |words: &str| detail.to_lowercase().contains(words);
    // 187 is the first API's code for the same.
    if has("duplicate content") || code.as_deref() == Some("187") {
        return Failure::rejected(DUPLICATE, detail);
    }
    if status == 404 || kind.ends_with("resource-not-found") || has("deleted or not visible") {
        return Failure::Gone(detail);
    }
    if is_not_enrolled(body, &kind) {
        return Failure::rejected(
            "client-not-enrolled",
            format!("{detail} X gives this action to its Enterprise product only."),
        );
    }
    let word = kind.rsplit('/').next().filter(|word| !word.is_empty());
    let code = match word {
        Some(word) if word != "about:blank" => word.to_owned(),
        _ => code.unwrap_or_else(|| status.to_string()),
    };
    Failure::rejected(code, detail)
}

/// What X says, in any of the forms of its refusals.
fn detail(body: &Value, status: u16) -> String {
    [
        "/errors/0/message",
        "/errors/0/detail",
        "/detail",
        "/title",
        "/error_description",
        "/error",
    ]
    .into_iter()
    .find_map(|pointer| text(body, pointer))
    .map_or_else(
        || format!("X answered with status {status}."),
        |text| text.chars().take(500).collect(),
    )
}

/// The latest reset of an exhausted budget. A 429 while all budgets of the short window are left is the
/// day's, so then the latest reset of the day's budgets counts.
fn reset(response: &Response) -> Option<Timestamp> {
    let number = |budget: &str, part: &str| -> Option<i64> {
        response
            .header(&format!("{budget}-{part}"))?
            .trim()
            .parse()
            .ok()
    };
    let exhausted = BUDGETS
        .iter()
        .filter(|budget| number(budget, "remaining").is_none_or(|left| left <= 0))
        .filter_map(|budget| number(budget, "reset"))
        .max();
    let day = || {
        BUDGETS
            .iter()
            .skip(1)
            .filter_map(|budget| number(budget, "reset"))
            .max()
    };
    exhausted.or_else(day).and_then(time::from_seconds)
}
