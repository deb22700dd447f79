//! The reactions to a message: a few beside the message, all of them in pages.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Json as Answer;
use linecard_model::MessageId;
use linecard_model::message::{Message, MessageReaction};
use linecard_store::{MessageRef, ReactionKey};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::App;
use super::extract::{Caller, Path, Query};
use super::interactions::limit;
use super::problem::Problem;
use super::views::{MessageView, Page};

/// How many stand beside a message.
const BESIDE: usize = 20;

pub(super) fn router() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Which part of the reactions is asked for.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Part {
    /// The cursor: `next` of the page before.
    after: Option<String>,
    /// The most entries, 1 to 200. Default 50.
    #[param(minimum = 1, maximum = 200)]
    limit: Option<usize>,
}

/// The reactions to a message
///
/// In an order that stays the same, which is not that of time.
#[utoipa::path(get, operation_id = "listReactions", path = "/interactions/{id}/messages/{message}/reactions",
    tag = "work",
    params(("id" = String, Path), ("message" = String, Path), Part),
    responses((status = 200, body = Page<MessageReaction>)),
    extensions(("x-problems" = json!(["not-found"]))))]
async fn list(
    State(app): State<Arc<App>>,
    caller: Caller,
    Path((id, message)): Path<(String, String)>,
    Query(part): Query<Part>,
) -> Result<Answer<Page<MessageReaction>>, Problem> {
    let limit = limit(part.limit)?;
    let interaction = app.interaction(&caller, &id).await?;
    let unknown = || Problem::not_found("message", &message);
    let wanted: MessageId = message.parse().map_err(|_| unknown())?;
    let found = app.message_in(&interaction, wanted).await?;
    let of = found.map(|found| place(&found)).ok_or_else(unknown)?;
    let after = match part.after.as_deref().map(serde_json::from_str) {
        None => None,
        Some(Ok((author, name))) => Some(ReactionKey {
            message: of,
            author,
            name,
        }),
        Some(Err(_)) => {
            let hint = "after is not the `next` of a page of these reactions";
            return Err(Problem::new("bad-parameter", hint));
        }
    };
    let site = app.hub.site.id();
    let store = &app.hub.store;
    let items = store.reactions(site, of, after.as_ref(), limit).await?.page;
    let last = items.last().filter(|_| items.len() == limit);
    let next = last.and_then(|last| serde_json::to_string(&(&last.author, &last.name)).ok());
    Ok(Answer(Page { items, next }))
}

fn place(message: &Message) -> MessageRef {
    MessageRef {
        contact: message.contact,
        message: message.id,
    }
}

impl App {
    /// A message with some of its reactions.
    pub(super) async fn with_reactions(
        &self,
        mut message: Message,
        with_raw: bool,
    ) -> Result<MessageView, Problem> {
        let site = self.hub.site.id();
        let store = &self.hub.store;
        let found = store.reactions(site, place(&message), None, BESIDE).await?;
        message.reactions = found.page;
        let mut view = MessageView::new(message, with_raw);
        view.reaction_count = found.total;
        Ok(view)
    }
}
