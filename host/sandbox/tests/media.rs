//! Files that go to and come from the network: what arrives is byte for byte what was stored, and what
//! cannot be sent or kept is named.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

use crate::support::server::{Manner, OK, Request, granted, server};
use crate::support::{connector, perform};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use linecard_model::platform::{Failure, StoredMedia};
use linecard_sandbox::{
    ChannelContext, Connector, Limits, MediaError, MediaFile, MediaStore, MediaStream, StoredBody,
};
use serde_json::json;
use sha2::{Digest as _, Sha256};

/// The largest file of these tests' limits, in bytes.
const MOST: usize = 100_000;

/// A name that a customer could give a file, kept under the name `awkward`.
const AWKWARD: &str = "a\r\nX-Evil: 1\"; name=\"b\\\0\u{7f}\u{85} grün 😀 100%.txt";

/// Every byte value, and what would break a form or a line, in pieces of an odd size.
fn content(size: usize) -> Vec<u8> {
    let noise = (0_u32..).flat_map(|number| {
        let byte = u8::try_from(number.wrapping_mul(31) % 256).unwrap_or_default();
        [byte, b'\r', b'\n', b'-', b'-', 0]
    });
    noise.take(size).collect()
}

fn sha256(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in Sha256::digest(bytes) {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// A file's content and its type.
type Kept = (Vec<u8>, Option<String>);

/// A media store in memory.
#[derive(Default)]
struct Files(Mutex<BTreeMap<String, Kept>>);

impl Files {
    fn with(name: &str, content: &[u8], mime: Option<&str>) -> Arc<Self> {
        let files = Self::default();
        files.put(name, content, mime);
        Arc::new(files)
    }

    fn put(&self, name: &str, content: &[u8], mime: Option<&str>) {
        let file = (content.to_vec(), mime.map(str::to_owned));
        self.0.lock().unwrap().insert(name.to_owned(), file);
    }

    fn find(&self, name: &str) -> Result<Kept, MediaError> {
        let found = self.0.lock().unwrap().get(name).cloned();
        found.ok_or_else(|| MediaError::Missing(name.to_owned()))
    }
}

/// The content piece by piece. A file named `broken` ends with an error after its first piece.
fn pieces(content: &[u8], breaks: bool) -> MediaStream {
    let mut pieces: Vec<std::io::Result<Bytes>> = content
        .chunks(7_919)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    if breaks {
        pieces.truncate(1);
        pieces.push(Err(std::io::Error::other("the disk is broken")));
    }
    stream::iter(pieces).boxed()
}

#[async_trait::async_trait]
impl MediaStore for Files {
    async fn open(&self, media: &str) -> Result<MediaFile, MediaError> {
        let (content, mime) = self.find(media)?;
        Ok(MediaFile {
            size: content.len() as u64,
            mime,
            name: Some(if media == "awkward" {
                AWKWARD.to_owned()
            } else {
                "kept.bin".to_owned()
            }),
            content: pieces(&content, media == "broken"),
        })
    }

    async fn open_range(
        &self,
        media: &str,
        offset: u64,
        length: u64,
    ) -> Result<MediaStream, MediaError> {
        let (content, _) = self.find(media)?;
        let from = usize::try_from(offset).unwrap();
        let to = from + usize::try_from(length).unwrap();
        Ok(pieces(&content[from..to], false))
    }

    async fn store(
        &self,
        mime: Option<&str>,
        mut content: MediaStream,
    ) -> Result<StoredBody, MediaError> {
        let mut whole = vec![];
        while let Some(piece) = content.next().await {
            let piece = piece.map_err(|error| MediaError::Failed(error.to_string()))?;
            whole.extend_from_slice(&piece);
        }
        self.put("stored", &whole, mime);
        Ok(StoredBody {
            media: "stored".to_owned(),
            size: whole.len() as u64,
            sha256: sha256(&whole),
        })
    }
}

async fn bounded() -> Connector {
    connector(Limits {
        media_bytes: MOST as u64,
        // Files do not count as what the guest sends.
        http_sent_bytes: 1_000,
        ..Limits::default()
    })
    .await
}

fn with_files(misdeed: &str, port: u16, files: &Arc<Files>) -> ChannelContext {
    ChannelContext {
        media: Arc::<Files>::clone(files),
        ..granted(misdeed, port)
    }
}

/// A form of [RFC 7578](https://www.rfc-editor.org/rfc/rfc7578) with the guest's field and this file.
fn form(request: &Request, disposition: &str, mime: Option<&str>, file: &[u8]) -> Vec<u8> {
    let kind = request.header("content-type").expect("a content type");
    let boundary = kind
        .strip_prefix("multipart/form-data; boundary=")
        .expect("a boundary");
    let mut whole =
        format!("--{boundary}\r\nContent-Disposition: form-data; name=\"field\"\r\n\r\n")
            .into_bytes();
    whole.extend_from_slice(b"value\0\xff\r\n--");
    whole.extend_from_slice(
        format!("\r\n--{boundary}\r\nContent-Disposition: form-data; {disposition}\r\n").as_bytes(),
    );
    if let Some(mime) = mime {
        whole.extend_from_slice(format!("Content-Type: {mime}\r\n").as_bytes());
    }
    whole.extend_from_slice(b"\r\n");
    whole.extend_from_slice(file);
    whole.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    whole
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_arrives_byte_for_byte_as_a_body_and_as_a_part() {
    let connector = bounded().await;
    let (port, seen) = server(vec![Manner::Answer(OK)]).await;
    let file = content(MOST);
    let files = Files::with("f", &file, Some("image/png"));
    files.put("empty", b"", None);
    let send = async |options: &str| {
        let misdeed = format!("http POST http://127.0.0.1:{port}/ {options}");
        let said = perform(&connector, &with_files(&misdeed, port, &files)).await;
        assert_eq!(said.unwrap(), "200 ok", "{options}");
        seen.lock().unwrap().pop().expect("a request")
    };

    let request = send("media=f").await;
    assert_eq!(request.header("content-type"), Some("image/png"));
    assert_eq!(request.header("content-length"), Some("100000"));
    assert_eq!(request.header("transfer-encoding"), None);
    assert!(request.body == file);
    let request = send("media=f header=content-type:video/mp4").await;
    assert_eq!(request.header("content-type"), Some("video/mp4"));
    assert_eq!(request.head.matches("content-type").count(), 1);
    let request = send("media=empty").await;
    assert_eq!(request.header("content-length"), Some("0"));
    assert!(request.body.is_empty());

    // The guest's own name and type go before the store's.
    let named = "name=\"file\"; filename=\"a.txt\"";
    let kept = "name=\"file\"; filename=\"kept.bin\"";
    let png = Some("image/png");
    for (options, disposition, mime, expected) in [
        ("part=f", named, Some("text/plain"), &file[..]),
        ("plain-part=f", kept, png, &file[..]),
        ("plain-part=empty", kept, None, &b""[..]),
        ("range=f:0:1", kept, png, &file[..1]),
        ("range=f:7900:50", kept, png, &file[7_900..7_950]),
        ("range=f:99999:50", kept, png, &file[99_999..]),
        ("range=f:0:18446744073709551615", kept, png, &file[..]),
        ("range=f:5:0", kept, png, &b""[..]),
        ("range=empty:0:9", kept, None, &b""[..]),
    ] {
        let request = send(options).await;
        let length = request.header("content-length").expect("a length");
        assert_eq!(length, request.body.len().to_string(), "{options}");
        let expected = form(&request, disposition, mime, expected);
        assert!(
            request.body == expected,
            "{options}: {}",
            request.text().chars().take(500).collect::<String>()
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_files_name_cannot_leave_its_quotes() {
    let connector = bounded().await;
    let (port, seen) = server(vec![Manner::Answer(OK)]).await;
    let files = Files::with("awkward", b"x", None);
    let misdeed = format!("http POST http://127.0.0.1:{port}/ plain-part=awkward");
    let said = perform(&connector, &with_files(&misdeed, port, &files)).await;
    assert_eq!(said.unwrap(), "200 ok");
    let request = seen.lock().unwrap().pop().expect("a request");
    let name = "a%0D%0AX-Evil: 1%22; name=%22b%5C%00%7F%C2%85 grün 😀 100%.txt";
    let disposition = format!("name=\"file\"; filename=\"{name}\"");
    let expected = form(&request, &disposition, None, b"x");
    assert!(request.body == expected, "{}", request.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_sent_is_named_and_nothing_leaves() {
    let connector = bounded().await;
    let (port, seen) = server(vec![Manner::Answer(OK)]).await;
    let files = Files::with("f", &content(10), None);
    files.put("large", &content(MOST + 1), None);
    files.put("broken", &content(50_000), None);
    let say = async |options: &str, files: bool, own: &Arc<Files>| {
        let misdeed = format!("http POST http://127.0.0.1:{port}/ {options}");
        let context = if files {
            with_files(&misdeed, port, own)
        } else {
            granted(&misdeed, port)
        };
        perform(&connector, &context).await.unwrap()
    };
    for (options, kind, word) in [
        ("media=g", "denied: ", "\"g\""),
        ("part=g", "denied: ", "\"g\""),
        ("range=g:0:1", "denied: ", "\"g\""),
        (
            "media=large",
            "limit: ",
            "100001 bytes; 100000 are the most",
        ),
        ("part=large", "limit: ", "100001 bytes; 100000 are the most"),
        (
            "range=large:0:1",
            "limit: ",
            "100001 bytes; 100000 are the most",
        ),
        (
            "range=f:10:1",
            "denied: ",
            "has 10 bytes; no piece begins at byte 10",
        ),
        (
            "range=f:18446744073709551615:18446744073709551615",
            "denied: ",
            "has 10 bytes",
        ),
        ("body=1001", "limit: ", "1000 bytes"),
    ] {
        let said = say(options, true, &files).await;
        assert!(
            said.starts_with(kind) && said.contains(word),
            "{options}: {said}"
        );
    }
    for options in ["media=f", "part=f", "range=f:0:1"] {
        let said = say(options, false, &files).await;
        assert!(said.starts_with("denied: "), "{options}: {said}");
    }
    assert!(seen.lock().unwrap().is_empty());
    // A file that breaks off while it is sent: the network has a part of it.
    for options in ["media=broken", "part=broken"] {
        let said = say(options, true, &files).await;
        assert!(said.starts_with("no-answer: "), "{options}: {said}");
    }
}

fn answer(head: &str, body: &[u8]) -> Manner {
    let mut whole =
        format!("HTTP/1.1 {head}\r\ncontent-length: {}\r\n\r\n", body.len()).into_bytes();
    whole.extend_from_slice(body);
    Manner::Answer(Box::leak(whole.into_boxed_slice()))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answers_body_is_stored_as_it_came() {
    let connector = bounded().await;
    let file = content(MOST);
    let (port, seen) = server(vec![
        answer("200 OK\r\ncontent-type: image/png", &file),
        answer("200 OK", b""),
        answer("404 No", b"there is none"),
        answer("200 OK", &content(MOST + 1)),
        Manner::CloseInBody,
    ])
    .await;
    let files = Arc::new(Files::default());
    let misdeed = format!("http GET http://127.0.0.1:{port}/ store=yes");
    let context = with_files(&misdeed, port, &files);
    let said = async || perform(&connector, &context).await.unwrap();

    let hash = sha256(&file);
    assert_eq!(
        said().await,
        format!("200 stored stored 100000 {hash} beside 0")
    );
    let kept = files.find("stored").unwrap();
    assert!(kept.0 == file);
    assert_eq!(kept.1.as_deref(), Some("image/png"));
    let hash = sha256(b"");
    assert_eq!(said().await, format!("200 stored stored 0 {hash} beside 0"));
    assert_eq!(files.find("stored"), Ok((vec![], None)));
    files.0.lock().unwrap().clear();
    // What a failed request says is read, not kept.
    assert_eq!(said().await, "404 there is none");
    let large = said().await;
    assert!(
        large.starts_with("no-answer: ") && large.contains("over 100000 bytes"),
        "{large}"
    );
    let broken = said().await;
    assert!(broken.starts_with("no-answer: "), "{broken}");
    assert!(files.0.lock().unwrap().is_empty());
    assert_eq!(seen.lock().unwrap().len(), 5);
    let denied = perform(&connector, &granted(&misdeed, port)).await.unwrap();
    assert!(
        denied.starts_with("no-answer: ") && denied.contains("no access"),
        "{denied}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_attachment_is_fetched_into_the_media_store() {
    let connector = bounded().await;
    let file = content(54_321);
    let (port, _) = server(vec![
        answer("200 OK\r\ncontent-type: audio/ogg", &file),
        answer("410 Gone", b""),
        answer("200 OK", &content(MOST + 1)),
    ])
    .await;
    let files = Arc::new(Files::default());
    let context = with_files(&format!("GET http://127.0.0.1:{port}/"), port, &files);
    let resolve = async || {
        let attachment = serde_json::from_value(json!({ "kind": "audio" })).unwrap();
        connector.resolve_media(&context, attachment).await.unwrap()
    };
    assert_eq!(
        resolve().await,
        Ok(StoredMedia {
            media: "stored".to_owned(),
            mime: None,
            size: 54_321,
            sha256: sha256(&file),
        })
    );
    let kept = files.find("stored").unwrap();
    assert!(kept.0 == file);
    assert_eq!(kept.1.as_deref(), Some("audio/ogg"));
    files.0.lock().unwrap().clear();
    assert!(matches!(resolve().await, Err(Failure::Gone(text)) if text == "status 410"));
    let large = resolve().await;
    assert!(
        matches!(&large, Err(Failure::Transient(text)) if text.contains("over 100000 bytes")),
        "{large:?}"
    );
    assert!(files.0.lock().unwrap().is_empty());
}
