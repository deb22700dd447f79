//! What agents put to their work that no customer sees: how far they have read, drafts, labels,
//! attributes, followers, notes. And what a list shows of an interaction's conversation.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::manifest::AttachmentKind;
use crate::message::{Content, Message, MessageAuthor};
use crate::{AgentId, ContactId, InteractionId, MessageId, NoteId, ResponseId, Timestamp};

/// How many characters of a message a list shows.
const LINE: usize = 160;

/// What a list shows of the newest message of an interaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct LastMessage {
    /// The message.
    pub message: MessageId,
    /// The contact under which it is kept.
    pub contact: ContactId,
    /// When it was said.
    pub at: Timestamp,
    /// Who said it.
    pub author: MessageAuthor,
    /// The beginning of its text, on one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// What is attached first, if anything is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attachment: Option<AttachmentKind>,
    /// Whether it was taken back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deleted: bool,
}

impl LastMessage {
    /// What a list shows of a message.
    pub fn of(message: &Message) -> Self {
        let mut last = Self {
            message: message.id,
            contact: message.contact,
            at: message.at,
            author: message.author.clone(),
            text: None,
            attachment: None,
            deleted: message.deleted_at.is_some(),
        };
        last.says(&message.content);
        last
    }

    /// What the message says now.
    pub fn says(&mut self, content: &Content) {
        let received = content.attachments.first().map(|file| file.kind);
        let sent = content.outgoing_attachments.first();
        self.attachment = received.or_else(|| sent.map(|file| file.attachment.kind));
        self.text = content.text.as_deref().map(line);
    }

    /// Without what it says.
    pub fn forget(&mut self) {
        self.text = None;
        self.attachment = None;
    }
}

/// The beginning of a text, on one line.
fn line(text: &str) -> String {
    // Only as many words as can be shown are looked at: a text may be long.
    let mut line = String::new();
    let mut count = 0;
    for word in text.split_whitespace() {
        if count > 0 {
            line.push(' ');
            count += 1;
        }
        for character in word.chars() {
            if count >= LINE {
                line.push('…');
                return line;
            }
            line.push(character);
            count += 1;
        }
    }
    line
}

/// How far an agent has read an interaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadMark {
    /// The newest message that they have read.
    pub message: MessageId,
    /// How many of the customer's messages that were when they read it.
    pub inbound: u32,
}

/// What agents put to an interaction.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Marks {
    /// The labels.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub labels: BTreeSet<String>,
    /// The attributes, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Attribute>,
    /// The agents who want to hear of it though it may not be theirs.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub followers: BTreeSet<AgentId>,
    /// How far each agent has read.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub reads: BTreeMap<AgentId, ReadMark>,
    /// The agents with a draft, and when each was saved.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub drafts: BTreeMap<AgentId, Timestamp>,
}

impl Marks {
    /// The most labels of one interaction.
    pub const MOST_LABELS: usize = 50;
    /// The most attributes of one interaction or contact.
    pub const MOST_ATTRIBUTES: usize = 100;
    /// The most followers of one interaction.
    pub const MOST_FOLLOWERS: usize = 50;
    /// How many agents' read marks, and how many agents' drafts, one interaction has at most.
    pub const MOST_READERS: usize = 100;
    /// The longest label, in characters.
    pub const LONGEST_LABEL: usize = 64;

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// Why a text is no label.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a label has 1 to {} characters, none of them a control character, and no space at its ends",
    Marks::LONGEST_LABEL
)]
pub struct LabelError;

/// Whether a text can be a label.
pub fn check_label(label: &str) -> Result<(), LabelError> {
    let is_whole = !label.is_empty() && label.trim() == label;
    let is_short = label.chars().count() <= Marks::LONGEST_LABEL;
    let is_plain = !label.chars().any(char::is_control);
    (is_whole && is_short && is_plain)
        .then_some(())
        .ok_or(LabelError)
}

/// A fact that people or machines put to an interaction or a contact: a text, a number, a truth value or
/// a date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(
    tag = "type",
    content = "value",
    rename_all = "kebab-case",
    deny_unknown_fields
)]
pub enum Attribute {
    /// A text of up to 1,000 characters.
    Text(String),
    /// A number.
    Number(f64),
    /// Yes or no.
    Boolean(bool),
    /// A day.
    Date(Day),
}

/// Why something is no attribute.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AttributeError {
    /// The name is none.
    #[error(
        "an attribute's name has 1 to 64 of the characters a-z, 0-9, '-', '_' and '.', and begins with a letter or digit"
    )]
    Name,
    /// The text is too long.
    #[error("an attribute's text has up to {} characters", Attribute::LONGEST_TEXT)]
    TooLong,
}

impl Attribute {
    /// The longest text, in characters.
    pub const LONGEST_TEXT: usize = 1_000;

    /// Whether it can be kept under a name.
    pub fn check(&self, name: &str) -> Result<(), AttributeError> {
        // The rule is the one of names that people choose.
        crate::QueueId::new(name).map_err(|_| AttributeError::Name)?;
        match self {
            Self::Text(text) if text.chars().count() > Self::LONGEST_TEXT => {
                Err(AttributeError::TooLong)
            }
            _ => Ok(()),
        }
    }
}

impl std::fmt::Display for Attribute {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Number(number) => number.fmt(f),
            Self::Boolean(truth) => truth.fmt(f),
            Self::Date(day) => day.0.fmt(f),
        }
    }
}

/// A day of the calendar, as `2026-11-28`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Day(pub jiff::civil::Date);

impl PartialSchema for Day {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::Custom("date".to_owned())))
            .description(Some("A day of the calendar, as `2026-11-28`."))
            .into()
    }
}

impl ToSchema for Day {}

/// An answer that an agent has begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Draft {
    /// When it was saved.
    pub saved_at: Timestamp,
    /// What it says.
    pub content: Content,
    /// The message that it is to answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// Whether a public message is to be answered privately.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
    /// The standard response that it was made of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub response: Option<ResponseId>,
}

/// What somebody noted for colleagues. It never leaves the hub.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// The note.
    pub id: NoteId,
    /// The customer under whom it is kept.
    pub contact: ContactId,
    /// The interaction on which it is; absent for one on the contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interaction: Option<InteractionId>,
    /// Who wrote it: an agent's id, or `key:` and a key's name.
    pub author: String,
    /// When.
    pub written_at: Timestamp,
    /// What it says; empty once it was deleted.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The agents whom it names.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub mentions: BTreeSet<AgentId>,
    /// What it said before, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<NoteRevision>,
    /// When it was deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Timestamp>,
}

/// What a note said before it was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct NoteRevision {
    /// When it was replaced.
    pub replaced_at: Timestamp,
    /// Who replaced it.
    pub by: String,
    /// What it said.
    pub text: String,
}

impl Note {
    /// The longest text, in characters.
    pub const LONGEST: usize = 4_000;
    /// The most notes that are kept under one contact.
    pub const MOST: usize = 1_000;
    /// How many revisions are kept of one note.
    pub const MOST_REVISIONS: usize = 20;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_the_beginning_of_a_text() {
        assert_eq!(line("  Hello,\n\tworld  "), "Hello, world");
        assert_eq!(line(""), "");
        let long = line(&"wörd ".repeat(1_000));
        assert_eq!(long.chars().count(), LINE + 1);
        assert!(long.ends_with('…'), "{long}");
        let one_word = line(&"ö".repeat(1_000));
        assert_eq!(one_word.chars().count(), LINE + 1);
        let fits = "x".repeat(LINE);
        assert_eq!(line(&fits), fits);
    }

    #[test]
    fn attributes_say_their_type_and_nothing_else() {
        for (text, attribute) in [
            (
                r#"{"type":"text","value":"gold"}"#,
                Attribute::Text("gold".to_owned()),
            ),
            (r#"{"type":"number","value":2.5}"#, Attribute::Number(2.5)),
            (
                r#"{"type":"boolean","value":true}"#,
                Attribute::Boolean(true),
            ),
            (
                r#"{"type":"date","value":"2026-02-28"}"#,
                Attribute::Date(Day(jiff::civil::date(2026, 2, 28))),
            ),
        ] {
            assert_eq!(serde_json::from_str::<Attribute>(text).unwrap(), attribute);
            assert_eq!(serde_json::to_string(&attribute).unwrap(), text);
            let bytes = rmp_serde::to_vec_named(&attribute).unwrap();
            assert_eq!(
                rmp_serde::from_slice::<Attribute>(&bytes).unwrap(),
                attribute
            );
        }
        for wrong in [
            r#"{"type":"date","value":"2026-02-30"}"#,
            r#"{"type":"number","value":"2"}"#,
            r#"{"type":"text"}"#,
            r#""gold""#,
        ] {
            assert!(serde_json::from_str::<Attribute>(wrong).is_err(), "{wrong}");
        }
        let long = Attribute::Text("x".repeat(1_001));
        assert_eq!(long.check("tier"), Err(AttributeError::TooLong));
        assert_eq!(long.check("The Tier"), Err(AttributeError::Name));
    }

    #[test]
    fn labels_are_short_and_plain() {
        for label in ["vip", "Größe XL", &"x".repeat(64)] {
            assert_eq!(check_label(label), Ok(()), "{label}");
        }
        for label in ["", " vip", "vip ", "a\nb", &"x".repeat(65)] {
            assert_eq!(check_label(label), Err(LabelError), "{label}");
        }
    }
}
