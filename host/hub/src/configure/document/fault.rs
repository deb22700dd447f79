//! What a deserializer can find wrong, kept apart so that people get whole sentences.

use std::fmt;

use serde::de;

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
    /// Anything else, in words.
    Other(String),
}

impl Fault {
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
        if let FaultKind::Missing(field) = &self.kind {
            at.push((*field).to_owned());
        }
        at
    }

    pub(super) fn text(&self) -> String {
        match &self.kind {
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

fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    known
        .iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), *candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len().min(word.len()) / 4)
        .min()
        .map(|(_, candidate)| candidate)
}

fn list(words: &[&str]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
    quoted.join(", ")
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl std::error::Error for Fault {}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(text: T) -> Self {
        Self::new(FaultKind::Other(text.to_string()))
    }

    fn invalid_type(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(FaultKind::Other(format!(
            "this must be {}, not {}",
            wanted(expected),
            kind(&found)
        )))
    }

    fn invalid_value(found: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        // Texts are not repeated: one may be a secret in the wrong place.
        let found = match found {
            de::Unexpected::Str(_) | de::Unexpected::Bytes(_) => "this text".to_owned(),
            other => other.to_string().replace("integer ", "").replace('`', ""),
        };
        Self::new(FaultKind::Other(format!(
            "{found} is not possible: this must be {}",
            wanted(expected)
        )))
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

/// What serde expects, in a file's words.
fn wanted(expected: &dyn de::Expected) -> String {
    let text = expected.to_string();
    match text.as_str() {
        "u8" => "a whole number from 0 to 255".to_owned(),
        "u16" => "a whole number from 0 to 65535".to_owned(),
        "u32" => "a whole number from 0 to 4294967295".to_owned(),
        "i32" => "a whole number from -2147483648 to 2147483647".to_owned(),
        "u64" | "usize" => "a whole number, 0 or more".to_owned(),
        "i64" => "a whole number".to_owned(),
        "f64" | "f32" => "a number".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "a string" | "string" => "a text".to_owned(),
        "a sequence" => "an array".to_owned(),
        "a map" => "a table".to_owned(),
        other if other.starts_with("struct ") => "a table".to_owned(),
        other if other.contains("enum ") => "one of the words that it takes".to_owned(),
        other => other.to_owned(),
    }
}

fn kind(found: &de::Unexpected<'_>) -> &'static str {
    match found {
        de::Unexpected::Bool(_) => "a truth value",
        de::Unexpected::Unsigned(_) | de::Unexpected::Signed(_) => "a whole number",
        de::Unexpected::Float(_) => "a number",
        de::Unexpected::Char(_) | de::Unexpected::Str(_) | de::Unexpected::Bytes(_) => "a text",
        de::Unexpected::Seq => "an array",
        de::Unexpected::Map => "a table",
        _ => "something else",
    }
}
