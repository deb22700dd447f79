//! The `message` object of the Send API and its limits.

use serde_json::{Value, json};

use crate::graph::errors::GraphError;
use crate::graph::parameters::fetchable;
use crate::graph::state::Graph;
use crate::graph::surface::Surface;

const TEXT_LIMIT: usize = 2000;
/// Instagram counts bytes.
const INSTAGRAM_TEXT_BYTES: usize = 1000;
const METADATA_LIMIT: usize = 1000;
const QUICK_REPLIES: usize = 13;
const QUICK_REPLY_TITLE: usize = 20;
const QUICK_REPLY_PAYLOAD: usize = 1000;
const BUTTON_TEXT: usize = 640;
const BUTTONS: usize = 3;
const ELEMENTS: usize = 10;
const ELEMENT_TITLE: usize = 80;
const FILE_LIMIT: usize = 25 * 1024 * 1024;

/// A message that keeps to the limits.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) text: Option<String>,
    /// In the form in which the customer (and the echo) sees it.
    pub(super) attachment: Option<Value>,
    pub(super) quick_replies: Vec<Value>,
    pub(super) metadata: Option<String>,
    pub(super) reply_to: Option<String>,
}

impl Content {
    pub(super) fn read(
        graph: &Graph,
        surface: Surface,
        message: &Value,
        file: Option<(String, bytes::Bytes)>,
    ) -> Result<Self, GraphError> {
        if !message.is_object() {
            return Err(GraphError::parameter("param message must be an object."));
        }
        let instagram = surface == Surface::Instagram;
        let text = text(message, "text", "message[text]", TEXT_LIMIT)?;
        if instagram
            && text
                .as_ref()
                .is_some_and(|text| text.len() > INSTAGRAM_TEXT_BYTES)
        {
            return Err(too_long("message[text]", INSTAGRAM_TEXT_BYTES));
        }
        let metadata = text_or_empty(message, "metadata", "message[metadata]", METADATA_LIMIT)?;
        let mut parts = usize::from(text.is_some());
        let mut attachment = None;
        if let Some(given) = present(message, "attachment") {
            parts += 1;
            attachment = Some(match instagram_only(given).filter(|_| instagram) {
                Some(known) => known?,
                None => read_attachment(graph, given, file)?,
            });
        }
        if let Some(sticker) = present(message, "sticker_id").filter(|_| !instagram) {
            parts += 1;
            let id = sticker.as_u64().or_else(|| sticker.as_str()?.parse().ok());
            let Some(id) = id else {
                return Err(GraphError::parameter(
                    "param message[sticker_id] must be a number.",
                ));
            };
            attachment = Some(json!({ "type": "sticker", "payload": { "sticker_id": id } }));
        }
        match parts {
            1 => {}
            0 => {
                return Err(GraphError::parameter(
                    "Must specify either message[text] or message[attachment]",
                ));
            }
            _ => {
                return Err(GraphError::parameter(
                    "Only one of message[text], message[attachment] and message[sticker_id] can \
                     be specified",
                ));
            }
        }
        let reply_to = present(message, "reply_to")
            .map(reply_reference)
            .transpose()?;
        Ok(Self {
            text,
            attachment,
            quick_replies: quick_replies(surface, message)?,
            metadata,
            reply_to,
        })
    }
}

/// The id in `{"mid": ...}`.
pub(super) fn reply_reference(reply: &Value) -> Result<String, GraphError> {
    reply
        .get("mid")
        .and_then(Value::as_str)
        .map(str::to_owned)
        .ok_or_else(|| GraphError::parameter("param reply_to[mid] must be a string."))
}

fn present<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object.get(name).filter(|value| !value.is_null())
}

fn too_long(name: &str, limit: usize) -> GraphError {
    GraphError::parameter(format!(
        "Length of param {name} must be less than or equal to {limit}"
    ))
}

/// A string within a limit of code points; absent stays absent.
fn text_or_empty(
    object: &Value,
    member: &str,
    name: &str,
    limit: usize,
) -> Result<Option<String>, GraphError> {
    match present(object, member) {
        None => Ok(None),
        Some(Value::String(text)) if text.chars().count() > limit => Err(too_long(name, limit)),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(GraphError::parameter(format!(
            "param {name} must be a string."
        ))),
    }
}

fn text(
    object: &Value,
    member: &str,
    name: &str,
    limit: usize,
) -> Result<Option<String>, GraphError> {
    match text_or_empty(object, member, name, limit)? {
        Some(text) if text.trim().is_empty() => Err(GraphError::parameter(format!(
            "param {name} must be non-empty."
        ))),
        read => Ok(read),
    }
}

fn required(object: &Value, member: &str, name: &str, limit: usize) -> Result<String, GraphError> {
    text(object, member, name, limit)?
        .ok_or_else(|| GraphError::parameter(format!("param {name} must be non-empty.")))
}

fn quick_replies(surface: Surface, message: &Value) -> Result<Vec<Value>, GraphError> {
    let name = "message[quick_replies]";
    let Some(given) = present(message, "quick_replies") else {
        return Ok(Vec::new());
    };
    let replies = given
        .as_array()
        .ok_or_else(|| GraphError::parameter(format!("param {name} must be an array.")))?;
    if replies.is_empty() || replies.len() > QUICK_REPLIES {
        return Err(GraphError::parameter(format!(
            "param {name} must have between 1 and {QUICK_REPLIES} elements."
        )));
    }
    for (place, reply) in replies.iter().enumerate() {
        let at = |member: &str| format!("{name}[{place}][{member}]");
        match reply.get("content_type").and_then(Value::as_str) {
            Some("text") => {
                required(reply, "title", &at("title"), QUICK_REPLY_TITLE)?;
                required(reply, "payload", &at("payload"), QUICK_REPLY_PAYLOAD)?;
            }
            // Refused on Instagram since 5 October 2026.
            Some("user_phone_number" | "user_email") if surface != Surface::Instagram => {}
            _ => {
                return Err(GraphError::parameter(format!(
                    "param {} must be one of {{text, user_phone_number, user_email}}",
                    at("content_type")
                )));
            }
        }
    }
    Ok(replies.clone())
}

/// The attachments that Instagram alone takes: a heart, and the account's own media.
fn instagram_only(given: &Value) -> Option<Result<Value, GraphError>> {
    match given.get("type").and_then(Value::as_str)? {
        "like_heart" => Some(Ok(json!({ "type": "like_heart" }))),
        "MEDIA_SHARE" => {
            let name = "message[attachment][payload][id]";
            let payload = given.get("payload").unwrap_or(&Value::Null);
            let id = required(payload, "id", name, 100);
            Some(id.map(|id| json!({ "type": "MEDIA_SHARE", "payload": { "id": id } })))
        }
        _ => None,
    }
}

fn read_attachment(
    graph: &Graph,
    given: &Value,
    file: Option<(String, bytes::Bytes)>,
) -> Result<Value, GraphError> {
    let name = "message[attachment]";
    let kind = given
        .get("type")
        .and_then(Value::as_str)
        .unwrap_or_default();
    let empty = Value::Null;
    let payload = present(given, "payload").unwrap_or(&empty);
    match kind {
        "image" | "audio" | "video" | "file" => {}
        "template" => {
            template(payload)?;
            return Ok(json!({ "type": "template", "payload": payload }));
        }
        _ => {
            return Err(GraphError::parameter(format!(
                "param {name}[type] must be one of the values: image, audio, video, file, template"
            )));
        }
    }
    let id = text(
        payload,
        "attachment_id",
        "message[attachment][payload][attachment_id]",
        100,
    )?;
    let address = text(
        payload,
        "url",
        "message[attachment][payload][url]",
        usize::MAX,
    )?;
    match (id, address, file) {
        (Some(id), None, None) => match graph.attachments.get(&id) {
            Some(known) if known["type"] == kind => Ok(known),
            Some(_) => Err(GraphError::parameter(format!(
                "The attachment {id} is not of type {kind}"
            ))),
            None => Err(GraphError::parameter(format!(
                "Invalid attachment id: {id}"
            ))),
        },
        (None, Some(address), None) => {
            if !fetchable(&address) {
                return Err(GraphError::parameter(format!(
                    "param {name}[payload][url] must be a valid URL"
                )));
            }
            Ok(json!({ "type": kind, "payload": { "url": address } }))
        }
        (None, None, Some((mime, bytes))) => {
            if bytes.is_empty() || bytes.len() > FILE_LIMIT {
                return Err(GraphError::parameter(
                    "The file must have between 1 byte and 25 MB",
                ));
            }
            let address = graph.keep_file(mime, bytes);
            Ok(json!({ "type": kind, "payload": { "url": address } }))
        }
        (None, None, None) => Err(GraphError::parameter(format!(
            "param {name}[payload] must name one of url and attachment_id, or filedata must be sent"
        ))),
        _ => Err(GraphError::parameter(format!(
            "Only one of {name}[payload][url], {name}[payload][attachment_id] and filedata can be \
             specified"
        ))),
    }
}

fn template(payload: &Value) -> Result<(), GraphError> {
    let name = "message[attachment][payload]";
    let list = |object: &Value, member: &str, limit: usize| {
        let count = object
            .get(member)
            .and_then(Value::as_array)
            .map_or(0, Vec::len);
        if count == 0 || count > limit {
            return Err(GraphError::parameter(format!(
                "param {name}[{member}] must have between 1 and {limit} elements."
            )));
        }
        Ok(())
    };
    match payload.get("template_type").and_then(Value::as_str) {
        Some("button") => {
            required(
                payload,
                "text",
                "message[attachment][payload][text]",
                BUTTON_TEXT,
            )?;
            list(payload, "buttons", BUTTONS)
        }
        Some("generic") => {
            list(payload, "elements", ELEMENTS)?;
            let elements = payload.get("elements").and_then(Value::as_array);
            for element in elements.into_iter().flatten() {
                required(
                    element,
                    "title",
                    "message[attachment][payload][elements][title]",
                    ELEMENT_TITLE,
                )?;
                if present(element, "buttons").is_some() {
                    list(element, "buttons", BUTTONS)?;
                }
            }
            Ok(())
        }
        Some("media") => list(payload, "elements", 1),
        Some("receipt" | "coupon" | "customer_feedback" | "product" | "image_grid") => Ok(()),
        _ => Err(GraphError::parameter(format!(
            "param {name}[template_type] must be one of the known template types"
        ))),
    }
}
