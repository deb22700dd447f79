//! Webhook requests: the challenge, the signature, and the two envelopes.

use linecard_sdk::connector::{Intake, Reception, Rejection, WebhookRequest, WebhookResponse};
use linecard_sdk::encode::base64;
use linecard_sdk::ids::bounded;
use linecard_sdk::json::{Lenient as _, as_text};
use linecard_sdk::secrets::{self, Algorithm, BodySignature, Notation};
use serde_json::json;

use crate::config::{CONSUMER_SECRET, Config};
use crate::payload::value;
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
    let document = request.document()?;
    if !document.part().is_object() {
        let text = "the body is no object".to_owned();
        return Err(Rejection::Malformed(text));
    }
    let body = document.part().members();
    let mut intake = Intake::new();
    let elsewhere = |id: &str| {
        Rejection::NotForThisChannel(format!(
            "this channel's account is {}, the delivery is for {}",
            config.user_id,
            bounded(id, 64)
        ))
    };
    if let Some(data) = body.get("data") {
        let mut other = None;
        let mut is_ours = false;
        for part in data.each() {
            let one = value(part);
            let user = one.text_at(&["filter", "user_id"]);
            if let Some(user) = user.filter(|user| *user != config.user_id) {
                other = Some(user);
            } else {
                is_ours = true;
                intake.read("event", part, |_, _| Ok(activity::read(config, &one)));
            }
        }
        return match other {
            Some(other) if !is_ours => Err(elsewhere(&other)),
            _ => Ok(intake.reception()),
        };
    }
    let for_user = body.get("for_user_id").copied().map(value);
    let for_user = for_user.as_ref().and_then(as_text);
    if let Some(other) = for_user.filter(|id| *id != config.user_id) {
        return Err(elsewhere(&other));
    }
    legacy::read(config, &body, &mut intake);
    Ok(intake.reception())
}
