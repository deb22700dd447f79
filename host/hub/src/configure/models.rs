//! Puts trained models into analyzers' configurations.
//!
//! A model is a file `NAME.model` in the folder `models` of the data folder. Where a plug-in's schema says
//! `"format": "model"` of a property, the site file has the name, and the plug-in gets the file's bytes in
//! Base64. What is stored and shown stays the name.

use std::io;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The folder of the models in the data folder.
pub const MODELS: &str = "models";
/// How a model's file is called after its name.
const MODEL_SUFFIX: &str = ".model";
/// A model is at most so large: each warm instance of its analyzer holds it.
const LARGEST: u64 = 8 << 20;
/// So many hexadecimal digits of its SHA-256 tell a model from its other versions.
const DIGITS: usize = 12;

/// The file of a model.
pub fn model_file(data: &Path, name: &str) -> PathBuf {
    data.join(MODELS).join(format!("{name}{MODEL_SUFFIX}"))
}

/// A configuration with its models.
pub(super) struct WithModels {
    /// The configuration as the plug-in gets it.
    pub config: Value,
    /// Which models these are, each with the beginning of its SHA-256.
    pub models: Vec<String>,
}

/// Puts models in the place of their names, or says of which keys that cannot be done, why, and what to do.
pub(super) fn with_models(
    schema: &Value,
    mut config: Value,
    data: &Path,
) -> Result<WithModels, Vec<(String, String)>> {
    let mut models = Vec::new();
    let mut problems = Vec::new();
    for key in model_keys(schema) {
        let Some(Value::String(name)) = config.get(&key) else {
            continue;
        };
        match read(data, name) {
            Ok((text, version)) => {
                models.push(format!("{name}@{version}"));
                if let Some(place) = config.get_mut(&key) {
                    *place = Value::String(text);
                }
            }
            Err(problem) => problems.push((key, problem)),
        }
    }
    if problems.is_empty() {
        Ok(WithModels { config, models })
    } else {
        Err(problems)
    }
}

/// The names of the models that a configuration names.
pub(super) fn named_models(schema: &Value, config: &Value) -> Vec<String> {
    let keys = model_keys(schema).into_iter();
    let named = keys.filter_map(|key| config.get(&key)?.as_str().map(str::to_owned));
    named.collect()
}

/// The properties of a configuration that name a model.
fn model_keys(schema: &Value) -> Vec<String> {
    let properties = schema.get("properties").and_then(Value::as_object);
    let is_model =
        |property: &Value| property.get("format").and_then(Value::as_str) == Some("model");
    let all = properties.into_iter().flatten();
    all.filter(|(_, property)| is_model(property))
        .map(|(key, _)| key.clone())
        .collect()
}

/// A model in Base64, and the beginning of its SHA-256.
fn read(data: &Path, name: &str) -> Result<(String, String), String> {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.is_empty() || name.starts_with('.') || !name.chars().all(is_name) {
        return Err(format!(
            "\"{name}\" is no name of a model: one has letters, digits, \"-\", \"_\" and \".\", and its file is {}",
            model_file(data, "NAME").display()
        ));
    }
    let file = model_file(data, name);
    let told = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => format!(
            "there is no model \"{name}\"; `linecard train` writes one, to be put at {}",
            file.display()
        ),
        _ => format!("{} cannot be read: {error}", file.display()),
    };
    let size = file.metadata().map_err(told)?.len();
    if size > LARGEST {
        return Err(format!(
            "{} has {size} bytes, and a model has at most {LARGEST}; train it with less quality",
            file.display()
        ));
    }
    let bytes = std::fs::read(&file).map_err(told)?;
    let mut version = hex::encode(Sha256::digest(&bytes));
    version.truncate(DIGITS);
    Ok((STANDARD.encode(bytes), version))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn schema() -> Value {
        json!({ "properties": { "model": { "type": "string", "format": "model" }, "other": { "type": "string" } } })
    }

    #[test]
    fn a_name_becomes_the_bytes() {
        let data = tempfile::tempdir().unwrap();
        std::fs::create_dir(data.path().join(MODELS)).unwrap();
        std::fs::write(model_file(data.path(), "complaints"), b"bytes").unwrap();
        let config = json!({ "model": "complaints", "other": "complaints" });
        assert_eq!(named_models(&schema(), &config), ["complaints"]);
        let Ok(with) = with_models(&schema(), config, data.path()) else {
            panic!("it is there");
        };
        assert_eq!(
            with.config,
            json!({ "model": "Ynl0ZXM=", "other": "complaints" })
        );
        assert_eq!(with.models, ["complaints@277089d91c0b"]);
    }

    #[test]
    fn what_is_no_model_is_told_with_its_place() {
        let data = tempfile::tempdir().unwrap();
        for (name, told) in [
            ("missing", "linecard train"),
            ("../key", "no name of a model"),
            ("", "no name of a model"),
            (".hidden", "no name of a model"),
            ("a/b", "no name of a model"),
        ] {
            let Err(problems) = with_models(&schema(), json!({ "model": name }), data.path())
            else {
                panic!("{name:?} was taken");
            };
            assert_eq!(problems[0].0, "model");
            assert!(problems[0].1.contains(told), "{problems:?}");
        }
    }
}
