//! What models learn from beside the corrections of customers' messages.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::message::Correction;
use crate::{MessageId, Timestamp};

/// The most of them in a site.
pub const MOST: usize = 20_000;
/// The longest text of one, in characters.
pub const LONGEST_TEXT: usize = 4_000;

/// A message that somebody wrote for models to learn from, or that a customer wrote and they are not to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = KeptTrainingMessage)]
pub struct TrainingMessage {
    /// Its id; the customer's message's, if it is one.
    pub id: MessageId,
    /// What it says; absent if a customer wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What it is.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub labels: BTreeSet<String>,
    /// Whether models do not learn from it.
    pub excluded: bool,
    /// When it was last changed.
    pub changed_at: Timestamp,
    /// Who changed it: an agent's id, or `key:` and a key's name.
    pub changed_by: String,
}

/// What a training message is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainingConfig {
    /// What it says.
    #[schema(max_length = 4000)]
    pub text: String,
    /// What it is: at least one label. `linecard train` learns from messages that have one.
    #[schema(min_items = 1, max_items = 20)]
    pub labels: BTreeSet<String>,
    /// Whether models do not learn from it.
    #[serde(default)]
    pub excluded: bool,
}

impl TrainingConfig {
    /// Why it cannot be kept: the field, and what to do.
    pub fn check(&self) -> Result<(), (&'static str, String)> {
        let is_long = self.text.chars().count() > LONGEST_TEXT;
        if self.text.trim().is_empty() || is_long {
            let text = format!("the text says something, in up to {LONGEST_TEXT} characters");
            return Err(("text", text));
        }
        let (count, most) = (self.labels.len(), Correction::MOST_NAMES);
        if !(1..=most).contains(&count) {
            return Err((
                "labels",
                format!("there are 1 to {most} labels, not {count}"),
            ));
        }
        match self.labels.iter().find(|label| !is_name(label)) {
            Some(label) => {
                let shown: String = label.chars().take(40).collect();
                Err(("labels", format!("\"{shown}\": {}", name_rule("a label"))))
            }
            None => Ok(()),
        }
    }
}

/// Whether a label or a score may be called so.
pub fn is_name(name: &str) -> bool {
    let length = name.chars().count();
    (1..=Correction::LONGEST_NAME).contains(&length)
        && name.trim() == name
        && !name.chars().any(char::is_control)
}

/// How something may be called.
pub fn name_rule(what: &str) -> String {
    let most = Correction::LONGEST_NAME;
    format!(
        "{what} has 1 to {most} characters, none of them a control character and no space at an end"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_learned_from_is_told_with_its_field() {
        let config = |text: &str, labels: &[&str]| TrainingConfig {
            text: text.to_owned(),
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            excluded: false,
        };
        assert_eq!(config("Late again.", &["complaint"]).check(), Ok(()));
        let many: Vec<String> = (0..21).map(|n| n.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for (wrong, field) in [
            (config(" ", &["complaint"]), "text"),
            (
                config(&"x".repeat(LONGEST_TEXT + 1), &["complaint"]),
                "text",
            ),
            (config("x", &[]), "labels"),
            (config("x", &many), "labels"),
            (config("x", &["a\tb"]), "labels"),
            (config("x", &[" a"]), "labels"),
            (config("x", &[""]), "labels"),
        ] {
            assert_eq!(wrong.check().unwrap_err().0, field, "{wrong:?}");
        }
    }
}
