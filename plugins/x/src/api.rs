//! Calls to the X API v2, and what its answers mean.

use linecard_sdk::actions::{Budget, Failure, Refusal, Timestamp};
use linecard_sdk::encode::percent;
use linecard_sdk::http::{Call, Request, Response};
use linecard_sdk::manifest::ThrottleScope;
use linecard_sdk::time;
use serde_json::Value;

use crate::config::Config;

/// The headers that end with `-remaining` and `-reset`, without those endings.
const LIMITS: [&str; 3] = ["x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour"];

/// Why a call did not do what it should.
#[derive(Debug)]
pub enum Refused {
    /// X refuses a text because it was posted just before.
    Duplicate(Refusal),
    /// It was not done, or nobody knows.
    Failed(Failure),
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Duplicate(refusal) => Self::Rejected(refusal),
            Refused::Failed(failure) => failure,
        }
    }
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// What X says, and how much of the rate limit is left.
pub struct Answer {
    pub body: Value,
    /// The body as it came.
    pub bytes: Vec<u8>,
    pub budget: Option<Budget>,
}

/// The URL of a path made of segments that are encoded here.
pub fn url(config: &Config, path: &[&str], query: &[(&str, &str)]) -> String {
    let mut url = format!("{}/2", config.base_url.trim_end_matches('/'));
    for segment in path {
        url.push('/');
        url.push_str(&percent(segment));
    }
    for (index, (name, value)) in query.iter().enumerate() {
        url.push(if index == 0 { '?' } else { '&' });
        url.push_str(name);
        url.push('=');
        url.push_str(&percent(value));
    }
    url
}

/// Makes a call under a secret and reads the answer.
pub fn call(request: Request, auth: &str, call: Call) -> Result<Answer, Refused> {
    let response = request.auth(auth).send(call)?;
    if !response.is_success() {
        return Err(judge(&response, call));
    }
    let body: Value = if response.body.is_empty() {
        Value::Null
    } else {
        response.json(call)?
    };
    // An answer of 200 can hold errors alone.
    if body.get("data").is_none()
        && body.get("meta").is_none()
        && let Some(error) = body.pointer("/errors/0")
    {
        return Err(Refused::Failed(partial(error)));
    }
    Ok(Answer {
        budget: budget(&response),
        body,
        bytes: response.body,
    })
}

/// An error within an answer of 200.
fn partial(error: &Value) -> Failure {
    let refusal = refusal(error, 200);
    let kind = error.get("type").and_then(Value::as_str).unwrap_or("");
    if kind.ends_with("resource-not-found") {
        Failure::Gone(refusal.text)
    } else {
        Failure::Rejected(refusal)
    }
}

/// What a refusal means.
pub fn judge(response: &Response, call: Call) -> Refused {
    let body: Value = serde_json::from_slice(&response.body).unwrap_or_default();
    let first = body.pointer("/errors/0").unwrap_or(&body);
    let kind = body
        .get("type")
        .or_else(|| first.get("type"))
        .and_then(Value::as_str)
        .unwrap_or("");
    let mut refusal = refusal(&body, response.status);
    if refusal.text.is_empty() {
        refusal = self::refusal(first, response.status);
    }
    let line = format!("{}: {}", refusal.code, refusal.text);
    let says = |words: &str| refusal.text.to_lowercase().contains(words);
    let failure = match response.status {
        429 if kind.ends_with("usage-capped") => Failure::Unauthorized(format!(
            "The monthly cap of the X account is used up. Raise the cap or the plan in the developer console, then resume the channel ({line})."
        )),
        402 => Failure::Unauthorized(format!(
            "The X account has no credits. Buy credits in the developer console, then resume the channel ({line})."
        )),
        429 => Failure::throttled(reset(response), ThrottleScope::Channel, refusal),
        401 => Failure::Unauthorized(format!(
            "X does not accept the credentials. Make new tokens under Keys and tokens in the developer console and store them ({line})."
        )),
        403 if says("duplicate") => return Refused::Duplicate(refusal),
        403 if kind.ends_with("client-not-enrolled")
            || body.get("reason").and_then(Value::as_str) == Some("client-not-enrolled") =>
        {
            Failure::Unsupported(format!(
                "The account's X product does not have this call; it is for enterprise customers ({line})"
            ))
        }
        403 if kind.ends_with("oauth1-permissions")
            || kind.ends_with("unsupported-authentication") =>
        {
            Failure::Unauthorized(format!(
                "The app lacks a permission. Set \"Read and write and direct messages\" under User authentication settings, make new tokens and store them ({line})."
            ))
        }
        404 => Failure::Gone(line),
        408 | 500.. => call.unknown_outcome(line),
        _ => Failure::Rejected(refusal),
    };
    Refused::Failed(failure)
}

fn refusal(error: &Value, status: u16) -> Refusal {
    let text = |name: &str| error.get(name).and_then(Value::as_str);
    let code = text("type")
        .and_then(|kind| kind.rsplit('/').next())
        .filter(|kind| !kind.is_empty() && *kind != "about:blank")
        .map_or_else(|| status.to_string(), |kind| format!("{status}/{kind}"));
    let title = text("title").unwrap_or("");
    let detail = text("detail").or_else(|| text("message")).unwrap_or("");
    let text = match (title.is_empty(), detail.is_empty()) {
        (false, false) if title != detail => format!("{title}: {detail}"),
        (_, false) => detail.to_owned(),
        _ => title.to_owned(),
    };
    Refusal { code, text }
}

fn number(response: &Response, name: &str) -> Option<i64> {
    response.header(name)?.trim().parse().ok()
}

/// The latest reset of all limits that are used up; the shortest limit's if none says so.
fn reset(response: &Response) -> Option<Timestamp> {
    let reset_of =
        |limit: &str| number(response, &format!("{limit}-reset")).and_then(time::from_seconds);
    LIMITS
        .iter()
        .filter(|limit| number(response, &format!("{limit}-remaining")) == Some(0))
        .filter_map(|limit| reset_of(limit))
        .max()
        .or_else(|| reset_of("x-rate-limit"))
}

/// How much of the fullest limit is used.
fn budget(response: &Response) -> Option<Budget> {
    LIMITS
        .iter()
        .filter_map(|limit| {
            let of = |what: &str| number(response, &format!("{limit}-{what}"));
            let (all, left) = (of("limit")?.max(1), of("remaining")?.max(0));
            let used = (all - left).max(0) * 100 / all;
            Some(Budget {
                scope: ThrottleScope::Channel,
                used_percent: u32::try_from(used).unwrap_or(100),
                resets_at: of("reset").and_then(time::from_seconds),
            })
        })
        .max_by_key(|budget| budget.used_percent)
        // The limit is that of one kind of call: what is left for others, X does not say.
        .map(|budget| Budget {
            used_percent: budget.used_percent.min(99),
            ..budget
        })
}
