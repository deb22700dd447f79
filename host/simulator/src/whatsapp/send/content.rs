//! What a message holds: texts, media, places, contacts, reactions.

use serde_json::{Value, json};

use super::reader::Object;
use super::template::Chosen;
use super::{interactive, template};
use crate::graph::GraphError;
use crate::graph::parameters::fetchable;
use crate::whatsapp::media::MediaKind;
use crate::whatsapp::{WhatsApp, errors};

/// The kinds of messages, in the order in which the network names them.
const KINDS: &[&str] = &[
    "audio",
    "contacts",
    "document",
    "image",
    "interactive",
    "location",
    "reaction",
    "sticker",
    "template",
    "text",
    "video",
];

/// The longest text.
const TEXT: usize = 4096;
/// The longest text below media.
const CAPTION: usize = 1024;
/// The most contacts in one message.
const CONTACTS: usize = 257;

/// What a message holds, as the customer sees it.
#[derive(Debug, Default)]
pub(crate) struct Content {
    pub(crate) text: String,
    pub(crate) attachments: Vec<Value>,
    pub(crate) structured: Vec<Value>,
    /// The reaction that it is: message and emoji.
    pub(crate) reaction: Option<(String, String)>,
    /// The template that it is.
    pub(crate) template: Option<Chosen>,
    pub(crate) audio: bool,
    /// A file is of another type than the message says.
    pub(crate) mismatch: bool,
}

impl Content {
    pub(crate) fn read(whatsapp: &WhatsApp, message: &Object<'_>) -> Result<Self, GraphError> {
        let kind = match message.value("type") {
            // A message without a type is a text.
            None => "text",
            Some(_) => message.one_of("type", KINDS)?,
        };
        let kind = kind.to_ascii_lowercase();
        if kind == "contacts" {
            return contacts(message);
        }
        let object = message.need_object(&kind)?;
        match kind.as_str() {
            "text" => text(&object),
            "location" => location(&object),
            "reaction" => reaction(&object),
            "interactive" => interactive::read(whatsapp, &object),
            "template" => template::read(whatsapp, &object),
            media => match MediaKind::named(media) {
                Some(kind) => {
                    let mut content = Self {
                        text: object.text("caption")?.unwrap_or_default().to_owned(),
                        audio: kind == MediaKind::Audio,
                        ..Self::default()
                    };
                    content.attach(whatsapp, kind, &object)?;
                    Ok(content)
                }
                None => Err(errors::by_code(131_051)),
            },
        }
    }

    /// Takes a medium, by id or by address.
    pub(crate) fn attach(
        &mut self,
        whatsapp: &WhatsApp,
        kind: MediaKind,
        object: &Object<'_>,
    ) -> Result<(), GraphError> {
        object.only(match kind {
            MediaKind::Image | MediaKind::Video => &["id", "link", "caption", "provider"],
            MediaKind::Document => &["id", "link", "caption", "filename", "provider"],
            MediaKind::Audio => &["id", "link", "voice", "provider"],
            MediaKind::Sticker => &["id", "link", "provider"],
        })?;
        object.short("caption", CAPTION)?;
        object.text("filename")?;
        object.truth("voice")?;
        match (object.text("id")?, object.text("link")?) {
            (None, None) => return Err(object.required("id")),
            (Some(_), Some(_)) => {
                return Err(errors::detailed(
                    131_009,
                    format!("Only one of id and link can be given for {}", kind.as_str()),
                ));
            }
            (Some(id), None) => {
                let now = whatsapp.world.clock.now_ms();
                let Some(medium) = whatsapp.files.get(id, now) else {
                    return Err(GraphError::parameter(format!(
                        "Param {} is not a valid whatsapp business account media attachment ID",
                        object.place("id")
                    )));
                };
                self.mismatch |= !kind.takes(&medium.mime);
            }
            (None, Some(link)) => {
                if !fetchable(link) {
                    return Err(object.wrong("link", "a valid URL"));
                }
            }
        }
        self.attachments
            .push(json!({ "type": kind.as_str(), kind.as_str(): object.json() }));
        Ok(())
    }
}

fn text(object: &Object<'_>) -> Result<Content, GraphError> {
    object.only(&["body", "preview_url"])?;
    object.truth("preview_url")?;
    Ok(Content {
        text: object.need_short("body", TEXT)?.to_owned(),
        ..Content::default()
    })
}

fn location(object: &Object<'_>) -> Result<Content, GraphError> {
    object.only(&["latitude", "longitude", "name", "address"])?;
    let (latitude, longitude) = (
        object.need_number("latitude")?,
        object.need_number("longitude")?,
    );
    if latitude.abs() > 90.0 || longitude.abs() > 180.0 {
        return Err(errors::by_code(131_009));
    }
    object.text("name")?;
    object.text("address")?;
    Ok(Content {
        attachments: vec![json!({ "type": "location", "location": object.json() })],
        ..Content::default()
    })
}

fn contacts(message: &Object<'_>) -> Result<Content, GraphError> {
    let contacts = message.objects("contacts")?;
    if contacts.is_empty() {
        return Err(message.required("contacts"));
    }
    if contacts.len() > CONTACTS {
        return Err(errors::detailed(
            131_009,
            format!("At most {CONTACTS} contacts can be sent"),
        ));
    }
    for contact in &contacts {
        contact.only(&[
            "addresses",
            "birthday",
            "emails",
            "name",
            "org",
            "phones",
            "urls",
        ])?;
        contact.need_object("name")?.need_text("formatted_name")?;
        for list in ["addresses", "emails", "phones", "urls"] {
            contact.objects(list)?;
        }
    }
    Ok(Content {
        attachments: contacts
            .iter()
            .map(|contact| json!({ "type": "contact", "contact": contact.json() }))
            .collect(),
        ..Content::default()
    })
}

fn reaction(object: &Object<'_>) -> Result<Content, GraphError> {
    object.only(&["message_id", "emoji"])?;
    let message_id = object.need_text("message_id")?;
    let emoji = object
        .text("emoji")?
        .ok_or_else(|| object.required("emoji"))?;
    if !emoji.is_empty() && emojis::get(emoji).is_none() {
        return Err(errors::detailed(
            131_009,
            "Reaction emoji is not a valid emoji",
        ));
    }
    Ok(Content {
        reaction: Some((message_id.to_owned(), emoji.to_owned())),
        ..Content::default()
    })
}
