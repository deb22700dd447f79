//! What a probe found, and what setting up does. A guest's texts go to logs and people: they are cut and cleaned, not refused,
//! because one that is too long must not hide the others.

use linecard_model::platform as model;
use linecard_model::platform::timestamp_from_millis;

use super::Checked;
use super::action::failure;
use crate::bindings::connector::exports::linecard::plugin::connector_api as wit;
use crate::error::Fault;
use crate::limits::Limits;

/// The most findings or steps of a channel.
const MAX_FINDINGS: usize = 32;
/// The longest code, in characters.
const MAX_CODE: usize = 64;
/// The longest text, in characters.
const MAX_TEXT: usize = 500;

impl Checked<Result<Vec<model::Finding>, model::Failure>>
    for Result<Vec<wit::Finding>, wit::Failure>
{
    fn checked(
        self,
        _limits: &Limits,
    ) -> Result<Result<Vec<model::Finding>, model::Failure>, Fault> {
        Ok(self.map_err(failure).map(|found| {
            let found = found.into_iter().take(MAX_FINDINGS);
            found.map(finding).collect()
        }))
    }
}

impl Checked<Result<Vec<model::Step>, model::Failure>> for Result<Vec<wit::Step>, wit::Failure> {
    fn checked(self, _limits: &Limits) -> Result<Result<Vec<model::Step>, model::Failure>, Fault> {
        Ok(self.map_err(failure).map(|steps| {
            let steps = steps.into_iter().take(MAX_FINDINGS);
            steps
                .map(|step| model::Step {
                    text: clean(&step.text),
                    changes: step.changes,
                })
                .collect()
        }))
    }
}

fn finding(finding: wit::Finding) -> model::Finding {
    let mut code: String = finding
        .code
        .chars()
        .filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || *c == '-')
        .take(MAX_CODE)
        .collect();
    if code.is_empty() {
        "unnamed".clone_into(&mut code);
    }
    model::Finding {
        code,
        severity: match finding.severity {
            wit::Severity::Note => model::Severity::Note,
            wit::Severity::Warning => model::Severity::Warning,
            wit::Severity::Error => model::Severity::Error,
        },
        text: clean(&finding.text),
        remedy: finding.remedy.as_deref().map(clean),
        ends: finding.ends.map(timestamp_from_millis),
    }
}

/// One line of at most so many characters.
fn clean(text: &str) -> String {
    let characters = text.chars().take(MAX_TEXT);
    characters
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}
