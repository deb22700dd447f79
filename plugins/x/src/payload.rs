//! Payloads in parts: what a part says, and the text in which it came.

use linecard_sdk::events::Event;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

/// A part of a payload.
#[derive(Clone, Copy)]
pub struct Part<'p>(&'p RawValue);

impl<'p> Part<'p> {
    /// A part that was read with the whole.
    pub fn new(raw: &'p RawValue) -> Self {
        Self(raw)
    }

    /// What it says.
    pub fn value(self) -> Value {
        // What was read as a part of JSON is JSON; a number beyond all bounds is not.
        serde_json::from_str(self.0.get()).unwrap_or_default()
    }

    /// The parts of a list, or the part itself if it is none.
    pub fn each(self) -> Vec<Self> {
        match serde_json::from_str::<Vec<&RawValue>>(self.0.get()) {
            Ok(list) => list.into_iter().map(Self).collect(),
            Err(_) => vec![self],
        }
    }

    /// Gives an event the text in which it came.
    pub fn mark(self, event: Event) -> Event {
        event.raw(self.0.get())
    }
}

/// The list `data` of an answer, in parts.
#[derive(Default, Deserialize)]
pub struct Page<'p> {
    #[serde(borrow)]
    data: Option<&'p RawValue>,
}

impl<'p> Page<'p> {
    /// The parts of an answer; none if there is no list.
    pub fn parts(body: &'p [u8]) -> Vec<Part<'p>> {
        let page: Self = serde_json::from_slice(body).unwrap_or_default();
        page.data.map(Part).map(Part::each).unwrap_or_default()
    }
}
