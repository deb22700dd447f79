//! The influence analyzer: how far an author's word carries, from 0 to 1, by what the network tells of them.
//!
//! ```text
//! influence = min(1, followers × min(1, ln(1 + F) / ln(1 + most_followers))
//!                    + verified × V + we_follow × W + the weights of other facts that hold)
//! ```
//!
//! `F` is the number of followers, `V` and `W` are 1 where the network says so; the weights are the
//! configuration's. What the network does not tell adds nothing, and an author of whom it tells none of
//! these facts has no score: *unknown* is not 0.

use std::collections::BTreeMap;

use linecard_sdk::prelude::*;
use serde::Deserialize;

/// The weights.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// From so many followers on they count in full.
    pub most_followers: u64,
    /// The weight of followers.
    pub followers: f64,
    /// The weight of being verified.
    pub verified: f64,
    /// The weight of being followed by the company.
    pub we_follow: f64,
    /// The weights of other facts, by the network's name.
    pub facts: BTreeMap<String, f64>,
    /// From which score on a message is labelled.
    pub label_from: Option<f64>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            most_followers: 1_000_000,
            followers: 0.8,
            verified: 0.2,
            we_follow: 0.0,
            facts: BTreeMap::new(),
            label_from: None,
        }
    }
}

/// The analyzer, ready with its weights.
pub struct Influence(Config);

impl Influence {
    /// What the facts come to; `None` if there are none.
    fn of(&self, profile: &Profile) -> Option<f64> {
        let config = &self.0;
        let flag =
            |told: Option<bool>, weight: f64| told.map(|holds| if holds { weight } else { 0.0 });
        let followers = profile.followers.map(|followers| {
            // Exact up to 2^53, and far beyond the number of people.
            #[allow(clippy::cast_precision_loss)]
            let share = (followers as f64).ln_1p() / (config.most_followers as f64).ln_1p();
            config.followers * share.min(1.0)
        });
        let facts = profile.extra.iter().map(|fact| {
            let weight = config.facts.get(&fact.name)?;
            Some(if holds(&fact.value) { *weight } else { 0.0 })
        });
        let told: Vec<f64> = [followers, flag(profile.verified, config.verified)]
            .into_iter()
            // That the company follows somebody tells of them only if it is to count.
            .chain([flag(profile.we_follow, config.we_follow).filter(|_| config.we_follow > 0.0)])
            .chain(facts)
            .flatten()
            .collect();
        let sum: f64 = told.iter().sum();
        // To four decimals: what lies behind them says nothing, and differs from machine to machine.
        (!told.is_empty()).then(|| (sum.clamp(0.0, 1.0) * 10_000.0).round() / 10_000.0)
    }
}

/// Whether a fact of a network's own says yes.
fn holds(value: &str) -> bool {
    let value = value.trim();
    value.eq_ignore_ascii_case("true")
        || value.eq_ignore_ascii_case("yes")
        || value.parse::<f64>().is_ok_and(|number| number > 0.0)
}

impl Analyzer for Influence {
    type Config = Config;

    fn describe() -> Manifest {
        let analyzer = AnalyzerManifest {
            scores: vec!["influence".to_owned()],
            languages: Vec::new(),
        };
        Manifest::analyzer("influence", env!("CARGO_PKG_VERSION"), "Influence", analyzer)
            .description("Scores how far an author's word carries, by followers and what else the network tells.")
            .config_schema(include_str!("../config.schema.json"))
    }

    fn prepare(config: Config) -> Result<Self, Vec<ConfigProblem>> {
        let weights = [
            ("/followers", config.followers),
            ("/verified", config.verified),
            ("/we_follow", config.we_follow),
            ("/label_from", config.label_from.unwrap_or_default()),
        ];
        let weights = weights.map(|(place, weight)| (place.to_owned(), weight));
        let facts = config.facts.iter().map(|(name, weight)| {
            let name = name.replace('~', "~0").replace('/', "~1");
            (format!("/facts/{name}"), *weight)
        });
        let mut problems: Vec<ConfigProblem> = weights
            .into_iter()
            .chain(facts)
            .filter(|(_, weight)| !(0.0..=1.0).contains(weight))
            .map(|(place, weight)| {
                ConfigProblem::new(place, format!("{weight} is not from 0 to 1"))
            })
            .collect();
        if config.most_followers < 10 {
            problems.push(ConfigProblem::new("/most_followers", "give at least 10"));
        }
        if problems.is_empty() {
            Ok(Self(config))
        } else {
            Err(problems)
        }
    }

    fn analyze(&self, subject: &Subject) -> Result<Analysis, String> {
        let score = subject.author.as_ref().and_then(|profile| self.of(profile));
        let is_labelled = score
            .zip(self.0.label_from)
            .is_some_and(|(score, from)| score >= from);
        Ok(Analysis {
            labels: is_labelled
                .then(|| Label::new("influencer"))
                .into_iter()
                .collect(),
            scores: score
                .map(|score| Score::new("influence", score))
                .into_iter()
                .collect(),
            language: None,
        })
    }
}

linecard_sdk::export_analyzer!(Influence);
