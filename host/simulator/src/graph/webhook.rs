//! The webhook bodies of a page and an Instagram account, in Meta's escaping, and their signatures.
//!
//! All that is public here is pure: benchmarks and tests build and sign bodies without a running simulator.
//! The shapes follow the published event reference and recorded webhooks of Messenger.

use reqwest::Client;
use serde_json::{Value, json};
use url::Url;

use crate::delivery::{Outcome, RetryPolicy, Verdict, send_until_accepted};
use crate::record::Record;

pub use crate::signature::{sha1_hex as sign_legacy, sha256_hex as sign};

/// A webhook of one text message, with one entry and one messaging item.
pub fn text_message(page: &str, psid: &str, mid: &str, at_ms: i64, text: &str) -> Value {
    body(vec![entry(
        page,
        at_ms,
        vec![message(
            page,
            psid,
            at_ms,
            &json!({ "mid": mid, "text": text }),
        )],
    )])
}

/// A page's webhook of several entries.
pub fn body(entries: Vec<Value>) -> Value {
    body_of("page", entries)
}

/// A webhook of several entries about an object: `page` or `instagram`.
pub fn body_of(object: &str, entries: Vec<Value>) -> Value {
    json!({ "object": object, "entry": entries })
}

/// One entry with changes. Unlike messages, they have their time in seconds.
pub fn changes_entry(account: &str, at_ms: i64, changes: Vec<Value>) -> Value {
    json!({ "id": account, "time": at_ms / 1000, "changes": changes })
}

/// A change: the subscribed field and what happened.
pub fn change(field: &str, value: Value) -> Value {
    json!({ "field": field, "value": value })
}

/// One entry with its messaging items.
pub fn entry(page: &str, at_ms: i64, messaging: Vec<Value>) -> Value {
    json!({ "id": page, "time": at_ms, "messaging": messaging })
}

/// One entry for an app that does not own the threads (hand-over protocol).
pub fn standby_entry(page: &str, at_ms: i64, standby: Vec<Value>) -> Value {
    json!({ "id": page, "time": at_ms, "standby": standby })
}

/// An item with a customer's `message` object.
pub fn message(page: &str, psid: &str, at_ms: i64, message: &Value) -> Value {
    from_customer(page, psid, at_ms, "message", message)
}

/// An item about something that a customer did; `kind` is the item's own member.
pub fn from_customer(page: &str, psid: &str, at_ms: i64, kind: &str, value: &Value) -> Value {
    json!({
        "sender": { "id": psid },
        "recipient": { "id": page },
        "timestamp": at_ms,
        kind: value,
    })
}

/// An echo of what the page sent; `app_id` is absent for a person in the page's inbox.
pub fn echo(
    page: &str,
    psid: &str,
    at_ms: i64,
    mid: &str,
    content: &EchoContent<'_>,
    app_id: Option<u64>,
) -> Value {
    let mut message = json!({ "mid": mid, "is_echo": true });
    set(&mut message, "app_id", app_id.map(Value::from));
    set(&mut message, "metadata", content.metadata.map(Value::from));
    set(&mut message, "text", content.text.map(Value::from));
    if !content.attachments.is_empty() {
        set(
            &mut message,
            "attachments",
            Some(content.attachments.into()),
        );
    }
    json!({
        "sender": { "id": page },
        "recipient": { "id": psid },
        "timestamp": at_ms,
        "message": message,
    })
}

/// What an echo repeats.
#[derive(Debug, Clone, Copy, Default)]
pub struct EchoContent<'a> {
    /// The text.
    pub text: Option<&'a str>,
    /// The attachments.
    pub attachments: &'a [Value],
    /// The sender's own reference.
    pub metadata: Option<&'a str>,
}

/// A delivery receipt. It carries no timestamp, and no id but those of the messages.
pub fn delivery(page: &str, psid: &str, mids: &[String], watermark_ms: i64) -> Value {
    json!({
        "sender": { "id": psid },
        "recipient": { "id": page },
        "delivery": { "mids": mids, "watermark": watermark_ms },
    })
}

/// A read receipt: everything up to the watermark was read.
pub fn read(page: &str, psid: &str, at_ms: i64, watermark_ms: i64) -> Value {
    from_customer(
        page,
        psid,
        at_ms,
        "read",
        &json!({ "watermark": watermark_ms }),
    )
}

/// A notice that the platform blocks or unblocks the page. It has no sender.
pub fn policy_enforcement(page: &str, at_ms: i64, action: &str, reason: &str) -> Value {
    json!({
        "recipient": { "id": page },
        "timestamp": at_ms,
        "policy_enforcement": { "action": action, "reason": reason },
    })
}

/// An opt-in from the checkbox plug-in: the person has a `user_ref` and no sender yet.
pub fn optin_by_reference(page: &str, at_ms: i64, reference: &str, user_ref: &str) -> Value {
    json!({
        "recipient": { "id": page },
        "timestamp": at_ms,
        "optin": { "ref": reference, "user_ref": user_ref },
    })
}

/// The bytes as Meta sends and signs them: non-ASCII as lower-case `\uXXXX`, `/` as `\/`.
pub fn to_bytes(value: &Value) -> Vec<u8> {
    let plain = value.to_string();
    let mut out = Vec::with_capacity(plain.len() + plain.len() / 4);
    let mut units = [0_u16; 2];
    for character in plain.chars() {
        match character {
            // A slash stands in strings only, never in JSON's own punctuation.
            '/' => out.extend_from_slice(b"\\/"),
            ascii if ascii.is_ascii() => out.push(ascii as u8),
            other => {
                for unit in other.encode_utf16(&mut units) {
                    out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
                }
            }
        }
    }
    out
}

/// The signed webhook: bytes, `X-Hub-Signature-256` and the legacy `X-Hub-Signature`.
#[derive(Debug, Clone)]
pub struct SignedBody {
    /// The bytes to post, with content type `application/json`.
    pub bytes: Vec<u8>,
    /// The value of `X-Hub-Signature-256`.
    pub signature: String,
    /// The value of `X-Hub-Signature`.
    pub legacy_signature: String,
}

/// Escapes and signs a body.
pub fn signed(app_secret: &str, value: &Value) -> SignedBody {
    let bytes = to_bytes(value);
    SignedBody {
        signature: sign(app_secret, &bytes),
        legacy_signature: sign_legacy(app_secret, &bytes),
        bytes,
    }
}

pub(crate) fn set(object: &mut Value, name: &str, value: Option<Value>) {
    if let (Value::Object(members), Some(value)) = (object, value) {
        members.insert(name.to_owned(), value);
    }
}

/// What it takes to post a body to the hub.
pub(crate) struct Sending<'a> {
    pub(crate) client: &'a Client,
    pub(crate) record: &'a Record,
    pub(crate) retry: &'a RetryPolicy,
    /// Where webhooks go, if that is known.
    pub(crate) callback: Option<Url>,
    pub(crate) app_secret: &'a str,
}

impl Sending<'_> {
    /// Signs and posts one body until the hub answers 200.
    pub(crate) async fn post(self, body: Value) -> Outcome {
        let Some(callback) = self.callback else {
            return Outcome::never("no callback URL is set");
        };
        let signed = signed(self.app_secret, &body);
        let bytes = bytes::Bytes::from(signed.bytes);
        send_until_accepted(
            self.record,
            self.retry,
            "webhook",
            body,
            // Meta counts 200 alone as accepted.
            |status| {
                if status == 200 {
                    Verdict::Accepted
                } else {
                    Verdict::Repeat
                }
            },
            || {
                self.client
                    .post(callback.clone())
                    .header("content-type", "application/json")
                    .header("user-agent", "facebookexternalua")
                    .header("x-hub-signature-256", &signed.signature)
                    .header("x-hub-signature", &signed.legacy_signature)
                    .body(bytes.clone())
            },
        )
        .await
    }
}
