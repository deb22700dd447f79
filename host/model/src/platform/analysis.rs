//! What an analyzer reads and what it finds.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::event::Profile;
use crate::manifest::Visibility;

/// A message to be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// The text; empty if there is none.
    pub text: String,
    /// The language, as a BCP 47 tag, if known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The network it came from.
    pub network: String,
    /// The channel it came to.
    pub channel: String,
    /// Who can read it.
    pub visibility: Visibility,
    /// Whether it addresses the company; absent if the network does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addressed: Option<bool>,
    /// What the network tells about its author.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<Profile>,
    /// How many attachments it has.
    pub attachments: u32,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Analysis {
    /// Labels, such as a topic or a list that matched.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Label>,
    /// Scores.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scores: Vec<Score>,
    /// The language that was recognized, as a BCP 47 tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
}

/// A word for what the message is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Label {
    /// The label.
    pub name: String,
    /// How sure, from 0 to 1.
    pub confidence: f64,
    /// Where in the text: the first and the end byte offset of each place, in UTF-8. The sandbox
    /// gives only offsets that lie in the text and on character boundaries.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<(u32, u32)>,
}

/// A number about the message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Score {
    /// Which: `sentiment` (−1 to 1), `influence` (0 to 1), `actionability` (0 to 1) or another that
    /// the manifest names.
    pub name: String,
    /// The value, a finite number.
    pub value: f64,
}

/// What is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfigProblem {
    /// Where, as a JSON Pointer (RFC 6901).
    pub pointer: String,
    /// What, and what to do.
    pub text: String,
}
