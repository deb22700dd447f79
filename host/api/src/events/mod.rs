//! The event streams: the journal as it grows, filtered by what the caller sees, over SSE and
//! WebSocket on one code path.

mod access;
mod asyncapi;
mod audience;
mod data;
mod desktops;
mod feed;
mod outside;
mod scene;
mod schema;
mod shown;
mod snapshot;
mod sse;
mod streams;
mod ticket;
mod ws;

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use linecard_model::event::Seq;
use linecard_vault::auth::Principal;
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::extract::{Caller, Query};
use super::problem::Problem;
use super::serve::Ending;

pub(super) use asyncapi::asyncapi;
pub(super) use desktops::Desktops;
pub(super) use outside::{kinds, told_outside};
pub(super) use scene::{Scene, run};
pub(super) use schema::text as schema;
pub(super) use streams::Streams;
pub(super) use ticket::Tickets;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(sse::stream))
        .routes(routes!(ws::stream))
        .routes(routes!(ticket::issue))
        .routes(routes!(snapshot::get))
}

/// From where on a stream is wanted.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct From {
    /// Only events after this number; the header `Last-Event-ID` goes before it. From now on if
    /// neither is given.
    after: Option<String>,
    /// `raw` adds the network's payloads; `interaction` adds to each event about an interaction that
    /// interaction as the reader's inbox shows it at that moment; `viewers` also tells who looks at the
    /// interactions that the reader sees, and who writes: what is so at the beginning, and each change, as
    /// `interaction-viewers` without a number; `access` also tells when the reader may do or see something
    /// else than before, as `access-changed` without a number. Several with commas: `raw,interaction`.
    #[param(
        pattern = "^(raw|interaction|viewers|access)(,(raw|interaction|viewers|access)){0,3}$"
    )]
    include: Option<String>,
    /// A ticket from `POST /api/v1/events/ticket`, in place of the header `Authorization`.
    ticket: Option<String>,
}

/// Who reads a stream, and from where on.
struct Reader {
    principal: Principal,
    after: Option<Seq>,
    with_raw: bool,
    with_entries: bool,
    with_viewers: bool,
    with_access: bool,
    /// Tells that the server is ending; absent where the router is called without one.
    ending: Option<Ending>,
}

impl FromRequestParts<Arc<App>> for Reader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let Query(from) = Query::<From>::from_request_parts(parts, app).await?;
        let principal = match &from.ticket {
            Some(ticket) => {
                let principal = app.tickets.redeem(ticket).ok_or_else(|| {
                    Problem::new(
                        "unauthenticated",
                        "the ticket was used, or its time is over",
                    )
                })?;
                app.auth.still(&principal).await?
            }
            None => Caller::from_request_parts(parts, app).await?.0,
        };
        let last_seen = parts
            .headers
            .get("last-event-id")
            .map(|value| value.to_str().unwrap_or("?").to_owned());
        let after = last_seen
            .or(from.after)
            .map(|text| text.parse::<Seq>())
            .transpose()
            .map_err(|_| Problem::new("bad-cursor", "the cursor is the number of an event"))?;
        let (mut with_raw, mut with_entries) = (false, false);
        let (mut with_viewers, mut with_access) = (false, false);
        for wanted in from.include.iter().flat_map(|list| list.split(',')) {
            match wanted {
                "raw" => with_raw = true,
                "interaction" => with_entries = true,
                "viewers" => with_viewers = true,
                "access" => with_access = true,
                _ => {
                    let text = "include can be `raw`, `interaction`, `viewers` and `access`, with commas between";
                    return Err(Problem::new("bad-parameter", text));
                }
            }
        }
        Ok(Self {
            principal,
            after,
            with_raw,
            with_entries,
            with_viewers,
            with_access,
            ending: parts.extensions.get::<Ending>().cloned(),
        })
    }
}
