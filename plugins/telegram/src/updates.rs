//! How updates come: delivered, or fetched by long polls.

use linecard_sdk::actions::Failure;
use linecard_sdk::connector::{
    Channel, Intake, PollPage, Reception, Rejection, Wait, WebhookRequest, WebhookResponse,
};
use linecard_sdk::encode;
use linecard_sdk::http::{Call, Error, Request, Response};
use linecard_sdk::json::{Lenient as _, Part};
use linecard_sdk::secrets::{self, Algorithm};
use serde_json::{Value, json};

use crate::config::{Config, WEBHOOK_KEY};
use crate::{api, events};

/// The kinds of update that this connector reads. Reactions are only sent to those who name them.
pub const KINDS: [&str; 5] = [
    "message",
    "edited_message",
    "callback_query",
    "message_reaction",
    "my_chat_member",
];
/// How long Telegram is asked to wait for something to tell, in seconds.
const PATIENCE: u32 = 50;
/// How long the host waits for its answer, in milliseconds.
const WAIT: u32 = 65_000;
/// The pause after a page without anything to wait for, in milliseconds.
const PAUSE: u64 = 1_000;

/// The header by which Telegram repeats the word that it was given.
const HEADER: &str = "x-telegram-bot-api-secret-token";

/// What the word is made of, beside the key: each channel has its own.
fn subject(channel: &Channel) -> Vec<u8> {
    format!("telegram webhook of {}", channel.id).into_bytes()
}

/// The word that Telegram repeats with each delivery.
pub fn word(channel: &Channel) -> Result<String, Failure> {
    let mac = secrets::hmac(WEBHOOK_KEY, Algorithm::Sha256, &subject(channel))?;
    Ok(encode::hex(&mac))
}

/// Takes a delivery.
pub fn receive(channel: &Channel, request: &WebhookRequest) -> Result<Reception, Rejection> {
    if request.method != "POST" {
        let text = format!("Telegram delivers by POST, not {}", request.method);
        return Err(Rejection::Unsupported(text));
    }
    let refused = |why: &str| Err(Rejection::BadSignature(format!("{HEADER}: {why}")));
    let Some(mac) = request.header(HEADER).and_then(encode::from_hex) else {
        return refused("there is none, or not the hub's; set the channel up again");
    };
    match secrets::verify_hmac(WEBHOOK_KEY, Algorithm::Sha256, &subject(channel), &mac) {
        Ok(true) => {}
        Ok(false) => return refused("it is not this channel's; set the channel up again"),
        Err(error) => return refused(error.text()),
    }
    let document = request.document()?;
    let part = document.part();
    let mut intake = Intake::new();
    intake.read("update", part, events::read);
    let reception = intake.reception();
    // The customer's app waits for this, and shows that the button was pressed.
    Ok(match query(part) {
        Some(id) => reception.with_response(WebhookResponse::json(&json!({
            "method": "answerCallbackQuery",
            "callback_query_id": id,
        }))),
        None => reception,
    })
}

/// The id of the query that wants an answer.
fn query(part: Part<'_>) -> Option<String> {
    part.get("callback_query")?.object()?.text("id")
}

/// Fetches what there is, without waiting.
pub fn poll(config: &Config, cursor: &[u8]) -> Result<PollPage, Failure> {
    let request = Request::get(updates(config, cursor, 0));
    let response = request.send(Call::Repeatable)?;
    page(config, cursor, &response)
}

/// Reads what was waited for.
pub fn waited(
    config: &Config,
    cursor: &[u8],
    waited: Result<Response, Error>,
) -> Result<PollPage, Failure> {
    match waited {
        Ok(response) => page(config, cursor, &response),
        // The line was quiet for too long somewhere between here and there.
        Err(Error::NoAnswer(_)) => poll(config, cursor),
        Err(error) => Err(error.into_failure(Call::Repeatable)),
    }
}

fn updates(config: &Config, cursor: &[u8], seconds: u32) -> String {
    let kinds = json!(KINDS).to_string();
    let mut query = vec![("timeout", seconds.to_string()), ("allowed_updates", kinds)];
    if let Ok(offset) = std::str::from_utf8(cursor)
        && !offset.is_empty()
    {
        query.push(("offset", offset.to_owned()));
    }
    format!("{}?{}", config.method("getUpdates"), encode::form(query))
}

fn page(config: &Config, cursor: &[u8], response: &Response) -> Result<PollPage, Failure> {
    // Refusals are told by what they mean, the rest is read part by part.
    api::result(response, Call::Repeatable)?;
    let document = response.document(Call::Repeatable)?;
    let mut intake = Intake::new();
    let mut next: Option<u64> = None;
    for part in document.part().list("result") {
        let id = part.object().and_then(|update| update.count("update_id"));
        next = next.max(id.map(|id| id.saturating_add(1)));
        if let Some(query) = query(part) {
            let answer = json!({ "callback_query_id": query });
            let request = Request::post(config.method("answerCallbackQuery")).json(&answer);
            // What the customer's app shows is not worth an update.
            let _ = request.try_send();
        }
        intake.read("update", part, events::read);
    }
    let cursor = match next {
        Some(next) => next.to_string().into_bytes(),
        None => cursor.to_vec(),
    };
    let url = updates(config, &cursor, PATIENCE);
    let pause = if cursor.is_empty() { PAUSE } else { 0 };
    Ok(intake
        .page(cursor, pause)
        .waiting(Wait::for_answer(url, WAIT)))
}

/// Whether Telegram sends all kinds of update that are read here.
pub fn has_all_kinds(info: &Value) -> bool {
    let told = info.texts("allowed_updates");
    KINDS
        .iter()
        .all(|kind| told.iter().any(|known| known == kind))
}
