//! Trains a model, and tells how good it is on texts that it has not seen.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::thread;

use crate::calibration::{Calibration, HeldOut};
use crate::features::{Extractor, FeatureSettings};
use crate::fit::{Example, FitSettings, Random, Weights, fit};
use crate::measure::{Figures, Judged, figures};
use crate::model::{Model, Provenance};

/// How much is spent on a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quality {
    /// Words alone: quick to train, small, for trying out.
    Draft,
    /// Words, pairs of words, pieces of words, and what lexicons say.
    Standard,
    /// More of each, and twice as large.
    High,
}

impl Quality {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Standard => "standard",
            Self::High => "high",
        }
    }

    fn features(self) -> FeatureSettings {
        let (bits, words, shortest_piece, longest_piece, valence) = match self {
            Self::Draft => (16, 1, 0, 0, false),
            Self::Standard => (17, 2, 3, 6, true),
            Self::High => (18, 3, 2, 6, true),
        };
        FeatureSettings {
            bits,
            words,
            shortest_piece,
            longest_piece,
            valence,
        }
    }

    fn fitting(self) -> FitSettings {
        FitSettings {
            rounds: match self {
                Self::Draft => 10,
                Self::Standard => 15,
                Self::High => 20,
            },
            rate: 0.4,
            shrinkage: 1e-5,
            balance: 0.5,
        }
    }
}

impl FromStr for Quality {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let all = [Self::Draft, Self::Standard, Self::High];
        let found = all.into_iter().find(|quality| quality.name() == name);
        found.ok_or_else(|| format!("\"{name}\" is no quality: draft, standard or high"))
    }
}

/// A text and its label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Labelled {
    /// The text.
    pub text: String,
    /// The label.
    pub label: String,
}

/// What a training goes by.
#[derive(Debug, Clone)]
pub struct TrainSettings {
    /// How much is spent.
    pub quality: Quality,
    /// The label whose F1 the decision is made for; all labels alike if absent.
    pub favoured: Option<String>,
    /// In how many parts the texts are taken for cross-validation.
    pub folds: usize,
}

/// Why there is no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrainError {
    /// There are too few texts.
    #[error(
        "there are {found} labelled texts, and {} is the least to learn from; label more",
        LEAST_TEXTS
    )]
    TooFew {
        /// So many there are.
        found: usize,
    },
    /// All texts have the same label.
    #[error(
        "all texts have the label \"{0}\": there is nothing to tell apart; add texts with another label"
    )]
    OneLabel(String),
    /// There are too many labels.
    #[error(
        "there are {found} labels, and at most {} can be told apart: {example:?} seems to be no column of labels",
        MOST_LABELS
    )]
    TooManyLabels {
        /// So many there are.
        found: usize,
        /// Some of them.
        example: String,
    },
    /// A label has too few texts.
    #[error(
        "the label \"{label}\" has {found} texts, and {} is the least to learn from; add some, or leave it out",
        LEAST_TEXTS_OF_A_LABEL
    )]
    TooFewOfALabel {
        /// The label.
        label: String,
        /// So many it has.
        found: usize,
    },
    /// The label that is to be favoured is none.
    #[error("no text has the label \"{0}\"; there are: {1}")]
    UnknownLabel(String, String),
}

const LEAST_TEXTS: usize = 20;
const LEAST_TEXTS_OF_A_LABEL: usize = 5;
/// The most labels of a model.
pub const MOST_LABELS: usize = 100;
/// In so many parts the texts are taken to find the calibration.
const CALIBRATION_FOLDS: usize = 4;
const SEED: u64 = 0x5bd1_e995_9bd1_e995;

/// Trains a model on all texts; its figures are those of a cross-validation, in which every text is read by
/// a model that was trained, and calibrated, without it.
pub fn train(
    texts: &[Labelled],
    settings: &TrainSettings,
    provenance: Provenance,
) -> Result<Model, TrainError> {
    let labels = labels(texts)?;
    let favoured = favoured(settings, &labels)?;
    let quality = settings.quality;
    let extractor = Extractor::new(&quality.features());
    let examples: Vec<Example> = texts
        .iter()
        .map(|text| Example {
            features: extractor.features(&text.text),
            label: labels
                .iter()
                .position(|label| *label == text.label)
                .unwrap_or_default(),
        })
        .collect();
    let trainer = Trainer {
        labels: labels.len(),
        quality,
        favoured,
    };
    // The same text twice is in the same part, or a model would be tested on what it was trained on.
    let parts = parts(texts, settings.folds.max(2));
    let judged = trainer.cross_validated(&examples, &parts, settings.folds.max(2));
    let figures = figures(&labels, &judged);
    let all: Vec<&Example> = examples.iter().collect();
    let (weights, calibration) = trainer.calibrated(&all);
    let provenance = Provenance {
        rows: texts.len(),
        quality: quality.name().to_owned(),
        figures,
        ..provenance
    };
    Ok(Model::quantized(
        labels,
        quality.features(),
        &weights,
        calibration,
        provenance,
    ))
}

/// Where a model comes from, before it is trained.
pub fn provenance(
    data: String,
    source: String,
    label_column: String,
    trained_at: String,
    program: String,
) -> Provenance {
    Provenance {
        data,
        rows: 0,
        source,
        label_column,
        quality: String::new(),
        trained_at,
        program,
        figures: Figures {
            labels: Vec::new(),
            texts: 0,
            unknown: 0,
            accuracy: 0.0,
            macro_f1: 0.0,
            calibration_error: 0.0,
            levels: Vec::new(),
            confusion: Vec::new(),
        },
    }
}

fn labels(texts: &[Labelled]) -> Result<Vec<String>, TrainError> {
    if texts.len() < LEAST_TEXTS {
        return Err(TrainError::TooFew { found: texts.len() });
    }
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for text in texts {
        *counts.entry(&text.label).or_default() += 1;
    }
    if counts.len() > MOST_LABELS {
        let some: Vec<&str> = counts.keys().take(3).copied().collect();
        return Err(TrainError::TooManyLabels {
            found: counts.len(),
            example: some.join(", "),
        });
    }
    if let (1, Some(label)) = (counts.len(), counts.keys().next()) {
        return Err(TrainError::OneLabel((*label).to_owned()));
    }
    let rare = counts
        .iter()
        .find(|(_, count)| **count < LEAST_TEXTS_OF_A_LABEL);
    if let Some((label, &found)) = rare {
        return Err(TrainError::TooFewOfALabel {
            label: (*label).to_owned(),
            found,
        });
    }
    Ok(counts.into_keys().map(str::to_owned).collect())
}

fn favoured(settings: &TrainSettings, labels: &[String]) -> Result<Option<usize>, TrainError> {
    let Some(wanted) = &settings.favoured else {
        return Ok(None);
    };
    let found = labels.iter().position(|label| label == wanted);
    let unknown = || TrainError::UnknownLabel(wanted.clone(), labels.join(", "));
    found.map(Some).ok_or_else(unknown)
}

/// In which part each text is.
fn parts(texts: &[Labelled], folds: usize) -> Vec<usize> {
    let mut distinct: Vec<&str> = texts.iter().map(|text| text.text.as_str()).collect();
    distinct.sort_unstable();
    distinct.dedup();
    Random(SEED).shuffle(&mut distinct);
    let part: BTreeMap<&str, usize> = distinct
        .into_iter()
        .enumerate()
        .map(|(index, text)| (text, index % folds))
        .collect();
    texts
        .iter()
        .map(|text| part.get(text.text.as_str()).copied().unwrap_or_default())
        .collect()
}

struct Trainer {
    labels: usize,
    quality: Quality,
    favoured: Option<usize>,
}

impl Trainer {
    fn fit(&self, examples: &[&Example]) -> Weights {
        let bits = self.quality.features().bits;
        fit(examples, self.labels, bits, &self.quality.fitting())
    }

    /// A model of all of them, and the calibration that models of parts of them need for the others.
    fn calibrated(&self, examples: &[&Example]) -> (Weights, Calibration) {
        let mut held_out: Vec<HeldOut> = Vec::with_capacity(examples.len());
        for fold in 0..CALIBRATION_FOLDS {
            let (known, unknown) = split(examples, |index| index % CALIBRATION_FOLDS == fold);
            let weights = self.fit(&known);
            held_out.extend(
                unknown
                    .iter()
                    .map(|e| (weights.scores(&e.features), e.label)),
            );
        }
        let calibration = Calibration::find(&held_out, self.labels, self.favoured);
        (self.fit(examples), calibration)
    }

    fn cross_validated(&self, examples: &[Example], parts: &[usize], folds: usize) -> Vec<Judged> {
        let all: Vec<&Example> = examples.iter().collect();
        let judge = |fold: usize| {
            let is_held_out = |index: usize| parts.get(index) == Some(&fold);
            let (known, unknown) = split(&all, is_held_out);
            let (weights, calibration) = self.calibrated(&known);
            let judged = unknown.iter().map(|example| {
                let scores = weights.scores(&example.features);
                let probabilities = calibration.probabilities(&scores);
                let said = calibration.decide(&probabilities);
                let confidence = said.and_then(|label| probabilities.get(label));
                Judged {
                    truth: example.label,
                    said,
                    confidence: f64::from(confidence.copied().unwrap_or_default()),
                }
            });
            judged.collect::<Vec<_>>()
        };
        let at_once = thread::available_parallelism().map_or(1, usize::from);
        let folds: Vec<usize> = (0..folds).collect();
        let mut judged = Vec::with_capacity(examples.len());
        for together in folds.chunks(at_once) {
            let judge = &judge;
            thread::scope(|scope| {
                let threads: Vec<_> = together
                    .iter()
                    .map(|&fold| scope.spawn(move || judge(fold)))
                    .collect();
                for thread in threads {
                    // A thread that panicked panics here too.
                    judged.extend(
                        thread
                            .join()
                            .unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
                    );
                }
            });
        }
        judged
    }
}

fn split<'a>(
    examples: &[&'a Example],
    is_held_out: impl Fn(usize) -> bool,
) -> (Vec<&'a Example>, Vec<&'a Example>) {
    let (mut known, mut unknown) = (Vec::new(), Vec::new());
    for (index, &example) in examples.iter().enumerate() {
        if is_held_out(index) {
            unknown.push(example);
        } else {
            known.push(example);
        }
    }
    (known, unknown)
}
