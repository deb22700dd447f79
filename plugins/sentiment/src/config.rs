//! The configuration, as `config.schema.json` describes it to operators.

use linecard_valence::lexicon::LexiconConfig;
use serde::Deserialize;

/// What to read, and with which words.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The language of messages of which neither the network nor the words tell it; unknown if absent.
    pub language: Option<String>,
    /// Words beside, or in place of, those that come with the plug-in; other languages.
    pub lexicons: Vec<LexiconConfig>,
    /// From which score on a message is labelled `positive`, and below whose opposite `negative`.
    pub threshold: f64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            language: None,
            lexicons: Vec::new(),
            threshold: 0.2,
        }
    }
}
