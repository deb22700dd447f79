//! A connector for Acme chat, a network with signed webhooks and a small HTTP API.
//!
//! Replace `Acme` by your network: the manifest in [`Connector::describe`], the payload's types, the
//! requests in [`Connector::perform`]. Delete what your network does not have.

use linecard_sdk::actions::Throttle;
use linecard_sdk::manifest::{RateLimit, ThrottleScope};
use linecard_sdk::prelude::*;
use linecard_sdk::secrets::{Algorithm, BodySignature, Notation};
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The connector. It has no state: every call runs in a fresh instance.
pub struct Acme;

/// A channel's configuration, as `config.schema.json` describes it to operators.
#[derive(Debug, Deserialize)]
struct Config {
    /// The account whose messages this channel takes.
    account: String,
}

/// How the network signs what it delivers.
const SIGNATURE: BodySignature<'static> = BodySignature {
    header: "x-acme-signature",
    prefix: "sha256=",
    notation: Notation::Hex,
    algorithm: Algorithm::Sha256,
    secret: "signing-key",
};

impl Connector for Acme {
    fn describe() -> Manifest {
        let connector = ConnectorManifest {
            networks: vec!["acme".to_owned()],
            secrets: vec![
                SecretWant::required(
                    "signing-key",
                    SecretKind::HmacKey,
                    "Signing key",
                    "Acme console, Settings, Webhooks",
                ),
                SecretWant::required(
                    "token",
                    SecretKind::Bearer,
                    "API token",
                    "Acme console, Settings, API",
                ),
            ],
            hosts: vec![HostWant::Exact("api.acme.example".to_owned())],
            receives: true,
            visibilities: vec![Visibility::Private],
            actions: vec![
                ActionAbility::new(ActionKind::SendMessage)
                    .private()
                    .text(2_000, TextUnit::CodePoints),
            ],
            rate_limits: vec![RateLimit {
                scope: ThrottleScope::Channel,
                actions: Vec::new(),
                calls: 60,
                per_ms: 60_000,
            }],
            ..ConnectorManifest::default()
        };
        Manifest::connector("acme", env!("CARGO_PKG_VERSION"), "Acme chat", connector)
            .description("Private conversations on Acme chat.")
            .config_schema(include_str!("../config.schema.json"))
    }

    fn receive(channel: &Channel, request: &WebhookRequest) -> Result<Reception, Rejection> {
        // Nothing of the body is believed before this.
        SIGNATURE.verify(request)?;
        let config: Config = channel.config()?;
        let document = request.document()?;
        let account = document.value().text("account");
        if let Some(other) = account.filter(|account| *account != config.account) {
            return Err(Rejection::NotForThisChannel(other));
        }
        // Each message is read by itself: what is wrong with one costs no other.
        let mut intake = Intake::new();
        for part in document.part().list("messages") {
            intake.read("message", part, |part, now| {
                let incoming = part.object().ok_or("it is no object")?;
                Ok(vec![event(&incoming, now)?])
            });
        }
        Ok(intake.reception())
    }

    fn perform(channel: &Channel, request: &ActionRequest) -> Result<Outcome, Failure> {
        let Action::SendMessage(outgoing) = &request.action else {
            return Err(Failure::unsupported(format!("{:?}", request.action.kind())));
        };
        let config: Config = channel.config()?;
        let url = format!(
            "https://api.acme.example/accounts/{}/messages",
            linecard_sdk::encode::percent(&config.account)
        );
        let answer = Request::post(url)
            .auth("token")
            .json(&json!({ "to": request.recipient_id()?, "text": outgoing.text }))
            .send(Call::Once)?;
        if answer.status == 420 {
            // This network's own way to ask for patience.
            return Err(Failure::Throttled(Throttle {
                until: answer.retry_after(),
                scope: ThrottleScope::Recipient,
                reason: Refusal::new("420", answer.text()),
            }));
        }
        let sent = answer.success(Call::Once)?.json(Call::Once)?;
        match sent.text("id") {
            Some(id) => Ok(Outcome::message(id)),
            None => Err(Failure::Uncertain(
                "Acme took the message but named no id".to_owned(),
            )),
        }
    }
}

/// One message as the hub sees it. The intake adds the text that it came from.
fn event(incoming: &Map<String, Value>, now: Timestamp) -> Result<Event, &'static str> {
    let id = incoming.text("id").ok_or("it has no id")?;
    let from = incoming.object("from").ok_or("it names nobody")?;
    let person = from.text("id").ok_or("its author has no id")?;
    let mut author = Author::new(&person);
    if let Some(name) = from.text("name") {
        author = author.profile(Profile::named(name));
    }
    let message = Message {
        text: incoming.text("text"),
        ..Message::new(&id)
    };
    let time = incoming.time("time").unwrap_or(now);
    let event = Event::new(&id, time, EventKind::MessageCreated(message))
        .thread(Thread::private(&person).customer(Identity::new(&person)))
        .author(author);
    Ok(event)
}

linecard_sdk::export_connector!(Acme);

#[cfg(test)]
mod tests {
    use super::*;
    use linecard_sdk::testing::TestHost;

    fn channel() -> Channel {
        Channel::new("acme-1", &json!({ "account": "shop" }))
    }

    #[test]
    fn nothing_is_taken_without_a_signature() {
        let _host = TestHost::new().secret("signing-key", "key").install();
        let request = WebhookRequest::post(r#"{"account":"shop","messages":[]}"#);
        assert!(matches!(
            Acme::receive(&channel(), &request),
            Err(Rejection::BadSignature(_))
        ));
    }

    #[test]
    fn a_lost_answer_leaves_the_message_uncertain() {
        let _host = TestHost::new()
            .error(linecard_sdk::http::Error::NoAnswer("reset".to_owned()))
            .install();
        let request = ActionRequest {
            id: "a1".to_owned(),
            attempt: 1,
            uncertain_before: false,
            thread: "u1".to_owned(),
            recipient: Some(Identity::new("u1")),
            last_inbound: None,
            by_human: true,
            progress: Vec::new(),
            action: Action::SendMessage(Outgoing::text("Hello")),
        };
        assert!(matches!(
            Acme::perform(&channel(), &request),
            Err(Failure::Uncertain(_))
        ));
    }
}
