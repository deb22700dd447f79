//! The classifier: labels and scores messages with a model that `linecard train` made of labelled ones.

use std::collections::{BTreeMap, BTreeSet};

use linecard_sdk::encode;
use linecard_sdk::prelude::*;
use linecard_text_model::{Model, Verdict};
use serde::Deserialize;

/// Which model, and what its labels mean.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The model: the hub puts the file's bytes, in Base64, in the place of the name.
    pub model: String,
    /// A label of which the model is less sure is not given.
    pub threshold: f64,
    /// How sure the model must be, in per cent, to say anything: less sure, a message has no label and no
    /// score of it.
    pub quality: u8,
    /// Labels that are never given.
    pub without: BTreeSet<String>,
    /// For each score what each label is worth.
    pub scores: BTreeMap<String, BTreeMap<String, f64>>,
}

/// The analyzer, ready with a model.
pub struct Classifier {
    model: Model,
    threshold: f64,
    quality: u8,
    without: BTreeSet<String>,
    /// For each score what the labels are worth, in the model's order.
    scores: Vec<(String, Vec<f64>)>,
}

/// The scores that a configuration may give, with their lowest value; the highest is 1.
const SCORES: [(&str, f64); 2] = [("sentiment", -1.0), ("actionability", 0.0)];

impl Classifier {
    fn scores(&self, verdict: &Verdict) -> Vec<Score> {
        let scores = self.scores.iter().map(|(name, worth)| {
            let pairs = verdict.probabilities.iter().zip(worth);
            let mean: f64 = pairs.map(|(probability, worth)| probability * worth).sum();
            let least = SCORES.iter().find(|(score, _)| score == name);
            Score::new(
                name,
                rounded(mean).clamp(least.map_or(-1.0, |(_, least)| *least), 1.0),
            )
        });
        scores.collect()
    }
}

/// To four decimals: what lies behind them says nothing, and differs from machine to machine.
fn rounded(number: f64) -> f64 {
    (number * 10_000.0).round() / 10_000.0
}

impl Analyzer for Classifier {
    type Config = Config;

    fn describe() -> Manifest {
        let analyzer = AnalyzerManifest {
            scores: SCORES.map(|(name, _)| name.to_owned()).to_vec(),
            languages: Vec::new(),
        };
        Manifest::analyzer("classifier", env!("CARGO_PKG_VERSION"), "Classifier", analyzer)
            .description("Labels and scores messages with a model that was trained on labelled ones, in any language.")
            .config_schema(include_str!("../config.schema.json"))
    }

    fn prepare(config: Config) -> Result<Self, Vec<ConfigProblem>> {
        let problem = |text: String| vec![ConfigProblem::new("/model", text)];
        let bytes = encode::from_base64(&config.model)
            .ok_or_else(|| problem("it is not the Base64 of a model's file".to_owned()))?;
        let model = Model::from_bytes(&bytes).map_err(|error| problem(error.to_string()))?;
        let mut problems = Vec::new();
        let known = |label: &String| model.labels().contains(label);
        let unknown = |label: &str| {
            format!(
                "the model has no label \"{label}\"; it has: {}",
                model.labels().join(", ")
            )
        };
        if !(0.0..=1.0).contains(&config.threshold) {
            problems.push(ConfigProblem::new(
                "/threshold",
                "give a number from 0 to 1",
            ));
        }
        if config.quality > 100 {
            problems.push(ConfigProblem::new(
                "/quality",
                "give per cent, from 0 to 100",
            ));
        }
        for label in config.without.iter().filter(|label| !known(label)) {
            problems.push(ConfigProblem::new("/without", unknown(label)));
        }
        for (name, worth) in &config.scores {
            let Some((_, least)) = SCORES.iter().find(|(score, _)| score == name) else {
                let text = "a model gives sentiment and actionability";
                problems.push(ConfigProblem::new(format!("/scores/{name}"), text));
                continue;
            };
            for (label, value) in worth {
                let pointer = format!(
                    "/scores/{name}/{}",
                    label.replace('~', "~0").replace('/', "~1")
                );
                if !known(label) {
                    problems.push(ConfigProblem::new(pointer.clone(), unknown(label)));
                }
                if !(*least..=1.0).contains(value) {
                    let text = format!("{value} is not from {least} to 1");
                    problems.push(ConfigProblem::new(pointer, text));
                }
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let scores = config.scores.into_iter().map(|(name, worth)| {
            let labels = model.labels().iter();
            let of = labels.map(|label| worth.get(label).copied().unwrap_or_default());
            (name, of.collect())
        });
        Ok(Self {
            scores: scores.collect(),
            threshold: config.threshold,
            quality: config.quality,
            without: config.without,
            model,
        })
    }

    fn analyze(&self, subject: &Subject) -> Result<Analysis, String> {
        let mut analysis = Analysis::default();
        // A picture alone says nothing to a model of texts.
        if subject.text.trim().is_empty() {
            return Ok(analysis);
        }
        let verdict = self.model.read(&subject.text);
        if verdict.confidence * 100.0 < f64::from(self.quality) {
            // Nothing is known then, which is something else than a low score.
            return Ok(analysis);
        }
        let label = self.model.labels().get(verdict.label);
        if let Some(label) = label.filter(|label| !self.without.contains(*label))
            && verdict.confidence >= self.threshold
        {
            let mut label = Label::new(label);
            label.confidence = rounded(verdict.confidence).clamp(0.0, 1.0);
            analysis.labels.push(label);
        }
        analysis.scores = self.scores(&verdict);
        Ok(analysis)
    }
}

linecard_sdk::export_analyzer!(Classifier);
