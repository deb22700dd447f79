//! The parts of an item of `messaging[]`. Members may be missing or unknown, and what is strange in one
//! place must not cost the rest.

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::lenient::{as_text, milliseconds, text_or_number};

/// A sender or recipient.
#[derive(Deserialize, Default)]
pub struct Party {
    /// The page-scoped id, or the page's.
    #[serde(default, deserialize_with = "text_or_number")]
    pub id: Option<String>,
    /// The reference of a person whose page-scoped id is not known yet.
    #[serde(default, deserialize_with = "text_or_number")]
    pub user_ref: Option<String>,
}

/// A message, an echo of one, or the news that one is gone.
#[derive(Deserialize)]
pub struct Message {
    #[serde(default)]
    pub mid: Option<String>,
    #[serde(default)]
    pub text: Option<String>,
    #[serde(default)]
    pub attachments: Option<Vec<Value>>,
    #[serde(default)]
    pub quick_reply: Option<QuickReply>,
    #[serde(default)]
    pub reply_to: Option<ReplyTo>,
    #[serde(default)]
    pub referral: Option<Map<String, Value>>,
    #[serde(default, deserialize_with = "text_or_number")]
    pub sticker_id: Option<String>,
    #[serde(default)]
    pub is_echo: bool,
    #[serde(default)]
    pub is_deleted: bool,
    #[serde(default)]
    pub is_unsupported: bool,
    #[serde(default, deserialize_with = "text_or_number")]
    pub app_id: Option<String>,
    #[serde(default)]
    pub metadata: Option<String>,
}

/// Something attached. `payload` is an object for most types and a text for old ones.
#[derive(Deserialize, Default)]
pub struct Attachment {
    #[serde(rename = "type", default)]
    pub kind: String,
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default)]
    pub url: Option<String>,
    #[serde(default)]
    pub payload: Value,
}

impl Attachment {
    /// A text member of the payload, if it is there and not empty.
    pub fn payload_text(&self, name: &str) -> Option<String> {
        as_text(self.payload.get(name)?)
    }
}

/// The choice of a quick reply.
#[derive(Deserialize)]
pub struct QuickReply {
    #[serde(default)]
    pub payload: Option<String>,
}

/// What a message answers: a message, or a story.
#[derive(Deserialize)]
pub struct ReplyTo {
    #[serde(default)]
    pub mid: Option<String>,
    #[serde(default)]
    pub story: Option<Story>,
}

/// A story of the account that a message answers.
#[derive(Deserialize)]
pub struct Story {
    #[serde(default, deserialize_with = "text_or_number")]
    pub id: Option<String>,
    #[serde(default)]
    pub url: Option<String>,
}

/// A used button.
#[derive(Deserialize)]
pub struct Postback {
    #[serde(default)]
    pub mid: Option<String>,
    #[serde(default)]
    pub title: Option<String>,
    #[serde(default)]
    pub payload: Option<String>,
    #[serde(default)]
    pub referral: Option<Map<String, Value>>,
}

/// A reaction, or the end of one.
#[derive(Deserialize)]
pub struct Reaction {
    pub mid: String,
    pub action: String,
    #[serde(rename = "reaction", default)]
    pub name: Option<String>,
    #[serde(default)]
    pub emoji: Option<String>,
}

/// A change of a message.
#[derive(Deserialize)]
pub struct Edit {
    pub mid: String,
    #[serde(default)]
    pub text: Option<String>,
    #[serde(rename = "num_edit", default, deserialize_with = "milliseconds")]
    pub number: Option<u64>,
}

/// News that messages arrived or were read.
#[derive(Deserialize)]
pub struct Receipt {
    #[serde(default)]
    pub mids: Option<Vec<String>>,
    /// Instagram names the message that was read, Messenger a time.
    #[serde(default)]
    pub mid: Option<String>,
    #[serde(default, deserialize_with = "milliseconds")]
    pub watermark: Option<u64>,
}

/// Meta's sanction against a page, or its end.
#[derive(Deserialize)]
pub struct Policy {
    pub action: String,
    #[serde(default)]
    pub reason: Option<String>,
}
