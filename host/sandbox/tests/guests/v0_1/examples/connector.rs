//! A connector that uses every function and every case that a host has to bring from 0.1 to today.

wit_bindgen::generate!({ path: "../../../../../wit/v0.1.0", world: "connector" });

use exports::linecard::plugin::connector_api::{
    Attachment, Channel, Event, Failure, Finding, Guest, Identity, Manifest, Outcome, PollPage,
    Profile, Reception, Rejection, Severity, StoredMedia, WebhookRequest, WebhookResponse,
};
use linecard::plugin::actions::{Action, ActionRequest, Throttle, Unfinished};
use linecard::plugin::events::{Author, EventKind, Message, Refusal, Thread};
use linecard::plugin::manifest::{
    ActionAbility, ActionKind, ConnectorManifest, HostWant, RateLimit, SecretKind, SecretWant,
    TextLimit, TextUnit, ThrottleScope, Visibility,
};
use linecard::plugin::templates::TemplateList;
use linecard::plugin::{clock, http, log, random, secrets};

struct Old;

fn want(name: &str, kind: SecretKind) -> SecretWant {
    SecretWant {
        name: name.into(),
        title: name.into(),
        hint: String::new(),
        kind,
        required: false,
        inspected_at: None,
    }
}

fn refusal() -> Refusal {
    Refusal {
        code: "1/2".into(),
        text: "why".into(),
    }
}

impl Guest for Old {
    fn describe() -> Manifest {
        Manifest {
            id: "old".into(),
            version: "1.0.0".into(),
            display_name: "Old".into(),
            description: "Built against version 0.1 of the contract.".into(),
            contract: "0.1.0".into(),
            config_schema: r#"{"type":"object"}"#.into(),
            connector: Some(ConnectorManifest {
                networks: vec!["old".into()],
                secrets: vec![
                    want("key", SecretKind::HmacKey),
                    want("word", SecretKind::SharedToken),
                    want("token", SecretKind::Bearer),
                    want("pair", SecretKind::Basic),
                    want("one", SecretKind::Oauth1),
                    want("two", SecretKind::Oauth2),
                ],
                hosts: vec![HostWant::Exact("example.com".into())],
                receives: true,
                polls: true,
                resolves_profiles: true,
                resolves_media: true,
                probes: true,
                templates: true,
                visibilities: vec![Visibility::Private],
                actions: vec![
                    ActionAbility {
                        kind: ActionKind::SendMessage,
                        visibilities: vec![Visibility::Private],
                        text: Some(TextLimit {
                            max: 1000,
                            unit: TextUnit::CodePoints,
                            raised: None,
                        }),
                        media: vec![],
                        max_attachments: 0,
                        text_with_media: false,
                        max_quick_replies: 3,
                        structured: vec!["quick-replies".into()],
                        windows: vec![],
                        idempotent: true,
                    },
                    ActionAbility {
                        kind: ActionKind::SendTemplate,
                        visibilities: vec![],
                        text: None,
                        media: vec![],
                        max_attachments: 0,
                        text_with_media: false,
                        max_quick_replies: 0,
                        structured: vec![],
                        windows: vec![],
                        idempotent: false,
                    },
                ],
                rate_limits: vec![RateLimit {
                    scope: ThrottleScope::Recipient,
                    actions: vec![],
                    calls: 1,
                    per_ms: 1000,
                }],
                retries: None,
            }),
            analyzer: None,
        }
    }

    /// The body is the text of a message, signed in a header.
    fn receive(channel: Channel, request: WebhookRequest) -> Result<Reception, Rejection> {
        let mac = request.headers.iter().find(|(name, _)| name == "x-word");
        let word = mac.map(|(_, value)| value.as_bytes().to_vec());
        match secrets::equals("word", &word.unwrap_or_default()) {
            Ok(true) => {}
            _ => return Err(Rejection::BadSignature("x-word".into())),
        }
        let signed = secrets::hmac("key", secrets::Algorithm::Sha256, &request.body);
        let Ok(signed) = signed else {
            return Err(Rejection::NotForThisChannel("no key".into()));
        };
        match secrets::verify_hmac("key", secrets::Algorithm::Sha256, &request.body, &signed) {
            Ok(true) => {}
            _ => return Err(Rejection::BadSignature("hmac".into())),
        }
        log::write(log::Level::Info, &channel.id);
        let text = String::from_utf8_lossy(&request.body).into_owned();
        let person = Identity {
            id: "customer".into(),
            aliases: vec![],
        };
        let event = Event {
            id: request.path,
            time: clock::now(),
            thread: Some(Thread {
                key: "thread".into(),
                visibility: Visibility::Private,
                permalink: None,
                customer: Some(person.clone()),
            }),
            author: Some(Author {
                identity: person,
                profile: None,
            }),
            kind: EventKind::MessageCreated(Message {
                id: format!("m{}", random::bytes(4).len()),
                text: Some(text.clone()),
                attachments: vec![],
                location: None,
                contacts: vec![],
                structured: None,
                parent: None,
                quoted: None,
                addressed: Some(true),
                referral: None,
                client_ref: None,
                language: None,
            }),
            raw: text,
        };
        Ok(Reception {
            response: WebhookResponse {
                status: 202,
                headers: vec![],
                body: channel.config.into_bytes(),
            },
            events: vec![event],
        })
    }

    fn poll(_: Channel, cursor: Vec<u8>) -> Result<PollPage, Failure> {
        Ok(PollPage {
            events: vec![],
            cursor: [cursor, vec![1]].concat(),
            next_in_ms: 5,
            cost: 7,
        })
    }

    /// The text says how it ends.
    fn perform(channel: Channel, request: ActionRequest) -> Result<Outcome, Failure> {
        let text = match request.action {
            Action::SendMessage(said) => said.text.unwrap_or_default(),
            _ => return Err(Failure::Unsupported("only messages".into())),
        };
        Err(match text.as_str() {
            "throttled" => Failure::Throttled(Throttle {
                until: Some(1),
                scope: ThrottleScope::Channel,
                reason: refusal(),
            }),
            "transient" => Failure::Transient(text),
            "unauthorized" => Failure::Unauthorized(text),
            "rejected" => Failure::Rejected(refusal()),
            "window-closed" => Failure::WindowClosed(text),
            "gone" => Failure::Gone(text),
            "uncertain" => Failure::Uncertain(text),
            "unfinished" => Failure::Unfinished(Unfinished {
                progress: vec![9],
                message_ids: vec!["m1".into()],
                resume_at: None,
                reason: refusal(),
                cost: 3,
            }),
            url => {
                let answer = http::send(&http::Request {
                    method: http::Method::Post,
                    url: url.into(),
                    headers: vec![],
                    body: http::Body::Bytes(channel.id.into_bytes()),
                    auth: Some("token".into()),
                    query_secret: None,
                    timeout_ms: None,
                    store_body: false,
                });
                return match answer {
                    Ok(answer) => Ok(Outcome {
                        message_ids: vec![request.id],
                        time: None,
                        already_done: false,
                        budget: None,
                        note: Some(format!("status {}", answer.status)),
                        cost: 0,
                    }),
                    Err(error) => Err(Failure::Transient(format!("{error:?}"))),
                };
            }
        })
    }

    fn resolve_profile(_: Channel, identity: Identity) -> Result<Option<Profile>, Failure> {
        Ok(Some(Profile {
            display_name: Some(identity.id),
            handle: None,
            avatar_url: None,
            followers: None,
            verified: None,
            follows_us: None,
            we_follow: None,
            accepts_messages: None,
            locale: None,
            utc_offset_minutes: None,
            extra: vec![],
        }))
    }

    fn resolve_media(_: Channel, _: Attachment) -> Result<StoredMedia, Failure> {
        Err(Failure::Gone("media".into()))
    }

    fn probe(_: Channel) -> Result<Vec<Finding>, Failure> {
        Ok(vec![Finding {
            code: "old".into(),
            severity: Severity::Note,
            text: "it is old".into(),
            remedy: None,
            ends: None,
        }])
    }

    fn templates(_: Channel) -> Result<TemplateList, Failure> {
        Ok(TemplateList {
            templates: vec![],
            complete: true,
        })
    }
}

export!(Old);
