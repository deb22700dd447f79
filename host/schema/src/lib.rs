//! Checking a configuration against a manifest's JSON Schema: as the hub does it, and as a plug-in's own
//! tests do it without a sandbox.

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, ValidationError, Validator};
use linecard_model::platform::ConfigProblem;
use serde_json::Value;

/// A validator for a schema, or why it is not one. References to other documents are not followed.
pub fn validator(schema: &Value) -> Result<Validator, String> {
    if !schema.is_object() {
        return Err("it is not a JSON object".to_owned());
    }
    jsonschema::options()
        .with_draft(Draft::Draft202012)
        .build(schema)
        .map_err(|error| error.to_string())
}

/// Checks a configuration against a manifest's schema, after filling in the schema's defaults for
/// what is absent. Gives the configuration to pass on, or every problem with where it is.
pub fn check_config(schema: &Value, config: &Value) -> Result<Value, Vec<ConfigProblem>> {
    let validator = validator(schema).map_err(|text| {
        vec![ConfigProblem {
            pointer: String::new(),
            text: format!("the plug-in's schema cannot be used: {text}"),
        }]
    })?;
    let mut filled = config.clone();
    fill_defaults(schema, &mut filled);
    let problems: Vec<ConfigProblem> = validator
        .iter_errors(&filled)
        .map(|error| ConfigProblem {
            pointer: error.instance_path().to_string(),
            text: match explained(schema, &error) {
                Some(description) => format!("{error} ({description})"),
                None => error.to_string(),
            },
        })
        .collect();
    if problems.is_empty() {
        Ok(filled)
    } else {
        Err(problems)
    }
}

/// What the schema says to people about the property that is missing or wrong: where they find its
/// value.
fn explained<'a>(schema: &'a Value, error: &ValidationError<'_>) -> Option<&'a str> {
    let path = error.schema_path().to_string();
    let (parent, _) = path.rsplit_once('/')?;
    let mut property = schema.pointer(parent)?;
    if let ValidationErrorKind::Required { property: name } = error.kind() {
        property = property.get("properties")?.get(name.as_str()?)?;
    } else if parent.is_empty() {
        // The schema as a whole describes the connector, not a value.
        return None;
    }
    property.get("description")?.as_str()
}

/// Fills in the defaults of `properties`, and those of the objects and list items below them.
/// Defaults inside `anyOf`, `$ref` and the like are left alone: which branch holds is not known.
fn fill_defaults(schema: &Value, value: &mut Value) {
    if let (Some(Value::Object(properties)), Value::Object(fields)) =
        (schema.get("properties"), &mut *value)
    {
        for (name, property) in properties {
            if let (false, Some(default)) = (fields.contains_key(name), property.get("default")) {
                fields.insert(name.clone(), default.clone());
            }
            if let Some(field) = fields.get_mut(name) {
                fill_defaults(property, field);
            }
        }
    }
    if let (Some(items), Value::Array(list)) = (schema.get("items"), value) {
        for item in list {
            fill_defaults(items, item);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn defaults_are_filled_in_and_problems_say_where() {
        let schema = json!({
            "type": "object",
            "required": ["page"],
            "additionalProperties": false,
            "properties": {
                "page": {"type": "string"},
                "limit": {"type": "integer", "default": 5, "minimum": 1},
                "lists": {"type": "array", "default": [], "items": {
                    "type": "object", "properties": {"on": {"type": "boolean", "default": true}}
                }}
            }
        });
        assert_eq!(
            check_config(&schema, &json!({"page": "1", "lists": [{}]})).unwrap(),
            json!({"page": "1", "limit": 5, "lists": [{"on": true}]})
        );
        let problems = check_config(&schema, &json!({"page": 1, "limit": 0})).unwrap_err();
        let mut pointers: Vec<_> = problems.iter().map(|p| p.pointer.as_str()).collect();
        pointers.sort_unstable();
        assert_eq!(pointers, ["/limit", "/page"]);
        assert!(check_config(&schema, &json!({"page": "1", "nonsense": 1})).is_err());
    }

    #[test]
    fn a_problem_says_where_people_find_the_value() {
        let schema = json!({
            "description": "A channel.",
            "type": "object",
            "required": ["page"],
            "additionalProperties": false,
            "properties": {"page": {"type": "string", "pattern": "^[0-9]+$", "description": "Look there."}}
        });
        let text = |config: Value| check_config(&schema, &config).unwrap_err()[0].text.clone();
        assert!(text(json!({})).ends_with("required property (Look there.)"));
        assert!(text(json!({"page": "x"})).ends_with("(Look there.)"));
        assert!(!text(json!({"page": "1", "more": 1})).contains("A channel."));
    }

    #[test]
    fn a_schema_that_points_elsewhere_is_refused() {
        assert!(validator(&json!({"$ref": "https://example.com/schema.json"})).is_err());
        assert!(validator(&json!({"$ref": "file:///etc/passwd"})).is_err());
        assert!(validator(&json!({"type": "no-such-type"})).is_err());
        assert!(validator(&json!(true)).is_err());
    }
}
