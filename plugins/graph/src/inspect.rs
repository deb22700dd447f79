//! What Graph tells of how a channel is set up: the version, what the token may do and when it ends, and
//! whether anything is sent to the app. What cannot be looked at is a note, never a failure: the channel
//! works without it.

use linecard_sdk::actions::Failure;
use linecard_sdk::connector::Finding;
use linecard_sdk::events::Timestamp;
use linecard_sdk::http::{Call, Request};
use linecard_sdk::ids::bounded;
use linecard_sdk::json::Lenient as _;
use linecard_sdk::time;
use serde_json::Value;

use crate::api::Api;

/// The end of the path of the call by which Graph tells about a token.
pub const DEBUG_TOKEN: &str = "/debug_token";

/// The newest version of the Graph API that these connectors know (4 November 2026).
const NEWEST: u32 = 27;
/// The oldest version that Meta still serves.
const OLDEST: u32 = 21;
/// When versions end. Meta names the day about two years after the version's own.
const ENDS: [(u32, &str); 2] = [(21, "2027-01-21"), (22, "2027-05-20")];
const DAY: u64 = 24 * 60 * 60 * 1000;
/// How long before its end a version is worth a warning.
const VERSION_NOTICE: u64 = 90 * DAY;
/// How long before its end a token is worth a warning.
const TOKEN_NOTICE: u64 = 14 * DAY;

/// A permission that the connector uses.
#[derive(Debug, Clone, Copy)]
pub struct Scope {
    /// Meta's name for it.
    pub name: &'static str,
    /// What does not work without it.
    pub for_what: &'static str,
    /// Whether most channels need it.
    pub essential: bool,
}

impl Scope {
    /// One without which the channel does not work.
    pub const fn essential(name: &'static str, for_what: &'static str) -> Self {
        Self {
            name,
            for_what,
            essential: true,
        }
    }

    /// One that a company may do without.
    pub const fn useful(name: &'static str, for_what: &'static str) -> Self {
        Self {
            name,
            for_what,
            essential: false,
        }
    }
}

/// What Graph tells of the version that is configured.
pub fn version(version: &str, now: Timestamp) -> Option<Finding> {
    let major = version.strip_prefix('v')?.split('.').next()?;
    let major: u32 = major.parse().ok()?;
    let remedy = format!("Set graph_version to v{NEWEST}.0 in the channel's configuration.");
    if major > NEWEST {
        return Some(Finding::warning(
            "graph-version-unknown",
            format!(
                "Graph API {version} is not known to this connector, which knows up to v{NEWEST}.0."
            ),
            format!("{remedy} If Meta has it by now, look for a newer version of the connector."),
        ));
    }
    let ended = |text: String| Finding::error("graph-version-ended", text, remedy.clone());
    if major < OLDEST {
        return Some(ended(format!(
            "Meta has ended Graph API {version}, which this channel asks for, and answers as a newer one."
        )));
    }
    let (_, day) = ENDS.iter().find(|(ending, _)| *ending == major)?;
    let end = time::from_rfc3339(&format!("{day}T00:00:00Z"))?;
    let text = format!("Graph API {version}, which this channel asks for, ends on {day}.");
    let finding = if end <= now {
        ended(text)
    } else if end - now <= VERSION_NOTICE {
        Finding::warning("graph-version-ends", text, remedy)
    } else {
        Finding::note("graph-version-ends", text)
    };
    Some(finding.ends(end))
}

/// What Graph tells about the token: the findings, and the app that it belongs to. `where_to` says where a
/// person gets a new one.
pub fn token(api: Api<'_>, scopes: &[Scope], where_to: &str) -> (Vec<Finding>, Option<String>) {
    let url = api.url(&[DEBUG_TOKEN.trim_start_matches('/')], &[]);
    let request = Request::get(url).query_secret("input_token", api.token);
    let told = match api.call(request, Call::Repeatable).map_err(Failure::from) {
        Ok(answer) => answer.content.value(),
        Err(failure) => {
            let finding = unseen("token-not-inspected", "what the token may do", &failure);
            return (vec![finding], None);
        }
    };
    let data = told.member("data").cloned().unwrap_or_default();
    let mut findings = Vec::new();
    let new_one = format!("Store a new access token: {where_to}");
    if data.flag("is_valid") == Some(false) {
        let why = data.text_at(&["error", "message"]).unwrap_or_default();
        let text = format!(
            "Graph says that the token is not valid. {}",
            bounded(&why, 300)
        );
        findings.push(Finding::error("token-invalid", text.trim_end(), &new_one));
        return (findings, data.text("app_id"));
    }
    let now = time::now();
    let ends = [
        ("expires_at", "token-expires", "The access token"),
        (
            "data_access_expires_at",
            "data-access-expires",
            "The token's access to people's data",
        ),
    ];
    for (member, code, what) in ends {
        findings.extend(end_of(&data, member, code, what, now, &new_one));
    }
    findings.extend(lacking(&data, scopes, where_to));
    (findings, data.text("app_id"))
}

/// When something ends; Graph says 0 for never.
fn end_of(
    data: &Value,
    member: &str,
    code: &str,
    what: &str,
    now: Timestamp,
    remedy: &str,
) -> Option<Finding> {
    let seconds = data.count(member).filter(|seconds| *seconds > 0)?;
    let end = time::from_seconds(i64::try_from(seconds).ok()?)?;
    let day = time::rfc3339(end);
    let finding = if end <= now {
        Finding::error(code, format!("{what} ended at {day}."), remedy)
    } else if end - now <= TOKEN_NOTICE {
        Finding::warning(code, format!("{what} ends at {day}."), remedy)
    } else {
        Finding::note(code, format!("{what} ends at {day}."))
    };
    Some(finding.ends(end))
}

fn lacking(data: &Value, scopes: &[Scope], where_to: &str) -> Vec<Finding> {
    // An answer without the list says nothing about it.
    if data.member("scopes").is_none() {
        return Vec::new();
    }
    let granted = data.texts("scopes");
    let is_granted = |scope: &&Scope| granted.iter().any(|name| name == scope.name);
    let lacking = scopes.iter().filter(|scope| !is_granted(scope));
    lacking
        .map(|scope| {
            let text = format!("The access token lacks {}: {}.", scope.name, scope.for_what);
            let remedy = format!(
                "Add {} to what the token may do and store the new one: {where_to}",
                scope.name
            );
            if scope.essential {
                Finding::error("token-lacks-scope", text, remedy)
            } else {
                Finding::warning("token-lacks-scope", text, remedy)
            }
        })
        .collect()
}

/// How an account sends things to an app.
#[derive(Debug, Clone, Copy)]
pub struct Subscription<'a> {
    /// The account's node: a page or a business account.
    pub node: &'a str,
    /// The fields without which the channel gets nothing; none where fields are the app's alone.
    pub essential: &'a [&'a str],
    /// The fields that bring more.
    pub useful: &'a [&'a str],
    /// Whether the channel polls as well, so that it gets along without.
    pub polls: bool,
}

/// Whether the account sends anything to the app.
pub fn subscription(api: Api<'_>, app: Option<&str>, wanted: Subscription<'_>) -> Vec<Finding> {
    let url = api.url(&[wanted.node, "subscribed_apps"], &[]);
    let told = match api.call(Request::get(url), Call::Repeatable) {
        Ok(answer) => answer.content.value(),
        Err(refused) => {
            let what = "whether the webhook is registered";
            return vec![unseen("webhook-not-inspected", what, &refused.into())];
        }
    };
    let all = [wanted.essential, wanted.useful].concat();
    let query = if all.is_empty() {
        String::new()
    } else {
        format!("?subscribed_fields={}", all.join(","))
    };
    let remedy = format!(
        "POST /{}/subscribed_apps{query} with the channel's token; and have the app's webhook point to the hub.",
        wanted.node
    );
    let problem = |code: &str, text: String| {
        if wanted.polls {
            Finding::warning(code, text, remedy.clone())
        } else {
            Finding::error(code, text, remedy.clone())
        }
    };
    let subscribed: Vec<(Option<String>, &Value)> = told
        .list("data")
        .iter()
        .map(|entry| {
            let entry = entry.member("whatsapp_business_api_data").unwrap_or(entry);
            (entry.text("id"), entry)
        })
        .collect();
    let is_ours = |id: &Option<String>| app.is_none() || id.is_none() || id.as_deref() == app;
    let Some((_, ours)) = subscribed.iter().find(|(id, _)| is_ours(id)) else {
        let others = match subscribed.len() {
            0 => String::new(),
            count => format!("; other apps get it: {count}"),
        };
        let text = format!("Meta sends nothing of {} to this app{others}.", wanted.node);
        return vec![problem("webhook-not-subscribed", text)];
    };
    let fields = ours.texts("subscribed_fields");
    let missing = |names: &[&str]| {
        let missing = names
            .iter()
            .filter(|name| !fields.iter().any(|f| f == *name));
        missing.copied().collect::<Vec<_>>().join(", ")
    };
    let mut findings = Vec::new();
    let essential = missing(wanted.essential);
    if !essential.is_empty() {
        let text = format!(
            "The app does not get these fields of {}: {essential}.",
            wanted.node
        );
        findings.push(problem("webhook-fields-missing", text));
    }
    let useful = missing(wanted.useful);
    if !useful.is_empty() {
        let text = format!(
            "The app does not get these fields of {}, which tell more: {useful}.",
            wanted.node
        );
        findings.push(Finding::warning("webhook-fields-fewer", text, &remedy));
    }
    findings
}

/// That something could not be looked at, and why.
fn unseen(code: &str, what: &str, failure: &Failure) -> Finding {
    let why = match failure {
        Failure::Throttled(throttle) => &throttle.reason.text,
        Failure::Rejected(refusal) | Failure::RecipientRefuses(refusal) => &refusal.text,
        // What only looks does nothing in parts.
        Failure::Partly(_) => "",
        Failure::Transient(text)
        | Failure::Unauthorized(text)
        | Failure::WindowClosed(text)
        | Failure::Gone(text)
        | Failure::Unsupported(text)
        | Failure::Uncertain(text) => text,
        Failure::Unfinished(unfinished) => &unfinished.reason.text,
    };
    Finding::note(
        code,
        format!("Graph does not tell {what}: {}", bounded(why, 300)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use linecard_sdk::connector::Severity;

    #[test]
    fn a_version_is_named_before_it_ends_and_after() {
        let day = |text: &str| time::from_rfc3339(&format!("{text}T00:00:00Z")).unwrap();
        for (asked, now, expected) in [
            ("v27.0", "2026-11-28", None),
            ("v23.0", "2026-11-28", None),
            (
                "v22.0",
                "2026-11-28",
                Some(("graph-version-ends", Severity::Note)),
            ),
            (
                "v22.0",
                "2027-02-20",
                Some(("graph-version-ends", Severity::Warning)),
            ),
            (
                "v21.0",
                "2026-11-28",
                Some(("graph-version-ends", Severity::Warning)),
            ),
            (
                "v21.0",
                "2027-01-21",
                Some(("graph-version-ended", Severity::Error)),
            ),
            (
                "v20.0",
                "2026-11-28",
                Some(("graph-version-ended", Severity::Error)),
            ),
            (
                "v28.0",
                "2026-11-28",
                Some(("graph-version-unknown", Severity::Warning)),
            ),
        ] {
            let found = version(asked, day(now));
            let found = found.as_ref().map(|f| (f.code.as_str(), f.severity));
            assert_eq!(found, expected, "{asked} on {now}");
        }
    }
}
