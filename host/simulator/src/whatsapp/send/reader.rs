//! Reads a message's JSON and refuses what is wrong in the network's words.

use serde_json::{Map, Value};

use crate::graph::GraphError;

/// An object of a message, with its place for errors: `interactive['action']['buttons'][0]`.
#[derive(Debug, Clone)]
pub(crate) struct Object<'a> {
    path: String,
    members: &'a Map<String, Value>,
}

impl<'a> Object<'a> {
    /// The whole message.
    pub(crate) fn whole(members: &'a Map<String, Value>) -> Self {
        Self {
            path: String::new(),
            members,
        }
    }

    /// The place of a member.
    pub(crate) fn place(&self, name: &str) -> String {
        if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}['{name}']", self.path)
        }
    }

    /// Refuses members that are none of these.
    pub(crate) fn only(&self, names: &[&str]) -> Result<(), GraphError> {
        match self
            .members
            .keys()
            .find(|key| !names.contains(&key.as_str()))
        {
            Some(key) => Err(GraphError::parameter(format!(
                "Unexpected key \"{key}\" on param \"{}\".",
                self.path
            ))),
            None => Ok(()),
        }
    }

    /// The refusal of a missing member.
    pub(crate) fn required(&self, name: &str) -> GraphError {
        GraphError::parameter(format!("The parameter {} is required.", self.place(name)))
    }

    /// The refusal of a member that is something else than it should be.
    pub(crate) fn wrong(&self, name: &str, must: &str) -> GraphError {
        GraphError::parameter(format!("Param {} must be {must}.", self.place(name)))
    }

    /// A member that is there.
    pub(crate) fn value(&self, name: &str) -> Option<&'a Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// The object as it came.
    pub(crate) fn json(&self) -> Value {
        Value::Object(self.members.clone())
    }

    pub(crate) fn object(&self, name: &str) -> Result<Option<Self>, GraphError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(Self {
                path: self.place(name),
                members,
            })),
            Some(_) => Err(self.wrong(name, "a JSON object")),
        }
    }

    pub(crate) fn need_object(&self, name: &str) -> Result<Self, GraphError> {
        self.object(name)?.ok_or_else(|| self.required(name))
    }

    /// A list of objects; an absent one is empty.
    pub(crate) fn objects(&self, name: &str) -> Result<Vec<Self>, GraphError> {
        let list = match self.value(name) {
            None => return Ok(Vec::new()),
            Some(Value::Array(list)) => list,
            Some(_) => return Err(self.wrong(name, "an array")),
        };
        let place = self.place(name);
        list.iter()
            .enumerate()
            .map(|(at, one)| match one {
                Value::Object(members) => Ok(Self {
                    path: format!("{place}[{at}]"),
                    members,
                }),
                _ => Err(GraphError::parameter(format!(
                    "Param {place}[{at}] must be a JSON object."
                ))),
            })
            .collect()
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, GraphError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(self.wrong(name, "a string")),
        }
    }

    pub(crate) fn need_text(&self, name: &str) -> Result<&'a str, GraphError> {
        let text = self.text(name)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| self.required(name))
    }

    /// A text of at most so many characters.
    pub(crate) fn short(&self, name: &str, most: usize) -> Result<Option<&'a str>, GraphError> {
        let text = self.text(name)?;
        match text {
            Some(text) if text.chars().count() > most => {
                Err(self.wrong(name, &format!("at most {most} characters long")))
            }
            _ => Ok(text),
        }
    }

    /// A text that has to be there, of at most so many characters.
    pub(crate) fn need_short(&self, name: &str, most: usize) -> Result<&'a str, GraphError> {
        self.need_text(name)?;
        self.short(name, most)?.ok_or_else(|| self.required(name))
    }

    pub(crate) fn truth(&self, name: &str) -> Result<Option<bool>, GraphError> {
        match self.value(name) {
            None => Ok(None),
            Some(Value::Bool(truth)) => Ok(Some(*truth)),
            Some(_) => Err(self.wrong(name, "a boolean")),
        }
    }

    /// A number, which may be written as a text.
    pub(crate) fn need_number(&self, name: &str) -> Result<f64, GraphError> {
        let number = match self.value(name) {
            None => return Err(self.required(name)),
            Some(Value::String(text)) => text.trim().parse().ok(),
            Some(value) => value.as_f64(),
        };
        number
            .filter(|number: &f64| number.is_finite())
            .ok_or_else(|| self.wrong(name, "a number"))
    }

    /// One of some words.
    pub(crate) fn one_of(&self, name: &str, words: &[&str]) -> Result<&'a str, GraphError> {
        let given = self.need_text(name)?;
        if words.iter().any(|word| word.eq_ignore_ascii_case(given)) {
            return Ok(given);
        }
        let words: Vec<String> = words.iter().map(|word| word.to_ascii_uppercase()).collect();
        Err(GraphError::parameter(format!(
            "Param {} must be one of {{{}}} - got \"{given}\".",
            self.place(name),
            words.join(", ")
        )))
    }
}
