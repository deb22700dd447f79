//! What the fuzz targets share: one input is a webhook, and every answer of the network.
//!
//! `NETWORK=whatsapp tests/fuzz/run` runs one, and `tests/fuzz/run` all of them, each beginning with its
//! connector's golden files.

use linecard_sdk::actions::{Action, ActionRequest, Outgoing, ReactionTarget, Template};
use linecard_sdk::connector::{Channel, Connector, PollPage, Reception, WebhookRequest};
use linecard_sdk::encode;
use linecard_sdk::events::{Attachment, AttachmentKind, Event, Identity};
use linecard_sdk::http::Response;
use linecard_sdk::secrets::Algorithm;
use linecard_sdk::testing::{DEFAULT_NOW, TestHost, hmac_of};
use serde_json::Value;

/// The key of every signature.
const KEY: &str = "key";

/// How a network says that a request is its own.
pub enum Signature {
    /// Meta: the hexadecimal HMAC under `app-secret`.
    Meta,
    /// X: the Base64 HMAC under `consumer-secret`.
    X,
    /// The hub's own API has authenticated the caller.
    Api,
}

/// What a target needs to know of a connector.
pub struct Target {
    /// The channel's configuration.
    pub config: Value,
    /// The signature of its webhooks.
    pub signature: Signature,
    /// The webhook's paths.
    pub paths: &'static [&'static str],
}

/// Gives an input to a connector as a webhook's body and as the network's answer to everything that it
/// asks. Nothing may panic; what comes out must keep the contract's limits, and be the same again.
pub fn run<C: Connector>(target: &Target, data: &[u8]) {
    let channel = Channel::new("fuzz", &target.config);
    let body = body(data);
    for path in target.paths {
        let request = target.request(path, body);
        let receive = || {
            let _host = host().install();
            C::receive(&channel, &request)
        };
        if let (Ok(first), Ok(again)) = (receive(), receive()) {
            check(&first.events);
            assert_eq!(
                ids(&first),
                ids(&again),
                "a delivery that comes again is the same"
            );
        }
    }
    let status = match data.first() {
        Some(byte) if byte % 4 == 0 => 400 + u16::from(*byte),
        _ => 200,
    };
    let answering = || {
        let answer = || Response::new(status, data);
        (0..8)
            .fold(host(), |host, _| host.answer(answer()))
            .install()
    };
    {
        let _host = answering();
        let mut cursor = Vec::new();
        for _ in 0..2 {
            if let Ok(PollPage {
                events,
                cursor: next,
                ..
            }) = C::poll(&channel, &cursor)
            {
                check(&events);
                cursor = next;
            }
        }
        let _ = C::poll(&channel, data);
    }
    for action in actions(data) {
        let _host = answering();
        let _ = C::perform(&channel, &request(action, data));
    }
    let _host = answering();
    let _ = C::probe(&channel);
    let _ = C::templates(&channel);
    let _ = C::resolve_profile(&channel, &Identity::new("1"));
    let attachment = Attachment {
        media_id: Some("1".to_owned()),
        url: Some("https://files.example/a".to_owned()),
        ..Attachment::new(AttachmentKind::Image)
    };
    let _ = C::resolve_media(&channel, &attachment);
}

fn host() -> TestHost {
    let names = [
        "app-secret",
        "consumer-secret",
        "verify-token",
        "access-token",
    ];
    names
        .iter()
        .fold(TestHost::new(), |host, name| host.secret(*name, KEY))
}

/// A recorded request's body, or the whole of anything else.
fn body(data: &[u8]) -> &[u8] {
    let end = data.windows(2).position(|pair| pair == b"\n\n");
    match end {
        Some(end) if data.starts_with(b"POST ") => &data[end + 2..],
        _ => data,
    }
}

impl Target {
    fn request(&self, path: &str, body: &[u8]) -> WebhookRequest {
        let mac = || hmac_of(Algorithm::Sha256, KEY.as_bytes(), body);
        let (name, value) = match self.signature {
            Signature::Meta => (
                "x-hub-signature-256",
                format!("sha256={}", encode::hex(&mac())),
            ),
            Signature::X => {
                let mac = encode::base64(&mac());
                ("x-twitter-webhooks-signature", format!("sha256={mac}"))
            }
            Signature::Api => ("linecard-authenticated", "open-messaging-api".to_owned()),
        };
        let mut request = WebhookRequest::post(body).with_header(name, value);
        path.clone_into(&mut request.path);
        request
    }
}

fn actions(data: &[u8]) -> Vec<Action> {
    let text = String::from_utf8_lossy(data).into_owned();
    let answer = Outgoing {
        reply_to: Some("1".to_owned()),
        ..Outgoing::text("Hello")
    };
    let target = ReactionTarget {
        message_id: "1".to_owned(),
        name: "like".to_owned(),
        emoji: None,
    };
    let template = Template {
        name: "order".to_owned(),
        language: "en".to_owned(),
        parameters: text.clone(),
    };
    vec![
        Action::SendMessage(Outgoing::text(text)),
        Action::Reply(answer.clone()),
        Action::PrivateReply(answer),
        Action::React(target),
        Action::Hide("1".to_owned()),
        Action::SendTemplate(template),
    ]
}

fn request(action: Action, data: &[u8]) -> ActionRequest {
    ActionRequest {
        id: "0199a3f0-0000-7000-8000-000000000001".to_owned(),
        attempt: 1,
        uncertain_before: data.len() % 2 == 0,
        thread: "1:1".to_owned(),
        recipient: Some(Identity::new("1")),
        last_inbound: Some(DEFAULT_NOW - 1000),
        by_human: true,
        progress: if data.len() % 5 == 0 {
            data.to_vec()
        } else {
            Vec::new()
        },
        action,
    }
}

fn ids(reception: &Reception) -> Vec<&str> {
    reception
        .events
        .iter()
        .map(|event| event.id.as_str())
        .collect()
}

/// The limits that the contract sets.
fn check(events: &[Event]) {
    for event in events {
        assert!(!event.id.is_empty() && event.id.len() <= 512, "{event:?}");
        if let Some(thread) = &event.thread {
            assert!(
                !thread.key.is_empty() && thread.key.len() <= 512,
                "{event:?}"
            );
        }
        if let Some(author) = &event.author {
            let id = &author.identity.id;
            assert!(!id.is_empty() && id.len() <= 256, "{event:?}");
        }
    }
}
