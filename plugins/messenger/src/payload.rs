//! The parts of Meta's JSON, read leniently: ids and times come as texts or as numbers, members may
//! be missing or unknown, and what is strange in one place must not cost the rest.

use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The body of a webhook request.
#[derive(Deserialize)]
pub struct Body<'a> {
    /// What the entries are about: `page` for Messenger.
    pub object: String,
    /// One part for each page and moment.
    #[serde(borrow, default)]
    pub entry: Vec<&'a RawValue>,
}

/// One page's part of a webhook request.
#[derive(Deserialize)]
pub struct Entry<'a> {
    /// The page.
    #[serde(default, deserialize_with = "text_or_number")]
    pub id: Option<String>,
    /// When Meta made the entry, in milliseconds.
    #[serde(default, deserialize_with = "milliseconds")]
    pub time: Option<u64>,
    /// What happened in the conversations that this app has.
    #[serde(borrow, default)]
    pub messaging: Option<Vec<&'a RawValue>>,
    /// What happened in conversations that another app has.
    #[serde(borrow, default)]
    pub standby: Option<Vec<&'a RawValue>>,
    /// What happened on the page itself: not Messenger's.
    #[serde(borrow, default)]
    pub changes: Option<Vec<&'a RawValue>>,
}

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
        match self.payload.get(name)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        }
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

#[derive(Deserialize)]
#[serde(untagged)]
enum TextOrNumber {
    Text(String),
    Number(serde_json::Number),
}

/// An id: a text, or a number in old payloads. Anything else is an error, so that the caller keeps
/// the part as something that was not understood.
pub fn text_or_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(
        Option::<TextOrNumber>::deserialize(from)?.map(|id| match id {
            TextOrNumber::Text(text) => text,
            TextOrNumber::Number(number) => number.to_string(),
        }),
    )
}

/// A count or a time in milliseconds: a number, or digits in a text.
pub fn milliseconds<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    Ok(match Option::<TextOrNumber>::deserialize(from)? {
        Some(TextOrNumber::Text(text)) => text.parse().ok(),
        Some(TextOrNumber::Number(number)) => number.as_u64(),
        None => None,
    })
}
