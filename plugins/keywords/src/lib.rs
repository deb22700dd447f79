//! The keyword analyzer: words, phrases and regular expressions become labels and scores.
//!
//! Words and phrases are found by one Aho-Corasick automaton however many there are, in the text as
//! Unicode folds it ([`fold`]); regular expressions run on the text as it is, in linear time. Evidence
//! always points into the text as it was written.

pub mod config;
pub mod fold;
mod matcher;
mod patterns;
mod scores;
mod words;

use config::Config;
use linecard_sdk::prelude::*;
use matcher::Matcher;

/// The analyzer, ready with a configuration.
pub struct Keywords {
    matcher: Matcher,
}

impl Analyzer for Keywords {
    type Config = Config;

    fn describe() -> Manifest {
        let analyzer = AnalyzerManifest {
            scores: scores::NAMES.map(str::to_owned).to_vec(),
            languages: Vec::new(),
        };
        Manifest::analyzer("keywords", env!("CARGO_PKG_VERSION"), "Keywords", analyzer)
            .description(
                "Labels and scores messages by words, phrases and regular expressions, in any language and script.",
            )
            .config_schema(include_str!("../config.schema.json"))
    }

    fn prepare(config: Config) -> Result<Self, Vec<ConfigProblem>> {
        Ok(Keywords {
            matcher: Matcher::new(config)?,
        })
    }

    fn analyze(&self, subject: &Subject) -> Result<Analysis, String> {
        Ok(self
            .matcher
            .analyze(&subject.text, subject.language.as_deref()))
    }
}

linecard_sdk::export_analyzer!(Keywords);
