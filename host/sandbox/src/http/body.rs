//! Bodies, both ways, bounded.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use reqwest::multipart::{Form, Part};
use reqwest::{RequestBuilder, Response};

use super::{HttpBody, HttpError, HttpPartContent, HttpRequest, HttpResponse};
use crate::media::{MediaError, MediaFile, MediaStore, StoredBody};

/// Puts the body on the request, opening the files that it names.
pub(super) async fn attach(
    builder: RequestBuilder,
    request: &HttpRequest,
    media: &dyn MediaStore,
) -> Result<RequestBuilder, HttpError> {
    match &request.body {
        HttpBody::Empty => Ok(builder),
        HttpBody::Bytes(bytes) => Ok(builder.body(bytes.clone())),
        HttpBody::Media(name) => {
            let file = open(media, name, request.max_media).await?;
            let builder = builder.header(http::header::CONTENT_LENGTH, file.size);
            let builder = match file.mime {
                Some(mime) if !request.headers.contains_key(http::header::CONTENT_TYPE) => {
                    builder.header(http::header::CONTENT_TYPE, mime)
                }
                _ => builder,
            };
            Ok(builder.body(reqwest::Body::wrap_stream(file.content)))
        }
        HttpBody::Multipart(parts) => {
            let mut form = Form::new();
            for part in parts {
                let (mut made, mut mime, mut file_name) = match &part.content {
                    HttpPartContent::Bytes(bytes) => (Part::stream(bytes.clone()), None, None),
                    HttpPartContent::Media(name) => {
                        let file = open(media, name, request.max_media).await?;
                        let body = reqwest::Body::wrap_stream(file.content);
                        let made = Part::stream_with_length(body, file.size);
                        (made, file.mime, file.name)
                    }
                    HttpPartContent::MediaRange(range) => {
                        let file = open(media, &range.media, request.max_media).await?;
                        if range.offset > 0 && range.offset >= file.size {
                            return Err(HttpError::Denied(format!(
                                "the file \"{}\" has {} bytes; no piece begins at byte {}",
                                range.media, file.size, range.offset
                            )));
                        }
                        let length = range.length.min(file.size.saturating_sub(range.offset));
                        let piece = media
                            .open_range(&range.media, range.offset, length)
                            .await
                            .map_err(|error| HttpError::Denied(error.to_string()))?;
                        let body = reqwest::Body::wrap_stream(piece);
                        let made = Part::stream_with_length(body, length);
                        (made, file.mime, file.name)
                    }
                };
                mime = part.content_type.clone().or(mime);
                file_name = part.file_name.clone().or(file_name);
                if let Some(mime) = mime {
                    made = made.mime_str(&mime).map_err(|_| {
                        HttpError::Denied(format!("\"{mime}\" is not a content type"))
                    })?;
                }
                if let Some(file_name) = file_name {
                    made = made.file_name(quotable(&file_name));
                }
                form = form.part(part.name.clone(), made);
            }
            Ok(builder.multipart(form))
        }
    }
}

/// A file's name as it may stand between quotes in a part's header: control characters, quotes and
/// backslashes are percent-encoded (RFC 7578, section 2), so that a name that somebody chose can neither
/// end the header nor begin another. Other characters stay, in UTF-8, as browsers send them.
fn quotable(name: &str) -> String {
    let mut quotable = String::with_capacity(name.len());
    for character in name.chars() {
        if character.is_control() || matches!(character, '"' | '\\') {
            let mut buffer = [0; 4];
            for byte in character.encode_utf8(&mut buffer).bytes() {
                // Writing to a text cannot fail.
                let _ = write!(quotable, "%{byte:02X}");
            }
        } else {
            quotable.push(character);
        }
    }
    quotable
}

async fn open(media: &dyn MediaStore, name: &str, most: u64) -> Result<MediaFile, HttpError> {
    let file = media
        .open(name)
        .await
        .map_err(|error| HttpError::Denied(error.to_string()))?;
    if file.size > most {
        return Err(HttpError::Limit(format!(
            "the file \"{name}\" has {} bytes; {most} are the most",
            file.size
        )));
    }
    Ok(file)
}

/// Reads the whole answer. From here on the request has left, so every error is `no-answer`.
pub(super) async fn read(
    mut response: Response,
    request: &HttpRequest,
    media: &dyn MediaStore,
) -> Result<HttpResponse, HttpError> {
    let status = response.status();
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            (name.as_str().to_owned(), value)
        })
        .collect();
    // What a failed request says is for the guest to read, not to keep.
    if request.store_body && status.is_success() {
        let stored = store(response, request.max_media, media).await?;
        return Ok(HttpResponse {
            status: status.as_u16(),
            headers,
            body: Bytes::new(),
            stored: Some(stored),
        });
    }
    let mut body = BytesMut::new();
    while let Some(piece) = response.chunk().await.map_err(|error| broken(&error))? {
        if (body.len() as u64).saturating_add(piece.len() as u64) > request.max_body {
            return Err(HttpError::NoAnswer(format!(
                "the answer is over the {} bytes that this call may still receive",
                request.max_body
            )));
        }
        body.extend_from_slice(&piece);
    }
    Ok(HttpResponse {
        status: status.as_u16(),
        headers,
        body: body.freeze(),
        stored: None,
    })
}

async fn store(
    response: Response,
    most: u64,
    media: &dyn MediaStore,
) -> Result<StoredBody, HttpError> {
    let mime = response
        .headers()
        .get(http::header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned);
    let received = Arc::new(AtomicU64::new(0));
    let content = response.bytes_stream().map(move |piece| {
        let piece = piece.map_err(|error| std::io::Error::other(error.without_url()))?;
        let length = piece.len() as u64;
        if received
            .fetch_add(length, Ordering::Relaxed)
            .saturating_add(length)
            > most
        {
            return Err(std::io::Error::other(format!(
                "the file is over {most} bytes"
            )));
        }
        Ok(piece)
    });
    media
        .store(mime.as_deref(), content.boxed())
        .await
        .map_err(|error| match error {
            // The request was made; only its answer is lost.
            MediaError::Denied
            | MediaError::Missing(_)
            | MediaError::TooLarge(_)
            | MediaError::Failed(_) => {
                HttpError::NoAnswer(format!("the answer could not be stored: {error}"))
            }
        })
}

/// The error of an answer that broke off.
pub(super) fn broken(error: &reqwest::Error) -> HttpError {
    HttpError::NoAnswer(super::client::reason(error))
}
