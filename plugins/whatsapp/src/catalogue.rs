//! The account's templates, as WhatsApp lists them, told in the contract's words.

use linecard_graph::paging::Page;
use linecard_sdk::actions::Failure;
use linecard_sdk::http::{Call, Request};
use linecard_sdk::ids::bounded;
use linecard_sdk::json::{Lenient as _, Part};
use linecard_sdk::templates::{
    TemplateCategory, TemplateDefinition, TemplateList, TemplateParameter, TemplatePart,
    TemplatePartKind, TemplateState,
};
use serde_json::Value;

use crate::config::Config;
use crate::people::Members;
use crate::refusals::call;
use crate::templates::variables;

/// An account has up to 6,000 templates; a call may make 50 requests.
const PAGES_MAX: usize = 40;
const FIELDS: &str = "id,name,language,status,category,rejected_reason,components";
/// The longest preview, in bytes.
const PREVIEW_MAX: usize = 4_096;

/// Lists the account's templates.
pub fn list(config: &Config) -> Result<TemplateList, Failure> {
    let mut templates = Vec::new();
    let mut complete = true;
    let mut after: Option<String> = None;
    for page in 1..=PAGES_MAX {
        let mut query = vec![("fields", FIELDS), ("limit", "200")];
        query.extend(after.as_deref().map(|after| ("after", after)));
        let url = config
            .api()
            .url(&[&config.waba_id, "message_templates"], &query);
        let answer = call(config, Request::get(url), Call::Repeatable, 1)?;
        let found = Page::of(answer.content.part());
        after = found.after();
        for part in found.data {
            match definition(part) {
                Some(definition) => templates.push(definition),
                // What cannot be read may be what somebody wants to send.
                None => complete = false,
            }
        }
        if after.is_none() {
            break;
        }
        complete &= page < PAGES_MAX;
    }
    Ok(TemplateList {
        templates,
        complete,
    })
}

fn definition(part: Part<'_>) -> Option<TemplateDefinition> {
    let told = part.object()?;
    let components = told.list("components").iter();
    let parts: Vec<TemplatePart> = components
        .filter_map(Value::as_object)
        .flat_map(of_component)
        .collect();
    let reason = told.text("rejected_reason");
    Some(TemplateDefinition {
        id: told.text("id").unwrap_or_default(),
        name: told.text("name")?,
        language: told.text("language")?,
        category: match told.text("category").unwrap_or_default().as_str() {
            "MARKETING" => TemplateCategory::Marketing,
            "UTILITY" => TemplateCategory::Utility,
            "AUTHENTICATION" => TemplateCategory::Authentication,
            _ => TemplateCategory::Other,
        },
        state: match told.text("status").unwrap_or_default().as_str() {
            "APPROVED" => TemplateState::Approved,
            "PENDING" | "IN_APPEAL" => TemplateState::Pending,
            "REJECTED" => TemplateState::Rejected,
            "PAUSED" => TemplateState::Paused,
            "DISABLED" => TemplateState::Disabled,
            _ => TemplateState::Other,
        },
        // An approved one has the reason NONE.
        reason: reason.filter(|reason| reason != "NONE"),
        preview: bounded(&preview(&parts), PREVIEW_MAX).to_owned(),
        parts,
    })
}

/// A component's parts: one, or each of its buttons.
fn of_component(component: &Members) -> Vec<TemplatePart> {
    let kind = component.text("type").unwrap_or_default();
    let text = component.text("text");
    let gaps = || text.as_deref().map(gaps).unwrap_or_default();
    let part = |kind, parameters| TemplatePart {
        text: text.clone(),
        parameters,
        ..TemplatePart::new(
            kind,
            component.text("type").unwrap_or_default().to_lowercase(),
        )
    };
    match kind.as_str() {
        "HEADER" => match component.text("format").as_deref() {
            Some("TEXT") | None => vec![part(TemplatePartKind::Header, gaps())],
            Some(format) => {
                let file = TemplateParameter::of(&[&format.to_lowercase()]);
                vec![part(TemplatePartKind::Header, vec![file])]
            }
        },
        "BODY" => vec![part(TemplatePartKind::Body, gaps())],
        "FOOTER" => vec![part(TemplatePartKind::Footer, Vec::new())],
        "BUTTONS" => {
            let buttons = component.list("buttons").iter();
            let buttons = buttons.filter_map(Value::as_object);
            (0..).zip(buttons).map(|(at, b)| button(at, b)).collect()
        }
        // Carousels, limited offers and what is still to come: Meta checks what fills them.
        _ if kind.is_empty() => Vec::new(),
        _ => vec![part(TemplatePartKind::Other, Vec::new())],
    }
}

/// What fills the gaps of a text.
fn gaps(text: &str) -> Vec<TemplateParameter> {
    let wanted = variables(text).into_iter();
    wanted
        .map(|name| TemplateParameter {
            // Meta takes numbered ones in order.
            name: (!name.bytes().all(|byte| byte.is_ascii_digit())).then_some(name),
            ..TemplateParameter::of(&["text", "currency", "date_time"])
        })
        .collect()
}

fn button(index: u32, button: &Members) -> TemplatePart {
    let has_gap = button
        .text("url")
        .is_some_and(|url| !variables(&url).is_empty());
    let parameters = match button.text("type").unwrap_or_default().as_str() {
        "URL" if has_gap => vec![TemplateParameter::of(&["text"])],
        "URL" | "PHONE_NUMBER" | "VOICE_CALL" => Vec::new(),
        "COPY_CODE" => vec![TemplateParameter::of(&["coupon_code"])],
        // A payload, an action, a code: Meta knows what it must be.
        _ => vec![TemplateParameter {
            optional: true,
            ..TemplateParameter::of(&[])
        }],
    };
    TemplatePart {
        index: Some(index),
        text: button.text("text"),
        parameters,
        ..TemplatePart::new(TemplatePartKind::Button, "button")
    }
}

fn preview(parts: &[TemplatePart]) -> String {
    let lines = parts
        .iter()
        .filter_map(|part| match (part.kind, &part.text) {
            (TemplatePartKind::Button, Some(text)) => Some(format!("[{text}]")),
            (TemplatePartKind::Header, None) => {
                let kind = part.parameters.first()?.types.first()?;
                Some(format!("({kind})"))
            }
            (_, text) => text.clone(),
        });
    lines.collect::<Vec<_>>().join("\n")
}
