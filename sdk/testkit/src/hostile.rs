//! What a network, or somebody who plays one, sends as well: variants of a recorded call that are cut off,
//! changed, huge, sent twice or out of order. A plug-in may refuse any of them; it must not stop on one.
//!
//! The variants of a case are always the same ones, so that a failure can be shown again.

use serde_json::{Map, Value};

use crate::fixture::{self, Call, Case};
use crate::{Answer, TestkitError};

/// How long a text or a list is made that is to be huge: more than any network sends at once, less than the
/// hub takes.
const HUGE: usize = 256 << 10;
/// How many places of one document are changed in each way.
const PLACES: usize = 6;
/// How many bytes of one body are changed, one at a time.
const BYTES: u32 = 8;
/// How deep something is nested that is nested deep.
const DEEP: usize = 5_000;

/// A variant of a case.
pub(crate) struct Variant {
    /// What was done to it.
    pub name: String,
    pub case: Case,
}

/// All variants of a case.
pub(crate) fn variants(case: &Case) -> Result<Vec<Variant>, TestkitError> {
    let mut all = Vec::new();
    let mut add = |name: String, case: Case| all.push(Variant { name, case });
    match &case.call {
        Call::Receive(request) => {
            for (name, body) in bodies(&request.body) {
                add(
                    format!("body {name}"),
                    Case {
                        call: Call::Receive(fixture::with_body(case, &body)?),
                        ..case.clone()
                    },
                );
            }
            for (name, changed) in [
                ("without headers", {
                    let mut request = request.clone();
                    request.headers.clear();
                    request
                }),
                ("without a query", {
                    let mut request = request.clone();
                    request.query.clear();
                    request
                }),
                ("of another method", {
                    let mut request = request.clone();
                    "PATCH".clone_into(&mut request.method);
                    request
                }),
                ("with every header twice", {
                    let mut request = request.clone();
                    request.headers.extend(request.headers.clone());
                    request
                }),
            ] {
                let call = Call::Receive(changed);
                add(
                    format!("request {name}"),
                    Case {
                        call,
                        ..case.clone()
                    },
                );
            }
        }
        Call::Poll { cursor, waited } => {
            for (name, cursor) in [
                ("empty", String::new()),
                ("of another version", "{\"v\":999999}".to_owned()),
                (
                    "cut off",
                    cursor.chars().take(cursor.chars().count() / 2).collect(),
                ),
            ] {
                let waited = waited.clone();
                let call = Call::Poll { cursor, waited };
                add(
                    format!("cursor {name}"),
                    Case {
                        call,
                        ..case.clone()
                    },
                );
            }
        }
        Call::Analyze(subject) => {
            let reversed: String = subject.text.chars().rev().collect();
            for (name, text) in [
                ("empty", String::new()),
                ("huge", "word ".repeat(HUGE / 5)),
                ("of one word", "w".repeat(HUGE)),
                ("twice", subject.text.repeat(2)),
                ("backwards", reversed),
                ("of odd characters", ODD.repeat(50)),
            ] {
                let mut subject = subject.clone();
                subject.text = text;
                let call = Call::Analyze(subject);
                add(
                    format!("text {name}"),
                    Case {
                        call,
                        ..case.clone()
                    },
                );
            }
        }
        Call::Perform(_) => {
            let call = serde_json::to_value(&case.call)?;
            for (name, changed) in [("odd", ODD.to_owned()), ("empty", String::new())] {
                let action = every_text(&call, "/perform/action", &changed);
                // What the contract does not allow never comes to the plug-in.
                if let Ok(call) = serde_json::from_value(action) {
                    add(
                        format!("action with {name} texts"),
                        Case {
                            call,
                            ..case.clone()
                        },
                    );
                }
            }
        }
        Call::ResolveProfile(_)
        | Call::ResolveMedia(_)
        | Call::Probe {}
        | Call::Templates {}
        | Call::SetUp { .. }
        | Call::TearDown { .. } => {}
    }
    for (name, answers) in networks(&case.answers) {
        add(
            format!("network {name}"),
            Case {
                answers,
                ..case.clone()
            },
        );
    }
    Ok(all)
}

/// Characters that break careless code: of several bytes, without a width, in the other direction.
const ODD: &str = "\u{0}\u{7f}\u{a0}é\u{301}\u{200b}\u{202e}\u{fffd}👩‍👩‍👧‍👦𐍈ﷺ\"\\\r\n{{}}%s";

/// A copy in which every text below a place is another.
fn every_text(value: &Value, place: &str, text: &str) -> Value {
    fn change(value: &mut Value, text: &str) {
        match value {
            Value::String(known) => text.clone_into(known),
            Value::Array(items) => items.iter_mut().for_each(|item| change(item, text)),
            Value::Object(fields) => fields.values_mut().for_each(|field| change(field, text)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut value = value.clone();
    if let Some(part) = value.pointer_mut(place) {
        change(part, text);
    }
    value
}

/// The network's answers in other forms: each answer by itself, the others as they were recorded.
fn networks(answers: &[Answer]) -> Vec<(String, Vec<Answer>)> {
    let mut all = Vec::new();
    for (number, answer) in answers.iter().enumerate() {
        let mut put = |name: String, changed: Answer| {
            let mut answers = answers.to_vec();
            if let Some(place) = answers.get_mut(number) {
                *place = changed;
            }
            all.push((format!("answer {} {name}", number + 1), answers));
        };
        let Answer::Response { headers, .. } = answer else {
            continue;
        };
        let Ok(response) = answer.to_result() else {
            continue;
        };
        let of = |status: u16, body: &[u8]| Answer::Response {
            status,
            headers: headers.clone(),
            body: serde_json::json!({ "base64": linecard_sdk::encode::base64(body) }),
        };
        for (name, body) in bodies(&response.body) {
            put(name, of(response.status, &body));
        }
        for status in [204, 302, 400, 401, 404, 429, 500, 503] {
            put(format!("with status {status}"), of(status, &response.body));
        }
        put(
            "is a page of a gateway".to_owned(),
            of(502, b"<html><body>Bad gateway</body></html>"),
        );
    }
    if !answers.is_empty() {
        all.push(("gives no answer".to_owned(), Vec::new()));
        all.push((
            "answers twice".to_owned(),
            answers
                .iter()
                .flat_map(|a| [a.clone(), a.clone()])
                .collect(),
        ));
        all.push((
            "answers in another order".to_owned(),
            answers.iter().rev().cloned().collect(),
        ));
    }
    all
}

/// A body in other forms.
fn bodies(body: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut all = vec![
        ("empty".to_owned(), Vec::new()),
        ("huge".to_owned(), b"x".repeat(HUGE)),
        (
            "nested deep".to_owned(),
            [b"[".repeat(DEEP), b"]".repeat(DEEP)].concat(),
        ),
        (
            "not UTF-8".to_owned(),
            [&[0xff, 0xfe, 0x80][..], body].concat(),
        ),
        ("twice in one".to_owned(), body.repeat(2)),
    ];
    for part in 1..4 {
        let end = body.len() * part / 4;
        let cut = body.get(..end).unwrap_or_default();
        all.push((format!("cut off after {end} bytes"), cut.to_vec()));
    }
    if !body.is_empty() {
        let cut = body.get(..body.len() - 1).unwrap_or_default();
        all.push(("cut off before its last byte".to_owned(), cut.to_vec()));
        // Places that are spread over the body and the same in each run.
        let mut seed = 0x9e37_79b9_u32;
        for _ in 0..BYTES {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let at = (seed >> 8) as usize % body.len();
            let mut changed = body.to_vec();
            if let (Some(byte), [_, .., other]) = (changed.get_mut(at), seed.to_le_bytes()) {
                *byte ^= other | 1;
            }
            all.push((format!("with byte {at} changed"), changed));
        }
    }
    if let Ok(document) = serde_json::from_slice::<Value>(body) {
        all.extend(
            documents(&document)
                .into_iter()
                .map(|(name, document)| (name, document.to_string().into_bytes())),
        );
    }
    all
}

/// A JSON document in other forms, each changed in one place.
fn documents(document: &Value) -> Vec<(String, Value)> {
    let (mut lists, mut objects, mut leaves) = (Vec::new(), Vec::new(), Vec::new());
    places(document, String::new(), &mut |place, value| match value {
        Value::Array(items) if !items.is_empty() => lists.push(place),
        Value::Object(fields) if !fields.is_empty() => objects.push(place),
        Value::Array(_) | Value::Object(_) => {}
        _ => leaves.push(place),
    });
    let mut all = Vec::new();
    let mut change = |what: &str, place: &str, change: &dyn Fn(&mut Value)| {
        let mut changed = document.clone();
        if let Some(value) = changed.pointer_mut(place) {
            change(value);
            all.push((format!("with {place} {what}"), changed));
        }
    };
    for place in spread(&lists) {
        change("twice", place, &|value| {
            if let Value::Array(items) = value {
                items.extend(items.clone());
            }
        });
        change("backwards", place, &|value| {
            if let Value::Array(items) = value {
                items.reverse();
            }
        });
        change("of thousands", place, &|value| {
            if let Value::Array(items) = value {
                let size = serde_json::to_vec(items).map_or(HUGE, |text| text.len());
                let one = items.clone();
                for _ in 0..(HUGE / size.max(1)).min(5_000) {
                    items.extend(one.clone());
                }
            }
        });
        change("of wrong things", place, &|value| {
            *value = serde_json::json!([null, 1, "text", [], {}]);
        });
    }
    for place in spread(&objects) {
        change("empty", place, &|value| *value = Value::Object(Map::new()));
        change("a list", place, &|value| {
            *value = Value::Array(vec![value.take()]);
        });
    }
    for place in spread(&leaves) {
        change("null", place, &|value| *value = Value::Null);
        change("a large number", place, &|value| *value = u64::MAX.into());
        change("a negative number", place, &|value| {
            *value = i64::MIN.into();
        });
        change("a huge text", place, &|value| {
            *value = "x".repeat(HUGE).into();
        });
        change("an odd text", place, &|value| *value = ODD.into());
        change("an object", place, &|value| {
            *value = serde_json::json!({ "a": 1 });
        });
    }
    all
}

fn places(value: &Value, place: String, found: &mut dyn FnMut(String, &Value)) {
    found(place.clone(), value);
    match value {
        Value::Array(items) => {
            for (number, item) in items.iter().enumerate() {
                places(item, format!("{place}/{number}"), found);
            }
        }
        Value::Object(fields) => {
            for (name, field) in fields {
                let name = name.replace('~', "~0").replace('/', "~1");
                places(field, format!("{place}/{name}"), found);
            }
        }
        _ => {}
    }
}

/// Some of many, from all over.
fn spread(all: &[String]) -> impl Iterator<Item = &String> {
    let step = all.len().div_ceil(PLACES).max(1);
    all.iter().step_by(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_cut_off_changed_huge_doubled_and_turned_round() {
        let body = br#"{"messages":[{"id":"a"},{"id":"b"}]}"#;
        let all = bodies(body);
        let of = |name: &str| {
            let found = all.iter().find(|(known, _)| known == name);
            let (_, body) = found.unwrap_or_else(|| panic!("there is no {name}"));
            String::from_utf8_lossy(body).into_owned()
        };
        assert_eq!(
            of("with /messages backwards"),
            r#"{"messages":[{"id":"b"},{"id":"a"}]}"#
        );
        assert_eq!(
            of("with /messages/0/id null"),
            r#"{"messages":[{"id":null},{"id":"b"}]}"#
        );
        assert_eq!(of("with /messages twice").matches("\"a\"").count(), 2);
        assert!(of("with /messages of thousands").matches("\"a\"").count() > 1_000);
        assert_eq!(of("cut off before its last byte").len(), body.len() - 1);
        assert_eq!(all.iter().filter(|(_, changed)| changed == body).count(), 0);
        // The next run makes the same ones.
        assert_eq!(bodies(body), all);
    }
}
