//! The parts of Open Messaging's JSON, read leniently: middlewares in the field leave members out,
//! write null for nothing, and spell some names differently from the documentation.

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

/// A body of any of the inbound calls.
#[derive(Debug, Deserialize)]
pub struct Inbound {
    /// In a receipt the id of the outbound message; else what older clients give their message.
    #[serde(default, deserialize_with = "text_or_number")]
    pub id: Option<String>,
    pub channel: Channel,
    /// `Text`, `Structured`, `Event` or `Receipt`: told only by older clients.
    #[serde(rename = "type", default)]
    pub kind: Option<String>,
    /// `Inbound` for what a customer says; many leave it out.
    #[serde(default)]
    pub direction: Option<String>,
    #[serde(default)]
    pub text: Option<String>,
    #[serde(default)]
    pub content: Option<Vec<Value>>,
    #[serde(default)]
    pub events: Option<Vec<Value>>,
    #[serde(default)]
    pub metadata: Option<Map<String, Value>>,
    #[serde(default)]
    pub status: Option<String>,
    #[serde(default)]
    pub reasons: Option<Vec<Reason>>,
    #[serde(rename = "buttonResponse", default)]
    pub button_response: Option<ButtonResponse>,
    #[serde(rename = "originatingMessageId", default)]
    pub originating_message_id: Option<String>,
}

/// Who wrote to whom, and when.
#[derive(Debug, Deserialize)]
pub struct Channel {
    #[serde(rename = "messageId", default, deserialize_with = "text_or_number")]
    pub message_id: Option<String>,
    #[serde(default)]
    pub to: Option<Party>,
    #[serde(default)]
    pub from: Option<Party>,
    #[serde(default)]
    pub time: Option<String>,
    #[serde(default)]
    pub metadata: Option<Map<String, Value>>,
}

/// A sender or recipient.
#[derive(Debug, Deserialize)]
pub struct Party {
    #[serde(default, deserialize_with = "text_or_number")]
    pub id: Option<String>,
    #[serde(rename = "idType", default)]
    pub id_type: Option<String>,
    #[serde(default, alias = "nickName")]
    pub nickname: Option<String>,
    #[serde(rename = "firstName", default)]
    pub first_name: Option<String>,
    #[serde(rename = "lastName", default)]
    pub last_name: Option<String>,
    #[serde(default)]
    pub image: Option<String>,
    #[serde(default)]
    pub email: Option<String>,
}

/// Why a message failed.
#[derive(Debug, Deserialize)]
pub struct Reason {
    #[serde(default)]
    pub code: Option<String>,
    #[serde(default)]
    pub message: Option<String>,
}

/// The choice of a button, quick reply, date or list row.
#[derive(Debug, Deserialize)]
pub struct ButtonResponse {
    #[serde(rename = "type", default)]
    pub kind: Option<String>,
    #[serde(default)]
    pub text: Option<String>,
    #[serde(default)]
    pub payload: Option<String>,
    #[serde(rename = "originatingMessageId", default)]
    pub originating_message_id: Option<String>,
}

/// Something attached.
#[derive(Debug, Deserialize)]
pub struct Attachment {
    #[serde(default)]
    pub id: Option<String>,
    #[serde(rename = "mediaType", default)]
    pub media_type: Option<String>,
    #[serde(default)]
    pub url: Option<String>,
    #[serde(default)]
    pub mime: Option<String>,
    #[serde(default)]
    pub text: Option<String>,
    #[serde(default)]
    pub sha256: Option<String>,
    #[serde(default, alias = "fileName")]
    pub filename: Option<String>,
    #[serde(rename = "contentSizeBytes", default, alias = "fileSize")]
    pub size: Option<u64>,
}

/// A place.
#[derive(Debug, Deserialize)]
pub struct Location {
    pub latitude: f64,
    pub longitude: f64,
    #[serde(default)]
    pub text: Option<String>,
    #[serde(default)]
    pub address: Option<String>,
}

/// A story that a message mentions or answers.
#[derive(Debug, Deserialize)]
pub struct Story {
    #[serde(default)]
    pub url: Option<String>,
    #[serde(rename = "replyToId", default)]
    pub reply_to_id: Option<String>,
}

/// What a customer is doing.
#[derive(Debug, Deserialize)]
pub struct CustomerEvent {
    #[serde(rename = "eventType", default)]
    pub event_type: Option<String>,
    #[serde(default)]
    pub typing: Option<Typing>,
}

/// Whether the customer is writing.
#[derive(Debug, Deserialize)]
pub struct Typing {
    #[serde(rename = "type", default)]
    pub kind: Option<String>,
}

fn text_or_number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    match Option::<Value>::deserialize(from)? {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text).filter(|text| !text.is_empty())),
        Some(Value::Number(number)) => Ok(Some(number.to_string())),
        Some(_) => Err(serde::de::Error::custom("an id is a text or a number")),
    }
}
