//! What a bot does in a chat, with the network's own rules and refusals.

use std::sync::Arc;

use serde_json::{Value, json};

use super::Bot;
use super::api::Refused;
use super::parameters::Parameters;
use crate::customers::{Author, Reachability, Turn};

const LONGEST_TEXT: usize = 4_096;
const LONGEST_CAPTION: usize = 1_024;
const LONGEST_PAYLOAD: usize = 64;

/// The field of the file of each method that sends one.
const FILES: [(&str, &str); 4] = [
    ("sendPhoto", "photo"),
    ("sendAudio", "audio"),
    ("sendVideo", "video"),
    ("sendDocument", "document"),
];

pub(crate) fn call(bot: &Arc<Bot>, method: &str, given: &Parameters) -> Result<Value, Refused> {
    let chat = given.text("chat_id").unwrap_or_default();
    let customers = &bot.world.customers;
    // A bot cannot write first.
    let customer = customers
        .get(&chat)
        .filter(|known| known.last_active_ms.is_some())
        .ok_or_else(|| Refused::bad("chat not found"))?;
    match customer.reachability {
        Reachability::Available => {}
        Reachability::Blocked => {
            return Err(Refused(
                403,
                "Forbidden: bot was blocked by the user".to_owned(),
            ));
        }
        Reachability::Unavailable => {
            return Err(Refused(403, "Forbidden: user is deactivated".to_owned()));
        }
    }
    let one = |name: &str| {
        let id = given.text("message_id").unwrap_or_default();
        let known = customer.conversation.iter().find(|t| t.message_id == id);
        known
            .filter(|turn| !turn.deleted)
            .cloned()
            .ok_or_else(|| Refused::bad(format!("message to {name} not found")))
    };
    match method {
        "sendChatAction" => {
            customers.change(&chat, |known| known.signals.push("typing_on".to_owned()));
            Ok(json!(true))
        }
        "editMessageText" => {
            let turn = one("edit")?;
            let text = text(given, "text", LONGEST_TEXT, "message is too long")?;
            let text = text.ok_or_else(|| Refused::bad("message text is empty"))?;
            if turn.text == text {
                return Err(Refused::bad(
                    "message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message",
                ));
            }
            change(bot, &chat, &turn, |turn| {
                turn.text.clone_from(&text);
                turn.edits += 1;
            });
            Ok(message(bot, &chat, &turn.message_id))
        }
        "deleteMessage" => {
            let turn = one("delete")?;
            change(bot, &chat, &turn, |turn| turn.deleted = true);
            Ok(json!(true))
        }
        "setMessageReaction" => {
            let turn = one("react")?;
            let reactions = given.values.get("reaction").and_then(Value::as_array);
            let emoji = reactions
                .and_then(|all| all.first())
                .and_then(|one| one.get("emoji"))
                .and_then(Value::as_str)
                .map(str::to_owned);
            change(bot, &chat, &turn, |turn| {
                turn.reactions.remove("bot");
                if let Some(emoji) = &emoji {
                    turn.reactions.insert("bot".to_owned(), emoji.clone());
                }
            });
            Ok(json!(true))
        }
        _ => send(bot, method, &chat, given),
    }
}

fn send(bot: &Arc<Bot>, method: &str, chat: &str, given: &Parameters) -> Result<Value, Refused> {
    let mut turn = Turn::new("", Author::Hub, bot.world.clock.now_ms());
    if let Some((_, field)) = FILES.iter().find(|(known, _)| *known == method) {
        let uploaded = given.files.iter().find(|(name, ..)| name == field);
        let attached = match (uploaded, given.text(field)) {
            (Some((_, name, bytes)), _) => {
                json!({"type": field, "name": name, "size": bytes.len()})
            }
            (None, Some(reference)) => json!({"type": field, "reference": reference}),
            (None, None) => {
                return Err(Refused::bad(format!("there is no {field} in the request")));
            }
        };
        turn.attachments.push(attached);
        let caption = text(
            given,
            "caption",
            LONGEST_CAPTION,
            "message caption is too long",
        )?;
        turn.text = caption.unwrap_or_default();
    } else {
        match method {
            "sendMessage" => {
                let said = text(given, "text", LONGEST_TEXT, "message is too long")?;
                turn.text = said.ok_or_else(|| Refused::bad("message text is empty"))?;
            }
            "sendLocation" | "sendVenue" => {
                let place = |name: &str| {
                    let value = given.values.get(name).and_then(Value::as_f64);
                    let value = value.or_else(|| given.text(name)?.parse().ok());
                    value.ok_or_else(|| Refused::bad(format!("{name} is empty")))
                };
                turn.structured.push(json!({
                    "latitude": place("latitude")?, "longitude": place("longitude")?,
                    "title": given.text("title"),
                }));
            }
            _ => return Err(Refused(404, "Not Found".to_owned())),
        }
    }
    if let Some(keyboard) = given.values.get("reply_markup") {
        let rows = keyboard.get("inline_keyboard").and_then(Value::as_array);
        let buttons = rows
            .into_iter()
            .flatten()
            .filter_map(Value::as_array)
            .flatten();
        for button in buttons {
            let data = button.get("callback_data").and_then(Value::as_str);
            if data.is_none_or(|data| data.is_empty() || data.len() > LONGEST_PAYLOAD) {
                return Err(Refused::bad("BUTTON_DATA_INVALID"));
            }
            turn.structured.push(button.clone());
        }
    }
    turn.reply_to = given
        .values
        .get("reply_parameters")
        .and_then(|parameters| parameters.get("message_id"))
        .map(ToString::to_string);
    let id = bot.state().next_message(chat).to_string();
    turn.message_id.clone_from(&id);
    let customers = &bot.world.customers;
    customers.change(chat, |known| known.conversation.push(turn));
    Ok(message(bot, chat, &id))
}

/// A text of at most so many UTF-16 units; none if it is missing or empty.
fn text(
    given: &Parameters,
    name: &str,
    longest: usize,
    problem: &str,
) -> Result<Option<String>, Refused> {
    let text = given.text(name).filter(|text| !text.trim().is_empty());
    if text
        .as_ref()
        .is_some_and(|text| text.encode_utf16().count() > longest)
    {
        return Err(Refused::bad(problem));
    }
    Ok(text)
}

fn change(bot: &Bot, chat: &str, known: &Turn, mut change: impl FnMut(&mut Turn)) {
    bot.world.customers.change(chat, |customer| {
        let turns = customer.conversation.iter_mut();
        for turn in turns.filter(|turn| turn.message_id == known.message_id) {
            change(turn);
        }
    });
}

fn message(bot: &Bot, chat: &str, id: &str) -> Value {
    json!({
        "message_id": id.parse::<i64>().unwrap_or_default(),
        "date": bot.seconds(),
        "chat": {"id": chat.parse::<i64>().unwrap_or_default(), "type": "private"},
        "from": {"id": bot.id(), "is_bot": true, "first_name": "Simulated", "username": bot.options.username},
    })
}
