//! Webhook requests: the challenge, the signature, and the two envelopes.

use std::collections::BTreeMap;

use linecard_sdk::connector::{Reception, Rejection, WebhookRequest, WebhookResponse};
use linecard_sdk::encode::base64;
use linecard_sdk::secrets::{self, Algorithm, BodySignature, Notation};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::config::{CONSUMER_SECRET, Config};
use crate::payload::Part;
use crate::{activity, legacy};

/// Over the bytes as they came.
const SIGNATURE: BodySignature<'static> = BodySignature {
    header: "x-twitter-webhooks-signature",
    prefix: "sha256=",
    notation: Notation::Base64,
    algorithm: Algorithm::Sha256,
    secret: CONSUMER_SECRET,
};

/// Answers the challenge, or verifies and reads a delivery.
pub fn receive(config: &Config, request: &WebhookRequest) -> Result<Reception, Rejection> {
    match request.method.as_str() {
        "GET" => challenge(request),
        "POST" => {
            SIGNATURE.verify(request)?;
            deliver(config, request)
        }
        other => Err(Rejection::Unsupported(format!(
            "X's webhook takes GET and POST, not {other}"
        ))),
    }
}

/// The challenge-response check: X's word, signed.
fn challenge(request: &WebhookRequest) -> Result<Reception, Rejection> {
    let token = request.query("crc_token").ok_or_else(|| {
        Rejection::Unsupported("this is not a challenge: crc_token is missing".to_owned())
    })?;
    let mac = secrets::hmac(CONSUMER_SECRET, Algorithm::Sha256, token.as_bytes())
        .map_err(|error| Rejection::BadSignature(error.text().to_owned()))?;
    let answer = json!({ "response_token": format!("sha256={}", base64(&mac)) });
    Ok(Reception::answer(WebhookResponse::json(&answer)))
}

fn deliver(config: &Config, request: &WebhookRequest) -> Result<Reception, Rejection> {
    let body: BTreeMap<String, &RawValue> = serde_json::from_slice(&request.body)
        .map_err(|error| Rejection::Malformed(error.to_string()))?;
    if let Some(data) = body.get("data") {
        let parts = Part::new(data).each();
        let all: Vec<(Part<'_>, Value)> = parts.into_iter().map(|one| (one, one.value())).collect();
        let is_ours = |one: &Value| {
            let user = one.pointer("/filter/user_id").and_then(Value::as_str);
            user.is_none_or(|user| user == config.user_id)
        };
        if !all.is_empty() && !all.iter().any(|(_, one)| is_ours(one)) {
            return Err(Rejection::NotForThisChannel(format!(
                "this channel's account is {}, the delivery is for another",
                config.user_id
            )));
        }
        let events = all
            .iter()
            .filter(|(_, one)| is_ours(one))
            .flat_map(|(part, one)| {
                let events = activity::read(config, one);
                events.into_iter().map(|event| part.mark(event))
            })
            .collect();
        return Ok(Reception::events(events));
    }
    let for_user = body.get("for_user_id").map(|id| Part::new(id).value());
    let for_user = for_user.as_ref().and_then(Value::as_str);
    if let Some(other) = for_user.filter(|id| *id != config.user_id) {
        return Err(Rejection::NotForThisChannel(format!(
            "this channel's account is {}, the delivery is for {other}",
            config.user_id
        )));
    }
    Ok(Reception::events(legacy::read(config, &body)))
}
