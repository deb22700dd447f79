//! The list of a channel's templates. A definition that is too large to be one is left out, and the list is
//! then not complete: what is checked against it stays right.

use linecard_model::platform as model;

use super::action::failure;
use super::{Checked, all};
use crate::bindings::connector::linecard::plugin::actions as wit_actions;
use crate::bindings::connector::linecard::plugin::templates as wit;
use crate::error::Fault;
use crate::limits::Limits;

/// The most templates of a channel.
const MAX_TEMPLATES: usize = 5_000;
/// The most parts of a template.
const MAX_PARTS: usize = 32;
/// The most parameters of a part.
const MAX_PARAMETERS: usize = 64;
/// The longest id, name or other word, in bytes.
const MAX_WORD: usize = 512;
/// The longest text of a part, reason and preview, in characters.
const MAX_TEXT: usize = 4_096;
/// What the host keeps of one channel's list, in bytes.
const MAX_BYTES: usize = 8 << 20;

impl Checked<Result<model::TemplateList, model::Failure>>
    for Result<wit::TemplateList, wit_actions::Failure>
{
    fn checked(
        self,
        _limits: &Limits,
    ) -> Result<Result<model::TemplateList, model::Failure>, Fault> {
        Ok(self.map(list).map_err(failure))
    }
}

fn list(given: wit::TemplateList) -> model::TemplateList {
    let mut complete = given.complete;
    let mut templates = Vec::new();
    let mut size = 0_usize;
    for template in given.templates {
        if !fits(&template) {
            complete = false;
            continue;
        }
        let template = definition(template);
        size = size.saturating_add(bytes(&template));
        if size > MAX_BYTES || templates.len() >= MAX_TEMPLATES {
            complete = false;
            break;
        }
        templates.push(template);
    }
    model::TemplateList {
        templates,
        complete,
    }
}

/// Whether a definition can be checked against as it is.
fn fits(template: &wit::TemplateDefinition) -> bool {
    let is_word = |text: &str| !text.is_empty() && text.len() <= MAX_WORD;
    let is_parameter = |parameter: &wit::TemplateParameter| {
        parameter.name.as_deref().is_none_or(is_word)
            && parameter.types.len() <= MAX_PARAMETERS
            && parameter.types.iter().all(|word| is_word(word))
    };
    is_word(&template.name)
        && is_word(&template.language)
        && template.id.len() <= MAX_WORD
        && template.parts.len() <= MAX_PARTS
        && template.parts.iter().all(|part| {
            is_word(&part.name)
                && part.parameters.len() <= MAX_PARAMETERS
                && part.parameters.iter().all(is_parameter)
        })
}

fn definition(template: wit::TemplateDefinition) -> model::TemplateDefinition {
    model::TemplateDefinition {
        id: template.id,
        name: template.name,
        language: template.language,
        category: match template.category {
            wit::TemplateCategory::Marketing => model::TemplateCategory::Marketing,
            wit::TemplateCategory::Utility => model::TemplateCategory::Utility,
            wit::TemplateCategory::Authentication => model::TemplateCategory::Authentication,
            wit::TemplateCategory::Other => model::TemplateCategory::Other,
        },
        state: match template.state {
            wit::TemplateState::Approved => model::TemplateState::Approved,
            wit::TemplateState::Pending => model::TemplateState::Pending,
            wit::TemplateState::Rejected => model::TemplateState::Rejected,
            wit::TemplateState::Paused => model::TemplateState::Paused,
            wit::TemplateState::Disabled => model::TemplateState::Disabled,
            wit::TemplateState::Other => model::TemplateState::Other,
        },
        reason: template.reason.map(cut),
        parts: all(template.parts, part),
        preview: cut(template.preview),
    }
}

fn part(part: wit::TemplatePart) -> model::TemplatePart {
    model::TemplatePart {
        kind: match part.kind {
            wit::TemplatePartKind::Header => model::TemplatePartKind::Header,
            wit::TemplatePartKind::Body => model::TemplatePartKind::Body,
            wit::TemplatePartKind::Footer => model::TemplatePartKind::Footer,
            wit::TemplatePartKind::Button => model::TemplatePartKind::Button,
            wit::TemplatePartKind::Other => model::TemplatePartKind::Other,
        },
        name: part.name,
        index: part.index,
        text: part.text.map(cut),
        parameters: all(part.parameters, |parameter| model::TemplateParameter {
            name: parameter.name,
            types: parameter.types,
            optional: parameter.optional,
            example: parameter.example.map(cut),
        }),
    }
}

fn cut(text: String) -> String {
    match text.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => text.get(..end).unwrap_or_default().to_owned(),
        None => text,
    }
}

/// About how much memory a definition takes.
fn bytes(template: &model::TemplateDefinition) -> usize {
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let of_parameter = |parameter: &model::TemplateParameter| {
        let types: usize = parameter.types.iter().map(|word| 24 + word.len()).sum();
        96 + length(&parameter.name) + types + length(&parameter.example)
    };
    let of_part = |part: &model::TemplatePart| {
        let parameters: usize = part.parameters.iter().map(of_parameter).sum();
        96 + part.name.len() + length(&part.text) + parameters
    };
    let parts: usize = template.parts.iter().map(of_part).sum();
    let words = template.id.len() + template.name.len() + template.language.len();
    256 + words + length(&template.reason) + template.preview.len() + parts
}
