//! The networks' OpenAPI documents, and whether a request holds to one.
//!
//! The documents lie beside the workspace on some machines only, and no copy of them is kept here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use anyhow::{Context as _, Result, anyhow};
use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};
use url::Url;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/platforms/specs");

/// An OpenAPI document.
pub struct Specification {
    document: Value,
    operations: Vec<Operation>,
}

/// A method on a path.
struct Operation {
    method: String,
    /// The path's parts; `None` for a parameter.
    parts: Vec<Option<String>>,
    /// As the document writes the path.
    path: String,
    query: BTreeMap<String, Parameter>,
    /// The request's body by media type.
    bodies: Map<String, Value>,
    body_required: bool,
}

struct Parameter {
    schema: Value,
    required: bool,
}

/// A request to check.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// The whole address.
    pub url: &'a Url,
    /// The JSON body; `Null` for none.
    pub json: &'a Value,
    /// The names of the parts, if the body is a form.
    pub form: Option<&'a [String]>,
}

impl Specification {
    /// X's API, if this machine has the document.
    pub fn x() -> Result<Option<Self>> {
        Self::read("x/x-api-v2.xdk-2.159.openapi.json")
    }

    /// WhatsApp's Cloud API, if this machine has the document.
    pub fn whatsapp() -> Result<Option<Self>> {
        Self::read("meta/business-messaging-api_v23.0.yaml")
    }

    /// A document of the folder. Without it, one printed line tells that the check was skipped.
    fn read(file: &str) -> Result<Option<Self>> {
        let path = PathBuf::from(FOLDER).join(file);
        if !path.exists() {
            println!("skipped: there is no {file} here");
            return Ok(None);
        }
        let text = std::fs::read_to_string(&path)?;
        // JSON is YAML, but its own reader is much faster.
        let document = match path.extension() {
            Some(extension) if extension == "json" => serde_json::from_str(&text)?,
            _ => {
                serde_saphyr::from_str_with_options(&text, serde_saphyr::options! { budget: None })
                    .map_err(|error| anyhow!("{file}: {error}"))?
            }
        };
        Self::of(document)
            .map(Some)
            .with_context(|| file.to_owned())
    }

    /// Reads the operations of a document.
    pub fn of(mut document: Value) -> Result<Self> {
        allow_what_is_joined(&mut document);
        let mut operations = Vec::new();
        let paths = document["paths"].as_object().context("no paths")?;
        for (path, item) in paths {
            let item = resolved(&document, item)?;
            for (method, operation) in item.as_object().into_iter().flatten() {
                if ["get", "post", "put", "delete", "patch"].contains(&method.as_str()) {
                    operations.push(read_operation(&document, path, method, item, operation)?);
                }
            }
        }
        Ok(Self {
            document,
            operations,
        })
    }

    /// What is wrong with a request; nothing if it holds to an operation of the document.
    ///
    /// Where several operations have such a path, it is the one that suits best.
    pub fn problems(&self, request: Request<'_>) -> Result<Vec<String>> {
        let parts: Vec<&str> = request
            .url
            .path()
            .split('/')
            .filter(|p| !p.is_empty())
            .collect();
        let mut best: Option<Vec<String>> = None;
        for operation in &self.operations {
            if !operation.has_path(&parts) || !operation.method.eq_ignore_ascii_case(request.method)
            {
                continue;
            }
            let mut problems = self.wrong_query(operation, request.url)?;
            problems.extend(self.wrong_body(operation, request)?);
            if best.as_ref().is_none_or(|b| problems.len() < b.len()) {
                best = Some(problems);
            }
        }
        let (method, path) = (request.method, request.url.path());
        Ok(best.unwrap_or_else(|| vec![format!("{method} {path}: there is no such operation")]))
    }

    fn wrong_query(&self, operation: &Operation, url: &Url) -> Result<Vec<String>> {
        let mut problems = Vec::new();
        let given: Vec<(String, String)> = url.query_pairs().into_owned().collect();
        for (name, value) in &given {
            let Some(parameter) = operation.query.get(name) else {
                problems.push(format!("{}: no parameter {name}", operation.path));
                continue;
            };
            let schema = resolved(&self.document, &parameter.schema)?;
            let value = read_as(&self.document, schema, value)?;
            problems.extend(self.wrong(&format!("?{name}"), schema, &value)?);
        }
        for (name, parameter) in &operation.query {
            if parameter.required && !given.iter().any(|(given, _)| given == name) {
                problems.push(format!("{}: {name} is missing", operation.path));
            }
        }
        Ok(problems)
    }

    fn wrong_body(&self, operation: &Operation, request: Request<'_>) -> Result<Vec<String>> {
        if let Some(names) = request.form {
            let Some(form) = operation.bodies.get("multipart/form-data") else {
                return Ok(vec![format!("{}: it takes no form", operation.path)]);
            };
            return self.wrong_form(operation, &form["schema"], names);
        }
        let json = operation.bodies.get("application/json");
        match (json, request.json) {
            (None, Value::Null) => Ok(Vec::new()),
            (None, _) => Ok(vec![format!("{}: it takes no JSON", operation.path)]),
            (Some(_), Value::Null) if operation.body_required => {
                Ok(vec![format!("{}: the body is missing", operation.path)])
            }
            (Some(_), Value::Null) => Ok(Vec::new()),
            (Some(media), body) => self.wrong(&operation.path, &media["schema"], body),
        }
    }

    fn wrong_form(
        &self,
        operation: &Operation,
        schema: &Value,
        names: &[String],
    ) -> Result<Vec<String>> {
        let schema = resolved(&self.document, schema)?;
        let mut known = BTreeSet::new();
        self.add_members(schema, &mut known)?;
        let unknown = names
            .iter()
            .filter(|name| !known.contains(name.as_str()))
            .map(|name| format!("{}: the form has no {name}", operation.path));
        let required = schema["required"].as_array().into_iter().flatten();
        let missing = required
            .filter_map(Value::as_str)
            .filter(|required| !names.iter().any(|name| name == required))
            .map(|name| format!("{}: {name} is missing from the form", operation.path));
        Ok(unknown.chain(missing).collect())
    }

    /// Adds the names of a schema's members, also of those that are joined or to choose from.
    fn add_members<'a>(&'a self, schema: &'a Value, to: &mut BTreeSet<&'a str>) -> Result<()> {
        let schema = resolved(&self.document, schema)?;
        let own = schema["properties"].as_object().into_iter().flatten();
        to.extend(own.map(|(name, _)| name.as_str()));
        for word in ["allOf", "anyOf", "oneOf"] {
            for part in schema[word].as_array().into_iter().flatten() {
                self.add_members(part, to)?;
            }
        }
        Ok(())
    }

    fn wrong(&self, at: &str, schema: &Value, value: &Value) -> Result<Vec<String>> {
        let mut schema = resolved(&self.document, schema)?;
        let chosen;
        // The one schema that a member names tells more than that none of many suits.
        if let Some(member) = schema["discriminator"]["propertyName"].as_str() {
            let mapping = &schema["discriminator"]["mapping"];
            let Some(reference) = value[member].as_str().and_then(|name| mapping.get(name)) else {
                return Ok(vec![format!("{at}: {member} names no kind")]);
            };
            chosen = json!({ "$ref": reference });
            schema = &chosen;
        }
        let validator = self.validator(schema)?;
        Ok(validator
            .iter_errors(value)
            .map(|error| format!("{at}{}: {}", error.instance_path(), error.masked()))
            .collect())
    }

    fn validator(&self, schema: &Value) -> Result<Validator> {
        let whole = json!({ "allOf": [schema], "components": self.document["components"] });
        jsonschema::options()
            .with_draft(Draft::Draft202012)
            .build(&whole)
            .map_err(|error| anyhow!("the document's schema cannot be used: {error}"))
    }
}

impl Operation {
    fn has_path(&self, parts: &[&str]) -> bool {
        self.parts.len() == parts.len()
            && self
                .parts
                .iter()
                .zip(parts)
                .all(|(own, given)| own.as_deref().is_none_or(|own| own == *given))
    }
}

fn read_operation(
    document: &Value,
    path: &str,
    method: &str,
    item: &Value,
    operation: &Value,
) -> Result<Operation> {
    let parts = path.split('/').filter(|p| !p.is_empty());
    let mut query = BTreeMap::new();
    let lists = [&item["parameters"], &operation["parameters"]];
    for parameter in lists.into_iter().filter_map(Value::as_array).flatten() {
        let parameter = resolved(document, parameter)?;
        if parameter["in"] == "query" {
            let name = parameter["name"].as_str().context("a nameless parameter")?;
            let read = Parameter {
                schema: parameter["schema"].clone(),
                required: parameter["required"] == true,
            };
            query.insert(name.to_owned(), read);
        }
    }
    let body = resolved(document, &operation["requestBody"])?;
    Ok(Operation {
        method: method.to_owned(),
        parts: parts
            .map(|part| (!part.starts_with('{')).then(|| part.to_owned()))
            .collect(),
        path: path.to_owned(),
        query,
        bodies: body["content"].as_object().cloned().unwrap_or_default(),
        body_required: body["required"] == true,
    })
}

/// Some documents join schemas with `allOf`, and close one of them by `additionalProperties`: taken by
/// the letter, it forbids what the others ask for. The whole is closed instead.
fn allow_what_is_joined(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            let joined = members.get_mut("allOf").and_then(Value::as_array_mut);
            let mut closed = false;
            for part in joined
                .into_iter()
                .flatten()
                .filter_map(Value::as_object_mut)
            {
                if part.get("additionalProperties") == Some(&Value::Bool(false)) {
                    part.remove("additionalProperties");
                    closed = true;
                }
            }
            if closed {
                members.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
            }
            members.values_mut().for_each(allow_what_is_joined);
        }
        Value::Array(items) => items.iter_mut().for_each(allow_what_is_joined),
        _ => {}
    }
}

/// What a value's `$ref` names, or the value itself.
fn resolved<'a>(document: &'a Value, value: &'a Value) -> Result<&'a Value> {
    let Some(reference) = value["$ref"].as_str() else {
        return Ok(value);
    };
    let pointer = reference.strip_prefix('#').context("a foreign reference")?;
    let named = document
        .pointer(pointer)
        .with_context(|| format!("{reference} names nothing"))?;
    resolved(document, named)
}

/// A query's text as the JSON that a schema describes: lists are joined by commas.
fn read_as(document: &Value, schema: &Value, text: &str) -> Result<Value> {
    let schema = resolved(document, schema)?;
    Ok(match schema["type"].as_str() {
        Some("array") => text
            .split(',')
            .map(|item| read_as(document, &schema["items"], item))
            .collect::<Result<_>>()?,
        Some("integer" | "number" | "boolean") => {
            serde_json::from_str(text).unwrap_or_else(|_| text.into())
        }
        _ => text.into(),
    })
}
