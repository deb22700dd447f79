//! The connector.

mod misdeeds;

wit_bindgen::generate!({ path: "../../../../../wit/v0.1.0", world: "connector" });

use exports::linecard::plugin::connector_api::{
    ActionRequest, Attachment, Channel, Event, Failure, Finding, Guest, Identity, Manifest, Outcome,
    PollPage, Profile, Reception, Rejection, StoredMedia, WebhookRequest,
};
use linecard::plugin::templates::TemplateList;
use linecard::plugin::manifest::{ConnectorManifest, HostWant, SecretKind, SecretWant, Visibility};
use linecard::plugin::{clock, http, log, random, secrets};

struct Plugin;

impl Guest for Plugin {
    fn describe() -> Manifest {
        // `describe` has no capability; the description tells what each import answered.
        let request = misdeeds::request(&["GET", "https://example.com/"]);
        let http = match http::send(&request) {
            Err(http::Error::Denied(_)) => "denied",
            _ => "allowed",
        };
        let secret = match secrets::hmac("key", secrets::Algorithm::Sha256, b"x") {
            Err(secrets::Error::NotAllowed(_)) => "denied",
            _ => "allowed",
        };
        log::write(log::Level::Info, "describing");
        let description = format!(
            "http {http}, secrets {secret}, clock {}, random {}",
            clock::now(),
            random::bytes(8).len()
        );
        Manifest {
            id: "hostile".into(),
            version: "1.2.3".into(),
            display_name: "Hostile".into(),
            description,
            contract: "0.1.0".into(),
            config_schema: r#"{"type":"string"}"#.into(),
            connector: Some(ConnectorManifest {
                networks: vec!["test".into()],
                secrets: vec![SecretWant {
                    name: "key".into(),
                    title: "Key".into(),
                    hint: String::new(),
                    kind: SecretKind::HmacKey,
                    required: true,
                    inspected_at: None,
                }, SecretWant {
                    name: "token".into(),
                    title: "Token".into(),
                    hint: String::new(),
                    kind: SecretKind::Bearer,
                    required: false,
                    inspected_at: Some("/debug_token".into()),
                }],
                hosts: vec![HostWant::Exact("example.com".into())],
                receives: true,
                polls: true,
                resolves_profiles: true,
                resolves_media: true,
                probes: true,
                templates: false,
                visibilities: vec![Visibility::Private],
                actions: vec![],
                rate_limits: vec![],
                retries: None,
            }),
            analyzer: None,
        }
    }

    fn receive(channel: Channel, request: WebhookRequest) -> Result<Reception, Rejection> {
        // The sandbox's tests give the words as they are, a hub gives JSON.
        misdeeds::receive(channel.config.trim_matches('"'), request)
    }

    fn poll(channel: Channel, cursor: Vec<u8>) -> Result<PollPage, Failure> {
        let words: Vec<&str> = channel.config.split(' ').collect();
        let events: Vec<Event> = vec![];
        match words.as_slice() {
            ["cursor", size] => Ok(PollPage {
                events,
                cursor: vec![0; size.parse().unwrap()],
                next_in_ms: 0,
                cost: 0,
            }),
            ["http", ..] => Ok(PollPage {
                events,
                cursor: misdeeds::perform(&channel.config).into_bytes(),
                next_in_ms: 0,
                cost: 0,
            }),
            _ => Ok(PollPage {
                events,
                cursor,
                next_in_ms: 5,
                cost: 0,
            }),
        }
    }

    fn perform(channel: Channel, _request: ActionRequest) -> Result<Outcome, Failure> {
        let note = misdeeds::perform(&channel.config);
        Ok(Outcome {
            message_ids: vec![],
            time: None,
            already_done: false,
            budget: None,
            note: Some(note),
            cost: 0,
        })
    }

    fn resolve_profile(_: Channel, _: Identity) -> Result<Option<Profile>, Failure> {
        Ok(None)
    }

    fn resolve_media(channel: Channel, _: Attachment) -> Result<StoredMedia, Failure> {
        let words: Vec<&str> = channel.config.split(' ').collect();
        let mut request = misdeeds::request(&words);
        request.store_body = true;
        match http::send(&request) {
            Ok(response) => match response.stored {
                Some(stored) => Ok(StoredMedia {
                    media: stored.media,
                    mime: None,
                    size: stored.size,
                    sha256: stored.sha256,
                }),
                None => Err(Failure::Gone(format!("status {}", response.status))),
            },
            Err(error) => Err(Failure::Transient(format!("{error:?}"))),
        }
    }

    fn probe(channel: Channel) -> Result<Vec<Finding>, Failure> {
        misdeeds::findings(&channel.config)
    }

    fn templates(channel: Channel) -> Result<TemplateList, Failure> {
        Ok(misdeeds::templates(&channel.config))
    }
}

export!(Plugin);
