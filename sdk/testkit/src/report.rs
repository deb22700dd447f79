//! Comparing what came out, and saying how it differs.

use crate::fixture::Case;
use crate::{RecordedRequest, TestkitError, exchange};
use linecard_model::platform::ConfigProblem;
use serde_json::{Map, Value, json};
use similar::TextDiff;
use std::fmt;

/// What a run gave.
pub(crate) fn run(
    mut result: Value,
    requests: Vec<RecordedRequest>,
    unused_answers: usize,
) -> Result<Value, TestkitError> {
    if let Value::Object(fields) = &mut result {
        fields.insert("requests".to_owned(), serde_json::to_value(requests)?);
        if unused_answers > 0 {
            fields.insert("unused_answers".to_owned(), unused_answers.into());
        }
    }
    Ok(result)
}

pub(crate) fn succeeded(value: Value) -> Value {
    json!({ "ok": value })
}

pub(crate) fn failed(value: Value) -> Value {
    json!({ "err": value })
}

/// The result of a case whose configuration the manifest's schema does not allow.
pub(crate) fn config_refused(problems: &[ConfigProblem]) -> Value {
    json!({ "config_refused": problems })
}

/// One form for both runs: without absent values and empty lists, with bodies as a person reads them.
pub(crate) fn tidy(mut run: Value) -> Value {
    for place in ["/ok/response/body", "/ok/cursor"] {
        if let Some(body) = run.pointer_mut(place) {
            *body = readable_bytes(body);
        }
    }
    pruned(run)
}

/// The host writes bytes as a list of numbers, the SDK as a text.
fn readable_bytes(body: &Value) -> Value {
    match body {
        Value::Array(numbers) => {
            let bytes: Vec<u8> = numbers
                .iter()
                .filter_map(|number| u8::try_from(number.as_u64()?).ok())
                .collect();
            exchange::readable(&bytes)
        }
        Value::String(text) => exchange::readable(text.as_bytes()),
        other => other.clone(),
    }
}

fn pruned(value: Value) -> Value {
    match value {
        Value::Object(fields) => Value::Object(
            fields
                .into_iter()
                .map(|(name, value)| (name, pruned(value)))
                .filter(|(name, value)| name == "ok" || !is_absent(value))
                .collect::<Map<_, _>>(),
        ),
        Value::Array(items) => items.into_iter().map(pruned).collect(),
        other => other,
    }
}

fn is_absent(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.is_empty(),
        _ => false,
    }
}

/// Every difference that was found.
#[derive(Debug, Default)]
pub(crate) struct Findings(Vec<String>);

impl Findings {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The manifest must not depend on where the plug-in runs.
    #[cfg(feature = "sandbox")]
    pub(crate) fn compare_manifests(&mut self, mut native: Value, sandboxed: Value) {
        // The contract carries the schema as text, the host keeps it as JSON.
        if let Some(schema) = native.get_mut("config_schema")
            && let Some(Ok(parsed)) = schema.as_str().map(serde_json::from_str::<Value>)
        {
            *schema = parsed;
        }
        let (native, sandboxed) = (pruned(native), pruned(sandboxed));
        self.compare(
            "the manifest, natively and in the sandbox",
            &native,
            &sandboxed,
        );
    }

    /// The plug-in's own code panicked.
    pub(crate) fn panicked(&mut self, case: &Case, words: &str) {
        self.0
            .push(format!("case {}: the plug-in panicked: {words}", case.name));
    }

    #[cfg(feature = "sandbox")]
    pub(crate) fn compare_runs(&mut self, case: &Case, native: &Value, sandboxed: &Value) {
        self.compare(
            &format!("case {}: natively (-) and in the sandbox (+)", case.name),
            native,
            sandboxed,
        );
    }

    /// Compares to `expected.json`, or writes it if `UPDATE_GOLDEN` is set.
    pub(crate) fn compare_to_expected(
        &mut self,
        case: &Case,
        found: &Value,
    ) -> Result<(), TestkitError> {
        let path = case.folder.join("expected.json");
        if std::env::var_os("UPDATE_GOLDEN").is_some_and(|value| !value.is_empty() && value != "0")
        {
            return write_expected(case, found);
        }
        match crate::fixture::json::<Value>(&path)? {
            Some(expected) => self.compare(
                &format!(
                    "case {}: expected.json (-) and what came out (+)",
                    case.name
                ),
                &expected,
                found,
            ),
            None => self.0.push(format!(
                "case {}: there is no expected.json; `UPDATE_GOLDEN=1 cargo test` would write\n{}",
                case.name,
                lines(found)
            )),
        }
        Ok(())
    }

    fn compare(&mut self, what: &str, left: &Value, right: &Value) {
        if let Some(difference) = difference(left, right) {
            self.0.push(format!("{what}\n{difference}"));
        }
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} difference(s); `UPDATE_GOLDEN=1` accepts the native result",
            self.0.len()
        )?;
        self.0
            .iter()
            .try_for_each(|finding| write!(f, "\n{finding}"))
    }
}

/// How two values differ, line by line; `None` if they do not.
pub(crate) fn difference(left: &Value, right: &Value) -> Option<String> {
    if left == right {
        return None;
    }
    let (left, right) = (lines(left), lines(right));
    let difference = TextDiff::from_lines(left.as_str(), right.as_str());
    Some(difference.unified_diff().context_radius(4).to_string())
}

/// Has what came out of a case be expected of it.
pub(crate) fn write_expected(case: &Case, found: &Value) -> Result<(), TestkitError> {
    let path = case.folder.join("expected.json");
    std::fs::write(&path, lines(found)).map_err(|source| TestkitError::File { path, source })
}

pub(crate) fn lines(value: &Value) -> String {
    let mut text = serde_json::to_string_pretty(value).unwrap_or_else(|_| value.to_string());
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_write_a_body_in_the_same_form() {
        let native = json!({ "ok": { "response": { "status": 200, "body": "hi", "headers": [] }, "note": null } });
        let host = json!({ "ok": { "response": { "status": 200, "body": [104, 105] } } });
        assert_eq!(tidy(native), tidy(host));
    }

    #[test]
    fn an_empty_success_is_not_a_missing_one() {
        assert_eq!(tidy(json!({ "ok": null })), json!({ "ok": null }));
    }

    #[test]
    fn a_difference_is_shown_line_by_line() {
        let mut findings = Findings::default();
        findings.compare("same", &json!({ "a": 1 }), &json!({ "a": 1 }));
        assert!(findings.is_empty());
        findings.compare("case x", &json!({ "a": 1 }), &json!({ "a": 2 }));
        let shown = findings.to_string();
        for part in ["1 difference", "case x", "-  \"a\": 1", "+  \"a\": 2"] {
            assert!(shown.contains(part), "{part} is missing in {shown}");
        }
    }

    #[cfg(feature = "sandbox")]
    #[test]
    fn a_manifest_is_compared_by_what_it_says() {
        let mut findings = Findings::default();
        let native =
            json!({ "id": "a", "config_schema": "{\"type\":\"object\"}", "analyzer": null });
        findings.compare_manifests(
            native.clone(),
            json!({ "id": "a", "config_schema": { "type": "object" } }),
        );
        assert!(findings.is_empty(), "{findings}");
        findings.compare_manifests(
            native,
            json!({ "id": "b", "config_schema": { "type": "object" } }),
        );
        assert!(!findings.is_empty());
    }
}
