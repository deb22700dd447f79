//! The description of the event streams and the outgoing webhooks as an AsyncAPI 3 document
//! (<https://www.asyncapi.com/docs/reference/specification/v3.0.0>), made from the types that events are
//! written with: one message for each kind of event.

use serde_json::{Map, Value, json};

use super::outside::kinds as told_outside;
use super::schema::{COMPONENTS, envelope, types};

/// Where the document keeps its messages.
const MESSAGES: &str = "#/components/messages/";
/// What lies only on a WebSocket.
const HEARTBEAT: &str = "heartbeat";
/// What ends a stream of Server-Sent Events.
const END: &str = "end";
/// Who looks and writes, which is no event.
const VIEWERS: &str = "interaction-viewers";
/// What the reader may do, which is no event either.
const ACCESS: &str = "access-changed";

/// The document of a hub that people reach under `path`.
pub(crate) fn asyncapi(path: &str) -> Value {
    let mut schemas = types(COMPONENTS);
    schemas.values_mut().for_each(draft_7);
    let head = envelope(COMPONENTS);
    let kinds = schemas["Happened"]["oneOf"].as_array();
    let mut messages: Map<String, Value> = kinds
        .into_iter()
        .flatten()
        .filter_map(|kind| event(kind, &head["allOf"][1]))
        .collect();
    let events: Vec<String> = messages.keys().cloned().collect();
    for (name, summary, of) in [
        (
            VIEWERS,
            "Who looks at an interaction and who writes, with `include=viewers`. It has no number.",
            "ViewersChanged",
        ),
        (
            ACCESS,
            "The reader may do or see something else than before, with `include=access`. It has no number.",
            "AccessChanged",
        ),
    ] {
        let payload = json!({"$ref": format!("{COMPONENTS}{of}")});
        messages.insert(
            name.to_owned(),
            json!({"name": name, "summary": summary, "payload": payload}),
        );
    }
    messages.insert(HEARTBEAT.to_owned(), heartbeat());
    messages.insert(END.to_owned(), end());
    let outside = events.iter().filter(|kind| told_outside().contains(*kind));
    let outside: Vec<&str> = outside.map(String::as_str).collect();
    let streamed = || events.iter().map(String::as_str).chain([VIEWERS, ACCESS]);
    let by_events: Vec<&str> = streamed().chain([END]).collect();
    let by_socket: Vec<&str> = streamed().chain([HEARTBEAT]).collect();
    json!({
        "asyncapi": "3.0.0",
        "id": "urn:linecard:events",
        "info": {
            "title": "Events of a Linecard hub",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What happens in a hub, as it happens: over Server-Sent Events, over a WebSocket, and to other \
                systems by signed webhooks. Later versions add kinds and optional members only: ignore what is unknown. \
                Everything else is described by `/api/openapi.json`.",
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {
            "events": channel(
                Some(&format!("{path}/api/v1/events")),
                "Server-Sent Events: `id` is the event's number, `event` its kind, `data` the message. Resume with the \
                    header `Last-Event-ID`, or with `after`.",
                &by_events,
                None,
            ),
            "socket": channel(
                Some(&format!("{path}/api/v1/events/ws")),
                "A WebSocket: each text message is one event. It says nothing that a client must answer.",
                &by_socket,
                Some(json!({"ws": {"method": "GET", "query": query(), "bindingVersion": "0.1.0"}})),
            ),
            "webhook": channel(
                None,
                "The address that `PUT /api/v1/webhooks/{id}` names, signed after the Standard Webhooks \
                    specification.",
                &outside,
                None,
            ),
        },
        "operations": {
            "streamEvents": operation(
                "events",
                "Everything that the caller may see, as Server-Sent Events",
                &by_events,
                Some(json!({"http": {"method": "GET", "query": query(), "bindingVersion": "0.3.0"}})),
                Some(reader()),
            ),
            "streamEventsByWebSocket": operation(
                "socket",
                "Everything that the caller may see, over a WebSocket",
                &by_socket,
                None,
                Some(reader()),
            ),
            "tellWebhook": operation(
                "webhook",
                "What another system is told; it answers with a status from 200 to 299",
                &outside,
                Some(json!({"http": {"method": "POST", "bindingVersion": "0.3.0"}})),
                None,
            ),
        },
        "components": {
            "schemas": schemas,
            "messages": messages,
            "securitySchemes": {
                "bearer": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A session's token, or an API key as `name.secret`.",
                },
                "ticket": {
                    "type": "httpApiKey",
                    "name": "ticket",
                    "in": "query",
                    "description": "A ticket from `POST /api/v1/events/ticket`, good once and for half a minute.",
                },
            },
            "operationTraits": {
                "signed": {
                    "description": "Each request has the headers `webhook-id` (the same at each attempt), \
                        `webhook-timestamp` (seconds since 1970) and `webhook-signature` (`v1,` and the HMAC-SHA256 of \
                        id, timestamp and body with dots between, in base64; more than one while a secret is replaced).",
                },
            },
        },
    })
}

/// AsyncAPI's schemas are a superset of JSON Schema's draft 7, which writes tuples otherwise.
fn draft_7(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if let Some(places) = object.remove("prefixItems") {
                let rest = object.insert("items".to_owned(), places);
                object.extend(rest.map(|rest| ("additionalItems".to_owned(), rest)));
            }
            object.values_mut().for_each(draft_7);
        }
        Value::Array(items) => items.iter_mut().for_each(draft_7),
        _ => {}
    }
}

/// The message of a kind of event: `head` is what every event has.
fn event(kind: &Value, head: &Value) -> Option<(String, Value)> {
    let name = kind["properties"]["kind"]["enum"][0].as_str()?;
    let mut payload = head.clone();
    if let (Some(all), Some(own)) = (
        payload["properties"].as_object_mut(),
        kind["properties"].as_object(),
    ) {
        all.extend(own.clone());
    }
    if let (Some(all), Some(own)) = (
        payload["required"].as_array_mut(),
        kind["required"].as_array(),
    ) {
        all.extend(own.clone());
    }
    let message = json!({
        "name": name,
        "summary": kind["description"],
        "payload": payload,
    });
    Some((name.to_owned(), message))
}

fn heartbeat() -> Value {
    json!({
        "name": HEARTBEAT,
        "summary": "Comes at least every 15 seconds, with the number of the newest event.",
        "payload": {
            "type": "object",
            "properties": {
                "kind": {"type": "string", "enum": [HEARTBEAT]},
                "seq": {"type": "integer", "format": "int64", "minimum": 0},
            },
            "required": ["kind", "seq"],
        },
    })
}

fn end() -> Value {
    json!({
        "name": END,
        "summary": "The hub ends the stream, and why. A WebSocket has it as the reason of its close frame.",
        "payload": {
            "type": "object",
            "properties": {"reason": {"type": "string"}},
            "required": ["reason"],
        },
    })
}

/// Who may read.
fn reader() -> Value {
    json!([
        {"$ref": "#/components/securitySchemes/bearer"},
        {"$ref": "#/components/securitySchemes/ticket"},
    ])
}

/// What a reader says of what they want.
fn query() -> Value {
    json!({
        "type": "object",
        "properties": {
            "after": {
                "type": "string",
                "description": "Only events after this number. From now on if it is not given.",
            },
            "include": {
                "type": "string",
                "description": "`raw`, `interaction`, `viewers` and `access`, with commas between: the network's payloads, \
                    the interaction that an event is about, who looks and writes, when the reader may do something else.",
            },
            "ticket": {"type": "string", "description": "In place of the header `Authorization`."},
        },
    })
}

fn channel(
    address: Option<&str>,
    description: &str,
    kinds: &[&str],
    bindings: Option<Value>,
) -> Value {
    let messages: Map<String, Value> = kinds
        .iter()
        .map(|kind| {
            (
                (*kind).to_owned(),
                json!({"$ref": format!("{MESSAGES}{kind}")}),
            )
        })
        .collect();
    let mut channel = json!({"description": description, "messages": messages});
    if let Some(address) = address {
        channel["address"] = json!(address);
    }
    if let Some(bindings) = bindings {
        channel["bindings"] = bindings;
    }
    channel
}

/// What the hub does: it sends, whoever asked.
fn operation(
    channel: &str,
    summary: &str,
    kinds: &[&str],
    bindings: Option<Value>,
    security: Option<Value>,
) -> Value {
    let messages: Vec<Value> = kinds
        .iter()
        .map(|kind| json!({"$ref": format!("#/channels/{channel}/messages/{kind}")}))
        .collect();
    let mut operation = json!({
        "action": "send",
        "channel": {"$ref": format!("#/channels/{channel}")},
        "summary": summary,
        "messages": messages,
    });
    if let Some(bindings) = bindings {
        operation["bindings"] = bindings;
    }
    match security {
        Some(security) => operation["security"] = security,
        None => operation["traits"] = json!([{"$ref": "#/components/operationTraits/signed"}]),
    }
    operation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_leads_somewhere_and_addresses_are_those_that_people_reach() {
        let document = asyncapi("/care");
        let mut found = 0;
        walk(&document, &mut |reference| {
            found += 1;
            let place = reference.strip_prefix('#').unwrap();
            assert!(document.pointer(place).is_some(), "{reference}");
        });
        assert!(found > 100, "{found}");
        assert_eq!(
            document["channels"]["events"]["address"],
            "/care/api/v1/events"
        );
        assert!(document["channels"]["webhook"]["address"].is_null());
        let webhook = document["channels"]["webhook"]["messages"]
            .as_object()
            .unwrap();
        assert!(!webhook.contains_key("audited"));
        assert!(webhook.contains_key("message-received"));
    }

    fn walk(value: &Value, each: &mut impl FnMut(&str)) {
        match value {
            Value::Object(object) => {
                if let Some(Value::String(reference)) = object.get("$ref") {
                    each(reference);
                }
                object.values().for_each(|one| walk(one, each));
            }
            Value::Array(items) => items.iter().for_each(|one| walk(one, each)),
            _ => {}
        }
    }
}
