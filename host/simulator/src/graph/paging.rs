//! Fields and lists, which all parts of the API write alike.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::errors::GraphError;
use super::fields::{self, Field};
use crate::clock::timestamp;

/// How many objects a list holds when the caller does not say.
const DEFAULT_PAGE_SIZE: usize = 25;
/// How many it holds at most.
const LARGEST_PAGE_SIZE: usize = 100;

/// One page of a list: `data`, and `paging` with cursors and the next page's address.
pub(crate) fn paged<T>(
    base_url: &str,
    parameters: &[(String, String)],
    edge: &str,
    all: &[T],
    key: impl Fn(&T) -> String,
    show: impl Fn(&T) -> Result<Value, GraphError>,
) -> Result<Value, GraphError> {
    let limit = match parameter(parameters, "limit") {
        None => DEFAULT_PAGE_SIZE,
        Some(text) => text
            .parse::<usize>()
            .map_err(|_| GraphError::parameter("Param limit must be a number"))?
            .min(LARGEST_PAGE_SIZE),
    };
    let start = match parameter(parameters, "after") {
        None => 0,
        Some(cursor) => {
            let known = all.iter().position(|one| encode(&key(one)) == cursor);
            known.ok_or_else(|| GraphError::parameter("Invalid cursors values"))? + 1
        }
    };
    let slice: Vec<&T> = all.iter().skip(start).take(limit).collect();
    let data = slice
        .iter()
        .map(|one| show(one))
        .collect::<Result<Vec<_>, _>>()?;
    let mut answer = json!({ "data": data });
    if let (Some(first), Some(last)) = (slice.first(), slice.last()) {
        let after = encode(&key(last));
        let mut paging =
            json!({ "cursors": { "before": encode(&key(first)), "after": after.clone() } });
        if start + slice.len() < all.len() {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            for (name, value) in parameters {
                // The real network repeats the token here; ours keeps it out of addresses.
                if !matches!(name.as_str(), "after" | "access_token" | "appsecret_proof") {
                    query.append_pair(name, value);
                }
            }
            query.append_pair("after", &after);
            let next = format!("{base_url}/v27.0/{edge}?{}", query.finish());
            paging["next"] = json!(next);
        }
        answer["paging"] = paging;
    }
    Ok(answer)
}

/// The parameters of a list inside of another object, as a call for it would have them.
pub(crate) fn inside(field: &Field, default: &[&str]) -> Vec<(String, String)> {
    let fields = if field.inner.is_empty() {
        default.join(",")
    } else {
        fields::render(&field.inner)
    };
    let mut parameters = field.arguments.clone();
    parameters.retain(|(name, _)| name != "as");
    parameters.push(("fields".to_owned(), fields));
    parameters
}

/// A parameter by its name.
pub(crate) fn parameter<'a>(parameters: &'a [(String, String)], name: &str) -> Option<&'a str> {
    parameters
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.as_str())
}

/// A moment, in seconds since the Unix epoch or as ISO 8601, in milliseconds.
pub(crate) fn moment(
    parameters: &[(String, String)],
    name: &str,
) -> Result<Option<i64>, GraphError> {
    let Some(text) = parameter(parameters, name).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let seconds = text.parse::<i64>().ok().map(|at| at.saturating_mul(1000));
    let day = || {
        let date: jiff::civil::Date = text.parse().ok()?;
        let zoned = date.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
        Some(zoned.timestamp().as_millisecond())
    };
    let stamp = || {
        // The API writes offsets without a colon, which `Timestamp` does not read.
        let time = jiff::fmt::strtime::parse("%Y-%m-%dT%H:%M:%S%z", text).ok()?;
        Some(time.to_timestamp().ok()?.as_millisecond())
    };
    let read = seconds
        .or_else(|| Some(text.parse::<jiff::Timestamp>().ok()?.as_millisecond()))
        .or_else(stamp)
        .or_else(day);
    match read {
        Some(at) => Ok(Some(at)),
        None => Err(GraphError::parameter(format!(
            "param {name} must be a UNIX timestamp or a date."
        ))),
    }
}

/// The fields that a call asks for.
pub(crate) fn wanted(
    parameters: &[(String, String)],
    default: &[&str],
) -> Result<Vec<Field>, GraphError> {
    let text = parameter(parameters, "fields").map_or_else(|| default.join(","), str::to_owned);
    fields::parse(&text).map_err(GraphError::parameter)
}

/// The refusal of a field that there is none of.
pub(crate) fn nonexisting(field: &str) -> GraphError {
    GraphError::parameter(format!("Tried accessing nonexisting field ({field})"))
}

/// Times as the API writes them: `2026-11-20T10:00:00+0000`.
pub(crate) fn when(ms: i64) -> String {
    timestamp(ms).strftime("%Y-%m-%dT%H:%M:%S+0000").to_string()
}

fn encode(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(key)
}
