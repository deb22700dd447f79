//! The Bot API: who may call it, and what each method does.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use super::parameters::Parameters;
use super::{Bot, Webhook};
use crate::serve::Naming;
use crate::signature::same;

/// How calls are named in faults and the record.
pub(crate) static NAMING: Naming = Naming {
    operation: |_: &Method, uri: &Uri| {
        let path = uri.path();
        if path.starts_with("/file/") {
            return "file";
        }
        match path.rsplit('/').next().unwrap_or_default() {
            "sendMessage" | "sendPhoto" | "sendAudio" | "sendVideo" | "sendDocument"
            | "sendLocation" | "sendVenue" => "send",
            "editMessageText" => "edit",
            "deleteMessage" => "delete",
            "setMessageReaction" => "react",
            "setWebhook" | "deleteWebhook" | "getWebhookInfo" => "webhook-setting",
            "getUpdates" => "updates",
            "getFile" => "media",
            "getMe" => "me",
            _ => "other",
        }
    },
    customer: |body| match body.get("chat_id")? {
        Value::Number(number) => Some(number.to_string()),
        Value::String(text) => Some(text.clone()),
        _ => None,
    },
};

/// A refusal, as the API writes it.
pub(crate) struct Refused(pub(crate) u16, pub(crate) String);

impl Refused {
    pub(crate) fn bad(text: impl std::fmt::Display) -> Self {
        Self(400, format!("Bad Request: {text}"))
    }
}

/// Answers a call of any path.
pub(crate) async fn answer(State(bot): State<Arc<Bot>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let (file, below) = match path.strip_prefix("/file") {
        Some(below) => (true, below),
        None => (false, path.as_str()),
    };
    let parts = below
        .strip_prefix("/bot")
        .and_then(|below| below.split_once('/'));
    let Some((token, what)) = parts else {
        return refusal(&Refused(404, "Not Found".to_owned()));
    };
    if !same(token, &bot.options.token) {
        return refusal(&Refused(401, "Unauthorized".to_owned()));
    }
    if file {
        let files = &bot.state().files;
        let id = what.strip_prefix("files/").unwrap_or_default();
        return match files.get(id) {
            // Whatever it is, it is a stream of bytes.
            Some((_, bytes)) => (
                [(header::CONTENT_TYPE, "application/octet-stream")],
                bytes.clone(),
            )
                .into_response(),
            None => refusal(&Refused(404, "Not Found".to_owned())),
        };
    }
    let done = match Parameters::read(request).await {
        Ok(parameters) => call(&bot, what, &parameters).await,
        Err(problem) => Err(Refused::bad(problem)),
    };
    match done {
        Ok(result) => Json(json!({ "ok": true, "result": result })).into_response(),
        Err(refused) => refusal(&refused),
    }
}

fn refusal(Refused(code, text): &Refused) -> Response {
    let status = StatusCode::from_u16(*code).unwrap_or(StatusCode::BAD_REQUEST);
    let body = json!({"ok": false, "error_code": code, "description": text});
    (status, Json(body)).into_response()
}

async fn call(bot: &Arc<Bot>, method: &str, given: &Parameters) -> Result<Value, Refused> {
    match method {
        "getMe" => Ok(json!({
            "id": bot.id(), "is_bot": true, "first_name": "Simulated",
            "username": bot.options.username, "can_join_groups": true,
        })),
        "getWebhookInfo" => {
            let state = bot.state();
            let mut info = json!({
                "url": "", "has_custom_certificate": false,
                "pending_update_count": state.waiting.len(),
            });
            if let Some(webhook) = &state.webhook {
                info["url"] = json!(webhook.url);
                info["allowed_updates"] = json!(webhook.kinds);
                info["max_connections"] = json!(40);
            }
            Ok(info)
        }
        "setWebhook" => set_webhook(bot, given),
        "deleteWebhook" => {
            bot.state().webhook = None;
            Ok(json!(true))
        }
        "getUpdates" => updates(bot, given).await,
        "getFile" => {
            let id = given.text("file_id").unwrap_or_default();
            let state = bot.state();
            let (_, bytes) = state.files.get(&id).ok_or_else(|| {
                Refused::bad("wrong file_id or the file is temporarily unavailable")
            })?;
            Ok(json!({
                "file_id": id, "file_unique_id": id, "file_size": bytes.len(),
                "file_path": format!("files/{id}"),
            }))
        }
        "answerCallbackQuery" => {
            let query = given.text("callback_query_id").unwrap_or_default();
            bot.state().answered.push(query);
            Ok(json!(true))
        }
        other => super::send::call(bot, other, given),
    }
}

/// The longest word, and what it is of.
const LONGEST_WORD: usize = 256;

fn set_webhook(bot: &Arc<Bot>, given: &Parameters) -> Result<Value, Refused> {
    let url = given.text("url").unwrap_or_default();
    if url.is_empty() {
        bot.state().webhook = None;
        return Ok(json!(true));
    }
    // The network itself takes https only; this one lives on one machine.
    let parsed = url::Url::parse(&url).ok();
    if !parsed.is_some_and(|url| matches!(url.scheme(), "http" | "https")) {
        return Err(Refused::bad(
            "bad webhook: An HTTPS URL must be provided for webhook",
        ));
    }
    let word = given.text("secret_token");
    let is_word = |word: &String| {
        word.len() <= LONGEST_WORD
            && word
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-')
    };
    if word.as_ref().is_some_and(|word| !is_word(word)) {
        return Err(Refused::bad("secret token contains unallowed characters"));
    }
    let kinds = given.values.get("allowed_updates");
    let kinds = kinds.and_then(Value::as_array).cloned().unwrap_or_default();
    bot.state().webhook = Some(Webhook {
        url,
        word,
        kinds: kinds
            .iter()
            .filter_map(|kind| kind.as_str().map(str::to_owned))
            .collect(),
    });
    Ok(json!(true))
}

/// The longest wait that the API takes, in seconds.
const LONGEST_POLL: i64 = 50;
/// The most updates of one answer.
const MOST_UPDATES: usize = 100;

async fn updates(bot: &Arc<Bot>, given: &Parameters) -> Result<Value, Refused> {
    let wait = given.number("timeout").unwrap_or(0).clamp(0, LONGEST_POLL);
    let until =
        tokio::time::Instant::now() + Duration::from_secs(u64::try_from(wait).unwrap_or_default());
    loop {
        // Asked for before the look, so that what comes between is not missed.
        let news = bot.news.notified();
        {
            let mut state = bot.state();
            if state.webhook.is_some() {
                return Err(Refused(
                    409,
                    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first".to_owned(),
                ));
            }
            if let Some(offset) = given.number("offset") {
                let offset = u64::try_from(offset).unwrap_or_default();
                state.waiting.retain(|(number, _)| *number >= offset);
            }
            if !state.waiting.is_empty() {
                let found = state.waiting.iter().take(MOST_UPDATES);
                return Ok(found.map(|(_, update)| update.clone()).collect());
            }
        }
        tokio::select! {
            () = news => {}
            () = tokio::time::sleep_until(until) => return Ok(json!([])),
            () = bot.world.stopped() => return Ok(json!([])),
        }
    }
}
