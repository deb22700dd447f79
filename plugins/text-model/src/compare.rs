//! Whether one model is better than another on the same texts, or only seems to be.

use serde::{Deserialize, Serialize};

use crate::fit::Random;
use crate::measure::{Judged, correlation, figures};

/// How many times texts are drawn to find how far a difference may be chance.
const DRAWS: usize = 1_000;
/// With many texts it is drawn less often: so many in all, and at least [`FEWEST`] times.
const DRAWN: usize = 20_000_000;
const FEWEST: usize = 100;
/// The draws are the same each time.
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// What two models said of the same texts; differences are the second's figure less the first's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    /// How many texts only the first got right.
    pub only_first: usize,
    /// How many only the second.
    pub only_second: usize,
    /// How probable a difference in accuracy at least as large would be if neither were better (McNemar's exact
    /// test).
    pub p_value: f64,
    /// By how much the second's accuracy is higher.
    pub accuracy: Difference,
    /// By how much its macro F1 is higher.
    pub macro_f1: Difference,
}

/// A difference, and between what it lies with 95 of 100 (bootstrap over the texts, percentiles).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Difference {
    /// The difference.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Difference {
    /// Whether it is on one side of 0 with that confidence.
    pub fn is_sure(&self) -> bool {
        self.low > 0.0 || self.high < 0.0
    }
}

/// Compares what two said of the same texts, in the same order.
pub fn compare(labels: &[String], first: &[Judged], second: &[Judged]) -> Comparison {
    let is_right = |one: &Judged| one.said == Some(one.truth);
    let pairs = || first.iter().zip(second);
    let only = |of: fn(bool, bool) -> bool| {
        pairs()
            .filter(|(a, b)| of(is_right(a), is_right(b)))
            .count()
    };
    let (only_first, only_second) = (only(|a, b| a && !b), only(|a, b| !a && b));
    let count = first.len().min(second.len());
    let of_both = |draw: &[usize], of: &dyn Fn(&[Judged]) -> f64| {
        let drawn = |all: &[Judged]| -> Vec<Judged> {
            draw.iter().filter_map(|at| all.get(*at).cloned()).collect()
        };
        of(&drawn(second)) - of(&drawn(first))
    };
    let accuracy = |judged: &[Judged]| figures(labels, judged).accuracy;
    let macro_f1 = |judged: &[Judged]| figures(labels, judged).macro_f1;
    Comparison {
        only_first,
        only_second,
        p_value: mcnemar(only_first, only_second),
        accuracy: difference(count, |draw| of_both(draw, &accuracy)),
        macro_f1: difference(count, |draw| of_both(draw, &macro_f1)),
    }
}

/// By how much the numbers of a second correlate better with ratings than those of a first: each is a rating
/// and what the two said.
pub fn compare_ratings(all: &[(f64, f64, f64)]) -> Difference {
    difference(all.len(), |draw| {
        let drawn = || draw.iter().filter_map(|at| all.get(*at));
        let first: Vec<_> = drawn()
            .map(|(rating, first, _)| (*rating, *first))
            .collect();
        let second: Vec<_> = drawn()
            .map(|(rating, _, second)| (*rating, *second))
            .collect();
        correlation(&second).unwrap_or(0.0) - correlation(&first).unwrap_or(0.0)
    })
}

/// A difference of all, and of as many drawn with replacement, again and again.
fn difference(count: usize, of: impl Fn(&[usize]) -> f64) -> Difference {
    let all: Vec<usize> = (0..count).collect();
    let mut random = Random(SEED);
    let draws = (DRAWN / count.max(1)).clamp(FEWEST, DRAWS);
    let mut drawn: Vec<f64> = (0..draws)
        .map(|_| {
            let draw: Vec<usize> = all.iter().map(|_| random.below(count)).collect();
            of(&draw)
        })
        .collect();
    drawn.sort_by(f64::total_cmp);
    // Of a thousand, the 25 lowest and highest are left out.
    let edge = draws / 40;
    let at = |index: usize| drawn.get(index).copied().unwrap_or_default();
    Difference {
        value: of(&all),
        low: at(edge),
        high: at(draws - 1 - edge),
    }
}

/// The two-sided exact test of whether two counts of what only one got right differ by more than chance.
fn mcnemar(first: usize, second: usize) -> f64 {
    let (least, all) = (first.min(second), first + second);
    // The binomial distribution's terms at one half, each from the one before; as logarithms, for they are small.
    #[allow(clippy::cast_precision_loss)]
    let mut term = -(all as f64) * std::f64::consts::LN_2;
    let mut sum = 0.0;
    for at in 0..=least {
        sum += term.exp();
        #[allow(clippy::cast_precision_loss)]
        let step = ((all - at) as f64 / (at + 1) as f64).ln();
        term += step;
    }
    (2.0 * sum).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(truth: usize, said: usize) -> Judged {
        Judged {
            truth,
            said: Some(said),
            confidence: 0.5,
        }
    }

    #[test]
    fn the_exact_test_gives_what_tables_give() {
        for (first, second, p) in [
            (0, 0, 1.0),
            (5, 5, 1.0),
            (0, 5, 0.0625),
            (1, 9, 0.021_484_375),
            (10, 25, 0.016_673_85),
        ] {
            let found = mcnemar(first, second);
            assert!((found - p).abs() < 1e-6, "{first} {second}: {found}");
            assert!((mcnemar(second, first) - found).abs() < 1e-12);
        }
        // So many that the single terms are less than a number can hold.
        assert!((mcnemar(5_000, 5_000) - 1.0).abs() < 1e-6);
        assert!(mcnemar(4_000, 6_000) < 1e-80);
    }

    #[test]
    fn a_model_that_is_better_is_told_from_one_that_only_seems_so() {
        let labels = ["a".to_owned(), "b".to_owned()];
        let all = 0..400_usize;
        let truth: Vec<usize> = all.clone().map(|at| at % 2).collect();
        let right_but = |wrong: fn(usize) -> bool| -> Vec<Judged> {
            let each = all.clone().zip(&truth);
            each.map(|(at, truth)| judged(*truth, if wrong(at) { 1 - truth } else { *truth }))
                .collect()
        };
        let first = right_but(|at| at % 4 == 0);
        let better = compare(&labels, &first, &right_but(|at| at % 10 == 1));
        assert_eq!((better.only_first, better.only_second), (40, 100));
        assert!(better.p_value < 0.001 && better.accuracy.is_sure() && better.macro_f1.is_sure());
        assert!((better.accuracy.value - 0.15).abs() < 1e-9);
        assert!(better.accuracy.low < 0.15 && better.accuracy.high > 0.15);
        let alike = compare(&labels, &first, &right_but(|at| at % 4 == 1));
        assert!(alike.p_value > 0.9 && !alike.accuracy.is_sure());
        let same = compare(&labels, &first, &first);
        assert!((same.p_value - 1.0).abs() < 1e-9 && same.accuracy.high == 0.0);
        // It is the same each time, and of nothing it is nothing.
        assert_eq!(compare(&labels, &first, &first), same);
        assert!((compare(&labels, &[], &[]).accuracy.value).abs() < 1e-9);
    }

    #[test]
    fn ratings_are_compared_by_their_correlation() {
        let all: Vec<(f64, f64, f64)> = (0..200)
            .map(|at| {
                let rating = f64::from(at % 7) - 3.0;
                (rating, f64::from(at % 5) - 2.0, rating * 0.5)
            })
            .collect();
        let found = compare_ratings(&all);
        assert!(found.is_sure() && found.value > 0.8, "{found:?}");
    }
}
