//! A trained model.

use serde::{Deserialize, Serialize};

use crate::calibration::Calibration;
use crate::features::{Extractor, FeatureSettings};
use crate::fit::Weights;
use crate::measure::Figures;

/// A model that is ready to read texts.
#[derive(Debug, Clone)]
pub struct Model {
    pub(crate) header: Header,
    /// For each bucket one number for each label, in units of the label's scale.
    pub(crate) weights: Vec<i8>,
    extractor: Extractor,
}

/// What a model's file says before the weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The labels, in the order of their weights.
    pub labels: Vec<String>,
    /// Which features it goes by.
    pub features: FeatureSettings,
    /// What one unit of each label's weights is.
    pub scales: Vec<f32>,
    /// What each label has beside its weights.
    pub bias: Vec<f32>,
    /// How scores become probabilities and decisions.
    pub calibration: Calibration,
    /// Where it comes from.
    pub provenance: Provenance,
}

/// Where a model comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Provenance {
    /// The SHA-256 of what it was trained on, as hexadecimal digits.
    pub data: String,
    /// How many texts these were.
    pub rows: usize,
    /// What they came from: a file's name, or the hub's own history.
    pub source: String,
    /// The name of the column of the labels.
    pub label_column: String,
    /// The quality that was asked for.
    pub quality: String,
    /// When it was trained (RFC 3339).
    pub trained_at: String,
    /// By which program.
    pub program: String,
    /// How good it was on texts that it was not trained on.
    pub figures: Figures,
}

/// What a model says of a text.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The index of the label.
    pub label: usize,
    /// How probable it is.
    pub confidence: f64,
    /// How probable each label is.
    pub probabilities: Vec<f64>,
}

impl Model {
    /// Of what a file or a training gives.
    pub(crate) fn new(header: Header, weights: Vec<i8>) -> Self {
        Self {
            extractor: Extractor::new(&header.features),
            header,
            weights,
        }
    }

    /// Of weights as they were found: each becomes one of 255 steps, which changes no decision that is not
    /// as good as even.
    pub(crate) fn quantized(
        labels: Vec<String>,
        features: FeatureSettings,
        weights: &Weights,
        calibration: Calibration,
        provenance: Provenance,
    ) -> Self {
        let count = labels.len();
        let mut scales = vec![0.0f32; count];
        for own in weights.buckets.chunks(count.max(1)) {
            for (scale, weight) in scales.iter_mut().zip(own) {
                *scale = scale.max(weight.abs());
            }
        }
        for scale in &mut scales {
            *scale = (*scale / f32::from(i8::MAX)).max(f32::MIN_POSITIVE);
        }
        let units = weights.buckets.chunks(count.max(1)).flat_map(|own| {
            own.iter().zip(&scales).map(|(weight, scale)| {
                // Within ±127 by the choice of the scale.
                #[allow(clippy::cast_possible_truncation)]
                let unit = (weight / scale).round().clamp(-127.0, 127.0) as i8;
                unit
            })
        });
        let units = units.collect();
        let header = Header {
            labels,
            features,
            scales,
            bias: weights.bias.clone(),
            calibration,
            provenance,
        };
        Self::new(header, units)
    }

    /// The labels.
    pub fn labels(&self) -> &[String] {
        &self.header.labels
    }

    /// Where it comes from.
    pub fn provenance(&self) -> &Provenance {
        &self.header.provenance
    }

    /// Reads a text.
    pub fn read(&self, text: &str) -> Verdict {
        let labels = self.header.labels.len();
        let mut sums = vec![0.0f32; labels];
        for (bucket, value) in self.extractor.features(text) {
            let start = bucket as usize * labels;
            let own = self.weights.get(start..start + labels).unwrap_or_default();
            for (sum, unit) in sums.iter_mut().zip(own) {
                *sum += value * f32::from(*unit);
            }
        }
        let scales = self.header.scales.iter().zip(&self.header.bias);
        let scores = sums.iter().zip(scales);
        let scores: Vec<f32> = scores
            .map(|(sum, (scale, bias))| sum * scale + bias)
            .collect();
        let probabilities = self.header.calibration.probabilities(&scores);
        let label = self
            .header
            .calibration
            .decide(&probabilities)
            .unwrap_or_default();
        let probabilities: Vec<f64> = probabilities.into_iter().map(f64::from).collect();
        Verdict {
            label,
            confidence: probabilities.get(label).copied().unwrap_or_default(),
            probabilities,
        }
    }
}
