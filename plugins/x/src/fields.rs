//! Reading values that X writes in more than one way.

use linecard_sdk::events::Timestamp;
use linecard_sdk::time;
use serde_json::Value;

/// The first millisecond of X's ids.
const ID_EPOCH: u64 = 1_288_834_974_657;

/// A text or number at a JSON Pointer; ids of 64 bits come as both. Empty texts are none.
pub fn text(value: &Value, pointer: &str) -> Option<String> {
    match value.pointer(pointer)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// An id at a JSON Pointer: digits.
pub fn id(value: &Value, pointer: &str) -> Option<String> {
    text(value, pointer).filter(|id| is_id(id))
}

/// Whether it is an id: digits, at most 20.
pub fn is_id(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The elements of a list at a JSON Pointer.
pub fn list<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    value
        .pointer(pointer)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

/// When an id was given out; X's ids carry their time. `None` for ids before that, and for other texts.
pub fn time_of_id(id: &str) -> Option<Timestamp> {
    let milliseconds = id.parse::<u64>().ok()? >> 22;
    // Before November 2010 ids were counted up; those are far smaller than a day of the later ones.
    (milliseconds > 86_400_000).then(|| milliseconds + ID_EPOCH)
}

/// A time at a JSON Pointer: RFC 3339, milliseconds, or the form of X's first API.
pub fn moment(value: &Value, pointer: &str) -> Option<Timestamp> {
    let text = text(value, pointer)?;
    text.parse()
        .ok()
        .or_else(|| time::from_rfc3339(&text))
        .or_else(|| time::parse("%a %b %d %H:%M:%S %z %Y", &text))
}
