//! What somebody looks for, in words.
//!
//! Every word has to be there, in the form in which it is written or in another of the same stem; what stands
//! in quotation marks, as it stands there; and a word with a star at its end, as the beginning of one.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;

use tantivy::Term;
use tantivy::query::{
    BooleanQuery, BoostQuery, Occur, PhrasePrefixQuery, PhraseQuery, Query, RangeQuery, TermQuery,
};
use tantivy::schema::{Field, IndexRecordOption};

use crate::schema::{FEWEST_DIGITS, Fields, digits};
use crate::text::{Language, Shape, Stems, Token, tokens};

/// The longest question, in characters.
pub const LONGEST_QUESTION: usize = 500;
/// The most words of one.
pub const MOST_WORDS: usize = 20;
/// The fewest characters before a star. Of scripts that are written without spaces one is enough.
pub const FEWEST_BEFORE_STAR: usize = 2;
/// How many words a phrase with a star may end in.
const MOST_ENDS: u32 = 1_000;
/// How much more the word itself counts than another one of its stem.
const ITSELF: f32 = 2.0;

/// Why a question cannot be asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QuestionError {
    /// There is no word in it.
    #[error("there is no word to look for: write letters or digits")]
    Empty,
    /// It is too long.
    #[error(
        "it is too long: up to {LONGEST_QUESTION} characters and {MOST_WORDS} words are looked for"
    )]
    TooLong,
    /// A quotation mark has no other.
    #[error("a quotation mark stands alone: put one at the end of the phrase too")]
    OpenPhrase,
    /// What stands before a star is too short.
    #[error("what stands before a star has {FEWEST_BEFORE_STAR} characters or more")]
    ShortPrefix,
}

/// A part that has to be there.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// A word, or another of one of its stems.
    Word {
        word: String,
        stems: BTreeSet<String>,
    },
    /// Words next to each other; the last one may be the beginning of one.
    Row { words: Vec<String>, open: bool },
}

/// A range of a text, in characters (Unicode scalar values), the end not in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Range {
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
}

/// What somebody looks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    parts: Vec<Part>,
    digits: Option<String>,
}

impl Question {
    /// Reads a question.
    pub fn new(text: &str) -> Result<Self, QuestionError> {
        if text.chars().count() > LONGEST_QUESTION {
            return Err(QuestionError::TooLong);
        }
        let stems: Vec<Stems> = Language::all().map(Language::stemmer).collect();
        let mut parts = Vec::new();
        for (index, piece) in text.split(['"', '“', '”', '„', '«', '»']).enumerate() {
            if index % 2 == 1 {
                parts.extend(row(tokens(piece), false));
                continue;
            }
            for word in piece.split_whitespace() {
                parts.extend(part(word, &stems)?);
            }
        }
        if text.matches(['"', '“', '”', '„', '«', '»']).count() % 2 == 1 {
            return Err(QuestionError::OpenPhrase);
        }
        let number = digits(text);
        // A number is written in many ways: with spaces, in brackets, with a plus before it.
        let is_number = text
            .chars()
            .all(|c| c.is_ascii_digit() || c.is_whitespace() || "+-()/.*".contains(c));
        let digits = (is_number && number.len() >= FEWEST_DIGITS).then_some(number);
        if parts.is_empty() {
            return Err(QuestionError::Empty);
        }
        let words = parts.iter().map(|part| match part {
            Part::Word { .. } => 1,
            Part::Row { words, .. } => words.len(),
        });
        if words.sum::<usize>() > MOST_WORDS {
            return Err(QuestionError::TooLong);
        }
        Ok(Self { parts, digits })
    }

    /// As the index is asked.
    pub(crate) fn query(&self, fields: &Fields) -> Box<dyn Query> {
        let parts = self.parts.iter().map(|part| part.query(fields));
        let mut all = every(parts.collect());
        if let Some(digits) = &self.digits {
            let number = beginning(fields.digits, digits);
            all = Box::new(BooleanQuery::union(vec![all, number]));
        }
        all
    }

    /// Where what was looked for stands in a text, in order and apart from each other. `language` is the tag
    /// under which the text was indexed.
    pub fn highlights(&self, text: &str, language: Option<&str>) -> Vec<Range> {
        let words = tokens(text);
        let stems = language.and_then(Language::of).map(Language::stemmer);
        let mut found: Vec<(usize, usize)> = Vec::new();
        for part in &self.parts {
            part.places(&words, stems.as_ref(), &mut found);
        }
        if let Some(number) = &self.digits {
            found.extend(number_in(text, number));
        }
        joined(text, found)
    }
}

fn part(word: &str, stems: &[Stems]) -> Result<Option<Part>, QuestionError> {
    let words = tokens(word);
    if word.ends_with('*') {
        let short = words.last().is_some_and(|last| {
            last.shape == Shape::Word && last.folded.chars().count() < FEWEST_BEFORE_STAR
        });
        if short {
            return Err(QuestionError::ShortPrefix);
        }
        return Ok(row(words, true));
    }
    match &words[..] {
        [one] if one.shape == Shape::Word => Ok(Some(Part::Word {
            word: one.folded.clone(),
            stems: stems.iter().filter_map(|stems| stems.of(one)).collect(),
        })),
        _ => Ok(row(words, false)),
    }
}

fn row(mut words: Vec<Token>, mut open: bool) -> Option<Part> {
    let last = words.last()?.clone();
    if last.shape == Shape::Single {
        words.pop();
        match words.last() {
            // The pair before it says it already.
            Some(pair) if pair.shape == Shape::Pair && pair.end == last.end => {}
            // One character by itself is the beginning of a pair.
            _ => {
                words.push(last);
                open = true;
            }
        }
    }
    let words = words.into_iter().map(|token| token.folded).collect();
    Some(Part::Row { words, open })
}

fn every(mut parts: Vec<Box<dyn Query>>) -> Box<dyn Query> {
    match parts.len() {
        1 => parts.remove(0),
        _ => Box::new(BooleanQuery::intersection(parts)),
    }
}

fn exactly(field: Field, text: &str, record: IndexRecordOption) -> Box<dyn Query> {
    let term = Term::from_field_text(field, text);
    Box::new(TermQuery::new(term, record))
}

/// Words that begin like this.
fn beginning(field: Field, text: &str) -> Box<dyn Query> {
    let from = Term::from_field_text(field, text);
    // No text has this character after it.
    let to = Term::from_field_text(field, &format!("{text}{}", char::MAX));
    Box::new(RangeQuery::new(Bound::Included(from), Bound::Included(to)))
}

impl Part {
    fn query(&self, fields: &Fields) -> Box<dyn Query> {
        match self {
            Self::Word { word, stems } => {
                let itself = exactly(fields.words, word, IndexRecordOption::WithFreqs);
                let mut any = vec![(
                    Occur::Should,
                    Box::new(BoostQuery::new(itself, ITSELF)) as Box<dyn Query>,
                )];
                any.extend(stems.iter().map(|stem| {
                    let stem = exactly(fields.stems, stem, IndexRecordOption::WithFreqs);
                    (Occur::Should, stem)
                }));
                Box::new(BooleanQuery::new(any))
            }
            Self::Row { words, open } => {
                let term = |word: &String| Term::from_field_text(fields.words, word);
                match (&words[..], open) {
                    ([one], false) => exactly(fields.words, one, IndexRecordOption::WithFreqs),
                    ([one], true) => beginning(fields.words, one),
                    (more, false) => Box::new(PhraseQuery::new(more.iter().map(term).collect())),
                    (more, true) => {
                        let terms = more.iter().map(term).collect();
                        let mut query = PhrasePrefixQuery::new(terms);
                        query.set_max_expansions(MOST_ENDS);
                        Box::new(query)
                    }
                }
            }
        }
    }

    fn places(&self, words: &[Token], stems: Option<&Stems>, found: &mut Vec<(usize, usize)>) {
        match self {
            Self::Word { word, stems: own } => {
                let is_it = |token: &&Token| {
                    token.folded == *word
                        || stems
                            .and_then(|stems| stems.of(token))
                            .is_some_and(|stem| own.contains(&stem))
                };
                found.extend(words.iter().filter(is_it).map(|t| (t.start, t.end)));
            }
            Self::Row { words: row, open } => {
                for window in words.windows(row.len()) {
                    let last = row.len() - 1;
                    let is_it = window
                        .iter()
                        .zip(row)
                        .enumerate()
                        .all(|(at, (token, word))| {
                            if *open && at == last {
                                token.folded.starts_with(word.as_str())
                            } else {
                                token.folded == *word
                            }
                        });
                    if is_it {
                        found.push((window[0].start, window[last].end));
                    }
                }
            }
        }
    }
}

/// Where a number stands, whatever stands between its digits.
fn number_in(text: &str, number: &str) -> Vec<(usize, usize)> {
    let places: Vec<usize> = text
        .char_indices()
        .filter(|(_, c)| c.is_ascii_digit())
        .map(|(at, _)| at)
        .collect();
    let all = digits(text);
    let found = all.match_indices(number).map(|(first, _)| {
        let last = first + number.len() - 1;
        (places[first], places[last] + 1)
    });
    found.collect()
}

/// Ranges in characters of ranges in bytes, those that touch made one.
fn joined(text: &str, mut found: Vec<(usize, usize)>) -> Vec<Range> {
    found.sort_unstable();
    let mut apart: Vec<(usize, usize)> = Vec::new();
    for (start, end) in found {
        match apart.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => apart.push((start, end)),
        }
    }
    let mut wanted: BTreeMap<usize, usize> =
        apart.iter().flat_map(|(s, e)| [(*s, 0), (*e, 0)]).collect();
    let mut count = 0;
    for (at, _) in text.char_indices() {
        if let Some(place) = wanted.get_mut(&at) {
            *place = count;
        }
        count += 1;
    }
    if let Some(place) = wanted.get_mut(&text.len()) {
        *place = count;
    }
    let in_characters = |(start, end): (usize, usize)| Range {
        start: wanted.get(&start).copied().unwrap_or(0),
        end: wanted.get(&end).copied().unwrap_or(count),
    };
    apart.into_iter().map(in_characters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(question: &str, text: &str, language: Option<&str>) -> Vec<String> {
        let ranges = Question::new(question).unwrap().highlights(text, language);
        let cut = |range: Range| {
            let part = text.chars().skip(range.start).take(range.end - range.start);
            part.collect()
        };
        ranges.into_iter().map(cut).collect()
    }

    #[test]
    fn what_was_looked_for_is_marked() {
        assert_eq!(
            marked("häuser", "Das Haus, die Häuser, HAUSER", Some("de")),
            ["Haus", "Häuser", "HAUSER"]
        );
        assert_eq!(marked("häuser", "Das Haus, die Häuser", None), ["Häuser"]);
        assert_eq!(
            marked("\"late again\"", "late, late again!", None),
            ["late again"]
        );
        assert_eq!(
            marked("ref*", "a refund is no reference", None),
            ["refund", "reference"]
        );
        assert_eq!(marked("京", "東京都", None), ["京都"]);
        assert_eq!(marked("東京都", "ここは東京都です", None), ["東京都"]);
        assert_eq!(
            marked("0171 2345", "+49 (171) 23-45", None),
            Vec::<String>::new()
        );
        assert_eq!(marked("171 2345", "+49 (171) 23-45", None), ["171) 23-45"]);
        assert_eq!(marked("a b", "no", None), Vec::<String>::new());
    }

    #[test]
    fn a_question_that_cannot_be_asked_says_why() {
        for (text, why) in [
            ("", QuestionError::Empty),
            ("  !? ", QuestionError::Empty),
            ("\"late", QuestionError::OpenPhrase),
            ("x*", QuestionError::ShortPrefix),
        ] {
            assert_eq!(Question::new(text).unwrap_err(), why, "{text}");
        }
        let long = "wort ".repeat(MOST_WORDS + 1);
        assert_eq!(Question::new(&long).unwrap_err(), QuestionError::TooLong);
        let long = "x".repeat(LONGEST_QUESTION + 1);
        assert_eq!(Question::new(&long).unwrap_err(), QuestionError::TooLong);
        assert!(Question::new("京*").is_ok());
    }
}
