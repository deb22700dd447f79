//! Ids. Telegram counts messages in each chat by itself; the contract wants ids that are unique in the
//! channel, so they are made of both: `chat/message`.

use linecard_sdk::actions::Failure;
use linecard_sdk::json::Lenient as _;
use serde_json::{Map, Value, json};

/// The id of a message.
pub fn message(chat: &str, message: &str) -> String {
    format!("{chat}/{message}")
}

/// The id of a message object.
pub fn of(message: &Map<String, Value>) -> Option<String> {
    let chat = message.object("chat")?.text("id")?;
    Some(self::message(&chat, &message.text("message_id")?))
}

/// The chat and the message of an id, as Telegram takes them.
pub fn parts(id: &str) -> Result<(Value, Value), Failure> {
    let parts = id.split_once('/').and_then(|(chat, message)| {
        Some((chat.parse::<i64>().ok()?, message.parse::<i64>().ok()?))
    });
    let (chat, message) = parts.ok_or_else(|| {
        Failure::rejected(
            "message-id",
            format!("\"{id}\" is no message of this network"),
        )
    })?;
    Ok((json!(chat), json!(message)))
}

/// The id of the message that a call made.
pub fn made(chat: &str, result: &Value) -> Option<String> {
    let id = result.count("message_id")?;
    Some(message(chat, &id.to_string()))
}
