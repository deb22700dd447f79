//! The facts of one message.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use cel::Value;
use cel::objects::{Key, Map};

use crate::types::{Kind, Row, TABLE, Top};

/// How many characters of a text expressions see.
pub const MOST_TEXT: usize = 16_000;
/// How many entries of a list, or attributes and scores, expressions see.
pub const MOST_ENTRIES: usize = 100;

/// One fact.
#[derive(Debug, Clone, PartialEq)]
pub enum Fact {
    /// True or false.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A number.
    Double(f64),
    /// A text.
    Text(String),
    /// Texts.
    Texts(Vec<String>),
    /// Values by name.
    Map(BTreeMap<String, Fact>),
}

impl From<bool> for Fact {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Fact {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<&str> for Fact {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Fact {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Vec<String>> for Fact {
    fn from(value: Vec<String>) -> Self {
        Self::Texts(value)
    }
}

/// What is known of a message. What is not set is absent; it is never 0 or empty.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Facts(BTreeMap<&'static str, Fact>);

impl Facts {
    /// Sets a fact, by its name in an expression, such as `message.text`. One that the table does not
    /// have, or has with another type, is left out: then this is false.
    pub fn set(&mut self, name: &'static str, fact: impl Into<Fact>) -> bool {
        let fact = fact.into();
        let fits = row(name).is_some_and(|row| fits(row.kind, &fact));
        if fits {
            self.0.insert(name, fact);
        }
        fits
    }

    /// Sets a fact if it is known.
    pub fn set_known(&mut self, name: &'static str, fact: Option<impl Into<Fact>>) -> bool {
        fact.is_none_or(|fact| self.set(name, fact))
    }

    /// The facts as the expressions' variables. What is always there, but was not set, has its empty
    /// value.
    pub(crate) fn variables(&self) -> Vec<(&'static str, Value)> {
        TABLE
            .iter()
            .map(|top| match top {
                Top::Fact(row) => {
                    let value = self.0.get(row.name).map(value);
                    (row.name, value.unwrap_or_else(|| empty(row.kind)))
                }
                Top::Group(group) => {
                    let mut facts = HashMap::new();
                    for row in group.facts {
                        let name = format!("{}.{}", group.name, row.name);
                        let known = self.0.get(name.as_str()).map(value);
                        let known = known.or_else(|| row.always.then(|| empty(row.kind)));
                        if let Some(known) = known {
                            facts.insert(key(row.name), known);
                        }
                    }
                    (group.name, map(facts))
                }
            })
            .collect()
    }
}

/// The table's row of a name.
fn row(name: &str) -> Option<&'static Row> {
    let (group, fact) = name.split_once('.').unwrap_or((name, ""));
    match crate::types::top(group)? {
        Top::Fact(row) => fact.is_empty().then_some(row),
        Top::Group(group) => group.facts.iter().find(|row| row.name == fact),
    }
}

fn fits(kind: Kind, fact: &Fact) -> bool {
    match (kind, fact) {
        (Kind::Bool, Fact::Bool(_))
        | (Kind::Int, Fact::Int(_))
        | (Kind::Text, Fact::Text(_))
        | (Kind::Texts, Fact::Texts(_)) => true,
        (Kind::Numbers, Fact::Map(map)) => {
            // What is no number can be compared with none.
            map.values()
                .all(|v| matches!(v, Fact::Double(d) if d.is_finite()))
        }
        (Kind::Attributes, Fact::Map(map)) => map.values().all(|value| match value {
            Fact::Double(number) => number.is_finite(),
            Fact::Bool(_) | Fact::Text(_) => true,
            _ => false,
        }),
        _ => false,
    }
}

fn empty(kind: Kind) -> Value {
    match kind {
        Kind::Bool => Value::Bool(false),
        Kind::Int => Value::Int(0),
        Kind::Text => Value::String(Arc::new(String::new())),
        Kind::Texts => Value::List(Arc::new(Vec::new())),
        Kind::Attributes | Kind::Numbers => map(HashMap::new()),
    }
}

fn key(name: &str) -> Key {
    Key::String(Arc::new(name.to_owned()))
}

fn map(entries: HashMap<Key, Value>) -> Value {
    Value::Map(Map {
        map: Arc::new(entries),
    })
}

fn text(text: &str) -> Value {
    let end = text
        .char_indices()
        .nth(MOST_TEXT)
        .map_or(text.len(), |(at, _)| at);
    Value::String(Arc::new(text[..end].to_owned()))
}

fn value(fact: &Fact) -> Value {
    match fact {
        Fact::Bool(value) => Value::Bool(*value),
        Fact::Int(value) => Value::Int(*value),
        Fact::Double(value) => Value::Float(*value),
        Fact::Text(value) => text(value),
        Fact::Texts(values) => {
            let values = values.iter().take(MOST_ENTRIES);
            Value::List(Arc::new(values.map(|value| text(value)).collect()))
        }
        Fact::Map(values) => {
            let values = values.iter().take(MOST_ENTRIES);
            map(values
                .map(|(name, fact)| (key(name), value(fact)))
                .collect())
        }
    }
}
