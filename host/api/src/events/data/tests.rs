//! Every kind of event has the form that the published schema says.

mod samples;

use std::collections::BTreeSet;

use linecard_model::Timestamp;
use linecard_model::event::Event;
use linecard_model::message::MessageState;
use serde_json::Value;

use self::samples::{everything, message};
use super::Envelope;
use crate::events::asyncapi::asyncapi;
use crate::events::outside::{is_told, kinds};
use crate::events::schema::schema;

fn shown(event: &Event, with_raw: bool) -> Value {
    let envelope = Envelope::new(7, Timestamp::now(), event, with_raw);
    serde_json::from_str(&envelope.json()).unwrap()
}

#[test]
fn every_kind_of_event_fits_the_published_schema() {
    let schema = schema();
    let validator = jsonschema::options()
        .should_validate_formats(true)
        .build(&schema)
        .unwrap();
    let mut kinds = BTreeSet::new();
    for event in everything() {
        for with_raw in [false, true] {
            let json = shown(&event, with_raw);
            assert_eq!(json["kind"], event.name());
            let errors: Vec<String> = validator
                .iter_errors(&json)
                .map(|e| format!("{} at {}", e, e.instance_path()))
                .collect();
            assert!(errors.is_empty(), "{json:#}: {errors:?}");
            let unknown = undescribed(&schema, &[&schema], &json, "");
            assert!(unknown.is_empty(), "{json:#}: {unknown:?}");
            assert!(
                with_raw || !json.to_string().contains("payload"),
                "raw is not shown: {json}"
            );
        }
        kinds.insert(event.name().to_owned());
    }
    assert_eq!(
        kinds,
        described_kinds(&schema),
        "the schema and this test have the same kinds"
    );
}

#[test]
fn systems_outside_can_ask_for_every_kind_that_they_are_told_and_no_other() {
    let all = everything();
    let told = all.iter().filter(|event| is_told(event));
    let told: BTreeSet<String> = told.map(|event| event.name().to_owned()).collect();
    assert_eq!(&told, kinds());
}

#[test]
fn every_kind_of_event_fits_its_own_message_of_the_asyncapi_document_alone() {
    let document = asyncapi("");
    let messages = document["components"]["messages"].as_object().unwrap();
    let fits = |name: &str, json: &Value| {
        let whole = serde_json::json!({
            "allOf": [messages[name]["payload"]],
            "components": document["components"],
        });
        jsonschema::draft7::new(&whole).unwrap().is_valid(json)
    };
    for event in everything() {
        let json = shown(&event, true);
        assert!(fits(event.name(), &json), "{json:#}");
        for another in [
            "heartbeat",
            "interaction-viewers",
            "access-changed",
            "presence-changed",
        ] {
            let fits = fits(another, &json);
            assert_eq!(fits, event.name() == another, "{another}: {json:#}");
        }
    }
}

/// The kinds that a schema has.
fn described_kinds(schema: &Value) -> BTreeSet<String> {
    let happened = &schema["$defs"]["Happened"]["oneOf"];
    happened
        .as_array()
        .unwrap()
        .iter()
        .map(|kind| kind["properties"]["kind"]["enum"][0].as_str().unwrap())
        .map(str::to_owned)
        .collect()
}

/// A schema with what it refers to, and all that it is put together from.
fn parts<'s>(root: &'s Value, schema: &'s Value, found: &mut Vec<&'s Value>) {
    found.push(schema);
    if let Some(reference) = schema["$ref"].as_str() {
        let name = reference.strip_prefix("#/$defs/").unwrap();
        let definition = root["$defs"].get(name);
        parts(root, definition.unwrap_or_else(|| panic!("{name}")), found);
    }
    for word in ["allOf", "oneOf", "anyOf"] {
        for part in schema[word].as_array().into_iter().flatten() {
            parts(root, part, found);
        }
    }
}

/// Places of a value of which the schemas say nothing.
fn undescribed(root: &Value, schemas: &[&Value], value: &Value, at: &str) -> Vec<String> {
    let mut all = Vec::new();
    for schema in schemas {
        parts(root, schema, &mut all);
    }
    // Of the kinds of event, only the one that this is.
    if let Some(kind) = value.get("kind").filter(|_| at.is_empty()) {
        all.retain(|part| match part["properties"]["kind"].get("enum") {
            Some(kinds) => &kinds[0] == kind,
            None => true,
        });
    }
    if all.iter().any(|part| is_free(part)) {
        return Vec::new();
    }
    let inside = |below: Vec<&Value>, value: &Value, at: String| {
        if below.is_empty() {
            vec![at]
        } else {
            undescribed(root, &below, value, &at)
        }
    };
    match value {
        Value::Object(object) => object
            .iter()
            .flat_map(|(name, value)| {
                let named = all.iter().filter_map(|part| part["properties"].get(name));
                let mut below: Vec<&Value> = named.collect();
                if below.is_empty() {
                    let others = all
                        .iter()
                        .filter_map(|part| part.get("additionalProperties"));
                    below = others.filter(|part| part.is_object()).collect();
                }
                inside(below, value, format!("{at}/{name}"))
            })
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .flat_map(|(n, item)| {
                let fixed = all.iter().filter_map(|part| part["prefixItems"].get(n));
                let items = all.iter().filter_map(|part| part.get("items"));
                let below = fixed.chain(items).filter(|part| part.is_object());
                inside(below.collect(), item, format!("{at}/{n}"))
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Whether a schema allows anything.
fn is_free(schema: &Value) -> bool {
    let tells = schema.as_object().is_some_and(|object| {
        object
            .keys()
            .any(|word| !["description", "default", "$schema", "title"].contains(&word.as_str()))
    });
    !tells
}

#[test]
fn the_schema_is_typed_to_the_leaves() {
    let schema = schema();
    let mut open = BTreeSet::new();
    collect_open(&schema, "", &mut open);
    // What has a form of its own: the connector's, the plug-in's, the audited subject's.
    let known = [
        "/$defs/AnalyzerConfig/properties/config",
        "/$defs/ChannelConfig/properties/config",
        "/$defs/Structured/properties/content/additionalProperties",
        "/audited/after",
        "/audited/before",
        "/platform-event/details",
    ];
    assert_eq!(open, known.map(str::to_owned).into());
}

/// The places at which a schema says nothing about what may stand there.
fn collect_open(schema: &Value, at: &str, open: &mut BTreeSet<String>) {
    let Value::Object(object) = schema else {
        return;
    };
    if is_free(schema) {
        open.insert(at.to_owned());
        return;
    }
    let has = |word: &str| object.contains_key(word);
    match schema["type"].as_str() {
        Some("object") => {
            let names_all =
                has("properties") || has("allOf") || schema["additionalProperties"].is_object();
            // A kind that tells nothing has an object without members.
            let is_empty = at == "/stats-reset";
            assert!(names_all || is_empty, "any object at {at}: {schema}");
        }
        Some("array") => assert!(has("items") || has("prefixItems"), "any array at {at}"),
        Some(_) => {}
        None => assert!(
            ["$ref", "oneOf", "allOf", "anyOf"].into_iter().any(has),
            "no type at {at}: {schema}"
        ),
    }
    let kind = schema["properties"]["kind"]["enum"][0].as_str();
    for word in ["properties", "$defs"] {
        for (name, below) in schema[word].as_object().into_iter().flatten() {
            let at = match kind.filter(|_| name == "data") {
                Some(kind) => format!("/{kind}"),
                None if at.matches('/').count() == 1 && !at.starts_with("/$defs") => {
                    format!("{at}/{name}")
                }
                None => format!("{at}/{word}/{name}"),
            };
            collect_open(below, &at, open);
        }
    }
    for word in ["items", "additionalProperties"] {
        collect_open(&schema[word], &format!("{at}/{word}"), open);
    }
    for word in ["allOf", "oneOf", "anyOf", "prefixItems"] {
        for (n, below) in schema[word].as_array().into_iter().flatten().enumerate() {
            let at = match at.matches('/').count() {
                1 if !at.starts_with("/$defs") => at.to_owned(),
                _ => format!("{at}/{word}/{n}"),
            };
            collect_open(below, &at, open);
        }
    }
}

#[test]
fn the_schema_refuses_what_it_does_not_know() {
    let schema = schema();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for wrong in [
        serde_json::json!({"seq": 1, "at": "2026-01-01T00:00:00Z", "kind": "made-up", "data": {}}),
        serde_json::json!({"seq": 1, "at": "2026-01-01T00:00:00Z", "kind": "desktop-back", "data": {}}),
        serde_json::json!({"at": "2026-01-01T00:00:00Z", "kind": "stats-reset", "data": {}}),
        serde_json::json!({"seq": 0, "at": "2026-01-01T00:00:00Z", "kind": "stats-reset", "data": {}}),
        serde_json::json!({"seq": 1, "at": "2026-01-01T00:00:00Z", "kind": "desktop-back", "data": {"agent": "no name"}}),
        serde_json::json!({"seq": 1, "at": "2026-01-01T00:00:00Z", "kind": "presence-changed",
            "data": {"agent": "anna", "presence": {"state": "asleep"}, "cause": "requested"}}),
    ] {
        assert!(!validator.is_valid(&wrong), "{wrong}");
    }
    let right = serde_json::json!({"seq": 1, "at": "2026-01-01T00:00:00Z", "kind": "stats-reset", "data": {}});
    assert!(validator.is_valid(&right));
}

#[test]
fn the_payload_is_shown_when_asked_for() {
    let event = Event::MessageReceived(message(MessageState::Received));
    assert!(shown(&event, true).to_string().contains("payload"));
}
