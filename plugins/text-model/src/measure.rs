//! How good labels and ratings are, compared with those that people gave.

use serde::{Deserialize, Serialize};

/// What a model said of a text whose label is known.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// The index of the label that people gave.
    pub truth: usize,
    /// The index of the model's; `None` if it said nothing.
    pub said: Option<usize>,
    /// How sure it was, from 0 to 1.
    pub confidence: f64,
}

/// How good one label is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LabelFigures {
    /// The label.
    pub label: String,
    /// How many texts have it.
    pub texts: usize,
    /// Of those that were given it, how many have it.
    pub precision: f64,
    /// Of those that have it, how many were given it.
    pub recall: f64,
    /// The harmonic mean of the two.
    pub f1: f64,
}

/// How good labels are where only those count of which a model is sure enough.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LevelFigures {
    /// The least confidence, in per cent.
    pub quality: u8,
    /// The share of the texts that have a label then.
    pub told: f64,
    /// The share of these that have the right one.
    pub right: f64,
}

/// The quality levels of which figures tell.
const LEVELS: [u8; 6] = [0, 50, 60, 70, 80, 90];

/// How good labels are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    /// Each label.
    pub labels: Vec<LabelFigures>,
    /// How many texts there were.
    pub texts: usize,
    /// How many of them got no label.
    pub unknown: usize,
    /// How many got the right one, as a share.
    pub accuracy: f64,
    /// The mean of the labels' F1.
    pub macro_f1: f64,
    /// The expected calibration error: by how much confidence and accuracy differ in the mean, in
    /// fifteen equal steps of confidence.
    pub calibration_error: f64,
    /// How it is at each quality level; models of earlier versions do not have it.
    #[serde(default)]
    pub levels: Vec<LevelFigures>,
    /// How many texts of each label (in rows) got which (in columns, the last of them for none).
    pub confusion: Vec<Vec<usize>>,
}

const STEPS: usize = 15;

#[allow(clippy::cast_precision_loss)]
fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        0.0
    } else {
        part as f64 / whole as f64
    }
}

/// Compares.
pub fn figures(labels: &[String], judged: &[Judged]) -> Figures {
    let count = labels.len();
    let mut confusion = vec![vec![0; count + 1]; count];
    for one in judged {
        let column = one.said.unwrap_or(count);
        if let Some(cell) = confusion
            .get_mut(one.truth)
            .and_then(|row| row.get_mut(column))
        {
            *cell += 1;
        }
    }
    let cell = |row: usize, column: usize| -> usize {
        confusion
            .get(row)
            .and_then(|r| r.get(column))
            .copied()
            .unwrap_or(0)
    };
    let each: Vec<LabelFigures> = labels
        .iter()
        .enumerate()
        .map(|(index, label)| {
            let right = cell(index, index);
            let texts = (0..=count).map(|column| cell(index, column)).sum();
            let given = (0..count).map(|row| cell(row, index)).sum();
            let (precision, recall) = (share(right, given), share(right, texts));
            let sum = precision + recall;
            LabelFigures {
                label: label.clone(),
                texts,
                precision,
                recall,
                f1: if sum == 0.0 {
                    0.0
                } else {
                    2.0 * precision * recall / sum
                },
            }
        })
        .collect();
    let right = (0..count).map(|index| cell(index, index)).sum();
    #[allow(clippy::cast_precision_loss)]
    let macro_f1 = each.iter().map(|figures| figures.f1).sum::<f64>() / count.max(1) as f64;
    Figures {
        labels: each,
        texts: judged.len(),
        unknown: judged.iter().filter(|one| one.said.is_none()).count(),
        accuracy: share(right, judged.len()),
        macro_f1,
        calibration_error: calibration_error(judged),
        levels: LEVELS.map(|quality| level(quality, judged)).to_vec(),
        confusion,
    }
}

fn level(quality: u8, judged: &[Judged]) -> LevelFigures {
    let is_told =
        |one: &&Judged| one.said.is_some() && one.confidence * 100.0 >= f64::from(quality);
    let told = judged.iter().filter(is_told);
    let right = told
        .clone()
        .filter(|one| one.said == Some(one.truth))
        .count();
    let told = told.count();
    LevelFigures {
        quality,
        told: share(told, judged.len()),
        right: share(right, told),
    }
}

fn calibration_error(judged: &[Judged]) -> f64 {
    let mut steps = [(0.0, 0.0); STEPS];
    let mut told = 0usize;
    for one in judged {
        let Some(said) = one.said else { continue };
        told += 1;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss
        )]
        let step = ((one.confidence.clamp(0.0, 1.0) * STEPS as f64) as usize).min(STEPS - 1);
        if let Some((confidence, right)) = steps.get_mut(step) {
            *confidence += one.confidence;
            *right += f64::from(u8::from(said == one.truth));
        }
    }
    let apart: f64 = steps
        .iter()
        .map(|(confidence, right)| (confidence - right).abs())
        .sum();
    #[allow(clippy::cast_precision_loss)]
    let told = told.max(1) as f64;
    apart / told
}

/// How good numbers are, compared with ratings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RatingFigures {
    /// How many texts there were.
    pub texts: usize,
    /// How many got no number; they are taken for the middle, 0.
    pub unknown: usize,
    /// Pearson's correlation; `None` where all numbers are the same.
    pub correlation: Option<f64>,
    /// How often number and rating are on the same side, where the rating is on one.
    pub same_side: f64,
}

/// Compares numbers (`None` for unknown) with ratings.
pub fn rating_figures(pairs: &[(f64, Option<f64>)]) -> RatingFigures {
    let numbers: Vec<(f64, f64)> = pairs.iter().map(|&(r, n)| (r, n.unwrap_or(0.0))).collect();
    let rated: Vec<&(f64, f64)> = numbers
        .iter()
        .filter(|(rating, _)| *rating != 0.0)
        .collect();
    let same = rated
        .iter()
        .filter(|(rating, number)| rating * number > 0.0)
        .count();
    RatingFigures {
        texts: pairs.len(),
        unknown: pairs.iter().filter(|(_, number)| number.is_none()).count(),
        correlation: correlation(&numbers),
        same_side: share(same, rated.len()),
    }
}

/// Pearson's correlation; `None` if one of the two never differs.
pub fn correlation(pairs: &[(f64, f64)]) -> Option<f64> {
    #[allow(clippy::cast_precision_loss)]
    let count = pairs.len().max(1) as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / count;
    let (left, right) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let (mut both, mut lefts, mut rights) = (0.0, 0.0, 0.0);
    for (a, b) in pairs {
        both += (a - left) * (b - right);
        lefts += (a - left).powi(2);
        rights += (b - right).powi(2);
    }
    let spread = (lefts * rights).sqrt();
    (spread > 0.0).then(|| both / spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(truth: usize, said: Option<usize>, confidence: f64) -> Judged {
        Judged {
            truth,
            said,
            confidence,
        }
    }

    #[test]
    fn figures_by_hand() {
        let labels = ["a".to_owned(), "b".to_owned()];
        let figures = figures(
            &labels,
            &[
                judged(0, Some(0), 0.9),
                judged(0, Some(1), 0.9),
                judged(1, Some(1), 0.9),
                judged(1, None, 0.0),
            ],
        );
        assert_eq!(figures.confusion, [[1, 1, 0], [0, 1, 1]]);
        assert!((figures.labels[0].precision - 1.0).abs() < 1e-9);
        assert!((figures.labels[0].recall - 0.5).abs() < 1e-9);
        assert!((figures.labels[0].f1 - 2.0 / 3.0).abs() < 1e-9);
        assert!((figures.labels[1].f1 - 0.5).abs() < 1e-9);
        assert!((figures.accuracy - 0.5).abs() < 1e-9);
        assert_eq!(figures.unknown, 1);
        let at_80 = &figures.levels[4];
        assert_eq!((at_80.quality, at_80.told), (80, 0.75));
        assert!((at_80.right - 2.0 / 3.0).abs() < 1e-9);
        // Three were told with 0.9, and two of them were right.
        assert!((figures.calibration_error - (0.9 - 2.0 / 3.0)).abs() < 1e-9);
    }

    #[test]
    fn correlation_by_hand() {
        let up = correlation(&[(1.0, 2.0), (2.0, 4.0), (3.0, 6.0)]).unwrap();
        assert!((up - 1.0).abs() < 1e-9);
        assert_eq!(correlation(&[(1.0, 2.0), (2.0, 2.0)]), None);
        let figures = rating_figures(&[(1.0, Some(0.5)), (-1.0, None), (-2.0, Some(-1.0))]);
        assert_eq!((figures.unknown, figures.texts), (1, 3));
        assert!((figures.same_side - 2.0 / 3.0).abs() < 1e-9);
    }
}
