//! Media by id: uploads of the hub and what customers send.

use std::collections::BTreeMap;
use std::sync::Mutex;

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::WhatsApp;
use super::errors;
use crate::graph::GraphError;
use crate::graph::api::Call;
use crate::graph::lock;
use crate::graph::parameters::parameters_with;
use crate::signature::{app_secret_proof, hex, same};

/// How long media of customers are kept, in days; uploads stay 30.
pub(crate) const CUSTOMERS_DAYS: i64 = 7;
const UPLOADS_DAYS: i64 = 30;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// The path of the addresses that media are fetched at.
pub(crate) const PATH: &str = "/whatsapp_business/attachments/";

/// The kinds of media.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A video.
    Video,
    /// A voice message or a song.
    Audio,
    /// Any file.
    Document,
    /// A sticker.
    Sticker,
}

impl MediaKind {
    pub(crate) const ALL: [Self; 5] = [
        Self::Image,
        Self::Video,
        Self::Audio,
        Self::Document,
        Self::Sticker,
    ];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Video => "video",
            Self::Audio => "audio",
            Self::Document => "document",
            Self::Sticker => "sticker",
        }
    }

    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// The media types that can be sent as this kind.
    fn types(self) -> &'static [&'static str] {
        match self {
            Self::Image => &["image/jpeg", "image/png"],
            Self::Video => &["video/mp4", "video/3gp", "video/3gpp"],
            Self::Audio => &[
                "audio/aac",
                "audio/amr",
                "audio/mpeg",
                "audio/mp4",
                "audio/ogg",
                "audio/opus",
            ],
            Self::Document => &[
                "text/plain",
                "application/pdf",
                "application/vnd.ms-powerpoint",
                "application/msword",
                "application/vnd.ms-excel",
                "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
                "application/vnd.openxmlformats-officedocument.presentationml.presentation",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ],
            Self::Sticker => &["image/webp"],
        }
    }

    /// The most bytes.
    fn limit(self) -> usize {
        const MEGABYTE: usize = 1024 * 1024;
        match self {
            Self::Image => 5 * MEGABYTE,
            Self::Video | Self::Audio => 16 * MEGABYTE,
            Self::Document => 100 * MEGABYTE,
            // An animated one may have 500 KB; a still one 100.
            Self::Sticker => 500 * 1024,
        }
    }

    /// Whether a file of this type can be sent as this kind; parameters do not count.
    pub(crate) fn takes(self, mime: &str) -> bool {
        let bare = mime.split(';').next().unwrap_or_default().trim();
        self.types().contains(&bare)
    }
}

/// A file.
#[derive(Debug, Clone)]
pub(crate) struct Medium {
    pub(crate) mime: String,
    pub(crate) bytes: Bytes,
    sha256: [u8; 32],
    ends_ms: i64,
}

impl Medium {
    /// The checksum as webhooks have it.
    pub(crate) fn sha256_base64(&self) -> String {
        STANDARD.encode(self.sha256)
    }

    /// The checksum as `GET /{media-id}` has it.
    fn sha256_hex(&self) -> String {
        hex(&self.sha256)
    }
}

/// All files of the number.
#[derive(Debug, Default)]
pub(crate) struct Files {
    kept: Mutex<BTreeMap<String, Medium>>,
}

impl Files {
    /// Keeps a file for some days and returns its id.
    pub(crate) fn add(&self, mime: String, bytes: Bytes, now_ms: i64, days: i64) -> String {
        let mut kept = lock(&self.kept);
        // Decimal numbers of 16 digits; a deleted file's number does not come again.
        let next = kept
            .last_key_value()
            .and_then(|(last, _)| last.parse::<u64>().ok())
            .map_or(1_037_543_291_543_636, |last| last + 1);
        let id = next.to_string();
        let medium = Medium {
            sha256: Sha256::digest(&bytes).into(),
            mime,
            bytes,
            ends_ms: now_ms + days * DAY_MS,
        };
        kept.insert(id.clone(), medium);
        id
    }

    /// A file that is still there.
    pub(crate) fn get(&self, id: &str, now_ms: i64) -> Option<Medium> {
        let kept = lock(&self.kept);
        kept.get(id)
            .filter(|medium| medium.ends_ms > now_ms && !medium.bytes.is_empty())
            .cloned()
    }

    fn delete(&self, id: &str) {
        if let Some(medium) = lock(&self.kept).get_mut(id) {
            // The id stays taken.
            medium.bytes = Bytes::new();
        }
    }
}

impl WhatsApp {
    /// The address that a file is fetched at, which ends with its time.
    pub(crate) fn media_address(&self, id: &str, source: &str) -> String {
        let lifetime = self.options.media_address_lifetime.as_secs();
        let ends =
            self.world.clock.now_ms() / 1000 + i64::try_from(lifetime).unwrap_or(i64::MAX / 2);
        let hash = self.media_hash(id, ends);
        format!(
            "{}{PATH}?mid={id}&source={source}&ext={ends}&hash={hash}",
            self.base_url()
        )
    }

    fn media_hash(&self, id: &str, ends: i64) -> String {
        app_secret_proof(&self.options.app_secret, &format!("{id}.{ends}"))
    }

    /// `GET` of such an address, with the token.
    pub(crate) fn download(&self, call: &Call<()>) -> Response {
        if let Err(refusal) = self.admit(PATH, call) {
            return refusal.into_response();
        }
        let id = call.parameter("mid").unwrap_or_default();
        let ends: i64 = call
            .parameter("ext")
            .and_then(|ends| ends.parse().ok())
            .unwrap_or_default();
        let now = self.world.clock.now_ms();
        let right = same(
            call.parameter("hash").unwrap_or_default(),
            &self.media_hash(id, ends),
        );
        let medium = self
            .files
            .get(id, now)
            .filter(|_| right && ends > now / 1000);
        let Some(medium) = medium else {
            return GraphError {
                status: 404,
                ..GraphError::no_such_object("get", id)
            }
            .into_response();
        };
        let mut response = Response::new(Body::from(medium.bytes));
        if let Ok(mime) = HeaderValue::try_from(medium.mime) {
            response.headers_mut().insert(header::CONTENT_TYPE, mime);
        }
        response
    }
}

/// `POST /{number}/media`
pub(crate) async fn upload(whatsapp: &WhatsApp, call: &Call<()>) -> Result<Value, GraphError> {
    let parameters = parameters_with(call, &["file"]).await?;
    if parameters.filled("messaging_product")?.as_deref() != Some("whatsapp") {
        return Err(GraphError::parameter(
            "The parameter messaging_product is required.",
        ));
    }
    let Some((mime, bytes)) = parameters.file.filter(|(_, bytes)| !bytes.is_empty()) else {
        return Err(GraphError::parameter("The parameter file is required."));
    };
    let Some(kind) = MediaKind::ALL.into_iter().find(|kind| kind.takes(&mime)) else {
        let known: Vec<&str> = MediaKind::ALL
            .iter()
            .flat_map(|kind| kind.types())
            .copied()
            .collect();
        return Err(GraphError::parameter(format!(
            "Param file must be a file with one of the following types: {}. Received file of type \
             '{mime}'.",
            known.join(", ")
        )));
    };
    if bytes.len() > kind.limit() {
        return Err(errors::detailed(
            131_053,
            format!(
                "Media file size too big. Max file size we currently support: {} bytes.",
                kind.limit()
            ),
        ));
    }
    let now = whatsapp.world.clock.now_ms();
    Ok(json!({ "id": whatsapp.files.add(mime, bytes, now, UPLOADS_DAYS) }))
}

/// `GET /{media}`; `None`: there is no such file.
pub(crate) fn show(
    whatsapp: &WhatsApp,
    id: &str,
    call: &Call<()>,
) -> Option<Result<Value, GraphError>> {
    let medium = whatsapp.files.get(id, whatsapp.world.clock.now_ms())?;
    Some(belongs(whatsapp, id, "get", call).map(|()| {
        json!({
            "messaging_product": "whatsapp",
            "url": whatsapp.media_address(id, "getMedia"),
            "mime_type": medium.mime,
            "sha256": medium.sha256_hex(),
            "file_size": medium.bytes.len(),
            "id": id,
        })
    }))
}

/// `DELETE /{media}`; `None`: there is no such file.
pub(crate) fn delete(
    whatsapp: &WhatsApp,
    id: &str,
    call: &Call<()>,
) -> Option<Result<Value, GraphError>> {
    whatsapp.files.get(id, whatsapp.world.clock.now_ms())?;
    Some(belongs(whatsapp, id, "delete", call).map(|()| {
        whatsapp.files.delete(id);
        json!({ "success": true })
    }))
}

/// The optional `phone_number_id` must be the number that the file belongs to.
fn belongs(whatsapp: &WhatsApp, id: &str, verb: &str, call: &Call<()>) -> Result<(), GraphError> {
    match call.parameter("phone_number_id") {
        Some(number) if number != whatsapp.options.phone_number_id => {
            Err(GraphError::no_such_object(verb, id))
        }
        _ => Ok(()),
    }
}
