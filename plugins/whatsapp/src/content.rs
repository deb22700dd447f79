//! What a message says, by its `type`.

use linecard_graph::lenient::text;
use linecard_sdk::encode;
use linecard_sdk::events::{
    Attachment, AttachmentKind, Location, Message, PostbackSource, Referral, SharedContact,
    Structured,
};
use serde_json::Value;

use crate::people::Members;

/// Reads what stands under the type's name into a message; `None` if the type has no reading here.
pub fn fill(kind: &str, members: &Members, message: &mut Message) -> Option<()> {
    let part = members.get(kind);
    let object = || part.and_then(Value::as_object);
    match kind {
        "text" => message.text = Some(text(object()?, "body")?),
        "image" | "video" | "audio" | "voice" | "document" | "sticker" => {
            let object = object()?;
            message.text = text(object, "caption");
            message.attachments.push(attachment(kind, object));
        }
        "location" => message.location = Some(location(object()?)?),
        "contacts" => {
            let list = part?.as_array()?;
            message.contacts = list
                .iter()
                .filter_map(Value::as_object)
                .map(contact)
                .collect();
            if message.contacts.is_empty() {
                return None;
            }
        }
        "order" => {
            let object = object()?;
            message.text = text(object, "text");
            message.structured = Some(Structured::new("order", part?));
        }
        // The first tap on a business in WhatsApp: nothing was written yet.
        "request_welcome" => message.structured = Some(Structured::new(kind, &Value::Null)),
        _ => return None,
    }
    Some(())
}

fn attachment(kind: &str, object: &Members) -> Attachment {
    let is = |name: &str| object.get(name) == Some(&Value::Bool(true));
    let kind_of = match kind {
        "image" => AttachmentKind::Image,
        "video" => AttachmentKind::Video,
        "audio" | "voice" => AttachmentKind::Audio,
        "sticker" => AttachmentKind::Sticker,
        _ => AttachmentKind::File,
    };
    let label = match kind {
        "audio" if is("voice") => "voice",
        "sticker" if is("animated") => "animated-sticker",
        other => other,
    };
    Attachment {
        url: text(object, "url"),
        media_id: text(object, "id"),
        mime: text(object, "mime_type"),
        size: object.get("file_size").and_then(Value::as_u64),
        name: text(object, "filename"),
        sha256: text(object, "sha256").and_then(|hash| sha256_hex(&hash)),
        label: Some(label.to_owned()),
        ..Attachment::new(kind_of)
    }
}

/// Meta writes SHA-256 as Base64 in webhooks and as hexadecimal elsewhere.
pub fn sha256_hex(hash: &str) -> Option<String> {
    let bytes = match hash.len() {
        64 => encode::from_hex(hash),
        _ => encode::from_base64(hash),
    };
    bytes
        .filter(|bytes| bytes.len() == 32)
        .map(|bytes| encode::hex(&bytes))
}

fn location(object: &Members) -> Option<Location> {
    let number = |name: &str| {
        let value = object.get(name)?;
        let number = value
            .as_f64()
            .or_else(|| value.as_str()?.trim().parse().ok())?;
        number.is_finite().then_some(number)
    };
    Some(Location {
        name: text(object, "name"),
        address: text(object, "address"),
        ..Location::new(number("latitude")?, number("longitude")?)
    })
}

fn contact(object: &Members) -> SharedContact {
    let list = |name: &str, member: &str| -> Vec<String> {
        let items = object.get(name).and_then(Value::as_array);
        let items = items.into_iter().flatten().filter_map(Value::as_object);
        items.filter_map(|item| text(item, member)).collect()
    };
    let phones = list("phones", "phone");
    let name = object.get("name").and_then(Value::as_object);
    let name =
        name.and_then(|name| text(name, "formatted_name").or_else(|| text(name, "first_name")));
    let name = name.or_else(|| phones.first().cloned()).unwrap_or_default();
    let rest: Members = object
        .iter()
        .filter(|(name, _)| !matches!(name.as_str(), "name" | "phones" | "emails"))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    SharedContact {
        name,
        emails: list("emails", "email"),
        phones,
        extra: (!rest.is_empty()).then(|| Value::Object(rest).to_string()),
    }
}

/// A used button or row: its kind, what the customer saw, and what stood behind it.
pub fn choice(kind: &str, members: &Members) -> Option<(PostbackSource, String, String)> {
    let object = members.get(kind)?.as_object()?;
    if kind == "button" {
        let title = text(object, "text")?;
        let payload = text(object, "payload").unwrap_or_else(|| title.clone());
        return Some((PostbackSource::QuickReply, title, payload));
    }
    let answer = text(object, "type")?;
    let value = object.get(&answer)?;
    let reply = value.as_object()?;
    let id = || text(reply, "id");
    Some(match answer.as_str() {
        "button_reply" => (PostbackSource::Button, text(reply, "title")?, id()?),
        "list_reply" => (PostbackSource::ListRow, text(reply, "title")?, id()?),
        // A filled-in form: the answers are JSON in a text.
        "nfm_reply" => (
            PostbackSource::Button,
            text(reply, "body")
                .or_else(|| text(reply, "name"))
                .unwrap_or_default(),
            text(reply, "response_json").unwrap_or_else(|| value.to_string()),
        ),
        "call_permission_reply" => (
            PostbackSource::Button,
            text(reply, "response")?,
            value.to_string(),
        ),
        _ => return None,
    })
}

/// How the customer came in: an advertisement or post that opens a chat.
pub fn referral(members: &Members) -> Option<Referral> {
    let value = members.get("referral")?;
    let object = value.as_object()?;
    Some(Referral {
        source: text(object, "source_type").unwrap_or_else(|| "ad".to_owned()),
        reference: text(object, "ctwa_clid"),
        ad_id: text(object, "source_id"),
        url: text(object, "source_url"),
        extra: Some(value.to_string()),
    })
}
