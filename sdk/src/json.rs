//! What networks send, read leniently: the one reader for payloads and answers.
//!
//! Strict JSON readers lose a whole delivery for half an emoji in one name. Here a text is **mended**
//! first ([`mend`]), taken apart into [`Part`]s that are read one by one, so that what is wrong with one
//! costs no other, and asked for its members through [`Lenient`]: `null` is absent, numbers may be
//! written as texts and texts as numbers, and what has another form than the one asked for is not there.
//!
//! ```
//! use linecard_sdk::json::{self, Lenient as _};
//!
//! let body = r#"{"items":[{"id":17,"text":"ab\ud83d","seen":"true","reply_to":null},"what?"]}"#;
//! let document = json::Document::read(body.as_bytes()).unwrap();
//! let items = document.part().list("items");
//! assert_eq!(items.len(), 2);
//! let item = items[0].value();
//! assert_eq!(item.text("id").as_deref(), Some("17"));
//! assert_eq!(item.text("text").as_deref(), Some("ab\u{fffd}"));
//! assert_eq!(item.flag("seen"), Some(true));
//! assert!(item.get("reply_to").is_none());
//! assert_eq!(items[1].value().text("id"), None);
//! ```

mod lenient;
mod mend;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

pub use lenient::{Lenient, as_count, as_flag, as_number, as_text, as_time};
pub use mend::mend;

/// What a network sent as JSON, mended and found to be one whole value.
#[derive(Debug, Clone)]
pub struct Document<'b>(Cow<'b, str>);

/// Why something is not JSON, even leniently.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotJson {
    /// What is wrong, and where.
    pub text: String,
}

impl<'b> Document<'b> {
    /// Mends the bytes and checks that they are one JSON value with nothing behind it.
    pub fn read(bytes: &'b [u8]) -> Result<Self, NotJson> {
        let text = mend(bytes);
        match serde_json::from_str::<&RawValue>(&text) {
            Ok(_) => Ok(Document(text)),
            Err(error) => Err(NotJson {
                text: error.to_string(),
            }),
        }
    }

    /// The whole, as a part.
    pub fn part(&self) -> Part<'_> {
        Part(self.0.trim())
    }

    /// What it says, without members that are null.
    pub fn value(&self) -> Value {
        self.part().value()
    }

    /// The mended text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The same with a text of its own.
    pub fn into_owned(self) -> Document<'static> {
        Document(Cow::Owned(self.0.into_owned()))
    }
}

/// A part of a document: the text in which it came (mended), and what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'d>(&'d str);

impl<'d> Part<'d> {
    /// The text, for [`Event::raw`](crate::events::Event::raw).
    pub fn raw(self) -> &'d str {
        self.0
    }

    /// What it says, without members that are null: null is absent, everywhere.
    pub fn value(self) -> Value {
        let mut value = serde_json::from_str(self.0).unwrap_or_default();
        without_nulls(&mut value);
        value
    }

    /// Its members and what they say; `None` if it is no object. An array is never taken for one.
    pub fn object(self) -> Option<Map<String, Value>> {
        match self.value() {
            Value::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Its members as parts, those that are null left out; none if it is no object. Of two members
    /// with one name the last counts.
    pub fn members(self) -> BTreeMap<String, Part<'d>> {
        serde_json::from_str::<BTreeMap<String, &'d RawValue>>(self.0)
            .unwrap_or_default()
            .into_iter()
            .map(|(name, raw)| (name, Part(raw.get())))
            .filter(|(_, part)| !part.is_null())
            .collect()
    }

    /// A member; `None` if it is absent or null.
    pub fn get(self, name: &str) -> Option<Part<'d>> {
        self.members().remove(name)
    }

    /// The elements of a list; `None` if it is none.
    pub fn elements(self) -> Option<Vec<Part<'d>>> {
        let list = serde_json::from_str::<Vec<&'d RawValue>>(self.0).ok()?;
        Some(list.into_iter().map(|raw| Part(raw.get())).collect())
    }

    /// The elements of a member that is a list. A member that is something else is taken for its only
    /// element, so that it is read or kept and not lost.
    pub fn list(self, name: &str) -> Vec<Part<'d>> {
        self.get(name).map(Part::each).unwrap_or_default()
    }

    /// The elements of a list, or the part itself if it is none.
    pub fn each(self) -> Vec<Part<'d>> {
        self.elements().unwrap_or_else(|| vec![self])
    }

    /// Whether it is an object.
    pub fn is_object(self) -> bool {
        self.0.starts_with('{')
    }

    fn is_null(self) -> bool {
        self.0 == "null"
    }
}

fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(without_nulls);
        }
        Value::Array(elements) => elements.iter_mut().for_each(without_nulls),
        _ => {}
    }
}
