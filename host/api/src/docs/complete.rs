//! What holds for many operations of the description, added to all of them in one place: what every
//! operation can refuse follows from what it reads, and only its own refusals stand beside it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::problem::{KINDS, Kind};

/// Where an operation names the problems that are its own.
const OWN_PROBLEMS: &str = "x-problems";
/// Where an operation names the rights of which the caller needs one: for whatever it does, or for what is
/// somebody else's.
const RIGHT: &str = "x-right";
const RIGHT_OF_OTHERS: &str = "x-right-of-others";
/// Where an answer names the problem types that it can have.
const TYPES: &str = "x-problem-types";
const SCHEMAS: &str = "#/components/schemas/";

/// What the description of an answer says if its type has no description to take over.
const OUTCOMES: &[(&str, &str)] = &[
    ("101", "The stream follows"),
    ("200", "What was asked for"),
    ("201", "It was made"),
    ("202", "It is on disk; events tell what becomes of it"),
    ("204", "It was done"),
    ("206", "The part that was asked for"),
];

/// Completes the description that was generated from the handlers.
pub(super) fn complete(description: &mut Value) {
    settle_generics(description);
    settle_tuples(description);
    settle_limits(description);
    let schemas = description["components"]["schemas"].take();
    if let Some(paths) = description["paths"].as_object_mut() {
        for (path, item) in paths {
            for operation in item.as_object_mut().into_iter().flat_map(Map::values_mut) {
                operation_of(path, operation, &schemas);
            }
        }
    }
    description["components"]["schemas"] = schemas;
}

fn operation_of(path: &str, operation: &mut Value, schemas: &Value) {
    let takes_key = has_parameter(operation, |p| p["name"] == "idempotency-key");
    let parameters = operation
        .get_mut("parameters")
        .and_then(Value::as_array_mut);
    for parameter in parameters.into_iter().flatten() {
        if parameter["description"].is_null() {
            parameter["description"] = json!(meaning_of(path, parameter));
        }
        // What is optional is left out: a header or a query has no null.
        if let Some(Value::Array(types)) = parameter["schema"].get_mut("type") {
            types.retain(|kind| kind != "null");
            if let [only] = types.as_slice() {
                parameter["schema"]["type"] = only.clone();
            }
        }
    }
    // Without a body everything has its default.
    if takes_key
        && let Some(body) = operation.get_mut("requestBody")
        && named(schemas, &body["content"]["application/json"]["schema"])["required"].is_null()
    {
        body["required"] = json!(false);
    }
    let kinds = refusals(operation);
    tell_rights(operation);
    let Some(members) = operation.as_object_mut() else {
        return;
    };
    members.remove(OWN_PROBLEMS);
    let Some(answers) = members.get_mut("responses").and_then(Value::as_object_mut) else {
        return;
    };
    for (status, answer) in answers.iter_mut() {
        if answer["description"].as_str().is_none_or(str::is_empty) {
            answer["description"] = json!(outcome(status, answer, schemas));
        }
        if takes_key {
            answer["headers"]["idempotency-replayed"] = json!({
                "description": "`true`: this is the answer that the first request under this key got",
                "schema": {"type": "string"},
            });
        }
    }
    let mut by_status: BTreeMap<u16, Vec<&Kind>> = BTreeMap::new();
    for kind in kinds {
        by_status.entry(kind.status).or_default().push(kind);
    }
    for (status, kinds) in by_status {
        // What another answer of the same status says comes first: a file has such.
        let before = answers.remove(&status.to_string());
        answers.insert(status.to_string(), refusal(status, &kinds, before.as_ref()));
    }
}

/// Says in words too which right an operation needs.
fn tell_rights(operation: &mut Value) {
    let named = |value: &Value| {
        let names: Vec<String> = match value {
            Value::String(only) => vec![format!("`{only}`")],
            Value::Array(several) => several
                .iter()
                .filter_map(|name| name.as_str().map(|name| format!("`{name}`")))
                .collect(),
            _ => return None,
        };
        Some(names.join(" or "))
    };
    let told = match (named(&operation[RIGHT]), named(&operation[RIGHT_OF_OTHERS])) {
        (Some(right), _) => format!("Needs the right {right}."),
        (None, Some(right)) => format!("What is another's needs the right {right}."),
        (None, None) => return,
    };
    let description = match operation["description"].as_str() {
        Some(before) if !before.is_empty() => format!("{before}\n\n{told}"),
        _ => told,
    };
    operation["description"] = json!(description);
}

/// The problems that an operation can answer: its own, and those that follow from what
/// it reads.
fn refusals(operation: &Value) -> Vec<&'static Kind> {
    let own = operation[OWN_PROBLEMS].as_array().into_iter().flatten();
    let mut kinds: BTreeSet<&str> = own.filter_map(Value::as_str).collect();
    // A query parameter that is not described is refused everywhere.
    kinds.extend(["internal", "busy", "stopping", "timeout", "bad-parameter"]);
    if !operation[RIGHT].is_null() || !operation[RIGHT_OF_OTHERS].is_null() {
        kinds.insert("not-allowed");
    }
    // An operation that anybody may call says so; the others want what the whole description says.
    if operation["security"].is_null() {
        kinds.extend([
            "unauthenticated",
            "session-header-missing",
            "too-many-attempts",
        ]);
    }
    let is_cursor = |p: &Value| {
        ["after", "before", "last-event-id"]
            .iter()
            .any(|name| p["name"] == *name)
    };
    if has_parameter(operation, is_cursor) {
        kinds.insert("bad-cursor");
    }
    let takes_key = has_parameter(operation, |p| p["name"] == "idempotency-key");
    if takes_key {
        kinds.extend(["bad-idempotency-key", "idempotency-key-reused"]);
    }
    if takes_key || !operation["requestBody"]["content"]["application/json"].is_null() {
        kinds.extend([
            "malformed-json",
            "too-large",
            "unsupported-media-type",
            "invalid",
        ]);
    }
    if has_parameter(operation, |p| p["name"] == "if-match") {
        kinds.insert("precondition-failed");
    }
    if has_parameter(operation, |p| {
        p["name"] == "if-match" && p["required"] == true
    }) {
        kinds.insert("precondition-required");
    }
    KINDS
        .iter()
        .filter(|kind| kinds.contains(kind.name))
        .collect()
}

/// An answer that refuses.
fn refusal(status: u16, kinds: &[&Kind], before: Option<&Value>) -> Value {
    let first = before.and_then(|answer| answer["description"].as_str());
    let means: Vec<String> = first
        .map(str::to_owned)
        .into_iter()
        .chain(
            kinds
                .iter()
                .map(|kind| format!("{} (`{}`)", kind.title, kind.name)),
        )
        .collect();
    let types: Vec<String> = kinds
        .iter()
        .map(|kind| format!("/problems/{}", kind.name))
        .collect();
    let mut examples = Map::new();
    for kind in kinds {
        let value = json!({
            "type": format!("/problems/{}", kind.name),
            "title": kind.title,
            "status": kind.status,
            "detail": kind.help,
        });
        examples.insert(kind.name.to_owned(), json!({"value": value}));
    }
    let mut answer = json!({
        "description": means.join("; "),
        "content": {"application/problem+json": {
            "schema": {"$ref": format!("{SCHEMAS}Problem")},
            "examples": examples,
        }},
        TYPES: types,
    });
    match status {
        401 => {
            answer["headers"]["www-authenticate"] = json!({
                "description": "How to say who calls: `Bearer`",
                "schema": {"type": "string"},
            });
        }
        429 | 503 => {
            answer["headers"]["retry-after"] = json!({
                "description": "After how many seconds it is worth trying again",
                "schema": {"type": "integer", "minimum": 1},
            });
        }
        _ => {}
    }
    answer
}

/// What an answer that does what was asked for has.
fn outcome(status: &str, answer: &Value, schemas: &Value) -> String {
    let content = answer["content"].as_object().into_iter().flatten();
    let schema = content.map(|(_, media)| &media["schema"]).next();
    let text = schema.and_then(|schema| named(schemas, schema)["description"].as_str());
    let usual = OUTCOMES.iter().find(|(of, _)| *of == status);
    text.or(usual.map(|(_, text)| *text))
        .unwrap_or("It is as was asked")
        .to_owned()
}

/// What a parameter means that stands in many operations.
fn meaning_of(path: &str, parameter: &Value) -> String {
    let name = parameter["name"].as_str().unwrap_or_default();
    match name {
        "idempotency-key" => {
            "A request that is repeated under the same key has one effect, and the \
            same answer. 1 to 255 visible ASCII characters, new for each request"
                .to_owned()
        }
        "if-match" => {
            "The `etag` of the version that was read, or `*` for any: what somebody else has \
            changed meanwhile is not overwritten"
                .to_owned()
        }
        "if-none-match" => "`*`: only if there is none yet".to_owned(),
        "last-event-id" => "Only events after this number; it goes before `after`".to_owned(),
        _ => {
            // `/channels/{id}`: the id of one of the channels.
            let parts: Vec<&str> = path.split('/').collect();
            let place = parts.iter().position(|part| *part == format!("{{{name}}}"));
            let list = place
                .and_then(|place| parts.get(place.checked_sub(1)?))
                .unwrap_or(&name);
            format!("Which one of the {}", list.replace('-', " "))
        }
    }
}

fn has_parameter(operation: &Value, is_it: impl Fn(&Value) -> bool) -> bool {
    operation["parameters"]
        .as_array()
        .into_iter()
        .flatten()
        .any(is_it)
}

/// What a reference leads to, or the schema itself.
fn named<'a>(schemas: &'a Value, schema: &'a Value) -> &'a Value {
    let name = schema["$ref"]
        .as_str()
        .and_then(|r| r.strip_prefix(SCHEMAS));
    name.map_or(schema, |name| &schemas[name])
}

/// A type with a parameter comes with what is filled in written out, under a name such as
/// `Page_Message`. It becomes `MessagePage`, and refers to the type that is filled in.
fn settle_generics(description: &mut Value) {
    let Some(schemas) = description["components"]["schemas"].as_object_mut() else {
        return;
    };
    let generic: Vec<String> = schemas
        .keys()
        .filter(|name| name.contains('_'))
        .cloned()
        .collect();
    let mut renamed = BTreeMap::new();
    for name in generic {
        let Some((outer, inner)) = name.split_once('_') else {
            continue;
        };
        let outer = outer.strip_suffix("View").unwrap_or(outer);
        let (new, of) = (format!("{inner}{outer}"), format!("{SCHEMAS}{inner}"));
        let Some(mut schema) = schemas.remove(&name) else {
            continue;
        };
        if let Some(inner) = schemas.get(inner) {
            refer(&mut schema, inner, &of);
        }
        schemas.insert(new.clone(), schema);
        renamed.insert(format!("{SCHEMAS}{name}"), format!("{SCHEMAS}{new}"));
    }
    rename(description, &renamed);
}

/// A list of so and so many of one type says just that: generators do not know the words for one that has
/// a type for each place.
fn settle_tuples(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(Value::Array(places)) = members.get("prefixItems")
                && let Some(first) = places.first().cloned()
                && places.iter().all(|place| *place == first)
            {
                let count = places.len();
                members.remove("prefixItems");
                members.insert("items".to_owned(), first);
                members.insert("minItems".to_owned(), json!(count));
                members.insert("maxItems".to_owned(), json!(count));
            }
            members.values_mut().for_each(settle_tuples);
        }
        Value::Array(items) => items.iter_mut().for_each(settle_tuples),
        _ => {}
    }
}

/// Counts have the limits that the hub has: formats with a sign end at half of them. What is given twice
/// in a set is taken once, not refused.
fn settle_limits(value: &mut Value) {
    match value {
        Value::Object(members) => {
            let least = members.get("minimum").and_then(Value::as_u64);
            if least.is_some() && !members.contains_key("maximum") {
                let format = members.get("format").and_then(Value::as_str);
                if format == Some("int32") {
                    members.insert("format".to_owned(), json!("int64"));
                    members.insert("maximum".to_owned(), json!(u32::MAX));
                } else if format == Some("int64") {
                    members.remove("format");
                    members.insert("maximum".to_owned(), json!(u64::MAX));
                }
            }
            if members.get("uniqueItems") == Some(&json!(true)) {
                members.remove("uniqueItems");
            }
            members.values_mut().for_each(settle_limits);
        }
        Value::Array(items) => items.iter_mut().for_each(settle_limits),
        _ => {}
    }
}

/// Replaces what is written out by a reference to it.
fn refer(schema: &mut Value, written_out: &Value, reference: &str) {
    if schema == written_out {
        *schema = json!({"$ref": reference});
        return;
    }
    match schema {
        Value::Object(members) => members
            .values_mut()
            .for_each(|v| refer(v, written_out, reference)),
        Value::Array(items) => items
            .iter_mut()
            .for_each(|v| refer(v, written_out, reference)),
        _ => {}
    }
}

fn rename(value: &mut Value, names: &BTreeMap<String, String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get_mut("$ref")
                && let Some(new) = names.get(reference)
            {
                reference.clone_from(new);
            }
            members.values_mut().for_each(|v| rename(v, names));
        }
        Value::Array(items) => items.iter_mut().for_each(|v| rename(v, names)),
        _ => {}
    }
}
