//! A backup of a running hub: everything that it keeps, as it is at one moment.

use std::io;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE, HeaderName};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use linecard_model::rights::Right;
use tokio::sync::mpsc;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::extract::Caller;
use super::problem::Problem;

/// How many pieces wait for a slow reader.
const WAITING: usize = 16;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(backup))
}

/// A backup of everything that the hub keeps
///
/// The lines of an export (`linecard import` reads them), as everything is at one moment
/// near the end; the hub goes on meanwhile. A backup without its last line, which counts the others, is not
/// whole: then the connection is broken off. Secrets are in it as they are kept, hashed or encrypted; files
/// are not in it. One backup is made at a time. `linecard backup` takes one, with the files.
#[utoipa::path(get, operation_id = "getBackup", path = "/backup", tag = "administration",
    responses((status = 200, content_type = "application/octet-stream", body = super::files::Bytes)),
    extensions(("x-right" = json!("backup")), ("x-problems" = json!(["not-allowed", "backup-runs"]))))]
async fn backup(State(app): State<Arc<App>>, caller: Caller) -> Result<Response, Problem> {
    caller.require(Right::Backup)?;
    let (pieces, mut taken) = mpsc::channel::<Result<Bytes, io::Error>>(WAITING);
    let store = Arc::clone(&app.hub.store);
    let actor = caller.actor.name.clone();
    let ended = pieces.clone();
    // It ends with its reader: a sink that nobody takes from any more says so.
    let making = tokio::spawn(async move {
        let sink = move |piece: Vec<u8>| pieces.blocking_send(Ok(piece.into())).is_ok();
        let made = store.backup(Box::new(sink)).await;
        match &made {
            Ok(values) => tracing::info!(actor, values, "a backup was taken"),
            Err(error) => {
                tracing::warn!(actor, %error, "a backup was not made");
                // The connection is broken off, so that nobody takes it for whole.
                let broken = io::Error::other(error.to_string());
                drop(ended.send(Err(broken)).await);
            }
        }
        made
    });
    // Until there is a first piece, what is wrong can be told as it should be.
    let Some(Ok(first)) = taken.recv().await else {
        return match making.await {
            Ok(Err(error)) => Err(error.into()),
            Ok(Ok(_)) | Err(_) => Err(Problem::new("internal", "the backup ended early")),
        };
    };
    let rest = futures::stream::unfold(taken, |mut taken| async {
        taken.recv().await.map(|piece| (piece, taken))
    });
    let first = futures::stream::once(std::future::ready(Ok(first)));
    let headers = [
        (CONTENT_TYPE, "application/octet-stream"),
        (
            CONTENT_DISPOSITION,
            "attachment; filename=\"linecard.jsonl\"",
        ),
        (HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    let body = Body::from_stream(futures::StreamExt::chain(first, rest));
    Ok((headers, body).into_response())
}
