//! What the company says becomes the messages that the Send API takes.

use linecard_sdk::actions::{Failure, Outgoing, OutgoingAttachment};
use linecard_sdk::events::{AttachmentKind, Structured};
use serde_json::{Value, json};

use crate::network::Network;
use crate::structured::{Card, CardAction, Carousel, QuickReplies, QuickReply, at_most, read};

/// The most quick replies of a message.
pub const QUICK_REPLIES_MAX: u32 = 13;
/// The most characters of a quick reply's title.
const QUICK_REPLY_TITLE_MAX: u32 = 20;
/// The most cards of a carousel.
const CARDS_MAX: u32 = 10;
/// The most buttons of a card.
const BUTTONS_MAX: u32 = 3;
/// The most characters of a card's title and subtitle.
const CARD_TEXT_MAX: u32 = 80;

/// One message.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// What it says.
    pub content: Content,
    /// Its quick replies, as Graph takes them.
    pub quick_replies: Vec<Value>,
    /// The message that it answers.
    pub reply_to: Option<String>,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A text.
    Text(String),
    /// A file.
    File(File),
    /// A sticker of Messenger's own, by its id.
    Sticker(u64),
    /// The heart, Instagram's only sticker that can be sent.
    Heart,
    /// A template, as Graph takes it in `attachment.payload`.
    Template(Value),
}

/// A file to send.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    /// Graph's word: `image`, `audio`, `video` or `file`.
    pub kind: &'static str,
    /// What it is called.
    pub name: String,
    /// Its MIME type, if known.
    pub mime: Option<String>,
    /// Where it is.
    pub source: Source,
}

/// Where a file is.
#[derive(Debug, Clone, PartialEq)]
pub enum Source {
    /// At a public URL, where Graph fetches it.
    Url(String),
    /// In the hub's media store, under this name.
    Media(String),
    /// Uploaded already, under this id of Graph's.
    Id(String),
}

impl File {
    /// A file that an agent attached; `kind` is the network's word.
    pub fn of(kind: &'static str, outgoing: &OutgoingAttachment) -> Result<Self, Failure> {
        let attachment = &outgoing.attachment;
        let source = match (&outgoing.media, &attachment.url, &attachment.media_id) {
            (Some(media), _, _) => Source::Media(media.clone()),
            (None, Some(url), _) => Source::Url(url.clone()),
            (None, None, Some(id)) => Source::Id(id.clone()),
            (None, None, None) => {
                return Err(Failure::rejected(
                    "attachment",
                    "the attachment has neither a file nor a URL",
                ));
            }
        };
        let name = attachment.name.clone().filter(|name| !name.is_empty());
        Ok(Self {
            kind,
            name: name.unwrap_or_else(|| kind.to_owned()),
            mime: attachment.mime.clone(),
            source,
        })
    }

    /// The `attachment` member.
    pub fn json(&self) -> Value {
        let payload = match &self.source {
            Source::Url(url) => json!({ "url": url, "is_reusable": true }),
            Source::Media(_) => json!({ "is_reusable": true }),
            Source::Id(id) => json!({ "attachment_id": id }),
        };
        json!({ "type": self.kind, "payload": payload })
    }
}

impl Part {
    fn new(content: Content) -> Self {
        Self {
            content,
            quick_replies: Vec::new(),
            reply_to: None,
        }
    }

    /// The `message` member.
    pub fn message(&self) -> Value {
        let mut message = match &self.content {
            Content::Text(text) => json!({ "text": text }),
            Content::File(file) => json!({ "attachment": file.json() }),
            Content::Sticker(id) => json!({ "sticker_id": id }),
            Content::Heart => json!({ "attachment": { "type": "like_heart" } }),
            Content::Template(payload) => {
                json!({ "attachment": { "type": "template", "payload": payload } })
            }
        };
        if !self.quick_replies.is_empty() {
            message["quick_replies"] = json!(self.quick_replies);
        }
        message
    }

    /// The file that must go along with the message, and its name in the media store.
    pub fn media(&self) -> Option<(&File, &str)> {
        match &self.content {
            Content::File(file) => match &file.source {
                Source::Media(media) => Some((file, media)),
                _ => None,
            },
            _ => None,
        }
    }

    /// What people call it.
    pub fn name(&self) -> String {
        match &self.content {
            Content::Text(_) => "the text".to_owned(),
            Content::File(file) => format!("the {} “{}”", file.kind, file.name),
            Content::Sticker(_) | Content::Heart => "the sticker".to_owned(),
            Content::Template(_) => "the cards".to_owned(),
        }
    }
}

/// The messages, in the order in which they are sent. Every limit that Meta documents is checked
/// here, before anything is sent.
///
/// `names_answered` says whether the network takes the message that is answered.
pub fn parts(
    network: Network,
    names_answered: bool,
    outgoing: &Outgoing,
) -> Result<Vec<Part>, Failure> {
    if outgoing.location.is_some() {
        return Err(Failure::unsupported(format!(
            "a place cannot be sent by {}; send a link to a map",
            network.name()
        )));
    }
    let mut parts = Vec::new();
    for attachment in &outgoing.attachments {
        parts.push(Part::new(file(network, attachment)?));
    }
    let mut replies = Vec::new();
    if let Some(structured) = &outgoing.structured {
        match structured.kind.as_str() {
            "quick-replies" => replies = quick_replies(network, structured)?,
            "card" => parts.push(Part::new(cards(network, &[read(structured)?])?)),
            "carousel" => parts.push(Part::new(cards(
                network,
                &read::<Carousel>(structured)?.cards,
            )?)),
            other => {
                return Err(Failure::unsupported(format!(
                    "{} has no `{other}` to send",
                    network.name()
                )));
            }
        }
    }
    if let Some(text) = outgoing.text.as_ref().filter(|text| !text.is_empty()) {
        let (count, unit) = network.measure(text);
        at_most(network.name(), "text", unit, count, network.text_max().0)?;
        let text = Part::new(Content::Text(text.clone()));
        // Quick replies vanish as soon as another message follows: they go with the last one.
        if replies.is_empty() {
            parts.insert(0, text);
        } else {
            parts.push(text);
        }
    }
    if names_answered && let Some(first) = parts.first_mut() {
        first.reply_to.clone_from(&outgoing.reply_to);
    }
    match parts.last_mut() {
        Some(last) => last.quick_replies = replies,
        None => {
            return Err(Failure::rejected(
                "empty",
                "there is nothing to send: no text, file or card",
            ));
        }
    }
    Ok(parts)
}

fn file(network: Network, outgoing: &OutgoingAttachment) -> Result<Content, Failure> {
    let attachment = &outgoing.attachment;
    let kind = match attachment.kind {
        AttachmentKind::Image | AttachmentKind::Animation => "image",
        AttachmentKind::Audio => "audio",
        AttachmentKind::Video => "video",
        AttachmentKind::File => "file",
        AttachmentKind::Sticker if network == Network::Instagram => return Ok(Content::Heart),
        AttachmentKind::Sticker => {
            let id = attachment
                .media_id
                .as_deref()
                .and_then(|id| id.parse().ok());
            let missing =
                || Failure::rejected("sticker", "a sticker is sent by its number (media id)");
            return id.map(Content::Sticker).ok_or_else(missing);
        }
        AttachmentKind::Link | AttachmentKind::Share | AttachmentKind::Other => {
            return Err(Failure::unsupported(format!(
                "{} sends images, audio, video, files and stickers; put a link into the text",
                network.name()
            )));
        }
    };
    File::of(kind, outgoing).map(Content::File)
}

fn quick_replies(network: Network, structured: &Structured) -> Result<Vec<Value>, Failure> {
    let options = read::<QuickReplies>(structured)?.options;
    at_most(
        network.name(),
        "quick replies",
        "options",
        options.len(),
        QUICK_REPLIES_MAX,
    )?;
    let reply = |option: QuickReply| {
        match option.kind.as_deref().unwrap_or("text") {
            "text" => {}
            kind @ ("user_phone_number" | "user_email") if network == Network::Messenger => {
                return Ok(json!({ "content_type": kind }));
            }
            kind @ ("user_phone_number" | "user_email") => {
                return Err(Failure::rejected(
                    "quick-reply",
                    format!(
                        "{} takes no quick reply of the type {kind} since October 2026: ask for it in the text",
                        network.name()
                    ),
                ));
            }
            other => {
                return Err(Failure::rejected(
                    "quick-reply",
                    format!(
                        "a quick reply is of the type text, user_phone_number or user_email, not {other}"
                    ),
                ));
            }
        }
        if option.text.is_empty() {
            return Err(Failure::rejected(
                "quick-reply",
                "a quick reply has no text",
            ));
        }
        let name = format!("quick reply “{}”", option.text);
        at_most(
            network.name(),
            &name,
            "characters",
            option.text.chars().count(),
            QUICK_REPLY_TITLE_MAX,
        )?;
        let payload = option.payload.unwrap_or_else(|| option.text.clone());
        let mut reply = json!({ "content_type": "text", "title": option.text, "payload": payload });
        if let Some(url) = option.image_url {
            reply["image_url"] = json!(url);
        }
        Ok(reply)
    };
    options.into_iter().map(reply).collect()
}

/// Cards as a generic template.
fn cards(network: Network, cards: &[Card]) -> Result<Content, Failure> {
    at_most(network.name(), "carousel", "cards", cards.len(), CARDS_MAX)?;
    if cards.is_empty() {
        return Err(Failure::rejected("structured", "the carousel has no cards"));
    }
    let element = |card: &Card| {
        let name = format!("card “{}”", card.title);
        at_most(
            network.name(),
            &name,
            "characters in its title",
            card.title.chars().count(),
            CARD_TEXT_MAX,
        )?;
        at_most(
            network.name(),
            &name,
            "buttons",
            card.actions.len(),
            BUTTONS_MAX,
        )?;
        let mut element = json!({ "title": card.title });
        if let Some(description) = &card.description {
            let count = description.chars().count();
            at_most(
                network.name(),
                &name,
                "characters in its description",
                count,
                CARD_TEXT_MAX,
            )?;
            element["subtitle"] = json!(description);
        }
        if let Some(url) = &card.image_url {
            element["image_url"] = json!(url);
        }
        let buttons: Result<Vec<Value>, Failure> = card.actions.iter().map(button).collect();
        let buttons = buttons?;
        if !buttons.is_empty() {
            element["buttons"] = json!(buttons);
        }
        Ok(element)
    };
    let elements: Result<Vec<Value>, Failure> = cards.iter().map(element).collect();
    Ok(Content::Template(
        json!({ "template_type": "generic", "elements": elements? }),
    ))
}

fn button(action: &CardAction) -> Result<Value, Failure> {
    match (action.kind.as_str(), &action.url) {
        ("link", Some(url)) => Ok(json!({ "type": "web_url", "url": url, "title": action.text })),
        ("postback", _) => {
            let payload = action.payload.as_ref().unwrap_or(&action.text);
            Ok(json!({ "type": "postback", "title": action.text, "payload": payload }))
        }
        _ => Err(Failure::rejected(
            "structured",
            format!(
                "the button “{}” is neither a link with a URL nor a postback",
                action.text
            ),
        )),
    }
}
