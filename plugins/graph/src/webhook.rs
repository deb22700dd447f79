//! The handshake and the signature of Meta's webhooks.

use linecard_sdk::connector::{Reception, Rejection, WebhookRequest, WebhookResponse};
use linecard_sdk::log;
use linecard_sdk::secrets::{self, Algorithm, BodySignature, Notation};

/// The secret that signs Meta's requests.
pub const APP_SECRET: &str = "app-secret";
/// The word that Meta repeats in the handshake.
pub const VERIFY_TOKEN: &str = "verify-token";

/// Over the bytes as they came. The older SHA-1 header is never looked at.
const SIGNATURE: BodySignature<'static> = BodySignature {
    header: "x-hub-signature-256",
    prefix: "sha256=",
    notation: Notation::Hex,
    algorithm: Algorithm::Sha256,
    secret: APP_SECRET,
};

/// A request to a webhook, judged.
pub enum Request {
    /// The handshake; this is the answer.
    Handshake(Reception),
    /// A delivery whose signature is right.
    Delivery,
}

/// Answers the handshake, or verifies a delivery.
pub fn open(request: &WebhookRequest) -> Result<Request, Rejection> {
    if !matches!(request.path.as_str(), "" | "/") {
        return Err(Rejection::Unsupported(format!(
            "there is no webhook path {}",
            request.path
        )));
    }
    match request.method.as_str() {
        "GET" => Ok(Request::Handshake(handshake(request))),
        "POST" => {
            SIGNATURE.verify(request)?;
            Ok(Request::Delivery)
        }
        other => Err(Rejection::Unsupported(format!(
            "the webhook takes GET and POST, not {other}"
        ))),
    }
}

/// `hub.challenge` goes back as it came if the verify token is right; everything else is refused.
fn handshake(request: &WebhookRequest) -> Reception {
    let subscribes = request.query("hub.mode") == Some("subscribe");
    let challenge = request.query("hub.challenge").filter(|_| subscribes);
    let refuse = |text: &str| WebhookResponse::text(text).status(403);
    Reception::answer(match (challenge, request.query("hub.verify_token")) {
        (Some(challenge), Some(token)) => match secrets::equals(VERIFY_TOKEN, token.as_bytes()) {
            Ok(true) => WebhookResponse::text(challenge),
            Ok(false) => refuse("the verify token is not this channel's"),
            Err(error) => {
                log::warn(format!(
                    "the handshake needs a verify token: {}",
                    error.text()
                ));
                refuse("this channel has no verify token")
            }
        },
        _ => refuse("this is not a subscription handshake"),
    })
}
