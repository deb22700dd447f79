//! The language analyzer: which language a short message is in, and how sure that is.

pub mod guess;
mod words;

use linecard_sdk::prelude::*;
use serde::Deserialize;

/// The tag of a language that is not known.
const UNKNOWN: &str = "und";
/// The languages whose script tells them.
const BY_SCRIPT: [&str; 15] = [
    "ar", "bn", "el", "fa", "he", "hi", "hy", "ja", "ka", "ko", "ru", "ta", "th", "uk", "ur",
];
const CHINESE: &str = "zh";

/// How sure an answer must be.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Below this confidence a language is `und`.
    pub threshold: f64,
    /// The languages that are expected; any if empty. Another one is `und`.
    pub languages: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            threshold: 0.4,
            languages: Vec::new(),
        }
    }
}

/// The analyzer, ready with a configuration.
pub struct Language(Config);

/// All languages that can be told.
fn known() -> impl Iterator<Item = &'static str> {
    let latin = words::LATIN.iter().map(|(tag, _, _)| *tag);
    latin.chain(BY_SCRIPT).chain([CHINESE])
}

impl Analyzer for Language {
    type Config = Config;

    fn describe() -> Manifest {
        let mut languages: Vec<String> = known().map(str::to_owned).collect();
        languages.sort();
        let analyzer = AnalyzerManifest {
            scores: vec!["language-confidence".to_owned()],
            languages,
        };
        Manifest::analyzer("language", env!("CARGO_PKG_VERSION"), "Language", analyzer)
            .description(
                "Tells which language a short message is in; `und` where it cannot be known.",
            )
            .config_schema(include_str!("../config.schema.json"))
    }

    fn prepare(config: Config) -> Result<Self, Vec<ConfigProblem>> {
        let mut problems = Vec::new();
        if !(0.0..=1.0).contains(&config.threshold) {
            problems.push(ConfigProblem::new(
                "/threshold",
                "give a number from 0 to 1",
            ));
        }
        for (index, tag) in config.languages.iter().enumerate() {
            if !known().any(|known| known == tag) {
                let all: Vec<&str> = known().collect();
                let text = format!("\"{tag}\" cannot be told; these can: {}", all.join(", "));
                problems.push(ConfigProblem::new(format!("/languages/{index}"), text));
            }
        }
        if problems.is_empty() {
            guess::prepare();
            Ok(Self(config))
        } else {
            Err(problems)
        }
    }

    fn analyze(&self, subject: &Subject) -> Result<Analysis, String> {
        let expected = |tag: &str| {
            self.0.languages.is_empty() || self.0.languages.iter().any(|own| own == tag)
        };
        let guess = guess::guess(&subject.text)
            .filter(|guess| guess.confidence >= self.0.threshold && expected(guess.tag));
        // To four decimals: what lies behind them says nothing, and differs from machine to machine.
        let score =
            guess.map(|guess| (guess.confidence.clamp(0.0, 1.0) * 10_000.0).round() / 10_000.0);
        Ok(Analysis {
            scores: score
                .map(|score| Score::new("language-confidence", score))
                .into_iter()
                .collect(),
            language: Some(guess.map_or(UNKNOWN, |guess| guess.tag).to_owned()),
            ..Analysis::default()
        })
    }
}

linecard_sdk::export_analyzer!(Language);
