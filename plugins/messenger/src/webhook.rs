//! Webhook requests: the handshake, the signature, and the batch.

use linecard_sdk::connector::{Reception, Rejection, WebhookRequest, WebhookResponse};
use linecard_sdk::events::Event;
use linecard_sdk::secrets::{self, Algorithm};
use linecard_sdk::log;
use serde_json::value::RawValue;

use crate::config::Config;
use crate::events::{read_item, read_standby, unreadable};
use crate::payload::{Body, Entry};

/// The secret that signs Meta's requests.
pub const APP_SECRET: &str = "app-secret";
/// The word that Meta repeats in the handshake.
pub const VERIFY_TOKEN: &str = "verify-token";

/// Answers the handshake, or verifies and reads a delivery.
pub fn receive(config: &Config, request: &WebhookRequest) -> Result<Reception, Rejection> {
    if !matches!(request.path.as_str(), "" | "/") {
        return Err(Rejection::Unsupported(format!("Messenger has no webhook path {}", request.path)));
    }
    match request.method.as_str() {
        "GET" => Ok(handshake(request)),
        "POST" => {
            verify(request)?;
            let events = read_body(config, &request.body)?;
            Ok(Reception { response: answer(200, ""), events })
        }
        other => Err(Rejection::Unsupported(format!("Messenger's webhook takes GET and POST, not {other}"))),
    }
}

/// `hub.challenge` goes back as it came if the verify token is right; everything else is refused.
fn handshake(request: &WebhookRequest) -> Reception {
    let query = |name: &str| {
        request.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    };
    let challenge = query("hub.challenge").filter(|_| query("hub.mode") == Some("subscribe"));
    let response = match (challenge, query("hub.verify_token")) {
        (Some(challenge), Some(token)) => match secrets::equals(VERIFY_TOKEN, token.as_bytes()) {
            Ok(true) => answer(200, challenge),
            Ok(false) => answer(403, "the verify token is not this channel's"),
            Err(error) => {
                log::warn(&format!("the handshake needs the secret {VERIFY_TOKEN}: {error:?}"));
                answer(403, "this channel has no verify token")
            }
        },
        _ => answer(403, "this is not a subscription handshake"),
    };
    Reception { response, events: Vec::new() }
}

/// The signature is over the bytes as they came. The older SHA-1 header is never looked at.
fn verify(request: &WebhookRequest) -> Result<(), Rejection> {
    let refuse = |text: &str| Err(Rejection::BadSignature(text.to_owned()));
    let header = request.headers.iter().find(|(name, _)| name == "x-hub-signature-256");
    let Some((_, header)) = header else {
        return refuse("the header X-Hub-Signature-256 is missing");
    };
    let Some(mac) = header.strip_prefix("sha256=").and_then(unhex) else {
        return refuse("the header X-Hub-Signature-256 is not `sha256=` and 64 hexadecimal digits");
    };
    match secrets::verify_hmac(APP_SECRET, Algorithm::Sha256, &request.body, &mac) {
        Ok(true) => Ok(()),
        Ok(false) => refuse("the signature is not this body's under the app secret"),
        Err(error) => refuse(&format!("the secret {APP_SECRET} cannot be used: {error:?}")),
    }
}

fn unhex(digits: &str) -> Option<Vec<u8>> {
    if digits.len() != 64 || !digits.is_ascii() {
        return None;
    }
    let pairs = digits.as_bytes().chunks_exact(2);
    pairs.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()).collect()
}

/// Reads a body whose signature is right.
pub fn read_body(config: &Config, body: &[u8]) -> Result<Vec<Event>, Rejection> {
    let body: Body<'_> =
        serde_json::from_slice(body).map_err(|error| Rejection::Malformed(error.to_string()))?;
    if body.object != "page" {
        return Err(Rejection::NotForThisChannel(format!(
            "the delivery is about `{}`, Messenger's are about `page`",
            body.object
        )));
    }
    let mut events = Vec::new();
    let mut others = Vec::new();
    for raw in &body.entry {
        match serde_json::from_str::<Entry<'_>>(raw.get()) {
            Ok(entry) if entry.id.as_deref() == Some(config.page_id.as_str()) => {
                read_entry(&config.page_id, &entry, raw, &mut events);
            }
            Ok(Entry { id: Some(page), .. }) => others.push(page),
            _ => events.push(unreadable("entry", 0, raw.get())),
        }
    }
    if !others.is_empty() {
        let others = others.join(", ");
        let text = format!("this channel's page is {}, the delivery is for {others}", config.page_id);
        if events.is_empty() {
            return Err(Rejection::NotForThisChannel(text));
        }
        log::warn(&format!("{text}: only this channel's part was taken"));
    }
    Ok(events)
}

fn read_entry(page: &str, entry: &Entry<'_>, raw: &RawValue, events: &mut Vec<Event>) {
    let time = entry.time.unwrap_or_default();
    let before = events.len();
    for item in entry.messaging.iter().flatten() {
        events.extend(read_item(page, time, item));
    }
    for item in entry.standby.iter().flatten() {
        events.push(read_standby(page, time, item));
    }
    for change in entry.changes.iter().flatten() {
        events.push(unreadable("page-change", time, change.get()));
    }
    if events.len() == before {
        events.push(unreadable("entry", time, raw.get()));
    }
}

fn answer(status: u16, body: &str) -> WebhookResponse {
    WebhookResponse {
        status,
        headers: vec![("content-type".to_owned(), "text/plain; charset=utf-8".to_owned())],
        body: body.as_bytes().to_vec(),
    }
}
