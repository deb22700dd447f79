//! Messages that a network approves beforehand.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The templates of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TemplateList {
    /// The templates, each language for itself.
    #[serde(default)]
    pub templates: Vec<TemplateDefinition>,
    /// Whether these are all. If not, one that is not among them may exist.
    pub complete: bool,
}

/// A template in one language.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TemplateDefinition {
    /// The network's id.
    pub id: String,
    /// The name by which it is sent.
    pub name: String,
    /// The language, as the network writes it.
    pub language: String,
    /// What it is for.
    pub category: TemplateCategory,
    /// Whether it can be sent now.
    pub state: TemplateState,
    /// Why it cannot, in the network's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What it is made of, in order.
    #[serde(default)]
    pub parts: Vec<TemplatePart>,
    /// What the customer reads, with the gaps as `{{name}}`.
    pub preview: String,
}

/// What a template is for. Who does not want marketing still gets the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TemplateCategory {
    /// Offers and news.
    Marketing,
    /// What belongs to an order or an agreement.
    Utility,
    /// A code for signing in.
    Authentication,
    /// What the network calls something else, or does not say.
    Other,
}

/// Whether a template can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TemplateState {
    /// It can.
    Approved,
    /// The network has not decided yet.
    Pending,
    /// The network refused it.
    Rejected,
    /// Not for a while.
    Paused,
    /// Not any more.
    Disabled,
    /// What the network calls something else; the network decides when it is sent.
    Other,
}

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TemplatePart {
    /// Which.
    pub kind: TemplatePartKind,
    /// What the network calls it, as `type` of what fills it.
    pub name: String,
    /// Of a button: which, counted from 0 over all buttons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<u32>,
    /// Its text, with gaps; of a button what stands on it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What must be given for it, in order.
    #[serde(default)]
    pub parameters: Vec<TemplateParameter>,
}

/// The parts of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TemplatePartKind {
    /// Above the text.
    Header,
    /// The text.
    Body,
    /// Below the text.
    Footer,
    /// A button.
    Button,
    /// What else the network has. What is given for it is not checked.
    Other,
}

/// What must be given for a gap, a file or a button.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TemplateParameter {
    /// Its name; absent if it is known by its place.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The types that fit, such as `text`, `image`, `document`; empty if any does.
    #[serde(default)]
    pub types: Vec<String>,
    /// Whether it may be left out.
    pub optional: bool,
    /// An example of what goes there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
}
