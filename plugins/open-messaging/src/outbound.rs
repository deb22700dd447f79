//! Outbound messages: signed notifications to the middleware.
//!
//! A notification's id is the action's id, and middlewares drop what they have had: an attempt may be
//! repeated, so a broken connection is only a reason to try again.

use linecard_sdk::actions::{Action, ActionRequest, Failure, Outcome, Outgoing};
use linecard_sdk::events::{AttachmentKind, Identity, Structured};
use linecard_sdk::http::{Call, Request, Response};
use linecard_sdk::secrets::{self, Algorithm};
use linecard_sdk::{encode, time};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::config::Config;
use crate::inbound::conversation_id;

/// The secret that signs outbound notifications.
pub const NOTIFICATION_SIGNATURE: &str = "notification-signature";
/// A middleware must answer within this time, in milliseconds.
const TIMEOUT: u32 = 10_000;
/// How long a typing event lasts, in milliseconds.
const TYPING: u32 = 5_000;

/// Does one action.
pub fn perform(config: &Config, request: &ActionRequest) -> Result<Outcome, Failure> {
    let members = match &request.action {
        Action::SendMessage(outgoing) => compose(outgoing)?,
        Action::Typing(true) => {
            let typing = json!({ "type": "On", "duration": TYPING });
            json!({ "type": "Event", "events": [{ "eventType": "Typing", "typing": typing }] })
        }
        // There is no event for the end of writing: the indicator ends by itself.
        Action::Typing(false) => return Ok(Outcome::done()),
        other => {
            return Err(Failure::unsupported(format!(
                "Open Messaging has no {:?}",
                other.kind()
            )));
        }
    };
    let recipient = request
        .recipient
        .as_ref()
        .ok_or_else(|| Failure::rejected("no-recipient", "this action needs a recipient"))?;
    let body = notification(config, request, recipient, members);
    notify(config, &body)?;
    Ok(match request.action {
        Action::SendMessage(_) => Outcome::message(&request.id),
        _ => Outcome::done(),
    })
}

/// The notification around what is said.
fn notification(
    config: &Config,
    request: &ActionRequest,
    recipient: &Identity,
    members: Value,
) -> Value {
    let id_type = match recipient
        .aliases
        .iter()
        .find(|alias| alias.value == recipient.id)
    {
        Some(alias) if alias.kind == "email" => "Email",
        Some(alias) if alias.kind == "phone" => "Phone",
        _ => "Opaque",
    };
    let mut body = json!({
        "id": request.id,
        "channel": {
            "id": config.integration_id,
            "platform": "Open",
            "type": "Private",
            "to": { "id": recipient.id, "idType": id_type },
            "from": { "nickname": config.nickname, "id": config.integration_id, "idType": "Opaque" },
            "time": time::rfc3339(time::now()),
            "messageId": request.id,
        },
        "originatingEntity": if request.by_human { "Human" } else { "Bot" },
        "direction": "Outbound",
        "conversationId": conversation_id(&request.thread),
    });
    if let (Value::Object(body), Value::Object(members)) = (&mut body, members) {
        body.extend(members);
    }
    body
}

/// Posts a notification, signed over the bytes that are sent.
fn notify(config: &Config, body: &Value) -> Result<(), Failure> {
    let bytes = body.to_string().into_bytes();
    let mac = secrets::hmac(NOTIFICATION_SIGNATURE, Algorithm::Sha256, &bytes)?;
    let mut post = Request::post(&config.notification_url)
        .header("content-type", "application/json")
        .header(
            "x-hub-signature-256",
            format!("sha256={}", encode::base64(&mac)),
        )
        .timeout_ms(TIMEOUT)
        .bytes(bytes);
    for (name, value) in &config.notification_headers {
        post = post.header(name.to_ascii_lowercase(), value);
    }
    let response = post.send(Call::Repeatable)?;
    if response.is_success() {
        Ok(())
    } else {
        Err(refused(&response))
    }
}

/// 429 asks to wait and 5xx may work later; every other answer is final for this message.
fn refused(response: &Response) -> Failure {
    match response.status {
        429 | 500.. => response.failure(Call::Repeatable),
        status => {
            let advice = match status {
                401 | 403 => " Check the signature secret and the webhook headers on both sides.",
                404 | 410 => " Check the webhook's address.",
                300..=399 => " Redirects are not followed: set the final address.",
                _ => "",
            };
            let said: String = response.text().chars().take(300).collect();
            Failure::rejected(
                status.to_string(),
                format!("the middleware answered {status}: {said}.{advice}"),
            )
        }
    }
}

/// `type`, `text` and `content`.
fn compose(outgoing: &Outgoing) -> Result<Value, Failure> {
    let mut contents = Vec::new();
    let mut kind = "Text";
    if outgoing.attachments.len() > 1 {
        let text =
            "Open Messaging takes one attachment in a message; send the others by themselves";
        return Err(Failure::rejected("too-many-attachments", text));
    }
    for outgoing in &outgoing.attachments {
        contents.push(attachment(&outgoing.attachment)?);
    }
    if let Some(structured) = &outgoing.structured {
        if !contents.is_empty() {
            let text = "structured content and an attachment cannot share a message";
            return Err(Failure::rejected("mixed-content", text));
        }
        kind = "Structured";
        contents = self::structured(structured)?;
    }
    if let Some(place) = &outgoing.location {
        kind = "Structured";
        let mut location = json!({ "latitude": place.latitude, "longitude": place.longitude });
        set(&mut location, "text", place.name.as_ref());
        set(&mut location, "address", place.address.as_ref());
        contents.push(json!({ "contentType": "Location", "location": location }));
    }
    let text = outgoing.text.as_ref().filter(|text| !text.is_empty());
    if text.is_none() && contents.is_empty() {
        return Err(Failure::rejected(
            "empty",
            "there is nothing to send: no text and no content",
        ));
    }
    let mut members = json!({ "type": kind });
    set(&mut members, "text", text);
    if !contents.is_empty() {
        members["content"] = Value::Array(contents);
    }
    Ok(members)
}

fn set(object: &mut Value, name: &str, text: Option<&String>) {
    if let (Value::Object(object), Some(text)) = (object, text) {
        object.insert(name.to_owned(), json!(text));
    }
}

fn attachment(attachment: &linecard_sdk::events::Attachment) -> Result<Value, Failure> {
    let Some(url) = attachment.url.as_ref().filter(|url| !url.is_empty()) else {
        let text = "Open Messaging sends attachments by URL, and this one has none";
        return Err(Failure::rejected("attachment-without-url", text));
    };
    let media = match attachment.kind {
        AttachmentKind::Image | AttachmentKind::Sticker | AttachmentKind::Animation => "Image",
        AttachmentKind::Audio => "Audio",
        AttachmentKind::Video => "Video",
        AttachmentKind::Link | AttachmentKind::Share => "Link",
        AttachmentKind::File | AttachmentKind::Other => "File",
    };
    let mut inner = json!({ "mediaType": media, "url": url });
    set(&mut inner, "mime", attachment.mime.as_ref());
    set(&mut inner, "filename", attachment.name.as_ref());
    set(&mut inner, "sha256", attachment.sha256.as_ref());
    if let Some(size) = attachment.size {
        inner["contentSizeBytes"] = json!(size);
    }
    Ok(json!({ "contentType": "Attachment", "attachment": inner }))
}

#[derive(Deserialize)]
struct QuickReplies {
    options: Vec<QuickReply>,
}

#[derive(Deserialize)]
struct QuickReply {
    text: String,
    #[serde(default)]
    payload: Option<String>,
    #[serde(default)]
    image_url: Option<String>,
}

#[derive(Deserialize)]
struct Carousel {
    cards: Vec<Card>,
}

#[derive(Deserialize)]
struct Card {
    title: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    image_url: Option<String>,
    #[serde(default)]
    actions: Vec<CardAction>,
}

#[derive(Deserialize)]
struct CardAction {
    #[serde(rename = "type")]
    kind: String,
    text: String,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    payload: Option<String>,
}

fn structured(structured: &Structured) -> Result<Vec<Value>, Failure> {
    let wrong = |error: serde_json::Error| {
        Failure::rejected(
            "structured",
            format!("the `{}` cannot be read: {error}", structured.kind),
        )
    };
    match structured.kind.as_str() {
        "quick-replies" => {
            let read: QuickReplies = serde_json::from_str(&structured.json).map_err(wrong)?;
            Ok(read.options.into_iter().map(quick_reply).collect())
        }
        "card" => {
            let read: Card = serde_json::from_str(&structured.json).map_err(wrong)?;
            Ok(vec![json!({ "contentType": "Card", "card": card(&read)? })])
        }
        "carousel" => {
            let read: Carousel = serde_json::from_str(&structured.json).map_err(wrong)?;
            let cards: Result<Vec<Value>, Failure> = read.cards.iter().map(card).collect();
            Ok(vec![
                json!({ "contentType": "Carousel", "carousel": { "cards": cards? } }),
            ])
        }
        other => Err(Failure::unsupported(format!(
            "this connector has no `{other}` to send"
        ))),
    }
}

fn quick_reply(reply: QuickReply) -> Value {
    let payload = reply.payload.unwrap_or_else(|| reply.text.clone());
    let mut inner = json!({ "text": reply.text, "payload": payload, "action": "Message" });
    set(&mut inner, "image", reply.image_url.as_ref());
    json!({ "contentType": "QuickReply", "quickReply": inner })
}

fn card(card: &Card) -> Result<Value, Failure> {
    let action = |action: &CardAction| match (action.kind.as_str(), &action.url) {
        ("link", Some(url)) => Ok(json!({ "type": "Link", "text": action.text, "url": url })),
        ("postback", _) => {
            let payload = action.payload.as_ref().unwrap_or(&action.text);
            Ok(json!({ "type": "Postback", "text": action.text, "payload": payload }))
        }
        _ => Err(Failure::rejected(
            "structured",
            format!(
                "the button “{}” is neither a link with a URL nor a postback",
                action.text
            ),
        )),
    };
    let actions: Result<Vec<Value>, Failure> = card.actions.iter().map(action).collect();
    let mut inner = Map::new();
    inner.insert("title".to_owned(), json!(card.title));
    inner.insert("actions".to_owned(), Value::Array(actions?));
    let mut inner = Value::Object(inner);
    set(&mut inner, "description", card.description.as_ref());
    set(&mut inner, "image", card.image_url.as_ref());
    Ok(inner)
}
