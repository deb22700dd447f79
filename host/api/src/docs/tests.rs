use std::collections::BTreeSet;
use std::path::Path;

use jsonschema::Draft;
use serde_json::{Value, json};

use super::{api, openapi};
use crate::problem::KINDS;

const METHODS: [&str; 5] = ["get", "put", "post", "delete", "patch"];

/// Every operation, with how a person would name it.
fn operations(description: &Value) -> Vec<(String, String, &Value)> {
    let mut found = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            assert!(
                METHODS.contains(&method.as_str()),
                "{path}: {method} is no method"
            );
            found.push((format!("{method} {path}"), path.clone(), operation));
        }
    }
    assert!(found.len() > 50, "only {} operations", found.len());
    found
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Calls `look` on every object, with its place.
fn walk(value: &Value, place: &str, look: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(members) => {
            look(place, value);
            for (name, member) in members {
                walk(member, &format!("{place}/{name}"), look);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, &format!("{place}/{index}"), look);
            }
        }
        _ => {}
    }
}

#[test]
fn operations_have_ids_of_one_style() {
    let description = openapi();
    assert_eq!(description["openapi"], "3.1.0");
    let tags: BTreeSet<&str> = list(&description["tags"])
        .filter_map(|t| t["name"].as_str())
        .collect();
    let mut seen = BTreeSet::new();
    for (name, _, operation) in operations(&description) {
        let id = operation["operationId"].as_str().unwrap_or_default();
        assert!(seen.insert(id.to_owned()), "{name}: {id} is taken");
        // A verb and what it is done to, such as `acceptOffer`; `signIn` and `signOut` are verbs.
        let words = id.chars().filter(char::is_ascii_uppercase).count();
        assert!(
            id.starts_with(|c: char| c.is_ascii_lowercase())
                && id.chars().all(|c| c.is_ascii_alphabetic())
                && words >= 1,
            "{name}: {id}"
        );
        assert!(
            operation["summary"].as_str().is_some_and(|s| !s.is_empty()),
            "{name}: no summary"
        );
        let own: Vec<&str> = list(&operation["tags"]).filter_map(Value::as_str).collect();
        assert!(
            !own.is_empty() && own.iter().all(|tag| tags.contains(tag)),
            "{name}: {own:?}"
        );
    }
}

#[test]
fn parameters_are_those_of_the_path_and_say_what_they_are() {
    let description = openapi();
    for (name, path, operation) in operations(&description) {
        let in_path: BTreeSet<&str> = path
            .split('/')
            .filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
            .collect();
        let mut declared = BTreeSet::new();
        let mut seen = BTreeSet::new();
        for parameter in list(&operation["parameters"]) {
            let of = parameter["name"].as_str().unwrap();
            let place = parameter["in"].as_str().unwrap();
            assert!(seen.insert((of, place)), "{name}: {of} twice");
            assert!(
                ["path", "query", "header"].contains(&place),
                "{name}: {of} in {place}"
            );
            assert!(parameter["schema"].is_object(), "{name}: {of} has no type");
            let text = parameter["description"].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{name}: {of} has no description");
            if place == "path" {
                assert_eq!(parameter["required"], true, "{name}: {of}");
                declared.insert(of);
            }
        }
        assert_eq!(declared, in_path, "{name}");
    }
}

#[test]
fn every_answer_is_described_with_its_content() {
    let description = openapi();
    for (name, _, operation) in operations(&description) {
        let answers = operation["responses"].as_object().unwrap();
        assert!(
            answers
                .keys()
                .any(|s| s.starts_with('1') || s.starts_with('2')),
            "{name}: no success"
        );
        for (status, answer) in answers {
            let text = answer["description"].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{name}: {status} has no description");
            let content = answer["content"].as_object();
            let types: Vec<&str> = content
                .into_iter()
                .flatten()
                .map(|(t, _)| t.as_str())
                .collect();
            if answer["x-problem-types"].is_array() {
                assert_eq!(types, ["application/problem+json"], "{name}: {status}");
            } else {
                assert!(
                    !types.contains(&"application/problem+json"),
                    "{name}: {status}"
                );
                // What an answer without a body may have.
                let bare = ["101", "204", "304", "412", "416"].contains(&status.as_str());
                assert_eq!(types.is_empty(), bare, "{name}: {status}");
            }
        }
        let is_open = operation["security"] == json!([{}]);
        assert_eq!(is_open, operation["operationId"] == "signIn", "{name}");
        for status in ["401", "500", "503"] {
            assert!(answers.contains_key(status), "{name}: no {status}");
        }
    }
}

#[test]
fn problems_that_operations_name_are_known() {
    let generated = serde_json::to_value(api().split_for_parts().1).unwrap();
    let mut named = 0;
    for (name, _, operation) in operations(&generated) {
        for problem in list(&operation["x-problems"]) {
            named += 1;
            assert!(
                KINDS.iter().any(|kind| problem == kind.name),
                "{name}: {problem}"
            );
        }
    }
    assert!(named > 50, "only {named}");
}

#[test]
fn references_lead_to_types_and_every_type_is_used() {
    let description = openapi();
    let schemas = description["components"]["schemas"].as_object().unwrap();
    let mut used = BTreeSet::new();
    walk(&description, "", &mut |place, value| {
        if let Some(reference) = value["$ref"].as_str() {
            let name = reference.strip_prefix("#/components/schemas/").unwrap();
            assert!(
                schemas.contains_key(name),
                "{place}: {reference} leads nowhere"
            );
            used.insert(name.to_owned());
        }
    });
    let unused: Vec<&String> = schemas
        .keys()
        .filter(|name| !used.contains(*name))
        .collect();
    assert!(unused.is_empty(), "{unused:?} are used by nothing");
    for name in schemas.keys() {
        assert!(name.chars().all(|c| c.is_ascii_alphanumeric()), "{name}");
    }
}

#[test]
fn everything_is_typed() {
    let description = openapi();
    let mut bare = Vec::new();
    walk(&description, "", &mut |place, value| {
        let is_object = value["type"] == "object" || list(&value["type"]).any(|t| t == "object");
        let has_members = ["properties", "additionalProperties", "allOf", "oneOf"];
        // A property may be called `type`.
        if is_object && !has_members.iter().any(|m| !value[*m].is_null()) {
            bare.push(place.to_owned());
        }
        if value["type"] == "array" && value["items"].is_null() {
            bare.push(place.to_owned());
        }
    });
    assert!(bare.is_empty(), "{bare:#?}");
}

#[test]
fn schemas_are_valid_and_examples_fit_them() {
    let description = openapi();
    let components = &description["components"];
    let mut examples = 0;
    let mut check = |place: &str, schema: &Value, example: &Value| {
        let whole = json!({"allOf": [schema], "components": components});
        let validator = jsonschema::options()
            .with_draft(Draft::Draft202012)
            .build(&whole);
        let validator = validator.unwrap_or_else(|error| panic!("{place}: {error}"));
        let errors: Vec<String> = validator
            .iter_errors(example)
            .map(|e| e.to_string())
            .collect();
        assert!(errors.is_empty(), "{place}: {example}: {errors:?}");
        examples += 1;
    };
    for (name, schema) in components["schemas"].as_object().unwrap() {
        jsonschema::draft202012::meta::validate(schema).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
    // Each problem's example is the same wherever it can be answered.
    let mut seen = BTreeSet::new();
    for (name, _, operation) in operations(&description) {
        for (kind, media) in operation["requestBody"]["content"]
            .as_object()
            .into_iter()
            .flatten()
        {
            if !media["example"].is_null() {
                check(
                    &format!("{name} {kind}"),
                    &media["schema"],
                    &media["example"],
                );
            }
        }
        for answer in operation["responses"].as_object().unwrap().values() {
            let media = &answer["content"]["application/problem+json"];
            for (problem, example) in media["examples"].as_object().into_iter().flatten() {
                if seen.insert(problem.clone()) {
                    check(problem, &media["schema"], &example["value"]);
                }
            }
        }
    }
    assert!(examples > 30, "only {examples} examples");
}

/// The doors that the description leaves out: each is described by whoever made its contract, or is no
/// part of the API.
const OTHER_DOORS: &[&str] = &[
    // The description itself, and the pages about it.
    "ASYNCAPI",
    "DESCRIPTION",
    "REFERENCE",
    "/api",
    "/api/",
    "/api/events.schema.json",
    "/problems",
    "/problems/",
    "/problems/{kind}",
    // For whatever watches the process.
    "/healthz",
    "/metrics",
    "/readyz",
    // Open Messaging, as Genesys Cloud describes it.
    "/api/v2/conversations/messages/inbound/open",
    "/oauth/token",
    "{below}/event",
    "{below}/message",
    "{below}/receipt",
    "{below}/structured/response",
    // What networks deliver to.
    "/channels/{channel}/webhook",
    "/channels/{channel}/webhook/",
    "/channels/{channel}/webhook/{*rest}",
    "/webhooks/{group}",
];

/// A door that is opened without `routes!` is in no description.
#[test]
fn every_door_is_described_or_known_as_another() {
    let mut found = BTreeSet::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.ends_with("docs/tests.rs") {
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for door in text.split(".route(").skip(1) {
                let first = door.split(',').next().unwrap_or_default().trim();
                found.insert(first.split('"').nth(1).unwrap_or(first).to_owned());
            }
        }
    }
    let known: BTreeSet<String> = OTHER_DOORS.iter().map(|door| (*door).to_owned()).collect();
    assert_eq!(found, known);
}
