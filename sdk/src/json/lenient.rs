//! Members by name, whatever form a network gives them.

use serde_json::{Map, Value};

use crate::events::Timestamp;
use crate::time;

/// Members of an object, asked for by what they should be. What is absent, null or something else is
/// not there; an array is never taken for an object.
pub trait Lenient {
    /// A member that is not null.
    fn member(&self, name: &str) -> Option<&Value>;

    /// A text that is not empty, or a number as one.
    fn text(&self, name: &str) -> Option<String> {
        as_text(self.member(name)?)
    }

    /// A text that is not empty, where a number will not do, such as the name of a kind.
    fn word(&self, name: &str) -> Option<&str> {
        self.member(name)?.as_str().filter(|word| !word.is_empty())
    }

    /// The first of these members that is a text.
    fn first_text(&self, names: &[&str]) -> Option<String> {
        names.iter().find_map(|name| self.text(name))
    }

    /// A finite number, or a text that is one.
    fn number(&self, name: &str) -> Option<f64> {
        as_number(self.member(name)?)
    }

    /// A number of things: whole and not negative, or a text that is one.
    fn count(&self, name: &str) -> Option<u64> {
        as_count(self.member(name)?)
    }

    /// Yes or no, also as `1` and `0` and as texts.
    fn flag(&self, name: &str) -> Option<bool> {
        as_flag(self.member(name)?)
    }

    /// Whether it is there and says yes.
    fn is(&self, name: &str) -> bool {
        self.flag(name) == Some(true)
    }

    /// A moment; see [`as_time`].
    fn time(&self, name: &str) -> Option<Timestamp> {
        as_time(self.member(name)?)
    }

    /// An object.
    fn object(&self, name: &str) -> Option<&Map<String, Value>> {
        self.member(name)?.as_object()
    }

    /// The elements of a list; none if it is none.
    fn list(&self, name: &str) -> &[Value] {
        match self.member(name) {
            Some(Value::Array(elements)) => elements,
            _ => &[],
        }
    }

    /// The elements of a list that are texts or numbers. A lone text is its only element.
    fn texts(&self, name: &str) -> Vec<String> {
        match self.member(name) {
            Some(Value::Array(elements)) => elements.iter().filter_map(as_text).collect(),
            Some(other) => as_text(other).into_iter().collect(),
            None => Vec::new(),
        }
    }

    /// What stands at the end of a path of members.
    fn at(&self, path: &[&str]) -> Option<&Value> {
        let (first, rest) = path.split_first()?;
        let start = self.member(first)?;
        rest.iter()
            .try_fold(start, |value, name| value.member(name))
    }

    /// The text at the end of a path of members.
    fn text_at(&self, path: &[&str]) -> Option<String> {
        as_text(self.at(path)?)
    }
}

impl Lenient for Value {
    fn member(&self, name: &str) -> Option<&Value> {
        self.as_object()?.member(name)
    }
}

impl Lenient for Map<String, Value> {
    fn member(&self, name: &str) -> Option<&Value> {
        self.get(name).filter(|value| !value.is_null())
    }
}

/// A text that is not empty, or a number as one: ids come as both.
pub fn as_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A finite number, or a text that is one.
pub fn as_number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

/// A whole number that is not negative, also as a text or with a fraction of nothing (`3.0`).
pub fn as_count(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_u64().or_else(|| whole(number.as_f64()?)),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "checked to be whole and within what a number with a fraction holds exactly"
)]
fn whole(number: f64) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && (0.0..=EXACT).contains(&number)).then_some(number as u64)
}

/// Yes or no: a boolean, `1` or `0`, or one of these as a text.
pub fn as_flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => match number.as_u64() {
            Some(0) => Some(false),
            Some(1) => Some(true),
            _ => None,
        },
        Value::String(text) => match text.trim() {
            "1" => Some(true),
            "0" => Some(false),
            word if word.eq_ignore_ascii_case("true") => Some(true),
            word if word.eq_ignore_ascii_case("false") => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// A moment in milliseconds since the Unix epoch, from milliseconds, seconds or ISO 8601 with an offset,
/// as a number or a text. `None` for zero: a network that has no time writes that.
///
/// A number below 100,000,000,000 counts seconds (as milliseconds it would lie in the first years after
/// 1970, before any network had an API).
pub fn as_time(value: &Value) -> Option<Timestamp> {
    const SECONDS_BELOW: u64 = 100_000_000_000;
    let Some(number) = as_count(value) else {
        return time::from_rfc3339(value.as_str()?.trim());
    };
    match number {
        0 => None,
        seconds if seconds < SECONDS_BELOW => seconds.checked_mul(1000),
        milliseconds => Some(milliseconds),
    }
}
