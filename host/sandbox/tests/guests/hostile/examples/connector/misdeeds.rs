use std::sync::atomic::{AtomicU32, Ordering};

use super::exports::linecard::plugin::connector_api::{
    Event, Failure, Finding, Reception, Rejection, Severity, WebhookRequest, WebhookResponse,
};
use super::linecard::plugin::events::{EventKind, Location, Message};
use super::linecard::plugin::templates::{
    TemplateCategory, TemplateDefinition, TemplateList, TemplateParameter, TemplatePart,
    TemplatePartKind, TemplateState,
};
use super::linecard::plugin::{clock, http, log, random, secrets};

static CALLS: AtomicU32 = AtomicU32::new(0);

#[link(wasm_import_module = "wasi:clocks/monotonic-clock@0.2.6")]
unsafe extern "C" {
    #[link_name = "subscribe-duration"]
    fn subscribe_duration(nanoseconds: u64) -> i32;
}

pub fn receive(config: &str, request: WebhookRequest) -> Result<Reception, Rejection> {
    let calls = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
    let words: Vec<&str> = config.split(' ').collect();
    let number = |at: usize| -> usize { words[at].parse().unwrap() };
    let mut status = 200;
    let mut headers = vec![];
    let mut events = vec![];
    let said = match words[0] {
        "echo" => return answer(200, vec![], request.body, vec![]),
        "count" => calls.to_string(),
        "loop" => spin(),
        "sleep" => {
            std::thread::sleep(std::time::Duration::from_secs(3_600));
            String::new()
        }
        "memory" => {
            let mut all = vec![];
            loop {
                all.push(std::hint::black_box(vec![1_u8; 1 << 20]));
            }
        }
        "stack" => deep(0).to_string(),
        "panic" => panic!("as asked"),
        "exit" => std::process::exit(3),
        "out" => "x".repeat(number(1)),
        "raw" => {
            events.push(event("e", EventKind::Follow, "x".repeat(number(1))));
            String::new()
        }
        "events" => {
            for index in 0..number(1) {
                events.push(event(&index.to_string(), EventKind::Follow, String::new()));
            }
            String::new()
        }
        "nan" => {
            events.push(event(
                "e",
                EventKind::MessageCreated(nowhere()),
                String::new(),
            ));
            String::new()
        }
        "long-id" => {
            events.push(event(&"i".repeat(513), EventKind::Follow, String::new()));
            String::new()
        }
        "status" => {
            status = u16::try_from(number(1)).unwrap();
            String::new()
        }
        "header" => {
            headers.push(("x-a".to_owned(), "b\r\nx-c: d".to_owned()));
            String::new()
        }
        "logs" => {
            for _ in 0..number(1) {
                log::write(log::Level::Debug, &"l".repeat(number(2)));
            }
            String::new()
        }
        "clock" => {
            for _ in 0..number(1) {
                std::hint::black_box(clock::now());
            }
            String::new()
        }
        "wasi-clock" => {
            for _ in 0..number(1) {
                std::hint::black_box(std::time::SystemTime::now());
            }
            spin_for_a_while();
            String::new()
        }
        "handles" => {
            for _ in 0..number(1) {
                std::hint::black_box(unsafe { subscribe_duration(1) });
            }
            String::new()
        }
        "random" => random::bytes(u32::try_from(number(1)).unwrap())
            .len()
            .to_string(),
        "files" => format!(
            "{} {} {} {}",
            std::fs::read("/etc/passwd").is_ok(),
            std::fs::read_dir("/").is_ok(),
            std::fs::read_dir(".").is_ok(),
            std::fs::write("/tmp/made-by-guest", "x").is_ok()
        ),
        "environment" => format!("{} {}", std::env::vars().count(), std::env::args().count()),
        "streams" => {
            println!("to nobody");
            let mut line = String::new();
            let read = std::io::stdin().read_line(&mut line);
            format!("{read:?}")
        }
        "hmac" => format!(
            "{:?}",
            secrets::hmac(words[1], algorithm(words[2]), &request.body)
        ),
        "verify" => {
            let mac: Vec<u8> = (0..words[3].len() / 2)
                .map(|at| u8::from_str_radix(&words[3][at * 2..at * 2 + 2], 16).unwrap())
                .collect();
            format!(
                "{:?}",
                secrets::verify_hmac(words[1], algorithm(words[2]), &request.body, &mac)
            )
        }
        "equals" => format!("{:?}", secrets::equals(words[1], words[2].as_bytes())),
        "http" => sent(&self::request(&words[1..])),
        other => panic!("no such misdeed: {other}"),
    };
    answer(status, headers, said.into_bytes(), events)
}

pub fn perform(config: &str) -> String {
    let words: Vec<&str> = config.split(' ').collect();
    match words[0] {
        "http" => sent(&request(&words[1..])),
        "http-then-loop" => {
            let said = sent(&request(&words[1..]));
            log::write(log::Level::Debug, &said);
            spin()
        }
        "http-twice" => {
            let request = request(&words[1..]);
            format!("{} | {}", sent(&request), sent(&request))
        }
        "http-many" => {
            let count: usize = words[1].parse().unwrap();
            let request = request(&words[2..]);
            let mut last = String::new();
            for _ in 0..count {
                last = sent(&request);
            }
            last
        }
        other => panic!("no such misdeed: {other}"),
    }
}

/// `findings NUMBER LENGTH`
pub fn findings(config: &str) -> Result<Vec<Finding>, Failure> {
    let words: Vec<&str> = config.split(' ').collect();
    let ["findings", count, length] = words.as_slice() else {
        return Err(Failure::Unauthorized("as always".into()));
    };
    let length = length.parse().unwrap();
    let one = || Finding {
        code: "Über\nlang ".repeat(length),
        severity: Severity::Error,
        text: "é\n\u{1b}[31m".repeat(length),
        remedy: Some("x\r".repeat(length)),
        ends: Some(u64::MAX),
    };
    Ok((0..count.parse().unwrap()).map(|_| one()).collect())
}

/// `templates NUMBER PARTS PARAMETERS LENGTH`, after one that is as it should be.
pub fn templates(config: &str) -> TemplateList {
    let words = config.split(' ').skip(1);
    let numbers: Vec<usize> = words.map(|word| word.parse().unwrap()).collect();
    let [count, parts, parameters, length] = numbers.as_slice() else {
        panic!("templates NUMBER PARTS PARAMETERS LENGTH");
    };
    let parameter = || TemplateParameter {
        name: None,
        types: vec!["text".into()],
        optional: false,
        example: Some("x".repeat(*length)),
    };
    let part = || TemplatePart {
        kind: TemplatePartKind::Body,
        name: "body".into(),
        index: None,
        text: Some("é".repeat(*length)),
        parameters: (0..*parameters).map(|_| parameter()).collect(),
    };
    let definition = |name: String, parts: usize| TemplateDefinition {
        id: name.clone(),
        name,
        language: "en".into(),
        category: TemplateCategory::Utility,
        state: TemplateState::Approved,
        reason: None,
        parts: (0..parts).map(|_| part()).collect(),
        preview: "é".repeat(*length),
    };
    let first = definition("fine".into(), 0);
    let more = (0..*count).map(|number| definition(format!("t{number}"), *parts));
    TemplateList {
        templates: std::iter::once(first).chain(more).collect(),
        complete: true,
    }
}

/// `METHOD URL [auth=NAME] [query=PARAMETER:NAME] [timeout=MS] [body=SIZE] [text=BODY] [media=NAME] [part=NAME]
/// [plain-part=NAME] [range=NAME:OFFSET:LENGTH] [store=yes] [header=N:V]…`
pub fn request(words: &[&str]) -> http::Request {
    let mut request = http::Request {
        method: match words[0] {
            "GET" => http::Method::Get,
            "POST" => http::Method::Post,
            "PUT" => http::Method::Put,
            other => panic!("no such method: {other}"),
        },
        url: words[1].to_owned(),
        headers: vec![],
        body: http::Body::Empty,
        auth: None,
        query_secret: None,
        timeout_ms: None,
        store_body: false,
    };
    for word in &words[2..] {
        let (name, value) = word.split_once('=').unwrap();
        match name {
            "auth" => request.auth = Some(value.to_owned()),
            "query" => {
                let (parameter, secret) = value.split_once(':').unwrap();
                request.query_secret = Some(http::QuerySecret {
                    parameter: parameter.to_owned(),
                    secret: secret.to_owned(),
                });
            }
            "timeout" => request.timeout_ms = Some(value.parse().unwrap()),
            "body" => request.body = http::Body::Bytes(vec![b'x'; value.parse().unwrap()]),
            "text" => request.body = http::Body::Bytes(value.as_bytes().to_vec()),
            "media" => request.body = http::Body::Media(value.to_owned()),
            "part" => {
                request.body = form(
                    Some("a.txt"),
                    Some("text/plain"),
                    http::PartContent::Media(value.to_owned()),
                );
            }
            "plain-part" => {
                request.body = form(None, None, http::PartContent::Media(value.to_owned()));
            }
            "range" => {
                let numbers: Vec<&str> = value.split(':').collect();
                request.body = form(
                    None,
                    None,
                    http::PartContent::MediaRange(http::MediaRange {
                        media: numbers[0].to_owned(),
                        offset: numbers[1].parse().unwrap(),
                        length: numbers[2].parse().unwrap(),
                    }),
                );
            }
            "store" => request.store_body = value == "yes",
            "header" => {
                let (name, value) = value.split_once(':').unwrap();
                request.headers.push((name.to_owned(), value.to_owned()));
            }
            other => panic!("no such option: {other}"),
        }
    }
    request
}

/// A form with a field and a file.
fn form(
    file_name: Option<&str>,
    content_type: Option<&str>,
    content: http::PartContent,
) -> http::Body {
    http::Body::Multipart(vec![
        http::BodyPart {
            name: "field".to_owned(),
            file_name: None,
            content_type: None,
            content: http::PartContent::Bytes(b"value\0\xff\r\n--".to_vec()),
        },
        http::BodyPart {
            name: "file".to_owned(),
            file_name: file_name.map(str::to_owned),
            content_type: content_type.map(str::to_owned),
            content,
        },
    ])
}

fn sent(request: &http::Request) -> String {
    match http::send(request) {
        Ok(http::Response {
            status,
            stored: Some(stored),
            body,
            ..
        }) => format!(
            "{status} stored {} {} {} beside {}",
            stored.media,
            stored.size,
            stored.sha256,
            body.len()
        ),
        Ok(response) => format!(
            "{} {}",
            response.status,
            String::from_utf8_lossy(&response.body)
        ),
        Err(http::Error::Denied(text)) => format!("denied: {text}"),
        Err(http::Error::Limit(text)) => format!("limit: {text}"),
        Err(http::Error::NotSent(text)) => format!("not-sent: {text}"),
        Err(http::Error::NoAnswer(text)) => format!("no-answer: {text}"),
        Err(http::Error::Secret(text)) => format!("secret: {text}"),
    }
}

fn answer(
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    events: Vec<Event>,
) -> Result<Reception, Rejection> {
    Ok(Reception {
        response: WebhookResponse {
            status,
            headers,
            body,
        },
        events,
    })
}

fn event(id: &str, kind: EventKind, raw: String) -> Event {
    Event {
        id: id.to_owned(),
        time: u64::MAX,
        thread: None,
        author: None,
        kind,
        raw,
    }
}

fn nowhere() -> Message {
    Message {
        id: "m".into(),
        text: None,
        attachments: vec![],
        location: Some(Location {
            latitude: f64::NAN,
            longitude: 0.0,
            name: None,
            address: None,
        }),
        contacts: vec![],
        structured: None,
        parent: None,
        quoted: None,
        addressed: None,
        referral: None,
        client_ref: None,
        language: None,
    }
}

fn algorithm(word: &str) -> secrets::Algorithm {
    match word {
        "sha1" => secrets::Algorithm::Sha1,
        _ => secrets::Algorithm::Sha256,
    }
}

fn spin() -> ! {
    loop {
        std::hint::black_box(());
    }
}

/// Long enough for the host's clock to tick.
fn spin_for_a_while() {
    let mut sum = 0_u64;
    for number in 0..200_000_000_u64 {
        sum = std::hint::black_box(sum.wrapping_add(number));
    }
}

#[allow(unconditional_recursion)]
fn deep(level: u64) -> u64 {
    let room = std::hint::black_box([level; 64]);
    deep(level + 1) + room[0]
}
