//! What the company says becomes the messages that WhatsApp takes. Every limit that Meta documents is
//! checked here, before anything is sent.

use linecard_graph::compose::{File, Source};
use linecard_graph::structured::{Card, CardAction, QuickReplies, at_most, read};
use linecard_sdk::actions::{Failure, Outgoing, OutgoingAttachment};
use linecard_sdk::events::{AttachmentKind, Location, Structured};
use serde::Deserialize;
use serde_json::{Value, json};

const NETWORK: &str = "WhatsApp";
/// The most characters of a text.
pub const TEXT_MAX: u32 = 4096;
/// The most buttons of a message.
pub const BUTTONS_MAX: u32 = 3;
/// The most characters of a button's title, and of the one that opens a list.
const BUTTON_MAX: u32 = 20;
/// The most bytes of what stands behind a button.
const BUTTON_ID_MAX: u32 = 256;
/// The most characters of a text above buttons or a list, and of a file's caption.
const BODY_MAX: u32 = 1024;
/// The most rows of a list, over all its sections.
const ROWS_MAX: u32 = 10;
/// The most characters of a row's or a section's title.
const ROW_MAX: u32 = 24;
/// The most characters of a row's description.
const ROW_DESCRIPTION_MAX: u32 = 72;
/// The most bytes of a row's id.
const ROW_ID_MAX: u32 = 200;

/// The kinds of structured content that can be sent, besides templates.
pub const STRUCTURED: [&str; 5] = [
    "quick-replies",
    "list",
    "card",
    "location-request",
    "interactive",
];

/// One message.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// What it says.
    pub content: Content,
    /// The message that it answers.
    pub reply_to: Option<String>,
}

/// What a message says.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A text.
    Text(String),
    /// A file with its caption.
    File(File, Option<String>),
    /// A place.
    Location(Location),
    /// Buttons or a list, as WhatsApp takes them in `interactive`.
    Interactive(Value),
    /// An approved template, as WhatsApp takes it in `template`.
    Template(Value),
}

impl Part {
    /// The message's `type`, and what stands under that name.
    pub fn json(&self, preview_url: bool) -> (&'static str, Value) {
        match &self.content {
            Content::Text(text) => ("text", json!({ "body": text, "preview_url": preview_url })),
            Content::File(file, caption) => (file.kind, file_json(file, caption.as_deref())),
            Content::Location(place) => ("location", location(place)),
            Content::Interactive(interactive) => ("interactive", interactive.clone()),
            Content::Template(template) => ("template", template.clone()),
        }
    }

    /// What people call it.
    pub fn name(&self) -> String {
        match &self.content {
            Content::Text(_) => "the text".to_owned(),
            Content::File(file, _) => format!("the {} “{}”", file.kind, file.name),
            Content::Location(_) => "the place".to_owned(),
            Content::Interactive(_) => "the choices".to_owned(),
            Content::Template(_) => "the template".to_owned(),
        }
    }
}

fn file_json(file: &File, caption: Option<&str>) -> Value {
    let mut json = match &file.source {
        Source::Url(url) => json!({ "link": url }),
        Source::Id(id) | Source::Media(id) => json!({ "id": id }),
    };
    if let Some(caption) = caption {
        json["caption"] = json!(caption);
    }
    if file.kind == "document" {
        json["filename"] = json!(file.name);
    }
    json
}

fn location(place: &Location) -> Value {
    let mut json = json!({ "latitude": place.latitude, "longitude": place.longitude });
    for (name, value) in [("name", &place.name), ("address", &place.address)] {
        if let Some(value) = value {
            json[name] = json!(value);
        }
    }
    json
}

/// The messages, in the order in which they are sent: choices last, because they are what the
/// customer is to answer. A text goes as the caption of a single file where it fits.
pub fn parts(outgoing: &Outgoing) -> Result<Vec<Part>, Failure> {
    let mut text = outgoing.text.clone().filter(|text| !text.is_empty());
    if let Some(text) = &text {
        let count = text.chars().count();
        at_most(NETWORK, "text", "characters", count, TEXT_MAX)?;
    }
    let choices = match &outgoing.structured {
        Some(structured) => Some(interactive(structured, &mut text)?),
        None => None,
    };
    let files = outgoing.attachments.iter().map(file);
    let files: Vec<File> = files.collect::<Result<_, _>>()?;
    let caption = match files.as_slice() {
        [only] if outgoing.location.is_none() && takes_caption(only) => {
            text.take_if(|text| text.chars().count() <= BODY_MAX as usize)
        }
        _ => None,
    };
    let mut contents: Vec<Content> = text.map(Content::Text).into_iter().collect();
    let files = files.into_iter();
    contents.extend(files.map(|file| Content::File(file, caption.clone())));
    contents.extend(outgoing.location.clone().map(Content::Location));
    contents.extend(choices.map(Content::Interactive));
    if contents.is_empty() {
        return Err(Failure::rejected(
            "empty",
            "there is nothing to send: no text, file, place or choices",
        ));
    }
    let mut reply_to = outgoing.reply_to.clone();
    let part = |content| Part {
        content,
        reply_to: reply_to.take(),
    };
    Ok(contents.into_iter().map(part).collect())
}

fn takes_caption(file: &File) -> bool {
    matches!(file.kind, "image" | "video" | "document")
}

fn file(outgoing: &OutgoingAttachment) -> Result<File, Failure> {
    let kind = match outgoing.attachment.kind {
        AttachmentKind::Image => "image",
        AttachmentKind::Audio => "audio",
        AttachmentKind::Video => "video",
        AttachmentKind::File => "document",
        AttachmentKind::Sticker => "sticker",
        AttachmentKind::Animation => {
            return Err(Failure::unsupported(
                "WhatsApp takes no GIF; send the moving picture as a video",
            ));
        }
        AttachmentKind::Link | AttachmentKind::Share | AttachmentKind::Other => {
            return Err(Failure::unsupported(
                "WhatsApp sends images, audio, video, documents and stickers; put a link into the text",
            ));
        }
    };
    File::of(kind, outgoing)
}

/// Choices, with the text as their body.
fn interactive(structured: &Structured, text: &mut Option<String>) -> Result<Value, Failure> {
    let kind = structured.kind.as_str();
    if kind == "interactive" {
        return as_given(structured);
    }
    if kind == "card" {
        return card(&read(structured)?, text);
    }
    let (word, action) = match kind {
        "quick-replies" => ("button", replies(structured)?),
        "list" => ("list", list(&read(structured)?)?),
        "location-request" => (
            "location_request_message",
            json!({ "name": "send_location" }),
        ),
        other => {
            return Err(Failure::unsupported(format!(
                "WhatsApp has no `{other}` to send; it has: {}",
                STRUCTURED.join(", ")
            )));
        }
    };
    let Some(body) = text.take() else {
        return Err(Failure::rejected(
            "text-missing",
            format!("a `{kind}` of WhatsApp needs a text above the choices"),
        ));
    };
    at_most(
        NETWORK,
        "text above the choices",
        "characters",
        body.chars().count(),
        BODY_MAX,
    )?;
    Ok(json!({ "type": word, "body": { "text": body }, "action": action }))
}

/// WhatsApp's own form, for kinds that the contract has no form for, such as flows and catalogues.
fn as_given(structured: &Structured) -> Result<Value, Failure> {
    let given: Value = read(structured)?;
    if given.get("type").is_some_and(Value::is_string) && given.get("action").is_some() {
        return Ok(given);
    }
    Err(Failure::rejected(
        "structured",
        "an `interactive` is WhatsApp's own object with `type` and `action`",
    ))
}

fn button(title: &str, id: &str) -> Result<Value, Failure> {
    let name = format!("button “{title}”");
    at_most(
        NETWORK,
        &name,
        "characters",
        title.chars().count(),
        BUTTON_MAX,
    )?;
    let what = format!("what stands behind the {name}");
    at_most(NETWORK, &what, "bytes", id.len(), BUTTON_ID_MAX)?;
    Ok(json!({ "type": "reply", "reply": { "id": id, "title": title } }))
}

fn buttons(of: &[(&str, &str)]) -> Result<Value, Failure> {
    at_most(NETWORK, "choices", "buttons", of.len(), BUTTONS_MAX)?;
    if of.is_empty() {
        return Err(Failure::rejected(
            "structured",
            "there is nothing to choose from",
        ));
    }
    let buttons = of.iter().map(|(title, id)| button(title, id));
    let buttons: Vec<Value> = buttons.collect::<Result<_, _>>()?;
    Ok(json!({ "buttons": buttons }))
}

fn replies(structured: &Structured) -> Result<Value, Failure> {
    let replies: QuickReplies = read(structured)?;
    let of: Vec<(&str, &str)> = replies
        .options
        .iter()
        .map(|reply| {
            let payload = reply.payload.as_deref();
            (reply.text.as_str(), payload.unwrap_or(&reply.text))
        })
        .collect();
    buttons(&of)
}

#[derive(Deserialize)]
struct List {
    button: String,
    sections: Vec<Section>,
}

#[derive(Deserialize)]
struct Section {
    #[serde(default)]
    title: Option<String>,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    id: String,
    title: String,
    #[serde(default)]
    description: Option<String>,
}

fn list(list: &List) -> Result<Value, Failure> {
    let name = format!("list button “{}”", list.button);
    at_most(
        NETWORK,
        &name,
        "characters",
        list.button.chars().count(),
        BUTTON_MAX,
    )?;
    let rows = list.sections.iter().map(|section| section.rows.len()).sum();
    at_most(NETWORK, "list", "rows", rows, ROWS_MAX)?;
    if rows == 0 {
        return Err(Failure::rejected("structured", "the list has no rows"));
    }
    let is_titled = |section: &Section| section.title.as_ref().is_some_and(|t| !t.is_empty());
    if list.sections.len() > 1 && !list.sections.iter().all(is_titled) {
        return Err(Failure::rejected(
            "structured",
            "a list of several sections needs a title for each",
        ));
    }
    let sections: Vec<Value> = list
        .sections
        .iter()
        .map(section)
        .collect::<Result<_, _>>()?;
    Ok(json!({ "button": list.button, "sections": sections }))
}

fn section(section: &Section) -> Result<Value, Failure> {
    let rows: Vec<Value> = section.rows.iter().map(row).collect::<Result<_, _>>()?;
    let mut json = json!({ "rows": rows });
    if let Some(title) = &section.title {
        let name = format!("section “{title}”");
        at_most(NETWORK, &name, "characters", title.chars().count(), ROW_MAX)?;
        json["title"] = json!(title);
    }
    Ok(json)
}

fn row(row: &Row) -> Result<Value, Failure> {
    let name = format!("row “{}”", row.title);
    at_most(
        NETWORK,
        &name,
        "characters in its title",
        row.title.chars().count(),
        ROW_MAX,
    )?;
    at_most(NETWORK, &name, "bytes in its id", row.id.len(), ROW_ID_MAX)?;
    let mut json = json!({ "id": row.id, "title": row.title });
    if let Some(description) = &row.description {
        let count = description.chars().count();
        let unit = "characters in its description";
        at_most(NETWORK, &name, unit, count, ROW_DESCRIPTION_MAX)?;
        json["description"] = json!(description);
    }
    Ok(json)
}

/// A card: a message with one link, or with buttons that answer. WhatsApp has no mixture. A text
/// beside the card is a message of its own.
fn card(card: &Card, text: &mut Option<String>) -> Result<Value, Failure> {
    let body = match &card.description {
        Some(description) => format!("*{}*\n{description}", card.title),
        None => match text.take() {
            Some(text) => format!("*{}*\n{text}", card.title),
            None => card.title.clone(),
        },
    };
    at_most(
        NETWORK,
        "card",
        "characters",
        body.chars().count(),
        BODY_MAX,
    )?;
    let of: Option<Vec<(&str, &str)>> = card.actions.iter().map(postback).collect();
    let (word, action) = match (card.actions.as_slice(), of) {
        (
            [
                CardAction {
                    kind,
                    text,
                    url: Some(url),
                    ..
                },
            ],
            _,
        ) if kind == "link" => {
            let name = format!("link button “{text}”");
            at_most(
                NETWORK,
                &name,
                "characters",
                text.chars().count(),
                BUTTON_MAX,
            )?;
            let parameters = json!({ "display_text": text, "url": url });
            (
                "cta_url",
                json!({ "name": "cta_url", "parameters": parameters }),
            )
        }
        (_, Some(of)) => ("button", buttons(&of)?),
        _ => {
            return Err(Failure::rejected(
                "structured",
                "a card of WhatsApp has either one link or up to three buttons that answer",
            ));
        }
    };
    let mut json = json!({ "type": word, "body": { "text": body }, "action": action });
    if let Some(url) = &card.image_url {
        json["header"] = json!({ "type": "image", "image": { "link": url } });
    }
    Ok(json)
}

fn postback(action: &CardAction) -> Option<(&str, &str)> {
    let payload = action.payload.as_deref().unwrap_or(&action.text);
    (action.kind == "postback").then_some((action.text.as_str(), payload))
}
