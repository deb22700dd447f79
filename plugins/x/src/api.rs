//! Calls to the X API v2, and what its answers mean.

use linecard_sdk::actions::{Budget, Failure, Refusal, Timestamp};
use linecard_sdk::encode::percent;
use linecard_sdk::http::{Call, Request, Response};
use linecard_sdk::ids::bounded;
use linecard_sdk::json::{Document, Lenient as _};
use linecard_sdk::manifest::ThrottleScope;
use linecard_sdk::time;
use serde_json::Value;

use crate::config::Config;
use crate::payload::value;

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
    /// What it says, with numbers as texts; null if it says nothing.
    pub body: Value,
    /// The same in parts.
    pub content: Document<'static>,
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
    let content = if response.body.is_empty() {
        Document::read(b"null").map_err(|error| call.unknown_outcome(error.text))?
    } else {
        response.document(call)?
    };
    let content = content.into_owned();
    let body = value(content.part());
    // An answer of 200 can hold errors alone.
    if body.member("data").is_none()
        && body.member("meta").is_none()
        && body.member("errors").is_some()
    {
        return Err(judge(&response, call));
    }
    Ok(Answer {
        budget: budget(&response),
        body,
        content,
    })
}

/// The codes of the older API for a text that was posted just before.
const DUPLICATES: [&str; 1] = ["187"];
/// Its codes for credentials that are not accepted, and for an account that is locked or suspended.
const CREDENTIALS: [&str; 6] = ["32", "89", "135", "215", "64", "326"];

/// What a refusal means. The newer API names a `type`, the older one codes in `errors`; some answers
/// have a text there.
pub fn judge(response: &Response, call: Call) -> Refused {
    let body = Document::read(&response.body).map(|body| value(body.part()));
    let body = body.unwrap_or_default();
    let first = body.list("errors").first().unwrap_or(&body);
    let kind = body.first_text(&["type"]).or_else(|| first.text("type"));
    let kind = kind.unwrap_or_default();
    let old_code = first.text("code").unwrap_or_default();
    let refusal = refusal(&body, first, response.status);
    let line = format!("{}: {}", refusal.code, refusal.text);
    let says = |words: &str| refusal.text.to_lowercase().contains(words);
    let is_not_enrolled =
        kind.ends_with("client-not-enrolled") || body.word("reason") == Some("client-not-enrolled");
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
        _ if kind.ends_with("resource-not-found") => Failure::Gone(line),
        404 | 410 => Failure::Gone(line),
        // Nothing was done, whatever stands in the body.
        503 => Failure::Transient(line),
        408 | 500.. => call.unknown_outcome(line),
        _ if DUPLICATES.contains(&old_code.as_str()) || says("duplicate") => {
            return Refused::Duplicate(refusal);
        }
        _ if CREDENTIALS.contains(&old_code.as_str()) => Failure::Unauthorized(format!(
            "X does not accept the credentials or has locked the account. Log in to X and look at the account, then make new tokens under Keys and tokens in the developer console and store them ({line})."
        )),
        403 if is_not_enrolled => Failure::Unsupported(format!(
            "The account's X product does not have this call: likes, follows and quote posts are no longer in the plans that one buys by oneself, only in enterprise contracts ({line})"
        )),
        403 if kind.ends_with("oauth1-permissions")
            || kind.ends_with("unsupported-authentication") =>
        {
            Failure::Unauthorized(format!(
                "The app lacks a permission. Set \"Read and write and direct messages\" under User authentication settings, make new tokens and store them ({line})."
            ))
        }
        _ => Failure::Rejected(refusal),
    };
    Refused::Failed(failure)
}

/// Code and text of a refusal: the problem's own, else those of its first error. The parameter that an
/// error names is told with it.
fn refusal(body: &Value, first: &Value, status: u16) -> Refusal {
    let kind = body.text("type").or_else(|| first.text("type"));
    let kind = kind.as_deref().and_then(|kind| kind.rsplit('/').next());
    let kind = kind.filter(|kind| !kind.is_empty() && *kind != "about:blank");
    let code = kind.map(str::to_owned).or_else(|| first.text("code"));
    let code = code.map_or_else(|| status.to_string(), |code| format!("{status}/{code}"));
    let title = body.text("title").or_else(|| first.text("title"));
    let mut said: Vec<String> = title.into_iter().collect();
    let details = [
        body.first_text(&["detail", "message"]),
        first.first_text(&["detail", "message"]),
        first.as_str().map(str::to_owned),
        // Some answers have a text where others have a list.
        body.text("errors"),
        body.text("error"),
    ];
    for detail in details.into_iter().flatten() {
        if !said.contains(&detail) {
            said.push(detail);
        }
    }
    let mut text = said.join(": ");
    if let Some(parameters) = first.object("parameters").filter(|named| !named.is_empty()) {
        let names: Vec<&str> = parameters.keys().map(String::as_str).collect();
        text = format!("{text} (parameter {})", names.join(", "));
    }
    if text.is_empty() {
        "X gave no reason".clone_into(&mut text);
    }
    Refusal {
        code,
        text: bounded(&text, 2000).to_owned(),
    }
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
