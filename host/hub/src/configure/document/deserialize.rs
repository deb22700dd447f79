//! A serde deserializer over a parsed document whose faults know their place.
//!
//! It is strict where serde's derived code is not: a struct is written as a table and never as an array
//! of its fields' values, every key of it is one of its own, at every level and whether or not its type
//! asks for that, and a value that is one of several is exactly one of them.

use std::cell::RefCell;
use std::collections::HashSet;

use serde::de::value::StringDeserializer;
use serde::de::{self, DeserializeSeed, IntoDeserializer as _, Visitor};
use serde::forward_to_deserialize_any;

use super::fault::{Fault, Found};
use super::tree::Tree;
use super::{Keys, PLACEHOLDER};

/// What is left out of a round, what stands in, and, if somebody wants to know, what was looked for.
#[derive(Debug, Default)]
pub(super) struct Context {
    pub skipped: HashSet<Vec<String>>,
    pub placeholders: HashSet<Vec<String>>,
    pub keys: Option<RefCell<Keys>>,
}

/// A value at its place.
pub(super) struct Node<'d> {
    value: Source<'d>,
    at: Vec<String>,
    context: &'d Context,
}

enum Source<'d> {
    Value(&'d Tree),
    Placeholder,
}

/// A table's key at its place.
struct Key {
    name: String,
    at: Vec<String>,
}

impl<'d> Node<'d> {
    pub(super) fn root(value: &'d Tree, context: &'d Context) -> Self {
        Self {
            value: Source::Value(value),
            at: Vec::new(),
            context,
        }
    }

    fn inside(&self, step: String) -> Vec<String> {
        let mut at = self.at.clone();
        at.push(step);
        at
    }

    fn entries(&self, table: &'d [(String, Tree)]) -> Vec<(Key, Node<'d>)> {
        let given = table.iter().filter_map(|(key, value)| {
            let at = self.inside(key.clone());
            (!self.context.skipped.contains(&at)).then_some((at, Source::Value(value)))
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

    fn items(&self, items: &'d [Tree]) -> Vec<Node<'d>> {
        let nodes = items.iter().enumerate().map(|(index, item)| Node {
            value: Source::Value(item),
            at: self.inside(index.to_string()),
            context: self.context,
        });
        nodes
            .filter(|node| !self.context.skipped.contains(&node.at))
            .collect()
    }

    /// What stands here, for a sentence about it.
    fn found(&self) -> Found {
        match self.value {
            Source::Placeholder => Found::Text,
            Source::Value(value) => match value {
                Tree::Null => Found::Nothing,
                Tree::Truth(_) => Found::Truth,
                Tree::Whole(_) | Tree::Large(_) => Found::Whole,
                Tree::Number(_) => Found::Number,
                Tree::Text(_) => Found::Text,
                Tree::Items(_) => Found::Items,
                Tree::Entries(_) => Found::Entries,
                Tree::Impossible(_) => Found::Other,
            },
        }
    }

    /// The one entry of a table of one entry: how a value that is one of several carries more.
    fn only_entry(&self, table: &'d [(String, Tree)]) -> Result<(Key, Node<'d>), Fault> {
        let mut entries = self.entries(table).into_iter();
        match (entries.next(), entries.next()) {
            (Some(only), None) => Ok(only),
            (None, _) => Err(de::Error::custom("this must have one key")),
            (Some(_), Some((second, _))) => {
                let fault: Fault = de::Error::custom("this must have one key only");
                Err(fault.placed(&second.at))
            }
        }
    }
}

/// Whether one of several is wanted whose tag stands among its other keys. Nothing else of what serde hands
/// over tells.
fn expects_tagged<'de, V: Visitor<'de>>(visitor: &V) -> bool {
    let wanted: &dyn de::Expected = visitor;
    wanted.to_string().starts_with("internally tagged enum")
}

impl<'de> de::Deserializer<'de> for Node<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        let result = match self.value {
            Source::Placeholder => visitor.visit_str(PLACEHOLDER),
            Source::Value(value) => match value {
                Tree::Null => visitor.visit_unit(),
                Tree::Truth(truth) => visitor.visit_bool(*truth),
                Tree::Whole(number) => match u64::try_from(*number) {
                    Ok(number) => visitor.visit_u64(number),
                    Err(_) => visitor.visit_i64(*number),
                },
                Tree::Large(number) => visitor.visit_u64(*number),
                Tree::Number(number) => visitor.visit_f64(*number),
                Tree::Text(text) => visitor.visit_str(text),
                // A list whose first entry is the tag would be taken as well, and no list is an object.
                Tree::Items(_) if expects_tagged(&visitor) => {
                    Err(Fault::of_type(Found::Entries, Found::Items))
                }
                Tree::Items(items) => visitor.visit_seq(Items {
                    left: self.items(items).into_iter(),
                }),
                Tree::Entries(table) => visitor.visit_map(Entries::new(self.entries(table))),
                Tree::Impossible(why) => Err(de::Error::custom(why)),
            },
        };
        result.map_err(|fault| fault.placed(&self.at))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self.value {
            Source::Value(Tree::Null) => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        if let Some(keys) = &self.context.keys {
            keys.borrow_mut().insert(self.at.clone(), fields);
        }
        match self.value {
            Source::Value(Tree::Entries(table)) => {
                let entries = self.entries(table);
                let stranger = entries
                    .iter()
                    .find(|(key, _)| !fields.contains(&key.name.as_str()));
                if let Some((stranger, _)) = stranger {
                    let fault: Fault = de::Error::unknown_field(&stranger.name, fields);
                    return Err(fault.placed(&stranger.at));
                }
                let result = visitor.visit_map(Entries::new(entries));
                result.map_err(|fault| fault.placed(&self.at))
            }
            Source::Value(Tree::Impossible(_)) => self.deserialize_any(visitor),
            _ => {
                let fault = Fault::of_type(Found::Entries, self.found());
                Err(fault.placed(&self.at))
            }
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        if let Source::Value(Tree::Entries(_) | Tree::Impossible(_)) = self.value {
            return self.deserialize_any(visitor);
        }
        let fault = Fault::of_type(Found::Entries, self.found());
        Err(fault.placed(&self.at))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        let choice = match self.value {
            Source::Placeholder => Choice::word(PLACEHOLDER, &self.at),
            Source::Value(Tree::Text(word)) => Choice::word(word, &self.at),
            Source::Value(Tree::Entries(table)) => {
                let (key, value) = self
                    .only_entry(table)
                    .map_err(|fault| fault.placed(&self.at))?;
                Choice {
                    key,
                    value: Some(value),
                }
            }
            Source::Value(Tree::Impossible(_)) => return self.deserialize_any(visitor),
            Source::Value(_) => {
                let fault = Fault::of_type(Found::Text, self.found());
                return Err(fault.placed(&self.at));
            }
        };
        visitor
            .visit_enum(choice)
            .map_err(|fault| fault.placed(&self.at))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct identifier ignored_any
    }
}

/// One of several: a word, or a key with what it carries.
struct Choice<'d> {
    key: Key,
    value: Option<Node<'d>>,
}

impl Choice<'_> {
    fn word(word: &str, at: &[String]) -> Self {
        Self {
            key: Key {
                name: word.to_owned(),
                at: at.to_vec(),
            },
            value: None,
        }
    }
}

/// What the chosen one carries.
struct Carried<'d> {
    word: String,
    value: Option<Node<'d>>,
}

impl<'d> Carried<'d> {
    fn must(self) -> Result<Node<'d>, Fault> {
        let word = self.word;
        self.value
            .ok_or_else(|| Fault::bare_word(&word.chars().take(60).collect::<String>()))
    }
}

impl<'de, 'd> de::EnumAccess<'de> for Choice<'d> {
    type Error = Fault;
    type Variant = Carried<'d>;

    fn variant_seed<V: DeserializeSeed<'de>>(
        self,
        seed: V,
    ) -> Result<(V::Value, Self::Variant), Fault> {
        let (at, word) = (self.key.at.clone(), self.key.name.clone());
        let chosen = seed.deserialize(self.key);
        let chosen = chosen.map_err(|fault| fault.placed(&at))?;
        let value = self.value;
        Ok((chosen, Carried { word, value }))
    }
}

impl<'de> de::VariantAccess<'de> for Carried<'_> {
    type Error = Fault;

    fn unit_variant(self) -> Result<(), Fault> {
        match self.value {
            None => Ok(()),
            Some(node) if matches!(node.value, Source::Value(Tree::Null)) => Ok(()),
            Some(node) => {
                let fault: Fault = de::Error::custom(format!(
                    "\"{}\" carries nothing: write only the word",
                    self.word
                ));
                Err(fault.placed(&node.at))
            }
        }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Fault> {
        seed.deserialize(self.must()?)
    }

    fn tuple_variant<V: Visitor<'de>>(self, length: usize, visitor: V) -> Result<V::Value, Fault> {
        de::Deserializer::deserialize_tuple(self.must()?, length, visitor)
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        de::Deserializer::deserialize_struct(self.must()?, "", fields, visitor)
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
