//! What the rules look for, compiled; and everything that is wrong with it.

use crate::config::{Config, Rule};
use crate::fold::{Case, Folded};
use crate::scores;
use aho_corasick::{AhoCorasick, AhoCorasickKind};
use linecard_sdk::analyzer::ConfigProblem;
use regex::{Regex, RegexBuilder};
use std::collections::HashMap;

/// The greatest size of one compiled regular expression, in bytes. Unicode classes with counts grow
/// quickly: `\w{100}` is refused, `\w+` is small.
const REGEX_SIZE: usize = 1 << 20;

/// The most regular expressions in one configuration: each is one more walk over the text.
const MOST_REGEXES: usize = 100;

/// The words and phrases of all rules that treat case alike.
pub struct Automaton {
    /// How texts are folded for it.
    pub case: Case,
    /// Finds all of them at once.
    pub search: AhoCorasick,
    /// For each pattern, its rule's index and whether it must be a whole word.
    pub patterns: Vec<(usize, bool)>,
}

/// A regular expression.
pub struct Expression {
    /// Its rule's index.
    pub rule: usize,
    /// What to look for.
    pub search: Regex,
}

/// All that is looked for.
pub struct Patterns {
    /// At most one for each way to treat case.
    pub automatons: Vec<Automaton>,
    /// In the rules' order.
    pub expressions: Vec<Expression>,
}

/// Compiles what the rules look for, or tells all that is wrong with the configuration.
pub fn compile(config: &Config) -> Result<Patterns, Vec<ConfigProblem>> {
    let mut problems = Vec::new();
    check_scores(&config.scores, "/scores", &mut problems);
    let mut literals = [Literals::new(Case::Ignored), Literals::new(Case::Kept)];
    let mut expressions = Vec::new();
    for (index, rule) in config.rules.iter().enumerate() {
        let place = format!("/rules/{index}");
        check_rule(rule, &place, &mut problems);
        check_scores(&rule.scores, &format!("{place}/scores"), &mut problems);
        let [ignored, kept] = &mut literals;
        let of_this_case = if rule.case_sensitive { kept } else { ignored };
        of_this_case.add(index, rule, &place, &mut problems);
        for (number, source) in rule.regex.iter().enumerate() {
            match compile_expression(source, rule.case_sensitive) {
                Ok(search) => expressions.push(Expression {
                    rule: index,
                    search,
                }),
                Err(text) => {
                    problems.push(ConfigProblem::new(format!("{place}/regex/{number}"), text));
                }
            }
        }
    }
    if expressions.len() > MOST_REGEXES {
        let text = format!(
            "there are {} regular expressions, and {MOST_REGEXES} are allowed: use words and phrases, or join some with `|`",
            expressions.len()
        );
        problems.push(ConfigProblem::new("/rules", text));
    }
    let mut automatons = Vec::new();
    for literals in literals {
        match literals.build() {
            Ok(automaton) => automatons.extend(automaton),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        Ok(Patterns {
            automatons,
            expressions,
        })
    } else {
        Err(problems)
    }
}

fn check_rule(rule: &Rule, place: &str, problems: &mut Vec<ConfigProblem>) {
    if rule.label.trim().is_empty() {
        problems.push(ConfigProblem::new(
            format!("{place}/label"),
            "the label is empty",
        ));
    }
    if !(0.0..=1.0).contains(&rule.confidence) {
        problems.push(ConfigProblem::new(
            format!("{place}/confidence"),
            "it must be from 0 to 1",
        ));
    }
    if rule.words.is_empty() && rule.phrases.is_empty() && rule.regex.is_empty() {
        problems.push(ConfigProblem::new(
            place,
            "the rule looks for nothing: give it words, phrases or regex",
        ));
    }
}

fn check_scores(
    scores: &std::collections::BTreeMap<String, f64>,
    place: &str,
    problems: &mut Vec<ConfigProblem>,
) {
    for (name, value) in scores {
        let pointer = || format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"));
        match scores::range(name) {
            None => {
                let text = format!(
                    "there is no score `{name}`; there are {}",
                    scores::NAMES.join(", ")
                );
                problems.push(ConfigProblem::new(pointer(), text));
            }
            Some(range) if !range.contains(value) => {
                let text = format!("{name} must be from {} to {}", range.start(), range.end());
                problems.push(ConfigProblem::new(pointer(), text));
            }
            Some(_) => {}
        }
    }
}

fn compile_expression(source: &str, case_sensitive: bool) -> Result<Regex, String> {
    let search = RegexBuilder::new(source)
        .case_insensitive(!case_sensitive)
        .size_limit(REGEX_SIZE)
        .dfa_size_limit(REGEX_SIZE)
        .build()
        .map_err(|error| error.to_string())?;
    if search.is_match("") {
        return Err("it matches the empty text, and so every message".to_owned());
    }
    Ok(search)
}

/// Words and phrases on their way into an [`Automaton`].
struct Literals {
    case: Case,
    folded: Vec<String>,
    patterns: Vec<(usize, bool)>,
}

impl Literals {
    fn new(case: Case) -> Self {
        Literals {
            case,
            folded: Vec::new(),
            patterns: Vec::new(),
        }
    }

    /// Adds a rule's words and phrases.
    fn add(&mut self, index: usize, rule: &Rule, place: &str, problems: &mut Vec<ConfigProblem>) {
        let mut places: HashMap<String, String> = HashMap::new();
        let words = rule
            .words
            .iter()
            .enumerate()
            .map(|(number, text)| ("words", number, text));
        let phrases = rule
            .phrases
            .iter()
            .enumerate()
            .map(|(number, text)| ("phrases", number, text));
        for (list, number, text) in words.chain(phrases) {
            let pointer = format!("{place}/{list}/{number}");
            let folded = Folded::new(text.trim(), self.case).text().to_owned();
            if folded.is_empty() {
                problems.push(ConfigProblem::new(pointer, "it is empty"));
            } else if list == "words" && folded.contains(' ') {
                problems.push(ConfigProblem::new(
                    pointer,
                    "it has white space inside: put it among `phrases`",
                ));
            } else if let Some(first) = places.get(&folded) {
                problems.push(ConfigProblem::new(
                    pointer,
                    format!("it says the same as {first}"),
                ));
            } else {
                places.insert(folded.clone(), pointer);
                self.folded.push(folded);
                self.patterns.push((index, rule.whole_words));
            }
        }
    }

    fn build(self) -> Result<Option<Automaton>, ConfigProblem> {
        if self.folded.is_empty() {
            return Ok(None);
        }
        // The form that stays small with many thousand patterns; a full DFA would not.
        let search = AhoCorasick::builder()
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&self.folded)
            .map_err(|error| {
                ConfigProblem::new("/rules", format!("too many words and phrases: {error}"))
            })?;
        Ok(Some(Automaton {
            case: self.case,
            search,
            patterns: self.patterns,
        }))
    }
}
