//! Lenient reading: in Meta's JSON ids and times come as texts or as numbers.

use linecard_sdk::time;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

#[derive(Deserialize)]
#[serde(untagged)]
enum TextOrNumber {
    Text(String),
    Number(serde_json::Number),
}

/// An id: a text, or a number in old payloads. Anything else is an error, so that the caller keeps
/// the part as something that was not understood.
pub fn text_or_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(
        Option::<TextOrNumber>::deserialize(from)?.map(|id| match id {
            TextOrNumber::Text(text) => text,
            TextOrNumber::Number(number) => number.to_string(),
        }),
    )
}

/// A count or a time in milliseconds: a number, or digits in a text.
pub fn milliseconds<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    Ok(match Option::<TextOrNumber>::deserialize(from)? {
        Some(TextOrNumber::Text(text)) => text.parse().ok(),
        Some(TextOrNumber::Number(number)) => number.as_u64(),
        None => None,
    })
}

/// A moment in milliseconds since the Unix epoch: Meta writes milliseconds, seconds and ISO 8601, as
/// numbers and as texts. A number below 100 000 000 000 counts seconds (as milliseconds it would lie in
/// the first years after 1970, before there was a Graph API).
pub fn instant(value: &Value) -> Option<u64> {
    const SECONDS_BELOW: u64 = 100_000_000_000;
    let number = match value {
        Value::Number(number) => number.as_u64()?,
        Value::String(text) => match text.parse() {
            Ok(number) => number,
            Err(_) => return time::from_rfc3339(text),
        },
        _ => return None,
    };
    if number < SECONDS_BELOW {
        number.checked_mul(1000)
    } else {
        Some(number)
    }
}

/// A member as text, if it is there and not empty. Ids come as numbers too.
pub fn text(members: &Map<String, Value>, name: &str) -> Option<String> {
    as_text(members.get(name)?)
}

/// A value as text, if it is one and not empty, or a number.
pub fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}
