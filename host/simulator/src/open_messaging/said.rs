//! What customers of a middleware do, and the calls to the hub that tell of it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::customers::{Customer, Turn};

/// Something that a customer (or the middleware) tells the hub.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Said {
    /// A text.
    Text {
        /// The text.
        text: String,
    },
    /// A file with an optional text.
    Attachment {
        /// `Image`, `Video`, `Audio`, `File` or `Link`.
        media_type: String,
        /// Where the hub can fetch it.
        url: String,
        /// The media type of the file.
        mime: String,
        /// The file's name.
        filename: String,
        /// The text beside it.
        #[serde(default)]
        text: Option<String>,
    },
    /// An answer to a structured message.
    ButtonResponse {
        /// `Button`, `QuickReply` or `DatePicker`.
        kind: String,
        /// What the customer saw.
        text: String,
        /// What the agent gets.
        payload: String,
        /// The message that was answered.
        originating_message_id: String,
    },
    /// The customer is typing.
    Typing,
    /// What became of a message from the hub.
    Receipt {
        /// The message.
        id: String,
        /// `Delivered`, `Read`, `Failed`, ...
        status: String,
        /// The reason's code, for a failure.
        #[serde(default)]
        reason: Option<String>,
        /// Whether no other receipt follows.
        #[serde(default = "yes")]
        is_final: bool,
    },
}

fn yes() -> bool {
    true
}

impl Said {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// Whether this is a message with an id of its own.
    pub(crate) fn is_message(&self) -> bool {
        !matches!(self, Self::Typing | Self::Receipt { .. })
    }

    /// The end of the path and the kind of call for the record.
    pub(crate) fn endpoint(&self) -> (&'static str, &'static str) {
        match self {
            Self::Text { .. } | Self::Attachment { .. } => ("message", "inbound_message"),
            Self::ButtonResponse { .. } => ("structured/response", "inbound_structured_response"),
            Self::Typing => ("event", "inbound_event"),
            Self::Receipt { .. } => ("receipt", "inbound_receipt"),
        }
    }

    /// Fills the turn of the customer's conversation.
    pub(crate) fn fill(&self, turn: &mut Turn) {
        match self {
            Self::Text { text } => turn.text.clone_from(text),
            Self::Attachment { text, .. } => {
                turn.text = text.clone().unwrap_or_default();
                turn.attachments.extend(self.attachment());
            }
            Self::ButtonResponse { text, payload, .. } => {
                turn.text.clone_from(text);
                turn.structured.push(json!({ "payload": payload }));
            }
            Self::Typing | Self::Receipt { .. } => {}
        }
    }

    fn attachment(&self) -> Option<Value> {
        let Self::Attachment {
            media_type,
            url,
            mime,
            filename,
            ..
        } = self
        else {
            return None;
        };
        Some(json!({
            "contentType": "Attachment",
            "attachment": {
                "mediaType": media_type,
                "url": url,
                "mime": mime,
                "filename": filename,
            },
        }))
    }

    /// The call's body.
    pub(crate) fn body(&self, customer: &Customer, message_id: &str, time: &str) -> Value {
        let from = sender(customer);
        let channel = json!({ "messageId": message_id, "from": from, "time": time });
        match self {
            Self::Text { text } => json!({ "channel": channel, "text": text }),
            Self::Attachment { text, .. } => json!({
                "channel": channel,
                "text": text.clone().unwrap_or_default(),
                "content": self.attachment().map(|one| vec![one]),
            }),
            Self::ButtonResponse {
                kind,
                text,
                payload,
                originating_message_id,
            } => json!({
                "channel": channel,
                "buttonResponse": { "type": kind, "text": text, "payload": payload },
                "originatingMessageId": originating_message_id,
            }),
            Self::Typing => json!({
                "channel": { "from": from, "time": time },
                "events": [{ "eventType": "Typing", "typing": { "type": "On", "duration": 5000 } }],
            }),
            Self::Receipt {
                id,
                status,
                reason,
                is_final,
            } => {
                let mut body = json!({
                    "id": id,
                    "channel": {
                        "to": { "id": customer.id },
                        "time": time,
                        "messageId": message_id,
                    },
                    "status": status,
                    "isFinalReceipt": is_final,
                    "direction": "Outbound",
                });
                if let Some(code) = reason {
                    body["reasons"] = json!([{ "code": code, "message": code }]);
                }
                body
            }
        }
    }
}

/// The customer as the channel's `from`.
fn sender(customer: &Customer) -> Value {
    let id_type = match customer.id.as_str() {
        id if id.contains('@') => "Email",
        id if id.starts_with('+') => "Phone",
        _ => "Opaque",
    };
    let profile = &customer.profile;
    let mut from = json!({
        "id": customer.id,
        "idType": id_type,
        "nickname": profile.nickname.clone().unwrap_or_else(|| profile.first_name.clone()),
        "firstName": profile.first_name,
        "lastName": profile.last_name,
    });
    if let Some(url) = &profile.picture_url {
        from["image"] = json!(url);
    }
    from
}
