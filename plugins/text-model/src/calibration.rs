//! Makes a model's confidence mean what it says, and its decisions fair to rare labels.

use serde::{Deserialize, Serialize};

use crate::fit::softmax;

/// What is done to a model's scores.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// All scores are multiplied with this (the inverse of a temperature).
    pub sharpness: f32,
    /// This is added to each label's score, for its probability.
    pub offsets: Vec<f32>,
    /// This is added to the logarithm of each label's probability to decide which one is given.
    pub leanings: Vec<f32>,
}

/// Scores of a text that the model was not trained on, and its label's index.
pub type HeldOut = (Vec<f32>, usize);

const STEPS: usize = 400;
const RATE: f32 = 0.5;
/// How far a decision may lean, and in which steps it is sought.
const LEANING_STEP: f32 = 0.05;
const LEANING_STEPS: i8 = 20;

impl Calibration {
    /// None at all.
    pub fn none(labels: usize) -> Self {
        Self {
            sharpness: 1.0,
            offsets: vec![0.0; labels],
            leanings: vec![0.0; labels],
        }
    }

    /// Finds the calibration that fits these best. The decision is for the best mean F1 of all labels, or
    /// for that of one of them.
    pub fn find(held_out: &[HeldOut], labels: usize, favoured: Option<usize>) -> Self {
        let mut calibration = Self::none(labels);
        calibration.fit_probabilities(held_out);
        calibration.fit_decision(held_out, favoured);
        calibration
    }

    /// The probability of each label.
    pub fn probabilities(&self, scores: &[f32]) -> Vec<f32> {
        let scores = scores.iter().zip(&self.offsets);
        let scores: Vec<f32> = scores
            .map(|(score, offset)| score * self.sharpness + offset)
            .collect();
        softmax(&scores)
    }

    /// The index of the label that is given.
    pub fn decide(&self, probabilities: &[f32]) -> Option<usize> {
        let leaning = probabilities.iter().zip(&self.leanings);
        leaning
            .map(|(probability, leaning)| probability.max(f32::MIN_POSITIVE).ln() + leaning)
            .enumerate()
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(index, _)| index)
    }

    /// The most probable labels in the mean, by gradient descent on the logarithmic loss, which has one
    /// lowest point.
    fn fit_probabilities(&mut self, held_out: &[HeldOut]) {
        #[allow(clippy::cast_precision_loss)]
        let count = held_out.len().max(1) as f32;
        for _ in 0..STEPS {
            let mut sharper = 0.0;
            let mut offsets = vec![0.0; self.offsets.len()];
            for (scores, label) in held_out {
                let mut apart = self.probabilities(scores);
                if let Some(own) = apart.get_mut(*label) {
                    *own -= 1.0;
                }
                for ((apart, score), offset) in apart.iter().zip(scores).zip(&mut offsets) {
                    sharper += apart * score;
                    *offset += apart;
                }
            }
            self.sharpness = (self.sharpness - RATE * 0.2 * sharper / count).clamp(0.01, 100.0);
            for (own, offset) in self.offsets.iter_mut().zip(offsets) {
                *own -= RATE * offset / count;
            }
        }
    }

    fn fit_decision(&mut self, held_out: &[HeldOut], favoured: Option<usize>) {
        let told: Vec<(Vec<f32>, usize)> = held_out
            .iter()
            .map(|(scores, label)| (self.probabilities(scores), *label))
            .collect();
        let mut best = self.worth(&told, favoured);
        // Twice around is enough: the labels hardly depend on one another.
        for label in (0..self.leanings.len()).chain(0..self.leanings.len()) {
            let before = self.leanings.get(label).copied().unwrap_or_default();
            let mut chosen = before;
            for step in -LEANING_STEPS..=LEANING_STEPS {
                let tried = f32::from(step) * LEANING_STEP;
                self.lean(label, tried);
                let worth = self.worth(&told, favoured);
                // Only what is clearly better: the rest is chance.
                if worth > best + 1e-4 {
                    best = worth;
                    chosen = tried;
                }
            }
            self.lean(label, chosen);
        }
    }

    fn lean(&mut self, label: usize, by: f32) {
        if let Some(leaning) = self.leanings.get_mut(label) {
            *leaning = by;
        }
    }

    fn worth(&self, told: &[(Vec<f32>, usize)], favoured: Option<usize>) -> f64 {
        let labels = self.leanings.len();
        let mut counts = vec![(0u32, 0u32, 0u32); labels];
        for (probabilities, truth) in told {
            let said = self.decide(probabilities).unwrap_or_default();
            if let Some(count) = counts.get_mut(said) {
                count.0 += u32::from(said == *truth);
                count.1 += 1;
            }
            if let Some(count) = counts.get_mut(*truth) {
                count.2 += 1;
            }
        }
        let f1 = |&(right, given, texts): &(u32, u32, u32)| {
            2.0 * f64::from(right) / f64::from((given + texts).max(1))
        };
        match favoured.and_then(|label| counts.get(label)) {
            Some(count) => f1(count),
            None => counts.iter().map(f1).sum(),
        }
    }
}
