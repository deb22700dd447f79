//! A server of this machine that reads requests byte for byte, and answers or misbehaves.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use linecard_model::ChannelId;
use linecard_sandbox::{ChannelContext, Grants, HostGrant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::channel;

/// A request as it came.
pub struct Request {
    /// The first line and the headers.
    pub head: String,
    /// The body.
    pub body: Vec<u8>,
}

impl Request {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .filter_map(|line| line.split_once(": "))
            .find(|(given, _)| given.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    /// Head and body as text.
    pub fn text(&self) -> String {
        let body = String::from_utf8_lossy(&self.body);
        format!("{}\r\n\r\n{body}", self.head)
    }
}

/// What the server does with each connection's request.
#[derive(Clone, Copy)]
pub enum Manner {
    Answer(&'static [u8]),
    CloseAtOnce,
    CloseAfterRequest,
    CloseInBody,
    Silence,
}

pub const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// A server that gives one answer after the other, the last one again and again; and all requests
/// that it has read.
pub async fn server(manners: Vec<Manner>) -> (u16, Arc<Mutex<Vec<Request>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::new(Mutex::new(vec![]));
    let requests = Arc::clone(&seen);
    tokio::spawn(async move {
        let mut at = 0;
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let manner = manners[at.min(manners.len() - 1)];
            at += 1;
            if matches!(manner, Manner::CloseAtOnce) {
                continue;
            }
            let request = read_request(&mut stream).await;
            requests.lock().unwrap().push(request);
            match manner {
                Manner::Answer(answer) => {
                    let line = find(answer, b"\r\n").unwrap_or_default();
                    let (status, rest) = answer.split_at(line);
                    let answer = [status, b"\r\nconnection: close", rest].concat();
                    let _ = stream.write_all(&answer).await;
                }
                Manner::CloseInBody => {
                    let _ = stream
                        .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf")
                        .await;
                }
                Manner::Silence => {
                    tokio::spawn(async move {
                        tokio::time::sleep(Duration::from_secs(30)).await;
                        drop(stream);
                    });
                }
                Manner::CloseAtOnce | Manner::CloseAfterRequest => {}
            }
        }
    });
    (port, seen)
}

/// Reads a request whose body has a length.
async fn read_request(stream: &mut tokio::net::TcpStream) -> Request {
    let mut bytes = vec![];
    let mut buffer = [0; 4_096];
    loop {
        if let Some(end) = find(&bytes, b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
            let body = &bytes[end + 4..];
            let request = Request {
                body: body.to_vec(),
                head,
            };
            let length = request.header("content-length");
            if body.len() >= length.map_or(0, |length| length.parse::<usize>().unwrap()) {
                return request;
            }
        }
        match stream.read(&mut buffer).await {
            // It broke off, or is no HTTP.
            Ok(0) | Err(_) => {
                return Request {
                    head: String::from_utf8_lossy(&bytes).into_owned(),
                    body: vec![],
                };
            }
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}

/// Where `part` begins in `bytes`.
fn find(bytes: &[u8], part: &[u8]) -> Option<usize> {
    bytes.windows(part.len()).position(|window| window == part)
}

/// A channel of this name that may reach the server on this port.
pub fn channel_named(name: &str, misdeed: &str, port: u16) -> ChannelContext {
    ChannelContext {
        id: ChannelId::new(name).unwrap(),
        ..granted(misdeed, port)
    }
}

pub fn granted(misdeed: &str, port: u16) -> ChannelContext {
    ChannelContext {
        grants: Arc::new(Grants {
            hosts: vec![HostGrant {
                host: "127.0.0.1".into(),
                port,
                plain_http: true,
                private: true,
            }],
        }),
        ..channel(misdeed)
    }
}
