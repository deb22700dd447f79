//! Events as Server-Sent Events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;

use super::feed::{Feed, Frame, open};
use super::{From, Reader};
use crate::App;
use crate::problem::Problem;

/// How long a browser waits before it connects again.
const RETRY: Duration = Duration::from_secs(2);

/// Everything that happens, as Server-Sent Events
///
/// `id` is the event's number, `event` its kind, `data` the JSON that `/api/events.schema.json`
/// describes. Everybody gets what concerns their queues and themselves; with the right `see-all`, all. A
/// comment comes at least every 15 seconds. Resume with `Last-Event-ID` (or `after`); the event `end` tells why the
/// hub ends a stream.
#[utoipa::path(get, operation_id = "streamEvents", path = "/events", tag = "events",
    params(From, ("last-event-id" = Option<String>, Header)),
    responses((status = 200, content_type = "text/event-stream", body = String)),
    extensions(("x-problems" = json!(["cursor-too-old", "too-many-streams"]))))]
pub(super) async fn stream(
    State(app): State<Arc<App>>,
    reader: Reader,
) -> Result<Response, Problem> {
    let feed = open(&app, reader).await?;
    let headers = [
        (CONTENT_TYPE, "text/event-stream"),
        (CACHE_CONTROL, "no-cache"),
        // A proxy that collects what it passes on would hold events back.
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    let body = Body::from_stream(futures::stream::unfold(feed, next));
    Ok((headers, body).into_response())
}

async fn next(mut feed: Feed) -> Option<(Result<Bytes, Infallible>, Feed)> {
    let block = match feed.next().await? {
        Frame::Event(piece) => piece.block,
        Frame::Heartbeat(seq) => {
            let retry = RETRY.as_millis();
            format!(": seq {seq}\nretry: {retry}\n\n").into()
        }
        // JSON of a word from a fixed set.
        Frame::End(reason) => format!("event: end\ndata: {{\"reason\":\"{reason}\"}}\n\n").into(),
    };
    Some((Ok(block), feed))
}
