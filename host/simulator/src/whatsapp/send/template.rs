//! Template messages: which template it is, and whether its parameters fit.

use serde_json::{Value, json};

use super::content::Content;
use super::reader::Object;
use crate::graph::GraphError;
use crate::whatsapp::media::MediaKind;
use crate::whatsapp::templates::{
    Category, Header, Template, TemplateButton, TemplateStatus, filled, parameters,
};
use crate::whatsapp::{WhatsApp, errors};

/// The longest body with its parameters filled in.
const BODY: usize = 1024;

/// A template that a message uses.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chosen {
    pub(crate) category: Category,
}

pub(crate) fn read(whatsapp: &WhatsApp, object: &Object<'_>) -> Result<Content, GraphError> {
    object.only(&["name", "language", "components", "namespace"])?;
    let name = object.need_text("name")?;
    let language = object.need_object("language")?;
    language.only(&["code", "policy"])?;
    let code = language.need_text("code")?;
    let templates = whatsapp.templates();
    let template = templates
        .iter()
        .find(|template| template.name == name && template.language == code);
    let unknown = || {
        errors::detailed(
            132_001,
            format!("template name ({name}) does not exist in {code}"),
        )
    };
    let template = template.ok_or_else(unknown)?;
    match template.status {
        TemplateStatus::Approved => {}
        TemplateStatus::Pending | TemplateStatus::Rejected => return Err(unknown()),
        TemplateStatus::Paused => return Err(errors::by_code(132_015)),
        TemplateStatus::Disabled => return Err(errors::by_code(132_016)),
    }
    let given = Given::read(object)?;
    let mut content = Content {
        template: Some(Chosen {
            category: template.category,
        }),
        ..Content::default()
    };
    header(whatsapp, template, given.header.as_ref(), &mut content)?;
    let values = values("body", &template.body, given.body.as_ref())?;
    content.text = filled(&template.body, &values);
    if content.text.chars().count() > BODY {
        return Err(errors::by_code(132_005));
    }
    content.structured = buttons(template, &given.buttons)?;
    Ok(content)
}

/// The components that a message brings along.
struct Given<'a> {
    header: Option<Object<'a>>,
    body: Option<Object<'a>>,
    buttons: Vec<(usize, Object<'a>)>,
}

impl<'a> Given<'a> {
    fn read(template: &Object<'a>) -> Result<Self, GraphError> {
        let mut given = Self {
            header: None,
            body: None,
            buttons: Vec::new(),
        };
        for component in template.objects("components")? {
            component.only(&["type", "sub_type", "index", "parameters"])?;
            let kind = component.one_of("type", &["header", "body", "button"])?;
            match kind.to_ascii_lowercase().as_str() {
                "header" => given.header = Some(component),
                "body" => given.body = Some(component),
                _ => {
                    component.one_of("sub_type", &["quick_reply", "url", "catalog"])?;
                    // The place is a text or a number.
                    let place = component.need_number("index")?;
                    let place = (0..10).find(|at| (f64::from(*at) - place).abs() < f64::EPSILON);
                    let place = place.and_then(|at| usize::try_from(at).ok());
                    let place = place.ok_or_else(|| component.wrong("index", "from 0 to 9"))?;
                    given.buttons.push((place, component));
                }
            }
        }
        Ok(given)
    }
}

fn header(
    whatsapp: &WhatsApp,
    template: &Template,
    given: Option<&Object<'_>>,
    content: &mut Content,
) -> Result<(), GraphError> {
    let media = match &template.header {
        None => {
            return match given {
                None => Ok(()),
                Some(_) => Err(errors::detailed(
                    132_018,
                    "header: the template has no header",
                )),
            };
        }
        Some(Header::Text(text)) => {
            let values = values("header", text, given)?;
            content
                .structured
                .push(json!({ "type": "header", "text": filled(text, &values) }));
            return Ok(());
        }
        Some(Header::Image) => MediaKind::Image,
        Some(Header::Video) => MediaKind::Video,
        Some(Header::Document) => MediaKind::Document,
    };
    let parameters = given.map_or(Ok(Vec::new()), |given| given.objects("parameters"))?;
    let received = match parameters.first() {
        Some(parameter) => parameter.need_text("type")?.to_ascii_uppercase(),
        None => "UNKNOWN".to_owned(),
    };
    match parameters.as_slice() {
        [parameter] if received.eq_ignore_ascii_case(media.as_str()) => {
            content.attach(whatsapp, media, &parameter.need_object(media.as_str())?)
        }
        _ => Err(errors::detailed(
            132_012,
            format!(
                "header: Format mismatch, expected {}, received {received}",
                media.as_str().to_ascii_uppercase()
            ),
        )),
    }
}

/// The values of a text's parameters, which must be neither too few nor too many.
fn values(
    part: &str,
    text: &str,
    given: Option<&Object<'_>>,
) -> Result<Vec<(String, String)>, GraphError> {
    let names = parameters(text);
    let given = given.map_or(Ok(Vec::new()), |given| given.objects("parameters"))?;
    if given.len() != names.len() {
        return Err(errors::detailed(
            132_000,
            format!(
                "{part}: number of localizable_params ({}) does not match the expected number of \
                 params ({})",
                given.len(),
                names.len()
            ),
        ));
    }
    let mut values = Vec::with_capacity(names.len());
    for (place, parameter) in given.iter().enumerate() {
        let value = value(parameter)?;
        let name = match parameter.text("parameter_name")? {
            Some(name) => names.iter().find(|known| *known == name),
            None => names.get(place).filter(|name| name.parse::<u32>().is_ok()),
        };
        let Some(name) = name else {
            return Err(errors::detailed(
                132_012,
                format!("{part}: Parameter name is missing or empty, or not one of the template"),
            ));
        };
        values.push((name.clone(), value));
    }
    Ok(values)
}

/// The text of a parameter.
fn value(parameter: &Object<'_>) -> Result<String, GraphError> {
    let kind = parameter.one_of("type", &["text", "currency", "date_time"])?;
    let kind = kind.to_ascii_lowercase();
    let text = match kind.as_str() {
        "text" => match parameter.value("text") {
            None => return Err(parameter.required("text")),
            Some(Value::String(text)) => text.clone(),
            Some(other @ (Value::Number(_) | Value::Bool(_))) => other.to_string(),
            Some(_) => return Err(parameter.wrong("text", "a string")),
        },
        other => parameter
            .need_object(other)?
            .need_text("fallback_value")?
            .to_owned(),
    };
    if text.contains(['\n', '\r', '\t']) || text.contains("     ") {
        return Err(errors::by_code(132_018));
    }
    Ok(text)
}

/// The template's buttons as the customer sees them.
fn buttons(template: &Template, given: &[(usize, Object<'_>)]) -> Result<Vec<Value>, GraphError> {
    if let Some((place, _)) = given.iter().find(|(at, _)| *at >= template.buttons.len()) {
        return Err(errors::detailed(
            132_018,
            format!("buttons: the template has no button at index {place}"),
        ));
    }
    let mut shown = Vec::new();
    for (place, button) in template.buttons.iter().enumerate() {
        let component = given.iter().find(|(at, _)| *at == place);
        let component = component.map(|(_, component)| component);
        shown.push(match button {
            TemplateButton::QuickReply { text } => {
                let payload = match component {
                    Some(component) => payload(component)?,
                    None => None,
                };
                json!({
                    "type": "quick_reply",
                    "text": text,
                    // Without a payload the text comes back.
                    "payload": payload.unwrap_or_else(|| text.clone()),
                })
            }
            TemplateButton::Url { text, url } => {
                let values = match component {
                    None if parameters(url).is_empty() => Vec::new(),
                    None => {
                        return Err(errors::detailed(
                            131_008,
                            format!(
                                "buttons: Button at index {place} of type Url requires a parameter"
                            ),
                        ));
                    }
                    Some(component) => values("buttons", url, Some(component))?,
                };
                json!({ "type": "url", "text": text, "url": filled(url, &values) })
            }
        });
    }
    Ok(shown)
}

fn payload(component: &Object<'_>) -> Result<Option<String>, GraphError> {
    let parameters = component.objects("parameters")?;
    let Some(parameter) = parameters.first() else {
        return Ok(None);
    };
    // The reference has `payload`; an official example has `text`.
    let kind = parameter.one_of("type", &["payload", "text"])?;
    match parameter.value(&kind.to_ascii_lowercase()) {
        None => Err(parameter.required(kind)),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(other) => Ok(Some(other.to_string())),
    }
}
