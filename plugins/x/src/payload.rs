//! What X's payloads say.

use linecard_sdk::json::Part;
use serde_json::Value;

/// What a part says, with all numbers as texts: ids are numbers in X's older forms and texts in its newer
/// ones, and are read alike so. Counts are read from texts as well.
pub fn value(part: Part<'_>) -> Value {
    let mut value = part.value();
    with_texts(&mut value);
    value
}

fn with_texts(value: &mut Value) {
    match value {
        Value::Number(number) => *value = Value::String(number.to_string()),
        Value::Array(elements) => elements.iter_mut().for_each(with_texts),
        Value::Object(members) => members.values_mut().for_each(with_texts),
        _ => {}
    }
}
