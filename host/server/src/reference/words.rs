//! What a JSON schema says, in words.

use serde_json::{Map, Value, json};

/// A schema, with the document that its references lead into. What stands beside a reference goes before
/// what it leads to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Schema<'s> {
    root: &'s Value,
    /// As it is written where it is used.
    outer: &'s Value,
    /// Without references, and without the alternative of being absent.
    inner: &'s Value,
    nullable: bool,
    /// Where it is the key that tells the variants of a table apart: the table, and the key.
    telling: Option<(&'s Value, &'s str)>,
}

impl<'s> Schema<'s> {
    pub(super) fn root(root: &'s Value) -> Self {
        Self::new(root, root)
    }

    fn new(root: &'s Value, outer: &'s Value) -> Self {
        let mut schema = Self {
            root,
            outer,
            inner: outer,
            nullable: false,
            telling: None,
        };
        // References lead to references at most a few times.
        for _ in 0..8 {
            let inner = schema.inner;
            let target = inner["$ref"]
                .as_str()
                .and_then(|to| root.pointer(to.strip_prefix('#')?));
            if let Some(target) = target {
                schema.inner = target;
            } else if let Some(present) = or_nothing(inner) {
                schema.nullable = true;
                schema.inner = present;
                if schema.outer["description"].is_null() {
                    schema.outer = present;
                }
            }
        }
        let types = schema.inner["type"].as_array().into_iter().flatten();
        schema.nullable |= types.clone().any(|kind| kind == "null");
        schema
    }

    fn at(&self, schema: &'s Value) -> Self {
        Self::new(self.root, schema)
    }

    fn kind(&self) -> &'s str {
        let kind = &self.inner["type"];
        let several = kind.as_array().into_iter().flatten();
        let named = several
            .filter_map(Value::as_str)
            .find(|kind| *kind != "null");
        kind.as_str().or(named).unwrap_or_default()
    }

    pub(super) fn is_nullable(&self) -> bool {
        self.nullable
    }

    /// The tables of which it is one.
    fn variants(&self) -> impl Iterator<Item = &'s Value> + use<'s> {
        let variants = self.inner["oneOf"].as_array().into_iter().flatten();
        variants.filter(|variant| variant["properties"].is_object())
    }

    /// The keys of a table; of one that is one of several, those of all.
    pub(super) fn properties(&self) -> Vec<(String, Self)> {
        let mut found: Vec<(String, Self)> = Vec::new();
        for table in std::iter::once(self.inner).chain(self.variants()) {
            for (key, schema) in table["properties"].as_object().into_iter().flatten() {
                if found.iter().any(|(known, _)| known == key) {
                    continue;
                }
                let mut property = self.at(schema);
                property.telling = self.variants().next().map(|_| (self.inner, key.as_str()));
                found.push((key.clone(), property));
            }
        }
        found
    }

    pub(super) fn requires(&self, key: &str) -> bool {
        let required = self.inner["required"].as_array().into_iter().flatten();
        required.clone().any(|name| name == key)
    }

    /// Of a table with names of one's own: what each holds, if that is a table.
    pub(super) fn values(&self) -> Option<Self> {
        let values = &self.inner["additionalProperties"];
        let values = values.is_object().then(|| self.at(values))?;
        (!values.properties().is_empty()).then_some(values)
    }

    /// What a list's items are, if they are tables.
    pub(super) fn items(&self) -> Option<Self> {
        let items = &self.inner["items"];
        let items = items.is_object().then(|| self.at(items))?;
        (!items.properties().is_empty()).then_some(items)
    }

    /// Whether it has a heading of its own.
    pub(super) fn is_table(&self) -> bool {
        !self.properties().is_empty() || self.values().is_some() || self.items().is_some()
    }

    /// What it is without a value.
    pub(super) fn empty(&self) -> Option<Value> {
        match self.kind() {
            "array" => Some(json!([])),
            "object" => Some(json!({})),
            _ => None,
        }
    }

    /// What it means.
    pub(super) fn about(&self) -> String {
        let said = |schema: &Value, key: &str| schema[key].as_str().unwrap_or_default().to_owned();
        let mut about = said(self.outer, "description");
        if about.is_empty() {
            about = said(self.outer, "title");
        }
        let inner = said(self.inner, "description");
        // What a table is says more than what it is there for, and may repeat that.
        let is_table = !self.properties().is_empty() && !inner.is_empty();
        if about.is_empty() || (is_table && inner.starts_with(about.trim_end_matches('.'))) {
            about = inner;
        } else if is_table {
            about = format!("{about}\n\n{inner}");
        }
        for variant in self.variants() {
            let modes = variant["properties"].as_object().into_iter().flatten();
            let mode = modes.clone().find_map(|(key, schema)| {
                let word = schema["enum"].get(0)?.as_str()?;
                Some(format!("{key} = \"{word}\""))
            });
            let mode = mode.unwrap_or_default();
            about = format!("{about}\n\n{mode}: {}", said(variant, "description"));
        }
        about.trim().to_owned()
    }

    /// Which names the entries of a table may have.
    pub(super) fn names(&self) -> String {
        let names = self.at(&self.inner["propertyNames"]);
        let pattern = names.inner["pattern"].as_str();
        let form = pattern.map_or_else(String::new, |pattern| format!(", of the form {pattern}"));
        format!("One table for each, under a name of your own{form}.")
    }

    /// Which values it takes, as a sentence.
    pub(super) fn form(&self) -> String {
        let phrase = self.phrase();
        let mut letters = phrase.chars();
        let first = letters.next().map(|c| c.to_uppercase().to_string());
        format!("{}{}.", first.unwrap_or_default(), letters.as_str())
    }

    fn phrase(&self) -> String {
        let inner = self.inner;
        let number = |key: &str| inner[key].as_number().map(ToString::to_string);
        let choices = self.choices();
        if !choices.is_empty() {
            return format!("one of {}", choices.join(", "));
        }
        let above = number("exclusiveMinimum");
        let range = match (number("minimum"), number("maximum")) {
            (None, Some(most)) if above.is_some() => {
                let above = above.unwrap_or_default();
                return format!("a number, more than {above} and at most {most}");
            }
            (Some(least), Some(most)) => format!(" from {least} to {most}"),
            (Some(least), None) if least != "0" || self.kind() == "number" => {
                format!(", at least {least}")
            }
            (None, Some(most)) => format!(", at most {most}"),
            (Some(_) | None, None) => String::new(),
        };
        match self.kind() {
            "boolean" => "true or false".to_owned(),
            "integer" => format!("a whole number{range}"),
            "number" => format!("a number{range}"),
            "string" => match inner["pattern"].as_str() {
                Some(pattern) => format!("a text of the form {pattern}"),
                None => format!("a text{}", self.length("Length", "characters")),
            },
            "array" => format!(
                "a list{}; each: {}",
                self.length("Items", "items"),
                self.at(&inner["items"]).phrase()
            ),
            "object" => {
                let names = &inner["propertyNames"];
                let key = if names.is_object() {
                    self.at(names).phrase()
                } else {
                    "a text".to_owned()
                };
                let value = self.at(&inner["additionalProperties"]).phrase();
                format!("a table; each key: {key}; each value: {value}")
            }
            _ => "a table of the plug-in's own".to_owned(),
        }
    }

    fn length(&self, of: &str, what: &str) -> String {
        let inner = self.inner;
        let bound = |key: &str| inner[format!("{key}{of}")].as_u64();
        match (bound("min"), bound("max")) {
            (Some(least), Some(most)) if least > 0 => format!(" of {least} to {most} {what}"),
            (_, Some(most)) => format!(" of at most {most} {what}"),
            (Some(least), None) if least > 0 => format!(" of at least {least} {what}"),
            _ => String::new(),
        }
    }

    /// The words of which it is one.
    fn choices(&self) -> Vec<String> {
        let Some((table, key)) = self.telling else {
            let words = self.inner["enum"].as_array().into_iter().flatten();
            return words.map(super::inline).collect();
        };
        let variants = self.at(table).variants();
        let words = variants.filter_map(|variant| variant["properties"][key]["enum"].get(0));
        words.map(super::inline).collect()
    }

    /// What stands where it is used, or else where that leads to.
    pub(super) fn said(&self, key: &str) -> Option<&'s Value> {
        self.outer.get(key).or_else(|| self.inner.get(key))
    }

    /// The limits of its numbers, each with a value beyond it; a limit that is no value itself is left out.
    #[cfg(test)]
    pub(super) fn limits(&self) -> Vec<(Option<Value>, Value)> {
        let limit = |key: &str, further: f64, is_value: bool| {
            let limit = self.inner.get(key)?;
            let number = limit.as_f64()?;
            if !is_value {
                return Some((None, limit.clone()));
            }
            if self.kind() == "integer" {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "limits are small whole numbers"
                )]
                let whole = number as i64;
                let beyond = if further < 0.0 { whole - 1 } else { whole + 1 };
                return Some((Some(json!(whole)), json!(beyond)));
            }
            Some((Some(limit.clone()), json!(number + further)))
        };
        let limits = [
            limit("minimum", -0.01, true),
            limit("maximum", 0.01, true),
            limit("exclusiveMinimum", 0.0, false),
        ];
        limits.into_iter().flatten().collect()
    }

    /// Something that it takes: what the schema itself names, or else the first guess that it lets pass.
    pub(super) fn made_up(&self) -> Option<Value> {
        const GUESSES: [&str; 4] = ["example", "100000000000001", "https://example.com", "v1.0"];
        for schema in [self.outer, self.inner] {
            let named = [
                schema["examples"].get(0),
                schema.get("default"),
                schema["enum"].get(0),
            ];
            if let Some(named) = named.into_iter().flatten().next() {
                return Some(named.clone());
            }
        }
        match self.kind() {
            "boolean" => Some(json!(true)),
            "integer" | "number" => Some(self.inner.get("minimum").cloned().unwrap_or(json!(1))),
            "string" if self.inner["format"] == "uri" => Some(json!("https://example.com")),
            "string" => {
                let validator = jsonschema::validator_for(self.inner).ok()?;
                let guesses = GUESSES.into_iter().map(|guess| json!(guess));
                guesses.into_iter().find(|guess| validator.is_valid(guess))
            }
            _ => self.empty(),
        }
    }
}

/// The schema of what is there, where something may be there or not.
fn or_nothing(schema: &Value) -> Option<&Value> {
    let variants = schema["oneOf"].as_array().or(schema["anyOf"].as_array())?;
    let is_nothing = |variant: &&Value| variant["type"] == "null";
    let mut present = variants.iter().filter(|variant| !is_nothing(variant));
    let only = present.next().filter(|_| present.next().is_none());
    only.filter(|_| variants.iter().any(|variant| is_nothing(&variant)))
}

/// A document in which every key of a schema has a value.
pub(super) fn whole(schema: Schema<'_>, default: Option<&Value>, example: Option<&Value>) -> Value {
    if let Some(item) = schema.items() {
        return json!([whole(item, None, example.and_then(|e| e.get(0)))]);
    }
    if let Some(value) = schema.values() {
        let named = example.and_then(Value::as_object).into_iter().flatten();
        let default = default.and_then(|d| d.get("*"));
        let entries =
            named.map(|(name, example)| (name.clone(), whole(value, default, Some(example))));
        return entries.collect::<Map<_, _>>().into();
    }
    let properties = schema.properties();
    if properties.is_empty() {
        let given = example.or(default).filter(|value| !value.is_null());
        return given
            .cloned()
            .or_else(|| schema.empty())
            .unwrap_or(Value::Null);
    }
    let entries = properties.into_iter().map(|(key, property)| {
        let default = default.and_then(|d| d.get(&key));
        let example = example.and_then(|e| e.get(&key));
        let value = whole(property, default, example);
        (key, value)
    });
    let there = entries.filter(|(_, value)| !value.is_null());
    there.collect::<Map<_, _>>().into()
}
