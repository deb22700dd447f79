//! What a message says, by its `type`.

use linecard_sdk::encode;
use linecard_sdk::events::{
    Attachment, AttachmentKind, Location, Message, PostbackSource, Referral, SharedContact,
    Structured,
};
use linecard_sdk::json::Lenient as _;
use serde_json::{Value, json};

use crate::people::Members;

/// The types that a message is known by if it names none.
pub const TYPES: [&str; 15] = [
    "audio",
    "button",
    "contacts",
    "document",
    "edit",
    "image",
    "interactive",
    "location",
    "order",
    "reaction",
    "revoke",
    "sticker",
    "system",
    "text",
    "video",
];

/// Reads what stands under the type's name into a message; `None` if the type has no reading here.
pub fn fill(kind: &str, members: &Members, message: &mut Message) -> Option<()> {
    let part = members.member(kind);
    let object = || part.and_then(Value::as_object);
    match kind {
        "text" => message.text = Some(object()?.text("body")?),
        "image" | "video" | "audio" | "voice" | "document" | "sticker" => {
            let object = object()?;
            message.text = object.text("caption");
            message.attachments.push(attachment(kind, object));
        }
        "location" => message.location = Some(location(object()?)?),
        "contacts" => {
            let list = members.list(kind);
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
            message.text = object.text("text");
            message.structured = Some(Structured::new("order", part?));
        }
        // The first tap on a business in WhatsApp: nothing was written yet.
        "request_welcome" => message.structured = Some(Structured::new(kind, &Value::Null)),
        _ => return None,
    }
    Some(())
}

fn attachment(kind: &str, object: &Members) -> Attachment {
    let kind_of = match kind {
        "image" => AttachmentKind::Image,
        "video" => AttachmentKind::Video,
        "audio" | "voice" => AttachmentKind::Audio,
        "sticker" => AttachmentKind::Sticker,
        _ => AttachmentKind::File,
    };
    let label = match kind {
        "audio" if object.is("voice") => "voice",
        "sticker" if object.is("animated") => "animated-sticker",
        other => other,
    };
    Attachment {
        url: object.text("url"),
        media_id: object.text("id"),
        mime: object.text("mime_type"),
        size: object.count("file_size"),
        name: object.text("filename"),
        sha256: object.text("sha256").and_then(|hash| sha256_hex(&hash)),
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
    Some(Location {
        name: object.text("name"),
        address: object.text("address"),
        ..Location::new(object.number("latitude")?, object.number("longitude")?)
    })
}

fn contact(object: &Members) -> SharedContact {
    let list = |name: &str, member: &str| -> Vec<String> {
        let items = object.list(name).iter();
        items.filter_map(|item| item.text(member)).collect()
    };
    let phones = list("phones", "phone");
    let name = object.object("name");
    let name = name.and_then(|name| name.first_text(&["formatted_name", "first_name"]));
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
    let object = members.object(kind)?;
    if kind == "button" {
        let title = object.text("text")?;
        let payload = object.text("payload").unwrap_or_else(|| title.clone());
        return Some((PostbackSource::QuickReply, title, payload));
    }
    let answer = object.text("type")?;
    let value = object.get(&answer)?;
    let reply = value.as_object()?;
    let id = || reply.text("id");
    Some(match answer.as_str() {
        "button_reply" => (PostbackSource::Button, reply.text("title")?, id()?),
        "list_reply" => (PostbackSource::ListRow, reply.text("title")?, id()?),
        // A filled-in form: the answers are JSON in a text.
        "nfm_reply" => (
            PostbackSource::Button,
            reply
                .text("body")
                .or_else(|| reply.text("name"))
                .unwrap_or_default(),
            reply
                .text("response_json")
                .unwrap_or_else(|| value.to_string()),
        ),
        "call_permission_reply" => (
            PostbackSource::Button,
            reply.text("response")?,
            value.to_string(),
        ),
        _ => return None,
    })
}

/// How the customer came in: an advertisement or post that opens a chat, or a product of the company's
/// catalogue that the message is about.
pub fn referral(members: &Members) -> Option<Referral> {
    let extra = |object: &Members| Some(Value::Object(object.clone()).to_string());
    if let Some(object) = members.object("referral") {
        return Some(Referral {
            source: object
                .text("source_type")
                .unwrap_or_else(|| "ad".to_owned()),
            reference: object.text("ctwa_clid"),
            ad_id: object.text("source_id"),
            url: object.text("source_url"),
            extra: extra(object),
        });
    }
    let product = members.object("context")?.object("referred_product")?;
    Some(Referral {
        source: "product".to_owned(),
        reference: product.text("product_retailer_id"),
        extra: extra(product),
        ..Referral::default()
    })
}

/// The mark of a message that was passed on, which says that its words may be somebody else's.
pub fn forwarded(members: &Members) -> Option<Structured> {
    let context = members.object("context")?;
    let often = context.is("frequently_forwarded");
    (often || context.is("forwarded"))
        .then(|| Structured::new("forwarded", &json!({ "frequently": often })))
}
