//! Messages that a network approves beforehand: what there are, and what each needs.

pub use crate::bindings::connector::linecard::plugin::templates::{
    TemplateCategory, TemplateDefinition, TemplateList, TemplateParameter, TemplatePart,
    TemplatePartKind, TemplateState,
};

impl TemplatePart {
    /// A part without parameters. The name is what the network calls it where it is filled in.
    pub fn new(kind: TemplatePartKind, name: impl Into<String>) -> Self {
        TemplatePart {
            kind,
            name: name.into(),
            index: None,
            text: None,
            parameters: Vec::new(),
        }
    }
}

impl TemplateParameter {
    /// Something that must be given, of one of these types; of any if there are none.
    pub fn of(types: &[&str]) -> Self {
        TemplateParameter {
            name: None,
            types: types.iter().map(|&word| word.to_owned()).collect(),
            optional: false,
            example: None,
        }
    }
}
