//! The connector.

mod misdeeds;

wit_bindgen::generate!({ path: "../../../../../wit/v0.2.0", world: "connector" });

use exports::linecard::plugin::connector_api::{
    ActionRequest, Attachment, Channel, Event, Failure, Finding, Guest, Identity, Manifest, Outcome,
    PollPage, Profile, Reception, Rejection, Step, StoredMedia, Wait, WebhookRequest,
};
use linecard::plugin::templates::TemplateList;
use linecard::plugin::manifest::{
    ConnectorManifest, HostWant, SecretKind, SecretPlace, SecretWant, Visibility,
};
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
            contract: "0.2.0".into(),
            config_schema: r#"{"type":"string"}"#.into(),
            connector: Some(ConnectorManifest {
                networks: vec!["test".into()],
                secrets: vec![SecretWant {
                    name: "key".into(),
                    title: "Key".into(),
                    hint: String::new(),
                    kind: SecretKind::HmacKey,
                    required: true,
                    required_if: None,
                    placed: None,
                    inspected_at: None,
                }, SecretWant {
                    name: "token".into(),
                    title: "Token".into(),
                    hint: String::new(),
                    kind: SecretKind::Bearer,
                    required: false,
                    required_if: None,
                    placed: None,
                    inspected_at: Some("/debug_token".into()),
                }, placed("part", SecretKind::UrlPart, SecretPlace::Path(vec!["/bot{}/".into()])),
                placed("in-header", SecretKind::ApiKey, SecretPlace::Header("X-Api-Key".into())),
                placed("in-query", SecretKind::ApiKey, SecretPlace::Query("api_key".into()))],
                hosts: vec![HostWant::Exact("example.com".into())],
                receives: true,
                receives_if: None,
                polls: true,
                polls_if: None,
                sets_up: true,
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

    fn poll(
        channel: Channel,
        cursor: Vec<u8>,
        waited: Option<Result<http::Response, http::Error>>,
    ) -> Result<PollPage, Failure> {
        let words: Vec<&str> = channel.config.split(' ').collect();
        let events: Vec<Event> = vec![];
        match words.as_slice() {
            ["cursor", size] => Ok(PollPage {
                events,
                cursor: vec![0; size.parse().unwrap()],
                next_in_ms: 0,
                wait: None,
                cost: 0,
            }),
            // What was waited for is told; then it is waited for again.
            ["wait", url, timeout] => Ok(PollPage {
                events,
                cursor: match waited {
                    None => b"nothing".to_vec(),
                    Some(Ok(response)) => response.body,
                    Some(Err(error)) => format!("{error:?}").into_bytes(),
                },
                next_in_ms: 0,
                wait: Some(Wait {
                    url: (*url).into(),
                    headers: vec![],
                    auth: None,
                    timeout_ms: timeout.parse().unwrap(),
                }),
                cost: 0,
            }),
            ["http", ..] => Ok(PollPage {
                events,
                cursor: misdeeds::perform(&channel.config).into_bytes(),
                next_in_ms: 0,
                wait: None,
                cost: 0,
            }),
            _ => Ok(PollPage {
                events,
                cursor,
                next_in_ms: 5,
                wait: None,
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

    fn set_up(channel: Channel, rehearsal: bool) -> Result<Vec<Step>, Failure> {
        let address = channel.webhook_url.unwrap_or_default();
        Ok(vec![Step {
            text: format!("{} {rehearsal} {address}", misdeeds::perform(&channel.config)),
            changes: true,
        }])
    }

    fn tear_down(_: Channel, _: bool) -> Result<Vec<Step>, Failure> {
        Ok(vec![])
    }
}

fn placed(name: &str, kind: SecretKind, place: SecretPlace) -> SecretWant {
    SecretWant {
        name: name.into(),
        title: name.into(),
        hint: String::new(),
        kind,
        required: false,
        required_if: None,
        placed: Some(place),
        inspected_at: None,
    }
}

export!(Plugin);
