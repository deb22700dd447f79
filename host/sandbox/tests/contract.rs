//! Plug-ins of each older version of the contract, built in its time, on this host.

use std::path::Path;
use std::sync::Arc;

use linecard_model::manifest::SecretKind;
use linecard_model::platform::{
    Action, ActionRequest, Attachment, EventKind, Failure, Identity, Outgoing, Rejection, Severity,
    Subject, WebhookRequest,
};
use linecard_sandbox::{
    CONTRACT, CONTRACTS, ChannelContext, Connector, Kind, Limits, Plugin, PrepareError, Secret,
    SecretSource,
};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use crate::support::server::{Manner, OK, granted, server};
use crate::support::{CONNECTOR, channel, sandbox};

/// A plug-in of version 0.1, as its author built it.
async fn old(name: &str) -> Plugin {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name);
    let component = std::fs::read(file).unwrap();
    let loaded = sandbox(Limits::default()).load(&component, name).await;
    loaded.unwrap()
}

async fn connector() -> Connector {
    old("v0.1.0-connector.wasm").await.connector().unwrap()
}

struct Secrets;

impl SecretSource for Secrets {
    fn get(&self, name: &str) -> Option<Secret> {
        let kind = match name {
            "key" => SecretKind::HmacKey,
            "word" => SecretKind::SharedToken,
            "token" => SecretKind::Bearer,
            _ => return None,
        };
        Secret::from_json(kind, &json!("hush")).ok()
    }
}

fn with_secrets(channel: ChannelContext) -> ChannelContext {
    ChannelContext {
        secrets: Arc::new(Secrets),
        webhook_url: Some("https://hub.example.com/channels/test/webhook".into()),
        ..channel
    }
}

fn saying(text: &str) -> ActionRequest {
    ActionRequest {
        id: "a1".into(),
        attempt: 1,
        uncertain_before: false,
        thread: "t".into(),
        recipient: None,
        last_inbound: None,
        by_human: true,
        progress: Vec::new(),
        action: Action::SendMessage(Outgoing {
            text: Some(text.to_owned()),
            ..Outgoing::default()
        }),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_connector_says_of_itself_what_it_said_in_its_time() {
    let plugin = old("v0.1.0-connector.wasm").await;
    assert_eq!(plugin.kind(), Kind::Connector);
    assert_eq!(plugin.manifest().contract, "0.1.0");
    let manifest = plugin.manifest().connector.as_ref().unwrap();
    let kinds: Vec<SecretKind> = manifest.secrets.iter().map(|want| want.kind).collect();
    assert_eq!(
        kinds,
        [
            SecretKind::HmacKey,
            SecretKind::SharedToken,
            SecretKind::Bearer,
            SecretKind::Basic,
            SecretKind::Oauth1,
            SecretKind::Oauth2,
        ]
    );
    // What it could not say changes nothing for it.
    let settings = json!({});
    assert!(manifest.receives_with(&settings) && manifest.polls_with(&settings));
    assert!(!manifest.sets_up);
    let send = &manifest.actions[0];
    assert!(send.locations && send.caption.is_none() && send.quick_reply_payload.is_none());
    assert_eq!(send.text.as_ref().unwrap().max, 1000);
    assert_eq!(plugin.facts().interfaces().count(), 5);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_connector_takes_what_a_network_sends() {
    let connector = connector().await;
    let request = |word: &str| WebhookRequest {
        method: "POST".into(),
        path: "/e1".into(),
        url: Some("https://hub.example.com/channels/test/webhook/e1".into()),
        query: vec![],
        headers: vec![("x-word".into(), word.into())],
        body: b"Hello".to_vec(),
    };
    let channel = with_secrets(channel("{}"));
    let reception = connector
        .receive(&channel, request("hush"))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(reception.response.status, 202);
    let event = &reception.events[0];
    assert_eq!(event.id, "/e1");
    assert!(
        matches!(&event.kind, EventKind::MessageCreated(message) if message.text.as_deref() == Some("Hello"))
    );
    let refused = connector.receive(&channel, request("other")).await.unwrap();
    assert!(matches!(refused, Err(Rejection::BadSignature(_))));
    let page = connector
        .poll(&channel, vec![5], None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (page.cursor, page.next_in_ms, page.cost),
        (vec![5, 1], 5, 7)
    );
    assert_eq!(page.wait, None);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_connector_acts_with_its_credentials() {
    let connector = connector().await;
    let (port, seen) = server(vec![Manner::Answer(OK)]).await;
    let channel = with_secrets(granted("{}", port));
    let url = format!("http://127.0.0.1:{port}/");
    let outcome = connector
        .perform(&channel, saying(&url))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(outcome.message_ids, ["a1"]);
    assert_eq!(outcome.note.as_deref(), Some("status 200"));
    let request = seen.lock().unwrap().pop().unwrap();
    assert_eq!(request.header("authorization"), Some("Bearer hush"));
    assert_eq!(request.body, b"test");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failure_of_an_old_connector_is_the_same_today() {
    let connector = connector().await;
    let channel = with_secrets(channel("{}"));
    let failed = async |text: &str| {
        let done = connector.perform(&channel, saying(text)).await.unwrap();
        done.unwrap_err()
    };
    assert!(matches!(failed("throttled").await, Failure::Throttled(t) if t.reason.code == "1/2"));
    assert!(matches!(failed("transient").await, Failure::Transient(_)));
    assert!(matches!(
        failed("unauthorized").await,
        Failure::Unauthorized(_)
    ));
    assert!(matches!(failed("rejected").await, Failure::Rejected(r) if r.text == "why"));
    assert!(matches!(
        failed("window-closed").await,
        Failure::WindowClosed(_)
    ));
    assert!(matches!(failed("gone").await, Failure::Gone(_)));
    assert!(matches!(failed("uncertain").await, Failure::Uncertain(_)));
    assert!(
        matches!(failed("unfinished").await, Failure::Unfinished(u) if u.progress == [9] && u.cost == 3)
    );
    let follow = ActionRequest {
        action: Action::Follow,
        ..saying("")
    };
    let done = connector.perform(&channel, follow).await.unwrap();
    assert!(matches!(done, Err(Failure::Unsupported(_))));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_connector_looks_up_what_it_is_asked_for() {
    let connector = connector().await;
    let channel = with_secrets(channel("{}"));
    let person = Identity {
        id: "p1".into(),
        aliases: vec![],
    };
    let profile = connector.resolve_profile(&channel, person).await.unwrap();
    assert_eq!(
        profile.unwrap().unwrap().display_name.as_deref(),
        Some("p1")
    );
    let attachment: Attachment = serde_json::from_value(json!({"kind": "image"})).unwrap();
    let media = connector.resolve_media(&channel, attachment).await.unwrap();
    assert!(matches!(media, Err(Failure::Gone(_))));
    let findings = connector.probe(&channel).await.unwrap().unwrap();
    assert_eq!(
        (findings[0].code.as_str(), findings[0].severity),
        ("old", Severity::Note)
    );
    assert!(
        connector
            .templates(&channel)
            .await
            .unwrap()
            .unwrap()
            .complete
    );
    // What it has not is refused, in words that name the version.
    let set_up = connector.set_up(&channel, false, true).await.unwrap();
    assert!(matches!(set_up, Err(Failure::Unsupported(text)) if text.contains("0.1.0")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_old_analyzer_reads_messages() {
    let plugin = old("v0.1.0-analyzer.wasm").await;
    let refused = plugin.analyzer(r#"{"a":"bad"}"#).await;
    assert!(matches!(refused, Err(PrepareError::Config(problems)) if problems[0].pointer == "/a"));
    let analyzer = plugin.analyzer("{}").await.unwrap();
    let subject = |text: &str| {
        let subject = json!({
            "text": text, "network": "test", "channel": "test", "visibility": "private", "attachments": 0,
        });
        serde_json::from_value::<Subject>(subject).unwrap()
    };
    let analysis = analyzer.analyze(subject("Hello")).await.unwrap();
    assert_eq!(analysis.labels[0].name, "said");
    assert!((analysis.scores[0].value - 5.0).abs() < f64::EPSILON);
    assert!(analyzer.analyze(subject("")).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_of_one_version() {
    // Of the same length, so that the file stays whole.
    let find = |bytes: &[u8], part: &[u8]| bytes.windows(part.len()).position(|w| w == part);
    let mut mixed = CONNECTOR.clone();
    let mut from = 0;
    while let Some(at) = find(&mixed[from..], b"plugin/clock@0.2.0") {
        mixed[from + at..from + at + 18].copy_from_slice(b"plugin/clock@0.1.0");
        from += at;
    }
    assert!(from > 0);
    let error = sandbox(Limits::default())
        .load(&mixed, "mixed.wasm")
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("exports version 0.2.0") && text.contains("imports version 0.1.0"),
        "{text}"
    );
    assert!(CONTRACTS.ends_with(CONTRACT));
}

#[test]
fn a_frozen_version_stays_as_it_is() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit/v0.1.0");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let mut digest = Sha256::new();
    for file in files {
        digest.update(std::fs::read(file).unwrap());
    }
    let digest = hex::encode(digest.finalize());
    assert_eq!(
        digest, "fb55a22d08ee7b5280bb6550e00313d2a1191b8ca959404a801ee1305dbb7bb0",
        "plug-ins are built against wit/v0.1.0: what is new goes into a new version"
    );
}
