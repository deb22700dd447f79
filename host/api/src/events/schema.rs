//! The JSON Schema of what the streams carry, made from the types that they are written with.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value, json};
use utoipa::{PartialSchema as _, ToSchema as _};

use super::access::AccessChanged;
use super::data::Envelope;
use super::scene::ViewersChanged;

/// Where a description of the API keeps its types, and where a JSON Schema does.
pub(super) const COMPONENTS: &str = "#/components/schemas/";
const DEFINITIONS: &str = "#/$defs/";

static SCHEMA: LazyLock<String> = LazyLock::new(|| {
    // Maps of strings always serialize.
    serde_json::to_string_pretty(&schema()).unwrap_or_default()
});

/// The JSON Schema of what the streams carry, as it is served.
pub(crate) fn text() -> &'static str {
    &SCHEMA
}

/// The types of what the streams carry, by their names. They refer to one another at `place`.
pub(super) fn types(place: &str) -> BTreeMap<String, Value> {
    let mut types = vec![
        (
            ViewersChanged::name().into_owned(),
            ViewersChanged::schema(),
        ),
        (AccessChanged::name().into_owned(), AccessChanged::schema()),
    ];
    Envelope::schemas(&mut types);
    ViewersChanged::schemas(&mut types);
    AccessChanged::schemas(&mut types);
    types
        .into_iter()
        .map(|(name, schema)| (name, as_json(&schema, place)))
        .collect()
}

/// The type of one event, whose parts are at `place`.
pub(super) fn envelope(place: &str) -> Value {
    as_json(&Envelope::schema(), place)
}

/// The JSON Schema of what the streams carry.
pub(super) fn schema() -> Value {
    let definitions = types(DEFINITIONS);
    let mut root = Map::new();
    for (name, value) in [
        ("$schema", "https://json-schema.org/draft/2020-12/schema"),
        ("title", "Events of a Linecard hub"),
    ] {
        root.insert(name.to_owned(), json!(value));
    }
    if let Value::Object(envelope) = envelope(DEFINITIONS) {
        root.extend(envelope);
    }
    root.insert(
        "description".to_owned(),
        json!(
            "What `GET /api/v1/events` carries as `data`, and `/api/v1/events/ws` as text messages. \
             Later versions add kinds and optional members only: ignore what is unknown. A WebSocket \
             also carries heartbeats: {\"kind\": \"heartbeat\", \"seq\": n}. With `include=viewers` both carry \
             what `ViewersChanged` describes, and with `include=access` what `AccessChanged` does; neither has a number."
        ),
    );
    root.insert("$defs".to_owned(), json!(definitions));
    Value::Object(root)
}

fn as_json(schema: &utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>, place: &str) -> Value {
    // Maps of strings always serialize.
    let mut value = serde_json::to_value(schema).unwrap_or_default();
    settle(&mut value, place);
    value
}

/// Makes a type of the API's description one of a JSON Schema: references lead to where its types are,
/// and what may be left out is absent, never null.
fn settle(value: &mut Value, place: &str) {
    match value {
        Value::Object(object) => {
            if let Some(Value::String(reference)) = object.get_mut("$ref")
                && let Some(name) = reference.strip_prefix(COMPONENTS)
            {
                *reference = format!("{place}{name}");
            }
            if let Some(Value::Array(kinds)) = object.get_mut("type") {
                kinds.retain(|kind| kind != "null");
                if let [only] = kinds.as_slice() {
                    let only = only.clone();
                    object.insert("type".to_owned(), only);
                }
            }
            if let Some(Value::Array(choices)) = object.get_mut("oneOf") {
                choices.retain(|choice| choice != &json!({"type": "null"}));
            }
            object.values_mut().for_each(|one| settle(one, place));
        }
        Value::Array(items) => items.iter_mut().for_each(|one| settle(one, place)),
        _ => {}
    }
}
