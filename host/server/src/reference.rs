//! A reference of all keys of `linecard.toml` and `site.toml`: each as a file in which every setting is
//! commented out, with its meaning, its form and its default.
//!
//! Nothing in it is kept by hand. Which keys there are, and in which order, is asked of the reader itself;
//! what they mean and which values they take are the doc comments and attributes of the types that are
//! read, and the schemas in the plug-ins' manifests; defaults are those of the code. Only what has no
//! default has a value in one of the two example files beside this.

mod plugins;
mod site;
#[cfg(test)]
mod tests;
mod words;

use std::fmt::Write as _;

use anyhow::Context as _;
use linecard_hub::configure::{Keys, keys_of};
use linecard_model::manifest::Manifest;
use linecard_model::site::SiteConfig;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::config::ServerConfig;
pub use plugins::form;
use words::Schema;

const SERVER_HEAD: &str = "How the Linecard process is set up. Every value shown is the default unless it says \
     otherwise; take the \"#\" away to change one, and the \"#\" before the [name] above it. Paths are relative to \
     this file's folder.";
const SITE_HEAD: &str = "What a site consists of: queues, people, machines and channels. `linecard apply site.toml` \
     applies it, also while the hub runs. Every value shown is the default unless it says otherwise; take the \"#\" \
     away to change one, and the \"#\" before the [name] above it. Secrets never stand here: each names its place, \
     as \"env:NAME\", \"file:PATH\", or \"stored\" when the hub keeps it encrypted.";

/// All keys of `linecard.toml`.
pub fn server() -> anyhow::Result<String> {
    let schemas = schemas::<ServerConfig>()?;
    let usual = ServerConfig::default();
    let mut defaults = serde_json::to_value(&usual)?;
    // Where these are when nothing is said follows from the data folder.
    defaults["plugins"] = json!(usual.plugin_folder());
    defaults["key_file"] = json!(usual.key_place());
    let example = toml::from_str(include_str!("reference/linecard.toml"))?;
    let mut file = File::read::<ServerConfig>(&schemas, &defaults, &example)?;
    file.comment(SERVER_HEAD);
    file.table(&[], Schema::root(&schemas), Some(&defaults), Some(&example));
    Ok(file.text)
}

/// All keys of `site.toml`, with those of the channels and analyzers that plug-ins make.
pub fn site<'m>(plugins: impl IntoIterator<Item = &'m Manifest>) -> anyhow::Result<String> {
    let schemas = schemas::<SiteConfig>()?;
    let defaults = site::defaults()?;
    let example = toml::from_str(include_str!("reference/site.toml"))?;
    let mut file = File::read::<SiteConfig>(&schemas, &defaults, &example)?;
    file.comment(SITE_HEAD);
    file.table(&[], Schema::root(&schemas), Some(&defaults), Some(&example));
    for manifest in plugins {
        plugins::describe(&mut file.text, manifest);
    }
    Ok(file.text)
}

/// Both, one after the other.
pub fn both<'m>(plugins: impl IntoIterator<Item = &'m Manifest>) -> anyhow::Result<String> {
    Ok(format!(
        "# ======== linecard.toml ========\n\n{}\n\n# ======== site.toml ========\n\n{}",
        server()?,
        site(plugins)?
    ))
}

/// A type's schema, with those that it refers to where it refers to them.
fn schemas<T: ToSchema>() -> anyhow::Result<Value> {
    let mut parts = Vec::new();
    T::schemas(&mut parts);
    let mut root = serde_json::to_value(T::schema())?;
    let mut all = Map::new();
    for (name, schema) in parts {
        all.insert(name, serde_json::to_value(schema)?);
    }
    root["components"] = json!({ "schemas": all });
    Ok(root)
}

/// A file in the making.
struct File {
    text: String,
    /// In which order the reader declares the keys of each table; by the schema's where it does not read
    /// it, because a plug-in does.
    order: Keys,
}

impl File {
    /// Has the reader read a document in which every key stands.
    fn read<T: DeserializeOwned>(
        schemas: &Value,
        defaults: &Value,
        example: &Value,
    ) -> anyhow::Result<Self> {
        let whole = words::whole(Schema::root(schemas), Some(defaults), Some(example));
        let order = keys_of::<T>(&whole).context("the reference's example is not read")?;
        let text = String::new();
        Ok(Self { text, order })
    }

    /// The keys of a table, in the order of the file.
    fn keys(&self, at: &[String], schema: Schema<'_>) -> Vec<String> {
        match self.order.get(at) {
            Some(keys) => keys.iter().map(|key| (*key).to_owned()).collect(),
            None => schema
                .properties()
                .into_iter()
                .map(|(key, _)| key)
                .collect(),
        }
    }

    /// Lines that are no setting.
    fn comment(&mut self, text: &str) {
        comment(&mut self.text, text);
    }

    /// All keys of a table: first those that stand in it, then the tables in it.
    fn table(
        &mut self,
        at: &[String],
        schema: Schema<'_>,
        default: Option<&Value>,
        example: Option<&Value>,
    ) {
        let properties = schema.properties();
        let mut inner = Vec::new();
        for key in self.keys(at, schema) {
            let Some((_, property)) = properties.iter().find(|(name, _)| *name == key) else {
                // A test holds that there is none such.
                continue;
            };
            let is_required = schema.requires(&key);
            let default = default.and_then(|d| d.get(&key)).filter(|d| !d.is_null());
            let example = example.and_then(|e| e.get(&key));
            if property.is_table() {
                inner.push((key, *property, default, example));
            } else {
                setting(
                    &mut self.text,
                    &key,
                    *property,
                    is_required,
                    default,
                    example,
                );
            }
        }
        for (key, property, default, example) in inner {
            let mut at = at.to_vec();
            at.push(key);
            self.inner(&mut at, property, default, example);
        }
    }

    /// A table in a table, or each of several.
    fn inner(
        &mut self,
        at: &mut Vec<String>,
        schema: Schema<'_>,
        default: Option<&Value>,
        example: Option<&Value>,
    ) {
        if let Some(item) = schema.items() {
            self.heading(&schema.about(), &format!("[[{}]]", path(at)));
            let example = example.and_then(|e| e.get(0));
            at.push("0".to_owned());
            self.table(at, item, None, example);
            at.pop();
            return;
        }
        let Some(value) = schema.values() else {
            self.heading(&schema.about(), &format!("[{}]", path(at)));
            self.table(at, schema, default, example);
            return;
        };
        // One of those that have a name.
        let named = example.and_then(Value::as_object).into_iter().flatten();
        for (name, example) in named.take(1) {
            at.push(name.clone());
            let about = format!("{} {}", schema.about(), schema.names());
            self.heading(about.trim(), &format!("[{}]", path(at)));
            self.table(at, value, default.and_then(|d| d.get("*")), Some(example));
            at.pop();
        }
    }

    fn heading(&mut self, about: &str, name: &str) {
        heading(&mut self.text, about, name);
    }
}

fn heading(text: &mut String, about: &str, name: &str) {
    text.push_str("\n# ----------------------------------------------------------------\n");
    comment(text, about);
    let _ = writeln!(text, "#{name}");
}

/// A key with what it means, which values it takes, and one of them.
fn setting(
    text: &mut String,
    key: &str,
    schema: Schema<'_>,
    is_required: bool,
    default: Option<&Value>,
    example: Option<&Value>,
) {
    let empty = schema.empty();
    // What is optional may be left out, and is empty then if it can be.
    let default = default.or(empty
        .as_ref()
        .filter(|_| !is_required && !schema.is_nullable()));
    let mut form = schema.form();
    let shown = match (default, example) {
        (Some(default), Some(example)) if default != example => {
            let _ = write!(form, " Default {}; for example:", inline(default));
            Some(example)
        }
        (Some(default), _) => Some(default),
        (None, Some(example)) => {
            form.push_str(if is_required {
                " It must be given; for example:"
            } else {
                " Not set by default; for example:"
            });
            Some(example)
        }
        (None, None) => None,
    };
    text.push('\n');
    comment(text, &schema.about());
    comment(text, &form);
    let key = quoted(key);
    let _ = match shown {
        Some(value) => writeln!(text, "#{key} = {}", inline(value)),
        // Nothing that this one takes can be made up.
        None => writeln!(text, "# {key} = …"),
    };
}

/// Writes text as lines of a comment.
fn comment(text: &mut String, about: &str) {
    const WIDTH: usize = 100;
    for paragraph in about.split("\n\n") {
        let mut width = 0;
        for word in paragraph.split_whitespace() {
            let wide = word.chars().count() + 1;
            if width == 0 || width + wide > WIDTH {
                text.push_str(if width == 0 { "#" } else { "\n#" });
                width = 1;
            }
            text.push(' ');
            text.push_str(word);
            width += wide;
        }
        if width > 0 {
            text.push('\n');
        }
    }
}

/// A table's name in its brackets.
fn path(at: &[String]) -> String {
    // Items of a list have no name.
    let names = at.iter().filter(|step| step.parse::<usize>().is_err());
    names.map(|step| quoted(step)).collect::<Vec<_>>().join(".")
}

fn quoted(key: &str) -> String {
    let is_bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    if !key.is_empty() && key.chars().all(is_bare) {
        key.to_owned()
    } else {
        toml::Value::from(key).to_string()
    }
}

/// A value on one line.
fn inline(value: &Value) -> String {
    match value {
        Value::Null => "\"\"".to_owned(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => number.to_string(),
        // In one line, where TOML would take several: escapes are the same in JSON.
        Value::String(text) if text.contains('\n') => value.to_string(),
        Value::String(text) => toml::Value::from(text.as_str()).to_string(),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(inline).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(entries) if entries.is_empty() => "{}".to_owned(),
        Value::Object(entries) => {
            let entries = entries.iter();
            let entries =
                entries.map(|(key, value)| format!("{} = {}", quoted(key), inline(value)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
    }
}
