//! The Send API: what a page may send to whom and when, and what follows from it.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request};
use serde_json::{Map, Value, json};

use super::api::Call;
use super::errors::GraphError;
use super::webhook::{self, EchoContent};
use super::{Graph, new_mid};
use crate::customers::{Author, Reachability, Turn};

mod message;

use message::Content;

/// The window for ordinary answers.
const WINDOW: Duration = Duration::from_hours(24);
/// The window for answers that a human wrote, with the tag `HUMAN_AGENT`.
const HUMAN_AGENT_WINDOW: Duration = Duration::from_hours(7 * 24);

/// The request's parameters, from JSON, a form or multipart, with the file that came along.
struct Parameters {
    members: Map<String, Value>,
    file: Option<(String, bytes::Bytes)>,
}

/// `POST /{page}/messages`
pub(crate) async fn message(graph: &Arc<Graph>, call: &Call) -> Result<Value, GraphError> {
    let parameters = parameters(call).await?;
    let members = &parameters.members;
    for name in members.keys() {
        if !matches!(
            name.as_str(),
            "recipient"
                | "message"
                | "messaging_type"
                | "tag"
                | "sender_action"
                | "payload"
                | "notification_type"
                | "persona_id"
                | "reply_to"
                | "access_token"
                | "appsecret_proof"
                | "filedata"
        ) {
            graph
                .world
                .record
                .note(call.number, format!("unknown parameter {name} ignored"));
        }
    }
    let psid = recipient(graph, members)?;
    match (members.get("sender_action"), members.get("message")) {
        (Some(_), Some(_)) => Err(GraphError::parameter(
            "Only one of the params message and sender_action can be specified",
        )),
        (None, None) => Err(GraphError::parameter("param message must be non-empty.")),
        (Some(action), None) => {
            sender_action(graph, &psid, action, members.get("payload"))?;
            Ok(json!({ "recipient_id": psid }))
        }
        (None, Some(message)) => {
            let mut content = Content::read(graph, message, parameters.file)?;
            // The reply reference stands beside the message in the current reference and inside
            // it in some clients; the network reads either.
            if let Some(reply) = members.get("reply_to") {
                content.reply_to = Some(message::reply_reference(reply)?);
            }
            check_permission_to_send(graph, &psid, members)?;
            deliver(graph, &psid, content)
        }
    }
}

/// `POST /{page}/message_attachments`
pub(crate) async fn upload(graph: &Arc<Graph>, call: &Call) -> Result<Value, GraphError> {
    let parameters = parameters(call).await?;
    let message = parameters
        .members
        .get("message")
        .ok_or_else(|| GraphError::parameter("param message must be non-empty."))?;
    let content = Content::read(graph, message, parameters.file)?;
    let Some(attachment) = content.attachment else {
        return Err(GraphError::parameter(
            "param message[attachment] must be non-empty.",
        ));
    };
    if attachment["type"] == "template" {
        return Err(GraphError::parameter(
            "param message[attachment][type] must be one of the values: image, audio, video, file",
        ));
    }
    Ok(json!({ "attachment_id": graph.attachments.add(attachment) }))
}

async fn parameters(call: &Call) -> Result<Parameters, GraphError> {
    let kind = call.content_type();
    let broken = |detail: String| GraphError::parameter(detail);
    if kind.starts_with("multipart/form-data") {
        return multipart(call).await;
    }
    let mut members = if kind.starts_with("application/json") {
        match serde_json::from_slice(&call.body) {
            Ok(Value::Object(members)) => members,
            Ok(_) => return Err(broken("The body must be a JSON object".to_owned())),
            Err(error) => return Err(broken(format!("Invalid JSON in the body: {error}"))),
        }
    } else {
        Map::new()
    };
    for (name, value) in &call.parameters {
        members
            .entry(name.clone())
            .or_insert_with(|| loose(value.clone()));
    }
    Ok(Parameters {
        members,
        file: None,
    })
}

async fn multipart(call: &Call) -> Result<Parameters, GraphError> {
    let unreadable =
        |detail: &dyn std::fmt::Display| GraphError::parameter(format!("Bad multipart: {detail}"));
    let mut request = Request::new(axum::body::Body::from(call.body.clone()));
    *request.headers_mut() = call.headers.clone();
    // The whole request was limited where it came in.
    DefaultBodyLimit::disable().apply(&mut request);
    let mut multipart = Multipart::from_request(request, &())
        .await
        .map_err(|error| unreadable(&error))?;
    let mut members = Map::new();
    let mut file = None;
    while let Some(field) = multipart
        .next_field()
        .await
        .map_err(|error| unreadable(&error))?
    {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "filedata" {
            let mime = field
                .content_type()
                .unwrap_or("application/octet-stream")
                .to_owned();
            let bytes = field.bytes().await.map_err(|error| unreadable(&error))?;
            file = Some((mime, bytes));
        } else {
            let text = field.text().await.map_err(|error| unreadable(&error))?;
            members.insert(name, loose(text));
        }
    }
    Ok(Parameters { members, file })
}

/// A parameter of a form: JSON for what is written as an object or a list, else text.
fn loose(text: String) -> Value {
    if text.starts_with(['{', '[']) {
        serde_json::from_str(&text).unwrap_or(Value::String(text))
    } else {
        Value::String(text)
    }
}

fn recipient(graph: &Graph, members: &Map<String, Value>) -> Result<String, GraphError> {
    let recipient = members
        .get("recipient")
        .and_then(Value::as_object)
        .filter(|recipient| !recipient.is_empty())
        .ok_or_else(|| GraphError::parameter("param recipient must be non-empty."))?;
    let Some(id) = recipient.get("id") else {
        // Comments, posts, checkbox references and tokens are addresses, too, but this page has
        // none, so whatever was given matches nobody.
        return Err(GraphError::no_such_user());
    };
    let id = match id {
        Value::String(id) => id.clone(),
        Value::Number(id) => id.to_string(),
        _ => {
            return Err(GraphError::parameter(
                "param recipient[id] must be a string.",
            ));
        }
    };
    if graph.world.customers.contains(&id) {
        Ok(id)
    } else {
        Err(GraphError::no_such_user())
    }
}

fn sender_action(
    graph: &Graph,
    psid: &str,
    action: &Value,
    payload: Option<&Value>,
) -> Result<(), GraphError> {
    let action = action.as_str().unwrap_or_default();
    match action.to_ascii_lowercase().as_str() {
        known @ ("typing_on" | "typing_off" | "mark_seen") => {
            reachable(graph, psid)?;
            graph
                .world
                .customers
                .change(psid, |customer| customer.signals.push(known.to_owned()));
            Ok(())
        }
        known @ ("react" | "unreact") => {
            let mid = payload
                .and_then(|payload| payload.get("message_id"))
                .and_then(Value::as_str)
                .ok_or_else(|| {
                    GraphError::parameter("param payload[message_id] must be non-empty.")
                })?;
            let reaction = payload
                .and_then(|payload| payload.get("reaction"))
                .and_then(Value::as_str);
            if known == "react" && reaction.is_none() {
                return Err(GraphError::parameter(
                    "param payload[reaction] must be non-empty.",
                ));
            }
            reachable(graph, psid)?;
            let page = graph.options.page_id.clone();
            let found = graph.world.customers.change(psid, |customer| {
                let turn = customer
                    .conversation
                    .iter_mut()
                    .find(|turn| turn.message_id == mid)?;
                match reaction.filter(|_| known == "react") {
                    Some(reaction) => turn.reactions.insert(page, reaction.to_owned()),
                    None => turn.reactions.remove(&page),
                };
                Some(())
            });
            found.ok_or_else(|| GraphError::parameter("Invalid message id"))
        }
        _ => Err(GraphError::parameter(
            "Param sender_action must be one of {TYPING_ON, TYPING_OFF, MARK_SEEN, REACT, UNREACT}",
        )),
    }
}

fn reachable(graph: &Graph, psid: &str) -> Result<(), GraphError> {
    match graph
        .world
        .customers
        .look(psid, |customer| customer.reachability)
    {
        None => Err(GraphError::no_such_user()),
        Some(Reachability::Available) => Ok(()),
        Some(Reachability::Unavailable) => Err(GraphError::person_unavailable()),
        Some(Reachability::Blocked) => Err(GraphError::person_blocks_page()),
    }
}

/// Messaging type, tag and window, then the person.
fn check_permission_to_send(
    graph: &Graph,
    psid: &str,
    members: &Map<String, Value>,
) -> Result<(), GraphError> {
    let word = |name: &str| match members.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str())),
        Some(_) => Err(GraphError::parameter(format!(
            "param {name} must be a string."
        ))),
    };
    let tag = word("tag")?;
    let window = match (word("messaging_type")?, tag) {
        // Clients older than messaging types leave it out; the network takes that as an answer.
        (None | Some("RESPONSE" | "UPDATE"), None) => WINDOW,
        (Some("MESSAGE_TAG"), Some("HUMAN_AGENT")) => HUMAN_AGENT_WINDOW,
        (Some("MESSAGE_TAG"), Some(_)) => return Err(GraphError::retired_tag()),
        (Some("MESSAGE_TAG"), None) => {
            return Err(GraphError::parameter(
                "param tag must be non-empty when messaging_type is MESSAGE_TAG.",
            ));
        }
        (None | Some("RESPONSE" | "UPDATE"), Some(_)) => {
            return Err(GraphError::parameter(
                "param tag is allowed only when messaging_type is MESSAGE_TAG.",
            ));
        }
        (Some("UTILITY"), _) => {
            return Err(GraphError::parameter(
                "A UTILITY message needs an approved template, and this page has none.",
            ));
        }
        (Some(_), _) => {
            return Err(GraphError::parameter(
                "Param messaging_type must be one of {RESPONSE, UPDATE, MESSAGE_TAG, UTILITY}",
            ));
        }
    };
    reachable(graph, psid)?;
    let last = graph
        .world
        .customers
        .look(psid, |customer| customer.last_active_ms)
        .flatten();
    let window = i64::try_from(window.as_millis()).unwrap_or(i64::MAX);
    match last {
        Some(last) if graph.world.clock.now_ms().saturating_sub(last) <= window => Ok(()),
        _ => Err(GraphError::outside_window()),
    }
}

fn deliver(graph: &Arc<Graph>, psid: &str, content: Content) -> Result<Value, GraphError> {
    let mid = new_mid();
    let now = graph.world.clock.now_ms();
    let mut turn = Turn::new(&mid, Author::Hub, now);
    turn.text = content.text.clone().unwrap_or_default();
    turn.attachments.extend(content.attachment);
    turn.structured = content.quick_replies;
    turn.reference = content.metadata;
    turn.reply_to = content.reply_to;
    let echo = turn.clone();
    let keeps = graph.world.record.keeps_bodies();
    let added = graph.world.customers.change(psid, |customer| {
        let known = |mid: &String| {
            customer
                .conversation
                .iter()
                .any(|turn| &turn.message_id == mid)
        };
        // Without conversations there is nothing to look the message up in.
        if keeps && turn.reply_to.as_ref().is_some_and(|mid| !known(mid)) {
            return false;
        }
        customer.conversation.push(turn);
        true
    });
    if !added {
        return Err(GraphError::parameter("Invalid reply_to message id"));
    }
    follow(Arc::clone(graph), psid.to_owned(), echo);
    Ok(json!({ "recipient_id": psid, "message_id": mid }))
}

/// Echo and receipts, a moment later.
fn follow(graph: Arc<Graph>, psid: String, turn: Turn) {
    let after = graph.after_send();
    if !(after.echo || after.delivered || after.read) {
        return;
    }
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(after.delay_ms)).await;
        let page = &graph.options.page_id;
        if after.echo {
            let content = EchoContent {
                text: Some(turn.text.as_str()).filter(|text| !text.is_empty()),
                attachments: &turn.attachments,
                metadata: turn.reference.as_deref(),
            };
            let app = Some(graph.options.app_id);
            graph.tell(webhook::echo(
                page,
                &psid,
                turn.at_ms,
                &turn.message_id,
                &content,
                app,
            ));
        }
        let watermark = graph.world.clock.now_ms();
        if after.delivered {
            let mids = [turn.message_id.clone()];
            graph.tell(webhook::delivery(page, &psid, &mids, watermark));
        }
        if after.read {
            graph.tell(webhook::read(page, &psid, watermark, watermark));
        }
    });
}
