//! What a deserializer can find wrong, kept apart so that people get whole sentences.

use std::fmt;

use serde::de;

/// What a document is written in: the words of a sentence about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    Toml,
    Json,
}

/// What stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    Nothing,
    Truth,
    Whole,
    Number,
    Text,
    Items,
    Entries,
    Other,
}

impl Found {
    fn words(self, language: Language) -> &'static str {
        match (self, language) {
            (Self::Nothing, _) => "null",
            (Self::Truth, _) => "a truth value",
            (Self::Whole, _) => "a whole number",
            (Self::Number, _) => "a number",
            (Self::Text, _) => "a text",
            (Self::Items, _) => "an array",
            (Self::Entries, Language::Toml) => "a table",
            (Self::Entries, Language::Json) => "an object",
            (Self::Other, _) => "something else",
        }
    }
}

/// One fault and its place.
#[derive(Debug)]
pub(super) struct Fault {
    pub kind: FaultKind,
    /// The path of the value, or of the table in which a key is missing.
    pub at: Vec<String>,
    placed: bool,
}

#[derive(Debug)]
pub(super) enum FaultKind {
    /// A key that the table does not have.
    UnknownKey {
        name: String,
        known: &'static [&'static str],
    },
    /// A word that is not one of a list.
    UnknownWord {
        word: String,
        known: &'static [&'static str],
    },
    /// A key that must be there.
    Missing(&'static str),
    /// A value of another kind than it must be.
    Kind { wanted: Wanted, found: Found },
    /// A word where a key that carries something must be.
    BareWord(String),
    /// Anything else, in words.
    Other(String),
}

/// What must be there.
#[derive(Debug)]
pub(super) enum Wanted {
    Found(Found),
    Words(String),
}

impl Fault {
    /// A value of another kind than it must be.
    pub(super) fn of_type(wanted: Found, found: Found) -> Self {
        let wanted = Wanted::Found(wanted);
        Self::new(FaultKind::Kind { wanted, found })
    }

    /// A word where a key that carries something must be.
    pub(super) fn bare_word(word: &str) -> Self {
        Self::new(FaultKind::BareWord(word.to_owned()))
    }

    fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            at: Vec::new(),
            placed: false,
        }
    }

    /// The fault with its place, unless it has one already.
    pub(super) fn placed(mut self, at: &[String]) -> Self {
        if !self.placed {
            self.at = at.to_vec();
            self.placed = true;
        }
        self
    }

    /// The path that people see.
    pub(super) fn shown_at(&self) -> Vec<String> {
        let mut at = self.at.clone();
        match &self.kind {
            FaultKind::Missing(field) => at.push((*field).to_owned()),
            // What a tag chooses is looked at as a whole, and the key is not the place then.
            FaultKind::UnknownKey { name, .. } if at.last() != Some(name) => at.push(name.clone()),
            _ => {}
        }
        at
    }

    pub(super) fn text(&self, language: Language) -> String {
        match &self.kind {
            FaultKind::Kind { wanted, found } => {
                let wanted = match wanted {
                    Wanted::Found(wanted) => wanted.words(language),
                    Wanted::Words(words) => words,
                };
                format!("this must be {wanted}, not {}", found.words(language))
            }
            FaultKind::BareWord(word) => match language {
                Language::Toml => format!("\"{word}\" needs more: write {{ {word} = … }}"),
                Language::Json => format!("\"{word}\" needs more: write {{\"{word}\": …}}"),
            },
            FaultKind::UnknownKey { name, known } => match nearest(name, known) {
                Some(near) => format!("there is no such key; did you mean \"{near}\"?"),
                None if known.is_empty() => "there is no such key".to_owned(),
                None => format!("there is no such key; there are {}", list(known)),
            },
            FaultKind::UnknownWord { word, known } => match nearest(word, known) {
                Some(near) => format!("\"{word}\" is not possible; did you mean \"{near}\"?"),
                None => format!("\"{word}\" is not possible; use {}", list(known)),
            },
            FaultKind::Missing(_) => "this key is missing".to_owned(),
            FaultKind::Other(text) => text.clone(),
        }
    }
}

/// What was probably meant: what begins with the word, or differs by little.
pub fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let mut longer = known
        .iter()
        .filter(|known| word.len() >= 3 && known.starts_with(word));
    if let (Some(only), None) = (longer.next(), longer.next()) {
        return Some(only);
    }
    known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), *candidate))
        .filter(|(distance, candidate)| {
            let shorter = candidate.len().min(word.len());
            *distance <= 1 + shorter / 4 && *distance < candidate.len()
        })
        .min()
        .map(|(_, candidate)| candidate)
}

fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    quoted.join(", ")
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text(Language::Json))
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self::new(FaultKind::Other(text.to_string()))
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(FaultKind::Kind {
            wanted: wanted(expected),
            found: kind(&found),
        })
    }

    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        // Texts are not repeated: one may be a secret in the wrong place.
        let found = match found {
            de::Unexpected::Str(_) | de::Unexpected::Bytes(_) => "this text".to_owned(),
            other => other.to_string().replace("integer ", "").replace('`', ""),
        };
        let wanted = match wanted(expected) {
            Wanted::Found(wanted) => wanted.words(Language::Json).to_owned(),
            Wanted::Words(words) => words,
        };
        let text = format!("{found} is not possible: this must be {wanted}");
        Self::new(FaultKind::Other(text))
    }

    fn unknown_variant(word: &str, known: &'static [&'static str]) -> Self {
        Self::new(FaultKind::UnknownWord {
            word: word.chars().take(60).collect(),
            known,
        })
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        Self::new(FaultKind::UnknownKey {
            name: name.to_owned(),
            known,
        })
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(FaultKind::Missing(field))
    }
}

/// What serde expects, in people's words.
fn wanted(expected: &dyn de::Expected) -> Wanted {
    let text = expected.to_string();
    let found = match text.as_str() {
        "a boolean" => return Wanted::Words("true or false".to_owned()),
        "a string" | "string" => Found::Text,
        "a sequence" => Found::Items,
        "a map" => Found::Entries,
        "f64" | "f32" => Found::Number,
        "i64" => Found::Whole,
        other if other.starts_with("struct ") => Found::Entries,
        other => {
            let words = match other {
                "u8" => "a whole number from 0 to 255",
                "u16" => "a whole number from 0 to 65535",
                "u32" => "a whole number from 0 to 4294967295",
                "i32" => "a whole number from -2147483648 to 2147483647",
                "u64" | "usize" => "a whole number, 0 or more",
                other if other.contains("enum ") => "one of the words that it takes",
                other => other,
            };
            return Wanted::Words(words.to_owned());
        }
    };
    Wanted::Found(found)
}

fn kind(found: &de::Unexpected<'_>) -> Found {
    match found {
        de::Unexpected::Bool(_) => Found::Truth,
        de::Unexpected::Unsigned(_) | de::Unexpected::Signed(_) => Found::Whole,
        de::Unexpected::Float(_) => Found::Number,
        de::Unexpected::Char(_) | de::Unexpected::Str(_) | de::Unexpected::Bytes(_) => Found::Text,
        de::Unexpected::Seq => Found::Items,
        de::Unexpected::Map => Found::Entries,
        de::Unexpected::Unit | de::Unexpected::Option => Found::Nothing,
        _ => Found::Other,
    }
}
