//! Events as Server-Sent Events.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use futures::Stream;

use super::feed::{Feed, Frame, open};
use super::{From, Reader};
use crate::App;
use crate::problem::{Problem, ProblemBody};

/// How long a browser waits before it connects again.
const RETRY: Duration = Duration::from_secs(2);

/// Everything that happens, as Server-Sent Events
///
/// `id` is the event's number, `event` its kind, `data` the JSON that `/api/events.schema.json`
/// describes. Agents get what concerns their queues and themselves, supervisors all. A comment comes
/// at least every 15 seconds. Resume with `Last-Event-ID` (or `after`); the event `end` tells why the
/// hub ends a stream.
#[utoipa::path(get, path = "/events", tag = "events",
    params(From, ("last-event-id" = Option<String>, Header)),
    responses((status = 200, content_type = "text/event-stream", body = String),
        (status = 400, body = ProblemBody), (status = 410, body = ProblemBody)))]
pub(super) async fn stream(
    State(app): State<Arc<App>>,
    reader: Reader,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let feed = open(&app, reader).await?;
    Ok(Sse::new(futures::stream::unfold(feed, next)))
}

async fn next(mut feed: Feed) -> Option<(Result<Event, Infallible>, Feed)> {
    let event = match feed.next().await? {
        Frame::Event { seq, kind, json } => {
            Event::default().id(seq.to_string()).event(kind).data(json)
        }
        Frame::Heartbeat(seq) => Event::default().comment(format!("seq {seq}")).retry(RETRY),
        // JSON of a word from a fixed set.
        Frame::End(reason) => Event::default()
            .event("end")
            .data(format!("{{\"reason\":\"{reason}\"}}")),
    };
    Some((Ok(event), feed))
}
