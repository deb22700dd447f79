//! What is wrong with a configuration, and where.

use std::collections::HashMap;
use std::fmt;

use serde::Serialize;

/// One thing that is wrong with a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The file, if the configuration came from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The column in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// Where, as a JSON Pointer (RFC 6901) into the configuration.
    pub pointer: String,
    /// What is wrong, and what to do. Never a secret.
    pub text: String,
}

impl Problem {
    /// A problem at a place in the configuration.
    pub fn new<S: AsRef<str>>(path: &[S], text: impl Into<String>) -> Self {
        let pointer = path.iter().fold(String::new(), |mut pointer, step| {
            pointer.push('/');
            pointer.push_str(&step.as_ref().replace('~', "~0").replace('/', "~1"));
            pointer
        });
        Self {
            file: None,
            line: None,
            column: None,
            pointer,
            text: text.into(),
        }
    }

    /// A problem further down: `pointer` is relative to `path`.
    pub fn below<S: AsRef<str>>(path: &[S], pointer: &str, text: impl Into<String>) -> Self {
        let mut problem = Self::new(path, text);
        problem.pointer.push_str(pointer);
        problem
    }

    /// The pointer as a person writes it: `queues.support.members[2]`.
    pub fn key(&self) -> String {
        key_of(&self.pointer)
    }
}

/// What a configuration has as lists and not by names.
const LISTS: [&str; 2] = ["rules", "service_policies"];

/// A JSON Pointer into a configuration as a person writes it: `queues.support.members[2]`.
pub(super) fn key_of(pointer: &str) -> String {
    let steps = pointer.split('/').skip(1);
    let steps = steps.map(|step| step.replace("~1", "/").replace("~0", "~"));
    let mut key = String::new();
    for (depth, step) in steps.enumerate() {
        let is_number = !step.is_empty() && step.chars().all(|c| c.is_ascii_digit());
        // Names stand at the second place, and a name of digits is no number there, unless it is in a list.
        if is_number && (depth >= 2 || LISTS.contains(&key.as_str())) {
            key.extend(["[", &step, "]"]);
            continue;
        }
        if !key.is_empty() {
            key.push('.');
        }
        let bare = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
        if !step.is_empty() && step.chars().all(bare) {
            key.push_str(&step);
        } else {
            key.extend(["\"", &step, "\""]);
        }
    }
    key
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{file}:")?;
            if let (Some(line), Some(column)) = (self.line, self.column) {
                write!(f, "{line}:{column}:")?;
            }
            f.write_str(" ")?;
        }
        match self.key() {
            key if key.is_empty() => f.write_str(&self.text),
            key => write!(f, "{key}: {}", self.text),
        }
    }
}

/// Everything that is wrong with a configuration; never empty as an error.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[serde(transparent)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Adds a problem at a place.
    pub fn add<S: AsRef<str>>(&mut self, path: &[S], text: impl Into<String>) {
        self.0.push(Problem::new(path, text));
    }

    /// `value` if nothing is wrong.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            fmt::Display::fmt(problem, f)?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

/// Where each value of a file stands.
#[derive(Debug, Clone, Default)]
pub struct Places {
    pub(super) file: String,
    pub(super) by_pointer: HashMap<String, (usize, usize)>,
}

impl Places {
    /// Gives each problem its file, line and column: those of its value or, if there is none, of the
    /// nearest one around it. Problems are then in the file's order.
    pub fn locate(&self, mut problems: Problems) -> Problems {
        for problem in &mut problems.0 {
            if problem.file.is_some() {
                continue;
            }
            let mut pointer = problem.pointer.as_str();
            let place = loop {
                if let Some(place) = self.by_pointer.get(pointer) {
                    break Some(*place);
                }
                match pointer.rfind('/') {
                    Some(end) => pointer = &pointer[..end],
                    None => break None,
                }
            };
            problem.file = Some(self.file.clone());
            problem.line = place.map(|(line, _)| line);
            problem.column = place.map(|(_, column)| column);
        }
        problems
            .0
            .sort_by_key(|problem| (problem.line, problem.column));
        problems
    }
}
