//! A document as it was parsed, whatever it is written in.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use toml::de::DeValue;

/// A value of a document.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Tree {
    Null,
    Truth(bool),
    Whole(i64),
    Large(u64),
    Number(f64),
    Text(String),
    Items(Vec<Tree>),
    Entries(Vec<(String, Tree)>),
    /// What can be written in the language but means nothing here, and why.
    Impossible(&'static str),
}

impl From<&DeValue<'_>> for Tree {
    fn from(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.to_string()),
            DeValue::Boolean(truth) => Self::Truth(*truth),
            DeValue::Datetime(time) => Self::Text(time.to_string()),
            DeValue::Integer(number) => {
                match i64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) => Self::Whole(number),
                    Err(_) => Self::Impossible("this number is too large"),
                }
            }
            DeValue::Float(number) => match number.as_str().parse::<f64>() {
                Ok(number) if number.is_finite() => Self::Number(number),
                _ => Self::Impossible("this is not a finite number"),
            },
            DeValue::Array(items) => {
                Self::Items(items.iter().map(|item| item.get_ref().into()).collect())
            }
            DeValue::Table(table) => Self::Entries(
                table
                    .iter()
                    .map(|(key, value)| (key.get_ref().to_string(), value.get_ref().into()))
                    .collect(),
            ),
        }
    }
}

/// From JSON. A key that stands twice is an entry that is impossible: which of the two is meant, nobody
/// can say.
impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Build)
    }
}

struct Build;

impl<'de> Visitor<'de> for Build {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E: de::Error>(self, truth: bool) -> Result<Tree, E> {
        Ok(Tree::Truth(truth))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Tree, E> {
        Ok(Tree::Whole(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Tree, E> {
        Ok(i64::try_from(number).map_or(Tree::Large(number), Tree::Whole))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Tree, E> {
        Ok(Tree::Number(number))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Tree, E> {
        Ok(Tree::Text(text.to_owned()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Tree, E> {
        Ok(Tree::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut found = Vec::new();
        while let Some(item) = items.next_element()? {
            found.push(item);
        }
        Ok(Tree::Items(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Tree, A::Error> {
        let mut found: Vec<(String, Tree)> = Vec::new();
        let mut places = std::collections::HashMap::new();
        while let Some((key, value)) = entries.next_entry::<String, Tree>()? {
            match places.get(&key) {
                None => {
                    places.insert(key.clone(), found.len());
                    found.push((key, value));
                }
                Some(&place) => {
                    if let Some((_, first)) = found.get_mut(place) {
                        *first = Tree::Impossible("this key is given twice");
                    }
                }
            }
        }
        Ok(Tree::Entries(found))
    }
}
