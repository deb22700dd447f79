//! An analyzer that labels questions.
//!
//! Replace what it looks for: [`Analyzer::prepare`] gets ready with the configuration, once;
//! [`Analyzer::analyze`] reads one message after the other.

use linecard_sdk::prelude::*;
use serde::Deserialize;

/// The configuration, as `config.schema.json` describes it to operators.
#[derive(Debug, Deserialize)]
pub struct Config {
    /// The characters that end a question.
    marks: String,
}

/// The analyzer, ready with its configuration.
pub struct Questions {
    marks: Vec<char>,
}

impl Analyzer for Questions {
    type Config = Config;

    fn describe() -> Manifest {
        let analyzer = AnalyzerManifest {
            scores: vec!["actionability".to_owned()],
            languages: Vec::new(),
        };
        Manifest::analyzer(
            "questions",
            env!("CARGO_PKG_VERSION"),
            "Questions",
            analyzer,
        )
        .description("Labels messages that ask something.")
        .config_schema(include_str!("../config.schema.json"))
    }

    fn prepare(config: Config) -> Result<Self, Vec<ConfigProblem>> {
        let marks: Vec<char> = config
            .marks
            .chars()
            .filter(|mark| !mark.is_whitespace())
            .collect();
        if marks.is_empty() {
            return Err(vec![ConfigProblem::new(
                "/marks",
                "there is no mark: give at least one character",
            )]);
        }
        Ok(Questions { marks })
    }

    fn analyze(&self, subject: &Subject) -> Result<Analysis, String> {
        let evidence: Vec<(u32, u32)> = subject
            .text
            .char_indices()
            .filter(|(_, character)| self.marks.contains(character))
            .filter_map(|(start, mark)| {
                Some((
                    u32::try_from(start).ok()?,
                    u32::try_from(start + mark.len_utf8()).ok()?,
                ))
            })
            .collect();
        if evidence.is_empty() {
            return Ok(Analysis::default());
        }
        Ok(Analysis {
            labels: vec![Label {
                evidence,
                ..Label::new("question")
            }],
            scores: vec![Score::new("actionability", 0.8)],
            language: None,
        })
    }
}

linecard_sdk::export_analyzer!(Questions);
