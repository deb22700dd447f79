//! How near the scores come to what people say, on messages that ten people each rated.

use std::path::{Path, PathBuf};

use linecard_sdk::prelude::*;
use linecard_sentiment::Sentiment;

/// A file of labelled messages, if this machine has it: where `LINECARD_LABELLED` says, or beside the
/// checkout. In full (`LINECARD_FULL=1`) it must be there.
fn labelled(file: &str) -> Option<String> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/language");
    let folder = std::env::var_os("LINECARD_LABELLED").map_or_else(beside, PathBuf::from);
    let text = std::fs::read_to_string(folder.join(file)).ok();
    if text.is_none() {
        assert!(
            std::env::var_os("LINECARD_FULL").is_none(),
            "{} is not there; LINECARD_LABELLED names the folder of labelled messages",
            folder.join(file).display()
        );
        println!("skipped: there are no labelled messages; LINECARD_LABELLED names their folder");
    }
    text
}

/// Pearson's correlation.
fn correlation(pairs: &[(f64, f64)]) -> f64 {
    #[allow(clippy::cast_precision_loss)]
    let count = pairs.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| pairs.iter().map(of).sum::<f64>() / count;
    let (left, right) = (mean(|pair| pair.0), mean(|pair| pair.1));
    let sum = |of: &dyn Fn(f64, f64) -> f64| -> f64 {
        pairs
            .iter()
            .map(|pair| of(pair.0 - left, pair.1 - right))
            .sum()
    };
    sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
}

#[test]
fn scores_go_with_the_mean_of_ten_peoples_ratings() {
    let Some(text) = labelled("rated-tweets.tsv") else {
        return;
    };
    let sentiment = Sentiment::prepare_json("{}").unwrap();
    let pairs: Vec<(f64, f64)> = text
        .lines()
        .skip(1)
        .filter_map(|line| {
            let (rating, text) = line.split_once('\t')?;
            let analysis = sentiment.analyze(&Subject::text(text)).unwrap();
            // What it does not know is taken for the middle, which costs it what it must.
            let score = analysis.scores.first().map_or(0.0, |score| score.value);
            Some((rating.parse().ok()?, score))
        })
        .collect();
    assert!(pairs.len() > 1_000);
    let found = correlation(&pairs);
    println!(
        "correlation with the mean rating of {} messages: {found:.4}",
        pairs.len()
    );
    assert!(found >= 0.89, "{found}");
}
