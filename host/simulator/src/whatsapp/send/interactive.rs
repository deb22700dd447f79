//! Interactive messages: reply buttons, lists, links, requests.

use std::collections::BTreeSet;

use serde_json::Value;

use super::content::Content;
use super::reader::Object;
use crate::graph::GraphError;
use crate::graph::parameters::fetchable;
use crate::whatsapp::media::MediaKind;
use crate::whatsapp::{WhatsApp, errors};

const KINDS: &[&str] = &[
    "button",
    "call_permission_request",
    "carousel",
    "catalog_message",
    "cta_url",
    "flow",
    "list",
    "location_request_message",
    "order_details",
    "order_status",
    "product",
    "product_list",
    "request_contact_info",
    "voice_call",
];

const BODY: usize = 1024;
const HEADER: usize = 60;
const FOOTER: usize = 60;

pub(crate) fn read(whatsapp: &WhatsApp, object: &Object<'_>) -> Result<Content, GraphError> {
    object.only(&["type", "header", "body", "footer", "action"])?;
    let kind = object.one_of("type", KINDS)?.to_ascii_lowercase();
    let mut content = Content::default();
    if let Some(header) = object.object("header")? {
        read_header(whatsapp, &header, &kind, &mut content)?;
    }
    match object.object("body")? {
        Some(body) => body.need_short("text", BODY)?.clone_into(&mut content.text),
        // A single product speaks for itself.
        None if kind == "product" => {}
        None => return Err(object.required("body")),
    }
    if let Some(footer) = object.object("footer")? {
        footer.need_short("text", FOOTER)?;
    }
    let action = object.need_object("action")?;
    content.structured = match kind.as_str() {
        "button" => buttons(&action)?,
        "list" => rows(&action)?,
        "cta_url" => {
            link(&action)?;
            vec![action.json()]
        }
        "location_request_message" => {
            action.one_of("name", &["send_location"])?;
            vec![action.json()]
        }
        "request_contact_info" => {
            action.one_of("name", &["request_contact_info"])?;
            vec![action.json()]
        }
        _ => vec![action.json()],
    };
    Ok(content)
}

fn read_header(
    whatsapp: &WhatsApp,
    header: &Object<'_>,
    kind: &str,
    content: &mut Content,
) -> Result<(), GraphError> {
    let words: &[&str] = match kind {
        "list" | "product_list" => &["text"],
        _ => &["text", "image", "video", "document"],
    };
    let format = header.one_of("type", words)?.to_ascii_lowercase();
    let Some(media) = MediaKind::named(&format) else {
        if header.value("text").is_none() {
            return Err(not_valid("Text cannot be null for header type text"));
        }
        header.need_short("text", HEADER)?;
        return Ok(());
    };
    content.attach(whatsapp, media, &header.need_object(&format)?)
}

fn buttons(action: &Object<'_>) -> Result<Vec<Value>, GraphError> {
    let buttons = action.objects("buttons")?;
    if buttons.is_empty() || buttons.len() > 3 {
        return Err(not_valid(
            "Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3",
        ));
    }
    let (mut ids, mut titles) = (BTreeSet::new(), BTreeSet::new());
    for button in &buttons {
        button.only(&["type", "reply"])?;
        button.one_of("type", &["reply"])?;
        let reply = button.need_object("reply")?;
        let id = measured("Button id", reply.need_text("id")?, 256)?;
        let title = reply
            .text("title")?
            .ok_or_else(|| reply.required("title"))?;
        let title = measured("Button title", title, 20)?;
        if !ids.insert(id) || !titles.insert(title) {
            return Err(not_valid("Button ids and titles must be unique"));
        }
    }
    Ok(buttons.iter().map(Object::json).collect())
}

fn rows(action: &Object<'_>) -> Result<Vec<Value>, GraphError> {
    measured("Button label", action.need_text("button")?, 20)?;
    let sections = action.objects("sections")?;
    if sections.is_empty() || sections.len() > 10 {
        return Err(not_valid(
            "Invalid sections count. Min allowed sections: 1, Max allowed sections: 10",
        ));
    }
    let mut all = Vec::new();
    let mut ids = BTreeSet::new();
    for section in &sections {
        match section.text("title")? {
            Some(title) => {
                measured("Section title", title, 24)?;
            }
            None if sections.len() > 1 => return Err(section.required("title")),
            None => {}
        }
        let rows = section.objects("rows")?;
        if rows.is_empty() {
            return Err(section.required("rows"));
        }
        for row in rows {
            row.only(&["id", "title", "description"])?;
            let id = measured("Row id", row.need_text("id")?, 200)?;
            measured("Row title", row.need_text("title")?, 24)?;
            if let Some(description) = row.text("description")? {
                measured("Row description", description, 72)?;
            }
            if !ids.insert(id) {
                return Err(not_valid("Row ids must be unique"));
            }
            all.push(row.json());
        }
    }
    if all.len() > 10 {
        return Err(not_valid("Total row count exceed max allowed count: 10"));
    }
    Ok(all)
}

fn link(action: &Object<'_>) -> Result<(), GraphError> {
    action.one_of("name", &["cta_url"])?;
    let parameters = action.need_object("parameters")?;
    measured("Button title", parameters.need_text("display_text")?, 20)?;
    if fetchable(parameters.need_text("url")?) {
        Ok(())
    } else {
        Err(parameters.wrong("url", "a valid URL"))
    }
}

/// A text of one to so many characters.
fn measured<'a>(what: &str, text: &'a str, most: usize) -> Result<&'a str, GraphError> {
    if (1..=most).contains(&text.chars().count()) {
        Ok(text)
    } else {
        Err(not_valid(&format!(
            "{what} length invalid. Min length: 1, Max length: {most}"
        )))
    }
}

fn not_valid(details: &str) -> GraphError {
    errors::detailed(131_009, details)
}
