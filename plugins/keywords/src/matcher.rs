//! Reading a message with the compiled rules.

use crate::config::{Combine, Config, Rule};
use crate::fold::Folded;
use crate::patterns::{self, Patterns};
use crate::scores;
use crate::words::WordBoundaries;
use linecard_sdk::analyzer::{Analysis, ConfigProblem, Label, Score};
use std::collections::{BTreeMap, BTreeSet};

/// The most places that are told for one label: enough for a person to see why.
const MOST_EVIDENCE: usize = 50;

/// A place in the message, in UTF-8 bytes.
type Place = (u32, u32);

/// Rules that are ready to read messages.
pub struct Matcher {
    rules: Vec<Rule>,
    patterns: Patterns,
    defaults: BTreeMap<String, f64>,
    combine: Combine,
}

impl Matcher {
    /// Compiles a configuration, or tells all that is wrong with it.
    pub fn new(config: Config) -> Result<Self, Vec<ConfigProblem>> {
        let patterns = patterns::compile(&config)?;
        Ok(Matcher {
            rules: config.rules,
            patterns,
            defaults: config.scores,
            combine: config.combine,
        })
    }

    /// Reads a text in a language, if that is known.
    pub fn analyze(&self, text: &str, language: Option<&str>) -> Analysis {
        let mut found: BTreeMap<usize, BTreeSet<Place>> = BTreeMap::new();
        let mut note = |rule: usize, start: usize, end: usize| {
            let places = found.entry(rule).or_default();
            // The sandbox gives a plug-in at most 4 GiB of memory, so that a text's offsets fit.
            if let (Ok(start), Ok(end)) = (u32::try_from(start), u32::try_from(end))
                && places.len() < MOST_EVIDENCE
            {
                places.insert((start, end));
            }
        };
        let applies: Vec<bool> = self
            .rules
            .iter()
            .map(|rule| rule_applies(rule, language))
            .collect();
        let applies = |rule: usize| applies.get(rule).copied().unwrap_or(false);

        let boundaries = WordBoundaries::of(text);
        for automaton in &self.patterns.automatons {
            let folded = Folded::new(text, automaton.case);
            for hit in automaton.search.find_overlapping_iter(folded.text()) {
                let Some(&(rule, whole_words)) = automaton.patterns.get(hit.pattern().as_usize())
                else {
                    continue;
                };
                let Some((start, end)) = folded.original(hit.start(), hit.end()) else {
                    continue;
                };
                if applies(rule)
                    && (!whole_words || (boundaries.contain(start) && boundaries.contain(end)))
                {
                    note(rule, start, end);
                }
            }
        }
        for expression in self
            .patterns
            .expressions
            .iter()
            .filter(|expression| applies(expression.rule))
        {
            for hit in expression
                .search
                .find_iter(text)
                .filter(|hit| !hit.is_empty())
                .take(MOST_EVIDENCE)
            {
                note(expression.rule, hit.start(), hit.end());
            }
        }
        self.conclude(found)
    }

    /// Labels in alphabetical order, scores by name.
    fn conclude(&self, found: BTreeMap<usize, BTreeSet<Place>>) -> Analysis {
        let mut labels: BTreeMap<&str, (f64, BTreeSet<Place>)> = BTreeMap::new();
        let mut given: BTreeMap<&str, f64> = BTreeMap::new();
        for (index, places) in found {
            let Some(rule) = self.rules.get(index) else {
                continue;
            };
            let (confidence, evidence) = labels.entry(&rule.label).or_default();
            *confidence = confidence.max(rule.confidence);
            evidence.extend(places);
            for (name, &value) in &rule.scores {
                let before = given.get(name.as_str()).copied();
                given.insert(name, scores::combine(self.combine, before, value));
            }
        }
        for (name, &value) in &self.defaults {
            given.entry(name).or_insert(value);
        }
        Analysis {
            labels: labels
                .into_iter()
                .map(|(name, (confidence, evidence))| Label {
                    name: name.to_owned(),
                    confidence,
                    evidence: evidence.into_iter().take(MOST_EVIDENCE).collect(),
                })
                .collect(),
            scores: given
                .into_iter()
                .map(|(name, value)| Score::new(name, scores::clamp(name, value)))
                .collect(),
            language: None,
        }
    }
}

/// Basic filtering of RFC 4647: a range matches a tag that it equals, or that goes on with a hyphen.
fn rule_applies(rule: &Rule, language: Option<&str>) -> bool {
    let Some(tag) = language else { return true };
    rule.languages.is_empty()
        || rule.languages.iter().any(|range| {
            tag.get(..range.len())
                .is_some_and(|start| start.eq_ignore_ascii_case(range))
                && tag
                    .get(range.len()..)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        })
}
