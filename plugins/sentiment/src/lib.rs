//! The sentiment analyzer: how pleased or displeased a message sounds, from −1 to 1, by rules and lexicons.
//!
//! English and German come with it, emoji are read in any language, and a configuration adds words and whole
//! languages. A message in a language for which there are no words gets no score: *unknown* is not 0.

pub mod config;

use config::Config;
use linecard_sdk::prelude::*;
use linecard_valence::reading::{Hit, Reading};
use linecard_valence::{Reader, language, lexicon};

/// The most places that are told for one label: enough for a person to see why.
const MOST_EVIDENCE: usize = 20;
/// The strongest valence of a word.
const STRONGEST: f64 = 4.0;
/// The strongest intensifier.
const STRONGEST_INTENSIFIER: f64 = 3.0;

/// The analyzer, ready with a configuration.
pub struct Sentiment {
    reader: Reader,
    threshold: f64,
}

impl Sentiment {
    fn labels(&self, reading: &Reading) -> Vec<Label> {
        let name = if reading.score >= self.threshold {
            "positive"
        } else if reading.score <= -self.threshold {
            "negative"
        } else {
            return Vec::new();
        };
        let agrees = |hit: &&Hit| (hit.valence > 0.0) == (reading.score > 0.0);
        let evidence = reading.hits.iter().filter(agrees).filter_map(|hit| {
            // The sandbox gives a plug-in at most 4 GiB of memory, so that a text's offsets fit.
            Some((u32::try_from(hit.start).ok()?, u32::try_from(hit.end).ok()?))
        });
        vec![Label {
            name: name.to_owned(),
            confidence: reading.score.abs(),
            evidence: evidence.take(MOST_EVIDENCE).collect(),
        }]
    }
}

impl Analyzer for Sentiment {
    type Config = Config;

    fn describe() -> Manifest {
        let analyzer = AnalyzerManifest {
            scores: vec!["sentiment".to_owned()],
            languages: lexicon::BUNDLED.map(str::to_owned).to_vec(),
        };
        Manifest::analyzer("sentiment", env!("CARGO_PKG_VERSION"), "Sentiment", analyzer)
            .description(
                "Scores how pleased a message sounds, by rules and lexicons, in English and German; other languages by the words of a configuration.",
            )
            .config_schema(include_str!("../config.schema.json"))
    }

    fn prepare(config: Config) -> Result<Self, Vec<ConfigProblem>> {
        let problems = problems(&config);
        if !problems.is_empty() {
            return Err(problems);
        }
        Ok(Self {
            reader: Reader::new(&config.lexicons, config.language),
            threshold: config.threshold,
        })
    }

    fn analyze(&self, subject: &Subject) -> Result<Analysis, String> {
        let reading = self.reader.read(&subject.text, subject.language.as_deref());
        let Some(reading) = reading else {
            return Ok(Analysis::default());
        };
        Ok(Analysis {
            labels: self.labels(&reading),
            scores: vec![Score::new("sentiment", reading.score)],
            language: None,
        })
    }
}

/// What is wrong beyond the schema.
fn problems(config: &Config) -> Vec<ConfigProblem> {
    let mut problems = Vec::new();
    if !(0.0..=1.0).contains(&config.threshold) {
        problems.push(ConfigProblem::new(
            "/threshold",
            "give a number from 0 to 1",
        ));
    }
    for (index, lexicon) in config.lexicons.iter().enumerate() {
        if language::primary(&lexicon.language).is_empty() {
            let text = "name the lexicon's language as a BCP 47 tag, such as \"fr\"";
            problems.push(ConfigProblem::new(
                format!("/lexicons/{index}/language"),
                text,
            ));
        }
        let bounded = [
            ("words", &lexicon.words, STRONGEST),
            ("intensifiers", &lexicon.intensifiers, STRONGEST_INTENSIFIER),
        ];
        for (key, values, most) in bounded {
            for (word, value) in values {
                let pointer = || format!("/lexicons/{index}/{key}/{}", escaped(word));
                if !(-most..=most).contains(value) {
                    let text = format!("{value} is not from -{most} to {most}");
                    problems.push(ConfigProblem::new(pointer(), text));
                }
                let words = word.split_whitespace().count();
                if words == 0 || words > lexicon::LONGEST_PHRASE {
                    let text = format!(
                        "a word or a phrase of at most {} words is expected",
                        lexicon::LONGEST_PHRASE
                    );
                    problems.push(ConfigProblem::new(pointer(), text));
                }
            }
        }
    }
    let known = |tag: &String| {
        let primary = language::primary(tag);
        let mut configured = config.lexicons.iter();
        lexicon::BUNDLED.contains(&primary.as_str())
            || configured.any(|lexicon| language::primary(&lexicon.language) == primary)
    };
    if let Some(language) = config.language.as_ref().filter(|tag| !known(tag)) {
        let text = format!("there is no lexicon for \"{language}\"; add one under `lexicons`");
        problems.push(ConfigProblem::new("/language", text));
    }
    problems
}

/// A key as a part of a JSON Pointer.
fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

linecard_sdk::export_analyzer!(Sentiment);
