//! The configuration, as `config.schema.json` describes it to operators.

use serde::Deserialize;
use std::collections::BTreeMap;

/// What to look for and what it means.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The rules; all that apply count.
    pub rules: Vec<Rule>,
    /// Scores of messages in which no rule says otherwise, by name.
    pub scores: BTreeMap<String, f64>,
    /// What to do when several rules give the same score.
    pub combine: Combine,
}

/// What several rules' values for one score become.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Combine {
    /// The one that is farthest from zero; of two that are equally far, the positive one.
    #[default]
    Max,
    /// Their sum, kept in the score's range.
    Sum,
}

/// What to look for, and the label and scores of a message in which any of it is found.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// The label. Several rules may give the same.
    pub label: String,
    /// Words: no white space inside.
    #[serde(default)]
    pub words: Vec<String>,
    /// Phrases: any run of white space inside matches any other.
    #[serde(default)]
    pub phrases: Vec<String>,
    /// Regular expressions (the `regex` crate's syntax), matched against the text as it is.
    #[serde(default)]
    pub regex: Vec<String>,
    /// Whether words and phrases must begin and end where words do. Regular expressions say `\b`
    /// themselves.
    #[serde(default = "yes")]
    pub whole_words: bool,
    /// Whether capitals differ from small letters.
    #[serde(default)]
    pub case_sensitive: bool,
    /// How sure the label is, from 0 to 1.
    #[serde(default = "one")]
    pub confidence: f64,
    /// The scores that a match gives, by name.
    #[serde(default)]
    pub scores: BTreeMap<String, f64>,
    /// The languages in which the rule applies, as BCP 47 tags (`en` includes `en-GB`); empty for all.
    /// A message whose language is unknown is read by every rule.
    #[serde(default)]
    pub languages: Vec<String>,
}

const fn yes() -> bool {
    true
}

const fn one() -> f64 {
    1.0
}
