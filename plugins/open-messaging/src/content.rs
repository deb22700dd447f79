//! `content[]`: what a message carries besides its text.

use linecard_sdk::events::{Attachment, AttachmentKind, Location, Structured};
use linecard_sdk::json::Lenient as _;
use serde_json::{Map, Value, json};

use crate::wire::{ButtonResponse, Members};

/// Content types, the member that holds the content, and the contract's word for structured content.
const TYPES: [(&str, &str, &str); 17] = [
    ("Attachment", "attachment", ""),
    ("Location", "location", ""),
    ("ButtonResponse", "buttonResponse", ""),
    ("Story", "story", ""),
    ("Text", "text", ""),
    ("QuickReply", "quickReply", "quick-replies"),
    ("QuickReplyV2", "quickReplyV2", "quick-replies"),
    ("Card", "card", "card"),
    ("Carousel", "carousel", "carousel"),
    ("ListPicker", "listPicker", "list"),
    ("DatePicker", "datePicker", "date-picker"),
    ("Form", "form", "form"),
    ("Notification", "template", "notification"),
    (
        "NotificationResponse",
        "notificationResponse",
        "notification-response",
    ),
    ("PaymentRequest", "paymentRequest", "payment-request"),
    ("PaymentResponse", "paymentResponse", "payment-response"),
    ("Reactions", "reactions", "reactions"),
];

/// What was found.
#[derive(Default)]
pub struct Content {
    pub attachments: Vec<Attachment>,
    pub location: Option<Location>,
    pub structured: Option<Structured>,
    pub choice: Option<ButtonResponse>,
    pub text: Option<String>,
    /// What stands below attachments.
    pub captions: Vec<String>,
    pub parent: Option<String>,
}

/// Sorts the contents. What is not known, or not as it should be, is kept as structured content.
pub fn read(items: &[Value]) -> Content {
    let mut content = Content::default();
    let mut structured: Vec<(String, Value)> = Vec::new();
    for item in items {
        let Some((name, kind, inner)) = classify(item) else {
            structured.push(("unknown".to_owned(), item.clone()));
            continue;
        };
        let part = inner.as_object();
        let known = match name.as_str() {
            "Attachment" => part.map(|part| {
                content.captions.extend(part.text("text"));
                content.attachments.push(attachment(part));
            }),
            "Location" => part
                .and_then(location)
                .map(|place| content.location = Some(place)),
            "ButtonResponse" => part
                .map(ButtonResponse::of)
                .filter(|choice| choice.text.is_some() || choice.payload.is_some())
                .map(|choice| content.choice = Some(choice)),
            "Story" => part.map(|part| {
                content.parent = part.text("replyToId");
                let story = Attachment::new(AttachmentKind::Share);
                content.attachments.push(Attachment {
                    url: part.text("url"),
                    label: Some("Story".to_owned()),
                    ..story
                });
            }),
            "Text" => inner.text("body").map(|body| {
                content.text.get_or_insert_default().push_str(&body);
            }),
            _ => None,
        };
        if known.is_none() {
            structured.push((if kind.is_empty() { name } else { kind }, inner));
        }
    }
    content.structured = combine(structured);
    content
}

/// The type's name, the word for structured content, and the content. A missing `contentType` is told
/// by the member that is there.
fn classify(item: &Value) -> Option<(String, String, Value)> {
    let members = item.as_object()?;
    let named = members.word("contentType");
    let known = TYPES.iter().find(|(name, member, _)| match named {
        Some(named) => named.eq_ignore_ascii_case(name),
        None => members.contains_key(*member),
    });
    match (known, named) {
        (Some((name, member, kind)), _) => {
            let inner = members
                .get(*member)
                .cloned()
                .unwrap_or_else(|| item.clone());
            Some(((*name).to_owned(), (*kind).to_owned(), inner))
        }
        (None, Some(named)) => Some((named.to_owned(), String::new(), item.clone())),
        (None, None) => None,
    }
}

fn attachment(part: &Members) -> Attachment {
    let media_type = part.text("mediaType");
    let word = media_type.as_deref().unwrap_or_default();
    let kind = match word.to_ascii_lowercase().as_str() {
        "image" => AttachmentKind::Image,
        "video" => AttachmentKind::Video,
        "audio" => AttachmentKind::Audio,
        "file" => AttachmentKind::File,
        "link" => AttachmentKind::Link,
        _ => AttachmentKind::Other,
    };
    Attachment {
        kind,
        url: part.text("url"),
        media_id: part.text("id"),
        mime: part.text("mime"),
        size: part
            .count("contentSizeBytes")
            .or_else(|| part.count("fileSize")),
        name: part.first_text(&["filename", "fileName", "text"]),
        sha256: part
            .text("sha256")
            .map(|digest| digest.to_ascii_lowercase()),
        label: media_type,
    }
}

fn location(part: &Members) -> Option<Location> {
    Some(Location {
        name: part.text("text"),
        address: part.text("address"),
        ..Location::new(part.number("latitude")?, part.number("longitude")?)
    })
}

/// One structured content of all that were found: quick replies come as a content each and are one
/// list; of other kinds there is normally one.
fn combine(found: Vec<(String, Value)>) -> Option<Structured> {
    let (kind, _) = found.first()?;
    if found.iter().all(|(kind, _)| kind == "quick-replies") {
        let options: Vec<Value> = found.iter().flat_map(|(_, value)| options(value)).collect();
        return Some(Structured::new(
            "quick-replies",
            &json!({ "options": options }),
        ));
    }
    if let [(kind, value)] = found.as_slice() {
        let json = match kind.as_str() {
            "card" => card(value),
            "carousel" => {
                json!({ "cards": value.list("cards").iter().map(card).collect::<Vec<_>>() })
            }
            "list" => picker(value),
            _ => value.clone(),
        };
        return Some(Structured::new(kind.clone(), &json));
    }
    let all: Vec<Value> = found
        .iter()
        .map(|(kind, value)| json!({ "kind": kind, "content": value }))
        .collect();
    Some(Structured::new(format!("{kind}+"), &Value::Array(all)))
}

/// A quick reply, or the several that version 2 holds.
fn options(value: &Value) -> Vec<Value> {
    let several = value.list("actions");
    let each = if several.is_empty() {
        std::slice::from_ref(value)
    } else {
        several
    };
    each.iter()
        .map(|reply| {
            rename(
                reply,
                &[
                    ("text", "text"),
                    ("payload", "payload"),
                    ("image", "image_url"),
                ],
            )
        })
        .collect()
}

fn card(value: &Value) -> Value {
    let names = [
        ("title", "title"),
        ("description", "description"),
        ("image", "image_url"),
    ];
    let mut card = rename(value, &names);
    let action = |action: &Value| {
        let names = [("text", "text"), ("url", "url"), ("payload", "payload")];
        let mut read = rename(action, &names);
        let kind = action.text("type").unwrap_or_default();
        read["type"] = json!(kind.to_ascii_lowercase());
        read
    };
    card["actions"] = Value::Array(value.list("actions").iter().map(action).collect());
    card
}

fn picker(value: &Value) -> Value {
    let row = |item: &Value| {
        rename(
            item,
            &[
                ("id", "id"),
                ("title", "title"),
                ("subtitle", "description"),
            ],
        )
    };
    let section = |section: &Value| {
        let mut read = rename(section, &[("title", "title")]);
        read["rows"] = Value::Array(section.list("items").iter().map(row).collect());
        read
    };
    let sections: Vec<Value> = value.list("sections").iter().map(section).collect();
    let button = value.text_at(&["receivedMessage", "title"]);
    json!({ "button": button.unwrap_or_default(), "sections": sections })
}

/// The members that are there, under the contract's names.
fn rename(value: &Value, names: &[(&str, &str)]) -> Value {
    let member = |(from, to): &(&str, &str)| {
        let value = value.member(from)?;
        Some(((*to).to_owned(), value.clone()))
    };
    Value::Object(
        names
            .iter()
            .filter_map(member)
            .collect::<Map<String, Value>>(),
    )
}
