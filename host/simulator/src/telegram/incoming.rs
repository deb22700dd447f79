//! What customers do, and the updates that the bot gets for it.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::Bot;
use crate::customers::{Author, Reachability, Turn};
use crate::delivery::{Delivery, Outcome, Verdict, send_until_accepted};

/// Something that a customer does in the chat with the bot. Message ids are the chat's numbers.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Incoming {
    /// Writes.
    Text {
        /// What.
        text: String,
        /// The message that it answers.
        #[serde(default)]
        reply_to: Option<String>,
    },
    /// Sends a picture.
    Photo {
        /// The file's content.
        content: String,
        /// The text below it.
        #[serde(default)]
        caption: Option<String>,
    },
    /// Sends a place.
    Location {
        /// Degrees north.
        latitude: f64,
        /// Degrees east.
        longitude: f64,
    },
    /// Changes an own message.
    Edit {
        /// Which.
        message_id: String,
        /// The new text.
        text: String,
    },
    /// Presses a button below a message of the bot.
    Press {
        /// The message.
        message_id: String,
        /// What stands on the button.
        title: String,
    },
    /// Reacts to a message.
    React {
        /// Which.
        message_id: String,
        /// With what; nothing takes the reaction back.
        #[serde(default)]
        emoji: Option<String>,
    },
    /// Blocks the bot, or takes it back.
    Block {
        /// Whether it is blocked from now on.
        blocked: bool,
    },
}

impl Incoming {
    /// A text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text {
            text: text.into(),
            reply_to: None,
        }
    }
}

/// 2xx is accepted; all else is repeated.
fn verdict(status: u16) -> Verdict {
    match status {
        200..=299 => Verdict::Accepted,
        _ => Verdict::Repeat,
    }
}

impl Bot {
    /// The customer does something, and the bot gets an update.
    pub(crate) async fn say(self: &Arc<Self>, customer: &str, what: Incoming) -> Delivery {
        let (message_id, kind, content) = self.happen(customer, what);
        let (number, webhook) = {
            let mut state = self.state();
            state.last_update += 1;
            (state.last_update, state.webhook.clone())
        };
        let update = json!({"update_id": number, kind: content});
        let Some(webhook) = webhook else {
            self.state().keep(number, update);
            self.news.notify_waiters();
            return Outcome::never("it waits for getUpdates").delivery(customer, &message_id);
        };
        if !webhook.kinds.is_empty() && !webhook.kinds.iter().any(|known| known == kind) {
            return Outcome::never("the bot does not take such updates")
                .delivery(customer, &message_id);
        }
        let outcome = send_until_accepted(
            &self.world.record,
            &self.options.retry,
            "update",
            update.clone(),
            verdict,
            || {
                let post = self.client.post(&webhook.url).json(&update);
                match &webhook.word {
                    Some(word) => post.header("X-Telegram-Bot-Api-Secret-Token", word),
                    None => post,
                }
            },
        )
        .await;
        // A method may be called in the answer.
        if outcome.answer["method"] == "answerCallbackQuery"
            && let Some(query) = outcome.answer["callback_query_id"].as_str()
        {
            self.state().answered.push(query.to_owned());
        }
        outcome.delivery(customer, &message_id)
    }

    /// The id of the message that it is about, and the update's kind and content.
    fn happen(&self, customer: &str, what: Incoming) -> (String, &'static str, Value) {
        let now = self.world.clock.now_ms();
        let person = self.person(customer);
        let chat =
            json!({"id": number(customer), "type": "private", "first_name": person["first_name"]});
        let message = |id: &str| json!({"message_id": number(id), "from": person, "chat": chat, "date": self.seconds()});
        match what {
            Incoming::Text { text, reply_to } => {
                let id = self.turn(customer, now, |turn| {
                    turn.text.clone_from(&text);
                    turn.reply_to.clone_from(&reply_to);
                });
                let mut message = message(&id);
                message["text"] = json!(text);
                if let Some(parent) = reply_to {
                    message["reply_to_message"] = json!({"message_id": number(&parent), "chat": chat, "date": self.seconds()});
                }
                (id, "message", message)
            }
            Incoming::Photo { content, caption } => {
                let id = self.turn(customer, now, |turn| {
                    turn.text = caption.clone().unwrap_or_default();
                    turn.attachments.push(json!({"type": "photo"}));
                });
                let file = format!("photo-{customer}-{id}");
                let size = content.len();
                let kept = ("image/jpeg".to_owned(), Bytes::from(content.into_bytes()));
                self.state().files.insert(file.clone(), kept);
                let mut message = message(&id);
                message["photo"] = json!([
                    {"file_id": format!("{file}-small"), "file_unique_id": "s", "width": 90, "height": 60},
                    {"file_id": file, "file_unique_id": "l", "width": 1280, "height": 853, "file_size": size},
                ]);
                if let Some(caption) = caption {
                    message["caption"] = json!(caption);
                }
                (id, "message", message)
            }
            Incoming::Location {
                latitude,
                longitude,
            } => {
                let place = json!({"latitude": latitude, "longitude": longitude});
                let id = self.turn(customer, now, |turn| turn.structured.push(place.clone()));
                let mut message = message(&id);
                message["location"] = place;
                (id, "message", message)
            }
            Incoming::Edit { message_id, text } => {
                self.change(customer, &message_id, |turn| {
                    turn.text.clone_from(&text);
                    turn.edits += 1;
                });
                let mut message = message(&message_id);
                message["edit_date"] = json!(self.seconds());
                message["text"] = json!(text);
                (message_id, "edited_message", message)
            }
            Incoming::Press { message_id, title } => {
                let turns = self.world.customers.get(customer).map(|c| c.conversation);
                let turn = turns
                    .into_iter()
                    .flatten()
                    .find(|turn| turn.message_id == message_id);
                let buttons = turn.map(|turn| turn.structured).unwrap_or_default();
                let data = buttons
                    .iter()
                    .find(|button| button["text"] == title.as_str());
                let data = data.map(|button| button["callback_data"].clone());
                let rows: Vec<Value> = buttons.iter().map(|button| json!([button])).collect();
                let mut offered = message(&message_id);
                offered["reply_markup"] = json!({ "inline_keyboard": rows });
                let query = json!({
                    "id": format!("query-{now}-{message_id}"), "from": person,
                    "chat_instance": "1", "message": offered, "data": data,
                });
                (message_id, "callback_query", query)
            }
            Incoming::React { message_id, emoji } => {
                let mut before = None;
                self.change(customer, &message_id, |turn| {
                    before = turn.reactions.remove(customer);
                    if let Some(emoji) = &emoji {
                        turn.reactions.insert(customer.to_owned(), emoji.clone());
                    }
                });
                let list = |emoji: &Option<String>| -> Vec<Value> {
                    let emoji = emoji.iter();
                    emoji
                        .map(|e| json!({"type": "emoji", "emoji": e}))
                        .collect()
                };
                let reaction = json!({
                    "chat": chat, "message_id": number(&message_id), "user": person,
                    "date": self.seconds(), "old_reaction": list(&before), "new_reaction": list(&emoji),
                });
                (message_id, "message_reaction", reaction)
            }
            Incoming::Block { blocked } => {
                let status = |blocked| if blocked { "kicked" } else { "member" };
                self.world.customers.change(customer, |known| {
                    known.reachability = if blocked {
                        Reachability::Blocked
                    } else {
                        Reachability::Available
                    };
                });
                let change = json!({
                    "chat": chat, "from": person, "date": self.seconds(),
                    "old_chat_member": {"status": status(!blocked)},
                    "new_chat_member": {"status": status(blocked)},
                });
                (String::new(), "my_chat_member", change)
            }
        }
    }

    fn turn(&self, customer: &str, now: i64, fill: impl FnOnce(&mut Turn)) -> String {
        let id = self.state().next_message(customer).to_string();
        let mut turn = Turn::new(&id, Author::Customer, now);
        fill(&mut turn);
        self.world.customers.change(customer, |known| {
            known.last_active_ms = Some(now);
            known.conversation.push(turn);
        });
        id
    }

    fn change(&self, customer: &str, id: &str, mut change: impl FnMut(&mut Turn)) {
        self.world.customers.change(customer, |known| {
            let turns = known.conversation.iter_mut();
            for turn in turns.filter(|turn| turn.message_id == id) {
                change(turn);
            }
        });
    }

    fn person(&self, customer: &str) -> Value {
        let profile = self.world.customers.get(customer).map(|c| c.profile);
        let profile = profile.unwrap_or_default();
        let name = if profile.first_name.is_empty() {
            customer.to_owned()
        } else {
            profile.first_name
        };
        let mut person = json!({"id": number(customer), "is_bot": false, "first_name": name});
        if !profile.last_name.is_empty() {
            person["last_name"] = json!(profile.last_name);
        }
        person
    }
}

fn number(id: &str) -> i64 {
    id.parse().unwrap_or_default()
}
