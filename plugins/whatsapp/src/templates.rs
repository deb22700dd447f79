//! Approved templates: what fills one is checked against its definition before anything is sent, so
//! that an agent learns what is wrong at once and in words.

use linecard_graph::paging::Page;
use linecard_sdk::actions::{Failure, Template};
use linecard_sdk::http::{Call, Request};
use linecard_sdk::json::{Lenient as _, Part, as_text};
use serde_json::{Map, Value, json};

use crate::config::Config;
use crate::people::Members;
use crate::refusals::call;

/// The name's filter finds similar names too; no account has more templates than these pages hold.
const PAGES_MAX: usize = 30;

/// A template with its parameters, ready to be sent.
pub struct Filled {
    /// The `template` member.
    pub json: Value,
    /// What the customer reads, as far as it is text and the template's definition can be read.
    pub text: Option<String>,
}

struct Definition {
    name: String,
    language: String,
    status: String,
    components: Vec<Members>,
}

impl Definition {
    fn of(part: Part<'_>) -> Option<Self> {
        let members = part.object()?;
        let components = members.list("components").iter();
        Some(Self {
            name: members.text("name")?,
            language: members.text("language")?,
            status: members.text("status").unwrap_or_default(),
            components: components.filter_map(Value::as_object).cloned().collect(),
        })
    }
}

/// Finds the template and checks the parameters against it.
pub fn fill(config: &Config, template: &Template) -> Result<Filled, Failure> {
    let given = components(template)?;
    let text = match find(config, template) {
        Ok(definition) => Some(check(&definition, &given)?),
        // A token for messages alone may not read definitions: the network checks what is sent then.
        Err(Failure::Unauthorized(_)) => None,
        Err(other) => return Err(other),
    };
    let mut json = json!({ "name": template.name, "language": { "code": template.language } });
    if !given.is_empty() {
        json["components"] = json!(given);
    }
    Ok(Filled { json, text })
}

/// The parameters in WhatsApp's form: the list of components, or nothing.
fn components(template: &Template) -> Result<Vec<Members>, Failure> {
    if template.parameters.trim().is_empty() {
        return Ok(Vec::new());
    }
    serde_json::from_str::<Option<Vec<Members>>>(&template.parameters)
        .map(Option::unwrap_or_default)
        .map_err(|error| {
            wrong(format!(
                "the parameters are WhatsApp's list of components, such as [{{\"type\":\"body\",\"parameters\":[{{\"type\":\"text\",\"text\":\"Ann\"}}]}}]: {error}"
            ))
        })
}

fn wrong(text: impl Into<String>) -> Failure {
    Failure::rejected("template", text)
}

fn find(config: &Config, template: &Template) -> Result<Definition, Failure> {
    let mut languages = Vec::new();
    let mut after: Option<String> = None;
    for _ in 0..PAGES_MAX {
        let mut query = vec![
            ("name", template.name.as_str()),
            ("fields", "name,language,status,components"),
            ("limit", "100"),
        ];
        query.extend(after.as_deref().map(|after| ("after", after)));
        let url = config
            .api()
            .url(&[&config.waba_id, "message_templates"], &query);
        let answer = call(config, Request::get(url), Call::Repeatable, 1)?;
        let page = Page::of(answer.content.part());
        after = page.after();
        for definition in page.data.into_iter().filter_map(Definition::of) {
            if definition.name != template.name {
                continue;
            }
            if definition.language == template.language {
                return approved(definition);
            }
            languages.push(definition.language);
        }
        if after.is_none() {
            break;
        }
    }
    let (name, language) = (&template.name, &template.language);
    Err(wrong(if languages.is_empty() {
        format!("the account has no template `{name}`. WhatsApp Manager: Message templates.")
    } else {
        let languages = languages.join(", ");
        format!("the template `{name}` is not there in `{language}`, but in: {languages}")
    }))
}

fn approved(definition: Definition) -> Result<Definition, Failure> {
    match definition.status.as_str() {
        "APPROVED" => Ok(definition),
        status => Err(wrong(format!(
            "the template `{}` is not approved but {status}. WhatsApp Manager: Message templates.",
            definition.name
        ))),
    }
}

/// Checks that each component has the parameters that it wants, and no other; gives the text.
fn check(definition: &Definition, given: &[Members]) -> Result<String, Failure> {
    let mut lines = Vec::new();
    let mut used = 0;
    for component in &definition.components {
        let kind = component.text("type").unwrap_or_default();
        let body = component.text("text").unwrap_or_default();
        match kind.as_str() {
            "HEADER" => {
                let header = of(given, "header");
                used += usize::from(header.is_some());
                match component.text("format").as_deref() {
                    Some("TEXT") | None => lines.push(fill_text("header", &body, header)?),
                    Some(format) => media_header(format, header)?,
                }
            }
            "BODY" => {
                let values = of(given, "body");
                used += usize::from(values.is_some());
                lines.push(fill_text("body", &body, values)?);
            }
            "FOOTER" => lines.push(body),
            "BUTTONS" => {
                let buttons = component.list("buttons").iter();
                let buttons = buttons.filter_map(Value::as_object);
                for (index, button) in buttons.enumerate() {
                    used += usize::from(check_button(index, button, given)?);
                }
            }
            // What else there may be, such as a carousel or a limited offer, Meta checks itself.
            _ => used += given.iter().filter(|c| is(c, &kind)).count(),
        }
    }
    if used < given.len() {
        let known: Vec<String> = definition
            .components
            .iter()
            .filter_map(|component| component.text("type"))
            .collect();
        return Err(wrong(format!(
            "there are parameters for a component that the template `{}` has not; it has: {}",
            definition.name,
            known.join(", ")
        )));
    }
    Ok(lines.join("\n"))
}

fn is(component: &Members, kind: &str) -> bool {
    component
        .text("type")
        .is_some_and(|given| given.eq_ignore_ascii_case(kind))
}

fn of<'a>(given: &'a [Members], kind: &str) -> Option<&'a Members> {
    given.iter().find(|component| is(component, kind))
}

fn parameters(component: Option<&Members>) -> Vec<&Members> {
    let list = component.map(|component| component.list("parameters"));
    let list = list.unwrap_or_default().iter();
    list.filter_map(Value::as_object).collect()
}

/// Puts the parameters into a text with `{{1}}` or `{{name}}`.
fn fill_text(part: &str, text: &str, component: Option<&Members>) -> Result<String, Failure> {
    let given = parameters(component);
    let wanted = variables(text);
    if wanted.len() != given.len() {
        return Err(wrong(format!(
            "the {part} wants {} parameters ({}), {} were given: “{text}”",
            wanted.len(),
            wanted.join(", "),
            given.len()
        )));
    }
    let mut filled = text.to_owned();
    for (index, name) in wanted.iter().enumerate() {
        let by_place = name.bytes().all(|byte| byte.is_ascii_digit());
        let parameter = if by_place {
            // Meta numbers them from 1 and takes them in order.
            let place = name
                .parse::<usize>()
                .ok()
                .and_then(|place| place.checked_sub(1));
            given.get(place.unwrap_or(index))
        } else {
            let is_named =
                |parameter: &&&Members| parameter.text("parameter_name").as_deref() == Some(name);
            given.iter().find(is_named)
        };
        let value = parameter.and_then(|parameter| shown(parameter));
        let Some(value) = value else {
            return Err(wrong(format!("the {part} wants a text for {{{{{name}}}}}")));
        };
        filled = filled.replace(&format!("{{{{{name}}}}}"), &value);
    }
    Ok(filled)
}

/// What a parameter puts into a text.
fn shown(parameter: &Members) -> Option<String> {
    let kind = parameter.text("type")?;
    let value = parameter.member(&kind)?;
    match value {
        Value::Object(object) => object.text("fallback_value"),
        other => as_text(other),
    }
}

/// The names between double braces, each once, in order.
pub fn variables(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for piece in text.split("{{").skip(1) {
        if let Some((name, _)) = piece.split_once("}}") {
            let is_name = !name.is_empty()
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if is_name && !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
    }
    names
}

/// A header that is a picture, a file or a place wants exactly that.
fn media_header(format: &str, component: Option<&Members>) -> Result<(), Failure> {
    let wanted = format.to_ascii_lowercase();
    let given = parameters(component);
    match given.as_slice() {
        [only] if only.text("type").as_deref() == Some(&wanted) => Ok(()),
        _ => Err(wrong(format!(
            "the header wants one parameter of the type {wanted}"
        ))),
    }
}

/// Whether a button has parameters; it must if its URL or its code has a gap.
fn check_button(
    index: usize,
    button: &Map<String, Value>,
    given: &[Members],
) -> Result<bool, Failure> {
    let is_its = |component: &&Members| {
        is(component, "button") && component.text("index") == Some(index.to_string())
    };
    let component = given.iter().find(is_its);
    let kind = button.text("type").unwrap_or_default();
    let wants = match kind.as_str() {
        "URL" => button
            .text("url")
            .is_some_and(|url| !variables(&url).is_empty()),
        "COPY_CODE" => true,
        _ => false,
    };
    if wants && parameters(component).len() != 1 {
        let name = button.text("text").unwrap_or_default();
        return Err(wrong(format!(
            "the button {index} “{name}” ({kind}) wants one parameter"
        )));
    }
    Ok(component.is_some())
}
