//! Events over a WebSocket.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::response::Response;
use tokio::time::timeout;

use super::feed::{Feed, Frame, open};
use super::{From, Reader};
use crate::App;
use crate::problem::Problem;

/// What a client may send at once; it has nothing to say beyond control frames.
const LARGEST: usize = 4 * 1024;

/// Everything that happens, over a WebSocket
///
/// Each text message is one event, as `/api/events.schema.json` describes. A heartbeat
/// `{"kind": "heartbeat", "seq": …}` comes at least every 15 seconds. Resume with `after`.
#[utoipa::path(get, operation_id = "streamEventsByWebSocket", path = "/events/ws", tag = "events", params(From),
    responses((status = 101)),
    extensions(("x-problems" = json!(["cursor-too-old", "too-many-streams"]))))]
pub(super) async fn stream(
    State(app): State<Arc<App>>,
    reader: Reader,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = upgrade
        .map_err(|rejection| Problem::new("bad-parameter", format!("no WebSocket: {rejection}")))?;
    let feed = open(&app, reader).await?;
    Ok(upgrade
        .max_message_size(LARGEST)
        .on_upgrade(move |socket| carry(app, socket, feed)))
}

async fn carry(app: Arc<App>, mut socket: WebSocket, mut feed: Feed) {
    loop {
        let frame = tokio::select! {
            frame = feed.next() => frame,
            received = socket.recv() => match received {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                // Pings are answered by the library; anything else has no meaning here.
                Some(Ok(_)) => continue,
            },
        };
        let (message, is_end) = match frame {
            Some(Frame::Event(piece)) => (Message::Text(piece.json), false),
            Some(Frame::Heartbeat(seq)) => {
                let json = format!("{{\"kind\":\"heartbeat\",\"seq\":{seq}}}");
                (Message::text(json), false)
            }
            Some(Frame::End(reason)) => {
                let frame = CloseFrame {
                    code: close_code::POLICY,
                    reason: reason.into(),
                };
                (Message::Close(Some(frame)), true)
            }
            None => (Message::Close(None), true),
        };
        // Whoever takes nothing is cut off, and resumes with its cursor.
        let sent = timeout(app.options.slow_reader, socket.send(message)).await;
        if is_end || !matches!(sent, Ok(Ok(()))) {
            return;
        }
    }
}
