//! The calls that a middleware makes: where they go, who may make them, and what they are answered.

use linecard_sdk::connector::{Intake, Reception, Rejection, WebhookRequest, WebhookResponse};
use linecard_sdk::host::random;
use linecard_sdk::ids::{bounded, digest};
use linecard_sdk::secrets::{Algorithm, BodySignature, Notation};
use serde_json::{Map, Value, json};

use crate::config::Config;
use crate::read::{Call, Invalid, read};
use crate::wire::Inbound;

/// The secret that signs calls to the channel's own webhook address.
pub const INBOUND_SIGNATURE: &str = "inbound-signature";

/// Set by the hub on calls that its Open Messaging API has authenticated; the hub never passes on
/// such a header from outside.
const AUTHENTICATED: (&str, &str) = ("linecard-authenticated", "open-messaging-api");

/// For calls that come to the channel's webhook address itself.
const SIGNATURE: BodySignature<'static> = BodySignature {
    header: "x-hub-signature-256",
    prefix: "sha256=",
    notation: Notation::Base64,
    algorithm: Algorithm::Sha256,
    secret: INBOUND_SIGNATURE,
};

/// Takes one call.
pub fn receive(config: &Config, request: &WebhookRequest) -> Result<Reception, Rejection> {
    if request.method != "POST" {
        let text = format!("Open Messaging's calls are POST, not {}", request.method);
        return Err(Rejection::Unsupported(text));
    }
    let (name, api) = AUTHENTICATED;
    if request.header(name) != Some(api) {
        SIGNATURE.verify(request)?;
    }
    let call = match request.path.trim_end_matches('/') {
        "" => None,
        "/message" => Some(Call::Message),
        "/event" => Some(Call::Event),
        "/receipt" => Some(Call::Receipt),
        "/structured/response" => Some(Call::Response),
        other => {
            let text = format!("Open Messaging has no path {other}");
            return Err(Rejection::Unsupported(text));
        }
    };
    match take(config, request, call) {
        Ok(reception) => Ok(reception),
        Err(Refused::Elsewhere(text)) => Err(Rejection::NotForThisChannel(text)),
        Err(Refused::Invalid(Invalid(text))) => Ok(Reception::answer(bad_request(&text))),
    }
}

enum Refused {
    Invalid(Invalid),
    Elsewhere(String),
}

fn take(
    config: &Config,
    request: &WebhookRequest,
    call: Option<Call>,
) -> Result<Reception, Refused> {
    let invalid = |text: String| Refused::Invalid(Invalid(text));
    let document = request.document().map_err(|rejection| match rejection {
        Rejection::Malformed(text) => invalid(text),
        other => invalid(format!("{other:?}")),
    })?;
    let members = document
        .part()
        .object()
        .ok_or_else(|| invalid("the body is no JSON object".to_owned()))?;
    let body = Inbound::of(&members).ok_or_else(|| invalid("channel is missing".to_owned()))?;
    let call = if let Some(call) = call {
        call
    } else {
        addressed_here(config, &body)?;
        Call::of(&body)
    };
    let mut intake = Intake::new();
    let read = read(
        &config.integration_id,
        call,
        body,
        document.part(),
        &mut intake,
    )
    .map_err(Refused::Invalid)?;
    let mut answer = normalized(config, call, members, &read.id);
    let prefetch = request.query("prefetchConversationId") == Some("true");
    if let Some(thread) = read.thread.filter(|_| prefetch) {
        answer["conversationId"] = json!(conversation_id(&thread));
    }
    let response = WebhookResponse::json(&within_bounds(answer));
    Ok(intake.reception().with_response(response))
}

/// The host takes answers of up to 64 KiB: what would be longer is repeated without its largest parts.
fn within_bounds(mut answer: Value) -> Value {
    const MOST: usize = 60 << 10;
    for name in [
        "content", "events", "metadata", "reasons", "text", "channel", "id",
    ] {
        if answer.to_string().len() <= MOST {
            break;
        }
        if let Value::Object(members) = &mut answer {
            members.remove(name);
        }
    }
    answer
}

/// The older single endpoint has no integration in its path: the body names it. In a receipt the
/// message's own direction holds, so the integration is the sender.
fn addressed_here(config: &Config, body: &Inbound) -> Result<(), Refused> {
    let party = match Call::of(body) {
        Call::Receipt => &body.channel.from,
        _ => &body.channel.to,
    };
    match party.as_ref().and_then(|party| party.id.as_deref()) {
        Some(id) if id != config.integration_id => Err(Refused::Elsewhere(format!(
            "this channel's integration is {}, the call is for {id}",
            config.integration_id
        ))),
        _ => Ok(()),
    }
}

/// The public platform answers with the message as it took it.
fn normalized(config: &Config, call: Call, mut members: Map<String, Value>, id: &str) -> Value {
    let (kind, direction) = match call {
        Call::Message => ("Text", "Inbound"),
        Call::Event => ("Event", "Inbound"),
        Call::Receipt => ("Receipt", "Outbound"),
        Call::Response => ("Structured", "Inbound"),
    };
    let mut channel = match members.remove("channel") {
        Some(Value::Object(channel)) => channel,
        _ => Map::new(),
    };
    channel.insert("platform".to_owned(), json!("Open"));
    channel.insert("type".to_owned(), json!("Private"));
    channel.entry("messageId").or_insert_with(|| json!(id));
    if call == Call::Receipt {
        channel.insert("id".to_owned(), json!(config.integration_id));
    } else {
        channel.insert("to".to_owned(), json!({ "id": config.integration_id }));
    }
    let mut answer = json!({ "id": id, "channel": channel, "type": kind, "direction": direction });
    for name in [
        "text",
        "content",
        "events",
        "metadata",
        "status",
        "reasons",
        "isFinalReceipt",
    ] {
        if let Some(value) = members.remove(name).filter(|value| !value.is_null()) {
            answer[name] = value;
        }
    }
    if let Some(choice) = members.remove("buttonResponse") {
        if let Some(text) = choice.get("text").cloned() {
            answer["text"] = text;
        }
        answer["content"] = json!([{ "contentType": "ButtonResponse", "buttonResponse": choice }]);
    }
    answer
}

/// A stable id for a thread in the form that clients expect: a UUID of version 8 (RFC 9562).
pub fn conversation_id(thread: &str) -> String {
    let mut digits: Vec<char> = digest(&["conversation", thread]).chars().collect();
    for (place, digit) in [(12, '8'), (16, 'a')] {
        if let Some(at) = digits.get_mut(place) {
            *at = digit;
        }
    }
    dashed(&digits)
}

fn dashed(digits: &[char]) -> String {
    let mut text = String::with_capacity(36);
    for (place, digit) in digits.iter().enumerate() {
        if matches!(place, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(*digit);
    }
    text
}

/// The error body that the public platform gives.
fn bad_request(text: &str) -> WebhookResponse {
    let digits: Vec<char> = linecard_sdk::encode::hex(&random(16)).chars().collect();
    WebhookResponse::json(&json!({
        "message": bounded(text, 1000),
        "code": "invalid.value",
        "status": 400,
        "contextId": dashed(&digits),
        "details": [],
        "errors": [],
    }))
    .status(400)
}
