//! Files: what customers attached, and what agents attach.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Json as Answer, Response};
use futures::{StreamExt as _, stream};
use linecard_model::message::AttachmentFile;
use linecard_sandbox::{MediaError, MediaStore as _};
use serde::Serialize;
use tower_http::services::ServeFile;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::extract::{Caller, Path};
use super::problem::Problem;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(download))
        .routes(routes!(upload))
}

/// What a browser may do with a file that came from outside: show it, and nothing else.
const INERT: &str =
    "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox";

/// The bytes of a file.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
pub(super) struct Bytes(#[allow(dead_code, reason = "it only describes a body")] Vec<u8>);

/// A file of a message
///
/// The customer's attachment number `{index}`, counted from 0, once its `files` entry says `stored`,
/// or what an agent attached. Ranges and conditions of HTTP are understood. Kinds that a browser
/// shows without running anything are shown, all others are downloads.
#[utoipa::path(get, operation_id = "downloadFile", path = "/interactions/{id}/messages/{message}/files/{index}",
    tag = "work",
    params(("id" = String, Path), ("message" = String, Path), ("index" = u32, Path)),
    responses((status = 200, content((Bytes = "application/octet-stream"), (Bytes = "*/*"))),
        (status = 206, content((Bytes = "application/octet-stream"), (Bytes = "*/*"))),
        (status = 304, description = "The caller has the file already"),
        (status = 412, description = "The file is not the one that the condition names"),
        (status = 416, description = "The file has no such part")),
    extensions(("x-problems" = json!(["not-found", "file-pending", "file-lost"]))))]
async fn download(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, message, index)): Path<(String, String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let interaction = app.interaction(&caller, &id).await?;
    let unknown = || Problem::not_found("message", &message);
    let known = match message.parse() {
        Ok(message) => app.message_in(&interaction, message).await?,
        Err(_) => None,
    };
    let known = known.ok_or_else(unknown)?;
    let nothing = || Problem::not_found("file", &index);
    let place: usize = index.parse().map_err(|_| nothing())?;
    let content = &known.content;
    let (media, name) = if let Some(sent) = content.outgoing_attachments.get(place) {
        let media = sent.media.clone().ok_or_else(nothing)?;
        (media, sent.attachment.name.clone())
    } else {
        let attachment = content.attachments.get(place).ok_or_else(nothing)?;
        let media = match known.files.get(place) {
            Some(AttachmentFile::Stored { media, .. }) => media.clone(),
            Some(AttachmentFile::Pending) => {
                return Err(Problem::new(
                    "file-pending",
                    "the hub is still fetching this file; the event `file-fetched` tells when it is there",
                ));
            }
            Some(AttachmentFile::Failed { reason }) => {
                return Err(Problem::new(
                    "file-lost",
                    format!("the file could not be fetched: {reason}"),
                ));
            }
            Some(AttachmentFile::None) | None => return Err(nothing()),
        };
        (media, attachment.name.clone())
    };
    serve(&app, request, &media, name.as_deref()).await
}

async fn serve(
    app: &App,
    request: Request,
    media: &str,
    name: Option<&str>,
) -> Result<Response, Problem> {
    let folder = &app.hub.equipment.media;
    let missing = || Problem::not_found("file", media);
    let (path, mime) = folder.find(media).await.ok_or_else(missing)?;
    let kind = mime.as_deref().unwrap_or("application/octet-stream");
    let parsed = kind.parse().unwrap_or(mime::APPLICATION_OCTET_STREAM);
    let served = ServeFile::new_with_mime(path, &parsed)
        .try_call(request)
        .await
        .map_err(|error| Problem::new("internal", format!("the file cannot be read: {error}")))?;
    let mut response = served.map(Body::new).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(INERT));
    // A file never changes: its name is its content's hash.
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static("private, max-age=86400, immutable"),
    );
    if let Ok(disposition) = HeaderValue::from_str(&disposition(kind, name)) {
        headers.insert(CONTENT_DISPOSITION, disposition);
    }
    Ok(response)
}

/// RFC 6266: shown in place if a browser runs nothing of it; the name as RFC 8187 writes it.
fn disposition(mime: &str, name: Option<&str>) -> String {
    let is_shown = mime.starts_with("image/")
        || mime.starts_with("audio/")
        || mime.starts_with("video/")
        || matches!(mime, "application/pdf" | "text/plain");
    let kind = if is_shown { "inline" } else { "attachment" };
    match name.map(str::trim).filter(|name| !name.is_empty()) {
        Some(name) => {
            let name: String = url::form_urlencoded::byte_serialize(name.as_bytes())
                .collect::<String>()
                .replace('+', "%20");
            format!("{kind}; filename*=UTF-8''{name}")
        }
        None => kind.to_owned(),
    }
}

/// How much each person and key has uploaded in the present hour.
#[derive(Default)]
pub(super) struct Uploads(Mutex<HashMap<String, (Instant, u64)>>);

/// The time over which uploads are counted.
const HOUR: Duration = Duration::from_hours(1);

impl Uploads {
    /// Counts bytes of somebody, or tells in how many seconds there is room again. There are no more
    /// entries than there are people and keys.
    fn take(&self, name: &str, bytes: u64, most: u64) -> Result<(), u64> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let (since, used) = all.entry(name.to_owned()).or_insert((now, 0));
        if now.duration_since(*since) >= HOUR {
            (*since, *used) = (now, 0);
        }
        let wanted = used.saturating_add(bytes);
        if wanted > most {
            return Err(HOUR.saturating_sub(now.duration_since(*since)).as_secs() + 1);
        }
        *used = wanted;
        Ok(())
    }
}

/// A file in the media store.
#[derive(Debug, Serialize, ToSchema)]
struct Uploaded {
    /// What an attachment of an answer names as its `media`.
    media: String,
    /// The size in bytes.
    size: u64,
    /// The MIME type, if it was given and is harmless.
    #[serde(skip_serializing_if = "Option::is_none")]
    mime: Option<String>,
    /// The lower-case hexadecimal SHA-256.
    sha256: String,
}

/// Upload a file to attach
///
/// The body is the file, `content-type` its type. The limit is `media.file_bytes` of the process's
/// configuration; what a network takes stands in the interaction's `capabilities`.
#[utoipa::path(post, operation_id = "uploadFile", path = "/media", tag = "work",
    request_body(content = Bytes, content_type = "application/octet-stream"),
    responses((status = 201, body = Uploaded)),
    extensions(("x-problems" = json!(["too-large", "invalid", "quota-exceeded"]))))]
async fn upload(
    State(app): State<Arc<App>>,
    caller: Caller,
    headers: HeaderMap,
    body: Body,
) -> Result<(StatusCode, Answer<Uploaded>), Problem> {
    let folder = &app.hub.equipment.media;
    let mime = headers.get(CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let mut content = body
        .into_data_stream()
        .map(|piece| piece.map_err(std::io::Error::other))
        .boxed();
    // No network takes an empty file, and an empty body is a client's mistake.
    let first = loop {
        match content.next().await {
            Some(Ok(piece)) if piece.is_empty() => {}
            Some(piece) => break piece,
            None => {
                return Err(Problem::invalid(
                    "",
                    "the body is empty: it must be the file's content",
                ));
            }
        }
    };
    // Counted as it comes: a body may say less than it is.
    let over = Arc::new(OnceLock::new());
    let (counting, told, name) = (
        Arc::clone(&app),
        Arc::clone(&over),
        caller.actor.name.clone(),
    );
    let whole = stream::iter([first]).chain(content).map(move |piece| {
        let piece = piece?;
        let most = counting.options.upload_bytes_per_hour;
        let counted = counting.uploads.take(&name, piece.len() as u64, most);
        counted.map(|()| piece).map_err(|seconds| {
            told.get_or_init(|| seconds);
            std::io::Error::other("the quota is used up")
        })
    });
    let stored = folder.store(mime, whole.boxed()).await;
    if let Some(seconds) = over.get() {
        let most = app.options.upload_bytes_per_hour;
        let detail = format!("{} may upload {most} bytes an hour", caller.actor.name);
        return Err(Problem::new("quota-exceeded", detail).retry_after(*seconds));
    }
    let stored = stored.map_err(|error| match error {
        MediaError::TooLarge(limit) => Problem::new(
            "too-large",
            format!("a file may have {limit} bytes at most"),
        ),
        other => Problem::new("internal", other.to_string()),
    })?;
    let mime = folder.find(&stored.media).await.and_then(|(_, mime)| mime);
    let uploaded = Uploaded {
        media: stored.media,
        size: stored.size,
        mime,
        sha256: stored.sha256,
    };
    Ok((StatusCode::CREATED, Answer(uploaded)))
}

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn only_what_runs_nothing_is_shown_in_place() {
        assert_eq!(disposition("image/png", None), "inline");
        assert_eq!(
            disposition("application/zip", Some("Übersicht 1.zip")),
            "attachment; filename*=UTF-8''%C3%9Cbersicht%201.zip"
        );
        assert_eq!(
            disposition("text/html", Some("a\r\n\"b")),
            "attachment; filename*=UTF-8''a%0D%0A%22b"
        );
    }
}
