//! Standard responses, with what is filled into them, and macros.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{AgentId, ChannelId, MacroId, ResponseId, Timestamp};

/// The longest text of a standard response, in characters.
pub const LONGEST_TEXT: usize = 8_000;
/// The longest title, and the longest folder, in characters.
pub const LONGEST_NAME: usize = 200;
/// The most standard responses, and the most macros, of a site.
pub const MOST: usize = 2_000;

/// A text that agents answer with again and again.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResponseConfig {
    /// The folder in which it is listed, such as `Orders/Delivery`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 200)]
    pub folder: String,
    /// What it is called.
    #[schema(max_length = 200)]
    pub title: String,
    /// The text. Between `{{` and `}}` stands what is filled in, and after a `|` what stands there if it is
    /// not known: `Hello {{contact.first_name|there}}`. There are `contact.name`, `contact.first_name`,
    /// `contact.handle`, `contact.attributes.NAME`, `interaction.attributes.NAME`, `agent.name`,
    /// `channel.name` and `queue.name`.
    #[schema(max_length = 8000)]
    pub text: String,
    /// The language, such as `en` or `pt-BR`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// The channels on which it may be used; all if empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub channels: BTreeSet<ChannelId>,
    /// The networks on which it may be used, such as `x`; all if empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub networks: BTreeSet<String>,
}

/// Why something is no standard response.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct ResponseError {
    /// The field.
    pub field: &'static str,
    /// What is wrong with it.
    pub text: String,
}

impl ResponseError {
    fn new(field: &'static str, text: impl Into<String>) -> Self {
        Self {
            field,
            text: text.into(),
        }
    }
}

impl ResponseConfig {
    /// Whether it can be kept.
    pub fn check(&self) -> Result<(), ResponseError> {
        check_name("title", &self.title)?;
        if !self.folder.is_empty() {
            check_name("folder", &self.folder)?;
        }
        let length = self.text.chars().count();
        if self.text.trim().is_empty() || length > LONGEST_TEXT {
            let text = format!("the text has 1 to {LONGEST_TEXT} characters, not {length}");
            return Err(ResponseError::new("text", text));
        }
        pieces(&self.text).map_err(|error| ResponseError::new("text", error.to_string()))?;
        if let Some(language) = &self.language
            && !is_language(language)
        {
            let text = format!("\"{language}\" is no language tag, such as `en` or `pt-BR`");
            return Err(ResponseError::new("language", text));
        }
        Ok(())
    }

    /// Whether it may be used on a channel of a network.
    pub fn fits(&self, channel: &ChannelId, network: &str) -> bool {
        (self.channels.is_empty() || self.channels.contains(channel))
            && (self.networks.is_empty() || self.networks.contains(network))
    }

    /// Whether every word stands in its title, text or folder, whatever the case.
    pub fn has_words(&self, words: &str) -> bool {
        let own = format!("{}\n{}\n{}", self.title, self.folder, self.text).to_lowercase();
        let words = words.to_lowercase();
        words.split_whitespace().all(|word| own.contains(word))
    }
}

fn check_name(field: &'static str, name: &str) -> Result<(), ResponseError> {
    let is_plain = !name.chars().any(char::is_control);
    if is_plain && !name.trim().is_empty() && name.chars().count() <= LONGEST_NAME {
        return Ok(());
    }
    let text = format!("the {field} has 1 to {LONGEST_NAME} characters, none a control character");
    Err(ResponseError::new(field, text))
}

fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let first = parts.next().unwrap_or_default();
    let is_short = tag.len() <= 35;
    let is_first = (2..=8).contains(&first.len()) && first.chars().all(|c| c.is_ascii_alphabetic());
    let rest = |part: &str| {
        (1..=8).contains(&part.len()) && part.chars().all(|c| c.is_ascii_alphanumeric())
    };
    is_short && is_first && parts.all(rest)
}

/// A standard response, as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// Its name.
    pub id: ResponseId,
    /// What it is.
    pub config: ResponseConfig,
    /// When it was last changed.
    pub changed_at: Timestamp,
    /// Who changed it: an agent's id, or `key:` and a key's name.
    pub changed_by: String,
    /// How many messages were sent with it.
    #[serde(default)]
    pub used: u64,
    /// When the last one was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_at: Option<Timestamp>,
}

/// Several things that an agent does at once.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MacroConfig {
    /// What it is called.
    #[schema(max_length = 200)]
    pub title: String,
    /// The folder in which it is listed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schema(max_length = 200)]
    pub folder: String,
    /// The standard response that is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<ResponseId>,
    /// The text that is sent, in place of a standard response; what stands between `{{` and `}}` is filled
    /// in as there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(max_length = 8000)]
    pub text: Option<String>,
    /// The labels that are put on the interaction.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub add_labels: BTreeSet<String>,
    /// The labels that are taken off it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub remove_labels: BTreeSet<String>,
    /// Whether the conversation ends then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub end: bool,
    /// What became of it, if it ends: one of its queue's disposition codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disposition: Option<String>,
}

impl MacroConfig {
    /// Whether it can be kept, as far as that can be said without the site.
    pub fn check(&self) -> Result<(), ResponseError> {
        check_name("title", &self.title)?;
        if !self.folder.is_empty() {
            check_name("folder", &self.folder)?;
        }
        if self.response.is_some() && self.text.is_some() {
            let text = "name a standard response or give a text, not both";
            return Err(ResponseError::new("text", text));
        }
        if let Some(text) = &self.text {
            let length = text.chars().count();
            if text.trim().is_empty() || length > LONGEST_TEXT {
                let text = format!("the text has 1 to {LONGEST_TEXT} characters, not {length}");
                return Err(ResponseError::new("text", text));
            }
            pieces(text).map_err(|error| ResponseError::new("text", error.to_string()))?;
        }
        for (field, labels) in [
            ("add_labels", &self.add_labels),
            ("remove_labels", &self.remove_labels),
        ] {
            for label in labels {
                crate::desk::check_label(label)
                    .map_err(|error| ResponseError::new(field, error.to_string()))?;
            }
        }
        if self.disposition.is_some() && !self.end {
            let text = "a disposition code is given when the conversation ends: set `end`";
            return Err(ResponseError::new("disposition", text));
        }
        let does_nothing = self.response.is_none()
            && self.text.is_none()
            && self.add_labels.is_empty()
            && self.remove_labels.is_empty()
            && !self.end;
        if does_nothing {
            let text = "a macro sends something, changes labels or ends the conversation";
            return Err(ResponseError::new("response", text));
        }
        Ok(())
    }
}

/// A macro, as it is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Macro {
    /// Its name.
    pub id: MacroId,
    /// What it does.
    pub config: MacroConfig,
    /// When it was last changed.
    pub changed_at: Timestamp,
    /// Who changed it.
    pub changed_by: String,
}

/// What can be filled into a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placeholder {
    /// The contact's name.
    ContactName,
    /// Its first word.
    ContactFirstName,
    /// The contact's handle on the network.
    ContactHandle,
    /// An attribute of the contact.
    ContactAttribute(String),
    /// An attribute of the interaction.
    InteractionAttribute(String),
    /// The agent's name.
    AgentName,
    /// The channel's name.
    ChannelName,
    /// The queue's name.
    QueueName,
}

impl Placeholder {
    fn of(name: &str) -> Option<Self> {
        let attribute = |prefix: &str| {
            let name = name.strip_prefix(prefix)?;
            AgentId::new(name).is_ok().then(|| name.to_owned())
        };
        Some(match name {
            "contact.name" => Self::ContactName,
            "contact.first_name" => Self::ContactFirstName,
            "contact.handle" => Self::ContactHandle,
            "agent.name" => Self::AgentName,
            "channel.name" => Self::ChannelName,
            "queue.name" => Self::QueueName,
            _ => match attribute("contact.attributes.") {
                Some(name) => Self::ContactAttribute(name),
                None => Self::InteractionAttribute(attribute("interaction.attributes.")?),
            },
        })
    }
}

impl fmt::Display for Placeholder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ContactName => f.write_str("contact.name"),
            Self::ContactFirstName => f.write_str("contact.first_name"),
            Self::ContactHandle => f.write_str("contact.handle"),
            Self::ContactAttribute(name) => write!(f, "contact.attributes.{name}"),
            Self::InteractionAttribute(name) => write!(f, "interaction.attributes.{name}"),
            Self::AgentName => f.write_str("agent.name"),
            Self::ChannelName => f.write_str("channel.name"),
            Self::QueueName => f.write_str("queue.name"),
        }
    }
}

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece<'t> {
    /// As it stands.
    Text(&'t str),
    /// To be filled in.
    Fill {
        /// With what.
        what: Placeholder,
        /// What stands there if that is not known.
        fallback: Option<&'t str>,
    },
}

/// Why a text cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceholderError {
    /// There is no such thing to fill in.
    #[error("there is nothing called \"{name}\" to fill in (character {at} of the text)")]
    Unknown {
        /// Its name.
        name: String,
        /// The place of its first brace, counted in characters from 1.
        at: usize,
    },
    /// It never ends.
    #[error("`{{{{` at character {at} of the text has no `}}}}`")]
    Open {
        /// The place of its first brace, counted in characters from 1.
        at: usize,
    },
}

/// Takes a text apart.
pub fn pieces(text: &str) -> Result<Vec<Piece<'_>>, PlaceholderError> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let at = || text.chars().count() - after.chars().count() - 1;
        if !before.is_empty() {
            pieces.push(Piece::Text(before));
        }
        let Some((inside, further)) = after.split_once("}}") else {
            return Err(PlaceholderError::Open { at: at() });
        };
        let (name, fallback) = match inside.split_once('|') {
            Some((name, fallback)) => (name.trim(), Some(fallback)),
            None => (inside.trim(), None),
        };
        let what = Placeholder::of(name).ok_or_else(|| PlaceholderError::Unknown {
            name: name.chars().take(80).collect(),
            at: at(),
        })?;
        pieces.push(Piece::Fill { what, fallback });
        rest = further;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    Ok(pieces)
}

/// A text that was filled in.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filled {
    /// The text.
    pub text: String,
    /// What was not known and has no fallback.
    pub missing: Vec<String>,
}

/// Fills a text in. What is filled in is not looked at again.
pub fn fill(
    text: &str,
    mut known: impl FnMut(&Placeholder) -> Option<String>,
) -> Result<Filled, PlaceholderError> {
    let mut filled = Filled::default();
    for piece in pieces(text)? {
        match piece {
            Piece::Text(text) => filled.text.push_str(text),
            Piece::Fill { what, fallback } => {
                let value = known(&what).filter(|value| !value.trim().is_empty());
                match (value, fallback) {
                    (Some(value), _) => filled.text.push_str(&value),
                    (None, Some(fallback)) => filled.text.push_str(fallback),
                    (None, None) => filled.missing.push(what.to_string()),
                }
            }
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_filled_in_once() {
        let known = |what: &Placeholder| match what {
            Placeholder::ContactName => Some("{{agent.name}}".to_owned()),
            Placeholder::ContactAttribute(name) if name == "tier" => Some("gold".to_owned()),
            _ => None,
        };
        let text = "Hi {{ contact.name | you }}, {{contact.attributes.tier}}{{contact.handle|}}! {{agent.name}} }}";
        let filled = fill(text, known).unwrap();
        assert_eq!(filled.text, "Hi {{agent.name}}, gold!  }}");
        assert_eq!(filled.missing, ["agent.name"]);
        let plain = fill("No { braces } here", known).unwrap();
        assert_eq!(plain.text, "No { braces } here");
    }

    #[test]
    fn what_cannot_be_filled_in_is_named_with_its_place() {
        let unknown = pieces("Ä {{contact.nmae}}").unwrap_err();
        assert_eq!(
            unknown,
            PlaceholderError::Unknown {
                name: "contact.nmae".to_owned(),
                at: 3
            }
        );
        assert_eq!(
            pieces("a{{contact.name").unwrap_err(),
            PlaceholderError::Open { at: 2 }
        );
        for text in [
            "{{}}",
            "{{contact.attributes.}}",
            "{{contact.attributes.A B}}",
        ] {
            assert!(pieces(text).is_err(), "{text}");
        }
    }

    #[test]
    fn responses_and_macros_that_cannot_be_kept_name_their_field() {
        let good = ResponseConfig {
            title: "Hello".to_owned(),
            text: "Hello {{contact.name|there}}".to_owned(),
            language: Some("pt-BR".to_owned()),
            ..ResponseConfig::default()
        };
        assert_eq!(good.check(), Ok(()));
        let field = |config: ResponseConfig| config.check().unwrap_err().field;
        let with = |change: fn(&mut ResponseConfig)| {
            let mut config = good.clone();
            change(&mut config);
            field(config)
        };
        assert_eq!(with(|c| c.title.clear()), "title");
        assert_eq!(with(|c| c.text = "x".repeat(8_001)), "text");
        assert_eq!(with(|c| c.text = "{{who}}".to_owned()), "text");
        assert_eq!(with(|c| c.folder = "a\nb".to_owned()), "folder");
        assert_eq!(
            with(|c| c.language = Some("english!".to_owned())),
            "language"
        );
        let nothing = MacroConfig {
            title: "Nothing".to_owned(),
            ..MacroConfig::default()
        };
        assert_eq!(nothing.check().unwrap_err().field, "response");
        let early = MacroConfig {
            text: Some("Bye".to_owned()),
            disposition: Some("Processed".to_owned()),
            ..nothing.clone()
        };
        assert_eq!(early.check().unwrap_err().field, "disposition");
        assert_eq!(MacroConfig { end: true, ..early }.check(), Ok(()));
    }
}
