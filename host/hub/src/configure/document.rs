//! Reads a document, in TOML or JSON, into a type and collects everything that is wrong with it, each
//! with its place, instead of stopping at the first.

mod deserialize;
mod fault;
#[cfg(test)]
mod tests;
mod tree;

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};

use serde::de::DeserializeOwned;
use toml::de::{DeTable, DeValue};

use super::problem::{Places, Problem, Problems};
use deserialize::{Context, Node};
pub use fault::nearest;
use fault::{Fault, FaultKind, Language};
use tree::Tree;

/// More problems than these tell nobody more.
const MOST_PROBLEMS: usize = 50;
/// Of a larger document in JSON only the first problem is told: each takes one more round over all of
/// it, and whoever sends it may mean no good.
const MANY_ROUNDS: usize = 64 * 1024;
/// What stands in for a key that is missing, so that reading can go on.
const PLACEHOLDER: &str = "missing";

/// A document that was read.
#[derive(Debug)]
pub struct Document<T> {
    /// What it says.
    pub value: T,
    /// Where it says it.
    pub places: Places,
}

/// Reads a document. `file` is what problems call it.
pub fn read<T: DeserializeOwned>(file: &str, text: &str) -> Result<Document<T>, Problems> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let lines = Lines::new(text);
    if !errors.is_empty() {
        let problems = errors.iter().take(MOST_PROBLEMS).map(|error| {
            let place = error.span().map(|span| lines.place(span.start));
            Problem {
                file: Some(file.to_owned()),
                line: place.map(|(line, _)| line),
                column: place.map(|(_, column)| column),
                pointer: String::new(),
                text: format!("this is not TOML: {}", error.message()),
            }
        });
        return Err(Problems(problems.collect()));
    }
    let root = DeValue::Table(table.into_inner());
    let mut places = Places {
        file: file.to_owned(),
        by_pointer: HashMap::new(),
    };
    collect_places(&root, &mut Vec::new(), &lines, &mut places);
    match interpret(&Tree::from(&root), Language::Toml, MOST_PROBLEMS) {
        Ok(value) => Ok(Document { value, places }),
        Err(problems) => Err(places.locate(problems)),
    }
}

/// Why a text is not the document in JSON that it should be.
#[derive(Debug, thiserror::Error)]
pub enum JsonError {
    /// It is no JSON.
    #[error("this is not JSON: {0}")]
    Syntax(#[from] serde_json::Error),
    /// It says what it must not, or lacks what it must say.
    #[error("{0}")]
    Problems(Problems),
}

/// Reads a document in JSON.
pub fn read_json<T: DeserializeOwned>(text: &[u8]) -> Result<T, JsonError> {
    let tree: Tree = serde_json::from_slice(text)?;
    let most = if text.len() > MANY_ROUNDS {
        1
    } else {
        MOST_PROBLEMS
    };
    interpret(&tree, Language::Json, most).map_err(JsonError::Problems)
}

/// The keys that a type reads, in the order in which it declares them, by the place of the table in the
/// document. Only tables that the document has are in it, so it should have all.
pub type Keys = BTreeMap<Vec<String>, &'static [&'static str]>;

/// Reads a document as [`read_json`] does, and tells which keys were looked for, where.
pub fn keys_of<T: DeserializeOwned>(document: &serde_json::Value) -> Result<Keys, JsonError> {
    let tree: Tree = serde_json::from_str(&document.to_string())?;
    let context = Context {
        keys: Some(RefCell::default()),
        ..Context::default()
    };
    match T::deserialize(Node::root(&tree, &context)) {
        Ok(_) => Ok(context.keys.unwrap_or_default().into_inner()),
        Err(fault) => {
            let problem = Problem::new(&fault.shown_at(), fault.text(Language::Json));
            Err(JsonError::Problems(Problems(vec![problem])))
        }
    }
}

/// Makes a value of a document. Each round finds one problem at most and leaves its value out of the
/// next.
fn interpret<T: DeserializeOwned>(
    tree: &Tree,
    language: Language,
    most: usize,
) -> Result<T, Problems> {
    let mut context = Context::default();
    let mut problems = Problems::default();
    loop {
        let fault = match T::deserialize(Node::root(tree, &context)) {
            Ok(value) => return problems.or(value),
            Err(fault) => fault,
        };
        let is_news = context.is_news(&fault);
        let go_on = context.leave_out(&fault);
        if is_news {
            let problem = Problem::new(&fault.shown_at(), fault.text(language));
            problems.0.push(problem);
        }
        if !go_on || problems.0.len() >= most {
            return Err(problems);
        }
    }
}

impl Context {
    /// Takes what a fault is about out of the next round. `false` if that is not possible.
    fn leave_out(&mut self, fault: &Fault) -> bool {
        match &fault.kind {
            FaultKind::Missing(_) => self.placeholders.insert(fault.shown_at()),
            _ => !fault.at.is_empty() && self.skipped.insert(fault.at.clone()),
        }
    }

    /// Whether a fault is the document's own, and not one of what this reader has changed in it: of a
    /// placeholder, or of a value that was left out.
    fn is_news(&self, fault: &Fault) -> bool {
        match &fault.kind {
            FaultKind::Missing(_) => {
                let at = fault.shown_at();
                !self.placeholders.contains(&at) && !self.skipped.contains(&at)
            }
            FaultKind::Other(_) => {
                let mut changed = self.placeholders.iter().chain(&self.skipped);
                !changed.any(|at| at.starts_with(&fault.at))
            }
            _ => !self.placeholders.iter().any(|at| at.starts_with(&fault.at)),
        }
    }

    /// The missing keys of a table for which a placeholder stands in.
    fn placeholders_of(&self, table: &[String]) -> Vec<String> {
        let inside = self.placeholders.iter().filter_map(|at| {
            let (field, parent) = at.split_last()?;
            (parent == table).then(|| field.clone())
        });
        inside.collect::<HashSet<_>>().into_iter().collect()
    }
}

fn collect_places(
    value: &DeValue<'_>,
    at: &mut Vec<String>,
    lines: &Lines<'_>,
    places: &mut Places,
) {
    match value {
        DeValue::Table(table) => {
            for (key, value) in table {
                at.push(key.get_ref().to_string());
                note(at, key.span().start, lines, places);
                collect_places(value.get_ref(), at, lines, places);
                at.pop();
            }
        }
        DeValue::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                at.push(index.to_string());
                note(at, item.span().start, lines, places);
                collect_places(item.get_ref(), at, lines, places);
                at.pop();
            }
        }
        _ => {}
    }
}

fn note(at: &[String], offset: usize, lines: &Lines<'_>, places: &mut Places) {
    let pointer = Problem::new(at, "").pointer;
    places.by_pointer.insert(pointer, lines.place(offset));
}

/// Finds the line and column of a byte offset.
struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> Lines<'t> {
    fn new(text: &'t str) -> Self {
        let ends = text.match_indices('\n').map(|(at, _)| at + 1);
        let starts = std::iter::once(0).chain(ends).collect();
        Self { text, starts }
    }

    fn place(&self, offset: usize) -> (usize, usize) {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self
            .starts
            .get(line.saturating_sub(1))
            .copied()
            .unwrap_or(0);
        let before = self.text.get(start..offset).unwrap_or_default();
        (line, before.chars().count() + 1)
    }
}
