//! The scores and their ranges.

use crate::config::Combine;
use std::ops::RangeInclusive;

/// The scores that the analyzer can give.
pub const NAMES: [&str; 3] = ["sentiment", "influence", "actionability"];

/// A score's range by the contract; `None` for a name that the manifest does not announce.
pub fn range(name: &str) -> Option<RangeInclusive<f64>> {
    match name {
        "sentiment" => Some(-1.0..=1.0),
        "influence" | "actionability" => Some(0.0..=1.0),
        _ => None,
    }
}

/// Puts a rule's value to what the rules before it gave.
pub fn combine(how: Combine, before: Option<f64>, value: f64) -> f64 {
    match (how, before) {
        (_, None) => value,
        (Combine::Sum, Some(before)) => before + value,
        (Combine::Max, Some(before)) => {
            let farther = value.abs() > before.abs();
            let as_far_and_positive =
                value.abs().total_cmp(&before.abs()).is_eq() && value > before;
            if farther || as_far_and_positive {
                value
            } else {
                before
            }
        }
    }
}

/// Keeps a value in its score's range.
pub fn clamp(name: &str, value: f64) -> f64 {
    range(name).map_or(value, |range| value.clamp(*range.start(), *range.end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_value_wins_in_either_order() {
        assert!((combine(Combine::Max, Some(0.3), -0.8) + 0.8).abs() < 1e-12);
        assert!((combine(Combine::Max, Some(-0.8), 0.3) + 0.8).abs() < 1e-12);
        assert!((combine(Combine::Max, Some(-0.5), 0.5) - 0.5).abs() < 1e-12);
        assert!((combine(Combine::Max, Some(0.5), -0.5) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn a_sum_stays_in_range() {
        assert!((clamp("sentiment", combine(Combine::Sum, Some(-0.8), -0.8)) + 1.0).abs() < 1e-12);
        assert!(
            (clamp("actionability", combine(Combine::Sum, Some(0.8), 0.8)) - 1.0).abs() < 1e-12
        );
    }
}
