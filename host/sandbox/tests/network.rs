//! Calls to the network: what is granted, and what each failure says about whether the request left.

use std::sync::{Arc, Mutex};

use crate::support::server::{Manner, OK, Request, granted, server};
use crate::support::{channel, connector, limit, perform};
use linecard_model::manifest::SecretKind;
use linecard_sandbox::{
    ChannelContext, Grants, HostGrant, Limit, Limits, Secret, SecretSource, SecretStore,
};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tokio::net::TcpListener;

#[tokio::test(flavor = "multi_thread")]
async fn an_error_says_whether_the_request_may_have_left() {
    let connector = connector(Limits::default()).await;
    for (manner, expected) in [
        (Manner::Answer(OK), "200 ok"),
        (
            Manner::Answer(b"HTTP/1.1 500 No\r\ncontent-length: 4\r\n\r\noops"),
            "500 oops",
        ),
        (
            Manner::Answer(
                b"HTTP/1.1 302 Go\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
            ),
            "302 ",
        ),
        (Manner::CloseAtOnce, "no-answer"),
        (Manner::CloseAfterRequest, "no-answer"),
        (Manner::CloseInBody, "no-answer"),
        (Manner::Silence, "no-answer"),
        (Manner::Answer(b"nonsense\r\n\r\n"), "no-answer"),
    ] {
        let (port, _) = server(vec![manner]).await;
        let misdeed = format!("http POST http://127.0.0.1:{port}/ timeout=500 body=3");
        let said = perform(&connector, &granted(&misdeed, port)).await.unwrap();
        assert!(said.starts_with(expected), "{expected}: {said}");
    }
    // A port on which nobody listens.
    let free = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let misdeed = format!("http POST http://127.0.0.1:{free}/");
    let said = perform(&connector, &granted(&misdeed, free)).await.unwrap();
    assert!(said.starts_with("not-sent"), "{said}");
    // A server that does not speak TLS.
    let (port, _) = server(vec![Manner::Answer(OK)]).await;
    let mut tls = granted(&format!("http POST https://127.0.0.1:{port}/"), port);
    Arc::make_mut(&mut tls.grants).hosts[0].plain_http = false;
    let said = perform(&connector, &tls).await.unwrap();
    assert!(said.starts_with("not-sent"), "{said}");
    // A name that does not exist (RFC 6761).
    let mut unknown = granted("http POST https://nowhere.invalid/", 443);
    Arc::make_mut(&mut unknown.grants).hosts = vec![HostGrant::https("nowhere.invalid").unwrap()];
    let said = perform(&connector, &unknown).await.unwrap();
    assert!(said.starts_with("not-sent"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_granted_hosts_and_public_addresses_are_reached() {
    let connector = connector(Limits::default()).await;
    let (port, seen) = server(vec![Manner::Answer(OK)]).await;
    let said = |grants: Vec<HostGrant>, url: String| {
        let connector = connector.clone();
        async move {
            let mut context = channel(&format!("http GET {url}"));
            context.grants = Arc::new(Grants { hosts: grants });
            perform(&connector, &context).await.unwrap()
        }
    };
    let grant = |host: &str, plain_http, private| HostGrant {
        host: host.into(),
        port,
        plain_http,
        private,
    };
    let own = format!("http://127.0.0.1:{port}/");
    for (grants, url) in [
        (vec![], own.clone()),
        // Granted, but not as private: an address, other ways to write it, and a name that leads there.
        (vec![grant("127.0.0.1", true, false)], own.clone()),
        (
            vec![grant("127.0.0.1", true, false)],
            format!("http://2130706433:{port}/"),
        ),
        (
            vec![grant("127.0.0.1", true, false)],
            format!("http://0x7f.1:{port}/"),
        ),
        (
            vec![grant("::ffff:7f00:1", true, false)],
            format!("http://[::ffff:127.0.0.1]:{port}/"),
        ),
        (
            vec![grant("localhost", true, false)],
            format!("http://localhost:{port}/"),
        ),
        // Granted by https only, on another port, under another name.
        (vec![grant("127.0.0.1", false, true)], own.clone()),
        (
            vec![HostGrant {
                port: port ^ 1,
                ..grant("127.0.0.1", true, true)
            }],
            own.clone(),
        ),
        (vec![grant("localhost", true, true)], own.clone()),
        (
            vec![grant("*.example.com", true, true)],
            format!("http://example.com:{port}/"),
        ),
        (
            vec![grant("*.example.com", true, true)],
            format!("http://badexample.com:{port}/"),
        ),
        // Not a URL that a guest may call.
        (
            vec![grant("127.0.0.1", true, true)],
            format!("http://u:p@127.0.0.1:{port}/"),
        ),
        (
            vec![grant("127.0.0.1", true, true)],
            "file:///etc/passwd".into(),
        ),
    ] {
        let answer = said(grants, url.clone()).await;
        assert!(answer.starts_with("denied"), "{url}: {answer}");
    }
    assert!(seen.lock().unwrap().is_empty());
    assert_eq!(
        said(vec![grant("127.0.0.1", true, true)], own).await,
        "200 ok"
    );
    let by_name = format!("http://localhost:{port}/");
    assert_eq!(
        said(vec![grant("localhost", true, true)], by_name).await,
        "200 ok"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn http_is_bounded_and_the_guest_is_told() {
    let limits = Limits {
        http_requests: 3,
        http_sent_bytes: 1_000,
        http_received_bytes: 100,
        ..Limits::default()
    };
    let connector = connector(limits).await;
    let (port, seen) = server(vec![Manner::Answer(OK)]).await;
    let url = format!("http://127.0.0.1:{port}/");
    let said = perform(
        &connector,
        &granted(&format!("http-many 4 GET {url}"), port),
    )
    .await
    .unwrap();
    assert!(said.starts_with("limit"), "{said}");
    assert_eq!(seen.lock().unwrap().len(), 3);
    let said = perform(
        &connector,
        &granted(&format!("http POST {url} body=1001"), port),
    )
    .await
    .unwrap();
    assert!(said.starts_with("limit"), "{said}");
    let long: &'static [u8] = Box::leak(
        format!(
            "HTTP/1.1 200 OK\r\ncontent-length: 101\r\n\r\n{}",
            "x".repeat(101)
        )
        .into_bytes()
        .into_boxed_slice(),
    );
    let (port, _) = server(vec![Manner::Answer(long)]).await;
    let misdeed = format!("http GET http://127.0.0.1:{port}/");
    let said = perform(&connector, &granted(&misdeed, port)).await.unwrap();
    assert!(said.starts_with("no-answer"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_fails_after_its_request_left_says_so() {
    let connector = connector(Limits::default()).await;
    let (port, _) = server(vec![Manner::Answer(OK)]).await;
    let url = format!("http://127.0.0.1:{port}/");
    for (method, acted) in [("POST", true), ("GET", false)] {
        let context = granted(&format!("http-then-loop {method} {url}"), port);
        let error = perform(&connector, &context).await.unwrap_err();
        assert_eq!(error.may_have_acted, acted, "{method}");
        assert_eq!(limit::<()>(Err(error)), Limit::CpuTime);
    }
    // Nothing left: the host is not granted.
    let error = perform(&connector, &channel(&format!("http-then-loop POST {url}")))
        .await
        .unwrap_err();
    assert!(!error.may_have_acted);
}

struct Kept {
    secret: Mutex<serde_json::Value>,
    kind: SecretKind,
}

impl SecretSource for Kept {
    fn get(&self, _name: &str) -> Option<Secret> {
        Secret::from_json(self.kind, &self.secret.lock().unwrap()).ok()
    }

    fn store(&self) -> Option<&dyn SecretStore> {
        Some(self)
    }
}

#[async_trait::async_trait]
impl SecretStore for Kept {
    async fn rotated(&self, _name: &str, refresh_token: SecretString) -> Result<(), String> {
        self.secret.lock().unwrap()["refresh_token"] = json!(refresh_token.expose_secret());
        Ok(())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_adds_the_credential_of_each_kind() {
    let connector = connector(Limits::default()).await;
    let (port, seen) = server(vec![Manner::Answer(OK)]).await;
    let misdeed = format!("http GET http://127.0.0.1:{port}/?a=b auth=key");
    let oauth1 = json!({"consumer_key": "ck", "consumer_secret": "hush", "token": "tk", "token_secret": "hush"});
    for (kind, value, expected) in [
        (
            SecretKind::Bearer,
            json!("hush"),
            "authorization: Bearer hush",
        ),
        (
            SecretKind::Basic,
            json!({"username": "u", "password": "p"}),
            "authorization: Basic dTpw",
        ),
        (
            SecretKind::Oauth1,
            oauth1,
            "authorization: OAuth oauth_consumer_key=\"ck\"",
        ),
    ] {
        let context = ChannelContext {
            secrets: Arc::new(Kept {
                secret: Mutex::new(value),
                kind,
            }),
            ..granted(&misdeed, port)
        };
        assert_eq!(perform(&connector, &context).await.unwrap(), "200 ok");
        let request = seen.lock().unwrap().pop().unwrap().text();
        assert!(request.contains(expected), "{request}");
    }
    let said = perform(&connector, &granted(&misdeed, port)).await.unwrap();
    assert!(said.starts_with("secret"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_access_token_is_renewed_and_a_rotated_refresh_token_is_kept_before_use() {
    const TOKEN: &str = "HTTP/1.1 200 OK\r\ncontent-length: 76\r\n\r\n{\"access_token\":\"at1\",\"expires_in\":3600,\"refresh_token\":\"rt2\",\"x\":1}        ";
    const NEXT: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 22\r\n\r\n{\"access_token\":\"at2\"}";
    const NO: &[u8] = b"HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n";
    let length = TOKEN.split_once("\r\n\r\n").unwrap().1.len();
    let first = TOKEN.replace("76", &length.to_string());
    let first: &'static [u8] = Box::leak(first.into_bytes().into_boxed_slice());
    let connector = connector(Limits::default()).await;
    let (tokens, asked) = server(vec![Manner::Answer(first), Manner::Answer(NEXT)]).await;
    // The second request is refused, as if the token had been taken back; its repetition is not.
    let (port, seen) = server(vec![
        Manner::Answer(OK),
        Manner::Answer(NO),
        Manner::Answer(OK),
    ])
    .await;
    let source = Arc::new(Kept {
        secret: Mutex::new(json!({
            "token_url": format!("http://127.0.0.1:{tokens}/token"), "client_id": "id",
            "client_secret": "hush", "refresh_token": "rt1"
        })),
        kind: SecretKind::Oauth2,
    });
    let mut context = granted(
        &format!("http-twice POST http://127.0.0.1:{port}/ auth=key body=1"),
        port,
    );
    context.secrets = Arc::<Kept>::clone(&source);
    let again = HostGrant {
        port: tokens,
        ..context.grants.hosts[0].clone()
    };
    Arc::make_mut(&mut context.grants).hosts.push(again);
    assert_eq!(
        perform(&connector, &context).await.unwrap(),
        "200 ok | 200 ok"
    );
    assert_eq!(source.secret.lock().unwrap()["refresh_token"], "rt2");
    let asked: Vec<String> = asked.lock().unwrap().iter().map(Request::text).collect();
    assert!(
        asked[0].contains("grant_type=refresh_token&refresh_token=rt1"),
        "{}",
        asked[0]
    );
    assert!(
        asked[0].contains("authorization: Basic aWQ6aHVzaA=="),
        "{}",
        asked[0]
    );
    assert!(asked[1].contains("refresh_token=rt2"), "{}", asked[1]);
    let seen = seen.lock().unwrap();
    let bearers: Vec<bool> = seen
        .iter()
        .map(|request| request.text().contains("Bearer at2"))
        .collect();
    assert_eq!(bearers, [false, false, true]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_stands_in_the_query_only_where_the_manifest_says_and_never_comes_back() {
    // The network repeats what it was asked, as it is and encoded.
    const ECHO: &[u8] = b"HTTP/1.1 400 No\r\nx-asked: hush/h+sh\r\ncontent-length: 50\r\n\r\nmalformed hush/h+sh, hush%2Fh%2Bsh, hush\\/h+sh: no";
    let connector = connector(Limits::default()).await;
    let (port, seen) = server(vec![Manner::Answer(ECHO)]).await;
    let said = async |words: &str, kind| {
        let context = ChannelContext {
            secrets: Arc::new(Kept {
                secret: Mutex::new(json!("hush/h+sh")),
                kind,
            }),
            ..granted(
                &words.replace("HOST", &format!("http://127.0.0.1:{port}")),
                port,
            )
        };
        perform(&connector, &context).await.unwrap()
    };
    let asked = "http GET HOST/v27.0/debug_token?a=b auth=token query=input_token:token";
    let answer = said(asked, SecretKind::Bearer).await;
    assert_eq!(answer, "400 malformed [secret], [secret], [secret]: no");
    let request = seen.lock().unwrap().pop().unwrap().text();
    let first = "GET /v27.0/debug_token?a=b&input_token=hush%2Fh%2Bsh HTTP/1.1";
    assert!(request.starts_with(first), "{request}");
    for (words, kind) in [
        // Elsewhere, or in what changes something, or another secret.
        (
            "http GET HOST/v27.0/me query=input_token:token",
            SecretKind::Bearer,
        ),
        (
            "http GET HOST/debug_token/me query=input_token:token",
            SecretKind::Bearer,
        ),
        (
            "http POST HOST/debug_token query=input_token:token",
            SecretKind::Bearer,
        ),
        (
            "http GET HOST/debug_token query=input_token:token body=3",
            SecretKind::Bearer,
        ),
        (
            "http GET HOST/debug_token query=input_token:key",
            SecretKind::Bearer,
        ),
    ] {
        let answer = said(words, kind).await;
        assert!(answer.starts_with("denied"), "{words}: {answer}");
    }
    let key = "http GET HOST/debug_token query=input_token:token";
    let answer = said(key, SecretKind::HmacKey).await;
    assert!(answer.starts_with("secret"), "{answer}");
    assert!(seen.lock().unwrap().is_empty());
}
