//! Write a Linecard plug-in.
//!
//! A plug-in is a WebAssembly component that runs in the hub's sandbox: a **connector** speaks one
//! network's language, an **analyzer** reads messages and labels them. The contract is in `wit/`; this
//! crate is its Rust side, with the same types for both worlds and a host that tests can replace, so
//! that a plug-in's logic is plain Rust that runs natively too.
//!
//! A whole connector:
//!
//! ```
//! use linecard_sdk::prelude::*;
//! use linecard_sdk::secrets::{Algorithm, BodySignature, Notation};
//!
//! struct Acme;
//!
//! const SIGNATURE: BodySignature<'static> = BodySignature {
//!     header: "x-acme-signature",
//!     prefix: "",
//!     notation: Notation::Hex,
//!     algorithm: Algorithm::Sha256,
//!     secret: "signing-key",
//! };
//!
//! impl Connector for Acme {
//!     fn describe() -> Manifest {
//!         let connector = ConnectorManifest {
//!             networks: vec!["acme".to_owned()],
//!             secrets: vec![SecretWant::required(
//!                 "signing-key",
//!                 SecretKind::HmacKey,
//!                 "Signing key",
//!                 "Acme console, Settings, Webhooks",
//!             )],
//!             receives: true,
//!             visibilities: vec![Visibility::Private],
//!             ..ConnectorManifest::default()
//!         };
//!         Manifest::connector("acme", env!("CARGO_PKG_VERSION"), "Acme chat", connector)
//!     }
//!
//!     fn receive(_channel: &Channel, request: &WebhookRequest) -> Result<Reception, Rejection> {
//!         SIGNATURE.verify(request)?;
//!         let document = request.document()?;
//!         let mut intake = Intake::new();
//!         // A list of messages or one alone: each is read by itself.
//!         for part in document.part().each() {
//!             intake.read("message", part, |part, now| {
//!                 let incoming = part.object().ok_or("it is no object")?;
//!                 let id = incoming.text("id").ok_or("it has no id")?;
//!                 let from = incoming.text("from").ok_or("it names nobody")?;
//!                 let message = Message { text: incoming.text("text"), ..Message::new(&id) };
//!                 let time = incoming.time("time").unwrap_or(now);
//!                 let event = Event::new(id, time, EventKind::MessageCreated(message))
//!                     .thread(Thread::private(&from))
//!                     .author(Author::new(&from));
//!                 Ok(vec![event])
//!             });
//!         }
//!         Ok(intake.reception())
//!     }
//! }
//!
//! linecard_sdk::export_connector!(Acme);
//!
//! // A test signs a body as the network would, and calls the connector directly.
//! use linecard_sdk::{encode, testing};
//! let body = r#"{"id":"m1","time":1767225600000,"from":"u1","text":"Hello"}"#;
//! let mac = testing::hmac_of(Algorithm::Sha256, b"key", body.as_bytes());
//! let request = WebhookRequest::post(body).with_header("x-acme-signature", encode::hex(&mac));
//! let _host = testing::TestHost::new().secret("signing-key", "key").install();
//! let reception = Acme::receive(&Channel::new("acme-1", &serde_json::json!({})), &request).unwrap();
//! assert_eq!(reception.events[0].id, "m1");
//! ```

pub mod actions;
pub mod analyzer;
#[doc(hidden)]
pub mod bindings;
pub mod config;
pub mod connector;
pub mod encode;
pub mod events;
mod fit;
pub mod host;
pub mod http;
pub mod ids;
mod intake;
pub mod json;
pub mod log;
pub mod manifest;
pub mod secrets;
pub mod templates;
#[cfg(not(target_arch = "wasm32"))]
pub mod testing;
pub mod time;

/// What most plug-ins use.
pub mod prelude {
    pub use crate::actions::{Action, ActionRequest, Failure, Outcome, Outgoing};
    pub use crate::analyzer::{Analysis, Analyzer, ConfigProblem, Label, Score, Subject};
    pub use crate::connector::{
        Channel, Connector, Finding, Intake, PollPage, Reception, Rejection, Severity, Step,
        StoredMedia, Wait, WebhookRequest, WebhookResponse,
    };
    pub use crate::events::{
        Attachment, Author, Event, EventKind, Identity, Message, Profile, Refusal, Thread,
        Timestamp,
    };
    pub use crate::http::{Call, Request, Response};
    pub use crate::json::Lenient as _;
    pub use crate::manifest::{
        ActionAbility, ActionKind, AnalyzerManifest, AttachmentKind, ConnectorManifest, HostWant,
        Manifest, SecretKind, SecretWant, TextUnit, Visibility,
    };
}

fn first_header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}
