//! A serde deserializer over a parsed document whose faults know their place.

use std::collections::HashSet;

use serde::de::value::{MapAccessDeserializer, StringDeserializer};
use serde::de::{self, DeserializeSeed, IntoDeserializer as _, Visitor};
use serde::forward_to_deserialize_any;
use toml::Spanned;
use toml::de::DeValue;

use super::PLACEHOLDER;
use super::fault::Fault;

/// What is left out of a round, and what stands in.
#[derive(Debug, Default)]
pub(super) struct Context {
    pub skipped: HashSet<Vec<String>>,
    pub placeholders: HashSet<Vec<String>>,
}

/// A value at its place.
pub(super) struct Node<'d> {
    value: Source<'d>,
    at: Vec<String>,
    context: &'d Context,
}

enum Source<'d> {
    Value(&'d DeValue<'d>),
    Placeholder,
}

/// A table's key at its place.
struct Key {
    name: String,
    at: Vec<String>,
}

impl<'d> Node<'d> {
    pub(super) fn root(value: &'d Spanned<DeValue<'d>>, context: &'d Context) -> Self {
        Self {
            value: Source::Value(value.get_ref()),
            at: Vec::new(),
            context,
        }
    }

    fn inside(&self, step: String) -> Vec<String> {
        let mut at = self.at.clone();
        at.push(step);
        at
    }

    fn entries(&self, table: &'d toml::de::DeTable<'d>) -> Vec<(Key, Node<'d>)> {
        let given = table.iter().filter_map(|(key, value)| {
            let at = self.inside(key.get_ref().to_string());
            let value = Source::Value(value.get_ref());
            (!self.context.skipped.contains(&at)).then_some((at, value))
        });
        let missing = self.context.placeholders_of(&self.at);
        let missing = missing
            .into_iter()
            .map(|name| (self.inside(name), Source::Placeholder));
        given
            .chain(missing)
            .map(|(at, value)| {
                let key = Key {
                    name: at.last().cloned().unwrap_or_default(),
                    at: at.clone(),
                };
                let context = self.context;
                (key, Node { value, at, context })
            })
            .collect()
    }

    fn items(&self, items: &'d toml::de::DeArray<'d>) -> Vec<Node<'d>> {
        let nodes = items.iter().enumerate().map(|(index, item)| Node {
            value: Source::Value(item.get_ref()),
            at: self.inside(index.to_string()),
            context: self.context,
        });
        nodes
            .filter(|node| !self.context.skipped.contains(&node.at))
            .collect()
    }
}

impl<'de> de::Deserializer<'de> for Node<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let result = match self.value {
            Source::Placeholder => visitor.visit_str(PLACEHOLDER),
            Source::Value(DeValue::String(text)) => visitor.visit_str(text),
            Source::Value(DeValue::Boolean(truth)) => visitor.visit_bool(*truth),
            Source::Value(DeValue::Datetime(time)) => visitor.visit_string(time.to_string()),
            Source::Value(DeValue::Integer(number)) => {
                match i64::from_str_radix(number.as_str(), number.radix()) {
                    Ok(number) if number >= 0 => visitor.visit_u64(number.unsigned_abs()),
                    Ok(number) => visitor.visit_i64(number),
                    Err(_) => Err(de::Error::custom("this number is too large")),
                }
            }
            Source::Value(DeValue::Float(number)) => match number.as_str().parse::<f64>() {
                Ok(number) if number.is_finite() => visitor.visit_f64(number),
                _ => Err(de::Error::custom("this is not a finite number")),
            },
            Source::Value(DeValue::Array(items)) => visitor.visit_seq(Items {
                left: self.items(items).into_iter(),
            }),
            Source::Value(DeValue::Table(table)) => {
                visitor.visit_map(Entries::new(self.entries(table)))
            }
        };
        result.map_err(|fault| fault.placed(&self.at))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let result = match self.value {
            Source::Placeholder => {
                let word: StringDeserializer<Fault> = PLACEHOLDER.to_owned().into_deserializer();
                visitor.visit_enum(word)
            }
            Source::Value(DeValue::String(word)) => {
                let word: StringDeserializer<Fault> = word.to_string().into_deserializer();
                visitor.visit_enum(word)
            }
            Source::Value(DeValue::Table(table)) => {
                let entries = Entries::new(self.entries(table));
                visitor.visit_enum(MapAccessDeserializer::new(entries))
            }
            Source::Value(_) => Err(de::Error::custom("this must be a text or a table")),
        };
        result.map_err(|fault| fault.placed(&self.at))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// The entries of a table. A fault that a type finds in a value it was given whole (a name of a wrong
/// form) gets its place here.
struct Entries<'d> {
    left: std::vec::IntoIter<(Key, Node<'d>)>,
    value: Option<Node<'d>>,
}

impl<'d> Entries<'d> {
    fn new(entries: Vec<(Key, Node<'d>)>) -> Self {
        Self {
            left: entries.into_iter(),
            value: None,
        }
    }
}

impl<'de> de::MapAccess<'de> for Entries<'_> {
    type Error = Fault;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Fault> {
        let Some((key, value)) = self.left.next() else {
            return Ok(None);
        };
        let at = key.at.clone();
        self.value = Some(value);
        seed.deserialize(key)
            .map(Some)
            .map_err(|fault| fault.placed(&at))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Fault> {
        let Some(value) = self.value.take() else {
            return Err(de::Error::custom("a value was asked for before its key"));
        };
        let at = value.at.clone();
        seed.deserialize(value).map_err(|fault| fault.placed(&at))
    }
}

/// The items of an array; see [`Entries`].
struct Items<'d> {
    left: std::vec::IntoIter<Node<'d>>,
}

impl<'de> de::SeqAccess<'de> for Items<'_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Fault> {
        let Some(item) = self.left.next() else {
            return Ok(None);
        };
        let at = item.at.clone();
        seed.deserialize(item)
            .map(Some)
            .map_err(|fault| fault.placed(&at))
    }
}

impl<'de> de::Deserializer<'de> for Key {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor
            .visit_str(&self.name)
            .map_err(|fault: Fault| fault.placed(&self.at))
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let name: StringDeserializer<Fault> = self.name.into_deserializer();
        visitor
            .visit_enum(name)
            .map_err(|fault| fault.placed(&self.at))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct seq tuple tuple_struct map struct identifier ignored_any
    }
}
