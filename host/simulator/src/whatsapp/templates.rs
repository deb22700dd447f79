//! Message templates: what they hold, and what may be put into them.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::graph::webhook::set;

/// What a template is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Category {
    /// Offers and news.
    Marketing,
    /// What belongs to an order or an agreement.
    Utility,
    /// One-time passwords; they cannot be sent to a user id.
    Authentication,
}

impl Category {
    /// The name in upper case, as templates have it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Marketing => "MARKETING",
            Self::Utility => "UTILITY",
            Self::Authentication => "AUTHENTICATION",
        }
    }
}

/// Whether a template can be sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TemplateStatus {
    /// Yes.
    #[default]
    Approved,
    /// Not yet: sends answer 132001.
    Pending,
    /// No: sends answer 132001.
    Rejected,
    /// Not for a while: sends answer 132015.
    Paused,
    /// Not any more: sends answer 132016.
    Disabled,
}

impl TemplateStatus {
    /// The name in upper case, as templates have it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Approved => "APPROVED",
            Self::Pending => "PENDING",
            Self::Rejected => "REJECTED",
            Self::Paused => "PAUSED",
            Self::Disabled => "DISABLED",
        }
    }
}

/// What stands above a template's body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Header {
    /// A text with at most one parameter.
    Text(String),
    /// A picture that each message brings along.
    Image,
    /// A video that each message brings along.
    Video,
    /// A document that each message brings along.
    Document,
}

impl Header {
    /// The format in upper case, as templates have it.
    pub(crate) fn format(&self) -> &'static str {
        match self {
            Self::Text(_) => "TEXT",
            Self::Image => "IMAGE",
            Self::Video => "VIDEO",
            Self::Document => "DOCUMENT",
        }
    }
}

/// A button below a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TemplateButton {
    /// A tap comes back as a message of the type `button`.
    QuickReply {
        /// The text.
        text: String,
    },
    /// A tap opens an address, which may end in a parameter.
    Url {
        /// The text.
        text: String,
        /// The address.
        url: String,
    },
}

/// A message template in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// The name.
    pub name: String,
    /// The language and locale, such as `en_US`.
    pub language: String,
    /// What it is for.
    pub category: Category,
    /// Whether it can be sent.
    #[serde(default)]
    pub status: TemplateStatus,
    /// What stands above the body.
    #[serde(default)]
    pub header: Option<Header>,
    /// The text, with parameters as `{{1}}` or `{{name}}`.
    pub body: String,
    /// What stands below the body.
    #[serde(default)]
    pub footer: Option<String>,
    /// Up to ten buttons.
    #[serde(default)]
    pub buttons: Vec<TemplateButton>,
}

impl Template {
    /// An approved template with a body alone.
    pub fn new(
        name: impl Into<String>,
        language: impl Into<String>,
        category: Category,
        body: impl Into<String>,
    ) -> Self {
        Self {
            name: name.into(),
            language: language.into(),
            category,
            status: TemplateStatus::default(),
            header: None,
            body: body.into(),
            footer: None,
            buttons: Vec::new(),
        }
    }

    /// The template's id: a decimal number that follows from name and language.
    pub fn id(&self) -> String {
        let digest = Sha256::digest(format!("{}\n{}", self.name, self.language));
        let number = digest
            .iter()
            .take(6)
            .fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        (1_000_000_000_000_000 + number).to_string()
    }

    /// The members of the template's object in lists.
    pub(crate) fn shown(&self, field: &str) -> Option<Value> {
        Some(match field {
            "id" => json!(self.id()),
            "name" => json!(self.name),
            "language" => json!(self.language),
            "category" => json!(self.category.as_str()),
            "status" => json!(self.status.as_str()),
            "parameter_format" => json!(if self.named() { "NAMED" } else { "POSITIONAL" }),
            "components" => Value::Array(self.components()),
            // What these templates never have.
            "rejected_reason"
            | "sub_category"
            | "previous_category"
            | "correct_category"
            | "quality_score"
            | "library_template_name"
            | "message_send_ttl_seconds"
            | "cta_url_link_tracking_opted_out"
            | "degrees_of_freedom_spec" => Value::Null,
            _ => return None,
        })
    }

    /// Whether parameters have names instead of numbers.
    pub(crate) fn named(&self) -> bool {
        let first = parameters(&self.body).into_iter().next();
        first.is_some_and(|name| name.parse::<u32>().is_err())
    }

    fn components(&self) -> Vec<Value> {
        let mut components = Vec::new();
        match &self.header {
            Some(Header::Text(text)) => {
                let mut header = json!({ "type": "HEADER", "format": "TEXT", "text": text });
                // A header has at most one parameter, so its examples are not nested.
                let examples = self.examples("header", text, |examples| json!(examples));
                set(&mut header, "example", examples);
                components.push(header);
            }
            Some(header) => components.push(json!({
                "type": "HEADER",
                "format": header.format(),
                "example": { "header_handle": ["https://example.com/example"] },
            })),
            None => {}
        }
        let mut body = json!({ "type": "BODY", "text": self.body });
        let examples = self.examples("body", &self.body, |examples| json!([examples]));
        set(&mut body, "example", examples);
        components.push(body);
        if let Some(footer) = &self.footer {
            components.push(json!({ "type": "FOOTER", "text": footer }));
        }
        if !self.buttons.is_empty() {
            let buttons: Vec<Value> = self
                .buttons
                .iter()
                .map(|button| match button {
                    TemplateButton::QuickReply { text } => {
                        json!({ "type": "QUICK_REPLY", "text": text })
                    }
                    TemplateButton::Url { text, url } => {
                        let mut button = json!({ "type": "URL", "text": text, "url": url });
                        let example =
                            (!parameters(url).is_empty()).then(|| json!([filled(url, &[])]));
                        set(&mut button, "example", example);
                        button
                    }
                })
                .collect();
            components.push(json!({ "type": "BUTTONS", "buttons": buttons }));
        }
        components
    }
}

impl Template {
    /// What a text with parameters looks like filled in; without parameters there is none.
    fn examples(
        &self,
        part: &str,
        text: &str,
        positional: impl Fn(Vec<String>) -> Value,
    ) -> Option<Value> {
        let names = parameters(text);
        if names.is_empty() {
            return None;
        }
        let mut examples = json!({});
        if self.named() {
            let named: Vec<Value> = names
                .iter()
                .map(|name| json!({ "param_name": name, "example": "example" }))
                .collect();
            set(
                &mut examples,
                &format!("{part}_text_named_params"),
                Some(named.into()),
            );
        } else {
            let values = vec!["example".to_owned(); names.len()];
            set(
                &mut examples,
                &format!("{part}_text"),
                Some(positional(values)),
            );
        }
        Some(examples)
    }
}

/// The parameters of a text in the order of their first appearance, each once.
pub(crate) fn parameters(text: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once("{{") {
        let Some((name, tail)) = after.split_once("}}") else {
            break;
        };
        let name = name.trim().to_owned();
        if !found.contains(&name) {
            found.push(name);
        }
        rest = tail;
    }
    found
}

/// Puts values in the places of parameters.
pub(crate) fn filled(text: &str, values: &[(String, String)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((name, tail)) = after.split_once("}}") else {
            break;
        };
        out.push_str(before);
        let value = values.iter().find(|(known, _)| known == name.trim());
        out.push_str(value.map_or("", |(_, value)| value));
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::{filled, parameters};

    #[test]
    fn parameters_are_found_and_filled() {
        let text = "Hi {{ 1 }}, {{2}} and again {{1}}, {{open";
        assert_eq!(parameters(text), ["1", "2"]);
        let values = [
            ("1".to_owned(), "Ada".to_owned()),
            ("2".to_owned(), "{{1}}".to_owned()),
        ];
        assert_eq!(filled(text, &values), "Hi Ada, {{1}} and again Ada, {{open");
    }
}
