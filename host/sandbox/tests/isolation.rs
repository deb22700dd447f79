//! What a guest can reach: nothing but what it was given.

use std::collections::HashMap;
use std::sync::Arc;

use crate::support::{channel, connector, receive_on, said};
use linecard_model::manifest::SecretKind;
use linecard_sandbox::{ChannelContext, Connector, Limits, Secret, SecretSource};
use serde_json::json;

struct Fixed(HashMap<&'static str, Secret>);

impl SecretSource for Fixed {
    fn get(&self, name: &str) -> Option<Secret> {
        self.0.get(name).cloned()
    }
}

fn secrets() -> Arc<Fixed> {
    let secret = |kind, text: &str| Secret::from_json(kind, &json!(text)).unwrap();
    Arc::new(Fixed(HashMap::from([
        ("key", secret(SecretKind::HmacKey, "Jefe")),
        ("word", secret(SecretKind::SharedToken, "open-sesame")),
        ("token", secret(SecretKind::Bearer, "t0k3n")),
    ])))
}

fn with_secrets(misdeed: &str) -> ChannelContext {
    ChannelContext {
        secrets: secrets(),
        ..channel(misdeed)
    }
}

async fn said_of(connector: &Connector, misdeed: &str, body: &[u8]) -> String {
    let reception = receive_on(connector, &with_secrets(misdeed), body)
        .await
        .unwrap();
    String::from_utf8(reception.response.body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn there_are_no_files_environment_arguments_or_streams() {
    let connector = connector(Limits::default()).await;
    assert_eq!(said(&connector, "files").await, "false false false false");
    assert_eq!(said(&connector, "environment").await, "0 0");
    assert_eq!(said(&connector, "streams").await, "Ok(0)");
    assert!(!std::path::Path::new("/tmp/made-by-guest").exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_call_gets_a_fresh_instance() {
    let connector = connector(Limits::default()).await;
    for _ in 0..5 {
        assert_eq!(said(&connector, "count").await, "1");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn receive_has_no_network() {
    let connector = connector(Limits::default()).await;
    let answer = said(&connector, "http GET https://example.com/").await;
    assert!(answer.starts_with("denied"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn describe_has_no_capability() {
    let plugin = crate::support::plugin(Limits::default()).await;
    assert_eq!(
        plugin.manifest().description,
        "http denied, secrets denied, clock 0, random 0"
    );
}

/// RFC 4231 and RFC 2202, test case 2.
#[tokio::test(flavor = "multi_thread")]
async fn the_host_computes_and_verifies_hmacs() {
    const SHA256: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    const SHA1: &str = "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79";
    let connector = connector(Limits::default()).await;
    let body = b"what do ya want for nothing?";
    let computed = said_of(&connector, "hmac key sha256", body).await;
    assert!(computed.starts_with("Ok([91, 220, 193, 70, "), "{computed}");
    let verify = |mac: String, algorithm: &'static str| {
        let connector = connector.clone();
        async move { said_of(&connector, &format!("verify key {algorithm} {mac}"), body).await }
    };
    assert_eq!(verify(SHA256.into(), "sha256").await, "Ok(true)");
    assert_eq!(verify(SHA1.into(), "sha1").await, "Ok(true)");
    assert_eq!(
        verify(SHA256.replace('5', "6"), "sha256").await,
        "Ok(false)"
    );
    assert_eq!(verify(SHA256[..62].into(), "sha256").await, "Ok(false)");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_serves_its_kind_and_nothing_else() {
    let connector = connector(Limits::default()).await;
    assert_eq!(
        said_of(&connector, "equals word open-sesame", b"").await,
        "Ok(true)"
    );
    assert_eq!(
        said_of(&connector, "equals word open-sesam", b"").await,
        "Ok(false)"
    );
    for misdeed in [
        "equals key Jefe",
        "equals token t0k3n",
        "hmac word sha256",
        "hmac token sha1",
    ] {
        let answer = said_of(&connector, misdeed, b"").await;
        assert!(
            answer.starts_with("Err(Error::NotAllowed"),
            "{misdeed}: {answer}"
        );
    }
    let answer = said_of(&connector, "hmac other sha256", b"").await;
    assert!(answer.starts_with("Err(Error::Missing"), "{answer}");
}

#[test]
fn a_secret_does_not_show_in_debug_output() {
    let oauth2 = json!({
        "token_url": "https://example.com/token", "client_id": "id", "client_secret": "hush",
        "refresh_token": "hush"
    });
    let secret = Secret::from_json(SecretKind::Oauth2, &oauth2).unwrap();
    assert!(!format!("{secret:?}").contains("hush"));
    let bearer = Secret::from_json(SecretKind::Bearer, &json!("hush")).unwrap();
    assert!(!format!("{bearer:?}").contains("hush"));
    let wrong = Secret::from_json(
        SecretKind::Basic,
        &json!({"username": "u", "password": ["hush"]}),
    );
    assert!(!format!("{:?}", wrong.unwrap_err()).contains("hush"));
}
