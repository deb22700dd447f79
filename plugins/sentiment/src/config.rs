//! The configuration, as `config.schema.json` describes it to operators.

use std::collections::BTreeMap;

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

/// Words of one language.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LexiconConfig {
    /// The language, as a BCP 47 tag; only its first part counts.
    pub language: String,
    /// Words, phrases and emoticons with their valence, from −4 to 4.
    pub words: BTreeMap<String, f64>,
    /// Words that turn what follows into its opposite.
    pub negations: Vec<String>,
    /// Words that strengthen what follows (1), or weaken it (−1).
    pub intensifiers: BTreeMap<String, f64>,
    /// Words such as `but`.
    pub contrasts: Vec<String>,
    /// Small words by which the language is known when the network does not tell it.
    pub function_words: Vec<String>,
}
