//! Secrets that stand in the URL or in a header of their own, rehearsals, and what is waited for.

use std::sync::Arc;
use std::time::{Duration, Instant};

use linecard_model::manifest::SecretKind;
use linecard_sandbox::{ChannelContext, HttpError, Limits, Secret, SecretSource};
use serde_json::json;

use crate::support::server::{Manner, OK, granted, server};
use crate::support::{connector, perform};

const VALUE: &str = "123:AB/c?d";

struct Placed;

impl SecretSource for Placed {
    fn get(&self, name: &str) -> Option<Secret> {
        let kind = match name {
            "part" => SecretKind::UrlPart,
            "in-header" | "in-query" => SecretKind::ApiKey,
            _ => return None,
        };
        Secret::from_json(kind, &json!(VALUE)).ok()
    }
}

fn with_secrets(words: &str, port: u16) -> ChannelContext {
    ChannelContext {
        secrets: Arc::new(Placed),
        ..granted(
            &words.replace("HOST", &format!("http://127.0.0.1:{port}")),
            port,
        )
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_the_url_is_filled_in_and_never_comes_back() {
    const ECHO: &[u8] = b"HTTP/1.1 404 No\r\nlocation: /bot123:AB%2Fc%3Fd/\r\ncontent-length: 46\r\n\r\nno 123:AB/c?d, 123:AB%2Fc%3Fd, 123:AB\\/c?d: no";
    let connector = connector(Limits::default()).await;
    let (port, seen) = server(vec![Manner::Answer(ECHO)]).await;
    let said = async |words: &str| {
        perform(&connector, &with_secrets(words, port))
            .await
            .unwrap()
    };
    let answer = said("http POST HOST/bot{part}/send body=1").await;
    assert_eq!(answer, "404 no [secret], [secret], [secret]: no");
    let request = seen.lock().unwrap().pop().unwrap().text();
    assert!(
        request.starts_with("POST /bot123:AB%2Fc%3Fd/send HTTP/1.1"),
        "{request}"
    );
    for words in [
        "http GET HOST/{part}/send",
        "http GET HOST/x?token={part}",
        "http GET HOST/bot{part}/x?token={part}",
    ] {
        let answer = said(words).await;
        assert!(
            answer.starts_with("denied") && answer.contains("/bot{}/"),
            "{words}: {answer}"
        );
    }
    // A name that is none of the connector's own secrets is a part of the address like any other.
    said("http GET HOST/bot{other}/send").await;
    let request = seen.lock().unwrap().pop().unwrap().text();
    assert!(
        request.starts_with("GET /bot%7Bother%7D/send HTTP/1.1"),
        "{request}"
    );
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_sent_says_nothing_of_the_secret() {
    let connector = connector(Limits::default()).await;
    let (port, _) = server(vec![Manner::CloseAfterRequest]).await;
    let said = async |words: &str, port| perform(&connector, &with_secrets(words, port)).await;
    let broken = said("http GET HOST/bot{part}/send", port).await.unwrap();
    assert!(broken.starts_with("no-answer"), "{broken}");
    // Nobody listens there any more.
    let free = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let unsent = said("http GET HOST/bot{part}/send", free).await.unwrap();
    assert!(unsent.starts_with("not-sent"), "{unsent}");
    for text in [broken, unsent] {
        assert!(!text.contains("123:AB"), "{text}");
    }
    // Without a value nothing is sent.
    let words = format!("http GET http://127.0.0.1:{port}/bot{{part}}/send");
    let missing = perform(&connector, &granted(&words, port)).await.unwrap();
    assert!(
        missing.starts_with("secret") && missing.contains("part"),
        "{missing}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_api_key_goes_into_its_header_or_parameter() {
    const ECHO: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 14\r\n\r\n123%3AAB%2Fc%3Fd";
    let echo: &'static [u8] = Box::leak(
        String::from_utf8_lossy(ECHO)
            .replace("14", "16")
            .into_bytes()
            .into_boxed_slice(),
    );
    let connector = connector(Limits::default()).await;
    let (port, seen) = server(vec![Manner::Answer(OK), Manner::Answer(echo)]).await;
    let said = async |words: &str| {
        perform(&connector, &with_secrets(words, port))
            .await
            .unwrap()
    };
    assert_eq!(said("http GET HOST/a auth=in-header").await, "200 ok");
    let request = seen.lock().unwrap().pop().unwrap();
    assert_eq!(request.header("x-api-key"), Some(VALUE));
    assert_eq!(request.header("authorization"), None);
    assert_eq!(
        said("http GET HOST/a?b=c auth=in-query").await,
        "200 [secret]"
    );
    let request = seen.lock().unwrap().pop().unwrap().text();
    let first = "GET /a?b=c&api_key=123%3AAB%2Fc%3Fd HTTP/1.1";
    assert!(request.starts_with(first), "{request}");
    // A part of the URL signs nothing.
    let answer = said("http GET HOST/a auth=part").await;
    assert!(answer.starts_with("secret"), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_looks_and_changes_nothing() {
    let connector = connector(Limits::default()).await;
    let (port, seen) = server(vec![Manner::Answer(OK)]).await;
    let set_up = async |words: &str, rehearsal| {
        let mut channel = with_secrets(words, port);
        channel.webhook_url = Some("https://hub.example.com/channels/test/webhook".into());
        let steps = connector.set_up(&channel, false, rehearsal).await.unwrap();
        steps.unwrap()[0].text.clone()
    };
    let told = set_up("http GET HOST/bot{part}/info", true).await;
    assert_eq!(
        told,
        "200 ok true https://hub.example.com/channels/test/webhook"
    );
    let told = set_up("http POST HOST/bot{part}/set body=1", true).await;
    assert!(
        told.starts_with("denied") && told.contains("rehearsal"),
        "{told}"
    );
    assert_eq!(seen.lock().unwrap().len(), 1);
    let told = set_up("http POST HOST/bot{part}/set body=1", false).await;
    assert!(told.starts_with("200 ok false"), "{told}");
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn waiting_holds_no_turn_and_its_answer_goes_to_the_next_poll() {
    let limits = Limits {
        calls: 1,
        calls_per_plugin: 1,
        calls_per_channel: 1,
        ..Limits::default()
    };
    let connector = connector(limits).await;
    let (port, _) = server(vec![Manner::Silence, Manner::Answer(OK)]).await;
    let channel = with_secrets("wait HOST/bot{part}/updates 3000", port);
    let first = connector
        .poll(&channel, vec![], None)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(first.cursor, b"nothing");
    let wait = first.wait.unwrap();
    // The network has nothing to say for a while; others poll with the one turn that there is.
    let waiting = tokio::spawn({
        let (connector, channel, wait) = (connector.clone(), channel.clone(), wait.clone());
        async move { connector.wait(&channel, wait).await }
    });
    tokio::time::sleep(Duration::from_millis(50)).await;
    let start = Instant::now();
    connector
        .poll(&channel, vec![], None)
        .await
        .unwrap()
        .unwrap();
    assert!(start.elapsed() < Duration::from_secs(2));
    assert!(!waiting.is_finished());
    let over = waiting.await.unwrap();
    assert!(matches!(over, Err(HttpError::NoAnswer(_))), "{over:?}");
    let answer = connector.wait(&channel, wait.clone()).await;
    assert_eq!(answer.as_ref().unwrap().status, 200);
    let next = connector
        .poll(&channel, vec![], Some(answer))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(next.cursor, b"ok");
    // It goes only where the channel may go, and with the secret only where that may stand.
    let mut elsewhere = wait;
    elsewhere.url = "https://example.org/".to_owned();
    let denied = connector.wait(&channel, elsewhere.clone()).await;
    assert!(matches!(denied, Err(HttpError::Denied(_))), "{denied:?}");
    elsewhere.url = format!("http://127.0.0.1:{port}/?a={{part}}");
    let denied = connector.wait(&channel, elsewhere).await;
    assert!(matches!(denied, Err(HttpError::Denied(_))), "{denied:?}");
}
