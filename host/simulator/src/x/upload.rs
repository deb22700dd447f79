//! Media upload: in one call, and in pieces by `command` or by path.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request};
use axum::http::header;
use axum::response::Response;
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::X;
use super::api::{Call, json as answer_json, only};
use super::errors::XError;
use super::read::id_of;
use super::state::{Kind, Medium};

/// How long an upload can be used.
const EXPIRES_S: u64 = 86_400;
/// The most bytes of one piece.
const PIECE: usize = 5 * 1024 * 1024;

/// The parts of an upload call, whatever its encoding.
#[derive(Default)]
struct Parts {
    text: Map<String, Value>,
    media: Option<(Option<String>, Bytes)>,
}

impl Parts {
    fn text(&self, name: &str) -> Option<String> {
        match self.text.get(name)? {
            Value::String(text) => Some(text.clone()),
            other => Some(other.to_string()),
        }
    }
}

pub(crate) async fn answer(x: &Arc<X>, path: &[&str], call: Call) -> Result<Response, XError> {
    let method = call.method.clone();
    let query: Map<String, Value> = call
        .query
        .iter()
        .map(|(name, value)| (name.clone(), json!(value)))
        .collect();
    let mut parts = parts(call).await?;
    for (name, value) in query {
        parts.text.entry(name).or_insert(value);
    }
    let command = parts.text("command").unwrap_or_default();
    let named = parts.text("media_id");
    match (method.as_str(), path, command.as_str()) {
        ("GET", [], "STATUS") => status(x, named.as_deref().unwrap_or_default()),
        ("POST", ["initialize"], _) | ("POST", [], "INIT") => initialize(x, &parts),
        ("POST", [id, "append"], _) => append(x, id, &parts),
        ("POST", [], "APPEND") => append(x, named.as_deref().unwrap_or_default(), &parts),
        ("POST", [id, "finalize"], _) => finalize(x, id),
        ("POST", [], "FINALIZE") => finalize(x, named.as_deref().unwrap_or_default()),
        ("POST", [], "") => simple(x, &parts),
        _ => Err(XError::unknown_path()),
    }
}

async fn parts(call: Call) -> Result<Parts, XError> {
    let kind = call
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    let mut found = Parts::default();
    if kind.starts_with("application/json") && !call.body.is_empty() {
        let body = call.json(&[
            "media",
            "media_category",
            "media_type",
            "total_bytes",
            "segment_index",
            "shared",
            "additional_owners",
        ])?;
        if let Value::Object(mut members) = body {
            if let Some(Value::String(encoded)) = members.remove("media") {
                use base64::Engine as _;
                let bytes = base64::engine::general_purpose::STANDARD
                    .decode(encoded)
                    .map_err(|error| {
                        XError::invalid("media", "", format!("$.media: is not BASE64: {error}"))
                    })?;
                found.media = Some((None, Bytes::from(bytes)));
            }
            found.text = members;
        }
        return Ok(found);
    }
    found.text.extend(
        call.form
            .iter()
            .map(|(name, value)| (name.clone(), json!(value))),
    );
    if !kind.starts_with("multipart/form-data") {
        return Ok(found);
    }
    let failed = |error: String| XError::invalid("body", "", error);
    let mut request = Request::new(Body::from(call.body));
    *request.headers_mut() = call.headers;
    // The size was looked at when the call came in.
    DefaultBodyLimit::disable().apply(&mut request);
    let mut form = Multipart::from_request(request, &())
        .await
        .map_err(|error| failed(error.to_string()))?;
    while let Some(field) = form
        .next_field()
        .await
        .map_err(|error| failed(error.to_string()))?
    {
        let name = field.name().unwrap_or_default().to_owned();
        if name == "media" {
            let kind = field.content_type().map(str::to_owned);
            let bytes = field
                .bytes()
                .await
                .map_err(|error| failed(error.to_string()))?;
            found.media = Some((kind, bytes));
        } else {
            let text = field
                .text()
                .await
                .map_err(|error| failed(error.to_string()))?;
            found.text.insert(name, json!(text));
        }
    }
    only(
        &Value::Object(found.text.clone()),
        &[
            "command",
            "media_id",
            "media_category",
            "media_type",
            "total_bytes",
            "segment_index",
            "shared",
            "additional_owners",
        ],
    )?;
    Ok(found)
}

fn kind_of(category: &str) -> Result<Kind, XError> {
    match category.split_once('_').map(|(_, kind)| kind) {
        Some("image") => Ok(Kind::Photo),
        Some("gif") => Ok(Kind::Gif),
        Some("video") => Ok(Kind::Video),
        _ => Err(XError::invalid(
            "media_category",
            category,
            "$.media_category: does not have a value in the enumeration",
        )),
    }
}

/// The type that the first bytes tell.
fn sniff(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', ..] => Some("image/gif"),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some("image/webp"),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some("video/mp4"),
        _ => None,
    }
}

fn fresh(x: &X, category: String, mime: String, total: usize) -> Result<Medium, XError> {
    let kind = kind_of(&category)?;
    let fits = match kind {
        Kind::Photo => matches!(
            mime.as_str(),
            "image/png" | "image/jpeg" | "image/webp" | "image/bmp" | "image/pjpeg" | "image/tiff"
        ),
        Kind::Gif => mime == "image/gif",
        Kind::Video => matches!(
            mime.as_str(),
            "video/mp4" | "video/quicktime" | "video/webm" | "video/mp2t"
        ),
    };
    if !fits {
        return Err(XError::invalid(
            "media_type",
            &mime,
            format!("media type {mime} does not go with {category}"),
        ));
    }
    if total > kind.most() {
        return Err(XError::too_large(kind.most()));
    }
    let id = x.state().new_id(x.world.clock.now_ms());
    Ok(Medium {
        id,
        kind,
        mime,
        category,
        total,
        segments: std::collections::BTreeMap::new(),
        finalized: false,
        ready_ms: 0,
        path: None,
    })
}

fn simple(x: &X, parts: &Parts) -> Result<Response, XError> {
    let Some((_, bytes)) = &parts.media else {
        return Err(XError::invalid(
            "media",
            "",
            "$.media: is missing but it is required",
        ));
    };
    let category = parts.text("media_category").ok_or_else(|| {
        XError::invalid(
            "media_category",
            "",
            "$.media_category: is missing but it is required",
        )
    })?;
    if kind_of(&category)? != Kind::Photo {
        return Err(XError::invalid(
            "media_category",
            &category,
            "GIFs and videos are uploaded in pieces",
        ));
    }
    let mime =
        sniff(bytes).ok_or_else(|| XError::invalid("media", "", "media type unrecognized."))?;
    let mut medium = fresh(x, category, mime.to_owned(), bytes.len())?;
    medium.segments.insert(0, bytes.clone());
    complete(x, &mut medium);
    let shown = described(x, &medium);
    x.state().media.insert(medium.id, medium);
    Ok(answer_json(200, &shown))
}

fn initialize(x: &X, parts: &Parts) -> Result<Response, XError> {
    let needed = |name: &str| {
        parts.text(name).ok_or_else(|| {
            XError::invalid(name, "", format!("$.{name}: is missing but it is required"))
        })
    };
    let total = needed("total_bytes")?;
    let total = total
        .parse()
        .map_err(|_| XError::invalid("total_bytes", &total, "$.total_bytes: is not an integer"))?;
    let medium = fresh(x, needed("media_category")?, needed("media_type")?, total)?;
    let shown = described(x, &medium);
    x.state().media.insert(medium.id, medium);
    Ok(answer_json(200, &shown))
}

fn append(x: &X, id: &str, parts: &Parts) -> Result<Response, XError> {
    let number = id_of("media_id", id)?;
    let index = parts.text("segment_index").unwrap_or_default();
    let index: u32 = index
        .parse()
        .ok()
        .filter(|index| *index <= 999)
        .ok_or_else(|| {
            XError::invalid(
                "segment_index",
                &index,
                "$.segment_index: must be between 0 and 999",
            )
        })?;
    let Some((_, bytes)) = &parts.media else {
        return Err(XError::invalid(
            "media",
            "",
            "$.media: is missing but it is required",
        ));
    };
    if bytes.len() > PIECE {
        return Err(XError::too_large(PIECE));
    }
    let mut state = x.state();
    match state.media.get_mut(&number) {
        Some(medium) if !medium.finalized => {
            medium.segments.insert(index, bytes.clone());
        }
        _ => {
            return Err(XError::invalid(
                "media_id",
                id,
                "no upload is open under this id",
            ));
        }
    }
    let expires = x.world.clock.now_ms() / 1000 + 86_400;
    Ok(answer_json(
        200,
        &json!({ "data": { "expires_at": expires } }),
    ))
}

fn finalize(x: &X, id: &str) -> Result<Response, XError> {
    let number = id_of("media_id", id)?;
    let mut state = x.state();
    let Some(medium) = state.media.get_mut(&number) else {
        return Err(XError::invalid(
            "media_id",
            id,
            "no upload is open under this id",
        ));
    };
    let bytes: usize = medium.segments.values().map(Bytes::len).sum();
    let gapless = medium
        .segments
        .keys()
        .copied()
        .eq((0..).take(medium.segments.len()));
    if bytes != medium.total || !gapless {
        return Err(XError::invalid(
            "media_id",
            id,
            format!(
                "Segments do not add up to provided total file size: {bytes} of {}",
                medium.total
            ),
        ));
    }
    if !medium.finalized {
        complete(x, medium);
    }
    Ok(answer_json(200, &described(x, medium)))
}

fn status(x: &X, id: &str) -> Result<Response, XError> {
    let number = id_of("media_id", id)?;
    let state = x.state();
    match state.media.get(&number) {
        Some(medium) => Ok(answer_json(200, &described(x, medium))),
        None => Err(XError::not_found("media", "media_id", id)),
    }
}

/// Puts the pieces together and lets a video be processed.
fn complete(x: &X, medium: &mut Medium) {
    let whole: Vec<u8> = medium
        .segments
        .values()
        .flat_map(|piece| piece.iter().copied())
        .collect();
    medium.segments.clear();
    medium.path = Some(x.media.add(medium.mime.clone(), Bytes::from(whole)));
    medium.finalized = true;
    let takes = if medium.kind == Kind::Photo {
        0
    } else {
        i64::try_from(x.options.video_processing.as_millis()).unwrap_or(i64::MAX / 4)
    };
    medium.ready_ms = x.world.clock.now_ms() + takes;
}

/// A photo or other file of a customer, ready at once.
pub(crate) fn by_customer(x: &X, mime: &str, bytes: Bytes) -> Result<Medium, XError> {
    let category = match mime {
        "image/gif" => "dm_gif",
        mime if mime.starts_with("video/") => "dm_video",
        _ => "dm_image",
    };
    let mut medium = fresh(x, category.to_owned(), mime.to_owned(), bytes.len())?;
    medium.segments.insert(0, bytes);
    complete(x, &mut medium);
    medium.ready_ms = 0;
    Ok(medium)
}

fn described(x: &X, medium: &Medium) -> Value {
    let mut data = json!({ "id": medium.id.to_string(), "media_key": medium.key(), "expires_after_secs": EXPIRES_S });
    if let Value::Object(members) = &mut data
        && medium.finalized
    {
        members.insert("size".to_owned(), json!(medium.total));
        if medium.kind != Kind::Photo {
            let left = medium.ready_ms - x.world.clock.now_ms();
            let info = if left > 0 {
                json!({ "state": "in_progress", "check_after_secs": left.div_euclid(1000) + 1, "progress_percent": 50 })
            } else {
                json!({ "state": "succeeded", "progress_percent": 100 })
            };
            members.insert("processing_info".to_owned(), info);
        }
    }
    json!({ "data": data })
}
