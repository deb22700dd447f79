//! Calls to the Graph API, and what its answers mean.
//!
//! A refusal is judged by its code and sub-code, then by `is_transient`, then by the HTTP status;
//! never by `type`, which is `OAuthException` for almost everything.

use linecard_sdk::actions::{Budget, Failure, Refusal};
use linecard_sdk::http::{self, Call, Response};
use linecard_sdk::json::{Document, Lenient as _};
use linecard_sdk::manifest::ThrottleScope;
use serde_json::{Map, Value};

/// Why a call did not do what it should.
#[derive(Debug, Clone, PartialEq)]
pub enum Refused {
    /// The network says that it had been done before.
    AlreadyDone(String),
    /// It was not done, or nobody knows.
    Failed(Failure),
}

impl Refused {
    /// That something had been done before is told of this very action only if an earlier attempt may have
    /// had its effect; else it was another one, and this one was not done. `remedy` says what to do then.
    pub fn judged(self, uncertain_before: bool, remedy: &str) -> Result<String, Failure> {
        match self {
            Self::AlreadyDone(text) if uncertain_before => Ok(text),
            Self::AlreadyDone(text) => Err(Failure::rejected(
                "already-done",
                format!("{remedy} ({text})"),
            )),
            Self::Failed(failure) => Err(failure),
        }
    }
}

impl From<Refused> for Failure {
    /// For calls that can have nothing done before.
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Failed(failure) => failure,
            Refused::AlreadyDone(text) => Self::rejected("already-done", text),
        }
    }
}

/// A 2xx answer.
pub struct Answer {
    /// What it said.
    pub content: Document<'static>,
    /// What its headers say about the budget.
    pub budget: Option<Budget>,
}

/// Why Graph gives no profile, if it refuses because the person or a missing feature hides it.
pub fn hides(response: &Response) -> Option<String> {
    let error = GraphError::of(response)?;
    let hidden = matches!(
        (error.code, error.error_subcode),
        (3 | 10 | 100 | 200..=299 | 2_018_218, _) | (_, 2_018_218)
    );
    let refusal = error.refusal();
    hidden.then(|| format!("{}: {}", refusal.code, refusal.text))
}

/// The code and text of Graph's error object, if the answer has one.
pub fn refusal(response: &Response) -> Option<(i64, Refusal)> {
    let error = GraphError::of(response)?;
    Some((error.code, error.refusal()))
}

/// What a call without a whole answer means; `token` is the name of the access token's secret.
pub fn unsent(error: http::Error, call: Call, token: &str) -> Failure {
    match error {
        http::Error::NotSent(text) => {
            Failure::Transient(format!("the Graph API was not reached: {text}"))
        }
        // A limit of time or size may be met after the request has left.
        http::Error::NoAnswer(text) | http::Error::Limit(text) => {
            call.unknown_outcome(format!("Graph gave no whole answer: {text}"))
        }
        http::Error::Denied(text) => Failure::Unauthorized(format!(
            "The connector may not call the Graph API: {text}. Grant the host in the channel's settings."
        )),
        http::Error::Secret(text) => Failure::Unauthorized(format!(
            "The access token cannot be used: {text}. Set the secret {token}."
        )),
    }
}

/// Reads an answer that came whole.
pub fn read_answer(response: &Response, call: Call, now: u64) -> Result<Answer, Refused> {
    // An error object is a refusal whatever the status says.
    if !response.is_success() || GraphError::of(response).is_some() {
        return Err(judge(response, call, now));
    }
    let content = response.document(call).map_err(Refused::Failed)?;
    let content = content.into_owned();
    Ok(Answer {
        content,
        budget: budget(response, now),
    })
}

struct GraphError {
    code: i64,
    error_subcode: i64,
    is_transient: bool,
    message: Option<String>,
    /// A title and a text for users.
    titles: Vec<String>,
    /// WhatsApp says there what is wrong.
    details: Option<String>,
    fbtrace_id: Option<String>,
}

impl GraphError {
    /// The error object of an answer. Its members come as numbers, as texts and as null.
    fn of(response: &Response) -> Option<Self> {
        let body = Document::read(&response.body).ok()?.value();
        let error = body.object("error")?;
        let code = |name: &str| {
            let code = error.count(name).unwrap_or_default();
            i64::try_from(code).unwrap_or_default()
        };
        Some(Self {
            code: code("code"),
            error_subcode: code("error_subcode"),
            is_transient: error.is("is_transient"),
            message: error.text("message"),
            titles: ["error_user_title", "error_user_msg"]
                .iter()
                .filter_map(|name| error.text(name))
                .collect(),
            details: error.text_at(&["error_data", "details"]),
            fbtrace_id: error.text("fbtrace_id"),
        })
    }

    fn refusal(&self) -> Refusal {
        let code = match self.error_subcode {
            0 => self.code.to_string(),
            subcode => format!("{}/{subcode}", self.code),
        };
        let mut text = self.message.clone().unwrap_or_default();
        for more in self.titles.iter().chain(&self.details) {
            if !text.contains(more.as_str()) {
                text.push_str(" – ");
                text.push_str(more);
            }
        }
        if let Some(trace) = &self.fbtrace_id {
            text.push_str(" (fbtrace_id ");
            text.push_str(trace);
            text.push(')');
        }
        Refusal { code, text }
    }

    fn says(&self, words: &str) -> bool {
        self.message
            .as_ref()
            .is_some_and(|message| message.to_lowercase().contains(words))
    }
}

/// What a refusal means. Codes from Meta's tables and from what is seen in the field.
pub fn judge(response: &Response, call: Call, now: u64) -> Refused {
    let Some(error) = GraphError::of(response) else {
        return Refused::Failed(by_status(response, call, now));
    };
    let refusal = error.refusal();
    let line = format!("{}: {}", refusal.code, refusal.text);
    let unreachable = error.error_subcode == 2_018_108
        || error.error_subcode == 1_545_041
        || error.code == 551
        || error.says("isn't receiving messages")
        || error.says("cannot receive messages");
    Refused::Failed(match (error.code, error.error_subcode) {
        (10_900 | 506, _) => return Refused::AlreadyDone(line),
        _ if unreachable => Failure::Gone(format!(
            "This person cannot be written to at present ({line})"
        )),
        (1 | 2, _) => Failure::Transient(line),
        (4 | 17 | 32 | 341 | 613 | 80_001 | 80_002 | 80_006 | 80_007, _) => {
            throttled(response, refusal, now)
        }
        (10, 2_018_278 | 2_018_065 | 2_534_022) => Failure::WindowClosed(line),
        // The token works; the account may not send.
        (10, 1_893_063) | (368, _) => Failure::restricted(format!(
            "{} ({line})",
            remedy(error.code, error.error_subcode)
        )),
        (101 | 190 | 102 | 450 | 452 | 2500 | 3 | 10 | 200..=299 | 10_904, _) => {
            Failure::Unauthorized(format!(
                "{} ({line})",
                remedy(error.code, error.error_subcode)
            ))
        }
        (100, 33 | 2_018_001) | (33 | 803, _) => Failure::Gone(line),
        (100 | 10_902 | 10_903 | 36_000, _) => Failure::Rejected(refusal),
        _ if error.is_transient => Failure::Transient(line),
        _ => match response.status {
            429 => throttled(response, refusal, now),
            500.. => Failure::Transient(line),
            401 => Failure::Unauthorized(format!("{} ({line})", remedy(190, 0))),
            _ => Failure::Rejected(refusal),
        },
    })
}

/// What a person must do about a refusal that stops the channel.
pub fn remedy(code: i64, subcode: i64) -> &'static str {
    match (code, subcode) {
        (190, 458) => {
            "The company removed the app from its account. Add the app to the page again and store a new access token."
        }
        (190, 459) => {
            "Facebook wants the token's owner to pass a check. Log in to Facebook and pass it; the token stays valid, keep it."
        }
        (190, 460) => "The token's owner changed the password. Store a new access token.",
        (190, 463) => "The access token has expired. Store a new one.",
        (190, 464) => {
            "The token's owner has not confirmed the account. Confirm it on Facebook, then store a new access token."
        }
        (190, 467) => "The access token was made invalid. Store a new one.",
        (101, _) => {
            "Meta does not accept the app's own credentials. Look at the app's id, secret and state in Meta for Developers, then store a new access token of that app."
        }
        (190 | 102 | 450 | 452 | 2500, _) => {
            "Facebook does not accept the access token. Store a new one."
        }
        (368, _) => {
            "Facebook blocks this sending for the time being as against its policy. The token stays valid, keep it; read the page's support inbox, wait some hours, then resume the channel."
        }
        (10, 1_893_063) => {
            "Facebook has restricted the page from sending. Read the page's support inbox; resume the channel when the restriction is over."
        }
        (10_904, _) => "The page has messages switched off. Switch them on in the page's settings.",
        (230, _) => {
            "The app lacks the permission pages_messaging for this page. Grant it and store a new access token."
        }
        _ => {
            "The app lacks a permission for this. Grant it in the app's review and in the page's settings, and store a new access token."
        }
    }
}

/// A refusal without Graph's error object: a proxy's page, or nothing.
fn by_status(response: &Response, call: Call, now: u64) -> Failure {
    let status = response.status;
    let refusal = || Refusal {
        code: format!("http/{status}"),
        text: format!("Graph answered {status} without an error object"),
    };
    let text = refusal().text;
    match status {
        429 => throttled(response, refusal(), now),
        // A gateway that stopped waiting does not know what became of the request behind it.
        408 | 504 if call == Call::Once => {
            Failure::Uncertain(format!("{text}: the message may have been sent"))
        }
        408 | 500.. => Failure::Transient(text),
        401 | 403 => Failure::Unauthorized(format!("{} ({text})", remedy(190, 0))),
        404 | 410 => Failure::Gone(text),
        _ => Failure::Rejected(refusal()),
    }
}

fn throttled(response: &Response, reason: Refusal, now: u64) -> Failure {
    let regained = usage(response)
        .regain_minutes
        .map(|minutes| after(now, minutes));
    let until = response.retry_after().max(regained);
    Failure::throttled(until, ThrottleScope::Channel, reason)
}

#[derive(Default)]
struct Usage {
    percent: Option<u32>,
    regain_minutes: Option<u64>,
}

/// The greatest use that the rate headers name, in percent, and the longest wait.
fn usage(response: &Response) -> Usage {
    let mut found = Usage::default();
    for name in ["x-app-usage", "x-page-usage"] {
        if let Some(Ok(usage)) = response
            .header(name)
            .map(serde_json::from_str::<Map<String, Value>>)
        {
            found.add(&usage);
        }
    }
    let business = response.header("x-business-use-case-usage");
    if let Some(Ok(usages)) = business.map(serde_json::from_str::<Map<String, Value>>) {
        for usage in usages
            .values()
            .filter_map(Value::as_array)
            .flatten()
            .filter_map(Value::as_object)
        {
            found.add(usage);
        }
    }
    found
}

impl Usage {
    fn add(&mut self, usage: &Map<String, Value>) {
        let number = |name: &str| usage.count(name);
        let used = ["call_count", "total_time", "total_cputime"]
            .into_iter()
            .filter_map(number)
            .max();
        let used = used.map(|percent| u32::try_from(percent).unwrap_or(u32::MAX));
        self.percent = self.percent.max(used);
        let regain = number("estimated_time_to_regain_access").filter(|minutes| *minutes > 0);
        self.regain_minutes = self.regain_minutes.max(regain);
    }
}

/// What the headers say about the budget; `None` while hardly anything is used.
fn budget(response: &Response, now: u64) -> Option<Budget> {
    let usage = usage(response);
    Some(Budget {
        scope: ThrottleScope::Channel,
        used_percent: usage.percent?,
        resets_at: usage.regain_minutes.map(|minutes| after(now, minutes)),
    })
}

fn after(now: u64, minutes: u64) -> u64 {
    now.saturating_add(minutes.saturating_mul(60_000))
}
