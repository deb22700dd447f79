//! What words of a language say: the lexicons that come along, and those of a configuration.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};

use serde::Deserialize;

const ENGLISH: [&str; 2] = [
    include_str!("../lexicon/en-vader.tsv"),
    include_str!("../lexicon/en.tsv"),
];
const GERMAN: [&str; 1] = [include_str!("../lexicon/de.tsv")];
const EMOJI: &str = include_str!("../lexicon/emoji.tsv");

/// The languages for which lexicons come along.
pub const BUNDLED: [&str; 2] = ["en", "de"];

/// The longest phrase, in words.
pub const LONGEST_PHRASE: usize = 6;

/// Words of one language, as a configuration gives them.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LexiconConfig {
    /// The language, as a BCP 47 tag; only its first part counts.
    pub language: String,
    /// Words, phrases and emoticons with their valence, from −4 to 4.
    pub words: BTreeMap<String, f64>,
    /// Words that turn what follows into its opposite.
    pub negations: Vec<String>,
    /// Words that strengthen what follows (1), or weaken it (−1).
    pub intensifiers: BTreeMap<String, f64>,
    /// Words such as `but`.
    pub contrasts: Vec<String>,
    /// Small words by which the language is known when the network does not tell it.
    pub function_words: Vec<String>,
}

/// Words are short and come from the plug-in's own files and from its operator: a simple hash does.
type Hashing = BuildHasherDefault<Fnv>;
/// What emoji say, each by its first character.
pub type Emoji = HashMap<char, f64, Hashing>;
type Words<V> = HashMap<String, V, Hashing>;
type Set = HashSet<String, Hashing>;

/// FNV-1a.
#[derive(Debug, Clone)]
pub struct Fnv(u64);

impl Default for Fnv {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// What words of one language say.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lexicon {
    /// The language: a BCP 47 primary subtag.
    pub language: String,
    words: Words<f64>,
    phrases: Words<f64>,
    /// The words with which phrases begin.
    openers: Set,
    negations: Set,
    intensifiers: Words<f64>,
    contrasts: Set,
    functions: Set,
    /// Endings by which forms of a word differ, for languages that have many.
    endings: &'static [&'static str],
}

/// Endings of German adjectives, nouns and verbs, longest first.
const GERMAN_ENDINGS: [&str; 14] = [
    "sten", "eren", "ete", "ten", "est", "em", "en", "er", "es", "et", "te", "e", "n", "s",
];
/// A stem is at least so long, in bytes, or an ending is part of it.
const SHORTEST_STEM: usize = 4;

impl Lexicon {
    /// The lexicon that comes along for a language; an empty one if none does.
    pub fn bundled(language: &str) -> Self {
        let mut lexicon = Self {
            language: language.to_owned(),
            ..Self::default()
        };
        match language {
            "en" => {
                for text in ENGLISH {
                    lexicon.read(text);
                }
            }
            "de" => {
                for text in GERMAN {
                    lexicon.read(text);
                }
                lexicon.endings = &GERMAN_ENDINGS;
            }
            _ => {}
        }
        lexicon
    }

    /// Adds what a configuration says; it goes before what was there.
    pub fn extend(&mut self, config: &LexiconConfig) {
        for (word, &valence) in &config.words {
            self.add(&word.to_lowercase(), valence);
        }
        let lower = |words: &[String]| -> Vec<String> {
            words.iter().map(|word| word.to_lowercase()).collect()
        };
        for negation in &config.negations {
            self.add_negation(&negation.to_lowercase());
        }
        self.contrasts.extend(lower(&config.contrasts));
        self.functions.extend(lower(&config.function_words));
        for (word, &strength) in &config.intensifiers {
            self.intensifiers.insert(word.to_lowercase(), strength);
        }
    }

    fn read(&mut self, text: &str) {
        let mut section = "[words]";
        for line in text.lines() {
            if line.starts_with('[') && line.ends_with(']') && !line.contains('\t') {
                section = line;
                continue;
            }
            // `#` begins a comment, except where an emoticon does: those have a valence.
            if line.is_empty() || (line.starts_with('#') && !line.contains('\t')) {
                continue;
            }
            let (word, value) = line.split_once('\t').unwrap_or((line, "1"));
            // The files are the plug-in's own; a test reads every line of them.
            let value: f64 = value.parse().unwrap_or_default();
            match section {
                "[negations]" => self.add_negation(word),
                "[intensifiers]" => {
                    self.intensifiers.insert(word.to_owned(), value);
                }
                "[contrasts]" => {
                    self.contrasts.insert(word.to_owned());
                }
                "[function-words]" => {
                    self.functions.insert(word.to_owned());
                }
                _ => self.add(word, value),
            }
        }
    }

    fn add(&mut self, entry: &str, valence: f64) {
        if let Some((first, _)) = entry.split_once(' ')
            && entry.chars().any(char::is_alphabetic)
        {
            self.openers.insert(first.to_owned());
            self.phrases.insert(entry.to_owned(), valence);
        } else {
            self.words.insert(entry.to_owned(), valence);
        }
    }

    fn add_negation(&mut self, negation: &str) {
        if let Some((first, _)) = negation.split_once(' ') {
            self.openers.insert(first.to_owned());
        }
        self.negations.insert(negation.to_owned());
    }

    /// A word's valence, in whichever form it stands.
    pub fn word(&self, word: &str) -> Option<f64> {
        self.words
            .get(word)
            .or_else(|| self.stems(word).find_map(|stem| self.words.get(stem)))
            .copied()
    }

    fn stems<'a>(&self, word: &'a str) -> impl Iterator<Item = &'a str> {
        let endings = self.endings.iter();
        endings.filter_map(move |ending| {
            let stem = word.strip_suffix(ending)?;
            (stem.len() >= SHORTEST_STEM).then_some(stem)
        })
    }

    /// What of it is no word of a language: emoticons.
    #[must_use]
    pub fn signs(&self) -> Self {
        let signs = self
            .words
            .iter()
            .filter(|(sign, _)| !sign.chars().any(char::is_alphabetic));
        Self {
            words: signs
                .map(|(sign, &valence)| (sign.clone(), valence))
                .collect(),
            ..Self::default()
        }
    }

    /// Whether something is an entry as it stands, for what is not a word.
    pub fn knows(&self, word: &str) -> bool {
        self.words.contains_key(word)
            || self.intensifiers.contains_key(word)
            || self.negations.contains(word)
    }

    /// The valence of a phrase, whose words have one space between them.
    pub fn phrase(&self, phrase: &str) -> Option<f64> {
        self.phrases.get(phrase).copied()
    }

    /// Whether phrases begin with this word.
    pub fn opens(&self, word: &str) -> bool {
        self.openers.contains(word)
    }

    /// Whether a word turns what follows into its opposite.
    pub fn negates(&self, word: &str) -> bool {
        self.negations.contains(word)
            || (self.language == "en" && word.ends_with("n't"))
            || self.stems(word).any(|stem| self.negations.contains(stem))
    }

    /// By how much a word strengthens what follows; below 0 if it weakens it.
    pub fn intensifies(&self, word: &str) -> Option<f64> {
        self.intensifiers.get(word).copied()
    }

    /// Whether what follows this word counts more than what stands before it.
    pub fn contrasts(&self, word: &str) -> bool {
        self.contrasts.contains(word)
    }

    /// Whether it is one of the small words by which the language is known.
    pub fn functions(&self, word: &str) -> bool {
        self.functions.contains(word)
    }
}

/// What emoji say, in any language.
pub fn emoji() -> Emoji {
    EMOJI
        .lines()
        .filter_map(|line| {
            let (emoji, valence) = line.split_once('\t')?;
            Some((emoji.chars().next()?, valence.parse().ok()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_bundled_lexicons_is_read() {
        for text in ENGLISH.iter().chain(&GERMAN).chain([&EMOJI]) {
            for line in text.lines() {
                if let Some((word, value)) = line.split_once('\t') {
                    let value: f64 = value.parse().expect(line);
                    assert!(value.abs() <= 4.0 && !word.trim().is_empty(), "{line}");
                    let words = word.split(' ').count();
                    assert!(words <= LONGEST_PHRASE, "{line}");
                }
            }
        }
        assert!(Lexicon::bundled("en").words.len() > 7_500);
        assert!(Lexicon::bundled("de").words.len() > 1_000);
        assert!(emoji().len() > 140);
    }

    #[test]
    fn german_words_are_known_in_their_forms() {
        let german = Lexicon::bundled("de");
        for form in [
            "unfreundlich",
            "unfreundliche",
            "unfreundlichen",
            "unfreundlichsten",
        ] {
            assert!(
                german.word(form).is_some_and(|valence| valence < -1.0),
                "{form}"
            );
        }
        assert!(german.negates("keinen"));
    }
}
