//! The Send API of Messenger and Instagram: what may be sent to whom and when, and what follows
//! from it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::api::Call;
use super::errors::GraphError;
use super::messaging::new_mid;
use super::outbox::Lane;
use super::parameters::parameters;
use super::state::Graph;
use super::surface::Surface;
use super::webhook::{self, EchoContent};
use crate::customers::{Author, Turn};

mod message;
mod permission;
mod private_reply;
mod recipient;

use message::Content;
use permission::reachable;
use private_reply::private_reply;
use recipient::Recipient;

/// `POST /{page}/messages`, and the same of the Instagram account
pub(crate) async fn message(
    graph: &Arc<Graph>,
    surface: Surface,
    call: &Call,
) -> Result<Value, GraphError> {
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
    let recipient = Recipient::read(graph, surface, members)?;
    match (members.get("sender_action"), members.get("message")) {
        (Some(_), Some(_)) => Err(GraphError::parameter(
            "Only one of the params message and sender_action can be specified",
        )),
        (None, None) => Err(GraphError::parameter("param message must be non-empty.")),
        (Some(action), None) => {
            let Recipient::Person(id) = recipient else {
                return Err(GraphError::parameter("param message must be non-empty."));
            };
            sender_action(graph, surface, &id, action, members.get("payload"))?;
            Ok(json!({ "recipient_id": id }))
        }
        (None, Some(message)) => {
            let mut content = Content::read(graph, surface, message, parameters.file)?;
            // The reply reference stands beside the message in the current reference and inside
            // it in some clients; the network reads either.
            if let Some(reply) = members.get("reply_to") {
                content.reply_to = Some(message::reply_reference(reply)?);
            }
            let turn = turn(graph, surface, content);
            match recipient {
                Recipient::Person(id) => {
                    permission::check(graph, surface, &id, members)?;
                    deliver(graph, surface, &id, turn)
                }
                Recipient::Writer(item) => private_reply(graph, surface, &item, turn),
            }
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
    let content = Content::read(graph, Surface::Messenger, message, parameters.file)?;
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

fn sender_action(
    graph: &Graph,
    surface: Surface,
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
            let page = graph.account(surface).to_owned();
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

fn turn(graph: &Graph, surface: Surface, content: Content) -> Turn {
    let now = graph.world.clock.now_ms();
    let mut turn = Turn::new(new_mid(surface), Author::Hub, now);
    turn.text = content.text.unwrap_or_default();
    turn.attachments.extend(content.attachment);
    turn.structured = content.quick_replies;
    turn.reference = content.metadata;
    turn.reply_to = content.reply_to;
    turn
}

fn deliver(
    graph: &Arc<Graph>,
    surface: Surface,
    id: &str,
    turn: Turn,
) -> Result<Value, GraphError> {
    let keeps = graph.world.record.keeps_bodies();
    let added = graph.world.customers.change(id, |customer| {
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
        customer.conversation.push(turn.clone());
        true
    });
    if !added {
        return Err(GraphError::parameter("Invalid reply_to message id"));
    }
    let answer = sent(id, &turn);
    follow(Arc::clone(graph), surface, id.to_owned(), turn);
    Ok(answer)
}

/// The answer to a message that was taken.
fn sent(id: &str, turn: &Turn) -> Value {
    json!({ "recipient_id": id, "message_id": turn.message_id })
}

/// Echo and receipts, a moment later.
fn follow(graph: Arc<Graph>, surface: Surface, id: String, turn: Turn) {
    let after = graph.after_send();
    let instagram = surface == Surface::Instagram;
    // Instagram tells nothing of deliveries.
    let delivered = after.delivered && !instagram;
    if !(after.echo || delivered || after.read) {
        return;
    }
    let lane = if instagram {
        Lane::Instagram
    } else {
        Lane::Messaging
    };
    tokio::spawn(async move {
        tokio::time::sleep(Duration::from_millis(after.delay_ms)).await;
        let account = graph.account(surface);
        let mid = &turn.message_id;
        if after.echo {
            let content = EchoContent {
                text: Some(turn.text.as_str()).filter(|text| !text.is_empty()),
                attachments: &turn.attachments,
                metadata: turn.reference.as_deref().filter(|_| !instagram),
            };
            let app = (!instagram).then_some(graph.options.app_id);
            let echo = webhook::echo(account, &id, turn.at_ms, mid, &content, app);
            graph.tell(lane, echo);
        }
        let watermark = graph.world.clock.now_ms();
        if delivered {
            let mids = std::slice::from_ref(mid);
            graph.tell(lane, webhook::delivery(account, &id, mids, watermark));
        }
        if after.read {
            let read = if instagram {
                webhook::from_customer(account, &id, watermark, "read", &json!({ "mid": mid }))
            } else {
                webhook::read(account, &id, watermark, watermark)
            };
            graph.tell(lane, read);
        }
    });
}
