//! Webhooks: the handshake, the signature, and which API a body is of.

use linecard_sdk::connector::{Reception, Rejection, WebhookRequest, WebhookResponse};
use linecard_sdk::encode;
use linecard_sdk::secrets::{Algorithm, BodySignature, Notation, hmac};
use serde_json::{Value, json};

use crate::config::{CONSUMER_SECRET, Config};
use crate::fields::text;
use crate::{activity, legacy};

/// <https://docs.x.com/x-api/webhooks/introduction>.
const SIGNATURE: BodySignature<'static> = BodySignature {
    header: "x-twitter-webhooks-signature",
    prefix: "sha256=",
    notation: Notation::Base64,
    algorithm: Algorithm::Sha256,
    secret: CONSUMER_SECRET,
};

/// Answers a handshake or reads a delivery.
pub fn receive(config: &Config, request: &WebhookRequest) -> Result<Reception, Rejection> {
    match request.method.as_str() {
        "GET" => handshake(request),
        "POST" => {
            SIGNATURE.verify(request)?;
            delivery(config, request)
        }
        other => Err(Rejection::Unsupported(format!(
            "X sends GET and POST, not {other}"
        ))),
    }
}

fn handshake(request: &WebhookRequest) -> Result<Reception, Rejection> {
    let Some(token) = request.query("crc_token") else {
        return Err(Rejection::Unsupported(
            "there is no crc_token to answer".to_owned(),
        ));
    };
    let mac = hmac(CONSUMER_SECRET, Algorithm::Sha256, token.as_bytes())
        .map_err(|error| Rejection::BadSignature(error.text().to_owned()))?;
    let answer = json!({ "response_token": format!("sha256={}", encode::base64(&mac)) });
    Ok(Reception::answer(WebhookResponse::json(&answer)))
}

fn delivery(config: &Config, request: &WebhookRequest) -> Result<Reception, Rejection> {
    let body: Value = request.json()?;
    let raw = request.text()?;
    if !body.is_object() {
        return Err(Rejection::Malformed("the body is no object".to_owned()));
    }
    let for_user = text(&body, "/for_user_id")
        .or_else(|| text(&body, "/data/filter/user_id"))
        .or_else(|| text(&body, "/user_event/revoke/source/user_id"));
    if let Some(other) = for_user.filter(|id| !config.is_own(id)) {
        return Err(Rejection::NotForThisChannel(format!(
            "it is for the account {other}, the channel's user_id is {}",
            config.user_id
        )));
    }
    if body.pointer("/data/event_type").is_some() {
        return Ok(Reception::events(activity::events(config, &body, raw)));
    }
    Ok(Reception::events(legacy::events(config, raw)?))
}
